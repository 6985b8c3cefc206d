package policy

// Kind is one policy: its row says everything that checking, compiling,
// documenting and completing it needs. Kinds are plain data and are given by
// value, as a list; a stranger may append their own.
type Kind struct {
	Shape
	// Sections and Scopes say where it may stand. Zero Scopes are all.
	Sections Sections
	Scopes   Scopes
	// Once says that a section of a document may hold it only once, those inside
	// other policies left aside.
	Once bool
	// InMessage says that it may also stand where a message is built, inside
	// return-response and its like, and then writes to that message.
	InMessage bool
	// Priority orders the documentation: 0 for what every load-balancing
	// document needs.
	Priority int
	// Directive makes the element part of the document model instead of a
	// step: it has no Compile.
	Directive Directive
	// Compile makes the step of an element that has been checked against the
	// row; problems it finds go to e.Problem, and it then may return nil. A
	// nil Compile says that APIM has the policy and this version does not run
	// it: documents that use it are refused with the problem not-built.
	Compile func(e *Element) Step
}

// Directive is what an element means to the document model.
type Directive uint8

// The directives.
const (
	NoDirective Directive = iota
	// Inherit stands for the section of the next broader scope.
	Inherit
	// Include stands for the content of a fragment.
	Include
)

// Shape is what an element looks like.
type Shape struct {
	Name string
	// Doc is one sentence for the documentation and the console.
	Doc string
	// Attributes are those it may have, besides id, which every policy takes.
	Attributes []Attribute
	// Text describes its text; nil means that it has none.
	Text *Attribute
	// Children are the elements it may hold. Their order is free.
	Children []Child
	// Block says that it holds policies; NonEmpty that there must be one.
	Block, NonEmpty bool
}

// Child is an element that stands below another.
type Child struct {
	Shape
	// Min and Max bound how often it stands there; a Max of 0 is no bound.
	Min, Max int
	// Policy says that the child is the policy of that name, working on the
	// message that its parent builds. Its own row then is its shape.
	Policy bool
	// Last says that it stands after all others.
	Last bool
}

// Attribute describes one attribute's value, or an element's text.
type Attribute struct {
	Name     string
	Doc      string
	Type     Type
	Required bool
	// Default is what an absent attribute means; "" means nothing.
	Default string
	// Expression says that an expression may stand here.
	Expression bool
	// Values are the allowed literals; nil means any.
	Values []string
	// Min and Max bound numbers, literal or computed, when Bounded.
	Bounded  bool
	Min, Max int64
	// NotBuilt says that this version does not run what the attribute asks
	// for, whatever its value: documents that use it are refused.
	NotBuilt bool
}

// Type is what a value is wanted as. Literals are parsed when the document is
// compiled, results of expressions are converted when they are evaluated
// (spec: expressions.md 1.2).
type Type uint8

// The types.
const (
	// String takes a result of any type as its invariant text; null is "".
	String Type = iota
	// Int takes an integer, or a string that parses as one.
	Int
	// Double takes a number, or a string that parses as one.
	Double
	// Bool takes a bool, or a string that parses as one.
	Bool
	// Condition takes a bool and nothing else.
	Condition
	// Object keeps the result as it is; a literal is a string.
	Object
	// Content is a body: a string, bytes, or JSON and XML nodes.
	Content
)

// String is the type's name in documentation and messages.
func (t Type) String() string {
	switch t {
	case Int:
		return "integer"
	case Double:
		return "number"
	case Bool, Condition:
		return "boolean"
	case Object:
		return "any value"
	case Content:
		return "text, bytes or a document"
	default:
		return "text"
	}
}

// attribute is the row of that name, or nil.
func (s *Shape) attribute(name string) *Attribute {
	for i := range s.Attributes {
		if s.Attributes[i].Name == name {
			return &s.Attributes[i]
		}
	}
	return nil
}

// child is the row of that name, or nil.
func (s *Shape) child(name string) *Child {
	for i := range s.Children {
		if s.Children[i].Name == name {
			return &s.Children[i]
		}
	}
	return nil
}

// kindTable finds kinds by name.
type kindTable struct {
	list   []Kind
	byName map[string]*Kind
}

// newKindTable indexes the list. Of two kinds of one name the later one
// counts, so that an appended kind replaces a built-in one.
func newKindTable(list []Kind) *kindTable {
	t := &kindTable{list: list, byName: make(map[string]*Kind, len(list))}
	for i := range list {
		t.byName[list[i].Name] = &list[i]
	}
	return t
}

func (t *kindTable) find(name string) *Kind { return t.byName[name] }

func (t *kindTable) names() []string {
	names := make([]string, 0, len(t.byName))
	for i := range t.list {
		if t.byName[t.list[i].Name] == &t.list[i] {
			names = append(names, t.list[i].Name)
		}
	}
	return names
}
