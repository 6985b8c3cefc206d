package liquid

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// expression gives a value; what is not there is nil.
type expression interface{ eval(r *render) any }

type constant struct{ v any }

func (c constant) eval(*render) any { return c.v }

// empty is the literal that texts and lists without content are equal to.
type empty struct{}

type span struct{ from, to expression }

// maxRange bounds a range, which is a list.
const maxRange = 100_000

func (s span) eval(r *render) any {
	from, ok := toNumber(s.from.eval(r))
	to, ok2 := toNumber(s.to.eval(r))
	if !ok || !ok2 {
		return nil
	}
	var list []any
	for i := int64(from.float()); i <= int64(to.float()) && len(list) < maxRange; i++ {
		list = append(list, i)
	}
	return list
}

type path struct {
	name  string
	steps []expression
}

func (p path) eval(r *render) any {
	v := r.variable(p.name)
	for _, s := range p.steps {
		v = member(v, s.eval(r))
	}
	return v
}

func member(v, key any) any {
	if list, ok := v.([]any); ok {
		if n, ok := key.(int64); ok {
			if n < 0 {
				n += int64(len(list))
			}
			if n >= 0 && n < int64(len(list)) {
				return list[n]
			}
			return nil
		}
		switch name := toText(key); strings.ToLower(name) {
		case "size", "count", "length":
			return int64(len(list))
		case "first":
			if len(list) > 0 {
				return list[0]
			}
		case "last":
			if len(list) > 0 {
				return list[len(list)-1]
			}
		}
		return nil
	}
	name := toText(key)
	if d, ok := v.(Drop); ok {
		if m, ok := d.Member(name); ok {
			return m
		}
	}
	if strings.EqualFold(name, "size") {
		switch v := v.(type) {
		case string:
			return int64(len([]rune(v)))
		case *Object:
			return int64(len(v.Names))
		}
	}
	return nil
}

// filtered is an expression with filters.
type filtered struct {
	e     expression
	calls []call
}

type call struct {
	name string
	run  filter
	args []expression
}

func (f filtered) eval(r *render) (any, error) {
	v := f.e.eval(r)
	for _, c := range f.calls {
		args := make([]any, len(c.args))
		for i, a := range c.args {
			args[i] = a.eval(r)
		}
		v = c.run(r, v, args)
		if err := r.step(); err != nil {
			return nil, err
		}
		if s, ok := v.(string); ok && len(s) > r.options.MaxOutput {
			return nil, ErrOutput
		}
	}
	return v, nil
}

// condition is what if and its like ask.
type condition interface{ holds(r *render) bool }

type truth struct{ e expression }

func (t truth) holds(r *render) bool { return truthy(t.e.eval(r)) }

func truthy(v any) bool { return v != nil && v != false }

type not struct{ c condition }

func (n not) holds(r *render) bool { return !n.c.holds(r) }

type both struct{ a, b condition }

func (c both) holds(r *render) bool { return c.a.holds(r) && c.b.holds(r) }

type either struct{ a, b condition }

func (c either) holds(r *render) bool { return c.a.holds(r) || c.b.holds(r) }

type compare struct {
	left  expression
	op    string
	right expression
}

func (c compare) holds(r *render) bool {
	a, b := c.left.eval(r), c.right.eval(r)
	switch c.op {
	case "==":
		return equal(a, b)
	case "!=", "<>":
		return !equal(a, b)
	case "contains":
		if list, ok := a.([]any); ok {
			for _, x := range list {
				if equal(x, b) {
					return true
				}
			}
			return false
		}
		return a != nil && b != nil && strings.Contains(toText(a), toText(b))
	case "startswith":
		return a != nil && strings.HasPrefix(toText(a), toText(b))
	case "endswith":
		return a != nil && strings.HasSuffix(toText(a), toText(b))
	case "haskey":
		if o, ok := a.(*Object); ok {
			_, ok = o.Values[toText(b)]
			return ok
		}
		return false
	case "hasvalue":
		if o, ok := a.(*Object); ok {
			for _, v := range o.Values {
				if equal(v, b) {
					return true
				}
			}
		}
		return false
	}
	n, ok := order(a, b)
	switch c.op {
	case "<":
		return ok && n < 0
	case "<=":
		return ok && n <= 0
	case ">":
		return ok && n > 0
	default:
		return ok && n >= 0
	}
}

func equal(a, b any) bool {
	if _, ok := a.(empty); ok {
		a, b = b, a
	}
	if _, ok := b.(empty); ok {
		switch v := a.(type) {
		case nil:
			return true
		case string:
			return v == ""
		case []any:
			return len(v) == 0
		case *Object:
			return len(v.Names) == 0
		}
		return false
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		v, ok := b.(bool)
		return ok && a == v
	case string:
		v, ok := b.(string)
		return ok && a == v
	}
	n, ok := order(a, b)
	return ok && n == 0
}

// order compares numbers, texts and times with their own kind.
func order(a, b any) (int, bool) {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
		return 0, false
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), true
		}
		return 0, false
	case int64, float64:
		switch b.(type) {
		case int64, float64:
			x, _ := toNumber(a)
			y, _ := toNumber(b)
			if x.whole && y.whole {
				return cmp.Compare(x.i, y.i), true
			}
			return cmp.Compare(x.float(), y.float()), true
		}
	}
	return 0, false
}

// number is a whole number or one with a fraction.
type number struct {
	whole bool
	i     int64
	f     float64
}

func (n number) float() float64 {
	if n.whole {
		return float64(n.i)
	}
	return n.f
}

func (n number) value() any {
	if n.whole {
		return n.i
	}
	return n.f
}

// toNumber is the number that a value is, or that a text says.
func toNumber(v any) (number, bool) {
	switch v := v.(type) {
	case int64:
		return number{whole: true, i: v}, true
	case float64:
		return number{f: v}, true
	case string:
		text := strings.TrimSpace(v)
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return number{whole: true, i: i}, true
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return number{f: f}, true
		}
	}
	return number{}, false
}

// toText is a value as output shows it.
func toText(v any) string {
	switch v := v.(type) {
	case nil, empty:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format("2006-01-02T15:04:05.9999999Z07:00")
	case []any:
		var b strings.Builder
		for _, x := range v {
			b.WriteString(toText(x))
		}
		return b.String()
	case fmt.Stringer:
		return v.String()
	}
	return ""
}

// toList is what a for goes over: of an object, its members as pairs.
func toList(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case *Object:
		list := make([]any, len(v.Names))
		for i, name := range v.Names {
			pair := &Object{}
			pair.Set("Key", name)
			pair.Set("Value", v.Values[name])
			list[i] = pair
		}
		return list
	case string:
		if v != "" {
			return []any{v}
		}
	}
	return nil
}

// FromJSON reads a JSON text into values. dates makes times of texts that are one
// in ISO 8601.
func FromJSON(b []byte, dates bool) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := decode(d, dates, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value")
	}
	return v, nil
}

func decode(d *json.Decoder, dates bool, depth int) (any, error) {
	if depth > 4*maxDepth {
		return nil, errors.New("the JSON is too deep")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			list := []any{}
			for d.More() {
				v, err := decode(d, dates, depth+1)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		o := &Object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decode(d, dates, depth+1)
			if err != nil {
				return nil, err
			}
			o.Set(name.(string), v)
		}
		_, err := d.Token()
		return o, err
	case json.Number:
		n, ok := toNumber(t.String())
		if !ok {
			return t.String(), nil
		}
		return n.value(), nil
	case string:
		if dates && len(t) >= 19 && t[4] == '-' && t[10] == 'T' {
			for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
				if at, err := time.Parse(layout, t); err == nil {
					return at, nil
				}
			}
		}
		return t, nil
	default:
		return t, nil
	}
}
