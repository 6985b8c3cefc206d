package builtin

import (
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// maxDimensions is how many dimensions of its own a metric may have; newer
// documentation says 5, older 10.
const maxDimensions = 10

var dimensionChild = policy.Child{Min: 1, Shape: policy.Shape{
	Name: "dimension", Doc: "A dimension of the metric.",
	Attributes: []policy.Attribute{
		{Name: "name", Required: true, Expression: true, Doc: "Its name."},
		{Name: "value", Expression: true, Doc: "Its value. API ID, Operation ID, Product ID, User ID, Subscription ID, Location, Gateway ID and Backend ID have one by themselves."},
	},
}}

const defaultNamespace = "API Management"

func emitMetric(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "emit-metric",
			Doc:  "Adds to a metric of its own, which the gateway shows with the others.",
			Attributes: []policy.Attribute{
				{Name: "name", Required: true, Doc: "The metric's name."},
				{Name: "value", Type: policy.Double, Default: "1", Expression: true, Doc: "What is added."},
				{Name: "namespace", Default: defaultNamespace, Doc: "The metric's namespace."},
			},
			Children: []policy.Child{dimensionChild},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			return &metricStep{s.Metrics, e.Literal("name"), e.Literal("namespace"), e.Value("value"), dimensionsOf(e)}
		},
	}
}

// defaultDimensions are those that have a value by themselves.
var defaultDimensions = map[string]func(x *exchange.Exchange) string{
	"api id": func(x *exchange.Exchange) string { return nameOr(x.API != nil, func() string { return x.API.Name }) },
	"operation id": func(x *exchange.Exchange) string {
		return nameOr(x.Operation != nil, func() string { return x.Operation.Name })
	},
	"product id": func(x *exchange.Exchange) string {
		return nameOr(x.Product != nil, func() string { return x.Product.Name })
	},
	"user id": func(x *exchange.Exchange) string { return nameOr(x.User != nil, func() string { return x.User.Name }) },
	"subscription id": func(x *exchange.Exchange) string {
		return nameOr(x.Subscription != nil, func() string { return x.Subscription.Name })
	},
	"location": func(x *exchange.Exchange) string {
		return nameOr(x.Deployment != nil, func() string { return x.Deployment.Region })
	},
	"gateway id": func(x *exchange.Exchange) string {
		return nameOr(x.Deployment != nil, func() string { return x.Deployment.GatewayID })
	},
	"backend id": func(x *exchange.Exchange) string {
		if n := len(x.Attempts); n > 0 {
			return x.Attempts[n-1].Backend
		}
		return x.Backend.ID
	},
}

func nameOr(is bool, name func() string) string {
	if is {
		return name()
	}
	return ""
}

type dimension struct{ name, value *policy.Value }

func dimensionsOf(e *policy.Element) []dimension {
	var list []dimension
	own := 0
	for _, c := range e.Children("dimension") {
		d := dimension{c.Value("name"), c.Value("value")}
		if d.value != nil {
			own++
		} else if d.name.IsLiteral() && !e.Loose() && defaultDimensions[strings.ToLower(d.name.Literal())] == nil {
			c.Problem("missing-attribute", "the dimension %s needs the attribute value", d.name.Literal())
		}
		list = append(list, d)
	}
	if own > maxDimensions {
		e.Problem("too-many", "%s may have %d dimensions of its own", e.Name(), maxDimensions)
	}
	return list
}

func evaluateDimensions(r *policy.Run, list []dimension) ([]telemetry.Dimension, error) {
	out := make([]telemetry.Dimension, len(list))
	for i, d := range list {
		var err error
		if out[i].Name, err = d.name.String(r); err != nil {
			return nil, err
		}
		if d.value == nil {
			if of := defaultDimensions[strings.ToLower(out[i].Name)]; of != nil {
				out[i].Value = of(r.X)
			}
			continue
		}
		if out[i].Value, err = d.value.String(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type metricStep struct {
	metrics         Metrics
	name, namespace string
	value           *policy.Value
	dimensions      []dimension
}

func (s *metricStep) Run(r *policy.Run) error {
	n, err := s.value.Double(r)
	if err != nil {
		return err
	}
	dimensions, err := evaluateDimensions(r, s.dimensions)
	if err != nil {
		return err
	}
	if s.metrics != nil {
		s.metrics.Emit(s.namespace, s.name, n, dimensions)
	}
	if r.Tracing() {
		r.Trace(metricEmitted{"Metric was emitted.", s.namespace, s.name, n})
	}
	return nil
}

type metricEmitted struct {
	Message   string  `json:"message"`
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Value     float64 `json:"value"`
}

// emitTokenMetric is azure-openai-emit-token-metric and llm-emit-token-metric,
// which are the same.
func emitTokenMetric(name string, s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: name,
			Doc:  "Adds the tokens that the request uses to the metrics Total Tokens, Prompt Tokens and Completion Tokens.",
			Attributes: []policy.Attribute{
				{Name: "namespace", Default: defaultNamespace, Doc: "The metrics' namespace."},
				{Name: "value", Type: policy.Double, Expression: true, Doc: "Without meaning; older documents have it."},
			},
			Children: []policy.Child{dimensionChild},
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			e.Effect(policy.CountsResponse)
			return &tokenMetricStep{s.Metrics, e.Literal("namespace"), dimensionsOf(e)}
		},
	}
}

type tokenMetricStep struct {
	metrics    Metrics
	namespace  string
	dimensions []dimension
}

// maxPrompt bounds what is kept of a request for the estimate of its prompt.
const maxPrompt = 4 << 20

// Run acts on the answer: dimensions are evaluated when it is settled, since they
// may look at it, and one that throws costs the metric and not the answer.
func (s *tokenMetricStep) Run(r *policy.Run) error {
	if s.metrics == nil {
		return nil
	}
	x := r.X
	var prompt []byte
	var m *meter
	r.Later(policy.BeforeBackend, func(*policy.Run) error {
		x.Request.Body.Watch(func(chunk []byte) {
			if len(prompt) < maxPrompt {
				prompt = append(prompt, chunk...)
			}
		})
		return nil
	})
	r.Later(policy.BeforeOutbound, func(*policy.Run) error {
		m = watch(x.Response)
		return nil
	})
	r.Later(policy.AtEnd, func(r *policy.Run) error {
		if m == nil {
			return nil
		}
		dimensions, err := evaluateDimensions(r, s.dimensions)
		if err != nil {
			return err
		}
		x.After(func() {
			estimate := int64(0)
			if m.stream {
				estimate = openai.EstimatePrompt(prompt).Tokens
			}
			u := m.used(estimate)
			if u.Prompt+u.Completion == 0 {
				return
			}
			for _, t := range []struct {
				name string
				n    int64
			}{{"Total Tokens", u.Prompt + u.Completion}, {"Prompt Tokens", u.Prompt}, {"Completion Tokens", u.Completion}} {
				s.metrics.Emit(s.namespace, t.name, float64(t.n), dimensions)
			}
		})
		return nil
	})
	return nil
}
