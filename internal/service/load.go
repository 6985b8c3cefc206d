// Package service turns a service folder into a compiled service: it reads the
// folder and spillway.yaml, gives named values and subscriptions what the
// folder does not hold, and compiles the whole. serve, check and scenarios all
// load through it, so that they cannot disagree.
package service

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/source"
)

// World is what loading a folder takes from outside of it.
type World struct {
	Env func(name string) (string, bool)
	// File reads a file that the settings name.
	File func(name string) ([]byte, error)
	// Region gives the base URL and keys of a simulated region.
	Region func(name string) (endpoint string, keys []string, ok bool)
	// Vault reads secrets of Key Vaults that named values refer to, each with its
	// value or why there is none, with the identity that a folder's settings and
	// tokens describe; nil reads none.
	Vault func(a settings.Azure, tokens map[string]string, refs []apim.KeyVaultSecret) ([]string, []error)
	// StandIns says that values, files and the environment are stand-ins: what a
	// certificate is, for one, is then not looked at.
	StandIns bool
	// Random fills b; it makes keys of subscriptions that have none.
	Random func(b []byte)
	// Keys holds the keys made at random, by subscription, so that a reload
	// keeps them. It may be nil.
	Keys map[string]string
	// Configuration is a publisher's override file, or nil.
	Configuration *source.File
	// Secret, which nobody outside of the process knows, makes generations of one
	// folder with other values from outside of it other ones: a rotated key is
	// none of the folder. Without it a generation names the folder alone.
	Secret []byte
}

// Loaded is a folder, read and compiled.
type Loaded struct {
	Folder   *artifact.Folder
	Settings *settings.Settings
	// Service is nil when there were errors.
	Service *gateway.Service
	// Secrets are those that were set through the management API.
	Secrets *store.Secrets
	// Tokens are those that spillway.yaml gives instead of asking Azure, by
	// resource.
	Tokens map[string]string
	// Made are the subscriptions whose key was made at random.
	Made []string
}

// Load reads and compiles a service folder. All problems of all its files are
// reported together. With spillway.yaml's strict, warnings are errors.
func Load(fsys fs.FS, name string, w World, o gateway.Settings) (*Loaded, source.Problems) {
	folder, problems := artifact.Load(fsys, artifact.Options{Name: name, Configuration: w.Configuration, Token: w.Env})
	set, found := settings.Parse(folder.Settings)
	problems = append(problems, found...)
	// What a broken spillway.yaml gives is not looked at: one problem is enough.
	w.StandIns = w.StandIns || found.HasErrors()
	l := &Loaded{Folder: folder, Settings: set}
	secrets, err := store.ReadSecrets(fsys)
	if err != nil {
		problems = append(problems, &source.Problem{Code: "secrets", Message: err.Error()})
	}
	l.Secrets = secrets
	secrets.Supply(folder.Service)
	l.Tokens, found = set.Tokens(settings.World{Env: w.Env, File: w.File, Region: w.Region})
	problems = append(problems, found...)
	problems = append(problems, l.vault(w)...)
	problems = append(problems, l.values(w)...)
	problems = append(problems, l.circles()...)
	o = withSettings(o, set)
	o.Generation = l.generation(w.Secret)
	problems = append(problems, l.certificates(w, &o)...)
	service, found := gateway.Compile(folder.Service, o)
	problems = append(problems, found...)
	problems = append(problems, l.references()...)
	if !problems.HasErrors() {
		problems = append(problems, l.keptKeys(service)...)
		problems = append(problems, l.withoutOthers(service)...)
	}
	if set.Strict {
		for _, p := range problems {
			p.Severity = source.Error
		}
	}
	problems = problems.Sort()
	if !problems.HasErrors() {
		l.Service = service
	}
	return l, problems
}

// generation names what was loaded: the folder, and behind a hyphen the values
// that came from outside of it.
func (l *Loaded) generation(secret []byte) string {
	name := l.Folder.Generation()
	if secret == nil {
		return name
	}
	h := hmac.New(sha256.New, secret)
	supplied := false
	add := func(texts ...string) {
		supplied = true
		for _, t := range texts {
			_, _ = fmt.Fprintf(h, "%d:%s", len(t), t)
		}
	}
	svc := l.Folder.Service
	contents := []*apim.Contents{&svc.Contents}
	for _, w := range svc.Workspaces {
		contents = append(contents, &w.Contents)
	}
	for i, c := range contents {
		for _, n := range c.NamedValues {
			if n.Supplied {
				add(fmt.Sprint(i), n.Name, n.Value)
			}
		}
		for _, s := range c.Subscriptions {
			if s.KeysSupplied {
				add(fmt.Sprint(i), s.Name, s.PrimaryKey, s.SecondaryKey)
			}
		}
	}
	if !supplied {
		return name
	}
	return name + "-" + hex.EncodeToString(h.Sum(nil)[:3])
}

// withSettings puts what spillway.yaml says into the options of compilation.
func withSettings(o gateway.Settings, s *settings.Settings) gateway.Settings {
	o.EnforceProtocols = s.EnforceProtocols
	o.BearerKeys, o.APIs = map[string]bool{}, map[string]gateway.APISettings{}
	for name, a := range s.APIs {
		key := strings.ToLower(apim.RootName(name))
		o.BearerKeys[key] = a.BearerKey
		o.APIs[key] = gateway.APISettings{
			FirstByteTimeout: time.Duration(a.FirstByteTimeout), IdleTimeout: time.Duration(a.IdleTimeout), SkipPeek: !a.PeekFirstByte, HoldBack: a.HoldBack,
			FirstTokenTimeout: time.Duration(a.FirstTokenTimeout),
			Resume:            resumeSettings(a.Resume),
			Hedge:             gateway.HedgeSettings{Budget: float64(a.Hedge.Budget) / 100, After: time.Duration(a.Hedge.After), Unless: a.Hedge.Unless},
		}
	}
	o.Pools = map[string]backend.Options{}
	for name, p := range s.Pools {
		o.Pools[strings.ToLower(name)] = poolOptions(p)
	}
	o.MaxRetryAfter = time.Duration(s.Limits.RetryAfter)
	for _, origin := range s.Egress.Allow {
		if origin == "*" {
			o.EgressAny = true
		} else {
			o.EgressAllow = append(o.EgressAllow, origin)
		}
	}
	o.Policies.MaxDocument = int(s.Limits.Document)
	o.Policies.ReplayBody = int64(s.Limits.ReplayBody)
	o.Policies.Limits = expr.Limits{
		Steps: int64(s.Limits.Expression.Steps), Memory: int64(s.Limits.Expression.Memory), Deadline: time.Duration(s.Limits.Expression.Deadline),
	}
	return o
}

// resumeSettings are those of an API whose streams may be taken up.
func resumeSettings(r settings.Resume) gateway.ResumeSettings {
	if r.Mode == "none" {
		return gateway.ResumeSettings{}
	}
	return gateway.ResumeSettings{Attempts: r.Attempts, Continue: r.Mode == "continue", Instruction: r.Instruction}
}

// poolOptions are the settings of a pool in the words of those that choose.
func poolOptions(p settings.Pool) backend.Options {
	statuses, failures, _ := p.Attempts.Outcomes() // a wrong word is a problem that Parse has told of
	members := map[string]backend.MemberOptions{}
	for name, m := range p.Members {
		members[strings.ToLower(name)] = backend.MemberOptions{TokensPerMinute: m.TokensPerMinute, RequestsPerMinute: m.RequestsPerMinute, PaidFor: m.PaidFor}
	}
	return backend.Options{
		Strategy: p.Strategy, Members: members, Queue: time.Duration(p.Queue), FairShares: p.FairShares, FirstByteTimeout: time.Duration(p.FirstByteTimeout),
		Attempts: backend.Attempts{
			Count: p.Attempts.Count, Timeout: time.Duration(p.Attempts.Timeout), Total: time.Duration(p.Attempts.Total),
			Statuses: statuses, Failures: failures, Budget: float64(p.Attempts.Budget) / 100,
		},
	}
}

// VaultSecrets are the references into Key Vaults whose values are wanted: all
// but those of named values that spillway.yaml has a value for.
func (l *Loaded) VaultSecrets() []apim.KeyVaultSecret {
	var refs []apim.KeyVaultSecret
	for n := range l.vaultValues() {
		if !slices.Contains(refs, *n.KeyVault) {
			refs = append(refs, *n.KeyVault)
		}
	}
	return refs
}

func (l *Loaded) vaultValues() iter.Seq[*apim.NamedValue] {
	return func(yield func(*apim.NamedValue) bool) {
		svc := l.Folder.Service
		given := func(c *apim.Contents, n *apim.NamedValue) bool {
			if c != &svc.Contents {
				return false
			}
			for name := range l.Settings.NamedValues {
				if svc.NamedValue(name) == n {
					return true
				}
			}
			return false
		}
		all := []*apim.Contents{&svc.Contents}
		for _, w := range svc.Workspaces {
			all = append(all, &w.Contents)
		}
		for _, c := range all {
			for _, n := range c.NamedValues {
				if n.KeyVault != nil && n.KeyVault.SecretIdentifier != "" && !given(c, n) && !yield(n) {
					return
				}
			}
		}
	}
}

// vault gives named values their secrets. One that cannot be read is a warning:
// whether anything needs it is seen where it is used.
func (l *Loaded) vault(w World) source.Problems {
	if w.Vault == nil {
		return nil
	}
	refs := l.VaultSecrets()
	if len(refs) == 0 {
		return nil
	}
	values, errs := w.Vault(l.Settings.Azure, l.Tokens, refs)
	var problems source.Problems
	for n := range l.vaultValues() {
		i := slices.Index(refs, *n.KeyVault)
		if errs[i] == nil {
			n.Value, n.HasValue, n.Supplied, n.StandIn = values[i], true, true, w.StandIns
			continue
		}
		p := &source.Problem{
			File: n.Origin.File, Span: n.Origin.Span, Severity: source.Warning, Code: "key-vault",
			Message: "the secret of named value " + n.DisplayName + " cannot be read from its Key Vault: " + errs[i].Error(),
		}
		problems = append(problems, p.WithHint("the identity needs the role Key Vault Secrets User; spillway.yaml, namedValues, can give a value instead"))
	}
	return problems
}

// values gives named values and subscriptions what spillway.yaml holds for
// them. It ranks above the folder and above what was set by hand.
func (l *Loaded) values(w World) source.Problems {
	values, keys, problems := l.Settings.Resolve(settings.World{Env: w.Env, File: w.File, Region: w.Region})
	svc := l.Folder.Service
	for name, v := range values {
		n := svc.NamedValue(name)
		if n == nil {
			var known []string
			for _, n := range svc.NamedValues {
				known = append(known, n.DisplayName)
			}
			p := l.Settings.Problem("unknown-named-value", "the service has no named value with the display name "+name, "namedValues", name)
			if near := source.Nearest(name, known); near != "" {
				p = p.WithHint("did you mean %s?", near)
			}
			problems = append(problems, p)
			continue
		}
		n.Value, n.HasValue, n.Supplied = v, true, true
		from := l.Settings.NamedValues[name]
		n.StandIn = w.StandIns && (from.Env != "" || from.File != "")
	}
	// What could not be had has been told of where it was to come from; where it is
	// used it would be told of again. Nothing is served of all this.
	for _, n := range svc.NamedValues {
		if !n.HasValue && (l.Settings.Unreadable() || l.Settings.Gives(n.DisplayName)) {
			n.Value, n.HasValue, n.Supplied, n.StandIn = "stand-in", true, true, true
		}
	}
	for name, k := range keys {
		s := svc.Subscription(name)
		if s == nil {
			problems = append(problems, l.Settings.Problem("unknown-subscription", "the service has no subscription "+name, "subscriptions", name))
			continue
		}
		s.PrimaryKey, s.KeysSupplied = k, true
	}
	for _, s := range svc.Subscriptions {
		if s.PrimaryKey != "" || s.SecondaryKey != "" || w.Random == nil {
			continue
		}
		if w.Keys[s.Name] == "" {
			key := make([]byte, 16)
			w.Random(key)
			if w.Keys != nil {
				w.Keys[s.Name] = hex.EncodeToString(key)
			}
			s.PrimaryKey = hex.EncodeToString(key)
		} else {
			s.PrimaryKey = w.Keys[s.Name]
		}
		s.KeysSupplied = true
		l.Made = append(l.Made, s.Name)
	}
	return problems
}

// FirstKey is a key that opens the service: that of an active subscription
// with the widest use for trying things out, and its name.
func (l *Loaded) FirstKey() (name, key string) {
	for _, s := range l.Folder.Service.Subscriptions {
		if s.State == apim.Active && s.PrimaryKey != "" {
			return s.Name, s.PrimaryKey
		}
	}
	return "", ""
}
