package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// filterNames are the names that a filtered list has, in order.
func (r *running) filterNames(collection, filter string) string {
	r.t.Helper()
	got := r.call("GET", collection+"?$filter="+url.QueryEscape(filter), "")
	got.want(r.t, 200)
	var names []string
	list, _ := got.at("value").([]any)
	for _, x := range list {
		names = append(names, x.(map[string]any)["name"].(string))
	}
	return strings.Join(names, " ")
}

// Lists are filtered by what the properties show and by what they only imply.
func TestFilters(t *testing.T) {
	r := emptyService(t)
	r.call("PUT", "/apis/a", properties("path", "a", "displayName", "A")).want(t, 201)
	r.call("PUT", "/products/p", properties("displayName", "P")).want(t, 201)
	r.call("PUT", "/users/u", properties("email", "u@example.com", "firstName", "U", "lastName", "V")).want(t, 201)
	for name, scope := range map[string]string{"s1": "/products/p", "s2": "/apis/a", "s3": "/apis", "s4": "/"} {
		r.call("PUT", "/subscriptions/"+name, properties("displayName", strings.ToUpper(name), "scope", scope, "ownerId", map[bool]string{true: "/users/u"}[name == "s2"])).want(t, 201)
	}
	r.call("PUT", "/namedValues/n", properties("displayName", "n", "value", "x", "tags", []string{"blue", "red"})).want(t, 201)
	for _, c := range []struct{ collection, filter, want string }{
		{"/subscriptions", "productId eq 'P'", "s1"},
		{"/subscriptions", "userId eq 'u'", "s2"},
		{"/subscriptions", "userId ne 'u'", "s1 s3 s4"},
		{"/subscriptions", "endswith(scope, 'p')", "s1"},
		{"/subscriptions", "properties/displayName gt 'S2' and state eq 'active'", "s3 s4"},
		{"/subscriptions", "not contains(ownerId,'users') and stateComment eq null", "s1 s3 s4"},
		{"/namedValues", "contains(tags,'red')", "n"},
		{"/apis", "isCurrent eq true and path eq 'a'", "a"},
	} {
		if got := r.filterNames(c.collection, c.filter); got != c.want {
			t.Errorf("%s by %s: %q, want %q", c.collection, c.filter, got, c.want)
		}
	}
}

// Revisions answer to their numbers, the current one too; only the others can be
// deleted by them.
func TestRevisionNumbers(t *testing.T) {
	r := emptyService(t)
	r.call("PUT", "/apis/a;rev=1", properties("path", "a", "displayName", "A", "isCurrent", true)).want(t, 201, `"name":"a"`)
	r.call("PUT", "/apis/a%3Brev=1/operations/o", properties("displayName", "O", "method", "GET", "urlTemplate", "/")).want(t, 201)
	r.call("PUT", "/apis/b;rev=2", properties("path", "b", "displayName", "B")).want(t, 404)
	r.call("PUT", "/apis/a;rev=2", properties("path", "a", "sourceApiId", "/apis/a;rev=1")).want(t, 201)
	r.call("GET", "/apis/a/revisions", "").want(t, 200, `"apiId":"/apis/a;rev=1"`, `"privateUrl":"/a;rev=2"`)
	for _, name := range []string{"a", "a;rev=1", "A%3BREV=1"} {
		r.call("GET", "/apis/"+name, "").want(t, 200, `"name":"a"`, `"isCurrent":true`)
		r.call("GET", "/apis/"+name+"/operations/o", "").want(t, 200)
		r.call("POST", "/gateways/managed/listDebugCredentials", `{"apiId":"/apis/`+strings.ReplaceAll(name, "%3B", ";")+`","purposes":["tracing"]}`).want(t, 200, "token")
	}
	r.call("GET", "/apis/a;rev=3", "").want(t, 404)
	r.call("PUT", "/apis/a/releases/r", properties("apiId", "/apis/a;rev=2")).want(t, 201)
	r.call("GET", "/apis/a;rev=2", "").want(t, 200, `"name":"a"`, `"apiRevision":"2"`)
	r.call("DELETE", "/apis/a;rev=2", "", "If-Match", "*").want(t, 400, "current revision")
	r.call("DELETE", "/apis/a;rev=1", "", "If-Match", "*").want(t, 204)
	r.call("DELETE", "/apis/a", "", "If-Match", "*").want(t, 204)
}

// A tag has one set of ties, whichever end they are looked at from and whichever
// version of APIOps wrote them.
func TestTags(t *testing.T) {
	r := emptyService(t)
	put := func(at, body string) { r.call("PUT", at, body).want(t, 201) }
	for _, name := range []string{"old", "a", "b"} {
		put("/apis/"+name, properties("path", name, "displayName", name))
	}
	put("/apis/a/operations/o", properties("displayName", "O", "method", "GET", "urlTemplate", "/"))
	put("/products/p", properties("displayName", "P"))
	put("/tags/t", properties("displayName", "T"))
	file := filepath.Join(r.dir, "apis", "old", "tags", "t", "apiTagInformation.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	put("/apis/a/tags/t", "")
	put("/tags/t/apiLinks/mine", properties("apiId", "/apis/b"))
	put("/tags/t/productLinks/l", properties("productId", "/products/p"))
	put("/tags/t/operationLinks/l", properties("operationId", "/apis/a/operations/o"))
	if _, err := os.Stat(filepath.Join(r.dir, "tags", "t", "apis", "a", "tagApiInformation.json")); err != nil {
		t.Error(err)
	}
	for at, texts := range map[string][]string{
		"/apis/old/tags":            {`"name":"t"`},
		"/apis/a/tags":              {`"name":"t"`, `"count":1`},
		"/apis/b/tags/t":            {`"displayName":"T"`},
		"/products/p/tags":          {`"name":"t"`},
		"/apis/a/operations/o/tags": {`"name":"t"`},
		"/tags/t/apiLinks":          {`"name":"mine"`, `"name":"a"`, `"name":"old"`, `"count":3`, `service/svc/apis/b"`},
		"/tags/t/productLinks/l":    {`service/svc/products/p"`, `"type":"Microsoft.ApiManagement/service/tags/productLinks"`},
		"/tags/t/operationLinks/l":  {`service/svc/apis/a/operations/o"`},
		"/tags/t/operationLinks":    {`"count":1`},
	} {
		r.call("GET", at, "").want(t, 200, texts...)
	}
	r.call("PUT", "/tags/t/operationLinks/m", properties("operationId", "/apis/a/operations/none")).want(t, 400, "none")
	r.call("PUT", "/tags/t/operationLinks/m", properties("operationId", "/apis/a/operations/o")).want(t, 409)
	r.call("PUT", "/tags/none/apiLinks/m", properties("apiId", "/apis/a")).want(t, 404)
	for _, at := range []string{"/apis/old/tags/t", "/tags/t/apiLinks/a", "/apis/b/tags/t", "/tags/t/operationLinks/l", "/products/p/tags/t"} {
		r.call("DELETE", at, "").want(t, 204)
		r.call("GET", at, "").want(t, 404)
	}
	for _, at := range []string{"/apis/a/tags", "/apis/a/operations/o/tags", "/tags/t/apiLinks", "/tags/t/productLinks"} {
		r.call("GET", at, "").want(t, 200, `"count":0`)
	}
}

// What is a secret wherever it stands is shown nowhere, though it was sent in the
// open, and is not lost by who reads a resource and writes it back.
func TestConcealed(t *testing.T) {
	r := emptyService(t)
	const secret = "planted-9f2c"
	r.call("PUT", "/loggers/l", properties("loggerType", "applicationInsights", "credentials", map[string]any{"instrumentationKey": secret})).want(t, 201, `{{Logger-Credentials--`)
	r.call("PUT", "/loggers/l", properties("loggerType", "applicationInsights", "credentials", map[string]any{"instrumentationKey": secret + "-2"})).want(t, 200)
	r.call("PUT", "/loggers/r", properties("loggerType", "applicationInsights", "credentials", map[string]any{"instrumentationKey": "{{mine}}"})).want(t, 201, `"instrumentationKey":"{{mine}}"`)
	r.call("PUT", "/caches/default", properties("connectionString", "host:6379,password="+secret, "useFromLocation", "default")).want(t, 201, `"connectionString":"{{`)
	r.call("PUT", "/backends/b", properties("url", "http://127.0.0.1:1", "protocol", "http", "proxy", map[string]any{"url": "http://127.0.0.1:1", "username": "u", "password": secret})).want(t, 201, `"username":"u"`)
	values := r.call("GET", "/namedValues", "")
	values.want(t, 200, `"count":2`)
	for _, at := range []string{"/loggers/l", "/caches/default", "/backends/b"} {
		seen := r.call("GET", at, "")
		r.call("PUT", at, seen.text, "If-Match", seen.header.Get("ETag")).want(t, 200)
		if again := r.call("GET", at, ""); again.text != seen.text || again.header.Get("ETag") != seen.header.Get("ETag") || strings.Contains(seen.text, secret) {
			t.Errorf("%s\n%s", seen.text, again.text)
		}
	}
	if values.text != r.call("GET", "/namedValues", "").text {
		t.Error("writing back makes named values")
	}
	for _, v := range values.at("value").([]any) {
		r.call("POST", "/namedValues/"+v.(map[string]any)["name"].(string)+"/listValue", "").want(t, 200, secret)
	}
	if text, err := os.ReadFile(filepath.Join(r.dir, "backends", "b", "backendInformation.json")); err != nil || !strings.Contains(string(text), secret) {
		t.Errorf("the password is lost: %s %v", text, err)
	}
	for _, name := range []string{"loggers/l/loggerInformation.json", "caches/default/cacheInformation.json"} {
		if text, err := os.ReadFile(filepath.Join(r.dir, name)); err != nil || strings.Contains(string(text), secret) {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
	r.call("DELETE", "/loggers/l", "", "If-Match", "*").want(t, 204)
	r.call("DELETE", "/caches/default", "", "If-Match", "*").want(t, 204)
	r.call("GET", "/namedValues", "").want(t, 200, `"count":0`)

	// A named value that is no secret any more shows its value.
	r.call("PUT", "/namedValues/n", properties("displayName", "n", "value", "seen", "secret", true)).want(t, 201)
	r.call("PUT", "/namedValues/n", properties("displayName", "n", "secret", false)).want(t, 400, "value")
	r.call("PATCH", "/namedValues/n", properties("secret", false), "If-Match", "*").want(t, 200, `"value":"seen"`)
	if _, err := os.Stat(filepath.Join(r.dir, ".spillway", "secrets.json")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// Small promises of ARM's, each of which some client relies on.
func TestSmallPromises(t *testing.T) {
	c := config(t, sampleFolder(t))
	c.Token, c.ReaderToken = "the-contributor", "the-reader"
	r := run(t, c)
	put := func(at, body string) { r.call("PUT", at, body).want(t, 201) }
	put("/apiVersionSets/v", properties("displayName", "Versions", "versioningScheme", "Segment"))
	put("/apis/v1", properties("path", "v", "displayName", "V", "apiVersion", "v1", "apiVersionSetId", "/apiVersionSets/v"))
	put("/workspaces/w", properties("displayName", "W"))
	put("/workspaces/w/apis/a", properties("path", "wa", "displayName", "WA"))
	put("/backends/b", properties("url", "http://127.0.0.1:1", "protocol", "http"))
	put("/workspaces/w/loggers/l", properties("loggerType", "azureMonitor"))
	const elsewhere = "/subscriptions/x/resourceGroups/y/providers/Microsoft.ApiManagement/service/dev"
	put("/workspaces/w/diagnostics/local", properties("loggerId", elsewhere+"/workspaces/w/loggers/l"))
	pool := filepath.Join(r.dir, "backends", "foreign", "backendInformation.json")
	if err := os.MkdirAll(filepath.Dir(pool), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pool, []byte(`{"properties":{"type":"Pool","pool":{"services":[{"id":"`+elsewhere+`/backends/b"}]}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	put("/policyFragments/f", properties("value", "<fragment><set-variable name=\"a\" value=\"b\" /></fragment>"))
	const debug = `{"credentialsExpireAfter":"PT5M","apiId":"my-cool-openai-test","purposes":["tracing"]}`
	for _, c := range []struct {
		method, path, body string
		status             int
		texts              []string
	}{
		{"GET", "/apis/v1?expandApiVersionSet=true", "", 200, []string{`"apiVersionSet":{`, `"name":"Versions"`, `/apiVersionSets/v"`}},
		{"GET", apiPath + "?export=true&format=openapi+json-link", "", 200, []string{`"format":"openapi+json-link"`, `"value":{"link":"http://127.0.0.1:`}},
		{"GET", "/workspaces/w/apis/a?export=true&format=openapi-link", "", 200, []string{`"properties":{"format":"openapi-link","value":{"link":"http`}},
		{"GET", "/workspaces/w/diagnostics/local", "", 200, []string{`"loggerId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/workspaces/w/loggers/l"`}},
		{"GET", "/backends/foreign", "", 200, []string{`"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/backends/b"`}},
		{"GET", apiPath + "/policies/policy?format=nonsense", "", 400, []string{`"target":"format"`, "nonsense"}},
		{"GET", "/policyFragments/f?format=nonsense", "", 400, []string{`"target":"format"`}},
		{"POST", "/backends/b/reconnect", "", 202, nil},
		{"POST", "/backends/none/reconnect", "", 404, nil},
		{"POST", "/gateways/managed/listDebugCredentials", strings.Replace(debug, "PT5M", "-PT5M", 1), 400, []string{"credentialsExpireAfter"}},
		{"POST", "/gateways/managed/listDebugCredentials", strings.Replace(debug, "PT5M", "PT0S", 1), 400, []string{"credentialsExpireAfter"}},
		{"PUT", "/policies/policy", properties("value", `<policies><inbound><set-variable name="a" value="@(1 < 2)" /></inbound></policies>`), 400, []string{"is an invalid attribute character. Line 1, position 54.\""}},
		{"PUT", "/namedValues/n", properties("displayName", "n", "value", "{{n}}"), 400, []string{`"target":"value"`, "n -> n"}},
		{"PUT", "/namedValues/n", properties("displayName", "n", "value", "{{ N }}", "secret", true), 400, []string{"n -> n"}},
		{"PUT", "/policies/policy", properties("format", "rawxml", "value", "<policies><inbound><!--"+strings.Repeat("x", 512<<10)+"--></inbound></policies>"), 413, []string{"524288"}},
		{"PUT", "/policies/policy", properties("value", `<policies><inbound><set-header nam="a" /></inbound></policies>`), 400, []string{"column 21: set-header needs the attribute name."}},
		{"PUT", "/apis/x", properties("path", "x", "protocols", "https"), 400, []string{`"message":"protocols must be an array`}},
		{"PUT", "/apis/x", properties("path", "x", "format", "openapi-link", "value", "http://127.0.0.1:1/"), 400, []string{"could not be read: dial tcp"}},
	} {
		r.call(c.method, c.path, c.body).want(t, c.status, c.texts...)
	}
	trace := func(token string) string {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", r.info.Gateway+"/openai-test/nothing", http.NoBody)
		req.Header.Set("Apim-Debug-Authorization", token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Header.Get("Apim-Trace-Id")
	}
	token, _ := r.call("POST", "/gateways/managed/listDebugCredentials", debug).at("token").(string)
	if trace(token) == "" {
		t.Error("a token that was just issued traces nothing")
	}
	r.call("POST", "/gateways/managed/invalidateDebugCredentials", "").want(t, 204)
	if trace(token) != "" {
		t.Error("a token that was made invalid still traces")
	}
	_, whole := r.face("GET", "/regions", "")
	key := regexp.MustCompile(`"keys":\["([^"]+)"`).FindStringSubmatch(whole)
	r.info.Token = "the-reader"
	if status, text := r.face("GET", "/regions", ""); key == nil || status != 200 || len(text) != len(whole) || strings.Contains(text, key[1]) || !json.Valid([]byte(text)) {
		t.Errorf("regions as a reader sees them: %d %s", status, text)
	}
	for _, at := range []string{"/namedValues/key-eastus", "/policyFragments/f", "/backends/b"} {
		r.call("POST", at+"/listReferences", "").want(t, 200, `"value":[`)
	}
	r.call("POST", apiPath+"/policies/policy/draft", properties("value", "<policies />")).want(t, 403)
}
