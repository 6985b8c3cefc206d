package route

import (
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
)

// Explanation says why a request matched nothing, for its trace.
type Explanation struct {
	// API and Operation are the nearest ones; either may be nil.
	API       *apim.API
	Operation *apim.Operation
	// Reason is a sentence about what is different.
	Reason string
}

// Explain finds what a request that matched nothing came nearest to. It looks
// at every operation, so it is for requests that are traced.
func (t *Table) Explain(r *Request) Explanation {
	a, depth := t.findAPI(r)
	if a == nil {
		return t.explainAPI(r)
	}
	e := Explanation{API: a.API, Reason: fmt.Sprintf("API %q has no operations.", a.Name)}
	segments := r.Path.segments[depth:]
	best := -1
	for _, op := range a.all {
		score, reason := op.nearness(r, segments)
		if score > best {
			best, e.Operation, e.Reason = score, op.Operation, reason
		}
	}
	return e
}

// nearness is larger the less is missing; the reason words what is.
func (o *operation) nearness(r *Request, segments []segment) (int, string) {
	name := o.Method + " " + o.URLTemplate
	bare := operation{Operation: o.Operation, template: template{segments: o.template.segments}}
	_, samePath := bare.match(segments, r.Path.slash, "")
	sameMethod := strings.EqualFold(o.Method, r.Method)
	if samePath {
		if !sameMethod {
			return 1000 + o.literals(), fmt.Sprintf("The path matches operation %q, which is for another method than %s.", name, r.Method)
		}
		for _, q := range o.template.query {
			if v, ok := queryValue(r.Query, q.key); !ok {
				return 2000 + o.literals(), fmt.Sprintf("Operation %q requires the query parameter %q.", name, q.key)
			} else if q.name == "" && v != q.value {
				return 2000 + o.literals(), fmt.Sprintf("Operation %q requires the value %q of the query parameter %q.", name, q.value, q.key)
			}
		}
	}
	score := 0
	for _, s := range segments {
		for _, t := range o.template.segments {
			if t.class == literal && strings.EqualFold(t.text, s.value) {
				score += 10
				break
			}
		}
	}
	score -= min(9, abs(len(segments)-len(o.template.segments)))
	if sameMethod {
		score++
	}
	return max(score, 0), fmt.Sprintf("The path matches no operation; the nearest is %q.", name)
}

// literals counts the literal segments of the template: the more, the nearer.
func (o *operation) literals() int {
	n := 0
	for _, s := range o.template.segments {
		if s.class == literal {
			n++
		}
	}
	return n
}

func (t *Table) explainAPI(r *Request) Explanation {
	e := Explanation{Reason: "The service has no API."}
	best := -1
	for _, a := range t.apis {
		score := 0
		for i, s := range strings.Split(a.path, "/") {
			if i < len(r.Path.segments) {
				score += commonPrefix(s, lower(r.Path.segments[i].value))
			}
		}
		if score <= best {
			continue
		}
		best, e.API = score, a.API
		switch {
		case a.scheme == apim.VersionInHeader:
			e.Reason = fmt.Sprintf("No API has this path in this version; the nearest is %q at %q, version %q in the header %q.", a.Name, "/"+a.path, a.Version, a.key)
		case a.scheme == apim.VersionInQuery:
			e.Reason = fmt.Sprintf("No API has this path in this version; the nearest is %q at %q, version %q in the query parameter %q.", a.Name, "/"+a.path, a.Version, a.key)
		case !t.speaks(a, r):
			e.Reason = fmt.Sprintf("API %q at %q is not for %s.", a.Name, "/"+a.path, r.Scheme)
		default:
			e.Reason = fmt.Sprintf("No API has a path that this one begins with; the nearest is %q at %q.", a.Name, "/"+a.path)
		}
	}
	return e
}

func (t *Table) speaks(a *api, r *Request) bool {
	return !t.options.EnforceProtocols || a.speaks(r.Scheme)
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func abs(n int) int { return max(n, -n) }
