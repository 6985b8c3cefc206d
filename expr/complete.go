package expr

import (
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Completion is what can be written at the end of an expression that is being
// typed.
type Completion struct {
	// From is the offset of the word that is being typed: each item can stand
	// for it.
	From int
	// Items are in the order in which to show them: members of the nearest type
	// and variables of the nearest scope first.
	Items []Item
}

// Item is one thing that can be written.
type Item struct {
	// Label is the name itself.
	Label string
	// Kind is property, method, extension, field, const, member (of an enum),
	// variable, function, type, namespace or keyword.
	Kind string
	// Detail is its signature or type in C#.
	Detail string
	// Doc says in a sentence what it is.
	Doc string
	// Overloads is how many more signatures there are.
	Overloads int
	// Beyond marks what Azure's documented list does not have.
	Beyond bool
}

// The kinds of items.
const (
	PropertyItem  = "property"
	MethodItem    = "method"
	ExtensionItem = "extension"
	FieldItem     = "field"
	ConstItem     = "const"
	MemberItem    = "member"
	VariableItem  = "variable"
	FunctionItem  = "function"
	TypeItem      = "type"
	NamespaceItem = "namespace"
	KeywordItem   = "keyword"
)

// mark stands for the word that is being typed.
const mark = "completed_here"

// Complete tells what can be written at the end of text, which is the beginning
// of an expression from its `@(` or `@{` on. What stands before a dot is typed
// as the checker would type it, in lambdas and statements as well. There are no
// items inside a literal or a comment, nor where a number or a name of the
// author's own is being typed.
func (e *Env) Complete(text string) Completion {
	from := len(text)
	for from > 0 && isWord(text[from-1]) {
		from--
	}
	c := Completion{From: from}
	rest := syntax.Finish(text)
	if from < 2 || rest.Literal >= 0 || rest.Comment || from < len(text) && text[from] >= '0' && text[from] <= '9' {
		return c
	}
	view := e.look(text[:from], rest.Close)
	switch {
	case view.Receiver != nil:
		c.Items = e.members(view.Receiver, view.Static)
	case view.Namespace != "":
		c.Items = e.inNamespace(view.Namespace)
	case behindDot(text[:from]):
	default:
		c.Items = e.names(&view, text[1] == '{')
	}
	return c
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

// behindDot reports whether a text ends in a dot and perhaps space.
func behindDot(text string) bool { return strings.HasSuffix(strings.TrimRight(text, " \t\r\n"), ".") }

// look binds the text with the mark in its end, closed with what a construct may
// want: most are whole with their brackets alone, a type argument lacks its
// bracket, a created type its arguments, and the call around a lambda often the
// lambdas behind it, without which no overload tells the type of its parameter.
func (e *Env) look(text, closing string) (view check.View) {
	try := func(tail string) bool {
		root, _ := syntax.Parse(text + mark + tail)
		view = check.Look(root, e.check, mark)
		return view.Seen
	}
	tails := []string{"", ">()", "()", " x"}
	if strings.HasSuffix(text, "<") {
		// A type argument sooner than a comparison, which has a space there.
		tails = []string{">()", ">", "", "()"}
	}
	for _, tail := range tails {
		if try(tail + closing) {
			return view
		}
	}
	for depth := range min(len(closing), maxOuter) {
		if closing[depth] != ')' {
			continue
		}
		for _, arguments := range []string{", x => x", ", (x, y) => x", ", x => x, (x, y) => x"} {
			if try(closing[:depth] + arguments + closing[depth:]) {
				return view
			}
		}
	}
	return view
}

// maxOuter is how many calls around a place may lack arguments.
const maxOuter = 4

// members are the members of a type or of its values.
func (e *Env) members(t *types.Type, static bool) []Item {
	var list []Item
	if t.IsTuple() || t.IsAnonymous() {
		for i, a := range t.Args() {
			name := value.ItemName(i)
			if t.IsAnonymous() {
				name = t.Def().Anonymous[i]
			} else if t.ElementNames() != nil && t.ElementNames()[i] != "" {
				list = append(list, Item{Label: t.ElementNames()[i], Kind: FieldItem, Detail: a.String()})
			}
			list = append(list, Item{Label: name, Kind: FieldItem, Detail: a.String()})
		}
	}
	if static && t.Kind() == types.Enum {
		for _, m := range t.Def().EnumMembers() {
			item := Item{Label: m.Name, Kind: MemberItem, Detail: t.String() + "." + m.Name}
			if k := e.table.Info(t.Def()).EnumMember(m.Name); k != nil {
				item.Beyond = value.RowOf(k).Beyond
			}
			list = append(list, item)
		}
	}
	for _, m := range check.Members(e.check, t, static) {
		list = overload(list, memberItem(m, !static))
	}
	if static {
		for _, info := range e.table.Infos() {
			if info.Def.Outer != nil && info.Def.Outer == t.Def() {
				list = append(list, typeItem(info))
			}
		}
	}
	if t.Kind() == types.Delegate && !static && t.Invoke() != nil {
		list = overload(list, memberItem(t.Invoke(), true))
	}
	return list
}

// overload adds an item, or counts it with the one that has its name.
func overload(list []Item, item Item) []Item {
	for i := range list {
		if list[i].Label == item.Label {
			list[i].Overloads++
			return list
		}
	}
	return append(list, item)
}

var memberKinds = map[types.MemberKind]string{
	types.Method: MethodItem, types.Property: PropertyItem, types.Field: FieldItem, types.Const: ConstItem,
}

// memberItem is a member seen after a dot; onValue says that a value stands
// before it, which then is an extension method's first argument.
func memberItem(m *types.Member, onValue bool) Item {
	item := Item{Label: m.Name, Kind: memberKinds[m.Kind], Detail: Signature(m, onValue)}
	if m.Extension && onValue {
		item.Kind = ExtensionItem
	}
	if row := value.RowOf(m.Origin); row != nil {
		item.Doc, item.Beyond = row.Doc, row.Beyond
	}
	return item
}

// Signature is a member in C#, with the types that its owner gives it. With
// onValue an extension method is written as it is called.
func Signature(m *types.Member, onValue bool) string {
	var b strings.Builder
	if m.Static && !(m.Extension && onValue) && m.Kind != types.Const {
		b.WriteString("static ")
	}
	if m.Kind == types.Const {
		b.WriteString("const ")
	}
	if m.Result != nil {
		b.WriteString(m.Result.String() + " ")
	}
	b.WriteString(m.Name)
	switch m.Kind {
	case types.Property:
		b.WriteString(" {")
		if m.Get {
			b.WriteString(" get;")
		}
		if m.Set {
			b.WriteString(" set;")
		}
		b.WriteString(" }")
		return b.String()
	case types.Field, types.Const:
		return b.String()
	}
	if len(m.Parameters) > 0 {
		names := make([]string, len(m.Parameters))
		for i, p := range m.Parameters {
			names[i] = p.String()
		}
		b.WriteString("<" + strings.Join(names, ", ") + ">")
	}
	params := m.Params
	if m.Extension && onValue {
		params = params[1:]
	}
	list := make([]string, len(params))
	for i, p := range params {
		list[i] = parameter(&p)
	}
	b.WriteString("(" + strings.Join(list, ", ") + ")")
	return b.String()
}

func parameter(p *types.Param) string {
	text := p.Type.String() + " " + p.Name
	switch {
	case p.Params:
		text = "params " + text
	case p.Mode == types.ByOut:
		text = "out " + text
	case p.Mode == types.ByRef:
		text = "ref " + text
	case p.Mode == types.ByIn:
		text = "in " + text
	}
	if p.Optional {
		text += " = " + p.Default
	}
	return text
}

func typeItem(info *value.Info) Item {
	return Item{Label: info.Def.Name, Kind: TypeItem, Detail: info.Def.FullName(), Doc: info.Doc, Beyond: info.Beyond}
}

// inNamespace are the types and namespaces directly in a namespace.
func (e *Env) inNamespace(namespace string) []Item {
	var list []Item
	for _, info := range e.table.Infos() {
		d := info.Def
		switch {
		case d.Outer != nil || d == value.Vector:
		case d.Namespace == namespace:
			list = overload(list, typeItem(info))
		case strings.HasPrefix(d.Namespace, namespace+"."):
			list = namespaceItem(list, d.Namespace, namespace+".")
		}
	}
	return list
}

// namespaceItem adds the part of a namespace that stands behind a prefix.
func namespaceItem(list []Item, full, prefix string) []Item {
	name, _, _ := strings.Cut(strings.TrimPrefix(full, prefix), ".")
	if name == "" || slices.ContainsFunc(list, func(i Item) bool { return i.Label == name && i.Kind == NamespaceItem }) {
		return list
	}
	return append(list, Item{Label: name, Kind: NamespaceItem, Detail: prefix + name})
}

// names are what can stand where no dot is before: variables, types that need
// no qualification, namespaces and keywords.
func (e *Env) names(view *check.View, statements bool) []Item {
	var list []Item
	if !view.Seen {
		for _, v := range e.options.Variables {
			list = append(list, Item{Label: v.Name, Kind: VariableItem, Detail: v.Type.String()})
		}
	}
	if !view.Type {
		for _, n := range view.Names {
			item := Item{Label: n.Name, Kind: VariableItem}
			if n.Type != nil {
				item.Detail = n.Type.String()
			}
			if n.Func != nil {
				item.Kind, item.Detail = FunctionItem, n.Func.Signature()
			}
			list = append(list, item)
		}
		// What maps gave has no order of its own.
		slices.SortFunc(list, func(a, b Item) int { return strings.Compare(a.Label, b.Label) })
		list = append(list, keywordItems(expressionWords)...)
		if statements {
			list = append(list, keywordItems(statementWords)...)
		}
	}
	list = append(list, keywordItems(typeWords)...)
	var spaces []Item
	for _, info := range e.table.Infos() {
		d := info.Def
		if d.Outer != nil || d == value.Vector {
			continue
		}
		if e.Imported(d.Namespace) {
			list = overload(list, typeItem(info))
		}
		spaces = namespaceItem(spaces, d.Namespace, "")
	}
	return append(list, spaces...)
}

// The words of the language that an author may want at a place. Those that
// policy expressions refuse, such as class, are not among them.
var (
	expressionWords = []string{"new", "null", "true", "false", "is", "as", "typeof", "nameof", "default", "checked", "unchecked", "throw", "from", "where", "select", "orderby", "group", "let", "join", "in", "out"}
	statementWords  = []string{"return", "var", "if", "else", "for", "foreach", "while", "do", "switch", "case", "break", "continue", "try", "catch", "finally", "using", "const"}
	typeWords       = []string{"bool", "byte", "char", "decimal", "double", "float", "int", "long", "object", "short", "string", "uint", "ulong"}
)

func keywordItems(words []string) []Item {
	list := make([]Item, len(words))
	for i, w := range words {
		list[i] = Item{Label: w, Kind: KeywordItem}
	}
	return list
}

// Imported reports whether types of a namespace need no qualification.
func (e *Env) Imported(namespace string) bool {
	return namespace == "" || slices.Contains(e.check.Imports, namespace)
}
