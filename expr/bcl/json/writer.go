package json

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// spotKind is where a writer stands.
type spotKind uint8

const (
	writeStart spotKind = iota
	writeProperty
	writeObjectStart
	writeObject
	writeArrayStart
	writeArray
	writeConstructorStart
	writeConstructor
	writeDone
)

var writeNames = [...]string{"Start", "Property", "ObjectStart", "Object", "ArrayStart", "Array", "ConstructorStart", "Constructor", "Finished"}

// Writer writes JSON as JsonTextWriter does: compact or indented by two spaces.
type Writer struct {
	t       *value.Thread
	b       []byte
	charged int
	indent  bool
	state   spotKind
	open    []Kind
}

// NewWriter is a writer that charges what it writes to the thread.
func NewWriter(t *value.Thread, indented bool) *Writer { return &Writer{t: t, indent: indented} }

// String is what has been written.
func (w *Writer) String() string {
	w.charge()
	return string(w.b)
}

// charge pays for the buffer as it grows.
func (w *Writer) charge() {
	if n := cap(w.b); n > w.charged {
		w.t.Alloc(n - w.charged)
		w.charged = n
	}
}

func (w *Writer) newLine() {
	w.b = append(w.b, '\n')
	for range w.open {
		w.b = append(w.b, "  "...)
	}
}

// place writes what must stand before a value, a name (named) or a comment.
func (w *Writer) place(named, comment bool, what string) {
	w.charge()
	bad := w.state == writeDone
	switch w.state {
	case writeObjectStart, writeObject:
		bad = !named && !comment
	case writeProperty, writeArrayStart, writeArray, writeConstructorStart, writeConstructor:
		bad = named
	}
	if bad {
		raise(w.t, JsonWriterExceptionDef, "Token "+what+" in state "+writeNames[w.state]+" would result in an invalid JSON object. Path ''.", nil, where{})
	}
	if !comment && (w.state == writeObject || w.state == writeArray || w.state == writeConstructor) {
		w.b = append(w.b, ',')
	}
	if w.indent {
		switch w.state {
		case writeProperty:
			w.b = append(w.b, ' ')
		case writeArray, writeArrayStart, writeConstructor, writeConstructorStart:
			w.newLine()
		default:
			if named && w.state != writeStart {
				w.newLine()
			}
		}
	}
	switch {
	case comment:
	case named:
		w.state = writeProperty
	default:
		switch w.state {
		case writeStart:
			w.state = writeDone
		case writeProperty:
			w.state = writeObject
		case writeArrayStart:
			w.state = writeArray
		case writeConstructorStart:
			w.state = writeConstructor
		}
	}
}

// Name writes the name of a property.
func (w *Writer) Name(name string) {
	w.place(true, false, "PropertyName")
	w.b = append(w.b, '"')
	w.b = appendEscaped(w.b, name, '"')
	w.b = append(w.b, '"', ':')
}

func (w *Writer) begin(k Kind, state spotKind, what string) {
	w.place(false, false, what)
	w.open = append(w.open, k)
	w.state = state
}

// BeginObject and BeginArray open a container; End closes the last one opened.
func (w *Writer) BeginObject() {
	w.begin(ObjectKind, writeObjectStart, "StartObject")
	w.b = append(w.b, '{')
}

// BeginArray opens an array.
func (w *Writer) BeginArray() {
	w.begin(ArrayKind, writeArrayStart, "StartArray")
	w.b = append(w.b, '[')
}

func (w *Writer) beginConstructor(name string) {
	w.begin(ConstructorKind, writeConstructorStart, "StartConstructor")
	w.b = append(w.b, "new "...)
	w.b = append(w.b, name...)
	w.b = append(w.b, '(')
}

// End closes the last container opened.
func (w *Writer) End() {
	k := w.open[len(w.open)-1]
	if w.state == writeProperty {
		w.Null()
	}
	w.open = w.open[:len(w.open)-1]
	if w.indent && w.state != writeObjectStart && w.state != writeArrayStart {
		w.newLine()
	}
	switch k {
	case ObjectKind:
		w.b = append(w.b, '}')
	case ArrayKind:
		w.b = append(w.b, ']')
	default:
		w.b = append(w.b, ')')
	}
	if n := len(w.open); n > 0 {
		switch w.open[n-1] {
		case ObjectKind:
			w.state = writeObject
		case ArrayKind:
			w.state = writeArray
		default:
			w.state = writeConstructor
		}
	} else {
		w.state = writeStart
	}
}

func (w *Writer) word(s, what string) {
	w.place(false, false, what)
	w.b = append(w.b, s...)
}

// Null writes null.
func (w *Writer) Null() { w.word("null", "Null") }

func (w *Writer) undefined() { w.word("undefined", "Undefined") }

// Text writes a string.
func (w *Writer) Text(s string) {
	w.place(false, false, "String")
	if n := len(w.b) + len(s) + 2; n > cap(w.b) {
		w.t.Alloc(n)
		w.charged += n
	}
	w.b = append(w.b, '"')
	w.b = appendEscaped(w.b, s, '"')
	w.b = append(w.b, '"')
}

func (w *Writer) quoted(s, what string) {
	w.place(false, false, what)
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

func (w *Writer) raw(s string) {
	w.place(false, false, "Undefined")
	w.b = append(w.b, s...)
}

func (w *Writer) comment(s string) {
	w.place(false, true, "Comment")
	w.b = append(w.b, "/*"...)
	w.b = append(w.b, s...)
	w.b = append(w.b, "*/"...)
}

func (w *Writer) float(f float64, single bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.quoted(value.FormatFloat(f, 64), "Float")
		return
	}
	w.place(false, false, "Float")
	start := len(w.b)
	var s string
	if single {
		s, _ = number.FormatFloat32(float32(f), "R", nil)
	} else {
		s, _ = number.FormatFloat64(f, "R", nil)
	}
	w.b = append(w.b, s...)
	w.decimalPlace(start)
}

// decimalPlace makes what has been written since start look like a fraction.
func (w *Writer) decimalPlace(start int) {
	for _, c := range w.b[start:] {
		if c == '.' || c == 'E' || c == 'e' {
			return
		}
	}
	w.b = append(w.b, ".0"...)
}

// primitive writes a value that JSON has a form for; false says it is none.
func (w *Writer) primitive(v value.Value) bool {
	if v.IsNull() {
		w.Null()
		return true
	}
	x := v.Type()
	if x.Kind() == types.Enum {
		x = x.EnumBase()
	}
	switch x.Code() {
	case types.CodeString:
		w.Text(v.Str())
		return true
	case types.CodeChar:
		w.Text(value.UnitString(v.Char()))
		return true
	case types.CodeBool:
		if v.Bool() {
			w.word("true", "Boolean")
		} else {
			w.word("false", "Boolean")
		}
		return true
	case types.CodeUInt64:
		w.place(false, false, "Integer")
		w.b = strconv.AppendUint(w.b, v.Word(), 10)
		return true
	case types.CodeSingle, types.CodeDouble:
		w.float(v.Double(), x.Code() == types.CodeSingle)
		return true
	case types.CodeDecimal:
		w.place(false, false, "Float")
		start := len(w.b)
		w.b = append(w.b, number.FormatDecimal(number.DecimalOf(v))...)
		w.decimalPlace(start)
		return true
	case types.CodeSByte, types.CodeByte, types.CodeInt16, types.CodeUInt16, types.CodeInt32, types.CodeUInt32, types.CodeInt64:
		w.place(false, false, "Integer")
		w.b = strconv.AppendInt(w.b, v.Long(), 10)
		return true
	}
	if x == time.DateTimeType {
		w.place(false, false, "Date")
		w.b = append(w.b, '"')
		w.b = appendDate(w.b, time.InstantOf(v))
		w.b = append(w.b, '"')
		return true
	}
	if k, ok := findKind(v); ok {
		switch o := v.Object().(type) {
		case *BigInteger:
			w.bigInt(o.n)
		case *time.Offset:
			w.place(false, false, "Date")
			w.b = append(w.b, '"')
			w.b = appendOffset(w.b, o)
			w.b = append(w.b, '"')
		case *value.Array:
			w.bytes(o.Bytes())
		default:
			if k == URIKind {
				w.Text(originalURI(w.t, v))
			} else {
				w.quoted(w.t.ToString(v), "String")
			}
		}
		return true
	}
	return false
}

func (w *Writer) bigInt(n *big.Int) {
	w.place(false, false, "Integer")
	w.b = n.Append(w.b, 10)
}

func (w *Writer) bytes(data []byte) {
	w.t.Alloc(2 * len(data))
	w.place(false, false, "Bytes")
	w.b = append(w.b, '"')
	w.b = base64.StdEncoding.AppendEncode(w.b, data)
	w.b = append(w.b, '"')
}

// originalURI is the text a Uri was made of.
func originalURI(t *value.Thread, v value.Value) string {
	for _, m := range t.Table.Info(v.Type().Def()).Named("OriginalString") {
		return t.Get(m.In(v.Type()), v).Str()
	}
	return t.ToString(v)
}

// Token writes a token.
func (w *Writer) Token(x Token) {
	w.t.Step(1)
	switch x := x.(type) {
	case nil:
		w.Null()
	case *Object:
		w.BeginObject()
		for _, k := range x.items {
			p := k.(*Property)
			w.Name(p.Name)
			w.Token(p.value)
		}
		w.End()
	case *Array:
		w.BeginArray()
		for _, k := range x.items {
			w.Token(k)
		}
		w.End()
	case *Constructor:
		w.beginConstructor(x.Name.Str())
		for _, k := range x.items {
			w.Token(k)
		}
		w.End()
	case *Property:
		w.Name(x.Name)
		if x.value == nil {
			w.Null()
		} else {
			w.Token(x.value)
		}
	case *Value:
		switch {
		case x.kind == CommentKind:
			w.comment(w.t.ToString(x.v))
		case x.kind == RawKind:
			w.raw(w.t.ToString(x.v))
		case x.kind == UndefinedKind:
			w.undefined()
		default:
			w.primitive(x.v)
		}
	}
}

// Text is a token as JSON text.
func Text(t *value.Thread, x Token, indented bool) string {
	w := NewWriter(t, indented)
	w.Token(x)
	return w.String()
}

// ToString is the indented JSON of an object.
func (o *Object) ToString(t *value.Thread) string { return Text(t, o, true) }

// ToString is the indented JSON of an array.
func (a *Array) ToString(t *value.Thread) string { return Text(t, a, true) }

// ToString is the indented JSON of a constructor.
func (c *Constructor) ToString(t *value.Thread) string { return Text(t, c, true) }

// ToString is the indented JSON of a property.
func (p *Property) ToString(t *value.Thread) string { return Text(t, p, true) }

// ToString is the plain text of the value.
func (v *Value) ToString(t *value.Thread) string {
	return t.ToString(v.v)
}

// Format is the value in a format of its own type.
func (v *Value) Format(t *value.Thread, format string, provider value.Value) string {
	return t.Format(v.v, format, provider)
}
