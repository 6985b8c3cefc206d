package counter

import (
	"strconv"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

var start = time.Date(2025, 1, 31, 23, 0, 0, 0, time.UTC)

func TestWindowSlides(t *testing.T) {
	c := clock.NewManual(start)
	m := New(c)
	spend := func(limit, n int64) Verdict { return m.Spend("k", time.Minute, limit, n) }
	steps := []struct {
		after    time.Duration
		limit, n int64
		want     Verdict
	}{
		{0, 3, 1, Verdict{OK: true, Left: 2}},
		{10 * time.Second, 3, 2, Verdict{OK: true, Left: 0}},
		{10 * time.Second, 3, 1, Verdict{Wait: 40 * time.Second}},
		{0, 3, 2, Verdict{Wait: 50 * time.Second}},
		{0, 5, 2, Verdict{OK: true, Left: 0}},
		{39 * time.Second, 5, 1, Verdict{Wait: time.Second}},
		{time.Second, 5, 1, Verdict{OK: true, Left: 0}},
		{0, 0, 1, Verdict{Wait: time.Minute}},
		{time.Hour, 3, 0, Verdict{OK: true, Left: 3}},
	}
	for i, s := range steps {
		c.Advance(s.after)
		if got := spend(s.limit, s.n); got != s.want {
			t.Errorf("step %d: %+v, want %+v", i, got, s.want)
		}
	}
}

// What is counted afterwards is looked at by the next call alone.
func TestWindowCountedAfterwards(t *testing.T) {
	c := clock.NewManual(start)
	m := New(c)
	passed := 0
	for range 6 {
		if !m.Within("k", time.Minute, 2).OK {
			break
		}
		passed++
		m.Count("k", time.Minute, 1)
		c.Advance(time.Second)
	}
	if passed != 3 {
		t.Errorf("%d calls passed a limit of 2 that is looked at one call late", passed)
	}
	if v := m.Within("k", time.Minute, 2); v.OK || v.Wait != 57*time.Second {
		t.Errorf("then: %+v", v)
	}
}

// However many calls there are, a window is a thousand steps at most.
func TestWindowIsBounded(t *testing.T) {
	c := clock.NewManual(start)
	m := New(c)
	for range 20_000 {
		m.Count("k", 10*time.Second, 1)
		c.Advance(time.Millisecond)
	}
	if n := len(m.windows["k"].slots); n > slots+1 {
		t.Errorf("%d steps", n)
	}
	if v := m.Within("k", 10*time.Second, 1<<40); v.Left < 1<<40-10_010 || v.Left > 1<<40-9_980 {
		t.Errorf("%d are counted of 10000", int64(1<<40)-v.Left)
	}
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		name     string
		p        Period
		from, to string
	}{
		{"hour since the year 1", Period{Start: time.Time{}, Length: time.Hour}, "2025-01-31T23:00:00Z", "2025-02-01T00:00:00Z"},
		{"anchored", Period{Start: start.Add(-90 * time.Second), Length: time.Minute}, "2025-01-31T22:59:30Z", "2025-01-31T23:00:30Z"},
		{"anchored later", Period{Start: start.Add(90 * time.Second), Length: time.Minute}, "2025-01-31T22:59:30Z", "2025-01-31T23:00:30Z"},
		{"month", Period{Calendar: Monthly}, "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z"},
		{"year", Period{Calendar: Yearly}, "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"for ever", Period{Start: start}, "2025-01-31T23:00:00Z", "0001-01-01T00:00:00Z"},
	} {
		from, to := c.p.Bounds(start)
		if from.Format(time.RFC3339) != c.from || to.Format(time.RFC3339) != c.to {
			t.Errorf("%s: %s to %s", c.name, from.Format(time.RFC3339), to.Format(time.RFC3339))
		}
	}
	c := clock.NewManual(start)
	m := New(c)
	hour := Period{Length: time.Hour}
	m.Use("k", hour, 2, 100)
	m.Use("k", hour, 1, -30)
	if u := m.Used("k", hour); u.Calls != 3 || u.Bytes != 70 || !u.Ends.Equal(start.Add(time.Hour)) {
		t.Errorf("used %+v", u)
	}
	if u := m.Used("k", Period{Calendar: Monthly}); u.Calls != 0 {
		t.Errorf("another period of the same key has %+v", u)
	}
	c.Advance(time.Hour)
	if u := m.Used("k", hour); u.Calls != 0 || u.Bytes != 0 {
		t.Errorf("in the next period: %+v", u)
	}
}

// A bucket in debt refills at its rate: that is where waits above a minute come
// from.
func TestBucketInDebt(t *testing.T) {
	c := clock.NewManual(start)
	m := New(c)
	if v := m.Take("k", 600, 0); !v.OK || v.Left != 600 {
		t.Fatalf("a full bucket: %+v", v)
	}
	m.Owe("k", 600, 2400)
	if v := m.Take("k", 600, 0); v.OK || v.Wait.Round(time.Second) != 180*time.Second {
		t.Errorf("in debt: %+v", v)
	}
	c.Advance(181 * time.Second)
	if v := m.Take("k", 600, 0); !v.OK || v.Left != 10 {
		t.Errorf("out of debt: %+v", v)
	}
	if v := m.Take("k", 600, 60); v.OK || v.Wait.Round(time.Second) != 5*time.Second || v.Left != 10 {
		t.Errorf("for 60: %+v", v)
	}
	m.Owe("k", 600, -1000)
	if v := m.Take("k", 600, 600); !v.OK || v.Left != 0 {
		t.Errorf("given back: %+v", v)
	}
	if v := m.Take("none", 0, 0); v.OK {
		t.Error("a limit of nothing lets something through")
	}
}

func TestPlaces(t *testing.T) {
	m := New(clock.NewManual(start))
	first, second, third := m.Enter("k", 2), m.Enter("k", 2), m.Enter("k", 2)
	if !first || !second || third || !m.Enter("other", 1) {
		t.Error("two have places and a third has not")
	}
	m.Leave("k")
	if !m.Enter("k", 2) {
		t.Error("a place that was given back is not free")
	}
	m.Leave("k")
	m.Leave("k")
	m.Leave("other")
	if len(m.held) != 0 {
		t.Errorf("kept: %v", m.held)
	}
}

// Keys that callers make up do not fill the memory.
func TestKeysAreBounded(t *testing.T) {
	c := clock.NewManual(start)
	m := New(c)
	for i := range maxKeys + 100 {
		m.Spend(strconv.Itoa(i), time.Second, 10, 1)
	}
	if n := len(m.windows); n > maxKeys {
		t.Errorf("%d keys are kept", n)
	}
	c.Advance(time.Minute)
	m.Spend("x", time.Second, 10, 1)
	if n := len(m.windows); n > maxKeys {
		t.Errorf("%d keys are kept", n)
	}
}

func BenchmarkSpend(b *testing.B) {
	m := New(clock.Real{})
	b.ReportAllocs()
	for b.Loop() {
		m.Spend("key", time.Minute, 1<<40, 1)
	}
}

// BenchmarkManyKeys has a key of its own for each request, as a caller may choose.
func BenchmarkManyKeys(b *testing.B) {
	m := New(clock.Real{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Spend(strconv.Itoa(i), time.Hour, 10, 1)
	}
}
