package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// Edit changes one entry of a section of spillway.yaml.
type Edit struct {
	// Section is a key at the top, such as namedValues or regions.
	Section string
	// Key is the entry's key; in a list, the text of its key name.
	Key string
	// Value is what the entry becomes, on one line; "" takes it away.
	Value string
	// List says that the section is a list, where there is none yet.
	List bool
}

// Rewrite makes edits one after the other and leaves everything else as it
// stands, comments and order included. A section written in braces is written in
// lines. The text that comes out has been read again: what could not be edited
// without doubt is an error.
func Rewrite(text string, edits []Edit) (string, error) {
	for _, e := range edits {
		var err error
		if text, err = e.apply(text); err != nil {
			return "", fmt.Errorf("%s: %s: %w", FileName, e.Section, err)
		}
	}
	if _, problems := Parse(source.NewFile(FileName, text)); problems.HasErrors() {
		return "", fmt.Errorf("%s would have errors: %w", FileName, problems.Errors()[0])
	}
	return text, nil
}

// section is a section's place in a text: its lines, and the lines of each
// entry, comments in between left out.
type section struct {
	start, end int // offsets of lines
	key        string
	value      *tree.Node
	inline     bool // in braces or brackets
	entries    []entry
	indent     string
}

type entry struct {
	key        string
	start, end int
	node       *tree.Node
}

var errUnreadable = errors.New("the file cannot be read; spillway check says where it is wrong")

func (e Edit) apply(text string) (string, error) {
	newline := "\n"
	if strings.Contains(text, "\r\n") {
		newline = "\r\n"
	}
	s, err := find(text, e.Section)
	if err != nil {
		return "", err
	}
	if s == nil {
		if e.Value == "" {
			return text, nil
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += newline
		}
		if text != "" {
			text += newline
		}
		return text + e.Section + ":" + newline + e.line("  ", e.List) + newline, nil
	}
	list := e.List
	if s.value.Kind != tree.Null {
		list = s.value.Kind == tree.Array
	}
	if s.inline || s.value.Kind == tree.Null {
		return e.inLines(text, s, list, newline), nil
	}
	for _, x := range s.entries {
		if x.key != e.Key {
			continue
		}
		if e.Value != "" {
			return text[:x.start] + e.line(s.indent, list) + newline + text[x.end:], nil
		}
		if len(s.entries) == 1 {
			return s.without(text, newline), nil
		}
		return text[:x.start] + text[x.end:], nil
	}
	if e.Value == "" {
		return text, nil
	}
	at := s.entries[len(s.entries)-1].end
	if !strings.HasSuffix(text[:at], "\n") {
		return text[:at] + newline + e.line(s.indent, list) + newline + text[at:], nil
	}
	return text[:at] + e.line(s.indent, list) + newline + text[at:], nil
}

// plainKey reports whether YAML takes a key for a text without quotes.
func plainKey(key string) bool {
	for i, c := range []byte(key) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	switch strings.ToLower(key) {
	case "", "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}

func quoteKey(key string) string {
	if plainKey(key) {
		return key
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
}

func (e Edit) line(indent string, list bool) string {
	if list {
		return indent + "- " + e.Value
	}
	return indent + quoteKey(e.Key) + ": " + e.Value
}

// inLines writes a section in braces, or an empty one, in lines, with the edit
// made.
func (e Edit) inLines(text string, s *section, list bool, newline string) string {
	var lines []string
	done := false
	for _, x := range s.entries {
		line := "  "
		switch {
		case x.key == e.Key && e.Value == "":
			continue
		case x.key == e.Key:
			line, done = e.line("  ", list), true
		case list:
			line += "- " + string(x.node.JSON())
		default:
			line += quoteKey(x.key) + ": " + string(x.node.JSON())
		}
		lines = append(lines, line)
	}
	if !done && e.Value != "" {
		lines = append(lines, e.line("  ", list))
	}
	if lines == nil {
		return s.without(text, newline)
	}
	return text[:s.start] + e.Section + ":" + newline + strings.Join(lines, newline) + newline + text[s.end:]
}

// without is the text without the section and the comment right above it; what
// stands before and after stays as far apart as it was.
func (s *section) without(text, newline string) string {
	before, after := text[:attached(text, s.start)], text[s.end:]
	rest := strings.TrimLeft(after, "\r\n")
	switch {
	case before == "", rest == "", rest == after, strings.HasSuffix(before, newline+newline):
		return before + rest
	}
	return before + newline + rest
}

// find is the section of a name; nil where there is none.
func find(text, name string) (*section, error) {
	if blank(text) {
		return nil, nil
	}
	root, problems := tree.ParseYAML(source.NewFile(FileName, text))
	if root == nil || len(problems) > 0 {
		return nil, errUnreadable
	}
	if root.Kind == tree.Null {
		return nil, nil
	}
	if root.Kind != tree.Object || strings.HasPrefix(text[root.Span.Start:], "{") {
		return nil, errors.New("it is written in braces as a whole and has to be changed by hand")
	}
	s := &section{key: name, start: -1, end: len(text)}
	for _, m := range root.Members {
		if m.Key == name {
			s.start, s.value = lineStart(text, m.Span.Start), m.Value
		}
	}
	if s.start < 0 {
		return nil, nil
	}
	for _, m := range root.Members {
		if at := lineStart(text, m.Span.Start); at > s.start && at < s.end {
			s.end = at
		}
	}
	s.end = withoutComments(text, s.start, s.end)
	if s.value.Kind == tree.Null {
		return s, nil
	}
	first := text[s.value.Span.Start:]
	s.inline = strings.HasPrefix(first, "{") || strings.HasPrefix(first, "[")
	if strings.HasPrefix(first, "*") || strings.HasPrefix(strings.TrimLeft(text[s.start+len(name)+1:], " "), "&") {
		return nil, errors.New("it is an anchor or an alias and has to be changed by hand")
	}
	return s, s.read(text)
}

// read finds the entries.
func (s *section) read(text string) error {
	switch s.value.Kind {
	case tree.Object:
		for _, m := range s.value.Members {
			s.entries = append(s.entries, entry{key: m.Key, start: m.Span.Start, node: m.Value})
		}
	case tree.Array:
		for _, n := range s.value.Items {
			key := n.Get("name").StringOr("")
			if n.Kind == tree.String {
				key = n.Text
			}
			s.entries = append(s.entries, entry{key: key, start: n.Span.Start, node: n})
		}
	default:
		return errors.New("it is neither a list nor a mapping")
	}
	if s.inline {
		return nil
	}
	for i := range s.entries {
		x := &s.entries[i]
		x.start = lineStart(text, x.start)
		if x.start <= s.start || x.start >= s.end || i > 0 && x.start <= s.entries[i-1].start {
			return errors.New("it is written in a way that has to be changed by hand")
		}
	}
	for i := range s.entries {
		end := s.end
		if i+1 < len(s.entries) {
			end = s.entries[i+1].start
		}
		s.entries[i].end = withoutComments(text, s.entries[i].start, end)
	}
	line := text[s.entries[0].start:]
	s.indent = line[:len(line)-len(strings.TrimLeft(line, " "))]
	return nil
}

func lineStart(text string, at int) int { return strings.LastIndexByte(text[:at], '\n') + 1 }

// withoutComments is the end of what begins at start and ends before end, without
// the blank lines and comments at its end: they belong to what follows.
func withoutComments(text string, start, end int) int {
	for end > start {
		before := lineStart(text, end-1)
		line := strings.TrimSpace(text[before:end])
		if before <= start || line != "" && line[0] != '#' {
			break
		}
		end = before
	}
	return end
}

// attached is where the comment begins that stands right above a line; the one at
// the top of the file is about the file.
func attached(text string, at int) int {
	from := at
	for from > 0 {
		before := lineStart(text, from-1)
		line := strings.TrimSpace(text[before:from])
		if line == "" || line[0] != '#' {
			return from
		}
		from = before
	}
	return at
}
