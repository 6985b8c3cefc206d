package types

import (
	"strings"
	"sync"
)

// declaration is the part of a declaration's text that waits for a Universe.
type declaration struct {
	reader *reader
	base   int // index of the token after `:`, 0 without
	where  int // index of `where`, 0 without
	sig    int // index of a delegate's result, 0 without
}

// Declare makes a definition of a C# declaration without a body (an enum has
// its members in braces, a delegate its parameters). It panics when the text
// is malformed: declarations are part of the program.
func Declare(namespace, text string) *Def {
	d := &Def{Namespace: namespace}
	p := &reader{text: text, toks: lex(text), def: d}
	var err error
	func() {
		defer p.recover(&err)
		p.declaration(d)
	}()
	if err != nil {
		panic("types: " + err.Error())
	}
	return d
}

func (p *reader) declaration(d *Def) {
	d.text = &declaration{reader: p}
	if p.accept("[") {
		if p.next() != "Flags" {
			p.fail("only [Flags] is known")
		}
		p.expect("]")
		d.Flags = true
	}
	for done := false; !done; {
		switch t := p.next(); t {
		case "public", "readonly":
		case "static":
			d.Static, d.Abstract, d.Sealed = true, true, true
		case "abstract":
			d.Abstract = true
		case "sealed":
			d.Sealed = true
		case "class", "struct", "interface", "enum", "delegate":
			d.Kind = map[string]Kind{"class": Class, "struct": Struct, "interface": Interface, "enum": Enum, "delegate": Delegate}[t]
			done = true
		default:
			p.fail("unexpected %q", t)
		}
	}
	if d.Kind == Delegate {
		d.Sealed = true
		d.text.sig = p.at
		p.skipType()
	}
	d.Name = p.name()
	for p.accept(".") {
		d.Outer = &Def{Namespace: d.Namespace, Name: d.Name, Outer: d.Outer}
		d.Name = p.name()
	}
	if p.accept("<") {
		for {
			v := Invariant
			if p.accept("in") {
				v = Contravariant
			} else if p.accept("out") {
				v = Covariant
			}
			t := NewParameter(p.name(), len(d.Parameters))
			t.ofMethod, t.Variance = false, v
			d.Parameters = append(d.Parameters, t)
			if !p.accept(",") {
				break
			}
		}
		p.expect(">")
	}
	if d.Kind == Delegate {
		return
	}
	if p.accept(":") {
		d.text.base = p.at
		for t := p.tok(); t != "" && t != "{" && t != "where"; t = p.tok() {
			p.at++
		}
	}
	if p.tok() == "where" {
		d.text.where = p.at
		return
	}
	if d.Kind == Enum {
		p.expect("{")
		next := int64(0)
		for !p.accept("}") {
			m := EnumMember{Name: p.name(), Value: next}
			if p.accept("=") {
				m.Value = p.integer(d.constants)
			}
			next = m.Value + 1
			d.constants = append(d.constants, m)
			p.accept(",")
		}
	}
	p.end()
}

// Universe is a set of definitions that know each other by name.
type Universe struct {
	full   map[string][]*Def // by namespace-qualified name
	simple map[string][]*Def // by name with the names of outer types
	spaces map[string]bool
	defs   []*Def
}

var linking sync.Mutex

// NewUniverse makes a universe of the definitions and resolves the texts of
// those that no universe has resolved yet; a definition is resolved once for
// all. It panics on a name that no definition has, and on two definitions of
// one name.
func NewUniverse(defs ...*Def) *Universe {
	u := &Universe{full: map[string][]*Def{}, simple: map[string][]*Def{}, spaces: map[string]bool{}, defs: defs}
	// The outer type, which is part of a name, is set when a definition is linked.
	linking.Lock()
	defer linking.Unlock()
	for _, d := range defs {
		name := d.dotted()
		full := name
		if d.Namespace != "" {
			full = d.Namespace + "." + name
		}
		for _, e := range u.full[full] {
			if len(e.Parameters) == len(d.Parameters) && e != d {
				panic("types: " + full + " is declared twice")
			}
		}
		u.full[full] = append(u.full[full], d)
		u.simple[name] = append(u.simple[name], d)
		for ns := d.Namespace; ns != ""; {
			u.spaces[ns] = true
			i := strings.LastIndexByte(ns, '.')
			ns = ns[:max(i, 0)]
		}
	}
	for _, d := range defs {
		if d.linked.Load() {
			continue
		}
		if err := d.link(u); err != nil {
			panic("types: " + err.Error())
		}
		d.linked.Store(true)
	}
	return u
}

func (d *Def) link(u *Universe) (err error) {
	p := d.text.reader
	p.resolver = u
	defer p.recover(&err)
	if d.Outer != nil {
		full := d.Outer.dotted()
		if o := u.lookup(d.Namespace, full, 0); o != nil {
			d.Outer = o
		} else if l := u.simple[full]; len(l) > 0 {
			d.Outer = l[0]
		} else {
			p.fail("no outer type %s", full)
		}
	}
	switch d.Kind {
	case Class:
		d.base = Object
	case Struct:
		d.base = ValueType
	case Enum:
		d.base, d.under = EnumBase, Int32
	case Delegate:
		d.base = multicastDef.Type()
	}
	if d == objectDef {
		d.base = nil
	}
	if d.text.base > 0 {
		p.at = d.text.base
		for first := true; ; first = false {
			t := p.typ()
			switch {
			case d.Kind == Enum:
				d.under = t
			case first && t.kind == Class:
				d.base = t
			default:
				d.faces = append(d.faces, t)
			}
			if !p.accept(",") {
				break
			}
		}
	}
	if d.text.where > 0 {
		p.at = d.text.where
		p.constraints(d.Parameters)
	}
	if d.text.sig > 0 {
		p.at = d.text.sig
		m := &Member{Name: "Invoke", Owner: d.Type(), Result: p.typ()}
		p.name()
		p.skipParameters()
		m.Params = p.params(m, "(", ")")
		p.constraints(d.Parameters)
		p.end()
		m.Origin = m
		d.invoke = m
	}
	return nil
}

// Defs are the definitions of the universe, in the order given.
func (u *Universe) Defs() []*Def { return u.defs }

// Namespace reports whether a definition lies in the namespace or below it.
func (u *Universe) Namespace(name string) bool { return u.spaces[name] }

// Lookup is the definition with that namespace, name (dotted for nested types)
// and number of type parameters, or nil.
func (u *Universe) Lookup(namespace, name string, arity int) *Def {
	return u.lookup(namespace, name, arity)
}

// Named lists the definitions of a namespace with that name, whatever the
// number of their type parameters.
func (u *Universe) Named(namespace, name string) []*Def {
	if namespace == "" {
		return u.full[name]
	}
	return u.full[namespace+"."+name]
}

// Anywhere lists the definitions with that name in all namespaces.
func (u *Universe) Anywhere(name string) []*Def { return u.simple[name] }

func (u *Universe) lookup(namespace, name string, arity int) *Def {
	for _, d := range u.Named(namespace, name) {
		if len(d.Parameters) == arity {
			return d
		}
	}
	return nil
}

// Resolve finds what a signature means by a name: the type of its own
// namespace, else that of System, else the only one of that name anywhere, or
// the one with that full name.
func (u *Universe) Resolve(namespace, name string, arity int) *Def {
	if d := u.lookup(namespace, name, arity); d != nil {
		return d
	}
	if d := u.lookup("System", name, arity); d != nil {
		return d
	}
	var only *Def
	for _, d := range u.simple[name] {
		if len(d.Parameters) == arity {
			if only != nil {
				return nil
			}
			only = d
		}
	}
	if only == nil {
		return u.lookup("", name, arity)
	}
	return only
}
