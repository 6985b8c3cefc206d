package validate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// farEnd shows what arrives at the regions, and lets them fail.
type farEnd interface {
	// mark is the present, for since.
	mark(ctx context.Context) (mark, error)
	// since is what arrived after a mark, by region, oldest first; no more than
	// about most a region.
	since(ctx context.Context, m mark, most int) (map[string][]seen, error)
	// fault is what is wrong with a region on order, nil for nothing.
	fault(ctx context.Context, region string) (json.RawMessage, error)
	// setFault makes something wrong, or nil right again.
	setFault(ctx context.Context, region string, fault json.RawMessage) error
}

// mark is the time of the latest entry, by region.
type mark map[string]time.Time

// seen is a request as a region has seen it.
type seen struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Query  string    `json:"query"`
	// Key is 1 or 2 for one of the region's own keys, 0 for none or a wrong one.
	Key          int     `json:"key"`
	Status       int     `json:"status"`
	Sent         int     `json:"sent"`
	ForwardedFor *string `json:"forwardedFor"`
}

// answered is the status that the caller got, whether or not it stayed to the
// end.
func (s seen) answered() int {
	if s.Sent != 0 {
		return s.Sent
	}
	return s.Status
}

// control is the far end of simulated regions.
type control struct {
	http        *http.Client
	base, token string
	names       []string
}

func (s *control) call(ctx context.Context, method, path string, body, into any) error {
	return callJSON(ctx, s.http, method, s.base+path, s.token, nil, body, into)
}

// regionTold is a region as the control shows it.
type regionTold struct {
	Name, Address string
	Keys          []string
	Deployments   []deployment
}

func (s *control) regions(ctx context.Context) ([]regionTold, error) {
	var list []regionTold
	err := s.call(ctx, http.MethodGet, "/regions", nil, &list)
	return list, err
}

func (s *control) latest(ctx context.Context, name string, n int) ([]seen, error) {
	var list []seen
	err := s.call(ctx, http.MethodGet, fmt.Sprintf("/regions/%s/requests?last=%d", url.PathEscape(name), n), nil, &list)
	return list, err
}

func (s *control) mark(ctx context.Context) (mark, error) {
	m := mark{}
	for _, name := range s.names {
		list, err := s.latest(ctx, name, 1)
		if err != nil {
			return nil, err
		}
		m[name] = time.Time{}
		if len(list) > 0 {
			m[name] = list[0].Time
		}
	}
	return m, nil
}

func (s *control) since(ctx context.Context, m mark, most int) (map[string][]seen, error) {
	all := map[string][]seen{}
	for _, name := range s.names {
		list, err := s.latest(ctx, name, most)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if e.Time.After(m[name]) {
				all[name] = append(all[name], e)
			}
		}
	}
	return all, nil
}

func (s *control) fault(ctx context.Context, name string) (json.RawMessage, error) {
	var fault json.RawMessage
	if err := s.call(ctx, http.MethodGet, "/regions/"+url.PathEscape(name)+"/fault", nil, &fault); err != nil {
		return nil, err
	}
	if string(fault) == "null" {
		return nil, nil
	}
	return fault, nil
}

func (s *control) setFault(ctx context.Context, name string, fault json.RawMessage) error {
	path := "/regions/" + url.PathEscape(name) + "/fault"
	if fault == nil {
		return s.call(ctx, http.MethodDelete, path, nil, nil)
	}
	return s.call(ctx, http.MethodPut, path, fault, nil)
}

// findRegions finds the regions: simulated ones by their control, others by the
// service's backends and named values.
func (c *Check) findRegions(ctx context.Context) error {
	var tries []*control
	if c.arm != nil {
		tries = append(tries, &control{http: c.http, base: c.arm.base, token: c.arm.token})
	}
	if c.Control != "" {
		tries = append(tries, &control{http: c.http, base: strings.TrimRight(c.Control, "/")})
	}
	for _, s := range tries {
		list, err := s.regions(ctx)
		if err != nil || len(list) == 0 {
			continue // there are none at that place
		}
		if s.token == "" {
			if list, err = c.referredTo(ctx, list); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			continue
		}
		for _, r := range list {
			c.list = append(c.list, region{
				name: r.Name, address: strings.TrimRight(r.Address, "/"), keys: r.Keys, simulated: true,
				deployments: append([]deployment{}, r.Deployments...),
			})
			s.names = append(s.names, r.Name)
		}
		c.far = s
		return nil
	}
	return c.realRegions(ctx)
}

// referredTo leaves those of a control's regions that the service knows: the
// control may be that of somebody else's regions. Where the service is not
// known, all are meant.
func (c *Check) referredTo(ctx context.Context, list []regionTold) ([]regionTold, error) {
	if c.arm == nil {
		return list, nil
	}
	origins := map[string]bool{}
	values, err := c.arm.namedValues(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		origins[origin(v)] = true
	}
	backends, err := c.arm.backends(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range backends {
		origins[origin(b.url)] = true
	}
	documents := ""
	if c.api != nil {
		documents = c.arm.documents(ctx, c.api.id)
	}
	return slices.DeleteFunc(list, func(r regionTold) bool {
		return !origins[origin(r.Address)] && !strings.Contains(documents, r.Address)
	}), nil
}

func (c *Check) region(name string) *region {
	for i := range c.list {
		if c.list[i].name == name {
			return &c.list[i]
		}
	}
	return nil
}

func (c *Check) names() []string {
	var list []string
	for _, r := range c.list {
		list = append(list, r.name)
	}
	return list
}

// blind says why the far end cannot be seen, for steps that need it.
func (c *Check) blind(what string) verdict {
	if len(c.list) == 0 {
		return notObserved("Run the service with simulated regions (regions in spillway.yaml), or give the address of their control with -control.",
			"No region is known: there are no simulated ones, and neither backends nor named values of the service name an Azure OpenAI endpoint. So %s could not be seen.", what)
	}
	return notObserved("Allow it with -consent, or the box in the console: for the time of the check the service then reaches its regions through proxies of this process, which see what arrives and fail on purpose. Or validate the same policy on simulated regions.",
		"The regions are real ones, where %s cannot be seen from here.", what)
}

// lift takes away the faults that somebody has put on regions, until the step
// has ended: it is the set-up that is checked and not the weather. It returns
// what to say about it.
func (c *Check) lift(ctx context.Context) (note string, err error) {
	var lifted []string
	for _, r := range c.list {
		f, err := c.far.fault(ctx, r.name)
		if err != nil {
			return "", err
		}
		if f == nil {
			continue
		}
		c.undo = append(c.undo, func(ctx context.Context) error { return c.far.setFault(ctx, r.name, f) })
		if err := c.far.setFault(ctx, r.name, nil); err != nil {
			return "", err
		}
		lifted = append(lifted, fmt.Sprintf("%s (%s)", r.name, faultKind(f)))
	}
	if len(lifted) == 0 {
		return "", nil
	}
	if err := c.settle(ctx); err != nil {
		return "", err
	}
	was := "fault was"
	if len(lifted) > 1 {
		was = "faults were"
	}
	return fmt.Sprintf(" A %s on order at %s; lifted for the check, and put back.", was, listed(lifted)), nil
}

func faultKind(f json.RawMessage) string {
	var fault struct{ Kind string }
	_ = json.Unmarshal(f, &fault) // of the control's own making
	return cmp.Or(fault.Kind, "fault")
}

// settleLimit bounds the wait for breakers to close, which close by themselves.
const settleLimit = 90 * time.Second

// settle waits until no circuit breaker keeps a region out: what a check, or
// somebody before it, has done to the regions is over then.
func (c *Check) settle(ctx context.Context) error {
	if c.arm == nil {
		return nil
	}
	end := time.Now().Add(settleLimit)
	for {
		soonest := time.Duration(0)
		for _, p := range c.arm.pools(ctx) {
			for _, m := range p.Members {
				if m.Breaker != "open" {
					continue
				}
				wait := 200 * time.Millisecond
				if m.OpenUntil != nil {
					wait = max(wait, time.Until(*m.OpenUntil)+50*time.Millisecond)
				}
				soonest = max(soonest, wait)
			}
		}
		if soonest == 0 {
			return nil
		}
		if time.Now().Add(soonest).After(end) {
			return fmt.Errorf("a circuit breaker stays open for more than %s", settleLimit)
		}
		if err := pause(ctx, soonest); err != nil {
			return err
		}
	}
}

// pause waits, or returns the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch is what the regions see while something is done. Requests of others are
// left out, as far as ours can be told from them: they carry a mark in the
// query, unless a policy takes it away.
func (c *Check) watch(ctx context.Context, most int, do func()) (map[string][]seen, error) {
	m, err := c.far.mark(ctx)
	if err != nil {
		return nil, farError(err)
	}
	do()
	all, err := c.far.since(ctx, m, most)
	if err != nil {
		return nil, farError(err)
	}
	ours := map[string][]seen{}
	any := false
	for name, list := range all {
		for _, e := range list {
			if c.ours(e) {
				ours[name] = append(ours[name], e)
			}
			any = true
		}
	}
	if any && len(ours) == 0 {
		return all, nil // the mark does not arrive
	}
	return ours, nil
}

func (c *Check) ours(e seen) bool { return c.markOf(e) != "" }

// markOf is the mark of the question that a region was sent, "" for somebody
// else's.
func (c *Check) markOf(e seen) string {
	at := strings.Index(e.Query, c.nonce)
	if at < 0 {
		return ""
	}
	mark, _, _ := strings.Cut(e.Query[at:], "&")
	return mark
}

// asked is the operation that the request is of.
func (s seen) asked() operation {
	if strings.HasSuffix(s.Path, embeddingsPath) {
		return embeddings
	}
	return chats
}

func farError(err error) error {
	return fmt.Errorf("what arrives at the regions cannot be read: %w", err)
}

// trouble is the verdict about a check that could not do its work.
func trouble(err error) verdict {
	return fail("Is everything still running? Take the step again.", "The check could not do its work: %v.", err)
}
