package spillway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
)

// TestReloadUnderLoad changes a named value again and again while 2,000 requests
// come over kept connections, streams are open and requests wait inside a retry:
// none is lost, each is answered by one generation from its beginning to its end.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	finish := make(chan struct{})
	var waiting sync.Map
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Region-Saw", r.Header.Get("X-Value"))
		switch {
		case strings.HasPrefix(r.URL.Path, "/stream"):
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-finish:
				_, _ = io.WriteString(w, "data: [DONE]\n\n")
			case <-r.Context().Done():
			}
		case strings.HasPrefix(r.URL.Path, "/wait"):
			if _, again := waiting.LoadOrStore(r.URL.Path, r.Header.Get("X-Value")); !again {
				w.WriteHeader(429)
				return
			}
			first, _ := waiting.Load(r.URL.Path)
			fmt.Fprintf(w, "%v", first)
		default:
			fmt.Fprint(w, r.Header.Get("X-Value"))
		}
	}))
	t.Cleanup(region.Close)
	const name = "named values/value/namedValueInformation.json"
	value := func(n int) string {
		return fmt.Sprintf(`{"properties": {"displayName": "value", "value": "v%d"}}`, n)
	}
	dir := open(t, `<policies>
    <inbound>
        <set-header name="X-Value" exists-action="override"><value>{{value}}</value></set-header>
        <set-backend-service base-url="`+region.URL+`" />
    </inbound>
    <backend>
        <retry condition="@(context.Response == null || context.Response.StatusCode == 429)" count="2" interval="2">
            <forward-request buffer-request-body="true" buffer-response="false" />
        </retry>
    </backend>
    <outbound><set-header name="X-Outbound" exists-action="override"><value>{{value}}</value></set-header></outbound>
</policies>`, map[string]string{name: value(0)})
	s := start(t, dir)
	c := client(t)

	// What was under way before the change, and ends after it.
	type stream struct {
		header http.Header
		body   io.Reader
	}
	var open []stream
	for i := range 20 {
		header, body := follow(t, c, fmt.Sprintf("%s/ai/stream/%d", s.info.Gateway, i))
		first := make([]byte, len("data: 1\n\n"))
		if _, err := io.ReadFull(body, first); err != nil {
			t.Fatal(err)
		}
		open = append(open, stream{header, body})
	}
	var inRetry sync.WaitGroup
	for i := range 10 {
		inRetry.Go(func() {
			resp, body := do(t, c, "POST", fmt.Sprintf("%s/ai/wait/%d", s.info.Gateway, i), "x")
			if resp.StatusCode != 200 || body != "v0" || resp.Header.Get("X-Region-Saw") != "v0" || resp.Header.Get("X-Outbound") != "v0" {
				t.Errorf("a request that waited: %d %q %v", resp.StatusCode, body, resp.Header)
			}
		})
	}

	const total = 2000
	var sent, lost atomic.Int64
	var load sync.WaitGroup
	changes := make(chan struct{}, 1)
	for range 8 {
		load.Go(func() {
			for n := sent.Add(1); n <= total; n = sent.Add(1) {
				if n == total/4 {
					changes <- struct{}{}
				}
				resp, err := c.Post(s.info.Gateway+"/ai/x", "text/plain", strings.NewReader("x"))
				if err != nil {
					lost.Add(1)
					t.Error(err)
					continue
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(string(body), "v") || resp.Header.Get("X-Outbound") != string(body) {
					lost.Add(1)
					t.Errorf("%d %q %v %v", resp.StatusCode, body, resp.Header, err)
				}
			}
		})
	}
	<-changes
	write(t, dir, map[string]string{name: value(1)})
	machine := clocktest.Watch(t)
	changed := time.Now()
	if problems := await(t, s.reports); problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	if took := time.Since(changed); took > machine.Allow(time.Second, 50) {
		t.Errorf("the change was live after %v, want a second", took)
	}
	// A broken edit is reported, and changes nothing.
	policy := filepath.Join(dir, "apis", "ai", "policy.xml")
	good, err := os.ReadFile(policy)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"apis/ai/policy.xml": strings.Replace(string(good), "{{value}}", "@(context.Nothing)", 1)})
	if problems := await(t, s.reports); !problems.HasErrors() || !strings.Contains(problems.Draw(), "^^^^^^^") || !strings.Contains(problems.Draw(), "CS1061") {
		t.Errorf("a broken edit: %q", problems.Draw())
	}
	if resp, body := do(t, c, "POST", s.info.Gateway+"/ai/x", "x"); resp.StatusCode != 200 || body != "v1" {
		t.Errorf("after a broken edit: %d %q", resp.StatusCode, body)
	}
	write(t, dir, map[string]string{"apis/ai/policy.xml": string(good), name: value(2)})
	for {
		if problems := await(t, s.reports); !problems.HasErrors() {
			break
		}
	}
	load.Wait()
	inRetry.Wait()
	close(finish)
	for i, st := range open {
		rest, err := io.ReadAll(st.body)
		if string(rest) != "data: [DONE]\n\n" || err != nil || st.header.Get("X-Outbound") != "v0" {
			t.Errorf("stream %d: %q %v %v", i, rest, err, st.header)
		}
	}
	if n := lost.Load(); n > 0 {
		t.Errorf("%d of %d requests were lost", n, total)
	}
	s.log.await(t, "the end of the last change", func(string) bool {
		_, body := do(t, c, "POST", s.info.Gateway+"/ai/x", "x")
		return body == "v2"
	})
	if !strings.Contains(s.log.String(), "the change was refused") {
		t.Error("the log does not say that a change was refused")
	}
}
