package syntax

// The constructs of a later C# by the compiler's names for them.
const (
	featureEscapeE              = "string escape character"
	featureRawString            = "raw string literals"
	featureTypePattern          = "type pattern"
	featureOrPattern            = "or pattern"
	featureAndPattern           = "and pattern"
	featureNotPattern           = "not pattern"
	featureRelationalPattern    = "relational pattern"
	featureParenthesizedPattern = "parenthesized pattern"
	featureRecursive            = "recursive patterns"
	featureListPattern          = "list pattern"
	featureLambdaAttributes     = "lambda attributes"
	featureFunctionAttributes   = "local function attributes"
	featureRange                = "range operator"
	featureIndex                = "index operator"
	featureNullable             = "nullable reference types"
	featureCoalesceAssign       = "coalescing assignment"
	featureUnsignedShift        = "unsigned right shift"
	featureTargetNew            = "target-typed object creation"
	featureCollection           = "collection expressions"
	featureAccessAssign         = "null conditional assignment"
	featureUtf8                 = "UTF-8 string literals"
	featureUsingDeclaration     = "using declarations"
	featureAsyncUsing           = "asynchronous using"
	featureAsyncStreams         = "async streams"
	featureStaticFunction       = "static local functions"
	featureExternFunction       = "extern local functions"
	featureStaticLambda         = "static anonymous function"
	featureLambdaResult         = "lambda return type"
	featureLambdaDefault        = "lambda optional parameters"
	featureLambdaDiscard        = "lambda discard parameters"
	featureMixedDeconstruction  = "Mixed declarations and expressions in deconstruction"
	featureRefReadonly          = "ref readonly parameters"
	featureNotnull              = "notnull generic type constraint"
	featureRecords              = "records"
	featureWithAnonymous        = "with on anonymous types"
)

// featureVersions is the language version that has each.
var featureVersions = map[string]string{
	featureEscapeE: "13.0", featureRawString: "11.0", featureTypePattern: "9.0", featureOrPattern: "9.0",
	featureAndPattern: "9.0", featureNotPattern: "9.0", featureRelationalPattern: "9.0",
	featureParenthesizedPattern: "9.0", featureRecursive: "8.0", featureListPattern: "11.0",
	featureLambdaAttributes: "10.0", featureFunctionAttributes: "9.0", featureRange: "8.0", featureIndex: "8.0",
	featureNullable: "8.0", featureCoalesceAssign: "8.0", featureUnsignedShift: "11.0", featureTargetNew: "9.0",
	featureCollection: "12.0", featureAccessAssign: "14.0", featureUtf8: "11.0", featureUsingDeclaration: "8.0",
	featureAsyncUsing: "8.0", featureAsyncStreams: "8.0", featureStaticFunction: "8.0", featureExternFunction: "9.0",
	featureStaticLambda: "9.0", featureLambdaResult: "10.0", featureLambdaDefault: "12.0", featureLambdaDiscard: "9.0",
	featureMixedDeconstruction: "10.0", featureRefReadonly: "12.0", featureNotnull: "8.0", featureRecords: "9.0",
	featureWithAnonymous: "10.0",
}

func featureProblem(name string, start, end int) problem {
	return problem{code: 8370, start: int32(start), end: int32(end), arg: name, arg2: featureVersions[name], feature: true}
}

// late finds what the compiler's later passes refuse by the tree alone.
func (p *parser) late(root *Root) (found []problem) {
	feature := func(name string, at Place) {
		found = append(found, featureProblem(name, int(at.From), int(at.To)))
	}
	late := func(code int, at Place) {
		found = append(found, problem{code: code, start: at.From, end: at.To, feature: true})
	}
	creation := map[*ArrayType]bool{}
	Walk(root, func(n Node) bool {
		switch n := n.(type) {
		case *LaterPattern:
			if n.Feature != "" && n.At.To > 0 {
				feature(n.Feature, n.At)
			}
		case *VarPattern:
			if d, ok := n.Designation.(*TupleDesignation); ok {
				feature(featureRecursive, d.Place)
			}
		case *SwitchExpr:
			feature(featureRecursive, n.Keyword)
		case *With:
			if a, ok := n.X.(*NewAnonymous); ok {
				feature(featureWithAnonymous, a.Place)
			}
			feature(featureRecords, n.Keyword)
		case *Range:
			feature(featureRange, n.Place)
		case *Unary:
			switch n.Op {
			case OpFromEnd:
				feature(featureIndex, Place{n.OpAt, n.OpAt + 1})
			case OpSuppress:
				feature(featureNullable, Place{n.OpAt, n.OpAt + 1})
			}
		case *Binary:
			if n.Op == OpUnsignedShr {
				feature(featureUnsignedShift, Place{n.OpAt, n.OpAt + 3})
			}
		case *Assign:
			switch n.Op {
			case OpCoalesce:
				feature(featureCoalesceAssign, Place{n.OpAt, n.OpAt + 3})
			case OpUnsignedShr:
				feature(featureUnsignedShift, Place{n.OpAt, n.OpAt + 4})
			}
			if t, ok := n.X.(*Tuple); ok && n.Op == OpNone && mixed(t) {
				feature(featureMixedDeconstruction, t.Place)
			}
		case *ConditionalAccess:
			if a, ok := n.Access.(*Assign); ok {
				feature(featureAccessAssign, Place{a.OpAt, a.OpAt + 1})
			}
		case *New:
			if n.Type == nil {
				feature(featureTargetNew, Place{n.From, n.From + 3})
			}
		case *NewArray:
			creation[n.Type] = true
			sized := false
			for i, r := range n.Type.Ranks {
				for _, s := range r.Sizes {
					if s != nil && i > 0 {
						late(178, s.(placed).place())
					}
					sized = sized || s != nil
				}
			}
			if !sized && n.Init == nil {
				late(1586, n.Type.Ranks[0].Place)
			}
		case *ArrayType:
			if !creation[n] {
				for _, r := range n.Ranks {
					if r.Sizes != nil {
						late(270, r.Place)
					}
				}
			}
		case *StackAlloc:
			if t, ok := n.Type.(*ArrayType); ok {
				creation[t] = true
			}
		case *CollectionExpr:
			feature(featureCollection, Place{n.From, n.From + 1})
		case *Literal:
			if n.Kind == Utf8Literal {
				feature(featureUtf8, n.Place)
			}
		case *NewAnonymous:
			for _, m := range n.Members {
				if m.Name == nil && !namesItself(m.Value) {
					late(746, m.Value.(placed).place())
				}
			}
		case *Initializer:
			if n.Kind == ObjectInit {
				for _, x := range n.Items {
					if !memberAssignment(x) {
						late(747, x.(placed).place())
					}
				}
			}
		case *LocalDecl:
			if n.Await {
				feature(featureAsyncUsing, Place{n.From, n.From + 5})
			}
			if n.Using {
				feature(featureUsingDeclaration, Place{n.From, n.From + 5})
			}
		case *Foreach:
			if n.Await {
				feature(featureAsyncStreams, Place{n.From, n.From + 5})
			}
		case *Using:
			if n.Await {
				feature(featureAsyncUsing, Place{n.From, n.From + 5})
			}
		case *LocalFunc:
			for _, m := range n.Modifiers {
				switch m.Keyword {
				case "static":
					feature(featureStaticFunction, m.Place)
				case "extern":
					feature(featureExternFunction, m.Place)
				}
			}
		case *Constraint:
			for _, k := range n.Kinds {
				if k == "notnull" {
					feature(featureNotnull, n.Place)
				}
			}
		case *AnonymousMethod:
			staticFunction(n.Modifiers, feature)
		case *Lambda:
			staticFunction(n.Modifiers, feature)
			if n.ReturnType != nil {
				feature(featureLambdaResult, n.ReturnType.(placed).place())
			}
			discards := 0
			for _, prm := range n.Params {
				if prm.Default != nil {
					feature(featureLambdaDefault, prm.Default.(placed).place())
				}
				if prm.Name.Text == "_" {
					if discards++; discards == 2 {
						feature(featureLambdaDiscard, prm.Name.Place)
					}
				}
			}
		case *Param:
			if n.ReadOnly {
				feature(featureRefReadonly, n.Place)
			}
		}
		return true
	})
	return found
}

func staticFunction(mods []Modifier, feature func(string, Place)) {
	for _, m := range mods {
		if m.Keyword == "static" {
			feature(featureStaticLambda, m.Place)
		}
	}
}

// mixed says whether a deconstruction both declares and assigns.
func mixed(t *Tuple) bool {
	declares, assigns := false, false
	var look func(t *Tuple)
	look = func(t *Tuple) {
		for _, a := range t.Items {
			switch x := a.Value.(type) {
			case *DeclExpr:
				declares = true
			case *Tuple:
				look(x)
			case *Name:
				// A discard is neither.
				assigns = assigns || x.Text != "_" || x.Verbatim
			default:
				assigns = true
			}
		}
	}
	look(t)
	return declares && assigns
}

// namesItself says whether an anonymous object can take the member's name from
// its value.
func namesItself(x Expr) bool {
	switch x := x.(type) {
	case *Name, *Member, *MemberBinding:
		return true
	case *AliasName:
		return true
	case *ConditionalAccess:
		return namesItself(x.Access)
	case *Unary:
		return x.Op == OpSuppress && namesItself(x.X)
	}
	return false
}

func memberAssignment(x Expr) bool {
	a, ok := x.(*Assign)
	if !ok || a.Op != OpNone {
		return false
	}
	switch left := a.X.(type) {
	case *InitIndex:
		return true
	case *Name:
		return left.TypeArgs == nil
	}
	return false
}
