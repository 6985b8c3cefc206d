package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Metrics counts requests, attempts, tokens and loads, in a registry of its
// own. A nil *Metrics counts nothing. It is safe for concurrent use.
//
// A region, in labels, is the backend's name or, for a bare URL, whatever Region
// calls its origin.
type Metrics struct {
	registry  *prometheus.Registry
	region    func(origin string) string
	requests  *prometheus.CounterVec
	duration  *prometheus.HistogramVec
	firstByte *prometheus.HistogramVec
	attempts  *prometheus.CounterVec
	head      *prometheus.HistogramVec
	failovers prometheus.Counter
	hedges    *prometheus.CounterVec
	resumes   *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	remaining *prometheus.GaugeVec
	panics    prometheus.Counter
	loads     *prometheus.CounterVec
	refused   atomic.Bool // what the folder holds is not in force
	away      atomic.Bool // the folder cannot be read
	loadTime  prometheus.Gauge
	custom    custom // what policies emit
}

// latencies are buckets for what takes milliseconds to minutes.
var latencies = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}

// NewMetrics makes the registry. region names the origin of a URL that is no
// backend's; nil leaves it as it is.
func NewMetrics(region func(origin string) string) *Metrics {
	if region == nil {
		region = func(origin string) string { return origin }
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(), region: region,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_requests_total", Help: "Requests that were answered, by API, operation and status; 499 is a caller that left.",
		}, []string{"api", "operation", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gateway_request_duration_seconds", Help: "Time from a request's arrival to the last byte of its answer.", Buckets: latencies,
		}, []string{"api"}),
		firstByte: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gateway_first_byte_seconds", Help: "Time from a request's arrival to the first byte of its answer's body: of a stream, the first token.", Buckets: latencies,
		}, []string{"region"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_attempts_total", Help: "Calls to regions, by how they went and the status that came; 0 where none did.",
		}, []string{"region", "outcome", "status"}),
		head: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gateway_attempt_head_seconds", Help: "Time from an attempt's start to the head of its answer, or to its failure.", Buckets: latencies,
		}, []string{"region"}),
		failovers: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gateway_failover_total", Help: "Attempts that went to another region than the one before them.",
		}),
		hedges: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_hedges_total", Help: "Second copies of requests whose first byte was late; result is won where the second one's answer counted, lost otherwise.",
		}, []string{"region", "result"}),
		resumes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_resumes_total", Help: "Attempts to take up a stream that had broken off; result is resumed where the answer to the client came to its end by it, lost otherwise.",
		}, []string{"region", "result"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_tokens_total", Help: "Tokens that answers say they used; type is prompt or completion.",
		}, []string{"region", "type"}),
		remaining: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gateway_quota_remaining", Help: "What the last answer of a region said is left of its quota; of is tokens or requests.",
		}, []string{"region", "of"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gateway_panics_total", Help: "Bugs of the gateway that were caught; the log has where they are.",
		}),
		loads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "config_loads_total", Help: "Loads of the service folder, and writes to it; result is ok or refused.",
		}, []string{"result"}),
		loadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "config_last_load_timestamp_seconds", Help: "When the service in force was loaded.",
		}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.firstByte, m.attempts, m.head, m.failovers, m.hedges, m.resumes, m.tokens, m.remaining, m.panics, m.loads, m.loadTime, &m.custom,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "config_last_load_ok", Help: "1 when what the service folder holds is in force, 0 when it was refused or cannot be read and the last good service goes on.",
		}, m.loadOK),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.loads.WithLabelValues("ok")
	m.loads.WithLabelValues("refused")
	return m
}

// Registry is where others add what they count.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Load counts a load of the service folder, or a write to it.
func (m *Metrics) Load(ok bool, now time.Time) {
	switch {
	case m == nil:
	case ok:
		m.loads.WithLabelValues("ok").Inc()
		m.refused.Store(false)
		m.loadTime.Set(float64(now.UnixMilli()) / 1000)
	default:
		m.loads.WithLabelValues("refused").Inc()
		m.refused.Store(true)
	}
}

// Older says that what is in force is older than the folder, which was refused.
func (m *Metrics) Older() { m.refused.Store(true) }

// Readable says whether the service folder can be read. While it cannot, nobody
// knows whether what is in force is what it should be.
func (m *Metrics) Readable(ok bool) { m.away.Store(!ok) }

func (m *Metrics) loadOK() float64 {
	if m.refused.Load() || m.away.Load() {
		return 0
	}
	return 1
}

// Dropped shows how many records the log had to drop.
func (m *Metrics) Dropped(count func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "log_dropped_total", Help: "Records of the log that were lost: its reader had stopped, or its disk was full.",
	}, func() float64 { return float64(count()) }))
}

func (m *Metrics) panicked() {
	if m != nil {
		m.panics.Inc()
	}
}

// Refused counts a write that was refused; the folder is as good as it was.
func (m *Metrics) Refused() {
	if m != nil {
		m.loads.WithLabelValues("refused").Inc()
	}
}

// Request counts a request that is over, with its attempts.
func (m *Metrics) Request(f *Finished) {
	if m == nil {
		return
	}
	x := f.X
	api, operation := "", ""
	if x.API != nil {
		api = x.API.Name
	}
	if x.Operation != nil {
		operation = x.Operation.Name
	}
	m.requests.WithLabelValues(api, operation, strconv.Itoa(f.Status)).Inc()
	m.duration.WithLabelValues(api).Observe(f.Duration.Seconds())
	last := ""
	for i := range x.Attempts {
		a := &x.Attempts[i]
		region := m.regionOf(a)
		m.attempts.WithLabelValues(region, a.Outcome, strconv.Itoa(a.Status)).Inc()
		m.head.WithLabelValues(region).Observe(a.Head.Seconds())
		final := i == len(x.Attempts)-1
		switch {
		case a.Hedge:
			m.hedges.WithLabelValues(region, result(final, "won")).Inc()
		case a.Resume:
			m.resumes.WithLabelValues(region, result(final && f.Outcome == Complete, "resumed")).Inc()
		case i > 0 && region != last && x.Attempts[i-1].Outcome != "overtaken" && !x.Attempts[i-1].Hedge:
			m.failovers.Inc()
		}
		last = region
	}
	if last == "" {
		return
	}
	if f.FirstByte > 0 {
		m.firstByte.WithLabelValues(last).Observe(f.FirstByte.Seconds())
	}
	if f.Usage.Prompt > 0 {
		m.tokens.WithLabelValues(last, "prompt").Add(float64(f.Usage.Prompt))
	}
	if f.Usage.Completion > 0 {
		m.tokens.WithLabelValues(last, "completion").Add(float64(f.Usage.Completion))
	}
	if x.Response != nil && x.Response.FromBackend {
		for of, header := range map[string]string{"tokens": "x-ratelimit-remaining-tokens", "requests": "x-ratelimit-remaining-requests"} {
			if n, err := strconv.ParseInt(x.Response.Header.Get(header), 10, 64); err == nil {
				m.remaining.WithLabelValues(last, of).Set(float64(n))
			}
		}
	}
}

// result is a label: the word for what went well, or lost.
func result(well bool, word string) string {
	if well {
		return word
	}
	return "lost"
}

// regionOf is an attempt's region: its backend, or the origin of its URL.
func (m *Metrics) regionOf(a *exchange.Attempt) string {
	if a.Backend != "" {
		return a.Backend
	}
	origin := a.URL
	if i := strings.Index(origin, "://"); i >= 0 {
		if j := strings.IndexAny(origin[i+3:], "/?#"); j >= 0 {
			origin = origin[:i+3+j]
		}
	}
	return m.region(origin)
}
