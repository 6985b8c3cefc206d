package json_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/bcl/json"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var table = func() *value.Table {
	t, err := value.NewTable(bcl.Members())
	if err != nil {
		panic(err)
	}
	return t
}()

func thread() *value.Thread {
	t := &value.Thread{Table: table, Now: func() time.Time { return time.Unix(0, 0) }, Rand: func() uint64 { return 4 }}
	t.Reset(context.Background(), value.Limits{})
	return t
}

// outcome is what f gives, or the exception it ends with as "Name: message".
func outcome(t *value.Thread, f func() string) (s string) {
	if err := t.Run(func() { s = f() }); err != nil {
		e := (*value.Exception)(nil)
		if !errors.As(err, &e) {
			return err.Error()
		}
		return e.Type().Def().Name + ": " + e.Message
	}
	return s
}

// chunks are the cases of a file: fields divided by tabs, Go quoting where a
// field begins with a quote.
func chunks(t *testing.T, path string, fields int, run func(f []string)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sc := bufio.NewScanner(file)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != fields {
			t.Fatalf("%s:%d: %d fields, want %d", path, n, len(parts), fields)
		}
		for i, p := range parts {
			if strings.HasPrefix(p, "`") {
				parts[i] = strings.Trim(p, "`")
			} else if u, err := strconv.Unquote(p); err == nil {
				parts[i] = u
			}
		}
		run(parts)
	}
}

// TestRead reads JSON text: what comes out, compact, or the exception.
func TestRead(t *testing.T) {
	chunks(t, "testdata/read.txt", 2, func(f []string) {
		th := thread()
		if got := outcome(th, func() string { return json.Text(th, json.Parse(th, f[0]), false) }); got != f[1] {
			t.Errorf("%q:\n got %s\nwant %s", f[0], got, f[1])
		}
	})
}

// TestMakers deserialises text into types.
func TestMakers(t *testing.T) {
	chunks(t, "testdata/deserialize.txt", 3, func(f []string) {
		th := thread()
		to, err := types.ParseType(f[0], table)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(th, func() string { return json.Serialize(th, json.Deserialize(th, f[1], to), false) }); got != f[2] {
			t.Errorf("%s of %q:\n got %s\nwant %s", f[0], f[1], got, f[2])
		}
	})
}

// call runs an instance or static member of a token's type by its name.
func call(t *value.Thread, d *types.Def, this value.Value, name string, args ...value.Value) value.Value {
	for ; d != nil; d = d.Type().Base().Def() {
	members:
		for _, m := range t.Table.Info(d).Named(name) {
			if len(m.Params) != len(args) {
				continue
			}
			for i, a := range args {
				if !value.Is(a, m.Params[i].Type) {
					continue members
				}
			}
			c := t.Borrow()
			c.This, c.Args, c.Owner = this, args, d.Type()
			v := value.RowOf(m).Func(c)
			t.Return(c)
			return v
		}
	}
	panic("no member " + name)
}

// TestPaths selects tokens of a document.
func TestPaths(t *testing.T) {
	doc := ""
	chunks(t, "testdata/path.txt", 2, func(f []string) {
		if f[0] == "document" {
			doc = f[1]
			return
		}
		th := thread()
		got := outcome(th, func() string {
			x := json.Parse(th, doc)
			var out []string
			th.Each(call(th, json.JTokenDef, json.Of(x), "SelectTokens", value.String(f[0])), func(v value.Value) bool {
				out = append(out, json.Text(th, json.TokenOf(v), false))
				return true
			})
			return strings.Join(out, " ")
		})
		if got != f[1] {
			t.Errorf("%q:\n got %s\nwant %s", f[0], got, f[1])
		}
	})
}

// TestTrees follows a tree through changes.
func TestTrees(t *testing.T) {
	th := thread()
	o := json.ParseObject(th, `{"a":{"b":[1,{"c":2}]},"d":null}`)
	inner := o.Get("a").(*json.Object).Get("b").(*json.Array).At(1)
	if got := json.Path(inner); got != "a.b[1]" {
		t.Errorf("path: got %s", got)
	}
	// A token with a parent is added as a copy.
	o.Set(th, "copy", inner)
	inner.(*json.Object).Set(th, "c", json.NewString(th, "x"))
	if got, want := json.Text(th, o, false), `{"a":{"b":[1,{"c":"x"}]},"d":null,"copy":{"c":2}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	clone := json.Clone(th, o)
	if !json.DeepEqual(th, o, clone) {
		t.Error("a clone must equal")
	}
	clone.(*json.Object).Set(th, "d", json.NewString(th, ""))
	if json.DeepEqual(th, o, clone) {
		t.Error("a changed clone must differ")
	}
	for i := range 40 {
		o.Set(th, strconv.Itoa(i), json.NewString(th, "v"))
	}
	if o.Len() != 43 || o.Get("39") == nil || o.Get("40") != nil {
		t.Errorf("a large object has %d properties", o.Len())
	}
	self := json.NewArray(th)
	self.Add(th, json.NewNull(th))
	self.Add(th, self)
	if got := json.Text(th, self, false); got != "[null,[null]]" {
		t.Errorf("an array in itself: got %s", got)
	}
}

// TestWalkEnds changes an array under a walk.
func TestWalkEnds(t *testing.T) {
	th := thread()
	a := json.ParseArray(th, "[1,2]")
	got := outcome(th, func() string {
		th.Each(json.Of(a), func(value.Value) bool { a.Add(th, nil); return true })
		return "no exception"
	})
	if want := "InvalidOperationException: Collection was modified; enumeration operation may not execute."; got != want {
		t.Errorf("got %s", got)
	}
}

// TestBudgets feeds what is large or deep.
func TestBudgets(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for _, c := range []struct {
		name, text string
		memory     int64
		want       string
	}{
		{"deep", deep, 16 << 20, "JsonReaderException: The reader's MaxDepth of 64 has been exceeded. Path '" + strings.Repeat("[0]", 64) + "', line 1, position 65."},
		{"many", "[" + strings.Repeat("0,", 2<<20) + "0]", 16 << 20, value.ErrMemory.Error()},
		{"objects", "[" + strings.Repeat("{},", 1<<20) + "0]", 16 << 20, value.ErrMemory.Error()},
		{"escapes", `"` + strings.Repeat(`\u0041`, 4<<20) + `"`, 1 << 20, value.ErrMemory.Error()},
	} {
		th := thread()
		th.Reset(context.Background(), value.Limits{Memory: c.memory})
		if got := outcome(th, func() string { json.Parse(th, c.text); return "parsed" }); got != c.want {
			t.Errorf("%s: got %.200s", c.name, got)
		}
	}
	th := thread()
	th.Reset(context.Background(), value.Limits{Memory: 1 << 20})
	if got := outcome(th, func() string {
		return json.Text(th, json.NewString(th, strings.Repeat("\x00", 1<<20)), false)
	}); got != value.ErrMemory.Error() {
		t.Errorf("writing beyond the budget: got %.100s", got)
	}
}

func TestNamesOfLargeText(t *testing.T) {
	th := thread()
	line := strings.Repeat("é", 50_000)
	got := outcome(th, func() string { json.Parse(th, `["`+line+`",!`); return "" })
	if want := "JsonReaderException: Unexpected character encountered while parsing value: !. Path '[0]', line 1, position 50004."; got != want {
		t.Errorf("got %s", got)
	}
}

// TestMovesCount empties a large array from its start, which moves all the rest
// each time.
func TestMovesCount(t *testing.T) {
	th := thread()
	a := json.ParseArray(th, "["+strings.Repeat("0,", 200_000)+"0]")
	th.Reset(context.Background(), value.Limits{Steps: 10_000_000})
	got := outcome(th, func() string {
		for a.Len() > 0 {
			call(th, json.JArrayDef, json.Of(a), "RemoveAt", value.Int(0))
		}
		return "emptied"
	})
	if got != value.ErrSteps.Error() {
		t.Errorf("got %s", got)
	}
}
