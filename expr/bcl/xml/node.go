package xml

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Node is an XNode.
type Node interface {
	value.Object
	// Kind is the XmlNodeType.
	Kind() NodeType
	base() *node
}

// Container is an XContainer: an element or a document.
type Container interface {
	Node
	box() *children
}

// node is what all nodes share.
type node struct {
	parent Container
	index  int32 // where the node last was among the children: a hint
	notes  *value.Annotations
}

func (n *node) base() *node { return n }

// children are the nodes of a container.
type children struct {
	node
	nodes []Node
	// open says that a container without nodes has a start and an end tag.
	open bool
}

func (c *children) box() *children { return c }

// Element is an XElement.
type Element struct {
	children
	Name  Name
	attrs []*Attribute
}

// Document is an XDocument.
type Document struct {
	children
	decl *Declaration
}

// Attribute is an XAttribute.
type Attribute struct {
	Name   Name
	value  string
	parent *Element
	notes  *value.Annotations
}

// Text is an XText, or with CData set an XCData.
type Text struct {
	node
	Value string
	CData bool
}

// Comment is an XComment.
type Comment struct {
	node
	Value string
}

// Instruction is an XProcessingInstruction.
type Instruction struct {
	node
	Target, Data string
}

// DocType is an XDocumentType. Its parts but the name may be null.
type DocType struct {
	node
	Name                     string
	public, system, internal value.Value
}

// Declaration is an XDeclaration, of values that may be null.
type Declaration struct{ version, encoding, standalone value.Value }

// Type is XElement.
func (*Element) Type() *types.Type { return elementType }

// Type is XDocument.
func (*Document) Type() *types.Type { return XDocumentDef.Type() }

// Type is XAttribute.
func (*Attribute) Type() *types.Type { return attrType }

// Type is XText or XCData.
func (x *Text) Type() *types.Type {
	if x.CData {
		return XCDataDef.Type()
	}
	return XTextDef.Type()
}

// Type is XComment.
func (*Comment) Type() *types.Type { return XCommentDef.Type() }

// Type is XProcessingInstruction.
func (*Instruction) Type() *types.Type { return XProcessingDef.Type() }

// Type is XDocumentType.
func (*DocType) Type() *types.Type { return XDocTypeDef.Type() }

// Type is XDeclaration.
func (*Declaration) Type() *types.Type { return XDeclDef.Type() }

// Kind is Element.
func (*Element) Kind() NodeType { return ElementNode }

// Kind is Document.
func (*Document) Kind() NodeType { return DocumentNode }

// Kind is Text or CDATA.
func (x *Text) Kind() NodeType {
	if x.CData {
		return CDataNode
	}
	return TextNode
}

// Kind is Comment.
func (*Comment) Kind() NodeType { return CommentNode }

// Kind is ProcessingInstruction.
func (*Instruction) Kind() NodeType { return InstructionNode }

// Kind is DocumentType.
func (*DocType) Kind() NodeType { return DocTypeNode }

// What nodes are charged with, in bytes.
const (
	elementCost = 160
	attrCost    = 96
	nodeCost    = 96
)

// Of is a node as a value; a nil node is null.
func Of(n Node) value.Value {
	if n == nil {
		return value.Null
	}
	return value.Of(n)
}

// NodeOf is the node in a value, nil when there is none.
func NodeOf(v value.Value) Node {
	n, _ := v.Object().(Node)
	return n
}

// Nodes are the children of a container, which belong to it.
func Nodes(c Container) []Node { return c.box().nodes }

// Attrs are the attributes of the element, which belong to it.
func (e *Element) Attrs() []*Attribute { return e.attrs }

// Value is the attribute's value.
func (a *Attribute) Value() string { return a.value }

// Empty reports whether the element has no content at all, not even "".
func (e *Element) Empty() bool { return len(e.nodes) == 0 && !e.open }

// Root is the document's element, nil if it has none.
func (d *Document) Root() *Element {
	for _, n := range d.nodes {
		if e, ok := n.(*Element); ok {
			return e
		}
	}
	return nil
}

// Attr is the attribute of a name, nil if there is none.
func (e *Element) Attr(n Name) *Attribute {
	for _, a := range e.attrs {
		if a.Name == n {
			return a
		}
	}
	return nil
}

// TextValue is the text of the element and of all elements in it.
func (e *Element) TextValue(t *value.Thread) string {
	if len(e.nodes) == 1 {
		if x, ok := e.nodes[0].(*Text); ok {
			return x.Value
		}
	}
	var b strings.Builder
	appendText(t, &b, e)
	return b.String()
}

func appendText(t *value.Thread, b *strings.Builder, c Container) {
	for _, n := range c.box().nodes {
		t.Step(1)
		switch n := n.(type) {
		case *Text:
			t.Alloc(len(n.Value))
			b.WriteString(n.Value)
		case *Element:
			appendText(t, b, n)
		}
	}
}

// at is the index of a child of its parent, -1 when it is not there.
func at(c Container, n Node) int {
	if n == nil || n.base().parent != c {
		return -1
	}
	list := c.box().nodes
	if i := int(n.base().index); i < len(list) && list[i] == n {
		return i
	}
	for i, m := range list {
		m.base().index = int32(i)
		if m == n {
			return i
		}
	}
	return -1
}

// next is the sibling behind a node, nil when there is none.
func next(n Node) Node { return sibling(n, 1) }

func sibling(n Node, by int) Node {
	c := n.base().parent
	if c == nil {
		return nil
	}
	list := c.box().nodes
	i := at(c, n) + by
	if i < 0 || i >= len(list) {
		return nil
	}
	list[i].base().index = int32(i)
	return list[i]
}

// parentElement is the element around a node, nil at the top and in documents.
func parentElement(n Node) *Element {
	e, _ := n.base().parent.(*Element)
	return e
}

// top is the outermost node.
func top(n Node) Node {
	for {
		p := n.base().parent
		if p == nil {
			return n
		}
		n = p
	}
}

// insertAt puts a node among the children at an index.
func (c *children) insertAt(self Container, i int, n Node) {
	n.base().parent, n.base().index = self, int32(i)
	if i == len(c.nodes) {
		c.nodes = append(c.nodes, n)
		return
	}
	c.nodes = append(c.nodes, nil)
	copy(c.nodes[i+1:], c.nodes[i:])
	c.nodes[i] = n
}

func (c *children) removeAt(i int) {
	c.nodes[i].base().parent = nil
	// A walk that stands on the removed node must not see the slice move under
	// it, which it does not: it asks for its parent first.
	copy(c.nodes[i:], c.nodes[i+1:])
	c.nodes[len(c.nodes)-1] = nil
	c.nodes = c.nodes[:len(c.nodes)-1]
	if len(c.nodes) == 0 {
		c.open = false
	}
}

func (c *children) removeAll() {
	for _, n := range c.nodes {
		n.base().parent = nil
	}
	c.nodes, c.open = nil, false
}

// Clone is a deep copy without a parent.
func Clone(t *value.Thread, n Node) Node {
	t.Step(1)
	copied := func(from *children, to Container) {
		b := to.box()
		b.open = from.open
		if len(from.nodes) > 0 {
			b.nodes = make([]Node, len(from.nodes))
		}
		for i, k := range from.nodes {
			k = Clone(t, k)
			k.base().parent, k.base().index = to, int32(i)
			b.nodes[i] = k
		}
	}
	switch n := n.(type) {
	case *Element:
		t.Alloc(elementCost)
		e := &Element{Name: n.Name}
		for _, a := range n.attrs {
			t.Alloc(attrCost)
			e.attrs = append(e.attrs, &Attribute{Name: a.Name, value: a.value, parent: e})
		}
		copied(&n.children, e)
		return e
	case *Document:
		t.Alloc(elementCost)
		d := &Document{}
		if n.decl != nil {
			c := *n.decl
			d.decl = &c
		}
		copied(&n.children, d)
		return d
	case *Text:
		t.Alloc(nodeCost)
		return &Text{Value: n.Value, CData: n.CData}
	case *Comment:
		t.Alloc(nodeCost)
		return &Comment{Value: n.Value}
	case *Instruction:
		t.Alloc(nodeCost)
		return &Instruction{Target: n.Target, Data: n.Data}
	case *DocType:
		t.Alloc(nodeCost)
		return &DocType{Name: n.Name, public: n.public, system: n.system, internal: n.internal}
	}
	panic("xml: unknown node")
}

// DeepEqual is XNode.DeepEquals.
func DeepEqual(t *value.Thread, a, b Node) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	t.Step(1)
	switch a := a.(type) {
	case *Element:
		b, ok := b.(*Element)
		if !ok || a.Name != b.Name || !sameContent(t, &a.children, &b.children) || len(a.attrs) != len(b.attrs) {
			return false
		}
		for i, x := range a.attrs {
			if x.Name != b.attrs[i].Name || x.value != b.attrs[i].value {
				return false
			}
		}
		return true
	case *Document:
		b, ok := b.(*Document)
		return ok && sameContent(t, &a.children, &b.children)
	case *Text:
		b, ok := b.(*Text)
		return ok && a.CData == b.CData && a.Value == b.Value
	case *Comment:
		b, ok := b.(*Comment)
		return ok && a.Value == b.Value
	case *Instruction:
		b, ok := b.(*Instruction)
		return ok && a.Target == b.Target && a.Data == b.Data
	case *DocType:
		b, ok := b.(*DocType)
		return ok && a.Name == b.Name && a.public.Str() == b.public.Str() && a.system.Str() == b.system.Str() && a.internal.Str() == b.internal.Str()
	}
	return false
}

// sameContent compares children, neighbouring texts taken together.
func sameContent(t *value.Thread, a, b *children) bool {
	if len(a.nodes) == 0 || len(b.nodes) == 0 {
		return len(a.nodes) == len(b.nodes) && a.open == b.open
	}
	i, j := 0, 0
	collect := func(list []Node, k *int) string {
		s := ""
		for *k < len(list) && list[*k].Kind() == TextNode {
			x := list[*k].(*Text).Value
			t.Alloc(len(x))
			s += x
			*k++
		}
		return s
	}
	for {
		if collect(a.nodes, &i) != collect(b.nodes, &j) {
			return false
		}
		if i == len(a.nodes) || j == len(b.nodes) {
			return i == len(a.nodes) && j == len(b.nodes)
		}
		if !DeepEqual(t, a.nodes[i], b.nodes[j]) {
			return false
		}
		i++
		j++
	}
}

// deepHash goes with DeepEqual.
func deepHash(t *value.Thread, n Node) int32 {
	t.Step(1)
	switch n := n.(type) {
	case *Element:
		h := n.Name.Hash(t)
		for _, a := range n.attrs {
			h ^= a.Name.Hash(t) ^ value.HashString(a.value)
		}
		for _, k := range n.nodes {
			if k.Kind() != TextNode {
				h ^= deepHash(t, k)
			}
		}
		return h
	case *Document:
		h := int32(0)
		for _, k := range n.nodes {
			h ^= deepHash(t, k)
		}
		return h
	case *Text:
		return value.HashString(n.Value)
	case *Comment:
		return value.HashString(n.Value)
	case *Instruction:
		return value.HashString(n.Target) ^ value.HashString(n.Data)
	case *DocType:
		return value.HashString(n.Name)
	}
	return 0
}
