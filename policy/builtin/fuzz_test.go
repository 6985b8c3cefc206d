package builtin_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
)

// FuzzDocument compiles a document as a service's global one and, if it has no
// errors, runs a request through it. Whatever the document: no panic, always a
// response, and no line break in a header that goes out.
func FuzzDocument(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, a := range archive.Files {
			if strings.HasSuffix(a.Name, ".xml") {
				f.Add(string(a.Data))
			}
		}
	}
	base := newStory(f, &txtar.Archive{})
	shared := language(f, base.clock.Now)
	f.Fuzz(func(t *testing.T, document string) {
		s := *base
		s.clock = &stepClock{Manual: clock.NewManual(storyStart)}
		s.backend = &scriptedBackend{quiet: true}
		s.archive = &txtar.Archive{Files: []txtar.File{{Name: "global.xml", Data: []byte(document)}}}
		s.service.Policy = s.document("global", "global.xml")
		if s.service.Policy == nil {
			return
		}
		set, problems := policy.Compile(s.service, policy.Options{
			Kinds: builtin.Kinds(builtin.Services{
				Forwarder: s.backend, Cache: cache.NewMemory(s.clock, 1<<20, policy.Objects{}), Clock: s.clock,
				Counters: counter.New(s.clock), Sender: &scriptedSender{story: &s}, Metrics: &s.emitted, Events: &s.emitted,
			}),
			Language: shared,
		})
		for _, p := range problems {
			if p.Span.Start > p.Span.End || p.File == nil {
				t.Fatalf("a problem without a place: %v", p)
			}
			if p.Code == policy.InternalCode {
				t.Fatal(p)
			}
		}
		if problems.HasErrors() {
			return
		}
		x := s.newExchange("POST /items?a=1\nContent-Type: application/json\n\n{\"a\":1}\n")
		set.Pipeline(s.api, s.operation, nil).Run(x)
		x.Finish()
		if x.Response == nil {
			t.Fatal("no response")
		}
		for _, h := range append(x.Request.Header, x.Response.Header...) {
			if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") {
				t.Fatalf("header %q: %q", h.Name, h.Value)
			}
		}
		if strings.ContainsAny(x.Request.URL.String(), " \r\n\x00") {
			t.Fatalf("URL %q", x.Request.URL)
		}
	})
}
