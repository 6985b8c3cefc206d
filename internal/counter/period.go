package counter

import "time"

// Period is a fixed span of time, and the next ones after it.
type Period struct {
	// Start anchors it.
	Start time.Time
	// Length is how long it is; 0 never ends.
	Length time.Duration
	// Calendar is Monthly or Yearly for periods that are not all of one length.
	Calendar Calendar
}

// Calendar says which periods of a calendar are meant.
type Calendar uint8

// The periods that have no fixed length; none for those that have.
const (
	Fixed Calendar = iota
	Monthly
	Yearly
)

// Bounds are the start and the end of the period that holds now; the end of one
// that never ends is the zero time.
func (p Period) Bounds(now time.Time) (from, to time.Time) {
	switch {
	case p.Calendar == Monthly:
		from = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(0, 1, 0)
	case p.Calendar == Yearly:
		from = time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(1, 0, 0)
	case p.Length == 0:
		return p.Start, time.Time{}
	}
	// In seconds: a Duration cannot hold the time since the year 1.
	length := int64(p.Length / time.Second)
	since := now.Unix() - p.Start.Unix()
	index := since / length
	if since < 0 && since%length != 0 {
		index--
	}
	from = time.Unix(p.Start.Unix()+index*length, 0).UTC()
	return from, from.Add(p.Length)
}

// Used is what has been used of a quota in its period.
type Used struct {
	Calls, Bytes int64
	// Ends is when the period does; zero for never.
	Ends time.Time
}

type periodKey struct {
	key      string
	start    int64
	length   time.Duration
	calendar Calendar
}

type period struct {
	from, to     time.Time
	calls, bytes int64
}

func (m *Memory) period(key string, p Period) *period {
	now := m.clock.Now().UTC()
	from, to := p.Bounds(now)
	k := periodKey{key, p.Start.Unix(), p.Length, p.Calendar}
	c := m.periods[k]
	if c == nil {
		room(m.periods, func(c *period) bool { return !c.to.IsZero() && !now.Before(c.to) })
		c = &period{}
		m.periods[k] = c
	}
	if !c.from.Equal(from) {
		*c = period{from: from, to: to}
	}
	return c
}

// Used is what the key has used in the period that holds now.
func (m *Memory) Used(key string, p Period) Used {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.period(key, p)
	return Used{c.calls, c.bytes, c.to}
}

// Use counts calls and bytes in the period that holds now; either may be
// negative, to put an estimate right.
func (m *Memory) Use(key string, p Period, calls, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.period(key, p)
	c.calls, c.bytes = max(0, c.calls+calls), max(0, c.bytes+bytes)
}
