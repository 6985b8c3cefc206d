package syntax

import "strings"

// Unfinished is what the beginning of an expression lacks to be whole, for
// tools that look at a text while it is written.
type Unfinished struct {
	// Close are the brackets and quotes that close what is open, innermost
	// first, the bracket of the expression last.
	Close string
	// Literal is the offset of the string literal that the text ends in, at its
	// opening quote, or -1. The end of an interpolated string's hole is code.
	Literal int
	// Comment says that the text ends in a comment.
	Comment bool
}

// Finish tells what the beginning of an expression, from its `@(` or `@{` on,
// lacks. Like End it knows brackets, literals and comments, and nothing else of
// C#.
func Finish(text string) Unfinished {
	u := &unfinished{text: text}
	i := 0
	if len(text) > 0 && text[0] == '@' {
		i = 1
	}
	for i < len(text) {
		i = u.code(i)
	}
	out := Unfinished{Literal: -1, Comment: u.comment}
	if u.inText {
		out.Literal = u.at
	}
	var b strings.Builder
	for n := len(u.open) - 1; n >= 0; n-- {
		b.WriteString(u.open[n].closing)
	}
	out.Close = b.String()
	return out
}

// unfinished is one walk over the beginning of an expression.
type unfinished struct {
	text string
	open []opened
	// at is where the last literal began, inText that the text ends in it.
	at      int
	inText  bool
	comment bool
}

// opened is a bracket, or the hole of an interpolated string, which closes with
// its bracket and the string's quote.
type opened struct {
	closing  string
	hole     bool
	verbatim bool
	quote    int // where the string of a hole began
}

// code passes what begins at i and gives the place behind it.
func (u *unfinished) code(i int) int {
	text := u.text
	switch c := text[i]; c {
	case '(':
		u.push(opened{closing: ")"})
	case '[':
		u.push(opened{closing: "]"})
	case '{':
		u.push(opened{closing: "}"})
	case ')', ']', '}':
		return u.close(c, i)
	case ':':
		if n := len(u.open); n > 0 && u.open[n-1].hole && !strings.HasPrefix(text[i:], "::") {
			return u.format(i + 1)
		}
	case '/':
		return u.slash(i)
	case '\'':
		end, closed := skipQuoted(text, i, len(text))
		if !closed && end == len(text) {
			u.literal(i)
		}
		return end
	case '"':
		return u.quoted(i, i+1, false)
	case '@', '$':
		j := i
		for j < len(text) && (text[j] == '@' || text[j] == '$') {
			j++
		}
		if j == len(text) || text[j] != '"' {
			return i + 1
		}
		verbatim := strings.Contains(text[i:j], "@")
		if strings.Contains(text[i:j], "$") {
			return u.interpolated(i, j+1, verbatim)
		}
		return u.quoted(i, j+1, verbatim)
	}
	return i + 1
}

func (u *unfinished) push(o opened) { u.open = append(u.open, o) }

// close closes the nearest bracket of its kind; one that fits none is passed.
func (u *unfinished) close(c byte, i int) int {
	for n := len(u.open) - 1; n >= 0; n-- {
		if u.open[n].closing[0] != c {
			continue
		}
		o := u.open[n]
		u.open = u.open[:n]
		if o.hole {
			return u.interpolated(o.quote, i+1, o.verbatim)
		}
		break
	}
	return i + 1
}

func (u *unfinished) slash(i int) int {
	switch text := u.text; {
	case strings.HasPrefix(text[i:], "//"):
		for i < len(text) && newline(text, i, len(text)) == 0 {
			i++
		}
		u.comment = i == len(text)
		return i
	case strings.HasPrefix(text[i:], "/*"):
		if j := strings.Index(text[i+2:], "*/"); j >= 0 {
			return i + j + 4
		}
		u.comment = true
		return len(text)
	}
	return i + 1
}

// literal notes that the text ends in a literal and closes it for the tools
// that go on with the text.
func (u *unfinished) literal(at int) { u.at, u.inText = at, true }

// quoted passes a string without holes whose content begins at i.
func (u *unfinished) quoted(at, i int, verbatim bool) int {
	var end int
	var closed bool
	if verbatim {
		end, closed = skipVerbatim(u.text, i, len(u.text))
	} else {
		end, closed = skipQuoted(u.text, i-1, len(u.text))
	}
	if !closed && end == len(u.text) {
		u.literal(at)
		u.push(opened{closing: `"`})
	}
	return end
}

// interpolated passes the text of an interpolated string up to its end or into
// its next hole.
func (u *unfinished) interpolated(at, i int, verbatim bool) int {
	text := u.text
	for i < len(text) {
		switch c := text[i]; {
		case c == '{' && i+1 < len(text) && text[i+1] == '{', c == '}' && i+1 < len(text) && text[i+1] == '}':
			i += 2
		case c == '{':
			u.push(opened{closing: `}"`, hole: true, verbatim: verbatim, quote: at})
			return i + 1
		case c == '"' && verbatim && i+1 < len(text) && text[i+1] == '"':
			i += 2
		case c == '"':
			return i + 1
		case c == '\\' && !verbatim:
			i += 2
		case newline(text, i, len(text)) > 0 && !verbatim:
			return i
		default:
			i++
		}
	}
	u.literal(at)
	u.push(opened{closing: `"`})
	return len(text)
}

// format passes what stands behind the colon of a hole.
func (u *unfinished) format(i int) int {
	for ; i < len(u.text); i++ {
		if u.text[i] == '}' || u.text[i] == '"' {
			return i
		}
	}
	u.literal(u.open[len(u.open)-1].quote)
	return i
}
