package policy

import (
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

// document is a compiled policy document of one scope.
type document struct {
	scope    Scope
	sections [4]section
}

// section is one section of one document: its steps, and where among them the
// broader scope's section goes. A section that is absent is empty and inherits
// nothing (spec: policies.md 1.1).
type section struct {
	nodes Block
	// bases are the indexes into nodes before which a <base/> stands.
	bases []int
}

// compiler compiles one document.
type compiler struct {
	set      *compilation
	contents *apim.Contents
	scope    Scope
	section  Section // "" in a fragment that nothing includes
	// operations are those that the document can run for, where its scope says.
	operations []*apim.Operation
	fragment   string // name of the fragment being expanded
	expanded   int    // bytes of fragments expanded so far
	// seen are the policies of the section that may stand there only once.
	seen map[string]*markup.Element
}

// maxExpanded bounds what the fragments of one document may amount to.
const maxExpanded = 1 << 20

func (c *compiler) problem(e *markup.Element, at source.Span, code, format string, args ...any) *source.Problem {
	p := e.File.Errorf(at, code, format, args...)
	p.Message = c.set.mask.Apply(p.Message)
	c.set.problems = append(c.set.problems, p)
	return p
}

// document compiles the document from its root on.
func (c *compiler) document(root *markup.Element) *document {
	d := &document{scope: c.scope}
	if root.Name != "policies" {
		c.problem(root, root.NameSpan, "wrong-root", "the root element of a policy document is policies, not %s", root.Name)
		return d
	}
	c.noAttributes(root)
	c.noText(root, "policies")
	seen := map[Section]*markup.Element{}
	for e := range root.Elements() {
		s := Section(e.Name)
		i := s.index()
		if i < 0 {
			p := c.problem(e, e.NameSpan, "unknown-section", "%s is not a section of a policy document", e.Name)
			if c.set.kinds.find(e.Name) != nil {
				p.WithHint("policies stand inside a section: %s", orList(sectionNames()))
			} else if near := source.Nearest(e.Name, sectionNames()); near != "" {
				p.WithHint("did you mean %s?", near)
			}
			continue
		}
		if first := seen[s]; first != nil {
			c.problem(e, e.NameSpan, "duplicate-section", "the section %s stands here a second time", e.Name).
				WithHint("the first one is on line %d", first.File.Position(first.NameSpan.Start).Line)
			continue
		}
		seen[s] = e
		c.section, c.seen = s, map[string]*markup.Element{}
		c.noAttributes(e)
		c.noText(e, e.Name)
		b := &blockCompiler{compiler: c, top: true}
		b.elements(e)
		d.sections[i] = section{b.nodes, b.bases}
	}
	return d
}

func sectionNames() []string {
	names := make([]string, len(sectionOrder))
	for i, s := range sectionOrder {
		names[i] = string(s)
	}
	return names
}

func (c *compiler) noAttributes(e *markup.Element) {
	for _, a := range e.Attrs {
		c.problem(e, a.NameSpan, "unknown-attribute", "%s has no attribute %s", e.Name, a.Name)
	}
}

func (c *compiler) noText(e *markup.Element, name string) {
	for _, n := range e.Children {
		t, ok := n.(*markup.Text)
		if ok && strings.TrimSpace(t.Value.Text) != "" {
			c.problem(e, t.Value.Trim().Span, "unexpected-text", "%s holds elements, no text", name)
			return
		}
	}
}

// blockCompiler compiles the policies inside one element.
type blockCompiler struct {
	*compiler
	// top says that the element is a section, where <base/> may stand.
	top    bool
	path   string // of the element that holds them, with a slash, or ""
	target Target
	counts map[string]int
	nodes  Block
	bases  []int
}

func (b *blockCompiler) elements(parent *markup.Element) {
	for e := range parent.Elements() {
		b.element(e)
	}
}

func (b *blockCompiler) element(e *markup.Element) {
	kind := b.set.kinds.find(e.Name)
	if kind == nil {
		b.unknownPolicy(e)
		return
	}
	switch kind.Directive {
	case Inherit:
		b.base(kind, e)
		return
	case Include:
		b.include(kind, e)
		return
	}
	if !b.mayStand(kind, e) {
		return
	}
	node, ok := b.policy(kind, e, b.target, b.next(e.Name))
	if ok {
		b.nodes = append(b.nodes, node)
	}
}

// next is the path of the next element of that name.
func (b *blockCompiler) next(name string) string {
	if b.counts == nil {
		b.counts = map[string]int{}
	}
	b.counts[name]++
	return b.path + name + "[" + strconv.Itoa(b.counts[name]) + "]"
}

func (b *blockCompiler) unknownPolicy(e *markup.Element) {
	p := b.problem(e, e.NameSpan, "unknown-policy", "there is no policy %s", e.Name)
	for _, k := range b.set.kinds.list {
		for _, child := range k.Children {
			if child.Name == e.Name && !child.Policy {
				p.WithHint("%s stands inside %s", e.Name, k.Name)
				return
			}
		}
	}
	if Section(e.Name).index() >= 0 {
		p.WithHint("%s is a section and stands directly inside policies", e.Name)
	} else if near := source.Nearest(e.Name, b.set.kinds.names()); near != "" {
		p.WithHint("did you mean %s?", near)
	}
}

// base notes where the broader scope's section goes.
func (b *blockCompiler) base(kind *Kind, e *markup.Element) {
	switch {
	case b.fragment != "":
		b.problem(e, e.NameSpan, "misplaced", "%s cannot stand in a fragment", e.Name).
			WithHint("it belongs directly into a section of a policy document")
		return
	case !b.top:
		b.problem(e, e.NameSpan, "misplaced", "%s belongs directly into a section, not into another policy", e.Name).
			WithHint("move it out of the policy that holds it; inheriting cannot depend on a condition")
		return
	}
	b.check(&kind.Shape, e, true)
	b.bases = append(b.bases, len(b.nodes))
}

// include expands a fragment in place. Its policies count as standing here:
// for sections, for indexes in paths, for what may occur once.
func (b *blockCompiler) include(kind *Kind, e *markup.Element) {
	if b.fragment != "" {
		b.nested(e)
		return
	}
	if !b.mayStand(kind, e) {
		return
	}
	attrs := b.check(&kind.Shape, e, true)
	v := attrs["fragment-id"]
	if v == nil {
		return
	}
	name := v.text
	f, root := b.set.fragment(b.contents, name)
	if f == nil {
		if !b.set.options.Loose {
			p := b.problem(e, e.Attr("fragment-id").Value.Span, "unknown-fragment", "there is no policy fragment %s", name)
			if near := source.Nearest(name, b.set.fragmentNames(b.contents)); near != "" {
				p.WithHint("did you mean %s?", near)
			}
		}
		return
	}
	if root == nil || root.Name != "fragment" {
		return // reported where the fragment was read
	}
	b.expanded += len(f.Document.Text())
	if b.expanded > maxExpanded {
		b.problem(e, e.NameSpan, "too-large", "the fragments of this document amount to more than %d bytes", maxExpanded)
		return
	}
	inner := *b.compiler
	inner.fragment = f.Name
	nested := &blockCompiler{compiler: &inner, path: b.path, target: b.target, counts: b.countsMap(), nodes: b.nodes}
	nested.noText(root, "fragment")
	nested.elements(root)
	b.nodes, b.expanded = nested.nodes, inner.expanded
}

func (b *blockCompiler) countsMap() map[string]int {
	if b.counts == nil {
		b.counts = map[string]int{}
	}
	return b.counts
}

// nested reports a fragment in a fragment, which APIM refuses, with the cycle
// that it would make, if any.
func (b *blockCompiler) nested(e *markup.Element) {
	p := b.problem(e, e.NameSpan, "nested-fragment", "a fragment cannot include another fragment")
	if a := e.Attr("fragment-id"); a != nil {
		if cycle := b.set.fragmentCycle(b.contents, b.fragment, a.Value.Text); cycle != nil {
			p.Message = "a fragment cannot include another fragment, and these include each other: " + strings.Join(cycle, " -> ")
		}
	}
}

// mayStand reports whether the policy may stand in this section, at this
// scope, and once more; where not, it says so.
func (b *blockCompiler) mayStand(kind *Kind, e *markup.Element) bool {
	if b.section != "" && !kind.Sections.Has(b.section) {
		b.problem(e, e.NameSpan, "misplaced", "%s cannot stand in the section %s", e.Name, b.section).
			WithHint("it may stand in %s", kind.Sections)
		return false
	}
	if b.scope != "" && !kind.Scopes.Has(b.scope) {
		b.problem(e, e.NameSpan, "misplaced", "%s cannot stand at the scope %s", e.Name, b.scope).
			WithHint("it may stand at %s", kind.Scopes)
		return false
	}
	// Branches of a choose may each have their own: only one of them runs.
	if kind.Once && b.seen != nil && b.path == "" {
		if first := b.seen[e.Name]; first != nil {
			b.problem(e, e.NameSpan, "duplicate", "%s may stand only once in a section", e.Name)
			return false
		}
		b.seen[e.Name] = e
	}
	return true
}

// policy compiles one policy: checks it against its row, compiles its values
// and what it holds, and has its kind make the step.
func (c *compiler) policy(kind *Kind, e *markup.Element, target Target, path string) (Node, bool) {
	if target != Message && c.section != "" {
		target = targetOf(c.section)
	}
	origin := Origin{
		Policy: kind.Name, Scope: c.scope, Section: c.section, Path: path, Fragment: c.fragment,
		File: e.File, Span: e.NameSpan,
	}
	if id := e.Attr("id"); id != nil {
		origin.ID = c.substitute(e, id.Value, false).Text
	}
	if kind.Compile == nil {
		p := c.problem(e, e.NameSpan, "not-built", "the policy %s is not run by this version", kind.Name)
		if c.set.options.Loose {
			p.Severity = source.Warning
		}
		return Node{Effects: c.unbuilt(e, path)}, false
	}
	before := len(c.set.problems)
	el := c.compileElement(&kind.Shape, e, target, path, origin, true)
	if c.set.errorsSince(before) {
		return Node{Origin: origin, Effects: el.effects}, false
	}
	step := kind.Compile(el)
	if step == nil || c.set.errorsSince(before) {
		return Node{Origin: origin, Effects: el.effects}, false
	}
	return Node{Origin: origin, Step: step, Markup: e, Effects: el.effects}, true
}

// unbuilt looks into a policy that this version does not run: the expressions
// and the policies in it are checked all the same, so that what is wrong with
// them is not found only by the version that runs it. Which of its values take
// an expression is not known here; every one that has the form of one is taken
// for one.
func (c *compiler) unbuilt(e *markup.Element, path string) Effects {
	var effects Effects
	look := func(v markup.Value, owner string) {
		if v.Broken || !c.substitute(e, v, true).IsExpression() {
			return
		}
		effects |= c.value(e, &Attribute{Type: Object, Expression: true}, v, owner).effects()
	}
	for _, a := range e.Attrs {
		look(a.Value, e.Name)
	}
	look(e.Text(), e.Name)
	counts := map[string]int{}
	for child := range e.Elements() {
		counts[child.Name]++
		at := path + "/" + child.Name + "[" + strconv.Itoa(counts[child.Name]) + "]"
		if kind := c.set.kinds.find(child.Name); kind != nil && kind.Directive == NoDirective {
			node, _ := c.policy(kind, child, Message, at)
			effects |= node.Effects
			continue
		}
		effects |= c.unbuilt(child, at)
	}
	return effects
}

func targetOf(s Section) Target {
	if s == SectionOutbound || s == SectionOnError {
		return Response
	}
	return Request
}

// compileElement checks an element against its shape and compiles what is in
// it, policies and children alike.
func (c *compiler) compileElement(shape *Shape, e *markup.Element, target Target, path string, origin Origin, policy bool) *Element {
	el := &Element{shape: shape, node: e, origin: origin, target: target, compiler: c}
	el.values = c.check(shape, e, policy)
	for _, v := range el.values {
		el.effects |= v.effects()
	}
	if shape.Text != nil {
		el.text = c.text(shape, e)
		el.effects |= el.text.effects()
	} else {
		c.noText(e, e.Name)
	}
	if shape.Block {
		c.block(el, target, path)
	} else if shape.Text == nil || len(shape.Children) > 0 {
		c.childElements(el, path)
	}
	return el
}

// block compiles the policies inside an element.
func (c *compiler) block(el *Element, target Target, path string) {
	b := &blockCompiler{compiler: c, path: path + "/", target: target}
	before := len(c.set.problems)
	b.elements(el.node)
	el.block = b.nodes
	for i := range b.nodes {
		el.effects |= b.nodes[i].Effects
	}
	if el.shape.NonEmpty && len(b.nodes) == 0 && !c.set.errorsSince(before) && !c.set.options.Loose {
		c.problem(el.node, el.node.NameSpan, "missing-element", "%s must hold at least one policy", el.node.Name)
	}
}

// childElements compiles children that have rows of their own.
func (c *compiler) childElements(el *Element, path string) {
	counts := map[string]int{}
	var last *markup.Element
	for e := range el.node.Elements() {
		row := el.shape.child(e.Name)
		if row == nil {
			c.unknownChild(el.shape, e)
			continue
		}
		if last != nil {
			c.problem(e, e.NameSpan, "misplaced", "%s cannot stand after %s", e.Name, last.Name)
		}
		counts[e.Name]++
		if n := counts[e.Name]; row.Max > 0 && n > row.Max {
			c.problem(e, e.NameSpan, "duplicate", "%s holds %s at most %s", el.node.Name, e.Name, times(row.Max))
			continue
		}
		if row.Last {
			last = e
		}
		at := path + "/" + e.Name + "[" + strconv.Itoa(counts[e.Name]) + "]"
		if row.Policy {
			kind := c.set.kinds.find(e.Name)
			if kind == nil {
				panic("policy: " + el.shape.Name + " names a policy that is not in the list: " + e.Name)
			}
			node, ok := c.policy(kind, e, Message, at)
			el.effects |= node.Effects
			if ok {
				el.steps = append(el.steps, node)
			}
			continue
		}
		origin := el.origin
		origin.Path, origin.Span = at, e.NameSpan
		child := c.compileElement(&row.Shape, e, el.target, at, origin, false)
		el.effects |= child.effects
		el.children = append(el.children, child)
	}
	for i := range el.shape.Children {
		row := &el.shape.Children[i]
		if counts[row.Name] < row.Min {
			c.problem(el.node, el.node.NameSpan, "missing-element", "%s must hold the element %s", el.node.Name, row.Name)
		}
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

func (c *compiler) unknownChild(shape *Shape, e *markup.Element) {
	p := c.problem(e, e.NameSpan, "unknown-element", "%s has no element %s", shape.Name, e.Name)
	var names []string
	for _, child := range shape.Children {
		names = append(names, child.Name)
	}
	switch near := source.Nearest(e.Name, names); {
	case near != "":
		p.WithHint("did you mean %s?", near)
	case len(names) > 0:
		p.WithHint("it may hold %s", orList(names))
	}
}

// check compiles the attributes of an element; what is wrong with their names
// or values is reported. Defaults are filled in.
func (c *compiler) check(shape *Shape, e *markup.Element, policy bool) map[string]*Value {
	values := make(map[string]*Value, len(e.Attrs))
	for _, a := range e.Attrs {
		row := shape.attribute(a.Name)
		switch {
		case row == nil && policy && a.Name == "id":
			continue
		case row == nil:
			p := c.problem(e, a.NameSpan, "unknown-attribute", "%s has no attribute %s", e.Name, a.Name)
			var names []string
			for _, r := range shape.Attributes {
				names = append(names, r.Name)
			}
			if near := source.Nearest(a.Name, names); near != "" {
				p.WithHint("did you mean %s?", near)
			} else if len(names) > 0 {
				p.WithHint("its attributes are %s", strings.Join(names, ", "))
			}
			continue
		case row.NotBuilt:
			p := c.problem(e, a.NameSpan, "not-built", "the attribute %s of %s is not run by this version", a.Name, e.Name)
			if c.set.options.Loose {
				p.Severity = source.Warning
			}
			continue
		}
		values[a.Name] = c.value(e, row, a.Value, e.Name)
	}
	for i := range shape.Attributes {
		row := &shape.Attributes[i]
		if values[row.Name] != nil || e.Attr(row.Name) != nil {
			continue
		}
		switch {
		case row.Required:
			c.problem(e, e.NameSpan, "missing-attribute", "%s needs the attribute %s", e.Name, row.Name)
		case row.Default != "":
			v := &Value{row: row}
			if message := v.parse(row.Default); message != "" {
				panic("policy: the default of " + shape.Name + "/" + row.Name + " " + message)
			}
			values[row.Name] = v
		}
	}
	return values
}

// text compiles an element's text.
func (c *compiler) text(shape *Shape, e *markup.Element) *Value {
	v := e.Text()
	if len(shape.Children) == 0 {
		for child := range e.Elements() {
			c.problem(child, child.NameSpan, "unknown-element", "%s holds text, no elements", e.Name)
		}
	}
	if shape.Text.Required && strings.TrimSpace(v.Text) == "" {
		c.problem(e, e.NameSpan, "missing-text", "%s needs a text", e.Name)
		return nil
	}
	return c.value(e, shape.Text, v, e.Name)
}

// value compiles an attribute value or a text: named values are put in, and
// only then is it looked at for an expression.
func (c *compiler) value(e *markup.Element, row *Attribute, v markup.Value, owner string) *Value {
	if v.Broken {
		return nil
	}
	substituted := c.substitute(e, v, row.Expression)
	out := &Value{row: row}
	if substituted.IsExpression() {
		if !row.Expression {
			c.problem(e, v.Trim().Span, "no-expression", "%s takes no expression", described(row, owner))
			return nil
		}
		out.program = c.expression(e, row, substituted.Trim(), v)
		if out.program == nil {
			return nil
		}
		return out
	}
	text := substituted.Text
	if trims(row) {
		text = strings.TrimSpace(text)
	}
	if c.guessed(v) {
		out.text, out.guess = text, true
		return out
	}
	if message := out.parse(text); message != "" {
		p := c.problem(e, v.Trim().Span, "wrong-value", "%s %s", described(row, owner), message)
		if near := source.Nearest(text, row.Values); near != "" {
			p.WithHint("did you mean %s?", near)
		}
		return nil
	}
	return out
}

// trims says whether white space around a literal is layout: in numbers, words
// and the like, and in an element's text, which stands on lines of its own in
// many documents. A body is kept as it is.
func trims(row *Attribute) bool {
	switch row.Type {
	case Content, Object:
		return false
	case String:
		return row.Values != nil || row.Name == ""
	}
	return true
}

func described(row *Attribute, owner string) string {
	if row.Name == "" {
		return "the text of " + owner
	}
	return "the attribute " + row.Name + " of " + owner
}
