package policy

import (
	"slices"
	"strings"
	"sync"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/source"
)

// Options say how to compile.
type Options struct {
	// Kinds are the policies that exist.
	Kinds []Kind
	// Language compiles the expressions.
	Language Language
	// Loose is for documents that belong to no service: an unknown {{name}}
	// stands for some text, in code for a value that fits, unknown fragments
	// and backends are taken as given, and policies that this version does
	// not run are warnings.
	Loose bool
	// MaxDocument bounds a document's size in bytes; 0 is the reader's default.
	MaxDocument int
	// ReplayBody bounds what of a body is buffered, in bytes; 0 is 32 MiB.
	ReplayBody int64
	// Limits bound each evaluation; the zero Limits are DefaultLimits.
	Limits expr.Limits
}

// DefaultReplayBody is what limits.replayBody of spillway.yaml says by default.
const DefaultReplayBody = 32 << 20

// defaultGlobal is what APIM takes where the global scope has no document.
const defaultGlobal = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"

// Set is all pipelines of one service. It is immutable and safe for concurrent
// use.
type Set struct {
	global     *document
	workspaces map[*apim.API]*document
	documents  map[*apim.Document]*document
	mask       *trace.Mask
	replayBody int64
	limits     expr.Limits
	language   Language
	pipelines  sync.Map // chain -> *Pipeline
}

// chain are the documents that make a pipeline, broad to narrow; nil where a
// scope has none and is transparent.
type chain [5]*document

// Compile compiles every document of the service. With errors among the
// problems the Set must not be run, but can still be looked at. The service
// must not change afterwards.
func Compile(service *apim.Service, options Options) (*Set, source.Problems) {
	c := newCompilation(service, options)
	set := &Set{
		workspaces: map[*apim.API]*document{}, documents: map[*apim.Document]*document{},
		mask: c.mask, replayBody: options.ReplayBody, limits: options.Limits, language: options.Language,
	}
	if set.limits == (expr.Limits{}) {
		set.limits = DefaultLimits
	}
	if set.replayBody <= 0 {
		set.replayBody = DefaultReplayBody
	}
	add := func(contents *apim.Contents, scope Scope, d *apim.Document, operations ...*apim.Operation) {
		if d != nil && set.documents[d] == nil {
			set.documents[d] = c.document(contents, scope, d, operations)
		}
	}
	all := func(contents *apim.Contents) {
		for _, p := range contents.Products {
			add(contents, ScopeProduct, p.Policy)
		}
		for _, a := range contents.APIs {
			add(contents, ScopeAPI, a.Policy, a.Operations...)
			for _, o := range a.Operations {
				add(contents, ScopeOperation, o.Policy, o)
			}
		}
	}
	if service.Policy == nil {
		service = withDefaultGlobal(service)
	}
	add(&service.Contents, ScopeGlobal, service.Policy)
	set.global = set.documents[service.Policy]
	all(&service.Contents)
	for _, w := range service.Workspaces {
		add(&w.Contents, ScopeWorkspace, w.Policy)
		all(&w.Contents)
		for _, a := range w.APIs {
			if w.Policy != nil {
				set.workspaces[a] = set.documents[w.Policy]
			}
		}
	}
	c.unusedFragments()
	return set, c.problems.Sort()
}

// withDefaultGlobal is the service as if its global scope had APIM's default
// document.
func withDefaultGlobal(service *apim.Service) *apim.Service {
	s := *service
	s.Policy = &apim.Document{
		Scope: apim.ScopeGlobal, Format: apim.RawXML,
		File: source.NewFile("(default global policy)", defaultGlobal),
	}
	return &s
}

// Check compiles documents or fragments that belong to no service, each by
// itself, as if it stood at any scope. It returns what is wrong with them.
func Check(documents []*apim.Document, options Options) source.Problems {
	c := newCompilation(nil, options)
	for _, d := range documents {
		doc := c.read(d)
		if doc.Root == nil {
			continue
		}
		cc := &compiler{set: c, scope: Scope(d.Scope)}
		if doc.Root.Name == "fragment" {
			cc.looseFragment(doc.Root)
			continue
		}
		cc.document(doc.Root)
	}
	return c.problems.Sort()
}

// Pipeline is the effective policy of an operation of an API in the context of
// a product. A nil product is a call outside of products, a nil operation a
// request that matched the API alone, a nil API one that matched nothing.
func (s *Set) Pipeline(api *apim.API, operation *apim.Operation, product *apim.Product) *Pipeline {
	ch := chain{0: s.global}
	if api != nil {
		ch[1], ch[3] = s.workspaces[api], s.documents[api.Policy]
	}
	if product != nil {
		ch[2] = s.documents[product.Policy]
	}
	if operation != nil {
		ch[4] = s.documents[operation.Policy]
	}
	if p, ok := s.pipelines.Load(ch); ok {
		return p.(*Pipeline)
	}
	p, _ := s.pipelines.LoadOrStore(ch, s.flatten(ch))
	return p.(*Pipeline)
}

// flatten resolves <base/> (spec: policies.md 1.3): from the narrowest scope
// out, a scope without a document is transparent, and a section without <base/>
// cuts the broader ones off.
func (s *Set) flatten(ch chain) *Pipeline {
	p := &Pipeline{set: s}
	for i := range p.sections {
		p.sections[i] = flattenSection(ch[:], i)
		for _, n := range p.sections[i] {
			p.effects |= n.Effects
		}
	}
	return p
}

func flattenSection(documents []*document, i int) Block {
	for len(documents) > 0 && documents[len(documents)-1] == nil {
		documents = documents[:len(documents)-1]
	}
	if len(documents) == 0 {
		return nil
	}
	broader, d := documents[:len(documents)-1], documents[len(documents)-1]
	sec := d.sections[i]
	var out Block
	from := 0
	for _, at := range sec.bases {
		out = append(out, sec.nodes[from:at]...)
		out = append(out, flattenSection(broader, i)...)
		from = at
	}
	return append(out, sec.nodes[from:]...)
}

// Mask replaces the values of secret named values in text that is about to be
// shown.
func (s *Set) Mask(text string) string { return s.mask.Apply(text) }

// compilation is the state of one Compile or Check.
type compilation struct {
	service   *apim.Service
	options   Options
	kinds     *kindTable
	mask      *trace.Mask
	problems  source.Problems
	fragments map[*apim.Fragment]*readFragment
}

type readFragment struct {
	root     *markup.Element
	contents *apim.Contents
	used     bool
}

func newCompilation(service *apim.Service, options Options) *compilation {
	c := &compilation{
		service: service, options: options, kinds: newKindTable(options.Kinds),
		fragments: map[*apim.Fragment]*readFragment{},
	}
	if service == nil {
		return c
	}
	var secrets []string
	contents := []*apim.Contents{&service.Contents}
	for _, w := range service.Workspaces {
		contents = append(contents, &w.Contents)
	}
	for _, con := range contents {
		for _, n := range con.NamedValues {
			if n.Sensitive() && n.HasValue {
				secrets = append(secrets, n.Value)
			}
		}
		for _, f := range con.Fragments {
			if f.Document == nil {
				continue
			}
			doc := c.read(f.Document)
			c.fragments[f] = &readFragment{root: doc.Root, contents: con}
			if doc.Root != nil && doc.Root.Name != "fragment" {
				c.problems = append(c.problems, doc.File.Errorf(doc.Root.NameSpan, "wrong-root",
					"the root element of a policy fragment is fragment, not %s", doc.Root.Name))
			}
		}
	}
	c.mask = trace.NewMask(secrets)
	return c
}

func (c *compilation) read(d *apim.Document) *markup.Document {
	format := markup.Raw
	if d.Format == apim.XML {
		format = markup.XML
	}
	doc, problems := markup.Parse(d.File.Name(), d.Text(), markup.Options{Format: format, MaxBytes: c.options.MaxDocument})
	c.problems = append(c.problems, problems...)
	return doc
}

func (c *compilation) document(contents *apim.Contents, scope Scope, d *apim.Document, operations []*apim.Operation) *document {
	doc := c.read(d)
	if doc.Root == nil {
		return &document{scope: scope}
	}
	cc := &compiler{set: c, contents: contents, scope: scope, operations: operations}
	return cc.document(doc.Root)
}

// unusedFragments compiles what nothing includes, so that its mistakes are
// found as well. Where it may stand is not known then.
func (c *compilation) unusedFragments() {
	var rest []*apim.Fragment
	for f, r := range c.fragments {
		if !r.used && r.root != nil && r.root.Name == "fragment" {
			rest = append(rest, f)
		}
	}
	slices.SortFunc(rest, func(a, b *apim.Fragment) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range rest {
		r := c.fragments[f]
		cc := &compiler{set: c, contents: r.contents, fragment: f.Name}
		cc.looseFragment(r.root)
	}
}

func (c *compiler) looseFragment(root *markup.Element) {
	if c.fragment == "" {
		c.fragment = "fragment"
	}
	c.noText(root, "fragment")
	b := &blockCompiler{compiler: c}
	b.elements(root)
}

// errorsSince reports whether an error was added after the first n problems.
func (c *compilation) errorsSince(n int) bool { return c.problems[n:].HasErrors() }

// fragment is the fragment of that name with its root, and counts as used.
func (c *compilation) fragment(contents *apim.Contents, name string) (*apim.Fragment, *markup.Element) {
	if contents == nil {
		return nil, nil
	}
	f := contents.Fragment(name)
	if f == nil {
		return nil, nil
	}
	r := c.fragments[f]
	if r == nil {
		return f, nil
	}
	r.used = true
	return f, r.root
}

func (c *compilation) fragmentNames(contents *apim.Contents) []string {
	if contents == nil {
		return nil
	}
	var names []string
	for _, f := range contents.Fragments {
		names = append(names, f.Name)
	}
	return names
}

// fragmentCycle is the way from a fragment through the one it includes back to
// itself, or nil.
func (c *compilation) fragmentCycle(contents *apim.Contents, from, to string) []string {
	path := []string{from}
	seen := map[string]bool{}
	var walk func(name string) bool
	walk = func(name string) bool {
		path = append(path, name)
		if strings.EqualFold(name, from) {
			return true
		}
		if seen[strings.ToLower(name)] {
			path = path[:len(path)-1]
			return false
		}
		seen[strings.ToLower(name)] = true
		if contents != nil {
			if f := contents.Fragment(name); f != nil && c.fragments[f] != nil && c.fragments[f].root != nil {
				for _, next := range c.includes(c.fragments[f].root) {
					if walk(next) {
						return true
					}
				}
			}
		}
		path = path[:len(path)-1]
		return false
	}
	if walk(to) {
		return path
	}
	return nil
}

// includes are the fragments that an element includes, at any depth.
func (c *compilation) includes(e *markup.Element) []string {
	var names []string
	for child := range e.Elements() {
		if k := c.kinds.find(child.Name); k != nil && k.Directive == Include {
			if a := child.Attr("fragment-id"); a != nil {
				names = append(names, a.Value.Text)
			}
		}
		names = append(names, c.includes(child)...)
	}
	return names
}
