// Package store keeps the current state of a service. A write is compiled as a
// whole new service first; then it is kept, and only then published: what does
// not compile, or cannot be stored, changes nothing.
//
// The store knows no compiler and no folder: it is given functions.
package store

import (
	"fmt"
	"sync"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/source"
)

// State is what a write works on: a copy, all of which it may change.
type State struct {
	Service *apim.Service
	Secrets *Secrets
	// Profile is what is known of the service as a resource of its own (its
	// publisher, its tags): JSON, nil for nothing.
	Profile []byte
}

// Clone is a copy that may be changed.
func (s *State) Clone() *State {
	return &State{Service: s.Service.Clone(), Secrets: s.Secrets.Clone(), Profile: s.Profile}
}

// Candidate is a state that has been compiled and may come into force.
type Candidate interface {
	// Persist stores the state, whole or not at all.
	Persist() error
	// Publish makes it the one in force. It cannot fail.
	Publish()
}

// Functions are what a store works with.
type Functions struct {
	// Read gives the state as it is stored now.
	Read func() (*State, error)
	// Validate compiles a state. With errors among the problems the candidate is
	// nothing but for looking at.
	Validate func(from, to *State) (Candidate, source.Problems, error)
	// Refused, which may be nil, is told of each write that does not compile.
	Refused func()
}

// InvalidError refuses a write whose outcome does not compile.
type InvalidError struct{ Problems source.Problems }

func (e *InvalidError) Error() string {
	return fmt.Sprintf("the service would have %d errors: %s", len(e.Problems.Errors()), e.Problems.Errors()[0])
}

// PersistError says that a write could not be stored, and is not in force.
type PersistError struct{ Err error }

func (e *PersistError) Error() string { return "the change could not be stored: " + e.Err.Error() }

// Unwrap is the cause.
func (e *PersistError) Unwrap() error { return e.Err }

// Store takes one write at a time.
type Store struct {
	mu sync.Mutex
	f  Functions
}

// New makes a store.
func New(f Functions) *Store { return &Store{f: f} }

// Try compiles what a change would give and keeps nothing of it. The candidate
// is there to be looked at, whatever its problems; it is nil with an error,
// which is that of the change itself or of reading the state.
func (s *Store) Try(change func(*State) error) (Candidate, source.Problems, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compile(change)
}

// compile makes a change to a copy of the state and compiles it.
func (s *Store) compile(change func(*State) error) (Candidate, source.Problems, error) {
	from, err := s.f.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("reading the service: %w", err)
	}
	to := from.Clone()
	if err := change(to); err != nil {
		return nil, nil, err
	}
	return s.f.Validate(from, to)
}

// Update makes a change. The error is that of change itself, an *InvalidError, a
// *PersistError, or what went wrong in reading the state; with an error nothing
// has changed.
func (s *Store) Update(change func(*State) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	candidate, problems, err := s.compile(change)
	if err != nil {
		return err
	}
	if problems.HasErrors() {
		if s.f.Refused != nil {
			s.f.Refused()
		}
		return &InvalidError{problems}
	}
	if err := candidate.Persist(); err != nil {
		return &PersistError{err}
	}
	candidate.Publish()
	return nil
}

// Exclusive does something between two writes, such as following a change that
// somebody else made.
func (s *Store) Exclusive(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}
