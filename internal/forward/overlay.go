package forward

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// HopHeader tells a gateway that a request has been through it before.
const HopHeader = "X-Spillway-Hop"

// outbound is the request as this attempt sends it: what belongs to the backend
// laid over x.Request, which is left alone, so that the next attempt starts
// from the same.
func (f *Forwarder) outbound(x *exchange.Exchange, one *backend.Single, o *Options) (*exchange.Outbound, error) {
	for _, hop := range x.Original.Header.Values(HopHeader) {
		if hop == f.Hop {
			return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("the backend's address is this gateway's own: the request has come back to it")}
		}
	}
	r := &x.Request
	out := &exchange.Outbound{
		Method: r.Method, URL: r.URL, Body: r.Body,
		Identity: r.Identity, HTTPVersion: o.HTTPVersion, FollowRedirects: o.FollowRedirects, ContinueTimeout: o.ContinueTimeout, CheckRedirect: o.CheckRedirect,
	}
	received := x.Original.Header.Get("Host")
	h := make(exchange.Header, 0, len(r.Header)+4)
	forwarded := -1
	for _, line := range r.Header {
		switch {
		case isHop(line.Name), strings.EqualFold(line.Name, "Content-Length"), strings.EqualFold(line.Name, "Expect"):
			continue
		case strings.EqualFold(line.Name, "Host"):
			// Host is the backend's unless a policy has set one: the caller's
			// own is the gateway's name.
			if line.Value != received {
				out.Host = line.Value
			}
			continue
		case strings.EqualFold(line.Name, "X-Forwarded-For"):
			if forwarded >= 0 {
				h[forwarded].Value += ", " + line.Value
				continue
			}
			forwarded = len(h)
		}
		h = append(h, line)
	}
	if x.ClientIP != "" {
		if forwarded >= 0 {
			h[forwarded].Value += ", " + x.ClientIP
		} else {
			h.Add("X-Forwarded-For", x.ClientIP)
		}
	}
	if o.DecodeResponse || o.PlainResponse {
		// What a policy reads must be decodable (spec: policies.md 2.1.3).
		accept := "identity"
		if !o.PlainResponse && strings.Contains(strings.ToLower(strings.Join(h.Values("Accept-Encoding"), ",")), "gzip") {
			accept = "gzip"
		}
		h.Set("Accept-Encoding", accept)
	}
	if f.Hop != "" {
		h.Add(HopHeader, f.Hop)
	}
	if one != nil {
		h = credentials(h, one.Header)
		if one.Identity != nil {
			token, err := f.token(x, one)
			if err != nil {
				return nil, err
			}
			h.Set("Authorization", "Bearer "+token)
		}
		out.URL.Query = withCredentials(out.URL.Query, one)
		out.SkipChain, out.SkipName = one.SkipChain, one.SkipName
		out.Pins = (*exchange.Pins)(one.Pins)
		if one.Client != nil {
			out.Identity = (*exchange.Identity)(one.Client)
		}
		out.Proxy, out.ProxyUser, out.ProxyPassword = one.Proxy, one.ProxyUser, one.ProxyPassword
	}
	out.Header = h
	return out, nil
}

// token is one of the managed identity that the backend names.
func (f *Forwarder) token(x *exchange.Exchange, one *backend.Single) (string, error) {
	failed := func(message string, err error) error {
		return &exchange.Error{
			Source: forwarder, Reason: exchange.ReasonInternal, Status: 500, Err: err,
			Message: "Backend '" + one.ID + "' asks for a token of a managed identity: " + message,
		}
	}
	if f.Tokens == nil {
		return "", failed("this gateway has none.", nil)
	}
	ctx := x.Context
	if ctx == nil {
		ctx = context.Background()
	}
	token, err := f.Tokens.Token(ctx, one.Identity.Resource, one.Identity.ClientID)
	if err != nil {
		return "", failed(err.Error(), err)
	}
	return token, nil
}

// credentials puts a backend's own lines in the place of the request's of the
// same names (spec: policies.md 3.1 and 8, row 23).
func credentials(h exchange.Header, own []backend.Field) exchange.Header {
	for _, c := range own {
		h.Del(c.Name)
	}
	for _, c := range own {
		h.Add(c.Name, c.Value)
	}
	return h
}

// withCredentials is the query with the backend's own parameters last, in place
// of any of the same names.
func withCredentials(query string, one *backend.Single) string {
	if one.Query == "" {
		return query
	}
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if d, err := url.QueryUnescape(name); err == nil {
			name = d
		}
		if part != "" && !containsFold(one.QueryNames, name) {
			parts = append(parts, part)
		}
	}
	return strings.Join(append(parts, one.Query), "&")
}
