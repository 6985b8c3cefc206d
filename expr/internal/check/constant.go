package check

import (
	"math"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/internal/arith"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// constant is the value of a constant expression; null is not one here.
func constant(x Expr) (value.Value, bool) {
	switch x := x.(type) {
	case *Const:
		return x.Value, !x.Value.IsNull()
	case *Zero:
		if t := x.typ; t != nil && (t.IsIntegral() || t.Code() == types.CodeBool || t.Code() == types.CodeDouble || t.Code() == types.CodeSingle || t.Kind() == types.Enum) {
			return value.Word(t, 0), true
		}
	}
	return value.Null, false
}

// isConstant also takes null for one.
func isConstant(x Expr) bool {
	c, ok := x.(*Const)
	if ok && (!c.Value.IsNull() || c.typ == types.Null || c.typ.IsReference()) {
		return true
	}
	_, ok = constant(x)
	return ok
}

func isNull(x Expr) bool {
	c, ok := x.(*Const)
	return ok && c.Value.IsNull()
}

func isZero(k value.Value, t *types.Type) bool {
	switch t.Code() {
	case types.CodeDecimal:
		return arith.Decimal(k).IsZero() && arith.Decimal(k).Scale() == 0
	case types.CodeDouble, types.CodeSingle:
		return k.Double() == 0 && !math.Signbit(k.Double())
	}
	return k.Word() == 0
}

func (b *binder) foldConversion(x Expr, k value.Value, to *types.Type, explicit bool) Expr {
	return b.foldConversionAt(x.Span(), x.Type(), k, to, explicit)
}

// foldConversionAt converts a constant. A constant that does not fit is an
// error unless the context says unchecked.
func (b *binder) foldConversionAt(at source.Span, from *types.Type, k value.Value, to *types.Type, explicit bool) Expr {
	v, fault := arith.Convert(k, from, to, !b.unchecked())
	switch fault {
	case arith.Overflow:
		b.error(at, "CS0221", "Constant value '%s' cannot be converted to a '%s' (use 'unchecked' syntax to override)", constText(from, k), to)
		return bad(at)
	case arith.DecimalRange:
		b.error(at, "CS0031", "Constant value '%s' cannot be converted to a '%s'", constText(from, k), to)
		return bad(at)
	}
	return &Const{node: node{to, at}, Value: v}
}

func constText(t *types.Type, k value.Value) string {
	if t.Code() == types.CodeDecimal {
		return arith.Decimal(k).String()
	}
	if k.IsString() {
		return k.Str()
	}
	return value.WordString(t, k)
}

// foldBinary computes an operator over constants; ok is false when it cannot.
func (b *binder) foldBinary(op syntax.Op, x, y Expr, operand, result *types.Type, at source.Span) (Expr, bool) {
	k, ok1 := constant(x)
	l, ok2 := constant(y)
	if !ok1 || !ok2 {
		return nil, false
	}
	if operand.Kind() == types.Struct && operand.Code() == types.NoCode {
		return nil, false
	}
	v, fault := arith.Binary(op, k, l, operand, !b.unchecked())
	switch fault {
	case arith.DivideByZero:
		b.error(at, "CS0020", "Division by constant zero")
		return bad(at), true
	case arith.Overflow:
		b.error(at, "CS0220", "The operation overflows at compile time in checked mode")
		return bad(at), true
	case arith.DecimalRange:
		b.error(at, "CS0463", "Evaluation of the decimal constant expression failed")
		return bad(at), true
	}
	if result != types.Bool {
		v = retype(v, result)
	}
	return &Const{node: node{result, at}, Value: v}, true
}

func retype(v value.Value, t *types.Type) value.Value {
	if v.IsWord() {
		return v.Retype(t)
	}
	return v
}

func (b *binder) foldUnary(op syntax.Op, x Expr, t *types.Type, at source.Span) (Expr, bool) {
	k, ok := constant(x)
	if !ok {
		return nil, false
	}
	v, fault := arith.Unary(op, k, t, !b.unchecked())
	if fault != arith.None {
		b.error(at, "CS0220", "The operation overflows at compile time in checked mode")
		return bad(at), true
	}
	return &Const{node: node{t, at}, Value: retype(v, t)}, true
}

// literal binds a literal.
func (b *binder) literal(x *syntax.Literal) Expr {
	n := node{nil, x.Span()}
	set := func(t *types.Type, v value.Value) Expr {
		n.typ = t
		return &Const{node: n, Value: v, literal: true}
	}
	switch x.Kind {
	case syntax.NullLiteral:
		return set(types.Null, value.Null)
	case syntax.TrueLiteral:
		return set(types.Bool, value.True)
	case syntax.FalseLiteral:
		return set(types.Bool, value.False)
	case syntax.IntLiteral:
		return set(types.Int32, value.Word(types.Int32, x.Bits))
	case syntax.UintLiteral:
		return set(types.UInt32, value.Word(types.UInt32, x.Bits))
	case syntax.LongLiteral:
		return set(types.Int64, value.Word(types.Int64, x.Bits))
	case syntax.UlongLiteral:
		return set(types.UInt64, value.Word(types.UInt64, x.Bits))
	case syntax.CharLiteral:
		return set(types.Char, value.Char(uint16(x.Bits)))
	case syntax.StringLiteral:
		return set(types.String, value.String(x.Value))
	case syntax.DoubleLiteral:
		f, result := number.ParseFloat(x.Value, number.StyleFloat, nil, 64)
		if result != number.Parsed || math.IsInf(f, 0) {
			b.error(n.at, "CS0594", "Floating-point constant is outside the range of type 'double'")
			return bad(n.at)
		}
		return set(types.Double, value.Double(f))
	case syntax.FloatLiteral:
		f, result := number.ParseFloat(x.Value, number.StyleFloat, nil, 32)
		if result != number.Parsed || math.IsInf(f, 0) {
			b.error(n.at, "CS0594", "Floating-point constant is outside the range of type 'float'")
			return bad(n.at)
		}
		return set(types.Single, value.Float(float32(f)))
	case syntax.DecimalLiteral:
		d, result := number.ParseDecimal(strings.ReplaceAll(x.Value, "_", ""), number.StyleFloat, nil)
		if result != number.Parsed {
			b.error(n.at, "CS0594", "Floating-point constant is outside the range of type 'decimal'")
			return bad(n.at)
		}
		return set(types.Decimal, arith.FromDecimal(d))
	}
	return bad(n.at)
}

// memberConst is the value of a const member, from its literal.
func (b *binder) memberConst(m *types.Member, at source.Span) Expr {
	v, ok := b.constOf(m)
	if !ok {
		return bad(at)
	}
	return &Const{node: node{m.Result, at}, Value: v}
}

// constOf reads the literal of a const member.
func (b *binder) constOf(m *types.Member) (value.Value, bool) {
	return b.defaultValue(m.Result, m.Value)
}

// defaultValue reads a literal of a signature as a value of a type.
func (b *binder) defaultValue(t *types.Type, text string) (value.Value, bool) {
	u := t.Underlying()
	switch {
	case text == "null" || text == "default":
		if t.IsValue() && !t.IsNullable() {
			if t.IsIntegral() || t.Kind() == types.Enum || t.Code() == types.CodeBool || t.Code() == types.CodeDouble {
				return value.Word(t, 0), true
			}
			return value.Null, false
		}
		return value.Null, true
	case text == "true":
		return value.True, true
	case text == "false":
		return value.False, true
	case strings.HasPrefix(text, `"`):
		return value.String(unquote(text[1 : len(text)-1])), true
	case strings.HasPrefix(text, "'"):
		units := value.Units(unquote(text[1 : len(text)-1]))
		return value.Char(units[0]), true
	}
	if u.Kind() == types.Enum {
		name := text[strings.LastIndexByte(text, '.')+1:]
		for _, m := range u.Def().EnumMembers() {
			if m.Name == name {
				return value.Enum(u, m.Value), true
			}
		}
	}
	clean := strings.TrimRight(text, "uUlLmMfFdD")
	if strings.HasPrefix(text, "0x") {
		clean = strings.TrimRight(text, "uUlL")
	}
	switch u.Code() {
	case types.CodeDouble, types.CodeSingle:
		f, r := number.ParseFloat(clean, number.StyleFloat, nil, 64)
		switch clean {
		case "NaN":
			f, r = math.NaN(), number.Parsed
		case "Infinity":
			f, r = math.Inf(1), number.Parsed
		case "-Infinity":
			f, r = math.Inf(-1), number.Parsed
		}
		if r != number.Parsed {
			return value.Null, false
		}
		if u == types.Single {
			return value.Float(float32(f)), true
		}
		return value.Double(f), true
	case types.CodeDecimal:
		d, r := number.ParseDecimal(clean, number.StyleFloat, nil)
		return arith.FromDecimal(d), r == number.Parsed
	}
	if u.IsIntegral() {
		if n, ok := parseInteger(clean); ok {
			return value.Word(u, n), true
		}
	}
	return value.Null, false
}

func parseInteger(s string) (uint64, bool) {
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	base := uint64(10)
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		s, base = s[2:], 16
	}
	n := uint64(0)
	for _, c := range strings.ToLower(s) {
		d := uint64(strings.IndexRune("0123456789abcdef", c))
		if d >= base {
			return 0, false
		}
		n = n*base + d
	}
	if negative {
		n = -n
	}
	return n, s != ""
}

func unquote(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	r := strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\0`, "\x00", `\"`, `"`, `\'`, "'", `\\`, `\`)
	return r.Replace(s)
}
