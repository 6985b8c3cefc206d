package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// A stream that cannot be completed ends with an event that says why, in the
// words of its API, and without the end of its body.
func TestLastEvent(t *testing.T) {
	a := saying{"a"}
	for name, c := range map[string]struct {
		steps []string
		stop  bool // the gateway does
		want  string
	}{
		"cut":       {steps: []string{"cut"}, want: "The backend closed the connection"},
		"idle":      {steps: []string{"wait 1h"}, want: "sent nothing for too long"},
		"no token":  {steps: []string{"chunk : ping\n\n", "wait 20s", "chunk : ping\n\n", "wait 20s", "chunk : ping\n\n", "wait 1h"}, want: "sent nothing for too long"},
		"malformed": {steps: []string{"chunk <html>\n"}, want: "something that is no event"},
		"stopping":  {steps: []string{"wait 1h"}, stop: true, want: "The gateway is stopping"},
	} {
		for _, path := range []string{chatPath, "/ai/openai/v1/responses"} {
			v := newVirtual(t, []string{"a"}, "", func(s *Settings) {
				s.APIs = map[string]APISettings{"chat": {IdleTimeout: 30 * time.Second, FirstTokenTimeout: 45 * time.Second}}
			})
			first := a.role()
			if name != "no token" {
				first += a.says("x")
			}
			v.plays("a", append([]string{"head 200", "chunk " + first}, c.steps...)...)
			var s *seen
			v.clock.Run(func() {
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				if c.stop {
					v.clock.AfterFunc(time.Second, func() { cancel(exchange.ErrStopping) })
				}
				s = v.ask(ctx, func(s *seen) { s.x.Original.URL.Path = path })
			})
			events := strings.Split(strings.TrimSuffix(s.body, "\n\n"), "\n\n")
			last := events[len(events)-1]
			data := last
			if path != chatPath {
				var ok bool
				if data, ok = strings.CutPrefix(last, "event: error\n"); !ok {
					t.Errorf("%s: %s", name, last)
				}
			}
			var e struct {
				Type, Code, Message string
				Error               struct{ Message, Type, Code string }
			}
			data, _ = strings.CutPrefix(data, "data: ")
			if err := json.Unmarshal([]byte(data), &e); err != nil || !strings.Contains(e.Error.Message, c.want) || e.Error.Code != "upstream_disconnected" || e.Error.Type != "server_error" ||
				(path != chatPath) != (e.Type == "error" && e.Code == "upstream_disconnected" && e.Message == e.Error.Message) {
				t.Errorf("%s: %v %s", name, err, last)
			}
			if s.ended || !s.aborted {
				t.Errorf("%s: ended %v, aborted %v", name, s.ended, s.aborted)
			}
		}
	}
}
