package json

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// root is the topmost token above x.
func root(x Token) Token {
	for {
		p := x.place().parent
		if p == nil {
			return x
		}
		x = p
	}
}

// indexIn is the index of a child of its parent.
func indexIn(c Container, x Token) int {
	if x == nil || x.place().parent != c {
		return -1
	}
	if i := int(x.place().index); i < c.count() && c.child(i) == x {
		return i
	}
	for i := range c.count() {
		y := c.child(i)
		y.place().index = int32(i)
		if y == x {
			return i
		}
	}
	return -1
}

// sibling is the token n places behind x in its parent, nil when there is none.
func sibling(x Token, n int) Token {
	c := x.place().parent
	if c == nil {
		return nil
	}
	i := indexIn(c, x) + n
	if i < 0 || i >= c.count() {
		return nil
	}
	y := c.child(i)
	y.place().index = int32(i)
	return y
}

// adopt gives what becomes a child of c: a null becomes a JSON null, and a token
// that has a parent, or would become its own ancestor, a copy.
func adopt(t *value.Thread, c Container, x Token) Token {
	if x == nil {
		return NewNull(t)
	}
	if x.place().parent != nil || x == Token(c) {
		return Clone(t, x)
	}
	if k, ok := x.(Container); ok && k.count() > 0 && root(c) == x {
		return Clone(t, x)
	}
	return x
}

// insert puts a token among the children of c. Comments do not go into objects
// and properties, and are dropped.
func insert(t *value.Thread, c Container, i int, x Token) bool {
	switch p := c.(type) {
	case *Object:
		if x != nil && x.Kind() == CommentKind {
			return false
		}
	case *Property:
		if x != nil && x.Kind() == CommentKind {
			return false
		}
		if p.value != nil {
			fail(t, propertyType.FullName()+" cannot have multiple values.")
		}
		i = 0
	}
	if i > c.count() {
		t.ThrowRange("Index must be within the bounds of the List.", "index")
	}
	x = adopt(t, c, x)
	if i < 0 {
		t.ThrowIndex()
	}
	c.check(t, x, nil)
	x.place().parent = c
	moved(t, c, i)
	c.put(i, x)
	return true
}

// moved counts the children behind i, which an insertion or a removal moves: a
// loop that empties an array from its start must not run for free.
func moved(t *value.Thread, c Container, i int) { t.Step(1 + (c.count()-i)/32) }

// unchanged reports whether setting x in the place of old would change nothing,
// in which case the old token stays.
func unchanged(t *value.Thread, old, x Token) bool {
	v, ok := old.(*Value)
	if !ok {
		return false
	}
	if x == nil {
		return v.kind == NullKind
	}
	w, ok := x.(*Value)
	return ok && v.same(t, w)
}

func checkRange(t *value.Thread, i, n int) {
	if i < 0 {
		t.ThrowRange("Index is less than 0.", "index")
	}
	if i >= n {
		t.ThrowRange("Index is equal to or greater than Count.", "index")
	}
}

// setItem replaces a child.
func setItem(t *value.Thread, c Container, i int, x Token) {
	if _, ok := c.(*Property); ok && i != 0 {
		t.Throw(value.ArgumentOutOfRangeException, "Specified argument was out of the range of valid values.")
	}
	checkRange(t, i, c.count())
	old := c.child(i)
	if unchanged(t, old, x) {
		return
	}
	x = adopt(t, c, x)
	c.check(t, x, old)
	c.replace(i, x)
	x.place().parent = c
}

func fixed(t *value.Thread, c Container) {
	if _, ok := c.(*Property); ok {
		fail(t, "Cannot add or remove items from "+propertyType.FullName()+".")
	}
}

func removeAt(t *value.Thread, c Container, i int) {
	fixed(t, c)
	checkRange(t, i, c.count())
	moved(t, c, i)
	c.cut(i)
}

func removeItem(t *value.Thread, c Container, x Token) bool {
	fixed(t, c)
	i := indexIn(c, x)
	if i < 0 {
		return false
	}
	moved(t, c, i)
	c.cut(i)
	return true
}

func clearItems(t *value.Thread, c Container) {
	fixed(t, c)
	c.empty()
}

// parentOf is the token's parent, which it must have to be moved or removed.
func parentOf(t *value.Thread, x Token) Container {
	p := x.place().parent
	if p == nil {
		t.Throw(value.InvalidOperationException, "The parent is missing.")
	}
	return p
}

// Clone is a deep copy without a parent.
func Clone(t *value.Thread, x Token) Token {
	t.Step(1)
	copied := func(from, to *list, c Container) {
		t.Alloc(listCost)
		to.line, to.column, to.notes = from.line, from.column, from.notes.Copy(t)
		if len(from.items) == 0 {
			return
		}
		to.items = make([]Token, len(from.items))
		for i, k := range from.items {
			k = Clone(t, k)
			at := k.place()
			at.parent, at.index = c, int32(i)
			to.items[i] = k
		}
	}
	switch x := x.(type) {
	case *Object:
		o := &Object{}
		copied(&x.list, &o.list, o)
		if x.names != nil {
			o.names = make(map[string]*Property, len(o.items))
			for _, k := range o.items {
				p := k.(*Property)
				o.names[p.Name] = p
			}
		}
		return o
	case *Array:
		a := &Array{}
		copied(&x.list, &a.list, a)
		return a
	case *Constructor:
		c := &Constructor{Name: x.Name}
		copied(&x.list, &c.list, c)
		return c
	case *Property:
		t.Alloc(propertyCost)
		p := &Property{Name: x.Name}
		p.line, p.column, p.notes = x.line, x.column, x.notes.Copy(t)
		if x.value != nil {
			p.value = Clone(t, x.value)
			p.value.place().parent = p
		}
		return p
	case *Value:
		t.Alloc(valueCost)
		return &Value{spot: spot{line: x.line, column: x.column, kind: x.kind, isRaw: x.isRaw, notes: x.notes.Copy(t)}, v: x.v}
	}
	panic("json: unknown token")
}

// DeepEqual is JToken.DeepEquals: properties count in any order.
func DeepEqual(t *value.Thread, a, b Token) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	t.Step(1)
	same := func(x, y []Token) bool {
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !DeepEqual(t, x[i], y[i]) {
				return false
			}
		}
		return true
	}
	switch a := a.(type) {
	case *Value:
		b, ok := b.(*Value)
		return ok && a.same(t, b)
	case *Array:
		b, ok := b.(*Array)
		return ok && same(a.items, b.items)
	case *Constructor:
		b, ok := b.(*Constructor)
		return ok && a.Name.Str() == b.Name.Str() && same(a.items, b.items)
	case *Property:
		b, ok := b.(*Property)
		return ok && a.Name == b.Name && DeepEqual(t, a.value, b.value)
	case *Object:
		b, ok := b.(*Object)
		if !ok || len(a.items) != len(b.items) {
			return false
		}
		for _, x := range a.items {
			p := x.(*Property)
			q := b.Property(p.Name)
			if q == nil || !DeepEqual(t, p.value, q.value) {
				return false
			}
		}
		return true
	}
	return false
}

// deepHash goes with DeepEqual.
func deepHash(t *value.Thread, x Token) int32 {
	t.Step(1)
	switch x := x.(type) {
	case *Value:
		return int32(x.kind) ^ x.Hash(t)
	case *Property:
		return value.HashString(x.Name) ^ deepHash(t, x.value)
	case *Object:
		h := int32(0)
		for _, k := range x.items {
			h ^= deepHash(t, k)
		}
		return h
	case Container:
		h := int32(0)
		for i := range x.count() {
			h = h*31 ^ deepHash(t, x.child(i))
		}
		return h
	}
	return 0
}

// step is one step of a path: a property's name, or an index.
type step struct {
	name  string
	index int
	named bool
}

// Path is the JSONPath of a token from its root.
func Path(x Token) string {
	if x.place().parent == nil {
		return ""
	}
	var steps []step
	for k := x; k != nil; {
		p := k.place().parent
		if q, ok := k.(*Property); ok {
			steps = append(steps, step{name: q.Name, named: true})
		}
		switch p.(type) {
		case *Array, *Constructor:
			steps = append(steps, step{index: indexIn(p, k)})
		case nil:
			k = nil
			continue
		}
		k = p
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		steps[i].write(&b)
	}
	return b.String()
}
