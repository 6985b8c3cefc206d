package provision

import (
	"context"
	"errors"
	"slices"
	"strings"

	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

// PlanDestroy is what Destroy would take away: the accounts of the file that a run
// made, which carry OwnerTag, with all their deployments; and the resource groups
// that a run made, unless something else is in them. It changes nothing.
func (c *Client) PlanDestroy(ctx context.Context, f *File, purge bool) (*Plan, error) {
	p := &Plan{Steps: []Step{}, Findings: []Finding{}}
	states, errs := c.owned(ctx, f)
	for i := range f.Regions {
		r, s := &f.Regions[i], states[i]
		if errs[i] != nil {
			return nil, fail(r.Name, r.subject(), errs[i])
		}
		switch {
		case r.Existing:
		case s.account != nil && deref(s.account.Tags[OwnerTag]) == "":
			p.Findings = append(p.Findings, Finding{
				Region: r.Name, Severity: Warning, Code: "not-ours", Message: "the account " + r.Account + " was not made by spillway provision, and stays",
				Hint: "it has no tag " + OwnerTag,
			})
		case s.account != nil:
			for _, name := range names(s.deployments) {
				p.Steps = append(p.Steps, Step{r.Name, "delete", "deployment " + name, ""})
			}
			p.Steps = append(p.Steps, Step{r.Name, "delete", r.subject(), ""})
			if purge {
				p.Steps = append(p.Steps, Step{r.Name, "purge", r.subject(), "for good"})
			}
		case s.deleted && purge:
			p.Steps = append(p.Steps, Step{r.Name, "purge", r.subject(), "for good"})
		}
	}
	for _, name := range f.Groups() {
		tags, _, found, err := c.group(ctx, name)
		if err != nil {
			return nil, fail("", "resource group "+name, err)
		}
		if !found || deref(tags[OwnerTag]) == "" {
			continue
		}
		others, err := c.others(ctx, f, name, states)
		if err != nil {
			return nil, fail("", "resource group "+name, err)
		}
		if others != nil {
			p.Findings = append(p.Findings, Finding{
				Severity: Warning, Code: "not-empty", Message: "the resource group " + name + " stays: there is something else in it",
				Hint: strings.Join(others[:min(len(others), 5)], ", "),
			})
			continue
		}
		p.Steps = append(p.Steps, Step{Verb: "delete", Subject: "resource group " + name})
	}
	return p, nil
}

// owned reads the accounts and their deployments.
func (c *Client) owned(ctx context.Context, f *File) ([]*state, []error) {
	states, errs := make([]*state, len(f.Regions)), make([]error, len(f.Regions))
	eachRegion(f, func(i int, r *Region) {
		states[i] = &state{deployments: map[string]*cognitive.Deployment{}}
		errs[i] = c.readAccount(ctx, r, states[i])
	})
	return states, errs
}

func names(deployments map[string]*cognitive.Deployment) []string {
	var list []string
	for _, d := range deployments {
		list = append(list, deref(d.Name))
	}
	slices.Sort(list)
	return list
}

// others are the resources of a group that destroying leaves in it.
func (c *Client) others(ctx context.Context, f *File, group string, states []*state) ([]string, error) {
	list, err := pages(ctx, c.inGroup.NewListByResourceGroupPager(group, nil), func(p armresources.ClientListByResourceGroupResponse) []*armresources.GenericResourceExpanded {
		return p.Value
	})
	if err != nil {
		return nil, err
	}
	var left []string
	for _, x := range list {
		ours := false
		for i := range f.Regions {
			r, a := &f.Regions[i], states[i].account
			ours = ours || !r.Existing && strings.EqualFold(r.ResourceGroup, group) && a != nil && deref(a.Tags[OwnerTag]) != "" &&
				strings.EqualFold(deref(x.Name), r.Account) && strings.EqualFold(deref(x.Type), "Microsoft.CognitiveServices/accounts")
		}
		if !ours {
			left = append(left, deref(x.Name)+" ("+deref(x.Type)+")")
		}
	}
	return left, nil
}

// Destroy takes away what PlanDestroy lists. purge removes deleted accounts for
// good, which frees their names and their quota; Azure itself does so after 48
// hours.
func (c *Client) Destroy(ctx context.Context, f *File, purge bool) error {
	errs := make([]error, len(f.Regions))
	eachRegion(f, func(i int, r *Region) {
		if !r.Existing {
			errs[i] = fail(r.Name, r.subject(), c.destroyRegion(ctx, r, purge))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, name := range f.Groups() {
		if err := c.destroyGroup(ctx, f, name); err != nil {
			return fail("", "resource group "+name, err)
		}
	}
	return nil
}

func (c *Client) destroyRegion(ctx context.Context, r *Region, purge bool) error {
	s := &state{deployments: map[string]*cognitive.Deployment{}}
	if err := c.readAccount(ctx, r, s); err != nil {
		return err
	}
	if s.account == nil {
		if s.deleted && purge {
			return c.purge(ctx, r)
		}
		return nil
	}
	if deref(s.account.Tags[OwnerTag]) == "" {
		return nil
	}
	// An account with deployments is not deleted.
	for _, name := range names(s.deployments) {
		err := c.patiently(ctx, r.Name, "deployment "+name, func() error {
			poller, err := c.deployments.BeginDelete(ctx, r.ResourceGroup, r.Account, name, nil)
			return finish(ctx, c, poller, err)
		})
		if err != nil && !absent(err) {
			return fail(r.Name, "deployment "+name, err)
		}
		c.tell(r.Name, "deployment "+name, "deleted")
	}
	err := c.patiently(ctx, r.Name, r.subject(), func() error {
		poller, err := c.accounts.BeginDelete(ctx, r.ResourceGroup, r.Account, nil)
		return finish(ctx, c, poller, err)
	})
	if err != nil && !absent(err) {
		return err
	}
	c.tell(r.Name, r.subject(), "deleted")
	if purge {
		return c.purge(ctx, r)
	}
	return nil
}

func (c *Client) destroyGroup(ctx context.Context, f *File, name string) error {
	tags, _, found, err := c.group(ctx, name)
	if err != nil || !found || deref(tags[OwnerTag]) == "" {
		return err
	}
	none := make([]*state, len(f.Regions))
	for i := range none {
		none[i] = new(state)
	}
	others, err := c.others(ctx, f, name, none)
	if err != nil || others != nil {
		return err
	}
	poller, err := c.groups.BeginDelete(ctx, name, nil)
	if err := finish(ctx, c, poller, err); err != nil {
		return err
	}
	c.tell("", "resource group "+name, "deleted")
	return nil
}
