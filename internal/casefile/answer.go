package casefile

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Answer is what came of a case. One of its parts is set: Compile when the
// compiler refused, Throws when an exception left the expression, Stopped when
// a budget was spent, else the value.
type Answer struct {
	ID      string
	Compile []Refusal

	// Type is the run-time type in C# spelling, "null" for null. Text is
	// Convert.ToString with the invariant culture, base64 for a byte[]; nil for
	// null and for sequences, whose types have no public name. JSON is what
	// JsonConvert.SerializeObject writes, or JSONError the type of the exception
	// that it throws.
	Type      string
	Text      *string
	JSON      *string
	JSONError string

	Throws, Message     string
	Inner, InnerMessage string

	Stopped string
}

// Refusal is one error of the compiler. Line and Column count from 1 in the
// text of the expression; they are 0 where the error speaks of all of it.
type Refusal struct {
	Code         string
	Line, Column int
	Message      string
}

// Serializer is JsonConvert.SerializeObject. It throws as that does.
type Serializer func(t *value.Thread, v value.Value) string

// Returned is the answer of a case whose value is v. Printing and serialising
// happen on the thread and can run parts of the expression, such as the lambdas
// of a sequence that nobody has walked yet.
func Returned(t *value.Thread, id string, v value.Value, serialize Serializer) Answer {
	if v.IsNull() {
		return Answer{ID: id, Type: "null"}
	}
	of := v.Type()
	if !public(of) && !of.IsAnonymous() {
		// What has no public name goes by what it is a sequence of.
		if list := of.Implements(types.IEnumerableT); len(list) > 0 {
			of = list[0]
		}
	}
	a := Answer{ID: id, Type: of.FullName()}
	text := ""
	if of.Kind() != types.Interface {
		if err := t.Run(func() { text = display(t, v) }); err != nil {
			return Ended(id, err)
		}
		a.Text = &text
	}
	json := ""
	err := t.Run(func() { json = serialize(t, v) })
	var thrown *value.Exception
	switch {
	case err == nil:
		a.JSON = &json
	case errors.As(err, &thrown):
		a.JSONError = thrown.TypeName()
	default:
		return Ended(id, err)
	}
	return a
}

// public reports whether a type has a name that a program could write: anonymous
// types and those that the library keeps to itself have none, and what is made
// of them has none either.
func public(t *types.Type) bool {
	if t.Kind() == types.Array {
		return public(t.Elem())
	}
	if t.IsAnonymous() || t.Def() != nil && strings.HasPrefix(t.Def().Namespace, "<") {
		return false
	}
	for _, a := range t.Args() {
		if !public(a) {
			return false
		}
	}
	return true
}

// display is Convert.ToString(v, CultureInfo.InvariantCulture), but base64 for
// bytes.
func display(t *value.Thread, v value.Value) string {
	if a, ok := v.Object().(*value.Array); ok && a.Elem() == types.Byte && a.Rank() == 1 {
		return base64.StdEncoding.EncodeToString(a.Bytes())
	}
	return t.ToString(v)
}

// Ended is the answer of a case that an error has ended: a *value.Exception, or
// a spent budget.
func Ended(id string, err error) Answer {
	var e *value.Exception
	if !errors.As(err, &e) {
		return Answer{ID: id, Stopped: err.Error()}
	}
	a := Answer{ID: id, Throws: e.TypeName(), Message: e.Message}
	if e.Inner != nil {
		a.Inner, a.InnerMessage = e.Inner.TypeName(), e.Inner.Message
	}
	return a
}

// Line is the answer as one line of JSON, with the line end. Lone surrogates,
// which strings of the language may hold and UTF-8 may not, are escaped.
func (a *Answer) Line() []byte {
	b := appendField([]byte{'{'}, "id", a.ID)
	switch {
	case a.Compile != nil:
		b = append(b, `, "compile": [`...)
		for i, r := range a.Compile {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendField(append(b, '{'), "code", r.Code)
			b = appendNumber(append(b, ", "...), "line", r.Line)
			b = appendNumber(append(b, ", "...), "column", r.Column)
			b = append(appendField(append(b, ", "...), "message", r.Message), '}')
		}
		b = append(b, ']')
	case a.Throws != "":
		b = appendField(append(b, ", "...), "throws", a.Throws)
		b = appendField(append(b, ", "...), "message", a.Message)
		if a.Inner != "" {
			b = appendField(append(b, ", "...), "inner", a.Inner)
			b = appendField(append(b, ", "...), "innerMessage", a.InnerMessage)
		}
	case a.Stopped != "":
		b = appendField(append(b, ", "...), "stopped", a.Stopped)
	default:
		b = appendField(append(b, ", "...), "type", a.Type)
		if a.Text != nil {
			b = appendField(append(b, ", "...), "text", *a.Text)
		}
		if a.JSON != nil {
			b = appendField(append(b, ", "...), "json", *a.JSON)
		}
		if a.JSONError != "" {
			b = appendField(append(b, ", "...), "jsonError", a.JSONError)
		}
	}
	return append(b, '}', '\n')
}

func appendField(b []byte, name, text string) []byte {
	b = append(b, '"')
	b = append(b, name...)
	return appendString(append(b, `": `...), text)
}

// appendNumber writes a position, null for one that there is not.
func appendNumber(b []byte, name string, n int) []byte {
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `": `...)
	if n == 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, int64(n), 10)
}

// appendString writes a string in WTF-8 as JSON.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c == '\n':
			b = append(b, `\n`...)
			i++
		case c < 0x20 || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, n := value.DecodeRune(s[i:])
			if r >= 0xd800 && r <= 0xdfff {
				b = append(b, '\\', 'u', digits[r>>12], digits[r>>8&15], digits[r>>4&15], digits[r&15])
			} else {
				b = utf8.AppendRune(b, r)
			}
			i += n
		}
	}
	return append(b, '"')
}
