package xml

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// A walk gives one node after another, nil at the end. Walks stand on nodes, not
// on indexes: what is added behind them they meet, and when the node they stand
// on is taken out they end, or fail as .NET's do.
type walk func(t *value.Thread) Node

// test says which nodes of a walk are wanted.
type test func(Node) bool

func isElement(n Node) bool { return n.Kind() == ElementNode }

// named are the elements of a name; a null name is that of none.
func named(n *Name) test {
	return func(k Node) bool {
		e, ok := k.(*Element)
		return ok && n != nil && e.Name == *n
	}
}

func sequence(elem *types.Type, start func() walk) value.Value {
	return value.Lazy(types.IEnumerableT.Of(elem), func(*value.Thread) value.Iterator {
		next := start()
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			n := next(t)
			return Of(n), n != nil
		})
	})
}

// filtered keeps of a walk what is wanted.
func filtered(w walk, keep test) walk {
	return func(t *value.Thread) Node {
		for {
			n := w(t)
			if n == nil || keep(n) {
				return n
			}
			t.Step(1)
		}
	}
}

// childrenOf walks over the nodes of a container.
func childrenOf(c Container) walk {
	var cur Node
	begun := false
	return func(*value.Thread) Node {
		switch {
		case !begun:
			begun = true
			if list := c.box().nodes; len(list) > 0 {
				cur = list[0]
			}
		case cur != nil && cur.base().parent == c:
			cur = next(cur)
		default:
			cur = nil
		}
		return cur
	}
}

// below walks over all nodes below n, n first if self is set.
func below(n Node, self bool) walk {
	cur := n
	done := false
	return func(t *value.Thread) Node {
		if self {
			self = false
			return n
		}
		if done {
			return nil
		}
		if c, ok := cur.(Container); ok && len(c.box().nodes) > 0 {
			cur = c.box().nodes[0]
			return cur
		}
		for cur != n {
			p := cur.base().parent
			if p == nil {
				// The node was taken out meanwhile.
				t.NullReference()
			}
			if k := next(cur); k != nil {
				cur = k
				return cur
			}
			cur = p
		}
		done = true
		return nil
	}
}

// ancestorsOf walks over the elements around n, from the inside out.
func ancestorsOf(n Node, self bool) walk {
	cur := n
	return func(*value.Thread) Node {
		if cur == nil {
			return nil
		}
		if self {
			self = false
			if _, ok := cur.(*Element); !ok {
				cur = nil
				return nil
			}
			return cur
		}
		e := parentElement(cur)
		if e == nil {
			cur = nil
			return nil
		}
		cur = e
		return e
	}
}

func afterSelf(n Node) walk {
	cur := n
	return func(*value.Thread) Node {
		if cur != nil {
			cur = next(cur)
		}
		return cur
	}
}

func beforeSelf(n Node) walk {
	var w walk
	done := false
	return func(t *value.Thread) Node {
		if done {
			return nil
		}
		if w == nil {
			c := n.base().parent
			if c == nil {
				done = true
				return nil
			}
			w = childrenOf(c)
		}
		k := w(t)
		if k == n || k == nil {
			done = true
			return nil
		}
		return k
	}
}

// attributes walks over an element's attributes.
func attributes(e *Element, name *Name, all bool) value.Iterator {
	var cur *Attribute
	begun := false
	step := func() *Attribute {
		switch {
		case !begun:
			begun = true
			if len(e.attrs) > 0 {
				return e.attrs[0]
			}
		case cur != nil && cur.parent == e:
			for i, a := range e.attrs {
				if a == cur && i+1 < len(e.attrs) {
					return e.attrs[i+1]
				}
			}
		}
		return nil
	}
	return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
		for {
			cur = step()
			if cur == nil {
				return value.Null, false
			}
			if all || name != nil && cur.Name == *name {
				return value.Of(cur), true
			}
		}
	})
}

func attributeSequence(e *Element, name *Name, all bool) value.Value {
	return value.Lazy(types.IEnumerableT.Of(attrType), func(*value.Thread) value.Iterator { return attributes(e, name, all) })
}

// compareOrder is XNode.CompareDocumentOrder.
func compareOrder(t *value.Thread, a, b Node) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	path := func(n Node) []Node {
		var list []Node
		for {
			list = append([]Node{n}, list...)
			p := n.base().parent
			if p == nil {
				return list
			}
			n = p
		}
	}
	x, y := path(a), path(b)
	if x[0] != y[0] {
		t.Throw(value.InvalidOperationException, "A common ancestor is missing.")
	}
	for i := 1; ; i++ {
		switch {
		case i == len(x):
			return -1
		case i == len(y):
			return 1
		case x[i] != y[i]:
			c := x[i].base().parent
			if at(c, x[i]) < at(c, y[i]) {
				return -1
			}
			return 1
		}
	}
}
