package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	dictionaryEnumerator = types.Declare("System.Collections.Generic", "public struct Dictionary.Enumerator<TKey, TValue> : IEnumerator<KeyValuePair<TKey, TValue>>, IEnumerator, IDisposable")
	keyCollection        = types.Declare("System.Collections.Generic", "public sealed class Dictionary.KeyCollection<TKey, TValue> : ICollection<TKey>, ICollection, IReadOnlyCollection<TKey>")
	valueCollection      = types.Declare("System.Collections.Generic", "public sealed class Dictionary.ValueCollection<TKey, TValue> : ICollection<TValue>, ICollection, IReadOnlyCollection<TValue>")
)

// part is the keys or the values of a dictionary: a view of it.
type partOf struct {
	typ    *types.Type
	of     *value.Dictionary
	values bool
}

func (p *partOf) Type() *types.Type { return p.typ }

// Len is the number of entries.
func (p *partOf) Len() int { return p.of.Len() }

// Iterate walks over the keys or the values.
func (p *partOf) Iterate(*value.Thread) value.Iterator {
	return p.of.Walk(func(k, v value.Value) value.Value {
		if p.values {
			return v
		}
		return k
	})
}

func (p *partOf) items(t *value.Thread) []value.Value {
	t.Alloc(p.Len() * valueSize)
	t.Step(p.Len())
	out := make([]value.Value, 0, p.Len())
	p.of.Each(func(k, v value.Value) bool {
		if p.values {
			k = v
		}
		out = append(out, k)
		return true
	})
	return out
}

func thisDictionary(c *value.Call) *value.Dictionary { return c.This.Object().(*value.Dictionary) }

func duplicateKey(c *value.Call, k value.Value) {
	c.ThrowArgument(value.ArgumentException, "An item with the same key has already been added. Key: "+c.ToString(k), "")
}

func addKey(c *value.Call, d *value.Dictionary, k, v value.Value) {
	if k.IsNull() {
		c.ThrowNull("key")
	}
	if !d.Add(c.Thread, k, v) {
		duplicateKey(c, k)
	}
}

func newDictionary(c *value.Call, comparer value.Value) *value.Dictionary {
	c.Alloc(128)
	a := c.Owner.Args()
	return value.NewDictionary(a[0].Plain(), a[1].Plain(), equalityOf(comparer))
}

func dictionaries() []value.Members {
	this := thisDictionary
	capacity := func(c *value.Call) {
		if c.Int(0) < 0 {
			c.ThrowRange("Specified argument was out of the range of valid values.", "capacity")
		}
	}
	fill := func(c *value.Call, what string, comparer value.Value) value.Value {
		c.NotNull(0, what)
		d := newDictionary(c, comparer)
		each(c.Thread, c.Args[0], d.PairType(), func(p value.Value) bool {
			x := p.Object().(*value.Tuple)
			addKey(c, d, x.Items[0], x.Items[1])
			return true
		})
		return value.Of(d)
	}
	key := func(c *value.Call) value.Value {
		c.NotNull(0, "key")
		return c.Args[0]
	}
	get := func(c *value.Call) value.Value {
		v, ok := this(c).Get(c.Thread, key(c))
		if !ok {
			c.Throw(value.KeyNotFoundException, "The given key '"+c.ToString(c.Args[0])+"' was not present in the dictionary.")
		}
		return v
	}
	keyType := func(c *value.Call) *types.Type { return this(c).Type().Args()[0] }
	valueType := func(c *value.Call) *types.Type { return this(c).Type().Args()[1] }
	pairIn := func(c *value.Call) bool {
		p := c.Args[0].Object().(*value.Tuple)
		if p.Items[0].IsNull() {
			c.ThrowNull("key")
		}
		v, ok := this(c).Get(c.Thread, p.Items[0])
		return ok && c.Equal(v, p.Items[1])
	}
	wrong := func(c *value.Call, v value.Value, of *types.Type, what string) {
		c.ThrowArgument(value.ArgumentException, `The value "`+c.ToString(v)+`" is not of type "`+of.ReflectionName()+`" and cannot be used in this generic collection.`, what)
	}
	checked := func(c *value.Call, v value.Value) {
		key(c)
		if !fits(c.Args[0], keyType(c)) {
			wrong(c, c.Args[0], keyType(c), "key")
		}
		if v.IsNull() && !fits(v, valueType(c)) {
			c.ThrowNull("value")
		}
		if !fits(v, valueType(c)) {
			wrong(c, v, valueType(c), "value")
		}
	}
	dictionary := value.Members{Def: types.Dictionary, Doc: "Values by key.", Rows: []value.Row{
		{Sig: "Dictionary()", Doc: "An empty dictionary.", Func: func(c *value.Call) value.Value { return value.Of(newDictionary(c, value.Null)) }},
		{Sig: "Dictionary(int capacity)", Doc: "An empty dictionary with room for entries.", Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Of(newDictionary(c, value.Null))
		}},
		{Sig: "Dictionary(IEqualityComparer<TKey> comparer)", Doc: "An empty dictionary whose keys a comparer compares.", Func: func(c *value.Call) value.Value { return value.Of(newDictionary(c, c.Args[0])) }},
		{Sig: "Dictionary(int capacity, IEqualityComparer<TKey> comparer)", Doc: "An empty dictionary with room for entries whose keys a comparer compares.", Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Of(newDictionary(c, c.Args[1]))
		}},
		{Sig: "Dictionary(IDictionary<TKey, TValue> dictionary)", Doc: "A copy of a dictionary.", Func: func(c *value.Call) value.Value { return fill(c, "dictionary", value.Null) }},
		{Sig: "Dictionary(IDictionary<TKey, TValue> dictionary, IEqualityComparer<TKey> comparer)", Doc: "A copy of a dictionary, whose keys a comparer compares.", Func: func(c *value.Call) value.Value { return fill(c, "dictionary", c.Args[1]) }},
		{Sig: "Dictionary(IEnumerable<KeyValuePair<TKey, TValue>> collection)", Doc: "A dictionary of pairs.", Beyond: true, Func: func(c *value.Call) value.Value { return fill(c, "collection", value.Null) }},
		{Sig: "Dictionary(IEnumerable<KeyValuePair<TKey, TValue>> collection, IEqualityComparer<TKey> comparer)", Doc: "A dictionary of pairs whose keys a comparer compares.", Beyond: true, Func: func(c *value.Call) value.Value {
			return fill(c, "collection", c.Args[1])
		}},
		{Sig: "IEqualityComparer<TKey> Comparer { get; }", Doc: "What compares the keys.", Func: func(c *value.Call) value.Value { return comparerValue(this(c).Comparer(), keyType(c)) }},
		{
			Sig: "int Count { get; }", Doc: "The number of entries.", Func: func(c *value.Call) value.Value { return value.Int(this(c).Len()) },
			Fast: func(v value.Value) int64 { return int64(v.Object().(*value.Dictionary).Len()) },
		},
		{Sig: "TValue this[TKey key] { get; set; }", Doc: "The value of a key.", Func: get, Set: func(c *value.Call) { this(c).Put(c.Thread, key(c), c.Args[1]) }},
		{Sig: "Dictionary<TKey, TValue>.KeyCollection Keys { get; }", Doc: "The keys.", Func: func(c *value.Call) value.Value {
			return value.Of(&partOf{keyCollection.Of(this(c).Type().Args()...), this(c), false})
		}},
		{Sig: "Dictionary<TKey, TValue>.ValueCollection Values { get; }", Doc: "The values.", Func: func(c *value.Call) value.Value {
			return value.Of(&partOf{valueCollection.Of(this(c).Type().Args()...), this(c), true})
		}},
		{Sig: "void Add(TKey key, TValue value)", Doc: "Adds an entry; the key must be new.", Func: void(func(c *value.Call) { addKey(c, this(c), c.Args[0], c.Args[1]) })},
		{Sig: "bool TryAdd(TKey key, TValue value)", Doc: "Adds an entry unless the key is there.", Beyond: true, Func: func(c *value.Call) value.Value {
			return value.Bool(this(c).Add(c.Thread, key(c), c.Args[1]))
		}},
		{Sig: "void Clear()", Doc: "Takes out all entries.", Func: void(func(c *value.Call) { this(c).Clear() })},
		{Sig: "bool ContainsKey(TKey key)", Doc: "Reports whether there is a key.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).Has(c.Thread, key(c))) }},
		{Sig: "bool ContainsValue(TValue value)", Doc: "Reports whether an entry has a value.", Func: func(c *value.Call) value.Value {
			found := false
			c.Step(this(c).Len())
			this(c).Each(func(_, v value.Value) bool {
				found = c.Equal(v, c.Args[0])
				return !found
			})
			return value.Bool(found)
		}},
		{Sig: "int EnsureCapacity(int capacity)", Doc: "Makes room for entries.", Beyond: true, Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Int(max(c.Int(0), this(c).Len()))
		}},
		{Sig: "Dictionary<TKey, TValue>.Enumerator GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
			return value.Of(c.NewEnumerator(dictionaryEnumerator.Of(c.Owner.Args()...), c.This))
		}},
		{Sig: "bool Remove(TKey key)", Doc: "Takes out an entry.", Func: func(c *value.Call) value.Value {
			_, ok := this(c).Remove(c.Thread, key(c))
			return value.Bool(ok)
		}},
		{Sig: "bool Remove(TKey key, out TValue value)", Doc: "Takes out an entry and gives its value.", Beyond: true, Func: func(c *value.Call) value.Value {
			v, ok := this(c).Remove(c.Thread, key(c))
			if !ok {
				v = c.Zero(valueType(c))
			}
			c.Args[1] = v
			return value.Bool(ok)
		}},
		{Sig: "bool TryGetValue(TKey key, out TValue value)", Doc: "The value of a key, if it is there.", Func: func(c *value.Call) value.Value {
			v, ok := this(c).Get(c.Thread, key(c))
			if !ok {
				v = c.Zero(valueType(c))
			}
			c.Args[1] = v
			return value.Bool(ok)
		}},
		{Sig: "void TrimExcess()", Doc: "Gives back room that is not used.", Beyond: true, Func: void(func(c *value.Call) { this(c).Pack(c.Thread) })},
		{Sig: "bool ICollection<KeyValuePair<TKey, TValue>>.IsReadOnly { get; }", Doc: "Always false.", Func: func(*value.Call) value.Value { return value.False }},
		{Sig: "void ICollection<KeyValuePair<TKey, TValue>>.Add(KeyValuePair<TKey, TValue> item)", Doc: "Adds an entry.", Func: void(func(c *value.Call) {
			p := c.Args[0].Object().(*value.Tuple)
			addKey(c, this(c), p.Items[0], p.Items[1])
		})},
		{Sig: "bool ICollection<KeyValuePair<TKey, TValue>>.Contains(KeyValuePair<TKey, TValue> item)", Doc: "Reports whether there is an entry.", Func: func(c *value.Call) value.Value { return value.Bool(pairIn(c)) }},
		{Sig: "bool ICollection<KeyValuePair<TKey, TValue>>.Remove(KeyValuePair<TKey, TValue> item)", Doc: "Takes out an entry.", Func: func(c *value.Call) value.Value {
			ok := pairIn(c)
			if ok {
				this(c).Remove(c.Thread, c.Args[0].Object().(*value.Tuple).Items[0])
			}
			return value.Bool(ok)
		}},
		{Sig: "void ICollection<KeyValuePair<TKey, TValue>>.CopyTo(KeyValuePair<TKey, TValue>[] array, int arrayIndex)", Doc: "Copies all entries into an array.", Func: void(func(c *value.Call) {
			copyInto(c, buffer(c.Thread, c.This, this(c).PairType()), c.Int(1), "index")
		})},
		{Sig: "object IDictionary.this[object key] { get; set; }", Doc: "The value of a key, null if there is none.", Func: func(c *value.Call) value.Value {
			key(c)
			if !fits(c.Args[0], keyType(c)) {
				return value.Null
			}
			v, _ := this(c).Get(c.Thread, c.Args[0])
			return v
		}, Set: func(c *value.Call) {
			checked(c, c.Args[1])
			this(c).Put(c.Thread, c.Args[0], c.Args[1])
		}},
		{Sig: "void IDictionary.Add(object key, object value)", Doc: "Adds an entry.", Func: void(func(c *value.Call) {
			checked(c, c.Args[1])
			addKey(c, this(c), c.Args[0], c.Args[1])
		})},
		{Sig: "bool IDictionary.Contains(object key)", Doc: "Reports whether there is a key.", Func: func(c *value.Call) value.Value {
			key(c)
			return value.Bool(fits(c.Args[0], keyType(c)) && this(c).Has(c.Thread, c.Args[0]))
		}},
		{Sig: "void IDictionary.Remove(object key)", Doc: "Takes out an entry.", Func: void(func(c *value.Call) {
			key(c)
			if fits(c.Args[0], keyType(c)) {
				this(c).Remove(c.Thread, c.Args[0])
			}
		})},
	}}
	list := []value.Members{dictionary, enumeratorOf(dictionaryEnumerator, "KeyValuePair<TKey, TValue>", "Walks over a dictionary.")}
	for _, k := range []struct {
		def        *types.Def
		elem, word string
		arg        int
	}{{keyCollection, "TKey", "key", 0}, {valueCollection, "TValue", "value", 1}} {
		of := func(c *value.Call) *partOf { return c.This.Object().(*partOf) }
		frozen := unsupported("Mutating a " + k.word + " collection derived from a dictionary is not allowed.")
		contains := func(c *value.Call) value.Value {
			if k.arg == 0 {
				if c.Args[0].IsNull() {
					return value.False
				}
				return value.Bool(of(c).of.Has(c.Thread, c.Args[0]))
			}
			found := false
			c.Step(of(c).Len())
			of(c).of.Each(func(_, v value.Value) bool {
				found = c.Equal(v, c.Args[0])
				return !found
			})
			return value.Bool(found)
		}
		rows := []value.Row{
			{Sig: "int Count { get; }", Doc: "The number of entries.", Func: func(c *value.Call) value.Value { return value.Int(of(c).Len()) }},
			{Sig: "IEnumerator<" + k.elem + "> GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
				return value.Of(c.NewEnumerator(types.IEnumeratorT.Of(of(c).typ.Args()[k.arg]), c.This))
			}},
			{Sig: "void CopyTo(" + k.elem + "[] array, int index)", Doc: "Copies them into an array.", Func: void(func(c *value.Call) {
				copyInto(c, of(c).items(c.Thread), c.Int(1), "index")
			})},
			{Sig: "bool ICollection<" + k.elem + ">.IsReadOnly { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
			{Sig: "void ICollection<" + k.elem + ">.Add(" + k.elem + " item)", Doc: "The view cannot be changed.", Func: frozen},
			{Sig: "void ICollection<" + k.elem + ">.Clear()", Doc: "The view cannot be changed.", Func: frozen},
			{Sig: "bool ICollection<" + k.elem + ">.Remove(" + k.elem + " item)", Doc: "The view cannot be changed.", Func: frozen},
		}
		if k.arg == 0 {
			rows = append(rows, value.Row{Sig: "bool Contains(TKey item)", Doc: "Reports whether there is a key.", Beyond: true, Func: contains})
		} else {
			rows = append(rows, value.Row{Sig: "bool ICollection<TValue>.Contains(TValue item)", Doc: "Reports whether there is a value.", Func: contains})
		}
		list = append(list, value.Members{Def: k.def, Doc: "The " + k.word + "s of a dictionary.", Rows: rows})
	}
	return list
}
