package cli

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
	"github.com/spillway-gateway/spillway/internal/azure/provision"
)

const provisionFile = `name: contoso
subscription: ` + azuretest.Subscription + `
service: service
regions: [eastus, australiaeast, swedencentral]
models:
  - {deployment: gpt-35-turbo, model: gpt-5.1, capacity: 100}
`

// lasting are models that nobody retires.
func lasting() []azuretest.Model {
	var list []azuretest.Model
	for _, m := range azuretest.Models {
		m.Retired, m.Lifecycle = "", "GenerallyAvailable"
		list = append(list, m)
	}
	return list
}

// provisioned is a folder with a file and a sample service, and a Resource Manager
// that a command finds by its flags.
func provisioned(t *testing.T) (arm *azuretest.ARM, file string, run func(args ...string) result) {
	t.Helper()
	arm = azuretest.NewARM()
	for _, name := range []string{"eastus", "australiaeast", "swedencentral", "francecentral"} {
		arm.Offer(name, lasting())
	}
	s := httptest.NewServer(arm)
	t.Cleanup(s.Close)
	service := sample(t, examples.Default)
	dir := filepath.Dir(service)
	if err := os.Rename(service, filepath.Join(dir, "service")); err != nil {
		t.Fatal(err)
	}
	file = write(t, filepath.Join(dir, "provision.yaml"), provisionFile)
	return arm, file, func(args ...string) result {
		t.Helper()
		return execute(t, nil, slices.Concat([]string{"provision"}, args, []string{"-endpoint", s.URL, "-identity", "simulated", "-poll", "1ms", file})...)
	}
}

// TestProvision holds that the command goes from nothing to a folder that refers to
// real regions, checks them, and takes them away again.
func TestProvision(t *testing.T) {
	arm, file, run := provisioned(t)
	got := run("plan")
	if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, "eastus         create   account contoso-eastus         S0\n               create   deployment gpt-35-turbo        gpt-5.1, GlobalStandard, 100 k TPM\n") ||
		!strings.HasSuffix(got.stdout, "\n7 steps to do:\n\n    ./spillway provision apply "+file+"\n") {
		t.Errorf("plan: %+v", got)
	}
	if got := run("check"); got.code != 1 || !strings.Contains(got.stderr, "error: eastus: there is no account contoso-eastus in the resource group contoso\n") || !strings.HasSuffix(got.stdout, "\n3 errors, 0 warnings\n") {
		t.Errorf("check: %+v", got)
	}
	got = run("apply")
	if got.code != 1 || !strings.HasSuffix(got.stdout, "\nDo it? [y/N] \n") || got.stderr != "spillway: provision: nothing was changed\nhint: -yes answers it beforehand\n" || arm.Writes() != nil {
		t.Errorf("apply without an answer: %+v, %q", got, arm.Writes())
	}
	got = run("apply", "-yes")
	if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, "swedencentral  deployment gpt-35-turbo created: gpt-5.1 2025-11-13\n") || !strings.Contains(got.stdout, "    .spillway/secrets.json\n") || !strings.HasSuffix(got.stdout, "    ./spillway serve "+filepath.Join(filepath.Dir(file), "service")+"\n") {
		t.Errorf("apply: %+v", got)
	}
	for _, key := range arm.Keys("contoso-eastus") {
		if strings.Contains(got.stdout, key) {
			t.Errorf("a key was printed: %s", got.stdout)
		}
	}
	if got := execute(t, nil, "check", filepath.Join(filepath.Dir(file), "service")); got.code != 0 {
		t.Errorf("the folder: %+v", got)
	}
	if got := run("plan"); got.code != 0 || got.stdout != "Nothing to do: Azure has what "+file+" wants.\n" {
		t.Errorf("the second plan: %+v", got)
	}
	got = run("check")
	if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, "eastus  account contoso-eastus  succeeded  https://contoso-eastus.openai.azure.com\n    ok       gpt-35-turbo  gpt-5.1 2025-11-13  GlobalStandard 100\n    quota    gpt-5.1 GlobalStandard: 900 of 1000 k TPM left\n") {
		t.Errorf("the second check: %+v", got)
	}
	var report provision.Report
	if got := run("check", "-json"); got.code != 0 || json.Unmarshal([]byte(got.stdout), &report) != nil || len(report.Regions) != 3 || report.Regions[0].Deployments[0].State != "ok" {
		t.Errorf("check -json: %+v", got)
	}
	if got := run("apply"); got.code != 0 || !strings.Contains(got.stdout, "eastus         deployment gpt-35-turbo is there\n") || !strings.Contains(got.stdout, "has it all\n") {
		t.Errorf("the second apply: %+v", got)
	}
	got = run("destroy", "-yes")
	if got.code != 0 || !strings.Contains(got.stdout, "eastus         delete   deployment gpt-35-turbo\n               delete   account contoso-eastus\n") || !strings.Contains(got.stdout, "               resource group contoso deleted\n") || !strings.Contains(got.stdout, "destroy -purge "+file) {
		t.Errorf("destroy: %+v", got)
	}
	if got := run("plan"); got.code != 1 || !strings.Contains(got.stderr, "error: swedencentral: Azure still keeps a deleted account contoso-swedencentral\nhint: onDeleted: restore") || !strings.HasSuffix(got.stderr, "spillway: provision: 3 things in the way\n") || strings.Count(got.stderr, "hint:") != 1 {
		t.Errorf("after it: %+v", got)
	}
	if got := run("apply", "-yes"); got.code != 1 || !strings.HasSuffix(got.stderr, "spillway: provision: 3 things in the way; nothing was changed\n") {
		t.Errorf("after it: %+v", got)
	}
	if got := run("destroy", "-yes", "-purge"); got.code != 0 || !strings.Contains(got.stdout, "eastus         account contoso-eastus purged\n") {
		t.Errorf("destroy -purge: %+v", got)
	}
	if got := run("destroy", "-yes"); got.code != 0 || got.stdout != "Nothing to do: Azure has nothing that was made for "+file+".\n" {
		t.Errorf("destroy again: %+v", got)
	}
	if s := arm.State(); s != nil {
		t.Errorf("left: %q", s)
	}
}

// TestProvisionAnswers holds what the question takes for a yes.
func TestProvisionAnswers(t *testing.T) {
	arm := azuretest.NewARM()
	s := httptest.NewServer(arm)
	t.Cleanup(s.Close)
	file := write(t, filepath.Join(t.TempDir(), "provision.yaml"), "name: contoso\nregions: [eastus]\nmodels: [gpt-5]\n")
	arm.Offer("eastus", lasting())
	for _, test := range []struct {
		answer string
		code   int
	}{{"n\n", 1}, {"\n", 1}, {"sure\n", 1}, {" YES \n", 0}} {
		got := execute(t, input(test.answer), "provision", "apply", "-endpoint", s.URL, "-identity", "simulated", "-poll", "1ms", "-subscription", azuretest.Subscription, file)
		if got.code != test.code || (arm.Writes() == nil) != (test.code == 1) {
			t.Errorf("%q: %+v", test.answer, got)
		}
	}
}

// TestProvisionFails holds that what Azure refuses is told by region with a hint,
// and a run that was interrupted with how to go on.
func TestProvisionFails(t *testing.T) {
	arm, file, run := provisioned(t)
	arm.Fault(azuretest.Fault{Method: "PUT", Path: "contoso-eastus/deployments", Status: 400, Code: "InsufficientQuota", Message: "Too much."})
	got := run("apply", "-yes")
	if got.code != 1 || got.stderr != "spillway: eastus: deployment gpt-35-turbo: Too much (400 InsufficientQuota)\nhint: a lower capacity fits, or more quota: https://aka.ms/oai/quotaincrease; deleted accounts keep theirs until they are purged\n" {
		t.Errorf("refused: %+v", got)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), "service", ".spillway")); !os.IsNotExist(err) {
		t.Error("the folder was written all the same")
	}
	arm.Repair()
	if got := run("apply", "-yes"); got.code != 0 {
		t.Errorf("gone on: %+v", got)
	}
	// Interrupted while Azure hangs.
	arm, file, _ = provisioned(t)
	s := httptest.NewServer(arm)
	t.Cleanup(s.Close)
	arm.Fault(azuretest.Fault{Method: "PUT", Path: "/deployments", Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	var out, err output
	w := world(t, &out, &err)
	w.Context = ctx
	done := make(chan int)
	go func() {
		done <- Main([]string{"provision", "apply", "-yes", "-endpoint", s.URL, "-identity", "simulated", "-poll", "1ms", file}, w)
	}()
	out.await(t, "deployment gpt-35-turbo is being created")
	cancel()
	if code := <-done; code != 1 || err.String() != "spillway: provision: interrupted\nhint: run it again: what is done stays, and is not done twice\n" {
		t.Errorf("interrupted: %d, %s", code, err.String())
	}
}

// TestProvisionSimulates holds that the same file makes simulated regions without
// a subscription, in a folder that then compiles.
func TestProvisionSimulates(t *testing.T) {
	_, file, _ := provisioned(t)
	service := filepath.Join(filepath.Dir(file), "service")
	if got := execute(t, nil, "provision", "plan", "-simulate", file); got.code != 0 || !strings.HasPrefix(got.stdout, "would change in "+service+":\n    spillway.yaml\n") {
		t.Errorf("plan: %+v", got)
	}
	if got := execute(t, nil, "provision", "apply", "-simulate", file); got.code != 0 || !strings.HasSuffix(got.stdout, "    ./spillway serve "+service+"\n") {
		t.Errorf("apply: %+v", got)
	}
	data, err := os.ReadFile(filepath.Join(service, "spillway.yaml"))
	if err != nil || !strings.Contains(string(data), "- {name: eastus, port: 9101, deployments: [{name: gpt-35-turbo, model: gpt-5.1, tpm: 100000}]}") {
		t.Errorf("spillway.yaml: %v\n%s", err, data)
	}
	if got := execute(t, nil, "check", service); got.code != 0 {
		t.Errorf("the folder: %+v", got)
	}
	if got := execute(t, nil, "provision", "apply", "-simulate", "-service", filepath.Join(t.TempDir(), "new"), file); got.code != 0 || !strings.Contains(got.stderr, "hint: the folder has no API yet") {
		t.Errorf("a new folder: %+v", got)
	}
}

// TestProvisionTemplates holds that templates are written, told how to be used, and
// never over something else.
func TestProvisionTemplates(t *testing.T) {
	_, file, _ := provisioned(t)
	dir := t.TempDir()
	got := execute(t, nil, "provision", "plan", "-bicep", dir, "-terraform", dir, file)
	if got.code != 0 || !strings.Contains(got.stdout, "az deployment group create --resource-group contoso --template-file "+filepath.Join(dir, "main.bicep")+"\n") ||
		!strings.Contains(got.stdout, "terraform -chdir="+dir+" apply\n") || !strings.HasSuffix(got.stdout, "    ./spillway provision apply "+file+"\n") {
		t.Errorf("got %+v", got)
	}
	for _, name := range []string{"main.bicep", "main.tf"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(data), "contoso-swedencentral") {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
	if got := execute(t, nil, "provision", "plan", "-bicep", dir, file); got.code != 0 {
		t.Errorf("again: %+v", got)
	}
	name := write(t, filepath.Join(dir, "main.tf"), "# mine\n")
	if got := execute(t, nil, "provision", "plan", "-terraform", dir, file); got.code != 2 || !strings.Contains(got.stderr, name+" is there and was not written for contoso") {
		t.Errorf("over mine: %+v", got)
	}
}

// TestProvisionUsage holds what cannot be meant.
func TestProvisionUsage(t *testing.T) {
	_, file, _ := provisioned(t)
	broken := write(t, filepath.Join(t.TempDir(), "broken.yaml"), "name: contoso\nregion: [eastus]\n")
	without := write(t, filepath.Join(t.TempDir(), "without.yaml"), "name: contoso\nregions: [eastus]\nmodels: [gpt-5]\n")
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "say what to do"},
		{[]string{"create"}, `there is no "create"; there are plan, apply, check, destroy`},
		{[]string{"plan", file, file}, "say what to do"},
		{[]string{"plan", "none.yaml"}, "hint: spillway provision -h shows how such a file begins"},
		{[]string{"plan", broken}, "hint: did you mean regions?"},
		{[]string{"plan", without}, "hint: az account show --query id"},
		{[]string{"check", "-simulate", file}, "-simulate is for plan and apply"},
		{[]string{"apply", "-bicep", "x", file}, "-bicep is for plan"},
		{[]string{"plan", "-purge", file}, "-purge is for destroy"},
		{[]string{"plan", "-yes", file}, "-yes is for apply and destroy"},
		{[]string{"apply", "-json", file}, "-json is for plan and check"},
		{[]string{"plan", "-simulate", "-bicep", "x", file}, "need no templates"},
		{[]string{"plan", "-identity", "me", file}, `there is no identity "me"`},
		{[]string{"plan", "-poll", "often", file}, "-poll is a time"},
		{[]string{"plan", "-cloud", "mars", file}, "there is no cloud"},
		{[]string{"plan", "-identity", "simulated", "-endpoint", "http://azure.example", file}, "http is for this machine alone"},
	} {
		got := execute(t, nil, append([]string{"provision"}, test.args...)...)
		if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%q: %+v, want %q", test.args, got, test.want)
		}
	}
	if got := execute(t, func(w *World) {
		w.Getenv = func(name string) string {
			if name == "AZURE_SUBSCRIPTION_ID" {
				return "mine"
			}
			return ""
		}
	}, "provision", "plan", "-identity", "simulated", without); got.code != 2 || !strings.Contains(got.stderr, "the id of an Azure subscription is needed") {
		t.Errorf("a wrong subscription: %+v", got)
	}
	got := execute(t, nil, "provision", "schema")
	var schema struct {
		Properties map[string]any `json:"properties"`
		Required   []string       `json:"required"`
	}
	if got.code != 0 || json.Unmarshal([]byte(got.stdout), &schema) != nil || !slices.Equal(schema.Required, []string{"name", "regions"}) {
		t.Errorf("schema: %+v", got)
	}
	for _, key := range regexp.MustCompile(`(?m)^(\w+):`).FindAllStringSubmatch(provisionFile, -1) {
		if schema.Properties[key[1]] == nil {
			t.Errorf("the schema has no key %s", key[1])
		}
	}
}
