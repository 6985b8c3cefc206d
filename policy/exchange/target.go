package exchange

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// ParseURL reads an absolute http or https address. The path and the query
// keep their escapes; a fragment is dropped, since it is never sent. User
// information is refused: credentials belong to headers and backends.
func ParseURL(text string) (URL, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return URL{}, errors.New("the URL is not absolute")
	}
	u := URL{Scheme: strings.ToLower(scheme)}
	switch u.Scheme {
	case "http":
		u.Port = 80
	case "https":
		u.Port = 443
	default:
		return URL{}, errors.New("the URL's scheme is neither http nor https")
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] <= ' ' || rest[i] == 0x7f {
			return URL{}, errors.New("the URL holds a space or a control character")
		}
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, u.Query, _ = strings.Cut(rest, "?")
	authority := rest
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, u.Path = rest[:i], rest[i:]
	}
	if strings.ContainsAny(authority, `@\`) {
		return URL{}, errors.New("the URL's host is not a host name")
	}
	host, port := authority, ""
	if strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ']')
		if end < 0 {
			return URL{}, errors.New("the URL's IPv6 address has no closing bracket")
		}
		host, port = authority[:end+1], authority[end+1:]
		if _, err := netip.ParseAddr(host[1:end]); err != nil {
			return URL{}, errors.New("the URL's IPv6 address is malformed")
		}
		if port != "" {
			if port[0] != ':' {
				return URL{}, errors.New("the URL's host is not a host name")
			}
			port = port[1:]
		}
	} else if i := strings.IndexByte(authority, ':'); i >= 0 {
		host, port = authority[:i], authority[i+1:]
	}
	if host == "" {
		return URL{}, errors.New("the URL has no host")
	}
	u.Host = strings.ToLower(host)
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return URL{}, errors.New("the URL's port is not a port number")
		}
		u.Port = int(n)
	}
	return u, nil
}

// Join is where a request with that rest and query goes under base: exactly
// one slash between base path and rest, and the base as it stands when rest is
// empty. A rest of "/" gives a trailing slash, as recorded from the service.
func Join(base URL, rest, query string) URL {
	u := base
	if rest != "" {
		u.Path = strings.TrimRight(base.Path, "/") + "/" + strings.TrimLeft(rest, "/")
	}
	switch {
	case base.Query == "":
		u.Query = query
	case query != "":
		u.Query = base.Query + "&" + query
	}
	return u
}

// SetBase puts the request under another base URL; the rest of the path and
// the query stay. A query of the base is not kept: it is a backend's own.
func (r *Request) SetBase(base URL) {
	query := r.URL.Query
	base.Query = ""
	r.Base = base
	r.URL = Join(base, r.Rest, query)
}

// SetRest replaces the part of the path after the base.
func (r *Request) SetRest(rest string) {
	r.Rest = rest
	r.URL = Join(r.Base, rest, r.URL.Query)
}
