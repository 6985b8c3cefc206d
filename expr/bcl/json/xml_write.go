package json

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/xml"
	"github.com/spillway-gateway/spillway/expr/value"
)

// How Json.NET's XmlNodeConverter makes JSON of XML: attributes are named @x,
// text beside other content #text, CDATA sections #cdata-section, repeated
// elements become an array.

// jsonSpaceURI is the namespace of json:Array and its kin, which steer the
// conversion.
const jsonSpaceURI = "http://james.newtonking.com/projects/json"

const (
	xmlnsURI = "http://www.w3.org/2000/xmlns/"
	xmlURI   = "http://www.w3.org/XML/1998/namespace"
)

// SerializeXML is JsonConvert.SerializeXNode of a node or an attribute.
func SerializeXML(t *value.Thread, v value.Value, indented, omitRoot bool) string {
	w := NewWriter(t, indented)
	if v.IsNull() {
		w.Null()
	} else {
		writeXML(t, w, v.Object(), omitRoot)
	}
	return w.String()
}

// spaces is an XmlNamespaceManager.
type spaces struct {
	list  []xmlSpace
	scope int
}

type xmlSpace struct {
	prefix, uri string
	scope       int
	gone        bool
}

func newSpaces() *spaces {
	return &spaces{list: []xmlSpace{{prefix: "xmlns", uri: xmlnsURI, scope: -1}, {prefix: "xml", uri: xmlURI, scope: -1}, {scope: -1}}}
}

func (s *spaces) push() { s.scope++ }

func (s *spaces) pop() {
	for len(s.list) > 0 && s.list[len(s.list)-1].scope == s.scope {
		s.list = s.list[:len(s.list)-1]
	}
	s.scope--
}

func (s *spaces) find(prefix string) int {
	for i := len(s.list) - 1; i >= 0; i-- {
		if s.list[i].prefix == prefix && !s.list[i].gone {
			return i
		}
	}
	return -1
}

func (s *spaces) add(t *value.Thread, prefix, uri string) {
	t.Alloc(64)
	if i := s.find(prefix); i >= 0 && s.list[i].scope == s.scope {
		s.list[i].uri = uri
		return
	}
	s.list = append(s.list, xmlSpace{prefix: prefix, uri: uri, scope: s.scope})
}

// lookup is the namespace of a prefix.
func (s *spaces) lookup(prefix string) (string, bool) {
	if i := s.find(prefix); i >= 0 {
		return s.list[i].uri, true
	}
	return "", false
}

// prefix is a prefix of a namespace, "" for the default or none; found tells
// them apart.
func (s *spaces) prefix(uri string) (prefix string, found bool) {
	for i := len(s.list) - 1; i >= 0; i-- {
		if x := &s.list[i]; x.uri == uri && !x.gone && s.find(x.prefix) == i {
			return x.prefix, true
		}
	}
	return "", false
}

// dropDefault takes back the default namespace of this scope.
func (s *spaces) dropDefault() {
	uri, _ := s.lookup("")
	for i := range s.list {
		if x := &s.list[i]; x.prefix == "" && x.scope == s.scope && x.uri == uri && x.scope >= 0 {
			x.gone = true
		}
	}
}

// part is what the conversion sees of a node: a node, an attribute, or the
// declaration of a document.
type part struct {
	node xml.Node
	attr *xml.Attribute
	decl *xml.Declaration
}

type xmlWriter struct {
	t      *value.Thread
	out    Sink
	spaces *spaces
}

// writeXML writes a node or attribute, in an object unless omitRoot.
func writeXML(t *value.Thread, out Sink, o value.Object, omitRoot bool) {
	w := &xmlWriter{t: t, out: out, spaces: newSpaces()}
	var p part
	var around *xml.Element
	switch o := o.(type) {
	case *xml.Attribute:
		p.attr, around = o, o.Parent()
	case xml.Node:
		p.node, around = o, xml.ParentElement(o)
	}
	w.around(around)
	if !omitRoot {
		out.BeginObject()
	}
	w.part(p, !omitRoot)
	if !omitRoot {
		out.End()
	}
}

// around declares the prefixes of the elements around what is written.
func (w *xmlWriter) around(e *xml.Element) {
	if e == nil {
		return
	}
	w.around(xml.ParentElement(e))
	w.spaces.push()
	for _, a := range e.Attrs() {
		if a.Name.Space == xmlnsURI && a.Name.Local != "xmlns" {
			w.spaces.add(w.t, a.Name.Local, a.Value())
		}
	}
}

// attributes are those of an element, with a declaration of its namespace when
// nothing in the tree declares that.
func (w *xmlWriter) attributes(e *xml.Element) []part {
	var list []part
	if w.undeclared(e) {
		list = append(list, part{attr: implicit(w.t, e.Name.Space)})
	}
	for _, a := range e.Attrs() {
		list = append(list, part{attr: a})
	}
	return list
}

func implicit(t *value.Thread, space string) *xml.Attribute {
	e := xml.NewElement(t, xml.Name{Local: "x"})
	xml.AddAttribute(t, e, xml.Name{Local: "xmlns"}, value.String(space))
	return e.Attrs()[0]
}

func (w *xmlWriter) undeclared(e *xml.Element) bool {
	space := e.Name.Space
	if space == "" {
		return false
	}
	if p := xml.ParentElement(e); p != nil && p.Name.Space == space {
		return false
	}
	if prefix, ok := e.PrefixOf(space); ok && prefix != "" {
		return false
	}
	for _, a := range e.Attrs() {
		if a.Name.Local == "xmlns" && a.Name.Space == "" && a.Value() == space {
			return false
		}
	}
	return true
}

func nodesOf(c xml.Container) []part {
	var list []part
	if d, ok := c.(*xml.Document); ok && d.Declaration() != nil {
		list = append(list, part{decl: d.Declaration()})
	}
	for _, n := range xml.Nodes(c) {
		list = append(list, part{node: n})
	}
	return list
}

func (w *xmlWriter) fullName(n xml.Name) string {
	local := decodeName(n.Local)
	if n.Local == "xmlns" && n.Space == xmlnsURI {
		return local
	}
	if prefix, _ := w.spaces.prefix(n.Space); prefix != "" {
		return prefix + ":" + local
	}
	return local
}

func (w *xmlWriter) name(p part) string {
	if p.decl != nil {
		return "?xml"
	}
	if a := p.attr; a != nil {
		if a.Name.Space == jsonSpaceURI {
			return "$" + a.Name.Local
		}
		return "@" + w.fullName(a.Name)
	}
	switch n := p.node.(type) {
	case *xml.Element:
		if n.Name.Space == jsonSpaceURI {
			return "$" + n.Name.Local
		}
		return w.fullName(n.Name)
	case *xml.Text:
		if n.CData {
			return "#cdata-section"
		}
		return "#text"
	case *xml.Comment:
		return "#comment"
	case *xml.Instruction:
		return "?" + decodeName(n.Target)
	case *xml.DocType:
		return "!DOCTYPE"
	}
	raise(w.t, JsonSerializationExceptionDef, "Unexpected XmlNodeType when getting node name: "+p.node.Kind().String(), nil, where{})
	return ""
}

func (w *xmlWriter) text(p part, named bool, s string) {
	if named {
		w.out.Name(w.name(p))
	}
	w.out.Text(s)
}

func (w *xmlWriter) part(p part, named bool) {
	w.t.Step(1)
	if p.decl != nil {
		w.out.Name("?xml")
		version, encoding, standalone := p.decl.Parts()
		w.fields("@version", version, "@encoding", encoding, "@standalone", standalone)
		return
	}
	if a := p.attr; a != nil {
		if a.Name.Space == xmlnsURI && a.Value() == jsonSpaceURI || a.Name.Space == jsonSpaceURI && a.Name.Local == "Array" {
			return
		}
		w.text(p, named, a.Value())
		return
	}
	switch n := p.node.(type) {
	case *xml.Document:
		w.grouped(nodesOf(n), named)
	case *xml.Element:
		w.element(p, n, named)
	case *xml.Comment:
		if named {
			w.out.comment(n.Value)
		}
	case *xml.Text:
		w.text(p, named, n.Value)
	case *xml.Instruction:
		w.text(p, named, n.Data)
	case *xml.DocType:
		w.out.Name("!DOCTYPE")
		public, system, internal := n.Parts()
		w.fields("@name", value.String(n.Name), "@public", public, "@system", system, "@internalSubset", internal)
	}
}

// fields writes an object of those fields that are not empty.
func (w *xmlWriter) fields(list ...any) {
	w.out.BeginObject()
	for i := 0; i < len(list); i += 2 {
		if v := list[i+1].(value.Value); v.Str() != "" {
			w.out.Name(list[i].(string))
			w.out.Text(v.Str())
		}
	}
	w.out.End()
}

// array reports whether json:Array makes an element an array.
func (w *xmlWriter) array(p part) bool {
	e, ok := p.node.(*xml.Element)
	if !ok {
		return false
	}
	for _, a := range e.Attrs() {
		if a.Name.Local == "Array" && a.Name.Space == jsonSpaceURI {
			s := strings.Trim(a.Value(), " \t\r\n")
			switch s {
			case "true", "1":
				return true
			case "false", "0":
				return false
			}
			w.t.Throw(value.FormatException, "%s", "The string '"+s+"' is not a valid Boolean value.")
		}
	}
	return false
}

func localOf(p part) string {
	switch n := p.node.(type) {
	case *xml.Element:
		return n.Name.Local
	case *xml.Instruction:
		return n.Target
	}
	return ""
}

func (w *xmlWriter) element(p part, e *xml.Element, named bool) {
	nodes := nodesOf(e)
	if len(nodes) > 0 && w.array(p) {
		same := true
		for _, k := range nodes {
			same = same && localOf(k) == e.Name.Local
		}
		if same {
			w.grouped(nodes, false)
			return
		}
	}
	attrs := w.attributes(e)
	w.spaces.push()
	telling := false
	for _, a := range attrs {
		n := a.attr.Name
		if n.Space == xmlnsURI {
			prefix := ""
			if n.Local != "xmlns" {
				prefix = decodeName(n.Local)
			}
			w.spaces.add(w.t, prefix, a.attr.Value())
		}
		if n.Space != jsonSpaceURI && !(n.Space == xmlnsURI && a.attr.Value() == jsonSpaceURI) {
			telling = true
		}
	}
	if named {
		w.out.Name(w.name(p))
	}
	switch {
	case !telling && len(nodes) == 1 && nodes[0].node.Kind() == xml.TextNode:
		w.out.Text(nodes[0].node.(*xml.Text).Value)
	case len(nodes) == 0 && len(attrs) == 0:
		if e.Empty() {
			w.out.Null()
		} else {
			w.out.Text("")
		}
	default:
		w.out.BeginObject()
		for _, a := range attrs {
			w.part(a, true)
		}
		w.grouped(nodes, true)
		w.out.End()
	}
	w.spaces.pop()
}

// grouped writes nodes by their names, in the order of their first ones: those
// of one name together as an array.
func (w *xmlWriter) grouped(nodes []part, named bool) {
	var names []string
	groups := map[string][]part{}
	for _, p := range nodes {
		w.t.Alloc(64)
		n := w.name(p)
		if _, ok := groups[n]; !ok {
			names = append(names, n)
		}
		groups[n] = append(groups[n], p)
	}
	for _, n := range names {
		g := groups[n]
		if len(g) == 1 && !w.array(g[0]) {
			w.part(g[0], named)
			continue
		}
		if named {
			w.out.Name(n)
		}
		w.out.BeginArray()
		for _, p := range g {
			w.part(p, false)
		}
		w.out.End()
	}
}
