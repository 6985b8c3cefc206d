package expr_test

import (
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// libraryMember is a member of the library with a program that uses it and nothing
// else of its name.
type libraryMember struct {
	owner *types.Def
	m     *types.Member
	text  string
}

func (l libraryMember) group() string { return l.owner.FullName() + "." + value.Key(l.m) }

// standIns are type arguments that meet the constraints of parameters.
func standIns(params []*types.Type) []*types.Type {
	args := make([]*types.Type, len(params))
	for i, p := range params {
		args[i] = types.Object
		if c := p.Constraint; c != nil {
			switch {
			case c.Struct:
				args[i] = types.Int32
			case len(c.Bounds) > 0 && !c.Bounds[0].Open():
				args[i] = c.Bounds[0]
			}
		}
	}
	return args
}

func instance(d *types.Def) *types.Type {
	if len(d.Parameters) == 0 {
		return d.Type()
	}
	return d.Of(standIns(d.Parameters)...)
}

// program writes the program that uses a member; "" when C# has no way to name
// it.
func program(d *types.Def, m *types.Member) string {
	if m.Access != types.Public || m.Explicit != nil || d == value.Vector {
		return ""
	}
	owner := instance(d)
	m = m.In(owner)
	name := m.Name
	if len(m.Parameters) > 0 {
		args := standIns(m.Parameters)
		m = m.Instantiate(args)
		var list []string
		for _, a := range args {
			list = append(list, a.Qualified())
		}
		name += "<" + strings.Join(list, ", ") + ">"
	}
	var b strings.Builder
	b.WriteString("@{\n")
	var args []string
	for i, p := range m.Params {
		fmt.Fprintf(&b, "    %s a%d = default(%s);\n", p.Type.Qualified(), i, p.Type.Qualified())
		word := map[types.Mode]string{types.ByRef: "ref ", types.ByOut: "out "}[p.Mode]
		args = append(args, fmt.Sprintf("%sa%d", word, i))
	}
	target := owner.Qualified()
	if !m.Static && m.Kind != types.Constructor || m.Extension {
		if !m.Extension {
			fmt.Fprintf(&b, "    %s self = default(%s);\n", target, target)
			target = "self"
		} else {
			target, args = args[0], args[1:]
		}
	}
	list := strings.Join(args, ", ")
	switch m.Kind {
	case types.Method:
		fmt.Fprintf(&b, "    %s.%s(%s);\n", target, name, list)
	case types.Constructor:
		if d.Abstract {
			return ""
		}
		fmt.Fprintf(&b, "    var made = new %s(%s);\n", target, list)
	case types.Indexer:
		if m.Get {
			fmt.Fprintf(&b, "    var got = %s[%s];\n", target, list)
		} else {
			fmt.Fprintf(&b, "    %s[%s] = default(%s);\n", target, list, m.Result.Qualified())
		}
	case types.Operator:
		switch {
		case name == "true" || name == "false":
			return ""
		case len(args) == 2:
			fmt.Fprintf(&b, "    var got = a0 %s a1;\n", name)
		case name == "++" || name == "--":
			fmt.Fprintf(&b, "    a0%s;\n", name)
		default:
			fmt.Fprintf(&b, "    var got = %sa0;\n", name)
		}
	case types.Conversion:
		fmt.Fprintf(&b, "    var got = (%s)a0;\n", m.Result.Qualified())
	default:
		if m.Get || m.Kind == types.Field || m.Kind == types.Const {
			fmt.Fprintf(&b, "    var got = %s.%s;\n", target, name)
		} else {
			fmt.Fprintf(&b, "    %s.%s = default(%s);\n", target, name, m.Result.Qualified())
		}
	}
	b.WriteString("    return 0;\n}")
	return b.String()
}

// named reports whether a program uses a member of a type, by the name under
// which tables list it.
func named(p *expr.Program, l libraryMember) bool {
	for _, u := range p.Uses() {
		if u.Member.Owner != nil && u.Member.Owner.Def() == l.owner && value.Key(u.Member) == value.Key(l.m) {
			return true
		}
	}
	return false
}

// otherwise reports whether C# gives a program another meaning once its member
// is gone: a member of the same name of a base type, a comparison of references,
// the concatenation of strings, another conversion of the type.
func otherwise(p *expr.Program, l libraryMember) bool {
	switch {
	case l.m.Kind == types.Operator && (l.m.Name == "==" || l.m.Name == "!="):
		return !l.owner.Type().IsValue()
	case l.m.Kind == types.Operator && l.m.Name == "+" && l.m.Params[1].Type == types.String:
		return true
	}
	for _, u := range p.Uses() {
		if value.Key(u.Member) == value.Key(l.m) || l.m.Kind == types.Conversion && u.Member.Kind == types.Conversion {
			return true
		}
	}
	return false
}

// TestRowsAreTheOnlyList walks all rows of the library: a program that uses the
// member compiles, and once the row is taken away it is refused, or means a
// member of the same name of a base type. A second list of names anywhere would
// let it pass.
func TestRowsAreTheOnlyList(t *testing.T) {
	whole := env(t)
	var all []libraryMember
	unnamed := 0
	for _, ms := range bcl.Members() {
		for _, r := range ms.Rows {
			m, err := types.ParseMember(ms.Def, r.Sig, whole.Table())
			if err != nil {
				t.Fatal(err)
			}
			l := libraryMember{ms.Def, m, program(ms.Def, m)}
			if l.text == "" {
				unnamed++
				continue
			}
			all = append(all, l)
		}
	}
	var used []libraryMember
	for _, l := range all {
		p, problems := whole.Compile(l.text, nil)
		switch {
		case p == nil:
			t.Errorf("%s: refused with all rows: %v\n%s", l.group(), messages(l.text, problems), l.text)
		case !named(p, l):
			t.Errorf("%s: the program does not use it\n%s", l.group(), l.text)
		default:
			used = append(used, l)
		}
	}
	t.Logf("%d rows, %d that no expression can name", len(used)+unnamed, unnamed)
	const rounds = 16
	round := func(group string) int {
		h := fnv.New32a()
		h.Write([]byte(group))
		return int(h.Sum32() % rounds)
	}
	for n := range rounds {
		var list []value.Members
		for _, ms := range bcl.Members() {
			var rows []value.Row
			for _, r := range ms.Rows {
				m, err := types.ParseMember(ms.Def, r.Sig, whole.Table())
				if err != nil {
					t.Fatal(err)
				}
				if round((libraryMember{owner: ms.Def, m: m}).group()) != n {
					rows = append(rows, r)
				}
			}
			ms.Rows = rows
			list = append(list, ms)
		}
		table, err := value.NewTable(list)
		if err != nil {
			t.Fatal(err)
		}
		less := expr.NewEnvOf(table)
		for _, l := range used {
			if round(l.group()) != n {
				continue
			}
			p, _ := less.Compile(l.text, nil)
			if p != nil && !otherwise(p, l) {
				t.Errorf("%s: compiled without its row\n%s", l.group(), l.text)
			}
		}
	}
}
