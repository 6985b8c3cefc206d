package server

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/internal/engine/std"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/sim"
	"github.com/spillway-gateway/spillway/source"
)

// Config is what a process serves. Only one of Dir and Files is set.
type Config struct {
	// Dir is the service folder. It may be missing or empty: the service then
	// has no APIs until the folder has.
	Dir string
	// Files is a folder that cannot change, such as an embedded sample.
	Files fs.FS
	Name  string
	// Gateway, Management and Control are addresses that win over those of
	// spillway.yaml; Control is for the regions' control, "" for none.
	Gateway, Management, Control string
	// MoveRegions moves the ports of simulated regions: the first gets this
	// one, the next the one after it. 0 leaves them where they are.
	MoveRegions int
	// Regions run when spillway.yaml lists none.
	Regions []settings.Region
	// Chat is the URL of the chat app, and ChatFile the file of its settings;
	// other commands are told of them.
	Chat, ChatFile string
	// Configuration is a publisher's override file.
	Configuration *source.File
	// Token and ReaderToken are for the management API; Token is made when empty.
	Token, ReaderToken string
	Env                func(string) (string, bool)
	// Azure makes the requests to Microsoft Entra ID and Key Vaults; nil takes
	// the usual client.
	Azure     *http.Client
	ConfigDir func() (string, error)
	// NoSnapshot keeps no last good state of Dir, and starts with none: a folder
	// that does not compile is refused.
	NoSnapshot bool
	Log        io.Writer
	LogLevel   slog.Level
	// Report is told of every load's problems; Ready is told once, when
	// everything listens and before the gateway answers its first request.
	Report func(source.Problems)
	Ready  func(Info)
}

// Info is where everything is.
type Info struct {
	Running
	// Subscription is whose key SubscriptionKey is; Made are the subscriptions
	// whose keys were made at start, with their keys.
	Subscription string
	Made         map[string]string
	Regions      []RegionInfo
	// API is the first of APIs, for an example.
	API  *apim.API
	APIs []*apim.API
	// Snapshot is when the service that is served was kept, because the folder
	// does not compile; zero when it does.
	Snapshot time.Time
}

// RegionInfo is a simulated region.
type RegionInfo struct{ Name, Address string }

// drain is how long requests may go on after the process was told to stop.
const drain = 60 * time.Second

// logQueue is how many bytes of the log wait while its reader does not read,
// some thousand requests'; logPatience is how long the end of the process waits
// for such a reader.
const (
	logQueue    = 1 << 20
	logPatience = 2 * time.Second
)

// StartError is a set-up that cannot start. Problems are those of the folder,
// if that is what is wrong.
type StartError struct {
	Problems source.Problems
	Err      error
	// Flag names the flag that would help, or "".
	Flag string
}

func (e *StartError) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return fmt.Sprintf("the service has %d errors", len(e.Problems.Errors()))
}

// Unwrap is the cause.
func (e *StartError) Unwrap() error { return e.Err }

// process is a serving process.
type process struct {
	config  Config
	clock   clock.Clock
	log     *telemetry.Log
	metrics *telemetry.Metrics
	gateway *gateway.Gateway
	options gateway.Settings
	live    *backend.Live
	send    *std.Transport
	regions map[string]*sim.Region
	started []string // names of regions that run
	traces  *trace.Store
	tokens  *trace.Tokens

	identities identities
	secrets    *azure.Secrets
	interval   atomic.Int64                    // how old a secret may become, of the service in force
	found      atomic.Pointer[source.Problems] // what the last look at the folder found

	// store's lock guards what is below.
	store  *store.Store
	keys   map[string]string
	salt   []byte               // of the names of generations
	loaded *service.Loaded      // in force
	good   chan *service.Loaded // the newest one whose folder is to be kept
	older  time.Time            // when the one in force was kept, if the folder was refused at start
	onDisk
}

// Run serves until ctx ends, then lets requests finish. The error is a
// *StartError when nothing was ever served.
func Run(ctx context.Context, c Config) error {
	p := &process{config: c, clock: clock.Real{}, keys: map[string]string{}, salt: []byte(crand.Text()), regions: map[string]*sim.Region{}, good: make(chan *service.Loaded, 1)}
	queue := telemetry.NewQueue(c.Log, logQueue)
	defer queue.Close(logPatience)
	p.log = telemetry.New(queue, c.LogLevel)
	p.metrics = telemetry.NewMetrics(p.regionName)
	p.metrics.Dropped(queue.Dropped)
	p.identities.options = azure.Options{Clock: p.clock, Client: c.Azure}
	p.secrets = azure.NewSecrets(azure.SecretsOptions{
		Interval: p.secretInterval, Clock: p.clock, Client: c.Azure, Log: p.log.Logger(),
	})
	p.log.Count(p.metrics)
	p.store = store.New(store.Functions{Read: p.read, Validate: p.validate, Refused: p.metrics.Refused})
	if err := p.finish(); err != nil {
		return err
	}
	set, err := p.settings()
	if err != nil {
		return err
	}
	gatewayAt, managementAt := cmp.Or(c.Gateway, set.Listen.Gateway), cmp.Or(c.Management, set.Listen.Management)
	gl, err := listen(ctx, gatewayAt, "the gateway", "-gateway")
	if err != nil {
		return err
	}
	defer func() { _ = gl.Close() }()
	ml, err := listen(ctx, managementAt, "the management API", "-management")
	if err != nil {
		return err
	}
	defer func() { _ = ml.Close() }()
	stopRegions, err := p.startRegions(set)
	if err != nil {
		return err
	}
	defer stopRegions()
	if err := p.build(set); err != nil {
		return err
	}
	var problems source.Problems
	p.store.Exclusive(func() { problems = p.load() })
	if c.Report != nil {
		c.Report(problems)
	}
	if problems.HasErrors() && !p.lastGood() {
		return &StartError{Problems: problems}
	}
	return p.serve(ctx, gl, ml)
}

// listen opens a port, or says which one is taken and what moves it.
func listen(ctx context.Context, address, what, flag string) (net.Listener, error) {
	l, err := std.Listen(ctx, address)
	if err != nil {
		_, port, _ := net.SplitHostPort(address)
		return nil, &StartError{Err: fmt.Errorf("port %s for %s cannot be opened: %w", port, what, cause(err)), Flag: flag}
	}
	return l, nil
}

// cause is what the system says, without the address, which was said already.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// startRegions runs the regions that spillway.yaml lists.
func (p *process) startRegions(set *settings.Settings) (stop func(), err error) {
	var places []sim.Place
	regions := set.Regions
	if len(regions) == 0 {
		regions = p.config.Regions
	}
	for i, r := range regions {
		c := service.Simulated(r)
		c.Clock = p.clock
		region := sim.New(c)
		port := r.Port
		if p.config.MoveRegions > 0 {
			port = p.config.MoveRegions + i
		}
		places = append(places, sim.Place{Region: region, Addr: "127.0.0.1:" + strconv.Itoa(port)})
		p.regions[r.Name] = region
		p.started = append(p.started, r.Name)
	}
	if len(places) == 0 {
		return func() {}, nil
	}
	s, err := sim.Start(places, p.config.Control)
	if err != nil {
		e := &StartError{Err: err}
		var port *sim.PortError
		if errors.As(err, &port) {
			e.Flag = "-regions"
			if port.For == "control" {
				e.Flag = "-control"
			}
		}
		return nil, e
	}
	p.config.Control = s.Control()
	return func() { _ = s.Close() }, nil
}

// build makes what outlives a compiled service.
func (p *process) build(set *settings.Settings) error {
	p.traces = trace.NewStore(p.clock.Now, trace.Limits{})
	key := make([]byte, 32)
	_, _ = crand.Read(key)
	p.tokens = trace.NewTokens(key, p.clock.Now)
	if p.config.Token == "" {
		token := make([]byte, 24)
		_, _ = crand.Read(token)
		p.config.Token = hex.EncodeToString(token)
	}
	name := cmp.Or(p.config.Name, "spillway")
	p.gateway = gateway.New(gateway.Options{
		Clock: p.clock, Log: p.log, Traces: p.traces, Tokens: p.tokens,
		Deployment: &exchange.Deployment{
			Region: "local", ServiceID: name, ServiceName: name, GatewayID: "managed",
			Gateway: exchange.Gateway{ID: "managed", InstanceID: "managed", Managed: true},
		},
	})
	hop := make([]byte, 8)
	_, _ = crand.Read(hop)
	p.send = std.NewTransport(std.TransportOptions{Metadata: set.Egress.Metadata == "allow"})
	random := func() float64 { return float64(Random()>>11) / (1 << 53) }
	p.live = backend.NewLive(p.clock, random)
	p.live.OnPanic = func(bug any, stack []byte) { p.log.Bug(bug, stack) }
	p.live.OnTrip = func(t backend.Trip) { p.log.Breaker(t.Backend, t.Until, t.Hint.Asked) }
	p.metrics.Backends(p.backends)
	p.metrics.StaleNames(p.send.Stale)
	p.options = gateway.Settings{
		Live: p.live,
		Send: &forward.Forwarder{Upstream: p.send, Clock: p.clock, Tokens: &p.identities, Hop: hex.EncodeToString(hop)},
		Services: builtin.Services{
			Cache: cache.NewMemory(p.clock, cache.DefaultBytes, policy.Objects{}), Clock: p.clock, Tokens: &p.identities,
			Counters: counter.New(p.clock), Metrics: p.metrics, Events: p.log, Random: random,
		},
		Policies: policy.Options{Language: Language()},
	}
	return nil
}

// hosts are the host names of origins.
func hosts(origins []string) []string {
	var list []string
	for _, o := range origins {
		if u, err := exchange.ParseURL(o); err == nil {
			list = append(list, u.Host)
		}
	}
	return list
}

func (p *process) region(name string) (string, []string, bool) {
	r := p.regions[name]
	if r == nil {
		return "", nil, false
	}
	return r.Address(), r.Keys(), true
}

// readFile reads a file that spillway.yaml names; relative ones lie beside it.
func (p *process) readFile(name string) ([]byte, error) {
	if !filepath.IsAbs(name) && p.config.Dir != "" {
		name = filepath.Join(p.config.Dir, name)
	}
	data, err := os.ReadFile(name)
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return data, err
}

// serve runs the listeners until ctx ends.
func (p *process) serve(ctx context.Context, gl, ml net.Listener) error {
	errorLog := slog.NewLogLogger(p.log.Logger().Handler(), slog.LevelDebug)
	gs := std.NewServer(p.gateway, errorLog)
	ms := &http.Server{
		Handler:           p.management(gl),
		ReadHeaderTimeout: 10 * time.Second, ErrorLog: errorLog,
	}
	info := p.info(gl, ml)
	remove := p.announce(info)
	defer remove()
	failed := make(chan error, 2)
	go func() { failed <- ms.Serve(ml) }()
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	if p.config.Dir != "" {
		go watch(watching, p.config.Dir, p.log.Logger(), p.reload, p.metrics.Readable)
	}
	go p.secrets.Follow(watching, p.wanted, p.secretsChanged)
	kept, end := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(kept)
		p.snapshots(end)
	}()
	defer func() {
		close(end)
		<-kept
	}()
	// Whoever waits for the gateway's health finds that all has been said. Its port
	// is open by now: what is sent to it meanwhile waits there.
	if p.config.Ready != nil {
		p.config.Ready(info)
	}
	go func() { failed <- gs.Serve(gl) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopWatching()
	draining, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	_ = ms.Close()
	if err := gs.Shutdown(draining); err != nil {
		p.log.Logger().Warn("requests were still running and have been ended", "after", drain.String())
	}
	p.send.CloseIdle()
	return nil
}

func (p *process) info(gl, ml net.Listener) Info {
	i := Info{Running: Running{
		Gateway: "http://" + gl.Addr().String(), Management: "http://" + ml.Addr().String(), Token: p.config.Token, PID: os.Getpid(),
		Chat: p.config.Chat, ChatFile: p.config.ChatFile,
	}, Made: map[string]string{}, Snapshot: p.older}
	if p.config.Control != "" && len(p.started) > 0 {
		i.Control = "http://" + p.config.Control
	}
	i.Subscription, i.SubscriptionKey = p.loaded.FirstKey()
	for _, name := range p.loaded.Made {
		i.Made[name] = p.keys[name]
	}
	for _, name := range p.started {
		i.Regions = append(i.Regions, RegionInfo{name, p.regions[name].Address()})
	}
	if apis := p.loaded.Folder.Service.APIs; len(apis) > 0 {
		i.API, i.APIs = apis[0], apis
	}
	return i
}

// announce writes the file by which other commands find this process. Without a
// configuration folder there is none, which hurts nobody but them.
func (p *process) announce(i Info) (remove func()) {
	if p.config.ConfigDir == nil {
		return func() {}
	}
	dir, err := runningFolder(p.config.ConfigDir)
	if err == nil {
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(i.Management, "http://"))
		n, _ := strconv.Atoi(port)
		remove, err = writeRunning(dir, n, i.Running)
	}
	if err != nil {
		p.log.Logger().Warn("other commands will not find this process by themselves", "error", err.Error())
		return func() {}
	}
	return remove
}
