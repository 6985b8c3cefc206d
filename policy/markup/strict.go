package markup

import (
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// The strict mode refuses what .NET's XmlReader refuses, in its words, because
// people search for them: Azure answers a document that was meant as rawxml and
// sent as xml with these messages. The wording is that of System.Xml's resources.

// netError reports a problem with XmlReader's tail, the place counted from 1.
func (r *reader) netError(s source.Span, code, format string, args ...any) *source.Problem {
	at := r.file.Position(s.Start)
	return r.problem(s, code, "%s Line %d, position %d.", fmt.Sprintf(format, args...), at.Line, at.Column)
}

// nameFollowed sees to it that an element's name ends as one.
func (r *reader) nameFollowed() bool {
	if r.valueFollowed() {
		return true
	}
	c := firstRune(r.text[r.pos:])
	r.netError(source.Span{Start: r.pos, End: r.pos + len(string(c))}, "syntax", "The '%c' character, hexadecimal value 0x%02X, cannot be included in a name.", c, c)
	r.fatal = true
	return false
}

// valueFollowed reports whether what stands behind a value, or behind a name,
// can stand there.
// Where it cannot, raw quotes have ended the value too early, and what is said
// about that must not be preceded by findings about half a value.
func (r *reader) valueFollowed() bool {
	return r.pos >= len(r.text) || strings.ContainsRune(space+"/>", rune(r.text[r.pos]))
}

// strayBracket is a < that begins no name.
func (r *reader) strayBracket() {
	if r.pos+1 >= len(r.text) {
		r.netError(r.here(len(r.text)), "unexpected-end", "Unexpected end of file while parsing Name has occurred.")
		r.fatal = true
		return
	}
	r.badStartChar(r.pos + 1)
}

// badStartChar is a character at i where a name must begin.
func (r *reader) badStartChar(i int) {
	r.fatal = true
	if i >= len(r.text) {
		r.netError(r.here(i), "unexpected-end", "Unexpected end of file has occurred.")
		return
	}
	c := firstRune(r.text[i:])
	p := r.netError(source.Span{Start: i, End: i + len(string(c))}, "syntax", "Name cannot begin with the '%c' character, hexadecimal value 0x%02X.", c, c)
	if c == '"' || c == '\'' {
		p.WithHint("quotes inside an expression are written as &quot; in this format; rawxml takes them as they are")
	}
}

// unexpectedToken is something else than the wanted tokens at i.
func (r *reader) unexpectedToken(i int, wanted string) {
	r.fatal = true
	if i >= len(r.text) {
		r.netError(r.here(i), "unexpected-end", "Unexpected end of file has occurred.")
		return
	}
	r.netError(r.tokenAt(i), "syntax", "'%s' is an unexpected token. The expected token is %s.", r.token(i), wanted)
}

// token is what XmlReader calls the token at i: a name, else one character.
func (r *reader) token(i int) string {
	s := r.tokenAt(i)
	return r.text[s.Start:s.End]
}

func (r *reader) tokenAt(i int) source.Span {
	end := i
	for j, c := range r.text[i:] {
		if c == ':' || j == 0 && !isNameStart(c) || !isNameChar(c) {
			break
		}
		end = i + j + len(string(c))
	}
	if end == i && i < len(r.text) {
		end = i + len(string(firstRune(r.text[i:])))
	}
	return source.Span{Start: i, End: min(end, len(r.text))}
}

// strictValueEnd is the end of an attribute value in well-formed XML.
func (r *reader) strictValueEnd(start, first int) valueEnd {
	end := first
	if first < 0 {
		end = len(r.text)
	}
	if i := strings.IndexByte(r.text[start:end], '<'); i >= 0 {
		r.netError(source.Span{Start: start + i, End: start + i + 1}, "syntax", "'<', hexadecimal value 0x3C, is an invalid attribute character.")
		r.fatal = true
	} else if first < 0 {
		r.netError(r.here(end), "unexpected-end", "There is an unclosed literal string.")
		r.fatal = true
	}
	return closed(end)
}

// badEntity reports the & at i. It reports false when reading cannot go on.
func (r *reader) badEntity(i int) bool {
	rest := r.text[i+1:]
	semi := strings.IndexByte(rest, ';')
	if strings.HasPrefix(rest, "#") {
		kind := "decimal"
		if strings.HasPrefix(rest, "#x") {
			kind = "hexadecimal"
		}
		r.netError(r.tokenAt(i+1), "bad-entity", "Invalid syntax for a %s numeric entity reference.", kind)
		return true
	}
	if rest == "" || !isNameStart(firstRune(rest)) {
		r.netError(r.here(i+1), "bad-entity", "An error occurred while parsing EntityName.").WithHint("a & is written as &amp; in this format")
		return true
	}
	end := r.tokenAt(i + 1).End
	if semi < 0 || r.text[end] != ';' {
		if end >= len(r.text) {
			r.netError(r.here(end), "unexpected-end", "Unexpected end of file has occurred.")
			return false
		}
		r.netError(r.tokenAt(end), "bad-entity", "'%s' is an unexpected token. The expected token is ';'.", r.token(end)).WithHint("a & is written as &amp; in this format")
		return true
	}
	r.netError(source.Span{Start: i + 1, End: end}, "bad-entity", "Reference to undeclared entity '%s'.", r.text[i+1:end])
	return true
}

// declaredPrefix is the prefix that an attribute declares.
func declaredPrefix(attr string) (string, bool) { return strings.CutPrefix(attr, "xmlns:") }

// checkPrefixes sees to it that the prefixes of an element and its attributes
// are declared, by itself or around it.
func (r *reader) checkPrefixes(e *Element) {
	if r.prefixes == nil {
		r.prefixes = map[string]int{"xml": 1, "xmlns": 1}
	}
	for _, a := range e.Attrs {
		if p, ok := declaredPrefix(a.Name); ok {
			r.prefixes[p]++
		}
	}
	check := func(name string, s source.Span) {
		prefix, local, ok := strings.Cut(name, ":")
		switch {
		case !ok:
		case prefix == "" || local == "" || strings.Contains(local, ":"):
			if r.strict {
				r.netError(s, "syntax", "The ':' character, hexadecimal value 0x3A, cannot be included in a name.")
			} else {
				r.problem(s, "syntax", "%s is not a name", name)
			}
		case r.prefixes[prefix] > 0:
		case r.strict:
			r.netError(s, "undeclared-prefix", "'%s' is an undeclared prefix.", prefix)
		default:
			r.problem(s, "undeclared-prefix", "prefix %s is not declared", prefix).WithHint("declare it with xmlns:%s=\"...\"", prefix)
		}
	}
	check(e.Name, e.NameSpan)
	for _, a := range e.Attrs {
		check(a.Name, a.NameSpan)
	}
}
