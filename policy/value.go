package policy

import (
	"math"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Value is one compiled attribute value or text: a literal that was parsed
// when the document was compiled, or an expression that is evaluated each time
// it is asked for. A nil *Value stands for an attribute that is absent and has
// no default: it gives the zero of each type. It is immutable.
type Value struct {
	row     *Attribute
	program *program

	guess bool // of a text with names in it whose values are not known

	text   string
	number int64
	float  float64
	truth  bool
	object value.Value
}

// IsLiteral reports whether the value is known without a request.
func (v *Value) IsLiteral() bool { return v == nil || v.program == nil && !v.guess }

// Literal is the literal text; "" for an expression.
func (v *Value) Literal() string {
	if v == nil {
		return ""
	}
	return v.text
}

// String is the value as text: the invariant text of whatever an expression
// gave, and "" for null.
func (v *Value) String(r *Run) (string, error) {
	if v.IsLiteral() {
		return v.Literal(), nil
	}
	result, err := v.program.eval(r)
	if err != nil {
		return "", err
	}
	return r.text(result), nil
}

// Int is the value as an integer within the bounds of its row.
func (v *Value) Int(r *Run) (int64, error) {
	if v == nil {
		return 0, nil
	}
	if v.program == nil {
		return v.number, nil
	}
	result, err := v.program.eval(r)
	if err != nil {
		return 0, err
	}
	n, ok := r.integer(result)
	switch {
	case !ok:
		return 0, r.wrongType(v.row, result)
	case v.row.Bounded && (n < v.row.Min || n > v.row.Max):
		return 0, r.outOfRange(v.row, strconv.FormatInt(n, 10))
	}
	return n, nil
}

// Double is the value as a number.
func (v *Value) Double(r *Run) (float64, error) {
	if v == nil {
		return 0, nil
	}
	if v.program == nil {
		return v.float, nil
	}
	result, err := v.program.eval(r)
	if err != nil {
		return 0, err
	}
	f, ok := r.number(result)
	switch {
	case !ok:
		return 0, r.wrongType(v.row, result)
	case v.row.Bounded && (f < float64(v.row.Min) || f > float64(v.row.Max)):
		return 0, r.outOfRange(v.row, strconv.FormatFloat(f, 'g', -1, 64))
	}
	return f, nil
}

// Bool is the value as a boolean. A condition takes nothing but a bool; other
// boolean attributes also take the words.
func (v *Value) Bool(r *Run) (bool, error) {
	if v == nil {
		return false, nil
	}
	if v.program == nil {
		return v.truth, nil
	}
	result, err := v.program.eval(r)
	if err != nil {
		return false, err
	}
	if b, ok := boolean(result); ok && (v.row.Type != Condition || !result.IsString()) {
		return b, nil
	}
	return false, r.wrongType(v.row, result)
}

// Object is the value as it is; a literal is a string.
func (v *Value) Object(r *Run) (value.Value, error) {
	if v == nil {
		return value.Null, nil
	}
	if v.program == nil {
		return v.object, nil
	}
	return v.program.eval(r)
}

// Content is the value as the bytes of a body, which the caller must not
// change: text in UTF-8, byte arrays as they are, JSON and XML as their own
// text (spec: expressions.md 1.2).
func (v *Value) Content(r *Run) ([]byte, error) {
	if v.IsLiteral() {
		return []byte(v.Literal()), nil
	}
	result, err := v.program.eval(r)
	if err != nil {
		return nil, err
	}
	if a, ok := result.Object().(*value.Array); ok && a.Bytes() != nil {
		return append([]byte(nil), a.Bytes()...), nil
	}
	return []byte(value.ValidUTF8(r.text(result))), nil
}

func (r *Run) outOfRange(row *Attribute, got string) error {
	return r.Error(exchange.ReasonValueNotAllowed, "The value "+got+" of "+row.Name+" is not "+rangeWords(row)+".")
}

func (r *Run) wrongType(row *Attribute, got value.Value) error {
	what := "null"
	if !got.IsNull() {
		what = "a value of type " + got.Type().ReflectionName()
	}
	return r.Error(exchange.ReasonExpression,
		"Expression evaluation failed. The value of "+row.Name+" must be of type "+row.Type.String()+", not "+what+".")
}

// integer is the number in a result: an integral number, or anything whose text
// parses as one, like a string out of a header or a JSON number.
func (r *Run) integer(v value.Value) (int64, bool) {
	if v.IsWord() && v.Type().IsIntegral() && v.Type() != types.Char {
		return v.Long(), true
	}
	n, err := strconv.ParseInt(strings.TrimSpace(r.text(v)), 10, 64)
	return n, err == nil
}

func (r *Run) number(v value.Value) (float64, bool) {
	if v.IsWord() && (v.Type() == types.Double || v.Type() == types.Single) {
		return v.Double(), !math.IsNaN(v.Double())
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(r.text(v)), 64)
	return f, err == nil && !math.IsNaN(f)
}

func boolean(v value.Value) (bool, bool) {
	if v.IsString() {
		return parseBool(v.Str())
	}
	if v.Type() != types.Bool {
		return false, false
	}
	return v.Bool(), true
}

// parseBool reads a boolean as .NET does: the two words in any case.
func parseBool(text string) (value, ok bool) {
	switch text = strings.TrimSpace(text); {
	case strings.EqualFold(text, "true"):
		return true, true
	case strings.EqualFold(text, "false"):
		return false, true
	}
	return false, false
}

func rangeWords(row *Attribute) string {
	if row.Max == math.MaxInt64 {
		return "at least " + strconv.FormatInt(row.Min, 10)
	}
	return "between " + strconv.FormatInt(row.Min, 10) + " and " + strconv.FormatInt(row.Max, 10)
}

// parse reads the literal as its row wants it; the message says what is wrong
// with it, "" that nothing is.
func (v *Value) parse(text string) (message string) {
	v.text, v.object = text, value.String(text)
	row := v.row
	if row.Values != nil {
		for _, allowed := range row.Values {
			if text == allowed {
				return ""
			}
		}
		return "must be " + orList(row.Values)
	}
	trimmed := strings.TrimSpace(text)
	switch row.Type {
	case Int:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		if err != nil {
			return "must be an integer"
		}
		if row.Bounded && (n < row.Min || n > row.Max) {
			return "must be " + rangeWords(row)
		}
		v.number = n
	case Double:
		f, err := strconv.ParseFloat(trimmed, 64)
		if err != nil || math.IsNaN(f) {
			return "must be a number"
		}
		if row.Bounded && (f < float64(row.Min) || f > float64(row.Max)) {
			return "must be " + rangeWords(row)
		}
		v.float = f
	case Bool, Condition:
		b, ok := parseBool(text)
		if !ok {
			return "must be true or false"
		}
		v.truth = b
	}
	return ""
}
