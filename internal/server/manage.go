package server

import (
	"net"
	"net/http"
	"strings"

	"github.com/spillway-gateway/spillway/internal/management"
)

func equalNames(a, b string) bool { return strings.EqualFold(a, b) }

// management is the handler of the management port.
func (p *process) management(gateway net.Listener) http.Handler {
	return management.Handler(management.Options{
		Token: p.config.Token, ReaderToken: p.config.ReaderToken, Traces: p.traces, Tokens: p.tokens,
		Service: p.service, Store: p.store, Given: p.given, Refresh: p.refresh, Fetch: management.HTTPFetcher(),
		Profile: func() []byte {
			if b := p.profile.Load(); b != nil {
				return *b
			}
			return nil
		},
		Gateway: func() string { return "http://" + gateway.Addr().String() },
		Log:     p.log.Logger(),
	})
}
