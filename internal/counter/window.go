package counter

import "time"

// slots is into how many steps a window is divided: what was counted is
// forgotten to the step, at most that much later than a whole window after it.
const slots = 1000

// window counts what happened within the last while.
type window struct {
	keep  time.Duration // the longest window that was asked for
	slots []slot        // oldest first
}

type slot struct {
	at time.Time
	n  int64
}

// sum is what was counted since, and forgets what nobody asks for any more.
func (w *window) sum(now time.Time, length time.Duration) (n int64) {
	drop := 0
	for _, s := range w.slots {
		age := now.Sub(s.at)
		if age >= w.keep {
			drop++
		} else if age < length {
			n += s.n
		}
	}
	w.slots = w.slots[drop:]
	return n
}

func (w *window) add(now time.Time, n int64) {
	if n == 0 {
		return
	}
	step := max(w.keep/slots, time.Millisecond)
	if last := len(w.slots) - 1; last >= 0 && now.Sub(w.slots[last].at) < step {
		w.slots[last].n += n
		return
	}
	w.slots = append(w.slots, slot{now, n})
}

// until is how long it takes until no more than limit is counted.
func (w *window) until(now time.Time, length time.Duration, counted, limit int64) time.Duration {
	for _, s := range w.slots {
		age := now.Sub(s.at)
		if age >= length {
			continue
		}
		if counted -= s.n; counted <= limit {
			return length - age
		}
	}
	return length
}

func (m *Memory) window(key string, length time.Duration, now time.Time) *window {
	w := m.windows[key]
	if w == nil {
		room(m.windows, func(w *window) bool { return w.sum(now, w.keep) == 0 })
		w = &window{}
		m.windows[key] = w
	}
	w.keep = max(w.keep, length)
	return w
}

// Spend counts n under the key, if with it no more than limit are counted
// within the sliding window. What is refused is not counted.
func (m *Memory) Spend(key string, length time.Duration, limit, n int64) Verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	w := m.window(key, length, now)
	counted := w.sum(now, length)
	if counted+n > limit {
		return Verdict{Left: max(0, limit-counted), Wait: w.until(now, length, counted, limit-n)}
	}
	w.add(now, n)
	return Verdict{OK: true, Left: limit - counted - n}
}

// Within reports whether no more than limit are counted, and counts nothing.
func (m *Memory) Within(key string, length time.Duration, limit int64) Verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	w := m.window(key, length, now)
	counted := w.sum(now, length)
	if counted > limit {
		return Verdict{Wait: w.until(now, length, counted, limit)}
	}
	return Verdict{OK: true, Left: limit - counted}
}

// Count counts n, whatever limits there are.
func (m *Memory) Count(key string, length time.Duration, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	w := m.window(key, length, now)
	w.sum(now, length)
	w.add(now, n)
}
