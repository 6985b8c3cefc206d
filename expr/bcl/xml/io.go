package xml

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	textReaderDef   = types.Declare("System.IO", "public abstract class TextReader : IDisposable")
	stringReaderDef = types.Declare("System.IO", "public class StringReader : TextReader")
	textWriterDef   = types.Declare("System.IO", "public abstract class TextWriter : IDisposable")
	stringWriterDef = types.Declare("System.IO", "public class StringWriter : TextWriter")
)

// reader is a StringReader.
type reader struct {
	text   value.Text
	at     int // UTF-16 units
	closed bool
}

// Type is System.IO.StringReader.
func (*reader) Type() *types.Type { return stringReaderDef.Type() }

// Dispose closes it.
func (r *reader) Dispose(*value.Thread) { r.closed = true }

func (r *reader) rest() string {
	s := r.text.Slice(r.at, r.text.Len()-r.at)
	r.at = r.text.Len()
	return s
}

func openReader(c *value.Call) *reader {
	r := c.This.Object().(*reader)
	if r.closed {
		c.Throw(value.ObjectDisposedException, "Cannot read from a closed TextReader.")
	}
	return r
}

var readerRows = []value.Row{
	{Sig: "int Peek()", Doc: "The next char, or -1 at the end.", Func: func(c *value.Call) value.Value {
		r := openReader(c)
		if r.at == r.text.Len() {
			return value.Int(-1)
		}
		return value.Int(int(r.text.At(r.at)))
	}},
	{Sig: "int Read()", Doc: "Reads a char; -1 at the end.", Func: func(c *value.Call) value.Value {
		r := openReader(c)
		if r.at == r.text.Len() {
			return value.Int(-1)
		}
		r.at++
		return value.Int(int(r.text.At(r.at - 1)))
	}},
	{Sig: "string ReadLine()", Doc: "Reads a line; null at the end.", Func: func(c *value.Call) value.Value {
		r := openReader(c)
		n := r.text.Len()
		if r.at == n {
			return value.Null
		}
		start := r.at
		for r.at < n {
			c.Step(1)
			u := r.text.At(r.at)
			if u == '\n' || u == '\r' {
				line := r.text.Slice(start, r.at-start)
				r.at++
				if u == '\r' && r.at < n && r.text.At(r.at) == '\n' {
					r.at++
				}
				return value.String(line)
			}
			r.at++
		}
		return value.String(r.text.Slice(start, n-start))
	}},
	{Sig: "string ReadToEnd()", Doc: "Reads all that is left.", Func: func(c *value.Call) value.Value { return value.String(openReader(c).rest()) }},
	{Sig: "int Read(char[] buffer, int index, int count)", Doc: "Reads chars into an array.", Func: func(c *value.Call) value.Value {
		r := openReader(c)
		c.NotNull(0, "buffer")
		a := c.Args[0].Object().(*value.Array)
		index, count := c.Int(1), c.Int(2)
		if index < 0 || count < 0 || index+count > a.Len() {
			c.ThrowArgument(value.ArgumentException, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.", "")
		}
		n := min(count, r.text.Len()-r.at)
		for i := range n {
			a.Set(index+i, value.Char(r.text.At(r.at+i)))
		}
		r.at += n
		return value.Int(n)
	}},
	{Sig: "void Close()", Doc: "Closes it.", Func: func(c *value.Call) value.Value {
		c.This.Object().(*reader).closed = true
		return value.Null
	}},
	{Sig: "void Dispose()", Doc: "Closes it.", Func: func(c *value.Call) value.Value {
		c.This.Object().(*reader).closed = true
		return value.Null
	}},
}

var stringReaderRows = []value.Row{
	{Sig: "StringReader(string s)", Doc: "A reader of a string.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Of(&reader{text: c.Args[0].Text()})
	}},
}

// builder is a StringWriter.
type builder struct {
	b      strings.Builder
	line   string
	closed bool
}

// Type is System.IO.StringWriter.
func (*builder) Type() *types.Type { return stringWriterDef.Type() }

// ToString is what has been written.
func (w *builder) ToString(*value.Thread) string { return w.b.String() }

// Dispose closes it.
func (w *builder) Dispose(*value.Thread) { w.closed = true }

func (w *builder) add(t *value.Thread, s string) {
	if w.closed {
		t.Throw(value.ObjectDisposedException, "Cannot write to a closed TextWriter.")
	}
	t.Alloc(2 * len(s))
	w.b.WriteString(s)
}

func writes(sig string, line bool) value.Row {
	return value.Row{Sig: sig, Doc: "Writes a value.", Func: func(c *value.Call) value.Value {
		w := c.This.Object().(*builder)
		if len(c.Args) > 0 {
			w.add(c.Thread, c.ToString(c.Args[0]))
		}
		if line {
			w.add(c.Thread, w.line)
		}
		return value.Null
	}}
}

func writeChars(sig string, line bool) value.Row {
	return value.Row{Sig: sig, Doc: "Writes chars.", Func: func(c *value.Call) value.Value {
		w := c.This.Object().(*builder)
		if a, ok := c.Args[0].Object().(*value.Array); ok {
			var b []byte
			for i := range a.Len() {
				b = value.AppendUnit(b, a.At(i).Char())
			}
			w.add(c.Thread, string(b))
		}
		if line {
			w.add(c.Thread, w.line)
		}
		return value.Null
	}}
}

var writerRows = func() []value.Row {
	var rows []value.Row
	for _, name := range []string{"Write", "WriteLine"} {
		line := name == "WriteLine"
		for _, p := range []string{"bool value", "char value", "decimal value", "double value", "int value", "long value", "object value", "float value", "string value", "uint value", "ulong value"} {
			rows = append(rows, writes("void "+name+"("+p+")", line))
		}
		rows = append(rows, writeChars("void "+name+"(char[] buffer)", line))
	}
	return append(rows,
		writes("void WriteLine()", true),
		value.Row{Sig: "string NewLine { get; set; }", Doc: "What ends a line.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*builder).line) }, Set: func(c *value.Call) {
			c.This.Object().(*builder).line = c.Str(0)
		}},
		value.Row{Sig: "void Flush()", Doc: "Does nothing: all has been written.", Func: func(*value.Call) value.Value { return value.Null }},
		value.Row{Sig: "void Close()", Doc: "Closes it.", Func: func(c *value.Call) value.Value {
			c.This.Object().(*builder).closed = true
			return value.Null
		}},
		value.Row{Sig: "void Dispose()", Doc: "Closes it.", Func: func(c *value.Call) value.Value {
			c.This.Object().(*builder).closed = true
			return value.Null
		}},
	)
}()

func newWriter(c *value.Call) value.Value {
	c.Alloc(64)
	return value.Of(&builder{line: "\n"})
}

var stringWriterRows = []value.Row{
	{Sig: "StringWriter()", Doc: "A writer into a string.", Func: newWriter},
	{Sig: "StringWriter(IFormatProvider formatProvider)", Doc: "A writer into a string.", Func: newWriter},
	{Sig: "override string ToString()", Doc: "What has been written.", Func: func(c *value.Call) value.Value { return value.String(c.This.Object().(*builder).b.String()) }},
}
