package check

import (
	"sort"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// callSite is what a failed resolution is reported about.
type callSite struct {
	at     source.Span // the name
	recv   Expr
	name   string
	ctor   *types.Type
	dlg    *types.Type
	adding bool // an Add of a collection initialiser
	exprAt source.Span
}

// report explains why no candidate fits, as the compiler would.
func (b *binder) report(r resolution, args []argument, site callSite) {
	inOrder(r.all)
	if len(r.tied) > 1 {
		b.tied(r.tied, site.at)
		return
	}
	for _, a := range args {
		if hasBad(a.x) {
			b.reportLambdas(args)
			return
		}
	}
	if b.reportLambdas(args) {
		return
	}
	if c := firstFailure(r.all, badArgument); c != nil {
		b.reportArguments(c, args, site)
		return
	}
	if c := firstFailure(r.all, constraintFailed); c != nil {
		b.satisfies(c.typeArgs[c.at], c.declared.Parameters[c.at], c.declared.Parameters, c.typeArgs, site.at, memberShow(c.declared))
		return
	}
	if c := firstFailure(r.all, inferenceFailed); c != nil {
		for _, a := range args {
			if ofUnknown(a.x.Type()) {
				return
			}
		}
		b.error(site.at, "CS0411", "The type arguments for method '%s' cannot be inferred from the usage. Try specifying the type arguments explicitly.", memberShow(c.declared))
		return
	}
	var missing, named, positional *candidate
	conflict := false
	for _, c := range r.all {
		switch c.fail {
		case missingParameter:
			// System.Linq.Queryable, in scope as well, has every operator once more: what
			// one of Enumerable lacks, its twin lacks too.
			twin := c.ext && c.declared.Owner.Def().FullName() == "System.Linq.Enumerable"
			conflict = conflict || missing != nil || twin
			if missing == nil {
				missing = c
			}
		case noNamedParameter:
			if named == nil || c.at > named.at {
				named = c
			}
		case usedForPositional:
			if positional == nil {
				positional = c
			}
		}
	}
	switch {
	case missing != nil && !conflict:
		b.error(site.at, "CS7036", "There is no argument given that corresponds to the required parameter '%s' of '%s'", missing.m.Params[missing.at].Name, memberShow(missing.m))
		return
	case missing != nil:
	case positional != nil:
		a := args[positional.at]
		b.error(a.nameAt, "CS1744", "Named argument '%s' specifies a parameter for which a positional argument has already been given", a.name)
		return
	case named != nil:
		a := args[named.at]
		if site.dlg != nil {
			b.error(a.nameAt, "CS1746", "The delegate '%s' does not have a parameter named '%s'", site.dlg.Name(), a.name)
		} else {
			b.error(a.nameAt, "CS1739", "The best overload for '%s' does not have a parameter named '%s'", site.name, a.name)
		}
		return
	}
	n := len(args)
	if len(r.all) > 0 && r.all[0].ext && site.recv != nil {
		n--
	}
	switch {
	case site.ctor != nil:
		b.error(site.at, "CS1729", "'%s' does not contain a constructor that takes %d arguments", site.ctor, n)
	case site.dlg != nil:
		b.error(site.at, "CS1593", "Delegate '%s' does not take %d arguments", site.dlg, n)
	default:
		b.error(site.at, "CS1501", "No overload for method '%s' takes %d arguments", site.name, n)
	}
}

// tied reports calls between which nothing decides.
func (b *binder) tied(list []*candidate, at source.Span) {
	list = append([]*candidate(nil), list...)
	inOrder(list)
	names := [2]string{}
	for i := range names {
		m := list[i].declared
		names[i] = memberShow(m)
		if m.Owner != nil && m.Owner.Def() != nil && m.Owner.Kind() != types.Delegate {
			names[i] = m.Qualified()
		}
	}
	b.error(at, "CS0121", "The call is ambiguous between the following methods or properties: '%s' and '%s'", names[0], names[1])
}

// inOrder puts candidates into the order of the assemblies that the compiler
// reads: the reference assemblies of .NET list the overloads of a method sorted
// by their parameter types, libraries in the order of their source. The first
// candidate of a kind is the one that is reported.
func inOrder(list []*candidate) {
	for _, c := range list {
		if c.declared.Owner == nil || c.declared.Owner.Def() == nil || !strings.HasPrefix(c.declared.Owner.Def().Namespace, "System") {
			return
		}
	}
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].declared.Owner != list[j].declared.Owner {
			return false
		}
		return signature(list[i].declared) < signature(list[j].declared)
	})
}

func signature(m *types.Member) string {
	m = m.Origin
	var b strings.Builder
	if len(m.Parameters) > 0 {
		b.WriteString("`")
	}
	b.WriteString("(")
	for i, p := range m.Params {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.Type.FullName())
	}
	return b.String()
}

// ofUnknown reports whether an unknown type is among the arguments of a type:
// what could not be inferred from it needs no report of its own.
func ofUnknown(t *types.Type) bool {
	if t == nil {
		return false
	}
	if isBad(t) {
		return true
	}
	for _, a := range t.Args() {
		if ofUnknown(a) {
			return true
		}
	}
	return t.Kind() == types.Array && ofUnknown(t.Elem())
}

func firstFailure(list []*candidate, f failure) *candidate {
	for _, c := range list {
		if c.fail == f {
			return c
		}
	}
	return nil
}

// reportLambdas reports what is wrong inside lambda arguments, when something
// is; that explains more than the overloads that did not fit.
func (b *binder) reportLambdas(args []argument) bool {
	any := false
	for _, a := range args {
		if l, ok := a.x.(*lambdaExpr); ok && b.lambdaSummary(l) {
			any = true
		}
	}
	return any
}

func (b *binder) reportArguments(c *candidate, args []argument, site callSite) {
	if site.adding {
		b.error(site.exprAt, "CS1950", "The best overloaded Add method '%s' for the collection initializer has some invalid arguments", memberShow(c.m))
	}
	for _, i := range c.bad {
		a := args[i]
		if c.ext && i == 0 && site.recv != nil {
			b.error(site.recv.Span(), "CS1929", "'%s' does not contain a definition for '%s' and the best extension method overload '%s' requires a receiver of type '%s'", show(a.x), site.name, inferredShow(c), c.ptypes[0].Qualified())
			return
		}
		p := c.m.Params[c.slots[i]]
		number := i + 1
		if c.ext && site.recv != nil {
			number--
		}
		at := a.x.Span()
		t := c.ptypes[i]
		switch {
		case a.mode != p.Mode && !(p.Mode == types.ByIn && a.mode == types.ByValue):
			if p.Mode == types.ByValue || p.Mode == types.ByIn {
				b.error(at, "CS1615", "Argument %d may not be passed with the '%s' keyword", number, modeWord(a.mode))
			} else {
				b.error(at, "CS1620", "Argument %d must be passed with the '%s' keyword", number, modeWord(p.Mode))
			}
		default:
			if _, group := a.x.(*methodGroup); group && t.Kind() == types.Delegate {
				b.error(at, "CS1503", "Argument %d: cannot convert from 'method group' to '%s'", number, t.Qualified())
				continue
			}
			if l, ok := a.x.(*lambdaExpr); ok {
				b.lambdaMismatch(l, t)
				continue
			}
			if _, ok := a.x.(*noCond); ok {
				b.convert(a.x, t)
				continue
			}
			if z, ok := a.x.(*tupleLit); ok && z.typ == nil {
				b.error(at, "CS1503", "Argument %d: cannot convert from '%s' to '%s'", number, tupleName(z), t.Qualified())
				continue
			}
			if p.Params && !c.expanded && t.Kind() == types.Array {
				// What is no array was meant to be an element.
				t = t.Elem()
			}
			from, to := showQualified(a.x), t.Qualified()
			if p.Mode != types.ByValue && p.Mode != types.ByIn {
				from, to = modeWord(p.Mode)+" "+from, modeWord(p.Mode)+" "+to
			}
			b.error(at, "CS1503", "Argument %d: cannot convert from '%s' to '%s'", number, from, to)
		}
	}
}

// inferredShow is a candidate with its type arguments, where they are known.
func inferredShow(c *candidate) string {
	if len(c.typeArgs) == 0 || len(c.typeArgs) != len(c.m.Parameters) || c.m.Owner == nil {
		return memberShow(c.m)
	}
	for _, a := range c.typeArgs {
		if a == nil {
			return memberShow(c.m)
		}
	}
	return c.m.With(c.typeArgs)
}

func modeWord(m types.Mode) string {
	switch m {
	case types.ByRef:
		return "ref"
	case types.ByOut:
		return "out"
	case types.ByIn:
		return "in"
	}
	return ""
}
