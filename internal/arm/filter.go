package arm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Filter is a $filter of OData, as far as APIM takes it: comparisons by eq, ne,
// gt, ge, lt and le, the functions contains, startswith, endswith and
// substringof, joined by and, or, not and parentheses. Texts are compared
// without regard to case, as APIM does.
type Filter struct {
	match func(field func(string) string) bool
}

// Match applies the filter to a resource whose fields are given by name; a nil
// filter matches everything.
func (f *Filter) Match(field func(string) string) bool { return f == nil || f.match(field) }

// ParseFilter reads a filter over the named fields. Field names may have the
// prefix "properties/".
func ParseFilter(text string, fields []string) (*Filter, error) {
	if len(text) > 4096 {
		return nil, errors.New("it is longer than 4096 characters")
	}
	p := &filterParser{text: text, fields: fields}
	p.next()
	f, err := p.or(0)
	if err == nil && p.token != "" {
		err = fmt.Errorf("%q is not expected there", p.token)
	}
	if err != nil {
		return nil, err
	}
	return &Filter{f}, nil
}

type condition = func(field func(string) string) bool

type filterParser struct {
	text   string
	fields []string
	token  string // "" at the end
	quoted bool   // token is the content of a text in quotes
}

// next moves on to the next token.
func (p *filterParser) next() {
	p.text = strings.TrimLeft(p.text, " \t\r\n")
	p.token, p.quoted = "", false
	if p.text == "" {
		return
	}
	switch c := p.text[0]; c {
	case '(', ')', ',':
		p.token, p.text = p.text[:1], p.text[1:]
	case '\'':
		var b strings.Builder
		for i := 1; i < len(p.text); i++ {
			if p.text[i] != '\'' {
				b.WriteByte(p.text[i])
				continue
			}
			if i+1 < len(p.text) && p.text[i+1] == '\'' {
				b.WriteByte('\'')
				i++
				continue
			}
			p.token, p.quoted, p.text = b.String(), true, p.text[i+1:]
			return
		}
		p.token, p.text = "'", "" // not closed: no operand
	default:
		end := strings.IndexAny(p.text, " \t\r\n(),'")
		if end < 0 {
			end = len(p.text)
		}
		p.token, p.text = p.text[:end], p.text[end:]
	}
}

func (p *filterParser) word(w string) bool {
	if !p.quoted && strings.EqualFold(p.token, w) {
		p.next()
		return true
	}
	return false
}

func (p *filterParser) or(depth int) (condition, error) {
	left, err := p.and(depth)
	for err == nil && p.word("or") {
		var right condition
		if right, err = p.and(depth); err == nil {
			l := left
			left = func(f func(string) string) bool { return l(f) || right(f) }
		}
	}
	return left, err
}

func (p *filterParser) and(depth int) (condition, error) {
	left, err := p.one(depth)
	for err == nil && p.word("and") {
		var right condition
		if right, err = p.one(depth); err == nil {
			l := left
			left = func(f func(string) string) bool { return l(f) && right(f) }
		}
	}
	return left, err
}

func (p *filterParser) one(depth int) (condition, error) {
	if depth > 50 {
		return nil, errors.New("it is nested too deep")
	}
	if p.word("not") {
		c, err := p.one(depth + 1)
		if err != nil {
			return nil, err
		}
		return func(f func(string) string) bool { return !c(f) }, nil
	}
	if p.word("(") {
		c, err := p.or(depth + 1)
		if err == nil && !p.word(")") {
			err = errors.New("a closing parenthesis is missing")
		}
		return c, err
	}
	for name, test := range functions {
		if p.word(name) {
			return p.function(name, test)
		}
	}
	field, err := p.field()
	if err != nil {
		return nil, err
	}
	operator := strings.ToLower(p.token)
	compare := comparisons[operator]
	if compare == nil || p.quoted {
		return nil, fmt.Errorf("an operator such as eq is expected after %q", field)
	}
	p.next()
	value, err := p.operand()
	if err != nil {
		return nil, err
	}
	return func(f func(string) string) bool { return compare(strings.Compare(strings.ToLower(f(field)), value)) }, nil
}

var functions = map[string]func(text, part string) bool{
	"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "substringof": strings.Contains,
}

var comparisons = map[string]func(int) bool{
	"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 },
	"gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
	"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 },
}

// function is contains(field, 'part'); substringof has the two the other way
// round.
func (p *filterParser) function(name string, test func(text, part string) bool) (condition, error) {
	if !p.word("(") {
		return nil, fmt.Errorf("a parenthesis is expected after %s", name)
	}
	var field, part string
	var err error
	if name == "substringof" {
		part, err = p.operand()
	} else {
		field, err = p.field()
	}
	if err == nil && !p.word(",") {
		err = fmt.Errorf("%s takes two arguments", name)
	}
	if err == nil {
		if name == "substringof" {
			field, err = p.field()
		} else {
			part, err = p.operand()
		}
	}
	if err == nil && !p.word(")") {
		err = fmt.Errorf("the arguments of %s do not end", name)
	}
	if err != nil {
		return nil, err
	}
	if p.word("eq") { // contains(…) eq true
		if !p.word("true") {
			return nil, fmt.Errorf("%s can only be compared with true", name)
		}
	}
	return func(f func(string) string) bool { return test(strings.ToLower(f(field)), part) }, nil
}

func (p *filterParser) field() (string, error) {
	name := p.token
	if len(name) > 11 && strings.EqualFold(name[:11], "properties/") {
		name = name[11:]
	}
	i := slices.IndexFunc(p.fields, func(f string) bool { return strings.EqualFold(f, name) })
	if i < 0 || p.quoted {
		return "", fmt.Errorf("%q is no field that this list is filtered by (%s)", p.token, strings.Join(p.fields, ", "))
	}
	p.next()
	return p.fields[i], nil
}

// operand is a text in quotes, a number, a boolean or null, in lower case.
func (p *filterParser) operand() (string, error) {
	text := strings.ToLower(p.token)
	if !p.quoted {
		number := text != "" && strings.IndexByte("0123456789-", text[0]) >= 0 && strings.Trim(text, "0123456789.:-+tz") == "" // dates are compared as texts
		if text == "null" {
			text = ""
		} else if text != "true" && text != "false" && !number {
			return "", fmt.Errorf("a value is expected in the place of %q", p.token)
		}
	}
	p.next()
	return text, nil
}
