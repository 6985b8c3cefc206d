package policy

import (
	"context"
	"errors"
	"sync"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// Parallel runs the policies of a block side by side: all of them to their ends,
// or, with first, until one of them has come to its end well; the others are
// cancelled then. It returns when none of them runs any more.
//
// Only one of them has hold of the exchange at any time: they take turns, and let
// go while they wait for the network (Outside). So nothing of the exchange is
// seen half done, and what one has written the others see.
func (r *Run) Parallel(b Block, first bool, c clock.Clock) error {
	if len(b) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	turn := r.turn
	if turn == nil {
		turn = &sync.Mutex{}
	}
	if r.notes == nil {
		r.notes = map[string]any{}
	}
	var group sync.WaitGroup
	runs := make([]*Run, len(b))
	results := make([]error, len(b))
	// Both are guarded by turn, as the results are.
	decided := false
	var panicked any
	for i := range b {
		own := *r
		own.ctx, own.turn, own.later = ctx, turn, [3][]later{}
		runs[i] = &own
		group.Add(1)
		c.Go(func() {
			defer group.Done()
			turn.Lock()
			defer turn.Unlock()
			// A bug ends the request, as it does in the request's own goroutine.
			defer func() {
				if p := recover(); p != nil {
					panicked = p
					cancel()
				}
			}()
			if ctx.Err() != nil {
				return // it was over before this one began
			}
			results[i] = own.Do(b[i : i+1])
			if failed := results[i] != nil; decided || failed && ctx.Err() != nil {
				results[i] = nil // it was cancelled
			} else if failed != first || errors.Is(results[i], ErrDone) {
				decided = true
				cancel()
			}
		})
	}
	wait := func() { c.Block(group.Wait) }
	if r.turn != nil {
		r.Outside(wait)
	} else {
		wait()
	}
	if panicked != nil {
		panic(panicked)
	}
	var failure error
	succeeded := false
	for i, own := range runs {
		for m := range own.later {
			r.later[m] = append(r.later[m], own.later[m]...)
		}
		switch {
		case errors.Is(results[i], ErrDone):
			return ErrDone
		case results[i] != nil && failure == nil:
			failure = results[i]
		case results[i] == nil:
			succeeded = true
		}
	}
	if err := r.ClientGone(); err != nil {
		return err
	}
	if first && succeeded && decided {
		return nil
	}
	return failure
}

// Outside runs f, which waits for something outside of the exchange and does not
// touch it; policies that run beside this one go on meanwhile.
func (r *Run) Outside(f func()) {
	if r.turn == nil {
		f()
		return
	}
	r.turn.Unlock()
	defer r.turn.Lock()
	f()
}
