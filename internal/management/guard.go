package management

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/spillway-gateway/spillway/internal/arm"
)

// admit lets no browser in from another origin, nor under a name that somebody
// pointed at this machine.
func (s *server) admit(r *http.Request) *arm.Error {
	if !s.hostAllowed(r.Host) {
		return arm.Errorf(http.StatusForbidden, "AuthorizationFailed", "The request is addressed to a host that this server does not answer for.")
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if origin := r.Header.Get("Origin"); site == "cross-site" || site == "same-site" || origin != "" && !sameOrigin(origin, r.Host) {
		return arm.Errorf(http.StatusForbidden, "AuthorizationFailed", "The request comes from a page of another origin.")
	}
	return nil
}

func (s *server) hostAllowed(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return true
	}
	for _, h := range s.Hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, host)
}

// asks reports whether a request that is no GET only looks, at what its caller may
// look at anyway: readers may send it. Most actions are none of these: a draft, for
// one, tells by its problems what a secret is.
func asks(r *http.Request, a arm.Address) bool {
	return r.Method == http.MethodPost && len(a.Segments)%2 == 1 && strings.EqualFold(a.Segments[len(a.Segments)-1], "listReferences")
}

func (s *server) role(authorization string) Role {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Nobody
	}
	if same(token, s.Token) {
		return Contributor
	}
	if s.ReaderToken != "" && same(token, s.ReaderToken) {
		return Reader
	}
	return Nobody
}

// same compares in a time that says nothing about the tokens.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
