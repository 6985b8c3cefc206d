// Package markup is the policy document as text: a reader for both of APIM's
// formats, printers for both, and the formatter of `spillway fmt`.
//
// Half of the policy documents in public repositories are not well-formed XML:
// attribute values hold C# with raw quotes and angle brackets. So this is a
// reader of its own. It knows three things that XML does not: an expression,
// @(...) or @{...}, that fills an attribute value or a text ends where C# says
// it ends; {{name}} is a named value, opaque until Substitute puts its value
// in; and the content of set-body is taken as it stands.
//
// The tree keeps everything, white space and quotes included, so that printing
// a document in the format it was read in gives the same bytes. Every name and
// value knows its place in the file, and a value's Map leads from its decoded
// text back there.
package markup

import (
	"iter"
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// Format is one of APIM's two ways to write a policy document.
type Format int

// The formats. Files in folders are Raw, which accepts XML as well.
const (
	// Raw is APIM's rawxml, what its portal edits: expressions stand as C#
	// wants them, unescaped.
	Raw Format = iota
	// XML is APIM's xml: a well-formed XML document.
	XML
)

// String is the management API's word for the format.
func (f Format) String() string {
	if f == XML {
		return "xml"
	}
	return "rawxml"
}

// Document is a policy document. It is not changed after reading and is then
// safe for concurrent use.
type Document struct {
	// File holds the text as it was read, without a byte-order mark.
	File *source.File
	// Format is the format it was read as.
	Format Format
	// BOM says that the text began with a byte-order mark.
	BOM bool
	// Nodes are the root element with what stands before and after it.
	Nodes []Node
	// Root is nil when there was none.
	Root *Element
}

// Node is an element, a text, a comment or the XML declaration.
type Node interface {
	// Span is the place in the file; empty for a node that was built by hand.
	Span() source.Span
	write(p *printer)
}

// Element is an element with its attributes and content.
type Element struct {
	// File is where the element stands; elements of several files can meet
	// in one effective policy.
	File     *source.File
	Name     string
	NameSpan source.Span
	// StartTag covers the element's start tag, from < to >.
	StartTag source.Span
	Attrs    []*Attr
	Children []Node
	// SelfClosing says that it was written as <name />.
	SelfClosing bool

	span   source.Span
	tail   string // white space before > or />
	endTag string // as typed
	broken bool   // its start tag was not complete; its end may be missing
}

// Span is the place of the whole element.
func (e *Element) Span() source.Span { return e.span }

// Attr is the attribute of that name, or nil.
func (e *Element) Attr(name string) *Attr {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Elements are the child elements in order.
func (e *Element) Elements() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for _, n := range e.Children {
			if c, ok := n.(*Element); ok && !yield(c) {
				return
			}
		}
	}
}

// Text is the value of the element's content: its texts and CDATA sections
// joined, comments and child elements left out. White space around it is kept;
// Value.Trim takes it away. For set-body holding markup it is that markup,
// exactly as typed.
func (e *Element) Text() Value {
	var texts []*Text
	for _, n := range e.Children {
		if t, ok := n.(*Text); ok {
			texts = append(texts, t)
		}
	}
	at := source.Span{Start: e.StartTag.End, End: e.StartTag.End}
	liquid := e.isLiquid()
	switch len(texts) {
	case 0:
		b := source.NewMapBuilder(e.File)
		b.At(at)
		return Value{Map: b.Map(), Span: at, Liquid: liquid}
	case 1:
		v := texts[0].Value
		v.Liquid = liquid
		return v
	}
	var text strings.Builder
	b := source.NewMapBuilder(e.File)
	v := Value{Span: texts[0].Value.Span.Join(texts[len(texts)-1].Value.Span), Liquid: liquid}
	for _, t := range texts {
		text.WriteString(t.Value.Text)
		b.Append(t.Value.Map, source.Span{End: len(t.Value.Text)})
		v.Broken = v.Broken || t.Value.Broken
	}
	v.Text, v.Map = text.String(), b.Map()
	return v
}

// HasText reports whether the content holds text other than white space.
func (e *Element) HasText() bool {
	for _, n := range e.Children {
		if t, ok := n.(*Text); ok && strings.TrimSpace(t.Value.Text) != "" {
			return true
		}
	}
	return false
}

// bodyElement is the one element whose content is taken as it stands.
const bodyElement = "set-body"

func (e *Element) isLiquid() bool {
	if e.Name != bodyElement {
		return false
	}
	a := e.Attr("template")
	return a != nil && strings.EqualFold(strings.TrimSpace(a.Value.Text), "liquid")
}

// Attr is an attribute.
type Attr struct {
	Name     string
	NameSpan source.Span
	Value    Value
	// Quote is the quote it was written with, " or '.
	Quote byte

	span source.Span
	lead string // white space before the name
	eq   string // the equals sign with the white space around it
	raw  typed
}

// Span is the place from the name to the closing quote.
func (a *Attr) Span() source.Span { return a.span }

// typed is how something stands in its file.
type typed struct {
	text   string
	format Format
	ok     bool // false for what was built by hand
}

// TextKind says how a text is written.
type TextKind int

// The kinds of text.
const (
	// Chars is text as XML has it, with entities; or an expression.
	Chars TextKind = iota
	// CDATA is the content of a CDATA section.
	CDATA
	// Markup is the content of a set-body that holds markup, taken as it
	// stands: nothing in it is decoded.
	Markup
)

// Text is a run of text, white space between elements included.
type Text struct {
	Kind  TextKind
	Value Value

	span source.Span
	raw  typed
}

// Span is the place of the text, with the marks of a CDATA section.
func (t *Text) Span() source.Span { return t.span }

// Comment is a comment. Text is what stands between its marks.
type Comment struct {
	Text string

	span source.Span
	raw  typed
}

// Span is the place of the comment with its marks.
func (c *Comment) Span() source.Span { return c.span }

// Declaration is the XML declaration, <?xml ...?>.
type Declaration struct {
	Text string

	span source.Span
}

// Span is the place of the declaration.
func (d *Declaration) Span() source.Span { return d.span }
