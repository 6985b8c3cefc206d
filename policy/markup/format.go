package markup

import (
	"strings"
)

// indentBy is what the formatter indents by.
const indentBy = "    "

// FormatDocument is the document in the form that `spillway fmt` gives it, in
// the format it was read in:
//
//   - an element a line, indented by four blanks a level; a start tag that was
//     broken over several lines keeps its breaks, its attributes one level in;
//   - expressions, texts, quotes and comments stay as they are, but a one-line
//     expression that stands on a line of its own is indented;
//   - blank lines stay, several in a row become one, and those right after a
//     start tag or before an end tag go;
//   - the line ends are those of the first line.
//
// Formatting a formatted document changes nothing. Documents with errors are
// not for formatting.
func FormatDocument(d *Document) string {
	f := &formatter{printer: printer{format: d.Format}, newline: "\n"}
	if i := strings.IndexByte(d.File.Text(), '\n'); i > 0 && d.File.Text()[i-1] == '\r' {
		f.newline = "\r\n"
	}
	if d.BOM {
		f.WriteString("\ufeff")
	}
	f.nodes(d.Nodes, 0)
	if f.Len() > 0 && len(d.Nodes) > 0 {
		f.WriteString(f.newline)
	}
	return f.String()
}

type formatter struct {
	printer
	newline string
}

// nodes writes nodes that are separated by white space only, without the line
// end after the last one.
func (f *formatter) nodes(nodes []Node, depth int) {
	breaks := 0 // line ends since the last node that was written
	written := false
	for _, n := range nodes {
		if t, ok := n.(*Text); ok && t.Kind == Chars && strings.Trim(t.Value.Text, space) == "" {
			breaks += lineEnds(t.typedOr(t.Value.Text))
			continue
		}
		_, isComment := n.(*Comment)
		switch {
		case !written:
			if depth > 0 {
				f.line(depth)
			}
		case isComment && breaks == 0:
			f.WriteByte(' ')
		default:
			if breaks > 1 {
				f.WriteString(f.newline)
			}
			f.line(depth)
		}
		f.node(n, depth)
		breaks, written = 0, true
	}
}

// line begins a new line at a depth.
func (f *formatter) line(depth int) {
	f.WriteString(f.newline)
	f.indent(depth)
}

func (f *formatter) indent(depth int) {
	for range depth {
		f.WriteString(indentBy)
	}
}

func (f *formatter) node(n Node, depth int) {
	e, ok := n.(*Element)
	if !ok {
		n.write(&f.printer)
		return
	}
	f.WriteByte('<')
	f.WriteString(e.Name)
	for _, a := range e.Attrs {
		f.attr(a, depth+1)
	}
	if len(e.Children) == 0 {
		if e.SelfClosing {
			f.WriteString(" />")
		} else {
			f.WriteString("></" + e.Name + ">")
		}
		return
	}
	f.WriteByte('>')
	switch {
	case isBlank(e):
		f.blank(e, depth)
	case isNested(e):
		f.nodes(e.Children, depth+1)
		f.line(depth)
	default:
		f.text(e, depth)
	}
	f.WriteString("</" + e.Name + ">")
}

// attr writes an attribute after one blank, or on a line of its own where it
// began one.
func (f *formatter) attr(a *Attr, depth int) {
	if lineEnds(a.lead) > 0 {
		f.line(depth)
	} else {
		f.WriteByte(' ')
	}
	f.WriteString(a.Name)
	f.WriteByte('=')
	f.WriteByte(a.quote())
	f.WriteString(a.source(f.format))
	f.WriteByte(a.quote())
}

// isBlank reports content of white space only.
func isBlank(e *Element) bool {
	for _, n := range e.Children {
		if t, ok := n.(*Text); !ok || t.Kind != Chars || strings.Trim(t.Value.Text, space) != "" {
			return false
		}
	}
	return true
}

// isNested reports content of elements and comments with nothing but white
// space between. Where there is text, white space may matter; so it may where
// a comment is all there is, and no line end says otherwise.
func isNested(e *Element) bool {
	nested := false
	for _, n := range e.Children {
		switch n := n.(type) {
		case *Element:
			nested = true
		case *Text:
			if n.Kind != Chars || strings.Trim(n.Value.Text, space) != "" {
				return false
			}
			nested = nested || lineEnds(n.typedOr(n.Value.Text)) > 0
		}
	}
	return nested
}

// blank writes white space: blanks, which may be a value, stay; line ends
// become one.
func (f *formatter) blank(e *Element, depth int) {
	text := ""
	for _, n := range e.Children {
		text += n.(*Text).typedOr(n.(*Text).Value.Text)
	}
	if lineEnds(text) > 0 {
		f.line(depth)
		return
	}
	f.WriteString(text)
}

// text writes content that holds text, exactly as it stands, except around an
// expression, where white space means nothing.
func (f *formatter) text(e *Element, depth int) {
	t, ok := e.Children[0].(*Text)
	if !ok || len(e.Children) > 1 || t.Kind != Chars || !t.Value.IsExpression() {
		for _, n := range e.Children {
			n.write(&f.printer)
		}
		return
	}
	raw := t.typedOr(escapeText(t.Value.Text))
	code := strings.Trim(raw, space)
	at := strings.Index(raw, code)
	before, after := raw[:at], raw[at+len(code):]
	if lineEnds(before) > 0 && lineEnds(code) == 0 {
		f.line(depth + 1)
	} else {
		f.WriteString(before)
	}
	f.WriteString(code)
	if lineEnds(after) > 0 {
		f.line(depth)
	} else {
		f.WriteString(after)
	}
}

// lineEnds counts the line ends in s, of any of the three kinds.
func lineEnds(s string) int {
	n := strings.Count(s, "\n")
	for i := range len(s) {
		if s[i] == '\r' && (i+1 == len(s) || s[i+1] != '\n') {
			n++
		}
	}
	return n
}
