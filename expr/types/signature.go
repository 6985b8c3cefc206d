package types

import (
	"fmt"
	"strconv"
	"strings"
)

// MemberKind is the sort of a member.
type MemberKind uint8

// The kinds of members.
const (
	Method MemberKind = iota
	Constructor
	Property
	Indexer
	Field // static readonly, or an instance field such as a tuple's Item1
	Const
	Operator   // a user-defined operator; Name is its token, or "true" and "false"
	Conversion // a user-defined conversion; Implicit says which
)

// Access is who may use a member.
type Access uint8

// The accesses that a signature can give; without a word it is public.
const (
	Public Access = iota
	Protected
	Private
)

// Mode is how an argument is passed.
type Mode uint8

// The modes of parameters.
const (
	ByValue Mode = iota
	ByRef
	ByOut
	ByIn
)

// Param is one parameter of a member.
type Param struct {
	Name     string
	Type     *Type
	Mode     Mode
	Params   bool // the last parameter, of array type, may be given as single arguments
	Optional bool
	Default  string // the default as it is written: a literal, default, or a member of an enum
}

// Member is a member as its C# signature says.
type Member struct {
	Owner      *Type // the type that declares it, over its own parameters until seen through a constructed type
	Kind       MemberKind
	Name       string
	Static     bool
	Extension  bool // the first parameter has `this`
	Access     Access
	Abstract   bool
	Override   bool
	Implicit   bool  // of conversions
	Explicit   *Type // the interface of an explicit implementation, which no name look-up finds
	Get, Set   bool  // of properties and indexers
	Params     []Param
	Result     *Type
	Parameters []*Type // type parameters of a generic method
	Value      string  // of a const: its literal

	// Origin is the member as declared, the same for every view of it through a
	// constructed type. It identifies the member.
	Origin *Member
	// Row is what declared the member; this package does not look into it.
	Row any
}

// in is the member seen through a constructed type.
func (m *Member) in(owner *Type) *Member {
	if owner.kind == Array || len(owner.args) == 0 {
		if m.Owner == owner {
			return m
		}
		c := *m
		c.Owner = owner
		return &c
	}
	return m.with(owner, owner.def.Parameters, owner.args)
}

// In is the member seen through the constructed type owner.
func (m *Member) In(owner *Type) *Member { return m.in(owner) }

// Instantiate is a generic method with its type parameters given.
func (m *Member) Instantiate(args []*Type) *Member { return m.with(m.Owner, m.Parameters, args) }

func (m *Member) with(owner *Type, params, args []*Type) *Member {
	c := *m
	c.Owner = owner
	c.Result = Subst(m.Result, params, args)
	c.Params = make([]Param, len(m.Params))
	for i, p := range m.Params {
		p.Type = Subst(p.Type, params, args)
		c.Params[i] = p
	}
	return &c
}

// String is the member as messages of the C# compiler name it:
// `string.Join(string, params object[])`.
func (m *Member) String() string { return m.show((*Type).String, nil) }

// Qualified is the member with the namespaces of all types, as the compiler
// names those that it cannot choose between.
func (m *Member) Qualified() string { return m.show((*Type).Qualified, nil) }

// With is the member with arguments for its type parameters, as messages name a
// generic method that was inferred.
func (m *Member) With(args []*Type) string { return m.show((*Type).String, args) }

func (m *Member) show(name func(*Type) string, args []*Type) string {
	var b strings.Builder
	b.WriteString(name(m.Owner))
	switch m.Kind {
	case Constructor:
		b.WriteString("." + m.Owner.Name())
	case Indexer:
		b.WriteString(".this")
	case Operator:
		b.WriteString(".operator " + m.Name)
	case Conversion:
		if m.Implicit {
			b.WriteString(".implicit operator " + m.Result.String())
		} else {
			b.WriteString(".explicit operator " + m.Result.String())
		}
	default:
		b.WriteString("." + m.Name)
	}
	if len(m.Parameters) > 0 {
		b.WriteByte('<')
		for i, p := range m.Parameters {
			if i > 0 {
				b.WriteString(", ")
			}
			if args != nil {
				p = args[i]
			}
			b.WriteString(name(p))
		}
		b.WriteByte('>')
	}
	switch m.Kind {
	case Property, Field, Const:
		return b.String()
	}
	open, end := "(", ")"
	if m.Kind == Indexer {
		open, end = "[", "]"
	}
	b.WriteString(open + paramList(m.Params, name) + end)
	return b.String()
}

// ParamList is the parameters as messages write them.
func ParamList(params []Param) string { return paramList(params, (*Type).String) }

func paramList(params []Param, name func(*Type) string) string {
	var list []string
	for _, p := range params {
		s := name(p.Type)
		switch {
		case p.Params:
			s = "params " + s
		case p.Mode == ByRef:
			s = "ref " + s
		case p.Mode == ByOut:
			s = "out " + s
		case p.Mode == ByIn:
			s = "in " + s
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

// Resolver finds the definitions that signatures name.
type Resolver interface {
	// Resolve is the definition of a name as written, dotted or not, with so
	// many type arguments, used in a namespace; nil when there is none.
	Resolve(namespace, name string, arity int) *Def
}

// ParseMember reads one signature of a member of def. Modifiers that say
// nothing to callers (virtual, sealed, new, readonly) are allowed and ignored,
// as are the marks of nullable reference types.
func ParseMember(def *Def, text string, r Resolver) (m *Member, err error) {
	p := &reader{text: text, toks: lex(text), def: def, resolver: r}
	defer p.recover(&err)
	m = p.member()
	m.Owner = def.Type()
	m.Origin = m
	return m, nil
}

// ParseType reads the C# spelling of a type, with the names that r knows.
func ParseType(text string, r Resolver) (t *Type, err error) {
	p := &reader{text: text, toks: lex(text), resolver: r}
	defer p.recover(&err)
	t = p.typ()
	p.end()
	return t, nil
}

type syntaxError struct{ message string }

// reader is a recursive-descent reader of declarations and signatures; a
// mistake leaves it as a syntaxError panic that recover turns into an error.
type reader struct {
	text     string
	toks     []string
	at       int
	def      *Def
	method   []*Type
	resolver Resolver
}

func (p *reader) recover(err *error) {
	switch e := recover().(type) {
	case nil:
	case syntaxError:
		*err = fmt.Errorf("signature %q: %s", p.text, e.message)
	default:
		panic(e)
	}
}

func (p *reader) fail(format string, args ...any) {
	panic(syntaxError{fmt.Sprintf(format, args...)})
}

func (p *reader) tok() string { return p.ahead(0) }

func (p *reader) ahead(n int) string {
	if p.at+n < len(p.toks) {
		return p.toks[p.at+n]
	}
	return ""
}

func (p *reader) next() string {
	t := p.tok()
	p.at++
	return t
}

func (p *reader) accept(t string) bool {
	if p.tok() == t {
		p.at++
		return true
	}
	return false
}

func (p *reader) expect(t string) {
	if !p.accept(t) {
		p.fail("expected %q, found %q", t, p.tok())
	}
}

func (p *reader) end() {
	p.accept(";")
	if p.at < len(p.toks) {
		p.fail("unexpected %q", p.tok())
	}
}

func (p *reader) name() string {
	t := p.next()
	if t == "" || !letter(t[0]) {
		p.fail("expected a name, found %q", t)
	}
	return t
}

func letter(c byte) bool {
	return c == '_' || c == '@' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// lex cuts a declaration into names, numbers, quoted literals and marks.
func lex(s string) []string {
	var toks []string
	for i := 0; i < len(s); {
		c := s[i]
		j := i + 1
		switch {
		case c == ' ' || c == '\n' || c == '\t':
			i++
			continue
		case letter(c):
			for j < len(s) && (letter(s[j]) || s[j] >= '0' && s[j] <= '9') {
				j++
			}
		case c >= '0' && c <= '9':
			for j < len(s) && (letter(s[j]) || s[j] >= '0' && s[j] <= '9' || s[j] == '.' || (s[j] == '-' || s[j] == '+') && (s[j-1] == 'e' || s[j-1] == 'E')) {
				j++
			}
		case c == '"' || c == '\'':
			for j < len(s) && s[j] != c {
				if s[j] == '\\' {
					j++
				}
				j++
			}
			j++
		default:
			for _, op := range []string{"<<", ">=", "<=", "==", "!=", "++", "--"} {
				if strings.HasPrefix(s[i:], op) {
					j = i + 2
				}
			}
		}
		j = min(j, len(s))
		toks = append(toks, s[i:j])
		i = j
	}
	return toks
}

func (p *reader) member() *Member {
	m := &Member{}
	constant := false
	for ; ; p.at++ {
		switch p.tok() {
		case "public", "virtual", "sealed", "new", "readonly":
			continue
		case "protected", "internal":
			m.Access = Protected
			continue
		case "private":
			m.Access = Private
			continue
		case "static":
			m.Static = true
			continue
		case "abstract":
			m.Abstract = true
			continue
		case "override":
			m.Override = true
			continue
		case "const":
			constant = true
			continue
		}
		break
	}
	if t := p.tok(); t == "implicit" || t == "explicit" {
		p.at++
		p.expect("operator")
		m.Kind, m.Implicit, m.Static = Conversion, t == "implicit", true
		m.Result = p.typ()
		m.Params = p.params(m, "(", ")")
		p.end()
		return m
	}
	if p.tok() == p.def.Name && p.ahead(1) == "(" {
		p.at++
		m.Kind, m.Name, m.Result = Constructor, p.def.Name, VoidType
		m.Params = p.params(m, "(", ")")
		p.end()
		return m
	}
	// The result of a generic method may name the method's own parameters, which
	// stand behind its name: they are read first.
	start := p.at
	p.skipType()
	p.memberName(m)
	p.at = start
	m.Result = p.typ()
	if p.accept("operator") {
		m.Kind, m.Static = Operator, true
		m.Name = p.next()
		if m.Name == ">" && p.tok() == ">" {
			p.at++
			m.Name = ">>"
		}
		m.Params = p.params(m, "(", ")")
		p.end()
		return m
	}
	if q := p.qualifier(); q > 0 {
		end := p.at + q
		m.Explicit = p.typUntil(end)
		p.expect(".")
	}
	m.Name = p.name()
	switch {
	case m.Name == "this":
		m.Kind = Indexer
		m.Name = "this[]"
		m.Params = p.params(m, "[", "]")
		p.accessors(m)
	case p.tok() == "<" || p.tok() == "(":
		p.skipParameters()
		m.Params = p.params(m, "(", ")")
		p.constraints(m.Parameters)
	case p.tok() == "{":
		m.Kind = Property
		p.accessors(m)
	default:
		m.Kind, m.Get = Field, true
		if constant {
			m.Kind, m.Static = Const, true
			p.expect("=")
			m.Value = p.literal()
		}
	}
	p.end()
	return m
}

// qualifier is the number of tokens of an explicit implementation's interface
// before the last dot, 0 without one.
func (p *reader) qualifier() int {
	depth, last := 0, 0
	for i := 0; ; i++ {
		switch t := p.ahead(i); {
		case t == "<":
			depth++
		case t == ">":
			depth--
		case t == "." && depth == 0:
			last = i
		case depth == 0 && (t == "(" || t == "{" || t == "[" || t == "" || t == "="):
			// A `<` that opened a method's own parameters has been closed again.
			return last
		}
	}
}

func (p *reader) typUntil(end int) *Type {
	toks := p.toks
	p.toks = toks[:end]
	t := p.typ()
	p.toks = toks
	return t
}

// skipType moves over a type without resolving it.
func (p *reader) skipType() {
	if p.accept("(") {
		for depth := 1; depth > 0; {
			switch p.next() {
			case "(":
				depth++
			case ")":
				depth--
			case "":
				p.fail("unclosed tuple")
			}
		}
	} else {
		p.name()
		for {
			if p.tok() == "<" {
				p.skipAngles()
			}
			if !p.accept(".") {
				break
			}
			p.name()
		}
	}
	for p.tok() == "?" || p.tok() == "[" && (p.ahead(1) == "]" || p.ahead(1) == ",") {
		for t := p.next(); t == "[" || t == ","; t = p.next() {
		}
	}
}

func (p *reader) skipAngles() {
	for depth := 0; ; {
		switch p.next() {
		case "<":
			depth++
		case ">":
			depth--
		case "":
			p.fail("unclosed <")
		}
		if depth == 0 {
			return
		}
	}
}

func (p *reader) skipParameters() {
	if p.tok() == "<" {
		p.skipAngles()
	}
}

// memberName reads ahead for the type parameters of a generic method.
func (p *reader) memberName(m *Member) {
	if p.tok() == "operator" {
		return
	}
	p.at += p.qualifier()
	p.accept(".")
	if p.accept("this") {
		return
	}
	p.name()
	if !p.accept("<") {
		return
	}
	for {
		m.Parameters = append(m.Parameters, NewParameter(p.name(), len(m.Parameters)))
		if !p.accept(",") {
			break
		}
	}
	p.expect(">")
	p.method = m.Parameters
	// `T?` is a nullable only when T is a struct, which stands at the end.
	for i := p.at; i+3 < len(p.toks); i++ {
		if p.toks[i] == "where" && p.toks[i+3] == "struct" {
			for _, t := range m.Parameters {
				if t.name == p.toks[i+1] {
					t.Constraint.Struct = true
				}
			}
		}
	}
}

func (p *reader) accessors(m *Member) {
	p.expect("{")
	for !p.accept("}") {
		if t := p.tok(); t == "protected" || t == "private" || t == "internal" {
			// An accessor that others may not use is as good as none.
			p.at += 2
		} else if p.accept("get") {
			m.Get = true
		} else {
			p.expect("set")
			m.Set = true
		}
		p.expect(";")
	}
}

func (p *reader) params(m *Member, open, end string) []Param {
	p.expect(open)
	var list []Param
	for !p.accept(end) {
		if len(list) > 0 {
			p.expect(",")
		}
		var q Param
		switch {
		case p.accept("this"):
			m.Extension = true
		case p.accept("params"):
			q.Params = true
		case p.accept("ref"):
			q.Mode = ByRef
		case p.accept("out"):
			q.Mode = ByOut
		case p.accept("in"):
			q.Mode = ByIn
		}
		q.Type = p.typ()
		q.Name = strings.TrimPrefix(p.name(), "@")
		if p.accept("=") {
			q.Optional = true
			q.Default = p.literal()
		}
		list = append(list, q)
	}
	return list
}

// literal is a constant as written: a number with its sign, a quoted literal,
// a name, or a member of an enum.
func (p *reader) literal() string {
	s := p.next()
	if s == "-" {
		s += p.next()
	}
	if s == "default" && p.accept("(") {
		for p.next() != ")" {
		}
	}
	for p.accept(".") {
		s += "." + p.name()
	}
	return s
}

func (p *reader) constraints(params []*Type) {
	for p.accept("where") {
		name := p.name()
		var c *Constraint
		for _, t := range params {
			if t.name == name {
				c = t.Constraint
			}
		}
		if c == nil {
			p.fail("no type parameter %s", name)
		}
		p.expect(":")
		for {
			switch {
			case p.accept("class"):
				c.Class = true
				p.accept("?")
			case p.accept("struct"):
				c.Struct = true
			case p.accept("notnull"):
			case p.accept("new"):
				p.expect("(")
				p.expect(")")
				c.New = true
			default:
				c.Bounds = append(c.Bounds, p.typ())
			}
			if !p.accept(",") {
				break
			}
		}
	}
}

// typ reads and resolves a type.
func (p *reader) typ() *Type {
	var t *Type
	if p.accept("(") {
		var elems []*Type
		var names []string
		for {
			elems = append(elems, p.typ())
			name := ""
			if p.tok() != "," && p.tok() != ")" {
				name = p.name()
			}
			names = append(names, name)
			if !p.accept(",") {
				break
			}
		}
		p.expect(")")
		t = TupleOf(elems, names)
	} else {
		t = p.named()
	}
	for {
		switch {
		case p.accept("?"):
			if t.IsValue() {
				t = NullableOf(t)
			}
		case p.tok() == "[" && (p.ahead(1) == "]" || p.ahead(1) == ","):
			p.at++
			rank := 1
			for p.accept(",") {
				rank++
			}
			p.expect("]")
			t = ArrayOf(t, rank)
		default:
			return t
		}
	}
}

func (p *reader) named() *Type {
	name := p.name()
	if k := Keyword(name); k != nil {
		return k
	}
	for _, t := range p.method {
		if t.name == name {
			return t
		}
	}
	if p.def != nil {
		for d := p.def; d != nil; d = d.Outer {
			for _, t := range d.Parameters {
				if t.name == name {
					return t
				}
			}
		}
	}
	var args []*Type
	for {
		if p.accept("<") {
			for {
				args = append(args, p.typ())
				if !p.accept(",") {
					break
				}
			}
			p.expect(">")
		}
		if p.tok() != "." || p.at+1 >= len(p.toks) {
			break
		}
		p.at++
		name += "." + p.name()
	}
	namespace := ""
	if p.def != nil {
		namespace = p.def.Namespace
	}
	d := p.resolver.Resolve(namespace, name, len(args))
	if d == nil && p.def != nil {
		for o := p.def; o != nil && d == nil; o = o.Outer {
			d = p.resolver.Resolve(namespace, o.dotted()+"."+name, len(args))
		}
	}
	if d == nil {
		p.fail("no type %s with %d type arguments", name, len(args))
	}
	return d.Of(args...)
}

// integer reads the value of an enum member: a number in decimal or
// hexadecimal, a shift, or other members joined by |.
func (p *reader) integer(members []EnumMember) int64 {
	n := int64(0)
	for {
		negative := p.accept("-")
		t := p.next()
		v, err := strconv.ParseInt(t, 0, 64)
		if err != nil {
			found := false
			for _, m := range members {
				if m.Name == t {
					v, found = m.Value, true
				}
			}
			if !found {
				p.fail("no enum value %q", t)
			}
		}
		if negative {
			v = -v
		}
		if p.accept("<<") {
			s, err := strconv.Atoi(p.next())
			if err != nil {
				p.fail("bad shift")
			}
			v <<= s
		}
		n |= v
		if !p.accept("|") {
			return n
		}
	}
}
