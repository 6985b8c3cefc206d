package forward

import (
	"strings"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// hops are the headers that hold for one connection only (RFC 9110, 7.6.1).
var hops = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings"}

// kept may not be dropped by naming them in Connection, as somebody would to
// strip a credential or an address from a request on its way.
var kept = []string{
	"Authorization", "Api-Key", "Ocp-Apim-Subscription-Key", "X-Api-Key", "Cookie", "Set-Cookie", "Content-Type", "Content-Length", "Content-Encoding",
	"Host", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Retry-After", "Date",
}

// WithoutHops is a copy of the header without what holds for one connection,
// including what its Connection lines name. It is for headers as they were
// received: on the way in before any policy sees them, so that nobody can have
// a header removed that a policy sets, and for the answers of backends.
func WithoutHops(h exchange.Header) exchange.Header {
	var named []string
	for _, f := range h {
		if !strings.EqualFold(f.Name, "Connection") {
			continue
		}
		for name := range strings.SplitSeq(f.Value, ",") {
			name = strings.TrimSpace(name)
			if name != "" && !containsFold(kept, name) {
				named = append(named, name)
			}
		}
	}
	out := make(exchange.Header, 0, len(h)+3)
	for _, f := range h {
		if !isHop(f.Name) && !containsFold(named, f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// isHop compares with the few names that begin with the same letter.
func isHop(name string) bool {
	if name == "" {
		return false
	}
	switch name[0] | 0x20 {
	case 'c', 'p', 'k', 't', 'u', 'h':
		return containsFold(hops, name)
	}
	return false
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}
