package std

import (
	"context"
	"errors"
	"os"
	"time"
)

// A caller that closes its side of the connection has either left or has no more
// to say and still listens; the two look the same until something is written.
// Before the first byte of its answer such a caller is taken for having left.
// After it, it is asked: a zero is written that begins the size of the next chunk
// and changes nothing about it (RFC 9112, 7.1: a size is any number of digits). The
// kernel of one that has left answers with a reset, and a further zero fails.
//
// An answer that is not chunked has no room for such a question. It goes on until
// writing it fails.

// asks are the pauses before each zero; together they are longer than a reset
// takes from anywhere.
var asks = [...]time.Duration{0, 20 * time.Millisecond, 80 * time.Millisecond, 400 * time.Millisecond}

// askWait is how long a zero may take to be written where the connection is full.
const askWait = 20 * time.Millisecond

// listens reports whether a caller that has closed its side still takes its
// answer. It returns early once that answer has ended, and when ctx does.
func (s *sink) listens(ctx context.Context) bool {
	for _, pause := range asks {
		if pause > 0 {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return true
			}
		}
		there, over := s.askOnce()
		if over || !there {
			return there
		}
	}
	return true
}

// askOnce writes one zero, between two chunks of the answer.
func (s *sink) askOnce() (there, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended || s.aborted:
		return true, true
	case !s.began:
		return false, true
	case !s.chunked:
		return true, true
	}
	_ = s.front.SetWriteDeadline(time.Now().Add(askWait))
	_, err := s.front.Write([]byte("0"))
	s.progress()
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded), false
}
