package syntax

import (
	"fmt"
	"strings"
)

// messages are the compiler's words, by number; %[1]s and %[2]s stand for what
// the place fills in.
var messages = map[int]string{
	106:  "The modifier '%[1]s' is not valid for this item",
	126:  "An object of a type convertible to 'object' is required",
	145:  "A const field requires a value to be provided",
	150:  "A constant value is expected",
	178:  "Invalid rank specifier: expected ',' or ']'",
	230:  "Type and identifier are both required in a foreach statement",
	270:  "Array size cannot be specified in a variable declaration (try initializing with a 'new' expression)",
	443:  "Syntax error; value expected",
	594:  "Floating-point constant is outside the range of type '%[1]s'",
	595:  "Invalid real literal.",
	650:  "Bad array declarator: To declare a managed array the rank specifier precedes the variable's identifier. To declare a fixed size buffer field, use the fixed keyword before the field type.",
	742:  "A query body must end with a select clause or a group clause",
	743:  "Expected contextual keyword 'on'",
	744:  "Expected contextual keyword 'equals'",
	745:  "Expected contextual keyword 'by'",
	746:  "Invalid anonymous type member declarator. Anonymous type members must be declared with a member assignment, simple name or member access.",
	747:  "Invalid initializer member declarator",
	839:  "Argument missing",
	1001: "Identifier expected",
	1002: "; expected",
	1003: "Syntax error, '%[1]s' expected",
	1009: "Unrecognized escape sequence",
	1010: "Newline in constant",
	1011: "Empty character literal",
	1012: "Too many characters in character literal",
	1013: "Invalid number",
	1014: "A get or set accessor expected",
	1021: "Integral constant is too large",
	1022: "Type or namespace definition, or end-of-file expected",
	1023: "Embedded statement cannot be a declaration or labeled statement",
	1024: "Preprocessor directive expected",
	1026: ") expected",
	1027: "#endif directive expected",
	1028: "Unexpected preprocessor directive",
	1029: "#error: '%[1]s'",
	1031: "Type expected",
	1032: "Cannot define/undefine preprocessor symbols after first token in file",
	1035: "End-of-file found, '*/' expected",
	1038: "#endregion directive expected",
	1039: "Unterminated string literal",
	1040: "Preprocessor directives must appear as the first non-whitespace character on a line",
	1041: "Identifier expected; '%[1]s' is a keyword",
	1043: "{ or ; expected",
	1044: "Cannot use more than one type in a for, using, fixed, or declaration statement",
	1056: "Unexpected character '%[1]s'",
	1073: "Unexpected token '%[1]s'",
	1513: "} expected",
	1514: "{ expected",
	1515: "'in' expected",
	1519: "Invalid token '%[1]s' in a member declaration",
	1524: "Expected catch or finally",
	1525: "Invalid expression term '%[1]s'",
	1526: "A new expression requires an argument list or (), [], or {} after type",
	1528: "Expected ; or = (cannot specify constructor arguments in declaration)",
	1536: "Invalid parameter type 'void'",
	1547: "Keyword 'void' cannot be used in this context",
	1552: "Array type specifier, [], must appear before parameter name",
	1575: "A stackalloc expression requires [] after type",
	1585: "Member modifier '%[1]s' must precede the member type and name",
	1586: "Array creation must have array size or array initializer",
	1597: "Semicolon after method or accessor block is not valid",
	1627: "Expression expected after yield return",
	1646: "Keyword, identifier, or string expected after verbatim specifier: @",
	1733: "Expected expression",
	1960: "Invalid variance modifier. Only interface and delegate type parameters can be specified as variant.",
	4003: "'await' cannot be used as an identifier within an async method or lambda expression",
	7000: "Unexpected use of an aliased name",
	7014: "Attributes are not valid in this context.",
	8076: "Missing close delimiter '}' for interpolated expression started with '{'.",
	8078: "An expression is too long or complex to compile",
	8086: "A '%[1]s' character must be escaped (by doubling) in an interpolated string.",
	8087: "A '%[1]s' character may only be escaped by doubling '%[1]s%[1]s' in an interpolated string.",
	8124: "Tuple must contain at least two elements.",
	8361: "A conditional expression cannot be used directly in a string interpolation because the ':' ends the interpolation. Parenthesize the conditional expression.",
	8370: "Feature '%[1]s' is not available in C# 7.3. Please use language version %[2]s or greater.",
	8401: "To use '@$' instead of '$@' for an interpolated verbatim string, please use language version '%[1]s' or greater.",
	8415: "Parentheses are required around the switch governing expression.",
	8504: "Pattern missing",
	8635: "Unexpected character sequence '...'",
	8641: "'else' cannot start a statement.",
	8967: "Newlines inside a non-verbatim interpolated string are not supported in C# %[1]s. Please use language version %[2]s or greater.",
	9229: "Modifiers cannot be placed on using declarations",
}

func message(e problem) string {
	format, ok := messages[e.code]
	if !ok {
		return "Syntax error"
	}
	switch {
	case strings.Contains(format, "%[2]s"):
		return fmt.Sprintf(format, e.arg, e.arg2)
	case strings.Contains(format, "%["):
		return fmt.Sprintf(format, e.arg)
	}
	return format
}

// hint is what to do about the mistakes people make most.
func hint(e problem) string {
	switch e.code {
	case 1012:
		return `strings are written in double quotes: "…"`
	case 1056:
		if strings.ContainsAny(e.arg, "“”„‟«»") {
			return `use straight double quotes: "…"`
		}
		if strings.ContainsAny(e.arg, "‘’") {
			return `use straight single quotes: '…'`
		}
	case 8361:
		return "put the conditional expression in parentheses: {(a ? b : c)}"
	}
	return ""
}
