package policy

import "strings"

// Section is one of the four parts of a policy document, in APIM's words.
type Section string

// The sections in the order in which a request meets them.
const (
	SectionInbound  Section = "inbound"
	SectionBackend  Section = "backend"
	SectionOutbound Section = "outbound"
	SectionOnError  Section = "on-error"
)

var sectionOrder = [...]Section{SectionInbound, SectionBackend, SectionOutbound, SectionOnError}

func (s Section) index() int {
	for i, t := range sectionOrder {
		if s == t {
			return i
		}
	}
	return -1
}

// Sections is a set of sections: where a policy may stand.
type Sections uint8

// The sets that rows are written with.
const (
	Inbound Sections = 1 << iota
	Backend
	Outbound
	OnError
	Everywhere = Inbound | Backend | Outbound | OnError
)

// Has reports whether the section is in the set.
func (s Sections) Has(sec Section) bool {
	i := sec.index()
	return i >= 0 && s&(1<<i) != 0
}

// List are the sections of the set in pipeline order.
func (s Sections) List() []Section {
	var list []Section
	for i, sec := range sectionOrder {
		if s&(1<<i) != 0 {
			list = append(list, sec)
		}
	}
	return list
}

// String words the set for messages, like "inbound, backend or on-error".
func (s Sections) String() string {
	list := s.List()
	words := make([]string, len(list))
	for i, sec := range list {
		words[i] = string(sec)
	}
	return orList(words)
}

// Scope is where a document stands, in APIM's words.
type Scope string

// The scopes from broad to narrow; each inherits from the one before through
// <base/>.
const (
	ScopeGlobal    Scope = "global"
	ScopeWorkspace Scope = "workspace"
	ScopeProduct   Scope = "product"
	ScopeAPI       Scope = "api"
	ScopeOperation Scope = "operation"
)

var scopeOrder = [...]Scope{ScopeGlobal, ScopeWorkspace, ScopeProduct, ScopeAPI, ScopeOperation}

func (s Scope) index() int {
	for i, t := range scopeOrder {
		if s == t {
			return i
		}
	}
	return -1
}

// Broader reports whether documents of scope t may inherit from s.
func (s Scope) Broader(t Scope) bool { return s.index() < t.index() }

// Scopes is a set of scopes: where a policy may stand. The zero set means all.
type Scopes uint8

// The sets that rows are written with.
const (
	Global Scopes = 1 << iota
	Workspace
	Product
	API
	Operation
)

// Has reports whether the scope is in the set.
func (s Scopes) Has(scope Scope) bool {
	i := scope.index()
	return s == 0 || i >= 0 && s&(1<<i) != 0
}

// List are the scopes of the set from broad to narrow.
func (s Scopes) List() []Scope {
	var list []Scope
	for _, scope := range scopeOrder {
		if s.Has(scope) {
			list = append(list, scope)
		}
	}
	return list
}

// String words the set for messages.
func (s Scopes) String() string {
	var words []string
	for i, scope := range scopeOrder {
		if s == 0 || s&(1<<i) != 0 {
			words = append(words, string(scope))
		}
	}
	return orList(words)
}

func orList(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	}
}
