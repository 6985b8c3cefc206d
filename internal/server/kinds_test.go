package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
)

// TestKinds takes each type of resource through its life: made, seen, listed,
// changed, replaced by what was read, found after a restart, removed.
func TestKinds(t *testing.T) {
	r := emptyService(t)
	const logger = `"loggerId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/loggers/l"`
	cases := []struct {
		path, body string
		shows      []string
		patch      string
		linked     bool // no tag
	}{
		{"/tags/t", properties("displayName", "T"), []string{`"type":"Microsoft.ApiManagement/service/tags"`}, properties("displayName", "U"), false},
		{"/groups/g", properties("displayName", "G"), []string{`"builtIn":false`}, properties("description", "words"), false},
		{"/users/u", properties("email", "u@example.com", "firstName", "U", "lastName", "V"), nil, properties("note", "words"), false},
		{"/caches/default", properties("connectionString", "host:6379", "useFromLocation", "default"), nil, properties("description", "words"), false},
		{"/apiVersionSets/v", properties("displayName", "V", "versioningScheme", "query", "versionQueryName", "v"), []string{`"versioningScheme":"Query"`}, properties("description", "words"), false},
		{"/loggers/l", properties("loggerType", "applicationInsights", "credentials", map[string]any{"instrumentationKey": "{{ik}}"}), []string{`"isBuffered":true`}, properties("description", "words"), false},
		{"/diagnostics/applicationinsights", properties("loggerId", "/loggers/l", "largeLanguageModel", map[string]any{"logs": "enabled"}), []string{logger, "largeLanguageModel"}, properties("logClientIp", true), false},
		{"/namedValues/nv", properties("displayName", "nv", "value", "x", "tags", []string{"a"}), []string{`"value":"x"`, `"provisioningState":"Succeeded"`}, properties("value", "y"), false},
		{"/backends/b", properties("url", "https://b.example", "protocol", "http", "circuitBreaker", map[string]any{"rules": []any{}}, "somethingNew", map[string]any{"a": 1}), []string{`"type":"Single"`, `"somethingNew"`, `"validateCertificateChain":true`}, properties("title", "words"), false},
		{"/apis/a", properties("path", "a", "displayName", "A", "subscriptionKeyParameterNames", map[string]any{"header": "api-key"}), []string{`"isCurrent":true`, `"query":"subscription-key"`, `"protocols":["https"]`}, properties("description", "words"), false},
		{"/apis/a/operations/o", properties("displayName", "O", "method", "get", "urlTemplate", "/x/{id}"), []string{`"method":"GET"`, `"name":"id"`}, properties("description", "words"), false},
		{"/apis/a/diagnostics/applicationinsights", properties("loggerId", "l"), []string{logger}, properties("verbosity", "error"), false},
		{"/apis/a/schemas/s", properties("contentType", "application/vnd.oai.openapi.components+json", "document", map[string]any{"components": map[string]any{"schemas": map[string]any{"x": map[string]any{"type": "object"}}}}), []string{`"provisioningState":"Succeeded"`, `"schemas":{"x":{"type":"object"}}`}, "", false},
		{"/apis/a/tags/t", "", []string{`"displayName":"U"`}, "", true},
		{"/apis/a/operations/o/tags/t", "", nil, "", true},
		{"/products/p", properties("displayName", "P", "state", "published"), []string{`"subscriptionRequired":true`}, properties("terms", "words"), false},
		{"/products/p/apiLinks/link", properties("apiId", "/apis/a"), []string{`/service/svc/apis/a"`}, "", true},
		{"/products/p/groups/developers", "", []string{`"Developers"`}, "", true},
		{"/products/p/tags/t", "", nil, "", true},
		{"/products/p/policies/policy", properties("value", "<policies><inbound><base /></inbound></policies>"), []string{`"format":"xml"`}, "", false},
		{"/policyFragments/f", properties("value", "<fragment><set-variable name=\"a\" value=\"b\" /></fragment>", "description", "words"), []string{`"description":"words"`, `"provisioningState"`}, "", false},
		{"/subscriptions/s", properties("displayName", "S", "scope", "/products/p", "primaryKey", "planted-primary-key"), []string{`"state":"active"`, `/products/p"`, `"createdDate"`}, properties("displayName", "S2"), false},
		{"/gateways/gw", properties("locationData", map[string]any{"name": "here"}), nil, properties("description", "words"), false},
		{"/gateways/gw/apis/a", "", nil, "", true},
		{"/workspaces/w", properties("displayName", "W"), nil, properties("description", "words"), false},
		{"/workspaces/w/namedValues/nv", properties("displayName", "nv", "value", "planted-workspace-secret", "secret", true), []string{"/workspaces/w/namedValues/nv"}, "", false},
	}
	for _, c := range cases {
		r.call("GET", c.path, "").want(t, 404, "ResourceNotFound")
		got := r.call("PUT", c.path, c.body)
		got.want(t, 201, c.shows...)
		seen := r.call("GET", c.path, "")
		seen.want(t, 200, c.shows...)
		if strings.Contains(got.text+seen.text, "planted") {
			t.Errorf("%s shows a secret: %s", c.path, seen.text)
		}
		tag := seen.header.Get("ETag")
		if (tag == "") != c.linked {
			t.Errorf("%s has the tag %q", c.path, tag)
		}
		if head := r.call("HEAD", c.path, ""); head.status != 200 && head.status != 204 || head.header.Get("ETag") != tag {
			t.Errorf("HEAD %s: %d %v", c.path, head.status, head.header)
		}
		collection := c.path[:strings.LastIndex(c.path, "/")]
		name := c.path[len(collection)+1:]
		r.call("GET", collection, "").want(t, 200, `"name":"`+name+`"`)
		if c.patch != "" {
			r.call("PATCH", c.path, c.patch).want(t, 428)
			r.call("PATCH", c.path, c.patch, "If-Match", `"other"`).want(t, 412)
			changed := r.call("PATCH", c.path, c.patch, "If-Match", tag)
			changed.want(t, 200)
			if changed.header.Get("ETag") == tag {
				t.Errorf("PATCH of %s leaves the tag", c.path)
			}
			seen = r.call("GET", c.path, "")
		}
		if !c.linked {
			// What was read may be written back, and says the same.
			r.call("PUT", c.path, seen.text, "If-Match", seen.header.Get("ETag")).want(t, 200)
			if again := r.call("GET", c.path, ""); again.text != seen.text || again.header.Get("ETag") != seen.header.Get("ETag") {
				t.Errorf("%s written back:\n%s\n%s", c.path, again.text, seen.text)
			}
		}
	}
	r.call("POST", "/subscriptions/s/listSecrets", "").want(t, 200, "planted-primary-key")
	r.call("POST", "/workspaces/w/namedValues/nv/listValue", "").want(t, 200, "planted-workspace-secret")
	r.call("GET", "/apis/a/products", "").want(t, 200, `"name":"p"`)
	r.call("POST", "/policyFragments/f/listReferences", "").want(t, 200, `"count":0`)
	// A restart changes nothing.
	before := map[string]string{}
	for _, c := range cases {
		before[c.path] = r.call("GET", c.path, "").text
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	again := config(t, r.dir)
	again.MoveRegions = 0
	r = run(t, again)
	for _, c := range cases {
		if now := r.call("GET", c.path, "").text; now != before[c.path] {
			t.Errorf("%s after a restart:\n%s\n%s", c.path, now, before[c.path])
		}
	}
	r.call("DELETE", "/products/p", "", "If-Match", "*").want(t, 400, "subscriptions")
	for i := range cases {
		path := cases[len(cases)-1-i].path
		r.call("DELETE", path, "", "If-Match", "*").want(t, 204)
		r.call("GET", path, "").want(t, 404)
	}
	left, err := filepath.Glob(filepath.Join(r.dir, "[a-z]*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the folder still holds %v %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, ".spillway", "secrets.json")); !os.IsNotExist(err) {
		t.Errorf("the secrets are still there: %v", err)
	}
}

// TestServiceResource keeps what clients put on the service itself.
func TestServiceResource(t *testing.T) {
	r := emptyService(t)
	r.call("GET", "", "").want(t, 200, `"gatewayUrl":"http://127.0.0.1:`, `"provisioningState":"Succeeded"`)
	r.call("PUT", "", `{"location":"australiaeast"}`).want(t, 400, "publisherEmail", "sku.name")
	r.call("PUT", "", `{"location":"australiaeast","sku":{"name":"StandardV2","capacity":1},"properties":{"publisherEmail":"a@example.com","publisherName":"A"}}`).want(t, 200, "StandardV2", "a@example.com")
	r.call("PATCH", "", `{"tags":{"team":"x"}}`).want(t, 200, `"team":"x"`, "StandardV2")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	again := config(t, r.dir)
	again.MoveRegions = 0
	r = run(t, again)
	r.call("GET", "", "").want(t, 200, "StandardV2", `"team":"x"`)
	r.call("DELETE", "", "").want(t, 405)
}

// An embedded sample takes writes for as long as the process lives.
func TestEmbeddedSample(t *testing.T) {
	fsys, err := examples.FS(examples.Default)
	if err != nil {
		t.Fatal(err)
	}
	c := config(t, t.TempDir())
	c.Dir, c.Files = "", fsys
	r := run(t, c)
	r.call("PUT", "/namedValues/mine", properties("displayName", "mine", "value", "planted", "secret", true)).want(t, 201)
	r.call("PUT", apiPath+"/policies/policy", properties("format", "rawxml", "value", "<policies><inbound><return-response><set-status code=\"418\" reason=\"{{mine}}\" /></return-response></inbound></policies>")).want(t, 200)
	resp, _, err := r.ask(newClient(t))
	if err != nil || resp.StatusCode != 418 {
		t.Errorf("%v %v", resp, err)
	}
	r.call("DELETE", "/namedValues/mine", "", "If-Match", "*").want(t, 400, "mine")
	r.call("DELETE", apiPath+"/policies/policy", "", "If-Match", "*").want(t, 204)
	r.call("DELETE", "/namedValues/mine", "", "If-Match", "*").want(t, 204)
	r.call("POST", "/namedValues/mine/listValue", "").want(t, 404)
}
