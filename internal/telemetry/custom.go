package telemetry

import (
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Dimension is one dimension of a metric that a policy emits.
type Dimension struct{ Name, Value string }

// maxSeries bounds the series of policies' metrics: dimensions may hold what
// callers send. What would make another one is counted as dropped.
const maxSeries = 10_000

// custom are the metrics of policies. Each series has the dimensions that its
// policy gives it, so that those of one name may differ.
type custom struct {
	mu      sync.Mutex
	series  map[string]*series
	dropped float64
}

type series struct {
	tokens        string // the type of tokens, "" for another metric
	names, values []string
	sum           float64
	count         float64
}

// tokenTypes are the metrics of tokens, which have a name of their own.
var tokenTypes = map[string]string{"Total Tokens": "total", "Prompt Tokens": "prompt", "Completion Tokens": "completion"}

// Emit adds to a metric of a policy. The tokens of emit-token-metric become
// apim_llm_tokens_total, all others apim_metric with its sum and count.
func (m *Metrics) Emit(namespace, name string, value float64, dimensions []Dimension) {
	if m == nil {
		return
	}
	c := &m.custom
	s := &series{tokens: tokenTypes[name], names: []string{"namespace", "metric"}, values: []string{namespace, name}}
	if s.tokens != "" {
		s.names, s.values = []string{"namespace", "type"}, []string{namespace, s.tokens}
	}
	for _, d := range dimensions {
		s.names = append(s.names, label(d.Name, s.names))
		s.values = append(s.values, strings.ToValidUTF8(d.Value, "\ufffd"))
	}
	key := strings.Join(s.names, "\x00") + "\x01" + strings.Join(s.values, "\x00")
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.series[key]
	if known == nil {
		if len(c.series) >= maxSeries {
			c.dropped++
			return
		}
		if c.series == nil {
			c.series = map[string]*series{}
		}
		known = s
		c.series[key] = s
	}
	known.sum += value
	known.count++
}

// label is a dimension's name as Prometheus takes it, and as none of those before
// it has it.
func label(name string, before []string) string {
	b := []byte(strings.ToLower(name))
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			b[i] = '_'
		}
	}
	text := strings.TrimLeft(string(b), "_")
	if text == "" || text[0] >= '0' && text[0] <= '9' {
		text = "dimension_" + text
	}
	for n, base := 2, text; contains(before, text); n++ {
		text = base + "_" + strconv.Itoa(n)
	}
	return text
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Describe says nothing: which series there are is known when they are asked for.
func (c *custom) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *custom) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]string, 0, len(c.series))
	for k := range c.series {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	counter := func(name, help string, v float64, s *series) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, s.names, nil), prometheus.CounterValue, v, s.values...)
	}
	for _, k := range keys {
		s := c.series[k]
		if s.tokens != "" {
			counter("apim_llm_tokens_total", "Tokens that policies emit as a metric, by their dimensions.", s.sum, s)
			continue
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("apim_metric_sum", "What emit-metric has added, by the metric and its dimensions.", s.names, nil),
			prometheus.UntypedValue, s.sum, s.values...)
		counter("apim_metric_count", "How often emit-metric has added to a metric.", s.count, s)
	}
	if c.dropped > 0 {
		counter("apim_metric_dropped_total", "Emits of policies that were dropped, as there are too many series.", c.dropped, &series{})
	}
}
