package number

import (
	"encoding/binary"
	"math"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// BitConverter is System.BitConverter.
var BitConverter = types.Declare("System", "public static class BitConverter")

func bitConverterMembers() value.Members {
	rows := []value.Row{
		{Sig: "static readonly bool IsLittleEndian", Doc: "Whether the lowest byte comes first: always.", Func: constant(value.True)},
	}
	for _, x := range []struct {
		word string
		typ  *types.Type
		size int
	}{
		{"bool", types.Bool, 1},
		{"char", types.Char, 2},
		{"short", types.Int16, 2},
		{"int", types.Int32, 4},
		{"long", types.Int64, 8},
		{"ushort", types.UInt16, 2},
		{"uint", types.UInt32, 4},
		{"ulong", types.UInt64, 8},
		{"float", types.Single, 4},
		{"double", types.Double, 8},
	} {
		rows = append(rows, value.Row{Sig: "static byte[] GetBytes(" + x.word + " value)", Doc: "The bytes of a value, lowest first.", Func: func(c *value.Call) value.Value {
			w := c.Args[0].Word()
			if x.typ == types.Single {
				w = uint64(math.Float32bits(float32(c.Double(0))))
			}
			b := make([]byte, 8)
			binary.LittleEndian.PutUint64(b, w)
			return value.Bytes(b[:x.size:x.size])
		}}, value.Row{Sig: "static " + x.word + " To" + x.typ.Def().Name + "(byte[] value, int startIndex)", Doc: "The value of bytes, lowest first.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "value")
			b, at := bytesOf(c.Args[0]), c.Int(1)
			if at < 0 || at >= len(b) {
				c.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "startIndex")
			}
			if at > len(b)-x.size {
				c.ThrowArgument(value.ArgumentException, "The array starting from the specified index is not long enough to read a value of the specified type.", "value")
			}
			var buf [8]byte
			copy(buf[:], b[at:at+x.size])
			w := binary.LittleEndian.Uint64(buf[:])
			switch {
			case x.typ == types.Bool:
				return value.Bool(w != 0)
			case x.typ == types.Single:
				return value.Float(math.Float32frombits(uint32(w)))
			case !unsigned(x.typ.Code()) && x.typ != types.Double:
				shift := 64 - 8*x.size
				w = uint64(int64(w<<shift) >> shift)
			}
			return value.Word(x.typ, w)
		}})
	}
	bitCast := func(sig string, f func(v value.Value) value.Value) {
		rows = append(rows, value.Row{Sig: "static " + sig, Doc: "The same bits as another type.", Func: func(c *value.Call) value.Value { return f(c.Args[0]) }})
	}
	bitCast("long DoubleToInt64Bits(double value)", func(v value.Value) value.Value { return value.Long(int64(v.Word())) })
	bitCast("double Int64BitsToDouble(long value)", func(v value.Value) value.Value { return value.Word(types.Double, v.Word()) })
	bitCast("ulong DoubleToUInt64Bits(double value)", func(v value.Value) value.Value { return value.Word(types.UInt64, v.Word()) })
	bitCast("double UInt64BitsToDouble(ulong value)", func(v value.Value) value.Value { return value.Word(types.Double, v.Word()) })
	bitCast("int SingleToInt32Bits(float value)", func(v value.Value) value.Value {
		return value.Int(int(int32(math.Float32bits(float32(v.Double())))))
	})
	bitCast("float Int32BitsToSingle(int value)", func(v value.Value) value.Value { return value.Float(math.Float32frombits(uint32(v.Word()))) })
	bitCast("uint SingleToUInt32Bits(float value)", func(v value.Value) value.Value {
		return value.Word(types.UInt32, uint64(math.Float32bits(float32(v.Double()))))
	})
	bitCast("float UInt32BitsToSingle(uint value)", func(v value.Value) value.Value { return value.Float(math.Float32frombits(uint32(v.Word()))) })
	rows = append(rows, halfBits...)
	rows = append(rows,
		value.Row{Sig: "static string ToString(byte[] value)", Doc: "The bytes in hexadecimal with dashes.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "value")
			return dashed(c, 0, len(bytesOf(c.Args[0])))
		}},
		value.Row{Sig: "static string ToString(byte[] value, int startIndex)", Doc: "The bytes from a place on in hexadecimal with dashes.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "value")
			return dashed(c, c.Int(1), len(bytesOf(c.Args[0]))-c.Int(1))
		}},
		value.Row{Sig: "static string ToString(byte[] value, int startIndex, int length)", Doc: "Some of the bytes in hexadecimal with dashes.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "value")
			return dashed(c, c.Int(1), c.Int(2))
		}})
	return value.Members{Def: BitConverter, Doc: "The bytes of primitive values, and back.", Rows: rows}
}

func dashed(c *value.Call, start, length int) value.Value {
	b := bytesOf(c.Args[0])
	switch {
	case start < 0 || start >= len(b) && start > 0:
		c.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "startIndex")
	case length < 0:
		c.ThrowRange("Value must be positive.", "length")
	case start > len(b)-length:
		c.ThrowArgument(value.ArgumentException, "The array starting from the specified index is not long enough to read a value of the specified type.", "value")
	}
	c.Alloc(3 * length)
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 3*length)
	for i, x := range b[start : start+length] {
		if i > 0 {
			out = append(out, '-')
		}
		out = append(out, digits[x>>4], digits[x&15])
	}
	return value.String(string(out))
}
