package types

import (
	"strconv"
	"strings"
)

// dotted is the name with those of the outer types, without namespace.
func (d *Def) dotted() string {
	if d.Outer != nil {
		return d.Outer.dotted() + "." + d.Name
	}
	return d.Name
}

// FullName is the namespace-qualified name without arity: System.String,
// System.Collections.Generic.List.
func (d *Def) FullName() string {
	if d.Namespace == "" {
		return d.dotted()
	}
	return d.Namespace + "." + d.dotted()
}

var keywordNames = func() [CodeDecimal + 1]string {
	var names [CodeDecimal + 1]string
	for word, d := range keywords {
		names[d.Code] = word
	}
	return names
}()

// String is the type as messages of the C# compiler write it:
// Dictionary<string, int?>, (int a, string), <anonymous type: int x>.
func (t *Type) String() string {
	switch t.kind {
	case Void:
		return "void"
	case Array:
		// int[][*,*] is an array of two-dimensional arrays: ranks read outside in.
		s, elem := stars(t.rank), t.elem
		for elem.kind == Array {
			s += stars(elem.rank)
			elem = elem.elem
		}
		return elem.String() + s
	case Pointer:
		return t.elem.String() + "*"
	case Parameter, NullType, Invalid:
		return t.name
	}
	if c := t.def.Code; c != NoCode {
		return keywordNames[c]
	}
	if t.IsNullable() {
		return t.args[0].String() + "?"
	}
	if t.IsTuple() && t.def.TupleArity > 1 {
		return "(" + list(len(t.args), func(i int) string {
			if t.names != nil && t.names[i] != "" {
				return t.args[i].String() + " " + t.names[i]
			}
			return t.args[i].String()
		}) + ")"
	}
	if t.IsAnonymous() {
		if len(t.args) == 0 {
			return "<empty anonymous type>"
		}
		return "<anonymous type: " + list(len(t.args), func(i int) string { return t.args[i].String() + " " + t.def.Anonymous[i] }) + ">"
	}
	return nested(t.def, t.args, (*Type).String)
}

// nested is the name of a type with those of the outer types, each with its own
// arguments: Dictionary<string, int>.KeyCollection.
func nested(d *Def, args []*Type, name func(*Type) string) string {
	own, s := args, ""
	if o := d.Outer; o != nil {
		outer := min(len(o.Parameters), len(args))
		own, s = args[outer:], nested(o, args[:outer], name)+"."
	}
	s += d.Name
	if len(own) > 0 {
		s += "<" + list(len(own), func(i int) string { return name(own[i]) }) + ">"
	}
	return s
}

// stars are the brackets of an array in messages, which mark the dimensions:
// int[*,*].
func stars(rank int) string {
	if rank == 1 {
		return "[]"
	}
	return "[*" + strings.Repeat(",*", rank-1) + "]"
}

func brackets(rank int) string { return "[" + strings.Repeat(",", rank-1) + "]" }

func list(n int, item func(int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(item(i))
	}
	return b.String()
}

// FullName is the type with namespaces in C# spelling and the names of .NET
// for the keywords: System.Collections.Generic.List<System.Int32>.
func (t *Type) FullName() string {
	switch t.kind {
	case Array:
		s, elem := brackets(t.rank), t.elem
		for elem.kind == Array {
			s += brackets(elem.rank)
			elem = elem.elem
		}
		return elem.FullName() + s
	case Pointer:
		return t.elem.FullName() + "*"
	case Parameter, NullType, Invalid:
		return t.name
	}
	if t.IsAnonymous() {
		return "<anonymous>"
	}
	if len(t.args) == 0 {
		return t.def.FullName()
	}
	return t.def.FullName() + "<" + list(len(t.args), func(i int) string { return t.args[i].FullName() }) + ">"
}

// ReflectionName is what Type.ToString() gives:
// System.Collections.Generic.List`1[System.Int32].
func (t *Type) ReflectionName() string {
	switch t.kind {
	case Array:
		return t.elem.ReflectionName() + brackets(t.rank)
	case Pointer:
		return t.elem.ReflectionName() + "*"
	case Parameter, NullType, Invalid:
		return t.name
	}
	name := t.def.reflection()
	if t.IsAnonymous() {
		name = "<>f__AnonymousType0"
		if len(t.args) > 0 {
			name += "`" + strconv.Itoa(len(t.args))
		}
	}
	if len(t.args) == 0 {
		return name
	}
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte('[')
	for i, a := range t.args {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.ReflectionName())
	}
	b.WriteByte(']')
	return b.String()
}

func (d *Def) reflection() string {
	name := d.Name
	own := len(d.Parameters)
	if d.Outer != nil {
		// The outer type's parameters are written there.
		own -= len(d.Outer.Parameters)
	}
	if own > 0 {
		name += "`" + strconv.Itoa(own)
	}
	switch {
	case d.Outer != nil:
		return d.Outer.reflection() + "+" + name
	case d.Namespace != "":
		return d.Namespace + "." + name
	}
	return name
}

// Qualified is the type as messages about failed conversions write it: with
// namespaces, but with the language's own names: System.Func<int, string>.
func (t *Type) Qualified() string {
	switch t.kind {
	case Array:
		s, elem := stars(t.rank), t.elem
		for elem.kind == Array {
			s += stars(elem.rank)
			elem = elem.elem
		}
		return elem.Qualified() + s
	case Void, Pointer, Parameter, NullType, Invalid:
		return t.String()
	}
	if t.def.Code != NoCode || t.IsAnonymous() || t.IsNullable() || t.IsTuple() {
		return t.String()
	}
	s := nested(t.def, t.args, (*Type).Qualified)
	if t.def.Namespace != "" {
		s = t.def.Namespace + "." + s
	}
	return s
}
