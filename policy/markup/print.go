package markup

import (
	"strings"
)

// Print is the document in a format. In the format it was read in, that is the
// text it was read from, byte for byte. In the other one, white space, comments
// and quotes stay, and only what that format writes differently is changed.
//
// Printing as XML gives a document that any XML reader takes; line ends inside
// attributes are written as character references, or such a reader would lose
// them and with them the ends of C# comments.
func Print(d *Document, f Format) string {
	p := &printer{format: f}
	if d.BOM {
		p.WriteString("\ufeff")
	}
	for _, n := range d.Nodes {
		n.write(p)
	}
	return p.String()
}

// PrintNode is one node, of whatever document, in a format.
func PrintNode(n Node, f Format) string {
	p := &printer{format: f}
	n.write(p)
	return p.String()
}

type printer struct {
	strings.Builder
	format Format
}

func (e *Element) write(p *printer) {
	p.WriteByte('<')
	p.WriteString(e.Name)
	for _, a := range e.Attrs {
		a.write(p, a.lead)
	}
	p.WriteString(e.tail)
	if e.SelfClosing && len(e.Children) == 0 {
		p.WriteString("/>")
		return
	}
	p.WriteByte('>')
	if p.joins(e) {
		p.writeJoined(e)
	} else {
		for _, n := range e.Children {
			n.write(p)
		}
	}
	p.writeEndTag(e)
}

// joins reports an expression that XML has in pieces, CDATA sections or text
// around a comment. A raw document reads an expression by C#'s rules, to which
// the marks between the pieces are code.
func (p *printer) joins(e *Element) bool {
	texts, foreign := 0, false
	for _, n := range e.Children {
		switch n := n.(type) {
		case *Element:
			return false
		case *Text:
			texts++
			foreign = foreign || !n.raw.ok || n.raw.format != Raw
		}
	}
	return p.format == Raw && foreign && texts > 0 && len(e.Children) > 1 && e.Text().IsExpression()
}

// writeJoined writes the comments, then the expression in one piece.
func (p *printer) writeJoined(e *Element) {
	for _, n := range e.Children {
		if c, ok := n.(*Comment); ok {
			c.write(p)
		}
	}
	text := e.Text().Text
	if raw := rawCode(text); textReadsAs(raw, text) {
		p.WriteString(raw)
		return
	}
	p.WriteString(escapeText(text))
}

func (p *printer) writeEndTag(e *Element) {
	if e.endTag != "" {
		p.WriteString(e.endTag)
		return
	}
	p.WriteString("</" + e.Name + ">")
}

func (a *Attr) write(p *printer, lead string) {
	if lead == "" {
		lead = " "
	}
	p.WriteString(lead)
	p.WriteString(a.Name)
	if a.eq == "" {
		p.WriteByte('=')
	} else {
		p.WriteString(a.eq)
	}
	p.WriteByte(a.quote())
	p.WriteString(a.source(p.format))
	p.WriteByte(a.quote())
}

func (a *Attr) quote() byte {
	if a.Quote == 0 {
		return '"'
	}
	return a.Quote
}

// source is the value as it stands between the quotes in a format.
func (a *Attr) source(f Format) string {
	text, quote := a.Value.Text, a.quote()
	switch {
	case a.raw.ok && a.raw.format == f:
		return a.raw.text
	case f == XML:
		if a.raw.ok && isPlainXML(a.raw.text) && !strings.ContainsAny(a.raw.text, "\t\r\n"+string(quote)) {
			return a.raw.text
		}
		return escapeAttr(text, quote)
	case a.Value.IsExpression():
		if raw := rawCode(text); attrReadsAs(raw, quote, text) {
			return raw
		}
	}
	if a.raw.ok {
		return a.raw.text
	}
	return escapeAttr(text, quote)
}

func (t *Text) write(p *printer) {
	switch {
	case t.raw.ok && (t.raw.format == p.format || t.Kind == Chars && p.format == Raw && !t.Value.IsExpression()):
		p.WriteString(t.raw.text)
	case t.Kind == CDATA && p.format == Raw && t.Value.IsExpression() && !isWholeExpression(t.Value.Text):
		p.WriteString(escapeText(t.Value.Text))
	case t.Kind == CDATA:
		// A section cannot hold its own end, which a lenient reading let
		// pass inside an expression; it is split there.
		p.WriteString("<![CDATA[" + strings.ReplaceAll(t.Value.Text, "]]>", "]]]]><![CDATA[>") + "]]>")
	case t.Kind == Markup && (p.format == Raw || isWellFormed(t.Value.Text)):
		p.WriteString(t.typedOr(t.Value.Text))
	case p.format == XML:
		if t.Kind == Chars && t.raw.ok && isPlainXML(t.raw.text) {
			p.WriteString(t.raw.text)
			return
		}
		p.WriteString(escapeText(t.Value.Text))
	default:
		if raw := rawCode(t.Value.Text); textReadsAs(raw, t.Value.Text) {
			p.WriteString(raw)
			return
		}
		p.WriteString(t.typedOr(escapeText(t.Value.Text)))
	}
}

func (t *Text) typedOr(text string) string {
	if t.raw.ok {
		return t.raw.text
	}
	return text
}

func (c *Comment) write(p *printer) {
	if c.raw.ok && c.raw.format == p.format {
		p.WriteString(c.raw.text)
		return
	}
	text := c.Text
	if p.format == XML {
		// XML has no way to write these, so they get a blank in between.
		for strings.Contains(text, "--") {
			text = strings.ReplaceAll(text, "--", "- -")
		}
		if strings.HasSuffix(text, "-") {
			text += " "
		}
	}
	p.WriteString("<!--" + text + "-->")
}

func (d *Declaration) write(p *printer) { p.WriteString(d.Text) }

// isPlainXML reports whether source of a raw document means the same in XML.
func isPlainXML(raw string) bool {
	if strings.Contains(raw, "<") || strings.Contains(raw, "]]>") {
		return false
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '&' {
			continue
		}
		_, n := entityAt(raw[i:])
		if n == 0 {
			return false
		}
		i += n - 1
	}
	return true
}

// isWellFormed reports whether the content of a set-body is taken by XML as it
// is and then read as markup again.
func isWellFormed(content string) bool {
	d, problems := Parse("", "<"+bodyElement+">"+content+"</"+bodyElement+">", Options{Format: XML, MaxBytes: 1 << 30})
	if problems.HasErrors() || d.Root == nil || len(d.Root.Children) != 1 {
		return false
	}
	t, ok := d.Root.Children[0].(*Text)
	return ok && t.Kind == Markup
}

// rawCode is an expression as a raw document has it: unescaped, its line ends
// as line feeds (the references &#xD;&#xA; of a document that Azure wrote as XML
// are one line end to C#).
func rawCode(text string) string {
	return escapeRaw(strings.ReplaceAll(text, "\r\n", "\n"))
}

// attrReadsAs and textReadsAs report whether raw source is read as the value
// wanted, line ends aside. They ask the reader itself.
func attrReadsAs(raw string, quote byte, want string) bool {
	if !isWholeExpression(want) {
		return false // how its end is found would depend on what follows
	}
	d, problems := Parse("", "<a b="+string(quote)+raw+string(quote)+"/>", Options{MaxBytes: 1 << 30})
	return !problems.HasErrors() && d.Root != nil && len(d.Root.Attrs) == 1 && d.Root.Attrs[0].Value.Text == strings.ReplaceAll(want, "\r\n", "\n")
}

func textReadsAs(raw, want string) bool {
	if !isWholeExpression(want) {
		return false
	}
	d, problems := Parse("", "<a>"+raw+"</a>", Options{MaxBytes: 1 << 30})
	return !problems.HasErrors() && d.Root != nil && len(d.Root.Children) == 1 && d.Root.Text().Text == strings.ReplaceAll(want, "\r\n", "\n")
}

var (
	textEscaper   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	doubleEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")
	singleEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&apos;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")
)

func escapeText(s string) string { return textEscaper.Replace(s) }

func escapeAttr(s string, quote byte) string {
	if quote == '\'' {
		return singleEscaper.Replace(s)
	}
	return doubleEscaper.Replace(s)
}

// escapeRaw leaves everything as it is but a & that would be read as an
// entity.
func escapeRaw(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '&' {
			if _, n := entityAt(s[i:]); n > 0 {
				b.WriteString("amp;")
			}
		}
	}
	return b.String()
}
