package xml

import (
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// SaveOptions, as bits.
const (
	disableFormatting = 1
	omitDuplicates    = 2
)

// Print is the node as XNode.ToString(options) writes it.
func Print(t *value.Thread, n Node, options int) string {
	p := newPrinter(t, options)
	if d, ok := n.(*Document); ok {
		for _, k := range d.nodes {
			p.node(k)
		}
	} else {
		p.node(n)
	}
	return string(p.b)
}

// save is the node as Save writes it, with a declaration.
func save(t *value.Thread, n Node, options int) string {
	p := newPrinter(t, options)
	p.write(`<?xml version="1.0" encoding="utf-16"`)
	d, ok := n.(*Document)
	if ok && d.decl != nil {
		if s := d.decl.standalone.Str(); s == "yes" || s == "no" {
			p.write(` standalone="` + s + `"`)
		}
	}
	p.write("?>")
	if ok {
		for _, k := range d.nodes {
			p.node(k)
		}
	} else {
		p.node(n)
	}
	return string(p.b)
}

// spaceState says whether a namespace that holds has to be written.
type spaceState uint8

const (
	implied spaceState = iota
	needed
	written
	special // xml and xmlns
)

type printedSpace struct {
	prefix, name string
	state        spaceState
}

// declared is a namespace declaration in the tree that is being written, which
// elements and attributes take their prefixes from.
type declared struct{ prefix, name string }

// printer writes nodes as .NET's XmlWriter does: which prefixes are taken or
// made up, and where lines break, follows its rules.
type printer struct {
	t       *value.Thread
	b       []byte
	charged int
	indent  bool
	omit    bool
	level   int
	mixed   bool // text stands in the element: no line breaks from there on

	spaces []printedSpace
	scope  int // where the spaces of the current element begin
	tree   []declared
	names  []attrName
}

type attrName struct{ prefix, local, space string }

func newPrinter(t *value.Thread, options int) *printer {
	return &printer{
		t: t, indent: options&disableFormatting == 0, omit: options&omitDuplicates != 0, scope: 3,
		spaces: []printedSpace{{"xmlns", xmlnsSpace, special}, {"xml", xmlSpace, special}, {"", "", implied}},
	}
}

func (p *printer) write(s string) {
	p.b = append(p.b, s...)
	if n := cap(p.b); n > p.charged {
		p.t.Alloc(n - p.charged)
		p.charged = n
	}
}

func (p *printer) line() {
	if !p.indent || p.mixed || len(p.b) == 0 {
		return
	}
	p.write("\n")
	for range p.level {
		p.write("  ")
	}
}

func (p *printer) node(n Node) {
	p.t.Step(1)
	switch n := n.(type) {
	case *Element:
		if len(p.tree) == 0 {
			p.ancestors(n)
		}
		p.element(n)
	case *Text:
		switch {
		case n.CData:
			p.mixed = true
			p.write("<![CDATA[" + strings.ReplaceAll(p.lines(n.Value), "]]>", "]]]]><![CDATA[>") + "]]>")
		case n.Value != "":
			p.mixed = true
			p.text(n.Value, false)
		}
	case *Comment:
		p.line()
		var b strings.Builder
		s := p.lines(n.Value)
		for i := range len(s) {
			b.WriteByte(s[i])
			if s[i] == '-' && (i+1 == len(s) || s[i+1] == '-') {
				b.WriteByte(' ')
			}
		}
		p.write("<!--" + b.String() + "-->")
	case *Instruction:
		p.line()
		p.write("<?" + n.Target)
		if n.Data != "" {
			p.write(" " + strings.ReplaceAll(p.lines(n.Data), "?>", "? >"))
		}
		p.write("?>")
	case *DocType:
		p.line()
		p.write("<!DOCTYPE " + n.Name)
		switch {
		case !n.public.IsNull():
			p.write(` PUBLIC "` + n.public.Str() + `" "` + n.system.Str() + `"`)
		case !n.system.IsNull():
			p.write(` SYSTEM "` + n.system.Str() + `"`)
		default:
			p.write(" ")
		}
		if !n.internal.IsNull() {
			p.write("[" + n.internal.Str() + "]")
		}
		p.write(">")
	}
}

// lines makes line breaks LF and throws for characters that XML does not have.
func (p *printer) lines(s string) string {
	p.t.Alloc(len(s))
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		p.check(r)
		i += n
	}
	return normal(s)
}

func (p *printer) check(r rune) {
	if validRune(r) {
		return
	}
	if r >= 0xd800 && r < 0xe000 {
		p.t.Throw(value.ArgumentException, "Invalid high surrogate character (0x%X). A high surrogate character must have a value from range (0xD800 - 0xDBFF).", r)
	}
	p.t.Throw(value.ArgumentException, "%s", badChar(r))
}

// text writes text with its references; in an attribute white space other than
// blanks becomes references too.
func (p *printer) text(s string, attribute bool) {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		esc, size := "", 1
		switch {
		case c == '&':
			esc = "&amp;"
		case c == '<':
			esc = "&lt;"
		case c == '>':
			esc = "&gt;"
		case c == '"' && attribute:
			esc = "&quot;"
		case c == '\t' && attribute:
			esc = "&#x9;"
		case c == '\n' && attribute:
			esc = "&#xA;"
		case c == '\r' && attribute:
			esc = "&#xD;"
		case c == '\r':
			esc = "\n"
			if i+1 < len(s) && s[i+1] == '\n' {
				size = 2
			}
		case c >= ' ' && c < 0x80 || c == '\t' || c == '\n':
			i++
			continue
		default:
			r, n := value.DecodeRune(s[i:])
			p.check(r)
			i += n
			continue
		}
		p.write(s[from:i])
		p.write(esc)
		i += size
		from = i
	}
	p.write(s[from:])
}

// ancestors makes the declarations around an element known, which is written
// alone.
func (p *printer) ancestors(e *Element) {
	var older [][]declared
	for a := parentElement(e); a != nil; a = parentElement(a) {
		var list []declared
		for _, x := range a.attrs {
			if x.declares() {
				// Of one element, the declaration that comes first is the newest.
				list = append([]declared{x.declared()}, list...)
			}
		}
		older = append(older, list)
	}
	for i := len(older) - 1; i >= 0; i-- {
		p.tree = append(p.tree, older[i]...)
	}
}

func (a *Attribute) declared() declared {
	if a.Name.Space == "" {
		return declared{"", a.value}
	}
	return declared{a.Name.Local, a.value}
}

// treePrefix is the prefix that the tree has for a namespace; ok is false when
// it has none.
func (p *printer) treePrefix(space string, allowDefault bool) (prefix string, ok bool) {
	if space == "" {
		return "", true
	}
search:
	for i := len(p.tree) - 1; i >= 0; i-- {
		d := p.tree[i]
		if d.name != space {
			continue
		}
		for _, later := range p.tree[i+1:] {
			if later.prefix == d.prefix {
				continue search
			}
		}
		if allowDefault || d.prefix != "" {
			return d.prefix, true
		}
	}
	switch space {
	case xmlSpace:
		return "xml", true
	case xmlnsSpace:
		return "xmlns", true
	}
	return "", false
}

func (p *printer) spaceIndex(prefix string) int {
	for i := len(p.spaces) - 1; i >= 0; i-- {
		if p.spaces[i].prefix == prefix {
			return i
		}
	}
	return -1
}

// prefixOf is a prefix that holds for a namespace in what has been written.
func (p *printer) prefixOf(space string) (string, bool) {
	for i := len(p.spaces) - 1; i >= 0; i-- {
		if p.spaces[i].name != space {
			continue
		}
		prefix := p.spaces[i].prefix
		if p.spaceIndex(prefix) != i {
			return "", false
		}
		return prefix, true
	}
	return "", false
}

const (
	reservedXML   = `Prefix "xml" is reserved for use by XML and can be mapped only to namespace name "http://www.w3.org/XML/1998/namespace".`
	reservedXMLNS = `Prefix "xmlns" is reserved for use by XML.`
)

func (p *printer) argument(message string) { p.t.Throw(value.ArgumentException, "%s", message) }

func (p *printer) reserved(prefix string) {
	p.argument("Prefix '" + prefix + "' cannot be mapped to namespace name reserved for \"xml\" or \"xmlns\".")
}

func (p *printer) redefined(prefix, from, to string) {
	xmlError(p.t, "The prefix '"+prefix+"' cannot be redefined from '"+from+"' to '"+to+"' within the same start element tag.")
}

// hold makes a prefix stand for a namespace because a name uses it.
func (p *printer) hold(prefix, space string) {
	state := needed
	if i := p.spaceIndex(prefix); i >= 0 {
		s := p.spaces[i]
		switch {
		case i >= p.scope:
			if s.name != space {
				p.redefined(prefix, s.name, space)
			}
			return
		case s.state == special && prefix == "xml":
			if s.name != space {
				p.argument(reservedXML)
			}
			state = implied
		case s.state == special:
			p.argument(reservedXMLNS)
		case s.name == space:
			state = implied
		}
	} else if space == xmlSpace && prefix != "xml" || space == xmlnsSpace && prefix != "xmlns" {
		p.reserved(prefix)
	}
	p.spaces = append(p.spaces, printedSpace{prefix, space, state})
}

// declare is a declaration in the tree; false says that it need not be written.
func (p *printer) declare(prefix, space string) bool {
	write := true
	if i := p.spaceIndex(prefix); i >= 0 {
		s := &p.spaces[i]
		if i >= p.scope {
			if s.name != space {
				p.redefined(prefix, s.name, space)
			}
			if s.state == written {
				name := "xmlns"
				if prefix != "" {
					name = "xmlns:" + prefix
				}
				xmlError(p.t, "'"+name+"' is a duplicate attribute name.")
			}
			if p.omit && s.state != needed {
				write = false
			}
			s.state = written
			return write
		}
		if s.name == space && p.omit {
			write = false
		}
	}
	switch {
	case space == xmlSpace && prefix != "xml", space == xmlnsSpace && prefix != "xmlns":
		p.reserved(prefix)
	case prefix == "xml" && space != xmlSpace:
		p.argument(reservedXML)
	case prefix == "xmlns":
		p.argument(reservedXMLNS)
	}
	p.spaces = append(p.spaces, printedSpace{prefix, space, written})
	return write
}

// made is a prefix that nothing uses yet.
func (p *printer) made() string {
	base := "p" + strconv.Itoa(len(p.spaces)-3)
	name := base
	for i := 0; p.spaceIndex(name) >= 0; i++ {
		name = base + strconv.Itoa(i)
	}
	return name
}

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

func (p *printer) writeDeclaration(prefix, space string) {
	if prefix == "" {
		p.write(` xmlns="`)
	} else {
		p.write(" xmlns:" + prefix + `="`)
	}
	p.text(space, true)
	p.write(`"`)
}

func (p *printer) element(e *Element) {
	tree, scope, mixed := len(p.tree), p.scope, p.mixed
	for _, a := range e.attrs {
		if a.declares() {
			p.tree = append(p.tree, a.declared())
		}
	}
	prefix, ok := p.treePrefix(e.Name.Space, true)
	if !ok {
		prefix, _ = p.prefixOf(e.Name.Space)
	}
	p.line()
	start := len(p.spaces)
	p.scope = start
	p.hold(prefix, e.Name.Space)
	p.write("<" + qualified(prefix, e.Name.Local))
	p.names = p.names[:0]
	for _, a := range e.attrs {
		p.attribute(a)
	}
	for i := len(p.spaces) - 1; i >= start; i-- {
		if p.spaces[i].state == needed {
			p.spaces[i].state = written
			p.writeDeclaration(p.spaces[i].prefix, p.spaces[i].name)
		}
	}
	if p.level == 0 {
		p.mixed = false
	}
	if e.Empty() {
		p.write(" />")
	} else {
		p.write(">")
		content := len(p.b)
		p.level++
		for _, k := range e.nodes {
			p.node(k)
		}
		p.level--
		if len(p.b) > content {
			p.line()
		}
		p.write("</" + qualified(prefix, e.Name.Local) + ">")
	}
	p.mixed, p.scope = mixed, scope
	p.spaces = p.spaces[:start]
	p.tree = p.tree[:tree]
}

func (p *printer) attribute(a *Attribute) {
	space := a.Name.Space
	if a.declares() {
		d := a.declared()
		if p.declare(d.prefix, d.name) {
			p.writeDeclaration(d.prefix, d.name)
		}
		return
	}
	prefix, ok := p.treePrefix(space, false)
	p.plainAttribute(a, prefix, ok)
}

// plainAttribute writes an attribute that declares nothing; ok says that the
// tree has a prefix for it.
func (p *printer) plainAttribute(a *Attribute, prefix string, ok bool) {
	space := a.Name.Space
	switch {
	case space == "":
		prefix = ""
	case prefix == "xml":
	default:
		if !ok {
			prefix, _ = p.prefixOf(space)
		}
		if prefix == "" {
			// The prefix found may be that of the default namespace, which attributes
			// do not have.
			prefix = p.made()
		} else if i := p.spaceIndex(prefix); i >= p.scope && p.spaces[i].name != space {
			prefix = p.made()
		}
	}
	if prefix != "" && prefix != "xml" {
		p.hold(prefix, space)
	}
	for _, n := range p.names {
		if n.local == a.Name.Local && (n.prefix == prefix || n.space == space) {
			xmlError(p.t, "'"+qualified(prefix, a.Name.Local)+"' is a duplicate attribute name.")
		}
	}
	p.names = append(p.names, attrName{prefix, a.Name.Local, space})
	p.write(" " + qualified(prefix, a.Name.Local) + `="`)
	p.text(a.value, true)
	p.write(`"`)
}

// printAttribute is XAttribute.ToString.
func printAttribute(t *value.Thread, a *Attribute) string {
	p := newPrinter(t, disableFormatting)
	if a.declares() {
		d := a.declared()
		if p.declare(d.prefix, d.name) {
			p.writeDeclaration(d.prefix, d.name)
		}
	} else {
		prefix, ok := "", false
		if a.parent != nil {
			prefix, ok = a.parent.prefixOf(a.Name.Space)
		} else if a.Name.Space == xmlSpace {
			prefix, ok = "xml", true
		}
		p.plainAttribute(a, prefix, ok)
	}
	return strings.TrimSpace(string(p.b))
}

// spaceOf is the namespace of a prefix as the element's declarations and those
// around it say, up to an element that is not asked; "xmlns" stands for the
// default.
func (e *Element) spaceOf(prefix string, until *Element) (string, bool) {
	for ; e != nil && e != until; e = parentElement(e) {
		for _, a := range e.attrs {
			if a.declares() && a.Name.Local == prefix {
				return a.value, true
			}
		}
	}
	return "", false
}

// prefixOf is XElement.GetPrefixOfNamespace.
func (e *Element) prefixOf(space string) (string, bool) {
	inScope := false
	for x := e; x != nil; x = parentElement(x) {
		local := false
		for _, a := range x.attrs {
			if !a.declares() {
				continue
			}
			if a.value == space && a.Name.Space != "" {
				if !inScope {
					return a.Name.Local, true
				}
				if _, hidden := e.spaceOf(a.Name.Local, x); !hidden {
					return a.Name.Local, true
				}
			}
			local = true
		}
		inScope = inScope || local
	}
	switch space {
	case xmlSpace:
		if _, hidden := e.spaceOf("xml", nil); !inScope || !hidden {
			return "xml", true
		}
	case xmlnsSpace:
		return "xmlns", true
	}
	return "", false
}

// ToString is the indented XML.
func (e *Element) ToString(t *value.Thread) string { return Print(t, e, 0) }

// ToString is the indented XML, without the declaration.
func (d *Document) ToString(t *value.Thread) string { return Print(t, d, 0) }

// ToString is the text with its references.
func (x *Text) ToString(t *value.Thread) string { return Print(t, x, 0) }

// ToString is the comment with its marks.
func (c *Comment) ToString(t *value.Thread) string { return Print(t, c, 0) }

// ToString is the instruction with its marks.
func (i *Instruction) ToString(t *value.Thread) string { return Print(t, i, 0) }

// ToString is the document type declaration.
func (d *DocType) ToString(t *value.Thread) string { return Print(t, d, 0) }

// ToString is name="value".
func (a *Attribute) ToString(t *value.Thread) string { return printAttribute(t, a) }

// ToString is the declaration with its marks.
func (d *Declaration) ToString(*value.Thread) string {
	s := "<?xml"
	for _, part := range []struct {
		name string
		v    value.Value
	}{{"version", d.version}, {"encoding", d.encoding}, {"standalone", d.standalone}} {
		if !part.v.IsNull() {
			s += " " + part.name + `="` + part.v.Str() + `"`
		}
	}
	return s + "?>"
}
