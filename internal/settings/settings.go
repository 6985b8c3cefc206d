// Package settings is spillway.yaml: what APIM has no word for.
//
// The struct types below are the one table behind it. Their tags name each key,
// explain it, and say its default and its values; the decoder, the JSON Schema
// and the defaults are all made from them, so that they cannot drift apart.
// Everything is optional, and a key that does not exist is a problem.
package settings

import (
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// FileName is the file's name at the root of a service folder.
const FileName = "spillway.yaml"

// Settings is the content of spillway.yaml, defaults filled in.
type Settings struct {
	Listen           Listen                 `yaml:"listen" doc:"The addresses to listen on."`
	EnforceProtocols bool                   `yaml:"enforceProtocols" default:"false" doc:"Serve an API whose protocols say only https on HTTPS listeners alone. Off, so that an extracted folder just runs."`
	Strict           bool                   `yaml:"strict" default:"false" doc:"Treat the warnings of check as errors."`
	Regions          []Region               `yaml:"regions" doc:"Simulated Azure OpenAI regions to run beside the service."`
	NamedValues      map[string]Value       `yaml:"namedValues" doc:"Values of named values that the folder does not hold, by display name; secrets above all."`
	Subscriptions    map[string]Key         `yaml:"subscriptions" doc:"Primary keys of subscriptions, by resource name. A subscription that has no key anywhere gets a random one at start."`
	Certificates     map[string]Certificate `yaml:"certificates" doc:"Certificates of the service with their private keys, by id: what backends name in certificateIds or by thumbprint, and what context.Deployment.Certificates has."`
	Pools            map[string]Pool        `yaml:"pools" doc:"How pools choose, by backend name."`
	APIs             map[string]API         `yaml:"apis" doc:"Settings of single APIs, by resource name."`
	Validate         Validate               `yaml:"validate" doc:"What spillway validate measures the service by."`
	Azure            Azure                  `yaml:"azure" doc:"How the gateway signs in to Azure, for policies and backends that use a managed identity and for named values in a Key Vault."`
	Limits           Limits                 `yaml:"limits" doc:"What one request, document or expression may cost."`
	Egress           Egress                 `yaml:"egress" doc:"Where requests may be sent. An origin that occurs in a backend, a serviceUrl, a named value or a policy is allowed, however a policy computes it; others are not."`

	root       *tree.Node
	file       *source.File
	unreadable bool
}

// Listen are the addresses of the listeners.
type Listen struct {
	Gateway    string `yaml:"gateway" kind:"address" default:"127.0.0.1:8080" doc:"The gateway's address."`
	Management string `yaml:"management" kind:"address" default:"127.0.0.1:8081" doc:"The address of the management API and the console."`
}

// Region is one simulated region.
type Region struct {
	Name        string       `yaml:"name" required:"true" doc:"Azure's short name of the region, such as eastus."`
	Port        int          `yaml:"port" required:"true" min:"0" max:"65535" doc:"The port on 127.0.0.1 that it listens on; 0 takes any free one."`
	Profile     string       `yaml:"profile" default:"fast" values:"fast realistic" doc:"How fast it answers and how much it admits."`
	Quota       string       `yaml:"quota" default:"documented" values:"documented observed" doc:"How requests are charged: documented counts the prompt's characters and max_tokens in a fixed minute; observed counts max_tokens, or 16, in a sliding one, as experiments found."`
	Throttle    string       `yaml:"throttle" default:"deployment" values:"deployment operation foundry load" doc:"The words of a 429: those that name the deployment (since 2025) or the operation (since 2023), those of the Foundry's door, or those of a region under load."`
	Deployments []Deployment `yaml:"deployments" doc:"The deployments it has, each by the name alone when that is its model's; gpt-35-turbo and text-embedding-ada-002 unless given."`
}

// Deployment is one deployment of a simulated region.
type Deployment struct {
	Name        string `yaml:"name" required:"true" short:"true" doc:"The deployment's name."`
	Model       string `yaml:"model" doc:"The model that it runs; the name unless given."`
	TPM         int    `yaml:"tpm" min:"0" doc:"Tokens per minute that it admits; the profile's unless given."`
	RPM         int    `yaml:"rpm" min:"0" doc:"Requests per minute that it admits, counted per 10 seconds; the profile's unless given."`
	Provisioned bool   `yaml:"provisioned" default:"false" doc:"It is one of provisioned throughput, which works off tpm in a minute."`
	Spillover   string `yaml:"spillover" doc:"The deployment that takes what this provisioned one cannot."`
	Filter      string `yaml:"filter" default:"usual" values:"usual async down" doc:"How its content filter works: before the text comes, beside the text, or not at all."`
}

// Value is where the value of a named value comes from: exactly one of a
// region, the environment, a file and the text itself.
type Value struct {
	Region string `yaml:"region" doc:"A simulated region; value then says what of it: endpoint, key1 or key2."`
	Env    string `yaml:"env" doc:"A variable of the environment."`
	File   string `yaml:"file" doc:"A file; white space at its end is cut off."`
	Value  string `yaml:"value" doc:"The value itself, or endpoint, key1 or key2 of a region."`
}

// Key is where a subscription's primary key comes from: exactly one of them.
type Key struct {
	Env   string `yaml:"env" doc:"A variable of the environment."`
	File  string `yaml:"file" doc:"A file; white space at its end is cut off."`
	Value string `yaml:"value" doc:"The key itself."`
}

// Certificate is where a certificate and its private key come from: a file or the
// environment.
type Certificate struct {
	File     string `yaml:"file" doc:"A PKCS #12 file (.pfx, .p12), or one of PEM blocks: the certificate, those above it, and its private key."`
	Env      string `yaml:"env" doc:"A variable of the environment with the PEM blocks, or with the PKCS #12 file in Base64."`
	KeyFile  string `yaml:"keyFile" doc:"A file with the private key as a PEM block, where it lies apart."`
	Password Key    `yaml:"password" doc:"The password of a PKCS #12 file."`
}

// Azure says how the gateway signs in to Azure.
type Azure struct {
	Identity        string         `yaml:"identity" default:"default" values:"default environment workload managed cli simulated" doc:"Where tokens come from. default tries what azidentity's default chain tries: the environment, a workload identity, a managed identity, the tools of a developer; the others are one of these alone. simulated makes tokens that only simulated regions take."`
	ClientID        string         `yaml:"clientId" doc:"The client id of the identity that is meant where a policy, a backend or a named value names none."`
	Tenant          string         `yaml:"tenant" doc:"The tenant that developers' tools and workload identities sign in to."`
	Cloud           string         `yaml:"cloud" default:"public" values:"public government china" doc:"Which of Azure's clouds."`
	Tokens          map[string]Key `yaml:"tokens" doc:"Tokens that are taken instead of asking, by resource, such as https://cognitiveservices.azure.com."`
	KeyVaultRefresh Duration       `yaml:"keyVaultRefresh" default:"4h" doc:"How old a value from a Key Vault may become before it is read again. One that cannot be read again stays as it was."`
}

// Pool says how a pool chooses.
type Pool struct {
	Strategy         string            `yaml:"strategy" default:"apim" values:"apim least-busy least-latency adaptive overflow" doc:"apim is the service's own rule. least-busy: the member with the fewest requests under way. least-latency: the quicker of two. overflow: what is paid for while it has room. adaptive: where the request is believed to be taken, by quota, latency and failures."`
	Members          map[string]Member `yaml:"members" doc:"What APIM has no word for, by the name of the member's backend."`
	Queue            Duration          `yaml:"queue" default:"0s" doc:"How long a request may wait for room when no member has any, which adaptive can; 0s answers at once."`
	FairShares       bool              `yaml:"fairShares" default:"false" doc:"While more is asked for than there is, thin the subscriptions that ask for more than their equal share, which adaptive can."`
	FirstByteTimeout Duration          `yaml:"firstByteTimeout" default:"0s" doc:"How long the first byte may take, from the start of an attempt; 0s means as long as it likes. adaptive learns shorter ones for streams."`
	Attempts         Attempts          `yaml:"attempts" doc:"Attempts that the gateway makes by itself within one forward-request; a retry policy around it counts for itself."`
}

// Member is what spillway.yaml says about a member of a pool.
type Member struct {
	TokensPerMinute   int  `yaml:"tokensPerMinute" default:"0" min:"0" doc:"The tokens per minute of its deployments, for as long as no answer has told; of provisioned throughput what it works off in a minute. 0 is unknown."`
	RequestsPerMinute int  `yaml:"requestsPerMinute" default:"0" min:"0" doc:"Their requests per minute, for as long as no answer has told. 0 is unknown."`
	PaidFor           bool `yaml:"paidFor" default:"false" doc:"It is provisioned throughput, which costs the same whether it is used or not: overflow and adaptive use it first."`
}

// Attempts are what the gateway tries by itself, so that a document without a
// retry policy moves on to another member too.
type Attempts struct {
	Count   int      `yaml:"count" default:"1" min:"1" max:"30" doc:"How many there are at most."`
	Timeout Duration `yaml:"timeout" default:"0s" doc:"How long each may take until the head of its answer; 0s leaves it to forward-request."`
	Total   Duration `yaml:"total" default:"0s" doc:"How long all may take together until the head of the answer; 0s is no bound."`
	On      []string `yaml:"on" kind:"outcome" doc:"After what another one follows: statuses such as 429, ranges such as 500-503 or 5xx, and failure for no answer at all. 429, 5xx and failure unless given."`
	Budget  int      `yaml:"budget" default:"20" min:"0" max:"100" doc:"The share of requests, in per cent, that may get further attempts; 0 is no bound. It keeps what is down from being asked many times as often."`
}

// API are the settings of one API.
type API struct {
	BearerKey         bool     `yaml:"bearerKey" default:"false" doc:"Take the subscription key as Authorization: Bearer too, as OpenAI's v1 clients send it. It does not travel on to the region."`
	FirstByteTimeout  Duration `yaml:"firstByteTimeout" default:"0s" doc:"How long the first byte of an answer may take after its head; 0s means as long as it likes."`
	FirstTokenTimeout Duration `yaml:"firstTokenTimeout" default:"0s" doc:"How long a stream may take, from the start of an attempt, until its first event with content; 0s means as long as it likes. What is late while it is held back (holdBack) can be retried; a stream that has begun ends with an error event."`
	IdleTimeout       Duration `yaml:"idleTimeout" default:"240s" doc:"How long a running answer may stand still; 0s means as long as it likes. A stream that does ends with an error event."`
	PeekFirstByte     bool     `yaml:"peekFirstByte" default:"true" doc:"Wait for the first byte before the answer counts, so that a backend that dies before it, or whose stream begins with an error, can be retried."`
	HoldBack          bool     `yaml:"holdBack" default:"false" doc:"Hold a stream back until its first event with content, so that an error after the role or the results of the prompt's filter can be retried; needs peekFirstByte."`
	Hedge             Hedge    `yaml:"hedge" doc:"Second copies of requests whose first byte is late, each to another member of the request's pool. The first good answer counts and the other attempt is ended; both may cost tokens."`
	Resume            Resume   `yaml:"resume" doc:"Taking up streams of chats that break off, on another member of the request's pool. Without it such a stream ends with an error event."`
}

// Hedge says which requests may have a second copy.
type Hedge struct {
	Budget int      `yaml:"budget" default:"0" min:"0" max:"50" doc:"The share of the API's requests, in per cent, that may have a second copy; 0 switches them off."`
	After  Duration `yaml:"after" default:"0s" doc:"When a first byte is late. 0s is what the gateway has learnt: 95 of 100 requests of the same pool, deployment and kind (stream or not) had theirs by then."`
	Unless string   `yaml:"unless" default:"noHedge" doc:"The variable by which a policy keeps a request from it, by setting it to anything but false."`
}

// Resume says how a stream that breaks off is taken up.
type Resume struct {
	Mode        string `yaml:"mode" default:"none" values:"none agree continue" doc:"agree asks another region the same again and goes on where its answer agrees, letter by letter, with what the client has; that wants a temperature of 0 and a seed. continue shows another region what the client has and has it written on."`
	Attempts    int    `yaml:"attempts" default:"1" min:"1" max:"5" doc:"How many attempts one stream may cost beyond its own."`
	Instruction string `yaml:"instruction" default:"Continue your last message exactly where it stops. Repeat nothing of it and add no remark." doc:"With continue, the message of the user that follows the unfinished answer; an empty one sends none, for models that write on by themselves."`
}

// Limits are what one request, document or expression may cost.
type Limits struct {
	Document   Size       `yaml:"document" default:"512KiB" doc:"The size of one policy document."`
	ReplayBody Size       `yaml:"replayBody" default:"32MiB" doc:"The size of a body that is kept, to be read by a policy or sent again."`
	RetryAfter Duration   `yaml:"retryAfter" default:"300s" doc:"The longest time that an answer's Retry-After may keep a backend out."`
	Expression Expression `yaml:"expression" doc:"What one evaluation of an expression may cost."`
}

// Expression are the limits of one evaluation.
type Expression struct {
	Steps    Count    `yaml:"steps" default:"10M" doc:"Steps: turns of loops, calls, elements walked over."`
	Deadline Duration `yaml:"deadline" default:"1s" doc:"Time."`
	Memory   Size     `yaml:"memory" default:"16MiB" doc:"Memory allocated."`
}

// Egress says where requests may be sent.
type Egress struct {
	Allow    []string `yaml:"allow" doc:"Further origins, such as https://host:8443; * allows any."`
	Metadata string   `yaml:"metadata" default:"deny" values:"deny allow" doc:"Whether link-local addresses may be connected to, among them the cloud's metadata service."`
}

// Duration is a time such as 240s, 1m30s or 500ms.
type Duration time.Duration

// Size is a number of bytes such as 512KiB or 32MiB.
type Size int64

// Count is a number such as 10M or 500k.
type Count int64

// Default is what holds without a file.
func Default() *Settings {
	s := new(Settings)
	d := decoder{}
	d.fill(s)
	return s
}

// Parse reads spillway.yaml. A nil file gives the defaults. Problems hold no
// values of the file, and show a text in which those that may be secrets are
// covered.
func Parse(f *source.File) (*Settings, source.Problems) {
	s := Default()
	if f == nil || blank(f.Text()) {
		return s, nil
	}
	root, found := tree.ParseYAML(f)
	problems := source.Problems(found)
	if root == nil {
		s.unreadable = true
		return s, shownIn(tree.MaskedWords(f, words()), problems)
	}
	s.file, s.root = tree.Masked(f, root, sensitive(root)), root
	if len(problems) > 0 {
		// What stands under a key that occurs twice is no part of the tree.
		s.file = tree.MaskedWords(f, words())
	}
	d := decoder{file: f}
	d.decode(root, s)
	d.cross(s)
	return s, shownIn(s.file, append(problems, d.problems...)).Sort()
}

// sensitive are the keys under which secrets may stand: value, and what somebody
// wrote in its place, misspelled or with the key left out.
func sensitive(root *tree.Node) []string {
	keys := []string{"value"}
	for _, section := range [][]string{{"namedValues"}, {"subscriptions"}, {"azure", "tokens"}, {"certificates"}} {
		n := root.Find(section...)
		if n == nil {
			continue
		}
		if n.Kind != tree.Object {
			keys = append(keys, section[len(section)-1])
		}
		for _, entry := range n.Members {
			if entry.Value.Kind != tree.Object {
				keys = append(keys, entry.Key)
			}
			for _, m := range entry.Value.Members {
				if m.Key != "region" && m.Key != "env" && m.Key != "file" && m.Key != "keyFile" {
					keys = append(keys, m.Key)
				}
			}
		}
	}
	return keys
}

// shownIn lets problems draw their lines from a text without secrets.
func shownIn(f *source.File, problems source.Problems) source.Problems {
	for _, p := range problems {
		p.File = f
	}
	return problems
}

// blank reports whether a text holds nothing but comments.
func blank(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff")); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

// APISettings are those of an API, the defaults for one that has none.
func (s *Settings) APISettings(name string) API {
	if a, ok := s.APIs[name]; ok {
		return a
	}
	var a API
	(&decoder{}).fill(&a)
	return a
}

// Unreadable reports whether the file is no YAML at all, so that nobody knows what
// it says.
func (s *Settings) Unreadable() bool { return s.unreadable }

// Gives reports whether the file says where the value of a named value comes from.
func (s *Settings) Gives(displayName string) bool {
	for name := range s.NamedValues {
		if strings.EqualFold(name, displayName) {
			return true
		}
	}
	return false
}

// Problem is a problem at a value of the file, found by the keys that lead to
// it; at the file as a whole where there is no such value.
func (s *Settings) Problem(code, message string, path ...string) *source.Problem {
	p := &source.Problem{File: s.file, Code: code, Message: message}
	if s.root == nil {
		return p
	}
	if n := s.root.Find(path...); n != nil {
		p.Span = n.Span
	}
	return p
}
