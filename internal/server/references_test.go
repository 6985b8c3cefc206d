package server

import (
	"slices"
	"strings"
	"testing"
)

// What uses a named value, a fragment or a backend is found wherever it stands.
func TestReferences(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	put := func(at, body string) { r.call("PUT", at, body, "If-Match", "*").want(t, 201) }
	put("/namedValues/n", properties("displayName", "Region-One", "value", "one"))
	put("/namedValues/unused", properties("displayName", "unused", "value", "x"))
	put("/backends/b1", properties("url", "http://127.0.0.1:1/{{ region-one }}", "protocol", "http"))
	put("/backends/b2", properties("url", "http://127.0.0.1:1", "protocol", "http"))
	put("/backends/b3", properties("url", "http://127.0.0.1:1", "protocol", "http"))
	put("/policyFragments/f", properties("value", `<fragment><set-header name="x-{{Region-One}}"><value>a</value></set-header></fragment>`, "format", "rawxml"))
	put("/apis/a", properties("displayName", "a", "path", "a", "serviceUrl", "http://127.0.0.1:1/{{region-one}}"))
	put("/apis/a/operations/o", properties("displayName", "o", "method", "GET", "urlTemplate", "/"))
	put("/apis/a/operations/o/policies/policy", properties("value", `<policies><inbound><set-backend-service backend-id="@(context.Variables.ContainsKey("x") ? "b2" : "b1")" /></inbound><backend /><outbound><set-body>@("b3x" + "{{region-one}}")</set-body></outbound></policies>`, "format", "rawxml"))
	put("/apis/a/policies/policy", properties("value", `<policies><inbound><include-fragment fragment-id="F" /><set-backend-service backend-id="B1" /></inbound></policies>`, "format", "rawxml"))
	for at, want := range map[string]string{
		"/namedValues/n":      "policyFragments/f apis/a operations/o/policies/policy backends/b1",
		"/namedValues/unused": "",
		"/policyFragments/f":  "apis/a/policies/policy",
		"/backends/b1":        "apis/a/policies/policy operations/o/policies/policy",
		"/backends/b2":        "operations/o/policies/policy",
		"/backends/b3":        "",
	} {
		got := r.call("POST", at+"/listReferences", "")
		got.want(t, 200)
		var ids []string
		list, _ := got.at("value").([]any)
		for _, x := range list {
			ids = append(ids, x.(map[string]any)["id"].(string))
		}
		wanted := strings.Fields(want)
		if len(ids) != len(wanted) || !slices.EqualFunc(ids, wanted, strings.HasSuffix) {
			t.Errorf("%s: %v, want %v", at, ids, wanted)
		}
	}
}
