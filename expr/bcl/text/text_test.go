package text

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func thread(t testing.TB, limits value.Limits) *value.Thread {
	th := &value.Thread{Table: table(t)}
	th.Reset(context.Background(), limits)
	return th
}

// call runs the row with a signature.
func call(t testing.TB, th *value.Thread, sig string, this value.Value, args ...value.Value) (v value.Value, err error) {
	t.Helper()
	for _, info := range th.Table.Infos() {
		for _, m := range info.All {
			if r := value.RowOf(m); r.Sig == sig && (this.IsNull() || info.Def == this.Type().Def()) {
				err = th.Run(func() { v = r.Func(&value.Call{Thread: th, This: this, Args: args, Owner: info.Def.Type()}) })
				return v, err
			}
		}
	}
	t.Fatalf("no row %s", sig)
	return
}

// parse reads an argument of the tables: a quoted string, a char in single
// quotes, an integer, true, false, null, or [a b c] for an array of chars or strings.
func parse(t testing.TB, th *value.Thread, s string) value.Value {
	t.Helper()
	switch {
	case s == "null":
		return value.Null
	case s == "true", s == "false":
		return value.Bool(s == "true")
	case s[0] == '"':
		u, err := strconv.Unquote(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return value.String(u)
	case s[0] == '\'':
		u, err := strconv.Unquote(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return value.Char(value.Units(u)[0])
	case s[0] == '[':
		var items []value.Value
		elem := types.String
		for _, f := range strings.Fields(s[1 : len(s)-1]) {
			v := parse(t, th, f)
			elem = v.Type()
			items = append(items, v)
		}
		return th.ArrayOf(elem, items)
	case s[0] == 'x':
		var b []byte
		if _, err := fmt.Sscanf(s[1:], "%x", &b); err != nil && s != "x" {
			t.Fatalf("%s: %v", s, err)
		}
		return value.Bytes(b)
	}
	if strings.Contains(s, ".") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return value.Double(f)
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("argument %s: %v", s, err)
	}
	return value.Int(n)
}

func show(th *value.Thread, v value.Value) string {
	switch a, ok := v.Object().(*value.Array); {
	case v.IsNull():
		return "null"
	case v.IsString():
		return strconv.Quote(v.Str())
	case v.Type() == types.Char:
		return strconv.QuoteRune(rune(v.Char()))
	case ok && a.Bytes() != nil:
		return fmt.Sprintf("x%x", a.Bytes())
	case ok:
		var parts []string
		for i := range a.Len() {
			parts = append(parts, show(th, a.At(i)))
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return strings.ToLower(th.ToString(v))
}

// TestMembers runs the table of calls: signature, receiver, arguments, result
// or !ExceptionType: message.
func TestMembers(t *testing.T) {
	data, err := os.ReadFile("testdata/members.txt")
	if err != nil {
		t.Fatal(err)
	}
	th := thread(t, value.Limits{})
	sig := ""
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] != '\t' {
			sig = line
			continue
		}
		in, want, ok := strings.Cut(line[1:], " => ")
		if !ok {
			t.Fatalf("line %d: no =>", i+1)
		}
		var args []value.Value
		for _, f := range strings.Split(in, ", ") {
			args = append(args, parse(t, th, f))
		}
		this := value.Null
		if !strings.HasPrefix(sig, "static") && !strings.HasPrefix(sig, "String(") {
			this, args = args[0], args[1:]
		}
		v, err := call(t, th, sig, this, args...)
		got := show(th, v)
		if e := (*value.Exception)(nil); errors.As(err, &e) {
			got = "!" + e.Type().Name() + ": " + strings.ReplaceAll(e.Message, "\n", `\n`)
		} else if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("line %d: %s with %s: got %s, want %s", i+1, sig, in, got, want)
		}
	}
}

func TestCultureOrder(t *testing.T) {
	const order = "_ -1aAbBéZ"
	var words []string
	for _, r := range "Z é B b A a 1 - _" {
		if r != ' ' {
			words = append(words, string(r))
		}
	}
	sort.SliceStable(words, func(i, j int) bool { return compareCulture(words[i], words[j], false) < 0 })
	if got := strings.Join(words, ""); got != strings.ReplaceAll(order, " ", "") {
		t.Errorf("got %s, want %s", got, order)
	}
	for _, c := range []struct {
		a, b       string
		ignoreCase bool
		want       int
	}{
		{"é", "e\u0301", false, 0},
		{"abc", "ABC", false, -1},
		{"abc", "ABC", true, 0},
		{"a\u00adb", "ab", false, 0},
		{"ab", "Aa", false, 1},
		{"co-op", "coop", false, -1},
		{"résumé", "resume", false, 1},
		{"x", "", false, 1},
		{"\x00", "", false, 0},
		{"ß", "ss", true, 1},
		{"日", "本", false, -1},
		{"가", "\u1100\u1161", false, 0},
	} {
		if got := compareCulture(c.a, c.b, c.ignoreCase); got != c.want {
			t.Errorf("%q %q: got %d, want %d", c.a, c.b, got, c.want)
		}
		if got := compareCulture(c.b, c.a, c.ignoreCase); got != -c.want {
			t.Errorf("%q %q: not antisymmetric", c.a, c.b)
		}
	}
}

func TestTitleCase(t *testing.T) {
	for in, want := range map[string]string{
		"war and peace": "War And Peace", "hELLO": "Hello", "USA today": "USA Today", "o'neill's bar-baz": "O'neill's Bar-Baz", "3rd x2y": "3Rd X2y",
		"ǆungla": "ǅungla", "": "", "gpt-4o mini": "Gpt-4O Mini",
	} {
		if got := titleCase(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestBuilder(t *testing.T) {
	th := thread(t, value.Limits{})
	b := &builder{capacity: 16}
	b.append(th, "0123456789")
	b.append(th, "abcdefghij")
	if b.capacity != 32 || b.ToString(th) != "0123456789abcdefghij" {
		t.Errorf("got %d %q", b.capacity, b.ToString(th))
	}
	b.replaceRange(th, 1, 8, "é")
	b.append(th, "\U0001F600")
	if got := b.ToString(th); got != "0é9abcdefghij\U0001F600" || b.len() != 15 {
		t.Errorf("got %d %q", b.len(), got)
	}
}

// TestBudget asks for more memory than there is: each must end by the budget
// before it allocates.
func TestBudget(t *testing.T) {
	s, big := value.String("abcabc"), value.Int(1<<31-1)
	for sig, args := range map[string][]value.Value{
		"String(char c, int count)":                                {value.Null, value.Char('a'), big},
		"string PadLeft(int totalWidth)":                           {s, big},
		"string PadRight(int totalWidth, char paddingChar)":        {s, big, value.Char('é')},
		"static string Format(string format, object arg0)":         {value.Null, value.String("{0,999999}{0,999999}"), value.Int(5)},
		"string Replace(string oldValue, string newValue)":         {value.String(strings.Repeat("a", 10000)), value.String("a"), value.String(strings.Repeat("b", 10000))},
		"string Insert(int startIndex, string value)":              {s, value.Int(1), value.String(strings.Repeat("x", 1<<20))},
		"static string Concat(string str0, string str1)":           {value.Null, value.String(strings.Repeat("x", 1<<20)), s},
		"static string ToBase64String(byte[] inArray)":             {value.Null, value.Bytes(make([]byte, 1<<20))},
		"StringBuilder Append(char value, int repeatCount)":        {value.Of(&builder{}), value.Char('a'), big},
		"StringBuilder Insert(int index, string value, int count)": {value.Of(&builder{}), value.Int(0), s, big},
	} {
		th := thread(t, value.Limits{Memory: 1 << 20})
		if _, err := call(t, th, sig, args[0], args[1:]...); !errors.Is(err, value.ErrMemory) {
			t.Errorf("%s: got %v", sig, err)
		}
	}
	for _, format := range []string{"D999999999", "F999999999", "N99999999", "E99999999"} {
		th := thread(t, value.Limits{Memory: 1 << 20})
		if err := th.Run(func() { th.Format(value.Int(5), format, value.Null) }); !errors.Is(err, value.ErrMemory) {
			t.Errorf("%s: got %v", format, err)
		}
		th.Reset(context.Background(), value.Limits{Memory: 1 << 20})
		if err := th.Run(func() { th.Format(number.Of(number.DecimalOne), format, value.Null) }); format != "D999999999" && !errors.Is(err, value.ErrMemory) {
			t.Errorf("decimal %s: got %v", format, err)
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add("a\U0001F600b", "\U0001F600", "x")
	f.Add("\xed\xa0\xbd\xed\xb8\x80", "\xed\xa0\xbd", "")
	f.Fuzz(func(t *testing.T, s, part, with string) {
		s, part, with = clean(s), clean(part), clean(with)
		th := thread(t, value.Limits{})
		units, want := value.Units(s), value.Units(part)
		at, n := index(th, s, part, Ordinal, false)
		expect := -1
		for i := 0; i+len(want) <= len(units); i++ {
			if value.FromUnits(units[i:i+len(want)]) == part && sameUnits(units[i:i+len(want)], want) {
				expect = i
				break
			}
		}
		if at != expect || at >= 0 && n != len(want) {
			t.Errorf("index of %q in %q: got %d+%d, want %d", part, s, at, n, expect)
		}
		for how := CurrentCulture; how <= OrdinalIgnoreCase; how++ {
			if compare(s, s, how) != 0 || !equal(s, s, how) || !startsWith(s, s, how) || !endsWith(s, s, how) {
				t.Errorf("%q does not equal itself in %d", s, how)
			}
			if c, d := compare(s, part, how), compare(part, s, how); (c > 0) != (d < 0) || (c == 0) != (d == 0) {
				t.Errorf("%q %q: %d and %d in %d", s, part, c, d, how)
			}
			if startsWith(s, part, how) {
				if at, _ := index(th, s, part, how, false); at != 0 && how >= Ordinal {
					t.Errorf("%q starts with %q, but its place is %d in %d", s, part, at, how)
				}
			}
			if part != "" {
				if got := replace(th, s, part, with, how); !validWTF8(got) {
					t.Errorf("replace gives %q", got)
				}
			}
		}
		parts := split(th, s, separators{strings: []string{"x"}}, 1<<31-1, 0)
		if got := strings.Join(parts, "x"); got != s {
			t.Errorf("split and joined: got %q, want %q", got, s)
		}
		for _, c := range codecs {
			if u := c.decode(c.encode(s)); c != asciiCodec && c != latin1Codec && u != value.ValidUTF8(s) {
				t.Errorf("%s: %q comes back as %q", c.name, s, u)
			}
			if !validWTF8(c.decode([]byte(with))) {
				t.Errorf("%s decodes %q badly", c.name, with)
			}
		}
		th.Reset(context.Background(), value.Limits{Memory: 1 << 20})
		_ = th.Run(func() { composite(th, s, value.Null, []value.Value{value.String(part), value.Int(7)}) })
		titleCase(s)
	})
}

// clean makes any bytes a string of the language.
func clean(s string) string {
	var b []byte
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		b = appendRune(b, r)
		i += n
	}
	return string(b)
}

func validWTF8(s string) bool { return clean(s) == s }

func sameUnits(a, b []uint16) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func BenchmarkContains(b *testing.B) {
	s := strings.Repeat("application/json; ", 10)
	for b.Loop() {
		_ = strings.Contains(s, "charset")
	}
}

func BenchmarkStartsWithCulture(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = startsWithCulture("Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoiazEifQ", "Bearer ", false)
	}
}

func BenchmarkCompareCulture(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = compareCulture("x-ms-client-request-id", "x-ms-date", false)
	}
}

func BenchmarkComposite(b *testing.B) {
	th := thread(b, value.Limits{})
	args := []value.Value{value.String("east"), value.Int(3)}
	b.ReportAllocs()
	for b.Loop() {
		_ = composite(th, "{0}-{1,5:D3}", value.Null, args)
	}
}

func BenchmarkSplit(b *testing.B) {
	th := thread(b, value.Limits{})
	p := separators{strings: []string{","}}
	b.ReportAllocs()
	for b.Loop() {
		_ = split(th, "a,b,c,d,e,f", p, 1<<31-1, 0)
	}
}
