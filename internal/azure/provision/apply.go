package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

// Access is how one region is reached.
type Access struct {
	Region  string
	Account string
	// Endpoint is without a slash at its end.
	Endpoint string
	// Keys are the account's two; empty where nobody wants them.
	Keys [2]string
}

// Apply makes Azure have what the file wants. It goes on with what an
// interrupted run began, and does nothing that is done. The regions are worked
// on side by side, and one that fails stops no other; the errors are Failures,
// joined. Nothing is rolled back: the next run goes on from there.
func (c *Client) Apply(ctx context.Context, f *File) ([]Access, error) {
	for _, name := range f.Groups() {
		if err := c.ensureGroup(ctx, f, name); err != nil {
			return nil, fail("", "resource group "+name, err)
		}
	}
	list, errs := make([]Access, len(f.Regions)), make([]error, len(f.Regions))
	eachRegion(f, func(i int, r *Region) {
		list[i], errs[i] = c.applyRegion(ctx, f, r)
	})
	return list, errors.Join(errs...)
}

func (c *Client) ensureGroup(ctx context.Context, f *File, name string) error {
	tags, location, found, err := c.group(ctx, name)
	if err != nil || found && !lacks(tags, f.Tags) {
		return err
	}
	subject := "resource group " + name
	wanted := texts(f.Tags)
	if found {
		merged := maps.Clone(tags)
		if merged == nil {
			merged = map[string]*string{}
		}
		maps.Copy(merged, wanted)
		wanted = merged
	} else {
		location = f.Location
		wanted[OwnerTag] = to.Ptr(f.Name)
	}
	if _, err := c.groups.CreateOrUpdate(ctx, name, armresources.ResourceGroup{Location: to.Ptr(location), Tags: wanted}, nil); err != nil {
		return err
	}
	if found {
		c.tell("", subject, "has its tags")
	} else {
		c.tell("", subject, "created in %s", location)
	}
	return nil
}

// applyRegion makes one region as it is wanted, and reads how it is reached.
func (c *Client) applyRegion(ctx context.Context, f *File, r *Region) (Access, error) {
	account, err := c.ensureAccount(ctx, f, r)
	if err != nil {
		return Access{}, fail(r.Name, r.subject(), err)
	}
	if !r.Existing {
		s := &state{deployments: map[string]*cognitive.Deployment{}}
		if err := c.readDeployments(ctx, r, s); err != nil {
			return Access{}, fail(r.Name, r.subject(), err)
		}
		for i := range r.Models {
			m := &r.Models[i]
			if err := c.ensureDeployment(ctx, r, m, s.deployments[strings.ToLower(m.Deployment)]); err != nil {
				return Access{}, fail(r.Name, m.subject(), err)
			}
		}
	}
	a, err := c.access(ctx, f, r, account)
	return a, fail(r.Name, r.subject(), err)
}

// ensureAccount creates, restores or awaits an account, and gives it as it then
// is.
func (c *Client) ensureAccount(ctx context.Context, f *File, r *Region) (*cognitive.Account, error) {
	began := time.Now()
	account, err := c.settled(ctx, r)
	if err != nil {
		return nil, err
	}
	if r.Existing {
		if account == nil {
			return nil, errors.New("there is no such account in the resource group " + r.ResourceGroup)
		}
		c.tell(r.Name, r.subject(), "is there")
		return account, nil
	}
	verb := "created"
	body := c.wantedAccount(f, r)
	switch {
	case account == nil:
		_, err := c.deleted.Get(ctx, r.Name, r.ResourceGroup, r.Account, nil)
		switch {
		case err != nil && !absent(err):
			return nil, err
		case err != nil:
			c.tell(r.Name, r.subject(), "is being created")
		case f.OnDeleted == "restore":
			verb, body.Properties.Restore = "restored", to.Ptr(true)
			c.tell(r.Name, r.subject(), "is being restored")
		case f.OnDeleted == "purge":
			if err := c.purge(ctx, r); err != nil {
				return nil, err
			}
			c.tell(r.Name, r.subject(), "is being created")
		default:
			return nil, &Failure{Subject: r.subject(), Hint: hintDeleted, Err: errors.New("a deleted account of the name is still kept by Azure")}
		}
	case !sameRegion(deref(account.Location), r.Name):
		return nil, errors.New("it is in " + deref(account.Location) + ", not in " + r.Name)
	case failed(string(deref(deref(account.Properties).ProvisioningState))):
		verb = "repaired"
		body.Tags = merge(account.Tags, f.Tags)
		c.tell(r.Name, r.subject(), "failed before, and is being created again")
	case lacks(account.Tags, f.Tags):
		return c.tagAccount(ctx, f, r, account)
	default:
		c.tell(r.Name, r.subject(), "is there")
		return account, nil
	}
	err = c.patiently(ctx, r.Name, r.subject(), func() error {
		poller, err := c.accounts.BeginCreate(ctx, r.ResourceGroup, r.Account, body, nil)
		return finish(ctx, c, poller, err)
	})
	if err != nil {
		return nil, err
	}
	if account, err = c.settled(ctx, r); err != nil {
		return nil, err
	}
	if account == nil {
		return nil, errors.New("it was created and is not there")
	}
	if state := string(deref(deref(account.Properties).ProvisioningState)); failed(state) {
		return nil, &Failure{Subject: r.subject(), Hint: hintAgain, Err: fmt.Errorf("creating it %s", strings.ToLower(state))}
	}
	c.tell(r.Name, r.subject(), "%s%s", verb, took(began))
	return account, nil
}

func failed(state string) bool { return state == "Failed" || state == "Canceled" }

// wantedAccount is a new account. Where no keys are wanted it takes none.
func (c *Client) wantedAccount(f *File, r *Region) cognitive.Account {
	tags := texts(f.Tags)
	tags[OwnerTag] = to.Ptr(f.Name)
	return cognitive.Account{
		Kind: to.Ptr("OpenAI"), Location: to.Ptr(r.Name), SKU: &cognitive.SKU{Name: to.Ptr(f.SKU)}, Tags: tags,
		Properties: &cognitive.AccountProperties{
			CustomSubDomainName: to.Ptr(strings.ToLower(r.Account)), PublicNetworkAccess: to.Ptr(cognitive.PublicNetworkAccessEnabled),
			DisableLocalAuth: to.Ptr(f.Keys == "none"),
		},
	}
}

func merge(tags map[string]*string, wanted map[string]string) map[string]*string {
	out := texts(wanted)
	for k, v := range tags {
		if out[k] == nil {
			out[k] = v
		}
	}
	return out
}

func (c *Client) tagAccount(ctx context.Context, f *File, r *Region, account *cognitive.Account) (*cognitive.Account, error) {
	err := c.patiently(ctx, r.Name, r.subject(), func() error {
		poller, err := c.accounts.BeginUpdate(ctx, r.ResourceGroup, r.Account, cognitive.Account{Tags: merge(account.Tags, f.Tags)}, nil)
		return finish(ctx, c, poller, err)
	})
	if err != nil {
		return nil, err
	}
	c.tell(r.Name, r.subject(), "has its tags")
	return c.settled(ctx, r)
}

// settled is the account once Azure is not busy with it any more; nil when
// there is none.
func (c *Client) settled(ctx context.Context, r *Region) (*cognitive.Account, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, errors.New("it is not done after "+longest.String()))
	defer cancel()
	for i := 0; ; i++ {
		got, err := c.accounts.Get(ctx, r.ResourceGroup, r.Account, nil)
		if absent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, cause(ctx, err)
		}
		state := string(deref(deref(got.Properties).ProvisioningState))
		if !working(state) {
			return &got.Account, nil
		}
		if i == 0 {
			c.tell(r.Name, r.subject(), "waits: it is %s", strings.ToLower(state))
		}
		if err := pause(ctx, c.options.Poll); err != nil {
			return nil, cause(ctx, err)
		}
	}
}

// cause is why a context ended, or else the error.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

// purge removes a deleted account for good, which frees its name and its quota.
func (c *Client) purge(ctx context.Context, r *Region) error {
	poller, err := c.deleted.BeginPurge(ctx, r.Name, r.ResourceGroup, r.Account, nil)
	if err := finish(ctx, c, poller, err); err != nil {
		return err
	}
	c.tell(r.Name, r.subject(), "purged")
	return nil
}

// ensureDeployment creates, changes or awaits one deployment.
func (c *Client) ensureDeployment(ctx context.Context, r *Region, m *Model, d *cognitive.Deployment) error {
	began := time.Now()
	todo := m.change(d)
	if todo.verb == "wait" {
		c.tell(r.Name, m.subject(), "waits: %s", todo.detail)
		var err error
		if d, err = c.settledDeployment(ctx, r, m); err != nil {
			return err
		}
		todo = m.change(d)
	}
	done := map[string]string{"create": "created", "update": "updated", "repair": "repaired"}[todo.verb]
	if done == "" {
		c.tell(r.Name, m.subject(), "is there")
		return nil
	}
	c.tell(r.Name, m.subject(), "is being %s: %s", done, todo.detail)
	err := c.patiently(ctx, r.Name, m.subject(), func() error {
		poller, err := c.deployments.BeginCreateOrUpdate(ctx, r.ResourceGroup, r.Account, m.Deployment, m.body(d), nil)
		return finish(ctx, c, poller, err)
	})
	if err != nil {
		return err
	}
	d, err = c.settledDeployment(ctx, r, m)
	if err != nil {
		return err
	}
	properties := deref(deref(d).Properties)
	if state := string(deref(properties.ProvisioningState)); d == nil || failed(state) {
		return &Failure{Subject: m.subject(), Hint: hintAgain, Err: errors.New("it ended as " + strings.ToLower(state))}
	}
	model := deref(properties.Model)
	c.tell(r.Name, m.subject(), "%s: %s %s%s", done, deref(model.Name), deref(model.Version), took(began))
	return nil
}

// settledDeployment is a deployment once Azure is not busy with it any more; nil
// when there is none.
func (c *Client) settledDeployment(ctx context.Context, r *Region, m *Model) (*cognitive.Deployment, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, errors.New("it is not done after "+longest.String()))
	defer cancel()
	for {
		got, err := c.deployments.Get(ctx, r.ResourceGroup, r.Account, m.Deployment, nil)
		if absent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, cause(ctx, err)
		}
		if !working(string(deref(deref(got.Properties).ProvisioningState))) {
			return &got.Deployment, nil
		}
		if err := pause(ctx, c.options.Poll); err != nil {
			return nil, cause(ctx, err)
		}
	}
}

// body is the wanted deployment. Of one that is there it keeps what the file has
// no word for: its content filter, its spillover.
func (m *Model) body(d *cognitive.Deployment) cognitive.Deployment {
	properties := &cognitive.DeploymentProperties{
		Model:                &cognitive.DeploymentModel{Format: to.Ptr("OpenAI"), Name: to.Ptr(m.Model)},
		VersionUpgradeOption: to.Ptr(cognitive.DeploymentModelVersionUpgradeOption(m.Upgrade)),
	}
	version := m.Version
	if d != nil && d.Properties != nil {
		properties.RaiPolicyName, properties.SpilloverDeploymentName = d.Properties.RaiPolicyName, d.Properties.SpilloverDeploymentName
		if model := deref(d.Properties.Model); version == "" && strings.EqualFold(deref(model.Name), m.Model) {
			version = deref(model.Version)
		}
	}
	if version != "" {
		properties.Model.Version = to.Ptr(version)
	}
	return cognitive.Deployment{
		SKU: &cognitive.SKU{Name: to.Ptr(m.SKU), Capacity: to.Ptr(int32(m.Capacity))}, Properties: properties,
	}
}

// access reads how a region is reached.
func (c *Client) access(ctx context.Context, f *File, r *Region, a *cognitive.Account) (Access, error) {
	out := Access{Region: r.Name, Account: r.Account, Endpoint: endpoint(a)}
	if out.Endpoint == "" {
		return out, errors.New("the account has no endpoint")
	}
	if f.Keys == "none" {
		return out, nil
	}
	keys, err := c.accounts.ListKeys(ctx, r.ResourceGroup, r.Account, nil)
	if err != nil {
		return out, err
	}
	out.Keys = [2]string{deref(keys.Key1), deref(keys.Key2)}
	if out.Keys[0] == "" {
		return out, errors.New("the account gives no keys")
	}
	return out, nil
}

// endpoint is where the models of an account answer, without a slash at its end.
// An account of several services has one for each.
func endpoint(a *cognitive.Account) string {
	properties := deref(a.Properties)
	text := deref(properties.Endpoint)
	for name, e := range properties.Endpoints {
		if strings.HasPrefix(name, "OpenAI Language Model") && deref(e) != "" {
			text = deref(e)
		}
	}
	return strings.TrimRight(text, "/")
}

// finish waits until an operation that was begun has ended.
//
// The SDK's own loop would not look more often than once a second, which is right
// for Azure and long for a stand-in.
func finish[T any](ctx context.Context, c *Client, poller *runtime.Poller[T], err error) error {
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longest, errors.New("it is not done after "+longest.String()))
	defer cancel()
	for !poller.Done() {
		resp, err := poller.Poll(ctx)
		if err != nil {
			return cause(ctx, err)
		}
		_ = resp.Body.Close() // the poller has read it
		if poller.Done() {
			break
		}
		wait := c.options.Poll
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
			wait = max(wait, min(time.Duration(n)*time.Second, patience))
		}
		if err := pause(ctx, wait); err != nil {
			return cause(ctx, err)
		}
	}
	_, err = poller.Result(ctx)
	return err
}

// took is how long something took, for people; nothing when it is not worth
// telling.
func took(since time.Time) string {
	d := time.Since(since).Round(time.Second)
	if d < time.Second {
		return ""
	}
	return " in " + d.String()
}
