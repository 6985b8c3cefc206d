package validate

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Status is what came of a step.
type Status string

// The statuses.
const (
	Success     Status = "Success"
	Fail        Status = "Fail"
	NotObserved Status = "Not observed"
)

// Result is what came of a step, for people and for machines.
type Result struct {
	Step   int    `json:"step"`
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Reason is what was seen, Hint what to do about it; a success has no hint.
	Reason string `json:"reason"`
	Hint   string `json:"hint"`
}

// Step is one of the steps.
type Step struct {
	Number int    `json:"step"`
	Name   string `json:"name"`
	// About says how the step looks.
	About string `json:"about"`

	run func(*Check, context.Context) verdict
	// farEnd marks a step that looks at what arrives at the regions.
	farEnd bool
}

// verdict is a result without its step.
type verdict struct {
	status       Status
	reason, hint string
}

func success(format string, args ...any) verdict {
	return verdict{status: Success, reason: fmt.Sprintf(format, args...)}
}

func fail(hint, format string, args ...any) verdict {
	return verdict{Fail, fmt.Sprintf(format, args...), hint}
}

func notObserved(hint, format string, args ...any) verdict {
	return verdict{NotObserved, fmt.Sprintf(format, args...), hint}
}

// Steps are the steps in their order.
func Steps() []Step {
	return []Step{
		{1, "The models are deployed in each region", "Asks each region directly for a completion and for embeddings.", (*Check).deployed, false},
		{2, "The API's operations answer", "Looks for the POST operations of chat completions and embeddings, and calls them through the gateway.", (*Check).operations, false},
		{3, "The policy changes backend and key", "Sends requests, and looks at the regions which of them arrived and with which key.", (*Check).dynamic, true},
		{4, "The traffic spreads as intended", "Sends many small requests and counts them at the regions.", (*Check).spread, true},
		{5, "Retries make up for a failed region", "Fails each region in turn, counts the attempts, and expects every client to get 200.", (*Check).retries, true},
		{6, "Streams are not held up", "Compares streams through the gateway with direct ones, in turns: first token, time between events, total.", (*Check).streams, false},
		{7, "The chat app goes through the gateway", "Asks the chat app a question, and looks at the regions whether its calls came by the gateway.", (*Check).chat, true},
	}
}

// Options are what is known of a set-up. What is left out is found, or the steps
// that need it say so.
type Options struct {
	// Management is the URL of a management API, Token its token.
	Management, Token string
	// Gateway is the gateway's URL; the management API's unless given.
	Gateway string
	// Endpoint is what clients of Azure OpenAI take for their endpoint: the
	// gateway's URL with the path of the API. Found by the management API.
	Endpoint string
	// API is the API to check where a service has several.
	API string
	// Key is a subscription key, sent in KeyHeader (api-key unless the API says
	// otherwise). Without one the management API is asked; FallbackKey is for when
	// it tells none.
	Key, KeyHeader, FallbackKey string
	// Control is the URL of the simulated regions' control, beside which the
	// management API's own is looked at.
	Control string
	// Chat is the URL of the chat app; "" for none.
	Chat string
	// Model and Embedding are the deployments that are asked; unless given, those
	// that the chat app asks, and without one those that all regions have.
	Model, Embedding string
	// Shares is how the traffic is meant to spread, by region; a region with 0 is
	// a spare. Without any, a pool's members say it, or all regions are alike.
	Shares map[string]int
	// Requests is how many requests step 4 counts; 0 is a number that suits the
	// regions.
	Requests int
	// Memory is for how long a policy may leave a region alone that was out: so
	// long a step waits for one to come back. 0 is 13 seconds, for policies that
	// remember ten.
	Memory time.Duration
	// Consent lets real backends be reached through proxies of this process,
	// which see keys and fail on purpose; the service is changed for that time.
	Consent bool
}

// The deployments that are asked unless others are named, and the version of
// the API.
const (
	DefaultModel     = "gpt-35-turbo"
	DefaultEmbedding = "text-embedding-ada-002"
	apiVersion       = "2024-10-21"
)

// Check is a set-up that has been looked at. Its steps are taken one at a time.
type Check struct {
	Options
	http  *http.Client
	arm   *management // nil without a management API
	api   *apiFound   // nil when not looked for or not found
	noAPI string      // why there is none
	far   farEnd      // nil when nothing at the regions can be seen
	list  []region
	nonce string
	// questions counts those that have been asked, for their marks.
	questions atomic.Int64
	limit     string // the name of the field that limits an answer
	undo      []func(context.Context) error
	// shadows are the far end where it is proxies, nil otherwise.
	shadows *shadows
}

// region is where an answer comes from. Deployments is nil when nobody tells
// them.
type region struct {
	name, address string
	keys          []string
	deployments   []deployment
	simulated     bool
}

// deployment is what a region tells of one of its deployments.
type deployment struct {
	Name, Model string
	RPM, TPM    int // requests and tokens a minute that it admits; 0 for unknown
}

// Open looks at a set-up. An error is one that leaves nothing to check, such as
// a management API that refuses the token.
func Open(ctx context.Context, o Options) (*Check, error) {
	nonce := make([]byte, 6)
	_, _ = rand.Read(nonce)
	c := &Check{
		Options: o, nonce: hex.EncodeToString(nonce), limit: "max_tokens",
		http: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, DisableCompression: true, Proxy: http.ProxyFromEnvironment},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if c.Memory == 0 {
		c.Memory = 13 * time.Second
	}
	if o.Management != "" {
		c.arm = &management{http: c.http, base: strings.TrimRight(o.Management, "/"), token: o.Token}
		if err := c.look(ctx); err != nil {
			return nil, err
		}
	}
	c.KeyHeader = cmp.Or(c.KeyHeader, "api-key")
	if c.Endpoint == "" && c.noAPI == "" {
		return nil, errors.New("nothing tells where the gateway is: neither an endpoint nor a management API is given")
	}
	if err := c.findRegions(ctx); err != nil {
		return nil, err
	}
	c.findModels(ctx)
	return c, nil
}

// Close puts back what is still changed and lets connections go.
func (c *Check) Close() error {
	end, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := c.restore(end)
	c.http.CloseIdleConnections()
	return err
}

func (c *Check) restore(ctx context.Context) error {
	var errs []error
	for len(c.undo) > 0 {
		last := len(c.undo) - 1
		do := c.undo[last]
		c.undo = c.undo[:last]
		errs = append(errs, do(ctx))
	}
	return errors.Join(errs...)
}

// Run takes one step. Whatever it changed is put back before it returns.
func (c *Check) Run(ctx context.Context, number int) Result {
	for _, s := range Steps() {
		if s.Number != number {
			continue
		}
		v := c.take(ctx, s)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if err := c.restore(end); err != nil {
			v.reason += " What was changed for the check could not be put back: " + err.Error() + "."
			v.status = Fail
			v.hint = cmp.Or(v.hint, "Look at the faults of the simulated regions, and at the named values and backends of the service.")
		}
		if ctx.Err() != nil && v.status != Success {
			v = notObserved("Take the step again.", "The check was interrupted.")
		}
		return Result{s.Number, s.Name, v.status, v.reason, v.hint}
	}
	return Result{Step: number, Status: Fail, Reason: "There is no such step.", Hint: fmt.Sprintf("The steps are 1 to %d.", len(Steps()))}
}

// Failed is a step's result for a set-up that cannot be looked at at all.
func Failed(number int, err error) Result {
	r := Result{Step: number, Status: Fail, Reason: "The set-up cannot be looked at: " + err.Error() + ".", Hint: "Is everything running, and is the token the right one?"}
	for _, s := range Steps() {
		if s.Number == number {
			r.Name = s.Name
		}
	}
	return r
}

// take runs a step, with the proxies before real regions where it needs them.
func (c *Check) take(ctx context.Context, s Step) verdict {
	if s.farEnd && c.shadows != nil {
		if err := c.shadows.install(ctx); err != nil {
			return notObserved("The named values and backends with the regions' addresses must be plain ones that the management API may change.", "The proxies could not be put before the regions: %v.", err)
		}
	}
	return s.run(c, ctx)
}

// listed is a list as a sentence has it.
func listed(names []string) string {
	switch n := len(names); n {
	case 0:
		return "none"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// origin is scheme and host of a URL, "" for what is none.
func origin(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}
