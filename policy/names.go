package policy

import (
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

// substitute puts named values into a value. Names that nothing knows and
// values that nobody gave are problems, except in a loose document, where an
// unknown name stays in the text as it is. So does one whose value is not known
// here (apim.NamedValue.StandIn).
func (c *compiler) substitute(e *markup.Element, v markup.Value, expression bool) markup.Value {
	out, unknown := markup.Substitute(v, func(name string) (string, bool, bool) {
		if c.contents == nil {
			return "", false, false
		}
		n := c.contents.NamedValue(name)
		if n == nil || n.StandIn {
			return "", false, false
		}
		if !n.HasValue {
			c.missingValue(e, v, name)
			// What the value would be is not known, so nothing more is found
			// out about the text it stands in.
			return "0", n.Sensitive(), true
		}
		return n.Value, n.Sensitive(), true
	})
	if c.set.options.Loose {
		return out
	}
	var names []string
	if len(unknown) > 0 && c.contents != nil {
		for _, n := range c.contents.NamedValues {
			names = append(names, n.DisplayName)
		}
	}
	for _, u := range unknown {
		if c.standsIn(u.Name) {
			continue
		}
		p := c.problem(e, u.Span, "unknown-named-value", "there is no named value %s", u.Name)
		if near := source.Nearest(u.Name, names); near != "" {
			p.WithHint("did you mean {{%s}}?", near)
		} else if c.contents != nil && c.contents.NamedValueResource(u.Name) != nil {
			p.WithHint("policies refer to a named value by its display name, {{%s}}", c.contents.NamedValueResource(u.Name).DisplayName)
		}
	}
	return out
}

// substituted is a value with its named values, whose problems have been told.
func (c *compiler) substituted(v markup.Value) markup.Value {
	out, _ := markup.Substitute(v, func(name string) (string, bool, bool) {
		if c.contents == nil {
			return "", false, false
		}
		n := c.contents.NamedValue(name)
		if n == nil || !n.HasValue {
			return "", false, false
		}
		return n.Value, n.Sensitive(), true
	})
	return out
}

func (c *compiler) missingValue(e *markup.Element, v markup.Value, name string) {
	at := v.Span
	for _, r := range v.References() {
		if r.Name == name {
			at = r.Span
			break
		}
	}
	c.problem(e, at, "no-value", "nothing gives a value to the named value %s", name).WithHint("%s", ValueHint(name))
}

// ValueHint says what gives a value to a named value that has none.
func ValueHint(name string) string {
	return "add it to namedValues in spillway.yaml: " + name + ": {env: NAME}, {file: path} or {value: text}"
}

// guesses are what an unknown named value in code may stand for, in the order
// in which they are tried: as part of a string any will do.
var guesses = [...]string{"0", "true", `"x"`, "x", "null"}

// standsIn reports whether a name has a value that is not known here.
func (c *compiler) standsIn(name string) bool {
	if c.contents == nil {
		return false
	}
	n := c.contents.NamedValue(name)
	return n != nil && n.StandIn
}

// guessed reports whether the value holds a name that only the service it
// belongs to would know, or whose value is not known here.
func (c *compiler) guessed(v markup.Value) bool {
	_, unknown := markup.Substitute(v, func(name string) (string, bool, bool) {
		return "", false, !c.set.options.Loose && !c.standsIn(name)
	})
	return len(unknown) > 0
}

// guess is the value with one guess in the place of every name that is not known.
func (c *compiler) guess(v markup.Value, text string) markup.Value {
	out, _ := markup.Substitute(v, func(name string) (string, bool, bool) {
		if c.contents != nil {
			if n := c.contents.NamedValue(name); n != nil && n.HasValue && !n.StandIn {
				return n.Value, n.Sensitive(), true
			}
		}
		return text, false, true
	})
	return out
}
