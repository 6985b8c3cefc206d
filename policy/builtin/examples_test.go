package builtin_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/source"
)

// sample is a sample service over regions that a test makes fail.
type sample struct {
	service *apim.Service
	set     *policy.Set
	clock   *stepClock
	regions *failingRegions
}

// failingRegions answers for the regions of a sample: 200, unless the region is
// named in down, with what happens there.
type failingRegions struct {
	down  map[string]string
	calls map[string]int
}

func (f *failingRegions) Forward(x *exchange.Exchange, _ builtin.Forward) error {
	region, _, _ := strings.Cut(x.Request.URL.Host, ".")
	f.calls[region]++
	if x.Request.Header.Get("api-key") != "key-of-"+region {
		x.Response = &exchange.Response{Status: 401, Body: exchange.NoBody(), FromBackend: true}
		return nil
	}
	switch f.down[region] {
	case "":
		x.Response = &exchange.Response{Status: 200, Body: exchange.NoBody(), FromBackend: true}
	case "throttle":
		x.Response = &exchange.Response{Status: 429, Body: exchange.NoBody(), FromBackend: true}
		x.Response.Header.Add("Retry-After", "7")
	case "status":
		x.Response = &exchange.Response{Status: 500, Body: exchange.NoBody(), FromBackend: true}
	case "hang":
		return exchange.ErrTimeout
	default:
		return &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("connection refused")}
	}
	return nil
}

func loadSample(t testing.TB, name string) (*sample, source.Problems) {
	t.Helper()
	files, err := examples.FS(name)
	if err != nil {
		t.Fatal(err)
	}
	return compileSample(t, files)
}

func compileSample(t testing.TB, files fs.FS) (*sample, source.Problems) {
	t.Helper()
	folder, problems := artifact.Load(files, artifact.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	s := &sample{
		service: folder.Service, clock: &stepClock{Manual: clock.NewManual(storyStart)},
		regions: &failingRegions{down: map[string]string{}, calls: map[string]int{}},
	}
	for _, n := range s.service.NamedValues {
		kind, region, _ := strings.Cut(n.DisplayName, "-")
		n.Value, n.HasValue = "https://"+region+".example", true
		if kind == "key" {
			n.Value = "key-of-" + region
		}
	}
	s.set, problems = policy.Compile(s.service, policy.Options{
		Kinds: builtin.Kinds(builtin.Services{
			Forwarder: s.regions, Cache: cache.NewMemory(s.clock, 0, policy.Objects{}), Clock: s.clock, Random: rand.Float64,
		}),
		Language: language(t, s.clock.Now),
	})
	return s, problems
}

// call makes one call of the sample's API and returns its status.
func (s *sample) call(t testing.TB, n int) int {
	t.Helper()
	api := s.service.APIs[0]
	x := &exchange.Exchange{
		ID:  exchange.NewGUID([16]byte{byte(n), byte(n >> 8), 3, 4, byte(n * 7)}),
		API: api, Operation: api.Operations[0], Context: t.Context(), Received: s.clock.Now(),
	}
	x.Request.Method = "POST"
	x.Request.Header.Add("api-key", "key-of-the-caller")
	x.Request.Body = exchange.StreamingBody(newChunks(`{"messages":[]}`, nil), -1)
	x.Request.SetRest("/openai/deployments/gpt-35-turbo/chat/completions")
	s.set.Pipeline(api, x.Operation, nil).Run(x)
	if x.LastError != nil {
		t.Log(x.LastError)
	}
	return x.Response.Status
}

// One region that fails, however it does, is not seen by any caller; the others
// share the calls.
func TestSamplesSurviveARegion(t *testing.T) {
	for _, name := range []string{"azure-openai", "backend-list"} {
		for _, fault := range []string{"", "throttle", "status", "hang", "refuse"} {
			t.Run(name+"/"+fault, func(t *testing.T) {
				s, problems := loadSample(t, name)
				if len(problems) > 0 {
					t.Fatal(problems)
				}
				if fault != "" {
					s.regions.down["eastus"] = fault
				}
				for n := range 300 {
					if status := s.call(t, n); status != 200 {
						t.Fatalf("call %d: status %d; calls %v", n, status, s.regions.calls)
					}
				}
				if s.regions.calls["australiaeast"] < 50 {
					t.Errorf("calls are spread like this: %v", s.regions.calls)
				}
			})
		}
	}
}

// BenchmarkSample is one request through the sample policy in process, from the
// start of inbound to the end of outbound.
func BenchmarkSample(b *testing.B) {
	s, problems := loadSample(b, "azure-openai")
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.call(b, n)
	}
}

// BenchmarkCompile is the whole sample service compiled anew, as a reload does.
func BenchmarkCompile(b *testing.B) {
	files, err := examples.FS("backend-list")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := compileSample(b, files); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
