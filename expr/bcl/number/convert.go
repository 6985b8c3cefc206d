package number

import (
	"encoding/base64"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Convertible is an object of a library that implements IConvertible.
type Convertible interface {
	// ConvertTo gives the value as a primitive type or string, or throws.
	ConvertTo(t *value.Thread, to types.Code, provider value.Value) value.Value
}

func trimWhite(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r == 0 || unicode.IsSpace(r) })
}

// Change is what System.Convert does for a primitive type or string: rounds
// halves to even, reads texts, throws what does not fit. A null gives the
// default.
func Change(t *value.Thread, v value.Value, to types.Code, provider value.Value) value.Value {
	if v.IsNull() {
		switch to {
		case types.CodeString:
			return value.Empty
		case types.CodeDecimal:
			return Of(Decimal{})
		}
		return value.Word(typeOf(to), 0)
	}
	from := v.Type()
	if to == types.CodeString {
		return toText(t, v, provider)
	}
	code := from.Code()
	if from.Kind() == types.Enum {
		code = from.EnumBase().Code()
		v = v.Retype(from.EnumBase())
	}
	switch {
	case code == types.CodeString:
		return changeText(t, v.Str(), to, provider)
	case code == to:
		return v
	case code >= types.CodeBool && code <= types.CodeDecimal:
		return changeNumber(t, v, code, to)
	}
	if x, ok := v.Object().(Convertible); ok {
		return x.ConvertTo(t, to, provider)
	}
	if isDateTime(from) {
		invalid(t, "DateTime", to)
	}
	t.ThrowCast(from, types.IConvertible)
	return value.Null
}

// isDateTime reports the one further type that is IConvertible, and converts
// to nothing but itself and text.
func isDateTime(x *types.Type) bool {
	return x.Def() != nil && x.Def().FullName() == "System.DateTime"
}

func invalid(t *value.Thread, from string, to types.Code) {
	t.Throw(value.InvalidCastException, "Invalid cast from '"+from+"' to '"+typeOf(to).Def().Name+"'.")
}

// toText is Convert.ToString of a value that is not null.
func toText(t *value.Thread, v value.Value, provider value.Value) value.Value {
	if v.IsString() {
		return v
	}
	return value.String(t.Format(v, "", provider))
}

func changeText(t *value.Thread, s string, to types.Code, provider value.Value) value.Value {
	switch to {
	case types.CodeBool:
		return value.Bool(ParseBool(t, s))
	case types.CodeChar:
		return value.Char(ParseChar(t, s))
	}
	return Parse(t, s, to, defaultStyle(to), InfoOf(provider))
}

// ParseChar is char.Parse of a text that is not null.
func ParseChar(t *value.Thread, s string) uint16 {
	text := value.TextOf(s)
	if text.Len() != 1 {
		t.Throw(value.FormatException, "String must be exactly one character long.")
	}
	return text.At(0)
}

func changeNumber(t *value.Thread, v value.Value, from, to types.Code) value.Value {
	floating := from == types.CodeDouble || from == types.CodeSingle
	switch to {
	case types.CodeBool:
		switch {
		case from == types.CodeChar:
			invalid(t, "Char", to)
		case from == types.CodeDecimal:
			return value.Bool(!DecimalOf(v).IsZero())
		case floating:
			return value.Bool(v.Double() != 0)
		}
		return value.Bool(v.Word() != 0)
	case types.CodeChar:
		if from == types.CodeBool || floating || from == types.CodeDecimal {
			invalid(t, typeOf(from).Def().Name, to)
		}
		if n := v.Word(); n > math.MaxUint16 {
			Overflow(t, to)
		}
		return value.Char(uint16(v.Word()))
	case types.CodeSingle, types.CodeDouble, types.CodeDecimal:
		if from == types.CodeChar {
			invalid(t, "Char", to)
		}
		return toReal(t, v, from, to)
	}
	switch {
	case from == types.CodeDecimal:
		return DecimalTo(t, DecimalOf(v).Round(0, ToEven), to)
	case floating:
		return floatToInteger(t, v.Double(), to)
	case from == types.CodeUInt64 && int64(v.Word()) < 0:
		if to != types.CodeUInt64 {
			Overflow(t, to)
		}
		return v
	}
	if !fits(v.Long(), to) {
		Overflow(t, to)
	}
	return value.Word(typeOf(to), v.Word())
}

func toReal(t *value.Thread, v value.Value, from, to types.Code) value.Value {
	if to == types.CodeDecimal {
		switch from {
		case types.CodeDouble:
			d, err := DecimalFromFloat64(v.Double())
			return Of(Check(t, d, err))
		case types.CodeSingle:
			d, err := DecimalFromFloat32(float32(v.Double()))
			return Of(Check(t, d, err))
		case types.CodeUInt64:
			return Of(DecimalFromUint64(v.Word()))
		}
		return Of(DecimalFromInt64(v.Long()))
	}
	var f float64
	switch from {
	case types.CodeDouble, types.CodeSingle:
		f = v.Double()
	case types.CodeDecimal:
		f = DecimalOf(v).Float64()
	case types.CodeUInt64:
		if to == types.CodeSingle {
			return value.Float(float32(v.Word()))
		}
		f = float64(v.Word())
	default:
		if to == types.CodeSingle {
			return value.Float(float32(v.Long()))
		}
		f = float64(v.Long())
	}
	if to == types.CodeSingle {
		return value.Float(float32(f))
	}
	return value.Double(f)
}

// floatToInteger rounds half to even. The narrow types go by way of int, and
// fail with its message; the 64-bit ones fail as a checked cast does.
func floatToInteger(t *value.Thread, f float64, to types.Code) value.Value {
	r := math.RoundToEven(f)
	switch to {
	case types.CodeInt64:
		if !(r >= -1<<63 && r < 1<<63) {
			t.Throw(value.OverflowException, "Arithmetic operation resulted in an overflow.")
		}
		return value.Long(int64(r))
	case types.CodeUInt64:
		if !(r >= 0 && r < 1<<64) {
			t.Throw(value.OverflowException, "Arithmetic operation resulted in an overflow.")
		}
		return value.Word(types.UInt64, uint64(r))
	case types.CodeUInt32:
		if !(r >= 0 && r < 1<<32) {
			Overflow(t, to)
		}
		return value.Word(types.UInt32, uint64(r))
	}
	if !(r >= math.MinInt32 && r <= math.MaxInt32) {
		Overflow(t, types.CodeInt32)
	}
	if !fits(int64(r), to) {
		Overflow(t, to)
	}
	return value.Word(typeOf(to), uint64(int64(r)))
}

// parseRadixText is Convert.ToXxx(string, fromBase).
func parseRadixText(c *value.Call, to types.Code) value.Value {
	base := c.Int(1)
	if base != 2 && base != 8 && base != 10 && base != 16 {
		c.Throw(value.ArgumentException, "Invalid Base.")
	}
	if c.Args[0].IsNull() {
		return value.Word(typeOf(to), 0)
	}
	s := c.Str(0)
	if s == "" {
		// .NET passes the message as the parameter's name.
		c.ThrowRange("Specified argument was out of the range of valid values.", "Index was out of range. Must be non-negative and less than the size of the collection.")
	}
	noSign := unsigned(to)
	wide := to == types.CodeInt64 || to == types.CodeUInt64
	i, negative := 0, false
	switch s[0] {
	case '-':
		if base != 10 {
			c.Throw(value.ArgumentException, "String cannot contain a minus sign if the base is not 10.")
		}
		if noSign {
			c.Throw(value.OverflowException, "The string was being parsed as an unsigned number and could not have a negative sign.")
		}
		negative = true
		i++
	case '+':
		i++
	}
	if base == 16 && i+1 < len(s) && s[i] == '0' && s[i+1]|0x20 == 'x' {
		i += 2
	}
	size, raw := 32, types.CodeUInt32
	if wide {
		size, raw = 64, types.CodeUInt64
	}
	limit := uint64(math.MaxUint64) >> (64 - size)
	if base == 10 && !noSign {
		limit = limit>>1 + 1
		raw = types.CodeInt32
		if wide {
			raw = types.CodeInt64
		}
	}
	start := i
	n := uint64(0)
	for ; i < len(s); i++ {
		d, ok := hexDigit(s[i])
		if !ok || d >= base {
			break
		}
		hi, lo := bits.Mul64(n, uint64(base))
		sum, carry := bits.Add64(lo, uint64(d), 0)
		if hi+carry != 0 || sum > limit {
			Overflow(c.Thread, raw)
		}
		n = sum
	}
	if i == start {
		c.Throw(value.FormatException, "Could not find any recognizable digits.")
	}
	if i < len(s) {
		c.Throw(value.FormatException, "Additional non-parsable characters are at the end of the string.")
	}
	if base == 10 && !noSign && n == limit && !negative {
		Overflow(c.Thread, raw)
	}
	width := widths[to]
	switch {
	case base == 10:
		v := int64(n)
		if negative {
			v = -v
		}
		if to == types.CodeUInt64 {
			return value.Word(types.UInt64, n)
		}
		if !fits(v, to) {
			Overflow(c.Thread, to)
		}
		return value.Word(typeOf(to), uint64(v))
	case width < 64 && n>>width != 0:
		Overflow(c.Thread, to)
	case noSign:
		return value.Word(typeOf(to), n)
	}
	shift := 64 - width
	return value.Word(typeOf(to), uint64(int64(n<<shift)>>shift))
}

// Convert is System.Convert; the conversions that need dates are added by
// package text, which knows them.
var Convert = types.Declare("System", "public static class Convert")

var convertSources = []struct {
	word string
	code types.Code
}{
	{"object", types.CodeObject},
	{"bool", types.CodeBool},
	{"char", types.CodeChar},
	{"sbyte", types.CodeSByte},
	{"byte", types.CodeByte},
	{"short", types.CodeInt16},
	{"ushort", types.CodeUInt16},
	{"int", types.CodeInt32},
	{"uint", types.CodeUInt32},
	{"long", types.CodeInt64},
	{"ulong", types.CodeUInt64},
	{"float", types.CodeSingle},
	{"double", types.CodeDouble},
	{"decimal", types.CodeDecimal},
	{"string", types.CodeString},
}

func convertMembers() value.Members {
	var rows []value.Row
	add := func(sig, doc string, f func(c *value.Call) value.Value) {
		rows = append(rows, value.Row{Sig: sig, Doc: doc, Func: f})
	}
	for _, target := range convertSources[1:] {
		to := target.code
		name := typeOf(to).Def().Name
		head := "static " + target.word + " To" + name
		for _, source := range convertSources {
			s := source
			if s.code == types.CodeString && to == types.CodeString {
				add(head+"(string value)", "The text itself.", func(c *value.Call) value.Value { return c.Args[0] })
				add(head+"(string value, IFormatProvider provider)", "The text itself.", func(c *value.Call) value.Value { return c.Args[0] })
				continue
			}
			add(head+"("+s.word+" value)", "The value as "+target.word+", rounded to even; throws if it does not fit.", func(c *value.Call) value.Value {
				if to == types.CodeChar && s.code == types.CodeString {
					c.NotNull(0, "value")
				}
				return Change(c.Thread, c.Args[0], to, value.Null)
			})
			if s.code == types.CodeObject || s.code == types.CodeString || to == types.CodeString {
				add(head+"("+s.word+" value, IFormatProvider provider)", "The value as "+target.word+", as a culture writes it.", func(c *value.Call) value.Value {
					if to == types.CodeChar && s.code == types.CodeString {
						c.NotNull(0, "value")
					}
					return Change(c.Thread, c.Args[0], to, c.Args[1])
				})
			}
		}
		if to >= types.CodeSByte && to <= types.CodeUInt64 {
			add(head+"(string value, int fromBase)", "Reads a number written to base 2, 8, 10 or 16.", func(c *value.Call) value.Value {
				return parseRadixText(c, to)
			})
		}
	}
	for _, source := range []struct {
		word  string
		width int
	}{{"byte", 8}, {"short", 16}, {"int", 32}, {"long", 64}} {
		add("static string ToString("+source.word+" value, int toBase)", "The number to base 2, 8, 10 or 16.", func(c *value.Call) value.Value {
			switch base := c.Int(1); base {
			case 10:
				return value.String(strconv.FormatInt(c.Long(0), 10))
			case 2, 8, 16:
				return value.String(strconv.FormatUint(c.Args[0].Word()&(math.MaxUint64>>(64-source.width)), base))
			}
			c.Throw(value.ArgumentException, "Invalid Base.")
			return value.Null
		})
	}
	rows = append(rows, base64Rows...)
	rows = append(rows,
		value.Row{Sig: "static bool IsDBNull(object value)", Doc: "Whether the value is a database null, which no expression can make.", Func: constant(value.False)},
		value.Row{Sig: "static TypeCode GetTypeCode(object value)", Doc: "The code of the value's type.", Func: func(c *value.Call) value.Value {
			return value.Enum(TypeCode.Type(), codeOf(c.Args[0]))
		}})
	return value.Members{Def: Convert, Doc: "Conversions between the primitive types, and of bytes to text.", Rows: rows}
}

func codeOf(v value.Value) int64 {
	if v.IsNull() {
		return 0
	}
	x := v.Type()
	if x.Kind() == types.Enum {
		x = x.EnumBase()
	}
	if isDateTime(x) {
		return 16
	}
	return typeCode(x.Code())
}

var base64Rows = []value.Row{
	{Sig: "static string ToBase64String(byte[] inArray)", Doc: "The bytes in base64.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "inArray")
		return toBase64(c, bytesOf(c.Args[0]), false)
	}},
	{Sig: "static string ToBase64String(byte[] inArray, Base64FormattingOptions options)", Doc: "The bytes in base64, perhaps in lines.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "inArray")
		return toBase64(c, bytesOf(c.Args[0]), c.Int(1) == 1)
	}},
	{Sig: "static string ToBase64String(byte[] inArray, int offset, int length)", Doc: "A part of the bytes in base64.", Func: func(c *value.Call) value.Value {
		return toBase64(c, slice(c, "inArray", "offset"), false)
	}},
	{Sig: "static string ToBase64String(byte[] inArray, int offset, int length, Base64FormattingOptions options)", Doc: "A part of the bytes in base64, perhaps in lines.", Func: func(c *value.Call) value.Value {
		return toBase64(c, slice(c, "inArray", "offset"), c.Int(3) == 1)
	}},
	{Sig: "static int ToBase64CharArray(byte[] inArray, int offsetIn, int length, char[] outArray, int offsetOut)", Doc: "Writes base64 characters into an array and tells how many.", Func: func(c *value.Call) value.Value {
		return toBase64Chars(c, false)
	}},
	{Sig: "static int ToBase64CharArray(byte[] inArray, int offsetIn, int length, char[] outArray, int offsetOut, Base64FormattingOptions options)", Doc: "Writes base64 characters into an array, perhaps in lines, and tells how many.", Func: func(c *value.Call) value.Value {
		return toBase64Chars(c, c.Int(5) == 1)
	}},
	{Sig: "static byte[] FromBase64String(string s)", Doc: "The bytes of base64 text; throws if it is none.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return fromBase64(c, c.Str(0))
	}},
	{Sig: "static byte[] FromBase64CharArray(char[] inArray, int offset, int length)", Doc: "The bytes of base64 characters; throws if they are none.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "inArray")
		a := c.Args[0].Object().(*value.Array)
		checkSlice(c, a.Len(), "offset")
		out := make([]uint16, 0, c.Int(2))
		for i := range c.Int(2) {
			out = append(out, uint16(a.Word(c.Int(1)+i)))
		}
		return fromBase64(c, value.FromUnits(out))
	}},
	{Sig: "static string ToHexString(byte[] inArray)", Doc: "The bytes in upper-case hexadecimal.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "inArray")
		return toHex(c, bytesOf(c.Args[0]), "0123456789ABCDEF")
	}},
	{Sig: "static string ToHexString(byte[] inArray, int offset, int length)", Doc: "A part of the bytes in upper-case hexadecimal.", Func: func(c *value.Call) value.Value {
		return toHex(c, slice(c, "inArray", "offset"), "0123456789ABCDEF")
	}},
	{Sig: "static string ToHexStringLower(byte[] inArray)", Doc: "The bytes in lower-case hexadecimal.", Beyond: true, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "inArray")
		return toHex(c, bytesOf(c.Args[0]), "0123456789abcdef")
	}},
	{Sig: "static byte[] FromHexString(string s)", Doc: "The bytes of hexadecimal text; throws if it is none.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		s := c.Str(0)
		if value.Length(s)%2 != 0 {
			c.Throw(value.FormatException, "The input is not a valid hex string as its length is not a multiple of 2.")
		}
		c.Alloc(len(s) / 2)
		out := make([]byte, len(s)/2)
		for i := range out {
			hi, ok1 := hexDigit(s[2*i])
			lo, ok2 := hexDigit(s[2*i+1])
			if !ok1 || !ok2 {
				c.Throw(value.FormatException, "The input is not a valid hex string as it contains a non-hex character.")
			}
			out[i] = byte(hi<<4 | lo)
		}
		return value.Bytes(out)
	}},
}

// bytesOf are the bytes of a byte[] argument.
func bytesOf(v value.Value) []byte {
	if a, ok := v.Object().(*value.Array); ok {
		return a.Bytes()
	}
	return nil
}

// slice is the part of argument 0 that arguments 1 and 2 name.
func slice(c *value.Call, array, offset string) []byte {
	c.NotNull(0, array)
	b := bytesOf(c.Args[0])
	checkSlice(c, len(b), offset)
	return b[c.Int(1) : c.Int(1)+c.Int(2)]
}

func checkSlice(c *value.Call, n int, offset string) {
	at, length := c.Int(1), c.Int(2)
	NotNegative(c.Thread, length, "length")
	NotNegative(c.Thread, at, offset)
	AtMost(c.Thread, at, n-length, offset)
}

// NotNegative throws what ArgumentOutOfRangeException.ThrowIfNegative does.
func NotNegative(t *value.Thread, n int, param string) {
	if n < 0 {
		outOfRange(t, n, param, "must be a non-negative value")
	}
}

// AtMost throws what ArgumentOutOfRangeException.ThrowIfGreaterThan does.
func AtMost(t *value.Thread, n, limit int, param string) {
	if n > limit {
		outOfRange(t, n, param, "must be less than or equal to '"+strconv.Itoa(limit)+"'")
	}
}

func outOfRange(t *value.Thread, n int, param, what string) {
	text := strconv.Itoa(n)
	e := value.NewException(value.ArgumentOutOfRangeException, param+" ('"+text+"') "+what+". (Parameter '"+param+"')\nActual value was "+text+".")
	e.Param = param
	t.Raise(e)
}

func toBase64(c *value.Call, b []byte, lines bool) value.Value {
	c.Alloc(base64.StdEncoding.EncodedLen(len(b)))
	s := base64.StdEncoding.EncodeToString(b)
	if lines {
		var out strings.Builder
		for len(s) > 76 {
			out.WriteString(s[:76] + "\r\n")
			s = s[76:]
		}
		s = out.String() + s
	}
	return value.String(s)
}

func toBase64Chars(c *value.Call, lines bool) value.Value {
	c.NotNull(0, "inArray")
	c.NotNull(3, "outArray")
	from, length, at := c.Int(1), c.Int(2), c.Int(4)
	NotNegative(c.Thread, length, "length")
	NotNegative(c.Thread, from, "offsetIn")
	NotNegative(c.Thread, at, "offsetOut")
	in := bytesOf(c.Args[0])
	AtMost(c.Thread, from, len(in)-length, "offsetIn")
	if len(in) == 0 {
		return value.Int(0)
	}
	text := toBase64(c, in[from:from+length], lines).Str()
	out := c.Args[3].Object().(*value.Array)
	AtMost(c.Thread, at, out.Len()-len(text), "offsetOut")
	for i := range len(text) {
		out.Set(at+i, value.Char(uint16(text[i])))
	}
	return value.Int(len(text))
}

func fromBase64(c *value.Call, s string) value.Value {
	c.Alloc(len(s))
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.Map(func(r rune) rune {
			switch r {
			case ' ', '\t', '\r', '\n':
				return -1
			}
			return r
		}, s)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		c.Throw(value.FormatException, "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters.")
	}
	return value.Bytes(b)
}

func toHex(c *value.Call, b []byte, digits string) value.Value {
	c.Alloc(2 * len(b))
	out := make([]byte, 0, 2*len(b))
	for _, x := range b {
		out = append(out, digits[x>>4], digits[x&15])
	}
	return value.String(string(out))
}
