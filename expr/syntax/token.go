package syntax

// kind is the kind of a token. Keywords have kinds of their own; contextual
// keywords are identifiers with a ctx.
type kind uint8

const (
	tEOF kind = iota
	// tBad is a character that starts no token. The scanner has reported it.
	tBad
	tIdent
	tNumber
	tString
	tChar
	tInterp

	tOpenParen
	tCloseParen
	tOpenBracket
	tCloseBracket
	tOpenBrace
	tCloseBrace
	tComma
	tSemicolon
	tColon
	tColonColon
	tDot
	tQuestion
	tQuestionQuestion
	tQuestionQuestionEq
	tArrow
	tPointer
	tPlus
	tPlusPlus
	tPlusEq
	tMinus
	tMinusMinus
	tMinusEq
	tStar
	tStarEq
	tSlash
	tSlashEq
	tPercent
	tPercentEq
	tAmp
	tAmpAmp
	tAmpEq
	tBar
	tBarBar
	tBarEq
	tCaret
	tCaretEq
	tTilde
	tBang
	tBangEq
	tEq
	tEqEq
	tLess
	tLessEq
	tLessLess
	tLessLessEq
	// tGreater is also each of the characters of >>, >>>, and their first ones
	// in >>=: only the parser knows whether they close type arguments.
	tGreater
	tGreaterEq
	// The merged forms below are never scanned; the parser makes them of
	// neighbours.
	tGreaterGreater
	tGreaterGreaterEq
	tGreaterGreaterGreater
	tGreaterGreaterGreaterEq
	tDotDot

	kwAbstract
	kwAs
	kwBase
	kwBool
	kwBreak
	kwByte
	kwCase
	kwCatch
	kwChar
	kwChecked
	kwClass
	kwConst
	kwContinue
	kwDecimal
	kwDefault
	kwDelegate
	kwDo
	kwDouble
	kwElse
	kwEnum
	kwEvent
	kwExplicit
	kwExtern
	kwFalse
	kwFinally
	kwFixed
	kwFloat
	kwFor
	kwForeach
	kwGoto
	kwIf
	kwImplicit
	kwIn
	kwInt
	kwInterface
	kwInternal
	kwIs
	kwLock
	kwLong
	kwNamespace
	kwNew
	kwNull
	kwObject
	kwOperator
	kwOut
	kwOverride
	kwParams
	kwPrivate
	kwProtected
	kwPublic
	kwReadonly
	kwRef
	kwReturn
	kwSbyte
	kwSealed
	kwShort
	kwSizeof
	kwStackalloc
	kwStatic
	kwString
	kwStruct
	kwSwitch
	kwThis
	kwThrow
	kwTrue
	kwTry
	kwTypeof
	kwUint
	kwUlong
	kwUnchecked
	kwUnsafe
	kwUshort
	kwUsing
	kwVirtual
	kwVoid
	kwVolatile
	kwWhile
	kwArglist
	kwMakeref
	kwReftype
	kwRefvalue

	kindCount
)

var kindText = [kindCount]string{
	tOpenParen: "(", tCloseParen: ")", tOpenBracket: "[", tCloseBracket: "]", tOpenBrace: "{", tCloseBrace: "}",
	tComma: ",", tSemicolon: ";", tColon: ":", tColonColon: "::", tDot: ".", tQuestion: "?",
	tQuestionQuestion: "??", tQuestionQuestionEq: "??=", tArrow: "=>", tPointer: "->",
	tPlus: "+", tPlusPlus: "++", tPlusEq: "+=", tMinus: "-", tMinusMinus: "--", tMinusEq: "-=",
	tStar: "*", tStarEq: "*=", tSlash: "/", tSlashEq: "/=", tPercent: "%", tPercentEq: "%=",
	tAmp: "&", tAmpAmp: "&&", tAmpEq: "&=", tBar: "|", tBarBar: "||", tBarEq: "|=", tCaret: "^", tCaretEq: "^=",
	tTilde: "~", tBang: "!", tBangEq: "!=", tEq: "=", tEqEq: "==", tLess: "<", tLessEq: "<=",
	tLessLess: "<<", tLessLessEq: "<<=", tGreater: ">", tGreaterEq: ">=",
	tGreaterGreater: ">>", tGreaterGreaterEq: ">>=", tGreaterGreaterGreater: ">>>", tGreaterGreaterGreaterEq: ">>>=", tDotDot: "..",
	kwAbstract: "abstract", kwAs: "as", kwBase: "base", kwBool: "bool", kwBreak: "break", kwByte: "byte",
	kwCase: "case", kwCatch: "catch", kwChar: "char", kwChecked: "checked", kwClass: "class", kwConst: "const",
	kwContinue: "continue", kwDecimal: "decimal", kwDefault: "default", kwDelegate: "delegate", kwDo: "do",
	kwDouble: "double", kwElse: "else", kwEnum: "enum", kwEvent: "event", kwExplicit: "explicit", kwExtern: "extern",
	kwFalse: "false", kwFinally: "finally", kwFixed: "fixed", kwFloat: "float", kwFor: "for", kwForeach: "foreach",
	kwGoto: "goto", kwIf: "if", kwImplicit: "implicit", kwIn: "in", kwInt: "int", kwInterface: "interface",
	kwInternal: "internal", kwIs: "is", kwLock: "lock", kwLong: "long", kwNamespace: "namespace", kwNew: "new",
	kwNull: "null", kwObject: "object", kwOperator: "operator", kwOut: "out", kwOverride: "override", kwParams: "params",
	kwPrivate: "private", kwProtected: "protected", kwPublic: "public", kwReadonly: "readonly", kwRef: "ref",
	kwReturn: "return", kwSbyte: "sbyte", kwSealed: "sealed", kwShort: "short", kwSizeof: "sizeof",
	kwStackalloc: "stackalloc", kwStatic: "static", kwString: "string", kwStruct: "struct", kwSwitch: "switch",
	kwThis: "this", kwThrow: "throw", kwTrue: "true", kwTry: "try", kwTypeof: "typeof", kwUint: "uint",
	kwUlong: "ulong", kwUnchecked: "unchecked", kwUnsafe: "unsafe", kwUshort: "ushort", kwUsing: "using",
	kwVirtual: "virtual", kwVoid: "void", kwVolatile: "volatile", kwWhile: "while",
	kwArglist: "__arglist", kwMakeref: "__makeref", kwReftype: "__reftype", kwRefvalue: "__refvalue",
}

var keywords = func() map[string]kind {
	m := make(map[string]kind, kindCount)
	for k := kwAbstract; k < kindCount; k++ {
		m[kindText[k]] = k
	}
	return m
}()

// ctx is what an identifier may mean in the right place.
type ctx uint8

const (
	cNone ctx = iota
	cAnd
	cAscending
	cAsync
	cAwait
	cBy
	cDescending
	cEquals
	cFrom
	cGlobal
	cGroup
	cInto
	cJoin
	cLet
	cNameof
	cNot
	cOn
	cOr
	cOrderby
	cPartial
	cScoped
	cSelect
	cUnderscore
	cVar
	cWhen
	cWhere
	cWith
	cYield
)

var contextual = map[string]ctx{
	"and": cAnd, "ascending": cAscending, "async": cAsync, "await": cAwait, "by": cBy, "descending": cDescending,
	"equals": cEquals, "from": cFrom, "global": cGlobal, "group": cGroup, "into": cInto, "join": cJoin, "let": cLet,
	"nameof": cNameof, "not": cNot, "on": cOn, "or": cOr, "orderby": cOrderby, "partial": cPartial, "scoped": cScoped,
	"select": cSelect, "_": cUnderscore, "var": cVar, "when": cWhen, "where": cWhere, "with": cWith, "yield": cYield,
}

// token is one token. Start and end are offsets into the text.
type token struct {
	kind kind
	ctx  ctx
	// nl says that a line ends between the token before and this one.
	nl bool
	// bad says that the scanner has reported an error in this token.
	bad bool
	// escaped says that an identifier has an `@` or a unicode escape.
	escaped bool
	// virtual says that the token is no part of the text but stands for what
	// the compiler saw behind it.
	virtual    bool
	start, end int32
}

func predefined(k kind) bool {
	switch k {
	case kwBool, kwByte, kwSbyte, kwInt, kwUint, kwLong, kwUlong, kwShort, kwUshort, kwFloat, kwDouble, kwDecimal,
		kwString, kwChar, kwVoid, kwObject:
		return true
	}
	return false
}

func reserved(k kind) bool { return k >= kwAbstract }

func queryKeyword(c ctx) bool {
	switch c {
	case cFrom, cJoin, cInto, cWhere, cOrderby, cGroup, cSelect, cLet, cOn, cEquals, cAscending, cDescending, cBy:
		return true
	}
	return false
}
