package spillway_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// TestLargeBodies holds that 32 requests of 12 MiB, all refused by the first
// region, reach the second one intact, and that each of them is kept in memory
// once: at the moment when all 32 wait there, 10 % over their size is in use.
func TestLargeBodies(t *testing.T) {
	const parallel, size = 32, 12 << 20
	body := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	want := sha256.Sum256(body)
	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(429)
	}))
	t.Cleanup(full.Close)
	var here, measured sync.WaitGroup
	here.Add(parallel)
	measured.Add(1)
	free := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, _ := io.Copy(h, r.Body)
		here.Done()
		measured.Wait()
		fmt.Fprintf(w, "%d %x", n, h.Sum(nil))
	}))
	t.Cleanup(free.Close)
	s := start(t, open(t, passes(full.URL, `<retry condition="@(context.Response == null || context.Response.StatusCode == 429)" count="2" interval="0" first-fast-retry="true">
        <choose><when condition="@(context.Response != null)"><set-backend-service base-url="`+free.URL+`" /></when></choose>
        <forward-request buffer-request-body="true" />
    </retry>`), nil))
	c := client(t)
	before := heap()
	var all sync.WaitGroup
	all.Add(parallel)
	for range parallel {
		go func() {
			defer all.Done()
			resp, err := c.Post(s.info.Gateway+"/ai/x", "application/json", bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			got, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != 200 || string(got) != fmt.Sprintf("%d %x", size, want) {
				t.Errorf("%d %s", resp.StatusCode, got)
			}
		}()
	}
	here.Wait()
	used := heap() - before
	measured.Done()
	all.Wait()
	t.Logf("%.3f times the bodies is in use", float64(used)/(parallel*size))
	const limit = parallel * size / 10 * 11
	if used > limit {
		t.Errorf("%d requests of %d bytes hold %d bytes, %.2f times their size; want at most 1.1", parallel, size, used, float64(used)/(parallel*size))
	}
}

// heap is how many bytes are in use, after what is garbage was collected.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestEarlyRefusal holds that a region's 429 that comes before it has read the
// body, which is then neither kept nor wanted, is delivered as what it is, to
// callers that read while they write and to those that write everything first.
func TestEarlyRefusal(t *testing.T) {
	t.Parallel()
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "9")
		w.WriteHeader(429)
		_, _ = io.WriteString(w, `{"error":{"code":"429"}}`)
	}))
	t.Cleanup(region.Close)
	s := start(t, open(t, passes(region.URL, `<forward-request buffer-request-body="false" />`), nil))
	c := client(t)
	body := bytes.Repeat([]byte("x"), 12<<20)
	written := func() (*http.Response, error) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.info.Gateway, "http://"))
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := fmt.Fprintf(conn, "POST /ai/x HTTP/1.1\r\nHost: gateway\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			return nil, err
		}
		return http.ReadResponse(bufio.NewReader(conn), nil)
	}
	for i := range 20 {
		ask := written
		if i%2 == 0 {
			ask = func() (*http.Response, error) {
				return c.Post(s.info.Gateway+"/ai/x", "application/json", bytes.NewReader(body))
			}
		}
		resp, err := ask()
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "9" || string(got) != `{"error":{"code":"429"}}` || err != nil {
			t.Fatalf("request %d: %d %v %s %v", i, resp.StatusCode, resp.Header, got, err)
		}
	}
}
