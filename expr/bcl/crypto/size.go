package crypto

import (
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var keySizesDef = declare("sealed class KeySizes")

// keySizes is a KeySizes: sizes in bits from min to max in steps.
type keySizes struct{ min, max, skip int }

// Type is KeySizes.
func (*keySizes) Type() *types.Type { return keySizesDef.Type() }

// sizesRow is a property that tells the sizes an algorithm takes.
func sizesRow(name, doc string, min, max, skip int) value.Row {
	return value.Row{Sig: "KeySizes[] " + name + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		c.Alloc(64)
		return c.ArrayOf(keySizesDef.Type(), []value.Value{value.Of(&keySizes{min, max, skip})})
	}}
}

func sizeMembers() []value.Members {
	this := func(c *value.Call) *keySizes { return c.This.Object().(*keySizes) }
	return []value.Members{{Def: keySizesDef, Doc: "Sizes of keys or blocks, in bits.", Beyond: true, Rows: []value.Row{
		{Sig: "KeySizes(int minSize, int maxSize, int skipSize)", Doc: "Sizes from one to another in steps.", Func: func(c *value.Call) value.Value {
			return value.Of(&keySizes{c.Int(0), c.Int(1), c.Int(2)})
		}},
		{Sig: "int MinSize { get; }", Doc: "The smallest size.", Func: func(c *value.Call) value.Value { return value.Int(this(c).min) }},
		{Sig: "int MaxSize { get; }", Doc: "The largest size.", Func: func(c *value.Call) value.Value { return value.Int(this(c).max) }},
		{Sig: "int SkipSize { get; }", Doc: "The step between sizes.", Func: func(c *value.Call) value.Value { return value.Int(this(c).skip) }},
	}}}
}

// writeXML is the counterpart of readXML: .NET's XML form of a key.
func writeXML(c *value.Call, whole bool) string {
	_, public := key(c)
	var b strings.Builder
	element := func(name string, n *big.Int, size int) {
		b.WriteString("<" + name + ">" + base64.StdEncoding.EncodeToString(n.FillBytes(make([]byte, size))) + "</" + name + ">")
	}
	size := public.Size()
	b.WriteString("<RSAKeyValue>")
	element("Modulus", public.N, size)
	e := big.NewInt(int64(public.E))
	element("Exponent", e, (e.BitLen()+7)/8)
	if whole {
		k := private(c)
		half := (size + 1) / 2
		element("P", k.Primes[0], half)
		element("Q", k.Primes[1], half)
		element("DP", k.Precomputed.Dp, half)
		element("DQ", k.Precomputed.Dq, half)
		element("InverseQ", k.Precomputed.Qinv, half)
		element("D", k.D, size)
	}
	b.WriteString("</RSAKeyValue>")
	c.Alloc(b.Len())
	return b.String()
}
