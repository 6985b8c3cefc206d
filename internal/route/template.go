package route

import (
	"strings"
	"unicode/utf8"
)

// class is how specific a segment of a template is. Smaller is more specific
// and is tried first: literals beat parameters, parameters beat wildcards.
type class uint8

const (
	literal class = iota
	mixed
	parameter
	wildcard
)

// part is a piece of a mixed segment like "a({id})": text, or a parameter.
type part struct {
	text string // lower case
	name string // of a parameter, else ""
}

type templateSegment struct {
	class class
	text  string // of a literal, lower case
	name  string // of a parameter or wildcard; a wildcard may have none
	parts []part // of a mixed one
}

type templateQuery struct {
	key   string
	name  string // of the parameter, or "" for a literal value
	value string
}

// template is a compiled urlTemplate.
type template struct {
	segments []templateSegment
	// query are the parameters that must be present for a match.
	query []templateQuery
}

// parseTemplate reads a urlTemplate. It is lenient: what cannot be a parameter
// is literal text.
func parseTemplate(text string) template {
	var t template
	path, query := splitTemplate(text)
	for _, s := range strings.Split(path, "/") {
		if s != "" {
			t.segments = append(t.segments, parseSegment(s))
		}
	}
	// A wildcard is a tail: what follows one is never reached, so that it is
	// literal text elsewhere.
	for i := range t.segments[:max(0, len(t.segments)-1)] {
		if s := &t.segments[i]; s.class == wildcard {
			if s.name == "" {
				*s = templateSegment{class: literal, text: "*"}
			} else {
				s.class = parameter
			}
		}
	}
	for _, pair := range strings.Split(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key == "" {
			continue
		}
		q := templateQuery{key: decodeQuery(key)}
		if name, ok := parameterName(value); ok {
			q.name = name
		} else {
			q.value = decodeQuery(value)
		}
		t.query = append(t.query, q)
	}
	return t
}

// splitTemplate cuts at the first "?" that is not inside braces.
func splitTemplate(text string) (path, query string) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '?':
			if depth <= 0 {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

// parameterName is the name in a text that is one whole {name}.
func parameterName(s string) (string, bool) {
	if len(s) > 2 && s[0] == '{' && strings.IndexByte(s, '}') == len(s)-1 {
		return s[1 : len(s)-1], true
	}
	return "", false
}

func parseSegment(s string) templateSegment {
	if s == "*" {
		return templateSegment{class: wildcard}
	}
	if name, ok := parameterName(s); ok {
		if rest, ok := strings.CutPrefix(name, "*"); ok {
			return templateSegment{class: wildcard, name: rest}
		}
		return templateSegment{class: parameter, name: name}
	}
	var parts []part
	for text := s; text != ""; {
		open := strings.IndexByte(text, '{')
		end := -1
		if open >= 0 {
			end = strings.IndexByte(text[open:], '}')
		}
		if end < 2 { // no parameter, or one without a name
			parts = append(parts, part{text: lower(text)})
			break
		}
		if open > 0 {
			parts = append(parts, part{text: lower(text[:open])})
		}
		parts = append(parts, part{name: text[open+1 : open+end]})
		text = text[open+end+1:]
	}
	if len(parts) == 1 && parts[0].name == "" {
		value, ok := decode(s)
		if !ok {
			value = s
		}
		return templateSegment{class: literal, text: lower(value)}
	}
	return templateSegment{class: mixed, parts: parts}
}

// matchParts matches a decoded segment against text and parameters in turn. A
// parameter takes as little as lets the rest match, and at least one character;
// like in any glob the leftmost place of each text is as good as a later one,
// so that hostile segments cost no more than their length.
func matchParts(parts []part, value string, ps []Parameter) ([]Parameter, bool) {
	folded := lower(value)
	for len(parts) > 0 {
		p := parts[0]
		parts = parts[1:]
		if p.name == "" {
			if !strings.HasPrefix(folded, p.text) {
				return ps, false
			}
			value, folded = value[len(p.text):], folded[len(p.text):]
			continue
		}
		if value == "" {
			return ps, false
		}
		_, end := utf8.DecodeRuneInString(value)
		switch {
		case len(parts) == 0:
			end = len(value)
		case len(parts) == 1 && parts[0].name == "":
			end = max(end, len(value)-len(parts[0].text))
		case parts[0].name == "":
			i := strings.Index(folded[end:], parts[0].text)
			if i < 0 {
				return ps, false
			}
			end += i
		}
		ps = append(ps, Parameter{p.name, value[:end]})
		value, folded = value[end:], folded[end:]
	}
	return ps, value == ""
}

// lower folds ASCII alone, so that byte offsets stay the same.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
