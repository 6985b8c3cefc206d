package json

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/bcl/xml"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Sink is what values are serialised into: text, or tokens.
type Sink interface {
	BeginObject()
	BeginArray()
	End()
	Name(name string)
	Null()
	// Text is a string.
	Text(s string)
	Token(x Token)
	comment(s string)
	// primitive takes a value that JSON has a form for; false says it is none.
	primitive(v value.Value) bool
}

// Serialize is JsonConvert.SerializeObject.
func Serialize(t *value.Thread, v value.Value, indented bool) string {
	if v.IsString() && value.Length(v.Str()) < 1<<20 {
		// The common small case needs no serialiser.
		w := NewWriter(t, false)
		w.Text(v.Str())
		return w.String()
	}
	w := NewWriter(t, indented)
	(&serializer{t: t, out: w}).write(v, "")
	return w.String()
}

// FromObject is JToken.FromObject of a value that is not null.
func FromObject(t *value.Thread, v value.Value) Token {
	b := &builder{t: t}
	(&serializer{t: t, out: b}).write(v, "")
	return b.top
}

// serializer walks over values as Json.NET's contracts see them.
type serializer struct {
	t    *value.Thread
	out  Sink
	open []value.Object
	path []step
}

func (s *serializer) enter(o value.Object, property string) {
	for _, k := range s.open {
		if k != o {
			continue
		}
		message := "Self referencing loop detected"
		if property != "" {
			message += " for property '" + property + "'"
		}
		var b strings.Builder
		for i := range max(len(s.path)-1, 0) {
			s.path[i].write(&b)
		}
		raise(s.t, JsonSerializationExceptionDef, message+" with type '"+o.Type().ReflectionName()+"'. Path '"+b.String()+"'.", nil, where{path: b.String()})
	}
	s.t.Step(1)
	s.open = append(s.open, o)
	if len(s.open) > value.MaxDepth {
		panic(value.Stop{Err: value.ErrDepth})
	}
	s.path = append(s.path, step{index: -1})
}

func (s *serializer) leave() {
	s.out.End()
	s.open = s.open[:len(s.open)-1]
	s.path = s.path[:len(s.path)-1]
}

func (s *serializer) name(name string) {
	s.path[len(s.path)-1] = step{name: name, named: true}
	s.out.Name(name)
}

// write serialises a value; property is the name it has in an object.
func (s *serializer) write(v value.Value, property string) {
	if s.out.primitive(v) {
		return
	}
	switch o := v.Object().(type) {
	case Token:
		s.out.Token(o)
	case xml.Node, *xml.Attribute:
		writeXML(s.t, s.out, o, false)
	case *value.Array:
		s.enter(o, property)
		s.array(o)
	case *value.Tuple:
		s.shape(v, o, property)
	case *value.Exception:
		s.exception(o, property)
	case *value.TypeObject:
		s.out.Text(o.Of.ReflectionName() + ", System.Private.CoreLib, Version=10.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e")
	case value.Enumerable:
		s.enter(o, property)
		if isDictionary(o.Type()) {
			s.dictionary(v)
		} else {
			s.list(v)
		}
	case nil:
		// A struct that lives in the word and has no form of its own.
		s.out.Text(s.t.ToString(v))
	default:
		s.shape(v, o, property)
	}
}

func (s *serializer) shape(v value.Value, o value.Object, property string) {
	s.enter(o, property)
	s.out.BeginObject()
	for _, p := range s.t.Shape(v) {
		s.name(p.Name)
		s.write(p.Value, p.Name)
	}
	s.leave()
}

func (s *serializer) index() { s.path[len(s.path)-1].index++ }

func (s *serializer) list(v value.Value) {
	s.out.BeginArray()
	s.t.Each(v, func(x value.Value) bool {
		s.index()
		s.write(x, "")
		return true
	})
	s.leave()
}

func (s *serializer) array(a *value.Array) {
	if a.Rank() == 1 {
		s.out.BeginArray()
		for i := range a.Len() {
			s.t.Step(1)
			s.index()
			s.write(a.At(i), "")
		}
		s.leave()
		return
	}
	at := 0
	var level func(d int)
	level = func(d int) {
		s.out.BeginArray()
		for range a.Dim(d) {
			if d+1 < a.Rank() {
				level(d + 1)
				s.out.End()
				continue
			}
			s.t.Step(1)
			s.write(a.At(at), "")
			at++
		}
	}
	level(0)
	s.leave()
}

// isDictionary reports whether Json.NET writes a type as an object of keys.
func isDictionary(x *types.Type) bool {
	if x.Def() == types.Dictionary {
		return true
	}
	for _, f := range x.Interfaces() {
		if d := f.Def(); d == types.IDictionaryT || d == types.IReadOnlyDictT || f == types.IDictionary {
			return true
		}
	}
	return x.Def() == types.IDictionaryT || x.Def() == types.IReadOnlyDictT
}

func (s *serializer) dictionary(v value.Value) {
	s.out.BeginObject()
	s.t.Each(v, func(x value.Value) bool {
		pair, ok := x.Object().(*value.Tuple)
		if !ok {
			return true
		}
		name := keyName(s.t, pair.Items[0])
		s.name(name)
		s.write(pair.Items[1], "")
		return true
	})
	s.leave()
}

// keyName is the key of a dictionary as a property's name.
func keyName(t *value.Thread, k value.Value) string {
	x := k.Type()
	switch {
	case k.IsString():
		return k.Str()
	case x == time.DateTimeType:
		return string(appendDate(nil, time.InstantOf(k)))
	case x.Code() == types.CodeDouble:
		s, _ := number.FormatFloat64(k.Double(), "R", nil)
		return s
	case x.Code() == types.CodeSingle:
		s, _ := number.FormatFloat32(float32(k.Double()), "R", nil)
		return s
	}
	if o, ok := k.Object().(*time.Offset); ok {
		return string(appendOffset(nil, o))
	}
	if isURI(x) {
		return originalURI(t, k)
	}
	return t.ToString(k)
}

// resultCodes are the HRESULTs of the common exceptions; others have that of
// Exception.
var resultCodes = map[string]int32{
	"System.SystemException": -2146233087, "System.ArgumentException": -2147024809, "System.ArgumentNullException": -2147467261, "System.ArgumentOutOfRangeException": -2146233086,
	"System.ArithmeticException": -2147024362, "System.DivideByZeroException": -2147352558, "System.OverflowException": -2146233066, "System.ArrayTypeMismatchException": -2146233085,
	"System.FormatException": -2146233033, "System.IndexOutOfRangeException": -2146233080, "System.InvalidCastException": -2147467262, "System.InvalidOperationException": -2146233079,
	"System.NotImplementedException": -2147467263, "System.NotSupportedException": -2146233067, "System.NullReferenceException": -2147467261, "System.TimeoutException": -2146233083,
	"System.ApplicationException": -2146232832, "System.Collections.Generic.KeyNotFoundException": -2146232969, "System.OutOfMemoryException": -2147024882, "System.UnauthorizedAccessException": -2147024891,
}

// exception writes what ISerializable gives of an exception. There are no stack
// traces.
func (s *serializer) exception(e *value.Exception, property string) {
	s.enter(e, property)
	s.out.BeginObject()
	text := func(name, v string) {
		s.name(name)
		s.out.Text(v)
	}
	null := func(names ...string) {
		for _, n := range names {
			s.name(n)
			s.out.Null()
		}
	}
	code, ok := resultCodes[e.TypeName()]
	if !ok {
		code = -2146233088
	}
	text("ClassName", e.TypeName())
	text("Message", e.Message)
	null("Data")
	s.name("InnerException")
	if e.Inner == nil {
		s.out.Null()
	} else {
		s.exception(e.Inner, "InnerException")
	}
	null("HelpURL", "StackTraceString", "RemoteStackTraceString")
	s.name("RemoteStackIndex")
	s.out.primitive(value.Int(0))
	null("ExceptionMethod")
	s.name("HResult")
	s.out.primitive(value.Int(int(code)))
	null("Source", "WatsonBuckets")
	if e.Type().Inherits(value.ArgumentException.Type()) {
		s.name("ParamName")
		if e.Param == "" {
			s.out.Null()
		} else {
			s.out.Text(e.Param)
		}
	}
	s.leave()
}

// builder makes tokens of what is serialised, as JTokenWriter does: of a name
// that comes twice the last one counts, and stands last.
type builder struct {
	t   *value.Thread
	top Token
	cur Container
}

func (b *builder) add(x Token) {
	switch c := b.cur.(type) {
	case nil:
		b.top = x
	case *Property:
		if x.Kind() == CommentKind {
			return
		}
		c.value = x
		x.place().parent = c
		b.cur = c.parent
	case *Object:
		// Only a comment comes here without a name, and objects have none.
		if x.Kind() == PropertyKind {
			insert(b.t, c, c.count(), x)
		}
	default:
		if x.Kind() == PropertyKind {
			raise(b.t, JsonWriterExceptionDef, "Token PropertyName in state Array would result in an invalid JSON object. Path ''.", nil, where{})
		}
		c.put(c.count(), x)
		x.place().parent = c
	}
}

// BeginObject opens an object.
func (b *builder) BeginObject() {
	o := NewObject(b.t)
	b.add(o)
	b.cur = o
}

// BeginArray opens an array.
func (b *builder) BeginArray() {
	a := NewArray(b.t)
	b.add(a)
	b.cur = a
}

func (b *builder) beginConstructor(name value.Value) {
	b.t.Alloc(listCost)
	c := &Constructor{Name: name}
	b.add(c)
	b.cur = c
}

// End closes the container opened last.
func (b *builder) End() {
	p := b.cur.place().parent
	if q, ok := p.(*Property); ok {
		p = q.parent
	}
	b.cur = p
}

// Name begins a property.
func (b *builder) Name(name string) {
	o, ok := b.cur.(*Object)
	if !ok {
		raise(b.t, JsonWriterExceptionDef, "Token PropertyName in state Start would result in an invalid JSON object. Path ''.", nil, where{})
	}
	if old := o.Property(name); old != nil {
		o.cut(indexIn(o, old))
	}
	b.t.Alloc(propertyCost)
	p := &Property{Name: name}
	o.put(o.count(), p)
	p.parent = o
	b.cur = p
}

// Null adds a null.
func (b *builder) Null() { b.add(NewNull(b.t)) }

// Text adds a string.
func (b *builder) Text(s string) { b.add(NewString(b.t, s)) }

func (b *builder) comment(s string) { b.add(NewValue(b.t, CommentKind, value.String(s))) }

// Token adds a copy of a token.
func (b *builder) Token(x Token) {
	if p, ok := x.(*Property); ok {
		if b.cur != nil && b.cur.Kind() == ObjectKind {
			b.Name(p.Name)
			b.Token(p.value)
			return
		}
	}
	if x == nil {
		b.Null()
		return
	}
	b.add(Clone(b.t, x))
}

func (b *builder) primitive(v value.Value) bool {
	if v.IsNull() {
		b.Null()
		return true
	}
	x := v.Type()
	if x == types.Char {
		b.Text(value.UnitString(v.Char()))
		return true
	}
	if x.Kind() == types.Enum {
		v = v.Retype(x.EnumBase())
	}
	k, ok := findKind(v)
	if ok {
		b.add(NewValue(b.t, k, v))
	}
	return ok
}
