package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/internal/settings"
)

// vaultFolder is a service whose key is a secret of a vault and whose backend is
// at url. inbound stands before the policy that sends the key.
func vaultFolder(t *testing.T, url, settings, inbound string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "service")
	for name, text := range map[string]string{
		"spillway.yaml": "egress: {allow: ['" + url + "']}\n" + settings,
		"apis/ai/apiInformation.json": `{"properties":{"displayName":"AI","path":"openai-test","protocols":["http","https"],"subscriptionRequired":false,
			"serviceUrl":"` + url + `"}}`,
		"apis/ai/specification.yaml": "openapi: 3.0.1\ninfo: {title: AI, version: '1'}\npaths:\n  /openai/deployments/{id}/chat/completions:\n    post:\n      operationId: chat\n      parameters: [{name: id, in: path, required: true, schema: {type: string}}]\n      responses: {'200': {description: OK}}\n",
		"apis/ai/policy.xml":         "<policies>\n  <inbound>\n    <base />\n" + inbound + "  </inbound>\n  <backend><base /></backend>\n  <outbound><base /></outbound>\n  <on-error><base /></on-error>\n</policies>\n",
		"policy.xml":                 "<policies>\n  <inbound />\n  <backend><forward-request /></backend>\n  <outbound />\n  <on-error />\n</policies>\n",
		"named values/region-key/namedValueInformation.json": `{"properties":{"displayName":"region-key","secret":true,"keyVault":{"secretIdentifier":"https://contoso.vault.azure.net/secrets/region-key"}}}`,
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const sendKey = `    <set-header name="api-key" exists-action="override"><value>{{region-key}}</value></set-header>` + "\n"

// A key in a Key Vault: read at start, rotated under running requests, kept
// while the vault is away, and shown nowhere.
func TestKeyVault(t *testing.T) {
	azuretest.NoIdentity(t)
	azuretest.Application(t)
	cloud := azuretest.New(t)
	region := regions(t, "eastus")["eastus"]
	var log lockedBuffer
	c := config(t, vaultFolder(t, region.Address(), "", sendKey))
	c.Azure, c.Log = cloud.Client(), &log

	err := Run(t.Context(), c)
	var start *StartError
	if !errors.As(err, &start) || len(start.Problems.Errors()) != 1 {
		t.Fatalf("without the secret: %v", err)
	}
	text := start.Problems.Draw()
	for _, want := range []string{"apis/ai/policy.xml:4:", "region-key", "cannot be read from its Key Vault: A secret with (name/id) region-key was not found in this key vault (404 SecretNotFound)", "Key Vault Secrets User"} {
		if !strings.Contains(text, want) {
			t.Errorf("the problems do not say %q:\n%s", want, text)
		}
	}

	cloud.Vaults.Set("contoso", "region-key", region.Keys()[0])
	r := run(t, c)
	client := newClient(t)
	status := func() int {
		t.Helper()
		resp, _, err := r.ask(client)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	if got := status(); got != 200 {
		t.Fatalf("with the key: %d", got)
	}
	shown := r.call("GET", "/namedValues/region-key", "")
	if shown.at("properties", "keyVault", "lastStatus", "code") != "Success" || shown.at("properties", "value") != nil {
		t.Errorf("shown as %s", shown.text)
	}
	tag := shown.header.Get("ETag")

	keys, err := region.RegenerateKey(1)
	if err != nil {
		t.Fatal(err)
	}
	cloud.Vaults.Set("contoso", "region-key", keys[0])
	if got := status(); got != 401 {
		t.Errorf("with the old key: %d", got)
	}
	machine := clocktest.Watch(t)
	asked := time.Now()
	r.call("POST", "/namedValues/region-key/refreshSecret", "").want(t, 200)
	if got, took := status(), time.Since(asked); got != 200 || took > machine.Allow(time.Second, 50) {
		t.Errorf("after refreshSecret: %d, %v", got, took)
	}

	cloud.Vaults.Down(true)
	refused := r.call("POST", "/namedValues/region-key/refreshSecret", "")
	if refused.status != 400 || !strings.Contains(refused.text, "The vault cannot be reached (503 ServiceUnavailable)") {
		t.Errorf("while the vault is away: %s", refused.text)
	}
	if got := status(); got != 200 {
		t.Errorf("with the last good key: %d", got)
	}
	shown = r.call("GET", "/namedValues/region-key", "")
	if shown.at("properties", "keyVault", "lastStatus", "code") != "ServiceUnavailable" {
		t.Errorf("shown as %s", shown.text)
	}
	for failed, want := range map[string]int{"true": 1, "false": 0} {
		got := r.call("GET", "/namedValues?isKeyVaultRefreshFailed="+failed, "")
		if list, _ := got.at("value").([]any); len(list) != want {
			t.Errorf("isKeyVaultRefreshFailed=%s: %s", failed, got.text)
		}
	}
	put := r.call("PUT", "/namedValues/other", `{"properties":{"displayName":"other","secret":true,"keyVault":{"secretIdentifier":"https://contoso.vault.azure.net/secrets/other"}}}`)
	if put.status != 400 || !strings.Contains(put.text, "The secret of named value 'other' cannot be read") {
		t.Errorf("a new reference: %s", put.text)
	}
	cloud.Vaults.Down(false)
	cloud.Vaults.Set("contoso", "other", "another-secret")
	r.call("PUT", "/namedValues/other", `{"properties":{"displayName":"other","secret":true,"keyVault":{"secretIdentifier":"https://contoso.vault.azure.net/secrets/other","lastStatus":{"code":"Success"}}}}`).want(t, 201)
	if got := r.call("POST", "/namedValues/other/listValue", ""); got.at("value") != "another-secret" {
		t.Errorf("listValue: %s", got.text)
	}
	file, err := os.ReadFile(filepath.Join(r.dir, "named values/other/namedValueInformation.json"))
	if err != nil || strings.Contains(string(file), "lastStatus") || strings.Contains(string(file), "another-secret") {
		t.Errorf("the folder has %s, %v", file, err)
	}
	if again := r.call("GET", "/namedValues/region-key", "").header.Get("ETag"); again == tag || again == "" {
		t.Errorf("the entity tag did not change with the value: %s, %s", tag, again)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	for _, secret := range append(keys, "another-secret") {
		if strings.Contains(log.String(), secret) {
			t.Error("the log holds a secret")
		}
		if data, err := os.ReadFile(filepath.Join(r.dir, ".spillway/secrets.json")); err == nil && strings.Contains(string(data), secret) {
			t.Error("a secret of a vault lies in the folder")
		}
	}
}

// A new version of a secret is found without anybody asking.
func TestKeyVaultInTheBackground(t *testing.T) {
	azuretest.NoIdentity(t)
	azuretest.Application(t)
	cloud := azuretest.New(t)
	region := regions(t, "eastus")["eastus"]
	cloud.Vaults.Set("contoso", "region-key", "not yet the key")
	c := config(t, vaultFolder(t, region.Address(), "azure: {keyVaultRefresh: 20ms}\n", sendKey))
	c.Azure = cloud.Client()
	r := run(t, c)
	client := newClient(t)
	if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 401 {
		t.Fatalf("with a wrong key: %d, %v", resp.StatusCode, err)
	}
	cloud.Vaults.Set("contoso", "region-key", region.Keys()[1])
	within(t, 30*time.Second, "a request with the new version", func() bool {
		resp, _, err := r.ask(client)
		return err == nil && resp.StatusCode == 200
	})
}

// spillway.yaml gives a value in the vault's place, and a token in Entra's.
func TestVaultNotAsked(t *testing.T) {
	cloud := azuretest.New(t)
	region := regions(t, "eastus")["eastus"]
	c := config(t, vaultFolder(t, region.Address(), "namedValues: {region-key: {value: '"+region.Keys()[0]+"'}}\nazure: {tokens: {'https://ai.azure.com': {env: AI_TOKEN}}}\n", sendKey+
		`    <authentication-managed-identity resource="https://ai.azure.com" output-token-variable-name="token" />
    <set-header name="x-token"><value>@((string)context.Variables["token"])</value></set-header>`+"\n"))
	c.Azure = cloud.Client()
	c.Env = func(name string) (string, bool) { return "the-token-of-the-test", name == "AI_TOKEN" }
	r := run(t, c)
	if resp, text, err := r.ask(newClient(t)); err != nil || resp.StatusCode != 200 {
		t.Errorf("%d %s, %v", resp.StatusCode, text, err)
	}
	if got := cloud.Requests(); len(got) != 0 {
		t.Errorf("Azure was asked: %q", got)
	}
}

// Regions that take tokens instead of keys, by the policy and by a backend's
// credentials, from Entra and simulated.
func TestManagedIdentity(t *testing.T) {
	azuretest.NoIdentity(t)
	azuretest.Application(t)
	cloud := azuretest.New(t)
	region := regions(t, "eastus")["eastus"]
	const byPolicy = `    <authentication-managed-identity resource="https://cognitiveservices.azure.com" />
    <set-header name="api-key" exists-action="delete" />` + "\n"
	const byBackend = `    <set-header name="api-key" exists-action="delete" />
    <set-backend-service backend-id="region" />` + "\n"
	for _, identity := range []string{"default", "simulated"} {
		for how, inbound := range map[string]string{"policy": byPolicy, "backend": byBackend} {
			t.Run(identity+" by "+how, func(t *testing.T) {
				dir := vaultFolder(t, region.Address(), "azure: {identity: "+identity+"}\nnamedValues: {region-key: {value: unused}}\n", inbound)
				file := filepath.Join(dir, "backends/region/backendInformation.json")
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, fmt.Appendf(nil, `{"properties":{"protocol":"http","url":%q,"credentials":{"managedIdentity":{"resource":"https://cognitiveservices.azure.com"}}}}`, region.Address()), 0o644); err != nil {
					t.Fatal(err)
				}
				before := len(cloud.Entra.Given())
				c := config(t, dir)
				c.Azure = cloud.Client()
				r := run(t, c)
				client := newClient(t)
				for range 3 {
					if resp, text, err := r.ask(client); err != nil || resp.StatusCode != 200 {
						t.Fatalf("%d %s, %v", resp.StatusCode, text, err)
					}
				}
				want := 1
				if identity == "simulated" {
					want = 0
				}
				if given := cloud.Entra.Given()[before:]; len(given) != want {
					t.Errorf("%d tokens were given: %+v", len(given), given)
				}
			})
		}
	}
}

// A machine without an identity is told what simulated regions take instead.
func TestNoIdentityAtSimulatedRegions(t *testing.T) {
	var i identities
	i.options.Credential = func(string) (azcore.TokenCredential, error) { return nil, errors.New("nobody is signed in") }
	for _, test := range []struct {
		identity  string
		simulated bool
		hint      bool
	}{{"", true, true}, {"managed", true, true}, {"", false, false}} {
		i.use(settings.Azure{Identity: test.identity}, nil, test.simulated)
		_, err := i.Token(t.Context(), "https://cognitiveservices.azure.com", "")
		if err == nil || !strings.Contains(err.Error(), "nobody is signed in") || strings.Contains(err.Error(), "identity: simulated") != test.hint {
			t.Errorf("%+v: %v", test, err)
		}
	}
}
