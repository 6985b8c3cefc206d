package casefile

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/contextvar"
)

func thread(t *testing.T) *value.Thread {
	t.Helper()
	table, err := value.NewTable(contextvar.Members(), bcl.Members())
	if err != nil {
		t.Fatal(err)
	}
	th := &value.Thread{Table: table}
	th.Reset(context.Background(), value.Limits{})
	return th
}

const small = `{"chat": {"RequestId": "0f8fad5b-d9cb-469f-a165-70867728950e", "Timestamp": "2026-01-02T03:04:05.678Z", "ElapsedMs": 1500,
 "Tracing": true, "Api": {"Id": "a", "ServiceUrl": "https://x.example/y", "Protocols": ["https"]}, "Product": {"Id": "p", "State": "NotPublished", "SubscriptionsLimit": null, "Groups": [{"Id": "g", "Name": "G"}]},
 "Subscription": {"Id": "s", "Key": "k", "EndDate": null}, "LastError": null, "Backend": {"Id": "b", "Type": "Pool"},
 "Request": {"Method": "POST", "OriginalUrl": "https://c.example/a?x=1", "Url": "https://x.example/y/a?x=1", "IpAddress": "203.0.113.7",
  "MatchedParameters": {"m": "1", "none": null}, "Headers": {"A": ["1", "2"], "B": null}, "Body": "text"},
 "Response": {"StatusCode": 429, "StatusReason": "Too Many", "Headers": {}, "Body": null},
 "Variables": {"i": {"type": "int", "value": 7}, "s": {"type": "string?", "value": "x"}, "n": {"type": "long?", "value": null}}}}`

func TestBuild(t *testing.T) {
	c, err := ReadContexts("c.json", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	k, err := ReadCase([]byte(`{"id": "a/1", "expr": "@(1)", "patch": {"Request": {"Method": "PUT", "Headers": {"B": ["3"], "A": null}}},
	 "vars": {"s": {"type": "byte", "value": 255}, "ul": {"type": "ulong", "value": 18446744073709551615}, "c": {"type": "char", "value": "é"}, "f": {"type": "float", "value": 0.1},
	  "a": {"type": "int[]", "value": [1, 2]}, "l": {"type": "List<object>", "value": [{"type": "bool", "value": true}, {"type": "null", "value": null}]},
	  "d": {"type": "Dictionary<string,string[]>", "value": {"k": ["v", null]}}, "dt": {"type": "DateTime", "value": "2026-01-02T03:04:05"}, "z": {"type": "DateTime", "value": "2026-01-02T03:04:05Z"},
	  "ts": {"type": "TimeSpan", "value": "1.02:03:04"}, "g": {"type": "Guid", "value": "0f8fad5b-d9cb-469f-a165-70867728950e"}, "b": {"type": "byte[]", "value": "AQI="},
	  "r": {"type": "response", "value": {"StatusCode": 200, "StatusReason": "OK", "Headers": {"X": ["1"]}, "Body": "b"}},
	  "ba": {"type": "BasicAuthCredentials", "value": {"UserId": "u", "Password": null}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	th := thread(t)
	w, err := c.Build(th, k)
	if err != nil {
		t.Fatal(err)
	}
	x := w.Exchange
	if x.Request.Method != "PUT" || x.Request.Header.Has("A") || x.Request.Header.Get("b") != "3" || string(x.Request.Body.Bytes()) != "text" {
		t.Errorf("request: %+v", x.Request)
	}
	if w.Now().Sub(x.Received) != 1500*time.Millisecond || !x.Trace.On() || x.Key != "k" || len(x.Parameters) != 1 || x.Backend.ID != "b" || x.Response.Status != 429 {
		t.Errorf("exchange: %+v", x)
	}
	for name, want := range map[string]string{
		"i": "System.Int32 7", "s": "System.Byte 255", "n": "null ", "ul": "System.UInt64 18446744073709551615", "c": "System.Char é", "f": "System.Single 0.1",
		"a": "System.Int32[] System.Int32[]", "l": "System.Collections.Generic.List<System.Object> System.Collections.Generic.List`1[System.Object]",
		"d":  "System.Collections.Generic.Dictionary<System.String, System.String[]> System.Collections.Generic.Dictionary`2[System.String,System.String[]]",
		"dt": "System.DateTime 01/02/2026 03:04:05", "z": "System.DateTime 01/02/2026 03:04:05", "ts": "System.TimeSpan 1.02:03:04", "g": "System.Guid 0f8fad5b-d9cb-469f-a165-70867728950e",
		"b": "System.Byte[] AQI=", "r": "Apim.Gateway.Response Apim.Gateway.Response", "ba": "Apim.BasicAuthCredentials Apim.BasicAuthCredentials",
	} {
		a := Returned(th, name, x.Variables[name], func(*value.Thread, value.Value) string { return "" })
		text := ""
		if a.Text != nil {
			text = *a.Text
		}
		if got := a.Type + " " + text; got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	other, err := c.Build(th, Case{Context: "chat"})
	if err != nil || other.Exchange.Request.Method != "POST" || other.Exchange == x {
		t.Errorf("a patch reached the next case: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	c, err := ReadContexts("c.json", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		`{"id": "1", "expr": "@(1)", "ctx": "none"}`:                                        "case 1: no context is called none",
		`{"id": "1", "expr": "@(1)", "vars": {"v": {"type": "Bogus", "value": 1}}}`:         `case 1: case:1:43: unknown type "Bogus" of a value`,
		`{"id": "1", "expr": "@(1)", "vars": {"v": {"type": "int", "value": 1.5}}}`:         `case 1: case:1:68: "1.5" is no integer`,
		`{"id": "1", "expr": "@(1)", "vars": {"v": {"type": "TimeSpan", "value": "soon"}}}`: "case 1: System.FormatException: String 'soon' was not recognized as a valid TimeSpan.",
		`{"id": "1"}`: "case 1 has no expr",
		`[1]`:         "case: an array where an object is wanted",
		`{"id": }`:    "case:1:8: expected a value, found '}'",
	} {
		k, err := ReadCase([]byte(line))
		if err == nil {
			_, err = c.Build(thread(t), k)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

func TestAnswerLines(t *testing.T) {
	th := thread(t)
	plain := func(*value.Thread, value.Value) string { return `"x"` }
	inner := value.NewException(value.ArgumentException, "why")
	outer := value.NewException(value.InvalidOperationException, "a \"b\"\n")
	outer.Inner = inner
	for _, c := range []struct {
		answer Answer
		want   string
	}{
		{Returned(th, "a", value.Null, plain), `{"id": "a", "type": "null"}`},
		{Returned(th, "a", value.String("é<\x01\xed\xa0\xbd"), plain), `{"id": "a", "type": "System.String", "text": "é<\u0001\ud83d", "json": "\"x\""}`},
		{Returned(th, "a", value.Lazy(types.IEnumerableT.Of(types.Int32), nil), func(t *value.Thread, _ value.Value) string {
			t.Throw(value.FormatException, "no")
			return ""
		}), `{"id": "a", "type": "System.Collections.Generic.IEnumerable<System.Int32>", "jsonError": "System.FormatException"}`},
		{Ended("a", outer), `{"id": "a", "throws": "System.InvalidOperationException", "message": "a \"b\"\n", "inner": "System.ArgumentException", "innerMessage": "why"}`},
		{Ended("a", value.ErrSteps), `{"id": "a", "stopped": "the expression took too many steps"}`},
		{Answer{ID: "a", Compile: []Refusal{{"CS0161", 0, 0, "m"}, {"CS0103", 2, 7, "n"}}}, `{"id": "a", "compile": [{"code": "CS0161", "line": null, "column": null, "message": "m"}, {"code": "CS0103", "line": 2, "column": 7, "message": "n"}]}`},
	} {
		got := string(c.answer.Line())
		if got != c.want+"\n" {
			t.Errorf("got %swant %s", got, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("no JSON: %s", got)
		}
	}
}

// TestOracleCasesCanBeRead reads every recorded case.
func TestOracleCasesCanBeRead(t *testing.T) {
	files, err := filepath.Glob("../../expr/testdata/oracle/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded cases: %v", err)
	}
	n := 0
	for _, file := range files {
		if base := filepath.Base(file); base == "xmljson.jsonl.gz" {
			continue // conversions, not expressions
		}
		for _, line := range bytes.Split(unzip(t, file), []byte("\n")) {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			k, err := ReadCase(line)
			if err != nil || k.ID == "" {
				t.Errorf("%s: %v", file, err)
			}
			n++
		}
	}
	if n < 12000 {
		t.Errorf("only %d cases", n)
	}
}

func unzip(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
