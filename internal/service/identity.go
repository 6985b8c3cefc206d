package service

import (
	"regexp"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/source"
)

// keyHeaders are the headers in which Azure OpenAI looks for a key. It judges a
// key before a token, so that a caller's key that travels on makes a good token
// a 401.
var keyHeaders = []string{"api-key", "Ocp-Apim-Subscription-Key"}

var (
	identityPolicy = regexp.MustCompile(`<authentication-managed-identity\b`)
	headerPolicy   = regexp.MustCompile(`(?i)<set-header\b[^>]*\bname="(api-key|Ocp-Apim-Subscription-Key)"`)
	sectionEnd     = regexp.MustCompile(`(?s)</inbound>.*`)
)

// keptKeys warns of APIs whose callers' keys travel to a backend that is sent a
// token of a managed identity.
func (l *Loaded) keptKeys(compiled *gateway.Service) source.Problems {
	svc := l.Folder.Service
	var problems source.Problems
	seen := map[*source.File]bool{}
	for _, a := range svc.APIs {
		header := keyHeader(a)
		if header == "" {
			continue
		}
		for _, o := range append([]*apim.Operation{nil}, a.Operations...) {
			file, span := l.identityPlace(a, o)
			if file == nil || seen[file] {
				continue
			}
			inbound := sectionEnd.ReplaceAllString(compiled.Policies().Pipeline(a, o, nil).Effective(), "")
			if !identityPolicy.MatchString(inbound) || removes(inbound, header) {
				continue
			}
			seen[file] = true
			p := &source.Problem{
				File: file, Span: span, Severity: source.Warning, Code: "key-kept",
				Message: "callers of API " + a.Name + " show their key in " + header + ", which travels to the backend: Azure OpenAI judges it before the token",
			}
			problems = append(problems, p.WithHint(`take it away: <set-header name="%s" exists-action="delete" />`, header))
		}
	}
	return problems
}

// keyHeader is the header of an API's keys, where Azure OpenAI would read it as
// one of its own; "" where it would not.
func keyHeader(a *apim.API) string {
	if !a.SubscriptionRequired {
		return ""
	}
	for _, h := range keyHeaders {
		if strings.EqualFold(a.KeyNames.Header, h) {
			return a.KeyNames.Header
		}
	}
	return ""
}

// removes reports whether a section sets or deletes a header.
func removes(section, header string) bool {
	for _, m := range headerPolicy.FindAllStringSubmatch(section, -1) {
		if strings.EqualFold(m[1], header) {
			return true
		}
	}
	return false
}

// identityPlace is where the policy stands, in the narrowest document that has
// it, those of products aside; nil when it stands nowhere.
func (l *Loaded) identityPlace(a *apim.API, o *apim.Operation) (*source.File, source.Span) {
	svc := l.Folder.Service
	documents := []*apim.Document{a.Policy, svc.Policy}
	if o != nil {
		documents = append([]*apim.Document{o.Policy}, documents...)
	}
	for _, f := range svc.Fragments {
		documents = append(documents, f.Document)
	}
	for _, d := range documents {
		if d == nil {
			continue
		}
		if at := identityPolicy.FindStringIndex(d.Text()); at != nil {
			return d.File, source.Span{Start: at[0] + 1, End: at[1]}
		}
	}
	return nil, source.Span{}
}
