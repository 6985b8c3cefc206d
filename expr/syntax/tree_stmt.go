package syntax

// Modifier is a modifier keyword with its place, for those that a local
// function, a local or a lambda may be given, rightly or not.
type Modifier struct {
	Place
	Keyword string
}

// Block is `{ … }`.
type Block struct {
	Place
	Stmts []Stmt
}

// Empty is `;`.
type Empty struct{ Place }

// LocalDecl declares locals. Modifiers holds `const` and whatever else was
// written before the type. A deconstruction `var (a, b) = t;` is no LocalDecl
// but an ExprStmt with an Assign.
type LocalDecl struct {
	Place
	Modifiers []Modifier
	Const     bool
	// Using is the using declaration of C# 8, Await its `await using`.
	Using, Await bool
	Type         Type
	Vars         []*Declarator
}

// Declarator is `x = e`. Init is nil without a value; it may be an Initializer
// or a Ref.
type Declarator struct {
	Place
	Name *Ident
	Init Expr
}

// LocalFunc is a function declared in a block. Of Body and Expr one is set.
type LocalFunc struct {
	Place
	Modifiers   []Modifier
	Result      Type
	Name        *Ident
	TypeParams  []*Ident
	Params      []*Param
	Constraints []*Constraint
	Body        *Block
	// Expr is the body after `=>`.
	Expr Expr
}

// Constraint is `where T : …`.
type Constraint struct {
	Place
	Name *Ident
	// Bounds are types; `class`, `struct`, `new()`, `unmanaged`, `notnull` and
	// `default` are in Kinds by those spellings.
	Bounds []Type
	Kinds  []string
}

// ExprStmt is an expression as a statement. Whether it may be one is for the
// checker to say (CS0201).
type ExprStmt struct {
	Place
	X Expr
}

// If is `if (c) t else e`; Else is nil for none.
type If struct {
	Place
	Cond Expr
	Then Stmt
	Else Stmt
}

// While is a while loop.
type While struct {
	Place
	Cond Expr
	Body Stmt
}

// Do is a do loop.
type Do struct {
	Place
	Body Stmt
	Cond Expr
}

// For is a for loop. Decl is nil when the first part holds expressions or
// nothing; Cond is nil when empty.
type For struct {
	Place
	Decl *LocalDecl
	Init []Expr
	Cond Expr
	Post []Expr
	Body Stmt
}

// Foreach is `foreach (T x in e)`. In a deconstructing one, Name is nil and
// Target is a DeclExpr or a Tuple of them.
type Foreach struct {
	Place
	// Await is the `await foreach` of C# 8.
	Await  bool
	Type   Type
	Name   *Ident
	Target Expr
	// InAt is the span of the keyword `in`.
	InAt Place
	In   Expr
	Body Stmt
}

// Switch is a switch statement.
type Switch struct {
	Place
	X        Expr
	Sections []*SwitchSection
}

// SwitchSection is some labels and the statements they lead to.
type SwitchSection struct {
	Place
	Labels []*CaseLabel
	Stmts  []Stmt
}

// CaseLabel is `case p when c:`, or `default:` when Pattern is nil. A plain
// constant is a ConstantPattern.
type CaseLabel struct {
	Place
	Pattern Pattern
	When    Expr
}

type (
	// Break is `break;`.
	Break struct{ Place }
	// Continue is `continue;`.
	Continue struct{ Place }
)

// GotoKind tells the three forms of goto.
type GotoKind uint8

// The forms of goto.
const (
	GotoLabel GotoKind = iota
	GotoCase
	GotoDefault
)

// Goto is a jump; Label is set for GotoLabel, X for GotoCase.
type Goto struct {
	Place
	Kind  GotoKind
	Label *Ident
	X     Expr
}

// Labeled is `name: stmt`.
type Labeled struct {
	Place
	Label *Ident
	Stmt  Stmt
}

// Return is `return x;`; X is nil for none.
type Return struct {
	Place
	X Expr
}

// ThrowStmt is `throw x;`; X is nil for a rethrow.
type ThrowStmt struct {
	Place
	X Expr
}

// Try is a try statement; Finally is nil for none.
type Try struct {
	Place
	Body    *Block
	Catches []*Catch
	Finally *Block
}

// Catch has a nil Type when it catches all, a nil Name when it names nothing.
type Catch struct {
	Place
	Type   Type
	Name   *Ident
	Filter Expr
	Body   *Block
}

// Using is the using statement: one of Decl and X is set.
type Using struct {
	Place
	// Await is the `await using` of C# 8.
	Await bool
	Decl  *LocalDecl
	X     Expr
	Body  Stmt
}

// Lock is `lock (x) s`.
type Lock struct {
	Place
	X    Expr
	Body Stmt
}

// CheckedStmt is `checked { … }` or `unchecked { … }`.
type CheckedStmt struct {
	Place
	Unchecked bool
	Body      *Block
}

// Unsafe is `unsafe { … }`, always to be refused.
type Unsafe struct {
	Place
	Body *Block
}

// Fixed is `fixed (T* p = x) s`, always to be refused.
type Fixed struct {
	Place
	Decl *LocalDecl
	Body Stmt
}

// Yield is `yield return x;`, or `yield break;` when X is nil.
type Yield struct {
	Place
	X Expr
}

func (*Block) stmtNode()       {}
func (*Empty) stmtNode()       {}
func (*LocalDecl) stmtNode()   {}
func (*LocalFunc) stmtNode()   {}
func (*ExprStmt) stmtNode()    {}
func (*If) stmtNode()          {}
func (*While) stmtNode()       {}
func (*Do) stmtNode()          {}
func (*For) stmtNode()         {}
func (*Foreach) stmtNode()     {}
func (*Switch) stmtNode()      {}
func (*Break) stmtNode()       {}
func (*Continue) stmtNode()    {}
func (*Goto) stmtNode()        {}
func (*Labeled) stmtNode()     {}
func (*Return) stmtNode()      {}
func (*ThrowStmt) stmtNode()   {}
func (*Try) stmtNode()         {}
func (*Using) stmtNode()       {}
func (*Lock) stmtNode()        {}
func (*CheckedStmt) stmtNode() {}
func (*Unsafe) stmtNode()      {}
func (*Fixed) stmtNode()       {}
func (*Yield) stmtNode()       {}
