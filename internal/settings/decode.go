package settings

import (
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

type decoder struct {
	file     *source.File
	problems source.Problems
}

var (
	durationType = reflect.TypeFor[Duration]()
	sizeType     = reflect.TypeFor[Size]()
	countType    = reflect.TypeFor[Count]()
)

func (d *decoder) report(n *tree.Node, code, format string, args ...any) *source.Problem {
	p := &source.Problem{File: n.File, Span: n.Span, Code: code, Message: fmt.Sprintf(format, args...)}
	d.problems = append(d.problems, p)
	return p
}

// Decode reads a YAML file of another kind into a struct with the tags of
// Settings: yaml, doc, default, required, values, min, max. A list of structs
// takes a plain text in the place of one, for the field with the tag short. The
// tree is nil when the text cannot be read at all.
func Decode(f *source.File, into any) (*tree.Node, source.Problems) {
	d := decoder{file: f}
	d.fill(into)
	root, found := tree.ParseYAML(f)
	problems := source.Problems(found)
	if root == nil {
		return nil, problems
	}
	d.decode(root, into)
	return root, append(problems, d.problems...).Sort()
}

// keys are the keys of a struct in the order of its fields.
func keys(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for f := range fieldsOf(t) {
		if f.Tag.Get("yaml") != "" {
			list = append(list, f)
		}
	}
	return list
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// words are all keys there are, and the words that they take.
func words() []string {
	var list []string
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for _, f := range keys(t) {
			list = append(append(list, f.Tag.Get("yaml")), strings.Fields(f.Tag.Get("values"))...)
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[Settings]())
	return list
}

// fill sets the defaults of a struct.
func (d *decoder) fill(ptr any) { d.defaults(reflect.ValueOf(ptr).Elem()) }

func (d *decoder) defaults(v reflect.Value) {
	for _, f := range keys(v.Type()) {
		field := v.FieldByIndex(f.Index)
		if text := f.Tag.Get("default"); text != "" {
			if err := scalar(field, text, f); err != nil {
				panic("settings: the default of " + f.Name + ": " + err.Error())
			}
		} else if field.Kind() == reflect.Struct {
			d.defaults(field)
		}
	}
}

// decode reads an object into a struct whose defaults are set.
func (d *decoder) decode(n *tree.Node, ptr any) { d.object(n, reflect.ValueOf(ptr).Elem()) }

func (d *decoder) object(n *tree.Node, v reflect.Value) {
	if n.Kind == tree.Null {
		return
	}
	if n.Kind != tree.Object {
		d.report(n, "wrong-type", "expected keys with values, found %s", n.Kind)
		return
	}
	known := map[string]reflect.StructField{}
	var names []string
	for _, f := range keys(v.Type()) {
		known[f.Tag.Get("yaml")] = f
		names = append(names, f.Tag.Get("yaml"))
	}
	slices.Sort(names)
	meant := map[string]bool{} // by keys that were misspelt: these are not missing as well
	for _, m := range n.Members {
		f, ok := known[m.Key]
		if !ok {
			p := &source.Problem{File: n.File, Span: m.Span, Code: "unknown-key", Message: "unknown key " + m.Key}
			if near := source.Nearest(m.Key, names); near != "" {
				meant[near] = true
				p.Hint = "did you mean " + near + "?"
			} else {
				p.Hint = "the keys here are " + strings.Join(names, ", ")
			}
			d.problems = append(d.problems, p)
			continue
		}
		d.value(m.Value, v.FieldByIndex(f.Index), f)
	}
	for _, f := range keys(v.Type()) {
		if name := f.Tag.Get("yaml"); f.Tag.Get("required") != "" && n.Get(name) == nil && !meant[name] {
			d.report(n, "missing-key", "the key %s is missing", name)
		}
	}
}

func (d *decoder) value(n *tree.Node, v reflect.Value, f reflect.StructField) {
	if n.Kind == tree.Null {
		return
	}
	switch {
	case v.Kind() == reflect.Struct:
		d.object(n, v)
	case v.Kind() == reflect.Slice:
		if n.Kind != tree.Array {
			d.report(n, "wrong-type", "%s: expected a list, found %s", f.Tag.Get("yaml"), n.Kind)
			return
		}
		for _, item := range n.Items {
			e := reflect.New(v.Type().Elem()).Elem()
			if e.Kind() == reflect.Struct {
				d.defaults(e)
				if field, ok := short(e.Type()); ok && item.Kind == tree.String {
					d.scalar(item, e.FieldByIndex(field.Index), field)
				} else {
					d.object(item, e)
				}
			} else {
				d.scalar(item, e, f)
			}
			v.Set(reflect.Append(v, e))
		}
	case v.Kind() == reflect.Map:
		if n.Kind != tree.Object {
			d.report(n, "wrong-type", "%s: expected names with values, found %s", f.Tag.Get("yaml"), n.Kind)
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, m := range n.Members {
			e := reflect.New(v.Type().Elem()).Elem()
			if e.Kind() == reflect.Struct {
				d.defaults(e)
				d.object(m.Value, e)
			} else {
				d.scalar(m.Value, e, f)
			}
			v.SetMapIndex(reflect.ValueOf(m.Key), e)
		}
	default:
		d.scalar(n, v, f)
	}
}

// short is the field of a struct that a plain text stands for.
func short(t reflect.Type) (reflect.StructField, bool) {
	for _, f := range keys(t) {
		if f.Tag.Get("short") != "" {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func (d *decoder) scalar(n *tree.Node, v reflect.Value, f reflect.StructField) {
	if n.Kind == tree.Object || n.Kind == tree.Array {
		d.report(n, "wrong-type", "%s: expected one value, found %s", f.Tag.Get("yaml"), n.Kind)
		return
	}
	if err := scalar(v, n.Text, f); err != nil {
		// The text itself stays out of it: a mistyped secret is still a secret.
		d.report(n, "wrong-value", "%s: %s", f.Tag.Get("yaml"), err)
	}
}

func scalar(v reflect.Value, text string, f reflect.StructField) error {
	switch v.Type() {
	case durationType:
		t, err := time.ParseDuration(text)
		if err != nil || t < 0 {
			return fmt.Errorf("expected a time such as 240s, 1m30s or 500ms")
		}
		v.SetInt(int64(t))
		return nil
	case sizeType:
		n, ok := number(text, map[string]float64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30})
		if !ok {
			return fmt.Errorf("expected a size such as 512KiB or 32MiB")
		}
		v.SetInt(n)
		return nil
	case countType:
		n, ok := number(text, map[string]float64{"": 1, "K": 1e3, "M": 1e6, "G": 1e9})
		if !ok {
			return fmt.Errorf("expected a number such as 10M or 500k")
		}
		v.SetInt(n)
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		switch text {
		case "true":
			v.SetBool(true)
		case "false":
			v.SetBool(false)
		default:
			return fmt.Errorf("expected true or false")
		}
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("expected a whole number")
		}
		if low, err := strconv.Atoi(f.Tag.Get("min")); err == nil && n < low {
			return fmt.Errorf("expected at least %d", low)
		}
		if high, err := strconv.Atoi(f.Tag.Get("max")); err == nil && n > high {
			return fmt.Errorf("expected at most %d", high)
		}
		v.SetInt(int64(n))
	default:
		if values := f.Tag.Get("values"); values != "" {
			list := strings.Fields(values)
			for _, w := range list {
				if w == text {
					v.SetString(text)
					return nil
				}
			}
			return fmt.Errorf("expected %s", strings.Join(list, ", "))
		}
		if f.Tag.Get("kind") == "address" {
			if _, _, err := net.SplitHostPort(text); err != nil {
				return fmt.Errorf("expected an address with a port, such as 127.0.0.1:8080 or :8080")
			}
		}
		v.SetString(text)
	}
	return nil
}

// number reads a number with one of the units.
func number(text string, units map[string]float64) (int64, bool) {
	i := strings.LastIndexAny(text, "0123456789.") + 1
	factor, ok := units[strings.ToUpper(strings.TrimSpace(text[i:]))]
	n, err := strconv.ParseFloat(text[:i], 64)
	if !ok || err != nil || n < 0 || n*factor > 1<<53 {
		return 0, false
	}
	return int64(n * factor), true
}

// cross checks what one key alone cannot show.
func (d *decoder) cross(s *Settings) {
	at := func(path ...string) *tree.Node { return s.root.Find(path...) }
	ports, names := map[int]bool{}, map[string]bool{}
	for i, r := range s.Regions {
		n := at("regions", strconv.Itoa(i))
		if r.Name != "" && names[r.Name] {
			d.report(n, "duplicate", "there are two regions named %s", r.Name)
		}
		if r.Port != 0 && ports[r.Port] {
			d.report(n, "duplicate", "two regions have the port %d", r.Port)
		}
		names[r.Name], ports[r.Port] = true, true
		for j, of := range r.Deployments {
			if of.Spillover == "" {
				continue
			}
			to := slices.ContainsFunc(r.Deployments, func(other Deployment) bool { return other.Name == of.Spillover })
			if !of.Provisioned || !to {
				d.report(at("regions", strconv.Itoa(i), "deployments", strconv.Itoa(j), "spillover"), "wrong-value",
					"regions.%s.deployments.%s.spillover: a provisioned deployment spills over to another one of its region", r.Name, of.Name)
			}
		}
	}
	for name, v := range s.NamedValues {
		n := at("namedValues", name)
		if n == nil || n.Kind != tree.Object {
			continue
		}
		switch given := count(v.Region, v.Env, v.File); {
		case given > 1, given == 1 && v.Region == "" && v.Value != "", given == 0 && n.Get("value") == nil:
			d.report(n, "wrong-value", "namedValues.%s: expected exactly one of region with value, env, file and value", name)
		case v.Region == "":
		case !names[v.Region]:
			d.report(n, "unknown-region", "namedValues.%s: there is no region %s under regions", name, v.Region)
		case v.Value != "endpoint" && v.Value != "key1" && v.Value != "key2":
			d.report(n, "wrong-value", "namedValues.%s: the value of a region is endpoint, key1 or key2", name)
		}
	}
	for name, p := range s.Pools {
		if _, _, err := p.Attempts.Outcomes(); err != nil {
			d.report(at("pools", name, "attempts", "on"), "wrong-value", "pools.%s.attempts.on: %s", name, err)
		}
		if p.Strategy == "adaptive" {
			continue
		}
		if p.Queue > 0 {
			d.report(at("pools", name, "queue"), "wrong-value", "pools.%s.queue: requests can wait with the strategy adaptive alone", name)
		}
		if p.FairShares {
			d.report(at("pools", name, "fairShares"), "wrong-value", "pools.%s.fairShares: the strategy adaptive alone knows shares", name)
		}
	}
	for name, a := range s.APIs {
		if a.HoldBack && !a.PeekFirstByte {
			d.report(at("apis", name, "holdBack"), "wrong-value", "apis.%s.holdBack: what has been let go at its head cannot be held back; it needs peekFirstByte", name)
		}
	}
	for name, k := range s.Azure.Tokens {
		if n := at("azure", "tokens", name); n != nil && n.Kind == tree.Object && count(k.Env, k.File, k.Value) != 1 {
			d.report(n, "wrong-value", "azure.tokens.%s: expected exactly one of env, file and value", name)
		}
	}
	for id, c := range s.Certificates {
		n := at("certificates", id)
		if n == nil || n.Kind != tree.Object {
			continue
		}
		if count(c.File, c.Env) != 1 {
			d.report(n, "wrong-value", "certificates.%s: expected exactly one of file and env", id)
		}
		if p := n.Get("password"); p != nil && p.Kind == tree.Object && count(c.Password.Env, c.Password.File, c.Password.Value) > 1 {
			d.report(p, "wrong-value", "certificates.%s.password: expected one of env, file and value", id)
		}
	}
	for name, k := range s.Subscriptions {
		if n := at("subscriptions", name); n != nil && n.Kind == tree.Object && count(k.Env, k.File, k.Value) != 1 {
			d.report(n, "wrong-value", "subscriptions.%s: expected exactly one of env, file and value", name)
		}
	}
}

func count(texts ...string) int {
	n := 0
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}
