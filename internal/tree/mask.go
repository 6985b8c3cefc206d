package tree

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/source"
)

// Masked is the file with the values of sensitive members covered, and of all
// that stands below them, so that a problem can draw its lines: lengths, lines
// and columns stay. It is the file itself when there is nothing to cover.
func Masked(f *source.File, n *Node, sensitive []string) *source.File {
	var spans []source.Span
	var walk func(n *Node, covered bool)
	walk = func(n *Node, covered bool) {
		if n.File != f {
			return
		}
		for _, item := range n.Items {
			walk(item, covered)
		}
		for _, m := range n.Members {
			walk(m.Value, covered || slices.ContainsFunc(sensitive, func(s string) bool { return strings.EqualFold(s, m.Key) }))
		}
		if covered && n.Kind != Object && n.Kind != Array && n.Text != "" {
			spans = append(spans, blockSpan(f.Text(), n))
		}
	}
	walk(n, false)
	if len(spans) == 0 {
		return f
	}
	text := []byte(f.Text())
	for _, s := range spans {
		coverValue(text, s.Start, s.End)
	}
	return source.NewFile(f.Name(), string(text))
}

// blockSpan is a scalar's span; one of several lines, whose end the reader of
// YAML does not know, goes on as far as lines are empty or indented.
func blockSpan(text string, n *Node) source.Span {
	s := n.Span
	first := text[s.Start:s.End]
	for _, quote := range []string{`"`, "'"} {
		if strings.HasPrefix(first, quote) && strings.HasSuffix(first, quote) && len(first) > 1 {
			return s
		}
	}
	if first == n.Text {
		return s
	}
	for s.End < len(text) {
		next := strings.IndexByte(text[s.End:], '\n')
		if next < 0 {
			return source.Span{Start: s.Start, End: len(text)}
		}
		line := text[s.End+next+1:]
		if trimmed := strings.TrimLeft(line, " \t"); len(trimmed) == len(line) && trimmed != "" && trimmed[0] != '\r' && trimmed[0] != '\n' {
			return source.Span{Start: s.Start, End: s.End + next}
		}
		s.End += next + 1
		if end := strings.IndexByte(text[s.End:], '\n'); end > 0 {
			s.End += end
		}
	}
	return s
}

// coverValue covers a scalar so that the text still parses as it did: quotes
// stay, numbers stay numbers, and a plain text of YAML does not turn into an
// alias.
func coverValue(text []byte, start, end int) {
	if quote := text[start]; (quote == '"' || quote == '\'') && end-start > 1 && text[end-1] == quote {
		cover(text, start+1, end-1)
		return
	}
	number := strings.Trim(string(text[start:end]), "0123456789+-.eE") == ""
	for i := start; i < end; i++ {
		switch c := text[i]; {
		case number && c >= '0' && c <= '9':
			text[i] = '1'
		case !number && c > ' ' && c < utf8.RuneSelf && (i > start || c != '|' && c != '>'):
			text[i] = 'x'
		}
	}
	for i := start; i < end; {
		c, n := utf8.DecodeRune(text[i:])
		if c >= utf8.RuneSelf {
			cover(text, i, i+n)
		}
		i += n
	}
}

// cover replaces what can be read by stars, or by characters of the same
// length, so that positions stay.
func cover(text []byte, start, end int) {
	for i := start; i < end; {
		c, n := utf8.DecodeRune(text[i:])
		switch {
		case c == '\n' || c == '\r' || c == '\t' || c == ' ':
		case n == 1:
			text[i] = '*'
		case n == 2:
			copy(text[i:], "\u00b7")
		case n == 3:
			copy(text[i:], "\u2022")
		case n == 4:
			copy(text[i:], "\U0001f512")
		}
		i += n
	}
}

// MaskedWords covers every word of a text that could not be parsed, but for
// the words given: there is no telling where a secret stands in it.
func MaskedWords(f *source.File, words []string) *source.File {
	text := []byte(f.Text())
	for i := 0; i < len(text); {
		j := i
		for j < len(text) && !strings.ContainsRune("{}[]:,\"' \t\r\n", rune(text[j])) {
			j++
		}
		if j == i {
			i++
			continue
		}
		if !slices.Contains(words, string(text[i:j])) {
			cover(text, i, j)
		}
		i = j
	}
	return source.NewFile(f.Name(), string(text))
}
