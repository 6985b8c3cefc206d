package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"

	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/source"
)

// OwnerTag marks what a run made, with the file's name as its value: only that is
// ever destroyed.
const OwnerTag = "spillway"

// Step is one thing that has to be done.
type Step struct {
	// Region is where, "" for the resource group.
	Region string `json:"region,omitempty"`
	// Verb is create, restore, purge, update, repair, wait or delete.
	Verb string `json:"verb"`
	// Subject is what it is done to, such as "account contoso-eastus".
	Subject string `json:"subject"`
	// Detail says what of, such as "gpt-5-mini, GlobalStandard, 100 k TPM".
	Detail string `json:"detail,omitempty"`
}

// Finding is something that is not as it should be.
type Finding struct {
	Region string `json:"region,omitempty"`
	// Severity is error for what keeps a deployment from answering or a plan from
	// being carried out, and warning otherwise.
	Severity Severity `json:"severity"`
	// Code is a short word by which the kind of finding is known.
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Severity is how grave a finding is.
type Severity string

// The severities.
const (
	Grave   Severity = "error"
	Warning Severity = "warning"
)

// Plan is what has to be done until Azure has what the file wants.
type Plan struct {
	Steps    []Step    `json:"steps"`
	Findings []Finding `json:"findings"`
}

// Errors are the findings that keep the plan from being carried out.
func (p *Plan) Errors() []Finding { return errorsOf(p.Findings) }

func errorsOf(list []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(list), func(f Finding) bool { return f.Severity != Grave })
}

// Plan compares what is wanted with what Azure has. It changes nothing.
func (c *Client) Plan(ctx context.Context, f *File) (*Plan, error) {
	p := &Plan{Steps: []Step{}, Findings: []Finding{}}
	for _, name := range f.Groups() {
		tags, location, found, err := c.group(ctx, name)
		switch {
		case err != nil:
			return nil, fail("", "resource group "+name, err)
		case !found:
			p.Steps = append(p.Steps, Step{Verb: "create", Subject: "resource group " + name, Detail: f.Location})
		case lacks(tags, f.Tags):
			p.Steps = append(p.Steps, Step{Verb: "update", Subject: "resource group " + name, Detail: "tags"})
		case f.root.Get("location") != nil && !sameRegion(location, f.Location):
			p.Findings = append(p.Findings, Finding{
				Severity: Warning, Code: "location", Message: fmt.Sprintf("the resource group %s is in %s, and stays there", name, location),
			})
		}
	}
	states, errs := c.states(ctx, f)
	parts := make([]*regionPlan, len(f.Regions))
	eachRegion(f, func(i int, r *Region) {
		if errs[i] == nil {
			parts[i], errs[i] = c.planRegion(ctx, f, r, states[i])
		}
	})
	for i := range f.Regions {
		if errs[i] != nil {
			return nil, fail(f.Regions[i].Name, "", errs[i])
		}
		p.Steps = append(p.Steps, parts[i].steps...)
		p.Findings = append(p.Findings, parts[i].findings...)
	}
	return p, nil
}

// Groups are the resource groups that accounts are created in.
func (f *File) Groups() []string {
	var names []string
	for _, r := range f.Regions {
		if !r.Existing && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, r.ResourceGroup) }) {
			names = append(names, r.ResourceGroup)
		}
	}
	return names
}

// regionPlan collects what there is to do and to say about one region.
type regionPlan struct {
	client   *Client
	file     *File
	region   *Region
	state    *state
	steps    []Step
	findings []Finding
}

func (p *regionPlan) step(verb, subject, detail string) {
	p.steps = append(p.steps, Step{p.region.Name, verb, subject, detail})
}

// find reports a finding, and gives it for a hint to be added.
func (p *regionPlan) find(severity Severity, code, format string, args ...any) *Finding {
	p.findings = append(p.findings, Finding{Region: p.region.Name, Severity: severity, Code: code, Message: fmt.Sprintf(format, args...)})
	return &p.findings[len(p.findings)-1]
}

func (r *Region) subject() string { return "account " + r.Account }

func (m *Model) subject() string { return "deployment " + m.Deployment }

// String is what a deployment is of.
func (m *Model) String() string {
	text := m.Model
	if m.Version != "" {
		text += " " + m.Version
	}
	return fmt.Sprintf("%s, %s, %d %s", text, m.SKU, m.Capacity, m.unit())
}

func (c *Client) planRegion(ctx context.Context, f *File, r *Region, s *state) (*regionPlan, error) {
	p := &regionPlan{client: c, file: f, region: r, state: s}
	if err := p.account(ctx); err != nil {
		return nil, err
	}
	if r.Existing && s.account == nil {
		return p, nil
	}
	wanted := map[string]int{} // capacity that is to be added, by usage name
	for i := range r.Models {
		p.model(&r.Models[i], wanted)
	}
	return p, p.quota(ctx, wanted)
}

// account plans the account itself.
func (p *regionPlan) account(ctx context.Context) error {
	r, s := p.region, p.state
	switch {
	case s.account != nil:
		p.existing()
		return nil
	case r.Existing:
		p.find(Grave, "no-account", "there is no account %s in the resource group %s", r.Account, r.ResourceGroup).Hint = "take existing: true away to have it created"
		return nil
	case s.deleted && p.file.OnDeleted == "restore":
		p.step("restore", r.subject(), "with the deployments it had")
		return nil
	case s.deleted && p.file.OnDeleted == "purge":
		p.step("purge", r.subject(), "the deleted one of this name")
		p.step("create", r.subject(), p.file.SKU)
		return nil
	case s.deleted:
		p.find(Grave, "deleted", "Azure still keeps a deleted account %s", r.Account).Hint = hintDeleted
		return nil
	}
	p.step("create", r.subject(), p.file.SKU)
	return p.domain(ctx)
}

// existing compares an account that is there with the wanted one.
func (p *regionPlan) existing() {
	r, a := p.region, p.state.account
	subject := "the account " + r.Account
	if k := deref(a.Kind); k != "OpenAI" && k != "AIServices" {
		p.find(Grave, "kind", "%s is of the kind %s, which has no deployments of models", subject, k)
	}
	if !sameRegion(deref(a.Location), r.Name) {
		p.find(Grave, "location", "%s is in %s, not in %s", subject, deref(a.Location), r.Name).Hint = "name another account for this region, or the region that the account is in"
	}
	properties := deref(a.Properties)
	if deref(properties.DisableLocalAuth) && p.file.Keys != "none" {
		p.find(Grave, "no-keys", "%s takes no keys (disableLocalAuth)", subject).Hint = "keys: none is for policies that use a managed identity"
	}
	if properties.PublicNetworkAccess != nil && *properties.PublicNetworkAccess == cognitive.PublicNetworkAccessDisabled {
		p.find(Warning, "private", "%s answers on private endpoints only: the gateway has to be in the network", subject)
	}
	if properties.AbusePenalty != nil {
		p.find(Warning, "penalty", "%s is limited by Azure for abuse (%s)", subject, deref(properties.AbusePenalty.Action))
	}
	if r.Existing {
		return
	}
	switch state := deref(properties.ProvisioningState); {
	case working(string(state)):
		p.step("wait", r.subject(), "it is "+strings.ToLower(string(state)))
	case state == cognitive.ProvisioningStateFailed || state == cognitive.ProvisioningStateCanceled:
		p.step("repair", r.subject(), "creating it "+strings.ToLower(string(state)))
	case lacks(a.Tags, p.file.Tags):
		p.step("update", r.subject(), "tags")
	}
	if deref(a.Tags[OwnerTag]) == "" {
		p.find(Warning, "not-ours", "%s was there before: it gets deployments, and destroy leaves it alone", subject)
	}
}

// working reports whether Azure is busy with something, by its state.
func working(state string) bool {
	switch state {
	case "", "Succeeded", "Failed", "Canceled", "Cancelled", "Disabled":
		return false
	}
	return true
}

// lacks reports whether tags do not have all that are wanted.
func lacks(tags map[string]*string, wanted map[string]string) bool {
	for k, v := range wanted {
		if deref(tags[k]) != v {
			return true
		}
	}
	return false
}

// sameRegion compares regions by their short names or those that the portal
// shows.
func sameRegion(a, b string) bool {
	short := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }
	return short(a) == short(b)
}

// domain asks whether the name of a new account is free as a host name.
func (p *regionPlan) domain(ctx context.Context) error {
	r := p.region
	got, err := p.client.management.CheckDomainAvailability(ctx, cognitive.CheckDomainAvailabilityParameter{
		SubdomainName: to.Ptr(strings.ToLower(r.Account)), Type: to.Ptr("Microsoft.CognitiveServices/accounts"), Kind: to.Ptr("OpenAI"),
	}, nil)
	if err != nil {
		p.find(Warning, "domain", "whether the name %s is free cannot be told before it is created: %s", r.Account, azure.Explain(err))
		return nil
	}
	if got.IsSubdomainAvailable == nil || *got.IsSubdomainAvailable {
		return nil
	}
	found := p.find(Grave, "name-taken", "somebody has the host name %s.openai.azure.com already", strings.ToLower(r.Account))
	found.Hint = hintTaken
	if where := p.client.deletedElsewhere(ctx, r.Account); where != "" {
		found.Message += ": a deleted account of the resource group " + where + " keeps it"
		found.Hint = "az cognitiveservices account purge frees it; or give the region another account"
	}
	return nil
}

// deletedElsewhere is the resource group and region of a deleted account of a
// name, wherever in the subscription it was; "" when there is none or it cannot
// be told.
func (c *Client) deletedElsewhere(ctx context.Context, name string) string {
	list, err := pages(ctx, c.deleted.NewListPager(nil), func(p cognitive.DeletedAccountsClientListResponse) []*cognitive.Account { return p.Value })
	if err != nil {
		return ""
	}
	for _, a := range list {
		if strings.EqualFold(deref(a.Name), name) {
			parts := strings.Split(deref(a.ID), "/")
			for i := range parts {
				if strings.EqualFold(parts[i], "resourceGroups") && i+1 < len(parts) {
					return parts[i+1] + " in " + deref(a.Location)
				}
			}
		}
	}
	return ""
}

// model plans one deployment, and counts the capacity that it needs.
func (p *regionPlan) model(m *Model, wanted map[string]int) {
	d := p.state.deployments[strings.ToLower(m.Deployment)]
	change := m.change(d)
	if p.region.Existing {
		switch {
		case d == nil:
			p.find(Warning, "missing", "the account %s has no deployment %s, and is not changed", p.region.Account, m.Deployment)
		case change.verb == "update":
			p.find(Warning, "differs", "%s: %s; the account is not changed", m.subject(), change.detail)
		}
		return
	}
	if change.verb == "" {
		p.aging(m, d)
		return
	}
	p.step(change.verb, m.subject(), change.detail)
	if change.verb == "wait" {
		return
	}
	o := p.offered(m)
	if o == nil {
		return
	}
	add := m.Capacity
	if d != nil {
		add = 0
		if held := deref(d.SKU); deref(held.Name) == m.SKU && strings.EqualFold(deref(deref(deref(d.Properties).Model).Name), m.Model) {
			add = m.Capacity - int(deref(held.Capacity))
		}
	}
	if usage := o.skus[m.SKU].usage; usage != "" {
		wanted[usage] += add
	}
}

// change is what a deployment needs until it is as wanted; no verb is nothing.
type change struct{ verb, detail string }

func (m *Model) change(d *cognitive.Deployment) change {
	if d == nil {
		return change{"create", m.String()}
	}
	properties, held := deref(d.Properties), deref(d.SKU)
	switch state := string(deref(properties.ProvisioningState)); {
	case working(state):
		return change{"wait", "it is " + strings.ToLower(state)}
	case state == "Failed" || state == "Canceled":
		return change{"repair", m.String() + "; it " + strings.ToLower(state) + " before"}
	}
	model := deref(properties.Model)
	var parts []string
	add := func(was, now string) { parts = append(parts, was+" → "+now) }
	if n := deref(model.Name); !strings.EqualFold(n, m.Model) {
		add(n, m.Model)
	}
	if v := deref(model.Version); m.Version != "" && v != m.Version {
		add("version "+v, m.Version)
	}
	if n := deref(held.Name); n != m.SKU {
		add(n, m.SKU)
	}
	if n := int(deref(held.Capacity)); n != m.Capacity {
		add(fmt.Sprint(n), fmt.Sprintf("%d %s", m.Capacity, m.unit()))
	}
	if u := deref(properties.VersionUpgradeOption); u != "" && string(u) != m.Upgrade {
		add(string(u), m.Upgrade)
	}
	if parts == nil {
		return change{}
	}
	return change{"update", strings.Join(parts, ", ")}
}

// offered finds what a deployment is to be made of, and says what is wrong with
// it; nil when the region does not have it.
func (p *regionPlan) offered(m *Model) *offer {
	now := p.client.options.Now()
	o := p.state.find(m.Model, m.Version)
	if o == nil {
		p.unknown(m)
		return nil
	}
	k, ok := o.skus[m.SKU]
	if !ok && len(o.skus) > 0 {
		var have []string
		for name := range o.skus {
			have = append(have, name)
		}
		slices.Sort(have)
		p.find(Grave, "no-sku", "%s has no deployment type %s in %s", m.Model, m.SKU, p.region.Name).Hint = "there it has " + strings.Join(have, ", ")
		return nil
	}
	switch end := o.retirement(m.SKU); {
	case !end.IsZero() && !end.After(now):
		p.find(Grave, "retired", "%s %s was retired on %s: no deployment of it can be created", o.name, o.version, end.Format("2006-01-02")).Hint = p.instead(o, m.SKU)
		return nil
	case o.lifecycle == "Deprecated":
		p.find(Grave, "deprecated", "%s %s is deprecated: no new deployment of it can be created", o.name, o.version).Hint = p.instead(o, m.SKU)
		return nil
	case !end.IsZero() && end.Before(now.Add(soon)):
		p.find(Warning, "retires", "%s %s retires on %s", o.name, o.version, end.Format("2006-01-02")).Hint = p.instead(o, m.SKU)
	}
	if problem := k.capacity(m.Capacity); problem != "" {
		p.find(Grave, "capacity", "%s: a capacity of %d is not possible: %s", m.subject(), m.Capacity, problem)
	}
	return o
}

// capacity says what is wrong with a capacity; "" is nothing.
func (k *sku) capacity(n int) string {
	switch {
	case len(k.allowed) > 0 && !slices.Contains(k.allowed, n):
		return "there are " + strings.Trim(strings.ReplaceAll(fmt.Sprint(k.allowed), " ", ", "), "[]")
	case n < k.minimum:
		return fmt.Sprintf("the least is %d", k.minimum)
	case k.maximum > 0 && n > k.maximum:
		return fmt.Sprintf("the most is %d", k.maximum)
	case k.step > 1 && n%k.step != 0:
		return fmt.Sprintf("it goes in steps of %d", k.step)
	}
	return ""
}

// unknown says that a region does not have a model, and which it has.
func (p *regionPlan) unknown(m *Model) {
	var versions, names []string
	for _, o := range p.state.offers {
		if strings.EqualFold(o.name, m.Model) {
			versions = append(versions, o.version)
		}
		if !slices.Contains(names, o.name) {
			names = append(names, o.name)
		}
	}
	if versions != nil {
		slices.Sort(versions)
		p.find(Grave, "no-version", "%s has no version %s of %s", p.region.Name, m.Version, m.Model).Hint = "it has " + strings.Join(versions, ", ")
		return
	}
	found := p.find(Grave, "no-model", "%s has no model %s", p.region.Name, m.Model)
	if near := source.Nearest(m.Model, names); near != "" {
		found.Hint = "did you mean " + near + "?"
	} else if o := p.state.successor(m.Model, m.SKU, guess(m.Model), p.client.options.Now()); o != nil {
		found.Hint = "of its kind there is " + o.name + " " + o.version
	}
}

// guess is what a model is for by its name alone: models that are gone are on no
// list.
func guess(model string) map[string]bool {
	if strings.Contains(model, "embedding") {
		return map[string]bool{"embeddings": true}
	}
	return map[string]bool{"chatCompletion": true}
}

// instead is a hint that names a successor.
func (p *regionPlan) instead(o *offer, sku string) string {
	s := p.state.successor(o.name, sku, o.capabilities, p.client.options.Now())
	if s == nil {
		return "the region has nothing of its kind that stays longer"
	}
	hint := fmt.Sprintf("of its kind %s %s stays", s.name, s.version)
	if end := s.retirement(sku); !end.IsZero() {
		hint += " until " + end.Format("2006-01-02")
	}
	return hint + "; the deployment may keep its name"
}

// aging warns of a deployment whose model retires.
func (p *regionPlan) aging(m *Model, d *cognitive.Deployment) {
	model, held := deref(deref(d.Properties).Model), deref(d.SKU)
	name, version, sku := deref(model.Name), deref(model.Version), deref(held.Name)
	o := p.state.find(name, version)
	now := p.client.options.Now()
	switch {
	case o == nil && len(p.state.offers) > 0:
		found := p.find(Warning, "unlisted", "%s is of %s %s, which %s does not list any more: it has been retired, or is about to be", m.subject(), name, version, p.region.Name)
		if s := p.state.successor(name, sku, guess(name), now); s != nil {
			found.Hint = "of its kind there is " + s.name + " " + s.version + "; the deployment may keep its name"
		}
	case o == nil:
	case !o.retirement(sku).IsZero() && !o.retirement(sku).After(now):
		p.find(Grave, "retired", "%s is of %s %s, which was retired on %s: it does not answer", m.subject(), name, version, o.retirement(sku).Format("2006-01-02")).Hint = p.instead(o, sku)
	case !o.retirement(sku).IsZero() && o.retirement(sku).Before(now.Add(soon)):
		p.find(Warning, "retires", "%s is of %s %s, which retires on %s", m.subject(), name, version, o.retirement(sku).Format("2006-01-02")).Hint = p.instead(o, sku)
	}
}

// quota compares the capacity that is to be added with what is left.
func (p *regionPlan) quota(ctx context.Context, wanted map[string]int) error {
	var usages []string
	for usage := range wanted {
		usages = append(usages, usage)
	}
	slices.Sort(usages)
	for _, usage := range usages {
		q, known := p.state.quotas[usage]
		if !known || wanted[usage] <= q.left() {
			continue
		}
		m := p.ofUsage(usage)
		found := p.find(Grave, "quota", "%s of %s need %d %s more in %s, and %d of %d are left", m.SKU, m.Model, wanted[usage], m.unit(), p.region.Name, max(q.left(), 0), int(q.limit))
		hint, err := p.elsewhere(ctx, m, wanted[usage])
		if err != nil {
			return err
		}
		found.Hint = hint
	}
	return nil
}

// ofUsage is a model of the region that needs a quota.
func (p *regionPlan) ofUsage(usage string) *Model {
	for i := range p.region.Models {
		m := &p.region.Models[i]
		if o := p.state.find(m.Model, m.Version); o != nil && o.skus[m.SKU].usage == usage {
			return m
		}
	}
	return &Model{Model: usage, SKU: "deployments"}
}

// elsewhere is a hint that names regions with enough quota for a model.
func (p *regionPlan) elsewhere(ctx context.Context, m *Model, capacity int) (string, error) {
	const ask = "a lower capacity fits, or more quota: https://aka.ms/oai/quotaincrease"
	o := p.state.find(m.Model, m.Version)
	list, err := pages(ctx, p.client.capacities.NewListPager("OpenAI", o.name, o.version, nil), func(r cognitive.ModelCapacitiesClientListResponse) []*cognitive.ModelCapacityListResultValueItem {
		return r.Value
	})
	if err != nil {
		return "", err
	}
	var there []string
	for _, x := range list {
		properties := deref(x.Properties)
		name := deref(x.Location)
		used := slices.ContainsFunc(p.file.Regions, func(r Region) bool { return sameRegion(r.Name, name) })
		if deref(properties.SKUName) == m.SKU && int(deref(properties.AvailableCapacity)) >= capacity && !used && !slices.Contains(there, name) {
			there = append(there, name)
		}
	}
	if len(there) == 0 {
		return ask, nil
	}
	slices.Sort(there)
	return ask + "; there is enough in " + strings.Join(there[:min(len(there), 4)], ", "), nil
}
