package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func add(c *value.Call) value.Value {
	addContent(c.Thread, thisContainer(c), thisContainer(c).count(), c.Args[0])
	return value.Null
}

func getAt(c *value.Call) value.Value { return Of(itemAt(c.Thread, thisContainer(c), c.Int(0))) }

func setAt(c *value.Call) { setItem(c.Thread, thisContainer(c), c.Int(0), token(c, 1)) }

func clearRow(c *value.Call) value.Value {
	clearItems(c.Thread, thisContainer(c))
	return value.Null
}

func indexOf(c *value.Call) value.Value {
	return value.Int(indexIn(thisContainer(c), token(c, 0)))
}

func contains(c *value.Call) value.Value {
	return value.Bool(indexIn(thisContainer(c), token(c, 0)) >= 0)
}

func insertAt(c *value.Call) value.Value {
	insert(c.Thread, thisContainer(c), c.Int(0), token(c, 1))
	return value.Null
}

func removeIndex(c *value.Call) value.Value {
	removeAt(c.Thread, thisContainer(c), c.Int(0))
	return value.Null
}

func removeRow(c *value.Call) value.Value {
	return value.Bool(removeItem(c.Thread, thisContainer(c), token(c, 0)))
}

func copyTo(c *value.Call) value.Value {
	k := thisContainer(c)
	into(c, k.count(), func(i int) value.Value { return Of(k.child(i)) })
	return value.Null
}

// into copies n elements into an array from an index on.
func into(c *value.Call, n int, at func(i int) value.Value) {
	c.NotNull(0, "array")
	a, start := c.Args[0].Object().(*value.Array), c.Int(1)
	switch {
	case start < 0:
		c.ThrowRange("arrayIndex is less than 0.", "arrayIndex")
	case start >= a.Len() && start != 0:
		c.ThrowArgument(value.ArgumentException, "arrayIndex is equal to or greater than the length of array.", "")
	case n > a.Len()-start:
		c.ThrowArgument(value.ArgumentException, "The number of elements in the source JObject is greater than the available space from arrayIndex to the end of the destination array.", "")
	}
	for i := range n {
		a.Store(c.Thread, start+i, at(i))
	}
}

func notReadOnly(c *value.Call) value.Value { return value.False }

// objectArg is an argument of the non-generic IList as a token.
func objectArg(c *value.Call, i int) Token {
	if c.Args[i].IsNull() {
		return nil
	}
	x := token(c, i)
	if x == nil {
		c.Throw(value.ArgumentException, "Argument is not a JToken.")
	}
	return x
}

var containerRows = []value.Row{
	{Sig: "int Count { get; }", Doc: "The number of children.", Func: count, Fast: func(v value.Value) int64 { return int64(v.Object().(Container).count()) }},
	{Sig: "void Add(object content)", Doc: "Adds content at the end.", Func: add},
	{Sig: "void AddFirst(object content)", Doc: "Adds content at the start.", Func: func(c *value.Call) value.Value {
		addContent(c.Thread, thisContainer(c), 0, c.Args[0])
		return value.Null
	}},
	{Sig: "void RemoveAll()", Doc: "Takes all children out.", Func: clearRow},
	{Sig: "void ReplaceAll(object content)", Doc: "Puts content in the place of all children.", Func: func(c *value.Call) value.Value {
		clearItems(c.Thread, thisContainer(c))
		return add(c)
	}},
	{Sig: "IEnumerable<JToken> Descendants()", Doc: "All tokens below this one.", Func: func(c *value.Call) value.Value {
		x := thisToken(c)
		return lazily(TokenType, func(*value.Thread) value.Iterator { return descendants(x, false) })
	}},
	{Sig: "IEnumerable<JToken> DescendantsAndSelf()", Doc: "This token and all below it.", Func: func(c *value.Call) value.Value {
		x := thisToken(c)
		return lazily(TokenType, func(*value.Thread) value.Iterator { return descendants(x, true) })
	}},
	{Sig: "void Merge(object content)", Doc: "Merges content into this token.", Func: func(c *value.Call) value.Value {
		mergeInto(c, mergeHow{})
		return value.Null
	}},
	{Sig: "void Merge(object content, JsonMergeSettings settings)", Doc: "Merges content into this token.", Beyond: true, Func: func(c *value.Call) value.Value {
		mergeInto(c, mergeSettings(c, 1))
		return value.Null
	}},
	{Sig: "int IList<JToken>.IndexOf(JToken item)", Doc: "The index of a child, or -1.", Func: indexOf},
	{Sig: "void IList<JToken>.Insert(int index, JToken item)", Doc: "Puts a child at an index.", Func: insertAt},
	{Sig: "void IList<JToken>.RemoveAt(int index)", Doc: "Takes a child out.", Func: removeIndex},
	{Sig: "JToken IList<JToken>.this[int index] { get; set; }", Doc: "A child.", Func: getAt, Set: setAt},
	{Sig: "void ICollection<JToken>.Add(JToken item)", Doc: "Adds a child.", Func: add},
	{Sig: "void ICollection<JToken>.Clear()", Doc: "Takes all children out.", Func: clearRow},
	{Sig: "bool ICollection<JToken>.Contains(JToken item)", Doc: "Whether a token is a child.", Func: contains},
	{Sig: "void ICollection<JToken>.CopyTo(JToken[] array, int arrayIndex)", Doc: "Copies the children.", Func: copyTo},
	{Sig: "bool ICollection<JToken>.IsReadOnly { get; }", Doc: "Always false.", Func: notReadOnly},
	{Sig: "bool ICollection<JToken>.Remove(JToken item)", Doc: "Takes a child out.", Func: removeRow},
	{Sig: "object IList.this[int index] { get; set; }", Doc: "A child.", Func: getAt, Set: func(c *value.Call) {
		setItem(c.Thread, thisContainer(c), c.Int(0), objectArg(c, 1))
	}},
	{Sig: "int IList.Add(object value)", Doc: "Adds a child.", Func: func(c *value.Call) value.Value {
		k := thisContainer(c)
		addContent(c.Thread, k, k.count(), Of(objectArg(c, 0)))
		return value.Int(k.count() - 1)
	}},
	{Sig: "bool IList.Contains(object value)", Doc: "Whether a token is a child.", Func: contains},
	{Sig: "void IList.Clear()", Doc: "Takes all children out.", Func: clearRow},
	{Sig: "int IList.IndexOf(object value)", Doc: "The index of a child, or -1.", Func: indexOf},
	{Sig: "void IList.Insert(int index, object value)", Doc: "Puts a child at an index.", Func: func(c *value.Call) value.Value {
		insert(c.Thread, thisContainer(c), c.Int(0), objectArg(c, 1))
		return value.Null
	}},
	{Sig: "void IList.Remove(object value)", Doc: "Takes a child out.", Func: func(c *value.Call) value.Value {
		removeItem(c.Thread, thisContainer(c), objectArg(c, 0))
		return value.Null
	}},
	{Sig: "void IList.RemoveAt(int index)", Doc: "Takes a child out.", Func: removeIndex},
}

// fresh is an empty container of a constructor's type, with content added.
func fresh(c *value.Call, k Container, contentArg int) value.Value {
	c.Alloc(listCost)
	if contentArg >= 0 {
		addContent(c.Thread, k, 0, c.Args[contentArg])
	}
	return value.Of(k)
}

func copyRow(name string) value.Row {
	return value.Row{Sig: name + "(" + name + " other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return Of(Clone(c.Thread, token(c, 0)))
	}}
}

var arrayRows = []value.Row{
	{Sig: "JArray()", Doc: "An empty array.", Func: func(c *value.Call) value.Value { return fresh(c, &Array{}, -1) }},
	copyRow("JArray"),
	{Sig: "JArray(params object[] content)", Doc: "An array of content.", Func: func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			a := &Array{}
			insert(c.Thread, a, 0, NewNull(c.Thread))
			return fresh(c, a, -1)
		}
		return fresh(c, &Array{}, 0)
	}},
	{Sig: "JArray(object content)", Doc: "An array of content.", Func: func(c *value.Call) value.Value { return fresh(c, &Array{}, 0) }},
	{Sig: "static JArray Parse(string json)", Doc: "Reads a JSON array.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Of(ParseArray(c.Thread, c.Str(0)))
	}},
	{Sig: "static JArray Parse(string json, JsonLoadSettings settings)", Doc: "Reads a JSON array.", Beyond: true, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Of(parseArray(c.Thread, c.Str(0), loadSettings(c, 1)))
	}},
	{Sig: "static JArray FromObject(object o)", Doc: "An array of an object's items.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "o")
		x := FromObject(c.Thread, c.Args[0])
		if x.Kind() != ArrayKind {
			c.Throw(value.ArgumentException, "Object serialized to %s. JArray instance expected.", x.Kind())
		}
		return Of(x)
	}},
	{Sig: "JToken this[int index] { get; set; }", Doc: "An item.", Func: getAt, Set: setAt},
	{Sig: "bool IsReadOnly { get; }", Doc: "Always false.", Func: notReadOnly},
	{Sig: "void Add(JToken item)", Doc: "Adds an item at the end.", Func: add},
	{Sig: "void Clear()", Doc: "Takes all items out.", Func: clearRow},
	{Sig: "bool Contains(JToken item)", Doc: "Whether a token itself is among the items.", Func: contains},
	{Sig: "void CopyTo(JToken[] array, int arrayIndex)", Doc: "Copies the items into an array.", Func: copyTo},
	{Sig: "IEnumerator<JToken> GetEnumerator()", Doc: "A walk over the items.", Func: func(c *value.Call) value.Value {
		return value.Of(c.NewEnumerator(types.IEnumeratorT.Of(TokenType), c.This))
	}},
	{Sig: "int IndexOf(JToken item)", Doc: "The index of a token itself, or -1.", Func: indexOf},
	{Sig: "void Insert(int index, JToken item)", Doc: "Puts an item at an index.", Func: insertAt},
	{Sig: "bool Remove(JToken item)", Doc: "Takes a token itself out.", Func: removeRow},
	{Sig: "void RemoveAt(int index)", Doc: "Takes the item at an index out.", Func: removeIndex},
}

var constructorRows = []value.Row{
	{Sig: "JConstructor()", Doc: "A constructor without a name.", Func: func(c *value.Call) value.Value { return fresh(c, &Constructor{}, -1) }},
	copyRow("JConstructor"),
	{Sig: "JConstructor(string name)", Doc: "A constructor without arguments.", Func: func(c *value.Call) value.Value { return newConstructor(c, -1) }},
	{Sig: "JConstructor(string name, params object[] content)", Doc: "A constructor with arguments.", Func: func(c *value.Call) value.Value { return newConstructor(c, 1) }},
	{Sig: "JConstructor(string name, object content)", Doc: "A constructor with an argument.", Func: func(c *value.Call) value.Value { return newConstructor(c, 1) }},
	{Sig: "string Name { get; set; }", Doc: "The name behind new.", Func: func(c *value.Call) value.Value { return this[*Constructor](c).Name }, Set: func(c *value.Call) { this[*Constructor](c).Name = c.Args[0] }},
}

func newConstructor(c *value.Call, contentArg int) value.Value {
	c.NotNull(0, "name")
	if c.Str(0) == "" {
		c.ThrowArgument(value.ArgumentException, "Constructor name cannot be empty.", "name")
	}
	return fresh(c, &Constructor{Name: c.Args[0]}, contentArg)
}

var propertyRows = []value.Row{
	copyRow("JProperty"),
	{Sig: "JProperty(string name, params object[] content)", Doc: "A property with an array of content.", Func: newProperty},
	{Sig: "JProperty(string name, object content)", Doc: "A property with a value.", Func: newProperty},
	{Sig: "string Name { get; }", Doc: "The name.", Func: func(c *value.Call) value.Value { return value.String(this[*Property](c).Name) }},
	{Sig: "JToken Value { get; set; }", Doc: "The value.", Func: func(c *value.Call) value.Value { return Of(this[*Property](c).value) }, Set: func(c *value.Call) {
		this[*Property](c).setValue(c.Thread, token(c, 0))
	}},
}

func newProperty(c *value.Call) value.Value {
	c.NotNull(0, "name")
	return value.Of(propertyOf(c.Thread, c.Str(0), c.Args[1]))
}

// findProperty finds a property by a comparison: the exact name first.
func findProperty(t *value.Thread, o *Object, name value.Value, how int) *Property {
	if name.IsNull() {
		return nil
	}
	if p := o.Property(name.Str()); p != nil || how == 4 {
		return p
	}
	kind := t.Table.Lookup("System", "StringComparison", 0).Type()
	for _, x := range o.items {
		t.Step(1)
		if p := x.(*Property); invoke(t, types.String.Def(), "Equals", value.String(p.Name), name, value.Enum(kind, int64(how))).Bool() {
			return p
		}
	}
	return nil
}

func propertyValue(p *Property) value.Value {
	if p == nil {
		return value.Null
	}
	return Of(p.value)
}

var objectRows = []value.Row{
	{Sig: "JObject()", Doc: "An empty object.", Func: func(c *value.Call) value.Value { return fresh(c, &Object{}, -1) }},
	copyRow("JObject"),
	{Sig: "JObject(params object[] content)", Doc: "An object of properties.", Func: func(c *value.Call) value.Value { return fresh(c, &Object{}, 0) }},
	{Sig: "JObject(object content)", Doc: "An object of properties.", Func: func(c *value.Call) value.Value { return fresh(c, &Object{}, 0) }},
	{Sig: "static JObject Parse(string json)", Doc: "Reads a JSON object.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Of(ParseObject(c.Thread, c.Str(0)))
	}},
	{Sig: "static JObject Parse(string json, JsonLoadSettings settings)", Doc: "Reads a JSON object.", Beyond: true, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Of(parseObject(c.Thread, c.Str(0), loadSettings(c, 1)))
	}},
	{Sig: "static JObject FromObject(object o)", Doc: "An object of an object's properties.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "o")
		x := FromObject(c.Thread, c.Args[0])
		if x.Kind() != ObjectKind {
			c.Throw(value.ArgumentException, "Object serialized to %s. JObject instance expected.", x.Kind())
		}
		return Of(x)
	}},
	{Sig: "JToken this[string propertyName] { get; set; }", Doc: "The value of a property, null if there is none.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "propertyName")
		return Of(this[*Object](c).Get(c.Str(0)))
	}, Set: func(c *value.Call) {
		c.NotNull(0, "name")
		this[*Object](c).Set(c.Thread, c.Str(0), token(c, 1))
	}, Fast: func(o, name value.Value) value.Value { return Of(o.Object().(*Object).Get(name.Str())) }},
	{Sig: "IEnumerable<JProperty> Properties()", Doc: "The properties.", Func: func(c *value.Call) value.Value {
		o := this[*Object](c)
		return lazily(propertyType, func(*value.Thread) value.Iterator { return children(o) })
	}},
	{Sig: "JProperty Property(string name)", Doc: "The property of a name, null if there is none.", Func: func(c *value.Call) value.Value {
		return propertyToken(findProperty(c.Thread, this[*Object](c), c.Args[0], 4))
	}},
	{Sig: "JProperty Property(string name, StringComparison comparison)", Doc: "The property of a name, null if there is none.", Func: func(c *value.Call) value.Value {
		return propertyToken(findProperty(c.Thread, this[*Object](c), c.Args[0], c.Int(1)))
	}},
	{Sig: "JEnumerable<JToken> PropertyValues()", Doc: "The values of the properties.", Func: func(c *value.Call) value.Value {
		o := this[*Object](c)
		return enumerableOf(TokenType, func(*value.Thread) value.Iterator {
			it := children(o)
			return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
				v, ok := it.Next(t)
				if !ok {
					return value.Null, false
				}
				return Of(v.Object().(*Property).value), true
			})
		})
	}},
	{Sig: "JToken GetValue(string propertyName)", Doc: "The value of a property, null if there is none.", Func: func(c *value.Call) value.Value {
		return propertyValue(findProperty(c.Thread, this[*Object](c), c.Args[0], 4))
	}},
	{Sig: "JToken GetValue(string propertyName, StringComparison comparison)", Doc: "The value of a property, null if there is none.", Func: func(c *value.Call) value.Value {
		return propertyValue(findProperty(c.Thread, this[*Object](c), c.Args[0], c.Int(1)))
	}},
	{Sig: "bool TryGetValue(string propertyName, out JToken value)", Doc: "Whether there is a property, and its value.", Func: func(c *value.Call) value.Value {
		v := propertyValue(findProperty(c.Thread, this[*Object](c), c.Args[0], 4))
		c.Args[1] = v
		return value.Bool(!v.IsNull())
	}},
	{Sig: "bool TryGetValue(string propertyName, StringComparison comparison, out JToken value)", Doc: "Whether there is a property, and its value.", Func: func(c *value.Call) value.Value {
		v := propertyValue(findProperty(c.Thread, this[*Object](c), c.Args[0], c.Int(1)))
		c.Args[2] = v
		return value.Bool(!v.IsNull())
	}},
	{Sig: "bool ContainsKey(string propertyName)", Doc: "Whether there is a property.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "propertyName")
		return value.Bool(this[*Object](c).Property(c.Str(0)) != nil)
	}},
	{Sig: "void Add(string propertyName, JToken value)", Doc: "Adds a property; throws if there is one of that name.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "name")
		o := this[*Object](c)
		insert(c.Thread, o, o.count(), NewProperty(c.Thread, c.Str(0), token(c, 1)))
		return value.Null
	}},
	{Sig: "bool Remove(string propertyName)", Doc: "Takes a property out and reports whether there was one.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "propertyName")
		o := this[*Object](c)
		p := o.Property(c.Str(0))
		if p == nil {
			return value.False
		}
		return value.Bool(removeItem(c.Thread, o, p))
	}},
	{Sig: "IEnumerator<KeyValuePair<string, JToken>> GetEnumerator()", Doc: "A walk over names and values.", Func: func(c *value.Call) value.Value {
		return value.Of(c.NewEnumerator(types.IEnumeratorT.Of(pairType), c.This))
	}},
	{Sig: "ICollection<string> IDictionary<string, JToken>.Keys { get; }", Doc: "The names.", Func: func(c *value.Call) value.Value {
		o := this[*Object](c)
		names := make([]value.Value, len(o.items))
		for i, x := range o.items {
			names[i] = value.String(x.(*Property).Name)
		}
		return value.Of(value.NewList(types.String, names))
	}},
	{Sig: "ICollection<JToken> IDictionary<string, JToken>.Values { get; }", Doc: "Json.NET has not made it.", Func: func(c *value.Call) value.Value {
		c.Throw(value.NotImplementedException, "The method or operation is not implemented.")
		return value.Null
	}},
	{Sig: "int ICollection<KeyValuePair<string, JToken>>.Count { get; }", Doc: "The number of properties.", Func: count},
	{Sig: "bool ICollection<KeyValuePair<string, JToken>>.IsReadOnly { get; }", Doc: "Always false.", Func: notReadOnly},
	{Sig: "void ICollection<KeyValuePair<string, JToken>>.Add(KeyValuePair<string, JToken> item)", Doc: "Adds a property.", Func: func(c *value.Call) value.Value {
		k := pairOf(c)
		o := this[*Object](c)
		insert(c.Thread, o, o.count(), NewProperty(c.Thread, k[0].Str(), TokenOf(k[1])))
		return value.Null
	}},
	{Sig: "void ICollection<KeyValuePair<string, JToken>>.Clear()", Doc: "Takes all properties out.", Func: clearRow},
	{Sig: "bool ICollection<KeyValuePair<string, JToken>>.Contains(KeyValuePair<string, JToken> item)", Doc: "Whether a property has that very value.", Func: func(c *value.Call) value.Value {
		k := pairOf(c)
		p := this[*Object](c).Property(k[0].Str())
		return value.Bool(p != nil && p.value == TokenOf(k[1]))
	}},
	{Sig: "void ICollection<KeyValuePair<string, JToken>>.CopyTo(KeyValuePair<string, JToken>[] array, int arrayIndex)", Doc: "Copies the properties.", Func: func(c *value.Call) value.Value {
		o := this[*Object](c)
		into(c, o.count(), func(i int) value.Value {
			p := o.items[i].(*Property)
			return value.Pair(pairType, value.String(p.Name), Of(p.value))
		})
		return value.Null
	}},
	{Sig: "bool ICollection<KeyValuePair<string, JToken>>.Remove(KeyValuePair<string, JToken> item)", Doc: "Takes a property out that has that very value.", Func: func(c *value.Call) value.Value {
		k := pairOf(c)
		o := this[*Object](c)
		p := o.Property(k[0].Str())
		if p == nil || p.value != TokenOf(k[1]) {
			return value.False
		}
		return value.Bool(removeItem(c.Thread, o, p))
	}},
}

func pairOf(c *value.Call) []value.Value { return c.Args[0].Object().(*value.Tuple).Items }

func propertyToken(p *Property) value.Value {
	if p == nil {
		return value.Null
	}
	return value.Of(p)
}
