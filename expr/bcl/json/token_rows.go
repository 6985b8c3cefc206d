package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// numberWords are the primitive types that tokens convert to and from.
var numberWords = []struct {
	word string
	code types.Code
}{
	{"bool", types.CodeBool},
	{"byte", types.CodeByte},
	{"sbyte", types.CodeSByte},
	{"short", types.CodeInt16},
	{"ushort", types.CodeUInt16},
	{"int", types.CodeInt32},
	{"uint", types.CodeUInt32},
	{"long", types.CodeInt64},
	{"ulong", types.CodeUInt64},
	{"float", types.CodeSingle},
	{"double", types.CodeDouble},
	{"decimal", types.CodeDecimal},
}

// conversionRows are the operators from and to JToken.
func conversionRows() []value.Row {
	var rows []value.Row
	add := func(sig, doc string, f func(c *value.Call) value.Value) {
		rows = append(rows, value.Row{Sig: sig, Doc: doc, Func: f})
	}
	to := func(word string, cast func(t *value.Thread, x Token, nullable bool) value.Value) {
		add("static explicit operator "+word+"(JToken value)", "The value of a token as "+word+"; throws if it has none.", func(c *value.Call) value.Value {
			c.NotNull(0, "value")
			return cast(c.Thread, token(c, 0), false)
		})
		add("static explicit operator "+word+"?(JToken value)", "The value of a token as "+word+", null for null.", func(c *value.Call) value.Value {
			if c.Args[0].IsNull() {
				return value.Null
			}
			return cast(c.Thread, token(c, 0), true)
		})
	}
	// A T? that has a value is boxed as it is, the rest goes by JValue's own
	// constructors, of which integers up to long take that of long.
	from := func(word string, widen bool) {
		add("static implicit operator JToken("+word+" value)", "A token with the value.", func(c *value.Call) value.Value {
			v := c.Args[0]
			if widen {
				v = value.Long(v.Long())
			}
			return value.Of(NewValue(c.Thread, kindOf(c.Thread, v), v))
		})
		add("static implicit operator JToken("+word+"? value)", "A token with the value, or a JSON null.", func(c *value.Call) value.Value {
			return value.Of(NewValue(c.Thread, kindOf(c.Thread, c.Args[0]), c.Args[0]))
		})
	}
	for _, n := range numberWords {
		to(n.word, func(t *value.Thread, x Token, nullable bool) value.Value { return castNumber(t, x, n.code, nullable) })
		from(n.word, n.code >= types.CodeSByte && n.code <= types.CodeUInt32)
	}
	to("char", func(t *value.Thread, x Token, nullable bool) value.Value {
		return castNumber(t, x, types.CodeChar, nullable)
	})
	to("DateTime", castDate)
	to("DateTimeOffset", castOffset)
	to("TimeSpan", castSpan)
	to("Guid", castGUID)
	for _, word := range []string{"DateTime", "DateTimeOffset", "TimeSpan", "Guid"} {
		from(word, false)
	}
	for _, r := range []struct {
		word string
		cast func(t *value.Thread, x Token) value.Value
		kind Kind
	}{{"string", castString, StringKind}, {"byte[]", castBytes, BytesKind}, {"Uri", castURI, URIKind}} {
		add("static explicit operator "+r.word+"(JToken value)", "The value of a token as "+r.word+", null for null.", func(c *value.Call) value.Value {
			return r.cast(c.Thread, token(c, 0))
		})
		add("static implicit operator JToken("+r.word+" value)", "A token with the value.", func(c *value.Call) value.Value {
			k := r.kind
			if c.Args[0].IsNull() && k != StringKind {
				k = NullKind
			}
			return value.Of(NewValue(c.Thread, k, c.Args[0]))
		})
	}
	return rows
}

func tokenRows() []value.Row {
	rows := []value.Row{
		{Sig: "static JToken Parse(string json)", Doc: "Reads JSON.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "s")
			return value.Of(Parse(c.Thread, c.Str(0)))
		}},
		{Sig: "static JToken Parse(string json, JsonLoadSettings settings)", Doc: "Reads JSON.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "s")
			return value.Of(parseToken(c.Thread, c.Str(0), loadSettings(c, 1)))
		}},
		{Sig: "static JToken FromObject(object o)", Doc: "A token of an object's properties or items.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "o")
			return Of(FromObject(c.Thread, c.Args[0]))
		}},
		{Sig: "static bool DeepEquals(JToken t1, JToken t2)", Doc: "Whether two tokens have the same content.", Func: func(c *value.Call) value.Value {
			return value.Bool(DeepEqual(c.Thread, token(c, 0), token(c, 1)))
		}},
		{Sig: "static JTokenEqualityComparer EqualityComparer { get; }", Doc: "Compares tokens by content.", Beyond: true, Func: func(*value.Call) value.Value { return value.Of(deepComparer{}) }},
		{
			Sig: "JTokenType Type { get; }", Doc: "The kind of the token.", Func: func(c *value.Call) value.Value { return thisToken(c).Kind().Value() },
			Fast: func(v value.Value) int64 { return int64(v.Object().(Token).Kind()) },
		},
		{Sig: "JContainer Parent { get; }", Doc: "The token that this one stands in, null at the top.", Func: func(c *value.Call) value.Value { return Of(up(thisToken(c))) }},
		{Sig: "JToken Root { get; }", Doc: "The topmost token above.", Func: func(c *value.Call) value.Value { return Of(root(thisToken(c))) }},
		{Sig: "JToken Next { get; }", Doc: "The token behind, null if there is none.", Func: func(c *value.Call) value.Value { return Of(sibling(thisToken(c), 1)) }},
		{Sig: "JToken Previous { get; }", Doc: "The token before, null if there is none.", Func: func(c *value.Call) value.Value { return Of(sibling(thisToken(c), -1)) }},
		{Sig: "string Path { get; }", Doc: "The path from the topmost token.", Func: func(c *value.Call) value.Value {
			c.Alloc(64)
			return value.String(Path(thisToken(c)))
		}},
		{Sig: "bool HasValues { get; }", Doc: "Whether there are children.", Func: func(c *value.Call) value.Value {
			return value.Bool(hasValues(c.This))
		}, Fast: hasValues},
		{Sig: "JToken First { get; }", Doc: "The first child, null if there is none.", Func: func(c *value.Call) value.Value { return Of(end(c, true)) }},
		{Sig: "JToken Last { get; }", Doc: "The last child, null if there is none.", Func: func(c *value.Call) value.Value { return Of(end(c, false)) }},
		{Sig: "JToken this[object key] { get; set; }", Doc: "The child of a name or an index.", Func: func(c *value.Call) value.Value {
			return Of(item(c.Thread, thisToken(c), c.Args[0]))
		}, Set: func(c *value.Call) { setItemOf(c.Thread, thisToken(c), c.Args[0], token(c, 1)) }},
		{Sig: "T Value<T>(object key)", Doc: "The child of a name or an index as T, the default if there is none.", Func: func(c *value.Call) value.Value {
			return Convert(c.Thread, item(c.Thread, thisToken(c), c.Args[0]), c.Types[0])
		}, Try: tryValue},
		{Sig: "JEnumerable<JToken> Children()", Doc: "The children.", Func: func(c *value.Call) value.Value {
			k, _ := thisToken(c).(Container)
			return enumerableOf(TokenType, func(*value.Thread) value.Iterator { return children(k) })
		}},
		{Sig: "JEnumerable<T> Children<T>() where T : JToken", Doc: "The children that are T.", Func: func(c *value.Call) value.Value {
			k, _ := thisToken(c).(Container)
			of := c.Types[0]
			return enumerableOf(of, func(*value.Thread) value.Iterator {
				it := children(k)
				return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
					for {
						v, ok := it.Next(t)
						if !ok || value.Is(v, of) {
							return v, ok
						}
					}
				})
			})
		}},
		{Sig: "IEnumerable<T> Values<T>()", Doc: "The children, each as T.", Func: func(c *value.Call) value.Value {
			k, ok := thisToken(c).(Container)
			if !ok {
				noChildren(c)
			}
			of := c.Types[0]
			return lazily(of, func(*value.Thread) value.Iterator { return converted(children(k), of) })
		}},
		{Sig: "IEnumerable<JToken> Ancestors()", Doc: "The tokens that this one stands in, from the inside out.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			return lazily(TokenType, func(*value.Thread) value.Iterator { return ancestors(x, false) })
		}},
		{Sig: "IEnumerable<JToken> AncestorsAndSelf()", Doc: "This token and those it stands in.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			return lazily(TokenType, func(*value.Thread) value.Iterator { return ancestors(x, true) })
		}},
		{Sig: "IEnumerable<JToken> AfterSelf()", Doc: "The tokens behind this one.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			next := func(x Token) Token { return sibling(x, 1) }
			return lazily(TokenType, func(*value.Thread) value.Iterator { return chain(func() Token { return next(x) }, next) })
		}},
		{Sig: "IEnumerable<JToken> BeforeSelf()", Doc: "The tokens before this one, from the first on.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			return lazily(TokenType, func(*value.Thread) value.Iterator {
				until := func(k Token) Token {
					if k == x {
						return nil
					}
					return k
				}
				return chain(func() Token {
					if p := x.place().parent; p != nil && p.count() > 0 {
						return until(p.child(0))
					}
					return nil
				}, func(k Token) Token { return until(sibling(k, 1)) })
			})
		}},
		{Sig: "void AddAfterSelf(object content)", Doc: "Adds content behind this token.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			p := parentOf(c.Thread, x)
			addContent(c.Thread, p, indexIn(p, x)+1, c.Args[0])
			return value.Null
		}},
		{Sig: "void AddBeforeSelf(object content)", Doc: "Adds content before this token.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			p := parentOf(c.Thread, x)
			addContent(c.Thread, p, indexIn(p, x), c.Args[0])
			return value.Null
		}},
		{Sig: "void Remove()", Doc: "Takes this token out of its parent.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			removeItem(c.Thread, parentOf(c.Thread, x), x)
			return value.Null
		}},
		{Sig: "void Replace(JToken value)", Doc: "Puts another token in the place of this one.", Func: func(c *value.Call) value.Value {
			x := thisToken(c)
			p := parentOf(c.Thread, x)
			setItem(c.Thread, p, indexIn(p, x), token(c, 0))
			return value.Null
		}},
		{Sig: "JToken DeepClone()", Doc: "A copy of this token and all below it.", Func: func(c *value.Call) value.Value { return Of(Clone(c.Thread, thisToken(c))) }},
		{Sig: "object ICloneable.Clone()", Doc: "A copy of this token and all below it.", Func: func(c *value.Call) value.Value { return Of(Clone(c.Thread, thisToken(c))) }},
		{Sig: "JToken SelectToken(string path)", Doc: "The token at a JSONPath, null if there is none.", Func: func(c *value.Call) value.Value { return selectOne(c, false) }},
		{Sig: "JToken SelectToken(string path, bool errorWhenNoMatch)", Doc: "The token at a JSONPath.", Func: func(c *value.Call) value.Value { return selectOne(c, c.Bool(1)) }},
		{Sig: "JToken SelectToken(string path, JsonSelectSettings settings)", Doc: "The token at a JSONPath.", Beyond: true, Func: func(c *value.Call) value.Value { return selectOne(c, mustMatch(c, 1)) }},
		{Sig: "IEnumerable<JToken> SelectTokens(string path)", Doc: "The tokens at a JSONPath.", Func: func(c *value.Call) value.Value { return selectAll(c, false) }},
		{Sig: "IEnumerable<JToken> SelectTokens(string path, bool errorWhenNoMatch)", Doc: "The tokens at a JSONPath.", Func: func(c *value.Call) value.Value { return selectAll(c, c.Bool(1)) }},
		{Sig: "IEnumerable<JToken> SelectTokens(string path, JsonSelectSettings settings)", Doc: "The tokens at a JSONPath.", Beyond: true, Func: func(c *value.Call) value.Value { return selectAll(c, mustMatch(c, 1)) }},
		{Sig: "T ToObject<T>()", Doc: "The object that the JSON describes.", Func: func(c *value.Call) value.Value { return toObject(c.Thread, thisToken(c), c.Types[0]) }},
		{Sig: "object ToObject(Type objectType)", Doc: "The object that the JSON describes.", Func: func(c *value.Call) value.Value {
			if c.Args[0].IsNull() {
				c.ThrowNull("objectType")
			}
			return toObject(c.Thread, thisToken(c), c.Args[0].Object().(*value.TypeObject).Of)
		}},
		{Sig: "override string ToString()", Doc: "The indented JSON; of a JValue its plain text.", Func: func(c *value.Call) value.Value { return value.String(c.ToString(c.This)) }},
		{Sig: "string ToString(Formatting formatting, params JsonConverter[] converters)", Doc: "The JSON.", Func: func(c *value.Call) value.Value {
			return value.String(Text(c.Thread, thisToken(c), c.Int(0) == 1))
		}},
		{Sig: "bool IJsonLineInfo.HasLineInfo()", Doc: "Whether the position is known.", Func: func(c *value.Call) value.Value { return value.Bool(thisToken(c).place().line > 0) }},
		{Sig: "int IJsonLineInfo.LineNumber { get; }", Doc: "The line it was read from.", Func: func(c *value.Call) value.Value { return value.Int(int(thisToken(c).place().line)) }},
		{Sig: "int IJsonLineInfo.LinePosition { get; }", Doc: "The position in that line.", Func: func(c *value.Call) value.Value { return value.Int(int(thisToken(c).place().column)) }},
		{Sig: "IJEnumerable<JToken> IJEnumerable<JToken>.this[object key] { get; }", Doc: "The child under a key, as a sequence.", Func: func(c *value.Call) value.Value {
			return Of(item(c.Thread, thisToken(c), c.Args[0]))
		}},
	}
	rows = append(rows, value.AnnotationRows(func(this value.Value) **value.Annotations { return &TokenOf(this).place().notes })...)
	return append(rows, conversionRows()...)
}

func hasValues(v value.Value) bool {
	k, ok := v.Object().(Container)
	return ok && k.count() > 0
}

func noChildren(c *value.Call) {
	c.Throw(value.InvalidOperationException, "%s", "Cannot access child value on "+c.This.Type().FullName()+".")
}

func end(c *value.Call, first bool) Token {
	k, ok := thisToken(c).(Container)
	if !ok {
		noChildren(c)
	}
	n := k.count()
	switch {
	case n == 0:
		return nil
	case first:
		return k.child(0)
	}
	x := k.child(n - 1)
	x.place().index = int32(n - 1)
	return x
}

func mustMatch(c *value.Call, i int) bool {
	o, _ := c.Args[i].Object().(*options)
	return o.get("ErrorWhenNoMatch").Bool()
}

var enumerableRows = []value.Row{
	{Sig: "JEnumerable(IEnumerable<T> enumerable)", Doc: "A sequence as tokens.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "enumerable")
		src := c.Args[0]
		of := c.Owner.Args()[0]
		return enumerableOf(of, func(t *value.Thread) value.Iterator { return t.IterateAs(src, of) })
	}},
	{Sig: "IEnumerator<T> GetEnumerator()", Doc: "A walk over the tokens.", Func: func(c *value.Call) value.Value {
		return value.Of(c.NewEnumerator(types.IEnumeratorT.Of(c.Owner.Args()[0]), c.This))
	}},
	{Sig: "IJEnumerable<JToken> this[object key] { get; }", Doc: "The children of each token under a key.", Func: func(c *value.Call) value.Value {
		return valuesOf(c.This, c.Args[0], TokenType, true)
	}},
	{Sig: "bool Equals(JEnumerable<T> other)", Doc: "Whether two are the same sequence.", Func: func(c *value.Call) value.Value {
		return value.Bool(value.Same(c.This, c.Args[0]))
	}},
}

// valuesOf is Extensions.Values: of each token the child under a key or, without
// a key, its children or its own value.
func valuesOf(source, key value.Value, of *types.Type, wrapped bool) value.Value {
	walk := func(t *value.Thread) value.Iterator {
		if source.IsNull() {
			t.ThrowNull("source")
		}
		it := tokens(t, source)
		if key.IsNull() {
			return converted(flat(it, func(_ *value.Thread, v value.Value) value.Iterator {
				if k, ok := v.Object().(Container); ok {
					return children(k)
				}
				return one(v)
			}), of)
		}
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			for {
				v, ok := it.Next(t)
				if !ok {
					return value.Null, false
				}
				t.Step(1)
				if x := TokenOf(v); x != nil {
					if k := item(t, x, key); k != nil {
						return Convert(t, k, of), true
					}
				} else {
					t.NullReference()
				}
			}
		})
	}
	if wrapped {
		return enumerableOf(of, walk)
	}
	return lazily(of, walk)
}

func one(v value.Value) value.Iterator {
	done := false
	return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
		first := !done
		done = true
		return v, first
	})
}

// tryValue is Value<T> of a property of an object whose value is a T already,
// and of an integer that is an int.
func tryValue(args []*types.Type) func(this, key value.Value) (value.Value, bool) {
	to := args[0]
	return func(this, key value.Value) (value.Value, bool) {
		o, ok := this.Object().(*Object)
		if !ok || !key.IsString() {
			return value.Null, false
		}
		x, ok := o.Get(key.Str()).(*Value)
		if !ok {
			return value.Null, false
		}
		switch of := x.v.Type(); {
		case of == to:
			return x.v, true
		case of == types.Int64 && to == types.Int32:
			if n := x.v.Long(); n == int64(int32(n)) {
				return value.Int(int(n)), true
			}
		}
		return value.Null, false
	}
}
