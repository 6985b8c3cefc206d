package management

import (
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

// policies is the row of the policy documents of one scope. The only name is
// "policy"; a scope without a document has no such resource, whatever holds
// there by default.
func policies(path, shown, scope string, document func(p *place) **apim.Document) *kind {
	return &kind{
		path: path, shown: shown, what: "Policy", noPatch: true,
		items: func(p *place) []entry {
			if d := *document(p); d != nil {
				return []entry{{"policy", d}}
			}
			return nil
		},
		show: func(c *call, _ *place, e entry) *tree.Node { return c.markup(e.x.(*apim.Document)) },
		put: func(c *call, p *place, name string, _ *entry, properties *tree.Node) error {
			if !strings.EqualFold(name, "policy") {
				return arm.Invalid(arm.Detail{Target: "policyId", Message: "The only policy of a scope is called 'policy'."})
			}
			at := document(p)
			d, err := c.document(*at, scope, properties)
			if err == nil {
				*at = d
			}
			return err
		},
		drop: func(_ *call, p *place, _ entry) error {
			*document(p) = nil
			return nil
		},
		secret:  func(e entry) string { return e.x.(*apim.Document).Text() },
		actions: drafting(), drafts: true,
	}
}

// markup is a document's text in the format that the query asks for: xml, as
// APIM answers without one, or rawxml.
func (c *call) markup(d *apim.Document) *tree.Node {
	if strings.EqualFold(c.query.Get("format"), "rawxml") {
		return object("format", "rawxml", "value", d.Text())
	}
	if d.Format == apim.XML {
		return object("format", "xml", "value", d.Text())
	}
	return object("format", "xml", "value", c.server.escaped(d))
}

// checkFormat refuses to show documents in a format that there is not.
func (c *call) checkFormat(k *kind) *arm.Error {
	if !k.drafts { // all that has a text is written in drafts
		return nil
	}
	switch format := strings.ToLower(c.query.Get("format")); format {
	case "", "xml", "rawxml":
		return nil
	default:
		return arm.Invalid(arm.Detail{Target: "format", Message: "Documents are shown as xml or rawxml, not as '" + format + "'."})
	}
}

// escaped is a document's text as well-formed XML.
func (s *server) escaped(d *apim.Document) string {
	read, _ := markup.Parse(d.File.Name(), d.Text(), markup.Options{Format: markup.Raw, MaxBytes: len(d.Text()) + 1})
	return markup.Print(read, markup.XML)
}

// document reads the text of a policy document or a fragment. Texts are kept in
// raw form, as folders have them; one sent as xml, which is what APIM takes
// where no format is given, must be well-formed.
func (c *call) document(old *apim.Document, scope string, properties *tree.Node) (*apim.Document, error) {
	value := properties.Get("value")
	if value == nil || value.Kind != tree.String || strings.TrimSpace(value.Text) == "" {
		return nil, arm.Invalid(arm.Detail{Target: "value", Message: "Property 'value' is required."})
	}
	body := value.Text
	format := strings.ToLower(properties.Get("format").StringOr("xml"))
	if base, link := strings.CutSuffix(format, "-link"); link && (base == "xml" || base == "rawxml") {
		fetched, err := c.fetch(body)
		if err != nil {
			return nil, err
		}
		format, body = base, fetched
	}
	name := "policy.xml"
	if old != nil && !strings.Contains(old.File.Name(), "#") {
		name = old.File.Name() // an operation's folder may have another name than the operation
		if old.Overridden != nil {
			name = old.Overridden.Name()
		}
	}
	switch format {
	case "rawxml":
	case "xml":
		read, problems := markup.Parse(name, body, markup.Options{Format: markup.XML, MaxBytes: maxBody})
		if problems.HasErrors() {
			var details []arm.Detail
			for _, p := range problems.Errors() {
				details = append(details, syntaxDetail(p))
			}
			e := arm.Invalid(details...)
			e.Info = told(problems.Errors())
			return nil, e
		}
		body = markup.Print(read, markup.Raw)
	default:
		return nil, arm.Invalid(arm.Detail{Target: "format", Message: "The format must be xml, rawxml, xml-link or rawxml-link."})
	}
	return &apim.Document{Scope: scope, Format: apim.RawXML, File: source.NewFile(name, body)}, nil
}

// fragments is the row of policy fragments.
func fragments() *kind {
	actions := drafting()
	actions["listreferences"] = listReferences
	return resources(kind{
		path: "policyfragments", shown: "policyFragments", what: "PolicyFragment", noPatch: true, provisioned: true,
		filter: []string{"name", "description", "value"},
		show: func(c *call, p *place, e entry) *tree.Node {
			x := e.x.(*apim.Fragment)
			n := without(project(p, x), "format", "value")
			if x.Document != nil {
				for _, m := range c.markup(x.Document).Members {
					n = with(n, m.Key, m.Value)
				}
			}
			return n
		},
		secret: func(e entry) string {
			if d := e.x.(*apim.Fragment).Document; d != nil {
				return d.Text()
			}
			return ""
		},
		actions: actions, drafts: true,
	}, func(p *place) *[]*apim.Fragment { return &p.contents.Fragments },
		func(c *call, _ *place, x, old *apim.Fragment) error {
			var was *apim.Document
			if old != nil {
				was = old.Document
			}
			properties := parse(x.Properties)
			d, err := c.document(was, "", properties)
			if err != nil {
				return err
			}
			x.Document, x.Properties = d, without(properties, "format", "value").JSON()
			return nil
		})
}

// effective answers the policy that holds at a place, as one document whose
// comments say where each part comes from. It is no resource of ARM's;
// productId says in the context of which product.
func (c *call) effective() *arm.Error {
	p := c.view()
	segments := c.address.Segments[:len(c.address.Segments)-1]
	if len(segments) > 0 {
		k, e := c.walk(p, segments)
		if e != nil {
			return e
		}
		x := find(k, p, segments[len(segments)-1])
		if x == nil {
			return arm.NotFound(k.what, segments[len(segments)-1])
		}
		switch k.path {
		case "apis", "apis/operations", "products":
			k.enter(p, *x)
		default:
			return arm.Errorf(404, "ResourceNotFound", "A '%s' has no policies of its own.", k.shown)
		}
	}
	if name := apim.Tail(c.query.Get("productId")); name != "" {
		if p.product = p.contents.Product(name); p.product == nil {
			return arm.NotFound("Product", name)
		}
	}
	if c.server.Effective == nil {
		return arm.Errorf(404, "ResourceNotFound", "This service shows no effective policies.")
	}
	arm.Answer(c.w, 200, map[string]any{"properties": map[string]string{"format": "rawxml", "value": c.server.Effective(p.api, p.operation, p.product)}})
	return nil
}
