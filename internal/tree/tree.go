// Package tree reads JSON and YAML as one kind of tree whose every node knows
// its span in the text, so that whoever checks a document later can point at
// the very value that is wrong. It also decodes such a tree into structs,
// merges changed structs back into it without losing what they do not know,
// and prints it as JSON.
package tree

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/source"
)

// Kind is the kind of a node, in JSON's words.
type Kind int

// The kinds of a node.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String is the kind as messages name it, with its article.
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// Node is one value. A tree that was read is never changed; Update and Merge
// make new ones that share what is equal.
type Node struct {
	Kind Kind
	// File and Span are where the value stands; File is nil for a value that
	// was made here.
	File *source.File
	Span source.Span
	// Text is a string's value, a number in JSON's notation, "true" or
	// "false".
	Text    string
	Items   []*Node
	Members []Member
}

// Member is one member of an object, in the order of the text.
type Member struct {
	Key   string
	Span  source.Span
	Value *Node
}

// maxDepth bounds recursion over a tree.
const maxDepth = 200

// maxNodes bounds what a text may grow to: without aliases a value takes a byte
// and a separator, so that only a bomb of aliases comes near.
func maxNodes(text string) int { return 1000 + 2*len(text) }

// Get is the value of a member, or nil where there is none. An exact match
// wins; APIM itself takes names in any case. A nil node has no members.
func (n *Node) Get(key string) *Node {
	if m := n.Member(key); m != nil {
		return m.Value
	}
	return nil
}

// Member is the member of that name, or nil.
func (n *Node) Member(key string) *Member {
	if n == nil {
		return nil
	}
	var found *Member
	for i := range n.Members {
		m := &n.Members[i]
		if m.Key == key {
			return m
		}
		if found == nil && strings.EqualFold(m.Key, key) {
			found = m
		}
	}
	return found
}

// Find walks down objects by keys and arrays by decimal indexes; nil where the
// path ends early.
func (n *Node) Find(path ...string) *Node {
	for _, step := range path {
		if n == nil {
			return nil
		}
		if n.Kind == Array {
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n.Items) {
				return nil
			}
			n = n.Items[i]
			continue
		}
		n = n.Get(step)
	}
	return n
}

// Locate is the span of a value in a text, found by the keys and indexes that
// lead to it; where the path ends early, that of what would hold it.
func Locate(f *source.File, path ...string) source.Span {
	n, _ := Parse(f)
	if n == nil {
		return source.Span{}
	}
	for _, step := range path {
		next := n.Find(step)
		if next == nil {
			break
		}
		n = next
	}
	return n.Span
}

// Strings are the texts of an array's strings; nil for anything else.
func (n *Node) Strings() []string {
	if n == nil {
		return nil
	}
	var out []string
	for _, item := range n.Items {
		if item.Kind == String {
			out = append(out, item.Text)
		}
	}
	return out
}

// StringOr is a string's text, or fallback for a node that is none.
func (n *Node) StringOr(fallback string) string {
	if n == nil || n.Kind != String {
		return fallback
	}
	return n.Text
}

// Parse reads JSON or YAML: the content decides, whatever the file is called.
// The node is nil when the text cannot be read at all.
func Parse(f *source.File) (*Node, []*source.Problem) {
	text := strings.TrimLeft(strings.TrimPrefix(f.Text(), bom), " \t\r\n")
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return ParseJSON(f)
	}
	return ParseYAML(f)
}

// bom is the byte-order mark that editors on Windows put before UTF-8.
const bom = "\ufeff"

// mangledBOM is a byte-order mark that something read as Latin-1.
const mangledBOM = "\u00ef\u00bb\u00bf"

// unreadable finds what makes a text no document at all, before any grammar.
func unreadable(f *source.File) *source.Problem {
	text := f.Text()
	switch {
	case strings.HasPrefix(text, mangledBOM):
		return &source.Problem{
			File: f, Span: source.Span{Start: 0, End: len(mangledBOM)}, Code: "encoding",
			Message: "the text begins with a byte-order mark decoded as Latin-1",
			Hint:    "read the file as UTF-8 where it was taken from, or remove its first three characters",
		}
	case strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff"):
		return &source.Problem{File: f, Code: "encoding", Message: "the text is UTF-16; only UTF-8 is read", Hint: "save it as UTF-8"}
	case strings.TrimSpace(strings.TrimPrefix(text, bom)) == "":
		return &source.Problem{File: f, Code: "empty-file", Message: "the file is empty"}
	}
	if i := invalidUTF8(text); i >= 0 {
		return &source.Problem{File: f, Span: source.Span{Start: i, End: i + 1}, Code: "encoding", Message: "the text is not UTF-8 from here on", Hint: "save it as UTF-8"}
	}
	return nil
}

func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return i
		}
	}
	return -1
}

// JSON is the tree as compact JSON, members in order.
func (n *Node) JSON() json.RawMessage { return appendJSON(nil, n, "", "") }

// Indented is the tree as people keep it in files: two spaces a level and a
// line end at the end.
func (n *Node) Indented() []byte { return append(appendJSON(nil, n, "\n", "  "), '\n') }

func appendJSON(b []byte, n *Node, line, step string) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	inner := line
	if line != "" {
		inner += step
	}
	colon := ":"
	if line != "" {
		colon = ": "
	}
	switch n.Kind {
	case Null:
		return append(b, "null"...)
	case String:
		return appendString(b, n.Text)
	case Array:
		if len(n.Items) == 0 {
			return append(b, "[]"...)
		}
		for i, item := range n.Items {
			b = append(append(b, "[,"[min(i, 1)]), inner...)
			b = appendJSON(b, item, inner, step)
		}
		return append(append(b, line...), ']')
	case Object:
		if len(n.Members) == 0 {
			return append(b, "{}"...)
		}
		for i, m := range n.Members {
			b = append(append(b, "{,"[min(i, 1)]), inner...)
			b = append(appendString(b, m.Key), colon...)
			b = appendJSON(b, m.Value, inner, step)
		}
		return append(append(b, line...), '}')
	default:
		return append(b, n.Text...)
	}
}

// appendString escapes what JSON requires and nothing else, so that URLs and
// policies stay readable in files.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// Equal reports whether two trees hold the same values. The order of an
// object's members plays no part, nor do positions; numbers are compared by
// their text.
func Equal(a, b *Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return false
	}
	for i := range a.Items {
		if !Equal(a.Items[i], b.Items[i]) {
			return false
		}
	}
	for _, m := range a.Members {
		i := slices.IndexFunc(b.Members, func(x Member) bool { return x.Key == m.Key })
		if i < 0 || !Equal(m.Value, b.Members[i].Value) {
			return false
		}
	}
	return true
}
