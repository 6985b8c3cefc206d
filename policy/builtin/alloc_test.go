//go:build !race

// The race detector makes sync.Pool forget at random, so that nothing can be
// said about allocations under it.

package builtin_test

import (
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// quiet is a document of policies that have nothing to allocate for once their
// variables exist.
const quiet = `<policies>
  <inbound>
    <set-variable name="a" value="literal" />
    <set-variable name="b" value="@(context.Variables.ContainsKey("a"))" />
    <set-status code="200" reason="OK" />
    <set-method>POST</set-method>
    <trace source="s"><message>text</message><metadata name="m" value="v" /></trace>
    <choose>
      <when condition="@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)"><set-status code="201" /></when>
      <when condition="@(context.Request.Method == "GET")"><set-status code="201" /></when>
      <otherwise>
        <retry condition="@(context.Response.StatusCode == 404)" count="3" interval="1"><set-status code="200" /></retry>
        <cache-lookup-value key="none" variable-name="c" />
      </otherwise>
    </choose>
  </inbound>
  <backend />
  <outbound><set-header name="x-never" exists-action="delete" /></outbound>
</policies>`

// Tracing that is off costs nothing: no entry is built, no text made for one.
func TestTracingOffAllocatesNothing(t *testing.T) {
	s := newStory(t, &txtar.Archive{Files: []txtar.File{{Name: "global.xml", Data: []byte(quiet)}}})
	if len(s.problems) > 0 {
		t.Fatal(s.problems)
	}
	p := s.set.Pipeline(s.api, s.operation, nil)
	x := s.newExchange("POST /items\n")
	x.Response = &exchange.Response{Status: 200}
	p.Run(x)
	if x.LastError != nil {
		t.Fatal(x.LastError)
	}
	if n := testing.AllocsPerRun(200, func() { p.Run(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	x.Trace = &trace.Recorder{Now: s.clock.Now, Start: x.Received}
	p.Run(x)
	if n := len(x.Trace.Entries()); n < 12 {
		t.Errorf("the same run traced leaves only %d entries", n)
	}
}
