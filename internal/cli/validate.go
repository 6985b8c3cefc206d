package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/validate"
)

const validateUsage = `Usage: spillway validate [FLAGS] [STEP...]

Checks a load-balancing set-up by what can be observed of it: requests are sent as
clients send them, and looked at where they arrive. STEP is a number or a range, such
as 1-6; all of them unless given.

%s
Without flags the gateway is checked that runs on this machine, with its simulated
regions and its chat app.

    -json            print the results as JSON
    -junit FILE      write them as JUnit's XML, too
    -shares LIST     how the traffic is meant to spread, such as eastus=2,swedencentral=1;
                     0 is a spare. Unless given: validate in spillway.yaml, the pool's
                     priorities and weights, or all regions alike
    -requests N      how many requests step 4 counts (300 at simulated regions, 60 at real ones)
    -model NAME      the deployment for chats, and -embedding NAME that for embeddings;
                     unless given those that the chat app asks, or gpt-35-turbo and
                     text-embedding-ada-002, or those that all simulated regions have
    -api ID          the API to check where the service has several
    -consent         real regions are reached through proxies of this process during steps
                     3, 4, 5 and 7: endpoints in named values and backends are changed for
                     that time and put back, and the proxies fail on purpose
    -chat ADDR       the chat app (the running one's, or 127.0.0.1:8090)
    -control ADDR    the simulated regions' control (the running one's, or 127.0.0.1:9100)
    -management ADDR the management API; the running gateway's unless given
    -token TOKEN     its token; SPILLWAY_TOKEN or the running gateway's unless given
    -key KEY         a subscription key; one that the management API tells, or the
                     running gateway's, unless given
    -endpoint URL    what clients take for their endpoint, to check another gateway by its
                     simulated regions

Exit code 0: each step is a Success. 1: a step is Fail or Not observed. 2: there is
nothing to check.
`

// validateCommand is the validate command.
func validateCommand(w World, args []string) int {
	var list strings.Builder
	for _, s := range validate.Steps() {
		fmt.Fprintf(&list, "    %d  %s\n", s.Number, s.Name)
	}
	flags := w.flags("validate", fmt.Sprintf(validateUsage, list.String()))
	asJSON := flags.Bool("json", false, "")
	junit := flags.String("junit", "", "")
	shares := flags.String("shares", "", "")
	var o validate.Options
	flags.IntVar(&o.Requests, "requests", 0, "")
	flags.StringVar(&o.Model, "model", "", "")
	flags.StringVar(&o.Embedding, "embedding", "", "")
	flags.StringVar(&o.API, "api", "", "")
	flags.BoolVar(&o.Consent, "consent", false, "")
	flags.StringVar(&o.Chat, "chat", "", "")
	flags.StringVar(&o.Control, "control", "", "")
	flags.StringVar(&o.Management, "management", "", "")
	flags.StringVar(&o.Token, "token", "", "")
	flags.StringVar(&o.Key, "key", "", "")
	flags.StringVar(&o.Endpoint, "endpoint", "", "")
	rest, code := w.parse(flags, args)
	if code >= 0 {
		return code
	}
	steps, err := stepNumbers(rest)
	if err == nil {
		o.Shares, err = sharesOf(*shares)
	}
	if err == nil && o.Requests < 0 {
		err = errors.New("-requests must be a number of requests")
	}
	if err != nil {
		w.errorf("validate: %v", err)
		w.hintf("spillway validate -h explains its arguments")
		return exitUsage
	}
	if err := w.whereToLook(&o); err != nil {
		w.errorf("validate: %v", err)
		w.hintf("-management says which one is meant")
		return exitUsage
	}
	check, err := validate.Open(w.Context, o)
	if err != nil {
		w.errorf("validate: %v", err)
		var unknown *validate.UnknownAPIError
		if errors.As(err, &unknown) {
			w.hintNames(unknown.Name, "APIs", unknown.Names)
			return exitUsage
		}
		w.hintf(`start a gateway with "spillway demo" or "spillway serve DIR", or say where one is: -management with -token, or -endpoint with -key and -control`)
		return exitUsage
	}
	defer func() { _ = check.Close() }() // each step has put back its own
	began := time.Now()
	var results []timed
	for _, n := range steps {
		stepBegan := time.Now()
		r := timed{check.Run(w.Context, n), 0}
		r.took = time.Since(stepBegan)
		results = append(results, r)
		if !*asJSON {
			w.printStep(r.Result)
		}
		if w.Context.Err() != nil {
			break
		}
	}
	return w.reportSteps(results, *asJSON, *junit, time.Since(began))
}

// timed is a result with its time.
type timed struct {
	validate.Result
	took time.Duration
}

// whereToLook fills in what runs on this machine, on the default ports where
// nothing tells. It is an error that several gateways run.
func (w World) whereToLook(o *validate.Options) error {
	running, err := w.running(o.Management)
	if err != nil {
		if o.Management == "" && o.Endpoint == "" && !errors.Is(err, server.ErrNotRunning) {
			return err
		}
		running = &server.Running{}
	}
	if o.Endpoint == "" || o.Management != "" {
		o.Management = withScheme(cmp.Or(o.Management, running.Management, "127.0.0.1:8081"))
		o.Token = cmp.Or(o.Token, w.Getenv("SPILLWAY_TOKEN"), running.Token)
		o.Gateway = running.Gateway
		o.FallbackKey = running.SubscriptionKey
	}
	o.Control = withScheme(cmp.Or(o.Control, running.Control, "127.0.0.1:9100"))
	o.Chat = withScheme(cmp.Or(o.Chat, running.Chat, defaultChat))
	return nil
}

// stepNumbers are the steps that arguments name, in their order.
func stepNumbers(args []string) ([]int, error) {
	last := len(validate.Steps())
	if len(args) == 0 {
		args = []string{"1-" + strconv.Itoa(last)}
	}
	var list []int
	for _, a := range args {
		from, to, ranged := strings.Cut(a, "-")
		if !ranged {
			to = from
		}
		i, err := strconv.Atoi(from)
		j, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil || i < 1 || j > last || i > j {
			return nil, fmt.Errorf("there is no step %s; there are 1 to %d", a, last)
		}
		for ; i <= j; i++ {
			if !slices.Contains(list, i) {
				list = append(list, i)
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// sharesOf reads a list such as eastus=2,swedencentral=1.
func sharesOf(text string) (map[string]int, error) {
	if text == "" {
		return nil, nil
	}
	shares, total := map[string]int{}, 0
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("-shares: %q is not REGION=NUMBER", part)
		}
		shares[strings.TrimSpace(name)] = n
		total += n
	}
	if total == 0 {
		return nil, errors.New("-shares: some region must get traffic")
	}
	return shares, nil
}

// printStep prints a result for people.
func (w World) printStep(r validate.Result) {
	colour, plain := "", ""
	if w.Terminal {
		colour, plain = map[validate.Status]string{validate.Success: "\x1b[32m", validate.Fail: "\x1b[31m", validate.NotObserved: "\x1b[33m"}[r.Status], "\x1b[0m"
	}
	fmt.Fprintf(w.Stdout, "%d  %s%-12s%s  %s\n", r.Step, colour, r.Status, plain, r.Name)
	const indent = "                 "
	fmt.Fprintf(w.Stdout, "%s%s\n", indent, wrapped(r.Reason, indent))
	if r.Hint != "" {
		fmt.Fprintf(w.Stdout, "%s%s\n", indent, wrapped("What to do: "+r.Hint, indent))
	}
}

// wrapped breaks a text into lines that fit a terminal.
func wrapped(text, indent string) string {
	const width = 80
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteString("\n" + indent)
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// reportSteps prints or writes what is for machines, and gives the exit code.
func (w World) reportSteps(results []timed, asJSON bool, junit string, took time.Duration) int {
	code, count := exitDone, map[validate.Status]int{}
	list := make([]validate.Result, len(results))
	for i, r := range results {
		list[i] = r.Result
		count[r.Status]++
		if r.Status != validate.Success {
			code = exitFailed
		}
	}
	if w.Context.Err() != nil {
		code = exitFailed
	}
	if asJSON {
		out := json.NewEncoder(w.Stdout)
		out.SetEscapeHTML(false)
		if err := out.Encode(map[string]any{"steps": list}); err != nil {
			return exitFailed
		}
	} else {
		fmt.Fprintf(w.Stdout, "\n%s\n", summary(count, len(list), took))
	}
	if junit != "" {
		text, err := junitOf(results, took)
		if err == nil {
			err = os.WriteFile(junit, text, 0o644)
		}
		if err != nil {
			w.errorf("validate: %v", err)
			return exitFailed
		}
	}
	if errors.Is(w.Context.Err(), context.Canceled) {
		w.errorf("validate: interrupted; what was changed for the check is put back")
	}
	return code
}

func summary(count map[validate.Status]int, all int, took time.Duration) string {
	if count[validate.Success] == all {
		if all == 1 {
			return fmt.Sprintf("The step succeeded, in %s.", took.Round(100*time.Millisecond))
		}
		return fmt.Sprintf("All %d steps succeeded, in %s.", all, took.Round(100*time.Millisecond))
	}
	var parts []string
	for _, s := range []validate.Status{validate.Fail, validate.NotObserved, validate.Success} {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	return fmt.Sprintf("Of %s: %s.", plural(all, "step"), strings.Join(parts, ", "))
}

// The elements of JUnit's XML, as the servers of builds read it.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func junitOf(results []timed, took time.Duration) ([]byte, error) {
	seconds := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
	suite := junitSuite{Name: "spillway validate", Tests: len(results), Time: seconds(took)}
	for _, r := range results {
		c := junitCase{Name: fmt.Sprintf("%d %s", r.Step, r.Name), Class: "spillway.validate", Time: seconds(r.took)}
		switch m := (&junitMessage{r.Reason, r.Hint}); r.Status {
		case validate.Fail:
			suite.Failures++
			c.Failure = m
		case validate.NotObserved:
			suite.Skipped++
			c.Skipped = m
		default:
			c.Out = r.Reason
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}
