package counter

import (
	"math"
	"time"
)

// bucket holds tokens that come back evenly, a minute's worth in a minute. It
// may be in debt: what a request has used is only known afterwards.
type bucket struct {
	level float64
	size  int64 // a minute's worth
	at    time.Time
}

// refill brings the bucket up to now. One that is given another size keeps its
// debt, and what it has above it in proportion.
func (b *bucket) refill(now time.Time, size int64) {
	if b.size != size {
		if b.level > 0 && b.size > 0 {
			b.level *= float64(size) / float64(b.size)
		}
		b.size = size
	}
	b.level = min(float64(size), b.level+now.Sub(b.at).Minutes()*float64(size))
	b.at = now
}

func (m *Memory) bucket(key string, size int64) *bucket {
	now := m.clock.Now()
	b := m.buckets[key]
	if b == nil {
		room(m.buckets, func(b *bucket) bool {
			b.refill(now, b.size)
			return b.level >= float64(b.size)
		})
		b = &bucket{level: float64(size), size: size, at: now}
		m.buckets[key] = b
	}
	b.refill(now, size)
	return b
}

// Take takes n tokens out of the key's bucket of size tokens a minute, if there
// are as many, or, with an n of 0, if there is any at all; nothing is taken of
// less.
func (m *Memory) Take(key string, size, n int64) Verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bucket(key, size)
	need := max(float64(n), math.SmallestNonzeroFloat64)
	if b.level < need {
		v := Verdict{Left: max(0, int64(b.level)), Wait: time.Minute}
		if size > 0 {
			v.Wait = time.Duration((max(float64(n), 1) - b.level) / float64(size) * float64(time.Minute))
		}
		return v
	}
	b.level -= float64(n)
	return Verdict{OK: true, Left: max(0, int64(b.level))}
}

// Owe takes n tokens, whether they are there or not; a negative n gives back
// what was estimated too high.
func (m *Memory) Owe(key string, size, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bucket(key, size)
	b.level = min(float64(size), b.level-float64(n))
}
