package script

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/internal/engine/inproc"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/sim"
	"github.com/spillway-gateway/spillway/source"
)

// Options say what scenarios may use.
type Options struct {
	// Sample gives an embedded sample service.
	Sample func(name string) (fs.FS, error)
	// Folder is the service folder of the scenario, or nil: what `spillway test
	// DIR` runs against.
	Folder fs.FS
	// Update lets cmp write what it got in place of what it wants; it is given
	// the archive's file and the new text.
	Update func(file, text string)
}

// start is when scenarios begin: a moment that no clock of a machine shows.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// runner is a scenario under way. Its verbs run one after another on the
// clock; only what was sent in the background runs beside them.
type runner struct {
	name    string
	options Options
	archive *txtar.Archive
	clock   *clock.Manual
	files   map[string]string // data files by name
	service map[string]string // service files by path
	rand    *rand.Rand
	randMu  sync.Mutex

	regions  map[string]*sim.Region
	order    []*sim.Region
	gateway  *gateway.Gateway
	language policy.Language
	upstream switchable
	cache    *cache.Memory
	counters *counter.Memory
	live     *backend.Live
	traces   *trace.Store
	tokens   *trace.Tokens
	keys     map[string]string
	loaded   *service.Loaded
	problems source.Problems
	log      lockedBuffer
	leaks    leaks
	backends map[string]*recorded // by authority
	marks    map[string]string    // names of generations

	sent     []*answer
	took     time.Duration
	waiting  sync.WaitGroup
	mu       sync.Mutex // guards sent of background sends
	lastBody string     // of the last send
	requests int
}

// lockedBuffer is a log that goroutines write and the script reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// switchable is an upstream that is known only when the regions are: they, and
// the backends of recorded answers.
type switchable struct {
	up       exchange.Upstream
	backends map[string]*recorded
}

// Send implements exchange.Upstream.
func (s *switchable) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	if b := s.backends[out.URL.Authority()]; b != nil {
		return b.Send(ctx, out)
	}
	return s.up.Send(ctx, out)
}

func newRunner(name string, a *txtar.Archive, o Options) (*runner, error) {
	r := &runner{
		name: name, options: o, archive: a, clock: clock.NewManual(start),
		files: map[string]string{}, service: map[string]string{}, keys: map[string]string{},
		rand: rand.New(rand.NewPCG(1, 2)), regions: map[string]*sim.Region{},
		backends: map[string]*recorded{}, marks: map[string]string{},
	}
	r.upstream.backends = r.backends
	for _, f := range a.Files {
		if path, ok := strings.CutPrefix(f.Name, "service/"); ok {
			r.service[path] = string(f.Data)
			continue
		}
		r.files[f.Name] = string(f.Data)
		if authority, ok := strings.CutPrefix(f.Name, "backends/"); ok {
			b, err := parseRecorded(string(f.Data), r.clock)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			r.backends[authority] = b
		}
	}
	r.cache = cache.NewMemory(r.clock, cache.DefaultBytes, policy.Objects{})
	r.counters = counter.New(r.clock)
	r.live = backend.NewLive(r.clock, r.float64)
	r.traces = trace.NewStore(r.clock.Now, trace.Limits{})
	r.tokens = trace.NewTokens([]byte("a key for scenarios, no secret.."), r.clock.Now)
	r.gateway = gateway.New(gateway.Options{
		Clock: r.clock, Random: r.guid, Log: telemetry.New(&r.log, slog.LevelInfo), Traces: r.traces, Tokens: r.tokens,
		Deployment: &exchange.Deployment{Region: "local", ServiceID: "local", ServiceName: "local", GatewayID: "managed", Gateway: exchange.Gateway{ID: "managed", InstanceID: "managed", Managed: true}},
	})
	return r, nil
}

// close waits for what still runs, and says whether a secret was seen anywhere.
func (r *runner) close() error {
	r.clock.Run(func() { r.clock.Block(r.waiting.Wait) })
	r.leaks.log(r.log.String())
	return r.leaks.err()
}

func (r *runner) result() Result { return Result{Took: r.clock.Now().Sub(start), Requests: r.requests} }

func (r *runner) uint64() uint64 {
	r.randMu.Lock()
	defer r.randMu.Unlock()
	return r.rand.Uint64()
}

func (r *runner) float64() float64 { return float64(r.uint64()>>11) / (1 << 53) }

func (r *runner) guid() (b [16]byte) {
	binary.LittleEndian.PutUint64(b[:], r.uint64())
	binary.LittleEndian.PutUint64(b[8:], r.uint64())
	return b
}

// folder is the service folder as it stands: the sample or folder below, and
// the archive's files over it.
func (r *runner) folder(base fs.FS) (fs.FS, error) {
	over := &txtar.Archive{}
	have := map[string]bool{}
	for path, text := range r.service {
		over.Files = append(over.Files, txtar.File{Name: path, Data: []byte(text)})
		have[path] = true
	}
	if base != nil {
		err := fs.WalkDir(base, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || have[path] {
				return err
			}
			data, err := fs.ReadFile(base, path)
			over.Files = append(over.Files, txtar.File{Name: path, Data: data})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return txtar.FS(over)
}

// load reads and compiles the service and, the first time, starts the regions
// that it names.
func (r *runner) load() (source.Problems, error) {
	fsys, err := r.folder(r.options.Folder)
	if err != nil {
		return nil, err
	}
	if r.language == nil {
		l, err := policy.NewCSharp(policy.LanguageOptions{Now: r.clock.Now, Rand: r.uint64})
		if err != nil {
			return nil, err
		}
		r.language = l
	}
	r.startRegions(fsys)
	// A scenario touches nothing outside: its identity is a simulated one.
	tokens := azure.New(azure.Options{Kind: "simulated", Clock: r.clock})
	send := &forward.Forwarder{Upstream: &r.upstream, Clock: r.clock, Hop: "scenario", Tokens: tokens}
	l, problems := service.Load(fsys, "local", service.World{
		Env:  func(string) (string, bool) { return "", false },
		File: func(string) ([]byte, error) { return nil, errors.New("a scenario reads no files of the machine") },
		Region: func(name string) (string, []string, bool) {
			region := r.regions[name]
			if region == nil {
				return "", nil, false
			}
			return region.Address(), region.Keys(), true
		},
		Random: func(b []byte) {
			for i := range b {
				b[i] = byte(r.uint64())
			}
		},
		Keys: r.keys,
	}, gateway.Settings{
		Send:     send,
		Services: builtin.Services{Cache: r.cache, Clock: r.clock, Tokens: tokens, Counters: r.counters, Random: r.float64},
		Live:     r.live,
		Policies: policy.Options{Language: r.language},
	})
	r.problems = problems
	r.leaks.service(l)
	r.leaks.problems(problems)
	if l.Service != nil {
		r.loaded = l
		r.gateway.Publish(l.Service)
	}
	return problems, nil
}

// startRegions makes the regions that spillway.yaml lists, once.
func (r *runner) startRegions(fsys fs.FS) {
	if len(r.regions) > 0 {
		return
	}
	data, err := fs.ReadFile(fsys, settings.FileName)
	if err != nil {
		r.upstream.up = inproc.New(nil)
		return
	}
	set, _ := settings.Parse(source.NewFile(settings.FileName, string(data)))
	for i, c := range set.Regions {
		config := service.Simulated(c)
		config.Clock, config.Seed, config.Address = r.clock, uint64(i+1), "http://127.0.0.1:"+strconv.Itoa(c.Port)
		config.Keys = []string{"secret-key-1-of-" + c.Name, "secret-key-2-of-" + c.Name}
		region := sim.New(config)
		r.regions[c.Name] = region
		r.order = append(r.order, region)
		for _, k := range region.Keys() {
			r.leaks.add(k, "a key of the region "+c.Name)
		}
	}
	r.upstream.up = inproc.New(r.order)
}

// story is the trace of an answer for people, or why there is none.
func (r *runner) story(id string) string {
	t := r.traces.Get(id)
	if t == nil {
		return "(no trace)"
	}
	var b bytes.Buffer
	if err := trace.Story(&b, t, false); err != nil {
		return err.Error()
	}
	return b.String()
}

// text is a file of the archive, or one of the texts that the run has made.
func (r *runner) text(name string) (string, error) {
	switch name {
	case "@problems":
		return r.problems.Draw(), nil
	case "@body", "@trace":
		if len(r.sent) == 0 {
			return "", errors.New("nothing has been sent")
		}
		last := r.sent[len(r.sent)-1]
		if name == "@body" {
			return string(last.body), nil
		}
		return r.story(last.id), nil
	case "@log":
		return r.log.String(), nil
	}
	text, ok := r.files[name]
	if !ok {
		return "", fmt.Errorf("the archive has no file %s", name)
	}
	return text, nil
}
