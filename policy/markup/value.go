package markup

import (
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// Value is the text of an attribute or of an element's content, as the rest of
// the program wants it: entities decoded, line ends as line feeds.
type Value struct {
	// Text is the decoded text.
	Text string
	// Map leads from offsets in Text to the author's file.
	Map *source.Map
	// Span is the whole value in the file, without quotes.
	Span source.Span
	// Liquid says that this is the body of a set-body with
	// template="liquid", where {{ }} is Liquid's.
	Liquid bool
	// Secret says that the value of a secret named value is in Text.
	Secret bool
	// Broken says that the reader has reported a problem about this value;
	// looking for more would only repeat it.
	Broken bool
}

// String is the decoded text.
func (v Value) String() string { return v.Text }

// File is the file the value stands in.
func (v Value) File() *source.File { return v.Map.File() }

// At is the place in the file of a span of Text.
func (v Value) At(s source.Span) source.Span { return v.Map.Span(s) }

// IsExpression reports whether the whole value is an expression: after white
// space it begins with @( or @{. An @ elsewhere is text.
func (v Value) IsExpression() bool {
	return startsExpression(strings.TrimLeft(v.Text, space))
}

// Trim is the value without white space around it.
func (v Value) Trim() Value {
	start := len(v.Text) - len(strings.TrimLeft(v.Text, space))
	end := len(strings.TrimRight(v.Text, space))
	if start >= end {
		start, end = 0, 0
	}
	if start == 0 && end == len(v.Text) {
		return v
	}
	part := source.Span{Start: start, End: end}
	if start == end {
		b := source.NewMapBuilder(v.File())
		b.At(v.Span)
		v.Text, v.Map = "", b.Map()
		return v
	}
	v.Span = v.Map.Span(part)
	v.Map = v.Map.Slice(part)
	v.Text = v.Text[start:end]
	return v
}

// Reference is a {{name}} in a value.
type Reference struct {
	Name string
	// Text is its place in the value's text, braces included.
	Text source.Span
	// Span is its place in the file.
	Span source.Span
}

// References are the named values that the value refers to. In the body of a
// Liquid template only {{name}} without white space, dots and filters can be
// one, and only if a named value of that name exists: those are in the list
// and Substitute leaves the ones alone that do not exist.
func (v Value) References() []Reference {
	var refs []Reference
	for at := 0; ; {
		i := strings.Index(v.Text[at:], "{{")
		if i < 0 {
			return refs
		}
		start := at + i
		name, end := referenceAt(v.Text, start)
		if end < 0 || v.Liquid && (len(name) != end-start-4 || strings.Contains(name, ".")) {
			at = start + 1
			continue
		}
		s := source.Span{Start: start, End: end}
		refs = append(refs, Reference{name, s, v.Map.Span(s)})
		at = end
	}
}

// Lookup is the value of a named value, by its display name.
type Lookup func(name string) (text string, secret, ok bool)

// Substitute puts the values of named values in. It does so textually, as APIM
// does: a quote in a value ends the C# string it lands in, a value that is an
// expression is one afterwards, and a {{name}} inside a value stays. A problem
// in text that came from a named value is placed at the {{name}}. Names that
// look up does not know are returned in unknown and stay as they are.
func Substitute(v Value, lookup Lookup) (out Value, unknown []Reference) {
	refs := v.References()
	if len(refs) == 0 {
		return v, nil
	}
	var text strings.Builder
	b := source.NewMapBuilder(v.File())
	done := 0
	copyTo := func(end int) {
		text.WriteString(v.Text[done:end])
		b.Append(v.Map, source.Span{Start: done, End: end})
		done = end
	}
	out = v
	for _, r := range refs {
		value, secret, ok := lookup(r.Name)
		if !ok {
			if !v.Liquid {
				unknown = append(unknown, r)
			}
			continue
		}
		copyTo(r.Text.Start)
		text.WriteString(value)
		b.Replace(len(value), r.Span)
		done = r.Text.End
		out.Secret = out.Secret || secret
	}
	copyTo(len(v.Text))
	b.At(v.Span)
	out.Text, out.Map = text.String(), b.Map()
	return out, unknown
}

// referenceAt is the named value that begins with the {{ at start, and its
// end; end is -1 when there is none. The characters of a name are the
// management API's: letters, digits, dot, hyphen and underscore. Whatever else
// stands between braces is C#'s or Liquid's.
func referenceAt(text string, start int) (name string, end int) {
	i := skipSpace(text, start+2)
	from := i
	for i < len(text) && isReferenceChar(text[i]) {
		i++
	}
	name = text[from:i]
	i = skipSpace(text, i)
	if name == "" || !strings.HasPrefix(text[i:], "}}") {
		return "", -1
	}
	return name, i + 2
}

func isReferenceChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

// space is XML's white space.
const space = " \t\r\n"

func skipSpace(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

func startsExpression(text string) bool {
	return len(text) > 1 && text[0] == '@' && (text[1] == '(' || text[1] == '{')
}
