package xml

import (
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// MaxDepth bounds how deeply elements nest in text that is read.
const MaxDepth = 5000

// parser reads XML text the way .NET's XmlReader does, and builds nodes. The
// text is WTF-8; positions count UTF-16 units from 1.
type parser struct {
	t         *value.Thread
	s         string
	i         int
	line      int
	lineStart int
	// counted are the units of the line up to the byte countedTo.
	counted, countedTo int
	preserve           bool // white space between elements stays

	doc    *Document // nil when an element alone is wanted
	root   *Element
	stack  []open
	scopes []scope
	seen   bool // the root element has begun
}

// open is an element whose end tag has not come.
type open struct {
	e            *Element
	name         string
	line, column int
	scopes       int
	preserve     bool // by xml:space
}

// scope is a namespace declaration that holds.
type scope struct{ prefix, space string }

// attr is an attribute as it was read.
type attr struct {
	prefix, local, value string
	line, column         int
	quoteLine, quoteAt   int
}

// ParseElement reads text as XElement.Parse does.
func ParseElement(t *value.Thread, s string, preserve bool) *Element {
	p := &parser{t: t, s: s, line: 1, preserve: preserve}
	p.document()
	return p.root
}

// ParseDocument reads text as XDocument.Parse does.
func ParseDocument(t *value.Thread, s string, preserve bool) *Document {
	t.Alloc(elementCost)
	p := &parser{t: t, s: s, line: 1, preserve: preserve, doc: &Document{}}
	p.document()
	return p.doc
}

// column counts on from where it last counted, so that a long line is not
// counted from its start for every element.
func (p *parser) column(i int) int {
	if p.countedTo < p.lineStart || p.countedTo > i {
		p.counted, p.countedTo = 0, p.lineStart
	}
	p.counted += value.Length(p.s[p.countedTo:i])
	p.countedTo = i
	return p.counted + 1
}

func (p *parser) failAt(line, column int, message string) {
	e := value.NewException(XmlExceptionDef, message+" Line "+strconv.Itoa(line)+", position "+strconv.Itoa(column)+".")
	e.State = position{line, column}
	p.t.Raise(e)
}

// fail throws at a byte of the current line.
func (p *parser) fail(i int, message string) {
	i = min(i, len(p.s))
	p.failAt(p.line, p.column(i), message)
}

// byteAt is the byte at an index, NUL behind the end.
func (p *parser) byteAt(i int) byte {
	if i < len(p.s) {
		return p.s[i]
	}
	return 0
}

func (p *parser) runeAt(i int) rune {
	if i >= len(p.s) {
		return 0
	}
	r, _ := value.DecodeRune(p.s[i:])
	return r
}

// newLine takes a line break: LF, CR or both.
func (p *parser) newLine() {
	if p.s[p.i] == '\r' && p.byteAt(p.i+1) == '\n' {
		p.i++
	}
	p.i++
	p.line++
	p.lineStart = p.i
}

// space skips white space and says how much there was.
func (p *parser) space() int {
	start := p.i
	for p.i < len(p.s) && blank(p.s[p.i]) {
		if c := p.s[p.i]; c == '\n' || c == '\r' {
			p.newLine()
		} else {
			p.i++
		}
	}
	return p.i - start
}

// token is what stands at an index, as messages about it call it; ok is false
// at the end.
func (p *parser) token(i int) (string, bool) {
	if i >= len(p.s) {
		return "", false
	}
	end := i
	for end < len(p.s) {
		r, n := value.DecodeRune(p.s[end:])
		if !nameRune(r) {
			break
		}
		end += n
	}
	if end == i {
		return value.UnitString(value.TextOf(p.s[i:min(len(p.s), i+4)]).At(0)), true
	}
	return p.s[i:end], true
}

func (p *parser) unexpected(i int, want ...string) {
	s, ok := p.token(i)
	if !ok {
		p.fail(i, "Unexpected end of file has occurred.")
	}
	p.fail(i, "'"+s+"' is an unexpected token. The expected token is '"+strings.Join(want, "' or '")+"'.")
}

const badRoot = "Data at the root level is invalid."

func (p *parser) document() {
	p.declaration()
	for {
		switch c := p.byteAt(p.i); {
		case p.i >= len(p.s):
			if !p.seen {
				xmlError(p.t, "Root element is missing.")
			}
			return
		case c == '<':
			if value.Length(p.s[p.i:min(len(p.s), p.i+16)]) < 4 {
				p.fail(p.i, badRoot)
			}
			p.markup(p.i + 1)
		case c == '&':
			p.fail(p.i, badRoot)
		default:
			start := p.i
			if p.space() > 0 && p.preserve && p.doc != nil && (p.i >= len(p.s) || p.s[p.i] == '<') {
				addString(p.t, p.doc, normal(p.s[start:p.i]))
			}
			if p.i < len(p.s) && p.s[p.i] != '<' {
				if r := p.runeAt(p.i); !validRune(r) {
					p.fail(p.i, badChar(r))
				}
				p.fail(p.i, badRoot)
			}
		}
	}
}

// markup reads a tag at the root level; i is behind its `<`.
func (p *parser) markup(i int) {
	switch p.byteAt(i) {
	case '?':
		p.i = i + 1
		p.instruction()
	case '!':
		i++
		if len(p.s)-i < 2 {
			p.fail(p.i, badRoot)
		}
		switch {
		case p.s[i] == '-':
			if p.s[i+1] != '-' {
				p.unexpected(i+1, "-")
			}
			p.i = i + 2
			p.comment()
		case p.s[i] == '[':
			p.fail(p.i, badRoot)
		default:
			p.i = i
			p.docType()
		}
	case '/':
		p.fail(i+1, "Unexpected end tag.")
	default:
		if p.seen {
			p.fail(i, "There are multiple root elements.")
		}
		p.seen = true
		p.i = i
		p.element()
		p.content()
	}
}

// normal makes all line breaks LF.
func normal(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// name reads a name; a colon in it, of which there may be one if qualified, is
// at the index colon, else that is -1.
func (p *parser) name(qualified bool) (end, colon int) {
	i := p.i
	colon = -1
	for {
		if r := p.runeAt(i); !startRune(r) {
			if i+1 >= len(p.s) {
				p.fail(i, "Unexpected end of file while parsing Name has occurred.")
			}
			p.fail(i, badStart(r))
		}
		for i < len(p.s) {
			r, n := value.DecodeRune(p.s[i:])
			if !nameRune(r) {
				break
			}
			i += n
		}
		if i >= len(p.s) {
			p.fail(i, "Unexpected end of file while parsing Name has occurred.")
		}
		if p.s[i] != ':' {
			return i, colon
		}
		if colon >= 0 || !qualified {
			p.fail(i, badName(':'))
		}
		colon = i
		i++
	}
}

// element reads a start tag from its name on.
func (p *parser) element() {
	line, column := p.line, p.column(p.i)
	start := p.i
	end, colon := p.name(true)
	full := p.s[start:end]
	prefix, local := "", full
	if colon >= 0 {
		prefix, local = p.s[start:colon], p.s[colon+1:end]
	}
	p.i = end
	p.t.Step(1)
	p.t.Alloc(elementCost)
	e := &Element{}
	e.Name.Local = local
	o := open{e: e, name: full, line: line, column: column, scopes: len(p.scopes)}
	if n := len(p.stack); n > 0 {
		o.preserve = p.stack[n-1].preserve
	}
	empty := false
	var attrs []attr
	if blank(p.s[p.i]) {
		empty = p.attributes(&attrs, &o)
	} else {
		switch p.s[p.i] {
		case '>':
			p.i++
		case '/':
			if p.i+1 >= len(p.s) {
				p.fail(p.i, "Unexpected end of file while parsing > has occurred.")
			}
			if p.s[p.i+1] != '>' {
				p.unexpected(p.i, ">")
			}
			empty = true
			p.i += 2
		default:
			p.fail(p.i, badName(p.runeAt(p.i)))
		}
	}
	e.Name.Space = p.lookup(prefix, line, column)
	p.attach(e, attrs)
	p.add(e)
	if empty {
		p.scopes = p.scopes[:o.scopes]
		return
	}
	if len(p.stack) >= MaxDepth {
		p.fail(p.i, "The elements are nested too deeply.")
	}
	p.stack = append(p.stack, o)
}

// attach gives the element its attributes, in their namespaces, and refuses two
// of one name.
func (p *parser) attach(e *Element, attrs []attr) {
	if len(attrs) == 0 {
		return
	}
	e.attrs = make([]*Attribute, 0, len(attrs))
	for i := range attrs {
		a := &attrs[i]
		p.t.Alloc(attrCost)
		n := Name{Local: a.local}
		switch {
		case a.prefix == "xmlns":
			n.Space = xmlnsSpace
		case a.prefix != "":
			n.Space = p.lookup(a.prefix, a.line, a.column)
		}
		e.attrs = append(e.attrs, &Attribute{Name: n, value: a.value, parent: e})
	}
	duplicate := func(i int) {
		a := &attrs[i]
		name := a.local
		if a.prefix != "" {
			name = a.prefix + ":" + name
		}
		p.failAt(a.line, a.column, "'"+name+"' is a duplicate attribute name.")
	}
	if len(attrs) <= 8 {
		for i := range e.attrs {
			for j := range i {
				if e.attrs[i].Name == e.attrs[j].Name {
					duplicate(i)
				}
			}
		}
		return
	}
	names := make(map[Name]bool, len(attrs))
	for i, a := range e.attrs {
		if names[a.Name] {
			duplicate(i)
		}
		names[a.Name] = true
	}
}

func (p *parser) lookup(prefix string, line, column int) string {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if p.scopes[i].prefix == prefix {
			return p.scopes[i].space
		}
	}
	switch prefix {
	case "":
		return ""
	case "xml":
		return xmlSpace
	case "xmlns":
		return xmlnsSpace
	}
	p.failAt(line, column, "'"+prefix+"' is an undeclared prefix.")
	return ""
}

// add puts a node where the parser stands.
func (p *parser) add(n Node) {
	switch {
	case len(p.stack) > 0:
		c := p.stack[len(p.stack)-1].e
		c.insertAt(c, len(c.nodes), n)
	case p.doc != nil:
		p.doc.insertAt(p.doc, len(p.doc.nodes), n)
	}
	if e, ok := n.(*Element); ok && len(p.stack) == 0 {
		p.root = e
	}
}

// attributes reads up to the end of a start tag and reports whether the
// element is empty.
func (p *parser) attributes(out *[]attr, o *open) (empty bool) {
	for {
		from := p.i
		p.space()
		if r := p.runeAt(p.i); !startRune(r) {
			switch {
			case r == '>' && p.i < len(p.s):
				p.i++
				return false
			case p.i >= len(p.s):
				p.unclosed()
			case r == '/':
				if p.i+1 >= len(p.s) {
					p.unclosed()
				}
				if p.s[p.i+1] != '>' {
					p.unexpected(p.i+1, ">")
				}
				p.i += 2
				return true
			default:
				p.fail(p.i, badStart(r))
			}
		}
		if p.i == from {
			s, _ := p.token(p.i)
			p.fail(p.i, "'"+s+"' is an unexpected token. Expecting white space.")
		}
		*out = append(*out, p.attribute(o))
	}
}

func (p *parser) attribute(o *open) attr {
	a := attr{line: p.line, column: p.column(p.i)}
	start := p.i
	end, colon := p.name(true)
	a.local = p.s[start:end]
	if colon >= 0 {
		a.prefix, a.local = p.s[start:colon], p.s[colon+1:end]
	}
	p.i = end
	p.space()
	if p.byteAt(p.i) != '=' || p.i >= len(p.s) {
		p.unexpected(p.i, "=")
	}
	p.i++
	p.space()
	quote := p.byteAt(p.i)
	if quote != '"' && quote != '\'' {
		p.unexpected(p.i, `"`, "'")
	}
	p.i++
	a.quoteLine, a.quoteAt = p.line, p.column(p.i)
	a.value = p.attributeValue(quote)
	switch {
	case a.prefix == "" && a.local == "xmlns":
		p.declare("", &a)
	case a.prefix == "xmlns":
		if a.value == "" {
			p.failAt(a.quoteLine, a.quoteAt-1, "Invalid namespace declaration.")
		}
		p.declare(a.local, &a)
	case a.prefix == "xml" && a.local == "space":
		switch strings.Trim(a.value, " \t\r\n") {
		case "preserve":
			o.preserve = true
		case "default":
			o.preserve = false
		default:
			p.failAt(a.line, a.column, "'"+a.value+"' is an invalid xml:space value.")
		}
	}
	return a
}

func (p *parser) declare(prefix string, a *attr) {
	reserved := "Prefix '" + prefix + "' cannot be mapped to namespace name reserved for \"xml\" or \"xmlns\"."
	switch {
	case a.value == xmlnsSpace && prefix == "xmlns", prefix == "xmlns":
		p.failAt(a.quoteLine, a.quoteAt, `Prefix "xmlns" is reserved for use by XML.`)
	case a.value == xmlnsSpace, a.value == xmlSpace && prefix != "xml":
		p.failAt(a.quoteLine, a.quoteAt, reserved)
	case prefix == "xml" && a.value != xmlSpace:
		p.failAt(a.line, a.column, `Prefix "xml" is reserved for use by XML and can be mapped only to namespace name "http://www.w3.org/XML/1998/namespace".`)
	}
	p.scopes = append(p.scopes, scope{prefix, a.value})
}

// attributeValue reads up to the quote: references are put in, and white space
// becomes blanks.
func (p *parser) attributeValue(quote byte) string {
	start := p.i
	var out []byte
	cut := func() {
		p.t.Alloc(p.i - start)
		out = append(out, p.s[start:p.i]...)
	}
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == quote:
			if out == nil {
				p.i++
				return p.s[start : p.i-1]
			}
			cut()
			p.i++
			return string(out)
		case c == '<':
			p.fail(p.i, "'<', hexadecimal value 0x3C, is an invalid attribute character.")
		case c == '&':
			cut()
			out = p.reference(out)
			if out == nil {
				out = []byte{}
			}
			start = p.i
		case c == '\n' || c == '\r':
			cut()
			p.newLine()
			out = append(out, ' ')
			start = p.i
		case c == '\t':
			cut()
			p.i++
			out = append(out, ' ')
			start = p.i
		default:
			p.plain()
		}
	}
	p.fail(p.i, "There is an unclosed literal string.")
	return ""
}

// plain takes one character, which XML must allow.
func (p *parser) plain() {
	c := p.s[p.i]
	if c >= 0x20 && c < 0x80 {
		p.i++
		return
	}
	r, n := value.DecodeRune(p.s[p.i:])
	if !validRune(r) {
		p.fail(p.i, badChar(r))
	}
	p.i += n
}

var entities = []struct {
	name string
	c    byte
}{{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"apos;", '\''}, {"quot;", '"'}}

// reference reads a reference from its & on and adds what it stands for.
func (p *parser) reference(out []byte) []byte {
	start := p.i
	if p.byteAt(p.i+1) == '#' {
		return p.charReference(out, start)
	}
	rest := p.s[p.i+1:]
	for _, n := range entities {
		if strings.HasPrefix(rest, n.name) {
			p.i += 1 + len(n.name)
			return append(out, n.c)
		}
	}
	i := start + 1
	const bad = "An error occurred while parsing EntityName."
	if !startRune(p.runeAt(i)) {
		p.fail(i, bad)
	}
	end := i
	for end < len(p.s) {
		r, n := value.DecodeRune(p.s[end:])
		if !nameRune(r) {
			break
		}
		end += n
	}
	switch {
	case end >= len(p.s):
		p.fail(i, bad)
	case p.s[end] != ';':
		p.unexpected(end, ";")
	}
	p.fail(i, "Reference to undeclared entity '"+p.s[i:end]+"'.")
	return out
}

func (p *parser) charReference(out []byte, start int) []byte {
	i, base, what := start+2, rune(10), "decimal"
	if p.byteAt(i) == 'x' {
		i, base, what = start+3, 16, "hexadecimal"
	}
	digits := i
	n := rune(0)
	for ; i < len(p.s); i++ {
		c := rune(p.s[i])
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case base == 16 && c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case base == 16 && c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			c = -1
		}
		if c < 0 {
			break
		}
		if n > (1<<31-1-c)/base {
			p.fail(i, "Invalid value of a character entity reference.")
		}
		n = n*base + c
	}
	if i >= len(p.s) {
		p.fail(start, "Unexpected end of file has occurred.")
	}
	if p.s[i] != ';' || i == digits {
		p.fail(i, "Invalid syntax for a "+what+" numeric entity reference.")
	}
	if !validRune(n) || n > 0x10ffff {
		p.fail(digits, badChar(n))
	}
	p.i = i + 1
	return append(out, string(n)...)
}

// unclosed throws at the end of the text.
func (p *parser) unclosed() {
	var names []string
	for i := len(p.stack) - 1; i >= 0; i-- {
		names = append(names, p.stack[i].name)
	}
	list := strings.Join(names, ", ")
	if list != "" {
		list += "."
	}
	p.fail(len(p.s), "Unexpected end of file has occurred. The following elements are not closed: "+list)
}

// content reads until the root element has ended.
func (p *parser) content() {
	for len(p.stack) > 0 {
		if p.i >= len(p.s) {
			p.unclosed()
		}
		if p.s[p.i] != '<' {
			p.text()
			continue
		}
		switch p.byteAt(p.i + 1) {
		case '?':
			p.i += 2
			p.instruction()
		case '!':
			p.declared(p.i + 2)
		case '/':
			p.i += 2
			p.endTag()
		default:
			if p.i+1 >= len(p.s) {
				p.unclosed()
			}
			p.i++
			p.element()
		}
	}
}

// declared reads a comment or CDATA section; i is behind its `<!`.
func (p *parser) declared(i int) {
	if len(p.s)-i < 2 {
		p.unclosed()
	}
	switch {
	case p.s[i] == '-':
		if p.s[i+1] != '-' {
			p.unexpected(i+1, "-")
		}
		p.i = i + 2
		p.comment()
	case p.s[i] == '[':
		i++
		if len(p.s)-i < 6 {
			p.unclosed()
		}
		if !strings.HasPrefix(p.s[i:], "CDATA[") {
			p.unexpected(i, "CDATA[")
		}
		p.i = i + 6
		s := p.until("]]>", "CDATA")
		p.t.Alloc(nodeCost)
		p.add(&Text{Value: s, CData: true})
	default:
		if s, _ := p.token(i); s == "DOCTYPE" {
			p.fail(i, "Unexpected DTD declaration.")
		}
		p.unexpected(i, "<!--", "<[CDATA[")
	}
}

// until reads up to a mark and over it, with line breaks made LF.
func (p *parser) until(mark, what string) string {
	start := p.i
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == mark[0] && strings.HasPrefix(p.s[p.i:], mark):
			s := normal(p.s[start:p.i])
			p.t.Alloc(len(s))
			p.i += len(mark)
			return s
		case c == '-' && mark == "-->" && p.byteAt(p.i+1) == '-':
			if p.i+2 >= len(p.s) {
				p.fail(len(p.s), "Unexpected end of file while parsing "+what+" has occurred.")
			}
			p.fail(p.i, "An XML comment cannot contain '--', and '-' cannot be the last character.")
		case c == '\n' || c == '\r':
			p.newLine()
		default:
			p.plain()
		}
	}
	p.fail(len(p.s), "Unexpected end of file while parsing "+what+" has occurred.")
	return ""
}

func (p *parser) comment() {
	s := p.until("-->", "Comment")
	if p.wanted() {
		p.t.Alloc(nodeCost)
		p.add(&Comment{Value: s})
	}
}

// wanted reports whether comments and instructions go into what is built: those
// outside of an element that is read alone do not.
func (p *parser) wanted() bool { return len(p.stack) > 0 || p.doc != nil }

func (p *parser) instruction() {
	start := p.i
	end, _ := p.name(false)
	target := p.s[start:end]
	if strings.EqualFold(target, "xml") {
		if target == "xml" {
			p.fail(start, "Unexpected XML declaration. The XML declaration must be the first node in the document, and no whitespace characters are allowed to appear before it.")
		}
		p.fail(start, "'"+target+"' is an invalid name for processing instructions.")
	}
	p.i = end
	if p.space() == 0 && !strings.HasPrefix(p.s[p.i:], "?>") {
		p.fail(p.i, badName(p.runeAt(p.i)))
	}
	data := p.until("?>", "PI")
	if p.wanted() {
		p.t.Alloc(nodeCost)
		p.add(&Instruction{Target: target, Data: data})
	}
}

// docType reads a document type declaration from its keyword on.
func (p *parser) docType() {
	if !strings.HasPrefix(p.s[p.i:], "DOCTYPE") {
		p.unexpected(p.i, "DOCTYPE")
	}
	if p.seen {
		p.fail(p.i, "Unexpected DTD declaration.")
	}
	p.i += len("DOCTYPE")
	if p.space() == 0 {
		s, ok := p.token(p.i)
		if !ok {
			p.fail(p.i, "Unexpected end of file has occurred.")
		}
		p.fail(p.i, "'"+s+"' is an unexpected token. Expecting white space.")
	}
	d := &DocType{internal: value.Empty}
	start := p.i
	end, _ := p.name(true)
	d.Name = p.s[start:end]
	p.i = end
	p.space()
	literal := func() value.Value {
		p.space()
		quote := p.byteAt(p.i)
		if quote != '"' && quote != '\'' {
			p.unexpected(p.i, `"`, "'")
		}
		p.i++
		end := strings.IndexByte(p.s[p.i:], quote)
		if end < 0 {
			p.fail(len(p.s), "There is an unclosed literal string.")
		}
		s := p.s[p.i : p.i+end]
		p.i += end + 1
		p.space()
		return value.String(s)
	}
	switch {
	case strings.HasPrefix(p.s[p.i:], "SYSTEM"):
		p.i += 6
		d.system = literal()
	case strings.HasPrefix(p.s[p.i:], "PUBLIC"):
		p.i += 6
		d.public = literal()
		d.system = literal()
	}
	if p.byteAt(p.i) == '[' {
		// An empty subset declares nothing.
		if end := strings.IndexByte(p.s[p.i:], ']'); end > 0 && strings.Trim(p.s[p.i+1:p.i+end], " \t\r\n") == "" {
			for stop := p.i + end; p.i < stop; {
				p.i++
				p.space()
			}
			p.i++
			p.space()
		}
	}
	if p.byteAt(p.i) == '[' {
		xmlError(p.t, "For security reasons DTD is prohibited in this XML document. To enable DTD processing set the DtdProcessing property on XmlReaderSettings to Parse and pass the settings into XmlReader.Create method.")
	}
	if p.byteAt(p.i) != '>' {
		p.unexpected(p.i, ">")
	}
	p.i++
	if p.doc != nil {
		p.t.Alloc(nodeCost)
		p.add(d)
	}
}

func (p *parser) endTag() {
	o := &p.stack[len(p.stack)-1]
	mismatch := func() {
		end, _ := p.name(true)
		p.fail(p.i, "The '"+o.name+"' start tag on line "+strconv.Itoa(o.line)+" position "+strconv.Itoa(o.column)+" does not match the end tag of '"+p.s[p.i:end]+"'.")
	}
	if !strings.HasPrefix(p.s[p.i:], o.name) {
		mismatch()
	}
	i := p.i + len(o.name)
	if i < len(p.s) {
		if r := p.runeAt(i); nameRune(r) || r == ':' {
			mismatch()
		}
	}
	p.i = i
	p.space()
	switch {
	case p.i >= len(p.s):
		p.unclosed()
	case p.s[p.i] != '>':
		p.unexpected(p.i, ">")
	}
	p.i++
	if len(o.e.nodes) == 0 {
		o.e.open = true
	}
	p.scopes = p.scopes[:o.scopes]
	p.stack = p.stack[:len(p.stack)-1]
}

// text reads text up to the next tag. Text that is nothing but white space is
// dropped, unless it is to be preserved.
func (p *parser) text() {
	start := p.i
	var out []byte
	copied := false
	white := true
	cut := func() {
		p.t.Alloc(p.i - start)
		out = append(out, p.s[start:p.i]...)
		copied = true
	}
	for p.i < len(p.s) && p.s[p.i] != '<' {
		switch c := p.s[p.i]; {
		case c == '&':
			cut()
			n := len(out)
			out = p.reference(out)
			white = white && len(out) == n+1 && blank(out[n])
			start = p.i
		case c == '\n':
			p.newLine()
		case c == '\r':
			cut()
			p.newLine()
			out = append(out, '\n')
			start = p.i
		case c == ']' && strings.HasPrefix(p.s[p.i:], "]]>"):
			p.fail(p.i, "']]>' is not allowed in character data.")
		case c == ' ' || c == '\t':
			p.i++
		default:
			white = false
			p.plain()
		}
	}
	o := &p.stack[len(p.stack)-1]
	if white && !p.preserve && !o.preserve {
		return
	}
	s := p.s[start:p.i]
	if copied {
		cut()
		s = string(out)
	}
	addString(p.t, o.e, s)
}

// declaration reads the XML declaration, if there is one.
func (p *parser) declaration() {
	if !strings.HasPrefix(p.s, "<?xml") || len(p.s) < 6 || nameRune(p.runeAt(5)) || p.s[5] == ':' {
		return
	}
	const bad = "Syntax for an XML declaration is invalid."
	p.i = 5
	d := &Declaration{}
	for state := 0; ; {
		n := p.space()
		if p.byteAt(p.i) == '?' {
			if p.byteAt(p.i+1) == '>' {
				if state == 0 {
					p.fail(p.i, bad)
				}
				p.i += 2
				break
			}
			if p.i+1 >= len(p.s) {
				p.fail(len(p.s), "Unexpected end of file has occurred.")
			}
			p.unexpected(p.i, "'>'")
		}
		if p.i >= len(p.s) {
			p.fail(len(p.s), "Unexpected end of file has occurred.")
		}
		if n == 0 && state != 0 {
			p.unexpected(p.i, "?>")
		}
		end, _ := p.name(false)
		which := 0
		switch name := p.s[p.i:end]; {
		case name == "version" && state == 0:
		case name == "encoding" && state == 1:
			which = 1
		case name == "standalone" && (state == 1 || state == 2):
			which = 2
		default:
			p.fail(p.i, bad)
		}
		p.i = end
		p.space()
		if p.byteAt(p.i) != '=' {
			p.unexpected(p.i, "=")
		}
		p.i++
		p.space()
		quote := p.byteAt(p.i)
		if quote != '"' && quote != '\'' {
			p.unexpected(p.i, `"`, "'")
		}
		p.i++
		size := strings.IndexByte(p.s[p.i:], quote)
		if size < 0 {
			p.fail(len(p.s), "There is an unclosed literal string.")
		}
		s := p.s[p.i : p.i+size]
		switch which {
		case 0:
			if s != "1.0" {
				p.fail(p.i, "Version number '"+s+"' is invalid.")
			}
			d.version = value.String(s)
		case 1:
			if strings.ContainsAny(s, "<&\n\r\t") {
				p.fail(p.i, bad)
			}
			d.encoding = value.String(s)
		default:
			if s != "yes" && s != "no" {
				p.fail(p.i-1, bad)
			}
			d.standalone = value.String(s)
		}
		p.i += size + 1
		state = which + 1
	}
	if p.doc != nil {
		p.doc.decl = d
	}
}
