package provision

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
)

// state is what Azure has of one region.
type state struct {
	account     *cognitive.Account // nil when there is none
	deleted     bool               // Azure keeps a deleted one of the name
	deployments map[string]*cognitive.Deployment
	offers      []offer
	quotas      map[string]quota // by usage name
}

// offer is one version of a model that a region has.
type offer struct {
	name, version string
	isDefault     bool
	lifecycle     string
	capabilities  map[string]bool
	retires       time.Time // zero when nobody says
	skus          map[string]sku
}

type sku struct {
	usage            string
	minimum, maximum int
	step             int
	retires          time.Time
	allowed          []int
}

// quota is what a subscription may have of a model and a deployment type in one
// region, in units of capacity.
type quota struct{ used, limit float64 }

// left is what may still be had.
func (q quota) left() int { return int(q.limit - q.used) }

// group reads the resource group; nil when there is none.
func (c *Client) group(ctx context.Context, name string) (tags map[string]*string, location string, found bool, err error) {
	got, err := c.groups.Get(ctx, name, nil)
	if absent(err) {
		return nil, "", false, nil
	}
	if err != nil {
		return nil, "", false, err
	}
	return got.Tags, deref(got.Location), true, nil
}

// states reads all regions side by side.
func (c *Client) states(ctx context.Context, f *File) ([]*state, []error) {
	states, errs := make([]*state, len(f.Regions)), make([]error, len(f.Regions))
	eachRegion(f, func(i int, r *Region) { states[i], errs[i] = c.state(ctx, r) })
	return states, errs
}

// eachRegion calls do for the regions, a few at a time: ARM throttles per
// subscription.
func eachRegion(f *File, do func(i int, r *Region)) {
	var wg sync.WaitGroup
	places := make(chan struct{}, 4)
	for i := range f.Regions {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			do(i, &f.Regions[i])
		})
	}
	wg.Wait()
}

// state reads one region.
func (c *Client) state(ctx context.Context, r *Region) (*state, error) {
	s := &state{deployments: map[string]*cognitive.Deployment{}, quotas: map[string]quota{}}
	if err := c.readAccount(ctx, r, s); err != nil {
		return nil, err
	}
	models, err := pages(ctx, c.models.NewListPager(r.Name, nil), func(p cognitive.ModelsClientListResponse) []*cognitive.Model { return p.Value })
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if m.Model == nil || deref(m.Model.Format) != "OpenAI" || m.Kind != nil && *m.Kind != "OpenAI" && *m.Kind != "AIServices" {
			continue
		}
		if o := offerOf(m.Model); !slices.ContainsFunc(s.offers, func(x offer) bool { return x.name == o.name && x.version == o.version }) {
			s.offers = append(s.offers, o)
		}
	}
	usages, err := pages(ctx, c.usages.NewListPager(r.Name, nil), func(p cognitive.UsagesClientListResponse) []*cognitive.Usage { return p.Value })
	if err != nil {
		return nil, err
	}
	for _, u := range usages {
		if u.Name != nil {
			s.quotas[deref(u.Name.Value)] = quota{deref(u.CurrentValue), deref(u.Limit)}
		}
	}
	return s, nil
}

// readAccount reads an account with its deployments, or that Azure keeps a
// deleted one.
func (c *Client) readAccount(ctx context.Context, r *Region, s *state) error {
	got, err := c.accounts.Get(ctx, r.ResourceGroup, r.Account, nil)
	switch {
	case err == nil:
		s.account = &got.Account
		return c.readDeployments(ctx, r, s)
	case !absent(err):
		return err
	case r.Existing:
		return nil
	}
	_, err = c.deleted.Get(ctx, r.Name, r.ResourceGroup, r.Account, nil)
	if absent(err) {
		return nil
	}
	s.deleted = err == nil
	return err
}

func (c *Client) readDeployments(ctx context.Context, r *Region, s *state) error {
	list, err := pages(ctx, c.deployments.NewListPager(r.ResourceGroup, r.Account, nil), func(p cognitive.DeploymentsClientListResponse) []*cognitive.Deployment { return p.Value })
	if err != nil {
		return err
	}
	clear(s.deployments)
	for _, d := range list {
		s.deployments[strings.ToLower(deref(d.Name))] = d
	}
	return nil
}

func offerOf(m *cognitive.AccountModel) offer {
	o := offer{
		name: deref(m.Name), version: deref(m.Version), isDefault: deref(m.IsDefaultVersion),
		lifecycle: string(deref(m.LifecycleStatus)), capabilities: map[string]bool{}, skus: map[string]sku{},
	}
	for name, v := range m.Capabilities {
		if strings.EqualFold(deref(v), "true") {
			o.capabilities[name] = true
		}
	}
	if m.Deprecation != nil {
		o.retires = date(deref(m.Deprecation.Inference))
	}
	for _, x := range m.SKUs {
		k := sku{usage: deref(x.UsageName), retires: deref(x.DeprecationDate)}
		if x.Capacity != nil {
			k.minimum, k.maximum, k.step = int(deref(x.Capacity.Minimum)), int(deref(x.Capacity.Maximum)), int(deref(x.Capacity.Step))
			for _, v := range x.Capacity.AllowedValues {
				k.allowed = append(k.allowed, int(deref(v)))
			}
		}
		o.skus[deref(x.Name)] = k
	}
	return o
}

// date reads a date as the list of models writes it, with a time or without.
func date(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}

// retirement is when a deployment of a type stops to answer; zero when nobody
// says.
func (o *offer) retirement(sku string) time.Time {
	if t := o.skus[sku].retires; !t.IsZero() {
		return t
	}
	return o.retires
}

// find is the model of a name, of a version or else the default one; nil when
// the region does not have it.
func (s *state) find(name, version string) *offer {
	var best *offer
	for i := range s.offers {
		o := &s.offers[i]
		switch {
		case !strings.EqualFold(o.name, name):
		case version != "" && o.version == version:
			return o
		case version != "":
		case best == nil, o.isDefault && !best.isDefault, o.isDefault == best.isDefault && o.version > best.version:
			best = o
		}
	}
	return best
}

// soon is how long before its retirement a model is warned of, and not offered as
// a successor: as long as Azure itself gives notice of one.
const soon = 60 * 24 * time.Hour

// successor is what to deploy in place of a model: of the same abilities and, as
// its name tells, the same size, and the one that stays longest. Azure does not
// say by this API what it will upgrade to.
func (s *state) successor(of, sku string, like map[string]bool, now time.Time) *offer {
	var list []*offer
	for i := range s.offers {
		o := &s.offers[i]
		_, sold := o.skus[sku]
		if strings.EqualFold(o.name, of) || o.lifecycle == "Deprecated" || sku != "" && !sold || kind(o.capabilities) != kind(like) {
			continue
		}
		if end := o.retirement(sku); !end.IsZero() && end.Before(now.Add(soon)) {
			continue
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b *offer) int {
		same := func(o *offer) int {
			if size(o.name) == size(of) {
				return 0
			}
			return 1
		}
		general := func(o *offer) int {
			if o.lifecycle == "GenerallyAvailable" || o.lifecycle == "Stable" {
				return 0
			}
			return 1
		}
		return cmp.Or(same(a)-same(b), general(a)-general(b), b.retirement(sku).Compare(a.retirement(sku)), strings.Compare(b.name, a.name), strings.Compare(b.version, a.version))
	})
	return list[0]
}

// kind is what a model is for.
func kind(capabilities map[string]bool) string {
	for _, k := range []string{"embeddings", "chatCompletion", "responses", "completion", "imageGenerations", "audio"} {
		if capabilities[k] {
			return k
		}
	}
	return ""
}

// size is the last part of a model's name where it tells how large it is.
func size(name string) string {
	for _, s := range []string{"-mini", "-nano", "-small", "-large", "-codex", "-chat", "-audio", "-realtime"} {
		if strings.HasSuffix(name, s) || strings.Contains(name, s+"-") {
			return s
		}
	}
	return ""
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// texts are the tags of a resource as the SDK wants them.
func texts(m map[string]string) map[string]*string {
	out := make(map[string]*string, len(m))
	for k, v := range m {
		out[k] = to.Ptr(v)
	}
	return out
}
