package openapi

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// Write is an API as an OpenAPI 3.0 document in JSON, in the manner of APIM's
// exports: the operation's resource name is its operationId, its display name
// the summary, and the only server is where the gateway publishes the API.
func Write(a *apim.API, serverURL string) []byte {
	root := object(
		"openapi", text("3.0.1"),
		"info", object("title", text(a.DisplayName), "description", optional(a.Description), "version", text(version(a))),
		"servers", list(object("url", text(serverURL))),
	)
	paths := &tree.Node{Kind: tree.Object}
	for _, o := range a.Operations {
		path, _, _ := strings.Cut(o.URLTemplate, "?")
		item := paths.Get(path)
		if item == nil {
			item = &tree.Node{Kind: tree.Object}
			paths.Members = append(paths.Members, tree.Member{Key: path, Value: item})
		}
		item.Members = append(item.Members, tree.Member{Key: strings.ToLower(o.Method), Value: operation(o)})
	}
	root.Members = append(root.Members, tree.Member{Key: "paths", Value: paths})
	schemes := object(
		"apiKeyHeader", object("type", text("apiKey"), "name", text(a.KeyNames.Header), "in", text("header")),
		"apiKeyQuery", object("type", text("apiKey"), "name", text(a.KeyNames.Query), "in", text("query")),
	)
	if a.SubscriptionRequired {
		root.Members = append(root.Members,
			tree.Member{Key: "components", Value: object("securitySchemes", schemes)},
			tree.Member{Key: "security", Value: list(object("apiKeyHeader", list()), object("apiKeyQuery", list()))})
	}
	return root.Indented()
}

func version(a *apim.API) string {
	if a.Version != "" {
		return a.Version
	}
	return "1.0"
}

func operation(o *apim.Operation) *tree.Node {
	path, _, _ := strings.Cut(o.URLTemplate, "?")
	inPath := map[string]bool{}
	for _, name := range placeholders(path) {
		inPath[name] = true
	}
	var parameters []*tree.Node
	for _, p := range o.TemplateParameters {
		where := "query"
		if inPath[p.Name] {
			where = "path"
		}
		p.Required = true
		parameters = append(parameters, parameterNode(p, where))
	}
	n := object("summary", text(o.DisplayName), "description", optional(o.Description), "operationId", text(o.Name))
	if o.Request != nil {
		for _, p := range o.Request.QueryParameters {
			parameters = append(parameters, parameterNode(p, "query"))
		}
		for _, p := range o.Request.Headers {
			parameters = append(parameters, parameterNode(p, "header"))
		}
	}
	if len(parameters) > 0 {
		n.Members = append(n.Members, tree.Member{Key: "parameters", Value: list(parameters...)})
	}
	if o.Request != nil && len(o.Request.Representations) > 0 {
		n.Members = append(n.Members, tree.Member{Key: "requestBody", Value: object("description", optional(o.Request.Description), "content", content(o.Request.Representations))})
	}
	responses := &tree.Node{Kind: tree.Object}
	for _, a := range o.Responses {
		answer := object("description", text(a.Description))
		if len(a.Representations) > 0 {
			answer.Members = append(answer.Members, tree.Member{Key: "content", Value: content(a.Representations)})
		}
		responses.Members = append(responses.Members, tree.Member{Key: strconv.Itoa(a.StatusCode), Value: answer})
	}
	if len(responses.Members) == 0 {
		responses = object("200", object("description", text("")))
	}
	n.Members = append(n.Members, tree.Member{Key: "responses", Value: responses})
	return n
}

func parameterNode(p apim.Parameter, where string) *tree.Node {
	schema := object("type", optional(p.Type))
	if len(p.Values) > 0 {
		var values []*tree.Node
		for _, v := range p.Values {
			values = append(values, text(v))
		}
		schema.Members = append(schema.Members, tree.Member{Key: "enum", Value: list(values...)})
	}
	if p.DefaultValue != "" {
		schema.Members = append(schema.Members, tree.Member{Key: "default", Value: text(p.DefaultValue)})
	}
	n := object("name", text(p.Name), "in", text(where), "description", optional(p.Description))
	if p.Required {
		n.Members = append(n.Members, tree.Member{Key: "required", Value: &tree.Node{Kind: tree.Bool, Text: "true"}})
	}
	n.Members = append(n.Members, tree.Member{Key: "schema", Value: schema})
	return n
}

func content(representations []apim.Representation) *tree.Node {
	n := &tree.Node{Kind: tree.Object}
	for _, r := range representations {
		body := object()
		for _, name := range slices.Sorted(maps.Keys(r.Examples)) {
			if body.Member("examples") == nil {
				body.Members = append(body.Members, tree.Member{Key: "examples", Value: object()})
			}
			list := body.Get("examples")
			list.Members = append(list.Members, tree.Member{Key: name, Value: example(r.Examples[name])})
		}
		n.Members = append(n.Members, tree.Member{Key: r.ContentType, Value: body})
	}
	return n
}

func example(e apim.Example) *tree.Node {
	n := object("summary", optional(e.Summary), "description", optional(e.Description), "externalValue", optional(e.ExternalValue))
	if e.Value != nil {
		if value, _ := tree.ParseJSON(source.NewFile("", string(e.Value))); value != nil {
			n.Members = append(n.Members, tree.Member{Key: "value", Value: value})
		}
	}
	return n
}

// object makes an object of keys and nodes in turn; nil nodes are left out.
func object(pairs ...any) *tree.Node {
	n := &tree.Node{Kind: tree.Object}
	for i := 0; i < len(pairs); i += 2 {
		if value := pairs[i+1].(*tree.Node); value != nil {
			n.Members = append(n.Members, tree.Member{Key: pairs[i].(string), Value: value})
		}
	}
	return n
}

func list(items ...*tree.Node) *tree.Node { return &tree.Node{Kind: tree.Array, Items: items} }

func text(s string) *tree.Node { return &tree.Node{Kind: tree.String, Text: s} }

func optional(s string) *tree.Node {
	if s == "" {
		return nil
	}
	return text(s)
}
