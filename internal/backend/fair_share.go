package backend

import (
	"math"
	"time"
)

// fairShares knows what each consumer asks for, and thins those that ask for more
// than their max-min share of what there is: the shares are equal, and what one
// does not need is the others'.
type fairShares struct {
	demand map[string]float64 // tokens a second, by consumer
	at     time.Time
}

// shareSpan is the time over which demand is measured: long against bursts, short
// against the window of a minute.
const shareSpan = 45 * time.Second

// burstiness is how much more than on average the others may want before the
// windows are renewed: consumers come in bursts.
const burstiness = 1.35

// over counts a request and reports whether it is refused for its consumer's
// share. While there is enough for everybody nobody is, and neither is who asks
// for no more than the others will leave before the windows are renewed: shares
// that strand quota would help nobody.
func (f *fairShares) over(now time.Time, a *adaptive, list []candidate, r *Request) bool {
	f.decay(now)
	if f.demand == nil {
		f.demand = map[string]float64{}
	}
	f.demand[r.Consumer] += float64(r.Charge) / shareSpan.Seconds()
	capacity, total := 0.0, 0.0
	for i := range list {
		c := &list[i]
		if c.state == "open" || c.state == "ejected" {
			continue
		}
		capacity += max(0, c.belief.tokens.perSecond()+min(0, c.belief.tokens.drift))
	}
	for _, d := range f.demand {
		total += d
	}
	if total <= capacity {
		return false
	}
	own, share := f.demand[r.Consumer], f.share(capacity)
	if own <= share {
		return false
	}
	var free, until, others float64
	for i := range list {
		c := &list[i]
		if c.state == "open" || c.state == "ejected" {
			continue
		}
		free += c.room
		until += c.room * c.life
	}
	for name, d := range f.demand {
		if name != r.Consumer {
			others += math.Min(d, share)
		}
	}
	if free > 0 && free-burstiness*others*(until/free) > float64(r.Charge) {
		return false
	}
	return a.random() > share/own
}

func (f *fairShares) decay(now time.Time) {
	dt := now.Sub(f.at)
	if dt <= 0 {
		return
	}
	w := math.Exp(-float64(dt) / float64(shareSpan))
	for c, v := range f.demand {
		if v *= w; v < 0.01 {
			delete(f.demand, c)
		} else {
			f.demand[c] = v
		}
	}
	f.at = now
}

// share is the most that a consumer gets when all get it or what they ask for.
func (f *fairShares) share(capacity float64) float64 {
	small := map[string]bool{}
	for {
		left, n := capacity, 0
		for c, d := range f.demand {
			if small[c] {
				left -= d
			} else {
				n++
			}
		}
		if n == 0 {
			return math.Inf(1)
		}
		share := left / float64(n)
		more := false
		for c, d := range f.demand {
			if !small[c] && d <= share {
				small[c], more = true, true
			}
		}
		if !more {
			return share
		}
	}
}
