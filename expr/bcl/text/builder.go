package text

import (
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// builder is a StringBuilder: bytes while all is ASCII, units from the first
// other character on, so that indexing is always direct.
type builder struct {
	ascii []byte
	units []uint16
	wide  bool
	// capacity is what .NET's chunks would have, which expressions can see.
	capacity int
}

// Type is StringBuilder.
func (*builder) Type() *types.Type { return StringBuilder.Type() }

// ToString is the text.
func (b *builder) ToString(t *value.Thread) string {
	if t != nil {
		charge(t, b.len())
	}
	if b.wide {
		return value.FromUnits(b.units)
	}
	return string(b.ascii)
}

func (b *builder) len() int {
	if b.wide {
		return len(b.units)
	}
	return len(b.ascii)
}

func (b *builder) at(i int) uint16 {
	if b.wide {
		return b.units[i]
	}
	return uint16(b.ascii[i])
}

// slice is the text of a part.
func (b *builder) slice(start, n int) string {
	if b.wide {
		return value.FromUnits(b.units[start : start+n])
	}
	return string(b.ascii[start : start+n])
}

// widen goes over to units.
func (b *builder) widen(t *value.Thread) {
	if b.wide {
		return
	}
	t.Alloc(2 * len(b.ascii))
	b.units = make([]uint16, len(b.ascii))
	for i, c := range b.ascii {
		b.units[i] = uint16(c)
	}
	b.ascii, b.wide = nil, true
}

// room counts n units about to be added: our own memory, and the capacity that
// .NET would have, whose chunks double up to 8000 units.
func (b *builder) room(t *value.Thread, n int) {
	l := b.len()
	if b.capacity < l+n {
		b.capacity += max(l+n-b.capacity, min(b.capacity, 8000))
	}
	size, have := l+n, cap(b.ascii)
	if b.wide {
		size, have = 2*size, 2*cap(b.units)
	}
	if size > have {
		t.Alloc(size + have)
	}
}

// append adds a text at the end.
func (b *builder) append(t *value.Thread, s string) {
	if !b.wide && value.IsASCII(s) {
		b.room(t, len(s))
		b.ascii = append(b.ascii, s...)
		return
	}
	b.widen(t)
	b.room(t, len(s))
	if !value.IsASCII(s) {
		b.units = append(b.units, value.Units(s)...)
		return
	}
	for i := range len(s) {
		b.units = append(b.units, uint16(s[i]))
	}
}

// replaceRange puts a text in the place of n units.
func (b *builder) replaceRange(t *value.Thread, start, n int, s string) {
	if !b.wide && value.IsASCII(s) {
		charge(t, len(b.ascii)+len(s))
		tail := string(b.ascii[start+n:])
		b.ascii = append(append(b.ascii[:start], s...), tail...)
		return
	}
	b.widen(t)
	charge(t, 2*(len(b.units)+len(s)))
	tail := append([]uint16(nil), b.units[start+n:]...)
	b.units = append(append(b.units[:start], value.Units(s)...), tail...)
}

func (b *builder) insert(c *value.Call, at int, s string) {
	if at < 0 || at > b.len() {
		c.ThrowRange(indexLessOrEqual, "index")
	}
	if n := value.Length(s); b.len()+n > b.capacity {
		b.capacity += max(n, 16)
	}
	b.replaceRange(c.Thread, at, 0, s)
}

func (b *builder) setLength(c *value.Call, n int) {
	number.NotNegative(c.Thread, n, "value")
	switch l := b.len(); {
	case n > l:
		b.append(c.Thread, repeat(c.Thread, 0, n-l))
	case b.wide:
		b.units = b.units[:n]
	default:
		b.ascii = b.ascii[:n]
	}
}

func builderMembers() value.Members {
	this := func(c *value.Call) *builder { return c.This.Object().(*builder) }
	create := func(c *value.Call, s string, capacity int) value.Value {
		number.NotNegative(c.Thread, capacity, "capacity")
		if capacity == 0 {
			capacity = 16
		}
		b := &builder{capacity: max(capacity, value.Length(s))}
		c.Alloc(64)
		b.append(c.Thread, s)
		return value.Of(b)
	}
	add := func(c *value.Call, s string) value.Value {
		this(c).append(c.Thread, s)
		return c.This
	}
	appendValue := func(c *value.Call) value.Value { return add(c, c.ToString(c.Args[0])) }
	rows := []value.Row{
		{Sig: "StringBuilder()", Doc: "An empty builder.", Func: func(c *value.Call) value.Value { return create(c, "", 16) }},
		{Sig: "StringBuilder(int capacity)", Doc: "An empty builder with room.", Func: func(c *value.Call) value.Value { return create(c, "", c.Int(0)) }},
		{Sig: "StringBuilder(int capacity, int maxCapacity)", Doc: "An empty builder with room.", Func: func(c *value.Call) value.Value { return create(c, "", c.Int(0)) }},
		{Sig: "StringBuilder(string value)", Doc: "A builder that begins with a text.", Func: func(c *value.Call) value.Value { return create(c, c.Str(0), 16) }},
		{Sig: "StringBuilder(string value, int capacity)", Doc: "A builder that begins with a text.", Func: func(c *value.Call) value.Value { return create(c, c.Str(0), c.Int(1)) }},
		{Sig: "StringBuilder(string value, int startIndex, int length, int capacity)", Doc: "A builder that begins with a part of a text.", Func: func(c *value.Call) value.Value {
			x, at, n := c.Args[0].Text(), c.Int(1), c.Int(2)
			number.NotNegative(c.Thread, c.Int(3), "capacity")
			number.NotNegative(c.Thread, n, "length")
			number.NotNegative(c.Thread, at, "startIndex")
			if at > x.Len()-n {
				c.ThrowRange(badLength, "length")
			}
			return create(c, x.Slice(at, n), c.Int(3))
		}},
		{
			Sig: "int Length { get; set; }", Doc: "The number of units.", Fast: func(v value.Value) int64 { return int64(v.Object().(*builder).len()) },
			Func: func(c *value.Call) value.Value { return value.Int(this(c).len()) },
			Set:  func(c *value.Call) { this(c).setLength(c, c.Int(0)) },
		},
		{Sig: "int Capacity { get; set; }", Doc: "The units there is room for.", Func: func(c *value.Call) value.Value { return value.Int(this(c).capacity) }, Set: func(c *value.Call) {
			number.NotNegative(c.Thread, c.Int(0), "value")
			if c.Int(0) < this(c).len() {
				c.ThrowRange("capacity was less than the current size.", "value")
			}
			this(c).capacity = c.Int(0)
		}},
		{Sig: "int MaxCapacity { get; }", Doc: "The largest room.", Func: func(*value.Call) value.Value { return value.Int(1<<31 - 1) }},
		{Sig: "int EnsureCapacity(int capacity)", Doc: "Makes room.", Func: func(c *value.Call) value.Value {
			number.NotNegative(c.Thread, c.Int(0), "capacity")
			this(c).capacity = max(this(c).capacity, c.Int(0))
			return value.Int(this(c).capacity)
		}},
		{Sig: "char this[int index] { get; set; }", Doc: "The unit at an index.", Func: func(c *value.Call) value.Value {
			b, i := this(c), c.Int(0)
			if i < 0 || i >= b.len() {
				c.Throw(value.IndexOutOfRangeException, "Index was outside the bounds of the array.")
			}
			return value.Char(b.at(i))
		}, Set: func(c *value.Call) {
			b, i, u := this(c), c.Int(0), c.Args[1].Char()
			if i < 0 || i >= b.len() {
				c.ThrowRange(indexLess, "index")
			}
			if u >= 0x80 {
				b.widen(c.Thread)
			}
			if b.wide {
				b.units[i] = u
			} else {
				b.ascii[i] = byte(u)
			}
		}},
		{Sig: "StringBuilder Clear()", Doc: "Takes everything away.", Func: func(c *value.Call) value.Value {
			b := this(c)
			b.ascii, b.units, b.wide = b.ascii[:0], nil, false
			return c.This
		}},
		{Sig: "string ToString(int startIndex, int length)", Doc: "A part of the text.", Func: func(c *value.Call) value.Value {
			b, at, n := this(c), c.Int(0), c.Int(1)
			number.NotNegative(c.Thread, at, "startIndex")
			if at > b.len() {
				c.ThrowRange(startTooLarge, "startIndex")
			}
			number.NotNegative(c.Thread, n, "length")
			if at > b.len()-n {
				c.ThrowRange(badLength, "length")
			}
			charge(c.Thread, n)
			return value.String(b.slice(at, n))
		}},
		{Sig: "bool Equals(StringBuilder sb)", Doc: "Whether another builder has the same text.", Func: func(c *value.Call) value.Value {
			o, ok := c.Args[0].Object().(*builder)
			return value.Bool(ok && (o == this(c) || o.ToString(c.Thread) == this(c).ToString(c.Thread)))
		}},
		{Sig: "void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", Doc: "Copies units into an array.", Func: func(c *value.Call) value.Value {
			c.NotNull(1, "destination")
			b, to := this(c), c.Args[1].Object().(*value.Array)
			from, at, n := c.Int(0), c.Int(2), c.Int(3)
			number.NotNegative(c.Thread, at, "destinationIndex")
			number.NotNegative(c.Thread, n, "count")
			if from < 0 || from > b.len() {
				c.ThrowRange(indexLessOrEqual, "sourceIndex")
			}
			if at > to.Len()-n {
				c.ThrowArgument(value.ArgumentException, "Either offset did not refer to a position in the string, or there is an insufficient length of destination character array.", "")
			}
			if from > b.len()-n {
				c.ThrowArgument(value.ArgumentException, "Source string was not long enough. Check sourceIndex and count.", "")
			}
			c.Step(n)
			for i := range n {
				to.Set(at+i, value.Char(b.at(from+i)))
			}
			return value.Null
		}},
		{Sig: "StringBuilder Append(char value, int repeatCount)", Doc: "Adds a character several times.", Func: func(c *value.Call) value.Value {
			number.NotNegative(c.Thread, c.Int(1), "repeatCount")
			return add(c, repeat(c.Thread, c.Args[0].Char(), c.Int(1)))
		}},
		{Sig: "StringBuilder Append(string value, int startIndex, int count)", Doc: "Adds a part of a text.", Func: func(c *value.Call) value.Value {
			return add(c, builderPart(c, c.Args[0].Text()))
		}},
		{Sig: "StringBuilder Append(char[] value)", Doc: "Adds characters.", Func: func(c *value.Call) value.Value { return add(c, fromChars(c.Thread, c.Args[0], 0, -1)) }},
		{Sig: "StringBuilder Append(char[] value, int startIndex, int charCount)", Doc: "Adds some characters.", Func: func(c *value.Call) value.Value {
			number.NotNegative(c.Thread, c.Int(1), "startIndex")
			number.NotNegative(c.Thread, c.Int(2), "charCount")
			a, ok := c.Args[0].Object().(*value.Array)
			if !ok {
				if c.Int(1) == 0 && c.Int(2) == 0 {
					return c.This
				}
				c.ThrowNull("value")
			}
			if c.Int(2) > a.Len()-c.Int(1) {
				c.ThrowRange(indexLessOrEqual, "charCount")
			}
			return add(c, fromChars(c.Thread, c.Args[0], c.Int(1), c.Int(2)))
		}},
		{Sig: "StringBuilder Append(StringBuilder value)", Doc: "Adds the text of another builder.", Func: appendValue},
		{Sig: "StringBuilder Append(StringBuilder value, int startIndex, int count)", Doc: "Adds a part of the text of another builder.", Func: func(c *value.Call) value.Value {
			return add(c, builderPart(c, value.TextOf(c.ToString(c.Args[0]))))
		}},
		{Sig: "StringBuilder AppendLine()", Doc: "Adds a line end.", Func: func(c *value.Call) value.Value { return add(c, "\n") }},
		{Sig: "StringBuilder AppendLine(string value)", Doc: "Adds a text and a line end.", Func: func(c *value.Call) value.Value {
			add(c, c.Str(0))
			return add(c, "\n")
		}},
		{Sig: "StringBuilder Remove(int startIndex, int length)", Doc: "Takes a part away.", Func: func(c *value.Call) value.Value {
			b, at, n := this(c), c.Int(0), c.Int(1)
			number.NotNegative(c.Thread, n, "length")
			number.NotNegative(c.Thread, at, "startIndex")
			if n > b.len()-at {
				c.ThrowRange(indexLessOrEqual, "length")
			}
			b.replaceRange(c.Thread, at, n, "")
			return c.This
		}},
		{Sig: "StringBuilder Insert(int index, string value, int count)", Doc: "Inserts a text several times.", Func: func(c *value.Call) value.Value {
			number.NotNegative(c.Thread, c.Int(2), "count")
			j := &joiner{t: c.Thread}
			if c.Str(1) != "" {
				for range c.Int(2) {
					j.add(c.Str(1))
				}
			}
			this(c).insert(c, c.Int(0), string(j.out))
			return c.This
		}},
		{Sig: "StringBuilder Insert(int index, char[] value)", Doc: "Inserts characters.", Func: func(c *value.Call) value.Value {
			this(c).insert(c, c.Int(0), fromChars(c.Thread, c.Args[1], 0, -1))
			return c.This
		}},
		{Sig: "StringBuilder Insert(int index, char[] value, int startIndex, int charCount)", Doc: "Inserts some characters.", Func: func(c *value.Call) value.Value {
			a, ok := c.Args[1].Object().(*value.Array)
			if !ok {
				if c.Int(2) == 0 && c.Int(3) == 0 {
					return c.This
				}
				c.ThrowNull("value")
			}
			number.NotNegative(c.Thread, c.Int(2), "startIndex")
			number.NotNegative(c.Thread, c.Int(3), "charCount")
			if c.Int(2) > a.Len()-c.Int(3) {
				c.ThrowRange(indexLessOrEqual, "startIndex")
			}
			this(c).insert(c, c.Int(0), fromChars(c.Thread, c.Args[1], c.Int(2), c.Int(3)))
			return c.This
		}},
	}
	for _, w := range []string{"string", "bool", "char", "sbyte", "byte", "short", "int", "long", "float", "double", "decimal", "ushort", "uint", "ulong", "object"} {
		rows = append(rows,
			value.Row{Sig: "StringBuilder Append(" + w + " value)", Doc: "Adds the text of a value.", Func: appendValue},
			value.Row{Sig: "StringBuilder Insert(int index, " + w + " value)", Doc: "Inserts the text of a value.", Func: func(c *value.Call) value.Value {
				this(c).insert(c, c.Int(0), c.ToString(c.Args[1]))
				return c.This
			}})
	}
	rows = append(rows, builderReplaces(this)...)
	const formatted = "Adds a format with its items filled in."
	for _, head := range []string{"", "IFormatProvider provider, "} {
		at := 0
		if head != "" {
			at = 1
		}
		format := func(params bool) func(*value.Call) value.Value {
			return func(c *value.Call) value.Value {
				if params {
					c.NotNull(at+1, "args")
				}
				c.NotNull(at, "format")
				provider, args := value.Null, c.Args[at+1:]
				if at == 1 {
					provider = c.Args[0]
				}
				if params {
					args = c.Slice(c.Args[at+1])
				}
				return add(c, composite(c.Thread, c.Str(at), provider, args))
			}
		}
		rows = append(rows,
			value.Row{Sig: "StringBuilder AppendFormat(" + head + "string format, object arg0)", Doc: formatted, Func: format(false)},
			value.Row{Sig: "StringBuilder AppendFormat(" + head + "string format, object arg0, object arg1)", Doc: formatted, Func: format(false)},
			value.Row{Sig: "StringBuilder AppendFormat(" + head + "string format, object arg0, object arg1, object arg2)", Doc: formatted, Func: format(false)},
			value.Row{Sig: "StringBuilder AppendFormat(" + head + "string format, params object[] args)", Doc: formatted, Func: format(true)})
	}
	for _, s := range []string{"string", "char"} {
		f := func(c *value.Call) value.Value {
			c.NotNull(1, "values")
			return add(c, join(c.Thread, c.ToString(c.Args[0]), c.Args[1]).Str())
		}
		for _, v := range []string{"(" + s + " separator, params object[] values)", "<T>(" + s + " separator, IEnumerable<T> values)", "(" + s + " separator, params string[] values)"} {
			rows = append(rows, value.Row{Sig: "StringBuilder AppendJoin" + v, Doc: "Adds texts joined with a separator between.", Func: f})
		}
	}
	return value.Members{Def: StringBuilder, Doc: "A string that grows.", Rows: rows}
}

// builderPart is the part of a text that arguments startIndex and count name.
func builderPart(c *value.Call, x value.Text) string {
	at, n := c.Int(1), c.Int(2)
	if c.Args[0].IsNull() {
		if at == 0 && n == 0 {
			return ""
		}
		c.ThrowNull("value")
	}
	if n == 0 {
		return ""
	}
	number.NotNegative(c.Thread, at, "startIndex")
	number.NotNegative(c.Thread, n, "count")
	if at > x.Len()-n {
		c.ThrowRange(indexLessOrEqual, "startIndex")
	}
	return x.Slice(at, n)
}

func builderReplaces(this func(c *value.Call) *builder) []value.Row {
	within := func(c *value.Call, old, with string, start, count int) value.Value {
		b := this(c)
		if start < 0 || start > b.len() {
			c.ThrowRange(indexLessOrEqual, "startIndex")
		}
		if count < 0 || start > b.len()-count {
			c.ThrowRange(indexLessOrEqual, "count")
		}
		charge(c.Thread, count)
		b.replaceRange(c.Thread, start, count, replace(c.Thread, b.slice(start, count), old, with, Ordinal))
		b.capacity = max(b.capacity, b.len())
		return c.This
	}
	old := func(c *value.Call) string {
		c.NotNull(0, "oldValue")
		if c.Str(0) == "" {
			c.ThrowArgument(value.ArgumentException, "The value cannot be an empty string.", "oldValue")
		}
		return c.Str(0)
	}
	return []value.Row{
		{Sig: "StringBuilder Replace(string oldValue, string newValue)", Doc: "Puts one text for another.", Func: func(c *value.Call) value.Value {
			return within(c, old(c), c.Str(1), 0, this(c).len())
		}},
		{Sig: "StringBuilder Replace(string oldValue, string newValue, int startIndex, int count)", Doc: "Puts one text for another in a part.", Func: func(c *value.Call) value.Value {
			if b := this(c); c.Int(2) >= 0 && c.Int(2) <= b.len() && c.Int(3) >= 0 && c.Int(2) <= b.len()-c.Int(3) {
				old(c)
			}
			return within(c, c.Str(0), c.Str(1), c.Int(2), c.Int(3))
		}},
		{Sig: "StringBuilder Replace(char oldChar, char newChar)", Doc: "Puts one character for another.", Func: func(c *value.Call) value.Value {
			return within(c, value.UnitString(c.Args[0].Char()), value.UnitString(c.Args[1].Char()), 0, this(c).len())
		}},
		{Sig: "StringBuilder Replace(char oldChar, char newChar, int startIndex, int count)", Doc: "Puts one character for another in a part.", Func: func(c *value.Call) value.Value {
			return within(c, value.UnitString(c.Args[0].Char()), value.UnitString(c.Args[1].Char()), c.Int(2), c.Int(3))
		}},
	}
}
