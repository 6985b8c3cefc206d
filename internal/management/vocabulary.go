package management

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/policy"
)

// vocabulary is all that policy documents and their expressions are written
// with, for editors.
type vocabulary struct {
	Sections []policy.Section `json:"sections"`
	Policies []policyWord     `json:"policies"`
	Types    []typeWord       `json:"types"`
}

// policyWord is a policy's row.
type policyWord struct {
	shapeWord
	Sections []policy.Section `json:"sections"`
	// Scopes are those where it may stand.
	Scopes []policy.Scope `json:"scopes"`
	Once   bool           `json:"once,omitempty"`
	// Stands is "section" for what stands only directly in a section.
	Stands string `json:"stands,omitempty"`
	// Built is false for a policy that this version knows and does not run.
	Built bool `json:"built"`
}

// shapeWord is what an element looks like.
type shapeWord struct {
	Name       string          `json:"name"`
	Doc        string          `json:"doc"`
	Attributes []attributeWord `json:"attributes,omitempty"`
	Text       *attributeWord  `json:"text,omitempty"`
	Children   []childWord     `json:"children,omitempty"`
	// Block says that it holds policies.
	Block bool `json:"block,omitempty"`
}

// childWord is an element that stands in another; one that is a policy has its
// shape there.
type childWord struct {
	shapeWord
	Min    int  `json:"min,omitempty"`
	Max    int  `json:"max,omitempty"`
	Policy bool `json:"policy,omitempty"`
}

type attributeWord struct {
	Name       string   `json:"name,omitempty"`
	Doc        string   `json:"doc"`
	Type       string   `json:"type"`
	Required   bool     `json:"required,omitempty"`
	Default    string   `json:"default,omitempty"`
	Expression bool     `json:"expression,omitempty"`
	Values     []string `json:"values,omitempty"`
	Min        *int64   `json:"min,omitempty"`
	Max        *int64   `json:"max,omitempty"`
	Built      bool     `json:"built"`
}

// typeWord is a type that expressions may use.
type typeWord struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// Imported says that the name needs no qualification.
	Imported bool         `json:"imported,omitempty"`
	Doc      string       `json:"doc,omitempty"`
	Beyond   bool         `json:"beyond,omitempty"`
	Members  []memberWord `json:"members"`
}

type memberWord struct {
	Name      string `json:"name"`
	Signature string `json:"signature"`
	Doc       string `json:"doc,omitempty"`
	// Beyond marks what Azure does not document.
	Beyond bool `json:"beyond,omitempty"`
}

// Vocabulary serves the words of policies and expressions as JSON, made of the
// rows that compile them.
func Vocabulary(kinds []policy.Kind, env *expr.Env) http.Handler {
	type made struct {
		text []byte
		tag  string
	}
	words := sync.OnceValue(func() made {
		text, err := json.Marshal(words(kinds, env))
		if err != nil {
			panic("management: the vocabulary is no JSON: " + err.Error())
		}
		sum := sha256.Sum256(text)
		return made{text, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			arm.Fail(w, arm.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The vocabulary can only be read."))
			return
		}
		v := words()
		w.Header().Set("ETag", v.tag)
		if r.Header.Get("If-None-Match") == v.tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(v.text)
	})
}

func words(kinds []policy.Kind, env *expr.Env) vocabulary {
	all := policy.Everywhere.List()
	v := vocabulary{Sections: all, Policies: []policyWord{}, Types: []typeWord{}}
	for i := range kinds {
		k := &kinds[i]
		if slices.ContainsFunc(kinds[i+1:], func(later policy.Kind) bool { return later.Name == k.Name }) {
			continue // of two of one name the later counts
		}
		word := policyWord{
			shapeWord: shape(&k.Shape), Sections: k.Sections.List(), Scopes: k.Scopes.List(),
			Once: k.Once, Built: k.Compile != nil || k.Directive != policy.NoDirective,
		}
		if k.Directive == policy.Inherit {
			word.Stands = "section"
		}
		v.Policies = append(v.Policies, word)
	}
	slices.SortFunc(v.Policies, func(a, b policyWord) int { return strings.Compare(a.Name, b.Name) })
	if env == nil {
		return v
	}
	for _, info := range env.Table().Infos() {
		if word := typeOf(info, env); len(word.Members) > 0 && info.Def != value.Vector {
			v.Types = append(v.Types, word)
		}
	}
	return v
}

func shape(s *policy.Shape) shapeWord {
	word := shapeWord{Name: s.Name, Doc: s.Doc, Block: s.Block}
	for i := range s.Attributes {
		word.Attributes = append(word.Attributes, attribute(&s.Attributes[i]))
	}
	if s.Text != nil {
		text := attribute(s.Text)
		word.Text = &text
	}
	for i := range s.Children {
		c := &s.Children[i]
		word.Children = append(word.Children, childWord{shape(&c.Shape), c.Min, c.Max, c.Policy})
	}
	return word
}

func attribute(a *policy.Attribute) attributeWord {
	word := attributeWord{
		Name: a.Name, Doc: a.Doc, Type: a.Type.String(), Required: a.Required, Default: a.Default,
		Expression: a.Expression, Values: a.Values, Built: !a.NotBuilt,
	}
	if a.Bounded {
		word.Min, word.Max = &a.Min, &a.Max
	}
	if a.Type == policy.Bool && word.Values == nil {
		word.Values = []string{"true", "false"}
	}
	return word
}

// typeOf is a type's row with those of its members that an author can name.
func typeOf(info *value.Info, env *expr.Env) typeWord {
	word := typeWord{
		Name: info.Def.Type().String(), Namespace: info.Def.Namespace, Doc: info.Doc, Beyond: info.Beyond,
		Imported: env.Imported(info.Def.Namespace), Members: []memberWord{},
	}
	for _, m := range info.Def.EnumMembers() {
		word.Members = append(word.Members, memberWord{Name: m.Name, Signature: m.Name, Beyond: info.Beyond})
	}
	for _, m := range info.All {
		if m.Access != types.Public || m.Explicit != nil {
			continue
		}
		row := value.RowOf(m)
		word.Members = append(word.Members, memberWord{value.Key(m), row.Sig, row.Doc, row.Beyond})
	}
	return word
}
