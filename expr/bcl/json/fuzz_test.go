package json_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/bcl/json"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// bounded is a thread that a fuzzed input cannot keep busy.
func bounded() *value.Thread {
	t := thread()
	t.Reset(context.Background(), value.Limits{Steps: 1 << 20, Memory: 64 << 20, Deadline: time.Now().Add(10 * time.Second)})
	return t
}

// FuzzRead reads text: what it prints reads back as the same tokens.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x\u00e9",null,true],'b':{c:0x1F}}`, `[/*c*/1,,new Date(5),NaN,-Infinity]`, `"2026-01-02T03:04:05.6789+02:00"`, `{"a":1,"a":2}`, `12345678901234567890`, "[\"\\ud83d\\ude00\"]//x\n", `{"$id":"1"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = value.FromUnits(value.Units(s))
		th := bounded()
		var x json.Token
		if th.Run(func() { x = json.Parse(th, s) }) != nil {
			return
		}
		for _, indented := range []bool{false, true} {
			var text string
			var y json.Token
			if err := th.Run(func() { text = json.Text(th, x, indented); y = json.Parse(th, text) }); err != nil {
				// A comment, an undefined or a constructor may print as what does not read.
				if strings.Contains(text, "/*") || strings.Contains(text, "new ") {
					return
				}
				t.Fatalf("%q printed as %q: %v", s, text, err)
			}
			// A comment to the end of the line may hold the end of another comment.
			if again := json.Text(th, y, indented); again != text && !strings.Contains(text, "/*") {
				t.Errorf("%q printed as %q, then as %q", s, text, again)
			}
		}
		clone := json.Clone(th, x)
		if !json.DeepEqual(th, x, clone) && !strings.Contains(json.Text(th, x, false), "NaN") {
			t.Errorf("%q differs from its clone", s)
		}
	})
}

// FuzzMake deserialises text into some types.
func FuzzMake(f *testing.F) {
	kinds := []string{"object", "int", "string", "List<int>", "Dictionary<string, object>", "(int, string)", "byte[]", "DateTime", "bool", "decimal?", "JArray", "int[,]"}
	for i, s := range []string{`{"a":1}`, `"5"`, `[1,2]`, `{"Item1":1}`, `true`, `[[1,2],[3,4]]`, `"AQI="`, `null`} {
		f.Add(s, uint8(i))
	}
	f.Fuzz(func(_ *testing.T, s string, k uint8) {
		s = value.FromUnits(value.Units(s))
		th := bounded()
		to, err := types.ParseType(kinds[int(k)%len(kinds)], table)
		if err != nil {
			panic(err)
		}
		_ = th.Run(func() { json.Serialize(th, json.Deserialize(th, s, to), true) })
	})
}

// FuzzPath selects by any path.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"$.a[0]", "$..b", "a[?(@.c > 1 && @.d == 'x')]", "[1:-1:2]", "['a','b']", "..[?(@.a =~ /x/i)]", "$[*]", "a..", "[?(@"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		s = value.FromUnits(value.Units(s))
		th := bounded()
		_ = th.Run(func() {
			x := json.Parse(th, `{"a":[{"c":2,"d":"x"},{"c":0}],"b":{"b":[1,[2,[3]]]}}`)
			th.Each(call(th, json.JTokenDef, json.Of(x), "SelectTokens", value.String(s)), func(value.Value) bool { return true })
		})
	})
}

var body = `{"model":"gpt-4o","stream":true,"temperature":0.7,"max_tokens":800,"messages":[` + strings.Repeat(`{"role":"user","content":"Tell me about the Azure OpenAI Service, and about \"quotes\" too."},`, 20) + `{"role":"assistant","content":null}]}`

func BenchmarkParse(b *testing.B) {
	th := thread()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		th.Reset(context.Background(), value.Limits{})
		json.ParseObject(th, body)
	}
}

func BenchmarkParseNumbers(b *testing.B) {
	th := thread()
	text := "[" + strings.Repeat("0.0123456,", 20_000) + "1]"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		th.Reset(context.Background(), value.Limits{})
		json.ParseArray(th, text)
	}
}

func BenchmarkWrite(b *testing.B) {
	th := thread()
	x := json.ParseObject(th, body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		th.Reset(context.Background(), value.Limits{})
		json.Text(th, x, false)
	}
}

func BenchmarkClone(b *testing.B) {
	th := thread()
	x := json.ParseObject(th, body)
	b.ReportAllocs()
	for b.Loop() {
		th.Reset(context.Background(), value.Limits{})
		json.Clone(th, x)
	}
}

func BenchmarkGet(b *testing.B) {
	th := thread()
	x := json.ParseObject(th, body)
	b.ReportAllocs()
	for b.Loop() {
		if x.Get("messages") == nil {
			b.Fatal("no messages")
		}
	}
}
