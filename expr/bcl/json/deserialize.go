package json

import (
	"errors"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func serializationError(r source, message string, inner *value.Exception) {
	message, w := blame(r, message)
	raise(r.thread(), JsonSerializationExceptionDef, message, inner, w)
}

// Deserialize is JsonConvert.DeserializeObject of text; a nil type is none.
func Deserialize(t *value.Thread, s string, to *types.Type) value.Value {
	r := newReader(t, s)
	return deserialize(r, to, true)
}

func deserialize(r typedSource, to *types.Type, checkRest bool) value.Value {
	if r.mark() == noMark && !readFor(r, to) {
		if to != nil && !nullable(to) {
			serializationError(r, "No JSON content found and type '"+to.ReflectionName()+"' is not nullable.", nil)
		}
		return value.Null
	}
	v := (&maker{r: r, t: r.thread()}).create(to)
	if checkRest {
		for r.next() {
			if r.mark() != comment {
				serializationError(r, "Additional text found in JSON string after finishing deserializing object.", nil)
			}
		}
	}
	return v
}

// toObject is JToken.ToObject.
func toObject(t *value.Thread, x Token, to *types.Type) value.Value {
	under, opt := to.Underlying(), to.IsNullable()
	if opt && x == nil {
		return value.Null
	}
	isNull := opt && x.Kind() == NullKind
	if under.Kind() == types.Enum {
		switch x.Kind() {
		case StringKind:
			return enumFromToken(t, x, under)
		case IntegerKind:
			return enumOf(t, under, x.(*Value).v)
		}
	} else {
		switch c := under.Code(); {
		case c == types.CodeString:
			return castString(t, x)
		case c >= types.CodeBool:
			return castNumber(t, x, c, opt)
		case under == time.DateTimeType:
			return castDate(t, x, opt)
		case under == time.DateTimeOffsetType:
			return castOffset(t, x, opt)
		case under == time.TimeSpanType:
			return castSpan(t, x, opt)
		case under == net.GuidType:
			return castGUID(t, x, opt)
		case isURI(under):
			return castURI(t, x)
		case under.Def() == BigIntegerDef:
			return castBig(t, x, opt)
		}
	}
	if isNull {
		return value.Null
	}
	v := deserialize(newWalker(t, x), to, false)
	if v.IsNull() && to.IsValue() && !opt {
		t.NullReference()
	}
	return v
}

// caught is the exception that ended a run; what no C# code could catch goes on.
func caught(t *value.Thread, err error, mark value.Mark) *value.Exception {
	var e *value.Exception
	if !errors.As(err, &e) {
		panic(value.Stop{Err: err})
	}
	t.Unwind(mark)
	return e
}

// maker makes objects of what a source reads.
type maker struct {
	r typedSource
	t *value.Thread
}

func (m *maker) fail(message string) { serializationError(m.r, message, nil) }

// create makes an object of the value that the source stands at.
func (m *maker) create(to *types.Type) value.Value {
	kind := contractOf(to)
	if kind == tokenContract {
		return m.token(to)
	}
	switch kind {
	case pairContract:
		return m.pair(to)
	case xmlContract:
		return m.xml(to, xmlReading{})
	}
	for {
		switch mk := m.r.mark(); mk {
		case startObject:
			return m.object(to, kind)
		case startArray:
			return m.list(to, kind)
		case integer, float, boolean, date, bytesMark:
			return m.ensure(m.r.val(), to)
		case stringMark:
			s := m.r.val()
			if to == byteArray {
				return fromBase64(m.t, s)
			}
			if s.Str() == "" && to != nil && to != types.String && to != types.Object && nullable(to) {
				return value.Null
			}
			return m.ensure(s, to)
		case startConstructor:
			return m.ensure(m.r.val(), to)
		case null, undefined:
			return m.ensure(value.Null, to)
		case rawMark:
			v := NewValue(m.t, RawKind, m.r.val())
			v.isRaw = true
			return value.Of(v)
		case comment:
		default:
			m.fail("Unexpected token while deserializing object: " + mk.String())
		}
		if !m.r.next() {
			m.fail("Unexpected end when deserializing object.")
		}
	}
}

// token makes a token, of the type to or (with nil) any.
func (m *maker) token(to *types.Type) value.Value {
	if to == rawType {
		s := NewWriter(m.t, false)
		copyValue(m.r, &textSink{s})
		v := NewValue(m.t, RawKind, value.String(s.String()))
		v.isRaw = true
		return value.Of(v)
	}
	if to != nil && m.r.mark() == null && to != valueType && to != TokenType {
		return value.Null
	}
	var x Token
	if w, ok := m.r.(*walker); ok {
		x = Clone(m.t, w.cur)
		skip(w)
	} else {
		b := &builder{t: m.t}
		copyValue(m.r, b)
		x = b.top
	}
	if to != nil && x != nil && !value.Is(Of(x), to) {
		m.fail("Deserialized JSON type '" + x.Type().FullName() + "' is not compatible with expected type '" + to.FullName() + "'.")
	}
	return Of(x)
}

func (m *maker) read() {
	if !m.r.next() {
		m.fail("Unexpected end when reading JSON.")
	}
}

// metadata reads over the properties $id and $type at the start of an object;
// a $ref, which can refer to nothing here, makes the object null.
func (m *maker) metadata() (gone bool) {
	m.read()
	for m.r.mark() == propertyName {
		switch name := m.r.val().Str(); name {
		case "$ref":
			m.read()
			if k := m.r.mark(); k != stringMark && k != null {
				m.fail("JSON reference $ref property must have a string or null value.")
			}
			isNull := m.r.mark() == null
			m.read()
			if isNull {
				continue
			}
			if m.r.mark() == propertyName {
				m.fail("Additional content found in JSON reference object. A JSON reference object should only have a $ref property.")
			}
			return true
		case "$id", "$type":
			m.read()
			m.read()
		default:
			return false
		}
	}
	return false
}

func (m *maker) object(to *types.Type, kind contract) value.Value {
	if m.metadata() {
		return value.Null
	}
	switch kind {
	case untyped:
		return m.untypedObject()
	case mapContract:
		return m.dictionary(to)
	case objectContract:
		return m.members(to)
	}
	want := expected[kind]
	m.fail("Cannot deserialize the current JSON object (e.g. {\"name\":\"value\"}) into type '" + to.ReflectionName() + "' because the type requires a " + want + " to deserialize correctly.\n" +
		"To fix this error either change the JSON to a " + want + " or change the deserialized type so that it is a normal .NET type (e.g. not a primitive type like integer, not a collection type like an array or List<T>) that can be deserialized from a JSON object. JsonObjectAttribute can also be added to the type to force it to deserialize from a JSON object.\n")
	return value.Null
}

// untypedObject is a JObject of an object whose start has been read.
func (m *maker) untypedObject() value.Value {
	b := &builder{t: m.t}
	b.BeginObject()
	o := b.top
	for {
		switch m.r.mark() {
		case propertyName:
			name := m.r.val().Str()
			if !m.r.next() || !toContent(m.r) {
				m.fail("Unexpected end when deserializing object.")
			}
			b.Name(name)
			copyValue(m.r, &quiet{b})
		case comment:
		default:
			return Of(o)
		}
		if !m.r.next() {
			m.fail("Unexpected end when deserializing object.")
		}
	}
}

func (m *maker) list(to *types.Type, kind contract) value.Value {
	if kind == untyped {
		return m.token(nil)
	}
	if kind != listContract {
		want := expected[kind]
		m.fail("Cannot deserialize the current JSON array (e.g. [1,2,3]) into type '" + to.ReflectionName() + "' because the type requires a " + want + " to deserialize correctly.\n" +
			"To fix this error either change the JSON to a " + want + " or change the deserialized type to an array or a type that implements a collection interface (e.g. ICollection, IList) like List<T> that can be deserialized from a JSON array. JsonArrayAttribute can also be added to the type to force it to deserialize from a JSON array.\n")
	}
	if to.Kind() == types.Array && to.Rank() > 1 {
		return m.matrix(to)
	}
	elem := types.Object
	if to.Kind() == types.Array {
		elem = to.Elem()
	} else if faces := to.Implements(types.IEnumerableT); len(faces) > 0 {
		elem = faces[0].Args()[0]
	}
	items := m.items(elem)
	switch {
	case to.Kind() == types.Array:
		return m.t.ArrayOf(elem, items)
	case to.Def() == types.List, to.Kind() == types.Interface && to.Def() != types.ISetT:
		return value.Of(value.NewList(elem, items))
	case to.Def() == types.ISetT:
		to = types.HashSet.Of(elem)
	}
	src := m.t.ArrayOf(elem, items)
	for _, k := range m.t.Table.Info(to.Def()).Named(".ctor") {
		k = k.In(to)
		if len(k.Params) == 1 && value.Is(src, k.Params[0].Type) {
			c := m.t.Borrow()
			c.Args, c.Owner = []value.Value{src}, to
			v := value.RowOf(k).Func(c)
			m.t.Return(c)
			return v
		}
	}
	m.noConstructor(to)
	return value.Null
}

func (m *maker) noConstructor(to *types.Type) {
	if to.Kind() == types.Interface || to.Def().Abstract {
		m.fail("Could not create an instance of type " + to.ReflectionName() + ". Type is an interface or abstract class and cannot be instantiated.")
	}
	m.fail("Unable to find a constructor to use for type " + to.ReflectionName() + ". A class should either have a default constructor, one constructor with arguments or a constructor marked with the JsonConstructor attribute.")
}

// items reads the rest of an array.
func (m *maker) items(elem *types.Type) []value.Value {
	var list []value.Value
	for {
		if !readFor(m.r, elem) {
			m.fail("Unexpected end when deserializing array.")
		}
		switch m.r.mark() {
		case endArray:
			return list
		case comment:
		default:
			m.t.Alloc(32)
			list = append(list, m.create(elem))
		}
	}
}

// matrix reads an array of a higher rank from arrays in arrays.
func (m *maker) matrix(to *types.Type) value.Value {
	rank := to.Rank()
	dims := make([]int, rank)
	var flat []value.Value
	var level func(d int)
	level = func(d int) {
		n := 0
		for {
			ok := false
			if d == rank-1 {
				ok = readFor(m.r, to.Elem())
			} else {
				ok = m.r.next() && toContent(m.r)
			}
			if !ok {
				m.fail("Unexpected end when deserializing array.")
			}
			if m.r.mark() == endArray {
				break
			}
			if d < rank-1 {
				if m.r.mark() != startArray {
					m.fail("Unexpected token when deserializing multidimensional array: " + m.r.mark().String())
				}
				level(d + 1)
			} else {
				m.t.Alloc(32)
				flat = append(flat, m.create(to.Elem()))
			}
			n++
		}
		dims[d] = max(dims[d], n)
	}
	level(0)
	size := 1
	for _, d := range dims {
		size *= d
	}
	if size != len(flat) {
		m.t.Throw(value.ArgumentException, "Cannot deserialize non-cubical array as multidimensional array.")
	}
	a := m.t.NewMatrix(to.Elem(), dims)
	for i, v := range flat {
		a.Set(i, v)
	}
	return value.Of(a)
}

func (m *maker) dictionary(to *types.Type) value.Value {
	key, val := types.Object, types.Object
	for _, d := range []*types.Def{types.IDictionaryT, types.IReadOnlyDictT} {
		if faces := to.Implements(d); len(faces) > 0 {
			key, val = faces[0].Args()[0], faces[0].Args()[1]
			break
		}
	}
	made := value.NewDictionary(key, val, nil)
	for {
		switch mk := m.r.mark(); mk {
		case propertyName:
			name := m.r.val()
			k := m.key(name, key)
			if !readFor(m.r, val) {
				m.fail("Unexpected end when deserializing object.")
			}
			v := m.create(val)
			made.Put(m.t, k, v)
		case comment:
		case endObject:
			return m.dictionaryAs(made, to)
		default:
			m.fail("Unexpected token when deserializing object: " + mk.String())
		}
		if !m.r.next() {
			m.fail("Unexpected end when deserializing object.")
		}
	}
}

// dictionaryAs gives another dictionary type what has been read.
func (m *maker) dictionaryAs(d *value.Dictionary, to *types.Type) value.Value {
	if to.Kind() == types.Interface || to.Def() == types.Dictionary {
		return value.Of(d)
	}
	for _, k := range m.t.Table.Info(to.Def()).Named(".ctor") {
		k = k.In(to)
		if len(k.Params) == 1 && value.Is(value.Of(d), k.Params[0].Type) {
			c := m.t.Borrow()
			c.Args, c.Owner = []value.Value{value.Of(d)}, to
			v := value.RowOf(k).Func(c)
			m.t.Return(c)
			return v
		}
	}
	m.noConstructor(to)
	return value.Null
}

func (m *maker) key(name value.Value, key *types.Type) value.Value {
	if key == types.String || key == types.Object {
		return name
	}
	t := m.t
	var k value.Value
	mark := t.Mark()
	err := t.Run(func() {
		if key == time.DateTimeOffsetType {
			if o, ok := parseDateOffset(name.Str()); ok {
				k = o
				return
			}
		}
		k = m.ensure(name, key)
	})
	if err != nil {
		inner := caught(t, err, mark)
		serializationError(m.r, "Could not convert string '"+name.Str()+"' to dictionary key type '"+key.ReflectionName()+"'. Create a TypeConverter to convert from the string to the key type object.", inner)
	}
	return k
}

// pair reads a KeyValuePair.
func (m *maker) pair(to *types.Type) value.Value {
	x := to.Underlying()
	if m.r.mark() == null {
		if !to.IsNullable() {
			m.fail("Cannot convert null value to KeyValuePair.")
		}
		return value.Null
	}
	items := []value.Value{m.t.Zero(x.Args()[0]), m.t.Zero(x.Args()[1])}
	m.read()
	for m.r.mark() == propertyName {
		i := -1
		switch name := m.r.val().Str(); {
		case strings.EqualFold(name, "Key"):
			i = 0
		case strings.EqualFold(name, "Value"):
			i = 1
		}
		if i < 0 {
			skip(m.r)
		} else {
			if !readFor(m.r, x.Args()[i]) {
				m.fail("Unexpected end when reading JSON.")
			}
			items[i] = m.create(x.Args()[i])
		}
		m.read()
	}
	return value.Pair(x, items[0], items[1])
}

// members reads an object with fields: a tuple, or an anonymous object. Other
// types have no way to be made.
func (m *maker) members(to *types.Type) value.Value {
	x := to.Underlying()
	var names []string
	switch {
	case x.IsAnonymous():
		names = x.Def().Anonymous
	case x.IsTuple() || isTuple(x):
		for i := range x.Args() {
			names = append(names, value.ItemName(i))
		}
	default:
		m.noConstructor(to)
	}
	items := make([]value.Value, len(names))
	for i := range items {
		items[i] = m.t.Zero(x.Args()[i])
	}
	find := func(name string) int {
		at := -1
		for i, n := range names {
			if n == name {
				return i
			}
			if at < 0 && strings.EqualFold(n, name) {
				at = i
			}
		}
		return at
	}
	for {
		switch mk := m.r.mark(); mk {
		case propertyName:
			name := m.r.val().Str()
			i := find(name)
			if i < 0 {
				if !m.r.next() {
					m.fail("Unexpected end when setting " + name + "'s value.")
				}
				skip(m.r)
				break
			}
			if !readFor(m.r, x.Args()[i]) {
				m.fail("Unexpected end when setting " + name + "'s value.")
			}
			items[i] = m.create(x.Args()[i])
		case comment:
		case endObject:
			return value.Of(value.NewTuple(x.Plain(), items))
		default:
			m.fail("Unexpected token when deserializing object: " + mk.String())
		}
		if !m.r.next() {
			m.fail("Unexpected end when deserializing object.")
		}
	}
}
