package management

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

// drafting are the actions on a document that is being written. It need not be
// there yet, and none of them changes anything.
func drafting() map[string]action {
	return map[string]action{"draft": draft, "complete": complete, "format": format}
}

// drafted is what is known of a document that is being written.
type drafted struct {
	// File is the document's name in the service folder, which problems of its
	// own have.
	File     string  `json:"file"`
	Problems []drawn `json:"problems"`
	// Elsewhere are the errors that other documents would have, such as those
	// that include a fragment.
	Elsewhere []drawn `json:"elsewhere"`
	// More counts the problems of either list that were left out.
	More int `json:"more"`
	// Effective is the effective policy that would hold here; null where there
	// are errors, and for a fragment, which runs nowhere by itself.
	Effective *string `json:"effective"`
}

// draft compiles the service as a write of this document would leave it.
func draft(c *call, p *place, e entry) *arm.Error {
	c.quiet = true
	if c.server.Store == nil || c.server.Preview == nil {
		return arm.Errorf(http.StatusConflict, "Conflict", "This service can only be looked at.")
	}
	body, failure := c.body()
	if failure != nil {
		return failure
	}
	at := c.address.Segments[:len(c.address.Segments)-1]
	candidate, problems, err := c.server.Store.Try(func(state *store.State) error {
		p := c.at(state)
		k, failure := c.walk(p, at)
		if failure != nil {
			return failure
		}
		properties := body
		if inner := body.Get("properties"); inner != nil {
			properties = inner
		}
		if k.path == "policyfragments" {
			// What the draft does not say of a fragment stays.
			if old := find(k, p, e.name); old != nil {
				properties = patched(k.written(c, p, *old), properties)
			}
		}
		return k.put(c, p, e.name, find(k, p, e.name), properties)
	})
	if failure := c.failed(err); failure != nil {
		return failure
	}
	svc, effective := c.server.Preview(candidate)
	out := drafted{Problems: []drawn{}, Elsewhere: []drawn{}, File: c.file(svc, at)}
	// Each list has room of its own: the document's problems are not crowded out
	// by what is wrong elsewhere.
	var here, elsewhere source.Problems
	for _, problem := range problems {
		switch {
		case problem.File != nil && problem.File.Name() == out.File:
			here = append(here, problem)
		case problem.Severity == source.Error:
			elsewhere = append(elsewhere, problem)
		}
	}
	for list, all := range map[*[]drawn]source.Problems{&out.Problems: here, &out.Elsewhere: elsewhere} {
		kept, more := all.Cap(source.MaxProblems)
		for _, problem := range kept {
			*list = append(*list, drawn{problem})
		}
		out.More += more
	}
	if effective != nil && at[len(at)-1] == "policy" {
		text := effective(named(p.api), named(p.operation), named(p.product))
		out.Effective = &text
	}
	arm.Answer(c.w, http.StatusOK, out)
	return nil
}

// named is a resource's name, "" for none.
func named[T any, P resource[T]](x P) string {
	if x == nil {
		return ""
	}
	return x.Self().Name
}

// file is the name of the document at a place of a service.
func (c *call) file(svc *apim.Service, segments []string) string {
	p := c.at(&store.State{Service: svc})
	k, failure := c.walk(p, segments)
	if failure != nil {
		return ""
	}
	e := find(k, p, segments[len(segments)-1])
	if e == nil {
		return ""
	}
	switch x := e.x.(type) {
	case *apim.Document:
		return x.File.Name()
	case *apim.Fragment:
		if x.Document != nil {
			return x.Document.File.Name()
		}
	}
	return ""
}

// value is the text that an action is about.
func (c *call) value() (*tree.Node, string, *arm.Error) {
	c.quiet = true
	body, failure := c.body()
	if failure != nil {
		return nil, "", failure
	}
	value := body.Get("value")
	if value == nil || value.Kind != tree.String {
		return nil, "", arm.Invalid(arm.Detail{Target: "value", Message: "Property 'value' is required."})
	}
	return body, value.Text, nil
}

// format answers a document as `spillway fmt` writes it.
func format(c *call, _ *place, _ entry) *arm.Error {
	_, text, failure := c.value()
	if failure != nil {
		return failure
	}
	doc, problems := markup.Parse("policy.xml", text, markup.Options{MaxBytes: maxBody})
	if problems.HasErrors() {
		return explain(problems)
	}
	arm.Answer(c.w, http.StatusOK, map[string]string{"value": markup.FormatDocument(doc)})
	return nil
}

// offered is what can be written at a place of a document.
type offered struct {
	// From is where the word begins that each item can stand for, in UTF-16
	// units, as editors count.
	From int `json:"from"`
	// Inside is "expression", "string" inside a string literal of one, or ""
	// where the place is in no expression.
	Inside string        `json:"inside"`
	Items  []offeredItem `json:"items"`
}

type offeredItem struct {
	Label     string `json:"label"`
	Kind      string `json:"kind"`
	Detail    string `json:"detail,omitempty"`
	Doc       string `json:"doc,omitempty"`
	Overloads int    `json:"overloads,omitempty"`
	Beyond    bool   `json:"beyond,omitempty"`
}

// complete answers what can be written at an offset of a document, in UTF-16
// units: inside an expression its members, variables, types and keywords, and
// inside a string that names a variable the variables that documents set.
func complete(c *call, p *place, _ entry) *arm.Error {
	body, text, failure := c.value()
	if failure != nil {
		return failure
	}
	units, offset := 0, -1
	if n := body.Get("offset"); n != nil && n.Kind == tree.Number {
		var err error
		if units, err = strconv.Atoi(n.Text); err == nil {
			offset = byteOffset(text, units)
		}
	}
	if offset < 0 {
		return arm.Invalid(arm.Detail{Target: "offset", Message: "The offset must be a place in the value, in UTF-16 units."})
	}
	out := offered{From: units, Items: []offeredItem{}}
	start := expressionAt(text, offset)
	if start < 0 || c.server.Env == nil {
		arm.Answer(c.w, http.StatusOK, out)
		return nil
	}
	prefix := p.written(text[start:offset])
	out.Inside = "expression"
	if rest := syntax.Finish(prefix); rest.Literal >= 0 {
		out.Inside = "string"
		word := prefix[rest.Literal:]
		word = word[strings.IndexByte(word, '"')+1:]
		out.From = units - utf16Length(word)
		out.Items = p.names(prefix[:rest.Literal], text)
	} else {
		found := c.server.Env.Complete(prefix)
		out.From = units - utf16Length(prefix[found.From:])
		for _, item := range found.Items {
			out.Items = append(out.Items, shownItem(item))
		}
	}
	arm.Answer(c.w, http.StatusOK, out)
	return nil
}

func shownItem(i expr.Item) offeredItem {
	return offeredItem{Label: i.Label, Kind: i.Kind, Detail: i.Detail, Doc: i.Doc, Overloads: i.Overloads, Beyond: i.Beyond}
}

// expressionAt is where the expression begins that a place of a document is in,
// or -1. It does not need the document to be well-formed: while an expression
// is being written it hardly ever is.
func expressionAt(text string, offset int) int {
	for i := 0; i < offset; {
		switch {
		case strings.HasPrefix(text[i:], "<!--"):
			end := strings.Index(text[i:], "-->")
			if end < 0 || i+end >= offset {
				return -1
			}
			i += end + len("-->")
		case text[i] == '@' && i+1 < len(text) && (text[i+1] == '(' || text[i+1] == '{') && beginsValue(text[:i]):
			end, whole := syntax.End(text[:offset], i)
			if !whole {
				if i+2 > offset {
					return -1
				}
				return i
			}
			i = end
		default:
			i++
		}
	}
	return -1
}

// beginsValue reports whether what follows a text is the beginning of an
// attribute's value or of an element's text.
func beginsValue(before string) bool {
	before = strings.TrimRight(before, " \t\r\n")
	if before == "" {
		return false
	}
	switch before[len(before)-1] {
	case '"', '\'', '>', '[':
		return true
	}
	return false
}

// entities are those that documents escape their expressions with.
var entities = strings.NewReplacer("&quot;", `"`, "&apos;", "'", "&lt;", "<", "&gt;", ">", "&#xD;", "\r", "&#xA;", "\n", "&#10;", "\n", "&#13;", "\r", "&#39;", "'", "&#34;", `"`, "&amp;", "&")

var reference = regexp.MustCompile(`\{\{\s*([A-Za-z0-9._-]+)\s*\}\}`)

// written is the beginning of an expression as the compiler would see it. Only
// its types count: a named value that has no value stands for a number.
func (p *place) written(text string) string {
	text = entities.Replace(text)
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		name := reference.FindStringSubmatch(ref)[1]
		n := p.contents.NamedValue(name)
		if n == nil || !n.HasValue {
			return "0"
		}
		return n.Value
	})
}

// named strings of an expression: what is behind the dot says of what.
var (
	ofVariables  = regexp.MustCompile(`context\s*\.\s*Variables\s*(\[|\.\s*(ContainsKey|TryGetValue|GetValueOrDefault)\s*(<.*>)?\s*\()\s*$`)
	ofParameters = regexp.MustCompile(`MatchedParameters\s*(\[|\.\s*(ContainsKey|TryGetValue|GetValueOrDefault)\s*\()\s*$`)
)

// names are what a string can name, by what stands before it.
func (p *place) names(before, text string) []offeredItem {
	list := []offeredItem{}
	add := func(label, kind, detail string) {
		if label != "" && !slices.ContainsFunc(list, func(i offeredItem) bool { return i.Label == label }) {
			list = append(list, offeredItem{Label: label, Kind: kind, Detail: detail})
		}
	}
	switch {
	case ofVariables.MatchString(before):
		here, _ := markup.Parse("", text, markup.Options{MaxBytes: maxBody})
		eachVariable(here, func(name, policy string) { add(name, "variable", policy) })
		for _, d := range p.documents() {
			doc, _ := markup.Parse("", d.Text(), markup.Options{MaxBytes: maxBody})
			eachVariable(doc, func(name, policy string) { add(name, "variable", policy+" in "+d.File.Name()) })
		}
	case ofParameters.MatchString(before) && p.api != nil:
		for _, o := range p.api.Operations {
			if p.operation != nil && o != p.operation {
				continue
			}
			for _, t := range o.TemplateParameters {
				add(t.Name, "variable", "parameter of "+o.Name)
			}
		}
	}
	return list
}

// documents are all policy documents and fragments of the service that the
// place is in.
func (p *place) documents() []*apim.Document {
	var list []*apim.Document
	add := func(d *apim.Document) {
		if d != nil {
			list = append(list, d)
		}
	}
	add(p.contents.Policy)
	for _, x := range p.contents.Products {
		add(x.Policy)
	}
	for _, a := range p.contents.APIs {
		add(a.Policy)
		for _, o := range a.Operations {
			add(o.Policy)
		}
	}
	for _, f := range p.contents.Fragments {
		add(f.Document)
	}
	return list
}

// eachVariable finds the variables that a document's policies set: set-variable
// names its own "name", all others have an attribute for it.
func eachVariable(doc *markup.Document, found func(name, policy string)) {
	if doc.Root == nil {
		return
	}
	var walk func(e *markup.Element)
	walk = func(e *markup.Element) {
		for _, a := range e.Attrs {
			if a.Name == "variable-name" || strings.HasSuffix(a.Name, "-variable-name") || e.Name == "set-variable" && a.Name == "name" {
				if !strings.HasPrefix(a.Value.Text, "@") {
					found(a.Value.Text, e.Name)
				}
			}
		}
		for child := range e.Elements() {
			walk(child)
		}
	}
	walk(doc.Root)
}

// byteOffset is a place of a text that is counted in UTF-16 units, in bytes; -1
// for none.
func byteOffset(text string, units int) int {
	if units < 0 {
		return -1
	}
	for i, r := range text {
		if units <= 0 {
			return i
		}
		units -= utf16Units(r)
	}
	if units > 0 {
		return -1
	}
	return len(text)
}

func utf16Units(r rune) int {
	if r > 0xffff && r <= utf8.MaxRune {
		return 2
	}
	return 1
}

func utf16Length(text string) int {
	n := 0
	for _, r := range text {
		n += utf16Units(r)
	}
	return n
}
