package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/internal/azure/provision"
	"github.com/spillway-gateway/spillway/source"
)

const provisionUsage = `Usage: spillway provision plan|apply|check|destroy [FLAGS] [FILE]

Creates Azure OpenAI accounts with their deployments in several regions, and puts
their endpoints and keys into the named values of a service folder. FILE says what
is wanted; it is provision.yaml unless given, and can be as short as this:

    name: contoso
    regions: [eastus, australiaeast, swedencentral]
    models:
      - {deployment: gpt-35-turbo, model: gpt-5-mini, capacity: 100}

    plan      says what would be done, and what stands in the way: quotas, models
              and names; changes nothing
    apply     does it, with a line for each step. A run that was stopped is gone
              on with by the next one; nothing is done twice
    check     says what each region has, what is missing, what is left of quotas
              and which models retire; accounts that were there before, too
    destroy   takes away what apply made, and nothing else
    schema    prints the JSON Schema of FILE

What to do:
    -service DIR      the service folder (the key service of FILE, beside it)
    -simulate         plan, apply: simulated regions in spillway.yaml in the place
                      of real ones; asks nobody and needs no subscription
    -bicep DIR        plan: write Bicep files there instead; asks nobody
    -terraform DIR    plan: write a Terraform file there instead; asks nobody
    -purge            destroy: free names and quotas at once, for good; Azure keeps
                      deleted accounts for 48 hours
    -yes              apply, destroy: do not ask
    -json             plan, check: for machines

How to sign in:
    -subscription ID  the Azure subscription (FILE, or AZURE_SUBSCRIPTION_ID)
    -identity KIND    default, environment, workload, managed, cli or simulated
                      (default: whichever of them there is; az login is enough)
    -tenant ID        the tenant to sign in to
    -cloud NAME       public, government or china (public)
    -endpoint URL     another Resource Manager, such as a stand-in on this machine
    -poll TIME        how often to look at what is being created (5s)

Exit code 1 means that something is missing, stands in the way or failed.
`

// provisioning is one call of the provision command.
type provisioning struct {
	w    World
	verb string
	path string
	file *provision.File

	service, bicep, terraform                             string
	subscription, identity, tenant, cloud, endpoint, poll string
	simulate, purge, yes, json                            bool
}

// provisionCommand is the provision command.
func provisionCommand(w World, args []string) int {
	p := &provisioning{w: w}
	fs := w.flags("provision", provisionUsage)
	for name, v := range map[string]*string{
		"service": &p.service, "bicep": &p.bicep, "terraform": &p.terraform, "subscription": &p.subscription, "identity": &p.identity,
		"tenant": &p.tenant, "cloud": &p.cloud, "endpoint": &p.endpoint,
	} {
		fs.StringVar(v, name, "", "")
	}
	fs.StringVar(&p.poll, "poll", "5s", "")
	for name, v := range map[string]*bool{"simulate": &p.simulate, "purge": &p.purge, "yes": &p.yes, "json": &p.json} {
		fs.BoolVar(v, name, false, "")
	}
	rest, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	verbs := []string{"plan", "apply", "check", "destroy", "schema"}
	if len(rest) == 0 || len(rest) > 2 || !slices.Contains(verbs, rest[0]) {
		if len(rest) > 0 && !slices.Contains(verbs, rest[0]) {
			w.errorf("provision: there is no %q; there are %s", rest[0], strings.Join(verbs, ", "))
		} else {
			w.errorf("provision: say what to do, and the file: spillway provision plan provision.yaml")
		}
		w.hintf("spillway provision -h explains them")
		return exitUsage
	}
	p.verb, p.path = rest[0], "provision.yaml"
	if len(rest) > 1 {
		p.path = rest[1]
	}
	if wrong := p.misplaced(); wrong != "" {
		w.errorf("provision: %s", wrong)
		w.hintf("spillway provision -h explains the flags")
		return exitUsage
	}
	if p.verb == "schema" {
		fmt.Fprintf(w.Stdout, "%s", provision.Schema())
		return exitDone
	}
	if code := p.read(); code >= 0 {
		return code
	}
	switch {
	case p.bicep != "" || p.terraform != "":
		return p.templates()
	case p.simulate:
		return p.simulated()
	}
	return p.real()
}

// misplaced says which flag makes no sense where it stands; "" is none.
func (p *provisioning) misplaced() string {
	only := func(given bool, name string, verbs ...string) string {
		if !given || slices.Contains(verbs, p.verb) {
			return ""
		}
		return fmt.Sprintf("-%s is for %s", name, strings.Join(verbs, " and "))
	}
	for _, wrong := range []string{
		only(p.simulate, "simulate", "plan", "apply"), only(p.bicep != "", "bicep", "plan"), only(p.terraform != "", "terraform", "plan"),
		only(p.purge, "purge", "destroy"), only(p.yes, "yes", "apply", "destroy"), only(p.json, "json", "plan", "check"),
	} {
		if wrong != "" {
			return wrong
		}
	}
	if p.simulate && (p.bicep != "" || p.terraform != "") {
		return "-simulate is for itself: simulated regions need no templates"
	}
	if p.identity != "" && !slices.Contains(azure.Kinds, p.identity) {
		return fmt.Sprintf("there is no identity %q; there are %s", p.identity, strings.Join(azure.Kinds, ", "))
	}
	if d, err := time.ParseDuration(p.poll); err != nil || d <= 0 {
		return "-poll is a time such as 5s"
	}
	return ""
}

// read reads the file. A negative code means go on.
func (p *provisioning) read() int {
	data, err := p.w.ReadFile(p.path)
	if err != nil {
		p.w.errorf("provision: %v", err)
		if errors.Is(err, os.ErrNotExist) {
			p.w.hintf("spillway provision -h shows how such a file begins")
		}
		return exitUsage
	}
	f, problems := provision.Parse(source.NewFile(p.path, string(data)))
	p.w.report(problems, false)
	if problems.HasErrors() {
		return exitUsage
	}
	p.file = f
	if p.service == "" {
		p.service = f.Service
		if !filepath.IsAbs(p.service) {
			p.service = filepath.Join(filepath.Dir(p.path), p.service)
		}
	}
	return -1
}

// templates writes Bicep and Terraform files.
func (p *provisioning) templates() int {
	again := p.w.Program + " provision apply " + p.path
	if p.bicep != "" {
		files := p.file.Bicep()
		for _, group := range p.file.Groups() {
			name := "main.bicep"
			if len(files) > 1 {
				name = group + ".bicep"
			}
			name = filepath.Join(p.bicep, name)
			if code := p.template(name, files[group]); code != exitDone {
				return code
			}
			fmt.Fprintf(p.w.Stdout, "wrote %s\n\n    az group create --name %s --location %s\n    az deployment group create --resource-group %s --template-file %s\n\n", name, group, p.file.Location, group, name)
		}
	}
	if p.terraform != "" {
		name := filepath.Join(p.terraform, "main.tf")
		if code := p.template(name, p.file.Terraform()); code != exitDone {
			return code
		}
		fmt.Fprintf(p.w.Stdout, "wrote %s\n\n    terraform -chdir=%s init\n    terraform -chdir=%s apply\n\n", name, p.terraform, p.terraform)
	}
	fmt.Fprintf(p.w.Stdout, "Then this puts the endpoints and keys into %s, and finds nothing else to do:\n\n    %s\n", p.service, again)
	return exitDone
}

// template writes one file, over an older one of its kind alone.
func (p *provisioning) template(name, text string) int {
	old, err := os.ReadFile(name)
	if first, _, _ := strings.Cut(text, "\n"); err == nil && !strings.HasPrefix(string(old), first) {
		p.w.errorf("provision: %s is there and was not written for %s", name, p.file.Name)
		p.w.hintf("name another folder")
		return exitUsage
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		p.w.errorf("provision: %v", err)
		return exitUsage
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		p.w.errorf("provision: %v", err)
		return exitUsage
	}
	return exitDone
}

// simulated plans or makes simulated regions.
func (p *provisioning) simulated() int {
	folder, err := p.file.Simulate(p.service)
	if err != nil {
		p.w.errorf("provision: %v", err)
		return exitFailed
	}
	if p.verb == "plan" {
		if p.json {
			return p.print(map[string]any{"files": folder.Changed})
		}
		p.files("would change", folder)
		return exitDone
	}
	return p.write(folder)
}

// write changes the service folder and says what comes next.
func (p *provisioning) write(folder *provision.Folder) int {
	if err := folder.Write(); err != nil {
		p.w.errorf("provision: %v", err)
		return exitFailed
	}
	p.files("changed", folder)
	if folder.Incomplete {
		p.w.hintf("the folder has no API yet: extract yours with APIOps, or begin with examples/azure-openai")
		return exitDone
	}
	fmt.Fprintf(p.w.Stdout, "\n    %s serve %s\n", p.w.Program, p.service)
	return exitDone
}

func (p *provisioning) files(verb string, folder *provision.Folder) {
	if len(folder.Changed) == 0 {
		fmt.Fprintf(p.w.Stdout, "the folder %s has it all\n", p.service)
		return
	}
	fmt.Fprintf(p.w.Stdout, "%s in %s:\n", verb, p.service)
	for _, name := range folder.Changed {
		fmt.Fprintf(p.w.Stdout, "    %s\n", name)
	}
}

// real works with Azure.
func (p *provisioning) real() int {
	client, code := p.connect()
	if code >= 0 {
		return code
	}
	ctx := p.w.Context
	switch p.verb {
	case "plan":
		plan, err := client.Plan(ctx, p.file)
		if err != nil {
			return p.failed(err)
		}
		return p.plan(plan)
	case "check":
		return p.check(client)
	case "destroy":
		return p.destroy(client)
	}
	return p.apply(client)
}

func (p *provisioning) connect() (*provision.Client, int) {
	id := p.subscription
	if id == "" {
		id = p.file.Subscription
	}
	if id == "" {
		id = p.w.Getenv("AZURE_SUBSCRIPTION_ID")
	}
	credential, err := azure.New(azure.Options{Kind: p.identity, Tenant: p.tenant, Cloud: p.cloud}).Credential("")
	if err != nil {
		p.w.errorf("provision: %s", azure.Explain(err))
		return nil, exitUsage
	}
	poll, _ := time.ParseDuration(p.poll) // misplaced has seen to it
	o := provision.Options{Subscription: id, Credential: credential, Cloud: p.cloud, Endpoint: p.endpoint, Poll: poll, Progress: p.progress()}
	client, err := provision.Connect(o)
	if err != nil {
		p.w.errorf("provision: %v", err)
		if id == "" {
			p.w.hintf("az account show --query id shows yours")
		}
		return nil, exitUsage
	}
	return client, -1
}

// progress prints what happens, a line each, in columns.
func (p *provisioning) progress() func(provision.Event) {
	out := p.w.Stdout
	if p.verb == "plan" || p.verb == "check" {
		out = p.w.Stderr // what they print on standard output is their result
	}
	var mu sync.Mutex
	return func(e provision.Event) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, "%-*s  %s %s\n", p.width(), e.Region, e.Subject, e.Text)
	}
}

// width is that of the column of regions.
func (p *provisioning) width() int {
	n := 6
	for _, r := range p.file.Regions {
		n = max(n, len(r.Name))
	}
	return n
}

// failed prints what Azure refused and gives the exit code.
func (p *provisioning) failed(err error) int {
	if p.w.Context.Err() != nil {
		p.w.errorf("provision: interrupted")
		if p.verb == "apply" || p.verb == "destroy" {
			p.w.hintf("run it again: what is done stays, and is not done twice")
		}
		return exitFailed
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the parts of a join are wanted, not a chain
		list = joined.Unwrap()
	}
	hinted := map[string]bool{}
	for _, e := range list {
		p.w.errorf("%v", e)
		var f *provision.Failure
		if errors.As(e, &f) && f.Hint != "" && !hinted[f.Hint] {
			p.w.hintf("%s", f.Hint)
			hinted[f.Hint] = true
		}
	}
	return exitFailed
}

// print prints a result for machines.
func (p *provisioning) print(v any) int {
	enc := json.NewEncoder(p.w.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		p.w.errorf("%v", err)
		return exitFailed
	}
	return exitDone
}

// steps prints what is to be done, region by region.
func (p *provisioning) steps(list []provision.Step) {
	subjects := 0
	for _, s := range list {
		subjects = max(subjects, len(s.Subject))
	}
	before := ""
	for _, s := range list {
		region := s.Region
		if region == before {
			region = ""
		}
		before = s.Region
		fmt.Fprintln(p.w.Stdout, strings.TrimRight(fmt.Sprintf("%-*s  %-7s  %-*s  %s", p.width(), region, s.Verb, subjects, s.Subject, s.Detail), " "))
	}
}

// findings prints what is not as it should be.
func (p *provisioning) findings(list []provision.Finding) {
	for i, f := range list {
		where := ""
		if f.Region != "" {
			where = f.Region + ": "
		}
		fmt.Fprintf(p.w.Stderr, "%s: %s%s\n", f.Severity, where, f.Message)
		again := i+1 < len(list) && list[i+1].Hint == f.Hint // regions mostly lack the same
		if f.Hint != "" && !again {
			p.w.hintf("%s", f.Hint)
		}
	}
}

// plan prints a plan and gives the exit code.
func (p *provisioning) plan(plan *provision.Plan) int {
	code := exitDone
	if len(plan.Errors()) > 0 {
		code = exitFailed
	}
	if p.json {
		return max(code, p.print(plan))
	}
	p.steps(plan.Steps)
	p.findings(plan.Findings)
	switch {
	case code != exitDone:
		p.w.errorf("provision: %s in the way", plural(len(plan.Errors()), "thing"))
	case len(plan.Steps) == 0:
		fmt.Fprintf(p.w.Stdout, "Nothing to do: Azure has what %s wants.\n", p.path)
	default:
		fmt.Fprintf(p.w.Stdout, "\n%s to do:\n\n    %s provision apply %s\n", plural(len(plan.Steps), "step"), p.w.Program, p.path)
	}
	return code
}

// apply plans, asks, and does it.
func (p *provisioning) apply(client *provision.Client) int {
	ctx := p.w.Context
	plan, err := client.Plan(ctx, p.file)
	if err != nil {
		return p.failed(err)
	}
	p.steps(plan.Steps)
	p.findings(plan.Findings)
	if n := len(plan.Errors()); n > 0 {
		p.w.errorf("provision: %s in the way; nothing was changed", plural(n, "thing"))
		return exitFailed
	}
	if len(plan.Steps) > 0 {
		if !p.agreed("Do it?") {
			return exitFailed
		}
		fmt.Fprintln(p.w.Stdout)
	}
	list, err := client.Apply(ctx, p.file)
	if err != nil {
		return p.failed(err)
	}
	secrets, err := client.StoreKeys(ctx, p.file, list)
	if err != nil {
		return p.failed(err)
	}
	folder, err := p.file.Publish(p.service, list, secrets)
	if err != nil {
		p.w.errorf("provision: %v", err)
		p.w.hintf("Azure has everything; once that is mended, the same command writes the folder")
		return exitFailed
	}
	fmt.Fprintln(p.w.Stdout)
	return p.write(folder)
}

// agreed asks, unless -yes has answered.
func (p *provisioning) agreed(question string) bool {
	if p.yes {
		return true
	}
	fmt.Fprintf(p.w.Stdout, "\n%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.w.Stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		if a == "y" || a == "yes" {
			return true
		}
		fmt.Fprintln(p.w.Stdout)
		p.w.errorf("provision: nothing was changed")
		if a == "" {
			p.w.hintf("-yes answers it beforehand")
		}
	case <-p.w.Context.Done():
		fmt.Fprintln(p.w.Stdout)
		p.w.errorf("provision: interrupted; nothing was changed")
	}
	return false
}

// check prints what each region has.
func (p *provisioning) check(client *provision.Client) int {
	report, err := client.Check(p.w.Context, p.file)
	if err != nil {
		return p.failed(err)
	}
	found, err := p.file.CheckFolder(p.service, report)
	if err != nil {
		p.w.errorf("provision: %v", err)
		return exitFailed
	}
	report.Findings = append(report.Findings, found...)
	code := exitDone
	if len(report.Errors()) > 0 {
		code = exitFailed
	}
	if p.json {
		return max(code, p.print(report))
	}
	for _, r := range report.Regions {
		p.region(r)
	}
	p.findings(report.Findings)
	warnings := len(report.Findings) - len(report.Errors())
	fmt.Fprintf(p.w.Stdout, "%s, %s\n", plural(len(report.Errors()), "error"), plural(warnings, "warning"))
	return code
}

// region prints one region of a report.
func (p *provisioning) region(r provision.RegionReport) {
	out := p.w.Stdout
	fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%s  account %s  %s  %s", r.Region, r.Account, r.State, r.Endpoint), " "))
	names, models := 0, 0
	title := func(d provision.DeploymentReport) string { return strings.TrimSpace(d.Model + " " + d.Version) }
	for _, d := range r.Deployments {
		names, models = max(names, len(d.Name)), max(models, len(title(d)))
	}
	for _, d := range r.Deployments {
		notes := ""
		if d.Retires != "" {
			notes += "  until " + d.Retires
		}
		if !d.Wanted {
			notes += "  not in the file"
		}
		fmt.Fprintf(out, "    %-8s %-*s  %-*s  %s %d%s\n", d.State, names, d.Name, models, title(d), d.SKU, d.Capacity, notes)
	}
	for _, q := range r.Quotas {
		fmt.Fprintf(out, "    quota    %s %s: %d of %d %s left\n", q.Model, q.SKU, q.Left, q.Limit, q.Unit)
	}
	fmt.Fprintln(out)
}

// destroy plans, asks, and takes away.
func (p *provisioning) destroy(client *provision.Client) int {
	ctx := p.w.Context
	plan, err := client.PlanDestroy(ctx, p.file, p.purge)
	if err != nil {
		return p.failed(err)
	}
	p.steps(plan.Steps)
	p.findings(plan.Findings)
	if len(plan.Steps) == 0 {
		fmt.Fprintf(p.w.Stdout, "Nothing to do: Azure has nothing that was made for %s.\n", p.path)
		return exitDone
	}
	if !p.agreed("Delete this?") {
		return exitFailed
	}
	fmt.Fprintln(p.w.Stdout)
	if err := client.Destroy(ctx, p.file, p.purge); err != nil {
		return p.failed(err)
	}
	if !p.purge {
		fmt.Fprintf(p.w.Stdout, "\nAzure keeps deleted accounts, with their names and quotas, for 48 hours. This frees them:\n\n    %s provision destroy -purge %s\n", p.w.Program, p.path)
	}
	return exitDone
}
