package contextvar

import (
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// The three kinds of dictionaries that context has. They are read-only.
var (
	valuesDef    = types.Declare(hidden, "public sealed class ValuesDictionary : IReadOnlyDictionary<string, string[]>")
	stringsDef   = types.Declare(hidden, "public sealed class StringDictionary : IReadOnlyDictionary<string, string>")
	variablesDef = types.Declare(hidden, "public sealed class VariablesDictionary : IReadOnlyDictionary<string, object>")

	stringArray = types.ArrayOf(types.String, 1)
)

// dictionary is what all of them can do: look a name up, and list the entries
// in order.
type dictionary interface {
	value.Enumerable
	get(t *value.Thread, name string) (value.Value, bool)
	names() []string
	// elem is the type of the values.
	elem() *types.Type
	// foldsCase says that names compare without regard to case.
	foldsCase() bool
}

// ignoreCase compares names as StringComparer.OrdinalIgnoreCase does; the names
// of headers, query parameters and template parameters are ASCII.
type ignoreCase struct{}

func (ignoreCase) EqualValues(_ *value.Thread, a, b value.Value) bool {
	return strings.EqualFold(a.Str(), b.Str())
}

func (ignoreCase) HashValue(_ *value.Thread, v value.Value) int32 {
	return value.HashString(strings.ToUpper(v.Str()))
}

// snapshot is the dictionary as a Dictionary<string, T>, whose Keys and Values
// context's dictionaries share.
func snapshot(t *value.Thread, d dictionary) *value.Dictionary {
	var comparer value.EqualityComparer
	if d.foldsCase() {
		comparer = ignoreCase{}
	}
	out := value.NewDictionary(types.String, d.elem(), comparer)
	for _, name := range d.names() {
		v, _ := d.get(t, name)
		out.Put(t, value.String(name), v)
	}
	return out
}

// collection is the Keys or Values of the dictionary.
func collection(t *value.Thread, d dictionary, which string) value.Value {
	s := snapshot(t, d)
	for _, m := range t.Table.Info(types.Dictionary).Named(which) {
		return t.Get(m.In(s.Type()), value.Of(s))
	}
	panic("contextvar: Dictionary has no " + which)
}

func iterate(t *value.Thread, d dictionary) value.Iterator {
	names, i := d.names(), 0
	pair := types.KeyValuePair.Of(types.String, d.elem())
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if i >= len(names) {
			return value.Null, false
		}
		i++
		v, _ := d.get(t, names[i-1])
		return value.Pair(pair, value.String(names[i-1]), v), true
	})
}

// headers are the headers of a request or response: the names in order of
// first appearance, each with the values of its lines.
type headers struct{ h *exchange.Header }

// Type is the type of header dictionaries.
func (h *headers) Type() *types.Type { return valuesDef.Type() }

// Iterate walks over name and values.
func (h *headers) Iterate(t *value.Thread) value.Iterator { return iterate(t, h) }
func (h *headers) names() []string                        { return h.h.Names() }
func (h *headers) elem() *types.Type                      { return stringArray }
func (h *headers) foldsCase() bool                        { return true }

func (h *headers) get(t *value.Thread, name string) (value.Value, bool) {
	vs := h.h.Values(name)
	if vs == nil {
		return value.Null, false
	}
	return t.Strings(vs), true
}

// joined is the values of a header in one string. The usual single line is
// not copied.
func (h *headers) joined(t *value.Thread, name string) (value.Value, bool) {
	first, n := "", 0
	for i := range *h.h {
		if f := &(*h.h)[i]; len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
			if n++; n == 1 {
				first = f.Value
			}
		}
	}
	switch n {
	case 0:
		return value.Null, false
	case 1:
		return value.String(first), true
	}
	vs := h.h.Values(name)
	t.Alloc(size(vs))
	return value.String(strings.Join(vs, ",")), true
}

func size(vs []string) int {
	n := len(vs)
	for _, v := range vs {
		n += len(v)
	}
	return n
}

// values is a dictionary of lists: query parameters, claims of a token. It is
// immutable.
type values struct {
	keys  []string
	lists [][]string
}

// Type is the type of header dictionaries.
func (d *values) Type() *types.Type { return valuesDef.Type() }

// Iterate walks over name and values.
func (d *values) Iterate(t *value.Thread) value.Iterator { return iterate(t, d) }
func (d *values) names() []string                        { return d.keys }
func (d *values) elem() *types.Type                      { return stringArray }
func (d *values) foldsCase() bool                        { return true }

func (d *values) find(name string) int {
	return slices.IndexFunc(d.keys, func(k string) bool { return strings.EqualFold(k, name) })
}

func (d *values) get(t *value.Thread, name string) (value.Value, bool) {
	i := d.find(name)
	if i < 0 {
		return value.Null, false
	}
	return t.Strings(d.lists[i]), true
}

func (d *values) joined(t *value.Thread, name string) (value.Value, bool) {
	i := d.find(name)
	if i < 0 {
		return value.Null, false
	}
	t.Alloc(size(d.lists[i]))
	return value.String(strings.Join(d.lists[i], ",")), true
}

// add appends a value under a name.
func (d *values) add(name, v string) {
	i := d.find(name)
	if i < 0 {
		i = len(d.keys)
		d.keys, d.lists = append(d.keys, name), append(d.lists, nil)
	}
	d.lists[i] = append(d.lists[i], v)
}

// set replaces the values of a name.
func (d *values) set(name string, vs []string) {
	if i := d.find(name); i >= 0 {
		d.lists[i] = vs
		return
	}
	d.keys, d.lists = append(d.keys, name), append(d.lists, vs)
}

// parameters are the matched template parameters.
type parameters struct{ x *exchange.Exchange }

// Type is the type of MatchedParameters.
func (d *parameters) Type() *types.Type { return stringsDef.Type() }

// Iterate walks over name and value.
func (d *parameters) Iterate(t *value.Thread) value.Iterator { return iterate(t, d) }
func (d *parameters) elem() *types.Type                      { return types.String }
func (d *parameters) foldsCase() bool                        { return true }

func (d *parameters) names() []string {
	var ns []string
	for _, p := range d.x.Parameters {
		if !slices.ContainsFunc(ns, func(n string) bool { return strings.EqualFold(n, p.Name) }) {
			ns = append(ns, p.Name)
		}
	}
	return ns
}

func (d *parameters) get(_ *value.Thread, name string) (value.Value, bool) {
	for i := len(d.x.Parameters) - 1; i >= 0; i-- {
		if p := d.x.Parameters[i]; strings.EqualFold(p.Name, name) {
			return value.String(p.Value), true
		}
	}
	return value.Null, false
}

// variables are the variables of the exchange. They are listed by name: .NET's
// order, that of their making, is not kept.
type variables struct{ x *exchange.Exchange }

// Type is the type of Variables.
func (d *variables) Type() *types.Type { return variablesDef.Type() }

// Iterate walks over name and value.
func (d *variables) Iterate(t *value.Thread) value.Iterator { return iterate(t, d) }
func (d *variables) elem() *types.Type                      { return types.Object }
func (d *variables) foldsCase() bool                        { return false }

func (d *variables) names() []string {
	ns := make([]string, 0, len(d.x.Variables))
	for n := range d.x.Variables {
		ns = append(ns, n)
	}
	slices.Sort(ns)
	return ns
}

func (d *variables) get(_ *value.Thread, name string) (value.Value, bool) {
	v, ok := d.x.Variables[name]
	return v, ok
}

func missing(c *value.Call) value.Value {
	c.Throw(value.KeyNotFoundException, "The given key '"+c.Str(0)+"' was not present in the dictionary.")
	return value.Null
}

// dictionaryRows are the members that all three have. T is the C# type of the
// values. The parameters of the methods are called as a dictionary's are in
// error messages, which go by the names of .NET's own.
func dictionaryRows(of string, index value.Row) []value.Row {
	this := func(c *value.Call) dictionary { return c.This.Object().(dictionary) }
	return []value.Row{
		index,
		{Sig: "IEnumerable<string> Keys { get; }", Doc: "The names.", Func: func(c *value.Call) value.Value {
			return collection(c.Thread, this(c), "Keys")
		}},
		{Sig: "IEnumerable<" + of + "> Values { get; }", Doc: "The values.", Func: func(c *value.Call) value.Value {
			return collection(c.Thread, this(c), "Values")
		}},
		{Sig: "int Count { get; }", Doc: "How many there are.", Func: func(c *value.Call) value.Value {
			return value.Int(len(this(c).names()))
		}},
		{Sig: "bool ContainsKey(string k)", Doc: "Whether there is one of that name.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "key")
			if h, ok := c.This.Object().(*headers); ok {
				return value.Bool(h.h.Has(c.Str(0)))
			}
			_, ok := this(c).get(c.Thread, c.Str(0))
			return value.Bool(ok)
		}},
		{Sig: "bool TryGetValue(string k, out " + of + " v)", Doc: "Whether there is one of that name, and its value.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "key")
			v, ok := this(c).get(c.Thread, c.Str(0))
			c.Args[1] = v
			return value.Bool(ok)
		}},
		{Sig: "IEnumerator<KeyValuePair<string, " + of + ">> GetEnumerator()", Doc: "A walk over names and values.", Func: func(c *value.Call) value.Value {
			d := this(c)
			return value.Of(c.NewEnumerator(types.IEnumeratorT.Of(types.KeyValuePair.Of(types.String, d.elem())), c.This))
		}},
	}
}

// indexer throws for a missing name.
func indexer(of, doc string) value.Row {
	return value.Row{Sig: of + " this[string k] { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "key")
		v, ok := c.This.Object().(dictionary).get(c.Thread, c.Str(0))
		if !ok {
			return missing(c)
		}
		return v
	}}
}

func dictionaryMembers() []value.Members {
	type joiner interface {
		joined(t *value.Thread, name string) (value.Value, bool)
	}
	joined := value.Row{
		Sig: "string GetValueOrDefault(string k, string defaultValue = null)", Doc: "The values joined by commas, or the default.",
		Func: func(c *value.Call) value.Value {
			c.NotNull(0, "key")
			if v, ok := c.This.Object().(joiner).joined(c.Thread, c.Str(0)); ok {
				return v
			}
			return c.Args[1]
		},
	}
	plain := value.Row{
		Sig: "string GetValueOrDefault(string k, string defaultValue = null)", Doc: "The value, or the default.",
		Func: func(c *value.Call) value.Value {
			c.NotNull(0, "key")
			if v, ok := c.This.Object().(dictionary).get(c.Thread, c.Str(0)); ok {
				return v
			}
			return c.Args[1]
		},
	}
	// A variable that is not there reads as null, and one of another type
	// than asked for throws (expressions.md 1.5).
	variable := value.Row{
		Sig: "object this[string k] { get; }", Doc: "The variable's value; null when there is none.",
		Func: func(c *value.Call) value.Value {
			c.NotNull(0, "key")
			return c.This.Object().(*variables).x.Variables[c.Str(0)]
		},
		Fast: func(this, k value.Value) value.Value { return this.Object().(*variables).x.Variables[k.Str()] },
	}
	typed := value.Row{
		Sig: "T GetValueOrDefault<T>(string k, T defaultValue = default(T))", Doc: "The variable's value, or the default.",
		Func: func(c *value.Call) value.Value {
			c.NotNull(0, "key")
			if v, ok := c.This.Object().(*variables).x.Variables[c.Str(0)]; ok {
				return c.Cast(v, c.Types[0])
			}
			return c.Args[1]
		},
	}
	return []value.Members{
		{Def: valuesDef, Doc: "Names with lists of values: headers, query parameters, claims.", Rows: append(dictionaryRows("string[]", indexer("string[]", "The values of that name.")), joined)},
		{Def: stringsDef, Doc: "Names with values: template parameters.", Rows: append(dictionaryRows("string", indexer("string", "The value of that name.")), plain)},
		{Def: variablesDef, Doc: "The variables of the request.", Rows: append(dictionaryRows("object", variable), typed)},
		{Def: types.IDictionaryT, Rows: []value.Row{orDefault}},
	}
}

// orDefault is undocumented: documents that run in production call it on what
// JsonConvert made of an object and on the fields of a form.
var orDefault = value.Row{
	Sig: "TValue GetValueOrDefault(TKey key, TValue defaultValue = default(TValue))", Beyond: true,
	Doc: "The value of a key, or the default.", Func: func(c *value.Call) value.Value {
		find := c.Table.Info(c.Owner.Def()).Named("TryGetValue")[0].In(c.Owner)
		impl := c.Table.Implementation(c.This.Type(), find)
		if impl == nil {
			c.Throw(value.NotSupportedException, "Specified method is not supported.")
		}
		call := c.Borrow()
		call.This, call.Args, call.Owner = c.This, []value.Value{c.Args[0], value.Null}, impl.Owner
		found, v := value.RowOf(impl).Func(call).Bool(), call.Args[1]
		c.Return(call)
		if !found {
			return c.Args[1]
		}
		return v
	},
}
