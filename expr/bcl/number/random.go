package number

import (
	"math"
	"math/bits"
)

// Source draws the numbers of System.Random. The seeded one repeats .NET's
// sequence for the seed, the other takes random bits from the host.
type Source interface {
	// Next is in [0, int.MaxValue).
	Next() int32
	// Below is in [0, n); n is not negative.
	Below(n int32) int32
	// Between is in [low, high), or low when both are equal.
	Between(low, high int32) int32
	// Int64 is in [0, long.MaxValue), Int64Between in [low, high).
	Int64() int64
	Int64Between(low, high int64) int64
	// Float64 and Float32 are in [0, 1).
	Float64() float64
	Float32() float32
	Bytes(b []byte)
}

// seeded is Knuth's subtractive generator with the error that .NET keeps for
// the sake of old seeds.
type seeded struct {
	state       [56]int32
	next, nextP int
}

// NewSeeded is the generator of new Random(seed).
func NewSeeded(seed int32) Source {
	s := &seeded{nextP: 21}
	sub := int32(math.MaxInt32)
	if seed != math.MinInt32 {
		sub = max(seed, -seed)
	}
	mj, mk := 161803398-sub, int32(1)
	s.state[55] = mj
	at := 0
	for i := 1; i < 55; i++ {
		if at += 21; at >= 55 {
			at -= 55
		}
		s.state[at] = mk
		if mk = mj - mk; mk < 0 {
			mk += math.MaxInt32
		}
		mj = s.state[at]
	}
	for range 4 {
		for i := 1; i < 56; i++ {
			n := i + 30
			if n >= 55 {
				n -= 55
			}
			if s.state[i] -= s.state[1+n]; s.state[i] < 0 {
				s.state[i] += math.MaxInt32
			}
		}
	}
	return s
}

func (s *seeded) Next() int32 {
	if s.next++; s.next >= 56 {
		s.next = 1
	}
	if s.nextP++; s.nextP >= 56 {
		s.nextP = 1
	}
	v := s.state[s.next] - s.state[s.nextP]
	if v == math.MaxInt32 {
		v--
	}
	if v < 0 {
		v += math.MaxInt32
	}
	s.state[s.next] = v
	return v
}

func (s *seeded) Float64() float64 { return float64(s.Next()) * (1.0 / math.MaxInt32) }

func (s *seeded) Float32() float32 {
	for {
		if f := float32(s.Float64()); f < 1 {
			return f
		}
	}
}

func (s *seeded) Below(n int32) int32 { return int32(s.Float64() * float64(n)) }

func (s *seeded) Between(low, high int32) int32 {
	span := int64(high) - int64(low)
	if span <= math.MaxInt32 {
		return int32(s.Float64()*float64(span)) + low
	}
	v := s.Next()
	if s.Next()%2 == 0 {
		v = -v
	}
	d := (float64(v) + (math.MaxInt32 - 1)) / (2*math.MaxInt32 - 1)
	return int32(int64(d*float64(span)) + int64(low))
}

func (s *seeded) uint64() uint64 {
	a := uint64(s.Below(1 << 22))
	b := uint64(s.Below(1 << 22))
	return a | b<<22 | uint64(s.Below(1<<20))<<44
}

func (s *seeded) Int64() int64                       { return int63(s.uint64) }
func (s *seeded) Int64Between(low, high int64) int64 { return int64Between(s.uint64, low, high) }

func (s *seeded) Bytes(b []byte) {
	for i := range b {
		b[i] = byte(s.Next())
	}
}

func int63(draw func() uint64) int64 {
	for {
		if v := draw() >> 1; v != math.MaxInt64 {
			return int64(v)
		}
	}
}

func int64Between(draw func() uint64, low, high int64) int64 {
	span := uint64(high) - uint64(low)
	if span <= 1 {
		return low
	}
	shift := 64 - bits.Len64(span-1)
	for {
		if v := draw() >> shift; v < span {
			return int64(v) + low
		}
	}
}

// unseeded draws from the host's random bits.
type unseeded struct{ draw func() uint64 }

// NewUnseeded is the generator of new Random() over a source of random bits.
func NewUnseeded(draw func() uint64) Source { return unseeded{draw} }

func (u unseeded) Next() int32 { return u.Below(math.MaxInt32) }

func (u unseeded) Below(n int32) int32 { return u.Between(0, n) }

func (u unseeded) Between(low, high int32) int32 {
	return int32(int64Between(u.draw, int64(low), int64(high)))
}

func (u unseeded) Int64() int64                       { return int63(u.draw) }
func (u unseeded) Int64Between(low, high int64) int64 { return int64Between(u.draw, low, high) }
func (u unseeded) Float64() float64                   { return float64(u.draw()>>11) / (1 << 53) }
func (u unseeded) Float32() float32                   { return float32(u.draw()>>40) / (1 << 24) }

func (u unseeded) Bytes(b []byte) {
	for i := 0; i < len(b); i += 8 {
		v := u.draw()
		for j := i; j < min(i+8, len(b)); j++ {
			b[j] = byte(v)
			v >>= 8
		}
	}
}
