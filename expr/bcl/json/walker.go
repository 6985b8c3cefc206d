package json

import (
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// walker reads a tree of tokens as a source, as JTokenReader does.
type walker struct {
	t       *value.Thread
	root    Token
	cur     Token
	inside  Container // the container whose children are being read
	started bool
	tok     mark
	v       value.Value
	levels  int
	initial string
}

func newWalker(t *value.Thread, x Token) *walker {
	return &walker{t: t, root: x, initial: Path(x)}
}

func (w *walker) mark() mark            { return w.tok }
func (w *walker) val() value.Value      { return w.v }
func (w *walker) thread() *value.Thread { return w.t }

func (w *walker) depth() int {
	if isStart(w.tok) {
		return w.levels - 1
	}
	return w.levels
}

// path is that of the token within its whole tree.
func (w *walker) path() string {
	if w.cur == nil {
		return w.initial
	}
	return Path(w.cur)
}

func (w *walker) at() (line, column int, ok bool) {
	if !w.started || w.cur == nil {
		return 0, 0, false
	}
	p := w.cur.place()
	return int(p.line), int(p.column), p.line > 0
}

func (w *walker) next() bool {
	w.t.Step(1)
	if !w.started {
		w.started = true
		w.set(w.root)
		return true
	}
	if w.cur == nil {
		return false
	}
	if c, ok := w.cur.(Container); ok && w.inside != c {
		return w.into(c)
	}
	return w.over(w.cur)
}

func (w *walker) into(c Container) bool {
	if c.count() == 0 {
		return w.end(c)
	}
	w.inside = c
	x := c.child(0)
	x.place().index = 0
	w.set(x)
	return true
}

func (w *walker) over(x Token) bool {
	if x == w.root {
		return w.finish()
	}
	next := sibling(x, 1)
	if next == nil {
		if x.place().parent == nil {
			return w.finish()
		}
		return w.end(x.place().parent)
	}
	w.set(next)
	return true
}

func (w *walker) finish() bool {
	w.cur, w.tok, w.v = nil, noMark, value.Null
	return false
}

func (w *walker) end(c Container) bool {
	m := noMark
	switch c.Kind() {
	case ObjectKind:
		m = endObject
	case ArrayKind:
		m = endArray
	case ConstructorKind:
		m = endConstructor
	default:
		return w.over(c)
	}
	w.cur, w.inside = c, c
	w.tok, w.v = m, value.Null
	w.levels--
	return true
}

func (w *walker) set(x Token) {
	w.cur = x
	w.v = value.Null
	switch x := x.(type) {
	case *Object:
		w.tok = startObject
		w.levels++
	case *Array:
		w.tok = startArray
		w.levels++
	case *Constructor:
		w.tok, w.v = startConstructor, x.Name
		w.levels++
	case *Property:
		w.tok, w.v = propertyName, value.String(x.Name)
	case *Value:
		w.v = x.v
		switch x.kind {
		case CommentKind:
			w.tok = comment
		case IntegerKind:
			w.tok = integer
		case FloatKind:
			w.tok = float
		case StringKind:
			w.tok = stringMark
		case BooleanKind:
			w.tok = boolean
		case NullKind:
			w.tok = null
		case UndefinedKind:
			w.tok = undefined
		case DateKind:
			w.tok = date
		case RawKind:
			w.tok = rawMark
		case BytesKind:
			w.tok = bytesMark
		case URIKind:
			w.tok = stringMark
			if !x.v.IsNull() {
				w.v = value.String(originalURI(w.t, x.v))
			}
		default:
			w.tok, w.v = stringMark, value.String(w.t.ToString(x.v))
		}
	}
}

// as is JsonReader's ReadAsInt32 and its kin over tokens.
func (w *walker) as(want readAs) bool {
	for {
		if !w.next() {
			w.tok = noMark
			return false
		}
		if w.tok != comment {
			break
		}
	}
	m, v := w.tok, w.v
	switch m {
	case null, endArray:
		return true
	}
	numeric := m == integer || m == float
	change := func(to types.Code, what string) value.Value {
		if b := bigOf(v); b != nil {
			return b.to(w.t, to)
		}
		var out value.Value
		mark := w.t.Mark()
		err := w.t.Run(func() { out = number.Change(w.t, v, to, value.Null) })
		if err != nil {
			inner := caught(w.t, err, mark)
			message, at := blame(w, "Could not convert to "+what+": "+w.t.ToString(v)+".")
			raise(w.t, JsonReaderExceptionDef, message, inner, at)
		}
		return out
	}
	what := ""
	switch want {
	case readInt:
		if numeric {
			w.tok, w.v = integer, change(types.CodeInt32, "integer")
			return true
		}
		what = "integer"
	case readDecimal:
		if numeric {
			w.tok, w.v = float, change(types.CodeDecimal, "decimal")
			return true
		}
		what = "decimal"
	case readDouble:
		if numeric {
			if b := bigOf(v); b != nil {
				w.tok, w.v = float, b.to(w.t, types.CodeDouble)
			} else {
				w.tok, w.v = float, number.Change(w.t, v, types.CodeDouble, value.Null)
			}
			return true
		}
		what = "double"
	case readBool:
		switch {
		case m == boolean:
			return true
		case numeric && bigOf(v) != nil:
			w.tok, w.v = boolean, value.Bool(bigOf(v).n.Sign() != 0)
			return true
		case numeric:
			w.tok, w.v = boolean, number.Change(w.t, v, types.CodeBool, value.Null)
			return true
		}
		what = "boolean"
	case readString:
		switch m {
		case integer, float, boolean, date, bytesMark:
			w.tok, w.v = stringMark, value.String(w.t.ToString(v))
			return true
		case stringMark, undefined:
			return true
		}
		readerError(w, "Error reading string. Unexpected token: "+m.String()+".")
	case readDate:
		if m == date {
			if o, ok := v.Object().(*time.Offset); ok {
				w.v = time.At(o.Clock, time.Unspecified).Value()
			}
			return true
		}
		what = "date"
	case readOffset:
		if m == date {
			if v.Type() == time.DateTimeType {
				w.v = offsetOf(w.t, v).Value()
			}
			return true
		}
		what = "date"
	case readBytes:
		switch m {
		case bytesMark:
			return true
		case startArray:
			v := bytesOf(w)
			w.tok, w.v = bytesMark, v
			return true
		case startObject:
			wrappedBytes(w)
		}
		what = "bytes"
	}
	if m == stringMark {
		w.tok, w.v = textAs(w, want, v)
		return true
	}
	readerError(w, "Error reading "+what+". Unexpected token: "+m.String()+".")
	return false
}
