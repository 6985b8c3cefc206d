package value

import (
	"context"
	"errors"
	"testing"

	"github.com/spillway-gateway/spillway/expr/types"
)

func thread(t testing.TB) *Thread {
	table, err := NewTable(nil)
	if err != nil {
		t.Fatal(err)
	}
	th := &Thread{Table: table}
	th.Reset(context.Background(), Limits{})
	return th
}

func TestText(t *testing.T) {
	s := "a\U0001F600é" + string([]byte{0xED, 0xA0, 0x80}) + "z"
	units := Units(s)
	if got := FromUnits(units); got != s {
		t.Fatalf("round trip: got %q, want %q", got, s)
	}
	long := ""
	for range 40 {
		long = Concat(long, s)
	}
	x := TextOf(long)
	all := Units(long)
	if x.Len() != len(all) {
		t.Fatalf("Len: got %d, want %d", x.Len(), len(all))
	}
	for i := range all {
		if x.At(i) != all[i] {
			t.Fatalf("unit %d: got %x, want %x", i, x.At(i), all[i])
		}
		for n := 0; n < 5 && i+n <= len(all); n++ {
			if got, want := x.Slice(i, n), FromUnits(all[i:i+n]); got != want {
				t.Fatalf("Slice(%d, %d): got %q, want %q", i, n, got, want)
			}
		}
	}
	hi, lo := UnitString(0xD83D), UnitString(0xDE00)
	if got := Concat("x"+hi, lo+"y"); got != "x\U0001F600y" {
		t.Errorf("surrogates must melt: got %q", got)
	}
	if CompareOrdinal("\uFFFD", "\U0001F600") <= 0 {
		t.Error("surrogates sort below U+E000")
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\U0001F600", uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, s string, a, n uint8) {
		s = FromUnits(Units(s))
		units := Units(s)
		x := TextOf(s)
		if x.Len() != len(units) {
			t.Fatalf("Len of %q: got %d, want %d", s, x.Len(), len(units))
		}
		if int(a)+int(n) <= len(units) {
			if got, want := x.Slice(int(a), int(n)), FromUnits(units[a:int(a)+int(n)]); got != want {
				t.Errorf("Slice: got %q, want %q", got, want)
			}
		}
	})
}

func TestWordsDoNotAllocate(t *testing.T) {
	sink := make([]Value, 4)
	s := "some text"
	if n := testing.AllocsPerRun(100, func() {
		sink[0], sink[1], sink[2], sink[3] = Int(1<<30), Double(2.5), Char('x'), String(s)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDictionaryOrder(t *testing.T) {
	th := thread(t)
	for _, key := range []func(int) Value{Int, func(i int) Value { return String(string(rune('a' + i))) }, func(i int) Value {
		return Of(NewTuple(types.TupleOf([]*types.Type{types.Int32, types.Int32}, nil), []Value{Int(i), Int(i)}))
	}} {
		d := NewDictionary(key(0).Type(), types.Int32, nil)
		for i := range 4 {
			d.Put(th, key(i), Int(i))
		}
		d.Remove(th, key(1))
		d.Remove(th, key(2))
		d.Put(th, key(7), Int(7))
		d.Put(th, key(8), Int(8))
		var got []int
		d.Each(func(_, v Value) bool { got = append(got, v.Int()); return true })
		want := []int{0, 8, 7, 3}
		for i := range want {
			if len(got) != 4 || got[i] != want[i] {
				t.Fatalf("order: got %v, want %v", got, want)
			}
		}
		if d.Add(th, key(7), Null) || !d.Has(th, key(8)) || d.Has(th, key(1)) {
			t.Error("look-up after removal")
		}
	}
}

func TestBudgets(t *testing.T) {
	th := thread(t)
	for _, c := range []struct {
		limits Limits
		run    func()
		want   error
	}{
		{Limits{Steps: 10}, func() {
			for {
				th.Step(1)
			}
		}, ErrSteps},
		{Limits{Memory: 1000}, func() { th.NewArray(types.Int32, 1<<30) }, ErrMemory},
		{Limits{}, func() {
			for {
				th.Enter()
			}
		}, ErrDepth},
	} {
		th.Reset(context.Background(), c.limits)
		if err := th.Run(c.run); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	th.Reset(ctx, Limits{})
	if err := th.Run(func() {
		for {
			th.Step(1)
		}
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
}

func TestTableDispatch(t *testing.T) {
	def := types.Declare("Test", "public class Bag<T> : ICollection<T>")
	ms := []Members{
		{Def: types.ICollectionT, Rows: []Row{{Sig: "void Add(T item)"}, {Sig: "int Count { get; }"}}},
		{Def: def, Rows: []Row{
			{Sig: "void ICollection<T>.Add(T item)", Func: func(c *Call) Value { return Null }},
			{Sig: "int Count { get; }", Func: func(c *Call) Value { return Int(42) }},
		}},
	}
	table, err := NewTable(ms)
	if err != nil {
		t.Fatal(err)
	}
	bag, face := def.Of(types.String), types.ICollectionT.Of(types.String)
	for _, name := range []string{"Add", "Count"} {
		m := table.Info(types.ICollectionT).Named(name)[0].In(face)
		if got := table.Implementation(bag, m); got == nil || got.Owner != bag {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got := table.Info(def).Named("Add"); len(got) != 0 {
		t.Errorf("an explicit implementation must not be found by name: got %v", got)
	}
	if _, err := NewTable([]Members{{Def: def, Rows: []Row{{Sig: "Nothing X()"}}}}); err == nil {
		t.Error("an unknown type in a signature must be an error")
	}
}

func TestFormatFloat(t *testing.T) {
	for want, f := range map[string]float64{"1": 1, "0.1": 0.1, "1E+17": 1e17, "10000000000000000": 1e16, "123456789012345": 123456789012345, "1E-05": 1e-5, "0.0001": 1e-4, "-0": -1 / (1 / zero), "1.7976931348623157E+308": 1.7976931348623157e308} {
		if got := FormatFloat(f, 64); want != "-0" && got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

var zero = 0.0
