package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Backend is the live state of a backend, as metrics show it.
type Backend struct {
	Name     string
	Open     bool // its circuit breaker
	InFlight int
	Trips    int // how often the breaker has opened
}

// Backends adds the states of backends, asked for at each look at the metrics.
func (m *Metrics) Backends(states func() []Backend) {
	m.registry.MustRegister(backends{
		states: states,
		state: prometheus.NewDesc("gateway_breaker_state",
			"The circuit breaker of a region: 0 is closed, 1 is open.", []string{"region"}, nil),
		trips: prometheus.NewDesc("gateway_breaker_trips_total",
			"How often the circuit breaker of a region has opened.", []string{"region"}, nil),
		flight: prometheus.NewDesc("gateway_in_flight",
			"Calls to a region that have not ended.", []string{"region"}, nil),
	})
}

// StaleNames shows how often a backend's name did not resolve and its last good
// answer was used.
func (m *Metrics) StaleNames(count func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "gateway_stale_names_total", Help: "Look-ups of a region's name that failed, so that its last good addresses went on.",
	}, func() float64 { return float64(count()) }))
}

type backends struct {
	states               func() []Backend
	state, trips, flight *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (b backends) Describe(out chan<- *prometheus.Desc) {
	out <- b.state
	out <- b.trips
	out <- b.flight
}

// Collect implements prometheus.Collector.
func (b backends) Collect(out chan<- prometheus.Metric) {
	for _, s := range b.states() {
		open := 0.0
		if s.Open {
			open = 1
		}
		out <- prometheus.MustNewConstMetric(b.state, prometheus.GaugeValue, open, s.Name)
		out <- prometheus.MustNewConstMetric(b.trips, prometheus.CounterValue, float64(s.Trips), s.Name)
		out <- prometheus.MustNewConstMetric(b.flight, prometheus.GaugeValue, float64(s.InFlight), s.Name)
	}
}
