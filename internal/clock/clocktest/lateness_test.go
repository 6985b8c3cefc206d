package clocktest

import (
	"runtime"
	"testing"
	"time"
)

// A machine without a free processor is late, and the allowance grows with it.
func TestLateness(t *testing.T) {
	l := Watch(t)
	for range 3 {
		<-time.After(tick)
	}
	quiet := l.Worst()
	if got := l.Allow(time.Second, 4); got < time.Second+4*quiet {
		t.Errorf("%v allowed, lateness %v", got, quiet)
	}
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	for end := time.Now().Add(5 * time.Second); l.Worst() < quiet+2*tick; {
		for busy := time.Now(); time.Since(busy) < 4*tick; { // nobody else runs meanwhile
		}
		if time.Now().After(end) {
			t.Fatalf("a lateness of %v was seen while nothing could run for %v at a time", l.Worst(), 4*tick)
		}
		runtime.Gosched()
	}
}
