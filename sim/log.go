package sim

import (
	"maps"
	"sync"
	"time"
)

// Entry is one request in a region's log.
type Entry struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Query  string    `json:"query"`
	// Key is 1 or 2 for the key that was shown, 0 for none or a wrong one.
	Key int `json:"key"`
	// Status is the status sent; 499 when the client left before the end of
	// the answer; 0 while no head has been sent.
	Status int `json:"status"`
	// ForwardedFor is X-Forwarded-For as received, null without.
	ForwardedFor *string `json:"forwardedFor"`
	Deployment   string  `json:"deployment,omitempty"`
	// Sent is the status that the client was sent, also when it left later.
	Sent int `json:"sent,omitempty"`
	// Events is how many events of a stream were made, sent or not.
	Events  int     `json:"events,omitempty"`
	Outcome Outcome `json:"outcome"`
}

// Outcome is how a request ended, or that it has not.
type Outcome string

// The outcomes of a request.
const (
	Open       Outcome = "open"
	Complete   Outcome = "complete"
	Cut        Outcome = "cut"         // by a fault
	ClientGone Outcome = "client_gone" // whatever was sent by then
)

// statusClientGone is logged, never sent.
const statusClientGone = 499

// logSize is how many requests the log keeps.
const logSize = 10_000

// noDeployment stands in the counters for requests that name no deployment of
// the region.
const noDeployment = "(none)"

// record is an entry under way; its fields are guarded by the log.
type record struct {
	Entry
	epoch int
}

// requestLog is a ring of the latest requests, and counters of all.
type requestLog struct {
	mu       sync.Mutex
	epoch    int // of resets: an older record no longer counts
	ring     []*record
	next     int
	counters map[string]map[int]int
	changed  chan struct{} // closed at the next change
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
	l.ring, l.next, l.counters = nil, 0, nil
	l.tell()
}

func (l *requestLog) begin(e Entry) *record {
	l.mu.Lock()
	defer l.mu.Unlock()
	rec := &record{Entry: e, epoch: l.epoch}
	rec.Outcome = Open
	if len(l.ring) < logSize {
		l.ring = append(l.ring, rec)
	} else {
		l.ring[l.next] = rec
		l.next = (l.next + 1) % logSize
	}
	l.tell()
	return rec
}

// deployment notes which deployment the body named.
func (l *requestLog) deployment(rec *record, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rec.Deployment = name
}

// head notes the status before it is sent, so that a client that has its
// answer finds it counted.
func (l *requestLog) head(rec *record, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rec.Status, rec.Sent = status, status
	l.count(rec, status, +1)
	l.tell()
}

func (l *requestLog) event(rec *record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rec.Events++
}

// end notes how the request ended, once. A client that left is counted under
// 499 instead of the status it was sent.
func (l *requestLog) end(rec *record, how Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rec.Outcome != Open {
		return
	}
	rec.Outcome = how
	if how == ClientGone {
		if rec.Sent != 0 {
			l.count(rec, rec.Sent, -1)
		}
		rec.Status = statusClientGone
		l.count(rec, statusClientGone, +1)
	}
	l.tell()
}

func (l *requestLog) count(rec *record, status, by int) {
	if rec.epoch != l.epoch {
		return
	}
	name := rec.Deployment
	if name == "" {
		name = noDeployment
	}
	if l.counters == nil {
		l.counters = map[string]map[int]int{}
	}
	of := l.counters[name]
	if of == nil {
		of = map[int]int{}
		l.counters[name] = of
	}
	of[status] += by
	if of[status] == 0 {
		delete(of, status)
	}
}

func (l *requestLog) tell() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

func (l *requestLog) last(n int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(n, len(l.ring))
	es := make([]Entry, n)
	for i := range es {
		es[i] = l.ring[(l.next+len(l.ring)-n+i)%len(l.ring)].Entry
	}
	return es
}

// Requests are the latest n requests, newest last.
func (r *Region) Requests(n int) []Entry { return r.log.last(max(n, 0)) }

// Counters are the answers by deployment and status since the start or the
// last reset. Requests without a deployment of the region stand under "(none)".
func (r *Region) Counters() map[string]map[int]int {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	cs := map[string]map[int]int{}
	for name, of := range r.log.counters {
		cs[name] = maps.Clone(of)
	}
	return cs
}

// Changed is closed when the log changes next, for those who wait for an
// entry to come or to end: take the channel, look, then wait.
func (r *Region) Changed() <-chan struct{} {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.log.changed == nil {
		r.log.changed = make(chan struct{})
	}
	return r.log.changed
}
