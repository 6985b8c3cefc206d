// Package openai is the wire of Azure OpenAI's inference API: the shapes of
// requests and answers, the bodies of its errors, server-sent events in and
// out, and the token estimate that Azure admits requests by.
//
// The shapes hold what a simulated region and a gateway need to understand;
// what they only pass on stays raw JSON. Field order is the wire's.
package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Decode reads one JSON object into v, a request of this package. The error
// is what Azure answers: an *Error with status 400.
func Decode(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			return invalidJSON()
		}
		return nil
	}
	var asked *Error
	if errors.As(err, &asked) {
		return asked
	}
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch):
		if mismatch.Field == "" {
			return invalidJSON()
		}
		return Invalid(mismatch.Field, "Invalid type for '%s': expected %s, but got %s instead.",
			mismatch.Field, kindName(mismatch.Type.Kind().String()), mismatch.Value)
	case strings.HasPrefix(err.Error(), unknownField):
		name := strings.Trim(strings.TrimPrefix(err.Error(), unknownField), `"`)
		return Unrecognized(name)
	default:
		return invalidJSON()
	}
}

// unknownField is how encoding/json begins the error that it has no type for.
const unknownField = "json: unknown field "

func invalidJSON() *Error {
	return Invalid("", "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)")
}

// kindName is a Go kind in the API's words.
func kindName(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"):
		return "an integer"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "slice":
		return "an array"
	case kind == "struct", kind == "map":
		return "an object"
	case kind == "bool":
		return "a boolean"
	default:
		return "a " + kind
	}
}

// Encode is v as JSON as the service writes it: one line, <, > and & as they
// are. v is one of this package's shapes, which always can be written.
func Encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("openai: %T cannot be written: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// AppendQuoted appends s to dst as a JSON string. Bytes that are not UTF-8
// become U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			dst = append(dst, s[from:i]...)
			dst = append(dst, "\ufffd"...)
			i++
			from = i
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// EstimateTokens is Azure's estimate of a text's tokens on arrival, by its
// characters: four a token, rounded up.
func EstimateTokens(text string) int { return EstimateChars(utf8.RuneCountInString(text)) }

// EstimateChars is EstimateTokens for a number of characters.
func EstimateChars(chars int) int { return (chars + 3) / 4 }
