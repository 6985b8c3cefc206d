package backend

import (
	"math"
	"testing"
)

// What a request costs is an estimate that no number of a caller's can turn round.
func TestEstimate(t *testing.T) {
	for body, want := range map[string]Request{
		`{"model":"m","messages":[{"role":"user","content":"12345678"}],"max_tokens":100,"stream":true}`: {Deployment: "m", Prompt: 3, Charge: 103, Stream: true},
		`{"messages":[],"max_completion_tokens":7,"max_tokens":5,"n":3}`:                                 {Charge: 21},
		`{"prompt":"1234","best_of":2,"max_tokens":10}`:                                                  {Prompt: 1, Charge: 21},
		`{"input":["abcd","efgh"]}`:                                                                      {Prompt: 2, Charge: 2},
		`{"messages":[],"max_tokens":-5,"n":-2}`:                                                         {},
		`{"messages":[],"max_tokens":1e300}`:                                                             {},
		`not JSON`:                                                                                       {},
		`[]`:                                                                                             {},
	} {
		var r Request
		r.Estimate([]byte(body))
		if r.Deployment != want.Deployment || r.Prompt != want.Prompt || r.Charge != want.Charge || r.Stream != want.Stream {
			t.Errorf("%s: %+v", body, r)
		}
	}
	for _, body := range []string{
		`{"messages":[],"max_tokens":9223372036854775807,"n":9223372036854775807}`,
		`{"messages":[],"max_tokens":4611686018427387904,"n":3}`,
	} {
		var r Request
		r.Estimate([]byte(body))
		if r.Charge <= 0 || r.Charge > math.MaxInt64/2 {
			t.Errorf("%s: charged %d", body, r.Charge)
		}
	}
}
