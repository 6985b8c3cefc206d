package xml

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// adopt gives what becomes a child of c: a node that has a parent, or that c
// stands in, gives a copy.
func adopt(t *value.Thread, c Container, n Node) Node {
	if n.base().parent != nil || top(c) == n {
		return Clone(t, n)
	}
	return n
}

func cannotAdd(t *value.Thread, n Node) {
	t.Throw(value.ArgumentException, "A node of type %s cannot be added to content.", n.Kind())
}

// checkNode throws when a node may not be a child; before is the number of
// children that stand before it.
func checkNode(t *value.Thread, c Container, n Node, before int) {
	d, ok := c.(*Document)
	if !ok {
		if k := n.Kind(); k == DocumentNode || k == DocTypeNode {
			cannotAdd(t, n)
		}
		return
	}
	switch n.Kind() {
	case TextNode:
		checkString(t, c, n.(*Text).Value)
	case CDataNode, DocumentNode:
		cannotAdd(t, n)
	case ElementNode:
		for i, k := range d.nodes {
			if kind := k.Kind(); kind == ElementNode || kind == DocTypeNode && i >= before {
				badDocument(t)
			}
		}
	case DocTypeNode:
		for i, k := range d.nodes {
			if kind := k.Kind(); kind == DocTypeNode || kind == ElementNode && i < before {
				badDocument(t)
			}
		}
	}
}

func badDocument(t *value.Thread) {
	t.Throw(value.InvalidOperationException, "This operation would create an incorrectly structured document.")
}

// checkString throws when a document is to hold text other than white space.
func checkString(t *value.Thread, c Container, s string) {
	if _, ok := c.(*Document); ok && strings.Trim(s, " \t\r\n") != "" {
		t.Throw(value.ArgumentException, "Non-whitespace characters cannot be added to content.")
	}
}

// enumerable reports whether content is a sequence to be added piece by piece.
func enumerable(v value.Value) bool {
	_, ok := v.Object().(value.Enumerable)
	return ok
}

func each(t *value.Thread, v value.Value, f func(x value.Value)) {
	// The elements are those of the sequence seen as one of objects.
	for it := t.IterateAs(v, types.Object); ; {
		x, ok := it.Next(t)
		if !ok {
			return
		}
		t.Step(1)
		f(x)
	}
}

// addContent is XContainer.Add.
func addContent(t *value.Thread, c Container, v value.Value) {
	switch x := v.Object().(type) {
	case Node:
		addNode(t, c, x)
		return
	case *Attribute:
		e, ok := c.(*Element)
		if !ok {
			t.Throw(value.ArgumentException, "An attribute cannot be added to content.")
		}
		addAttribute(t, e, x)
		return
	}
	switch {
	case v.IsNull():
	case v.IsString():
		addString(t, c, v.Str())
	case enumerable(v):
		each(t, v, func(x value.Value) { addContent(t, c, x) })
	default:
		addString(t, c, textOf(t, v))
	}
}

func addNode(t *value.Thread, c Container, n Node) {
	checkNode(t, c, n, len(c.box().nodes))
	n = adopt(t, c, n)
	t.Alloc(16)
	c.box().insertAt(c, len(c.box().nodes), n)
}

// addString adds text, to the last node if that is text.
func addString(t *value.Thread, c Container, s string) {
	checkString(t, c, s)
	b := c.box()
	if s == "" {
		if len(b.nodes) == 0 {
			b.open = true
		}
		return
	}
	if n := len(b.nodes); n > 0 {
		if x, ok := b.nodes[n-1].(*Text); ok && !x.CData {
			t.Alloc(len(x.Value) + len(s))
			x.Value = value.Concat(x.Value, s)
			return
		}
	}
	t.Alloc(nodeCost)
	b.insertAt(c, len(b.nodes), &Text{Value: s})
}

func addAttribute(t *value.Thread, e *Element, a *Attribute) {
	// All attributes are looked through.
	t.Step(1 + len(e.attrs)/32)
	if e.Attr(a.Name) != nil {
		t.Throw(value.InvalidOperationException, "Duplicate attribute.")
	}
	if a.parent != nil {
		a = &Attribute{Name: a.Name, value: a.value}
	}
	t.Alloc(attrCost)
	a.parent = e
	e.attrs = append(e.attrs, a)
}

// inserter adds content at an index of a container, as AddFirst and
// AddAfterSelf do: text is gathered until a node or the end comes.
type inserter struct {
	t       *value.Thread
	c       Container
	i       int // where the next node goes
	text    string
	hasText bool
}

func insertContent(t *value.Thread, c Container, i int, v value.Value) {
	s := &inserter{t: t, c: c, i: i}
	s.add(v)
	if !s.hasText {
		return
	}
	if len(c.box().nodes) == 0 && s.text == "" {
		c.box().open = true
		return
	}
	s.flush()
}

func (s *inserter) add(v value.Value) {
	switch x := v.Object().(type) {
	case Node:
		checkNode(s.t, s.c, x, s.i)
		x = adopt(s.t, s.c, x)
		s.flush()
		s.put(x)
		return
	case *Attribute:
		s.t.Throw(value.ArgumentException, "An attribute cannot be added to content.")
	}
	switch {
	case v.IsNull():
	case v.IsString():
		s.string(v.Str())
	case enumerable(v):
		each(s.t, v, s.add)
	default:
		s.string(textOf(s.t, v))
	}
}

func (s *inserter) string(x string) {
	checkString(s.t, s.c, x)
	s.t.Alloc(len(s.text) + len(x))
	s.text = value.Concat(s.text, x)
	s.hasText = true
}

func (s *inserter) put(n Node) {
	s.t.Alloc(16)
	s.t.Step(1 + (len(s.c.box().nodes)-s.i)/32)
	s.c.box().insertAt(s.c, s.i, n)
	s.i++
}

func (s *inserter) flush() {
	x := s.text
	s.text, s.hasText = "", false
	if x == "" {
		return
	}
	if s.i > 0 {
		if p, ok := s.c.box().nodes[s.i-1].(*Text); ok && !p.CData {
			p.Value = value.Concat(p.Value, x)
			return
		}
	}
	s.t.Alloc(nodeCost)
	s.put(&Text{Value: x})
}

// snapshot walks over content once, so that what is then removed is still
// there to be added.
func snapshot(t *value.Thread, v value.Value) value.Value {
	if !enumerable(v) {
		return v
	}
	var list []value.Value
	var walk func(v value.Value)
	walk = func(v value.Value) {
		switch {
		case v.IsNull():
		case enumerable(v):
			each(t, v, walk)
		default:
			t.Alloc(24)
			list = append(list, v)
		}
	}
	walk(v)
	return value.Of(value.NewList(types.Object, list))
}

// parentOf is the parent of a node, which it must have to be moved or removed.
func parentOf(t *value.Thread, n Node) Container {
	c := n.base().parent
	if c == nil {
		noParent(t)
	}
	return c
}

func noParent(t *value.Thread) {
	t.Throw(value.InvalidOperationException, "The parent is missing.")
}

func remove(t *value.Thread, n Node) {
	c := parentOf(t, n)
	i := at(c, n)
	t.Step(1 + (len(c.box().nodes)-i)/32)
	c.box().removeAt(i)
}

func removeAttribute(t *value.Thread, a *Attribute) {
	if a.parent == nil {
		noParent(t)
	}
	e := a.parent
	t.Step(1 + len(e.attrs)/32)
	for i, b := range e.attrs {
		if b == a {
			e.attrs = append(e.attrs[:i:i], e.attrs[i+1:]...)
			break
		}
	}
	a.parent = nil
}

func (e *Element) removeAttributes() {
	for _, a := range e.attrs {
		a.parent = nil
	}
	e.attrs = nil
}

const (
	boundXML   = "The prefix 'xml' is bound to the namespace name 'http://www.w3.org/XML/1998/namespace'. Other prefixes must not be bound to this namespace name, and it must not be declared as the default namespace."
	boundXMLNS = "The prefix 'xmlns' is bound to the namespace name 'http://www.w3.org/2000/xmlns/'. It must not be declared. Other prefixes must not be bound to this namespace name, and it must not be declared as the default namespace."
)

// checkAttribute throws for the declarations of namespaces that must not be.
func checkAttribute(t *value.Thread, n Name, s string) {
	fail := func(message string) { t.Throw(value.ArgumentException, "%s", message) }
	switch {
	case n.Space == xmlnsSpace:
		switch {
		case s == "":
			fail("The prefix '" + n.Local + "' cannot be bound to the empty namespace name.")
		case s == xmlSpace && n.Local != "xml":
			fail(boundXML)
		case s == xmlnsSpace:
			fail(boundXMLNS)
		case s != xmlSpace && n.Local == "xml":
			fail(boundXML)
		case n.Local == "xmlns":
			fail(boundXMLNS)
		}
	case n.Space == "" && n.Local == "xmlns":
		switch s {
		case xmlSpace:
			fail(boundXML)
		case xmlnsSpace:
			fail(boundXMLNS)
		}
	}
}

// declares reports whether an attribute declares a namespace.
func (a *Attribute) declares() bool {
	if a.Name.Space == "" {
		return a.Name.Local == "xmlns"
	}
	return a.Name.Space == xmlnsSpace
}
