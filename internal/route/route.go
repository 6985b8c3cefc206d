// Package route finds the API and the operation that a request is for: the
// rules of policies.md 5.1.
//
// The API is chosen by the longest path prefix on segment boundaries, then by
// its version and revision; the operation by method and template. Literals,
// prefixes and literal segments alike, are compared without regard to case.
// There is no second choice: when the API with the longest prefix has no
// operation for the request, nothing matches, and a method that no operation
// has is as unknown as a path (404, never 405).
//
// A Table is immutable and safe for concurrent use.
package route

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
)

// Options are the settings that routing depends on.
type Options struct {
	// EnforceProtocols makes an API unreachable by a scheme that its protocols
	// do not list. Without it an extracted folder runs on plain HTTP too.
	EnforceProtocols bool
}

// Table holds the routes of one service.
type Table struct {
	options  Options
	prefixes map[string]*prefix // by lower-case path without outer slashes
	deepest  int                // segments of the longest prefix
	apis     []*api
}

// prefix is all the APIs that share one path, in versions and revisions.
type prefix struct{ apis []*api }

type api struct {
	*apim.API
	path     string // lower case, version included
	depth    int    // segments of path
	revision string
	scheme   apim.VersioningScheme // "" for an API without a version to name
	key      string                // header or query parameter that names the version
	methods  map[string][]*operation
	all      []*operation
}

type operation struct {
	*apim.Operation
	template template
	order    int
}

// Request is what routing looks at.
type Request struct {
	Method string
	Scheme string // "http" or "https"
	Path   Path
	Query  string // raw, without "?"
	// Header is the value of the first header line of a name, and whether
	// there is one. It may be nil.
	Header func(name string) (string, bool)
}

// Parameter is a template parameter with its decoded value.
type Parameter struct{ Name, Value string }

// Match is what a request was matched to.
type Match struct {
	// API is nil when no API has the path; Operation is nil when the API has
	// no operation for the request.
	API       *apim.API
	Operation *apim.Operation
	// Parameters are the template's, path and query, in its order.
	Parameters []Parameter
	// Prefix is the raw path of the API, version and revision included; Rest is
	// what follows it, with its leading slash, or "".
	Prefix, Rest string
}

// New compiles the routes of a service.
func New(svc *apim.Service, o Options) *Table {
	t := &Table{options: o, prefixes: map[string]*prefix{}}
	t.add(&svc.Contents)
	for _, w := range svc.Workspaces {
		t.add(&w.Contents)
	}
	return t
}

func (t *Table) add(contents *apim.Contents) {
	for _, a := range contents.APIs {
		if !a.IsOnline {
			continue
		}
		entry := &api{API: a, path: lower(strings.Trim(a.Path, "/")), revision: a.Revision}
		if set := contents.VersionSetOf(a); set != nil && a.Version != "" {
			switch entry.scheme = set.Scheme; set.Scheme {
			case apim.VersionInHeader:
				entry.key = set.HeaderName
			case apim.VersionInQuery:
				entry.key = set.QueryName
			default:
				entry.path = strings.Trim(entry.path+"/"+lower(strings.Trim(a.Version, "/")), "/")
			}
		}
		if entry.path != "" {
			entry.depth = strings.Count(entry.path, "/") + 1
		}
		entry.compile()
		t.deepest = max(t.deepest, entry.depth)
		p := t.prefixes[entry.path]
		if p == nil {
			p = &prefix{}
			t.prefixes[entry.path] = p
		}
		p.apis = append(p.apis, entry)
		t.apis = append(t.apis, entry)
	}
}

func (a *api) compile() {
	a.methods = map[string][]*operation{}
	for i, o := range a.Operations {
		op := &operation{Operation: o, template: parseTemplate(o.URLTemplate), order: i}
		method := strings.ToUpper(o.Method)
		a.methods[method] = append(a.methods[method], op)
		a.all = append(a.all, op)
	}
	for _, ops := range a.methods {
		slices.SortStableFunc(ops, compareOperations)
	}
}

// compareOperations puts the more specific template first, segment by segment;
// among equals the one that demands more query parameters, else it could never
// be reached; then the order of declaration.
func compareOperations(a, b *operation) int {
	for i := range min(len(a.template.segments), len(b.template.segments)) {
		if c := cmp.Compare(a.template.segments[i].class, b.template.segments[i].class); c != 0 {
			return c
		}
	}
	return cmp.Or(
		cmp.Compare(len(b.template.segments), len(a.template.segments)),
		cmp.Compare(len(b.template.query), len(a.template.query)),
		cmp.Compare(a.order, b.order),
	)
}

// Match finds the API and the operation of a request. ok says that both were
// found; without it the Match holds the API if that much was.
func (t *Table) Match(r *Request) (m Match, ok bool) {
	a, depth := t.findAPI(r)
	if a == nil {
		return Match{}, false
	}
	m.API = a.API
	m.Rest = r.Path.rest(depth)
	m.Prefix = r.Path.raw[:len(r.Path.raw)-len(m.Rest)]
	segments := r.Path.segments[depth:]
	for _, op := range a.methods[r.Method] {
		if params, ok := op.match(segments, r.Path.slash, r.Query); ok {
			m.Operation, m.Parameters = op.Operation, params
			return m, true
		}
	}
	return m, false
}

// findAPI is the API of the longest prefix, and how many segments of the path
// it takes.
func (t *Table) findAPI(r *Request) (*api, int) {
	segments := r.Path.segments
	// The key of every prefix is a prefix of one text, folded once.
	var space [256]byte
	text := space[:0]
	var endSpace [16]int
	ends := endSpace[:0]
	limit := min(t.deepest, len(segments))
	for i, s := range segments {
		if root, revision, found := apim.SplitRevision(s.value); found {
			if a, depth := t.findRevision(r, string(text), i, root, revision); a != nil {
				return a, depth
			}
		}
		if i >= limit {
			break
		}
		if i > 0 {
			text = append(text, '/')
		}
		text = appendLower(text, s.value)
		ends = append(ends, len(text))
	}
	for n := len(ends); n >= 0; n-- {
		end := 0
		if n > 0 {
			end = ends[n-1]
		}
		if p := t.prefixes[string(text[:end])]; p != nil {
			return t.choose(p, r, ""), n
		}
	}
	return nil, 0
}

// findRevision looks for the API whose path ends with the segment that bears
// ";rev=N". For an API at the root that segment is ";rev=N" alone.
func (t *Table) findRevision(r *Request, before string, i int, root, revision string) (*api, int) {
	if revision == "" {
		return nil, 0
	}
	path := before
	if root != "" {
		path = strings.Trim(before+"/"+lower(root), "/")
	}
	if p := t.prefixes[path]; p != nil {
		return t.choose(p, r, revision), i + 1
	}
	return nil, 0
}

// choose picks, among the APIs of one path, the version and revision that the
// request names; without a revision the current one.
func (t *Table) choose(p *prefix, r *Request, revision string) *api {
	var unversioned *api
	for _, a := range p.apis {
		if revision == "" && !a.IsCurrent || revision != "" && !strings.EqualFold(a.revision, revision) {
			continue
		}
		if t.options.EnforceProtocols && !a.speaks(r.Scheme) {
			continue
		}
		var version string
		var named bool
		switch a.scheme {
		case apim.VersionInHeader:
			if r.Header != nil {
				version, named = r.Header(a.key)
			}
		case apim.VersionInQuery:
			version, named = queryValue(r.Query, a.key)
		default:
			if unversioned == nil {
				unversioned = a
			}
			continue
		}
		if named && strings.EqualFold(version, a.Version) {
			return a
		}
	}
	// The original, unversioned API answers when no version is named, and when
	// one is named that its query or header means for something else: an API
	// that stands alone knows nothing of versions.
	if unversioned != nil && !t.namesVersion(p, r) {
		return unversioned
	}
	return nil
}

// namesVersion reports whether the request names a version, known or not, by
// the header or query parameter of the APIs on this path.
func (t *Table) namesVersion(p *prefix, r *Request) bool {
	for _, a := range p.apis {
		switch a.scheme {
		case apim.VersionInHeader:
			if r.Header != nil {
				if v, ok := r.Header(a.key); ok && v != "" {
					return true
				}
			}
		case apim.VersionInQuery:
			if v, ok := queryValue(r.Query, a.key); ok && v != "" {
				return true
			}
		}
	}
	return false
}

func (a *api) speaks(scheme string) bool {
	for _, p := range a.Protocols {
		if strings.EqualFold(string(p), scheme) {
			return true
		}
	}
	return len(a.Protocols) == 0
}

func (o *operation) match(segments []segment, slash bool, query string) ([]Parameter, bool) {
	t := o.template.segments
	tail := len(t) > 0 && t[len(t)-1].class == wildcard
	fixed := len(t)
	if tail {
		fixed--
		// A wildcard takes what follows its slash; "/x" has none (FAQ of APIM:
		// "/x/*" matches "/x/" and not "/x").
		if len(segments) < fixed || len(segments) == fixed && !slash {
			return nil, false
		}
	} else if len(segments) != fixed {
		return nil, false
	}
	// Literals are cheap and fail first; parameters allocate.
	for i := range fixed {
		if t[i].class == literal && !strings.EqualFold(t[i].text, segments[i].value) {
			return nil, false
		}
	}
	for _, q := range o.template.query {
		v, ok := queryValue(query, q.key)
		if !ok || q.name == "" && v != q.value {
			return nil, false
		}
	}
	var ps []Parameter
	for i := range fixed {
		switch t[i].class {
		case parameter:
			ps = append(ps, Parameter{t[i].name, segments[i].value})
		case mixed:
			var ok bool
			if ps, ok = matchParts(t[i].parts, segments[i].value, ps); !ok {
				return nil, false
			}
		}
	}
	if tail && t[fixed].name != "" {
		ps = append(ps, Parameter{t[fixed].name, joinTail(segments[fixed:], slash)})
	}
	for _, q := range o.template.query {
		if q.name != "" {
			v, _ := queryValue(query, q.key)
			ps = append(ps, Parameter{q.name, v})
		}
	}
	return ps, true
}

func joinTail(segments []segment, slash bool) string {
	var b strings.Builder
	for i, s := range segments {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(s.value)
	}
	if slash && len(segments) > 0 {
		b.WriteByte('/')
	}
	return b.String()
}

func appendLower(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
