package tree

import (
	"encoding"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Update is the object base with the changes that src has seen since it was
// decoded from read: members whose fields still say the same stay as they were
// written, members that src does not know stay, too. read is base itself, or
// base with something laid over it that is not to be written. src points to a
// struct; both nodes are nil for one that was made in Go, and the result then
// holds what differs from the defaults.
func Update(base, read *Node, src any) *Node {
	return updateStruct(base, read, reflect.ValueOf(src).Elem())
}

func updateStruct(base, read *Node, v reflect.Value) *Node {
	out := &Node{Kind: Object}
	if base != nil && base.Kind == Object {
		out.File, out.Span, out.Members = base.File, base.Span, slices.Clone(base.Members)
	}
	if read != nil && read.Kind != Object {
		read = nil
	}
	// What the members say, decoded afresh, is what unchanged fields equal.
	// Fields without a tag stay: defaults may depend on them.
	was := reflect.New(v.Type()).Elem()
	was.Set(v)
	fields(v.Type(), func(_ string, i int) { was.Field(i).SetZero() })
	(&decoder{}).object(read, was)
	fields(v.Type(), func(name string, i int) {
		now := v.Field(i)
		if reflect.DeepEqual(now.Interface(), was.Field(i).Interface()) {
			return
		}
		if isEmpty(now) {
			out.Members = slices.DeleteFunc(out.Members, func(m Member) bool { return strings.EqualFold(m.Key, name) })
			return
		}
		if value := updateValue(out.Get(name), read.Get(name), now); value != nil {
			set(out, name, value)
		}
	})
	return out
}

// isEmpty says whether a value is written by leaving its member out. False and
// zero are not: they differ from a default, or they would not be written.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.String:
		return v.IsZero()
	case reflect.Struct:
		_, isText := v.Interface().(encoding.TextMarshaler)
		return isText && v.IsZero()
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}

func set(n *Node, key string, value *Node) {
	if m := n.Member(key); m != nil {
		m.Value = value
		return
	}
	n.Members = append(n.Members, Member{Key: key, Value: value})
}

func updateValue(base, read *Node, v reflect.Value) *Node {
	if x, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := x.MarshalText()
		if err != nil {
			return base
		}
		return &Node{Kind: String, Text: string(text)}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return updateValue(base, read, v.Elem())
	case reflect.Struct:
		return updateStruct(base, read, v)
	case reflect.Slice:
		out := &Node{Kind: Array}
		for i := range v.Len() {
			out.Items = append(out.Items, updateValue(base.item(i), read.item(i), v.Index(i)))
		}
		return out
	case reflect.Map:
		out := &Node{Kind: Object}
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		for _, k := range keys {
			out.Members = append(out.Members, Member{Key: k.String(), Value: updateValue(base.Get(k.String()), read.Get(k.String()), v.MapIndex(k))})
		}
		return out
	case reflect.String:
		return &Node{Kind: String, Text: v.String()}
	case reflect.Bool:
		return &Node{Kind: Bool, Text: strconv.FormatBool(v.Bool())}
	case reflect.Int:
		return &Node{Kind: Number, Text: strconv.FormatInt(v.Int(), 10)}
	case reflect.Float64:
		return &Node{Kind: Number, Text: strconv.FormatFloat(v.Float(), 'f', -1, 64)}
	}
	panic("tree: no way to encode " + v.Type().String())
}

// item is the i-th item of an array, or nil.
func (n *Node) item(i int) *Node {
	if n == nil || i >= len(n.Items) {
		return nil
	}
	return n.Items[i]
}

// Merge is base with over laid on it, as publishers of artifact folders
// override settings: objects are merged member by member, arrays and scalars
// replaced whole.
func Merge(base, over *Node) *Node {
	if base == nil || base.Kind != Object || over.Kind != Object {
		return over
	}
	out := &Node{Kind: Object, File: base.File, Span: base.Span, Members: slices.Clone(base.Members)}
	for _, m := range over.Members {
		if have := out.Member(m.Key); have != nil {
			have.Value = Merge(have.Value, m.Value)
		} else {
			out.Members = append(out.Members, m)
		}
	}
	return out
}
