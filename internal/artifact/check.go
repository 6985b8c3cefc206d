package artifact

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
)

// check looks at what no single file can say: references, names that may occur
// only once, and what APIM refuses when a resource is put.
func (l *loader) check(s *apim.Service) {
	l.checkContents(&s.Contents, "")
	for _, g := range s.Gateways {
		l.checkLinks(g.APIs, "API", apis, "", func(name string) bool { return s.API(name) != nil })
	}
	for _, w := range s.Workspaces {
		l.checkContents(&w.Contents, path.Join(workspaces.folder, w.Name))
	}
	l.checkPaths(s)
	l.checkSubscriptions(s)
}

func (l *loader) checkContents(c *apim.Contents, dir string) {
	l.checkNamedValues(c)
	for _, b := range c.Backends {
		l.checkBackend(c, b, dir)
	}
	for _, a := range c.APIs {
		l.checkAPI(c, a, dir)
	}
	for _, p := range c.Products {
		l.checkLinks(p.APIs, "API", apis, dir, func(name string) bool { return c.API(apim.RootName(name)) != nil })
		l.checkOptionalLinks(p.Groups, "group", func(name string) bool { return isSystemGroup(name) || c.Group(name) != nil })
		l.checkOptionalLinks(p.Tags, "tag", func(name string) bool { return c.Tag(name) != nil })
	}
	for _, t := range c.Tags {
		l.checkLinks(t.APIs, "API", apis, dir, func(name string) bool { return c.API(name) != nil })
		l.checkLinks(t.Products, "product", products, dir, func(name string) bool { return c.Product(name) != nil })
	}
	for _, d := range c.Diagnostics {
		l.checkDiagnostic(c, d)
	}
	for _, v := range c.VersionSets {
		switch {
		case v.Scheme == "":
			l.report(v.Origin, "missing-property", "a version set needs a versioningScheme")
		case v.Scheme == apim.VersionInHeader && v.HeaderName == "":
			l.report(v.Origin, "missing-property", "a version set by header needs a versionHeaderName")
		case v.Scheme == apim.VersionInQuery && v.QueryName == "":
			l.report(v.Origin, "missing-property", "a version set by query needs a versionQueryName")
		}
	}
}

// isSystemGroup says whether a group is one that APIM makes by itself and
// APIOps does not extract.
func isSystemGroup(name string) bool {
	return slices.Contains([]string{"administrators", "developers", "guests"}, strings.ToLower(name))
}

// checkLinks reports links that lead nowhere.
func (l *loader) checkLinks(links []apim.Link, what string, c collection, dir string, exists func(string) bool) {
	for _, x := range links {
		if !exists(x.Target) && !l.broken[path.Join(dir, c.folder, x.Target)] {
			l.report(x.Origin, "missing-"+strings.ToLower(what), "there is no %s %q", what, x.Target)
		}
	}
}

// checkOptionalLinks is for what takes no part in serving: a folder that was
// extracted in part must run.
func (l *loader) checkOptionalLinks(links []apim.Link, what string, exists func(string) bool) {
	for _, x := range links {
		if !exists(x.Target) {
			l.warn(x.Origin, "missing-"+what, "there is no %s %q", what, x.Target)
		}
	}
}

// Locate is the place of a property of a resource in its file, for whoever
// finds something wrong with its value: the value at the path, or what holds
// it where the path ends early.
func Locate(r *apim.Resource, steps ...string) apim.Origin {
	at := r.Origin
	if at.File != nil {
		at.Span = tree.Locate(at.File, append([]string{"properties"}, steps...)...)
	}
	return at
}

var displayName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,256}$`)

func (l *loader) checkNamedValues(c *apim.Contents) {
	seen := map[string]*apim.NamedValue{}
	for _, n := range c.NamedValues {
		key := strings.ToLower(n.DisplayName)
		switch other := seen[key]; {
		case n.DisplayName == "":
			l.report(n.Origin, "missing-property", "a named value needs a displayName: policies refer to it by that")
		case !displayName.MatchString(n.DisplayName):
			l.report(Locate(&n.Resource, "displayName"), "wrong-value", "displayName %q may hold letters, digits, '.', '-' and '_' only", n.DisplayName)
		case other != nil:
			l.report(Locate(&n.Resource, "displayName"), "duplicate-name", "named values %q and %q have the same displayName", other.Name, n.Name)
		default:
			seen[key] = n
		}
	}
}

// maxMembers is how many members a pool may have.
const maxMembers = 30

func (l *loader) checkBackend(c *apim.Contents, b *apim.Backend, dir string) {
	if b.IsPool() {
		l.checkPool(c, b, dir)
	} else {
		l.checkURL(b)
	}
	if b.CircuitBreaker == nil {
		return
	}
	if b.IsPool() {
		l.report(Locate(&b.Resource, "circuitBreaker"), "wrong-value", "a pool has no circuit breaker of its own; its members have")
	}
	if len(b.CircuitBreaker.Rules) > 1 {
		l.report(Locate(&b.Resource, "circuitBreaker", "rules", "1"), "wrong-value", "a circuit breaker has one rule; APIM accepts no second one")
	}
	for i, rule := range b.CircuitBreaker.Rules {
		l.checkRule(b, i, rule)
	}
}

func (l *loader) checkURL(b *apim.Backend) {
	at := Locate(&b.Resource, "url")
	fabric := strings.Contains(string(b.Properties), `"serviceFabricCluster"`)
	u, err := url.Parse(b.URL)
	switch {
	case b.URL == "" && fabric:
	case b.URL == "":
		l.report(at, "missing-property", "a backend needs a url")
	case strings.Contains(b.URL, "{{") || fabric:
	case err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "ws", "wss"}, strings.ToLower(u.Scheme)):
		l.report(at, "wrong-value", "url %q must be an absolute URL of http or https", b.URL)
	}
}

func (l *loader) checkPool(c *apim.Contents, b *apim.Backend, dir string) {
	if b.Pool == nil || len(b.Pool.Services) == 0 {
		l.report(Locate(&b.Resource, "pool", "services"), "missing-property", "a pool needs members, in pool.services")
		return
	}
	if len(b.Pool.Services) > maxMembers {
		l.report(Locate(&b.Resource, "pool", "services"), "wrong-value", "a pool has at most %d members, not %d", maxMembers, len(b.Pool.Services))
	}
	seen := map[string]bool{}
	for i, m := range b.Pool.Services {
		index := fmt.Sprint(i)
		at := Locate(&b.Resource, "pool", "services", index, "id")
		name := strings.ToLower(apim.Tail(m.ID))
		switch member := c.Backend(m.ID); {
		case m.ID == "":
			l.report(at, "missing-property", "a member of a pool needs an id")
		case member == nil && !l.broken[path.Join(dir, backends.folder, apim.Tail(m.ID))]:
			var names []string
			for _, x := range c.Backends {
				names = append(names, x.Name)
			}
			l.report(at, "missing-backend", "there is no backend %q", apim.Tail(m.ID)).Hint = suggestion(apim.Tail(m.ID), names)
		case member != nil && member.IsPool():
			l.report(at, "wrong-value", "%q is a pool itself; pools cannot hold pools", member.Name)
		case seen[name]:
			l.report(at, "duplicate-name", "%q is a member of the pool twice", apim.Tail(m.ID))
		}
		seen[name] = true
		for key, value := range map[string]*int{"priority": m.Priority, "weight": m.Weight} {
			if value != nil && (*value < 0 || *value > 100) {
				l.report(Locate(&b.Resource, "pool", "services", index, key), "wrong-value", "%s must be 0 to 100, not %d", key, *value)
			}
		}
	}
	if s := b.Pool.SessionAffinity; s != nil && s.SessionID.Name == "" {
		l.report(Locate(&b.Resource, "pool", "sessionAffinity", "sessionId"), "missing-property", "session affinity needs the name of its cookie, in sessionId.name")
	}
}

// maxConditions is how many ranges of statuses, and how many reasons, a rule may
// have.
const maxConditions = 10

func (l *loader) checkRule(b *apim.Backend, i int, rule apim.BreakerRule) {
	at := func(steps ...string) apim.Origin {
		return Locate(&b.Resource, append([]string{"circuitBreaker", "rules", fmt.Sprint(i)}, steps...)...)
	}
	condition := rule.FailureCondition
	switch {
	case condition.Count == 0 && condition.Percentage == 0:
		l.report(at("failureCondition"), "missing-property", "a rule needs a count or a percentage of failures")
	case condition.Count != 0 && condition.Percentage != 0:
		l.report(at("failureCondition", "percentage"), "wrong-value", "a rule has a count or a percentage, not both")
	case condition.Count < 0:
		l.report(at("failureCondition", "count"), "wrong-value", "count must be 1 or more, not %d", condition.Count)
	case condition.Percentage < 0 || condition.Percentage > 100:
		l.report(at("failureCondition", "percentage"), "wrong-value", "percentage must be 1 to 100, not %d", condition.Percentage)
	}
	if condition.Interval.Duration <= 0 {
		l.report(at("failureCondition", "interval"), "wrong-value", "interval must be a duration longer than zero, such as PT1M")
	}
	if rule.TripDuration.Duration <= 0 {
		l.report(at("tripDuration"), "wrong-value", "tripDuration must be a duration longer than zero, such as PT1M")
	}
	if len(condition.StatusCodeRanges) == 0 && len(condition.ErrorReasons) == 0 {
		l.report(at("failureCondition"), "missing-property", "a rule needs statusCodeRanges or errorReasons: nothing is a failure otherwise")
	}
	for key, n := range map[string]int{"statusCodeRanges": len(condition.StatusCodeRanges), "errorReasons": len(condition.ErrorReasons)} {
		if n > maxConditions {
			l.report(at("failureCondition", key), "wrong-value", "a rule has at most %d %s, not %d", maxConditions, key, n)
		}
	}
	for j, r := range condition.StatusCodeRanges {
		if r.Min < 200 || r.Max > 599 || r.Min > r.Max {
			l.report(at("failureCondition", "statusCodeRanges", fmt.Sprint(j)), "wrong-value", "a range of statuses must lie in 200 to 599, min first; this is %d to %d", r.Min, r.Max)
		}
		if r.Min <= 400 && r.Max >= 400 {
			l.warn(at("failureCondition", "statusCodeRanges", fmt.Sprint(j)), "trips-on-callers", "a status of 400 is a caller's fault, a prompt that the content filter refuses among them: one caller can open the breaker for all").Hint = "429 and 500 to 599 are the backend's own failures"
		}
	}
}

func (l *loader) checkAPI(c *apim.Contents, a *apim.API, dir string) {
	if len(a.Path) > 400 {
		l.report(Locate(&a.Resource, "path"), "wrong-value", "path is longer than 400 characters")
	}
	if a.ServiceURL != "" && hasMember(a.Properties, a.Overrides, "serviceUrl") && !strings.Contains(a.ServiceURL, "{{") {
		if u, err := url.Parse(a.ServiceURL); err != nil || u.Host == "" || u.Scheme == "" {
			l.report(Locate(&a.Resource, "serviceUrl"), "wrong-value", "serviceUrl %q must be an absolute URL", a.ServiceURL)
		}
	}
	if a.VersionSetID != "" && c.VersionSet(a.VersionSetID) == nil && !l.broken[path.Join(dir, versionSets.folder, apim.Tail(a.VersionSetID))] {
		l.report(Locate(&a.Resource, "apiVersionSetId"), "missing-version-set", "there is no version set %q", apim.Tail(a.VersionSetID))
	}
	for _, d := range a.Diagnostics {
		l.checkDiagnostic(c, d)
	}
	for _, r := range a.Releases {
		if r.APIID != "" && c.API(r.APIID) == nil {
			l.warn(Locate(&r.Resource, "apiId"), "missing-api", "there is no API %q", apim.Tail(r.APIID))
		}
	}
	l.checkOptionalLinks(a.Tags, "tag", func(name string) bool { return c.Tag(name) != nil })
	if len(a.Operations) == 0 && a.Type == apim.HTTPAPI && !l.broken[path.Join(dir, apis.folder, a.Name)] {
		l.warn(Locate(&a.Resource, "path"), "no-operations", "the API has no operations, and nothing can be called")
	}
	seen := map[string]*apim.Operation{}
	for _, o := range a.Operations {
		if !l.checkOperation(o) {
			continue
		}
		key := o.Method + " " + Equivalent(o.URLTemplate)
		if other := seen[key]; other != nil {
			l.report(operationPlace(o), "duplicate-operation", "operations %q and %q match the same requests: %s %s", other.Name, o.Name, o.Method, o.URLTemplate)
			continue
		}
		seen[key] = o
	}
}

// operationPlace is where an operation's template stands.
func operationPlace(o *apim.Operation) apim.Origin {
	if o.Properties == nil {
		return o.Origin // imported: its method in the specification
	}
	return Locate(&o.Resource, "urlTemplate")
}

var method = regexp.MustCompile(`^[A-Z0-9!#$%&'*+.^_|~-]+$`)

// checkOperation reports whether the operation can be matched at all.
func (l *loader) checkOperation(o *apim.Operation) bool {
	switch {
	case o.Method == "":
		l.report(o.Origin, "missing-property", "an operation needs a method")
		return false
	case !method.MatchString(o.Method):
		l.report(Locate(&o.Resource, "method"), "wrong-value", "%q is no method of HTTP", o.Method)
		return false
	case o.Properties != nil && !strings.Contains(string(o.Properties), `"urlTemplate"`):
		l.report(o.Origin, "missing-property", "an operation needs a urlTemplate")
		return false
	}
	if fault := templateFault(o.URLTemplate); fault != "" {
		l.report(operationPlace(o), "wrong-value", "urlTemplate %q: %s", o.URLTemplate, fault)
		return false
	}
	return true
}

// templateFault says what is wrong with a URL template; empty if nothing is.
func templateFault(template string) string {
	path, _, _ := strings.Cut(template, "?")
	if path != "" && path[0] != '/' && path[0] != '*' {
		return "it must begin with a slash"
	}
	seen := map[string]bool{}
	for rest := template; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			break
		}
		if rest[i] == '}' {
			return "a closing brace has no opening one"
		}
		end := strings.IndexAny(rest[i+1:], "{}")
		if end < 0 || rest[i+1+end] == '{' {
			return "an opening brace is not closed"
		}
		name := strings.ToLower(strings.TrimPrefix(rest[i+1:i+1+end], "*"))
		switch {
		case name == "":
			return "a parameter has no name"
		case seen[name]:
			return fmt.Sprintf("parameter %q occurs twice", name)
		}
		seen[name] = true
		rest = rest[i+end+2:]
	}
	return ""
}

var parameterName = regexp.MustCompile(`\{(\*?)[^{}]*\}`)

// Equivalent is a URL template with what plays no part in matching taken out:
// the names of its parameters, the case of its literals, the order of its
// query, a slash at its end. Two operations of one method with equal results
// match the same requests, and APIM refuses the second.
func Equivalent(template string) string {
	path, query, hasQuery := strings.Cut(parameterName.ReplaceAllString(strings.ToLower(template), "{$1}"), "?")
	path = strings.TrimRight(path, "/")
	if !hasQuery {
		return path
	}
	parts := strings.Split(query, "&")
	sort.Strings(parts)
	return path + "?" + strings.Join(parts, "&")
}

// maxLoggedBody is how many bytes of a body a diagnostic may log.
const maxLoggedBody = 8192

func (l *loader) checkDiagnostic(c *apim.Contents, d *apim.Diagnostic) {
	if d.LoggerID != "" && c.Logger(d.LoggerID) == nil {
		l.warn(Locate(&d.Resource, "loggerId"), "missing-logger", "there is no logger %q", apim.Tail(d.LoggerID))
	}
	oneOf := func(value string, values []string, steps ...string) {
		if value != "" && !slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, value) }) {
			l.report(Locate(&d.Resource, steps...), "wrong-value", "%s must be %s, not %q", steps[len(steps)-1], tree.Choices(values), value)
		}
	}
	oneOf(d.AlwaysLog, []string{"allErrors"}, "alwaysLog")
	oneOf(d.OperationNameFormat, []string{"Name", "Url"}, "operationNameFormat")
	if s := d.Sampling; s != nil {
		oneOf(s.Type, []string{"fixed"}, "sampling", "samplingType")
		if s.Percentage < 0 || s.Percentage > 100 {
			l.report(Locate(&d.Resource, "sampling", "percentage"), "wrong-value", "percentage must be 0 to 100, not %v", s.Percentage)
		}
	}
	for side, both := range map[string]*apim.PipelineLogging{"frontend": d.Frontend, "backend": d.Backend} {
		if both == nil {
			continue
		}
		for way, m := range map[string]*apim.MessageLogging{"request": both.Request, "response": both.Response} {
			if m == nil {
				continue
			}
			if m.Body != nil && (m.Body.Bytes < 0 || m.Body.Bytes > maxLoggedBody) {
				l.report(Locate(&d.Resource, side, way, "body", "bytes"), "wrong-value", "bytes must be 0 to %d, not %d", maxLoggedBody, m.Body.Bytes)
			}
			if m.Body != nil && m.Body.Bytes > 0 && way == "response" && strings.EqualFold(d.Name, "azuremonitor") {
				l.warn(Locate(&d.Resource, side, way, "body", "bytes"), "logs-bodies", "Azure Monitor logs bodies of answers: on Azure, streams can then fail with 500").Hint = "Spillway logs no bodies, and its streams flow; for Azure, let the APIs that stream have a diagnostic of their own with 0 bytes"
			}
			if m.DataMasking == nil {
				continue
			}
			for where, masks := range map[string][]apim.Mask{"headers": m.DataMasking.Headers, "queryParams": m.DataMasking.QueryParams} {
				for i, mask := range masks {
					oneOf(mask.Mode, []string{"Mask", "Hide"}, side, way, "dataMasking", where, fmt.Sprint(i), "mode")
				}
			}
		}
	}
}

// checkPaths finds current APIs that would answer under the same URL.
func (l *loader) checkPaths(s *apim.Service) {
	seen := map[string]*apim.API{}
	for _, c := range allContents(s) {
		for _, a := range c.APIs {
			if !a.IsCurrent {
				continue
			}
			key := strings.ToLower(c.PublicPath(a))
			if set := c.VersionSetOf(a); set != nil && set.Scheme != apim.VersionInSegment {
				key += "\x00" + strings.ToLower(set.Name+"\x00"+a.Version)
			}
			if other := seen[key]; other != nil {
				l.report(Locate(&a.Resource, "path"), "duplicate-path", "APIs %q and %q have the same path %q", other.Name, a.Name, c.PublicPath(a))
				continue
			}
			seen[key] = a
		}
	}
}

func allContents(s *apim.Service) []*apim.Contents {
	all := []*apim.Contents{&s.Contents}
	for _, w := range s.Workspaces {
		all = append(all, &w.Contents)
	}
	return all
}

// checkSubscriptions follows the scopes and finds keys that open two things.
func (l *loader) checkSubscriptions(s *apim.Service) {
	owners := map[string]string{}
	for _, c := range allContents(s) {
		for _, x := range c.Subscriptions {
			for property, key := range map[string]string{"primaryKey": x.PrimaryKey, "secondaryKey": x.SecondaryKey} {
				if other, taken := owners[key]; key != "" && taken && other != x.Name {
					l.report(Locate(&x.Resource, property), "duplicate-key", "subscriptions %q and %q have the same key", other, x.Name)
				} else if key != "" {
					owners[key] = x.Name
				}
			}
		}
	}
	for _, x := range s.Subscriptions {
		l.checkScope(s, &s.Contents, "", x)
	}
	for _, w := range s.Workspaces {
		for _, x := range w.Subscriptions {
			l.checkScope(s, &w.Contents, w.Name, x)
		}
	}
}

func (l *loader) checkScope(s *apim.Service, c *apim.Contents, workspace string, x *apim.Subscription) {
	at := Locate(&x.Resource, "scope")
	if x.Scope == "" && !hasMember(x.Properties, x.Overrides, "scope") {
		l.report(x.Origin, "missing-property", "a subscription needs a scope").Hint = `"/apis" is all APIs, "/apis/NAME" one, "/products/NAME" those of a product`
		return
	}
	scope, name, inWorkspace := apim.ParseSubscriptionScope(x.Scope)
	dir := ""
	if inWorkspace != "" && !strings.EqualFold(inWorkspace, workspace) {
		w := s.Workspace(inWorkspace)
		if w == nil {
			l.report(at, "missing-workspace", "there is no workspace %q", inWorkspace)
			return
		}
		c, workspace = &w.Contents, w.Name
	}
	if workspace != "" {
		dir = path.Join(workspaces.folder, workspace)
	}
	switch {
	case scope == apim.ScopeInvalid:
		l.report(at, "wrong-value", "scope %q is none of a product, an API, all APIs or the service", x.Scope).Hint = `write "/products/NAME", "/apis/NAME" or "/apis"`
	case scope == apim.ScopeOneAPI && c.API(apim.RootName(name)) == nil && !l.broken[path.Join(dir, apis.folder, name)]:
		l.report(at, "missing-api", "there is no API %q", name)
	case scope == apim.ScopeOneProduct && c.Product(name) == nil && !l.broken[path.Join(dir, products.folder, name)]:
		l.report(at, "missing-product", "there is no product %q", name)
	}
}
