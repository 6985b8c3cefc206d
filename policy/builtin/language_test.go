package builtin_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy"
)

// world is what the language has of the world, for the test that runs.
var world struct {
	now  func() time.Time
	rand *rand.Rand
}

// csharp is made once: its tables are large. Tests here run one after another.
var csharp = sync.OnceValues(func() (*policy.CSharp, error) {
	return policy.NewCSharp(policy.LanguageOptions{
		Now: func() time.Time { return world.now() }, Rand: func() uint64 { return world.rand.Uint64() },
	})
})

// language is C# on the test's clock, with random numbers that are the same in
// every test.
func language(t testing.TB, now func() time.Time) policy.Language {
	t.Helper()
	world.now, world.rand = now, rand.New(rand.NewPCG(1, 2))
	c, err := csharp()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
