package xml

import (
	"sort"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// across walks over what start gives of each node of a sequence; nulls in it are
// passed over.
func across(c *value.Call, elem *types.Type, start func(n Node) walk) value.Value {
	c.NotNull(0, "source")
	source := c.Args[0]
	return value.Lazy(types.IEnumerableT.Of(elem), func(t *value.Thread) value.Iterator {
		it := t.Iterate(source)
		var inner walk
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			for {
				if inner != nil {
					if n := inner(t); n != nil {
						return Of(n), true
					}
					inner = nil
				}
				v, ok := it.Next(t)
				if !ok {
					return value.Null, false
				}
				t.Step(1)
				if n := NodeOf(v); n != nil {
					inner = start(n)
				}
			}
		})
	})
}

// acrossAxis gives the two rows of a walk over elements of each node.
func acrossAxis(head, constraint, doc string, start func(n Node) walk) []value.Row {
	return []value.Row{
		{Sig: head + ")" + constraint, Doc: doc + ".", Func: func(c *value.Call) value.Value {
			return across(c, elementType, func(n Node) walk { return filtered(start(n), isElement) })
		}},
		{Sig: head + ", XName name)" + constraint, Doc: doc + " of a name.", Func: func(c *value.Call) value.Value {
			name := nameOf(c, 1)
			return across(c, elementType, func(n Node) walk { return filtered(start(n), named(name)) })
		}},
	}
}

func down(n Node) walk {
	if c, ok := n.(Container); ok {
		return childrenOf(c)
	}
	return func(*value.Thread) Node { return nil }
}

var extensionRows = join(
	acrossAxis("static IEnumerable<XElement> Ancestors<T>(this IEnumerable<T> source", " where T : XNode", "The elements around each", func(n Node) walk { return ancestorsOf(n, false) }),
	acrossAxis("static IEnumerable<XElement> AncestorsAndSelf(this IEnumerable<XElement> source", "", "Each and the elements around it", func(n Node) walk { return ancestorsOf(n, true) }),
	acrossAxis("static IEnumerable<XElement> Descendants<T>(this IEnumerable<T> source", " where T : XContainer", "The elements below each", func(n Node) walk { return below(n, false) }),
	acrossAxis("static IEnumerable<XElement> DescendantsAndSelf(this IEnumerable<XElement> source", "", "Each and the elements below it", func(n Node) walk { return below(n, true) }),
	acrossAxis("static IEnumerable<XElement> Elements<T>(this IEnumerable<T> source", " where T : XContainer", "The child elements of each", down),
	[]value.Row{
		{Sig: "static IEnumerable<XNode> DescendantNodes<T>(this IEnumerable<T> source) where T : XContainer", Doc: "The nodes below each.", Func: func(c *value.Call) value.Value {
			return across(c, nodeType, func(n Node) walk { return below(n, false) })
		}},
		{Sig: "static IEnumerable<XNode> DescendantNodesAndSelf(this IEnumerable<XElement> source)", Doc: "Each and the nodes below it.", Func: func(c *value.Call) value.Value {
			return across(c, nodeType, func(n Node) walk { return below(n, true) })
		}},
		{Sig: "static IEnumerable<XNode> Nodes<T>(this IEnumerable<T> source) where T : XContainer", Doc: "The child nodes of each.", Func: func(c *value.Call) value.Value {
			return across(c, nodeType, down)
		}},
		{Sig: "static IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source)", Doc: "The attributes of each.", Func: func(c *value.Call) value.Value { return acrossAttributes(c, nil, true) }},
		{Sig: "static IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source, XName name)", Doc: "The attribute of a name of each.", Func: func(c *value.Call) value.Value { return acrossAttributes(c, nameOf(c, 1), false) }},
		{Sig: "static IEnumerable<T> InDocumentOrder<T>(this IEnumerable<T> source) where T : XNode", Doc: "The nodes in the order of the document.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			source := c.Args[0]
			return value.Lazy(types.IEnumerableT.Of(c.Types[0]), func(t *value.Thread) value.Iterator {
				list := t.Slice(source)
				sort.SliceStable(list, func(i, j int) bool {
					t.Step(1)
					return compareOrder(t, NodeOf(list[i]), NodeOf(list[j])) < 0
				})
				i := -1
				return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
					if i++; i >= len(list) {
						return value.Null, false
					}
					return list[i], true
				})
			})
		}},
		{Sig: "static void Remove(this IEnumerable<XAttribute> source)", Doc: "Takes each attribute out of its element.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			for _, v := range c.Slice(c.Args[0]) {
				if a, ok := v.Object().(*Attribute); ok {
					removeAttribute(c.Thread, a)
				}
			}
			return value.Null
		}},
		{Sig: "static void Remove<T>(this IEnumerable<T> source) where T : XNode", Doc: "Takes each node out of its parent.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			for _, v := range c.Slice(c.Args[0]) {
				if n := NodeOf(v); n != nil {
					remove(c.Thread, n)
				}
			}
			return value.Null
		}},
	},
)

func acrossAttributes(c *value.Call, name *Name, all bool) value.Value {
	c.NotNull(0, "source")
	source := c.Args[0]
	return value.Lazy(types.IEnumerableT.Of(attrType), func(t *value.Thread) value.Iterator {
		it := t.Iterate(source)
		var inner value.Iterator
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			for {
				if inner != nil {
					if v, ok := inner.Next(t); ok {
						return v, true
					}
					inner = nil
				}
				v, ok := it.Next(t)
				if !ok {
					return value.Null, false
				}
				t.Step(1)
				if e, ok := v.Object().(*Element); ok {
					inner = attributes(e, name, all)
				}
			}
		})
	})
}
