package json

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/bcl/xml"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// How Json.NET's XmlNodeConverter makes XML of JSON.

var xmlType = xml.XObjectDef.Type()

// xmlReading is how JSON becomes XML.
type xmlReading struct {
	root   string // the name of an element around all, or ""
	arrays bool   // mark arrays of one item with json:Array
	encode bool   // names like @x are elements too
}

// deserializeXML is JsonConvert.DeserializeXNode.
func deserializeXML(t *value.Thread, s string, how xmlReading) value.Value {
	r := newReader(t, s)
	if !r.next() {
		return value.Null
	}
	m := &maker{r: r, t: t}
	v := m.xml(xml.XDocumentDef.Type(), how)
	for r.next() {
		if r.mark() != comment {
			m.fail("Additional text found in JSON string after finishing deserializing object.")
		}
	}
	return v
}

type xmlReader struct {
	maker
	xmlReading
	doc    *xml.Document
	spaces *spaces
}

// xml makes a document, or of a document the element.
func (m *maker) xml(to *types.Type, how xmlReading) value.Value {
	switch m.r.mark() {
	case null:
		return value.Null
	case startObject:
	default:
		m.fail("XmlNodeConverter can only convert JSON that begins with an object.")
	}
	switch to.Def() {
	case xml.XContainerDef, xml.XDocumentDef, xml.XElementDef, xml.XNodeDef, xml.XObjectDef:
	default:
		m.fail("XmlNodeConverter only supports deserializing XDocument, XElement, XContainer, XNode or XObject.")
	}
	x := &xmlReader{maker: *m, xmlReading: how, doc: xml.NewDocument(m.t), spaces: newSpaces()}
	if how.root != "" {
		x.element(x.doc, how.root)
	} else {
		m.read()
		x.node(x.doc)
	}
	if to.Def() == xml.XElementDef {
		e := x.doc.Root()
		if e == nil {
			m.t.NullReference()
		}
		xml.Remove(m.t, e)
		return value.Of(e)
	}
	return value.Of(x.doc)
}

// node reads the properties of an object as the content of a node.
func (x *xmlReader) node(cur xml.Container) {
	for {
		x.t.Step(1)
		switch mk := x.r.mark(); mk {
		case propertyName:
			if cur == xml.Container(x.doc) && x.doc.Root() != nil {
				x.fail("JSON root object has multiple properties. The root object must have a single property in order to create a valid XML document. Consider specifying a DeserializeRootElementName.")
			}
			x.property(cur, x.r.val().Str())
			if x.r.mark() == propertyName {
				// An element has read on to it, looking for attributes.
				continue
			}
		case startConstructor:
			name := x.r.val().Str()
			for x.r.next() && x.r.mark() != endConstructor {
				x.value(cur, name)
			}
		case comment:
			xml.Append(x.t, cur, &xml.Comment{Value: x.r.val().Str()})
		case endObject, endArray:
			return
		default:
			x.fail("Unexpected JsonToken when deserializing node: " + mk.String())
		}
		if !x.r.next() {
			return
		}
	}
}

func (x *xmlReader) property(cur xml.Container, name string) {
	x.read()
	if x.r.mark() != startArray {
		x.value(cur, name)
		return
	}
	n := 0
	for x.r.next() && x.r.mark() != endArray {
		x.value(cur, name)
		n++
	}
	if n != 1 || !x.arrays {
		return
	}
	prefix, local := splitName(name)
	space, _ := x.spaces.lookup(prefix)
	for _, k := range xml.Nodes(cur) {
		if e, ok := k.(*xml.Element); ok && e.Name.Local == local && e.Name.Space == space {
			x.markArray(e)
			return
		}
	}
}

func (x *xmlReader) markArray(e *xml.Element) {
	xml.AddAttribute(x.t, e, xml.Name{Local: "Array", Space: jsonSpaceURI}, value.String("true"))
	if _, ok := e.PrefixOf(jsonSpaceURI); !ok {
		xml.AddAttribute(x.t, e, xml.Name{Local: "json", Space: xmlnsURI}, value.String(jsonSpaceURI))
	}
}

// splitName cuts a name at its colon; at an end of the name it is none.
func splitName(s string) (prefix, local string) {
	i := strings.IndexByte(s, ':')
	if i <= 0 || i == len(s)-1 {
		return "", s
	}
	return s[:i], s[i+1:]
}

func (x *xmlReader) value(cur xml.Container, name string) {
	if !x.encode {
		switch {
		case name == "#text", name == "#whitespace", name == "#significant-whitespace":
			xml.Append(x.t, cur, &xml.Text{Value: x.required()})
			return
		case name == "#cdata-section":
			xml.Append(x.t, cur, &xml.Text{Value: x.required(), CData: true})
			return
		case strings.HasPrefix(name, "?"):
			x.instruction(cur, name)
			return
		case strings.EqualFold(name, "!DOCTYPE"):
			v := x.parts("@name", "@public", "@system", "@internalSubset")
			xml.Append(x.t, cur, xml.NewDocType(x.t, v[0], v[1], v[2], v[3]))
			return
		}
	}
	if x.r.mark() != startArray {
		x.element(cur, name)
		return
	}
	prefix, _ := splitName(name)
	e := x.make(name, prefix)
	xml.Append(x.t, cur, e)
	n := 0
	for x.r.next() && x.r.mark() != endArray {
		x.value(e, name)
		n++
	}
	if !x.arrays {
		return
	}
	x.markArray(e)
	if n == 1 {
		for _, k := range xml.Nodes(e) {
			if c, ok := k.(*xml.Element); ok && c.Name.Local == name {
				x.markArray(c)
				break
			}
		}
	}
}

// required is the text of a value that must not be null.
func (x *xmlReader) required() string {
	v := x.text()
	if v.IsNull() {
		x.t.ThrowNull("value")
	}
	return v.Str()
}

func (x *xmlReader) instruction(cur xml.Container, name string) {
	if name != "?xml" {
		xml.Append(x.t, cur, xml.NewInstruction(x.t, name[1:], x.text()))
		return
	}
	v := x.parts("@version", "@encoding", "@standalone")
	if cur == xml.Container(x.doc) {
		x.doc.SetDeclaration(xml.NewDeclaration(v[0], v[1], v[2]))
	}
}

// parts reads an object of these properties only.
func (x *xmlReader) parts(names ...string) []value.Value {
	out := make([]value.Value, len(names))
next:
	for x.r.next() && x.r.mark() != endObject {
		s := x.t.ToString(x.r.val())
		for i, n := range names {
			if n == s {
				x.read()
				out[i] = x.text()
				continue next
			}
		}
		x.fail("Unexpected property name encountered while deserializing XmlDeclaration: " + s)
	}
	return out
}

func (x *xmlReader) element(cur xml.Container, name string) {
	if name == "" {
		x.fail("XmlNodeConverter cannot convert JSON with an empty property name to XML.")
	}
	into := true
	switch x.r.mark() {
	case stringMark, null, boolean, integer, float, date, bytesMark, startConstructor:
		into = false
	}
	var attrs []xmlAttr
	prefix := ""
	switch {
	case !x.encode:
		if into {
			attrs = x.attributes()
		}
		prefix, _ = splitName(name)
		switch {
		case name[0] == '@':
			p, _ := splitName(name[1:])
			x.attribute(cur, name, name[1:], p)
			return
		case name == "$values":
			prefix, _ = x.spaces.prefix(jsonSpaceURI)
			name = name[1:]
		case name == "$id", name == "$ref", name == "$type", name == "$value":
			p, _ := x.spaces.prefix(jsonSpaceURI)
			x.attribute(cur, name, name[1:], p)
			return
		}
	case into:
		x.read()
	}
	e := x.make(name, prefix)
	xml.Append(x.t, cur, e)
	for _, a := range attrs {
		p, _ := splitName(a.name)
		x.set(e, encodeName(a.name, false), p, a.v, true)
	}
	switch x.r.mark() {
	case stringMark, integer, float, boolean, date, bytesMark:
		xml.Append(x.t, e, &xml.Text{Value: x.text().Str()})
	case null:
	case endObject:
		x.spaces.dropDefault()
	default:
		x.spaces.push()
		x.node(e)
		x.spaces.pop()
		x.spaces.dropDefault()
	}
}

// make is an element of a name as JSON has it.
func (x *xmlReader) make(name, prefix string) *xml.Element {
	encoded := encodeName(name, x.encode)
	space, _ := x.spaces.lookup(prefix)
	if space == "" {
		return xml.NewElement(x.t, xml.GetName(x.t, encoded))
	}
	_, local := splitName(encoded)
	return xml.NewElement(x.t, xml.GetNameIn(x.t, local, value.String(space)))
}

func (x *xmlReader) attribute(cur xml.Container, property, name, prefix string) {
	e, ok := cur.(*xml.Element)
	if !ok {
		x.fail("JSON root object has property '" + property + "' that will be converted to an attribute. A root object cannot have any attribute properties. Consider specifying a DeserializeRootElementName.")
	}
	x.set(e, encodeName(name, false), prefix, x.text(), false)
}

// set adds an attribute. A prefix that stands for nothing is no namespace where
// the attribute was read ahead (lenient), and an error elsewhere.
func (x *xmlReader) set(e *xml.Element, name, prefix string, v value.Value, lenient bool) {
	if prefix == "" {
		n := xml.GetName(x.t, name)
		xml.AddAttribute(x.t, e, n, v)
		return
	}
	_, local := splitName(name)
	space, ok := x.spaces.lookup(prefix)
	uri := value.String(space)
	if !ok && !lenient {
		uri = value.Null
	}
	xml.AddAttribute(x.t, e, xml.GetNameIn(x.t, local, uri), v)
}

type xmlAttr struct {
	name string
	v    value.Value
}

// attributes reads the attributes at the start of an object, and with them the
// namespaces that hold in it.
func (x *xmlReader) attributes() []xmlAttr {
	var list []xmlAttr
	add := func(name string, v value.Value) {
		for _, a := range list {
			if a.name == name {
				x.t.ThrowArgument(value.ArgumentException, "An item with the same key has already been added. Key: "+name, "")
			}
		}
		x.t.Alloc(48)
		list = append(list, xmlAttr{name, v})
	}
	for x.r.next() {
		switch mk := x.r.mark(); mk {
		case propertyName:
			name := x.r.val().Str()
			switch {
			case strings.HasPrefix(name, "@"):
				name = name[1:]
				x.read()
				v := x.text()
				add(name, v)
				if name == "xmlns" || strings.HasPrefix(name, "xmlns:") {
					if v.IsNull() {
						x.t.ThrowNull("uri")
					}
					x.spaces.add(x.t, strings.TrimPrefix(strings.TrimPrefix(name, "xmlns"), ":"), v.Str())
				}
			case name == "$values", name == "$id", name == "$ref", name == "$type", name == "$value":
				prefix, ok := x.spaces.prefix(jsonSpaceURI)
				if !ok {
					prefix = "json"
					for i := 1; ; i++ {
						if _, taken := x.spaces.lookup(prefix); !taken {
							break
						}
						prefix = "json" + strconv.Itoa(i)
					}
					add("xmlns:"+prefix, value.String(jsonSpaceURI))
					x.spaces.add(x.t, prefix, jsonSpaceURI)
				}
				if name == "$values" {
					return list
				}
				x.read()
				switch mk := x.r.mark(); mk {
				case integer, float, stringMark, boolean, undefined, null, date, bytesMark:
				default:
					x.fail("Unexpected JsonToken: " + mk.String())
				}
				v := x.r.val()
				if !v.IsNull() {
					v = value.String(x.t.ToString(v))
				}
				add(prefix+":"+name[1:], v)
			default:
				return list
			}
		case endObject, comment:
			return list
		default:
			x.fail("Unexpected JsonToken: " + mk.String())
		}
	}
	return list
}

// text is the value read as XML has it; null is null.
func (x *xmlReader) text() value.Value {
	v := x.r.val()
	switch mk := x.r.mark(); mk {
	case stringMark, integer, float, boolean, date:
		if v.IsNull() {
			return v
		}
		return value.String(xml.ValueText(x.t, v))
	case bytesMark:
		return base64Of(x.t, v.Object().(*value.Array).Bytes())
	case null:
		return value.Null
	default:
		x.fail("Cannot get an XML string value from token type '" + mk.String() + "'.")
	}
	return value.Null
}

func nameStart(r rune) bool {
	return r == '_' || r < 0x10000 && (unicode.IsLetter(r) || unicode.Is(unicode.Nl, r))
}

func namePart(r rune) bool {
	return nameStart(r) || r == '.' || r == '-' || r == 0xb7 || r < 0x10000 && (unicode.IsDigit(r) || unicode.Is(unicode.M, r))
}

// escapedAt is the length of an escape _xHHHH_ or _xHHHHHHHH_ at the start of s,
// 0 when there is none, and the character it stands for.
func escapedAt(s string, decode bool) (n int, r rune) {
	if len(s) < 3 || s[0] != '_' || s[1] != 'x' && (decode || s[1] != 'X') {
		return 0, 0
	}
	for _, digits := range []int{4, 8} {
		if len(s) < digits+3 || s[digits+2] != '_' {
			continue
		}
		v, err := strconv.ParseUint(s[2:digits+2], 16, 32)
		if err == nil {
			return digits + 3, rune(v)
		}
	}
	return 0, 0
}

// encodeName is XmlConvert.EncodeName, or with local EncodeLocalName: what a
// name cannot hold becomes _xHHHH_.
func encodeName(s string, local bool) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		ok := namePart(r)
		if i == 0 {
			ok = nameStart(r)
		}
		ok = ok || r == ':' && !local
		if k, _ := escapedAt(s[i:], false); k > 0 {
			ok = false
		}
		switch {
		case ok:
			b.WriteString(s[i : i+n])
		case r >= 0x10000:
			fmt.Fprintf(&b, "_x%08X_", r)
		default:
			fmt.Fprintf(&b, "_x%04X_", r)
		}
		i += n
	}
	return b.String()
}

// decodeName is XmlConvert.DecodeName.
func decodeName(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out []byte
	for i := 0; i < len(s); {
		if n, r := escapedAt(s[i:], true); n > 0 {
			if r < 0x10000 {
				out = value.AppendUnit(out, uint16(r))
			} else {
				out = append(out, string(r)...)
			}
			i += n
			continue
		}
		out = append(out, s[i])
		i++
	}
	return string(out)
}
