// Package openapi reads API specifications into operations as Azure API
// Management imports them, and writes an API back as a specification.
//
// OpenAPI 3.0 and 3.1 and Swagger 2.0 are read, as JSON or YAML: the content
// decides, not the name of the file. Only what routing and the description of
// operations need is looked at; schemas, security, callbacks, links and
// servers below the top are passed over, as APIM passes over most of them.
// Rules: APIM's documented restrictions on imports, and what folders extracted
// from live services show.
package openapi

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// Import is what a specification says.
type Import struct {
	Title       string
	Description string
	// Operations are in the order of the document. Each one's Origin is its
	// method in the specification.
	Operations []*apim.Operation

	server  *tree.Node // the URL that would become the serviceUrl
	refusal *ServiceURLError
}

// ServiceURLError refuses an import whose server URL is a template. APIM does
// not fill in the defaults of its variables, nor do we: a guess would send
// requests to a host that nobody chose.
type ServiceURLError struct {
	URL     string
	Problem *source.Problem
}

// Error is APIM's wording.
func (e *ServiceURLError) Error() string { return "Invalid value of the Web service url" }

// ServiceURL is the API's serviceUrl: given if there is one, else the first
// server of the specification that is reached by HTTPS, else empty. A server
// with a template in its URL is a *ServiceURLError.
func (i *Import) ServiceURL(given string) (string, error) {
	switch {
	case given != "":
		return given, nil
	case i.refusal != nil:
		return "", i.refusal
	}
	return i.server.StringOr(""), nil
}

// OwnGateway reports whether a server URL is that of APIM's own gateway, as
// exported specifications have it: such a URL is where the API was published,
// not its backend.
func OwnGateway(serverURL string) bool {
	u, err := url.Parse(serverURL)
	if err != nil {
		return false
	}
	for _, suffix := range []string{".azure-api.net", ".azure-api.us", ".azure-api.cn"} {
		if strings.HasSuffix(strings.ToLower(u.Hostname()), suffix) {
			return true
		}
	}
	return false
}

// Bounds on one specification.
const maxOperations, maxProblems = 5000, 100

// Read reads a specification. query says what becomes of required query
// parameters; empty means the default, into the template. The import is nil
// when the text is no specification at all.
func Read(f *source.File, query apim.QueryTranslation) (*Import, []*source.Problem) {
	root, problems := tree.Parse(f)
	if root == nil {
		return nil, problems
	}
	r := &reader{file: f, root: root, intoTemplate: query != apim.QueryAsQuery, problems: problems, names: map[string]bool{}, said: map[said]bool{}}
	if !r.version() {
		return nil, r.problems
	}
	info := root.Get("info")
	imported := &Import{Title: info.Get("title").StringOr(""), Description: info.Get("description").StringOr("")}
	r.servers(imported)
	r.paths(root.Get("paths"))
	r.paths(root.Get("x-ms-paths"))
	imported.Operations = r.operations
	return imported, r.problems
}

type reader struct {
	file         *source.File
	root         *tree.Node
	swagger      bool
	intoTemplate bool
	operations   []*apim.Operation
	names        map[string]bool
	problems     []*source.Problem
	said         map[said]bool
}

// said tells one problem from another.
type said struct {
	at      source.Span
	message string
}

func (r *reader) report(n *tree.Node, code, format string, args ...any) *source.Problem {
	p := &source.Problem{File: r.file, Code: code, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		p.Span = n.Span
	}
	// What is referred to twice is read twice, and wrong once.
	key := said{p.Span, p.Message}
	if !r.said[key] && len(r.problems) < maxProblems {
		r.said[key] = true
		r.problems = append(r.problems, p)
	}
	return p
}

// version tells the dialects apart.
func (r *reader) version() bool {
	const supported = "OpenAPI 3.0 and 3.1 and Swagger 2.0 are read"
	if r.root.Kind != tree.Object {
		r.report(r.root, "openapi-version", "a specification must be an object, not %s", r.root.Kind)
		return false
	}
	openapi, swagger := r.root.Get("openapi"), r.root.Get("swagger")
	switch {
	case openapi != nil && (openapi.Text == "3.0" || openapi.Text == "3.1" || strings.HasPrefix(openapi.Text, "3.0.") || strings.HasPrefix(openapi.Text, "3.1.")):
		return true
	case openapi != nil:
		r.report(openapi, "openapi-version", "OpenAPI %s is not supported; %s", openapi.Text, supported)
	case swagger != nil && (swagger.Text == "2.0" || swagger.Text == "2"):
		r.swagger = true
		return true
	case swagger != nil:
		r.report(swagger, "openapi-version", "Swagger %s is not supported; %s", swagger.Text, supported)
	default:
		r.report(&tree.Node{Span: source.Span{Start: r.root.Span.Start, End: r.root.Span.Start + 1}}, "openapi-version",
			"neither \"openapi\" nor \"swagger\" says which version this specification has; %s", supported)
	}
	return false
}

// servers finds the URL that would become the API's serviceUrl: the first one
// by HTTPS.
func (r *reader) servers(imported *Import) {
	list := r.root.Get("servers")
	if r.swagger {
		list = r.root.Get("x-servers")
		if host := r.root.Get("host"); list == nil && host != nil && slices.Contains(r.root.Get("schemes").Strings(), "https") {
			r.server(imported, &tree.Node{Kind: tree.String, Span: host.Span, Text: "https://" + host.Text + strings.TrimRight(r.root.Get("basePath").StringOr(""), "/")})
		}
	}
	if list == nil {
		return
	}
	for _, item := range list.Items {
		if u := item.Get("url"); u != nil && strings.HasPrefix(strings.ToLower(u.Text), "https://") {
			r.server(imported, u)
			return
		}
	}
}

func (r *reader) server(imported *Import, u *tree.Node) {
	if strings.ContainsAny(u.Text, "{}") {
		refusal := &ServiceURLError{URL: u.Text}
		refusal.Problem = &source.Problem{
			File: r.file, Span: u.Span, Code: "service-url", Message: refusal.Error(),
			Hint: "the server's URL is a template, and defaults of its variables are not filled in: set serviceUrl",
		}
		imported.refusal = refusal
		return
	}
	imported.server = u
}

// methods are the operations that a path may have, in the specifications' own
// order.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (r *reader) paths(paths *tree.Node) {
	if paths == nil {
		return
	}
	if paths.Kind != tree.Object {
		r.report(paths, "wrong-type", "paths must be an object, not %s", paths.Kind)
		return
	}
	for _, path := range paths.Members {
		if strings.HasPrefix(path.Key, "x-") {
			continue
		}
		if !strings.HasPrefix(path.Key, "/") {
			r.report(&tree.Node{Span: path.Span}, "wrong-value", "path %q must begin with a slash", path.Key)
			continue
		}
		item := r.resolve(path.Value)
		if item == nil {
			continue
		}
		for _, m := range item.Members {
			if method := strings.ToLower(m.Key); slices.Contains(methods, method) {
				if len(r.operations) == maxOperations {
					r.report(m.Value, "too-large", "there are more than %d operations", maxOperations)
					return
				}
				r.operation(path.Key, method, m, item)
			}
		}
	}
}

// resolve follows references within the document.
func (r *reader) resolve(n *tree.Node) *tree.Node {
	for range 32 {
		ref := n.Get("$ref")
		if ref == nil || ref.Kind != tree.String {
			return n
		}
		pointer, local := strings.CutPrefix(ref.Text, "#/")
		if !local {
			r.report(ref, "external-ref", "reference %q leads out of the document; APIM imports only what one document holds", ref.Text)
			return nil
		}
		next := r.root
		for step := range strings.SplitSeq(pointer, "/") {
			if decoded, err := url.PathUnescape(step); err == nil {
				step = decoded
			}
			next = next.Find(strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~"))
		}
		if next == nil {
			r.report(ref, "unknown-ref", "reference %q leads nowhere", ref.Text)
			return nil
		}
		n = next
	}
	r.report(n, "unknown-ref", "the reference goes round in a circle")
	return nil
}

func (r *reader) operation(path, method string, at tree.Member, item *tree.Node) {
	n := at.Value
	o := &apim.Operation{Method: strings.ToUpper(method), URLTemplate: path, Description: n.Get("description").StringOr("")}
	o.Origin = apim.Origin{File: r.file, Span: at.Span}
	id := n.Get("operationId").StringOr("")
	o.Name = r.name(id, method+" "+path)
	o.DisplayName = firstRunes(n.Get("summary").StringOr(""), 300)
	if o.DisplayName == "" {
		o.DisplayName = id
	}
	if o.DisplayName == "" {
		o.DisplayName = o.Name
	}
	o.Request = &apim.OperationRequest{}
	r.parameters(o, r.merged(item.Get("parameters"), n.Get("parameters")), n)
	if method == "get" || method == "head" || method == "options" {
		o.Request.Representations = nil
	} else if body := n.Get("requestBody"); body != nil {
		if body = r.resolve(body); body != nil {
			o.Request.Description = body.Get("description").StringOr("")
			o.Request.Representations = r.representations(body.Get("content"))
		}
	}
	r.responses(o, n)
	r.operations = append(r.operations, o)
}

// parameter is one parameter with what its reference led to.
type parameter struct {
	at         *tree.Node
	name, in   string
	definition *tree.Node
}

// merged are the parameters of a path and of one of its operations, which win
// over those of the path by name and place.
func (r *reader) merged(shared, own *tree.Node) []parameter {
	var out []parameter
	for _, list := range []*tree.Node{shared, own} {
		if list == nil {
			continue
		}
		for _, at := range list.Items {
			d := r.resolve(at)
			if d == nil {
				continue
			}
			p := parameter{at: at, name: d.Get("name").StringOr(""), in: d.Get("in").StringOr(""), definition: d}
			if p.name == "" || p.in == "" {
				r.report(at, "wrong-value", "a parameter needs a name and says where it is (in)")
				continue
			}
			i := slices.IndexFunc(out, func(x parameter) bool { return x.name == p.name && x.in == p.in })
			if i >= 0 {
				out[i] = p
			} else {
				out = append(out, p)
			}
		}
	}
	return out
}

// parameters sorts parameters into the template, the query and the headers. A
// required query parameter joins the template unless the API says otherwise;
// it is then needed for a match.
func (r *reader) parameters(o *apim.Operation, list []parameter, operation *tree.Node) {
	for _, name := range placeholders(o.URLTemplate) {
		p := apim.Parameter{Name: name, Type: "string", Required: true}
		for _, x := range list {
			if x.in == "path" && x.name == strings.TrimPrefix(name, "*") {
				p = describe(x)
				p.Name, p.Required = name, true
			}
		}
		o.TemplateParameters = append(o.TemplateParameters, p)
	}
	for _, x := range list {
		p := describe(x)
		switch x.in {
		case "query":
			if !p.Required || !r.intoTemplate {
				o.Request.QueryParameters = append(o.Request.QueryParameters, p)
				continue
			}
			if slices.ContainsFunc(o.TemplateParameters, func(t apim.Parameter) bool { return strings.EqualFold(t.Name, p.Name) }) {
				r.report(x.at, "duplicate-parameter", "required query parameter %q has the name of another parameter of the URL template", p.Name).Hint = "set translateRequiredQueryParameters to query"
				continue
			}
			joint := "?"
			if strings.Contains(o.URLTemplate, "?") {
				joint = "&"
			}
			o.URLTemplate += joint + p.Name + "={" + p.Name + "}"
			o.TemplateParameters = append(o.TemplateParameters, p)
		case "header":
			o.Request.Headers = append(o.Request.Headers, p)
		case "body", "formData":
			o.Request.Representations = r.consumes(operation)
		}
	}
}

// consumes are the content types of a Swagger 2.0 operation's body.
func (r *reader) consumes(operation *tree.Node) []apim.Representation {
	list := operation.Get("consumes")
	if list == nil {
		list = r.root.Get("consumes")
	}
	var out []apim.Representation
	for _, s := range list.Strings() {
		out = append(out, apim.Representation{ContentType: s})
	}
	return out
}

func describe(x parameter) apim.Parameter {
	schema := x.definition
	if s := x.definition.Get("schema"); s != nil {
		schema = s
	}
	p := apim.Parameter{Name: x.name, Type: "string", Description: x.definition.Get("description").StringOr("")}
	if required := x.definition.Get("required"); required != nil && required.Kind == tree.Bool {
		p.Required = required.Text == "true"
	}
	if t := schema.Get("type"); t != nil && t.Kind == tree.Array && len(t.Items) > 0 {
		p.Type = t.Items[0].StringOr(p.Type)
	} else {
		p.Type = t.StringOr(p.Type)
	}
	if d := schema.Get("default"); d != nil && d.Kind != tree.Null && d.Kind != tree.Array && d.Kind != tree.Object {
		p.DefaultValue = d.Text
	}
	if e := schema.Get("enum"); e != nil {
		for _, v := range e.Items {
			if v.Kind == tree.String || v.Kind == tree.Number || v.Kind == tree.Bool {
				p.Values = append(p.Values, v.Text)
			}
		}
	}
	return p
}

func (r *reader) representations(content *tree.Node) []apim.Representation {
	if content == nil {
		return nil
	}
	var out []apim.Representation
	for _, m := range content.Members {
		out = append(out, apim.Representation{ContentType: m.Key, Examples: r.examples(m.Value)})
	}
	return out
}

// examples are those of a body: the named ones, the only one, or the one that
// its schema has. What is wrong with them is no reason to refuse a document.
func (r *reader) examples(body *tree.Node) map[string]apim.Example {
	quiet := &reader{file: r.file, root: r.root, said: map[said]bool{}}
	if named := body.Get("examples"); named != nil && named.Kind == tree.Object {
		out := map[string]apim.Example{}
		for _, m := range named.Members {
			x := quiet.resolve(m.Value)
			if x == nil {
				continue
			}
			e := apim.Example{
				Summary: x.Get("summary").StringOr(""), Description: x.Get("description").StringOr(""),
				ExternalValue: x.Get("externalValue").StringOr(""),
			}
			if v := x.Get("value"); v != nil {
				e.Value = v.JSON()
			}
			out[m.Key] = e
		}
		return out
	}
	only := body.Get("example")
	if schema := body.Get("schema"); only == nil && schema != nil {
		only = quiet.resolve(schema).Get("example")
	}
	if only == nil {
		return nil
	}
	return map[string]apim.Example{"default": {Value: only.JSON()}}
}

// responses keeps answers with a status of their own; "default" and ranges
// such as 2XX have none.
func (r *reader) responses(o *apim.Operation, n *tree.Node) {
	list := n.Get("responses")
	if list == nil {
		return
	}
	for _, m := range list.Members {
		status, err := strconv.Atoi(m.Key)
		if err != nil || status < 100 || status > 999 {
			continue
		}
		answer := r.resolve(m.Value)
		if answer == nil {
			continue
		}
		a := apim.OperationAnswer{StatusCode: status, Description: answer.Get("description").StringOr("")}
		if r.swagger {
			produces := n.Get("produces")
			if produces == nil {
				produces = r.root.Get("produces")
			}
			for _, s := range produces.Strings() {
				a.Representations = append(a.Representations, apim.Representation{ContentType: s})
			}
		} else {
			a.Representations = r.representations(answer.Get("content"))
		}
		o.Responses = append(o.Responses, a)
	}
}
