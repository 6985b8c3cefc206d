package spillway_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/sim"
)

// refused is how the official client for Node reports an error.
type refused struct {
	Status        int
	Code, Message string
	Details       []struct{ Code, Target, Message string }
}

// TestNodeManagementClient makes the sample service from an empty folder with
// Azure's official client for Node, sends traffic through it, and looks at what
// that client makes of refusals.
func TestNodeManagementClient(t *testing.T) {
	t.Parallel()
	const need = "this test needs Node.js 18 or newer with npm (Debian: apt-get install nodejs npm) and then `npm ci` in testdata/armsdk; `make test` does both"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(need)
	}
	if _, err := os.Stat("testdata/armsdk/node_modules/@azure/arm-apimanagement/package.json"); err != nil {
		t.Fatal(need)
	}
	names := []string{"eastus", "australiaeast", "swedencentral"}
	type region struct {
		Name     string `json:"name"`
		Endpoint string `json:"endpoint"`
		Key      string `json:"key"`
	}
	regions := map[string]*sim.Region{}
	var places []sim.Place
	for _, name := range names {
		regions[name] = sim.New(sim.Config{Name: name, Profile: sim.Fast(), Clock: clock.Real{}})
		places = append(places, sim.Place{Region: regions[name], Addr: "127.0.0.1:0"})
	}
	all, err := sim.Start(places, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = all.Close() })
	var given []region
	for _, name := range names {
		given = append(given, region{name, regions[name].Address(), regions[name].Keys()[0]})
	}
	s := start(t, filepath.Join(t.TempDir(), "service"))
	folder, err := filepath.Abs(filepath.Join("examples", examples.Default))
	if err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(map[string]any{"management": s.info.Management, "token": s.info.Token, "sample": folder, "regions": given})
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), node, "service.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "testdata/armsdk", bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var got struct {
		Before struct{ APIs, Values []string }
		Values []struct {
			Name   string
			Secret bool
			Value  *string
		}
		Listed, Fragment string
		API              struct {
			Name, ID, Type, Path string
			Description          *string
		}
		Operations []string
		Policy     struct {
			Tag           string
			SameTag, Same bool
		}
		Product   []string
		Keys      struct{ PrimaryKey, SecondaryKey string }
		Refused   map[string]refused
		Unchanged bool
		Gone      refused
		After     []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(got.Before.APIs)+len(got.Before.Values) != 0 {
		t.Errorf("an empty service has %+v", got.Before)
	}
	for _, v := range got.Values {
		if secret := strings.HasPrefix(v.Name, "key-"); v.Secret != secret || (v.Value == nil) != secret {
			t.Errorf("the named value %+v", v)
		}
	}
	if len(got.Values) != 6 || got.Listed != given[0].Key {
		t.Errorf("%d named values, and listValue says %q", len(got.Values), got.Listed)
	}
	if got.Fragment != "use-region" || got.API.Name != "my-cool-openai-test" || got.API.Type != "Microsoft.ApiManagement/service/apis" || got.API.Path != "openai-test" ||
		got.API.ID != "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-spillway/providers/Microsoft.ApiManagement/service/spillway/apis/my-cool-openai-test" {
		t.Errorf("%q %+v", got.Fragment, got.API)
	}
	if !slices.Equal(got.Operations, []string{"ChatCompletions_Create", "Embeddings_Create"}) || !slices.Equal(got.Product, []string{"my-cool-openai-test"}) {
		t.Errorf("operations %q, APIs of the product %q", got.Operations, got.Product)
	}
	if got.Policy.Tag == "" || !got.Policy.SameTag || !got.Policy.Same {
		t.Errorf("the policy: %+v", got.Policy)
	}
	if len(got.Keys.PrimaryKey) < 32 || got.Keys.PrimaryKey == got.Keys.SecondaryKey {
		t.Errorf("%d characters of a key", len(got.Keys.PrimaryKey))
	}
	for what, want := range map[string]struct {
		status int
		code   string
		says   string
	}{
		"stale":        {412, "PreconditionFailed", "ETag"},
		"staleUpdate":  {412, "PreconditionFailed", "ETag"},
		"staleDelete":  {412, "PreconditionFailed", "ETag"},
		"absent":       {404, "ResourceNotFound", "not found"},
		"parent":       {404, "ResourceNotFound", "not found"},
		"policyParent": {404, "ResourceNotFound", "not found"},
		"token":        {401, "AuthenticationFailed", "token"},
		"policy":       {400, "ValidationError", "One or more fields contain incorrect values"},
		"expression":   {400, "ValidationError", "One or more fields contain incorrect values"},
		"value":        {400, "ValidationError", "One or more fields contain incorrect values"},
	} {
		if r := got.Refused[what]; r.Status != want.status || r.Code != want.code || !strings.Contains(r.Message, want.says) {
			t.Errorf("%s: %+v, want %d %s, %s", what, r, want.status, want.code, want.says)
		}
	}
	if d := got.Refused["policy"].Details; len(d) == 0 || d[0].Target != "set-header" || !strings.HasPrefix(d[0].Message, "Error in element 'set-header' on line 4, column 6: ") {
		t.Errorf("the details of a bad policy: %+v", d)
	}
	if d := got.Refused["expression"].Details; len(d) == 0 || d[0].Target != "set-variable" || !strings.Contains(d[0].Message, "'Request' does not contain a definition for 'Nothing'") {
		t.Errorf("the details of a bad expression: %+v", d)
	}
	if !got.Unchanged || got.API.Description == nil || !strings.HasPrefix(*got.API.Description, "Chat completions") {
		t.Error("something that was refused changed something")
	}
	if got.Gone.Status != 404 || slices.Contains(got.After, "passing") || len(got.After) != 6 {
		t.Errorf("deleted, and still: %+v, %q", got.Gone, got.After)
	}

	// Traffic flows, over all regions, and over the others when one is away.
	c := client(t)
	ask := func() string {
		t.Helper()
		resp, body := do(t, c, "POST", s.info.Gateway+chatPath, chatBody, "Content-Type: application/json", "api-key: "+got.Keys.PrimaryKey)
		if resp.StatusCode != 200 || !strings.Contains(body, "chat.completion") {
			t.Fatalf("%s\n%s", resp.Status, body)
		}
		return resp.Header.Get("X-Served-By-Region")
	}
	served := map[string]int{}
	for range 60 {
		served[ask()]++
	}
	for _, name := range names {
		if served[name] < 5 {
			t.Errorf("of 60 calls %v were served by", served)
		}
	}
	if err := regions["eastus"].SetFault(&sim.Fault{Kind: "status", Status: 503}); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		if ask() == "eastus" {
			t.Fatal("served by a region that is away")
		}
	}
	if resp, _ := do(t, c, "POST", s.info.Gateway+chatPath, chatBody, "api-key: nobody's"); resp.StatusCode != 401 {
		t.Errorf("a wrong key: %s", resp.Status)
	}
}
