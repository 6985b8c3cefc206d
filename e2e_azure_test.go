package spillway_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
)

// azureEnv lets a process of the binary find the stand-in of Azure under Azure's
// own host names, over TLS, and an application to sign in with.
func azureEnv(cloud *azuretest.Cloud) []string {
	env := []string{"HTTPS_PROXY=" + cloud.Proxy(), "SSL_CERT_FILE=" + cloud.CAFile(), "IDENTITY_ENDPOINT=", "MSI_ENDPOINT=", "AZURE_SUBSCRIPTION_ID=" + azuretest.Subscription}
	for name, value := range azuretest.ApplicationEnv() {
		env = append(env, name+"="+value)
	}
	return env
}

var recordAzure = flag.Bool("record-azure", false, "write what the dry run printed into docs/azure-dry-run.md")

// recording is what a story printed, command by command.
type recording struct {
	parts, commands []string
}

func (r *recording) add(command, output string) {
	r.commands = append(r.commands, command)
	r.parts = append(r.parts, strings.TrimRight("$ "+command+"\n"+output, "\n"))
}

// work is a line about one of several regions that are worked on at once.
var work = regexp.MustCompile(`^(\w+) +(account|deployment) .*`)

// sorted puts the lines of each region together, whose order no two runs share.
func sorted(text string) string {
	list := strings.SplitAfter(text, "\n")
	for i := 0; i < len(list); i++ {
		end := i
		for end < len(list) && work.MatchString(list[end]) {
			end++
		}
		slices.SortStableFunc(list[i:end], func(a, b string) int {
			return strings.Compare(work.FindStringSubmatch(a)[1], work.FindStringSubmatch(b)[1])
		})
		i = max(i, end)
	}
	return strings.Join(list, "")
}

// like is a text without what no two runs share: numbers, keys, and what
// validation has seen of chance.
func like(text string) string {
	var list []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, strings.Repeat(" ", 17)) {
			list = append(list, line)
		}
	}
	text = strings.Join(list, "")
	text = regexp.MustCompile(`(?m),? in [0-9][0-9hms.]*$`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`…[0-9a-f]{4}|[0-9a-f]{24,}`).ReplaceAllString(text, "#")
	text = regexp.MustCompile(`[0-9]+([.,][0-9]+)*`).ReplaceAllString(text, "#")
	return regexp.MustCompile(` +`).ReplaceAllString(text, " ")
}

// TestAzureDryRun plays docs/azure.md against stand-ins of Azure, over TLS and
// under its host names, with the binary as it is shipped: provision, serve, chat
// and validate, and away again. What the commands print is recorded in the page.
func TestAzureDryRun(t *testing.T) {
	t.Parallel()
	cloud := azuretest.New(t)
	cloud.ARM.Polls = 1
	var models []azuretest.Model
	for _, m := range azuretest.Models {
		m.Lifecycle, m.Retired = "GenerallyAvailable", ""
		models = append(models, m)
	}
	for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
		cloud.ARM.Offer(name, models)
	}
	env := azureEnv(cloud)
	dir := t.TempDir()
	service := filepath.Join(dir, "service")
	if err := os.Rename(sample(t, examples.Default), service); err != nil {
		t.Fatal(err)
	}
	// The gateway, too, finds the stand-in through a proxy, which a backend can have.
	files := map[string]string{}
	fragment := filepath.Join(service, "policy fragments", "use-region", "policy.xml")
	data, err := os.ReadFile(fragment)
	if err != nil {
		t.Fatal(err)
	}
	policy := string(data)
	for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
		files["backends/"+name+"/backendInformation.json"] = `{"properties": {"url": "{{endpoint-` + name + `}}", "protocol": "http", "proxy": {"url": "` + cloud.Proxy() + `"}}}`
		policy = strings.Replace(policy, `base-url="{{endpoint-`+name+`}}"`, `backend-id="`+name+`"`, 1)
	}
	files["policy fragments/use-region/policy.xml"] = policy
	write(t, service, files)
	page, err := os.ReadFile(filepath.Join("docs", "azure.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := blocks(string(page))
	at := slices.IndexFunc(shown, func(b block) bool { return b.kind == "yaml" })
	write(t, dir, map[string]string{"provision.yaml": shown[at].text})
	rec := &recording{}
	var first *process // whose configuration folder the commands share
	start := func(input string, args ...string) *process {
		t.Helper()
		p := command(t, first, args...)
		p.cmd.Dir = dir
		p.cmd.Env = append(p.cmd.Env, env...)
		p.cmd.Stdin = strings.NewReader(input)
		return p.start()
	}
	// run runs a command of the page, with what only the test adds to it.
	run := func(input, line string, more ...string) string {
		t.Helper()
		p := start(input, append(strings.Fields(line)[1:], more...)...)
		if got := p.exit(); got != 0 {
			t.Fatalf("%s ends with %d\n%s%s", line, got, p.stdout, p.stderr)
		}
		name, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		rec.add(line, strings.ReplaceAll(sorted(p.stdout.String()+p.stderr.String()), name, "spillway"))
		return p.stdout.String()
	}
	run("", "spillway provision plan")
	run("", "spillway provision apply -simulate")
	run("y\n", "spillway provision apply", "-poll", "50ms")

	serve := start("", append([]string{"serve", "service"}, ports(t)...)...)
	gateway, key := serve.field("gateway"), serve.field("key")
	first = serve
	rec.add("spillway serve service", serve.stdout.String())
	ask := func() {
		t.Helper()
		if reply, body := do(t, client(t), "POST", gateway+chatPath, chatBody, "api-key: "+key, "Content-Type: application/json"); reply.StatusCode != http.StatusOK || !strings.Contains(body, `"chat.completion"`) {
			t.Fatalf("%d %s\n%s", reply.StatusCode, body, serve.stderr)
		}
	}
	ask()
	if n := cloud.Count("POST contoso-"); n == 0 {
		t.Errorf("no region was asked: %q", cloud.Requests())
	}
	run("", "spillway chat connect")
	chatAddr := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1))
	chat := start("", "chat", "-listen", chatAddr)
	rec.add("spillway chat", chat.stdout.await(t, "the chat app", func(s string) bool { return strings.Contains(s, chatAddr) }))
	out := run("", "spillway validate -consent", "-chat", chatAddr)
	if n := strings.Count(out, "  Success  "); n != 7 {
		t.Errorf("%d steps are a success:\n%s", n, out)
	}
	ask() // what validation put in the way is gone again
	run("", "spillway provision check")
	run("", "spillway provision plan -bicep infra")
	run("", "spillway provision plan -terraform infra")
	run("y\n", "spillway provision destroy -purge", "-poll", "50ms")
	if s := cloud.ARM.State(); s != nil {
		t.Errorf("left: %q", s)
	}
	// The page shows no other commands than these.
	for _, b := range shown {
		if b.kind != "sh" {
			continue
		}
		for line := range strings.Lines(b.text) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "spillway ") && !slices.Contains(rec.commands, line) {
				t.Errorf("docs/azure.md shows %q, which the dry run does not run", line)
			}
		}
	}
	name := filepath.Join("docs", "azure-dry-run.md")
	recorded, err := os.ReadFile(name)
	if err != nil && !*recordAzure {
		t.Fatal(err)
	}
	// As it would be on the usual ports, for a user with the usual folders.
	usual := strings.NewReplacer(gateway, "http://127.0.0.1:8080", serve.field("management"), "http://127.0.0.1:8081", chatAddr, "127.0.0.1:8090", serve.home, "~/.config")
	text := dryRunHead + "\n```console\n" + usual.Replace(strings.Join(rec.parts, "\n\n")) + "\n```\n"
	switch {
	case *recordAzure:
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	case like(text) != like(string(recorded)):
		t.Errorf("%s is no more what the commands print (-record-azure writes it anew):\n%s\nwant\n%s", name, like(text), like(string(recorded)))
	}
}

const dryRunHead = `# A dry run on Azure, recorded

The commands of [azure.md](azure.md), in its order, against stand-ins of Microsoft
Entra ID, Resource Manager and the regions' data plane: over TLS, under the host names
that Azure has, with a binary that knows nothing of it. The lines of regions that are
worked on at once are put together here.
`
