package backend

import (
	"math"
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
	tried := map[string]bool{}
	for len(tried) < len(a.queue.lines) {
		consumer, least := "", math.Inf(1)
		for c := range a.queue.lines {
			if given := a.queue.given[c]; !tried[c] && (given < least || given == least && c < consumer) {
				consumer, least = c, given
			}
		}
		tried[consumer] = true
		r := a.queue.lines[consumer][0]
		if c := a.choose(now, a.look(now, members, r), r); c.Member != nil {
			return c, r
		}
	}
	return Choice{}, nil
}

// Leave implements Queue.
func (a *adaptive) Leave(_ time.Time, r *Request) { a.queue.take(r) }
