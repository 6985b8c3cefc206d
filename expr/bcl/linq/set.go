package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var setEnumerator = types.Declare("System.Collections.Generic", "public struct HashSet.Enumerator<T> : IEnumerator<T>, IEnumerator, IDisposable")

// Set is a HashSet<T>.
type Set struct {
	value.Hashed
	typ *types.Type
}

// NewSet is an empty HashSet<T>; comparer may be nil.
func NewSet(elem *types.Type, comparer value.EqualityComparer) *Set {
	s := &Set{typ: types.HashSet.Of(elem)}
	s.SetComparer(comparer)
	return s
}

// Type is the set's type.
func (s *Set) Type() *types.Type { return s.typ }

// Iterate walks over the elements in the order in which they were added.
func (s *Set) Iterate(*value.Thread) value.Iterator {
	return s.Walk(func(k, _ value.Value) value.Value { return k })
}

func (s *Set) elem() *types.Type { return s.typ.Args()[0] }

// add adds an element and reports whether it is new.
func (s *Set) add(t *value.Thread, v value.Value) bool { return s.Add(t, v, value.Null) }

func (s *Set) items(t *value.Thread) []value.Value {
	t.Alloc(s.Len() * valueSize)
	t.Step(s.Len())
	out := make([]value.Value, 0, s.Len())
	s.Each(func(k, _ value.Value) bool {
		out = append(out, k)
		return true
	})
	return out
}

// measure counts the distinct elements of other that the set has, and whether
// other has any that it has not.
func (s *Set) measure(c *value.Call, other value.Value, stopAtUnfound bool) (unique int, unfound bool) {
	seen := NewSet(s.elem(), s.Comparer())
	each(c.Thread, other, s.elem(), func(v value.Value) bool {
		if k, ok := s.Key(c.Thread, v); ok {
			seen.add(c.Thread, k)
			return true
		}
		unfound = true
		return !stopAtUnfound
	})
	return seen.Len(), unfound
}

func (s *Set) unionWith(t *value.Thread, other value.Value) {
	each(t, other, s.elem(), func(v value.Value) bool {
		s.add(t, v)
		return true
	})
}

func (s *Set) intersectWith(c *value.Call, other value.Value) {
	o, isSet := other.Object().(*Set)
	switch {
	case s.Len() == 0 || o == s:
		return
	}
	if n, ok := collectionCount(c.Thread, other, s.elem()); ok && n == 0 {
		s.Clear()
		return
	}
	keep := func(v value.Value) bool { return o.Has(c.Thread, v) }
	if !isSet || !sameComparer(c.Thread, o.Comparer(), s.Comparer()) {
		kept := NewSet(s.elem(), s.Comparer())
		each(c.Thread, other, s.elem(), func(v value.Value) bool {
			if k, ok := s.Key(c.Thread, v); ok {
				kept.add(c.Thread, k)
			}
			return true
		})
		keep = func(v value.Value) bool { return kept.Has(c.Thread, v) }
	}
	for _, v := range s.items(c.Thread) {
		if !keep(v) {
			s.Remove(c.Thread, v)
		}
	}
}

func (s *Set) symmetricExceptWith(c *value.Call, other value.Value) {
	if s.Len() == 0 {
		s.unionWith(c.Thread, other)
		return
	}
	o, isSet := other.Object().(*Set)
	if o == s {
		s.Clear()
		return
	}
	if isSet && sameComparer(c.Thread, o.Comparer(), s.Comparer()) {
		for _, v := range o.items(c.Thread) {
			if _, ok := s.Remove(c.Thread, v); !ok {
				s.add(c.Thread, v)
			}
		}
		return
	}
	added, gone := NewSet(s.elem(), s.Comparer()), NewSet(s.elem(), s.Comparer())
	each(c.Thread, other, s.elem(), func(v value.Value) bool {
		if s.add(c.Thread, v) {
			added.add(c.Thread, v)
		} else if !added.Has(c.Thread, v) {
			gone.add(c.Thread, v)
		}
		return true
	})
	for _, v := range s.items(c.Thread) {
		if gone.Has(c.Thread, v) {
			s.Remove(c.Thread, v)
		}
	}
}

func sameComparer(t *value.Thread, a, b value.EqualityComparer) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	x, ok := a.(value.Object)
	y, also := b.(value.Object)
	return ok && also && t.Equal(value.Of(x), value.Of(y))
}

func sets() []value.Members {
	this := func(c *value.Call) *Set { return c.This.Object().(*Set) }
	other := func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return c.Args[0]
	}
	size := func(c *value.Call) (int, bool) { return collectionCount(c.Thread, other(c), this(c).elem()) }
	make := func(c *value.Call, comparer value.Value) *Set {
		c.Alloc(128)
		return NewSet(c.Owner.Args()[0].Plain(), equalityOf(comparer))
	}
	fill := func(c *value.Call, comparer value.Value) value.Value {
		c.NotNull(0, "collection")
		s := make(c, comparer)
		s.unionWith(c.Thread, c.Args[0])
		return value.Of(s)
	}
	capacity := func(c *value.Call) {
		if c.Int(0) < 0 {
			c.ThrowRange("capacity ('"+c.ToString(c.Args[0])+"') must be a non-negative value.", "capacity")
		}
	}
	set := value.Members{Def: types.HashSet, Doc: "A set of distinct elements.", Rows: []value.Row{
		{Sig: "HashSet()", Doc: "An empty set.", Func: func(c *value.Call) value.Value { return value.Of(make(c, value.Null)) }},
		{Sig: "HashSet(IEqualityComparer<T> comparer)", Doc: "An empty set whose elements a comparer compares.", Func: func(c *value.Call) value.Value { return value.Of(make(c, c.Args[0])) }},
		{Sig: "HashSet(int capacity)", Doc: "An empty set with room for elements.", Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Of(make(c, value.Null))
		}},
		{Sig: "HashSet(IEnumerable<T> collection)", Doc: "The set of a sequence's elements.", Func: func(c *value.Call) value.Value { return fill(c, value.Null) }},
		{Sig: "HashSet(IEnumerable<T> collection, IEqualityComparer<T> comparer)", Doc: "The set of a sequence's elements, which a comparer compares.", Func: func(c *value.Call) value.Value { return fill(c, c.Args[1]) }},
		{Sig: "HashSet(int capacity, IEqualityComparer<T> comparer)", Doc: "An empty set with room for elements, which a comparer compares.", Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Of(make(c, c.Args[1]))
		}},
		{
			Sig: "int Count { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(this(c).Len()) },
			Fast: func(v value.Value) int64 { return int64(v.Object().(*Set).Len()) },
		},
		{Sig: "IEqualityComparer<T> Comparer { get; }", Doc: "What compares the elements.", Func: func(c *value.Call) value.Value { return comparerValue(this(c).Comparer(), this(c).elem()) }},
		{Sig: "bool Add(T item)", Doc: "Adds an element, and reports whether it is new.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).add(c.Thread, c.Args[0])) }},
		{Sig: "void Clear()", Doc: "Takes out all elements.", Func: void(func(c *value.Call) { this(c).Clear() })},
		{Sig: "bool Contains(T item)", Doc: "Reports whether the set has an element.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).Has(c.Thread, c.Args[0])) }},
		{Sig: "void CopyTo(T[] array)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) { copyInto(c, this(c).items(c.Thread), 0, "arrayIndex") })},
		{Sig: "void CopyTo(T[] array, int arrayIndex)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) {
			copyInto(c, this(c).items(c.Thread), c.Int(1), "arrayIndex")
		})},
		{Sig: "void CopyTo(T[] array, int arrayIndex, int count)", Doc: "Copies elements into an array.", Func: void(func(c *value.Call) {
			if c.Int(2) < 0 {
				c.ThrowRange(needNonNegative, "count")
			}
			items := this(c).items(c.Thread)
			copyInto(c, items[:min(c.Int(2), len(items))], c.Int(1), "arrayIndex")
		})},
		{Sig: "int EnsureCapacity(int capacity)", Doc: "Makes room for elements.", Beyond: true, Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Int(max(c.Int(0), this(c).Len()))
		}},
		{Sig: "HashSet<T>.Enumerator GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
			return value.Of(c.NewEnumerator(setEnumerator.Of(c.Owner.Args()...), c.This))
		}},
		{Sig: "bool Remove(T item)", Doc: "Takes out an element.", Func: func(c *value.Call) value.Value {
			_, ok := this(c).Remove(c.Thread, c.Args[0])
			return value.Bool(ok)
		}},
		{Sig: "int RemoveWhere(Predicate<T> match)", Doc: "Takes out all elements that match, and says how many.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "match")
			f, n := c.Args[0], 0
			for _, v := range this(c).items(c.Thread) {
				if c.Invoke1(f, v).Bool() {
					if _, ok := this(c).Remove(c.Thread, v); ok {
						n++
					}
				}
			}
			return value.Int(n)
		}},
		{Sig: "void TrimExcess()", Doc: "Gives back room that is not used.", Func: void(func(c *value.Call) { this(c).Pack(c.Thread) })},
		{Sig: "bool TryGetValue(T equalValue, out T actualValue)", Doc: "The element that equals a value.", Beyond: true, Func: func(c *value.Call) value.Value {
			v, ok := this(c).Key(c.Thread, c.Args[0])
			if !ok {
				v = c.Zero(this(c).elem())
			}
			c.Args[1] = v
			return value.Bool(ok)
		}},
		{Sig: "void UnionWith(IEnumerable<T> other)", Doc: "Adds all elements of a sequence.", Func: void(func(c *value.Call) { this(c).unionWith(c.Thread, other(c)) })},
		{Sig: "void IntersectWith(IEnumerable<T> other)", Doc: "Keeps only what a sequence has as well.", Func: void(func(c *value.Call) { this(c).intersectWith(c, other(c)) })},
		{Sig: "void ExceptWith(IEnumerable<T> other)", Doc: "Takes out all elements of a sequence.", Func: void(func(c *value.Call) {
			s, o := this(c), other(c)
			if s.Len() == 0 {
				return
			}
			if p, ok := o.Object().(*Set); ok && p == s {
				s.Clear()
				return
			}
			each(c.Thread, o, s.elem(), func(v value.Value) bool {
				s.Remove(c.Thread, v)
				return true
			})
		})},
		{Sig: "void SymmetricExceptWith(IEnumerable<T> other)", Doc: "Keeps what either the set or a sequence has, but not both.", Func: void(func(c *value.Call) { this(c).symmetricExceptWith(c, other(c)) })},
		{Sig: "bool IsSubsetOf(IEnumerable<T> other)", Doc: "Reports whether a sequence has all elements of the set.", Func: func(c *value.Call) value.Value {
			s, o := this(c), other(c)
			if s.Len() == 0 {
				return value.True
			}
			unique, _ := s.measure(c, o, false)
			return value.Bool(unique == s.Len())
		}},
		{Sig: "bool IsProperSubsetOf(IEnumerable<T> other)", Doc: "Reports whether a sequence has all elements of the set and more.", Func: func(c *value.Call) value.Value {
			s, o := this(c), other(c)
			if n, ok := size(c); ok && n == 0 {
				return value.False
			}
			unique, unfound := s.measure(c, o, false)
			return value.Bool(unique == s.Len() && unfound)
		}},
		{Sig: "bool IsSupersetOf(IEnumerable<T> other)", Doc: "Reports whether the set has all elements of a sequence.", Func: func(c *value.Call) value.Value {
			_, unfound := this(c).measure(c, other(c), true)
			return value.Bool(!unfound)
		}},
		{Sig: "bool IsProperSupersetOf(IEnumerable<T> other)", Doc: "Reports whether the set has all elements of a sequence and more.", Func: func(c *value.Call) value.Value {
			s, o := this(c), other(c)
			if s.Len() == 0 {
				return value.False
			}
			unique, unfound := s.measure(c, o, true)
			return value.Bool(!unfound && unique < s.Len())
		}},
		{Sig: "bool Overlaps(IEnumerable<T> other)", Doc: "Reports whether the set and a sequence have an element in common.", Func: func(c *value.Call) value.Value {
			s, o, found := this(c), other(c), false
			if s.Len() > 0 {
				each(c.Thread, o, s.elem(), func(v value.Value) bool {
					found = s.Has(c.Thread, v)
					return !found
				})
			}
			return value.Bool(found)
		}},
		{Sig: "bool SetEquals(IEnumerable<T> other)", Doc: "Reports whether the set and a sequence have the same elements.", Func: func(c *value.Call) value.Value {
			s, o := this(c), other(c)
			unique, unfound := s.measure(c, o, true)
			return value.Bool(!unfound && unique == s.Len())
		}},
		{Sig: "bool ICollection<T>.IsReadOnly { get; }", Doc: "Always false.", Func: func(*value.Call) value.Value { return value.False }},
		{Sig: "void ICollection<T>.Add(T item)", Doc: "Adds an element.", Func: void(func(c *value.Call) { this(c).add(c.Thread, c.Args[0]) })},
	}}
	return []value.Members{set, enumeratorOf(setEnumerator, "T", "Walks over a set.")}
}
