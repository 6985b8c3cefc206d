package xml

import (
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/text"
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

func readChars(c *value.Call) value.Value {
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
	{Sig: "int Read(char[] buffer, int index, int count)", Doc: "Reads chars into an array.", Func: readChars},
	{Sig: "int ReadBlock(char[] buffer, int index, int count)", Doc: "Reads chars into an array.", Func: readChars},
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

// builder is a StringWriter: it writes into a StringBuilder.
type builder struct {
	into   value.Value
	line   string
	closed bool
}

// Type is System.IO.StringWriter.
func (*builder) Type() *types.Type { return stringWriterDef.Type() }

// ToString is what has been written.
func (w *builder) ToString(t *value.Thread) string { return t.ToString(w.into) }

// Dispose closes it.
func (w *builder) Dispose(*value.Thread) { w.closed = true }

func (w *builder) add(t *value.Thread, s string) {
	if w.closed {
		t.Throw(value.ObjectDisposedException, "Cannot write to a closed TextWriter.")
	}
	invoke(t, text.StringBuilder, w.into, "Append", value.String(s))
}

// invoke calls a member of a type in the table, the first whose parameters take
// the arguments' types; this is null for static members and constructors.
func invoke(t *value.Thread, d *types.Def, this value.Value, name string, args ...value.Value) value.Value {
members:
	for _, m := range t.Table.Info(d).Named(name) {
		if len(m.Params) != len(args) || this.IsNull() != (m.Static || m.Kind == types.Constructor) {
			continue
		}
		for i, a := range args {
			if !a.IsNull() && !value.Is(a, m.Params[i].Type) {
				continue members
			}
		}
		c := t.Borrow()
		c.This, c.Args, c.Owner = this, args, m.Owner
		v := value.RowOf(m).Func(c)
		t.Return(c)
		return v
	}
	t.Throw(value.NotSupportedException, "%s", "The type '"+d.FullName()+"' is not supported.")
	return value.Null
}

func thisWriter(c *value.Call) *builder {
	w, ok := c.This.Object().(*builder)
	if !ok {
		c.Throw(value.NotSupportedException, "Specified method is not supported.")
	}
	return w
}

// writes are the rows of Write or WriteLine: of single values, of chars, and of
// formats with their arguments.
func writes(name string) []value.Row {
	end := func(c *value.Call) value.Value {
		if name == "WriteLine" {
			thisWriter(c).add(c.Thread, thisWriter(c).line)
		}
		return value.Null
	}
	var rows []value.Row
	add := func(params, doc string, f func(c *value.Call) string) {
		rows = append(rows, value.Row{Sig: "void " + name + "(" + params + ")", Doc: doc, Func: func(c *value.Call) value.Value {
			thisWriter(c).add(c.Thread, f(c))
			return end(c)
		}})
	}
	for _, p := range []string{"bool", "char", "decimal", "double", "int", "long", "object", "float", "string", "uint", "ulong"} {
		add(p+" value", "Writes a value.", func(c *value.Call) string { return c.ToString(c.Args[0]) })
	}
	chars := func(c *value.Call, from, n int) string {
		a := c.Args[0].Object().(*value.Array)
		c.Alloc(3 * n)
		var b []byte
		for i := range n {
			b = value.AppendUnit(b, a.At(from+i).Char())
		}
		return string(b)
	}
	add("char[] buffer", "Writes chars.", func(c *value.Call) string {
		if a, ok := c.Args[0].Object().(*value.Array); ok {
			return chars(c, 0, a.Len())
		}
		return ""
	})
	add("char[] buffer, int index, int count", "Writes some of the chars.", func(c *value.Call) string {
		c.NotNull(0, "buffer")
		from, n := c.Int(1), c.Int(2)
		if from < 0 || n < 0 || from+n > c.Args[0].Object().(*value.Array).Len() {
			c.ThrowArgument(value.ArgumentException, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.", "")
		}
		return chars(c, from, n)
	})
	format := func(c *value.Call, args value.Value) string {
		for _, m := range c.Table.Info(types.String.Def()).Named("Format") {
			if len(m.Params) == 2 && m.Params[1].Params {
				k := c.Borrow()
				k.Args, k.Owner = []value.Value{c.Args[0], args}, m.Owner
				s := value.RowOf(m).Func(k).Str()
				c.Return(k)
				return s
			}
		}
		return ""
	}
	list := "string format"
	for i := range 3 {
		list += ", object arg" + string(rune('0'+i))
		add(list, "Writes a format with its arguments.", func(c *value.Call) string {
			return format(c, c.ArrayOf(types.Object, c.Args[1:]))
		})
	}
	add("string format, params object[] arg", "Writes a format with its arguments.", func(c *value.Call) string { return format(c, c.Args[1]) })
	return rows
}

var writerRows = join(writes("Write"), writes("WriteLine"), []value.Row{
	{Sig: "void WriteLine()", Doc: "Ends a line.", Func: func(c *value.Call) value.Value {
		thisWriter(c).add(c.Thread, thisWriter(c).line)
		return value.Null
	}},
	{Sig: "string NewLine { get; set; }", Doc: "What ends a line.", Func: func(c *value.Call) value.Value { return value.String(thisWriter(c).line) }, Set: func(c *value.Call) {
		thisWriter(c).line = "\n"
		if !c.Args[0].IsNull() {
			thisWriter(c).line = c.Str(0)
		}
	}},
	{Sig: "Encoding Encoding { get; }", Doc: "UTF-16: what strings are made of.", Func: func(c *value.Call) value.Value {
		return invoke(c.Thread, text.Encoding, value.Null, "Unicode")
	}},
	{Sig: "IFormatProvider FormatProvider { get; }", Doc: "The culture that values are written in.", Func: func(c *value.Call) value.Value {
		return invoke(c.Thread, number.CultureInfo, value.Null, "InvariantCulture")
	}},
	{Sig: "void Flush()", Doc: "Does nothing: all has been written.", Func: func(*value.Call) value.Value { return value.Null }},
	{Sig: "void Close()", Doc: "Closes it.", Func: closeWriter},
	{Sig: "void Dispose()", Doc: "Closes it.", Func: closeWriter},
})

func closeWriter(c *value.Call) value.Value {
	thisWriter(c).closed = true
	return value.Null
}

func newWriter(c *value.Call) value.Value {
	return value.Of(&builder{into: invoke(c.Thread, text.StringBuilder, value.Null, ".ctor"), line: "\n"})
}

func writerInto(c *value.Call) value.Value {
	c.NotNull(0, "sb")
	c.Alloc(64)
	return value.Of(&builder{into: c.Args[0], line: "\n"})
}

var stringWriterRows = []value.Row{
	{Sig: "StringWriter()", Doc: "A writer into a string.", Func: newWriter},
	{Sig: "StringWriter(IFormatProvider formatProvider)", Doc: "A writer into a string.", Func: newWriter},
	{Sig: "StringWriter(StringBuilder sb)", Doc: "A writer into a StringBuilder.", Func: writerInto},
	{Sig: "StringWriter(StringBuilder sb, IFormatProvider formatProvider)", Doc: "A writer into a StringBuilder.", Func: writerInto},
	{Sig: "StringBuilder GetStringBuilder()", Doc: "What it writes into.", Func: func(c *value.Call) value.Value { return thisWriter(c).into }},
	{Sig: "override string ToString()", Doc: "What has been written.", Func: func(c *value.Call) value.Value { return value.String(thisWriter(c).ToString(c.Thread)) }},
}
