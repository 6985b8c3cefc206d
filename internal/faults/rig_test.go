// Package faults_test drives the whole gateway, the sample service pool in front
// of three simulated regions, through the faults that regions, networks and
// callers are known for, and holds what callers see to figures. What depends on
// time runs on a clock moved by hand; what the kernel does runs over sockets.
//
// The rows are numbered; the flag -faults.table prints them with what was
// measured. With -faults.full each row is as large as its figures are stated for,
// and those take part that need minutes or the rights of an administrator.
package faults_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/engine/inproc"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/sim"
	"github.com/spillway-gateway/spillway/source"
)

var (
	full  = flag.Bool("faults.full", false, "run each fault in its full size")
	table = flag.Bool("faults.table", false, "print the table of faults with what was measured")
)

// requests is how many a row sends.
func requests() int {
	if *full {
		return 10000
	}
	return 1000
}

// line is a row of the table.
type line struct {
	number int
	fault  string
	figure string
	ok     bool
}

var (
	linesMu sync.Mutex
	lines   []line
)

// report adds a row to the table; what has no row of its own there has the number 0.
func report(t *testing.T, number int, fault, format string, args ...any) {
	t.Helper()
	linesMu.Lock()
	defer linesMu.Unlock()
	lines = append(lines, line{number, fault, fmt.Sprintf(format, args...), !t.Failed()})
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if *table {
		slices.SortStableFunc(lines, func(a, b line) int { return a.number - b.number })
		fmt.Printf("\n%3s  %-46s %-4s %s\n", "#", "fault", "", "measured")
		for _, l := range lines {
			verdict := "ok"
			if !l.ok {
				verdict = "FAIL"
			}
			number := ""
			if l.number > 0 {
				number = strconv.Itoa(l.number)
			}
			fmt.Printf("%3s  %-46s %-4s %s\n", number, l.fault, verdict, l.figure)
		}
	}
	os.Exit(code)
}

// rig is the gateway with the sample service pool on a clock of its own.
type rig struct {
	t       testing.TB
	clock   *clock.Manual
	regions map[string]*sim.Region
	live    *backend.Live
	gateway *gateway.Gateway
	metrics *telemetry.Metrics
	log     *text
	key     string
	wires   wires
}

// names are the regions, best first.
var names = []string{"eastus", "australiaeast", "swedencentral"}

// text is a log that goroutines write.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// wires are the connections to regions: a region's may be taken over by what a
// simulated region does not do by itself.
type wires struct {
	exchange.Upstream
	mu   sync.Mutex
	over map[string]wire // by port
}

// wire answers in the place of a region, which next asks.
type wire func(ctx context.Context, out *exchange.Outbound, next exchange.Upstream) (*exchange.Inbound, error)

// Send implements exchange.Upstream.
func (w *wires) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	w.mu.Lock()
	f := w.over[strconv.Itoa(out.URL.Port)]
	w.mu.Unlock()
	if f == nil {
		return w.Upstream.Send(ctx, out)
	}
	return f(ctx, out, w.Upstream)
}

// wire takes a region's connection over; nil gives it back.
func (r *rig) wire(region string, f wire) {
	r.wires.mu.Lock()
	defer r.wires.mu.Unlock()
	r.wires.over[strconv.Itoa(9101+slices.Index(names, region))] = f
}

// newRig starts the sample, with some of its files replaced.
func newRig(t testing.TB, files map[string]string) *rig {
	t.Helper()
	var warned source.Problems
	r := rigWith(t, files, &warned)
	if len(warned) > 0 {
		t.Fatal(warned.Draw())
	}
	return r
}

// rigWith is newRig for files that give warnings.
func rigWith(t testing.TB, files map[string]string, warned *source.Problems) *rig {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	r := &rig{t: t, clock: c, regions: map[string]*sim.Region{}, log: &text{}}
	var all []*sim.Region
	for i, name := range names {
		p := sim.Fast()
		p.TPM, p.RPM = 1<<30, 1<<30 // quotas are not the fault that is looked at
		region := sim.New(sim.Config{
			Name: name, Profile: p, Clock: c, Seed: uint64(i + 1), Address: "http://127.0.0.1:" + strconv.Itoa(9101+i), Keys: []string{"key-1-of-" + name, "key-2-of-" + name},
		})
		r.regions[name] = region
		all = append(all, region)
	}
	r.wires = wires{Upstream: inproc.New(all), over: map[string]wire{}}
	numbers := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	random := func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return numbers.Float64()
	}
	language, err := server.NewLanguage(c, func() uint64 {
		mu.Lock()
		defer mu.Unlock()
		return numbers.Uint64()
	})
	if err != nil {
		t.Fatal(err)
	}
	r.live = backend.NewLive(c, random)
	loaded, problems := service.Load(folder(t, files), "faults", service.World{
		Region: func(name string) (string, []string, bool) {
			x := r.regions[name]
			return x.Address(), x.Keys(), true
		},
		Random: func(b []byte) { copy(b, "0123456789abcdef") },
	}, gateway.Settings{
		Live: r.live, Send: &forward.Forwarder{Upstream: &r.wires, Clock: c, Hop: "faults"},
		Services: builtin.Services{Clock: c, Random: random, Cache: cache.NewMemory(c, 1<<20, policy.Objects{})},
		Policies: policy.Options{Language: language},
	})
	if *warned = problems; problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	log := telemetry.New(r.log, slog.LevelInfo)
	r.metrics = telemetry.NewMetrics(nil)
	log.Count(r.metrics)
	id := uint64(0)
	r.gateway = gateway.New(gateway.Options{Clock: c, Log: log, Random: func() (b [16]byte) {
		mu.Lock()
		defer mu.Unlock()
		id++
		for i := range 8 {
			b[i] = byte(id >> (8 * i))
		}
		return b
	}})
	r.gateway.Publish(loaded.Service)
	_, r.key = loaded.FirstKey()
	return r
}

// folder is the sample pool with files over it.
func folder(t testing.TB, files map[string]string) fs.FS {
	t.Helper()
	base, err := examples.FS("pool")
	if err != nil {
		t.Fatal(err)
	}
	over := &txtar.Archive{}
	for name, content := range files {
		over.Files = append(over.Files, txtar.File{Name: name, Data: []byte(content)})
	}
	err = fs.WalkDir(base, ".", func(path string, d fs.DirEntry, err error) error {
		if _, own := files[path]; err != nil || d.IsDir() || own {
			return err
		}
		data, err := fs.ReadFile(base, path)
		over.Files = append(over.Files, txtar.File{Name: path, Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	fsys, err := txtar.FS(over)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// sampleFile is a file of the sample, with one text in it replaced by another.
func sampleFile(t testing.TB, path, old, fresh string) string {
	t.Helper()
	base, err := examples.FS("pool")
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(base, path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	return strings.Replace(string(data), old, fresh, 1)
}

// fault sets a fault of a region; "" takes it away.
func (r *rig) fault(region, text string) {
	r.t.Helper()
	if text == "" {
		_ = r.regions[region].SetFault(nil)
		return
	}
	f, err := sim.ParseFault([]byte(text))
	if err == nil {
		err = r.regions[region].SetFault(f)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// caller is one request and what came of it. It is the sink of its answer.
type caller struct {
	rig    *rig
	stream bool
	x      *exchange.Exchange

	began, first, done time.Time
	status             int
	header             exchange.Header
	body               []byte
	chunks             int
	ended, aborted     bool
	// onChunk is called after each chunk; an error of it is a caller who is gone.
	onChunk func(c *caller) error
}

func (c *caller) Head(h *exchange.ResponseHead) error {
	c.status, c.header = h.Status, h.Header
	return nil
}

func (c *caller) Chunk(b []byte) error {
	if len(b) > 0 && c.first.IsZero() {
		c.first = c.rig.clock.Now()
	}
	c.body = append(c.body, b...)
	c.chunks++
	if c.onChunk != nil {
		return c.onChunk(c)
	}
	return nil
}

func (c *caller) End() error { c.ended = true; return nil }
func (c *caller) Abort()     { c.aborted = true }

// complete reports a whole answer of 200.
func (c *caller) complete() bool {
	return c.status == 200 && c.ended && !c.aborted && (!c.stream || bytes.HasSuffix(c.body, []byte("data: [DONE]\n\n")))
}

// told reports that the caller can tell the answer from a complete one: by an
// error event and an unterminated body.
func (c *caller) told() bool {
	return c.aborted && !c.ended && (!c.stream || bytes.Contains(c.body, []byte(`"code":"upstream_disconnected"`)) && !bytes.Contains(c.body, []byte("[DONE]")))
}

func (c *caller) took() time.Duration { return c.done.Sub(c.began) }

// start is how long the first byte took.
func (c *caller) start() time.Duration {
	if c.first.IsZero() {
		return c.took()
	}
	return c.first.Sub(c.began)
}

const (
	chatBody   = `{"messages":[{"role":"user","content":"Say something about regions."}]}`
	streamBody = `{"stream":true,"messages":[{"role":"user","content":"Say something about regions."}]}`
)

// send makes one request; it is called on the clock.
func (r *rig) send(ctx context.Context, stream bool, edit func(*caller)) *caller {
	body := chatBody
	if stream {
		body = streamBody
	}
	c := &caller{rig: r, stream: stream, began: r.clock.Now()}
	c.x = &exchange.Exchange{
		ClientIP: "127.0.0.1",
		Original: exchange.Request{
			Method: "POST", Body: exchange.BufferedBody([]byte(body)),
			URL:    exchange.URL{Scheme: "http", Host: "gateway.test", Port: 80, Path: "/openai-test/openai/deployments/gpt-35-turbo/chat/completions", Query: "api-version=2024-10-21"},
			Header: exchange.Header{{Name: "api-key", Value: r.key}, {Name: "Content-Type", Value: "application/json"}},
		},
	}
	if edit != nil {
		edit(c)
	}
	r.gateway.Serve(ctx, c.x, c)
	c.done = r.clock.Now()
	return c
}

// load sends n requests, every gap one, half of them streams.
func (r *rig) load(n int, gap time.Duration, edit func(i int, c *caller)) []*caller {
	all := make([]*caller, n)
	r.clock.Run(func() {
		// The last one to end wakes this goroutine out of the clock's own sleep. The
		// clock looks for one that waits otherwise among all goroutines, at each step.
		var running atomic.Int64
		running.Store(int64(n))
		over, end := context.WithCancel(context.Background())
		defer end()
		for i := range n {
			r.clock.AfterFunc(time.Duration(i)*gap, func() {
				defer func() {
					if running.Add(-1) == 0 {
						end()
					}
				}()
				all[i] = r.send(context.Background(), i%2 == 1, func(c *caller) {
					if edit != nil {
						edit(i, c)
					}
				})
			})
		}
		_ = r.clock.Sleep(over, clock.Forever)
	})
	return all
}

// one sends one request and waits for its end.
func (r *rig) one(stream bool) *caller {
	var c *caller
	r.clock.Run(func() { c = r.send(context.Background(), stream, nil) })
	return c
}

// failed counts callers without a complete answer, and shows the first.
func failed(t *testing.T, all []*caller) (n int) {
	t.Helper()
	for i, c := range all {
		if c.complete() {
			continue
		}
		if n++; n == 1 {
			t.Logf("request %d: %d, ended %v, aborted %v, attempts %+v\n%.300s", i, c.status, c.ended, c.aborted, c.x.Attempts, c.body)
		}
	}
	return n
}

// percentile is that of the callers' first bytes.
func percentile(all []*caller, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	var d []time.Duration
	for _, c := range all {
		d = append(d, c.start())
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(share*float64(len(d))))]
}

// attempts are those at a backend, in the order they began.
func attempts(all []*caller, backend string) []exchange.Attempt {
	var list []exchange.Attempt
	for _, c := range all {
		for _, a := range c.x.Attempts {
			if a.Backend == backend {
				list = append(list, a)
			}
		}
	}
	slices.SortFunc(list, func(a, b exchange.Attempt) int { return a.Started.Compare(b.Started) })
	return list
}

// breaker is a region's as the metrics have it, and until when it is open.
func (r *rig) breaker(region string) (open bool, until time.Time) {
	for _, m := range r.live.Pools()[0].Members {
		if m.Backend == region && m.OpenUntil != nil {
			return true, *m.OpenUntil
		}
	}
	return false, time.Time{}
}

// answer is a wire's answer.
func answer(status int, body string, header ...exchange.Field) *exchange.Inbound {
	return &exchange.Inbound{Status: status, Header: header, Body: exchange.BufferedBody([]byte(body))}
}
