package check

import (
	"sort"
	"strings"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// argument is a bound argument of a call.
type argument struct {
	x      Expr
	name   string
	nameAt source.Span
	mode   types.Mode
}

// failure is why a candidate cannot be called, in the terms of the compiler's
// reports.
type failure uint8

const (
	applicable failure = iota
	badArgument
	inferenceFailed
	constraintFailed
	noSuchParameter // too many arguments
	noNamedParameter
	usedForPositional
	missingParameter
)

// candidate is a method as overload resolution sees it.
type candidate struct {
	m        *types.Member // with type arguments, once known
	declared *types.Member // without
	ext      bool          // the first argument is the receiver
	expanded bool
	fail     failure
	typeArgs []*types.Type
	slots    []int // parameter of each argument
	ptypes   []*types.Type
	convs    []conversion
	bad      []int
	at       int // argument of a naming mistake, parameter that is missing
	broken   *types.Type
	defaults int
}

// analyse tries one method, in its normal and then in its expanded form.
func (b *binder) candidate(m *types.Member, ext bool, args []argument, given []*types.Type) *candidate {
	b.tick()
	c := b.form(m, ext, args, given, false)
	if c.fail == applicable || len(m.Params) == 0 || !m.Params[len(m.Params)-1].Params {
		return c
	}
	e := b.form(m, ext, args, given, true)
	if e.fail == applicable {
		return e
	}
	if c.fail == missingParameter || c.fail == noSuchParameter {
		switch e.fail {
		case badArgument, usedForPositional, inferenceFailed, constraintFailed, noNamedParameter:
			return e
		}
	}
	if c.fail == badArgument && e.fail == badArgument && c.badLast() && !e.badLast() {
		return e
	}
	return c
}

// badLast reports whether an argument for the last parameter does not fit.
func (c *candidate) badLast() bool {
	for _, i := range c.bad {
		if c.slots[i] == len(c.declared.Params)-1 {
			return true
		}
	}
	return false
}

func (b *binder) form(m *types.Member, ext bool, args []argument, given []*types.Type, expanded bool) *candidate {
	c := &candidate{m: m, declared: m, ext: ext, expanded: expanded}
	n := len(m.Params)
	used := make([]bool, n)
	c.slots = make([]int, len(args))
	named := false
	for i, a := range args {
		slot := -1
		switch {
		case a.name != "":
			named = true
			for k, p := range m.Params {
				if p.Name == a.name {
					slot = k
				}
			}
			if slot < 0 {
				c.fail, c.at = noNamedParameter, i
				return c
			}
		case expanded && i >= n-1:
			slot = n - 1
		case i < n:
			slot = i
		}
		if slot < 0 {
			c.fail, c.at = noSuchParameter, i
			return c
		}
		c.slots[i] = slot
	}
	for i, a := range args {
		slot := c.slots[i]
		if used[slot] && !(expanded && slot == n-1 && a.name == "") {
			if a.name != "" {
				c.fail, c.at = usedForPositional, i
				return c
			}
		}
		used[slot] = true
	}
	_ = named
	for k, p := range m.Params {
		if !used[k] && !p.Optional && !(expanded && k == n-1) {
			c.fail, c.at = missingParameter, k
			return c
		}
		if !used[k] {
			c.defaults++
		}
	}
	if expanded && !used[n-1] {
		c.defaults--
	}
	typeOf := func(method *types.Member, i int) *types.Type {
		t := method.Params[c.slots[i]].Type
		if expanded && c.slots[i] == n-1 {
			return t.Elem()
		}
		return t
	}
	if len(m.Parameters) > 0 {
		c.typeArgs = given
		if given == nil {
			var pairs []pairing
			for i, a := range args {
				pairs = append(pairs, pairing{a.x, typeOf(m, i), m.Params[c.slots[i]].Mode})
			}
			c.typeArgs = b.inferTypes(m.Parameters, pairs)
			if c.typeArgs == nil {
				c.fail = inferenceFailed
				return c
			}
		}
		c.m = m.Instantiate(c.typeArgs)
	}
	for i, a := range args {
		p := c.m.Params[c.slots[i]]
		t := typeOf(c.m, i)
		c.ptypes = append(c.ptypes, t)
		conv := b.argumentConversion(a, p, t, c.ext && i == 0)
		c.convs = append(c.convs, conv)
		if !conv.ok() {
			c.bad = append(c.bad, i)
		}
	}
	if len(c.bad) > 0 {
		c.fail = badArgument
		return c
	}
	if len(m.Parameters) > 0 {
		quiet := b.withDiags(&bag{})
		for i, p := range m.Parameters {
			if !quiet.satisfies(c.typeArgs[i], p, m.Parameters, c.typeArgs, source.Span{}, "") {
				c.fail, c.at = constraintFailed, i
				return c
			}
		}
	}
	return c
}

func (b *binder) argumentConversion(a argument, p types.Param, t *types.Type, receiver bool) conversion {
	if a.mode != p.Mode && !(p.Mode == types.ByIn && a.mode == types.ByValue) {
		return conversion{}
	}
	switch p.Mode {
	case types.ByRef, types.ByOut:
		if o, ok := a.x.(*outVar); ok && (o.local == nil && o.typ == nil || o.typ == nil) {
			return one(Identity)
		}
		if a.x.Type() != nil && (types.Same(a.x.Type(), t) || isBad(a.x.Type())) {
			return one(Identity)
		}
		return conversion{}
	}
	c := b.implicit(a.x, t)
	if receiver {
		switch c.kind {
		case Identity, Reference, Boxing, NullConv, tupleLitConv:
			return c
		}
		if a.x.Type() == types.Null {
			return c
		}
		return conversion{}
	}
	return c
}

// resolution is the outcome of overload resolution.
type resolution struct {
	best *candidate
	all  []*candidate
	tied []*candidate
}

// resolve chooses among methods. Candidates of base types count only when no
// nearer one is applicable.
func (b *binder) resolve(methods []*types.Member, ext bool, args []argument, given []*types.Type) resolution {
	var r resolution
	var fits []*candidate
	for _, m := range methods {
		if given != nil && len(given) != len(m.Parameters) {
			continue
		}
		c := b.candidate(m, ext, args, given)
		r.all = append(r.all, c)
		if c.fail == applicable {
			fits = append(fits, c)
		}
	}
	if !ext {
		fits = nearest(fits)
	}
	var best []*candidate
	for i, c := range fits {
		wins := true
		for j, d := range fits {
			if i != j && b.better(c, d, args) <= 0 {
				wins = false
				break
			}
		}
		if wins {
			best = append(best, c)
		}
	}
	switch {
	case len(best) == 1:
		r.best = best[0]
	case len(fits) > 0:
		// Those that no other one beats are the ambiguous ones.
		for i, c := range fits {
			beaten := false
			for j, d := range fits {
				if i != j && b.better(d, c, args) > 0 {
					beaten = true
				}
			}
			if !beaten {
				r.tied = append(r.tied, c)
			}
		}
		if len(r.tied) < 2 {
			r.tied = fits
		}
	}
	return r
}

// nearest drops the candidates of types from which another candidate's type
// derives.
func nearest(list []*candidate) []*candidate {
	var kept []*candidate
	for _, c := range list {
		far := false
		for _, d := range list {
			o, p := c.m.Owner, d.m.Owner
			if o == nil || p == nil || o == p {
				continue
			}
			if p.Kind() == types.Interface {
				for _, f := range p.Interfaces() {
					far = far || f == o
				}
				far = far || o == types.Object
			} else if p != o && p.Inherits(o) {
				far = true
			}
		}
		if !far {
			kept = append(kept, c)
		}
	}
	return kept
}

// better is above zero when c is the better of two applicable candidates,
// below when d is.
func (b *binder) better(c, d *candidate, args []argument) int {
	cWins, dWins, same := false, false, true
	for i, a := range args {
		t, u := c.ptypes[i], d.ptypes[i]
		if !types.Same(t, u) {
			same = false
		}
		if a.mode != types.ByValue {
			continue
		}
		switch w := b.betterConversion(a.x, t, u); {
		case w > 0:
			cWins = true
		case w < 0:
			dWins = true
		}
	}
	switch {
	case cWins && !dWins:
		return 1
	case dWins && !cWins:
		return -1
	case cWins && dWins:
		return 0
	}
	if (c.defaults == 0) != (d.defaults == 0) {
		return sign(c.defaults == 0)
	}
	if !same {
		// Parameter types differ without one being better: only for the arguments
		// that were omitted can a tie-breaker still decide.
		for i := range args {
			if !types.Same(c.ptypes[i], d.ptypes[i]) && !b.equalConversions(args[i].x, c.ptypes[i], d.ptypes[i]) {
				return 0
			}
		}
	}
	if x, y := len(c.declared.Parameters) == 0, len(d.declared.Parameters) == 0; x != y {
		return sign(x)
	}
	if c.expanded != d.expanded {
		return sign(!c.expanded)
	}
	if c.expanded && d.expanded {
		if len(c.m.Params) != len(d.m.Params) {
			return sign(len(c.m.Params) > len(d.m.Params))
		}
		if n := len(c.m.Params) - 1; n >= len(args) {
			// Nothing was given for either array: the better element type decides.
			if w := b.betterTarget(c.m.Params[n].Type.Elem(), d.m.Params[n].Type.Elem()); w != 0 {
				return w
			}
		}
	}
	if w := b.moreSpecific(c, d, len(args)); w != 0 {
		return w
	}
	return 0
}

func sign(b bool) int {
	if b {
		return 1
	}
	return -1
}

func (b *binder) equalConversions(x Expr, t, u *types.Type) bool {
	switch x.(type) {
	case *lambdaExpr, *methodGroup:
		return types.Same(t, u)
	}
	return false
}

// moreSpecific compares the declared parameter types of two methods.
func (b *binder) moreSpecific(c, d *candidate, n int) int {
	up, down := false, false
	for i := range n {
		t, u := declaredType(c, i), declaredType(d, i)
		switch w := specific(t, u); {
		case w > 0:
			up = true
		case w < 0:
			down = true
		}
	}
	switch {
	case up && !down:
		return 1
	case down && !up:
		return -1
	}
	return 0
}

func declaredType(c *candidate, i int) *types.Type {
	m := c.declared
	if m.Origin != nil && m.Owner != nil {
		m = m.Origin
	}
	t := m.Params[c.slots[i]].Type
	if c.expanded && c.slots[i] == len(m.Params)-1 {
		return t.Elem()
	}
	return t
}

func specific(t, u *types.Type) int {
	tp, up := t.Kind() == types.Parameter, u.Kind() == types.Parameter
	switch {
	case tp && up:
		return 0
	case tp:
		return -1
	case up:
		return 1
	case t.Kind() == types.Array && u.Kind() == types.Array && t.Rank() == u.Rank():
		return specific(t.Elem(), u.Elem())
	case t.Def() == u.Def() && len(t.Args()) > 0 && len(t.Args()) == len(u.Args()):
		more, less := false, false
		for i := range t.Args() {
			switch w := specific(t.Args()[i], u.Args()[i]); {
			case w > 0:
				more = true
			case w < 0:
				less = true
			}
		}
		switch {
		case more && !less:
			return 1
		case less && !more:
			return -1
		}
	}
	return 0
}

// betterConversion compares the conversions of an expression to two types.
func (b *binder) betterConversion(x Expr, t, u *types.Type) int {
	if types.Same(t, u) {
		return 0
	}
	xt, xu := b.exactly(x, t), b.exactly(x, u)
	if xt != xu {
		return sign(xt)
	}
	if l, ok := x.(*lambdaExpr); ok {
		return b.betterLambda(l, t, u)
	}
	return b.betterTarget(t, u)
}

// exactly reports whether an expression matches a type exactly.
func (b *binder) exactly(x Expr, t *types.Type) bool {
	switch x := x.(type) {
	case *lambdaExpr:
		if t.Kind() != types.Delegate || t.Invoke() == nil {
			return false
		}
		sig := t.Invoke()
		if sig.Result.Kind() == types.Void {
			return false
		}
		var ptypes []*types.Type
		for _, p := range sig.Params {
			ptypes = append(ptypes, p.Type)
		}
		if len(ptypes) != len(x.params) && !x.anyArgs {
			return false
		}
		r := b.lambdaResult(x, ptypes)
		return r != nil && types.Same(r, sig.Result)
	case *tupleLit:
		if !t.IsTuple() || len(t.Args()) != len(x.items) {
			return false
		}
		for i, item := range x.items {
			if !b.exactly(item, t.Args()[i]) {
				return false
			}
		}
		return true
	}
	return x.Type() != nil && types.Same(x.Type(), t)
}

// betterTarget compares two types a thing could be converted to.
func (b *binder) betterTarget(t, u *types.Type) int {
	if types.Same(t, u) {
		return 0
	}
	toU, toT := b.typeConverts(t, u), b.typeConverts(u, t)
	if toU != toT {
		return sign(toU)
	}
	if t.Kind() == types.Delegate && u.Kind() == types.Delegate && t.Invoke() != nil && u.Invoke() != nil {
		p, q := t.Invoke(), u.Invoke()
		if len(p.Params) == len(q.Params) {
			for i := range p.Params {
				if !types.Same(p.Params[i].Type, q.Params[i].Type) {
					return 0
				}
			}
			return b.betterResult(p.Result, q.Result)
		}
		return 0
	}
	tc, uc := t.Underlying().Code(), u.Underlying().Code()
	if signed(tc) && unsigned(uc) {
		return 1
	}
	if signed(uc) && unsigned(tc) {
		return -1
	}
	return 0
}

func (b *binder) betterResult(r, s *types.Type) int {
	switch {
	case r.Kind() == types.Void && s.Kind() == types.Void:
		return 0
	case r.Kind() == types.Void:
		return -1
	case s.Kind() == types.Void:
		return 1
	}
	return b.betterTarget(r, s)
}

func signed(c types.Code) bool {
	return c == types.CodeSByte || c == types.CodeInt16 || c == types.CodeInt32 || c == types.CodeInt64
}

func unsigned(c types.Code) bool {
	return c == types.CodeByte || c == types.CodeUInt16 || c == types.CodeUInt32 || c == types.CodeUInt64
}

// betterLambda compares two delegate types for a lambda with the same
// parameters in both.
func (b *binder) betterLambda(l *lambdaExpr, t, u *types.Type) int {
	if t.Kind() != types.Delegate || u.Kind() != types.Delegate {
		return b.betterTarget(t, u)
	}
	p, q := t.Invoke(), u.Invoke()
	if len(p.Params) != len(q.Params) {
		return 0
	}
	for i := range p.Params {
		if !types.Same(p.Params[i].Type, q.Params[i].Type) {
			return 0
		}
	}
	if types.Same(p.Result, q.Result) {
		return 0
	}
	if p.Result.Kind() == types.Void || q.Result.Kind() == types.Void {
		return b.betterResult(p.Result, q.Result)
	}
	// The return expressions decide: better for all of them is better.
	var ptypes []*types.Type
	for _, x := range p.Params {
		ptypes = append(ptypes, x.Type)
	}
	bound := b.lambdaInfer(l, ptypes)
	up, down := false, false
	for _, r := range bound.fn.returns {
		if r.x == nil {
			continue
		}
		switch w := b.betterConversion(r.x, p.Result, q.Result); {
		case w > 0:
			up = true
		case w < 0:
			down = true
		}
	}
	switch {
	case up && !down:
		return 1
	case down && !up:
		return -1
	case !up && !down:
		return b.betterTarget(p.Result, q.Result)
	}
	return 0
}

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
		b.error(site.at, "CS0121", "The call is ambiguous between the following methods or properties: '%s' and '%s'", memberShow(r.tied[0].declared), memberShow(r.tied[1].declared))
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
			b.error(site.recv.Span(), "CS1929", "'%s' does not contain a definition for '%s' and the best extension method overload '%s' requires a receiver of type '%s'", show(a.x), site.name, memberShow(c.m), c.ptypes[0].Qualified())
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
			if g, ok := a.x.(*methodGroup); ok && t.Kind() == types.Delegate {
				b.error(at, "CS1503", "Argument %d: cannot convert from 'method group' to '%s'", number, t.Qualified())
				_ = g
				continue
			}
			if l, ok := a.x.(*lambdaExpr); ok {
				b.lambdaMismatch(l, t)
				continue
			}
			if _, ok := a.x.(*noCond); ok {
				b.convert(a.x, t, "")
				continue
			}
			if z, ok := a.x.(*tupleLit); ok && z.typ == nil {
				b.error(at, "CS1503", "Argument %d: cannot convert from '%s' to '%s'", number, tupleName(z), t.Qualified())
				continue
			}
			from, to := showQualified(a.x), t.Qualified()
			if p.Mode != types.ByValue && p.Mode != types.ByIn {
				from, to = modeWord(p.Mode)+" "+from, modeWord(p.Mode)+" "+to
			}
			if c.expanded && c.slots[i] == len(c.m.Params)-1 && false {
				to = "params " + to
			}
			b.error(at, "CS1503", "Argument %d: cannot convert from '%s' to '%s'", number, from, to)
		}
	}
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

// arguments binds an argument list.
func (b *binder) arguments(list *syntax.ArgumentList) []argument {
	var args []argument
	for _, a := range list.Items {
		args = append(args, b.argumentOf(a))
	}
	return args
}

func (b *binder) argumentOf(a *syntax.Argument) argument {
	out := argument{mode: mode(a.Mode)}
	if a.Name != nil {
		out.name, out.nameAt = a.Name.Text, a.Name.Span()
	}
	switch {
	case a.Mode == syntax.ByOut:
		if d, ok := a.Value.(*syntax.DeclExpr); ok {
			out.x = b.outDeclaration(d)
			return out
		}
		if n, ok := a.Value.(*syntax.Name); ok && n.Text == "_" {
			if l, f := b.findName("_"); l == nil && f == nil {
				out.x = &outVar{node: node{nil, n.Span()}, discard: true}
				return out
			}
		}
		out.x = b.variable(a.Value, syntax.ByOut)
	case a.Mode == syntax.ByRef, a.Mode == syntax.ByIn:
		out.x = b.variable(a.Value, a.Mode)
	default:
		out.x = b.rvalue(a.Value)
		if t := out.x.Type(); t != nil && t.Kind() == types.Void {
			// void is no argument; what it is passed to will say so.
			return out
		}
	}
	return out
}

// outDeclaration binds `out var x`.
func (b *binder) outDeclaration(d *syntax.DeclExpr) Expr {
	at := d.Span()
	t := b.declaredType(d.Type)
	switch g := d.Designation.(type) {
	case *syntax.SingleDesignation:
		l := b.sc.find(g.Name)
		if l == nil {
			return bad(at)
		}
		l.Type = t
		l.pending = false
		if t != nil && isBad(t) {
			return bad(at)
		}
		return &outVar{node: node{t, at}, local: l}
	case *syntax.DiscardDesignation:
		return &outVar{node: node{t, at}, discard: true}
	}
	b.error(at, "CS8185", "A declaration is not allowed in this context.")
	return bad(at)
}

// declaredType is the type of a declaration, nil for var.
func (b *binder) declaredType(t syntax.Type) *types.Type {
	if t == nil || b.isVar(t) {
		return nil
	}
	return b.typ(t)
}

// isVar reports whether a type is the word var, and not a type of that name.
func (b *binder) isVar(t syntax.Type) bool {
	n, ok := t.(*syntax.Name)
	if !ok || n.Text != "var" || n.Verbatim || len(n.TypeArgs) > 0 {
		return false
	}
	_, d, _ := b.simpleType("var", 0)
	return d == nil
}

// find is the local that a declaration made known before.
func (s *scope) find(id *syntax.Ident) *Local {
	for ; s != nil; s = s.parent {
		if l := s.decls[id]; l != nil {
			return l
		}
	}
	return nil
}

// variable binds what is passed by reference.
func (b *binder) variable(x syntax.Expr, m syntax.PassMode) Expr {
	v := b.expr(x)
	return b.checkVariable(v, m)
}

func (b *binder) checkVariable(v Expr, m syntax.PassMode) Expr {
	switch x := v.(type) {
	case *Bad:
		return v
	case *LocalRef:
		if why := x.Local.readOnly; why != "" && m != syntax.ByIn {
			if x.Local.rangeVar {
				b.error(x.at, "CS1939", "Cannot pass the range variable '%s' as an out or ref parameter", x.Local.Name)
			} else {
				b.error(x.at, "CS1657", "Cannot use '%s' as a ref or out value because it is a '%s'", x.Local.Name, why)
			}
			return bad(x.at)
		}
		return v
	case *Elem:
		return v
	case *Item:
		if x.X.Type().IsTuple() {
			return v
		}
	case *Get:
		if m != syntax.ByIn {
			if x.Member.Kind == types.Field {
				b.error(x.at, "CS0199", "A static readonly field cannot be used as a ref or out value (except in a static constructor)")
			} else {
				b.error(x.at, "CS0206", "A non ref-returning property or indexer may not be used as an out or ref value")
			}
			return bad(x.at)
		}
		return v
	case *typeExpr, *namespaceExpr:
		return b.needValue(v)
	}
	if m == syntax.ByIn {
		return v
	}
	if r, ok := v.(*rangeRef); ok {
		b.error(v.Span(), "CS1939", "Cannot pass the range variable '%s' as an out or ref parameter", r.name)
		return bad(v.Span())
	}
	b.error(v.Span(), "CS1510", "A ref or out value must be an assignable variable")
	return bad(v.Span())
}
