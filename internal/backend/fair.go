package backend

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// fairQueue holds the requests that wait for room: each consumer's in the order
// in which they came, and of the consumers the one first that was given the least
// of late.
type fairQueue struct {
	lines map[string][]*Request
	given map[string]float64 // tokens, forgotten over a minute
	at    time.Time
}

// givenSpan is how long what a consumer was given counts.
const givenSpan = time.Minute

// waits reports whether a new request has to stand behind others. One that was
// sent before and failed does not.
func (q *fairQueue) waits(r *Request) bool { return len(q.lines) > 0 && r.Attempt <= 1 }

func (q *fairQueue) add(r *Request) {
	if q.lines == nil {
		q.lines = map[string][]*Request{}
	}
	line := q.lines[r.Consumer]
	if r.Attempt > 1 {
		// It has waited for its answer already.
		line = append([]*Request{r}, line...)
	} else {
		line = append(line, r)
	}
	q.lines[r.Consumer] = line
}

// take removes a request.
func (q *fairQueue) take(r *Request) {
	line := q.lines[r.Consumer]
	for i, x := range line {
		if x == r {
			line = append(line[:i:i], line[i+1:]...)
			break
		}
	}
	if len(line) == 0 {
		delete(q.lines, r.Consumer)
		return
	}
	q.lines[r.Consumer] = line
}

// order is the consumers with requests that wait: who was given the least first.
func (q *fairQueue) order() []string {
	return slices.SortedFunc(maps.Keys(q.lines), func(a, b string) int {
		return cmp.Or(cmp.Compare(q.given[a], q.given[b]), cmp.Compare(a, b))
	})
}

// served books what a consumer was given.
func (q *fairQueue) served(now time.Time, r *Request) {
	if dt := now.Sub(q.at); dt > 0 {
		w := math.Exp(-float64(dt) / float64(givenSpan))
		for c, v := range q.given {
			if v *= w; v < 1 {
				delete(q.given, c)
			} else {
				q.given[c] = v
			}
		}
		q.at = now
	}
	if q.given == nil {
		q.given = map[string]float64{}
	}
	q.given[r.Consumer] += float64(r.Charge)
}

// Release implements Queue: one after another as long as there is room, each time
// for the consumer that was given the least and whose next request fits.
func (a *adaptive) Release(now time.Time, members []*Member) (ready []Released, next time.Time) {
	q := &a.queue
	for len(q.lines) > 0 {
		c, r := a.releaseOne(now, members)
		if r == nil {
			break
		}
		q.take(r)
		ready = append(ready, Released{Request: r, Choice: c})
	}
	for _, line := range q.lines {
		when := earliest(now, a.look(now, members, line[0]))
		if when.IsZero() {
			when = now.Add(releaseAgain)
		}
		if next.IsZero() || when.Before(next) {
			next = when
		}
	}
	if next.IsZero() {
		return ready, next
	}
	// Beliefs change without an answer, too: others leave something.
	return ready, clamp(next, now.Add(time.Millisecond), now.Add(time.Second))
}

// releaseAgain is when to look again where a request fits and is not released:
// what keeps it is no moment.
const releaseAgain = 250 * time.Millisecond

func clamp(t, least, most time.Time) time.Time {
	if t.Before(least) {
		return least
	}
	if t.After(most) {
		return most
	}
	return t
}

func (a *adaptive) releaseOne(now time.Time, members []*Member) (Choice, *Request) {
	consumers := a.queue.order()
	for _, consumer := range consumers {
		line := a.queue.lines[consumer]
		for _, r := range line[:min(lookBehind, len(line))] {
			list := a.look(now, members, r)
			for i := range list {
				list[i].await(now)
			}
			if c := a.choose(now, list, r); c.Member != nil {
				return c, r
			}
		}
	}
	for _, consumer := range consumers {
		first := a.queue.lines[consumer][0]
		if c := a.probe(now, a.look(now, members, first), first); c.Member != nil {
			return c, first
		}
	}
	return Choice{}, nil
}

// lookBehind is how many requests of a line are looked at: behind one that is too
// large for what is left smaller ones may go, and when more is left it is the first
// again.
const lookBehind = 30

// await keeps those who can wait from a member whose renewal is unproven while
// one request is on its way to prove it: had the guess been early, all of them
// would be refused.
func (c *candidate) await(now time.Time) {
	b := c.belief
	for _, w := range []*allowance{&b.tokens, &b.calls} {
		if c.whyNot != "" || !w.unproven() || now.Sub(w.renewed) >= proofTime {
			continue
		}
		if _, sent := b.ledger.sum(w.renewed, forever); sent > 0 {
			c.state, c.whyNot, c.next = "full", "a request is on its way to see whether it has been renewed", now.Add(releaseAgain)
		}
	}
}

// proofTime is how long the proof may take.
const proofTime = 2 * time.Second

// Leave implements Queue.
func (a *adaptive) Leave(_ time.Time, r *Request) { a.queue.take(r) }
