package json

import (
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/value"
)

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

// quiet drops comments.
type quiet struct{ *builder }

func (q *quiet) event(m mark, v value.Value) {
	if m != comment {
		q.builder.event(m, v)
	}
}
