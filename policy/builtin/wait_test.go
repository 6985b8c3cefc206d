package builtin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// slowSender answers after the seconds that the URL's path says, "1" or "1/fail".
type slowSender struct{ clock clock.Clock }

func (s slowSender) Send(ctx context.Context, c builtin.Sending) (*exchange.Response, error) {
	seconds, fail, _ := strings.Cut(strings.Trim(c.Request.URL.Path, "/"), "/")
	d, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return nil, err
	}
	if err := s.clock.Sleep(ctx, d); err != nil {
		return nil, err
	}
	if fail != "" {
		return nil, exchange.ErrTimeout
	}
	return &exchange.Response{Status: 200, Body: exchange.BufferedBody([]byte(seconds))}, nil
}

func (s slowSender) Dispatch(builtin.Sending) bool { return false }

func TestWait(t *testing.T) {
	send := func(variable, path, more string) string {
		return `<send-request response-variable-name="` + variable + `"` + more + `><set-url>https://a.example/` + path + `</set-url></send-request>`
	}
	for _, c := range []struct {
		name, block string
		took        time.Duration
		variables   string
		failed      string
	}{
		{"all", `<wait>` + send("a", "1", "") + send("b", "3", "") + `</wait>`, 3 * time.Second, "a b", ""},
		{"any", `<wait for="@("any")">` + send("a", "3", "") + send("b", "1", "") + `</wait>`, time.Second, "b", ""},
		{"all, one fails", `<wait>` + send("a", "1/fail", "") + send("b", "3", "") + `</wait>`, time.Second, "", "Timeout"},
		{"all, one failure is ignored", `<wait>` + send("a", "1/fail", ` ignore-error="true"`) + send("b", "3", "") + `</wait>`, 3 * time.Second, "a b", ""},
		{"any, the first fails", `<wait for="any">` + send("a", "1/fail", "") + send("b", "3", "") + `</wait>`, 3 * time.Second, "b", ""},
		{"any, all fail", `<wait for="any">` + send("a", "1/fail", "") + send("b", "3/fail", "") + `</wait>`, 3 * time.Second, "", "Timeout"},
		{"a choice beside", `<wait>` + send("a", "2", "") + `<choose><when condition="true"><set-variable name="b" value="1" />` + send("c", "1", "") + `<set-variable name="d" value="@(context.Variables.ContainsKey("a"))" /></when></choose></wait>`, 2 * time.Second, "a b c d", ""},
		{"one in another", `<wait>` + send("a", "2", "") + `<choose><when condition="true"><wait>` + send("b", "3", "") + send("c", "3", "") + `</wait></when></choose></wait>`, 3 * time.Second, "a b c", ""},
		{"an answer at once", `<wait>` + send("a", "9", "") + `<choose><when condition="true">` + send("b", "1", "") + `<return-response /></when></choose></wait>`, time.Second, "b", ""},
		{"many", `<wait>` + strings.Repeat(send("a", "1", ""), 20) + `</wait>`, time.Second, "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := clock.NewManual(storyStart)
			m.Run(func() {
				s := newStory(t, &txtar.Archive{Files: []txtar.File{{Name: "api.xml", Data: []byte(`<policies><inbound>` + c.block + `</inbound><backend /><outbound /></policies>`)}}})
				set, problems := policy.Compile(s.service, policy.Options{
					Kinds: builtin.Kinds(builtin.Services{
						Cache: cache.NewMemory(m, 0, policy.Objects{}), Clock: m, Counters: counter.New(m), Sender: slowSender{m},
					}),
					Language: language(t, m.Now),
				})
				if len(problems) > 0 {
					t.Fatal(problems)
				}
				x := s.newExchange("POST /items\n")
				set.Pipeline(s.api, s.operation, nil).Run(x)
				var names []string
				for _, name := range []string{"a", "b", "c", "d"} {
					if _, ok := x.Variables[name]; ok {
						names = append(names, name)
					}
				}
				if got := strings.Join(names, " "); got != c.variables {
					t.Errorf("variables %s, want %s", got, c.variables)
				}
				if took := m.Now().Sub(storyStart); took != c.took {
					t.Errorf("took %s, want %s", took, c.took)
				}
				reason := ""
				if x.LastError != nil {
					reason = x.LastError.Reason
				}
				if reason != c.failed {
					t.Errorf("failed by %q, want %q: %v", reason, c.failed, x.LastError)
				}
			})
		})
	}
}
