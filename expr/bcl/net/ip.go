package net

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// IPAddress is a System.Net.IPAddress. It is immutable.
type IPAddress struct {
	v6    bool
	bytes [16]byte // the first four for version 4
	scope uint32
}

// Type is IPAddress.
func (*IPAddress) Type() *types.Type { return IPAddressType }

// Equals compares version, address and scope.
func (a *IPAddress) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*IPAddress)
	return ok && *a == *o
}

// Hash goes with Equals.
func (a *IPAddress) Hash(*value.Thread) int32 { return value.HashString(a.text()) }

// ToString is the canonical text.
func (a *IPAddress) ToString(*value.Thread) string { return a.text() }

func (a *IPAddress) group(i int) uint16 { return binary.BigEndian.Uint16(a.bytes[2*i:]) }

func (a *IPAddress) zeros(from, to int) bool {
	for i := from; i < to; i++ {
		if a.group(i) != 0 {
			return false
		}
	}
	return true
}

func (a *IPAddress) mapped() bool { return a.v6 && a.zeros(0, 5) && a.group(5) == 0xFFFF }

func dotted(b []byte) string {
	return strconv.Itoa(int(b[0])) + "." + strconv.Itoa(int(b[1])) + "." + strconv.Itoa(int(b[2])) + "." + strconv.Itoa(int(b[3]))
}

func (a *IPAddress) text() string {
	if !a.v6 {
		return dotted(a.bytes[:4])
	}
	// Addresses that hold one of version 4 end in its spelling.
	groups, tail := 8, ""
	if a.zeros(0, 4) && a.group(6) != 0 {
		g4, g5 := a.group(4), a.group(5)
		if g4 == 0 && (g5 == 0 || g5 == 0xFFFF) || g4 == 0xFFFF && g5 == 0 {
			groups = 6
		}
	}
	if groups == 8 && a.group(4) == 0 && a.group(5) == 0x5EFE {
		groups = 6
	}
	if groups == 6 {
		tail = dotted(a.bytes[12:])
	}
	// The longest run of two or more zeros is left out.
	start, length := -1, 1
	for i := 0; i < groups; i++ {
		j := i
		for j < groups && a.group(j) == 0 {
			j++
		}
		if j-i > length {
			start, length = i, j-i
		}
		if j > i {
			i = j
		}
	}
	var b []byte
	for i := 0; i < groups; i++ {
		if i == start {
			b = append(b, "::"...)
			i += length - 1
			continue
		}
		if n := len(b); n > 0 && b[n-1] != ':' {
			b = append(b, ':')
		}
		b = strconv.AppendUint(b, uint64(a.group(i)), 16)
	}
	if tail != "" {
		if n := len(b); n > 0 && b[n-1] != ':' {
			b = append(b, ':')
		}
		b = append(b, tail...)
	}
	if a.scope != 0 {
		b = append(b, '%')
		b = strconv.AppendUint(b, uint64(a.scope), 10)
	}
	return string(b)
}

// parseIPv4 reads what inet_aton does: one to four numbers, decimal, octal or
// hexadecimal, of which the last fills the rest.
func parseIPv4(s string) (*IPAddress, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return nil, false
	}
	var total uint64
	for i, p := range parts {
		base := 10
		switch {
		case len(p) > 2 && p[0] == '0' && p[1]|0x20 == 'x':
			base, p = 16, p[2:]
		case len(p) > 1 && p[0] == '0':
			base = 8
		}
		if p == "" || p[0] == '+' || strings.IndexByte(p, '_') >= 0 {
			return nil, false
		}
		n, err := strconv.ParseUint(p, base, 32)
		if err != nil {
			return nil, false
		}
		if i < len(parts)-1 {
			if n > 255 {
				return nil, false
			}
			total |= n << (24 - 8*i)
			continue
		}
		if n >= 1<<(8*(4-i)) {
			return nil, false
		}
		total |= n
	}
	a := new(IPAddress)
	binary.BigEndian.PutUint32(a.bytes[:], uint32(total))
	return a, true
}

// parseIPv6 reads groups, an embedded address of version 4, and a scope.
func parseIPv6(s string) (*IPAddress, bool) {
	a := &IPAddress{v6: true}
	if i := strings.IndexByte(s, '%'); i >= 0 {
		scope := s[i+1:]
		s = s[:i]
		// A name is that of a network interface; here it has none.
		if n, err := strconv.ParseUint(scope, 10, 32); err == nil {
			a.scope = uint32(n)
		} else if scope == "" {
			return nil, false
		}
	}
	head, tail, gap := strings.Cut(s, "::")
	if gap && strings.Contains(tail, "::") || strings.Contains(s, ":::") {
		return nil, false
	}
	read := func(s string, last bool) ([]uint16, bool) {
		if s == "" {
			return nil, true
		}
		var list []uint16
		parts := strings.Split(s, ":")
		for i, p := range parts {
			if last && i == len(parts)-1 && strings.Contains(p, ".") {
				fields := strings.Split(p, ".")
				if len(fields) != 4 {
					return nil, false
				}
				var b [4]byte
				for k, f := range fields {
					n, err := strconv.ParseUint(f, 10, 8)
					if err != nil || f[0] == '+' || len(f) > 3 {
						return nil, false
					}
					b[k] = byte(n)
				}
				list = append(list, binary.BigEndian.Uint16(b[:2]), binary.BigEndian.Uint16(b[2:]))
				continue
			}
			if len(p) == 0 || len(p) > 4 || hexDigit(p[0]) < 0 {
				return nil, false
			}
			n, err := strconv.ParseUint(p, 16, 16)
			if err != nil {
				return nil, false
			}
			list = append(list, uint16(n))
		}
		return list, true
	}
	front, ok := read(head, !gap)
	if !ok {
		return nil, false
	}
	back, ok := read(tail, true)
	n := len(front) + len(back)
	if !ok || !gap && n != 8 || gap && n > 7 {
		return nil, false
	}
	for i, g := range front {
		binary.BigEndian.PutUint16(a.bytes[2*i:], g)
	}
	for i, g := range back {
		binary.BigEndian.PutUint16(a.bytes[16-2*len(back)+2*i:], g)
	}
	return a, true
}

// parseIP reads an address of either version; one of version 6 may stand in
// brackets, with a port behind them that is not looked at.
func parseIP(s string) (*IPAddress, bool) {
	if strings.IndexByte(s, ':') < 0 {
		return parseIPv4(s)
	}
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return nil, false
		}
		if port := s[end+1:]; port != "" {
			digits, hex := strings.CutPrefix(port, ":0x")
			if !hex {
				digits = strings.TrimPrefix(port, ":")
			}
			if port[0] != ':' || digits == "" {
				return nil, false
			}
			for i := range len(digits) {
				if d := hexDigit(digits[i]); d < 0 || d > 9 && !hex {
					return nil, false
				}
			}
		}
		s = s[1:end]
	}
	return parseIPv6(s)
}

func newIP(b []byte, scope uint32) *IPAddress {
	a := &IPAddress{v6: len(b) == 16, scope: scope}
	copy(a.bytes[:], b)
	return a
}

func (a *IPAddress) raw() []byte {
	if a.v6 {
		return a.bytes[:]
	}
	return a.bytes[:4]
}

func (a *IPAddress) loopback() bool {
	if !a.v6 {
		return a.bytes[0] == 127
	}
	if a.mapped() {
		return a.bytes[12] == 127
	}
	return a.text() == "::1"
}

// noSpan stands for the members with spans, which no expression has a value of:
// that they exist shows in the words of the compiler.
func noSpan(c *value.Call) value.Value {
	c.Throw(value.NotSupportedException, "Specified method is not supported.")
	return value.Null
}

const badAddress = "An invalid IP address was specified."

func ip(c *value.Call) *IPAddress { return c.This.Object().(*IPAddress) }

func ipTest(name, doc string, f func(a *IPAddress) bool) value.Row {
	return value.Row{Sig: "bool " + name + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value { return value.Bool(f(ip(c))) }}
}

func ipConst(name, doc, text string) value.Row {
	a, ok := parseIP(text)
	if !ok {
		panic("net: " + text)
	}
	v := value.Of(a)
	return value.Row{Sig: "static readonly IPAddress " + name, Doc: doc, Func: func(*value.Call) value.Value { return v }}
}

func ipArg(c *value.Call, i int, name string) *IPAddress {
	c.NotNull(i, name)
	return c.Args[i].Object().(*IPAddress)
}

func swapped(name string) []value.Row {
	return []value.Row{
		{Sig: "static short " + name + "(short host)", Doc: "The number with its bytes swapped.", Func: func(c *value.Call) value.Value {
			n := uint16(c.Int(0))
			return value.Word(types.Int16, uint64(int64(int16(n<<8|n>>8))))
		}},
		{Sig: "static int " + name + "(int host)", Doc: "The number with its bytes swapped.", Func: func(c *value.Call) value.Value {
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], uint32(c.Int(0)))
			return value.Int(int(int32(binary.LittleEndian.Uint32(b[:]))))
		}},
		{Sig: "static long " + name + "(long host)", Doc: "The number with its bytes swapped.", Func: func(c *value.Call) value.Value {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], uint64(c.Long(0)))
			return value.Long(int64(binary.LittleEndian.Uint64(b[:])))
		}},
	}
}

func ipRows() []value.Row {
	newBytes := func(c *value.Call, scope uint32) value.Value {
		c.NotNull(0, "address")
		b := c.Args[0].Object().(*value.Array).Bytes()
		if len(b) != 4 && len(b) != 16 || scope != 0 && len(b) != 16 {
			c.ThrowArgument(value.ArgumentException, badAddress, "address")
		}
		return value.Of(newIP(b, scope))
	}
	rows := []value.Row{
		{Sig: "IPAddress(long newAddress)", Doc: "An address of version 4 by its number, little endian.", Func: func(c *value.Call) value.Value {
			n := c.Long(0)
			notNegative(c, n, "newAddress")
			notAbove(c, n, 1<<32-1, "newAddress")
			var b [4]byte
			binary.LittleEndian.PutUint32(b[:], uint32(n))
			return value.Of(newIP(b[:], 0))
		}},
		{Sig: "IPAddress(byte[] address)", Doc: "An address of its 4 or 16 bytes.", Func: func(c *value.Call) value.Value { return newBytes(c, 0) }},
		{Sig: "IPAddress(byte[] address, long scopeid)", Doc: "An address of its 16 bytes with a scope.", Func: func(c *value.Call) value.Value {
			n := c.Long(1)
			notNegative(c, n, "scopeid")
			notAbove(c, n, 1<<32-1, "scopeid")
			return newBytes(c, uint32(n))
		}},
		{Sig: "static IPAddress Parse(string ipString)", Doc: "Reads an address.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "ipString")
			a, ok := parseIP(c.Str(0))
			if !ok {
				e := value.NewException(value.FormatException, badAddress)
				e.Inner = value.NewException(socketDef, "Invalid argument")
				c.Raise(e)
			}
			return value.Of(a)
		}},
		{Sig: "static IPAddress Parse(ReadOnlySpan<char> ipSpan)", Doc: "Spans are not supported.", Beyond: true, Func: noSpan},
		{Sig: "static bool TryParse(ReadOnlySpan<char> ipSpan, out IPAddress address)", Doc: "Spans are not supported.", Beyond: true, Func: noSpan},
		{Sig: "static bool TryParse(string ipString, out IPAddress address)", Doc: "Reads an address if it is one.", Func: func(c *value.Call) value.Value {
			a, ok := parseIP(c.Str(0))
			if !ok || c.Args[0].IsNull() {
				c.Args[1] = value.Null
				return value.False
			}
			c.Args[1] = value.Of(a)
			return value.True
		}},
		{Sig: "static bool IsLoopback(IPAddress address)", Doc: "Whether it is the machine's own.", Func: func(c *value.Call) value.Value {
			return value.Bool(ipArg(c, 0, "address").loopback())
		}},
		{Sig: "AddressFamily AddressFamily { get; }", Doc: "The version.", Func: func(c *value.Call) value.Value {
			if ip(c).v6 {
				return value.Enum(familyDef.Type(), 23)
			}
			return value.Enum(familyDef.Type(), 2)
		}},
		{Sig: "byte[] GetAddressBytes()", Doc: "Its 4 or 16 bytes.", Func: func(c *value.Call) value.Value {
			c.Alloc(16)
			return value.Bytes(append([]byte(nil), ip(c).raw()...))
		}},
		{Sig: "long ScopeId { get; set; }", Doc: "The scope of an address of version 6.", Func: func(c *value.Call) value.Value {
			if !ip(c).v6 {
				c.Throw(socketDef, "The attempted operation is not supported for the type of object referenced.")
			}
			return value.Long(int64(ip(c).scope))
		}, Set: func(c *value.Call) {
			a, n := ip(c), c.Long(0)
			if !a.v6 {
				c.Throw(socketDef, "The attempted operation is not supported for the type of object referenced.")
			}
			notNegative(c, n, "value")
			notAbove(c, n, 1<<32-1, "value")
			a.scope = uint32(n)
		}},
		{Sig: "IPAddress MapToIPv6()", Doc: "The address of version 6 that holds it.", Func: func(c *value.Call) value.Value {
			a := ip(c)
			if a.v6 {
				return c.This
			}
			m := &IPAddress{v6: true}
			m.bytes[10], m.bytes[11] = 0xFF, 0xFF
			copy(m.bytes[12:], a.bytes[:4])
			return value.Of(m)
		}},
		{Sig: "IPAddress MapToIPv4()", Doc: "The address of version 4 in its last bytes.", Func: func(c *value.Call) value.Value {
			a := ip(c)
			if !a.v6 {
				return c.This
			}
			return value.Of(newIP(a.bytes[12:], 0))
		}},
		ipTest("IsIPv4MappedToIPv6", "Whether it holds an address of version 4.", (*IPAddress).mapped),
		ipTest("IsIPv6LinkLocal", "Whether it is link-local.", func(a *IPAddress) bool { return a.v6 && a.group(0)&0xFFC0 == 0xFE80 }),
		ipTest("IsIPv6SiteLocal", "Whether it is site-local.", func(a *IPAddress) bool { return a.v6 && a.group(0)&0xFFC0 == 0xFEC0 }),
		ipTest("IsIPv6UniqueLocal", "Whether it is unique-local.", func(a *IPAddress) bool { return a.v6 && a.group(0)&0xFE00 == 0xFC00 }),
		ipTest("IsIPv6Multicast", "Whether it is a multicast address.", func(a *IPAddress) bool { return a.v6 && a.bytes[0] == 0xFF }),
		ipTest("IsIPv6Teredo", "Whether it is a Teredo address.", func(a *IPAddress) bool { return a.v6 && a.group(0) == 0x2001 && a.group(1) == 0 }),
		{Sig: "override string ToString()", Doc: "The canonical text.", Func: func(c *value.Call) value.Value { return value.String(ip(c).text()) }},
		{Sig: "override bool Equals(object comparand)", Doc: "Whether it is the same address.", Func: func(c *value.Call) value.Value {
			return value.Bool(ip(c).Equals(c.Thread, c.Args[0]))
		}},
		ipConst("Any", "0.0.0.0.", "0.0.0.0"),
		ipConst("Loopback", "127.0.0.1.", "127.0.0.1"),
		ipConst("Broadcast", "255.255.255.255.", "255.255.255.255"),
		ipConst("None", "255.255.255.255.", "255.255.255.255"),
		ipConst("IPv6Any", "The address of zeros.", "::"),
		ipConst("IPv6Loopback", "::1.", "::1"),
		ipConst("IPv6None", "The address of zeros.", "::"),
	}
	rows = append(rows, swapped("HostToNetworkOrder")...)
	return append(rows, swapped("NetworkToHostOrder")...)
}

// notNegative and notAbove throw as ArgumentOutOfRangeException.ThrowIf… do.
func notNegative(c *value.Call, n int64, name string) {
	if n < 0 {
		outOfRange(c, n, name, "must be a non-negative value.")
	}
}

func notAbove(c *value.Call, n, most int64, name string) {
	if n > most {
		outOfRange(c, n, name, "must be less than or equal to '"+strconv.FormatInt(most, 10)+"'.")
	}
}

func outOfRange(c *value.Call, n int64, name, rule string) {
	text := strconv.FormatInt(n, 10)
	e := value.NewException(value.ArgumentOutOfRangeException, value.WithParam(name+" ('"+text+"') "+rule, name)+"\nActual value was "+text+".")
	e.Param = name
	c.Raise(e)
}
