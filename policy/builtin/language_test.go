package builtin_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy"
)

// language is C# on the story's clock, with random numbers that are the same in
// every run.
func language(t testing.TB, now func() time.Time) policy.Language {
	t.Helper()
	c, err := policy.NewCSharp(policy.LanguageOptions{Now: now, Rand: rand.New(rand.NewPCG(1, 2)).Uint64})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
