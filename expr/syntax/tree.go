package syntax

import "github.com/spillway-gateway/spillway/source"

// Place is the range of bytes a node covers, counted from the start of the
// text given to Parse, so that the bracket of `@(` is at offset 1. It is half
// the size of a source.Span because every node carries one.
type Place struct{ From, To int32 }

// Span is the range as the rest of the program writes it.
func (p Place) Span() source.Span { return source.Span{Start: int(p.From), End: int(p.To)} }

// Node is anything in the tree.
type Node interface{ Span() source.Span }

// Expr is an expression. Names, member accesses and predefined types are both
// Expr and Type: only the checker can tell `a.b` the field from `a.b` the type.
type Expr interface {
	Node
	exprNode()
}

// Type is a type as it is written.
type Type interface {
	Node
	typeNode()
}

// Stmt is a statement.
type Stmt interface {
	Node
	stmtNode()
}

// Pattern is what stands behind `is` or `case`.
type Pattern interface {
	Node
	patternNode()
}

// Designation is what a declaration expression or a pattern declares.
type Designation interface {
	Node
	designationNode()
}

// Clause is one clause of a query before its `select` or `group`.
type Clause interface {
	Node
	clauseNode()
}

// Root is a whole policy expression: Expr for `@( … )`, Body for `@{ … }`.
// Exactly one of the two is set.
type Root struct {
	Place
	Text string
	Expr Expr
	Body *Block
}

// Ident is a name being declared, or the name of an argument. Text is decoded:
// without a leading `@`, with `\u0041` as A. It is empty where the name is
// missing, which is always a syntax error.
type Ident struct {
	Place
	Text string
	// Verbatim says that the name was written with `@` or a unicode escape: such
	// a name is never a keyword, not even a contextual one like `var`.
	Verbatim bool
}

// Op is an operator of Unary, Binary or Assign.
type Op uint8

// The operators. Assign uses those of Binary for compound assignment and
// OpNone for `=`.
const (
	OpNone Op = iota

	OpAdd
	OpSub
	OpMul
	OpDiv
	OpRem
	OpAnd
	OpOr
	OpXor
	OpShl
	OpShr
	// OpUnsignedShr is `>>>`, which C# 7.3 does not have.
	OpUnsignedShr
	OpAndAlso
	OpOrElse
	OpEqual
	OpNotEqual
	OpLess
	OpLessEqual
	OpGreater
	OpGreaterEqual
	OpCoalesce

	OpPlus
	OpMinus
	OpNot
	OpComplement
	OpPreIncrement
	OpPreDecrement
	OpPostIncrement
	OpPostDecrement
	OpAddressOf
	OpDereference
	// OpSuppress is the postfix `!`, which C# 7.3 does not have.
	OpSuppress
	// OpFromEnd is the prefix `^`, which C# 7.3 does not have.
	OpFromEnd
)

var opText = [...]string{
	OpNone: "=",
	OpAdd:  "+", OpSub: "-", OpMul: "*", OpDiv: "/", OpRem: "%", OpAnd: "&", OpOr: "|", OpXor: "^",
	OpShl: "<<", OpShr: ">>", OpUnsignedShr: ">>>", OpAndAlso: "&&", OpOrElse: "||",
	OpEqual: "==", OpNotEqual: "!=", OpLess: "<", OpLessEqual: "<=", OpGreater: ">", OpGreaterEqual: ">=", OpCoalesce: "??",
	OpPlus: "+", OpMinus: "-", OpNot: "!", OpComplement: "~", OpPreIncrement: "++", OpPreDecrement: "--",
	OpPostIncrement: "++", OpPostDecrement: "--", OpAddressOf: "&", OpDereference: "*", OpSuppress: "!", OpFromEnd: "^",
}

// String is the operator as it is written, OpNone as `=`.
func (o Op) String() string { return opText[o] }

// LiteralKind is the type a literal has by its spelling alone.
type LiteralKind uint8

// The literals. An integer literal is the first of int, uint, long and ulong
// that its suffix allows and its value fits.
const (
	NullLiteral LiteralKind = iota
	TrueLiteral
	FalseLiteral
	IntLiteral
	UintLiteral
	LongLiteral
	UlongLiteral
	FloatLiteral
	DoubleLiteral
	DecimalLiteral
	CharLiteral
	StringLiteral
	// Utf8Literal is "…"u8, which C# 7.3 does not have.
	Utf8Literal
)

// Literal is a constant as it is written.
type Literal struct {
	Place
	Kind LiteralKind
	// Text is the exact source, with prefix, quotes and suffix.
	Text string
	// Bits is the value of an integer literal, or the UTF-16 unit of a char.
	Bits uint64
	// Value is the decoded text of a string (WTF-8: a lone surrogate is its
	// three bytes), or the digits of a real number without `_` and suffix.
	Value string
}

// Interpolated is `$"…"` or `$@"…"`.
type Interpolated struct {
	Place
	Verbatim bool
	Parts    []InterpolatedPart
}

// InterpolatedPart is a stretch of text, decoded, with `{{` as one brace, when
// Hole is nil; else a hole.
type InterpolatedPart struct {
	Text string
	Hole *Hole
}

// Hole is `{value,align:format}`. Align is nil without a comma. HasFormat tells
// an empty format from none; Format is decoded.
type Hole struct {
	Place
	Value     Expr
	Align     Expr
	Format    string
	HasFormat bool
	// Colon is the place of the format, its colon included.
	Colon Place
}

// Name is an identifier, or a generic name when TypeArgs is not nil. A query
// or a declaration may give it any meaning: `_`, `var`, `dynamic`, `nameof` are
// plain names here.
type Name struct {
	Place
	// Text is decoded as Ident.Text is.
	Text     string
	Verbatim bool
	// TypeArgs of an open generic type, `List<>` in a typeof, are OmittedTypes.
	TypeArgs []Type
	// End of the identifier itself, before the type arguments.
	IdentEnd int32
}

// Ident is the name without its type arguments.
func (n *Name) Ident() source.Span { return source.Span{Start: int(n.From), End: int(n.IdentEnd)} }

// AliasName is `alias::name`; the alias is nearly always `global`.
type AliasName struct {
	Place
	Alias *Ident
	Name  *Name
}

// Member is `target.name`, or `target->name` when Arrow is set (always to be
// refused). As a Type its target is a Name, an AliasName or a Member.
type Member struct {
	Place
	Target Expr
	Name   *Name
	Arrow  bool
}

// PredefinedType is a keyword type, `void` included.
type PredefinedType struct {
	Place
	Keyword string
}

// Both are to be refused: an expression is a static method.
type (
	// This is `this`.
	This struct{ Place }
	// Base is `base`.
	Base struct{ Place }
)

// BadExpr stands where an expression is missing; there is a syntax error there.
type BadExpr struct{ Place }

// BadType stands where a type is missing; there is a syntax error there.
type BadType struct{ Place }

// ConditionalAccess is `a?.…` or `a?[…]`. In `a?.b.c[0]` Target is a, and Access is all of `.b.c[0]`
// with a MemberBinding or an ElementBinding innermost on its left. An inner `?.`
// nests to the right: `a?.b?.c` has the Access `.b?.c`.
type ConditionalAccess struct {
	Place
	Target Expr
	// OpAt is the offset of the `?`.
	OpAt   int32
	Access Expr
}

// MemberBinding is the `.name` right after `?`.
type MemberBinding struct {
	Place
	Name *Name
}

// ElementBinding is the `[…]` right after `?`.
type ElementBinding struct {
	Place
	Args ArgumentList
}

// ArgumentList is a list with its brackets. The zero value is no list at all.
type ArgumentList struct {
	Place
	Items []*Argument
}

// Present says whether the list was written.
func (l *ArgumentList) Present() bool { return l.To > 0 }

// PassMode is how an argument, a parameter or a local is passed or bound.
type PassMode uint8

// The modes; PassParams and PassThis occur in parameters only.
const (
	ByValue PassMode = iota
	ByRef
	ByOut
	ByIn
	PassParams
	PassThis
)

// String is the keyword, or nothing.
func (m PassMode) String() string {
	return [...]string{"", "ref", "out", "in", "params", "this"}[m]
}

// Argument is one argument of a call, an element access or a tuple. An `out
// var x` has a DeclExpr as its value. Name is nil for a positional one.
type Argument struct {
	Place
	Name  *Ident
	Mode  PassMode
	Value Expr
}

// Index is `target[…]`.
type Index struct {
	Place
	Target Expr
	Args   ArgumentList
}

// Call is `target(…)`. `nameof(x)` is a Call of the Name nameof: only the
// checker knows whether a method of that name hides the operator.
type Call struct {
	Place
	Target Expr
	Args   ArgumentList
}

// DeclExpr declares variables inside an expression: `out int n`, `var (a, b)`
// on the left of an assignment, `(int a, var b) = …` in each element.
type DeclExpr struct {
	Place
	Type        Type
	Designation Designation
}

// SingleDesignation declares one variable.
type SingleDesignation struct {
	Place
	Name *Ident
}

// DiscardDesignation is `_`.
type DiscardDesignation struct{ Place }

// TupleDesignation is `(a, _, (b, c))`.
type TupleDesignation struct {
	Place
	Items []Designation
}

// New is `new T(…) { … }`. Type is nil for the target-typed `new(…)` that C#
// 7.3 does not have. Init is nil when there is none.
type New struct {
	Place
	Type Type
	Args ArgumentList
	Init *Initializer
}

// NewArray is `new T[n, m] { … }`. The sizes stand in the Type's first rank.
type NewArray struct {
	Place
	Type *ArrayType
	Init *Initializer
}

// NewImplicitArray is `new[] { … }`.
type NewImplicitArray struct {
	Place
	// Rank is 1 for `new[]`, 2 for `new[,]`.
	Rank int
	Init *Initializer
}

// StackAlloc is `stackalloc T[n] { … }`; Type is nil for `stackalloc[]`.
type StackAlloc struct {
	Place
	Type Type
	Init *Initializer
}

// NewAnonymous is `new { a.B, C = 1 }`.
type NewAnonymous struct {
	Place
	Members []*AnonymousMember
}

// AnonymousMember has a nil Name when the name comes from the value.
type AnonymousMember struct {
	Place
	Name  *Ident
	Value Expr
}

// InitializerKind says what the braces were parsed as.
type InitializerKind uint8

// The kinds. `{ }` after `new T` is an ObjectInit without items; `{ a = 1 }` is
// an ObjectInit, `{ 1, 2 }` and `{ { k, v } }` are CollectionInit, whose inner
// braces are ElementInit; an ArrayInit belongs to an array or a declaration.
const (
	ObjectInit InitializerKind = iota
	CollectionInit
	ElementInit
	ArrayInit
	// WithInit is the braces of a `with`, which C# 7.3 does not have.
	WithInit
)

// Initializer is a brace list. In an ObjectInit the items are Assigns whose
// left side is a Name or an InitIndex and whose right side may itself be an
// Initializer; wrong mixtures are kept for the checker to refuse. It is an Expr
// because `int[] a = { 1 };` has it where an expression stands.
type Initializer struct {
	Place
	Kind  InitializerKind
	Items []Expr
}

// InitIndex is the `[k]` of `{ [k] = v }`.
type InitIndex struct {
	Place
	Args ArgumentList
}

// Cast is `(T)x`.
type Cast struct {
	Place
	Type Type
	X    Expr
}

// Paren is `(x)`. It is kept because a parenthesised constant, lambda or
// method group behaves differently in corners, and for the printer.
type Paren struct {
	Place
	X Expr
}

// Unary is a prefix or postfix operator.
type Unary struct {
	Place
	Op   Op
	OpAt int32
	X    Expr
}

// Binary is `x op y`. Chains such as a+b+c are left-deep and can be thousands
// deep (see MaxHeight): walk them with Operands rather than by recursion where
// frames are large.
type Binary struct {
	Place
	Op   Op
	OpAt int32
	X, Y Expr
}

// Assign is `x = y` with OpNone, or `x op= y`.
type Assign struct {
	Place
	Op   Op
	OpAt int32
	X, Y Expr
}

// Conditional is `cond ? x : y`.
type Conditional struct {
	Place
	Cond, Then, Else Expr
}

// IsType is `x is T`. When T is a Name, a Member or an AliasName that names no
// type, it may be a constant: those nodes are Exprs too.
type IsType struct {
	Place
	X    Expr
	Type Type
}

// IsPattern is `x is` followed by a pattern that is not just a type.
type IsPattern struct {
	Place
	X       Expr
	Pattern Pattern
}

// As is `x as T`.
type As struct {
	Place
	X    Expr
	Type Type
}

// ConstantPattern is a constant, and a Name or Member that may be one.
type ConstantPattern struct {
	Place
	X Expr
}

// DeclarationPattern is `T x` or `T _`.
type DeclarationPattern struct {
	Place
	Type        Type
	Designation Designation
}

// VarPattern is `var x`, `var _`, and the `var (a, b)` of C# 8.
type VarPattern struct {
	Place
	Designation Designation
}

// LaterPattern is a pattern of a later C#: Feature is the compiler's name for
// it, At where it is reported, Text its source, Inner what it holds. There is
// always an error at it.
type LaterPattern struct {
	Place
	Feature string
	At      Place
	Text    string
	Inner   []Node
}

// Param is a parameter of a lambda, an anonymous method or a local function.
// Type is nil in an implicitly typed lambda. Default is nil without `= x`.
type Param struct {
	Place
	Mode PassMode
	// ReadOnly is `ref readonly`.
	ReadOnly bool
	// Attributes says that attributes stand before it (always to be refused).
	Attributes bool
	Type       Type
	Name       *Ident
	Default    Expr
}

// Lambda is `x => …` or `(…) => …`. Body is an Expr or a *Block.
type Lambda struct {
	Place
	Modifiers []Modifier
	// Paren says that the parameters stand in parentheses.
	Paren  bool
	Params []*Param
	// ReturnType is the explicit return type of C# 10, else nil.
	ReturnType Type
	// Arrow is the span of `=>`, where some errors are reported.
	Arrow Place
	Body  Node
}

// AnonymousMethod is `delegate (…) { … }`. HasParams tells `delegate () {}`
// from `delegate {}`.
type AnonymousMethod struct {
	Place
	Modifiers []Modifier
	HasParams bool
	Params    []*Param
	Body      *Block
}

// Query is a query expression.
type Query struct {
	Place
	From *FromClause
	Body *QueryBody
}

// QueryBody is what follows the first from. Exactly one of Select and Group is
// set, except after a syntax error, when both may be nil. Into is nil without a
// continuation.
type QueryBody struct {
	Place
	Clauses []Clause
	Select  *SelectClause
	Group   *GroupClause
	Into    *QueryInto
}

// FromClause is `from T x in e`; Type is nil when none is given.
type FromClause struct {
	Place
	Type Type
	Name *Ident
	In   Expr
}

// LetClause is `let x = e`.
type LetClause struct {
	Place
	Name *Ident
	X    Expr
}

// WhereClause is `where e`.
type WhereClause struct {
	Place
	X Expr
}

// JoinClause is `join T x in e on l equals r into g`; Into is nil for none.
type JoinClause struct {
	Place
	Type        Type
	Name        *Ident
	In          Expr
	Left, Right Expr
	Into        *Ident
}

// OrderByClause is `orderby a, b descending`.
type OrderByClause struct {
	Place
	Keys []*Ordering
}

// Ordering is one key of an orderby.
type Ordering struct {
	Place
	X          Expr
	Descending bool
	// Explicit says that `ascending` or `descending` was written.
	Explicit bool
}

// SelectClause is `select e`.
type SelectClause struct {
	Place
	X Expr
}

// GroupClause is `group e by k`.
type GroupClause struct {
	Place
	X, By Expr
}

// QueryInto is `into x` and the query that goes on from there.
type QueryInto struct {
	Place
	Name *Ident
	Body *QueryBody
}

// Tuple is `(a, b: c)`; it always has two items at least, except after a syntax
// error. On the left of an assignment its values may be DeclExprs.
type Tuple struct {
	Place
	Items []*Argument
}

// Default is `default(T)`, or the literal `default` when Type is nil.
type Default struct {
	Place
	Type Type
}

type (
	// TypeOf is `typeof(T)`.
	TypeOf struct {
		Place
		Type Type
	}
	// SizeOf is `sizeof(T)`.
	SizeOf struct {
		Place
		Type Type
	}
)

// Checked is `checked(x)` or `unchecked(x)`.
type Checked struct {
	Place
	Unchecked bool
	X         Expr
}

// Throw is a throw expression.
type Throw struct {
	Place
	X Expr
}

// Ref is `ref x` as the value of a declaration, a return or an assignment.
type Ref struct {
	Place
	X Expr
}

// Await is `await x`. The parser makes one only where Roslyn does outside an
// async method: where nothing else could be meant.
type Await struct {
	Place
	X Expr
}

// Constructs of a later C#, recognised to be refused; there is always an error
// at them.
type (
	// SwitchExpr is `x switch { p when c => v, … }`.
	SwitchExpr struct {
		Place
		X       Expr
		Keyword Place
		Arms    []*SwitchArm
	}
	// SwitchArm is one arm of a SwitchExpr; When is nil without a condition.
	SwitchArm struct {
		Place
		Pattern Pattern
		When    Expr
		Value   Expr
	}
	// Range is `a..b`, either side may be nil.
	Range struct {
		Place
		X, Y Expr
	}
	// With is `x with { … }`.
	With struct {
		Place
		X       Expr
		Keyword Place
		Init    *Initializer
	}
	// CollectionExpr is `[a, ..b]`.
	CollectionExpr struct {
		Place
		Items []Expr
	}
	// Spread is `..b` in a CollectionExpr.
	Spread struct {
		Place
		X Expr
	}
	// KeywordExpr is `__arglist`, `__makeref(x)` and their like, which no
	// expression can use.
	KeywordExpr struct {
		Place
		Keyword string
		Args    []Expr
		Type    Type
	}
)

// ArrayType is `T[,][]`: Ranks from the left, as written. Element is never an
// ArrayType, but it may be a NullableType.
type ArrayType struct {
	Place
	Element Type
	Ranks   []Rank
}

// Rank is one `[,]`: its number of dimensions, and the sizes where they were
// written (nil where not; only array creation may have them).
type Rank struct {
	Place
	Dims  int
	Sizes []Expr
}

// NullableType is `T?`.
type NullableType struct {
	Place
	Element Type
}

// PointerType is `T*`, always to be refused.
type PointerType struct {
	Place
	Element Type
}

// TupleType is `(T a, U b)`.
type TupleType struct {
	Place
	Items []*TupleTypeItem
}

// TupleTypeItem has a nil Name where none is given.
type TupleTypeItem struct {
	Place
	Type Type
	Name *Ident
}

// RefType is the `ref T` or `ref readonly T` of a local, a foreach variable or
// a local function's result.
type RefType struct {
	Place
	ReadOnly bool
	Element  Type
}

// OmittedType is the missing argument of an open generic type, `List<>`.
type OmittedType struct{ Place }

func (*Literal) exprNode()           {}
func (*Interpolated) exprNode()      {}
func (*Name) exprNode()              {}
func (*AliasName) exprNode()         {}
func (*Member) exprNode()            {}
func (*PredefinedType) exprNode()    {}
func (*This) exprNode()              {}
func (*Base) exprNode()              {}
func (*BadExpr) exprNode()           {}
func (*ConditionalAccess) exprNode() {}
func (*MemberBinding) exprNode()     {}
func (*ElementBinding) exprNode()    {}
func (*Index) exprNode()             {}
func (*Call) exprNode()              {}
func (*DeclExpr) exprNode()          {}
func (*New) exprNode()               {}
func (*NewArray) exprNode()          {}
func (*NewImplicitArray) exprNode()  {}
func (*StackAlloc) exprNode()        {}
func (*NewAnonymous) exprNode()      {}
func (*Initializer) exprNode()       {}
func (*InitIndex) exprNode()         {}
func (*Cast) exprNode()              {}
func (*Paren) exprNode()             {}
func (*Unary) exprNode()             {}
func (*Binary) exprNode()            {}
func (*Assign) exprNode()            {}
func (*Conditional) exprNode()       {}
func (*IsType) exprNode()            {}
func (*IsPattern) exprNode()         {}
func (*As) exprNode()                {}
func (*Lambda) exprNode()            {}
func (*AnonymousMethod) exprNode()   {}
func (*Query) exprNode()             {}
func (*Tuple) exprNode()             {}
func (*Default) exprNode()           {}
func (*TypeOf) exprNode()            {}
func (*SizeOf) exprNode()            {}
func (*Checked) exprNode()           {}
func (*Throw) exprNode()             {}
func (*Ref) exprNode()               {}
func (*Await) exprNode()             {}
func (*SwitchExpr) exprNode()        {}
func (*Range) exprNode()             {}
func (*With) exprNode()              {}
func (*CollectionExpr) exprNode()    {}
func (*Spread) exprNode()            {}
func (*KeywordExpr) exprNode()       {}

func (*Name) typeNode()           {}
func (*AliasName) typeNode()      {}
func (*Member) typeNode()         {}
func (*PredefinedType) typeNode() {}
func (*BadType) typeNode()        {}
func (*ArrayType) typeNode()      {}
func (*NullableType) typeNode()   {}
func (*PointerType) typeNode()    {}
func (*TupleType) typeNode()      {}
func (*RefType) typeNode()        {}
func (*OmittedType) typeNode()    {}

func (*ConstantPattern) patternNode()    {}
func (*DeclarationPattern) patternNode() {}
func (*VarPattern) patternNode()         {}
func (*LaterPattern) patternNode()       {}

func (*SingleDesignation) designationNode()  {}
func (*DiscardDesignation) designationNode() {}
func (*TupleDesignation) designationNode()   {}

func (*FromClause) clauseNode()    {}
func (*LetClause) clauseNode()     {}
func (*WhereClause) clauseNode()   {}
func (*JoinClause) clauseNode()    {}
func (*OrderByClause) clauseNode() {}
