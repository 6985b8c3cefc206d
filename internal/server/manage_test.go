package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/artifact"
)

// armReply is an answer of the management API.
type armReply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// at is a value in a reply, by the keys and indexes that lead to it.
func (r armReply) at(path ...any) any {
	var v any = r.body
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

// call sends a request to the management API as a contributor.
func (r *running) call(method, path, body string, header ...string) armReply {
	r.t.Helper()
	query := "api-version=2024-05-01"
	if strings.Contains(path, "?") {
		query = "&" + query
	} else {
		query = "?" + query
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.info.Management+"/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc"+path+query, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.info.Token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	out := armReply{status: resp.StatusCode, header: resp.Header, text: string(b)}
	_ = json.Unmarshal(b, &out.body)
	return out
}

// properties is a body with properties of keys and values in turn.
func properties(pairs ...any) string {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	b, _ := json.Marshal(map[string]any{"properties": m})
	return string(b)
}

// want checks a status and a text in the answer.
func (r armReply) want(t *testing.T, status int, texts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("answer %d, want %d: %s", r.status, status, r.text)
	}
	for _, text := range texts {
		if !strings.Contains(r.text, text) {
			t.Errorf("the answer lacks %q: %s", text, r.text)
		}
	}
}

const apiPath = "/apis/my-cool-openai-test"

// xml is strict, rawxml lenient, and xml is what a text without a format is.
func TestPolicyFormats(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	document := `<fragment><set-header name="x" exists-action="override"><value>@(context.Request.Headers.GetValueOrDefault("a","-"))</value></set-header><set-variable name="y" value="@(context.Request.Headers.GetValueOrDefault("x-correlation-id","-"))" /></fragment>`
	for _, format := range []string{"xml", ""} {
		body := properties("value", document)
		if format != "" {
			body = properties("value", document, "format", format)
		}
		got := r.call("PUT", "/policyFragments/f1", body)
		got.want(t, 400, "ValidationError")
		want := fmt.Sprintf("'x-correlation-id' is an unexpected token. Expecting white space. Line 1, position %d.", strings.Index(document, "x-correlation-id")+1)
		if got.at("error", "details", 0, "message") != want {
			t.Errorf("as %q: %v, want %s", format, got.at("error", "details", 0, "message"), want)
		}
	}
	r.call("PUT", "/policyFragments/f1", properties("value", document, "format", "rawxml")).want(t, 201)
	r.call("PUT", "/policyFragments/f1", properties("value", document, "format", "rawxml")).want(t, 200)
}

// A policy has one tag, in whichever format it was read: what was read as rawxml
// is written back under its tag.
func TestOneTagForBothFormats(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	for _, path := range []string{apiPath + "/policies/policy", "/policyFragments/use-region"} {
		plain, raw := r.call("GET", path, ""), r.call("GET", path+"?format=rawxml", "")
		tag := raw.header.Get("ETag")
		if tag == "" || plain.header.Get("ETag") != tag {
			t.Errorf("%s has the tags %s and %s", path, plain.header.Get("ETag"), tag)
		}
		text, _ := raw.at("properties", "value").(string)
		r.call("PUT", path, properties("format", "rawxml", "value", text+"\n"), "If-Match", tag).want(t, 200)
		r.call("PUT", path, properties("format", "rawxml", "value", text), "If-Match", tag).want(t, 412, "PreconditionFailed")
	}
}

// What is read and written back a hundred times is what it was after the first, and
// does the same. Names in comments are left alone, and nothing that is secret comes
// out of them.
func TestRoundTrips(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	client := newClient(t)
	secret, _ := r.call("POST", "/namedValues/key-eastus/listValue", "").at("value").(string)
	inner := "<!-- {{key-eastus}} is a secret, and {{nobody}} is nobody -->\r\n        <set-variable name=\"a\" value=\"@{\r\n    var x = 1 &lt; 2 && true; // why\r\n    return x ? \"yes\" : \"no\";\r\n}\" />\r\n        <set-body><![CDATA[a < b && \"c\"]]></set-body>\r\n        <set-header name=\"n\" exists-action=\"override\"><value>@(context.Request.Method == \"GET\" && 1 < 2 ? \"<a>\" : \"b\")</value></set-header>"
	does := "<return-response><set-header name=\"x-n\" exists-action=\"override\"><value>@(context.Request.Headers.GetValueOrDefault(\"n\", \"-\") + context.Variables[\"a\"])</value></set-header><set-body>@(context.Request.Body.As<string>(true))</set-body></return-response>"
	for path, text := range map[string]string{
		apiPath + "/policies/policy": "<policies>\r\n    <inbound>\r\n        <base />\r\n        " + inner + does + "\r\n    </inbound>\r\n    <backend><base /></backend>\r\n</policies>",
		"/policyFragments/round":     "<fragment>\r\n        " + inner + "\r\n</fragment>",
	} {
		r.call("PUT", path, properties("value", text, "format", "rawxml"), "If-Match", "*")
		got := r.call("GET", path+"?format=rawxml", "")
		got.want(t, 200)
		if got.at("properties", "value") != text || got.at("properties", "format") != "rawxml" {
			t.Errorf("%s is not what was put:\n%q\n%q", path, got.at("properties", "value"), text)
		}
		if got := r.call("GET", path, ""); got.at("properties", "format") != "xml" {
			t.Errorf("without a format: %s", got.text)
		}
		for _, format := range []string{"xml", "rawxml"} {
			first := ""
			for i := range 100 {
				if i > 3 && testing.Short() {
					break
				}
				got := r.call("GET", path+"?format="+format, "")
				value, _ := got.at("properties", "value").(string)
				if i == 1 {
					first = value
				}
				if value == "" || i > 1 && value != first {
					t.Fatalf("%s as %s, round %d: %q, was %q", path, format, i, value, first)
				}
				if secret == "" || strings.Contains(value, secret) || !strings.Contains(value, "<!-- {{key-eastus}} is a secret, and {{nobody}} is nobody -->") {
					t.Fatalf("%s as %s: the comment is not left alone: %q", path, format, value)
				}
				r.call("PUT", path, properties("value", value, "format", format)).want(t, 200)
			}
			if strings.HasSuffix(path, "/policy") {
				resp, body, err := r.ask(client)
				if err != nil || resp.StatusCode != 200 || resp.Header.Get("X-N") != "byes" || body != "a < b && \"c\"" {
					t.Errorf("as %s it does something else: %v %v %q", format, resp, err, body)
				}
			}
		}
	}
}

func TestPools(t *testing.T) {
	r := emptyService(t)
	member := func(name string) map[string]any {
		return map[string]any{"services": []any{map[string]any{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/backends/" + name, "priority": "1", "weight": 3}}}
	}
	got := r.call("PUT", "/backends/pool", properties("type", "pool", "pool", member("one")))
	got.want(t, 400, "Backend Entity 'one' not found.")
	if got.at("error", "code") != "ValidationError" || got.at("error", "details", 0, "target") != "pool" {
		t.Error(got.text)
	}
	r.call("PUT", "/backends/one", properties("url", "https://one.example/openai", "protocol", "http")).want(t, 201, `"type":"Microsoft.ApiManagement/service/backends"`)
	got = r.call("PUT", "/backends/pool", properties("type", "Pool", "url", "https://x.example", "protocol", "http", "pool", member("one")))
	got.want(t, 400, "'url' is not supported for backend pool.", "'protocol' is not supported for backend pool.")
	if got.at("error", "details", 0, "target") != "url" || got.at("error", "details", 1, "target") != "protocol" {
		t.Error(got.text)
	}
	got = r.call("PUT", "/backends/pool", properties("type", "pool", "pool", member("one")))
	if got.status == 201 {
		if got.at("properties", "type") != "Pool" || got.at("properties", "pool", "services", 0, "id") != "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/backends/one" || got.at("properties", "pool", "services", 0, "priority") != 1.0 {
			t.Error(got.text)
		}
		file, err := os.ReadFile(filepath.Join(r.dir, "backends", "pool", "backendInformation.json"))
		if err != nil || !strings.Contains(string(file), `"/backends/one"`) {
			t.Errorf("%s %v", file, err)
		}
		r.call("DELETE", "/backends/one", "", "If-Match", "*").want(t, 400, "one")
	} else {
		got.want(t, 201)
	}
	r.call("PUT", "/apis/a", properties("path", "a", "displayName", "A")).want(t, 201, `"provisioningState":"Succeeded"`)
	got = r.call("PUT", "/apis/a/policies/policy", properties("format", "rawxml", "value", "<policies>\n    <inbound>\n        <set-backend-service backend-id=\"nope\" />\n    </inbound>\n</policies>"))
	got.want(t, 400, "Error in element 'set-backend-service' on line 3, column 10: Backend with id 'nope' could not be found.")
	if got.at("error", "details", 0, "target") != "set-backend-service" {
		t.Error(got.text)
	}
}

const templated = `{"openapi":"3.0.1","info":{"title":"Azure OpenAI","version":"2024-10-21"},"servers":[{"url":"https://{endpoint}/openai","variables":{"endpoint":{"default":"your.openai.azure.com"}}}],
"paths":{"/deployments/{deployment-id}/embeddings":{"post":{"operationId":"embeddings_create","summary":"Embeddings","parameters":[{"in":"path","name":"deployment-id","required":true,"schema":{"type":"string"}},{"in":"query","name":"api-version","required":true,"schema":{"type":"string"}}],"responses":{"200":{"description":"ok"}}}},
"/deployments/{deployment-id}/chat/completions":{"post":{"operationId":"ChatCompletions_Create","parameters":[{"in":"path","name":"deployment-id","required":true,"schema":{"type":"string"}}],"responses":{"200":{"description":"ok"}}}}}}`

func TestImport(t *testing.T) {
	r := emptyService(t)
	r.call("PUT", "/apis/ai", properties("path", "/openai", "format", "openapi+json", "value", templated)).want(t, 400, "Invalid value of the Web service url")
	got := r.call("PUT", "/apis/ai", properties("path", "/openai", "format", "openapi+json", "value", "\ufeff"+templated, "serviceUrl", "https://one.example/openai"))
	got.want(t, 201, `"serviceUrl":"https://one.example/openai"`, `"path":"openai"`, `"displayName":"Azure OpenAI"`)
	r.call("PUT", "/apis/ai", properties("path", "openai", "format", "openapi+json", "value", "\u00ef\u00bb\u00bf"+templated, "serviceUrl", "https://one.example")).want(t, 400, "byte-order mark decoded as Latin-1")
	got = r.call("GET", "/apis/ai/operations", "")
	if got.at("count") != 2.0 || got.at("value", 0, "name") != "embeddings_create" || got.at("value", 0, "properties", "urlTemplate") != "/deployments/{deployment-id}/embeddings?api-version={api-version}" {
		t.Error(got.text)
	}
	// A policy of an operation survives another import, and the folder another start.
	policy := "<policies><inbound><base /><return-response><set-status code=\"418\" reason=\"Teapot\" /></return-response></inbound></policies>"
	r.call("PUT", "/apis/ai/operations/embeddings_create/policies/policy", properties("format", "rawxml", "value", policy)).want(t, 201)
	renamed := strings.Replace(templated, "embeddings_create", "Embeddings_Again", 1)
	r.call("PUT", "/apis/ai", properties("path", "openai", "subscriptionRequired", false, "format", "openapi+json", "value", renamed, "serviceUrl", "https://one.example/openai")).want(t, 200)
	r.call("GET", "/apis/ai/operations/embeddings_create", "").want(t, 404)
	r.call("GET", "/apis/ai/operations/Embeddings_Again/policies/policy?format=rawxml", "").want(t, 200, "Teapot")
	post := func(p string) int {
		resp, err := http.Post(r.info.Gateway+p, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if s := post("/openai/deployments/x/embeddings?api-version=1"); s != 418 {
		t.Errorf("the operation answers %d", s)
	}
	// An operation leaves the specification, too.
	r.call("DELETE", "/apis/ai/operations/Embeddings_Again", "", "If-Match", "*").want(t, 204)
	if s := post("/openai/deployments/x/embeddings?api-version=1"); s != 404 {
		t.Errorf("the removed operation answers %d", s)
	}
	got = r.call("GET", "/apis/ai?export=true&format=openapi%2Bjson-link", "")
	got.want(t, 200)
	link, _ := got.at("value", "link").(string)
	resp, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	document, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || !strings.Contains(string(document), "ChatCompletions_Create") {
		t.Errorf("%d %s", resp.StatusCode, document)
	}
	// The exported document, by its link.
	r.call("PUT", "/apis/copy", properties("path", "copy", "format", "openapi-link", "value", link)).want(t, 201)
	r.call("GET", "/apis/copy/operations/ChatCompletions_Create", "").want(t, 200)
	for _, bad := range []string{"file:///etc/passwd", "http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/"} {
		r.call("PUT", "/apis/bad", properties("path", "bad", "format", "openapi-link", "value", bad)).want(t, 400, "ValidationError")
	}
}

// A scope without a policy has no such resource; the default is none.
func TestUnsetPolicy(t *testing.T) {
	r := emptyService(t)
	r.call("PUT", "/apis/a", properties("path", "a", "displayName", "A")).want(t, 201)
	r.call("PUT", "/products/p", properties("displayName", "P")).want(t, 201)
	for _, scope := range []string{"", "/apis/a", "/products/p"} {
		r.call("GET", scope+"/policies/policy", "").want(t, 404, "ResourceNotFound")
		if got := r.call("GET", scope+"/policies", ""); got.status != 200 || got.at("count") != 0.0 {
			t.Error(got.text)
		}
		r.call("PUT", scope+"/policies/policy", properties("value", "<policies><inbound><base /></inbound></policies>"), "If-Match", "*").want(t, 201)
		got := r.call("GET", scope+"/policies/policy", "")
		got.want(t, 200)
		tag := got.header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) {
			t.Errorf("tag %q", tag)
		}
		r.call("DELETE", scope+"/policies/policy", "").want(t, 428)
		r.call("DELETE", scope+"/policies/policy", "", "If-Match", `"other"`).want(t, 412, "PreconditionFailed")
		r.call("DELETE", scope+"/policies/policy", "", "If-Match", tag).want(t, 204)
		r.call("GET", scope+"/policies/policy", "").want(t, 404)
		r.call("DELETE", scope+"/policies/policy", "", "If-Match", "*").want(t, 204)
	}
}

// A policy that goes away gives back what the broader scopes say.
func TestInheritedAgain(t *testing.T) {
	r := emptyService(t)
	answers := func(status int) string {
		return properties("value", fmt.Sprintf(`<policies><inbound><return-response><set-status code="%d" reason="x" /></return-response></inbound></policies>`, status))
	}
	r.call("PUT", "/apis/a", properties("path", "a", "displayName", "A", "subscriptionRequired", false)).want(t, 201)
	r.call("PUT", "/apis/a/operations/o", properties("displayName", "o", "method", "GET", "urlTemplate", "/o")).want(t, 201)
	client := newClient(t)
	want := func(status int) {
		t.Helper()
		resp, err := client.Get(r.info.Gateway + "/a/o")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("answered %d, want %d", resp.StatusCode, status)
		}
	}
	r.call("PUT", "/policies/policy", answers(298), "If-Match", "*")
	want(298)
	r.call("PUT", "/apis/a/policies/policy", answers(299)).want(t, 201)
	want(299)
	r.call("DELETE", "/apis/a/policies/policy", "", "If-Match", "*").want(t, 204)
	want(298)
}

// Every address is closed to who may not use it.
func TestRoles(t *testing.T) {
	c := config(t, sampleFolder(t))
	c.Token, c.ReaderToken = "the-contributor", "the-reader"
	r := run(t, c)
	for _, path := range []string{"", "/apis", apiPath, apiPath + "/operations", "/namedValues/key-eastus", "/subscriptions", "/policies", "/nothing/here"} {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "POST"} {
			r.info.Token = "wrong"
			r.call(method, path, "{}").want(t, 401, "AuthenticationFailed")
			r.info.Token = "the-reader"
			if method != "GET" {
				r.call(method, path, "{}").want(t, 403, "AuthorizationFailed")
			}
		}
	}
	for _, action := range []string{"/namedValues/key-eastus/listValue", "/subscriptions/contoso-chat/listSecrets"} {
		r.call("POST", action, "").want(t, 403)
	}
	const permissions = "/providers/Microsoft.Authorization/permissions"
	r.call("GET", permissions, "").want(t, 200, `"actions":["*/read"]`)
	r.info.Token = "the-contributor"
	r.call("GET", permissions, "").want(t, 200, `"actions":["*"]`)
	r.call("PUT", permissions, "{}").want(t, 405)
}

func TestBadRequests(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	for _, c := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"PUT", "/backends/a%2fb", properties("url", "https://x.example", "protocol", "http"), 400, "InvalidRequestUri"},
		{"PUT", "/backends/%2e%2e", properties("url", "https://x.example", "protocol", "http"), 400, ""},
		{"PUT", "/backends/a%00b", properties("url", "https://x.example", "protocol", "http"), 400, ""},
		{"PUT", "/backends/CON", properties("url", "https://x.example", "protocol", "http"), 400, "ValidationError"},
		{"PUT", "/backends/" + strings.Repeat("a", 300), properties("url", "https://x.example", "protocol", "http"), 400, "ValidationError"},
		{"PUT", "/backends/%D0%B0", properties("url", "https://x.example", "protocol", "http"), 400, "ValidationError"},
		{"PUT", "/backends/b", "{", 400, "InvalidRequestContent"},
		{"PUT", "/backends/b", "[]", 400, "InvalidRequestContent"},
		{"PUT", "/backends/b", "{}", 400, "properties"},
		{"PUT", "/backends/b", properties("url", 7, "protocol", map[string]any{}), 400, "protocol"},
		{"GET", "/apis?$top=nonsense", "", 400, "$top"},
		{"GET", "/apis?$skip=-1", "", 400, "$skip"},
		{"GET", "/apis?$top=1000000000", "", 200, "my-cool-openai-test"},
		{"GET", "/apis?$filter=nonsense%20eq%20'x'", "", 400, "$filter"},
		{"GET", "/apis?$filter=displayName%20eq%20'x'%20or%20(startswith(name,'my')%20and%20not%20(path%20eq%20'y'))", "", 200, "my-cool-openai-test"},
		{"GET", "/apis?$filter=name%20eq%20'x'", "", 200, `"count":0`},
		{"GET", "/nothing", "", 404, "ResourceNotFound"},
		{"PUT", "/apis", "{}", 405, "MethodNotAllowed"},
		{"PATCH", apiPath + "/policies/policy", properties("value", "x"), 405, "MethodNotAllowed"},
		{"PUT", "/namedValues/v", properties("displayName", "a b", "value", "x"), 400, "displayName"},
		{"PUT", "/namedValues/v", properties("displayName", "v"), 400, "value"},
		{"PUT", "/namedValues/key-eastus", properties("displayName", "key-eastus", "secret", true, "value", "mine"), 409, "spillway.yaml"},
		{"PUT", "/subscriptions/x", properties("displayName", "X", "scope", "/nonsense"), 400, "scope"},
		{"PUT", "/subscriptions/x", properties("displayName", "X", "scope", "/products/nope"), 400, "nope"},
		{"PUT", "/apis/second", properties("path", "openai-test", "displayName", "Second"), 400, "path"},
	} {
		got := r.call(c.method, c.path, c.body)
		got.want(t, c.status, c.text)
		if strings.Contains(got.text, "goroutine") || strings.Contains(got.text, r.dir) {
			t.Errorf("%s %s tells too much: %s", c.method, c.path, got.text)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", r.info.Management+"/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/apis", nil)
	req.Header.Set("Authorization", "Bearer "+r.info.Token)
	for query, code := range map[string]string{"": "MissingApiVersionParameter", "api-version=2019-01-01": "InvalidApiVersionParameter", "api-version=yesterday": "InvalidApiVersionParameter"} {
		req.URL.RawQuery = query
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 400 || resp.Header.Get("x-ms-error-code") != code {
			t.Errorf("%q: %d %s", query, resp.StatusCode, resp.Header.Get("x-ms-error-code"))
		}
	}
	// Nothing of all that has changed the folder.
	if files, err := filepath.Glob(filepath.Join(r.dir, "backends", "*")); err != nil || len(files) > 0 {
		t.Errorf("%v %v", files, err)
	}
}

// The effective policy shows every scope's part and where it comes from.
func TestEffectivePolicy(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	got := r.call("GET", apiPath+"/effectivePolicy", "")
	got.want(t, 200, "apis/my-cool-openai-test/policy.xml")
	text, _ := got.at("properties", "value").(string)
	if strings.Contains(text, "<base />") || !strings.Contains(text, "<retry ") {
		t.Error(text)
	}
	r.call("GET", "/effectivePolicy", "").want(t, 200, "<policies>")
	r.call("GET", apiPath+"/operations/nope/effectivePolicy", "").want(t, 404)
	r.call("GET", "/namedValues/key-eastus/effectivePolicy", "").want(t, 404)
}

// A revision is made from the current one, changed, and made current.
func TestRevisions(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	r.call("PUT", apiPath+"%3Brev=2", properties("path", "openai-test", "sourceApiId", apiPath, "apiRevision", "2")).want(t, 201, `;rev=2"`)
	r.call("PUT", apiPath+"%3Brev=2", properties("path", "elsewhere")).want(t, 400, "Can't change property for non-current revision")
	policy := "<policies><inbound><return-response><set-status code=\"418\" reason=\"Teapot\" /></return-response></inbound></policies>"
	r.call("PUT", apiPath+"%3Brev=2/policies/policy", properties("format", "rawxml", "value", policy)).want(t, 200)
	client := newClient(t)
	if resp, body, err := r.ask(client); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, body, err)
	}
	got := r.call("GET", apiPath+"/revisions", "")
	if got.at("count") != 2.0 || got.at("value", 1, "apiRevision") != "2" || got.at("value", 1, "isCurrent") != false {
		t.Error(got.text)
	}
	r.call("PUT", apiPath+"/releases/r1", properties("apiId", apiPath+";rev=2", "notes", "now")).want(t, 201)
	if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 418 {
		t.Errorf("the new current revision: %v %v", resp, err)
	}
	r.call("GET", apiPath, "").want(t, 200, `"apiRevision":"2"`, `"isCurrent":true`)
	r.call("GET", apiPath+"%3Brev=1", "").want(t, 200, `"isCurrent":false`)
	r.call("DELETE", apiPath+"%3Brev=1", "", "If-Match", "*").want(t, 204)
	if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 418 {
		t.Errorf("after the old revision went: %v %v", resp, err)
	}
}

// Whoever writes sees the write, and its policy is in force, at once; nobody
// loses a request to it; the watcher does not load it a second time.
func TestWritesUnderLoad(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	stop := make(chan struct{})
	var asked, failed atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		client := newClient(t)
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, body, err := r.ask(client)
				asked.Add(1)
				if err != nil || resp.StatusCode != 200 {
					failed.Add(1)
					t.Errorf("%v %v %s", resp, err, body)
					return
				}
			}
		})
	}
	original, _ := r.call("GET", apiPath+"/policies/policy?format=rawxml", "").at("properties", "value").(string)
	client := newClient(t)
	slowest := time.Duration(0)
	for i := range 20 {
		value := fmt.Sprint("edit-", i)
		text := strings.Replace(original, "<outbound>", "<outbound><set-header name=\"X-Edit\" exists-action=\"override\"><value>"+value+"</value></set-header>", 1)
		before := time.Now()
		r.call("PUT", apiPath+"/policies/policy", properties("format", "rawxml", "value", text)).want(t, 200)
		slowest = max(slowest, time.Since(before))
		resp, _, err := r.ask(client)
		if err != nil || resp.Header.Get("X-Edit") != value {
			t.Errorf("after edit %d: %v %v", i, resp, err)
		}
	}
	close(stop)
	wg.Wait()
	if asked.Load() < 20 || failed.Load() > 0 {
		t.Errorf("%d of %d failed", failed.Load(), asked.Load())
	}
	t.Logf("%d requests; the slowest write took %v", asked.Load(), slowest)
}

// A broken file that somebody left does not stop a write elsewhere from telling
// so, and a write in its place repairs it.
func TestWriteOverBrokenFolder(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	name := filepath.Join(r.dir, "apis", "my-cool-openai-test", "policy.xml")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("<policies><inbound><nonsense /></inbound></policies>"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.call("PUT", "/namedValues/v", properties("displayName", "v", "value", "x")).want(t, 400, "nonsense")
	if _, err := os.Stat(filepath.Join(r.dir, "named values", "v")); err == nil {
		t.Error("the refused write is in the folder")
	}
	r.call("PUT", apiPath+"/policies/policy", properties("format", "rawxml", "value", string(good))).want(t, 200)
	r.call("PUT", "/namedValues/v", properties("displayName", "v", "value", "x")).want(t, 201)
}

// A write that cannot be stored changes nothing.
func TestCannotStore(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	if err := os.WriteFile(filepath.Join(r.dir, "backends"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := r.call("PUT", "/backends/b", properties("url", "https://x.example", "protocol", "http"))
	if got.status < 400 {
		t.Fatalf("stored: %s", got.text)
	}
	r.call("GET", "/backends/b", "").want(t, 404)
	if err := os.Remove(filepath.Join(r.dir, "backends")); err != nil {
		t.Fatal(err)
	}
	r.call("PUT", "/backends/b", properties("url", "https://x.example", "protocol", "http")).want(t, 201)
}

// crashWrites is the environment of a process that writes until it is killed.
const crashWrites = "SPILLWAY_TEST_WRITES"

// TestCrash kills a process in the middle of its writes, again and again; the
// folder is whole every time.
func TestCrash(t *testing.T) {
	if dir := os.Getenv(crashWrites); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := sampleFolder(t)
	rounds := 8
	for round := range rounds {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$", "-test.count=1")
		// What it leaves behind when it is killed goes with this test's own folder.
		cmd.Env = append(os.Environ(), crashWrites+"="+dir, "TMPDIR="+t.TempDir())
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Killed after some of its writes, anywhere in the next one.
		buffer, written := make([]byte, 64), 0
		for written < 25 {
			n, err := out.Read(buffer)
			written += bytes.Count(buffer[:n], []byte("w"))
			if err != nil {
				t.Fatalf("the writer ended by itself: %v", err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if _, err := artifact.Recover(dir); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		root, err := artifact.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		l, problems := artifact.Load(root, artifact.Options{})
		_ = root.Close()
		if problems.HasErrors() {
			t.Fatalf("round %d: %v", round, problems)
		}
		// Both files of the last API are there, or neither.
		for _, a := range l.Service.APIs {
			if strings.HasPrefix(a.Name, "crash") && (a.Specification == nil || len(a.Operations) != 2) {
				t.Errorf("round %d: %s has %d operations", round, a.Name, len(a.Operations))
			}
		}
	}
}

// writeUntilKilled makes and removes APIs of two files, and says w for each.
func writeUntilKilled(t *testing.T, dir string) {
	c := config(t, dir)
	c.ConfigDir = func() (string, error) { return filepath.Join(t.TempDir(), "config"), nil }
	r := run(t, c)
	for i := range 200 {
		name := fmt.Sprint("/apis/crash", i%7)
		r.call("PUT", name, properties("path", fmt.Sprint("crash", i%7), "displayName", fmt.Sprint(i), "format", "openapi+json", "value", templated, "serviceUrl", "https://one.example/openai"))
		_, _ = os.Stdout.WriteString("w")
		if i%3 == 2 {
			r.call("DELETE", name, "", "If-Match", "*")
		}
	}
	<-t.Context().Done()
}

// face sends a request to a path beside ARM's.
func (r *running) face(method, path, body string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.info.Management+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.info.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// The relay sends a request with key and trace, and streams the answer back.
func TestRelay(t *testing.T) {
	c := config(t, sampleFolder(t))
	c.Control = "127.0.0.1:0"
	r := run(t, c)
	status, text := r.face("POST", "/relay", `{"method":"POST","path":"`+path+`","headers":[["Content-Type","application/json"]],"body":"{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}","api":"my-cool-openai-test","trace":true,"subscription":"`+r.info.Subscription+`"}`)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if status != 200 || len(lines) < 4 {
		t.Fatalf("%d %s", status, text)
	}
	var head struct {
		Head struct {
			Status  int
			TraceID string
		}
	}
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil || head.Head.Status != 200 || head.Head.TraceID == "" {
		t.Errorf("%s %v", lines[0], err)
	}
	if !strings.Contains(lines[len(lines)-1], `"end":"complete"`) || !strings.Contains(text, "[DONE]") {
		t.Errorf("%s", text)
	}
	if strings.Contains(text, r.info.SubscriptionKey) {
		t.Error("the key is in the answer")
	}
	r.call("POST", "/gateways/managed/listTrace", `{"traceId":"`+head.Head.TraceID+`"}`).want(t, 200, "traceEntries")
	for body, want := range map[string]int{`{`: 400, `{"path":"http://evil.example/"}`: 400, `{"path":"//evil.example/"}`: 400, `{"path":"/x","api":"nope","trace":true}`: 400} {
		if status, text := r.face("POST", "/relay", body); status != want {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status, _ := r.face("GET", "/relay", ""); status != 405 {
		t.Errorf("GET: %d", status)
	}
	// The regions' control, behind the token.
	status, text = r.face("GET", "/regions", "")
	if status != 200 || !strings.Contains(text, "eastus") {
		t.Errorf("%d %s", status, text)
	}
	if status, text := r.face("PUT", "/regions/eastus/fault", `{"kind":"throttle","retryAfter":1}`); status != 204 {
		t.Errorf("%d %s", status, text)
	}
	within(t, 30*time.Second, "a refusal of eastus in the metrics", func() bool {
		if resp, _, err := r.ask(newClient(t)); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		_, text = r.face("GET", "/metrics", "")
		return strings.Contains(text, `gateway_attempts_total{outcome="status",region="eastus",status="429"}`)
	})
	for _, line := range []string{`gateway_requests_total{api="my-cool-openai-test"`, `type="prompt"} `, `gateway_quota_remaining{of="tokens",region="`, "config_last_load_ok 1", "gateway_failover_total "} {
		if !strings.Contains(text, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	r.info.Token = "wrong"
	for _, p := range []string{"/metrics", "/regions", "/relay"} {
		if status, _ := r.face("GET", p, ""); status != 401 {
			t.Errorf("%s without a token: %d", p, status)
		}
	}
}
