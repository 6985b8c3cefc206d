package builtin

import (
	"net/netip"
	"strings"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func ipFilter() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "ip-filter",
			Doc:  "Lets only callers with the listed addresses through, or all but them; the others are refused with 403.",
			Attributes: []policy.Attribute{
				{Name: "action", Required: true, Expression: true, Values: []string{"allow", "forbid"}, Doc: "Whether the listed addresses are let through or refused."},
			},
			Children: []policy.Child{
				{Shape: policy.Shape{
					Name: "address", Doc: "One address.",
					Text: &policy.Attribute{Required: true, Expression: true, Doc: "The address."},
				}},
				{Shape: policy.Shape{
					Name: "address-range", Doc: "Addresses from one to another, both included.",
					Attributes: []policy.Attribute{
						{Name: "from", Required: true, Expression: true, Doc: "The first address."},
						{Name: "to", Required: true, Expression: true, Doc: "The last address."},
					},
				}},
			},
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			s := &ipFilterStep{action: e.Value("action")}
			add := func(el *policy.Element, attribute string, from, to *policy.Value) {
				for _, v := range []*policy.Value{from, to} {
					if !v.IsLiteral() || e.Loose() {
						continue
					}
					if _, err := address(v.Literal()); err != nil {
						el.ProblemAt(attribute, "wrong-value", "%q is not an IP address", v.Literal()).
							WithHint("address takes one address, address-range a first and a last one; CIDR notation is not supported by APIM")
						return
					}
				}
				s.ranges = append(s.ranges, [2]*policy.Value{from, to})
			}
			for _, a := range e.Children("address") {
				add(a, "", a.Text(), a.Text())
			}
			for _, a := range e.Children("address-range") {
				add(a, "from", a.Value("from"), a.Value("to"))
			}
			if len(e.Children("address"))+len(e.Children("address-range")) == 0 {
				e.Problem("missing-element", "ip-filter must hold the element address or address-range")
			}
			return s
		},
	}
}

type ipFilterStep struct {
	action *policy.Value
	ranges [][2]*policy.Value
}

func address(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	return a.Unmap().WithZone(""), err
}

// Run looks at the address of whoever is connected, and at no header.
func (s *ipFilterStep) Run(r *policy.Run) error {
	action, err := s.action.String(r)
	if err != nil {
		return err
	}
	if action != "allow" && action != "forbid" {
		return r.Error(exchange.ReasonValueNotAllowed, "The value '"+action+"' of action is not allow or forbid.")
	}
	refuse := func(reason, message string) error {
		e := r.Error(reason, message)
		e.Status, e.Answer = 403, "Forbidden"
		return e
	}
	caller, err := address(r.X.ClientIP)
	if err != nil {
		return refuse(exchange.ReasonCallerIPUnknown, "Failed to establish IP address for the caller. Access denied.")
	}
	listed := false
	for _, span := range s.ranges {
		inside, err := within(r, caller, span)
		if err != nil {
			return err
		}
		if inside {
			listed = true
			break
		}
	}
	switch {
	case action == "allow" && !listed:
		return refuse(exchange.ReasonCallerIPNotAllowed, "Caller IP address "+caller.String()+" is not allowed. Access denied.")
	case action == "forbid" && listed:
		return refuse(exchange.ReasonCallerIPBlocked, "Caller IP address is blocked. Access denied.")
	}
	if r.Tracing() {
		r.Trace("The caller's IP address " + caller.String() + " is allowed.")
	}
	return nil
}

// within compares addresses of one family by their number.
func within(r *policy.Run, a netip.Addr, span [2]*policy.Value) (bool, error) {
	var ends [2]netip.Addr
	for i, v := range span {
		text, err := v.String(r)
		if err != nil {
			return false, err
		}
		if ends[i], err = address(text); err != nil {
			return false, r.Error(exchange.ReasonValueNotAllowed, "The value '"+text+"' is not an IP address.")
		}
	}
	return a.BitLen() == ends[0].BitLen() && a.BitLen() == ends[1].BitLen() && a.Compare(ends[0]) >= 0 && a.Compare(ends[1]) <= 0, nil
}
