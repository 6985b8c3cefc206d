package xml

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// conversionRows are the explicit conversions of an element's or attribute's
// text; param is what .NET calls the operand.
func conversionRows(class, param string, text func(c *value.Call) string) []value.Row {
	var rows []value.Row
	for _, k := range []struct {
		word string
		typ  *types.Type
	}{
		{"string", types.String},
		{"bool", types.Bool},
		{"int", types.Int32},
		{"uint", types.UInt32},
		{"long", types.Int64},
		{"ulong", types.UInt64},
		{"float", types.Single},
		{"double", types.Double},
		{"decimal", types.Decimal},
		{"DateTime", time.DateTimeType},
		{"DateTimeOffset", time.DateTimeOffsetType},
		{"TimeSpan", time.TimeSpanType},
		{"Guid", net.GuidType},
	} {
		optional := value.Row{Sig: "static explicit operator " + k.word + "?(" + class + " " + param + ")", Doc: "The text as " + k.word + ", null for null.", Func: func(c *value.Call) value.Value {
			if c.Args[0].IsNull() {
				return value.Null
			}
			return as(c.Thread, text(c), k.typ)
		}}
		if k.word == "string" {
			optional.Sig = strings.Replace(optional.Sig, "?", "", 1)
			rows = append(rows, optional)
			continue
		}
		rows = append(rows, optional, value.Row{Sig: "static explicit operator " + k.word + "(" + class + " " + param + ")", Doc: "The text as " + k.word + "; throws if it is none.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, param)
			return as(c.Thread, text(c), k.typ)
		}})
	}
	return rows
}

func this(c *value.Call) *Element { return c.This.Object().(*Element) }

func newElement(c *value.Call, contentArg int) value.Value {
	c.NotNull(0, "name")
	c.Alloc(elementCost)
	e := &Element{Name: *nameOf(c, 0)}
	if contentArg >= 0 {
		addContent(c.Thread, e, c.Args[contentArg])
	}
	return value.Of(e)
}

func preserved(c *value.Call, i int) bool { return c.Int(i)&1 != 0 }

func attributeValue(a *Attribute) value.Value {
	if a == nil {
		return value.Null
	}
	return value.Of(a)
}

func edgeAttribute(c *value.Call, last bool) value.Value {
	list := this(c).attrs
	switch {
	case len(list) == 0:
		return value.Null
	case last:
		return value.Of(list[len(list)-1])
	}
	return value.Of(list[0])
}

func (e *Element) setValue(t *value.Thread, s string) {
	e.removeAll()
	addString(t, e, s)
}

// saveRows write to a TextWriter.
var saveRows = []value.Row{
	{Sig: "void Save(TextWriter textWriter)", Doc: "Writes the indented XML with a declaration.", Func: func(c *value.Call) value.Value { return saveTo(c, 0) }},
	{Sig: "void Save(TextWriter textWriter, SaveOptions options)", Doc: "Writes the XML with a declaration.", Func: func(c *value.Call) value.Value { return saveTo(c, c.Int(1)) }},
}

func saveTo(c *value.Call, options int) value.Value {
	c.NotNull(0, "output")
	c.Args[0].Object().(*builder).add(c.Thread, save(c.Thread, thisNode(c), options))
	return value.Null
}

// loaded is the text that a TextReader argument has left.
func loaded(c *value.Call) string {
	c.NotNull(0, "input")
	return c.Args[0].Object().(*reader).rest()
}

func elementRows() []value.Row {
	return join(
		[]value.Row{
			{Sig: "XElement(XName name)", Doc: "An empty element.", Func: func(c *value.Call) value.Value { return newElement(c, -1) }},
			{Sig: "XElement(XName name, object content)", Doc: "An element with content.", Func: func(c *value.Call) value.Value { return newElement(c, 1) }},
			{Sig: "XElement(XName name, params object[] content)", Doc: "An element with content.", Func: func(c *value.Call) value.Value { return newElement(c, 1) }},
			{Sig: "XElement(XElement other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "other")
				return Of(Clone(c.Thread, NodeOf(c.Args[0])))
			}},
			{Sig: "static XElement Parse(string text)", Doc: "Reads an element.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "s")
				return value.Of(ParseElement(c.Thread, c.Str(0), false))
			}},
			{Sig: "static XElement Parse(string text, LoadOptions options)", Doc: "Reads an element.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "s")
				return value.Of(ParseElement(c.Thread, c.Str(0), preserved(c, 1)))
			}},
			{Sig: "static XElement Load(TextReader textReader)", Doc: "Reads an element.", Func: func(c *value.Call) value.Value {
				return value.Of(ParseElement(c.Thread, loaded(c), false))
			}},
			{Sig: "static XElement Load(TextReader textReader, LoadOptions options)", Doc: "Reads an element.", Func: func(c *value.Call) value.Value {
				return value.Of(ParseElement(c.Thread, loaded(c), preserved(c, 1)))
			}},
			{Sig: "static IEnumerable<XElement> EmptySequence { get; }", Doc: "No elements.", Func: func(*value.Call) value.Value {
				return sequence(elementType, func() walk { return func(*value.Thread) Node { return nil } })
			}},
			{Sig: "XName Name { get; set; }", Doc: "The element's name.", Func: func(c *value.Call) value.Value {
				n := this(c).Name
				return value.Of(&n)
			}, Set: func(c *value.Call) {
				c.NotNull(0, "value")
				this(c).Name = *nameOf(c, 0)
			}},
			{Sig: "string Value { get; set; }", Doc: "The text of the element and all elements in it.", Func: func(c *value.Call) value.Value { return value.String(this(c).TextValue(c.Thread)) }, Set: func(c *value.Call) {
				c.NotNull(0, "value")
				this(c).setValue(c.Thread, c.Str(0))
			}},
			{Sig: "bool HasAttributes { get; }", Doc: "Whether it has attributes.", Func: func(c *value.Call) value.Value { return value.Bool(len(this(c).attrs) > 0) }},
			{Sig: "bool HasElements { get; }", Doc: "Whether it has child elements.", Func: func(c *value.Call) value.Value {
				for _, n := range this(c).nodes {
					if isElement(n) {
						return value.True
					}
				}
				return value.False
			}},
			{Sig: "bool IsEmpty { get; }", Doc: "Whether it has no content, not even an empty text.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).Empty()) }},
			{Sig: "XAttribute FirstAttribute { get; }", Doc: "The first attribute, or null.", Func: func(c *value.Call) value.Value { return edgeAttribute(c, false) }},
			{Sig: "XAttribute LastAttribute { get; }", Doc: "The last attribute, or null.", Func: func(c *value.Call) value.Value { return edgeAttribute(c, true) }},
			{Sig: "XAttribute Attribute(XName name)", Doc: "The attribute of a name, or null.", Func: func(c *value.Call) value.Value {
				n := nameOf(c, 0)
				if n == nil {
					return value.Null
				}
				return attributeValue(this(c).Attr(*n))
			}},
			{Sig: "IEnumerable<XAttribute> Attributes()", Doc: "The attributes.", Func: func(c *value.Call) value.Value { return attributeSequence(this(c), nil, true) }},
			{Sig: "IEnumerable<XAttribute> Attributes(XName name)", Doc: "The attribute of a name, as a sequence.", Func: func(c *value.Call) value.Value { return attributeSequence(this(c), nameOf(c, 0), false) }},
			nodes("DescendantNodesAndSelf", "It and the nodes below it.", selfDownAxis),
			{Sig: "XNamespace GetDefaultNamespace()", Doc: "The namespace of names without a prefix.", Func: func(c *value.Call) value.Value {
				s, _ := this(c).spaceOf("xmlns", nil)
				return value.Of(&Namespace{s})
			}},
			{Sig: "XNamespace GetNamespaceOfPrefix(string prefix)", Doc: "The namespace of a prefix, or null.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "prefix")
				prefix := c.Str(0)
				switch prefix {
				case "":
					c.ThrowArgument(value.ArgumentException, "The value cannot be an empty string.", "prefix")
				case "xmlns":
					return value.Of(&Namespace{xmlnsSpace})
				}
				if s, ok := this(c).spaceOf(prefix, nil); ok {
					return value.Of(&Namespace{s})
				}
				if prefix == "xml" {
					return value.Of(&Namespace{xmlSpace})
				}
				return value.Null
			}},
			{Sig: "string GetPrefixOfNamespace(XNamespace ns)", Doc: "A prefix of a namespace, or null.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "ns")
				return nullOr(this(c).prefixOf(namespaceOf(c.Args[0]).Name))
			}},
			{Sig: "void RemoveAll()", Doc: "Takes out all nodes and attributes.", Func: func(c *value.Call) value.Value {
				this(c).removeAttributes()
				this(c).removeAll()
				return value.Null
			}},
			{Sig: "void RemoveAttributes()", Doc: "Takes out all attributes.", Func: func(c *value.Call) value.Value {
				this(c).removeAttributes()
				return value.Null
			}},
			{Sig: "void SetAttributeValue(XName name, object value)", Doc: "Sets, adds or with null removes an attribute.", Func: func(c *value.Call) value.Value {
				e, n := this(c), nameOf(c, 0)
				var a *Attribute
				if n != nil {
					a = e.Attr(*n)
				}
				switch {
				case c.Args[1].IsNull():
					if a != nil {
						removeAttribute(c.Thread, a)
					}
				case a != nil:
					a.set(c.Thread, textOf(c.Thread, c.Args[1]))
				default:
					addAttribute(c.Thread, e, newAttribute(c, 0, 1))
				}
				return value.Null
			}},
			{Sig: "void SetElementValue(XName name, object value)", Doc: "Sets, adds or with null removes a child element.", Func: func(c *value.Call) value.Value {
				e := this(c)
				k := firstElement(e, nameOf(c, 0))
				switch {
				case c.Args[1].IsNull():
					if k != nil {
						remove(c.Thread, k)
					}
				case k != nil:
					k.setValue(c.Thread, textOf(c.Thread, c.Args[1]))
				default:
					c.NotNull(0, "name")
					c.Alloc(elementCost)
					k = &Element{Name: *nameOf(c, 0)}
					addString(c.Thread, k, textOf(c.Thread, c.Args[1]))
					addNode(c.Thread, e, k)
				}
				return value.Null
			}},
			{Sig: "void SetValue(object value)", Doc: "Puts a value in the place of all content.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "value")
				this(c).setValue(c.Thread, textOf(c.Thread, c.Args[0]))
				return value.Null
			}},
		},
		saveRows,
		axis("AncestorsAndSelf", "It and the elements around it", selfUpAxis),
		axis("DescendantsAndSelf", "It and the elements below it", selfDownAxis),
		both("void ReplaceAll", "content", "Puts content in the place of all nodes and attributes.", func(c *value.Call) value.Value {
			v := snapshot(c.Thread, c.Args[0])
			this(c).removeAttributes()
			this(c).removeAll()
			addContent(c.Thread, this(c), v)
			return value.Null
		}),
		both("void ReplaceAttributes", "content", "Puts content in the place of all attributes.", func(c *value.Call) value.Value {
			v := snapshot(c.Thread, c.Args[0])
			this(c).removeAttributes()
			addContent(c.Thread, this(c), v)
			return value.Null
		}),
		conversionRows("XElement", "element", func(c *value.Call) string {
			return c.Args[0].Object().(*Element).TextValue(c.Thread)
		}),
	)
}

func newAttribute(c *value.Call, name, v int) *Attribute {
	c.NotNull(name, "name")
	c.NotNull(v, "value")
	s := textOf(c.Thread, c.Args[v])
	checkAttribute(c.Thread, *nameOf(c, name), s)
	c.Alloc(attrCost)
	return &Attribute{Name: *nameOf(c, name), value: s}
}

func (a *Attribute) set(t *value.Thread, s string) {
	checkAttribute(t, a.Name, s)
	a.value = s
}

func (a *Attribute) neighbour(by int) value.Value {
	if a.parent == nil {
		return value.Null
	}
	for i, b := range a.parent.attrs {
		if b == a && i+by >= 0 && i+by < len(a.parent.attrs) {
			return value.Of(a.parent.attrs[i+by])
		}
	}
	return value.Null
}

func thisAttribute(c *value.Call) *Attribute { return c.This.Object().(*Attribute) }

func attributeRows() []value.Row {
	return append([]value.Row{
		{Sig: "XAttribute(XName name, object value)", Doc: "An attribute.", Func: func(c *value.Call) value.Value { return value.Of(newAttribute(c, 0, 1)) }},
		{Sig: "XAttribute(XAttribute other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "other")
			c.Alloc(attrCost)
			a := c.Args[0].Object().(*Attribute)
			return value.Of(&Attribute{Name: a.Name, value: a.value})
		}},
		{Sig: "static IEnumerable<XAttribute> EmptySequence { get; }", Doc: "No attributes.", Func: func(*value.Call) value.Value { return attributeSequence(&Element{}, nil, true) }},
		{Sig: "XName Name { get; }", Doc: "The attribute's name.", Func: func(c *value.Call) value.Value {
			n := thisAttribute(c).Name
			return value.Of(&n)
		}},
		{Sig: "string Value { get; set; }", Doc: "The attribute's value.", Func: func(c *value.Call) value.Value { return value.String(thisAttribute(c).value) }, Set: func(c *value.Call) {
			c.NotNull(0, "value")
			thisAttribute(c).set(c.Thread, c.Str(0))
		}},
		{Sig: "bool IsNamespaceDeclaration { get; }", Doc: "Whether it declares a namespace.", Func: func(c *value.Call) value.Value { return value.Bool(thisAttribute(c).declares()) }},
		{Sig: "XAttribute NextAttribute { get; }", Doc: "The attribute behind it, or null.", Func: func(c *value.Call) value.Value { return thisAttribute(c).neighbour(1) }},
		{Sig: "XAttribute PreviousAttribute { get; }", Doc: "The attribute before it, or null.", Func: func(c *value.Call) value.Value { return thisAttribute(c).neighbour(-1) }},
		{Sig: "void Remove()", Doc: "Takes it out of its element.", Func: func(c *value.Call) value.Value {
			removeAttribute(c.Thread, thisAttribute(c))
			return value.Null
		}},
		{Sig: "void SetValue(object value)", Doc: "Gives it a value.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "value")
			thisAttribute(c).set(c.Thread, textOf(c.Thread, c.Args[0]))
			return value.Null
		}},
		{Sig: "override string ToString()", Doc: `name="value".`, Func: func(c *value.Call) value.Value { return value.String(printAttribute(c.Thread, thisAttribute(c))) }},
	}, conversionRows("XAttribute", "attribute", func(c *value.Call) string { return c.Args[0].Object().(*Attribute).value })...)
}

func newDocument(c *value.Call, decl, contentArg int) value.Value {
	c.Alloc(elementCost)
	d := &Document{}
	if decl >= 0 {
		d.decl, _ = c.Args[decl].Object().(*Declaration)
	}
	if contentArg >= 0 {
		addContent(c.Thread, d, c.Args[contentArg])
	}
	return value.Of(d)
}

func thisDocument(c *value.Call) *Document { return c.This.Object().(*Document) }

var documentRows = append([]value.Row{
	{Sig: "XDocument()", Doc: "An empty document.", Func: func(c *value.Call) value.Value { return newDocument(c, -1, -1) }},
	{Sig: "XDocument(params object[] content)", Doc: "A document with content.", Func: func(c *value.Call) value.Value { return newDocument(c, -1, 0) }},
	{Sig: "XDocument(XDeclaration declaration, params object[] content)", Doc: "A document with a declaration and content.", Func: func(c *value.Call) value.Value { return newDocument(c, 0, 1) }},
	{Sig: "XDocument(XDocument other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return Of(Clone(c.Thread, NodeOf(c.Args[0])))
	}},
	{Sig: "static XDocument Parse(string text)", Doc: "Reads a document.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Of(ParseDocument(c.Thread, c.Str(0), false))
	}},
	{Sig: "static XDocument Parse(string text, LoadOptions options)", Doc: "Reads a document.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Of(ParseDocument(c.Thread, c.Str(0), preserved(c, 1)))
	}},
	{Sig: "XDeclaration Declaration { get; set; }", Doc: "The XML declaration, or null.", Func: func(c *value.Call) value.Value {
		if d := thisDocument(c).decl; d != nil {
			return value.Of(d)
		}
		return value.Null
	}, Set: func(c *value.Call) { thisDocument(c).decl, _ = c.Args[0].Object().(*Declaration) }},
	{Sig: "XDocumentType DocumentType { get; }", Doc: "The document type declaration, or null.", Func: func(c *value.Call) value.Value {
		for _, n := range thisDocument(c).nodes {
			if d, ok := n.(*DocType); ok {
				return value.Of(d)
			}
		}
		return value.Null
	}},
	{Sig: "XElement Root { get; }", Doc: "The document's element, or null.", Func: func(c *value.Call) value.Value { return elementValue(thisDocument(c).Root()) }},
}, saveRows...)

var textRows = []value.Row{
	{Sig: "XText(string value)", Doc: "Text.", Func: func(c *value.Call) value.Value { return newText(c, false) }},
	{Sig: "XText(XText other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return value.Of(&Text{Value: c.Args[0].Object().(*Text).Value})
	}},
	{Sig: "string Value { get; set; }", Doc: "The text.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*Text).Value) }, Set: func(c *value.Call) {
		c.NotNull(0, "value")
		c.This.Object().(*Text).Value = c.Str(0)
	}},
}

func newText(c *value.Call, cdata bool) value.Value {
	c.NotNull(0, "value")
	c.Alloc(nodeCost)
	return value.Of(&Text{Value: c.Str(0), CData: cdata})
}

var cdataRows = []value.Row{
	{Sig: "XCData(string value)", Doc: "Text in a CDATA section.", Func: func(c *value.Call) value.Value { return newText(c, true) }},
	{Sig: "XCData(XCData other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return value.Of(&Text{Value: c.Args[0].Object().(*Text).Value, CData: true})
	}},
}

var commentRows = []value.Row{
	{Sig: "XComment(string value)", Doc: "A comment.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "value")
		c.Alloc(nodeCost)
		return value.Of(&Comment{Value: c.Str(0)})
	}},
	{Sig: "XComment(XComment other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return Of(Clone(c.Thread, NodeOf(c.Args[0])))
	}},
	{Sig: "string Value { get; set; }", Doc: "The comment's text.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*Comment).Value) }, Set: func(c *value.Call) {
		c.NotNull(0, "value")
		c.This.Object().(*Comment).Value = c.Str(0)
	}},
}

func checkTarget(c *value.Call, i int, param string) string {
	c.NotNull(i, param)
	checkInstruction(c.Thread, c.Str(i))
	return c.Str(i)
}

func checkInstruction(t *value.Thread, target string) {
	checkLocal(t, target)
	if strings.EqualFold(target, "xml") {
		t.Throw(value.ArgumentException, "%s", "'"+target+"' is an invalid name for a processing instruction.")
	}
}

var instructionRows = []value.Row{
	{Sig: "XProcessingInstruction(string target, string data)", Doc: "A processing instruction.", Func: func(c *value.Call) value.Value {
		s := checkTarget(c, 0, "target")
		c.NotNull(1, "data")
		c.Alloc(nodeCost)
		return value.Of(&Instruction{Target: s, Data: c.Str(1)})
	}},
	{Sig: "XProcessingInstruction(XProcessingInstruction other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return Of(Clone(c.Thread, NodeOf(c.Args[0])))
	}},
	{Sig: "string Target { get; set; }", Doc: "The instruction's name.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*Instruction).Target) }, Set: func(c *value.Call) {
		c.This.Object().(*Instruction).Target = checkTarget(c, 0, "value")
	}},
	{Sig: "string Data { get; set; }", Doc: "The instruction's text.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*Instruction).Data) }, Set: func(c *value.Call) {
		c.NotNull(0, "value")
		c.This.Object().(*Instruction).Data = c.Str(0)
	}},
}

func thisDocType(c *value.Call) *DocType { return c.This.Object().(*DocType) }

var docTypeRows = []value.Row{
	{Sig: "XDocumentType(string name, string publicId, string systemId, string internalSubset)", Doc: "A document type declaration.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "name")
		checkLocal(c.Thread, c.Str(0))
		c.Alloc(nodeCost)
		return value.Of(&DocType{Name: c.Str(0), public: c.Args[1], system: c.Args[2], internal: c.Args[3]})
	}},
	{Sig: "XDocumentType(XDocumentType other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return Of(Clone(c.Thread, NodeOf(c.Args[0])))
	}},
	{Sig: "string Name { get; set; }", Doc: "The name of the root element.", Func: func(c *value.Call) value.Value { return value.String(thisDocType(c).Name) }, Set: func(c *value.Call) {
		c.NotNull(0, "value")
		checkLocal(c.Thread, c.Str(0))
		thisDocType(c).Name = c.Str(0)
	}},
	{Sig: "string PublicId { get; set; }", Doc: "The public identifier, or null.", Func: func(c *value.Call) value.Value { return thisDocType(c).public }, Set: func(c *value.Call) { thisDocType(c).public = c.Args[0] }},
	{Sig: "string SystemId { get; set; }", Doc: "The system identifier, or null.", Func: func(c *value.Call) value.Value { return thisDocType(c).system }, Set: func(c *value.Call) { thisDocType(c).system = c.Args[0] }},
	{Sig: "string InternalSubset { get; set; }", Doc: "The internal subset, or null.", Func: func(c *value.Call) value.Value { return thisDocType(c).internal }, Set: func(c *value.Call) { thisDocType(c).internal = c.Args[0] }},
}

func thisDeclaration(c *value.Call) *Declaration { return c.This.Object().(*Declaration) }

var declarationRows = []value.Row{
	{Sig: "XDeclaration(string version, string encoding, string standalone)", Doc: "An XML declaration.", Func: func(c *value.Call) value.Value {
		return value.Of(&Declaration{c.Args[0], c.Args[1], c.Args[2]})
	}},
	{Sig: "XDeclaration(XDeclaration other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		d := *c.Args[0].Object().(*Declaration)
		return value.Of(&d)
	}},
	{Sig: "string Version { get; set; }", Doc: "The version, or null.", Func: func(c *value.Call) value.Value { return thisDeclaration(c).version }, Set: func(c *value.Call) { thisDeclaration(c).version = c.Args[0] }},
	{Sig: "string Encoding { get; set; }", Doc: "The encoding, or null.", Func: func(c *value.Call) value.Value { return thisDeclaration(c).encoding }, Set: func(c *value.Call) { thisDeclaration(c).encoding = c.Args[0] }},
	{Sig: "string Standalone { get; set; }", Doc: "yes, no or null.", Func: func(c *value.Call) value.Value { return thisDeclaration(c).standalone }, Set: func(c *value.Call) { thisDeclaration(c).standalone = c.Args[0] }},
	{Sig: "override string ToString()", Doc: "The declaration with its marks.", Func: func(c *value.Call) value.Value { return value.String(thisDeclaration(c).ToString(c.Thread)) }},
}
