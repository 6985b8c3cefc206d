package builtin

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func cacheLookup(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "cache-lookup",
			Doc:  "Answers a GET by a response that cache-store has kept, if there is one.",
			Attributes: []policy.Attribute{
				{Name: "vary-by-developer", Type: policy.Bool, Required: true, Expression: true, Doc: "Whether responses are kept apart by the owner of the key."},
				{Name: "vary-by-developer-groups", Type: policy.Bool, Required: true, Expression: true, Doc: "Whether responses are kept apart by the groups of that owner."},
				{Name: "allow-private-response-caching", Type: policy.Bool, Default: "false", Expression: true, Doc: "Whether requests with a header Authorization are looked up and kept too."},
				cachingType,
				{
					Name: "downstream-caching-type", Default: "none", Values: []string{"none", "private", "public"}, Expression: true,
					Doc: "Who may keep the response on its way: the caller, everybody, or nobody is told anything.",
				},
				{Name: "must-revalidate", Type: policy.Bool, Default: "true", Expression: true, Doc: "Whether they must ask again once it is stale."},
			},
			Children: []policy.Child{
				{Shape: policy.Shape{
					Name: "vary-by-header", Doc: "A header whose values are kept apart.",
					Text: &policy.Attribute{Required: true, Doc: "Its name."},
				}},
				{Shape: policy.Shape{
					Name: "vary-by-query-parameter", Doc: "Query parameters whose values are kept apart; all of them where none is named.",
					Text: &policy.Attribute{Required: true, Doc: "Their names, separated by semicolons."},
				}},
			},
		},
		Sections: policy.Inbound,
		Once:     true,
		Compile: func(e *policy.Element) policy.Step {
			step := &cacheLookupStep{
				cache: s.cache(e.Literal("caching-type")), byDeveloper: e.Value("vary-by-developer"), byGroups: e.Value("vary-by-developer-groups"),
				private: e.Value("allow-private-response-caching"), downstream: e.Value("downstream-caching-type"), revalidate: e.Value("must-revalidate"),
			}
			for _, h := range e.Children("vary-by-header") {
				step.headers = append(step.headers, h.Text().Literal())
			}
			for _, q := range e.Children("vary-by-query-parameter") {
				for name := range strings.SplitSeq(q.Text().Literal(), ";") {
					if name = strings.TrimSpace(name); name != "" {
						step.parameters = append(step.parameters, name)
					}
				}
			}
			return step
		},
	}
}

type cacheLookupStep struct {
	cache                                                  Cache
	byDeveloper, byGroups, private, downstream, revalidate *policy.Value
	headers, parameters                                    []string
}

// keeping is what a look-up without a hit leaves for the policy that keeps the
// response.
type keeping struct {
	cache      Cache
	key        string
	downstream string
	revalidate bool
}

// shown is the key as the service's traces have it.
func (k *keeping) shown() string { return strings.ReplaceAll(k.key, "\x00", "&::") }

const keepingNote = "cache-lookup"

// conditional are the headers by which a caller asks for less than a whole
// response, which is what is to be kept.
var conditional = []string{"Cache-Control", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range", "Pragma"}

// Run ends inbound on a hit. On a miss the request loses what would make its
// answer depend on what the caller has.
func (s *cacheLookupStep) Run(r *policy.Run) error {
	q := &r.X.Request
	if q.Method != "GET" || s.cache == nil {
		r.Trace("Cache lookup was not made: only responses to GET are kept.")
		return nil
	}
	private, err := s.private.Bool(r)
	if err != nil {
		return err
	}
	if !private && q.Header.Has("Authorization") {
		r.Trace("Cache lookup was not made: the request has a header Authorization.")
		return nil
	}
	k := keeping{cache: s.cache}
	if k.key, err = s.key(r); err != nil {
		return err
	}
	if k.downstream, err = s.downstream.String(r); err != nil {
		return err
	}
	if k.revalidate, err = s.revalidate.Bool(r); err != nil {
		return err
	}
	control := strings.ToLower(strings.Join(q.Header.Values("Cache-Control"), ","))
	fresh := strings.Contains(control, "no-cache") || strings.Contains(control, "no-store")
	if v, ok := s.load(r, k.key, fresh); ok {
		if r.Tracing() {
			r.Trace(cacheHit{"Cache lookup resulted in a hit! Cached response will be used.", k.shown()})
		}
		r.X.Response = v
		return policy.ErrCached
	}
	removed := exchange.Header{}
	for _, f := range q.Header {
		if isOneOf(f.Name, conditional) {
			removed = append(removed, f)
		}
	}
	for _, name := range conditional {
		q.Header.Del(name)
	}
	if r.Tracing() {
		r.Trace(cacheMiss{
			"Cache lookup resulted in a miss. Cache headers listed below were removed from the request to prompt the backend service to send back a complete response.",
			k.shown(), removed.Traced(),
		})
	}
	if !strings.Contains(control, "no-store") {
		r.Note(keepingNote, k)
	}
	return nil
}

type cacheHit struct {
	Message string `json:"message"`
	Key     string `json:"cacheKey"`
}

type cacheMiss struct {
	Message string                 `json:"message"`
	Key     string                 `json:"cacheKey"`
	Headers []exchange.TracedField `json:"cacheHeaders"`
}

// key is what responses are kept apart by: API, operation, the backend's URL, and
// what the policy names. The caller's key is never part of it.
func (s *cacheLookupStep) key(r *policy.Run) (string, error) {
	x := r.X
	u := x.Request.URL
	var b strings.Builder
	b.WriteString("response\x00")
	if x.API != nil {
		b.WriteString(x.API.Name + ";" + x.API.Revision)
	}
	if x.Operation != nil {
		b.WriteString("/" + x.Operation.Name)
	}
	b.WriteString("\x00" + u.Scheme + "://" + u.Authority() + u.Path)
	var keyName string
	if x.API != nil {
		keyName = x.API.KeyNames.Query
	}
	var parts []string
	for _, part := range parseQuery(u.Query) {
		name := parameterName(part)
		if part == "" || strings.EqualFold(name, keyName) || strings.EqualFold(name, "subscription-key") || len(s.parameters) > 0 && !isOneOf(name, s.parameters) {
			continue
		}
		_, v, _ := strings.Cut(part, "=")
		parts = append(parts, strings.ToLower(name)+"="+v)
	}
	sort.Strings(parts)
	b.WriteString("?" + strings.Join(parts, "&"))
	for _, name := range s.headers {
		b.WriteString("\x00" + strings.ToLower(name) + "=" + strings.Join(x.Request.Header.Values(name), ","))
	}
	byDeveloper, err := s.byDeveloper.Bool(r)
	if err != nil {
		return "", err
	}
	byGroups, err := s.byGroups.Bool(r)
	if err != nil {
		return "", err
	}
	if byDeveloper && x.User != nil {
		b.WriteString("\x00user=" + x.User.Name)
	}
	if byGroups && x.User != nil {
		var groups []string
		for _, l := range x.User.Groups {
			groups = append(groups, apim.Tail(l.Target))
		}
		slices.Sort(groups)
		b.WriteString("\x00groups=" + strings.Join(groups, ","))
	}
	return b.String(), nil
}

// kept is a response as the cache has it.
type kept struct {
	Status int
	Reason string
	Header exchange.Header
	Body   []byte
}

func (s *cacheLookupStep) load(r *policy.Run, key string, fresh bool) (*exchange.Response, bool) {
	if fresh {
		return nil, false
	}
	v, ok := s.cache.Load(r.Context(), key)
	if !ok || !v.IsString() {
		return nil, false
	}
	var k kept
	if json.Unmarshal([]byte(v.Str()), &k) != nil {
		return nil, false
	}
	p := &exchange.Response{Status: k.Status, Reason: k.Reason, Header: k.Header, Body: exchange.NoBody()}
	if len(k.Body) > 0 {
		p.Body = exchange.BufferedBody(k.Body)
	}
	return p, true
}

// maxKept is how long a response's body may be that is kept (documented).
const maxKept = 2 << 20

func cacheStore(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "cache-store",
			Doc:  "Keeps the response for requests that cache-lookup takes for the same.",
			Attributes: []policy.Attribute{
				{Name: "duration", Type: policy.Int, Required: true, Expression: true, Bounded: true, Max: math.MaxInt32, Doc: "For how many seconds."},
				{Name: "cache-response", Type: policy.Bool, Expression: true, Doc: "Whether it is kept whatever its status; without it only one of 200 is."},
			},
		},
		Sections: policy.Outbound,
		Once:     true,
		Compile: func(e *policy.Element) policy.Step {
			e.Effect(policy.KeepsResponse | policy.CountsResponse)
			return &cacheStoreStep{e.Value("duration"), e.Value("cache-response")}
		},
	}
}

type cacheStoreStep struct{ duration, whatever *policy.Value }

// Run keeps the response as it stands here, once its body has come to its end.
func (s *cacheStoreStep) Run(r *policy.Run) error {
	k, ok := r.Noted(keepingNote).(keeping)
	if !ok {
		r.Trace("The response is not kept: no cache-lookup has looked for it.")
		return nil
	}
	seconds, err := s.duration.Int(r)
	if err != nil {
		return err
	}
	p := r.Response(policy.Response)
	keep := p.Status == 200
	if s.whatever != nil {
		if keep, err = s.whatever.Bool(r); err != nil {
			return err
		}
	}
	if !keep || seconds == 0 {
		r.Trace("The response is not kept: its status or its duration forbids it.")
		return nil
	}
	ttl := time.Duration(seconds) * time.Second
	if k.downstream == "private" || k.downstream == "public" {
		control := k.downstream + ", max-age=" + strconv.FormatInt(seconds, 10)
		if k.revalidate {
			control += ", must-revalidate"
		}
		p.Header.Set("Cache-Control", control)
	}
	c := kept{Status: p.Status, Reason: p.Reason, Header: p.Header.Clone()}
	c.Header.Del("Content-Length")
	ctx := context.WithoutCancel(r.Context())
	p.Body.Copy(maxKept, func(whole []byte) {
		c.Body = whole
		if text, err := json.Marshal(c); err == nil {
			k.cache.Store(ctx, k.key, value.String(string(text)), ttl)
		}
	})
	r.Trace("Response will be buffered during streaming and stored in the cache after it is received in full.")
	return nil
}
