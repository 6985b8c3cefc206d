package provision

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
)

// Report is what Azure has, region by region, and what is wrong with it.
type Report struct {
	Regions  []RegionReport `json:"regions"`
	Findings []Finding      `json:"findings"`
}

// Errors are the findings that keep something from answering.
func (r *Report) Errors() []Finding { return errorsOf(r.Findings) }

// RegionReport is what one region has.
type RegionReport struct {
	Region   string `json:"region"`
	Account  string `json:"account"`
	Endpoint string `json:"endpoint,omitempty"`
	// State is Azure's provisioningState in small letters, missing or deleted.
	State       string             `json:"state"`
	Deployments []DeploymentReport `json:"deployments"`
	Quotas      []QuotaReport      `json:"quotas"`
}

// DeploymentReport is one deployment, wanted or there or both.
type DeploymentReport struct {
	Name     string `json:"name"`
	Model    string `json:"model"`
	Version  string `json:"version,omitempty"`
	SKU      string `json:"sku"`
	Capacity int    `json:"capacity"`
	// State is ok, missing, failed, differs, retired, or Azure's word for what it
	// is busy with.
	State string `json:"state"`
	// Retires is the day on which it stops to answer, "" when nobody says.
	Retires string `json:"retires,omitempty"`
	// Wanted says that the file asks for it.
	Wanted bool `json:"wanted"`
}

// QuotaReport is what is left of a quota in a region.
type QuotaReport struct {
	Model string `json:"model"`
	SKU   string `json:"sku"`
	Used  int    `json:"used"`
	Limit int    `json:"limit"`
	Left  int    `json:"left"`
	Unit  string `json:"unit"`
}

// Check compares what is wanted with what Azure has, accounts that somebody else
// made included. It changes nothing.
func (c *Client) Check(ctx context.Context, f *File) (*Report, error) {
	states, errs := c.states(ctx, f)
	report := &Report{Regions: []RegionReport{}, Findings: []Finding{}}
	parts, plans := make([]RegionReport, len(f.Regions)), make([]*regionPlan, len(f.Regions))
	eachRegion(f, func(i int, r *Region) {
		if errs[i] == nil {
			plans[i] = &regionPlan{client: c, file: f, region: r, state: states[i]}
			parts[i], errs[i] = plans[i].check(ctx)
		}
	})
	for i := range f.Regions {
		if errs[i] != nil {
			return nil, fail(f.Regions[i].Name, "", errs[i])
		}
		report.Regions = append(report.Regions, parts[i])
		report.Findings = append(report.Findings, plans[i].findings...)
	}
	return report, nil
}

func (p *regionPlan) check(ctx context.Context) (RegionReport, error) {
	r, s := p.region, p.state
	out := RegionReport{Region: r.Name, Account: r.Account, State: "missing", Deployments: []DeploymentReport{}, Quotas: []QuotaReport{}}
	switch {
	case s.account != nil:
		out.Endpoint = endpoint(s.account)
		state := string(deref(deref(s.account.Properties).ProvisioningState))
		out.State = strings.ToLower(state)
		p.existing()
		switch {
		case failed(state):
			p.find(Grave, "failed", "creating the account %s %s", r.Account, out.State).Hint = "spillway provision apply creates it again"
		case working(state):
			p.find(Warning, "busy", "the account %s is %s", r.Account, out.State)
		}
	case s.deleted:
		out.State = "deleted"
		p.find(Grave, "deleted", "the account %s has been deleted", r.Account).Hint = hintDeleted
	default:
		p.find(Grave, "no-account", "there is no account %s in the resource group %s", r.Account, r.ResourceGroup).Hint = p.remedy("account")
	}
	wanted := map[string]int{}
	for i := range r.Models {
		out.Deployments = append(out.Deployments, p.checkModel(&r.Models[i], wanted))
	}
	out.Deployments = append(out.Deployments, p.others()...)
	out.Quotas = p.quotas()
	return out, p.quota(ctx, wanted)
}

// remedy is what to do about something that is missing.
func (p *regionPlan) remedy(what string) string {
	if p.region.Existing {
		return "existing: true leaves the account as it is; create the " + what + " there, or take existing away"
	}
	return "spillway provision apply creates it"
}

// checkModel says how one wanted deployment is.
func (p *regionPlan) checkModel(m *Model, wanted map[string]int) DeploymentReport {
	d := p.state.deployments[strings.ToLower(m.Deployment)]
	if d == nil {
		if p.state.account != nil {
			p.find(Grave, "missing", "the account %s has no deployment %s", p.region.Account, m.Deployment).Hint = p.remedy("deployment")
		}
		out := DeploymentReport{Name: m.Deployment, Model: m.Model, Version: m.Version, SKU: m.SKU, Capacity: m.Capacity, State: "missing", Wanted: true}
		if o := p.offered(m); o != nil {
			if usage := o.skus[m.SKU].usage; usage != "" {
				wanted[usage] += m.Capacity
			}
			out.Version, out.Retires = cmp.Or(m.Version, o.version), day(o, m.SKU)
		}
		return out
	}
	out := p.reported(d)
	out.Wanted = true
	change := m.change(d)
	switch {
	case change.verb == "repair":
		out.State = "failed"
		p.find(Grave, "failed", "%s failed to be created", m.subject()).Hint = p.remedy("deployment")
	case change.verb == "update":
		if out.State == "ok" {
			out.State = "differs"
		}
		found := p.find(Warning, "differs", "%s differs from the file: %s", m.subject(), change.detail)
		if !p.region.Existing {
			found.Hint = "spillway provision apply changes it"
		}
	case change.verb == "wait":
		p.find(Warning, "busy", "%s: %s", m.subject(), change.detail)
	}
	p.aging(m, d)
	return out
}

// reported is a deployment that is there.
func (p *regionPlan) reported(d *cognitive.Deployment) DeploymentReport {
	properties, held := deref(d.Properties), deref(d.SKU)
	model := deref(properties.Model)
	out := DeploymentReport{
		Name: deref(d.Name), Model: deref(model.Name), Version: deref(model.Version), SKU: deref(held.Name), Capacity: int(deref(held.Capacity)), State: "ok",
	}
	switch state := string(deref(properties.ProvisioningState)); {
	case failed(state):
		out.State = "failed"
	case working(state):
		out.State = strings.ToLower(state)
	}
	if o := p.state.find(out.Model, out.Version); o != nil {
		out.Retires = day(o, out.SKU)
		if end := o.retirement(out.SKU); !end.IsZero() && !end.After(p.client.options.Now()) {
			out.State = "retired"
		}
	}
	return out
}

func day(o *offer, sku string) string {
	if t := o.retirement(sku); !t.IsZero() {
		return t.Format("2006-01-02")
	}
	return ""
}

// others are the deployments that the file does not ask for.
func (p *regionPlan) others() []DeploymentReport {
	var list []DeploymentReport
	for _, name := range slices.Sorted(maps.Keys(p.state.deployments)) {
		d := p.state.deployments[name]
		if slices.ContainsFunc(p.region.Models, func(m Model) bool { return strings.EqualFold(m.Deployment, name) }) {
			continue
		}
		out := p.reported(d)
		m := &Model{Deployment: out.Name}
		if out.State == "retired" {
			// Nothing that is wanted fails by it.
			p.find(Warning, "retired", "%s is of %s %s, which was retired on %s: it does not answer", m.subject(), out.Model, out.Version, out.Retires)
		} else {
			p.aging(m, d)
		}
		list = append(list, out)
	}
	return list
}

// quotas are what is left of those that the wanted models need.
func (p *regionPlan) quotas() []QuotaReport {
	list := []QuotaReport{}
	for i := range p.region.Models {
		m := &p.region.Models[i]
		o := p.state.find(m.Model, m.Version)
		if o == nil {
			continue
		}
		q, known := p.state.quotas[o.skus[m.SKU].usage]
		if !known || slices.ContainsFunc(list, func(x QuotaReport) bool { return x.Model == o.name && x.SKU == m.SKU }) {
			continue
		}
		list = append(list, QuotaReport{o.name, m.SKU, int(q.used), int(q.limit), max(q.left(), 0), m.unit()})
	}
	return list
}
