package syntax

import "reflect"

// Walk visits a node and everything below it, parents first, children in the
// order of the text. Below a node for which visit says false it does not go. It
// needs no stack of its own, however high the tree.
func Walk(root Node, visit func(Node) bool) {
	walk(root, func(n Node, _ int) bool { return visit(n) })
}

type visiting struct {
	node   Node
	height int
}

func walk(root Node, visit func(n Node, height int) bool) {
	stack := []visiting{{root, 1}}
	var children []Node
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !visit(top.node, top.height) {
			continue
		}
		children = appendChildren(children[:0], top.node)
		for i := len(children) - 1; i >= 0; i-- {
			stack = append(stack, visiting{children[i], top.height + 1})
		}
	}
}

// tooHigh says whether the tree is higher than MaxHeight. Only long chains make
// one that is, and they need many tokens.
func (p *parser) tooHigh(root Node) bool {
	if len(p.toks) < MaxHeight {
		return false
	}
	high := false
	walk(root, func(_ Node, height int) bool {
		high = high || height > MaxHeight
		return !high
	})
	return high
}

// adder collects children that are there.
type adder []Node

func (a *adder) node(n Node) {
	if n != nil && !isNil(n) {
		*a = append(*a, n)
	}
}

// isNil sees a nil pointer inside an interface; the switch in appendChildren
// passes fields of concrete types, which may be nil.
func isNil(n Node) bool { return reflect.ValueOf(n).IsNil() }

func addAll[T Node](a *adder, nodes []T) {
	for _, n := range nodes {
		a.node(n)
	}
}

// appendChildren appends the nodes right below n. Idents, modifiers, ranks and
// argument lists are no nodes of their own here; what they hold is.
func appendChildren(out []Node, n Node) []Node {
	a := (*adder)(&out)
	switch n := n.(type) {
	case *Root:
		a.node(n.Expr)
		a.node(n.Body)
	case *Interpolated:
		for _, part := range n.Parts {
			if part.Hole != nil {
				a.node(part.Hole)
			}
		}
	case *Hole:
		a.node(n.Value)
		a.node(n.Align)
	case *Name:
		addAll(a, n.TypeArgs)
	case *AliasName:
		a.node(n.Name)
	case *Member:
		a.node(n.Target)
		a.node(n.Name)
	case *ConditionalAccess:
		a.node(n.Target)
		a.node(n.Access)
	case *MemberBinding:
		a.node(n.Name)
	case *ElementBinding:
		addAll(a, n.Args.Items)
	case *Argument:
		a.node(n.Value)
	case *Index:
		a.node(n.Target)
		addAll(a, n.Args.Items)
	case *Call:
		a.node(n.Target)
		addAll(a, n.Args.Items)
	case *DeclExpr:
		a.node(n.Type)
		a.node(n.Designation)
	case *TupleDesignation:
		addAll(a, n.Items)
	case *New:
		a.node(n.Type)
		addAll(a, n.Args.Items)
		a.node(n.Init)
	case *NewArray:
		a.node(n.Type)
		a.node(n.Init)
	case *NewImplicitArray:
		a.node(n.Init)
	case *StackAlloc:
		a.node(n.Type)
		a.node(n.Init)
	case *NewAnonymous:
		addAll(a, n.Members)
	case *AnonymousMember:
		a.node(n.Value)
	case *Initializer:
		addAll(a, n.Items)
	case *InitIndex:
		addAll(a, n.Args.Items)
	case *Cast:
		a.node(n.Type)
		a.node(n.X)
	case *Paren:
		a.node(n.X)
	case *Unary:
		a.node(n.X)
	case *Binary:
		a.node(n.X)
		a.node(n.Y)
	case *Assign:
		a.node(n.X)
		a.node(n.Y)
	case *Conditional:
		a.node(n.Cond)
		a.node(n.Then)
		a.node(n.Else)
	case *IsType:
		a.node(n.X)
		a.node(n.Type)
	case *IsPattern:
		a.node(n.X)
		a.node(n.Pattern)
	case *As:
		a.node(n.X)
		a.node(n.Type)
	case *ConstantPattern:
		a.node(n.X)
	case *DeclarationPattern:
		a.node(n.Type)
		a.node(n.Designation)
	case *VarPattern:
		a.node(n.Designation)
	case *LaterPattern:
		addAll(a, n.Inner)
	case *Param:
		a.node(n.Type)
		a.node(n.Default)
	case *Lambda:
		a.node(n.ReturnType)
		addAll(a, n.Params)
		a.node(n.Body)
	case *AnonymousMethod:
		addAll(a, n.Params)
		a.node(n.Body)
	case *Query:
		a.node(n.From)
		a.node(n.Body)
	case *QueryBody:
		addAll(a, n.Clauses)
		a.node(n.Select)
		a.node(n.Group)
		a.node(n.Into)
	case *FromClause:
		a.node(n.Type)
		a.node(n.In)
	case *LetClause:
		a.node(n.X)
	case *WhereClause:
		a.node(n.X)
	case *JoinClause:
		a.node(n.Type)
		a.node(n.In)
		a.node(n.Left)
		a.node(n.Right)
	case *OrderByClause:
		addAll(a, n.Keys)
	case *Ordering:
		a.node(n.X)
	case *SelectClause:
		a.node(n.X)
	case *GroupClause:
		a.node(n.X)
		a.node(n.By)
	case *QueryInto:
		a.node(n.Body)
	case *Tuple:
		addAll(a, n.Items)
	case *Default:
		a.node(n.Type)
	case *TypeOf:
		a.node(n.Type)
	case *SizeOf:
		a.node(n.Type)
	case *Checked:
		a.node(n.X)
	case *Throw:
		a.node(n.X)
	case *Ref:
		a.node(n.X)
	case *Await:
		a.node(n.X)
	case *SwitchExpr:
		a.node(n.X)
		addAll(a, n.Arms)
	case *SwitchArm:
		a.node(n.Pattern)
		a.node(n.When)
		a.node(n.Value)
	case *Range:
		a.node(n.X)
		a.node(n.Y)
	case *With:
		a.node(n.X)
		a.node(n.Init)
	case *CollectionExpr:
		addAll(a, n.Items)
	case *Spread:
		a.node(n.X)
	case *KeywordExpr:
		addAll(a, n.Args)
		a.node(n.Type)
	case *ArrayType:
		a.node(n.Element)
		for _, r := range n.Ranks {
			addAll(a, r.Sizes)
		}
	case *NullableType:
		a.node(n.Element)
	case *PointerType:
		a.node(n.Element)
	case *TupleType:
		addAll(a, n.Items)
	case *TupleTypeItem:
		a.node(n.Type)
	case *RefType:
		a.node(n.Element)
	default:
		statementChildren(a, n)
	}
	return out
}

func statementChildren(a *adder, n Node) {
	switch n := n.(type) {
	case *Block:
		addAll(a, n.Stmts)
	case *LocalDecl:
		a.node(n.Type)
		addAll(a, n.Vars)
	case *Declarator:
		a.node(n.Init)
	case *LocalFunc:
		a.node(n.Result)
		addAll(a, n.Params)
		addAll(a, n.Constraints)
		a.node(n.Body)
		a.node(n.Expr)
	case *Constraint:
		addAll(a, n.Bounds)
	case *ExprStmt:
		a.node(n.X)
	case *If:
		a.node(n.Cond)
		a.node(n.Then)
		a.node(n.Else)
	case *While:
		a.node(n.Cond)
		a.node(n.Body)
	case *Do:
		a.node(n.Body)
		a.node(n.Cond)
	case *For:
		a.node(n.Decl)
		addAll(a, n.Init)
		a.node(n.Cond)
		addAll(a, n.Post)
		a.node(n.Body)
	case *Foreach:
		a.node(n.Type)
		a.node(n.Target)
		a.node(n.In)
		a.node(n.Body)
	case *Switch:
		a.node(n.X)
		addAll(a, n.Sections)
	case *SwitchSection:
		addAll(a, n.Labels)
		addAll(a, n.Stmts)
	case *CaseLabel:
		a.node(n.Pattern)
		a.node(n.When)
	case *Goto:
		a.node(n.X)
	case *Labeled:
		a.node(n.Stmt)
	case *Return:
		a.node(n.X)
	case *ThrowStmt:
		a.node(n.X)
	case *Try:
		a.node(n.Body)
		addAll(a, n.Catches)
		a.node(n.Finally)
	case *Catch:
		a.node(n.Type)
		a.node(n.Filter)
		a.node(n.Body)
	case *Using:
		a.node(n.Decl)
		a.node(n.X)
		a.node(n.Body)
	case *Lock:
		a.node(n.X)
		a.node(n.Body)
	case *CheckedStmt:
		a.node(n.Body)
	case *Unsafe:
		a.node(n.Body)
	case *Fixed:
		a.node(n.Decl)
		a.node(n.Body)
	case *Yield:
		a.node(n.X)
	}
}
