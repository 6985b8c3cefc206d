package number

import (
	"math"
	"math/bits"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Random is System.Random.
var Random = types.Declare("System", "public class Random")

// random is a Random object.
type random struct{ Source }

// Type is Random.
func (*random) Type() *types.Type { return Random.Type() }

func source(c *value.Call) Source { return c.This.Object().(*random).Source }

func unseededRandom(c *value.Call) value.Value {
	c.Alloc(32)
	return value.Of(&random{NewUnseeded(c.Rand)})
}

var randomMembers = value.Members{Def: Random, Doc: "A source of random numbers; with a seed it repeats .NET's sequence.", Rows: []value.Row{
	{Sig: "Random()", Doc: "Random numbers that nobody can foretell.", Effects: value.DrawsRandom, Func: unseededRandom},
	{Sig: "Random(int Seed)", Doc: "The sequence of a seed.", Func: func(c *value.Call) value.Value {
		c.Alloc(300)
		return value.Of(&random{NewSeeded(int32(c.Int(0)))})
	}},
	{Sig: "static Random Shared { get; }", Doc: "Random numbers that nobody can foretell.", Beyond: true, Effects: value.DrawsRandom, Func: unseededRandom},
	{Sig: "int Next()", Doc: "A number from 0 to below int.MaxValue.", Func: func(c *value.Call) value.Value { return value.Int(int(source(c).Next())) }},
	{Sig: "int Next(int maxValue)", Doc: "A number from 0 to below a limit.", Func: func(c *value.Call) value.Value {
		NotNegative(c.Thread, c.Int(0), "maxValue")
		return value.Int(int(source(c).Below(int32(c.Int(0)))))
	}},
	{Sig: "int Next(int minValue, int maxValue)", Doc: "A number from a start to below a limit.", Func: func(c *value.Call) value.Value {
		checkBounds(c, c.Long(0) > c.Long(1))
		return value.Int(int(source(c).Between(int32(c.Int(0)), int32(c.Int(1)))))
	}},
	{Sig: "long NextInt64()", Doc: "A number from 0 to below long.MaxValue.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Long(source(c).Int64()) }},
	{Sig: "long NextInt64(long maxValue)", Doc: "A number from 0 to below a limit.", Beyond: true, Func: func(c *value.Call) value.Value {
		NotNegative(c.Thread, c.Int(0), "maxValue")
		return value.Long(source(c).Int64Between(0, c.Long(0)))
	}},
	{Sig: "long NextInt64(long minValue, long maxValue)", Doc: "A number from a start to below a limit.", Beyond: true, Func: func(c *value.Call) value.Value {
		checkBounds(c, c.Long(0) > c.Long(1))
		return value.Long(source(c).Int64Between(c.Long(0), c.Long(1)))
	}},
	{Sig: "double NextDouble()", Doc: "A number from 0 to below 1.", Func: func(c *value.Call) value.Value { return value.Double(source(c).Float64()) }},
	{Sig: "float NextSingle()", Doc: "A number from 0 to below 1.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Float(source(c).Float32()) }},
	{Sig: "void NextBytes(byte[] buffer)", Doc: "Fills an array with random bytes.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "buffer")
		b := bytesOf(c.Args[0])
		c.Step(len(b) / 8)
		source(c).Bytes(b)
		return value.Null
	}},
	{Sig: "void Shuffle<T>(T[] values)", Doc: "Brings an array into random order.", Beyond: true, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "values")
		a := c.Args[0].Object().(*value.Array)
		s := source(c)
		n := a.Len()
		c.Step(n)
		for i := range n - 1 {
			if j := int(s.Between(int32(i), int32(n))); j != i {
				x, y := a.At(i), a.At(j)
				a.Set(i, y)
				a.Set(j, x)
			}
		}
		return value.Null
	}},
	{Sig: "T[] GetItems<T>(T[] choices, int length)", Doc: "An array of random choices.", Beyond: true, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "choices")
		choices, n := c.Args[0].Object().(*value.Array), c.Int(1)
		NotNegative(c.Thread, n, "length")
		count := choices.Len()
		if count == 0 {
			c.ThrowArgument(value.ArgumentException, "Span may not be empty.", "choices")
		}
		c.Step(n)
		out := c.NewArray(choices.Elem(), n)
		s := source(c)
		if bits.OnesCount(uint(count)) == 1 && count <= math.MaxUint8+1 {
			// One random byte serves for a choice among a power of two.
			raw := make([]byte, n)
			c.Alloc(n)
			s.Bytes(raw)
			for i, b := range raw {
				out.Set(i, choices.At(int(b)&(count-1)))
			}
			return value.Of(out)
		}
		for i := range n {
			out.Set(i, choices.At(int(s.Below(int32(count)))))
		}
		return value.Of(out)
	}},
}}

func checkBounds(c *value.Call, wrong bool) {
	if wrong {
		c.ThrowRange("'minValue' cannot be greater than maxValue.", "minValue")
	}
}

// Members are the types of this package with their members.
func Members() []value.Members {
	list := append([]value.Members{}, globalization...)
	for _, x := range integers {
		list = append(list, x.members())
	}
	return append(list,
		floatMembers(types.Double, "double", "64-bit"), floatMembers(types.Single, "float", "32-bit"), decimalMembers(), boolean,
		halfMembers(), convertMembers(), mathMembers(), bitConverterMembers(), randomMembers)
}
