// Package net is the part of .NET's library about names on the network: Guid,
// Uri, IPAddress, and WebUtility's encodings.
package net

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// GuidDef is System.Guid.
var (
	GuidDef  = types.Declare("System", "public readonly struct Guid : IComparable, IComparable<Guid>, IEquatable<Guid>, IFormattable")
	GuidType = GuidDef.Type()
)

// Guid is a Guid in the byte order of its text. It is immutable.
type Guid [16]byte

// GuidOf is a Guid as a value.
func GuidOf(bytes [16]byte) value.Value {
	g := Guid(bytes)
	return value.Of(&g)
}

// Type is System.Guid.
func (g *Guid) Type() *types.Type { return GuidType }

// Equals compares the bits.
func (g *Guid) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*Guid)
	return ok && *o == *g
}

// memory is the Guid as .NET keeps it: the first three groups little endian.
func (g *Guid) memory() [16]byte {
	m := *g
	m[0], m[1], m[2], m[3] = g[3], g[2], g[1], g[0]
	m[4], m[5] = g[5], g[4]
	m[6], m[7] = g[7], g[6]
	return m
}

func fromMemory(m []byte) *Guid {
	var g Guid
	copy(g[:], m)
	h := g.memory() // swapping twice is nothing, so this swaps back
	g = h
	return &g
}

// Hash is .NET's: the four 32-bit words combined, so that a Random seeded with
// it draws what .NET's draws.
func (g *Guid) Hash(*value.Thread) int32 {
	m := g.memory()
	le := binary.LittleEndian
	return int32(le.Uint32(m[0:]) ^ le.Uint32(m[4:]) ^ le.Uint32(m[8:]) ^ le.Uint32(m[12:]))
}

// CompareTo orders by the groups, each as an unsigned number.
func (g *Guid) CompareTo(t *value.Thread, other value.Value) int {
	o, ok := other.Object().(*Guid)
	if !ok {
		t.ThrowArgument(value.ArgumentException, "Object must be of type GUID.", "value")
	}
	return strings.Compare(string(g[:]), string(o[:]))
}

// ToString is the D form.
func (g *Guid) ToString(*value.Thread) string { return g.text('D') }

// Format is the text in the form D, N, B, P or X.
func (g *Guid) Format(t *value.Thread, format string, _ value.Value) string {
	if format == "" {
		return g.text('D')
	}
	if len(format) == 1 {
		if c := format[0] &^ 0x20; strings.IndexByte("DNBPX", c) >= 0 {
			return g.text(c)
		}
	}
	t.Throw(value.FormatException, `Format string can be only "D", "d", "N", "n", "P", "p", "B", "b", "X" or "x".`)
	return ""
}

func (g *Guid) text(form byte) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 68)
	hex := func(from, to int) {
		for _, x := range g[from:to] {
			b = append(b, digits[x>>4], digits[x&15])
		}
	}
	switch form {
	case 'X':
		b = append(b, "{0x"...)
		hex(0, 4)
		b = append(b, ",0x"...)
		hex(4, 6)
		b = append(b, ",0x"...)
		hex(6, 8)
		b = append(b, ",{"...)
		for i := 8; i < 16; i++ {
			if i > 8 {
				b = append(b, ',')
			}
			b = append(b, "0x"...)
			hex(i, i+1)
		}
		return string(append(b, "}}"...))
	case 'B':
		b = append(b, '{')
	case 'P':
		b = append(b, '(')
	}
	for i := range 16 {
		if form != 'N' && (i == 4 || i == 6 || i == 8 || i == 10) {
			b = append(b, '-')
		}
		hex(i, i+1)
	}
	switch form {
	case 'B':
		b = append(b, '}')
	case 'P':
		b = append(b, ')')
	}
	return string(b)
}

// The messages of a text that is no Guid. The lengths of all forms have one.
const (
	guidUnknown   = "Unrecognized Guid format."
	guidLength    = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
	guidDashes    = "Dashes are in the wrong position for GUID parsing."
	guidNotHex    = "Guid string should only contain hexadecimal characters."
	guidBrace     = "Expected {0xdddddddd, etc}."
	guidHexPrefix = "Expected 0x prefix."
	guidComma     = "Could not find a comma, or the length between the previous token and the comma was zero (i.e., '0x,'etc.)."
	guidLastBrace = "Could not find a brace, or the length between the previous token and the brace was zero (i.e., '0x,'etc.)."
	guidEndBrace  = "Could not find the ending brace."
	guidJunk      = "Additional non-parsable characters are at the end of the string."

	// These two are OverflowExceptions.
	guidOverflow     = "Value was either too large or too small for a UInt32."
	guidByteOverflow = "Value was either too large or too small for an unsigned byte."
)

// parseGuid reads any form; fault is what .NET says about a text that is none.
func parseGuid(s string) (g *Guid, fault string) {
	s = strings.TrimSpace(s)
	switch {
	case value.Length(s) < 32:
		return nil, guidUnknown
	case s[0] == '(':
		return exactGuid(s, 'P')
	case s[0] == '{' && s[9] != '-':
		return exactGuid(s, 'X')
	case s[0] == '{':
		return exactGuid(s, 'B')
	case s[8] == '-':
		return exactGuid(s, 'D')
	}
	return exactGuid(s, 'N')
}

func exactGuid(s string, form byte) (*Guid, string) {
	switch form {
	case 'B':
		if len(s) != 38 || s[0] != '{' || s[37] != '}' {
			return nil, guidLength
		}
		return exactGuid(s[1:37], 'D')
	case 'P':
		if len(s) != 38 || s[0] != '(' || s[37] != ')' {
			return nil, guidLength
		}
		return exactGuid(s[1:37], 'D')
	case 'X':
		return hexGuid(s)
	case 'N':
		if value.Length(s) != 32 {
			return nil, guidLength
		}
		return plainGuid(s)
	}
	if value.Length(s) != 36 {
		return nil, guidLength
	}
	if len(s) != 36 {
		return nil, guidNotHex
	}
	if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return nil, guidDashes
	}
	return plainGuid(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
}

func plainGuid(digits string) (*Guid, string) {
	var g Guid
	if len(digits) != 32 {
		return nil, guidNotHex
	}
	for i := range g {
		hi, lo := hexDigit(digits[2*i]), hexDigit(digits[2*i+1])
		if hi < 0 || lo < 0 {
			return nil, guidNotHex
		}
		g[i] = byte(hi<<4 | lo)
	}
	return &g, ""
}

// hexGuid reads the X form, whose numbers may be shorter or longer than their
// group, and which may have white space anywhere.
func hexGuid(s string) (*Guid, string) {
	s = strings.Join(strings.Fields(s), "")
	if s == "" || s[0] != '{' {
		return nil, guidBrace
	}
	var g Guid
	at := 1
	// number reads one number and its mark, at most size bytes of it count.
	number := func(end byte, missing string) (uint32, string) {
		if at+1 >= len(s) || s[at] != '0' || s[at+1]|0x20 != 'x' {
			return 0, guidHexPrefix
		}
		at += 2
		n := strings.IndexByte(s[at:], end)
		if n <= 0 {
			return 0, missing
		}
		digits := strings.TrimLeft(s[at:at+n], "0")
		at += n + 1
		for i := range len(digits) {
			if hexDigit(digits[i]) < 0 {
				return 0, guidNotHex
			}
		}
		if len(digits) > 8 {
			return 0, guidOverflow
		}
		v, _ := strconv.ParseUint("0"+digits, 16, 64)
		return uint32(v), ""
	}
	for i, size := range []int{4, 2, 2} {
		v, fault := number(',', guidComma)
		if fault != "" {
			return nil, fault
		}
		switch size {
		case 4:
			binary.BigEndian.PutUint32(g[0:], v)
		case 2:
			binary.BigEndian.PutUint16(g[2+2*i:], uint16(v))
		}
	}
	if at >= len(s) || s[at] != '{' {
		return nil, guidBrace
	}
	at++
	for i := range 8 {
		end, missing := byte(','), guidComma
		if i == 7 {
			end, missing = '}', guidLastBrace
		}
		v, fault := number(end, missing)
		if fault != "" {
			return nil, fault
		}
		if v > 255 {
			return nil, guidByteOverflow
		}
		g[8+i] = byte(v)
	}
	if at >= len(s) || s[at] != '}' {
		return nil, guidEndBrace
	}
	if at != len(s)-1 {
		return nil, guidJunk
	}
	return &g, ""
}

// throwGuid throws what a text that is no Guid deserves.
func throwGuid(t *value.Thread, fault string) {
	if fault == guidOverflow || fault == guidByteOverflow {
		t.Throw(value.OverflowException, fault)
	}
	t.Throw(value.FormatException, fault)
}

func guid(v value.Value) *Guid { return v.Object().(*Guid) }

func readGuid(c *value.Call, i int, name string) *Guid {
	c.NotNull(i, name)
	g, fault := parseGuid(c.Str(i))
	if fault != "" {
		throwGuid(c.Thread, fault)
	}
	return g
}

func guidForm(c *value.Call, i int) (byte, bool) {
	f := c.Str(i)
	if len(f) == 1 {
		if k := f[0] &^ 0x20; strings.IndexByte("DNBPX", k) >= 0 {
			return k, true
		}
	}
	return 0, false
}

// newGuid draws the random bits of version 4 from the host's source.
func newGuid(t *value.Thread) value.Value {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], t.Rand())
	binary.LittleEndian.PutUint64(b[8:], t.Rand())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return GuidOf(b)
}

func guidOrder(op string, holds func(int) bool) value.Row {
	return value.Row{Sig: "static bool operator " + op + "(Guid left, Guid right)", Doc: "Compares two of them.", Func: func(c *value.Call) value.Value {
		return value.Bool(holds(guid(c.Args[0]).CompareTo(c.Thread, c.Args[1])))
	}}
}

var guidRows = []value.Row{
	{Sig: "Guid(string g)", Doc: "Reads a Guid in any form.", Func: func(c *value.Call) value.Value { return value.Of(readGuid(c, 0, "g")) }},
	{Sig: "Guid(byte[] b)", Doc: "A Guid of 16 bytes, the first three groups little endian.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "b")
		b := c.Args[0].Object().(*value.Array).Bytes()
		if len(b) != 16 {
			c.ThrowArgument(value.ArgumentException, "Byte array for Guid must be exactly 16 bytes long.", "b")
		}
		return value.Of(fromMemory(b))
	}},
	{Sig: "Guid(int a, short b, short c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)", Doc: "A Guid of its parts.", Func: func(c *value.Call) value.Value {
		var g Guid
		binary.BigEndian.PutUint32(g[0:], uint32(c.Int(0)))
		binary.BigEndian.PutUint16(g[4:], uint16(c.Int(1)))
		binary.BigEndian.PutUint16(g[6:], uint16(c.Int(2)))
		for i := range 8 {
			g[8+i] = byte(c.Int(3 + i))
		}
		return value.Of(&g)
	}},
	{Sig: "Guid(int a, short b, short c, byte[] d)", Doc: "A Guid of its parts.", Func: func(c *value.Call) value.Value {
		c.NotNull(3, "d")
		d := c.Args[3].Object().(*value.Array).Bytes()
		if len(d) != 8 {
			c.ThrowArgument(value.ArgumentException, "Byte array for Guid must be exactly 8 bytes long.", "d")
		}
		var g Guid
		binary.BigEndian.PutUint32(g[0:], uint32(c.Int(0)))
		binary.BigEndian.PutUint16(g[4:], uint16(c.Int(1)))
		binary.BigEndian.PutUint16(g[6:], uint16(c.Int(2)))
		copy(g[8:], d)
		return value.Of(&g)
	}},
	{Sig: "static readonly Guid Empty", Doc: "The Guid of zeros.", Func: func(*value.Call) value.Value { return value.Of(new(Guid)) }},
	{Sig: "static readonly Guid AllBitsSet", Doc: "The Guid of ones.", Beyond: true, Func: func(*value.Call) value.Value {
		var g Guid
		for i := range g {
			g[i] = 0xff
		}
		return value.Of(&g)
	}},
	{Sig: "static Guid NewGuid()", Doc: "A random Guid.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value { return newGuid(c.Thread) }},
	{Sig: "static Guid Parse(string input)", Doc: "Reads a Guid in any form.", Func: func(c *value.Call) value.Value { return value.Of(readGuid(c, 0, "input")) }},
	{Sig: "static bool TryParse(string input, out Guid result)", Doc: "Reads a Guid if it is one.", Func: func(c *value.Call) value.Value {
		g, fault := parseGuid(c.Str(0))
		if fault != "" {
			g = new(Guid)
		}
		c.Args[1] = value.Of(g)
		return value.Bool(fault == "")
	}},
	{Sig: "static Guid ParseExact(string input, string format)", Doc: "Reads a Guid in one form.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "input")
		c.NotNull(1, "format")
		form, ok := guidForm(c, 1)
		if !ok {
			c.Throw(value.FormatException, `Format string can be only "D", "d", "N", "n", "P", "p", "B", "b", "X" or "x".`)
		}
		g, fault := exactGuid(strings.TrimSpace(c.Str(0)), form)
		if fault != "" {
			throwGuid(c.Thread, fault)
		}
		return value.Of(g)
	}},
	{Sig: "static bool TryParseExact(string input, string format, out Guid result)", Doc: "Reads a Guid in one form if it is one.", Func: func(c *value.Call) value.Value {
		g, fault := (*Guid)(nil), guidUnknown
		if form, ok := guidForm(c, 1); ok && !c.Args[0].IsNull() {
			g, fault = exactGuid(strings.TrimSpace(c.Str(0)), form)
		}
		if fault != "" {
			g = new(Guid)
		}
		c.Args[2] = value.Of(g)
		return value.Bool(fault == "")
	}},
	{Sig: "int Version { get; }", Doc: "How it was made: 4 is at random.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Int(int(guid(c.This)[6] >> 4))
	}},
	{Sig: "int Variant { get; }", Doc: "Whose layout it has.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Int(int(guid(c.This)[8] >> 4))
	}},
	{Sig: "byte[] ToByteArray()", Doc: "Its 16 bytes, the first three groups little endian.", Func: func(c *value.Call) value.Value {
		c.Alloc(16)
		m := guid(c.This).memory()
		return value.Bytes(m[:])
	}},
	{Sig: "override string ToString()", Doc: "The D form, lower case with dashes.", Func: func(c *value.Call) value.Value { return value.String(guid(c.This).text('D')) }},
	{Sig: "string ToString(string format)", Doc: "The text in the form D, N, B, P or X.", Func: func(c *value.Call) value.Value {
		return value.String(guid(c.This).Format(c.Thread, c.Str(0), value.Null))
	}},
	{Sig: "string ToString(string format, IFormatProvider provider)", Doc: "The text in the form D, N, B, P or X.", Func: func(c *value.Call) value.Value {
		return value.String(guid(c.This).Format(c.Thread, c.Str(0), value.Null))
	}},
	{Sig: "bool Equals(Guid g)", Doc: "Whether two are equal.", Func: func(c *value.Call) value.Value {
		return value.Bool(guid(c.This).Equals(c.Thread, c.Args[0]))
	}},
	{Sig: "override bool Equals(object o)", Doc: "Whether it is an equal Guid.", Func: func(c *value.Call) value.Value {
		return value.Bool(guid(c.This).Equals(c.Thread, c.Args[0]))
	}},
	{Sig: "int CompareTo(Guid value)", Doc: "-1, 0 or 1 by their order.", Func: func(c *value.Call) value.Value {
		return value.Int(guid(c.This).CompareTo(c.Thread, c.Args[0]))
	}},
	{Sig: "int CompareTo(object value)", Doc: "-1, 0 or 1 by their order.", Func: func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Int(1)
		}
		return value.Int(guid(c.This).CompareTo(c.Thread, c.Args[0]))
	}},
	{Sig: "static bool operator ==(Guid a, Guid b)", Doc: "Whether two are equal.", Func: func(c *value.Call) value.Value { return value.Bool(*guid(c.Args[0]) == *guid(c.Args[1])) }},
	{Sig: "static bool operator !=(Guid a, Guid b)", Doc: "Whether two differ.", Func: func(c *value.Call) value.Value { return value.Bool(*guid(c.Args[0]) != *guid(c.Args[1])) }},
	guidOrder("<", func(n int) bool { return n < 0 }),
	guidOrder("<=", func(n int) bool { return n <= 0 }),
	guidOrder(">", func(n int) bool { return n > 0 }),
	guidOrder(">=", func(n int) bool { return n >= 0 }),
}
