package tree

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/source"
)

// ParseJSON reads one JSON value. A byte-order mark before it is passed over.
// The first error of grammar ends the reading; members that occur twice are
// all reported, and the first of them stays.
func ParseJSON(f *source.File) (*Node, []*source.Problem) {
	if p := unreadable(f); p != nil {
		return nil, []*source.Problem{p}
	}
	r := &jsonReader{file: f, text: f.Text()}
	if strings.HasPrefix(r.text, bom) {
		r.at = len(bom)
	}
	n := r.value(0)
	r.space()
	if r.failed == nil && r.at < len(r.text) {
		r.fail(r.at, "nothing may follow the value")
	}
	if r.failed != nil {
		return nil, append(r.problems, r.failed)
	}
	return n, r.problems
}

type jsonReader struct {
	file     *source.File
	text     string
	at       int
	failed   *source.Problem
	problems []*source.Problem
}

func (r *jsonReader) fail(at int, format string, args ...any) {
	if r.failed == nil {
		r.failed = &source.Problem{File: r.file, Span: source.Span{Start: at, End: min(at+1, len(r.text))}, Code: "json-syntax", Message: fmt.Sprintf(format, args...)}
	}
}

func (r *jsonReader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

// peek is the next byte after white space, or 0 at the end.
func (r *jsonReader) peek() byte {
	r.space()
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *jsonReader) value(depth int) *Node {
	c := r.peek()
	n := &Node{File: r.file, Span: source.Span{Start: r.at}}
	switch {
	case depth > maxDepth:
		r.fail(r.at, "values are nested more than %d deep", maxDepth)
	case c == '{':
		n.Kind = Object
		r.object(n, depth)
	case c == '[':
		n.Kind = Array
		r.array(n, depth)
	case c == '"':
		n.Kind = String
		n.Text = r.str()
	case c == '-' || c >= '0' && c <= '9':
		n.Kind = Number
		n.Text = r.number()
	case r.word("true"), r.word("false"):
		n.Kind = Bool
		n.Text = r.text[n.Span.Start:r.at]
	case r.word("null"):
		n.Kind = Null
	case c == 0:
		r.fail(len(r.text), "a value is missing at the end of the text")
	default:
		r.fail(r.at, "expected a value, found %s", r.found())
	}
	n.Span.End = r.at
	return n
}

func (r *jsonReader) found() string {
	c, _ := utf8.DecodeRuneInString(r.text[r.at:])
	return strconv.QuoteRune(c)
}

func (r *jsonReader) word(w string) bool {
	if strings.HasPrefix(r.text[r.at:], w) {
		r.at += len(w)
		return true
	}
	return false
}

func (r *jsonReader) object(n *Node, depth int) {
	r.at++
	seen := map[string]bool{}
	if r.peek() == '}' {
		r.at++
		return
	}
	for r.failed == nil {
		if r.peek() != '"' {
			r.expected(`a member's name in double quotes`)
			return
		}
		m := Member{Span: source.Span{Start: r.at}}
		m.Key = r.str()
		m.Span.End = r.at
		if r.peek() != ':' {
			r.expected("':' after the member's name")
			return
		}
		r.at++
		m.Value = r.value(depth + 1)
		if seen[m.Key] {
			r.problems = append(r.problems, &source.Problem{
				File: r.file, Span: m.Span, Code: "duplicate-key",
				Message: fmt.Sprintf("member %q occurs twice in one object", m.Key),
			})
		} else {
			seen[m.Key] = true
			n.Members = append(n.Members, m)
		}
		if !r.more('}') {
			return
		}
	}
}

func (r *jsonReader) array(n *Node, depth int) {
	r.at++
	if r.peek() == ']' {
		r.at++
		return
	}
	for r.failed == nil {
		n.Items = append(n.Items, r.value(depth+1))
		if !r.more(']') {
			return
		}
	}
}

// more passes the comma before another element, or the end bracket.
func (r *jsonReader) more(end byte) bool {
	if r.failed != nil {
		return false
	}
	switch r.peek() {
	case ',':
		comma := r.at
		r.at++
		if r.peek() == end {
			r.fail(comma, "a comma stands before the closing %q", string(end))
			return false
		}
		return true
	case end:
		r.at++
		return false
	}
	r.expected(fmt.Sprintf("',' or %q", string(end)))
	return false
}

func (r *jsonReader) expected(what string) {
	if r.at == len(r.text) {
		r.fail(r.at, "expected %s, found the end of the text", what)
		return
	}
	r.fail(r.at, "expected %s, found %s", what, r.found())
}

func (r *jsonReader) str() string {
	start := r.at
	r.at++
	plain := r.at
	for r.at < len(r.text) && r.text[r.at] != '"' && r.text[r.at] != '\\' && r.text[r.at] >= 0x20 {
		r.at++
	}
	if r.at < len(r.text) && r.text[r.at] == '"' {
		r.at++
		return r.text[plain : r.at-1]
	}
	b := []byte(r.text[plain:r.at])
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			return string(b)
		case c == '\\':
			b = r.escape(b)
			if r.failed != nil {
				return ""
			}
		case c < 0x20:
			r.fail(r.at, "a control character stands in a string; write it as an escape")
			return ""
		default:
			b = append(b, c)
			r.at++
		}
	}
	r.fail(start, "the string does not end")
	return ""
}

// escape appends what the escape at r.at stands for. Half a surrogate pair
// becomes U+FFFD: no file of a service has a use for one.
func (r *jsonReader) escape(b []byte) []byte {
	start := r.at
	if r.at+1 >= len(r.text) {
		r.fail(start, "the string does not end")
		return b
	}
	c := r.text[r.at+1]
	r.at += 2
	if c == 'u' {
		high := r.hex4(start)
		if high >= 0xd800 && high < 0xdc00 && strings.HasPrefix(r.text[r.at:], `\u`) {
			r.at += 2
			low := r.hex4(start)
			if low >= 0xdc00 && low < 0xe000 {
				return utf8.AppendRune(b, (high-0xd800)<<10+(low-0xdc00)+0x10000)
			}
			return utf8.AppendRune(append(b, "\ufffd"...), low)
		}
		return utf8.AppendRune(b, high)
	}
	i := strings.IndexByte(`"\/bfnrt`, c)
	if i < 0 {
		r.fail(start, "unknown escape \\%c", c)
		return b
	}
	return append(b, "\"\\/\b\f\n\r\t"[i])
}

func (r *jsonReader) hex4(start int) rune {
	if r.at+4 > len(r.text) {
		r.fail(start, "four hexadecimal digits must follow \\u")
		return utf8.RuneError
	}
	v, err := strconv.ParseUint(r.text[r.at:r.at+4], 16, 32)
	if err != nil {
		r.fail(start, "four hexadecimal digits must follow \\u")
		return utf8.RuneError
	}
	r.at += 4
	return rune(v)
}

func (r *jsonReader) number() string {
	start := r.at
	for r.at < len(r.text) && strings.IndexByte("+-.0123456789eE", r.text[r.at]) >= 0 {
		r.at++
	}
	text := r.text[start:r.at]
	if !isNumber(text) {
		r.fail(start, "%q is not a number of JSON", text)
	}
	return text
}

// isNumber says whether s is a number in JSON's notation.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	digits := func() int {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		s = s[i:]
		return i
	}
	zero := strings.HasPrefix(s, "0")
	if n := digits(); n == 0 || zero && n > 1 {
		return false
	}
	if strings.HasPrefix(s, ".") {
		if s = s[1:]; digits() == 0 {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return s == ""
}
