package json

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	bcltext "github.com/spillway-gateway/spillway/expr/bcl/text"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func serializationError(r source, message string, inner *value.Exception) {
	message, w := blame(r, message)
	raise(r.thread(), JsonSerializationExceptionDef, message, inner, w)
}

// contract is how Json.NET treats a type.
type contract uint8

const (
	untyped contract = iota // object, or no type at all
	primitiveContract
	tokenContract
	listContract
	mapContract
	pairContract
	xmlContract
	objectContract
)

func contractOf(x *types.Type) contract {
	if x == nil || x == types.Object {
		return untyped
	}
	x = x.Underlying()
	switch {
	case x.Inherits(TokenType):
		return tokenContract
	case x.Inherits(xmlType):
		return xmlContract
	case x.Kind() == types.Enum, x == byteArray, isURI(x), x.Def() == BigIntegerDef, x == time.DateTimeType, x == time.DateTimeOffsetType, x == time.TimeSpanType, x == net.GuidType,
		x.Code() >= types.CodeString:
		return primitiveContract
	case x.Def() == types.KeyValuePair:
		return pairContract
	case x.Kind() == types.Array:
		return listContract
	case isDictionary(x), x == types.IDictionary:
		return mapContract
	case len(x.Implements(types.IEnumerableT)) > 0, x == types.IEnumerable, x == types.ICollection, x == types.IList:
		return listContract
	}
	return objectContract
}

func nullable(x *types.Type) bool { return x == nil || !x.IsValue() || x.IsNullable() }

// readAs is how a source is asked for a value of a primitive type.
type readAs uint8

const (
	readAny readAs = iota
	readInt
	readLong
	readDecimal
	readDouble
	readBool
	readString
	readDate
	readOffset
	readBytes
)

func readOf(x *types.Type) readAs {
	if x == nil {
		return readAny
	}
	x = x.Underlying()
	switch x.Code() {
	case types.CodeByte, types.CodeInt16, types.CodeInt32:
		if x.Kind() == types.Enum {
			return readAny
		}
		return readInt
	case types.CodeInt64:
		return readLong
	case types.CodeDecimal:
		return readDecimal
	case types.CodeSingle, types.CodeDouble:
		return readDouble
	case types.CodeBool:
		return readBool
	case types.CodeString:
		return readString
	}
	switch x {
	case time.DateTimeType:
		return readDate
	case time.DateTimeOffsetType:
		return readOffset
	case byteArray:
		return readBytes
	}
	return readAny
}

// typedSource is a source that reads values as they are wanted.
type typedSource interface {
	source
	// as reads on to a value of a primitive type; false is the end.
	as(want readAs) bool
}

// readFor reads on for a value of a type.
func readFor(r typedSource, x *types.Type) bool {
	if x != nil && (x.Inherits(xmlType) || x.Def() == types.KeyValuePair) {
		// These have converters, which see comments.
		return r.next()
	}
	switch want := readOf(x); want {
	case readAny:
		return r.next() && toContent(r)
	case readLong:
		ok := r.next() && toContent(r)
		if r.mark() == undefined {
			serializationReader(r, "An undefined token is not a valid "+x.ReflectionName()+".")
		}
		return ok
	default:
		return r.as(want)
	}
}

func serializationReader(r source, message string) { readerError(r, message) }

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

func enumFromToken(t *value.Thread, x Token, under *types.Type) (v value.Value) {
	mark := t.Mark()
	err := t.Run(func() { v = deserialize(newWalker(t, x), under, false) })
	if err == nil {
		return v
	}
	inner := caught(t, err, mark)
	e := value.NewException(value.ArgumentException, "Could not convert '"+castString(t, x).Str()+"' to "+under.Def().Name+".")
	e.Inner = inner
	t.Raise(e)
	return v
}

// caught is the exception that ended a run; what no C# code could catch goes on.
func caught(t *value.Thread, err error, mark value.Mark) *value.Exception {
	e, ok := err.(*value.Exception) //nolint:errorlint // Run says what it gives.
	if !ok {
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

// events is what a source is copied into.
type events interface {
	Sink
	beginConstructor(name value.Value)
	event(m mark, v value.Value)
	path() string
}

type textSink struct{ *Writer }

func (w *textSink) beginConstructor(name value.Value) { w.Writer.beginConstructor(name.Str()) }

func (w *textSink) event(m mark, v value.Value) {
	switch m {
	case comment:
		w.comment(v.Str())
	case undefined:
		w.undefined()
	case rawMark:
		w.raw(v.Str())
	default:
		w.primitive(v)
	}
}

func (b *builder) event(m mark, v value.Value) {
	switch m {
	case comment:
		b.add(NewValue(b.t, CommentKind, v))
	case undefined:
		b.Null()
	case rawMark:
		x := NewValue(b.t, RawKind, v)
		x.isRaw = true
		b.add(x)
	default:
		b.primitive(v)
	}
}

// copyValue copies the value that a source stands at, with all that is in it.
// The constructor of a date becomes a date. A text that ends within a value ends
// the copy, and is only complained about where Json.NET does.
func copyValue(r source, out events) {
	if r.mark() == noMark {
		return
	}
	first := r.depth()
	if !isStart(r.mark()) {
		first++
	}
	for {
		switch m := r.mark(); m {
		case noMark:
		case startObject:
			out.BeginObject()
		case startArray:
			out.BeginArray()
		case startConstructor:
			if r.val().Str() == "Date" {
				out.primitive(dateConstructor(r))
			} else {
				out.beginConstructor(r.val())
			}
		case propertyName:
			out.Name(r.val().Str())
		case endObject, endArray, endConstructor:
			out.End()
		default:
			out.event(m, r.val())
		}
		last := r.depth()
		if isEnd(r.mark()) {
			last--
		}
		if first-1 >= last || !r.next() {
			break
		}
	}
	if r.mark() == noMark {
		return
	}
	last := r.depth()
	if isEnd(r.mark()) {
		last--
	}
	if first < last || first == last && isStart(r.mark()) {
		message, w := pathMessage("Unexpected end when reading token.", out.path())
		raise(r.thread(), JsonWriterExceptionDef, message, nil, w)
	}
}

func isStart(m mark) bool { return m == startObject || m == startArray || m == startConstructor }

func isEnd(m mark) bool { return m == endObject || m == endArray || m == endConstructor }

func pathMessage(message, path string) (string, where) {
	return message + " Path '" + path + "'.", where{path: path}
}

// path is that of the innermost container that is open.
func (b *builder) path() string {
	c := b.cur
	if p, ok := c.(*Property); ok {
		c = p.parent
	}
	if c == nil {
		return ""
	}
	return Path(c)
}

func (w *textSink) path() string { return "" }

// dateConstructor reads new Date(…): milliseconds since 1970, or the parts of a
// date whose month counts from 0.
func dateConstructor(r source) value.Value {
	t := r.thread()
	var args []int64
	bad := func(message string) {
		raise(t, JsonWriterExceptionDef, message+" Path ''.", nil, where{})
	}
	for {
		if !r.next() {
			bad("Unexpected end when reading date constructor.")
		}
		m := r.mark()
		if m == endConstructor {
			break
		}
		if m == comment {
			continue
		}
		if m != integer {
			bad("Unexpected token when reading date constructor. Expected Integer, got " + m.String() + ".")
		}
		args = append(args, r.val().Long())
		if len(args) > 7 {
			bad("Unexpected number of arguments when reading date constructor.")
		}
	}
	switch len(args) {
	case 0:
		bad("Date constructor has no arguments.")
	case 1:
		return time.At(min(max(args[0]*time.TicksPerMillisecond+time.UnixEpoch, 0), time.MaxTicks), time.UTC).Value()
	}
	d := isoDate{year: int(args[0]), month: int(args[1]) + 1, day: 1}
	rest := append(args[2:], 0, 0, 0, 0, 0)
	if len(args) > 2 && rest[0] != 0 {
		d.day = int(rest[0])
	}
	d.hour, d.minute, d.second, d.fraction = int(rest[1]), int(rest[2]), int(rest[3]), int(rest[4])*time.TicksPerMillisecond
	if d.year < 1 || d.year > 9999 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > daysIn(d.year, d.month) {
		t.Throw(value.ArgumentOutOfRangeException, "Year, Month, and Day parameters describe an un-representable DateTime.")
	}
	n, _ := d.ticks()
	return time.At(n, time.Unspecified).Value()
}

// ensure makes a value one of a type.
func (m *maker) ensure(v value.Value, to *types.Type) value.Value {
	if to == nil || to == types.Object || !v.IsNull() && v.Type() == to.Underlying() || v.IsNull() && nullable(to) {
		return v
	}
	t := m.t
	var out value.Value
	mark := t.Mark()
	err := t.Run(func() { out = m.convert(v, to) })
	if err == nil {
		return out
	}
	inner := caught(t, err, mark)
	serializationError(m.r, "Error converting value "+keyText(t, v)+" to type '"+to.ReflectionName()+"'.", inner)
	return out
}

func (m *maker) convert(v value.Value, to *types.Type) value.Value {
	t := m.t
	x := to.Underlying()
	convertible := x.Kind() == types.Enum || x == time.DateTimeType || x.Code() >= types.CodeString && x.Kind() != types.Enum
	if convertible {
		switch {
		case x.Kind() == types.Enum && v.IsString():
			return parseEnum(t, v.Str(), x)
		case x.Kind() == types.Enum && !v.IsNull():
			return enumOf(t, x, v)
		case x == time.DateTimeType && v.IsString():
			if d, ok := parseDate(v.Str()); ok {
				return d
			}
		}
		if b := bigOf(v); b != nil {
			if x.Code() == types.CodeString {
				return value.String(b.n.String())
			}
			return b.to(t, x.Code())
		}
		return t.Cast(bcltext.ChangeType(t, v, x, value.Null), x)
	}
	if v.IsNull() {
		t.Throw(value.ArgumentException, "%s", "Could not cast or convert from {null} to "+to.ReflectionName()+".")
	}
	if w, ok := m.library(v, x); ok {
		return w
	}
	if value.Is(v, x) {
		return v
	}
	t.Throw(value.ArgumentException, "%s", "Could not cast or convert from "+v.Type().ReflectionName()+" to "+to.ReflectionName()+".")
	return value.Null
}

// library converts to the types that Convert does not know; what fails counts
// as no conversion at all.
func (m *maker) library(v value.Value, x *types.Type) (out value.Value, ok bool) {
	t := m.t
	mark := t.Mark()
	err := t.Run(func() {
		switch {
		case x == time.DateTimeOffsetType && v.Type() == time.DateTimeType:
			out, ok = offsetOf(t, v).Value(), true
		case x == time.DateTimeOffsetType && v.IsString():
			out, ok = invoke(t, time.DateTimeOffsetDef, "Parse", v), true
		case x == net.GuidType && (v.IsString() || v.Type() == byteArray):
			out, ok = invoke(t, net.GuidDef, ".ctor", v), true
		case isURI(x) && v.IsString():
			kind := t.Table.Lookup("System", "UriKind", 0)
			if kind != nil {
				out, ok = invoke(t, x.Def(), ".ctor", v, value.Enum(kind.Type(), 0)), true
			}
		case x == time.TimeSpanType && v.IsString():
			out, ok = parseSpan(t, v.Str()), true
		case x == byteArray && v.IsString():
			out, ok = fromBase64(t, v), true
		case x == byteArray && v.Type() == net.GuidType:
			out, ok = invokeOn(t, v, "ToByteArray"), true
		case x.Def() == BigIntegerDef:
			out, ok = value.Of(bigFrom(t, v)), true
		}
	})
	if err != nil {
		caught(t, err, mark)
		return value.Null, false
	}
	return out, ok
}

// invokeOn calls an instance member without arguments.
func invokeOn(t *value.Thread, this value.Value, name string) value.Value {
	for _, k := range t.Table.Info(this.Type().Def()).Named(name) {
		if len(k.Params) == 0 {
			c := t.Borrow()
			c.This, c.Owner = this, this.Type()
			v := value.RowOf(k).Func(c)
			t.Return(c)
			return v
		}
	}
	t.Throw(value.NotSupportedException, "%s", this.Type().FullName()+" has no "+name+".")
	return value.Null
}

// enumOf is Enum.ToObject.
func enumOf(t *value.Thread, x *types.Type, v value.Value) value.Value {
	base := x.EnumBase()
	if b := bigOf(v); b != nil {
		t.Throw(value.ArgumentException, "The value passed in must be an enum base or an underlying type for an enum, such as an Int32. (Parameter 'value')")
	}
	switch v.Type().Code() {
	case types.CodeDouble, types.CodeSingle, types.CodeDecimal:
		return number.Change(t, v, base.Code(), value.Null).Retype(x)
	}
	// Enum.ToObject cuts off what does not fit.
	n := v.Long()
	switch base.Code() {
	case types.CodeInt32:
		n = int64(int32(n))
	case types.CodeUInt32:
		n = int64(uint32(n))
	case types.CodeByte:
		n = int64(uint8(n))
	case types.CodeInt16:
		n = int64(int16(n))
	}
	return value.Enum(x, n)
}

// parseEnum reads names, joined by commas, or a number.
func parseEnum(t *value.Thread, s string, x *types.Type) value.Value {
	trimmed := strings.TrimSpace(s)
	if trimmed == "" {
		t.ThrowArgument(value.ArgumentException, "Must specify valid information for parsing in the string.", "")
	}
	if c := trimmed[0]; c >= '0' && c <= '9' || c == '-' || c == '+' {
		if n, ok := smallInteger(strings.TrimPrefix(trimmed, "+")); ok {
			return value.Enum(x, n)
		}
	}
	n := int64(0)
	for part := range strings.SplitSeq(trimmed, ",") {
		part = strings.TrimSpace(part)
		found := false
		for _, fold := range []bool{false, true} {
			for _, k := range x.Def().EnumMembers() {
				if !found && (k.Name == part || fold && strings.EqualFold(k.Name, part)) {
					n |= k.Value
					found = true
				}
			}
		}
		if !found {
			t.ThrowArgument(value.ArgumentException, "Requested value '"+s+"' was not found.", "")
		}
	}
	return value.Enum(x, n)
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

var expected = map[contract]string{
	primitiveContract: "JSON primitive value (e.g. string, number, boolean, null)", listContract: "JSON array (e.g. [1,2,3])",
	mapContract: `JSON object (e.g. {"name":"value"})`, objectContract: `JSON object (e.g. {"name":"value"})`,
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

// quiet drops comments.
type quiet struct{ *builder }

func (q *quiet) event(m mark, v value.Value) {
	if m != comment {
		q.builder.event(m, v)
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

func isTuple(x *types.Type) bool {
	for _, d := range types.Tuples {
		if d != nil && x.Def() == d {
			return true
		}
	}
	return false
}
