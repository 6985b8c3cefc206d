package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// many reports whether content is a sequence whose elements are added one by
// one: any enumerable but text, bytes and tokens.
func many(v value.Value) bool {
	o, ok := v.Object().(value.Enumerable)
	if !ok {
		return false
	}
	_, token := o.(Token)
	return !token && o.Type() != byteArray
}

// content is a single piece of content as a token.
func content(t *value.Thread, v value.Value) Token {
	if x := TokenOf(v); x != nil {
		return x
	}
	return NewValue(t, kindOf(t, v), v)
}

// addContent adds content from an index on, sequences flattened to any depth.
func addContent(t *value.Thread, c Container, i int, v value.Value) {
	if !many(v) {
		insert(t, c, i, content(t, v))
		return
	}
	t.Each(v, func(x value.Value) bool {
		addContent(t, c, i, x)
		i++
		return true
	})
}

// propertyOf is new JProperty(name, content): a sequence becomes an array.
func propertyOf(t *value.Thread, name string, v value.Value) *Property {
	t.Alloc(propertyCost)
	p := &Property{Name: name}
	var x Token
	if many(v) {
		a := NewArray(t)
		addContent(t, a, 0, v)
		x = a
	} else {
		x = content(t, v)
	}
	insert(t, p, 0, x)
	return p
}

// Iterate walks over the items.
func (a *Array) Iterate(*value.Thread) value.Iterator { return children(a) }

// Iterate walks over the items.
func (c *Constructor) Iterate(*value.Thread) value.Iterator { return children(c) }

// Iterate walks over the value.
func (p *Property) Iterate(*value.Thread) value.Iterator { return children(p) }

// Iterate walks over nothing: a JValue has no children.
func (v *Value) Iterate(*value.Thread) value.Iterator { return children(nil) }

// pairType is KeyValuePair<string, JToken>.
var pairType = types.KeyValuePair.Of(types.String, TokenType)

// Iterate walks over the properties as pairs of name and value.
func (o *Object) Iterate(*value.Thread) value.Iterator {
	it := children(o)
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		v, ok := it.Next(t)
		if !ok {
			return value.Null, false
		}
		p := v.Object().(*Property)
		return value.Pair(pairType, value.String(p.Name), Of(p.value)), true
	})
}

// IterateAs walks over JProperty tokens where tokens are asked for, and over
// pairs where pairs are.
func (o *Object) IterateAs(t *value.Thread, elem *types.Type) value.Iterator {
	if elem.Def() == types.KeyValuePair {
		return o.Iterate(t)
	}
	return children(o)
}

// children walks over the children of a container, and throws when they change
// meanwhile.
func children(c Container) value.Iterator {
	if c == nil {
		return value.IteratorFunc(func(*value.Thread) (value.Value, bool) { return value.Null, false })
	}
	i, turn := 0, c.version()
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if c.version() != turn {
			t.ThrowChanged()
		}
		if i >= c.count() {
			return value.Null, false
		}
		x := c.child(i)
		x.place().index = int32(i)
		i++
		return value.Of(x), true
	})
}

// tokens walks over a sequence of tokens, which a token itself is.
func tokens(t *value.Thread, v value.Value) value.Iterator { return t.IterateAs(v, TokenType) }

// sequence is a JEnumerable<T>.
type sequence struct {
	typ  *types.Type
	from func(t *value.Thread) value.Iterator // nil of the default value
}

// Type is JEnumerable<T>.
func (s *sequence) Type() *types.Type { return s.typ }

// Iterate starts a walk.
func (s *sequence) Iterate(t *value.Thread) value.Iterator {
	if s.from == nil {
		return children(nil)
	}
	return s.from(t)
}

func enumerableOf(elem *types.Type, from func(t *value.Thread) value.Iterator) value.Value {
	return value.Of(&sequence{JEnumerableDef.Of(elem), from})
}

// lazily is an IEnumerable<elem>.
func lazily(elem *types.Type, from func(t *value.Thread) value.Iterator) value.Value {
	return value.Lazy(types.IEnumerableT.Of(elem), from)
}

// converted walks over what Value<T> gives of each token.
func converted(it value.Iterator, to *types.Type) value.Iterator {
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		v, ok := it.Next(t)
		if !ok {
			return value.Null, false
		}
		return Convert(t, TokenOf(v), to), true
	})
}

// flat walks over the elements of what parts gives for each token of a walk.
func flat(it value.Iterator, parts func(t *value.Thread, v value.Value) value.Iterator) value.Iterator {
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
			inner = parts(t, v)
		}
	})
}

// descendants walks over all tokens below x in the order of the text, x first
// if self is set.
func descendants(x Token, self bool) value.Iterator {
	var stack []value.Iterator
	if c, ok := x.(Container); ok {
		stack = append(stack, children(c))
	}
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if self {
			self = false
			return Of(x), true
		}
		for len(stack) > 0 {
			v, ok := stack[len(stack)-1].Next(t)
			if !ok {
				stack = stack[:len(stack)-1]
				continue
			}
			if c, ok := v.Object().(Container); ok {
				stack = append(stack, children(c))
			}
			return v, true
		}
		return value.Null, false
	})
}

// chain walks from a token on by a step, until that gives nil.
func chain(start func() Token, step func(Token) Token) value.Iterator {
	var at Token
	begun := false
	return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
		if !begun {
			begun = true
			at = start()
		} else if at != nil {
			at = step(at)
		}
		return Of(at), at != nil
	})
}

func up(x Token) Token {
	if p := x.place().parent; p != nil {
		return p
	}
	return nil
}

func ancestors(x Token, self bool) value.Iterator {
	return chain(func() Token {
		if self {
			return x
		}
		return up(x)
	}, up)
}

// keyText is a key as messages about it write it.
func keyText(t *value.Thread, k value.Value) string {
	switch {
	case k.IsNull():
		return "{null}"
	case k.IsString():
		return `"` + k.Str() + `"`
	}
	return t.ToString(k)
}

func badKey(t *value.Thread, verb string, x Token, key value.Value, want string) {
	t.Throw(value.ArgumentException, "%s", verb+" "+x.Type().Def().Name+" values with invalid key value: "+keyText(t, key)+". "+want+" expected.")
}

// itemKey says what a token's indexer takes, and throws when key is not that.
func itemKey(t *value.Thread, verb string, x Token, key value.Value) {
	switch x.(type) {
	case *Object:
		if !key.IsString() {
			if key.IsNull() {
				t.ThrowNull("key")
			}
			badKey(t, verb, x, key, "Object property name")
		}
	case *Array:
		if key.IsNull() {
			t.ThrowNull("key")
		}
		if key.Type() != types.Int32 {
			badKey(t, verb, x, key, "Int32 array index")
		}
	case *Constructor:
		if key.IsNull() {
			t.ThrowNull("key")
		}
		if key.Type() != types.Int32 {
			badKey(t, verb, x, key, "Argument position index")
		}
	default:
		word := "access"
		if verb == "Set" {
			word = "set"
		}
		t.Throw(value.InvalidOperationException, "%s", "Cannot "+word+" child value on "+x.Type().FullName()+".")
	}
}

// item is token[key].
func item(t *value.Thread, x Token, key value.Value) Token {
	itemKey(t, "Accessed", x, key)
	if o, ok := x.(*Object); ok {
		return o.Get(key.Str())
	}
	return itemAt(t, x.(Container), key.Int())
}

func itemAt(t *value.Thread, c Container, i int) Token {
	if i < 0 || i >= c.count() {
		t.ThrowIndex()
	}
	return c.child(i)
}

// setItemOf is token[key] = v.
func setItemOf(t *value.Thread, x Token, key value.Value, v Token) {
	itemKey(t, "Set", x, key)
	if o, ok := x.(*Object); ok {
		o.Set(t, key.Str(), v)
		return
	}
	setItem(t, x.(Container), key.Int(), v)
}
