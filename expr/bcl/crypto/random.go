package crypto

import (
	"crypto/subtle"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	randomDef     = declare("abstract class RandomNumberGenerator : IDisposable")
	providerDef   = declare("sealed class RNGCryptoServiceProvider : RandomNumberGenerator")
	operationsDef = declare("static class CryptographicOperations")
	generatorDef  = declare("sealed class RandomNumberGeneratorImplementation : RandomNumberGenerator")
)

type generator struct{ typ *types.Type }

// Type is the generator's type.
func (g *generator) Type() *types.Type { return g.typ }

// below draws a number below n without bias.
func below(t *value.Thread, n uint64) uint64 {
	limit := -n % n // 2^64 mod n
	for {
		t.Step(1)
		if w := t.Rand(); w >= limit {
			return w % n
		}
	}
}

func randomMembers() []value.Members {
	draws := func(sig, doc string, beyond bool, f func(c *value.Call) value.Value) value.Row {
		return value.Row{Sig: sig, Doc: doc, Beyond: beyond, Effects: value.DrawsRandom, Func: f}
	}
	count := func(c *value.Call) int {
		if n := c.Int(0); n < 0 {
			c.ThrowRange("Non-negative number required.", "count")
		}
		c.Alloc(c.Int(0))
		return c.Int(0)
	}
	between := func(c *value.Call, from, to int) value.Value {
		if from >= to {
			c.Throw(value.ArgumentException, "Range of random number does not contain at least one possibility.")
		}
		return value.Int(from + int(below(c.Thread, uint64(to-from))))
	}
	return []value.Members{
		{Def: randomDef, Doc: "A source of random numbers.", Rows: []value.Row{
			{Sig: "static RandomNumberGenerator Create()", Doc: "The source.", Beyond: true, Func: func(*value.Call) value.Value { return value.Of(&generator{generatorDef.Type()}) }},
			draws("void GetBytes(byte[] data)", "Fills an array with random bytes.", false, func(c *value.Call) value.Value {
				fill(c.Thread, needBytes(c, 0, "data"))
				return value.Null
			}),
			draws("void GetBytes(byte[] data, int offset, int count)", "Fills a part of an array with random bytes.", false, func(c *value.Call) value.Value {
				b := needBytes(c, 0, "data")
				at, n := c.Int(1), c.Int(2)
				switch {
				case at < 0:
					c.ThrowRange("Non-negative number required.", "offset")
				case n < 0:
					c.ThrowRange("Non-negative number required.", "count")
				case n > len(b)-at:
					c.Throw(value.ArgumentException, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.")
				}
				fill(c.Thread, b[at:at+n])
				return value.Null
			}),
			draws("void GetNonZeroBytes(byte[] data)", "Fills an array with random bytes that are not zero.", false, func(c *value.Call) value.Value {
				b := needBytes(c, 0, "data")
				for i := range b {
					b[i] = byte(1 + below(c.Thread, 255))
				}
				return value.Null
			}),
			draws("static byte[] GetBytes(int count)", "Random bytes.", true, func(c *value.Call) value.Value { return value.Bytes(random(c.Thread, count(c))) }),
			draws("static int GetInt32(int toExclusive)", "A random number below a bound.", true, func(c *value.Call) value.Value {
				if c.Int(0) <= 0 {
					c.ThrowRange("toExclusive ('"+c.ToString(c.Args[0])+"') must be a non-negative and non-zero value.", "toExclusive")
				}
				return between(c, 0, c.Int(0))
			}),
			draws("static int GetInt32(int fromInclusive, int toExclusive)", "A random number between bounds.", true, func(c *value.Call) value.Value { return between(c, c.Int(0), c.Int(1)) }),
			draws("static string GetHexString(int stringLength, bool lowercase = false)", "Random hexadecimal digits.", true, func(c *value.Call) value.Value {
				digits := "0123456789ABCDEF"
				if c.Bool(1) {
					digits = "0123456789abcdef"
				}
				b := make([]byte, count(c))
				fill(c.Thread, b)
				for i := range b {
					b[i] = digits[b[i]&15]
				}
				return value.String(string(b))
			}),
			{Sig: "void Dispose()", Doc: "Does nothing.", Func: func(*value.Call) value.Value { return value.Null }},
		}},
		{Def: providerDef, Doc: "A source of random numbers.", Rows: []value.Row{
			{Sig: "RNGCryptoServiceProvider()", Doc: "The source.", Func: func(c *value.Call) value.Value { return value.Of(&generator{c.Owner}) }},
		}},
		{Def: generatorDef, Doc: "What RandomNumberGenerator.Create gives.", Beyond: true},
		{Def: operationsDef, Doc: "Comparisons that take the same time whatever they find.", Beyond: true, Rows: []value.Row{
			{Sig: "static bool FixedTimeEquals(byte[] left, byte[] right)", Doc: "Whether bytes are equal.", Func: func(c *value.Call) value.Value {
				a, b := bytesArg(c, 0), bytesArg(c, 1)
				work(c.Thread, len(a))
				return value.Bool(subtle.ConstantTimeCompare(a, b) == 1)
			}},
			{Sig: "static void ZeroMemory(byte[] buffer)", Doc: "Overwrites bytes with zeros.", Func: func(c *value.Call) value.Value {
				clear(bytesArg(c, 0))
				return value.Null
			}},
		}},
	}
}
