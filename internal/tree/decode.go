package tree

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// A type decides more about itself by these methods.
type (
	// defaulter sets what stands for absent properties, before decoding.
	defaulter interface{ Defaults() }
	// normalizer brings what was decoded into its one form.
	normalizer interface{ Normalize() }
	// closed is a string type that has these values and no other; they are
	// read in any case and kept in this spelling.
	closed interface{ Values() []string }
	// open is a string type with known values, to which others may come.
	open interface{ Known() []string }
)

// Decode reads an object into the struct that dst points to, by the names in
// its json tags. Numbers and booleans may be written as strings, enumerations
// in any case; null is as good as absent; members that the struct does not
// know are passed over. A value that does not fit is reported at its place and
// leaves its field as it was.
func Decode(n *Node, dst any) []*source.Problem {
	d := &decoder{}
	v := reflect.ValueOf(dst).Elem()
	if n != nil && n.Kind != Object {
		d.report(n, "wrong-type", "expected an object, found %s", n.Kind)
		n = nil
	}
	d.object(n, v)
	return d.problems
}

type decoder struct{ problems []*source.Problem }

func (d *decoder) report(n *Node, code, format string, args ...any) *source.Problem {
	p := &source.Problem{File: n.File, Span: n.Span, Code: code, Message: fmt.Sprintf(format, args...)}
	d.problems = append(d.problems, p)
	return p
}

// fields calls do with the name and index of each field that JSON fills.
func fields(t reflect.Type, do func(name string, i int)) {
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("json")
		if name, _, _ := strings.Cut(tag, ","); name != "" && name != "-" {
			do(name, i)
		}
	}
}

// object decodes a struct; a nil node leaves its defaults.
func (d *decoder) object(n *Node, v reflect.Value) {
	if x, ok := v.Addr().Interface().(defaulter); ok {
		x.Defaults()
	}
	if n != nil {
		fields(v.Type(), func(name string, i int) {
			if m := n.Member(name); m != nil && m.Value.Kind != Null {
				d.value(name, m.Value, v.Field(i))
			}
		})
	}
	if x, ok := v.Addr().Interface().(normalizer); ok {
		x.Normalize()
	}
}

// anything is the type of a field that keeps its JSON as it is.
var anything = reflect.TypeFor[json.RawMessage]()

// value decodes one value; name is the member that it belongs to.
func (d *decoder) value(name string, n *Node, v reflect.Value) {
	if v.Type() == anything {
		v.SetBytes(n.JSON())
		return
	}
	if x, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if n.Kind != String {
			d.wrongType(name, n, "a string")
		} else if err := x.UnmarshalText([]byte(n.Text)); err != nil {
			d.report(n, "wrong-value", "%s: %s", name, err)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		before := len(d.problems)
		d.value(name, n, target.Elem())
		if len(d.problems) == before || target.Elem().Kind() == reflect.Struct && n.Kind == Object {
			v.Set(target)
		}
	case reflect.Struct:
		if n.Kind != Object {
			d.wrongType(name, n, "an object")
			return
		}
		d.object(n, v)
	case reflect.Slice:
		if n.Kind != Array {
			d.wrongType(name, n, "an array")
			return
		}
		list := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
		for i, item := range n.Items {
			d.value(name, item, list.Index(i))
		}
		v.Set(list)
	case reflect.Map:
		if n.Kind != Object {
			d.wrongType(name, n, "an object")
			return
		}
		m := reflect.MakeMapWithSize(v.Type(), len(n.Members))
		for _, member := range n.Members {
			x := reflect.New(v.Type().Elem()).Elem()
			d.value(member.Key, member.Value, x)
			m.SetMapIndex(reflect.ValueOf(member.Key), x)
		}
		v.Set(m)
	case reflect.String:
		d.text(name, n, v)
	case reflect.Bool:
		switch b, err := strconv.ParseBool(strings.ToLower(n.Text)); {
		case n.Kind == Bool, n.Kind == String && err == nil:
			v.SetBool(b)
		default:
			d.wrongType(name, n, "true or false")
		}
	case reflect.Int:
		i, err := strconv.ParseInt(strings.TrimSpace(n.Text), 10, 32)
		switch {
		case n.Kind != Number && n.Kind != String || n.Kind == String && err != nil:
			d.wrongType(name, n, "a whole number")
		case err != nil:
			d.report(n, "wrong-value", "%s must be a whole number of 32 bits, not %s", name, n.Text)
		default:
			v.SetInt(i)
		}
	case reflect.Float64:
		x, err := strconv.ParseFloat(strings.TrimSpace(n.Text), 64)
		if n.Kind != Number && n.Kind != String || err != nil {
			d.wrongType(name, n, "a number")
			return
		}
		v.SetFloat(x)
	default:
		panic("tree: no way to decode into " + v.Type().String())
	}
}

func (d *decoder) wrongType(name string, n *Node, want string) {
	d.report(n, "wrong-type", "%s must be %s, not %s", name, want, n.Kind)
}

// text decodes a string or an enumeration.
func (d *decoder) text(name string, n *Node, v reflect.Value) {
	if n.Kind == Array || n.Kind == Object {
		d.wrongType(name, n, "a string")
		return
	}
	text := n.Text
	var values []string
	x, isClosed := v.Interface().(closed)
	y, isOpen := v.Interface().(open)
	switch {
	case isClosed:
		values = x.Values()
	case isOpen:
		values = y.Known()
	default:
		v.SetString(text)
		return
	}
	for _, s := range values {
		if strings.EqualFold(s, text) {
			v.SetString(s)
			return
		}
	}
	if isClosed {
		d.report(n, "wrong-value", "%s must be %s, not %q", name, Choices(values), text).Hint = source.DidYouMean(text, values)
		return
	}
	v.SetString(text)
	p := d.report(n, "unknown-value", "%s %q is not known here; known are %s", name, text, strings.Join(values, ", "))
	p.Severity, p.Hint = source.Warning, source.DidYouMean(text, values)
}

// Choices is a list of words as a sentence has it: a, b or c.
func Choices(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
