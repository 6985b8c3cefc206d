// Package check gives a policy expression its meaning: names, types,
// overloads, conversions, constants, definite assignment. A syntax tree becomes
// a checked tree in which every conversion and every call is explicit, or it
// becomes problems with the numbers and the places that the C# compiler gives.
//
// It follows the rules of C# 7.3 as Roslyn applies them. Lambda bodies are
// bound anew for every delegate type that overload resolution tries; what a
// trial reports stays with the trial. Flow analysis (reachability, definite
// assignment) is a second pass over the checked tree.
//
// All that a program can name comes from the table of member rows it is given:
// there is no other list of names.
package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// Expr is a checked expression.
type Expr interface {
	// Type is the static type, nil for what has none by itself (a lambda, a
	// method group, the literal default) and has not been converted yet.
	Type() *types.Type
	Span() source.Span
}

// node is what every expression has.
type node struct {
	typ *types.Type
	at  source.Span
}

func (n *node) Type() *types.Type { return n.typ }
func (n *node) Span() source.Span { return n.at }

// Local is a local variable, a parameter, or a temporary of the compiler.
type Local struct {
	Name string
	Type *types.Type
	Decl source.Span
	// Owner is the function whose variable it is.
	Owner *Function
	// Captured says that a lambda or a local function uses it from outside its
	// owner, so that it needs a cell.
	Captured bool
	// Ref says that it stands for another variable: a ref or out parameter or a
	// ref local.
	Ref bool
	// Param is its mode if it is a parameter.
	Param   syntax.PassMode
	IsParam bool
	// Index is its slot in the owner's frame, or its cell when captured.
	Index int

	konst    *value.Value // of a const
	readOnly string       // why it may not be assigned: "foreach iteration variable"
	pending  bool         // declared further down
	typing   bool         // its initialiser is being bound
	rangeVar bool
	assigned bool // needs no definite assignment
}

// Function is the whole expression, a lambda or a local function.
type Function struct {
	Name   string // of a local function
	Outer  *Function
	Params []*Local
	Result *types.Type
	Body   Stmt
	// Locals are all its variables, parameters included.
	Locals []*Local
	// TypeParams of a generic local function.
	TypeParams []*types.Type
	// Uses are the local functions it calls or makes delegates of.
	Uses []*Function
	// Free are the variables of outer functions it uses, directly or through
	// nested functions and local functions it calls. Known once the whole
	// expression is checked.
	Free []*Local

	member *types.Member
	scope  *scope
	// Iterator says that calls make a sequence whose walks run the body.
	Iterator    bool
	doubleParam bool
	at          source.Span
	decl        *syntax.LocalFunc
	returns     []returned
	depth       int
	lambda      bool
	direct      map[*Local]bool
	nested      []*Function
	defaults    []Expr
}

type returned struct {
	x  Expr
	at source.Span
}

// The expressions.
type (
	// Const is a constant; its value is null for the literal null.
	Const struct {
		node
		Value value.Value
		// literal and the like decide how the constant converts.
		literal bool
	}
	// LocalRef is a variable.
	LocalRef struct {
		node
		Local *Local
	}
	// Zero is default(T).
	Zero struct{ node }
	// Conv is a conversion.
	Conv struct {
		node
		X        Expr
		Kind     ConvKind
		User     *types.Member // of user-defined conversions
		Lifted   bool          // a user-defined conversion over nullables
		Checked  bool
		Elems    []Expr // of tuple conversions: each over TupleItem(Temp, i)
		Temp     *Local
		explicit bool
	}
	// Unary is a predefined operator on operands of Operand's type.
	Unary struct {
		node
		Op      syntax.Op
		X       Expr
		Checked bool
		Lifted  bool
	}
	// Binary is a predefined operator; both operands have the same type, but for
	// shifts.
	Binary struct {
		node
		Op      syntax.Op
		X, Y    Expr
		Operand *types.Type // the operator's operand type, not nullable
		Checked bool
		Lifted  bool
	}
	// Logic is && or ||, and their user-defined forms are not among the allowed
	// types' operators.
	Logic struct {
		node
		And  bool
		X, Y Expr
	}
	// BoolLogic is & or | over bool?, three-valued.
	BoolLogic struct {
		node
		And  bool
		X, Y Expr
	}
	// RefEqual compares references.
	RefEqual struct {
		node
		Not  bool
		X, Y Expr
	}
	// NullTest compares a nullable value with null.
	NullTest struct {
		node
		Not bool
		X   Expr
	}
	// KnownTest evaluates X and is Value: the comparison of a value, which is
	// never null, with null.
	KnownTest struct {
		node
		X     Expr
		Value bool
	}
	// DelegateOp is + or - on delegates, or == and != by their contents.
	DelegateOp struct {
		node
		Op   syntax.Op
		X, Y Expr
	}
	// TupleEqual is == or != over tuples: the sides are evaluated into temporaries,
	// then compared item by item.
	TupleEqual struct {
		node
		Not   bool
		Sides []TupleSide
		Items []Expr // each a bool: the items are equal (not equal for !=)
	}
	// Concat joins strings; the parts are of type string, or boxed values whose
	// ToString it takes.
	Concat struct {
		node
		Parts []Expr
	}
	// Interp is an interpolated string.
	Interp struct {
		node
		Parts []InterpPart
	}
	// Cond is c ? x : y.
	Cond struct {
		node
		C, X, Y Expr
	}
	// Coalesce is x ?? y: Left is what x becomes when it is not null, over Temp.
	Coalesce struct {
		node
		X    Expr
		Temp *Local
		Left Expr
		Y    Expr
	}
	// CondAccess is x?.…: Access is over Temp, which holds x when it is not null.
	CondAccess struct {
		node
		X      Expr
		Temp   *Local
		Access Expr
	}
	// Call is a call of a row: a method, an operator, or a constructor when Recv is
	// nil and the member says so.
	Call struct {
		node
		Method *types.Member
		Recv   Expr
		Args   []Expr // in parameter order; see Order
		Types  []*types.Type
		// Order is the order of evaluation when named arguments change it.
		Order []int
		// Lifted says that a null operand makes the result null (or the comparison
		// false).
		Lifted     bool
		extension  bool
		comparison bool
		op         syntax.Op
	}
	// LocalCall is a call of a local function.
	LocalCall struct {
		node
		Func  *Function
		Args  []Expr
		Types []*types.Type
		Order []int
	}
	// Invoke is a call of a delegate.
	Invoke struct {
		node
		F    Expr
		Args []Expr
	}
	// Ref passes a variable as a ref, out or in argument.
	Ref struct {
		node
		X    Expr
		Mode syntax.PassMode
	}
	// Get is a property, indexer or field of a row, read or assigned.
	Get struct {
		node
		Member *types.Member
		Recv   Expr
		Args   []Expr
		Order  []int
	}
	// Elem is an element of an array.
	Elem struct {
		node
		Array Expr
		Index []Expr
	}
	// ArrayLen is the length of an array.
	ArrayLen struct {
		node
		Array Expr
	}
	// Item is a field of a tuple, or a property of an anonymous object.
	Item struct {
		node
		X     Expr
		Index int
	}
	// NewArray makes an array of given sizes, or of given elements.
	NewArray struct {
		node
		Sizes []Expr
		Elems []Expr // of the innermost braces, flat; nil without initialiser
		Dims  []int  // with Elems
	}
	// NewTuple makes a value tuple.
	NewTuple struct {
		node
		Items []Expr
	}
	// NewAnonymous makes an anonymous object.
	NewAnonymous struct {
		node
		Items []Expr
	}
	// Init evaluates X into Temp, then Steps, and is Temp.
	Init struct {
		node
		X     Expr
		Temp  *Local
		Steps []Expr
	}
	// LambdaExpr is a lambda made into a delegate.
	LambdaExpr struct {
		node
		Func *Function
	}
	// MethodDelegate is a delegate of a method group.
	MethodDelegate struct {
		node
		Method *types.Member
		Recv   Expr
		Types  []*types.Type
		Func   *Function // of a local function
		// Over is the delegate that is wrapped when another delegate type is asked for.
		Over Expr
	}
	// Assign is x = y.
	Assign struct {
		node
		X, Y Expr
	}
	// Compound is x op= y, ++ and --: Value is what is stored, over Temp, which
	// holds the old value. Postfix gives the old value.
	Compound struct {
		node
		X       Expr
		Temp    *Local
		Value   Expr
		Postfix bool
	}
	// Deconstruct assigns the parts of X, held in Temp, to Targets.
	Deconstruct struct {
		node
		X       Expr
		Temp    *Local
		Targets []DeconTarget
		// Call, if any, is the Deconstruct method over Temp with Outs.
		Call Expr
		Outs []*Local
	}
	// IsType is x is T.
	IsType struct {
		node
		X      Expr
		Target *types.Type
	}
	// As is x as T.
	As struct {
		node
		X      Expr
		Target *types.Type
	}
	// IsPattern is x is pattern.
	IsPattern struct {
		node
		X       Expr
		Pattern Pattern
	}
	// ThrowExpr is a throw expression.
	ThrowExpr struct {
		node
		X Expr
	}
	// TypeOf is typeof(T).
	TypeOf struct {
		node
		Of *types.Type
	}
	// Discard is `_` as a target, or the value of nothing.
	Discard struct{ node }
	// Bad is what a problem has been reported about. Parts are what it was made
	// of, for the flow analysis.
	Bad struct {
		node
		Parts []Expr
	}
)

// TupleSide is a value of a tuple comparison and where it is kept.
type TupleSide struct {
	Temp  *Local
	Value Expr
}

// Comparison reports whether a lifted call is a comparison, which is false
// (true for !=) when one operand is null, and what its operator is.
func (c *Call) Comparison() (syntax.Op, bool) { return c.op, c.comparison }

// InterpPart is text, or a value with its alignment and format.
type InterpPart struct {
	Text      string
	X         Expr
	Align     int
	Format    string
	HasFormat bool
}

// DeconTarget is a target of a deconstruction: X with Value over the source's
// parts, or nested targets.
type DeconTarget struct {
	X      Expr // nil with Nested
	Value  Expr
	Nested *Deconstruct
}

// Pattern is a checked pattern.
type Pattern interface{ pattern() }

// The patterns.
type (
	// ConstPattern matches a constant.
	ConstPattern struct{ Value Expr }
	// TypePattern matches a type and puts the value in Local, which may be nil.
	TypePattern struct {
		Target *types.Type
		Local  *Local
	}
	// VarPattern matches everything.
	VarPattern struct{ Local *Local }
	badPattern struct{}
)

func (*ConstPattern) pattern() {}
func (*TypePattern) pattern()  {}
func (*VarPattern) pattern()   {}
func (*badPattern) pattern()   {}

// Untyped expressions, which only a conversion makes into one of the above.
type (
	methodGroup struct {
		node
		name     string
		nameAt   source.Span
		recv     Expr // nil for static access through a type and for simple names
		recvType *types.Type
		static   bool // accessed through a type
		simple   bool
		methods  []*types.Member
		ext      []*types.Member
		args     []*types.Type
		argsAt   source.Span
		hasArgs  bool
		omitted  bool // the type arguments were left out: F<,>
		funcs    *Function
	}
	defaultLit struct{ node }
	tupleLit   struct {
		node
		items []Expr
		names []string
	}
	typeExpr struct {
		node
		of *types.Type
	}
	namespaceExpr struct {
		node
		name string
	}
	outVar struct {
		node
		local   *Local // nil for a discard
		discard bool
	}
	// noCond is ?: without a natural type: only a conversion makes it whole.
	noCond struct {
		node
		c, l, r Expr
	}
)

// Stmt is a checked statement.
type Stmt interface{ Span() source.Span }

type stmt struct{ at source.Span }

func (s *stmt) Span() source.Span { return s.at }

// The statements.
type (
	// Block is a list of statements; Locals are the variables whose life it is.
	Block struct {
		stmt
		Stmts  []Stmt
		Locals []*Local
		End    source.Span
	}
	// ExprStmt evaluates an expression.
	ExprStmt struct {
		stmt
		X Expr
	}
	// Declare gives a local its first value; Init is nil without one.
	Declare struct {
		stmt
		Local *Local
		Init  Expr
	}
	// DeclareRef binds a ref local.
	DeclareRef struct {
		stmt
		Local *Local
		To    Expr
	}
	// FuncDecl is the place of a local function.
	FuncDecl struct {
		stmt
		Func *Function
	}
	// If is an if statement.
	If struct {
		stmt
		Cond       Expr
		Then, Else Stmt
	}
	// Loop is while, do and for. Post runs after the body and continue.
	Loop struct {
		stmt
		Init   []Stmt
		Cond   Expr // nil is true
		Post   []Expr
		Body   Stmt
		First  bool // a do loop: the body runs before the first test
		Locals []*Local
		// Turn are the variables that are fresh in every turn.
		Turn []*Local
		id   *target
	}
	// Foreach walks over a sequence.
	Foreach struct {
		stmt
		X Expr
		// Elem is the element as the sequence gives it, Local the variable, and
		// Value what it gets, over Elem. Decon deconstructs Elem instead.
		Elem   *Local
		Local  *Local
		Value  Expr
		Decon  Expr
		Body   Stmt
		Locals []*Local
		id     *target
	}
	// Switch is a switch statement. Sections' bodies run from Labels.
	Switch struct {
		stmt
		X        Expr
		Temp     *Local
		Sections []*Section
		Default  int // index of the section with default, -1 without
		Locals   []*Local
		id       *target
	}
	// Break and Continue leave or go on with a Loop, Foreach or Switch.
	Break struct {
		stmt
		To *target
	}
	// Continue goes on with a loop.
	Continue struct {
		stmt
		To *target
	}
	// Goto jumps to a label or to a section of a switch.
	Goto struct {
		stmt
		To *Label
		// Section is set for goto case and goto default.
		Switch  *target
		Section int
	}
	// Label is a jump target before a statement.
	Label struct {
		stmt
		Name string
		used bool
	}
	// Return leaves the function.
	Return struct {
		stmt
		X Expr
	}
	// Throw throws; X is nil for a rethrow.
	Throw struct {
		stmt
		X Expr
	}
	// Try is a try statement.
	Try struct {
		stmt
		Body    Stmt
		Catches []*Catch
		Finally Stmt
	}
	// Using disposes of what it declares or evaluates.
	Using struct {
		stmt
		Decls []*Declare
		X     Expr
		Temp  *Local
		Body  Stmt
	}
	// Lock is a lock statement; one evaluation has one thread, so that it only
	// demands a reference.
	Lock struct {
		stmt
		X    Expr
		Body Stmt
	}
	// Yield gives an iterator's next element; X is nil for yield break.
	Yield struct {
		stmt
		X Expr
	}
	// Nothing is the empty statement.
	Nothing struct{ stmt }
)

// Section is a section of a switch.
type Section struct {
	Labels []*Case
	Body   []Stmt
	Locals []*Local
	At     source.Span
	last   source.Span
	name   string
}

// Case is a label of a section; Pattern is nil for default.
type Case struct {
	Pattern Pattern
	When    Expr
	At      source.Span
	text    string
}

// Catch is a catch clause; Type is nil when it catches everything.
type Catch struct {
	Type   *types.Type
	Local  *Local
	Filter Expr
	Body   Stmt
	Locals []*Local
	At     source.Span
}

// target is something that break and continue can name.
type target struct {
	loop  bool
	depth int // of finally blocks around it
}

// ConvKind is the sort of a conversion.
type ConvKind uint8

// The conversions.
const (
	NoConv           ConvKind = iota
	Identity                  //
	Numeric                   // between numbers, enums and chars; Checked when explicit in a checked context
	ConstConv                 // an implicit constant conversion, already folded
	NullConv                  // null to a reference or a nullable
	NullableWrap              // T to T?
	NullableUnwrap            // T? to T, which throws on null
	NullableMap               // T? to U?: the underlying conversion in Elems[0] over Temp
	Reference                 // no change at run time
	CheckedRef                // a cast that may fail
	Boxing                    // no change but for the form
	Unboxing                  // a cast of a boxed value
	User                      // a user-defined conversion
	LambdaConv                //
	GroupConv                 //
	DefaultConv               // default to T
	TupleConv                 // item by item
	ThrowConv                 // a throw expression as any type
	implicitNumeric           //
	explicitNumeric           //
	enumZero                  //
	explicitEnum              //
	tupleLitConv              //
	nullableExplicit          //
	explicitUser              //
	condConv
)

// Getter is a Get as the call that it is.
func Getter(x *Get) *Call {
	return &Call{node: x.node, Method: x.Member, Recv: x.Recv, Args: x.Args, Order: x.Order}
}

// Target identifies the loop for the jumps out of it or to its end.
func (s *Loop) Target() *target { return s.id }

// Target identifies the loop for the jumps out of it or to its end.
func (s *Foreach) Target() *target { return s.id }

// Target identifies the switch for the jumps out of it and within.
func (s *Switch) Target() *target { return s.id }
