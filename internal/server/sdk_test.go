package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	old "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement"
	apimanagement "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/sim"
)

// staticToken is a credential that is the management token.
type staticToken string

func (s staticToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(s)}, nil
}

// clientOptions point an official client at a process under test.
func (r *running) clientOptions() *arm.ClientOptions {
	return &arm.ClientOptions{DisableRPRegistration: true, ClientOptions: policy.ClientOptions{
		InsecureAllowCredentialWithHTTP: true,
		Retry:                           policy.RetryOptions{MaxRetries: -1},
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: "https://login.invalid",
			Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: r.info.Management, Audience: "https://management.core.windows.net"}},
		},
	}}
}

// regions are simulated regions beside a process.
func regions(t *testing.T, names ...string) map[string]*sim.Region {
	t.Helper()
	out := map[string]*sim.Region{}
	var places []sim.Place
	for _, name := range names {
		region := sim.New(sim.Config{Name: name, Profile: sim.Fast(), Clock: clock.Real{}})
		out[name] = region
		places = append(places, sim.Place{Region: region, Addr: "127.0.0.1:0"})
	}
	s, err := sim.Start(places, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return out
}

// emptyService is a process over a folder that does not exist.
func emptyService(t *testing.T) *running {
	t.Helper()
	c := config(t, filepath.Join(t.TempDir(), "service"))
	c.MoveRegions = 0
	return run(t, c)
}

// twoRegions sends every call to one region and, when that fails, to the other.
const twoRegions = `<policies>
    <inbound>
        <base />
        <set-variable name="first" value="@(context.RequestId.GetHashCode() % 2 == 0)" />
        <set-backend-service base-url="{{endpoint-one}}" />
        <set-header name="api-key" exists-action="override">
            <value>{{key-one}}</value>
        </set-header>
        <choose>
            <when condition="@((bool)context.Variables["first"] && context.Request.Method != "<none>")">
                <set-backend-service base-url="{{endpoint-two}}" />
                <set-header name="api-key" exists-action="override">
                    <value>{{key-two}}</value>
                </set-header>
            </when>
        </choose>
    </inbound>
    <backend><base /></backend>
    <outbound>
        <base />
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>`

// TestSDK creates a service from nothing with the official client, sends
// traffic, and restarts.
func TestSDK(t *testing.T) {
	r := emptyService(t)
	at := regions(t, "one", "two")
	ctx := t.Context()
	f, err := apimanagement.NewClientFactory("00000000-0000-0000-0000-000000000000", staticToken(r.info.Token), r.clientOptions())
	if err != nil {
		t.Fatal(err)
	}
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for name, region := range at {
		for key, value := range map[string]string{"endpoint-" + name: region.Address(), "key-" + name: region.Keys()[0]} {
			secret := strings.HasPrefix(key, "key")
			poller, err := f.NewNamedValueClient().BeginCreateOrUpdate(ctx, "g", "svc", key, apimanagement.NamedValueCreateContract{
				Properties: &apimanagement.NamedValueCreateContractProperties{DisplayName: &key, Value: &value, Secret: &secret},
			}, &apimanagement.NamedValueClientBeginCreateOrUpdateOptions{IfMatch: to.Ptr("*")})
			must(key, err)
			made, err := poller.PollUntilDone(ctx, nil)
			must(key, err)
			if secret && made.Properties.Value != nil {
				t.Errorf("the value of %s was returned", key)
			}
		}
	}
	value, err := f.NewNamedValueClient().ListValue(ctx, "g", "svc", "key-one", nil)
	must("listValue", err)
	if *value.Value != at["one"].Keys()[0] {
		t.Errorf("listValue says %s", *value.Value)
	}
	poller, err := f.NewAPIClient().BeginCreateOrUpdate(ctx, "g", "svc", "chat", apimanagement.APICreateOrUpdateParameter{
		Properties: &apimanagement.APICreateOrUpdateProperties{
			Path: to.Ptr("openai-test"), DisplayName: to.Ptr("Chat"), Protocols: []*apimanagement.Protocol{to.Ptr(apimanagement.ProtocolHTTPS)},
			SubscriptionKeyParameterNames: &apimanagement.SubscriptionKeyParameterNamesContract{Header: to.Ptr("api-key"), Query: to.Ptr("subscription-key")},
		},
	}, nil)
	must("api", err)
	_, err = poller.PollUntilDone(ctx, nil)
	must("api", err)
	for _, name := range []string{"chat/completions", "embeddings"} {
		_, err := f.NewAPIOperationClient().CreateOrUpdate(ctx, "g", "svc", "chat", strings.ReplaceAll(name, "/", "-"), apimanagement.OperationContract{
			Properties: &apimanagement.OperationContractProperties{
				DisplayName: to.Ptr(name), Method: to.Ptr("POST"), URLTemplate: to.Ptr("/openai/deployments/{deployment-id}/" + name),
				TemplateParameters: []*apimanagement.ParameterContract{{Name: to.Ptr("deployment-id"), Type: to.Ptr("string"), Required: to.Ptr(true)}},
			},
		}, nil)
		must(name, err)
	}
	policyOf := twoRegions
	put, err := f.NewAPIPolicyClient().CreateOrUpdate(ctx, "g", "svc", "chat", apimanagement.PolicyIDNamePolicy, apimanagement.PolicyContract{
		Properties: &apimanagement.PolicyContractProperties{Value: &policyOf, Format: to.Ptr(apimanagement.PolicyContentFormatRawxml)},
	}, nil)
	must("policy", err)
	if put.ETag == nil || *put.ETag == "" {
		t.Error("the policy has no tag")
	}
	_, err = f.NewProductClient().CreateOrUpdate(ctx, "g", "svc", "starter", apimanagement.ProductContract{
		Properties: &apimanagement.ProductContractProperties{DisplayName: to.Ptr("Starter"), State: to.Ptr(apimanagement.ProductStatePublished)},
	}, nil)
	must("product", err)
	_, err = f.NewProductAPILinkClient().CreateOrUpdate(ctx, "g", "svc", "starter", "link1", apimanagement.ProductAPILinkContract{
		Properties: &apimanagement.ProductAPILinkContractProperties{APIID: to.Ptr("/apis/chat")},
	}, nil)
	must("link", err)
	_, err = f.NewSubscriptionClient().CreateOrUpdate(ctx, "g", "svc", "me", apimanagement.SubscriptionCreateParameters{
		Properties: &apimanagement.SubscriptionCreateParameterProperties{DisplayName: to.Ptr("Me"), Scope: to.Ptr("/products/starter")},
	}, nil)
	must("subscription", err)
	keys, err := f.NewSubscriptionClient().ListSecrets(ctx, "g", "svc", "me", nil)
	must("listSecrets", err)
	r.info.SubscriptionKey = *keys.PrimaryKey
	client := newClient(t)
	for range 40 {
		resp, body, err := r.ask(client)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, body, err)
		}
	}
	for name, region := range at {
		if n := served(region); n < 5 {
			t.Errorf("region %s served %d of 40", name, n)
		}
	}
	// Keys change at once.
	_, err = f.NewSubscriptionClient().RegeneratePrimaryKey(ctx, "g", "svc", "me", nil)
	must("regenerate", err)
	if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 401 {
		t.Errorf("the old key: %v %v", resp, err)
	}
	r.info.SubscriptionKey = *keys.SecondaryKey
	if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 200 {
		t.Errorf("the other key: %v %v", resp, err)
	}
	// Secrets stand in the private file alone.
	err = filepath.WalkDir(r.dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		private := strings.HasSuffix(name, "secrets.json")
		if st, _ := d.Info(); private && st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, st.Mode())
		}
		for _, secret := range []string{at["one"].Keys()[0], *keys.SecondaryKey} {
			if !private && strings.Contains(string(content), secret) {
				t.Errorf("a secret stands in %s", name)
			}
		}
		return err
	})
	must("walk", err)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	again := config(t, r.dir)
	again.MoveRegions = 0
	r2 := run(t, again)
	r2.info.SubscriptionKey = *keys.SecondaryKey
	if resp, body, err := r2.ask(newClient(t)); err != nil || resp.StatusCode != 200 {
		t.Errorf("after a restart: %v %s %v", resp, body, err)
	}
}

// served is how many requests a region has answered with 200.
func served(r *sim.Region) int {
	n := 0
	for _, deployment := range r.Counters() {
		n += deployment[200]
	}
	return n
}

// TestSDKRefusals looks at the errors as the official client sees them.
func TestSDKRefusals(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	ctx := t.Context()
	f, err := apimanagement.NewClientFactory("s", staticToken(r.info.Token), r.clientOptions())
	if err != nil {
		t.Fatal(err)
	}
	want := func(err error, status int, code string) {
		t.Helper()
		var e *azcore.ResponseError
		if !errors.As(err, &e) || e.StatusCode != status || e.ErrorCode != code {
			t.Errorf("%v, want %d %s", err, status, code)
		}
	}
	api := f.NewAPIClient()
	_, err = api.Get(ctx, "g", "s", "nope", nil)
	want(err, 404, "ResourceNotFound")
	_, err = api.Update(ctx, "g", "s", "my-cool-openai-test", `"stale"`, apimanagement.APIUpdateContract{Properties: &apimanagement.APIContractUpdateProperties{Description: to.Ptr("x")}}, nil)
	want(err, 412, "PreconditionFailed")
	_, err = f.NewAPIOperationClient().CreateOrUpdate(ctx, "g", "s", "nope", "o", apimanagement.OperationContract{Properties: &apimanagement.OperationContractProperties{DisplayName: to.Ptr("o"), Method: to.Ptr("GET"), URLTemplate: to.Ptr("/")}}, nil)
	want(err, 404, "ResourceNotFound")
	bad := "<policies>\n  <inbound>\n    <base />\n    <set-header nam=\"x\" />\n  </inbound>\n</policies>"
	_, err = f.NewAPIPolicyClient().CreateOrUpdate(ctx, "g", "s", "my-cool-openai-test", "policy", apimanagement.PolicyContract{Properties: &apimanagement.PolicyContractProperties{Value: &bad, Format: to.Ptr(apimanagement.PolicyContentFormatRawxml)}}, nil)
	want(err, 400, "ValidationError")
	if !strings.Contains(fmt.Sprint(err), "Error in element 'set-header' on line 4, column 6: ") {
		t.Errorf("%v", err)
	}
	strange, err := apimanagement.NewClientFactory("s", staticToken("wrong"), r.clientOptions())
	if err != nil {
		t.Fatal(err)
	}
	_, err = strange.NewAPIClient().Get(ctx, "g", "s", "my-cool-openai-test", nil)
	want(err, 401, "AuthenticationFailed")
	// A change, seen by its tag, then a delete by LRO.
	tag, err := api.GetEntityTag(ctx, "g", "s", "my-cool-openai-test", nil)
	if err != nil || !tag.Success {
		t.Fatal(tag, err)
	}
	updated, err := api.Update(ctx, "g", "s", "my-cool-openai-test", *tag.ETag, apimanagement.APIUpdateContract{Properties: &apimanagement.APIContractUpdateProperties{Description: to.Ptr("new words")}}, nil)
	if err != nil || *updated.Properties.Description != "new words" || *updated.Properties.Path != "openai-test" {
		t.Errorf("%+v %v", updated, err)
	}
	if resp, body, err := r.ask(newClient(t)); err != nil || resp.StatusCode != 200 {
		t.Error(resp, body, err)
	}
	pages := 0
	pager := api.NewListByServicePager("g", "s", &apimanagement.APIClientListByServiceOptions{Top: to.Ptr[int32](1), Filter: to.Ptr("contains(properties/path, 'openai')")})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		pages += len(page.Value)
	}
	if pages != 1 {
		t.Errorf("%d APIs", pages)
	}
	// spillway.yaml has settings for it, and would be wrong without it.
	_, err = api.BeginDelete(ctx, "g", "s", "my-cool-openai-test", "*", nil)
	want(err, 400, "ValidationError")
	if !strings.Contains(fmt.Sprint(err), "spillway.yaml, line ") {
		t.Error(err)
	}
	if _, err := api.BeginCreateOrUpdate(ctx, "g", "s", "second", apimanagement.APICreateOrUpdateParameter{Properties: &apimanagement.APICreateOrUpdateProperties{Path: to.Ptr("second"), DisplayName: to.Ptr("Second")}}, nil); err != nil {
		t.Fatal(err)
	}
	poller, err := api.BeginDelete(ctx, "g", "s", "second", "*", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := poller.PollUntilDone(ctx, nil); err != nil {
		t.Error(err)
	}
	_, err = api.Get(ctx, "g", "s", "second", nil)
	want(err, http.StatusNotFound, "ResourceNotFound")
}

// TestOldSDK reads and writes with the client of api-version 2021-08-01.
func TestOldSDK(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	ctx := t.Context()
	c, err := old.NewAPIClient("s", staticToken(r.info.Token), r.clientOptions())
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, "g", "s", "my-cool-openai-test", nil)
	if err != nil || *got.Properties.Path != "openai-test" || *got.Name != "my-cool-openai-test" {
		t.Fatal(got, err)
	}
	backends, err := old.NewBackendClient("s", staticToken(r.info.Token), r.clientOptions())
	if err != nil {
		t.Fatal(err)
	}
	made, err := backends.CreateOrUpdate(ctx, "g", "s", "b1", old.BackendContract{Properties: &old.BackendContractProperties{URL: to.Ptr("https://one.example/openai"), Protocol: to.Ptr(old.BackendProtocolHTTP)}}, nil)
	if err != nil || *made.Properties.URL != "https://one.example/openai" || made.ETag == nil {
		t.Fatal(made, err)
	}
	if _, err := backends.Delete(ctx, "g", "s", "b1", *made.ETag, nil); err != nil {
		t.Error(err)
	}
	values, err := old.NewNamedValueClient("s", staticToken(r.info.Token), r.clientOptions())
	if err != nil {
		t.Fatal(err)
	}
	poller, err := values.BeginCreateOrUpdate(ctx, "g", "s", "v1", old.NamedValueCreateContract{Properties: &old.NamedValueCreateContractProperties{DisplayName: to.Ptr("v1"), Value: to.Ptr("x")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := poller.PollUntilDone(ctx, nil); err != nil || *v.Properties.Value != "x" {
		t.Error(v, err)
	}
}
