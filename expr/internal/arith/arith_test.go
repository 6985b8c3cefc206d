package arith

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var integers = []*types.Type{types.Int32, types.UInt32, types.Int64, types.UInt64}

// exact is an operand's value without limits.
func exact(n int64, c types.Code) *big.Int {
	if c == types.CodeUInt64 {
		return new(big.Int).SetUint64(uint64(n))
	}
	return big.NewInt(n)
}

// TestIntegerAgainstBig compares every operator with arithmetic of any size.
func TestIntegerAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	edges := []int64{0, 1, -1, 2, math.MaxInt32, math.MinInt32, math.MaxUint32, math.MaxInt64, math.MinInt64}
	pick := func(c types.Code) int64 {
		if r.IntN(2) == 0 {
			return Wrap(edges[r.IntN(len(edges))], c)
		}
		return Wrap(int64(r.Uint64()), c)
	}
	for range 20000 {
		typ := integers[r.IntN(len(integers))]
		c := typ.Code()
		a, b := pick(c), pick(c)
		for _, op := range []syntax.Op{syntax.OpAdd, syntax.OpSub, syntax.OpMul, syntax.OpDiv, syntax.OpRem} {
			x, y := exact(a, c), exact(b, c)
			want := new(big.Int)
			switch op {
			case syntax.OpAdd:
				want.Add(x, y)
			case syntax.OpSub:
				want.Sub(x, y)
			case syntax.OpMul:
				want.Mul(x, y)
			default:
				if b == 0 {
					if _, fault := Integer(op, a, b, c, false); fault != DivideByZero {
						t.Fatalf("%d %s 0 as %s: fault %d", a, op, typ, fault)
					}
					continue
				}
				if op == syntax.OpDiv {
					want.Quo(x, y)
				} else {
					want.Rem(x, y)
				}
			}
			low := new(big.Int).Set(want)
			fits := want.IsInt64() && InRange(want.Int64(), false, c) || c == types.CodeUInt64 && want.IsUint64()
			got, fault := Integer(op, a, b, c, true)
			// .NET refuses int.MinValue % -1 although 0 would fit.
			if op == syntax.OpRem && b == -1 && fault == Overflow && (c == types.CodeInt32 && a == math.MinInt32 || c == types.CodeInt64 && a == math.MinInt64) {
				continue
			}
			if fits != (fault == None) {
				t.Fatalf("%d %s %d as %s checked: fault %d, exact %v", a, op, b, typ, fault, want)
			}
			if fits && exact(got, c).Cmp(want) != 0 {
				t.Fatalf("%d %s %d as %s: got %d, want %v", a, op, b, typ, got, want)
			}
			if op == syntax.OpDiv || op == syntax.OpRem {
				continue
			}
			got, _ = Integer(op, a, b, c, false)
			bits := uint(32)
			if c == types.CodeInt64 || c == types.CodeUInt64 {
				bits = 64
			}
			mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), bits), big.NewInt(1))
			if new(big.Int).And(exact(got, c), mask).Cmp(low.And(low, mask)) != 0 {
				t.Fatalf("%d %s %d as %s unchecked: got %d", a, op, b, typ, got)
			}
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		f       float64
		to      types.Code
		want    int64
		inRange bool
	}{
		{2.9, types.CodeInt32, 2, true},
		{-2.9, types.CodeInt32, -2, true},
		{1e300, types.CodeInt32, math.MaxInt32, false},
		{math.NaN(), types.CodeInt32, 0, false},
		{-1, types.CodeUInt32, 0, false},
		{-0.5, types.CodeUInt32, 0, true},
		{300, types.CodeByte, 44, false},
		{255.9, types.CodeByte, 255, true},
		{1e20, types.CodeUInt64, -1, false},
		{-9223372036854775808, types.CodeInt64, math.MinInt64, true},
		{9223372036854775808, types.CodeInt64, math.MaxInt64, false},
	} {
		got, ok := Truncate(c.f, c.to, true)
		if ok != c.inRange || ok && got != c.want {
			t.Errorf("checked %v: got %d %v, want %d %v", c.f, got, ok, c.want, c.inRange)
		}
		if got, _ := Truncate(c.f, c.to, false); got != c.want {
			t.Errorf("unchecked %v: got %d, want %d", c.f, got, c.want)
		}
	}
}

func TestConvertDecimal(t *testing.T) {
	for _, c := range []struct {
		from *types.Type
		v    value.Value
	}{{types.Int32, value.Int(-5)}, {types.Double, value.Double(1.5)}, {types.UInt64, value.Word(types.UInt64, math.MaxUint64)}} {
		d, fault := Convert(c.v, c.from, types.Decimal, true)
		if fault != None {
			t.Fatalf("%v: fault %d", c.v, fault)
		}
		back, fault := Convert(d, types.Decimal, c.from, true)
		if fault != None || back != c.v {
			t.Errorf("%s: there and back gives %v", c.from, back)
		}
	}
	if _, fault := Convert(value.Double(math.NaN()), types.Double, types.Decimal, false); fault != DecimalRange {
		t.Error("NaN is no decimal")
	}
}

func BenchmarkInteger(b *testing.B) {
	n := int64(1)
	for b.Loop() {
		n, _ = Integer(syntax.OpAdd, n, 3, types.CodeInt32, true)
	}
}
