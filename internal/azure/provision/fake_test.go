package provision

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2/fake"

	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
)

// faked is a client on the SDK's own fake servers, for what the stand-in does not
// have: accounts of several services, pages, capacities in steps.
func faked(t *testing.T, s *fake.ServerFactory) *Client {
	t.Helper()
	c, err := Connect(Options{
		Subscription: azuretest.Subscription, Credential: fixed{}, Transport: fake.NewServerFactoryTransport(s), Poll: time.Millisecond,
		Now: func() time.Time { return today },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// servers answer with an account, its deployments and what the region offers.
func servers(account *cognitive.Account, models []*cognitive.Model, deployments ...*cognitive.Deployment) *fake.ServerFactory {
	s := new(fake.ServerFactory)
	s.AccountsServer.Get = func(context.Context, string, string, *cognitive.AccountsClientGetOptions) (resp azfake.Responder[cognitive.AccountsClientGetResponse], errResp azfake.ErrorResponder) {
		resp.SetResponse(http.StatusOK, cognitive.AccountsClientGetResponse{Account: *account}, nil)
		return
	}
	s.AccountsServer.ListKeys = func(context.Context, string, string, *cognitive.AccountsClientListKeysOptions) (resp azfake.Responder[cognitive.AccountsClientListKeysResponse], errResp azfake.ErrorResponder) {
		resp.SetResponse(http.StatusOK, cognitive.AccountsClientListKeysResponse{APIKeys: cognitive.APIKeys{Key1: to.Ptr("k1"), Key2: to.Ptr("k2")}}, nil)
		return
	}
	s.DeploymentsServer.NewListPager = func(string, string, *cognitive.DeploymentsClientListOptions) (resp azfake.PagerResponder[cognitive.DeploymentsClientListResponse]) {
		// One a page.
		for _, d := range deployments {
			resp.AddPage(http.StatusOK, cognitive.DeploymentsClientListResponse{DeploymentListResult: cognitive.DeploymentListResult{Value: []*cognitive.Deployment{d}}}, nil)
		}
		if deployments == nil {
			resp.AddPage(http.StatusOK, cognitive.DeploymentsClientListResponse{}, nil)
		}
		return
	}
	s.ModelsServer.NewListPager = func(string, *cognitive.ModelsClientListOptions) (resp azfake.PagerResponder[cognitive.ModelsClientListResponse]) {
		resp.AddPage(http.StatusOK, cognitive.ModelsClientListResponse{ModelListResult: cognitive.ModelListResult{Value: models}}, nil)
		return
	}
	s.UsagesServer.NewListPager = func(string, *cognitive.UsagesClientListOptions) (resp azfake.PagerResponder[cognitive.UsagesClientListResponse]) {
		resp.AddPage(http.StatusOK, cognitive.UsagesClientListResponse{}, nil)
		return
	}
	return s
}

func made(model, version, sku string, capacity int32) *cognitive.Deployment {
	return &cognitive.Deployment{
		Name: to.Ptr(model), SKU: &cognitive.SKU{Name: to.Ptr(sku), Capacity: to.Ptr(capacity)},
		Properties: &cognitive.DeploymentProperties{
			Model: &cognitive.DeploymentModel{Name: to.Ptr(model), Version: to.Ptr(version)}, ProvisioningState: to.Ptr(cognitive.DeploymentProvisioningStateSucceeded),
		},
	}
}

func offering(name, version string, capacity *cognitive.CapacityConfig) *cognitive.Model {
	return &cognitive.Model{Kind: to.Ptr("OpenAI"), Model: &cognitive.AccountModel{
		Format: to.Ptr("OpenAI"), Name: to.Ptr(name), Version: to.Ptr(version), IsDefaultVersion: to.Ptr(true),
		LifecycleStatus: to.Ptr(cognitive.ModelLifecycleStatusGenerallyAvailable), Capabilities: map[string]*string{"chatCompletion": to.Ptr("true")},
		SKUs: []*cognitive.ModelSKU{{Name: to.Ptr("ProvisionedManaged"), Capacity: capacity}},
	}}
}

// An account of several services that somebody closed and limited: its endpoint is
// that of the models, and the findings say why nothing works.
func TestAccountOfServices(t *testing.T) {
	account := &cognitive.Account{
		Kind: to.Ptr("AIServices"), Location: to.Ptr("East US"),
		Properties: &cognitive.AccountProperties{
			Endpoint: to.Ptr("https://foundry.cognitiveservices.azure.com/"), ProvisioningState: to.Ptr(cognitive.ProvisioningStateSucceeded),
			Endpoints: map[string]*string{
				"AI Foundry API":                     to.Ptr("https://foundry.services.ai.azure.com/"),
				"OpenAI Language Model Instance API": to.Ptr("https://foundry.openai.azure.com/"),
			},
		},
	}
	models := []*cognitive.Model{offering("gpt-5", "2025-08-07", nil)}
	f := read(t, "name: contoso\nregions: [{name: eastus, existing: true, account: foundry, models: [{model: gpt-5, sku: ProvisionedManaged, capacity: 50}, {model: gpt-5.1, sku: ProvisionedManaged, capacity: 50}]}]\n")
	c := faked(t, servers(account, models, made("gpt-5", "2025-08-07", "ProvisionedManaged", 50), made("gpt-5.1", "2025-11-13", "ProvisionedManaged", 50)))
	list, err := c.Apply(t.Context(), f)
	if err != nil || list[0].Endpoint != "https://foundry.openai.azure.com" || list[0].Keys != [2]string{"k1", "k2"} {
		t.Errorf("%+v, %v", list, err)
	}
	account.Properties.DisableLocalAuth = to.Ptr(true)
	account.Properties.PublicNetworkAccess = to.Ptr(cognitive.PublicNetworkAccessDisabled)
	account.Properties.AbusePenalty = &cognitive.AbusePenalty{Action: to.Ptr(cognitive.AbusePenaltyActionThrottle)}
	report, err := c.Check(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the findings", findings(report.Findings), []string{
		"eastus error no-keys: the account foundry takes no keys (disableLocalAuth) | keys: none is for policies that use a managed identity",
		"eastus warning private: the account foundry answers on private endpoints only: the gateway has to be in the network",
		"eastus warning penalty: the account foundry is limited by Azure for abuse (Throttle)",
		"eastus warning unlisted: deployment gpt-5.1 is of gpt-5.1 2025-11-13, which eastus does not list any more: it has been retired, or is about to be | of its kind there is gpt-5 2025-08-07; the deployment may keep its name",
	})
	account.Kind = to.Ptr("SpeechServices")
	if p, err := c.Plan(t.Context(), f); err != nil || !slices.ContainsFunc(findings(p.Errors()), func(s string) bool {
		return strings.Contains(s, "is of the kind SpeechServices, which has no deployments of models")
	}) {
		t.Errorf("%v, %q", err, lines(p))
	}
}

// Capacities that Azure sells in steps, or in certain numbers alone.
func TestCapacities(t *testing.T) {
	account := &cognitive.Account{
		Kind: to.Ptr("OpenAI"), Location: to.Ptr("eastus"), Tags: map[string]*string{OwnerTag: to.Ptr("contoso")},
		Properties: &cognitive.AccountProperties{ProvisioningState: to.Ptr(cognitive.ProvisioningStateSucceeded)},
	}
	models := []*cognitive.Model{
		offering("gpt-5", "2025-08-07", &cognitive.CapacityConfig{Minimum: to.Ptr[int32](15), Maximum: to.Ptr[int32](100), Step: to.Ptr[int32](5)}),
		offering("gpt-5.1", "2025-11-13", &cognitive.CapacityConfig{AllowedValues: []*int32{to.Ptr[int32](25), to.Ptr[int32](50)}}),
	}
	s := servers(account, models)
	c := faked(t, s)
	f := read(t, `
name: contoso
regions:
  - name: eastus
    existing: true
    account: contoso-eastus
    models:
      - {deployment: a, model: gpt-5, sku: ProvisionedManaged, capacity: 10}
      - {deployment: b, model: gpt-5, sku: ProvisionedManaged, capacity: 17}
      - {deployment: c, model: gpt-5, sku: ProvisionedManaged, capacity: 15}
      - {deployment: d, model: gpt-5.1, sku: ProvisionedManaged, capacity: 30}
      - {deployment: e, model: gpt-5.1, sku: ProvisionedManaged, capacity: 50}
`)
	report, err := c.Check(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range report.Findings {
		if x.Code == "capacity" {
			got = append(got, x.Message)
		}
	}
	expect(t, "the findings", got, []string{
		"deployment a: a capacity of 10 is not possible: the least is 15",
		"deployment b: a capacity of 17 is not possible: it goes in steps of 5",
		"deployment d: a capacity of 30 is not possible: there are 25, 50",
	})
}
