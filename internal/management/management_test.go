package management

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy/trace"
)

const root = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/x/gateways/managed/"

func server3(t *testing.T) (http.Handler, *trace.Store, *trace.Tokens) {
	t.Helper()
	traces := trace.NewStore(time.Now, trace.Limits{})
	tokens := trace.NewTokens([]byte("0123456789abcdef0123456789abcdef"), time.Now)
	svc := &apim.Service{Contents: apim.Contents{APIs: []*apim.API{{Resource: apim.Resource{Name: "chat"}}}}}
	return Handler(Options{Token: "write", ReaderToken: "read", Service: func() *apim.Service { return svc }, Traces: traces, Tokens: tokens}), traces, tokens
}

func post(h http.Handler, path, token, body string, edit func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Host = "127.0.0.1:8081"
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestGuard tries who gets in.
func TestGuard(t *testing.T) {
	h, _, _ := server3(t)
	body := `{"apiId":"/apis/chat","purposes":["tracing"]}`
	cases := []struct {
		name, token string
		edit        func(*http.Request)
		want        int
	}{
		{"contributor", "write", nil, 200},
		{"no token", "", nil, 401},
		{"wrong token", "writ", nil, 401},
		{"reader writing", "read", nil, 403},
		{"another host", "write", func(r *http.Request) { r.Host = "evil.example:8081" }, 403},
		{"another origin", "write", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"null origin", "write", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"cross-site", "write", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"own origin", "write", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:8081") }, 200},
		{"localhost", "write", func(r *http.Request) { r.Host = "localhost:8081" }, 200},
	}
	for _, c := range cases {
		if w := post(h, root+"listDebugCredentials", c.token, body, c.edit); w.Code != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, w.Code, c.want, w.Body)
		}
	}
}

// TestDebug issues credentials for an API and fetches a trace, whatever the
// case of the address.
func TestDebug(t *testing.T) {
	h, traces, tokens := server3(t)
	w := post(h, strings.Replace(root, "resourceGroups", "RESOURCEGROUPS", 1)+"ListDebugCredentials?api-version=2024-05-01", "write",
		`{"credentialsExpireAfter":"PT10M","apiId":"/subscriptions/a/resourceGroups/b/providers/Microsoft.ApiManagement/service/c/apis/chat","purposes":["tracing"]}`, nil)
	var got struct{ Token string }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if v := tokens.Judge(got.Token, "chat"); v != trace.Valid {
		t.Errorf("the token is worth %v", v)
	}
	if v := tokens.Judge(got.Token, "other"); v != trace.WrongAPI {
		t.Errorf("for another API the token is worth %v", v)
	}
	traces.Put(&trace.Trace{Service: "svc", ID: "11111111-1111-4111-8111-111111111111"})
	if w := post(h, root+"listTrace", "write", `{"traceId":"11111111-1111-4111-8111-111111111111"}`, nil); w.Code != 200 || !strings.Contains(w.Body.String(), `"svc"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for body, want := range map[string]int{`{"traceId":"x"}`: 404, `{`: 400} {
		if w := post(h, root+"listTrace", "write", body, nil); w.Code != want || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	for _, body := range []string{`{"apiId":"/apis/nope","purposes":["tracing"]}`, `{"apiId":"/apis/chat"}`, `{"apiId":"/apis/chat","credentialsExpireAfter":"an hour","purposes":["tracing"]}`} {
		if w := post(h, root+"listDebugCredentials", "write", body, nil); w.Code != 400 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}
