package contextvar

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// thread is an evaluation without an expression: tests call rows themselves.
func thread(t *testing.T) *value.Thread {
	t.Helper()
	table, err := value.NewTable(Members(), bcl.Members())
	if err != nil {
		t.Fatal(err)
	}
	th := &value.Thread{Table: table, Now: func() time.Time { return received.Add(1500 * time.Millisecond) }, Rand: func() uint64 { return 7 }}
	th.Reset(context.Background(), value.Limits{})
	return th
}

var received = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// call calls a member by its name on a receiver, with type arguments.
func call(t *testing.T, th *value.Thread, this value.Value, name string, of []*types.Type, args ...value.Value) (result value.Value, out []value.Value, err error) {
	t.Helper()
	info := th.Table.Info(this.Type().Def())
	members := info.Named(name)
	if len(members) != 1 {
		t.Fatalf("%s has %d members %s", this.Type(), len(members), name)
	}
	m := members[0]
	for i := len(args); i < len(m.Params); i++ {
		args = append(args, value.Null)
	}
	c := th.Borrow()
	c.This, c.Args, c.Types, c.Owner = this, args, of, m.Owner
	err = th.Run(func() { result = value.RowOf(m).Func(c) })
	return result, args, err
}

// get reads a chain of properties.
func get(t *testing.T, th *value.Thread, v value.Value, names ...string) value.Value {
	t.Helper()
	for _, n := range names {
		next, _, err := call(t, th, v, n, nil)
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		v = next
	}
	return v
}

func sample() *exchange.Exchange {
	limit := 5
	original, _ := exchange.ParseURL("https://contoso.azure-api.net/openai-test/openai?api-version=1&tag=a&TAG=b%20c&empty=&+x=%e2%82%ac%ff")
	url, _ := exchange.ParseURL("https://eastus.example:8443/openai?a=1")
	x := &exchange.Exchange{
		ID: exchange.GUID{0x0f, 0x8f, 0xad, 0x5b}, Received: received, ClientIP: "203.0.113.7",
		Original:     exchange.Request{Method: "GET", URL: original},
		Request:      exchange.Request{Method: "POST", URL: url, Body: exchange.BufferedBody([]byte(`{"a":1}`))},
		API:          &apim.API{Resource: apim.Resource{Name: "api;rev=2"}, DisplayName: "My API", Path: "openai-test", ServiceURL: "https://eastus.example/openai", Protocols: []apim.Protocol{apim.HTTPS}, Revision: "2"},
		Product:      &apim.Product{Resource: apim.Resource{Name: "p"}, State: apim.Published, SubscriptionsLimit: &limit, Groups: []apim.Link{{Target: "/groups/developers"}}},
		Subscription: &apim.Subscription{Resource: apim.Resource{Name: "s"}, PrimaryKey: "k1", StartDate: received},
		Parameters:   []exchange.Parameter{{Name: "Id", Value: "1"}},
		Variables:    map[string]value.Value{"n": value.Int(7), "s": value.String("x"), "nil": value.Null},
	}
	x.Key = "k1"
	x.Request.Header = exchange.Header{{Name: "Accept", Value: "a"}, {Name: "X-One", Value: "1"}, {Name: "accept", Value: "b"}}
	x.Service = &apim.Service{}
	x.Service.Groups = []*apim.Group{{Resource: apim.Resource{Name: "developers"}, DisplayName: "Developers"}}
	return x
}

func TestProperties(t *testing.T) {
	th, x := thread(t), sample()
	o := Of(x)
	for _, c := range []struct {
		want string
		path []string
	}{
		{"0f8fad5b-0000-0000-0000-000000000000", []string{"RequestId"}},
		{"False", []string{"Tracing"}},
		{"00:00:01.5000000", []string{"Elapsed"}},
		{"api", []string{"Api", "Id"}},
		{"2", []string{"Api", "Revision"}},
		{"My API", []string{"Api", "Name"}},
		{"/openai", []string{"Api", "ServiceUrl", "Path"}},
		{"443", []string{"Api", "ServiceUrl", "Port"}},
		{"Published", []string{"Product", "State"}},
		{"5", []string{"Product", "SubscriptionLimit"}},
		{"k1", []string{"Subscription", "Key"}},
		{"01/02/2026 03:04:05", []string{"Subscription", "StartDate"}},
		{"", []string{"Subscription", "EndDate"}},
		{"POST", []string{"Request", "Method"}},
		{"203.0.113.7", []string{"Request", "IpAddress"}},
		{"eastus.example", []string{"Request", "Url", "Host"}},
		{"8443", []string{"Request", "Url", "Port"}},
		{"?a=1", []string{"Request", "Url", "QueryString"}},
		{"/openai-test/openai", []string{"Request", "OriginalUrl", "Path"}},
		{"4", []string{"Request", "OriginalUrl", "Query", "Count"}},
		{"managed", []string{"Deployment", "Gateway", "Id"}},
		{"", []string{"Deployment", "Region"}},
		{"", []string{"User"}},
		{"", []string{"Operation"}},
		{"", []string{"Response"}},
		{"", []string{"LastError"}},
		{"", []string{"Backend"}},
	} {
		if got := th.ToString(get(t, th, o, c.path...)); got != c.want {
			t.Errorf("%v = %q, want %q", c.path, got, c.want)
		}
	}
	if !value.Same(o, Of(x)) || !value.Same(get(t, th, o, "Api"), get(t, th, o, "Api")) {
		t.Error("reading twice gives two objects")
	}
	groups := th.Slice(get(t, th, o, "Product", "Groups"))
	if len(groups) != 1 || get(t, th, groups[0], "Name").Str() != "Developers" {
		t.Errorf("groups: %v", groups)
	}
}

func TestTheObjectFollowsTheExchange(t *testing.T) {
	th, x := thread(t), sample()
	o := Of(x)
	x.Response = &exchange.Response{Status: 429, Body: exchange.NoBody()}
	first := get(t, th, o, "Response")
	if get(t, th, first, "StatusCode").Int() != 429 || get(t, th, first, "StatusReason").Str() != "Too Many Requests" || !get(t, th, first, "Body").IsNull() {
		t.Error("the first response")
	}
	x.Response = &exchange.Response{Status: 200, Reason: "Fine", Body: exchange.NoBody()}
	if get(t, th, o, "Response", "StatusReason").Str() != "Fine" || get(t, th, first, "StatusCode").Int() != 429 {
		t.Error("the second response")
	}
	x.Request.Method = "PUT"
	x.Request.URL.Query = "b=2"
	x.LastError = &exchange.Error{Source: "s", Message: "m", Status: 500}
	if get(t, th, o, "Request", "Method").Str() != "PUT" || get(t, th, o, "LastError", "HttpErrorCode").Int() != 500 || !get(t, th, o, "LastError", "Reason").IsNull() {
		t.Error("method or error")
	}
	if v, _, _ := call(t, th, get(t, th, o, "Request", "Url", "Query"), "GetValueOrDefault", nil, value.String("B")); v.Str() != "2" {
		t.Errorf("query: %q", v.Str())
	}
}

func exception(err error) string {
	var e *value.Exception
	if errors.As(err, &e) {
		return e.Error()
	}
	return ""
}

func TestDictionaries(t *testing.T) {
	th, x := thread(t), sample()
	o := Of(x)
	headers, query, parameters, vars := get(t, th, o, "Request", "Headers"), get(t, th, o, "Request", "OriginalUrl", "Query"), get(t, th, o, "Request", "MatchedParameters"), get(t, th, o, "Variables")
	str := value.String
	for _, c := range []struct {
		name, member string
		this         value.Value
		of           []*types.Type
		args         []value.Value
		want         string
		throws       string
	}{
		{"joined", "GetValueOrDefault", headers, nil, []value.Value{str("ACCEPT")}, "a,b", ""},
		{"single", "GetValueOrDefault", headers, nil, []value.Value{str("x-one"), str("d")}, "1", ""},
		{"absent", "GetValueOrDefault", headers, nil, []value.Value{str("no"), str("d")}, "d", ""},
		{"null name", "GetValueOrDefault", headers, nil, []value.Value{value.Null}, "", "System.ArgumentNullException: Value cannot be null. (Parameter 'key')"},
		{"index", "this[]", headers, nil, []value.Value{str("accept")}, "System.String[]", ""},
		{"missing", "this[]", headers, nil, []value.Value{str("No")}, "", "System.Collections.Generic.KeyNotFoundException: The given key 'No' was not present in the dictionary."},
		{"contains", "ContainsKey", headers, nil, []value.Value{str("x-ONE")}, "True", ""},
		{"count", "Count", headers, nil, nil, "2", ""},
		{"query", "GetValueOrDefault", query, nil, []value.Value{str("tag")}, "a,b c", ""},
		{"query without value", "GetValueOrDefault", query, nil, []value.Value{str("empty"), str("d")}, "", ""},
		{"query with bad escapes", "GetValueOrDefault", query, nil, []value.Value{str("+x")}, "€%ff", ""},
		{"parameter", "this[]", parameters, nil, []value.Value{str("ID")}, "1", ""},
		{"no parameter", "this[]", parameters, nil, []value.Value{str("x")}, "", "System.Collections.Generic.KeyNotFoundException: The given key 'x' was not present in the dictionary."},
		{"variable", "this[]", vars, nil, []value.Value{str("n")}, "7", ""},
		{"no variable", "this[]", vars, nil, []value.Value{str("N")}, "", ""},
		{"null variable name", "this[]", vars, nil, []value.Value{value.Null}, "", "System.ArgumentNullException: Value cannot be null. (Parameter 'key')"},
		{"typed", "GetValueOrDefault", vars, []*types.Type{types.Int32}, []value.Value{str("n"), value.Int(1)}, "7", ""},
		{"typed default", "GetValueOrDefault", vars, []*types.Type{types.Int32}, []value.Value{str("x"), value.Int(1)}, "1", ""},
		{"wrong type", "GetValueOrDefault", vars, []*types.Type{types.Int32}, []value.Value{str("s"), value.Int(1)}, "", "System.InvalidCastException: Unable to cast object of type 'System.String' to type 'System.Int32'."},
		{"null as int", "GetValueOrDefault", vars, []*types.Type{types.Int32}, []value.Value{str("nil"), value.Int(1)}, "", "System.NullReferenceException: Object reference not set to an instance of an object."},
	} {
		got, _, err := call(t, th, c.this, c.member, c.of, c.args...)
		if th.ToString(got) != c.want || exception(err) != c.throws {
			t.Errorf("%s: %q, %v", c.name, th.ToString(got), err)
		}
	}
	if found, out, _ := call(t, th, vars, "TryGetValue", nil, str("s"), value.Null); !found.Bool() || out[1].Str() != "x" {
		t.Error("TryGetValue")
	}
	var seen string
	th.Each(headers, func(v value.Value) bool { seen += th.ToString(v) + ";"; return true })
	if seen != "[Accept, System.String[]];[X-One, System.String[]];" {
		t.Errorf("walk: %s", seen)
	}
}

func TestBodies(t *testing.T) {
	th, x := thread(t), sample()
	o := Of(x)
	asString := func(preserve bool) (string, error) {
		v, _, err := call(t, th, get(t, th, o, "Request", "Body"), "As", []*types.Type{types.String}, value.Bool(preserve))
		return v.Str(), err
	}
	for range 2 {
		if s, err := asString(true); s != `{"a":1}` || err != nil {
			t.Errorf("preserved: %q, %v", s, err)
		}
	}
	if s, err := asString(false); s != `{"a":1}` || err != nil {
		t.Errorf("used up: %q, %v", s, err)
	}
	if _, err := asString(true); exception(err) != "System.InvalidOperationException: The body has already been read." {
		t.Errorf("read again: %v", err)
	}
	x.Request.Body = exchange.BufferedBody([]byte("a=1&b=x%20y&a=%e4+z&c"))
	form, _, err := call(t, th, get(t, th, o, "Request", "Body"), "AsFormUrlEncodedContent", nil, value.True)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	form.Object().(*value.Dictionary).Each(func(k, v value.Value) bool {
		got += k.Str() + "="
		for _, s := range th.Slice(v) {
			got += s.Str() + ","
		}
		got += ";"
		return true
	})
	if got != "a=1,\ufffd z,;b=x y,;c=,;" {
		t.Errorf("form: %s", got)
	}
	for _, none := range []*exchange.Body{nil, exchange.NoBody(), exchange.BufferedBody(nil)} {
		x.Request.Body = none
		if !get(t, th, o, "Request", "Body").IsNull() {
			t.Errorf("a body of kind %v and length 0 is not null", none.Kind())
		}
	}
	x.Request.Body = exchange.BufferedBody([]byte("x"))
	if _, _, err := call(t, th, get(t, th, o, "Request", "Body"), "As", []*types.Type{types.Int32}, value.False); exception(err) != "System.NotSupportedException: The type 'System.Int32' is not supported." {
		t.Errorf("As<int>: %v", err)
	}
}

func TestBodyText(t *testing.T) {
	for _, c := range []struct{ bytes, contentType, want string }{
		{"é", "application/json", "é"},
		{"\xef\xbb\xbfé", "text/plain; charset=iso-8859-1", "é"},
		{"\xe9", "text/plain; charset=ISO-8859-1", "é"},
		{"\xff\xfea\x00\x3d\xd8\x00\xde", "", "a😀"},
		{"\xfe\xff\x00a", "", "a"},
		{"a\x00b\x00", "text/plain; charset=\"utf-16\"", "ab"},
		{"\x00a", "text/plain; charset=utf-16be", "a"},
		{"a\x00b", "text/plain; charset=utf-16le", "a\ufffd"},
		{"\xff\xfe\x00\x00a\x00\x00\x00", "text/plain; charset=utf-16", "a"},
		{"\xe9", "text/plain; charset=us-ascii", "\ufffd"},
		{"a\xe2\x82b\xff\xf0\x9f\x98", "", "a\ufffdb\ufffd\ufffd"},
		{"\xed\xa0\x80", "", "\ufffd\ufffd\ufffd"},
	} {
		if got := decode([]byte(c.bytes), c.contentType); got != c.want {
			t.Errorf("%q as %s = %q, want %q", c.bytes, c.contentType, got, c.want)
		}
	}
}

func TestBasic(t *testing.T) {
	th := thread(t)
	for header, want := range map[string]string{
		"Basic dXNlcjpwYXNz": "user/pass", "basic  dXNlcjpwYTpzcw==": "user/pa:ss", "Basic dXNlcg==": "", "Bearer x": "", "Basic !": "", "Basic 6Tpl": "é/e", "Basic ": "",
	} {
		v := asBasic(header)
		got := ""
		if !v.IsNull() {
			got = get(t, th, v, "UserId").Str() + "/" + get(t, th, v, "Password").Str()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func BenchmarkStatusCode(b *testing.B) {
	x := sample()
	x.Response = &exchange.Response{Status: 429, Body: exchange.NoBody()}
	o := Of(x).Object().(*object)
	b.ReportAllocs()
	for b.Loop() {
		if o.currentResponse().Object().(*response).r.Status != 429 {
			b.Fatal("status")
		}
	}
}
