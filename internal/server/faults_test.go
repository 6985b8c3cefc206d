package server

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/source"
)

// traffic asks again and again until it is stopped, and checks every answer.
type traffic struct {
	r     *running
	asked atomic.Int64
	stop  func()
}

// traffic starts callers; check, which may be nil, looks at each good answer. The
// test defers stop: what runs when it ends would be cancelled, and count as lost.
func (r *running) traffic(callers int, check func(reply) error) *traffic {
	x := &traffic{r: r}
	ended := make(chan struct{})
	var wg sync.WaitGroup
	for range callers {
		client := newClient(r.t)
		wg.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				resp, body, err := r.ask(client)
				if err != nil || resp.StatusCode != 200 {
					r.t.Errorf("%d %s %v", resp.StatusCode, body, err)
					return
				}
				if check != nil {
					if err := check(resp); err != nil {
						r.t.Error(err)
						return
					}
				}
				x.asked.Add(1)
			}
		})
	}
	x.stop = sync.OnceFunc(func() {
		close(ended)
		wg.Wait()
	})
	return x
}

// more waits until n more requests have been answered.
func (x *traffic) more(n int64) {
	x.r.t.Helper()
	before := x.asked.Load()
	within(x.r.t, 30*time.Second, fmt.Sprint(n, " more answers"), func() bool { return x.r.t.Failed() || x.asked.Load() >= before+n })
}

// metric is the value of a metric's only line, or of the one that begins so.
func (r *running) metric(name string) float64 {
	r.t.Helper()
	status, text := r.face("GET", "/metrics", "")
	if status != 200 {
		r.t.Fatalf("metrics: %d", status)
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				r.t.Fatal(err)
			}
			return v
		}
	}
	r.t.Fatalf("no metric %s in\n%s", name, text)
	return 0
}

// reported is the next report that satisfies ok.
func (r *running) reported(what string, ok func(source.Problems) bool) source.Problems {
	r.t.Helper()
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	for {
		select {
		case p := <-r.reports:
			if ok(p) {
				return p
			}
		case <-end.C:
			r.t.Fatalf("never reported: %s", what)
		}
	}
}

func broken(p source.Problems) bool { return p.HasErrors() }
func sound(p source.Problems) bool  { return !p.HasErrors() }

// heap is how many bytes are in use after what is garbage was collected.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Two hundred policies, each put while calls run: every call is answered by one
// of them from beginning to end, and none of what went before is kept.
func TestManyReloads(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	original, _ := r.call("GET", apiPath+"/policies/policy?format=rawxml", "").at("properties", "value").(string)
	put := func(i int) {
		header := func(name string) string {
			return fmt.Sprintf(`<set-header name="%s" exists-action="override"><value>%d</value></set-header>`, name, i)
		}
		text := strings.Replace(original, "<inbound>", `<inbound><set-variable name="in" value="`+fmt.Sprint(i)+`" />`, 1)
		text = strings.Replace(text, "<outbound>", `<outbound><set-header name="X-In" exists-action="override"><value>@((string)context.Variables["in"])</value></set-header>`+header("X-Out"), 1)
		r.call("PUT", apiPath+"/policies/policy", properties("format", "rawxml", "value", text)).want(t, 200)
	}
	put(0)
	x := r.traffic(2, func(resp reply) error {
		if in, out := resp.Header.Get("X-In"), resp.Header.Get("X-Out"); in == "" || in != out {
			return fmt.Errorf("an answer of two generations: %s and %s", in, out)
		}
		return nil
	})
	defer x.stop()
	var base int64
	for i := range 200 {
		put(i + 1)
		if i == 50 {
			base = heap()
		}
	}
	x.more(10)
	x.stop()
	if now := heap(); now > base+base/2+8<<20 {
		t.Errorf("%d MiB are in use after 200 policies, %d after 50", now>>20, base>>20)
	}
	if t.Logf("%d answers", x.asked.Load()); x.asked.Load() < 100 {
		t.Errorf("only %d answers came while the policies changed", x.asked.Load())
	}
}

// A file that is written in two steps, with a pause between them, is refused when
// it is half there, with its place, and in force within a second of its end. No
// answer is made by two versions.
func TestHalfWritten(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	name := filepath.Join(r.dir, "apis", "my-cool-openai-test", "policy.xml")
	original, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	version := func(i int) string {
		text := strings.Replace(string(original), "<inbound>", fmt.Sprintf(`<inbound><set-variable name="in" value="%d" />`, i), 1)
		return strings.Replace(text, "<outbound>", fmt.Sprintf(`<outbound><set-header name="X-In" exists-action="override"><value>@((string)context.Variables["in"])</value></set-header>`+
			`<set-header name="X-Out" exists-action="override"><value>%d</value></set-header>`, i), 1)
	}
	store := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store(version(0))
	_ = r.reported("the first version", sound)
	client := newClient(t)
	last := func() string {
		resp, body, err := r.ask(client)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, body, err)
		}
		return resp.Header.Get("X-Out")
	}
	within(t, 30*time.Second, "the first version", func() bool { return last() == "0" })
	x := r.traffic(2, func(resp reply) error {
		if in, out := resp.Header.Get("X-In"), resp.Header.Get("X-Out"); in == "" || in != out {
			return fmt.Errorf("an answer of two generations: %q and %q", in, out)
		}
		return nil
	})
	defer x.stop()
	machine := clocktest.Watch(t)
	for i := 1; i <= 8; i++ {
		text := version(i)
		store(text[:len(text)*i/10]) // cut in another place each time
		p := r.reported("the half of a file", broken)
		if first := p.Errors()[0].Error(); !regexp.MustCompile(`policy\.xml:\d+:\d+`).MatchString(first) {
			t.Errorf("reported without its place: %s", first)
		}
		if got := last(); got != fmt.Sprint(i-1) {
			t.Errorf("with half a file version %s is in force, want %d", got, i-1)
		}
		within(t, 30*time.Second, "config_last_load_ok 0", func() bool { return r.metric("config_last_load_ok") == 0 })
		store(text)
		done := time.Now()
		within(t, 30*time.Second, "the whole file", func() bool { return last() == fmt.Sprint(i) })
		if took := time.Since(done); took > machine.Allow(time.Second, 50) {
			t.Errorf("version %d was in force after %v", i, took)
		}
		_ = r.reported("the whole file", sound) // and what was seen of its first bytes, before it
	}
	within(t, 30*time.Second, "config_last_load_ok 1", func() bool { return r.metric("config_last_load_ok") == 1 })
	x.more(200)
}

// A folder that is deleted costs no request. What is in force can still be looked
// at, but not written: a write would make a service of nothing else. When the
// folder comes back, so does everything.
func TestFolderGone(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	keep := t.TempDir()
	if err := os.CopyFS(keep, os.DirFS(r.dir)); err != nil {
		t.Fatal(err)
	}
	x := r.traffic(2, nil)
	defer x.stop()
	x.more(20)
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	within(t, 30*time.Second, "config_last_load_ok 0", func() bool { return r.metric("config_last_load_ok") == 0 })
	x.more(50)
	r.call("GET", apiPath, "").want(t, 200)
	r.call("PUT", "/namedValues/v", properties("displayName", "v", "value", "x")).want(t, 500, "StorageFailed")
	r.call("POST", "/namedValues/key-eastus/refreshSecret", "").want(t, 400, "gone")
	x.more(50)
	if _, err := os.Stat(r.dir); err == nil {
		t.Error("somebody has made the folder again")
	}
	if err := os.CopyFS(r.dir, os.DirFS(keep)); err != nil {
		t.Fatal(err)
	}
	within(t, 30*time.Second, "config_last_load_ok 1", func() bool { return r.metric("config_last_load_ok") == 1 })
	r.call("PUT", "/namedValues/v", properties("displayName", "v", "value", "x")).want(t, 201)
	r.edit("back")
	client := newClient(t)
	within(t, 30*time.Second, "an edit after the return", func() bool {
		resp, _, err := r.ask(client)
		return err == nil && resp.Header.Get("X-Edit") == "back"
	})
	x.more(10)
}

// A log that nobody reads costs no request; what is lost is counted, and what was
// kept comes when somebody reads again.
func TestLogBlocked(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = out.Close(), in.Close() })
	c := config(t, sampleFolder(t))
	c.Log = in
	r := run(t, c)
	x := r.traffic(4, nil)
	defer x.stop()
	within(t, 60*time.Second, "records are dropped", func() bool { return t.Failed() || r.metric("log_dropped_total") > 100 })
	x.more(100) // none of them waits
	x.stop()
	var read atomic.Int64
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			if strings.Contains(s.Text(), `"msg":"request"`) || strings.Contains(s.Text(), `"msg":"attempt"`) {
				read.Add(1)
			}
		}
	}()
	asked := x.asked.Load()
	// Each request has its own record and at least one of an attempt.
	within(t, 30*time.Second, "the kept records", func() bool {
		return read.Load()+int64(r.metric("log_dropped_total")) >= 2*asked
	})
}
