package server

import (
	"crypto/rand"
	"encoding/binary"
	"sync"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy"
)

// NewLanguage is the language of policy expressions on a clock.
func NewLanguage(c clock.Clock, rand func() uint64) (policy.Language, error) {
	return policy.NewCSharp(policy.LanguageOptions{Now: c.Now, Rand: rand})
}

// Language is the language of policy expressions on the machine's clock. Its
// tables are built once.
var Language = sync.OnceValue(func() policy.Language {
	l, err := NewLanguage(clock.Real{}, Random)
	if err != nil {
		panic(err) // a mistake in a table, which the tests of the tables find
	}
	return l
})

// Random draws from the machine's source.
func Random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}
