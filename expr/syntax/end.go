package syntax

import (
	"strings"
	"unicode/utf8"
)

// End finds the end of the expression whose `@(` or `@{` stands at start in
// the raw text of a policy document: the offset behind the bracket that closes
// it. It knows strings (plain, verbatim, interpolated with their holes), char
// literals, comments, and brackets of all three kinds, and nothing else of C#.
//
// Authors write JavaScript's 'text' and lone apostrophes, which C# refuses. To
// find the end all the same, a quote that closes on its line is passed as a
// string, and one that does not is passed as a single character. A closing
// bracket of the wrong kind closes the nearest open one of its kind; only the
// outermost bracket is closed that way just where the value may end, before a
// quote, a `<` or the end of the text.
//
// ok is false when the text ends first. The caller then cuts at the end of the
// attribute or element, decodes the entities and tries again.
func End(text string, start int) (end int, ok bool) {
	if start < 0 || start+2 > len(text) || text[start] != '@' || text[start+1] != '(' && text[start+1] != '{' {
		return 0, false
	}
	open := make([]byte, 1, 32)
	open[0] = text[start+1]
	// inner counts the open brackets within the outermost, so that a closing one
	// that fits none is seen without a search.
	var inner [128]int
	for i := start + 2; i < len(text); {
		switch c := text[i]; c {
		case '(', '[', '{':
			open = append(open, c)
			inner[c]++
			i++
		case ')', ']', '}':
			i++
			if want := opener(c); inner[want] > 0 {
				for closed := byte(0); closed != want; {
					closed = open[len(open)-1]
					open = open[:len(open)-1]
					inner[closed]--
				}
			} else if open[0] == want && (len(open) == 1 || valueMayEnd(text, i)) {
				return i, true
			}
		case '/':
			i = skipComment(text, i)
		case '\'':
			i = skipChar(text, i)
		case '"', '@', '$':
			if next := skipLiteral(text, i, len(text), 0); next > i {
				i = next
			} else {
				i++
			}
		default:
			i++
		}
	}
	return 0, false
}

func opener(c byte) byte {
	switch c {
	case ')':
		return '('
	case ']':
		return '['
	}
	return '{'
}

func valueMayEnd(text string, i int) bool {
	for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
		i++
	}
	return i == len(text) || text[i] == '"' || text[i] == '\'' || text[i] == '<'
}

func skipComment(text string, i int) int {
	switch {
	case strings.HasPrefix(text[i:], "//"):
		for i < len(text) && newline(text, i, len(text)) == 0 {
			i++
		}
		return i
	case strings.HasPrefix(text[i:], "/*"):
		if j := strings.Index(text[i+2:], "*/"); j >= 0 {
			return i + j + 4
		}
	}
	return i + 1
}

// skipChar passes a char literal, or what stands for one.
func skipChar(text string, i int) int {
	if j := i + 1; j < len(text) && text[j] != '\\' {
		_, w := utf8.DecodeRuneInString(text[j:])
		if j+w < len(text) && text[j+w] == '\'' {
			return j + w + 1
		}
	}
	if j, closed := skipQuoted(text, i, len(text)); closed {
		return j
	}
	return i + 1
}
