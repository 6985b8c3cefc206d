package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
	"github.com/spillway-gateway/spillway/source"
)

// today is when the tests play.
var today = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// rig is a Resource Manager over HTTP with a client.
type rig struct {
	t      *testing.T
	arm    *azuretest.ARM
	client *Client

	mu     sync.Mutex
	events []string
	told   func(Event)
}

type fixed struct{}

func (fixed) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, arm: azuretest.NewARM()}
	r.arm.Now = func() time.Time { return today }
	server := httptest.NewServer(r.arm)
	t.Cleanup(server.Close)
	client, err := Connect(Options{
		Subscription: azuretest.Subscription, Credential: fixed{}, Endpoint: server.URL, Poll: time.Millisecond,
		Now: func() time.Time { return today },
		Progress: func(e Event) {
			r.mu.Lock()
			r.events = append(r.events, strings.TrimPrefix(e.Region+": "+e.Subject+" "+e.Text, ": "))
			told := r.told
			r.mu.Unlock()
			if told != nil {
				told(e)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.client = client
	return r
}

// said reports whether an event was told.
func (r *rig) said(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.events, func(e string) bool { return strings.Contains(e, text) })
}

// read parses a file that has no problems.
func read(t *testing.T, text string) *File {
	t.Helper()
	f, problems := Parse(source.NewFile("provision.yaml", text))
	if len(problems) > 0 {
		t.Fatal(problems.Draw())
	}
	return f
}

const three = `
name: contoso
tags: {team: chat}
regions: [eastus, australiaeast, swedencentral]
models:
  - {deployment: gpt-35-turbo, model: gpt-5-mini, capacity: 100}
  - {model: text-embedding-ada-002, capacity: 50}
`

// all is the state that three ends in.
var all = []string{
	"account contoso-australiaeast australiaeast",
	"account contoso-eastus eastus",
	"account contoso-swedencentral swedencentral",
	"deployment contoso-australiaeast/gpt-35-turbo gpt-5-mini 2025-08-07 GlobalStandard 100",
	"deployment contoso-australiaeast/text-embedding-ada-002 text-embedding-ada-002 2 GlobalStandard 50",
	"deployment contoso-eastus/gpt-35-turbo gpt-5-mini 2025-08-07 GlobalStandard 100",
	"deployment contoso-eastus/text-embedding-ada-002 text-embedding-ada-002 2 GlobalStandard 50",
	"deployment contoso-swedencentral/gpt-35-turbo gpt-5-mini 2025-08-07 GlobalStandard 100",
	"deployment contoso-swedencentral/text-embedding-ada-002 text-embedding-ada-002 2 GlobalStandard 50",
	"group contoso",
}

func (r *rig) is(want []string) {
	r.t.Helper()
	if got := r.arm.State(); !slices.Equal(got, want) {
		r.t.Errorf("there is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (r *rig) plan(f *File) *Plan {
	r.t.Helper()
	p, err := r.client.Plan(r.t.Context(), f)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) apply(f *File) []Access {
	r.t.Helper()
	list, err := r.client.Apply(r.t.Context(), f)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func lines(p *Plan) []string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", s.Region, s.Verb, s.Subject, s.Detail)))
	}
	for _, f := range p.Findings {
		out = append(out, findings([]Finding{f})...)
	}
	return out
}

func findings(list []Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, strings.TrimSpace(strings.TrimSuffix(fmt.Sprintf("%s %s %s: %s | %s", f.Region, f.Severity, f.Code, f.Message, f.Hint), " | ")))
	}
	return out
}

func expect(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// From nothing to three regions; the second run finds nothing to do.
func TestApply(t *testing.T) {
	r := newRig(t)
	f := read(t, three)
	p := r.plan(f)
	expect(t, "the plan", lines(p)[:4], []string{
		"create resource group contoso: eastus",
		"eastus create account contoso-eastus: S0",
		"eastus create deployment gpt-35-turbo: gpt-5-mini, GlobalStandard, 100 k TPM",
		"eastus create deployment text-embedding-ada-002: text-embedding-ada-002, GlobalStandard, 50 k TPM",
	})
	if len(p.Steps) != 10 || len(p.Findings) != 0 {
		t.Errorf("the plan: %q", lines(p))
	}
	if w := r.arm.Writes(); w != nil {
		t.Errorf("planning wrote %q", w)
	}
	list := r.apply(f)
	r.is(all)
	if list[2] != (Access{"swedencentral", "contoso-swedencentral", "https://contoso-swedencentral.openai.azure.com", r.arm.Keys("contoso-swedencentral")}) {
		t.Errorf("access %+v", list[2])
	}
	if r.said("busy with another operation") {
		t.Error("two operations of one account at a time")
	}
	for _, what := range []string{
		"resource group contoso created in eastus", "eastus: account contoso-eastus is being created", "eastus: account contoso-eastus created",
		"eastus: deployment gpt-35-turbo created: gpt-5-mini 2025-08-07",
	} {
		if !r.said(what) {
			t.Errorf("never told: %s", what)
		}
	}
	tags := r.arm.Body("contoso-eastus", "")["tags"].(map[string]any)
	if tags["team"] != "chat" || tags[OwnerTag] != "contoso" {
		t.Errorf("tags %v", tags)
	}
	r.arm.Forget()
	expect(t, "the second plan", lines(r.plan(f)), nil)
	r.apply(f)
	if w := r.arm.Writes(); w != nil {
		t.Errorf("the second run wrote %q", w)
	}
}

// What has changed in the file is changed in Azure, and nothing else of a
// deployment.
func TestUpdate(t *testing.T) {
	r := newRig(t)
	r.apply(read(t, three))
	r.arm.Change("contoso-eastus", "gpt-35-turbo", func(body map[string]any) {
		body["properties"].(map[string]any)["raiPolicyName"] = "strict"
	})
	r.arm.Forget()
	f := read(t, strings.NewReplacer("capacity: 100", "capacity: 120, upgrade: NoAutoUpgrade", "gpt-5-mini", "gpt-5", "team: chat", "team: x, cost: y").Replace(three))
	const change = "gpt-5-mini → gpt-5, 100 → 120 k TPM, OnceNewDefaultVersionAvailable → NoAutoUpgrade"
	expect(t, "the plan", lines(r.plan(f)), []string{
		"update resource group contoso: tags",
		"eastus update account contoso-eastus: tags", "eastus update deployment gpt-35-turbo: " + change,
		"australiaeast update account contoso-australiaeast: tags", "australiaeast update deployment gpt-35-turbo: " + change,
		"swedencentral update account contoso-swedencentral: tags", "swedencentral update deployment gpt-35-turbo: " + change,
	})
	r.apply(f)
	body := r.arm.Body("contoso-eastus", "gpt-35-turbo")["properties"].(map[string]any)
	if body["raiPolicyName"] != "strict" || body["versionUpgradeOption"] != "NoAutoUpgrade" {
		t.Errorf("the deployment: %v", body)
	}
	if tags := r.arm.Body("contoso-eastus", "")["tags"].(map[string]any); tags["team"] != "x" || tags["cost"] != "y" || tags[OwnerTag] != "contoso" {
		t.Errorf("tags %v", tags)
	}
	expect(t, "then", lines(r.plan(f)), nil)
	if n := len(r.arm.Writes()); n != 7 {
		t.Errorf("%d writes: %q", n, r.arm.Writes())
	}
}

// failures are what an error of Apply holds, with the hints.
func failures(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return nil
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	var out []string
	for _, e := range list {
		var f *Failure
		if !errors.As(e, &f) {
			t.Errorf("no Failure: %v", e)
			continue
		}
		out = append(out, f.Error()+" | "+f.Hint)
	}
	return out
}

// A quota that does not suffice stops the plan; one that is taken away meanwhile
// stops its region alone, and the next run goes on.
func TestQuota(t *testing.T) {
	r := newRig(t)
	f := read(t, three)
	r.arm.Limit("eastus", "OpenAI.GlobalStandard.gpt-5-mini", 60)
	p := r.plan(f)
	expect(t, "the plan", findings(p.Errors()), []string{
		"eastus error quota: GlobalStandard of gpt-5-mini need 100 k TPM more in eastus, and 60 of 60 are left | a lower capacity fits, or more quota: https://aka.ms/oai/quotaincrease; there is enough in francecentral",
	})
	_, err := r.client.Apply(t.Context(), f)
	got := failures(t, err)
	if len(got) != 1 || !strings.HasPrefix(got[0], "eastus: deployment gpt-35-turbo: This operation require 100 new capacity") || !strings.Contains(got[0], "(400 InsufficientQuota) | a lower capacity fits") {
		t.Errorf("failures: %q", got)
	}
	r.is(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return strings.HasPrefix(s, "deployment contoso-eastus/") }))
	r.arm.Limit("eastus", "OpenAI.GlobalStandard.gpt-5-mini", 100)
	r.arm.Forget()
	r.apply(f)
	r.is(all)
	expect(t, "the second run", r.arm.Writes(), []string{"PUT deployments/gpt-35-turbo", "PUT deployments/text-embedding-ada-002"})
	// What a deployment has does not count against what it is to have.
	expect(t, "nothing more is needed", lines(r.plan(f)), nil)
	f = read(t, strings.Replace(three, "capacity: 100", "capacity: 101", 1))
	if e := r.plan(f).Errors(); len(e) != 1 || !strings.Contains(e[0].Message, "need 1 k TPM more in eastus, and 0 of 100 are left") {
		t.Errorf("one more: %q", findings(e))
	}
}

// The quota is that of all deployments of a region together.
func TestQuotaTogether(t *testing.T) {
	r := newRig(t)
	r.arm.Limit("eastus", "OpenAI.GlobalStandard.gpt-5-mini", 100)
	f := read(t, "name: contoso\nregions: [eastus]\nmodels: [{deployment: a, model: gpt-5-mini, capacity: 60}, {deployment: b, model: gpt-5-mini, capacity: 60}]\n")
	if e := r.plan(f).Errors(); len(e) != 1 || !strings.Contains(e[0].Message, "need 120 k TPM more") {
		t.Errorf("findings: %q", findings(e))
	}
}

// An account of a deleted one's name: refused, restored with its deployments, or
// made afresh.
func TestDeleted(t *testing.T) {
	r := newRig(t)
	f := read(t, three)
	r.apply(f)
	if err := r.client.Destroy(t.Context(), f, false); err != nil {
		t.Fatal(err)
	}
	r.is([]string{"deleted contoso-australiaeast", "deleted contoso-eastus", "deleted contoso-swedencentral"})
	if e := findings(r.plan(f).Errors()); len(e) != 3 || e[0] != "eastus error deleted: Azure still keeps a deleted account contoso-eastus | "+hintDeleted {
		t.Errorf("findings: %q", e)
	}
	_, err := r.client.Apply(t.Context(), f)
	if got := failures(t, err); len(got) != 3 || got[0] != "eastus: account contoso-eastus: a deleted account of the name is still kept by Azure | "+hintDeleted {
		t.Errorf("failures: %q", got)
	}
	restore := read(t, three+"onDeleted: restore\n")
	if p := lines(r.plan(restore)); !slices.Contains(p, "eastus restore account contoso-eastus: with the deployments it had") {
		t.Errorf("the plan: %q", p)
	}
	r.apply(restore)
	r.is(all)
	if !r.said("eastus: account contoso-eastus restored") {
		t.Errorf("told %q", r.events)
	}
	if err := r.client.Destroy(t.Context(), f, false); err != nil {
		t.Fatal(err)
	}
	r.arm.Forget()
	purge := read(t, three+"onDeleted: purge\n")
	if p := lines(r.plan(purge)); !slices.Contains(p, "eastus purge account contoso-eastus: the deleted one of this name") {
		t.Errorf("the plan: %q", p)
	}
	r.apply(purge)
	r.is(all)
	if !slices.Contains(r.arm.Writes(), "DELETE deletedAccounts/contoso-eastus") {
		t.Errorf("wrote %q", r.arm.Writes())
	}
}

// A restored account has the deployments that it had; those that were never
// there are created.
func TestRestoredDeployments(t *testing.T) {
	r := newRig(t)
	r.apply(read(t, three))
	r.arm.Delete("contoso-eastus")
	r.arm.Forget()
	r.apply(read(t, strings.Replace(three, "capacity: 50", "capacity: 70", 1)+"onDeleted: restore\n"))
	for _, w := range r.arm.Writes() {
		if w == "PUT deployments/gpt-35-turbo" {
			t.Errorf("wrote %q", r.arm.Writes())
		}
	}
	if s := r.arm.State(); !slices.Contains(s, "deployment contoso-eastus/text-embedding-ada-002 text-embedding-ada-002 2 GlobalStandard 70") {
		t.Errorf("there is %q", s)
	}
}

// A name that somebody else has is found before anything is made, and what keeps
// it where that can be told.
func TestNameTaken(t *testing.T) {
	r := newRig(t)
	f := read(t, three)
	r.arm.Taken("contoso-eastus")
	expect(t, "the plan", findings(r.plan(f).Errors()), []string{
		"eastus error name-taken: somebody has the host name contoso-eastus.openai.azure.com already | " + hintTaken,
	})
	_, err := r.client.Apply(t.Context(), f)
	if got := failures(t, err); len(got) != 1 || !strings.Contains(got[0], "eastus: account contoso-eastus: Please pick a different name") || !strings.HasSuffix(got[0], "(400 CustomDomainInUse) | "+hintTaken) {
		t.Errorf("failures: %q", got)
	}
	// A deleted account of another resource group keeps the name, too.
	r = newRig(t)
	old := read(t, "name: contoso\nresourceGroup: old\nregions: [eastus]\nmodels: [gpt-5]\n")
	r.apply(old)
	if err := r.client.Destroy(t.Context(), old, false); err != nil {
		t.Fatal(err)
	}
	if e := findings(r.plan(f).Errors()); len(e) != 1 || !strings.Contains(e[0], "a deleted account of the resource group old in eastus keeps it | az cognitiveservices account purge frees it") {
		t.Errorf("findings: %q", e)
	}
}

// Throttling is waited out, and told.
func TestThrottled(t *testing.T) {
	r := newRig(t)
	r.arm.Fault(azuretest.Fault{Method: "PUT", Path: "/accounts/contoso-eastus", Status: 429, Code: "TooManyRequests", Message: "Slow down.", RetryAfter: 1, Times: 1})
	r.arm.Fault(azuretest.Fault{Method: "GET", Path: "/usages", Status: 503, Code: "ServerBusy", Message: "Later.", Times: 3})
	f := read(t, three)
	r.plan(f)
	r.apply(f)
	r.is(all)
	if !r.said("Resource Manager throttles: it asks to wait 1 s") {
		t.Errorf("told %q", r.events)
	}
}

// What cannot be waited out is an error that says what to do.
func TestThrottledForLong(t *testing.T) {
	r := newRig(t)
	r.arm.Fault(azuretest.Fault{Method: "PUT", Path: "/accounts/contoso-eastus", Status: 429, Code: "TooManyRequests", Message: "The request limit of the subscription is reached.", RetryAfter: 3600})
	_, err := r.client.Apply(t.Context(), read(t, three))
	if got := failures(t, err); len(got) != 1 || got[0] != "eastus: account contoso-eastus: The request limit of the subscription is reached (429 TooManyRequests) | "+hintAgain {
		t.Errorf("failures: %q", got)
	}
}

// A deployment that fails after it was begun fails its region; the next run
// creates it again.
func TestFailsHalfWay(t *testing.T) {
	r := newRig(t)
	f := read(t, three)
	r.arm.Fault(azuretest.Fault{Method: "PUT", Path: "contoso-swedencentral/deployments/text", Code: "InternalServerError", Message: "The deployment could not be placed.", Fails: true, Times: 1})
	_, err := r.client.Apply(t.Context(), f)
	if got := failures(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "swedencentral: deployment text-embedding-ada-002: The deployment could not be placed (") {
		t.Errorf("failures: %q", got)
	}
	if s := r.arm.State(); !slices.Contains(s, "deployment contoso-swedencentral/text-embedding-ada-002 text-embedding-ada-002 2 GlobalStandard 50 failed") {
		t.Errorf("there is %q", s)
	}
	report, err := r.client.Check(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the check", findings(report.Errors()), []string{
		"swedencentral error failed: deployment text-embedding-ada-002 failed to be created | spillway provision apply creates it",
	})
	expect(t, "the plan", lines(r.plan(f)), []string{
		"swedencentral repair deployment text-embedding-ada-002: text-embedding-ada-002, GlobalStandard, 50 k TPM; it failed before",
	})
	r.arm.Forget()
	r.apply(f)
	r.is(all)
	expect(t, "the second run", r.arm.Writes(), []string{"PUT deployments/text-embedding-ada-002"})
	// An account, too.
	r = newRig(t)
	r.arm.Fault(azuretest.Fault{Method: "PUT", Path: "accounts/contoso-eastus", Fails: true, Times: 1})
	_, err = r.client.Apply(t.Context(), f)
	if got := failures(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "eastus: account contoso-eastus: ") {
		t.Errorf("failures: %q", got)
	}
	if p := lines(r.plan(f)); !slices.Contains(p, "eastus repair account contoso-eastus: creating it failed") {
		t.Errorf("the plan: %q", p)
	}
	r.apply(f)
	r.is(all)
}

// A run that is interrupted while Azure works is gone on with: what is being
// created is waited for and not begun again.
func TestInterrupted(t *testing.T) {
	r := newRig(t)
	f := read(t, "name: contoso\nregions: [eastus]\nmodels: [{deployment: gpt-35-turbo, model: gpt-5-mini}, text-embedding-ada-002]\n")
	ctx, cancel := context.WithCancel(t.Context())
	r.arm.Polls = 20
	r.arm.Created(func(what string) {
		if what == "contoso-eastus/gpt-35-turbo" {
			cancel()
		}
	})
	_, err := r.client.Apply(ctx, f)
	if got := failures(t, err); len(got) != 1 || got[0] != "eastus: deployment gpt-35-turbo: context canceled | "+hintAgain {
		t.Errorf("failures: %q", got)
	}
	r.arm.Created(nil)
	if p := lines(r.plan(f)); !slices.Contains(p, "eastus wait deployment gpt-35-turbo: it is creating") {
		t.Errorf("the plan: %q", p)
	}
	r.arm.Forget()
	r.apply(f)
	expect(t, "the second run", r.arm.Writes(), []string{"PUT deployments/text-embedding-ada-002"})
	if !r.said("eastus: deployment gpt-35-turbo waits: it is creating") {
		t.Errorf("told %q", r.events)
	}
	expect(t, "the third plan", lines(r.plan(f)), nil)
}

// An account that somebody else keeps busy is asked again.
func TestBusy(t *testing.T) {
	r := newRig(t)
	r.arm.Fault(azuretest.Fault{Method: "PUT", Path: "/deployments/", Status: 409, Code: "RequestConflict", Message: "Another operation is being performed.", Times: 3})
	r.apply(read(t, three))
	r.is(all)
	if !r.said("waits: the account is busy with another operation") {
		t.Errorf("told %q", r.events)
	}
}

// A subscription that never had an account gets the resource provider registered.
func TestRegistration(t *testing.T) {
	azuretest.NoIdentity(t)
	cloud := azuretest.New(t)
	azuretest.Application(t)
	cloud.ARM.Now = func() time.Time { return today }
	cloud.ARM.Register(false)
	credential, err := azure.New(azure.Options{Kind: "environment", Client: cloud.Client()}).Credential("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Connect(Options{Subscription: azuretest.Subscription, Credential: credential, Transport: cloud.Client(), Poll: time.Millisecond, Now: cloud.ARM.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Apply(t.Context(), read(t, "name: contoso\nregions: [eastus]\nmodels: [gpt-5.1]\n")); err != nil {
		t.Fatal(err)
	}
	if s := cloud.ARM.State(); !slices.Contains(s, "account contoso-eastus eastus") {
		t.Errorf("there is %q", s)
	}
}

// What Azure refuses says what to do about it.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		fault azuretest.Fault
		want  string
	}{
		{azuretest.Fault{Method: "PUT", Path: "/resourcegroups/", Status: 403, Code: "AuthorizationFailed", Message: "The client does not have authorization to perform action."}, "resource group contoso: The client does not have authorization to perform action (403 AuthorizationFailed) | the identity needs the role Cognitive Services Contributor"},
		{azuretest.Fault{Method: "PUT", Path: "/accounts/contoso-eastus", Status: 403, Code: "RequestDisallowedByPolicy", Message: "Disallowed by policy 'no-openai'."}, "eastus: account contoso-eastus: Disallowed by policy 'no-openai' (403 RequestDisallowedByPolicy) | an Azure policy"},
		{azuretest.Fault{Method: "PUT", Path: "/deployments/gpt", Status: 400, Code: "SpecialFeatureOrQuotaIdRequired", Message: "The subscription does not have QuotaId/Feature required."}, "eastus: deployment gpt-5: The subscription does not have QuotaId/Feature required (400 SpecialFeatureOrQuotaIdRequired) | the subscription has no access"},
		{azuretest.Fault{Method: "POST", Path: "/listKeys", Status: 500, Code: "InternalServerError", Message: "Sorry."}, "eastus: account contoso-eastus: Sorry (500 InternalServerError) | run it again"},
	} {
		r := newRig(t)
		r.arm.Fault(test.fault)
		_, err := r.client.Apply(t.Context(), read(t, "name: contoso\nregions: [eastus]\nmodels: [gpt-5]\n"))
		if got := failures(t, err); len(got) != 1 || !strings.HasPrefix(got[0], test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	// Another subscription than the one there is.
	r := newRig(t)
	server := httptest.NewServer(r.arm)
	defer server.Close()
	c, err := Connect(Options{Subscription: "00000000-0000-0000-0000-000000000001", Credential: fixed{}, Endpoint: server.URL, Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Plan(t.Context(), read(t, three))
	if got := failures(t, err); len(got) != 1 || !strings.Contains(got[0], "could not be found (404 SubscriptionNotFound) | az account list") {
		t.Errorf("got %q", got)
	}
	for _, o := range []Options{{}, {Subscription: azuretest.Subscription, Endpoint: "http://azure.example"}, {Subscription: azuretest.Subscription, Cloud: "mars"}} {
		if _, err := Connect(o); err == nil {
			t.Errorf("%+v connects", o)
		}
	}
}

// Without keys the accounts take none, and nobody asks for them.
func TestWithoutKeys(t *testing.T) {
	r := newRig(t)
	list := r.apply(read(t, three+"keys: none\n"))
	if list[0].Endpoint == "" || list[0].Keys != [2]string{} {
		t.Errorf("access %+v", list[0])
	}
	if p := r.arm.Body("contoso-eastus", "")["properties"].(map[string]any); p["disableLocalAuth"] != true {
		t.Errorf("the account: %v", p)
	}
	if e := findings(r.plan(read(t, three)).Errors()); len(e) != 3 || !strings.Contains(e[0], "error no-keys: the account contoso-eastus takes no keys") {
		t.Errorf("findings: %q", e)
	}
}

// What a region does not offer is found before anything is made, with what it
// has.
func TestOffers(t *testing.T) {
	r := newRig(t)
	f := read(t, `
name: contoso
regions:
  - name: eastus
    models:
      - gpt-5-minni
      - {deployment: old, model: gpt-4o}
      - {deployment: v, model: gpt-5, version: "2024-01-01"}
      - {deployment: s, model: gpt-5, sku: Standard}
      - {deployment: large, model: gpt-5.1, capacity: 10001}
      - {deployment: soon, model: gpt-5.2}
      - {deployment: gone, model: gpt-35-turbo}
      - {deployment: gone-embedding, model: text-embedding-ada-001}
`)
	expect(t, "the findings", findings(r.plan(f).Findings), []string{
		"eastus error no-model: eastus has no model gpt-5-minni | did you mean gpt-5-mini?",
		"eastus error retired: gpt-4o 2024-11-20 was retired on 2026-10-01: no deployment of it can be created | of its kind gpt-5.1 2025-11-13 stays until 2027-05-15; the deployment may keep its name",
		"eastus error no-version: eastus has no version 2024-01-01 of gpt-5 | it has 2025-08-07",
		"eastus error no-sku: gpt-5 has no deployment type Standard in eastus | there it has DataZoneStandard, GlobalStandard",
		"eastus error capacity: deployment large: a capacity of 10001 is not possible: the most is 10000",
		"eastus warning retires: gpt-5.2 2025-12-11 retires on 2026-12-12 | of its kind gpt-5.1 2025-11-13 stays until 2027-05-15; the deployment may keep its name",
		"eastus error no-model: eastus has no model gpt-35-turbo | of its kind there is gpt-5.1 2025-11-13",
		"eastus error no-model: eastus has no model text-embedding-ada-001 | did you mean text-embedding-ada-002?",
		"eastus error quota: GlobalStandard of gpt-5.1 need 10001 k TPM more in eastus, and 1000 of 1000 are left | a lower capacity fits, or more quota: https://aka.ms/oai/quotaincrease",
	})
}

// The check tells what is missing, what is left and what has an end, of accounts
// that were there before, too.
func TestCheck(t *testing.T) {
	r := newRig(t)
	r.arm.Now = func() time.Time { return today.AddDate(0, -3, 0) } // before gpt-4o went
	r.apply(read(t, "name: older\nresourceGroup: elsewhere\nregions: [eastus]\nmodels: [gpt-4o, gpt-5.2, gpt-4o-mini]\n"))
	f := read(t, `
name: contoso
regions:
  - {name: eastus, existing: true, account: older-eastus, resourceGroup: elsewhere, models: [gpt-4o, gpt-5]}
  - {name: swedencentral, models: [{model: gpt-5, capacity: 300}]}
`)
	report, err := r.client.Check(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the findings", findings(report.Findings), []string{
		"eastus error retired: deployment gpt-4o is of gpt-4o 2024-11-20, which was retired on 2026-10-01: it does not answer | of its kind gpt-5.1 2025-11-13 stays until 2027-05-15; the deployment may keep its name",
		"eastus error missing: the account older-eastus has no deployment gpt-5 | existing: true leaves the account as it is; create the deployment there, or take existing away",
		"eastus warning retired: deployment gpt-4o-mini is of gpt-4o-mini 2024-07-18, which was retired on 2026-10-01: it does not answer",
		"eastus warning retires: deployment gpt-5.2 is of gpt-5.2 2025-12-11, which retires on 2026-12-12 | of its kind gpt-5.1 2025-11-13 stays until 2027-05-15; the deployment may keep its name",
		"swedencentral error no-account: there is no account contoso-swedencentral in the resource group contoso | spillway provision apply creates it",
	})
	var got []string
	for _, x := range report.Regions {
		got = append(got, fmt.Sprintf("%s %s %s %s", x.Region, x.Account, x.State, x.Endpoint))
		for _, d := range x.Deployments {
			got = append(got, fmt.Sprintf("  %s %s %s %s %d %s %s %v", d.Name, d.Model, d.Version, d.SKU, d.Capacity, d.State, d.Retires, d.Wanted))
		}
		for _, q := range x.Quotas {
			got = append(got, fmt.Sprintf("  quota %s %s %d %d %d %s", q.Model, q.SKU, q.Used, q.Limit, q.Left, q.Unit))
		}
	}
	expect(t, "the report", got, []string{
		"eastus older-eastus succeeded https://older-eastus.openai.azure.com",
		"  gpt-4o gpt-4o 2024-11-20 GlobalStandard 10 retired 2026-10-01 true",
		"  gpt-5 gpt-5 2025-08-07 GlobalStandard 10 missing 2027-02-06 true",
		"  gpt-4o-mini gpt-4o-mini 2024-07-18 GlobalStandard 10 retired 2026-10-01 false",
		"  gpt-5.2 gpt-5.2 2025-12-11 GlobalStandard 10 ok 2026-12-12 false",
		"  quota gpt-4o GlobalStandard 10 1000 990 k TPM",
		"  quota gpt-5 GlobalStandard 0 1000 1000 k TPM",
		"swedencentral contoso-swedencentral missing ",
		"  gpt-5 gpt-5 2025-08-07 GlobalStandard 300 missing 2027-02-06 true",
		"  quota gpt-5 GlobalStandard 0 1000 1000 k TPM",
	})
	// What is somebody else's stays as it is.
	r.arm.Forget()
	r.apply(f)
	for _, w := range r.arm.Writes() {
		if strings.Contains(w, "older") || w == "PUT deployments/gpt-4o" {
			t.Errorf("wrote %q", r.arm.Writes())
		}
	}
	if err := r.client.Destroy(t.Context(), f, true); err != nil {
		t.Fatal(err)
	}
	if s := r.arm.State(); !slices.Contains(s, "account older-eastus eastus") || slices.Contains(s, "account contoso-swedencentral swedencentral") {
		t.Errorf("there is %q", s)
	}
	// An existing account that is not there is none to create.
	f = read(t, "name: contoso\nregions: [{name: eastus, existing: true, account: nobody, models: [gpt-5]}]\n")
	if e := findings(r.plan(f).Errors()); len(e) != 1 || !strings.Contains(e[0], "no-account") {
		t.Errorf("findings: %q", e)
	}
	_, err = r.client.Apply(t.Context(), f)
	if got := failures(t, err); len(got) != 1 || !strings.Contains(got[0], "there is no such account") {
		t.Errorf("failures: %q", got)
	}
}

// A model that a region does not list any more, under a deployment that is there.
func TestUnlisted(t *testing.T) {
	r := newRig(t)
	f := read(t, "name: contoso\nregions: [eastus]\nmodels: [gpt-5]\n")
	r.apply(f)
	r.arm.Offer("eastus", slices.DeleteFunc(slices.Clone(azuretest.Models), func(m azuretest.Model) bool { return m.Name == "gpt-5" }))
	report, err := r.client.Check(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if got := findings(report.Findings); len(got) != 1 || !strings.HasPrefix(got[0], "eastus warning unlisted: deployment gpt-5 is of gpt-5 2025-08-07, which eastus does not list any more") || !strings.Contains(got[0], "there is gpt-5.1") {
		t.Errorf("findings: %q", got)
	}
}

// An account that was there before gets deployments and outlives destroy; so does
// a group with something else in it.
func TestDestroy(t *testing.T) {
	r := newRig(t)
	f := read(t, three)
	r.apply(f)
	r.arm.Change("contoso-eastus", "", func(body map[string]any) { body["tags"] = map[string]any{"team": "chat"} })
	r.arm.Add("contoso", "logs")
	p, err := r.client.PlanDestroy(t.Context(), f, true)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the plan", lines(p), []string{
		"australiaeast delete deployment gpt-35-turbo:", "australiaeast delete deployment text-embedding-ada-002:",
		"australiaeast delete account contoso-australiaeast:", "australiaeast purge account contoso-australiaeast: for good",
		"swedencentral delete deployment gpt-35-turbo:", "swedencentral delete deployment text-embedding-ada-002:",
		"swedencentral delete account contoso-swedencentral:", "swedencentral purge account contoso-swedencentral: for good",
		"eastus warning not-ours: the account contoso-eastus was not made by spillway provision, and stays | it has no tag spillway",
		"warning not-empty: the resource group contoso stays: there is something else in it | contoso-eastus (Microsoft.CognitiveServices/accounts), logs (Microsoft.Storage/storageAccounts)",
	})
	if err := r.client.Destroy(t.Context(), f, true); err != nil {
		t.Fatal(err)
	}
	r.is([]string{all[1], all[5], all[6], "group contoso"})
	expect(t, "afterwards", findings(r.plan(f).Findings), []string{
		"eastus warning not-ours: the account contoso-eastus was there before: it gets deployments, and destroy leaves it alone",
	})
	// With nothing else in it the group goes too.
	r = newRig(t)
	r.apply(f)
	if err := r.client.Destroy(t.Context(), f, false); err != nil {
		t.Fatal(err)
	}
	r.is([]string{"deleted contoso-australiaeast", "deleted contoso-eastus", "deleted contoso-swedencentral"})
	if err := r.client.Destroy(t.Context(), f, true); err != nil {
		t.Fatal(err)
	}
	r.is(nil)
	if p, err := r.client.PlanDestroy(t.Context(), f, true); err != nil || len(p.Steps) != 0 {
		t.Errorf("again: %v, %q", err, lines(p))
	}
}

// An account in another region than the file says.
func TestWrongRegion(t *testing.T) {
	r := newRig(t)
	r.apply(read(t, "name: contoso\nregions: [{name: westus, account: contoso-eastus}]\nmodels: [gpt-5]\n"))
	f := read(t, three)
	if e := findings(r.plan(f).Errors()); len(e) != 1 || !strings.HasPrefix(e[0], "eastus error location: the account contoso-eastus is in westus, not in eastus | ") {
		t.Errorf("findings: %q", e)
	}
	_, err := r.client.Apply(t.Context(), f)
	if got := failures(t, err); len(got) != 1 || got[0] != "eastus: account contoso-eastus: it is in westus, not in eastus | " {
		t.Errorf("failures: %q", got)
	}
}
