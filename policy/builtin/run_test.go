package builtin_test

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/policy/trace"
)

// BenchmarkRequest is one request through the sample retry, in process: the
// base line for the cost of policies. A backend that answers at once stands in
// for the region.
func BenchmarkRequest(b *testing.B) {
	for _, c := range []struct {
		name   string
		traced bool
	}{{"trace off", false}, {"trace on", true}} {
		b.Run(c.name, func(b *testing.B) {
			archive, err := txtar.ParseFile("testdata/retry.txtar")
			if err != nil {
				b.Fatal(err)
			}
			s := newStory(b, archive)
			if len(s.problems) > 0 {
				b.Fatal(s.problems)
			}
			s.backend.quiet = true
			p := s.set.Pipeline(s.api, s.operation, nil)
			text := "POST /items?api-version=2024-10-21\nContent-Type: application/json\n\n" + strings.Repeat("x", 200)
			b.ReportAllocs()
			for b.Loop() {
				x := s.newExchange(text)
				if c.traced {
					x.Trace = &trace.Recorder{Now: s.clock.Now, Start: x.Received, Mask: s.set.Mask}
				}
				p.Run(x)
				if x.Response.Status != 200 {
					b.Fatal(x.Response.Status)
				}
			}
		})
	}
}

// Many requests at once through one pipeline do not see each other.
func TestConcurrentRuns(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/escaped-forms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s := newStory(t, archive)
	s.backend.quiet = true
	p := s.set.Pipeline(s.api, s.operation, nil)
	done := make(chan string)
	for range 8 {
		go func() {
			for range 50 {
				x := s.newExchange("GET /items\n")
				p.Run(x)
				if x.LastError != nil || x.Variables["a"].Str() != "yes" || x.Response.Status != 200 {
					done <- "a run went wrong"
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		if problem := <-done; problem != "" {
			t.Error(problem)
		}
	}
}
