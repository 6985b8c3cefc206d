package xml

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Members is the table of this package.
func Members() []value.Members {
	at := func(c *value.Call) position {
		p, _ := c.This.Object().(*value.Exception).State.(position)
		return p
	}
	return []value.Members{
		{Def: NodeTypeDef, Doc: "The kind of a node."},
		{Def: XmlExceptionDef, Doc: "A failure of XML.", Beyond: true, Rows: append(value.ExceptionRows(XmlExceptionDef, "An XML error has occurred."),
			value.Row{Sig: "int LineNumber { get; }", Doc: "The line of the failure, from 1.", Func: func(c *value.Call) value.Value { return value.Int(at(c).line) }},
			value.Row{Sig: "int LinePosition { get; }", Doc: "The position in that line.", Func: func(c *value.Call) value.Value { return value.Int(at(c).column) }})},
		{Def: LoadOptionsDef, Doc: "How XML is read.", Beyond: true},
		{Def: SaveOptionsDef, Doc: "How XML is written.", Beyond: true},
		{Def: XNameDef, Doc: "A name in a namespace.", Rows: nameRows},
		{Def: XNamespaceDef, Doc: "A namespace.", Rows: namespaceRows},
		{Def: XObjectDef, Doc: "A node or an attribute.", Rows: append(objectRows, value.AnnotationRows(notesOf)...)},
		{Def: XAttributeDef, Doc: "An attribute.", Rows: attributeRows()},
		{Def: XNodeDef, Doc: "A node.", Rows: nodeRows},
		{Def: XContainerDef, Doc: "A node with children.", Rows: containerRows},
		{Def: XElementDef, Doc: "An element.", Rows: elementRows()},
		{Def: XDocumentDef, Doc: "A document.", Rows: documentRows},
		{Def: XTextDef, Doc: "Text.", Rows: textRows},
		{Def: XCDataDef, Doc: "Text in a CDATA section.", Rows: cdataRows},
		{Def: XCommentDef, Doc: "A comment.", Rows: commentRows},
		{Def: XProcessingDef, Doc: "A processing instruction.", Rows: instructionRows},
		{Def: XDocTypeDef, Doc: "A document type declaration.", Rows: docTypeRows},
		{Def: XDeclDef, Doc: "An XML declaration.", Rows: declarationRows},
		{Def: ExtensionsDef, Doc: "Methods on sequences of nodes.", Rows: extensionRows},
		{Def: EqualityDef, Doc: "Compares nodes by content.", Rows: equalityRows},
		{Def: OrderDef, Doc: "Compares nodes by their place.", Rows: orderRows},
		{Def: textReaderDef, Doc: "A reader of text.", Beyond: true, Rows: readerRows},
		{Def: stringReaderDef, Doc: "A reader of a string.", Rows: stringReaderRows},
		{Def: textWriterDef, Doc: "A writer of text.", Beyond: true, Rows: writerRows},
		{Def: stringWriterDef, Doc: "A writer into a string.", Rows: stringWriterRows},
	}
}

// nameOf is the name in an argument, nil for null.
func nameOf(c *value.Call, i int) *Name {
	n, _ := c.Args[i].Object().(*Name)
	return n
}

func nullOr(s string, ok bool) value.Value {
	if !ok {
		return value.Null
	}
	return value.String(s)
}

var nameRows = []value.Row{
	{Sig: "static XName Get(string expandedName)", Doc: "The name {namespace}local.", Func: func(c *value.Call) value.Value { return value.Of(expanded(c)) }},
	{Sig: "static XName Get(string localName, string namespaceName)", Doc: "A name in a namespace.", Func: func(c *value.Call) value.Value {
		c.NotNull(1, "namespaceName")
		return localName(c, c.Str(1), 0)
	}},
	{Sig: "static implicit operator XName(string expandedName)", Doc: "The name {namespace}local.", Func: func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Null
		}
		return value.Of(expanded(c))
	}},
	{Sig: "string LocalName { get; }", Doc: "The name without its namespace.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*Name).Local) }},
	{Sig: "string NamespaceName { get; }", Doc: "The namespace as text.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*Name).Space) }},
	{Sig: "XNamespace Namespace { get; }", Doc: "The namespace.", Func: func(c *value.Call) value.Value { return value.Of(&Namespace{c.This.Object().(*Name).Space}) }},
	{Sig: "override string ToString()", Doc: "{namespace}local.", Func: func(c *value.Call) value.Value { return value.String(c.ToString(c.This)) }},
	{Sig: "static bool operator ==(XName left, XName right)", Doc: "Whether two names are the same.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.Args[0], c.Args[1])) }},
	{Sig: "static bool operator !=(XName left, XName right)", Doc: "Whether two names differ.", Func: func(c *value.Call) value.Value { return value.Bool(!c.Equal(c.Args[0], c.Args[1])) }},
}

func expanded(c *value.Call) *Name {
	c.NotNull(0, "expandedName")
	if c.Str(0) == "" {
		c.ThrowArgument(value.ArgumentException, "The value cannot be an empty string.", "expandedName")
	}
	return parseName(c.Thread, c.Str(0))
}

func localName(c *value.Call, space string, i int) value.Value {
	c.NotNull(i, "localName")
	checkLocal(c.Thread, c.Str(i))
	return value.Of(&Name{c.Str(i), space})
}

func namespaceOf(v value.Value) *Namespace { return v.Object().(*Namespace) }

var namespaceRows = []value.Row{
	{Sig: "static XNamespace Get(string namespaceName)", Doc: "A namespace.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "namespaceName")
		return value.Of(&Namespace{c.Str(0)})
	}},
	{Sig: "static XNamespace None { get; }", Doc: "No namespace.", Func: func(*value.Call) value.Value { return value.Of(&Namespace{}) }},
	{Sig: "static XNamespace Xml { get; }", Doc: "The namespace of the prefix xml.", Func: func(*value.Call) value.Value { return value.Of(&Namespace{xmlSpace}) }},
	{Sig: "static XNamespace Xmlns { get; }", Doc: "The namespace of the prefix xmlns.", Func: func(*value.Call) value.Value { return value.Of(&Namespace{xmlnsSpace}) }},
	{Sig: "static implicit operator XNamespace(string namespaceName)", Doc: "A namespace.", Func: func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Null
		}
		return value.Of(&Namespace{c.Str(0)})
	}},
	{Sig: "static XName operator +(XNamespace ns, string localName)", Doc: "A name in the namespace.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "ns")
		return localName(c, namespaceOf(c.Args[0]).Name, 1)
	}},
	{Sig: "XName GetName(string localName)", Doc: "A name in the namespace.", Func: func(c *value.Call) value.Value { return localName(c, namespaceOf(c.This).Name, 0) }},
	{Sig: "string NamespaceName { get; }", Doc: "The namespace as text.", Func: func(c *value.Call) value.Value { return value.String(namespaceOf(c.This).Name) }},
	{Sig: "override string ToString()", Doc: "The namespace as text.", Func: func(c *value.Call) value.Value { return value.String(namespaceOf(c.This).Name) }},
	{Sig: "static bool operator ==(XNamespace left, XNamespace right)", Doc: "Whether two namespaces are the same.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.Args[0], c.Args[1])) }},
	{Sig: "static bool operator !=(XNamespace left, XNamespace right)", Doc: "Whether two namespaces differ.", Func: func(c *value.Call) value.Value { return value.Bool(!c.Equal(c.Args[0], c.Args[1])) }},
}

// topOf is the outermost node above a node or an attribute, nil for an
// attribute alone.
func topOf(v value.Value) Node {
	switch x := v.Object().(type) {
	case Node:
		return top(x)
	case *Attribute:
		if x.parent != nil {
			return top(x.parent)
		}
	}
	return nil
}

// notesOf is where a node or an attribute keeps its annotations.
func notesOf(this value.Value) **value.Annotations {
	if a, ok := this.Object().(*Attribute); ok {
		return &a.notes
	}
	return &NodeOf(this).base().notes
}

var objectRows = []value.Row{
	{Sig: "XElement Parent { get; }", Doc: "The element around it, null at the top.", Func: func(c *value.Call) value.Value {
		var e *Element
		switch x := c.This.Object().(type) {
		case Node:
			e = parentElement(x)
		case *Attribute:
			e = x.parent
		}
		if e == nil {
			return value.Null
		}
		return value.Of(e)
	}},
	{Sig: "XDocument Document { get; }", Doc: "The document it is in, or null.", Func: func(c *value.Call) value.Value {
		if d, ok := topOf(c.This).(*Document); ok {
			return value.Of(d)
		}
		return value.Null
	}},
	{Sig: "XmlNodeType NodeType { get; }", Doc: "The kind of the node.", Func: func(c *value.Call) value.Value {
		k := AttributeNode
		if n := NodeOf(c.This); n != nil {
			k = n.Kind()
		}
		return value.Enum(NodeTypeDef.Type(), int64(k))
	}},
	{Sig: "string BaseUri { get; }", Doc: "Where it was read from: nothing says that here.", Func: func(*value.Call) value.Value { return value.Empty }},
}

func thisNode(c *value.Call) Node { return c.This.Object().(Node) }

func both(sig, param, doc string, f func(c *value.Call) value.Value) []value.Row {
	return []value.Row{
		{Sig: sig + "(object " + param + ")", Doc: doc, Func: f},
		{Sig: sig + "(params object[] " + param + ")", Doc: doc, Func: f},
	}
}

// axis gives the rows of a walk over elements: all of them, and those of a name.
func axis(name, doc string, start func(c *value.Call) func() walk) []value.Row {
	return []value.Row{
		{Sig: "IEnumerable<XElement> " + name + "()", Doc: doc + ".", Func: func(c *value.Call) value.Value {
			w := start(c)
			return sequence(elementType, func() walk { return filtered(w(), isElement) })
		}},
		{Sig: "IEnumerable<XElement> " + name + "(XName name)", Doc: doc + " of a name.", Func: func(c *value.Call) value.Value {
			w, n := start(c), nameOf(c, 0)
			return sequence(elementType, func() walk { return filtered(w(), named(n)) })
		}},
	}
}

func nodes(sig, doc string, start func(c *value.Call) func() walk) value.Row {
	return value.Row{Sig: "IEnumerable<XNode> " + sig + "()", Doc: doc, Func: func(c *value.Call) value.Value { return sequence(nodeType, start(c)) }}
}

var (
	ancestorAxis = func(c *value.Call) func() walk { n := thisNode(c); return func() walk { return ancestorsOf(n, false) } }
	selfUpAxis   = func(c *value.Call) func() walk { n := thisNode(c); return func() walk { return ancestorsOf(n, true) } }
	afterAxis    = func(c *value.Call) func() walk { n := thisNode(c); return func() walk { return afterSelf(n) } }
	beforeAxis   = func(c *value.Call) func() walk { n := thisNode(c); return func() walk { return beforeSelf(n) } }
	childAxis    = func(c *value.Call) func() walk {
		n := thisNode(c).(Container)
		return func() walk { return childrenOf(n) }
	}
	belowAxis    = func(c *value.Call) func() walk { n := thisNode(c); return func() walk { return below(n, false) } }
	selfDownAxis = func(c *value.Call) func() walk { n := thisNode(c); return func() walk { return below(n, true) } }
)

func join(lists ...[]value.Row) []value.Row {
	var rows []value.Row
	for _, l := range lists {
		rows = append(rows, l...)
	}
	return rows
}

var nodeRows = join(
	axis("Ancestors", "The elements around it", ancestorAxis),
	axis("ElementsAfterSelf", "The elements behind it", afterAxis),
	axis("ElementsBeforeSelf", "The elements before it", beforeAxis),
	both("void AddAfterSelf", "content", "Adds content behind it.", func(c *value.Call) value.Value {
		n := thisNode(c)
		p := parentOf(c.Thread, n)
		insertContent(c.Thread, p, at(p, n)+1, c.Args[0])
		return value.Null
	}),
	both("void AddBeforeSelf", "content", "Adds content before it.", func(c *value.Call) value.Value {
		n := thisNode(c)
		p := parentOf(c.Thread, n)
		insertContent(c.Thread, p, at(p, n), c.Args[0])
		return value.Null
	}),
	both("void ReplaceWith", "content", "Puts content in its place.", func(c *value.Call) value.Value {
		n := thisNode(c)
		p := parentOf(c.Thread, n)
		i := at(p, n)
		p.box().removeAt(i)
		insertContent(c.Thread, p, i, c.Args[0])
		return value.Null
	}),
	[]value.Row{
		nodes("NodesAfterSelf", "The nodes behind it.", afterAxis),
		nodes("NodesBeforeSelf", "The nodes before it.", beforeAxis),
		{Sig: "XNode NextNode { get; }", Doc: "The node behind it, or null.", Func: func(c *value.Call) value.Value { return Of(sibling(thisNode(c), 1)) }},
		{Sig: "XNode PreviousNode { get; }", Doc: "The node before it, or null.", Func: func(c *value.Call) value.Value { return Of(sibling(thisNode(c), -1)) }},
		{Sig: "void Remove()", Doc: "Takes it out of its parent.", Func: func(c *value.Call) value.Value {
			remove(c.Thread, thisNode(c))
			return value.Null
		}},
		{Sig: "bool IsAfter(XNode node)", Doc: "Whether it stands behind another node.", Func: func(c *value.Call) value.Value {
			return value.Bool(compareOrder(c.Thread, thisNode(c), NodeOf(c.Args[0])) > 0)
		}},
		{Sig: "bool IsBefore(XNode node)", Doc: "Whether it stands before another node.", Func: func(c *value.Call) value.Value {
			return value.Bool(compareOrder(c.Thread, thisNode(c), NodeOf(c.Args[0])) < 0)
		}},
		{Sig: "static int CompareDocumentOrder(XNode n1, XNode n2)", Doc: "-1, 0 or 1 by the order in the document.", Func: func(c *value.Call) value.Value {
			return value.Int(compareOrder(c.Thread, NodeOf(c.Args[0]), NodeOf(c.Args[1])))
		}},
		{Sig: "static bool DeepEquals(XNode n1, XNode n2)", Doc: "Whether two nodes have the same content.", Func: func(c *value.Call) value.Value {
			return value.Bool(DeepEqual(c.Thread, NodeOf(c.Args[0]), NodeOf(c.Args[1])))
		}},
		{Sig: "static XNodeEqualityComparer EqualityComparer { get; }", Doc: "Compares nodes by content.", Func: func(*value.Call) value.Value { return value.Of(equality{}) }},
		{Sig: "static XNodeDocumentOrderComparer DocumentOrderComparer { get; }", Doc: "Compares nodes by their place.", Func: func(*value.Call) value.Value { return value.Of(order{}) }},
		{Sig: "override string ToString()", Doc: "The indented XML.", Func: func(c *value.Call) value.Value { return value.String(Print(c.Thread, thisNode(c), 0)) }},
		{Sig: "string ToString(SaveOptions options)", Doc: "The XML.", Func: func(c *value.Call) value.Value {
			return value.String(Print(c.Thread, thisNode(c), c.Int(0)))
		}},
	},
)

func thisContainer(c *value.Call) Container { return c.This.Object().(Container) }

func edge(c *value.Call, last bool) value.Value {
	list := thisContainer(c).box().nodes
	switch {
	case len(list) == 0:
		return value.Null
	case last:
		return Of(list[len(list)-1])
	}
	return Of(list[0])
}

func firstElement(c Container, n *Name) *Element {
	if n == nil {
		return nil
	}
	for _, k := range c.box().nodes {
		if e, ok := k.(*Element); ok && e.Name == *n {
			return e
		}
	}
	return nil
}

func elementValue(e *Element) value.Value {
	if e == nil {
		return value.Null
	}
	return value.Of(e)
}

var containerRows = join(
	axis("Elements", "The child elements", childAxis),
	axis("Descendants", "The elements below it", belowAxis),
	both("void Add", "content", "Adds content at the end.", func(c *value.Call) value.Value {
		addContent(c.Thread, thisContainer(c), c.Args[0])
		return value.Null
	}),
	both("void AddFirst", "content", "Adds content at the start.", func(c *value.Call) value.Value {
		insertContent(c.Thread, thisContainer(c), 0, c.Args[0])
		return value.Null
	}),
	both("void ReplaceNodes", "content", "Puts content in the place of all nodes.", func(c *value.Call) value.Value {
		v := snapshot(c.Thread, c.Args[0])
		thisContainer(c).box().removeAll()
		addContent(c.Thread, thisContainer(c), v)
		return value.Null
	}),
	[]value.Row{
		nodes("Nodes", "The child nodes.", childAxis),
		nodes("DescendantNodes", "The nodes below it.", belowAxis),
		{Sig: "XElement Element(XName name)", Doc: "The first child element of a name, or null.", Func: func(c *value.Call) value.Value {
			return elementValue(firstElement(thisContainer(c), nameOf(c, 0)))
		}},
		{Sig: "XNode FirstNode { get; }", Doc: "The first child node, or null.", Func: func(c *value.Call) value.Value { return edge(c, false) }},
		{Sig: "XNode LastNode { get; }", Doc: "The last child node, or null.", Func: func(c *value.Call) value.Value { return edge(c, true) }},
		{Sig: "void RemoveNodes()", Doc: "Takes all nodes out.", Func: func(c *value.Call) value.Value {
			thisContainer(c).box().removeAll()
			return value.Null
		}},
	},
)

type equality struct{}

// Type is XNodeEqualityComparer.
func (equality) Type() *types.Type { return EqualityDef.Type() }

// EqualValues is DeepEquals.
func (equality) EqualValues(t *value.Thread, a, b value.Value) bool {
	return DeepEqual(t, NodeOf(a), NodeOf(b))
}

// HashValue goes with EqualValues.
func (equality) HashValue(t *value.Thread, v value.Value) int32 {
	if n := NodeOf(v); n != nil {
		return deepHash(t, n)
	}
	return 0
}

var equalityRows = []value.Row{
	{Sig: "XNodeEqualityComparer()", Doc: "A comparer of content.", Func: func(*value.Call) value.Value { return value.Of(equality{}) }},
	{Sig: "bool Equals(XNode x, XNode y)", Doc: "Whether two nodes have the same content.", Func: func(c *value.Call) value.Value {
		return value.Bool(DeepEqual(c.Thread, NodeOf(c.Args[0]), NodeOf(c.Args[1])))
	}},
	{Sig: "int GetHashCode(XNode obj)", Doc: "The hash of a node's content.", Func: func(c *value.Call) value.Value {
		return value.Int(int(equality{}.HashValue(c.Thread, c.Args[0])))
	}},
}

type order struct{}

// Type is XNodeDocumentOrderComparer.
func (order) Type() *types.Type { return OrderDef.Type() }

// CompareValues is CompareDocumentOrder.
func (order) CompareValues(t *value.Thread, a, b value.Value) int {
	return compareOrder(t, NodeOf(a), NodeOf(b))
}

var orderRows = []value.Row{
	{Sig: "XNodeDocumentOrderComparer()", Doc: "A comparer of places.", Func: func(*value.Call) value.Value { return value.Of(order{}) }},
	{Sig: "int Compare(XNode x, XNode y)", Doc: "-1, 0 or 1 by the order in the document.", Func: func(c *value.Call) value.Value {
		return value.Int(compareOrder(c.Thread, NodeOf(c.Args[0]), NodeOf(c.Args[1])))
	}},
}
