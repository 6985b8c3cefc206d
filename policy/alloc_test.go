//go:build !race

// The race detector makes sync.Pool forget at random, so that nothing can be
// said about allocations under it.

package policy_test

import (
	"testing"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func TestTracingOffAllocatesNothing(t *testing.T) {
	set, problems := compile(t, inbound(`<group></group>`), words{}, policy.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p := set.Pipeline(nil, nil, nil)
	x := newExchange(nil)
	x.Response = &exchange.Response{Status: 200}
	if n := testing.AllocsPerRun(200, func() { p.Run(x) }); n != 0 {
		t.Errorf("%v allocations for a pipeline that does nothing", n)
	}
}
