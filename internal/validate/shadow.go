package validate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// shadows are the far end of real regions, for those who allow it: for the time
// of a step the service's endpoints lead to proxies of this process, one a
// region, which note what arrives, fail when told to, and pass on the rest.
type shadows struct {
	check *Check
	all   []*shadow
}

func newShadows(c *Check) *shadows {
	s := &shadows{check: c}
	for i := range c.list {
		s.all = append(s.all, &shadow{region: &c.list[i]})
	}
	return s
}

// install puts the proxies in place, and makes the check take them away again.
func (s *shadows) install(ctx context.Context) error {
	c := s.check
	if c.arm == nil {
		return errors.New("without a management API the service's endpoints cannot be changed")
	}
	for _, sh := range s.all {
		uses, err := c.arm.uses(ctx, *sh.region)
		if err != nil {
			return err
		}
		if len(uses) == 0 {
			return fmt.Errorf("no plain named value and no backend holds the address of %s", sh.region.name)
		}
		if err := sh.start(ctx); err != nil {
			return err
		}
		c.undo = append(c.undo, func(context.Context) error { return sh.stop() })
		for _, u := range uses {
			put := strings.Replace(u.old, strings.TrimRight(origin(u.old), "/"), sh.address, 1)
			if put == u.old { // its host is written with capitals
				parsed, err := url.Parse(u.old)
				if err != nil {
					return err
				}
				put = sh.address + parsed.Path
			}
			c.undo = append(c.undo, func(ctx context.Context) error { return c.arm.set(ctx, u, u.old) })
			if err := c.arm.set(ctx, u, put); err != nil {
				return fmt.Errorf("%s: %w", u.path, err)
			}
		}
	}
	return nil
}

func (s *shadows) of(name string) *shadow {
	for _, sh := range s.all {
		if sh.region.name == name {
			return sh
		}
	}
	return nil
}

func (s *shadows) mark(context.Context) (mark, error) {
	m := mark{}
	for _, sh := range s.all {
		sh.mu.Lock()
		m[sh.region.name] = time.Time{}
		if n := len(sh.log); n > 0 {
			m[sh.region.name] = sh.log[n-1].Time
		}
		sh.mu.Unlock()
	}
	return m, nil
}

func (s *shadows) since(_ context.Context, m mark, most int) (map[string][]seen, error) {
	all := map[string][]seen{}
	for _, sh := range s.all {
		sh.mu.Lock()
		for _, e := range sh.log[max(0, len(sh.log)-most):] {
			if e.Time.After(m[sh.region.name]) {
				all[sh.region.name] = append(all[sh.region.name], *e)
			}
		}
		sh.mu.Unlock()
	}
	return all, nil
}

func (s *shadows) fault(_ context.Context, name string) (json.RawMessage, error) {
	return nil, nil // what is wrong with a real region nobody has ordered
}

func (s *shadows) setFault(_ context.Context, name string, fault json.RawMessage) error {
	sh := s.of(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.failing = struct {
		Kind   string
		Status int
	}{}
	if fault == nil {
		return nil
	}
	return json.Unmarshal(fault, &sh.failing)
}

// shadow is the proxy before one region.
type shadow struct {
	region  *region
	address string
	server  *http.Server

	mu      sync.Mutex
	log     []*seen
	failing struct {
		Kind   string
		Status int
	}
}

func (s *shadow) start(ctx context.Context) error {
	to, err := url.Parse(s.region.address)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = "http://" + l.Addr().String()
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
		},
	}
	s.server = &http.Server{
		ReadHeaderTimeout: patience,
		ErrorLog:          log.New(io.Discard, "", 0),
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, proxy) }),
	}
	go func() { _ = s.server.Serve(l) }() // ends with stop
	return nil
}

func (s *shadow) stop() error {
	end, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.server.Shutdown(end) != nil {
		return s.server.Close()
	}
	return nil
}

// serve notes a request, and fails it or passes it on.
func (s *shadow) serve(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
	e := &seen{Time: time.Now(), Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
	if i := slices.Index(s.region.keys, r.Header.Get("api-key")); i >= 0 {
		e.Key = i + 1
	}
	if lines := r.Header["X-Forwarded-For"]; len(lines) > 0 {
		all := strings.Join(lines, ", ")
		e.ForwardedFor = &all
	}
	s.mu.Lock()
	s.log = append(s.log, e)
	failing := s.failing
	s.mu.Unlock()
	out := &noting{ResponseWriter: w, note: func(status int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		e.Status, e.Sent = status, status
	}}
	switch failing.Kind {
	case "refuse":
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case "throttle":
		w.Header().Set("Retry-After", "1")
		refuse(out, http.StatusTooManyRequests, "Requests have exceeded the rate limit. Please retry after 1 second.")
	case "status":
		refuse(out, failing.Status, "The service is temporarily unable to process your request.")
	default:
		proxy.ServeHTTP(out, r)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": fmt.Sprint(status), "message": message}})
}

// noting tells the status of an answer.
type noting struct {
	http.ResponseWriter
	note func(int)
}

// WriteHeader notes the status.
func (n *noting) WriteHeader(status int) {
	if status >= 200 {
		n.note(status)
	}
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush.
func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }
