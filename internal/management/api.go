package management

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/openapi"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

func apis() *kind {
	return resources(kind{
		path: "apis", shown: "apis", what: "Api", revisions: true, provisioned: true,
		required: []string{"path"}, readOnly: []string{"isOnline"},
		filter: []string{"name", "displayName", "description", "serviceUrl", "path", "isCurrent", "apiRevision", "apiVersion"},
		show: func(c *call, p *place, e entry) *tree.Node {
			a := e.x.(*apim.API)
			n := without(project(p, a), "format", "value", "wsdlSelector")
			if a.Path == "" {
				n = with(n, "path", text("")) // the API at the root has an empty one
			}
			if set := p.contents.VersionSetOf(a); set != nil && strings.EqualFold(c.query.Get("expandApiVersionSet"), "true") {
				full := without(project(p, set), "displayName")
				full = with(with(full, "id", text(p.root+"/apiVersionSets/"+set.Name)), "name", text(set.DisplayName))
				n = with(n, "apiVersionSet", full)
			}
			return n
		},
		enter: func(p *place, e entry) { p.api = e.x.(*apim.API) },
		drop:  dropAPI,
		alias: func(p *place, name string) string {
			root, number, numbered := apim.SplitRevision(name)
			switch a := p.contents.API(name); {
			case a != nil:
				return a.Name
			case numbered && number == "1" && p.contents.API(root) == nil:
				return root // the first revision of an API that is to be made
			}
			return name
		},
	}, func(p *place) *[]*apim.API { return &p.contents.APIs }, checkAPI)
}

// checkAPI completes a new version of an API: what was below it stays, a copy
// gets what its source has, and a specification brings the operations.
func checkAPI(c *call, p *place, x, old *apim.API) error {
	if len(x.Path) > 400 {
		return arm.Invalid(arm.Detail{Target: "path", Message: "Property 'path' is longer than 400 characters."})
	}
	root, number, other := apim.SplitRevision(x.Name)
	if other {
		if err := checkRevision(p, x, root, number); err != nil {
			return err
		}
	}
	properties := parse(x.Properties)
	switch {
	case old != nil:
		x.Operations, x.Policy, x.Diagnostics, x.Releases, x.Tags, x.Specification = old.Operations, old.Policy, old.Diagnostics, old.Releases, old.Tags, old.Specification
		x.Schemas = old.Schemas
	case x.SourceAPIID != "":
		if err := copyAPI(p, x); err != nil {
			return err
		}
	}
	format, value := strings.ToLower(properties.Get("format").StringOr("")), properties.Get("value").StringOr("")
	x.Properties = without(properties, "format", "value", "wsdlSelector").JSON()
	if format == "" && value == "" {
		return nil
	}
	body, err := c.specification(format, value)
	if err != nil {
		return err
	}
	return importInto(x, body)
}

// checkRevision looks at a revision that is not the current one. What all
// revisions of an API share cannot be set on it.
func checkRevision(p *place, x *apim.API, root, number string) error {
	current := p.contents.API(root)
	if current == nil {
		return arm.NotFound("Api", root)
	}
	given := parse(x.Properties)
	differs := func(name, a, b string) bool { return given.Get(name) != nil && a != b }
	if differs("displayName", x.DisplayName, current.DisplayName) || differs("path", x.Path, current.Path) || differs("type", string(x.Type), string(current.Type)) ||
		differs("description", x.Description, current.Description) || differs("apiVersion", x.Version, current.Version) ||
		differs("apiVersionDescription", x.VersionDescription, current.VersionDescription) ||
		given.Get("subscriptionRequired") != nil && x.SubscriptionRequired != current.SubscriptionRequired ||
		given.Get("protocols") != nil && !slices.Equal(x.Protocols, current.Protocols) {
		return arm.Invalid(arm.Detail{Target: "apiRevision", Message: "Can't change property for non-current revision."})
	}
	x.IsCurrent, x.Revision = false, number
	x.Properties = with(with(without(given, "isCurrent"), "apiRevision", text(number)), "path", text(current.Path)).JSON()
	return nil
}

// copyAPI gives a new revision, or a new version, what its source has.
func copyAPI(p *place, x *apim.API) error {
	from := p.contents.API(x.SourceAPIID)
	if from == nil {
		return arm.Invalid(arm.Detail{Target: "sourceApiId", Message: "API '" + apim.Tail(x.SourceAPIID) + "' could not be found."})
	}
	x.Policy = from.Policy
	for _, d := range from.Diagnostics {
		c := *d
		c.Origin = apim.Origin{}
		x.Diagnostics = append(x.Diagnostics, &c)
	}
	for _, s := range from.Schemas {
		c := *s
		c.Origin = apim.Origin{}
		x.Schemas = append(x.Schemas, &c)
	}
	given := parse(x.Properties)
	if given.Get("serviceUrl") == nil {
		x.ServiceURL = from.ServiceURL
	}
	if given.Get("subscriptionKeyParameterNames") == nil {
		x.KeyNames = from.KeyNames
	}
	if given.Get("displayName") == nil {
		x.DisplayName = from.DisplayName
	}
	for _, o := range from.Operations {
		c := *o
		if c.Properties == nil {
			c.Properties = prune(typed(o)).JSON()
		}
		c.Origin, c.Tags, c.Policy = apim.Origin{}, slices.Clone(o.Tags), moved(o.Policy)
		x.Operations = append(x.Operations, &c)
	}
	return nil
}

// specification is the text of an OpenAPI document, given inline or by a link.
func (c *call) specification(format, value string) (string, error) {
	switch format {
	case "openapi", "openapi+json", "swagger-json":
	case "openapi-link", "openapi+json-link", "swagger-link-json", "swagger-link":
		return c.fetch(value)
	case "":
		return "", arm.Invalid(arm.Detail{Target: "format", Message: "Property 'format' must say what 'value' is."})
	default:
		return "", arm.Invalid(arm.Detail{Target: "format", Message: "The format '" + format + "' is not supported: APIs are imported from OpenAPI 3 (openapi, openapi+json) and OpenAPI 2 (swagger-json), inline or by link."})
	}
	if value == "" {
		return "", arm.Invalid(arm.Detail{Target: "value", Message: "Property 'value' is required."})
	}
	if len(value) > 4<<20 {
		return "", arm.Invalid(arm.Detail{Target: "value", Message: "A specification inline may have 4 MB; import a larger one by link."})
	}
	return value, nil
}

// importInto replaces an API's operations by those of a specification.
// Operations that it had keep their policies: by name, or, under a new name, by
// method and template.
func importInto(x *apim.API, body string) error {
	name := "specification.yaml"
	if strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(body, "\ufeff"), " \t\r\n"), "{") {
		name = "specification.json"
	}
	file := source.NewFile(name, body)
	imported, problems := openapi.Read(file, x.TranslateRequiredQueryParameters)
	if all := source.Problems(problems); imported == nil || all.HasErrors() {
		return explain(all)
	}
	url, err := imported.ServiceURL(x.ServiceURL)
	var refusal *openapi.ServiceURLError
	if errors.As(err, &refusal) {
		e := arm.Invalid(arm.Detail{Target: "serviceUrl", Message: refusal.Error() + "."})
		e.Info = told(source.Problems{refusal.Problem})
		return e
	}
	before := x.Operations
	x.Specification = &apim.Specification{File: file, Title: imported.Title}
	x.Operations = imported.Operations
	for _, o := range x.Operations {
		if was := formerly(before, o); was != nil {
			o.Policy, o.Tags = was.Policy, was.Tags
			if !strings.EqualFold(o.Name, was.Name) {
				o.Policy = moved(o.Policy)
			}
		}
	}
	if x.DisplayName == "" {
		x.DisplayName = imported.Title
	}
	if x.Description == "" && imported.Description != "" {
		x.Description = imported.Description
	}
	if x.ServiceURL == "" && url != "" && !openapi.OwnGateway(url) {
		x.ServiceURL, x.Specification.ServiceURL = url, url
	}
	return nil
}

// moved is a document that leaves its folder for one named after what it
// belongs to now.
func moved(d *apim.Document) *apim.Document {
	if d == nil {
		return nil
	}
	c := *d
	c.File = source.NewFile("policy.xml", d.Text())
	return &c
}

func formerly(before []*apim.Operation, o *apim.Operation) *apim.Operation {
	for _, was := range before {
		if strings.EqualFold(was.Name, o.Name) {
			return was
		}
	}
	for _, was := range before {
		if was.Method == o.Method && was.URLTemplate == o.URLTemplate {
			return was
		}
	}
	return nil
}

// dropAPI takes an API away with what refers to it alone.
func dropAPI(c *call, p *place, e entry) error {
	a := e.x.(*apim.API)
	gone := map[*apim.API]bool{a: true}
	if _, _, numbered := apim.SplitRevision(c.address.Segments[len(c.address.Segments)-1]); numbered && a.IsCurrent {
		return arm.Invalid(arm.Detail{Target: "apiId", Message: "The current revision cannot be deleted by its number; without ;rev= the whole API is."})
	}
	if _, _, other := apim.SplitRevision(a.Name); !other {
		for _, r := range p.contents.APIs {
			if r == a || !strings.EqualFold(r.RootName(), a.Name) {
				continue
			}
			if !strings.EqualFold(c.query.Get("deleteRevisions"), "true") {
				return arm.Invalid(arm.Detail{Target: "apiId", Message: "The current revision cannot be deleted while the API has others; deleteRevisions=true deletes them all."})
			}
			gone[r] = true
		}
		root := a.Name
		linked := func(l apim.Link) bool { return strings.EqualFold(apim.RootName(l.Target), root) }
		for _, x := range p.contents.Products {
			x.APIs = slices.DeleteFunc(x.APIs, linked)
		}
		for _, x := range p.contents.Tags {
			x.APIs = slices.DeleteFunc(x.APIs, linked)
		}
		for _, x := range p.state.Service.Gateways {
			x.APIs = slices.DeleteFunc(x.APIs, linked)
		}
		dropSubscriptions(p, func(s *apim.Subscription) bool {
			scope, name, _ := apim.ParseSubscriptionScope(s.Scope)
			return scope == apim.ScopeOneAPI && strings.EqualFold(apim.RootName(name), root)
		})
	}
	p.contents.APIs = slices.DeleteFunc(p.contents.APIs, func(x *apim.API) bool { return gone[x] })
	return nil
}

// export answers with a link to the API's specification, which needs no token
// and lasts five minutes, as APIM's does. The document is JSON in either
// format: JSON is YAML.
func (c *call) export(p *place, a *apim.API) *arm.Error {
	// A plus that nobody has escaped reads as a space.
	format := strings.ReplaceAll(strings.ToLower(c.query.Get("format")), " ", "+")
	switch format {
	case "openapi-link", "openapi+json-link":
	case "":
		return arm.Invalid(arm.Detail{Target: "format", Message: "An export needs a format, such as openapi-link."})
	default:
		return arm.Invalid(arm.Detail{Target: "format", Message: "APIs are exported as openapi-link or openapi+json-link."})
	}
	document := openapi.Write(a, strings.TrimRight(c.server.Gateway(), "/")+"/"+p.contents.PublicPath(a))
	link := c.server.exports.add(document, c.server.Now())
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	value := map[string]string{"link": scheme + "://" + c.r.Host + link}
	answer := map[string]any{"id": p.id + "/apis/" + a.Name, "format": format, "value": value}
	if p.workspace != "" {
		// Its clients look for it there.
		answer["properties"] = map[string]any{"format": format, "value": value}
	}
	arm.Answer(c.w, http.StatusOK, answer)
	return nil
}

// revisions lists the revisions of an API; they are made and removed as APIs.
func revisions() *kind {
	return &kind{
		path: "apis/revisions", shown: "apis/revisions", what: "ApiRevision", filter: []string{"apiRevision", "isCurrent"},
		items: func(p *place) []entry {
			var out []entry
			for _, a := range p.contents.APIs {
				if strings.EqualFold(a.RootName(), p.api.RootName()) {
					out = append(out, entry{a.Revision, a})
				}
			}
			return out
		},
		show: func(_ *call, p *place, e entry) *tree.Node {
			a := e.x.(*apim.API)
			yes := func(b bool) *tree.Node {
				return &tree.Node{Kind: tree.Bool, Text: map[bool]string{true: "true", false: "false"}[b]}
			}
			n := object("apiId", "/apis/"+a.RootName()+";rev="+a.Revision, "apiRevision", a.Revision, "privateUrl", "/"+p.contents.PublicPath(a)+";rev="+a.Revision)
			if a.RevisionDescription != "" {
				n = with(n, "description", text(a.RevisionDescription))
			}
			return with(with(n, "isCurrent", yes(a.IsCurrent)), "isOnline", yes(a.IsOnline))
		},
		envelope: func(_ *call, p *place, e entry) any {
			return revisions().show(nil, p, e).JSON()
		},
	}
}

// releases is the row of releases: making one for a revision makes that the
// current one.
func releases() *kind {
	return resources(kind{
		path: "apis/releases", shown: "apis/releases", what: "ApiRelease", filter: []string{"name", "notes"},
		readOnly: []string{"createdDateTime", "updatedDateTime"},
	}, func(p *place) *[]*apim.Release { return &p.api.Releases }, func(_ *call, p *place, x, _ *apim.Release) error {
		if x.APIID == "" {
			return nil
		}
		root, number, other := apim.SplitRevision(apim.Tail(x.APIID))
		if !strings.EqualFold(root, p.api.RootName()) {
			return arm.Invalid(arm.Detail{Target: "apiId", Message: "API '" + apim.Tail(x.APIID) + "' is no revision of '" + p.api.RootName() + "'."})
		}
		if !other || number == p.api.Revision {
			return nil
		}
		next := p.contents.API(apim.Tail(x.APIID))
		if next == nil {
			return arm.Invalid(arm.Detail{Target: "apiId", Message: "API '" + apim.Tail(x.APIID) + "' could not be found."})
		}
		makeCurrent(p, next)
		return nil
	})
}

// makeCurrent exchanges the names of the current revision and another one.
// Releases belong to the API as such, and stay with the current one.
func makeCurrent(p *place, next *apim.API) {
	current := p.api
	root := current.Name
	releases := append(slices.Clone(current.Releases), next.Releases...)
	current.Name, next.Name = root+";rev="+current.Revision, root
	current.IsCurrent, next.IsCurrent = false, true
	for _, a := range []*apim.API{current, next} {
		a.Origin = apim.Origin{}
		a.Properties = without(parse(a.Properties), "isCurrent", "sourceApiId").JSON()
		a.SourceAPIID = ""
		a.Releases = nil
		for _, o := range a.Operations {
			o.Policy = moved(o.Policy)
		}
	}
	a := parse(current.Properties)
	current.Properties = with(a, "apiRevision", text(current.Revision)).JSON()
	// What the revisions share is written with the one that is current now.
	shared := parse(current.Properties)
	properties := parse(next.Properties)
	for _, key := range []string{"displayName", "type", "description", "subscriptionRequired", "path", "protocols", "apiVersion", "apiVersionDescription", "apiVersionSetId", "apiVersionSet"} {
		if m := shared.Member(key); m != nil {
			properties = with(properties, m.Key, m.Value)
		}
	}
	next.Properties = properties.JSON()
	next.Releases = releases
	slices.SortFunc(p.contents.APIs, func(a, b *apim.API) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	p.api = next
}
