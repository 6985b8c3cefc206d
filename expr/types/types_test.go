package types

import "testing"

func TestDisplay(t *testing.T) {
	for _, c := range []struct {
		t             *Type
		cs, full, ref string
	}{
		{List.Of(Int32), "List<int>", "System.Collections.Generic.List<System.Int32>", "System.Collections.Generic.List`1[System.Int32]"},
		{ArrayOf(ArrayOf(String, 2), 1), "string[][*,*]", "System.String[][,]", "System.String[,][]"},
		{NullableOf(Int32), "int?", "System.Nullable<System.Int32>", "System.Nullable`1[System.Int32]"},
		{TupleOf([]*Type{Int32, String}, []string{"a", ""}), "(int a, string)", "System.ValueTuple<System.Int32, System.String>", "System.ValueTuple`2[System.Int32,System.String]"},
		{Funcs[2].Of(Int32, Bool, String), "Func<int, bool, string>", "System.Func<System.Int32, System.Boolean, System.String>", "System.Func`3[System.Int32,System.Boolean,System.String]"},
		{AnonymousOf([]string{"A"}, []*Type{Int32}), "<anonymous type: int A>", "<anonymous>", "<>f__AnonymousType0`1[System.Int32]"},
	} {
		if got := c.t.String(); got != c.cs {
			t.Errorf("String: got %s, want %s", got, c.cs)
		}
		if got := c.t.FullName(); got != c.full {
			t.Errorf("FullName: got %s, want %s", got, c.full)
		}
		if got := c.t.ReflectionName(); got != c.ref {
			t.Errorf("ReflectionName: got %s, want %s", got, c.ref)
		}
	}
}

func TestIdentity(t *testing.T) {
	named := TupleOf([]*Type{Int32, Int32}, []string{"a", "b"})
	plain := TupleOf([]*Type{Int32, Int32}, nil)
	if named == plain || !Same(named, plain) || !Same(List.Of(named), List.Of(plain)) || Same(List.Of(Int32), List.Of(Int64)) {
		t.Error("tuple names must not count for identity, arguments must")
	}
	list, array := List.Of(Int32), ArrayOf(Int32, 1)
	if list != List.Of(Int32) || array != ArrayOf(Int32, 1) {
		t.Error("types must be interned")
	}
}

func TestConversions(t *testing.T) {
	strings, objects := ArrayOf(String, 1), ArrayOf(Object, 1)
	for _, c := range []struct {
		from, to *Type
		want     bool
	}{
		{strings, objects, true},
		{objects, strings, false},
		{ArrayOf(Int32, 1), objects, false},
		{strings, IEnumerableT.Of(Object), true},
		{strings, IListT.Of(Object), true},
		{List.Of(String), IListT.Of(Object), false},
		{List.Of(String), IEnumerableT.Of(Object), true},
		{List.Of(Int32), IEnumerableT.Of(Object), false},
		{List.Of(Int32), IEnumerable, true},
		{Funcs[1].Of(Object, String), Funcs[1].Of(String, Object), true},
		{Funcs[1].Of(String, String), Funcs[1].Of(Object, String), false},
		{Null, String, true},
		{Null, NullableOf(Int32), false},
		{String, IComparableT.Of(String), true},
		{Dictionary.Of(String, Int32), IEnumerableT.Of(KeyValuePair.Of(String, Int32)), true},
	} {
		if got := ReferenceConvertible(c.from, c.to); got != c.want {
			t.Errorf("%s to %s: got %v, want %v", c.from, c.to, got, c.want)
		}
	}
	if !Boxes(Int32, IComparable) || !Boxes(NullableOf(Int32), Object) || Boxes(Int32, String) || !Boxes(Int32, ValueType) {
		t.Error("boxing")
	}
}

func TestParseMember(t *testing.T) {
	u := NewUniverse(Core()...)
	for _, c := range []struct {
		def       *Def
		sig, want string
	}{
		{stringDef, "static string Join<T>(string separator, IEnumerable<T> values)", "string.Join<T>(string, IEnumerable<T>)"},
		{stringDef, "public static string Format(string format, params object?[] args)", "string.Format(string, params object[])"},
		{List, "T this[int index] { get; set; }", "List<T>.this[int]"},
		{List, "List(IEnumerable<T> items)", "List<T>.List(IEnumerable<T>)"},
		{Int32.def, "static bool TryParse(string s, out int result)", "int.TryParse(string, out int)"},
		{Int32.def, "const int MaxValue = 2147483647", "int.MaxValue"},
		{Decimal.def, "static implicit operator decimal(int value)", "decimal.implicit operator decimal(int)"},
		{Decimal.def, "static decimal operator >>(decimal a, int b)", "decimal.operator >>(decimal, int)"},
		{arrayDef, "static TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Converter<TInput, TOutput> converter)", "Array.ConvertAll<TInput, TOutput>(TInput[], Converter<TInput, TOutput>)"},
		{List, "void ICollection<T>.Add(T item)", "List<T>.Add(T)"},
		{List, "object System.Collections.IList.this[int index] { get; }", "List<T>.this[int]"},
	} {
		m, err := ParseMember(c.def, c.sig, u)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := m.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.sig, got, c.want)
		}
	}
	for _, bad := range []string{"int", "Foo Bar()", "int this[", "int X { get }", "const int X"} {
		if m, err := ParseMember(stringDef, bad, u); err == nil {
			t.Errorf("%s: read as %s", bad, m)
		}
	}
}

func FuzzParseMember(f *testing.F) {
	u := NewUniverse(Core()...)
	f.Add("static string Join<T>(string separator, IEnumerable<T> values) where T : class")
	f.Add("(int a, string b)[] X { get; }")
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := ParseMember(List, s, u); err == nil && m.String() == "" {
			t.Error("a member without a name")
		}
	})
}
