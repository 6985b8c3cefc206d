package tree

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/spillway-gateway/spillway/source"
)

// ParseYAML reads one YAML document. Aliases stand for what they refer to, and
// the merge key << is honoured; both within a bound on the size of the whole.
// Dates and binaries stay the text they are written as.
func ParseYAML(f *source.File) (*Node, []*source.Problem) {
	if p := unreadable(f); p != nil {
		return nil, []*source.Problem{p}
	}
	r := &yamlReader{file: f, starts: lineStarts(f.Text()), open: map[*yaml.Node]bool{}}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(f.Text()), &doc); err != nil {
		return nil, []*source.Problem{r.syntax(err)}
	}
	if len(doc.Content) == 0 {
		return nil, []*source.Problem{{File: f, Code: "empty-file", Message: "the file holds no value"}}
	}
	n := r.node(doc.Content[0], 0)
	if r.failed != nil {
		return nil, append(r.problems, r.failed)
	}
	return n, r.problems
}

type yamlReader struct {
	file     *source.File
	starts   []int // byte offsets of the lines, as the YAML reader counts them
	nodes    int
	open     map[*yaml.Node]bool // the anchors that are being read, to find cycles
	failed   *source.Problem
	problems []*source.Problem
}

func (r *yamlReader) syntax(err error) *source.Problem {
	p := &source.Problem{File: r.file, Code: "yaml-syntax", Message: "this is not YAML"}
	var load *yaml.LoadError
	if errors.As(err, &load) {
		at := r.offset(load.Mark.Line, load.Mark.Column)
		p.Span = source.Span{Start: at, End: min(at+1, len(r.file.Text()))}
		p.Message = "this is not YAML: " + load.Message
	}
	return p
}

// lineStarts are the offsets at which lines begin in the eyes of the YAML
// reader, which also breaks lines at NEL, LS and PS.
func lineStarts(text string) []int {
	starts := []int{0}
	for i, c := range text {
		switch c {
		case '\n', '\u0085', '\u2028', '\u2029':
			starts = append(starts, i+utf8.RuneLen(c))
		case '\r':
			if !strings.HasPrefix(text[i+1:], "\n") {
				starts = append(starts, i+1)
			}
		}
	}
	return starts
}

// offset is the byte offset of a line and a column, both from 1, the column in
// characters.
func (r *yamlReader) offset(line, column int) int {
	text := r.file.Text()
	if line < 1 || line > len(r.starts) {
		return len(text)
	}
	at := r.starts[line-1]
	if line == 1 && strings.HasPrefix(text, bom) {
		at = len(bom)
	}
	for ; column > 1 && at < len(text); column-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

func (r *yamlReader) fail(y *yaml.Node, format string, args ...any) *Node {
	if r.failed == nil {
		r.failed = &source.Problem{File: r.file, Span: r.span(y), Code: "yaml-syntax", Message: fmt.Sprintf(format, args...)}
	}
	return &Node{}
}

func (r *yamlReader) bomb(y *yaml.Node) *Node {
	return r.fail(y, "there are more than %d values, aliases counted as often as they occur", maxNodes(r.file.Text()))
}

func (r *yamlReader) node(y *yaml.Node, depth int) *Node {
	r.nodes++
	switch {
	case r.failed != nil:
		return &Node{}
	case depth > maxDepth:
		return r.fail(y, "values are nested more than %d deep", maxDepth)
	case r.nodes > maxNodes(r.file.Text()):
		return r.bomb(y)
	}
	n := &Node{File: r.file, Span: r.span(y)}
	switch y.Kind {
	case yaml.AliasNode:
		if y.Alias == nil || r.open[y.Alias] {
			return r.fail(y, "the alias *%s stands inside what it refers to", y.Value)
		}
		r.open[y.Alias] = true
		target := *r.node(y.Alias, depth+1)
		delete(r.open, y.Alias)
		target.Span = n.Span
		return &target
	case yaml.SequenceNode:
		n.Kind = Array
		for _, item := range y.Content {
			n.Items = append(n.Items, r.node(item, depth+1))
		}
		if len(n.Items) > 0 {
			n.Span.End = max(n.Span.End, n.Items[len(n.Items)-1].Span.End)
		}
	case yaml.MappingNode:
		n.Kind = Object
		r.open[y] = true
		r.mapping(n, y, depth)
		delete(r.open, y)
		if len(n.Members) > 0 {
			n.Span.End = max(n.Span.End, n.Members[len(n.Members)-1].Value.Span.End)
		}
	default:
		r.scalar(n, y)
	}
	return n
}

func (r *yamlReader) mapping(n *Node, y *yaml.Node, depth int) {
	seen := map[string]bool{}
	var merged []*Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.fail(key, "a key must be a plain text")
			return
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, r.node(value, depth+1))
			continue
		}
		m := Member{Key: key.Value, Span: r.span(key), Value: r.node(value, depth+1)}
		if seen[m.Key] {
			r.problems = append(r.problems, &source.Problem{
				File: r.file, Span: m.Span, Code: "duplicate-key",
				Message: fmt.Sprintf("key %q occurs twice in one mapping", m.Key),
			})
			continue
		}
		seen[m.Key] = true
		n.Members = append(n.Members, m)
	}
	for _, from := range merged {
		sources := []*Node{from}
		if from.Kind == Array {
			sources = from.Items
		}
		for _, s := range sources {
			for _, m := range s.Members {
				if r.nodes++; r.nodes > maxNodes(r.file.Text()) {
					r.bomb(y)
					return
				}
				if !seen[m.Key] {
					seen[m.Key] = true
					n.Members = append(n.Members, m)
				}
			}
		}
	}
}

// scalar fills in a plain value. YAML's own notations of numbers become
// JSON's; what JSON cannot say (.inf, .nan) stays a text.
func (r *yamlReader) scalar(n *Node, y *yaml.Node) {
	n.Kind, n.Text = String, y.Value
	switch y.ShortTag() {
	case "!!null":
		n.Kind, n.Text = Null, ""
	case "!!bool":
		var v bool
		if y.Decode(&v) == nil {
			n.Kind, n.Text = Bool, strconv.FormatBool(v)
		}
	case "!!int", "!!float":
		if isNumber(y.Value) {
			n.Kind = Number
			return
		}
		var i int64
		var f float64
		if y.Decode(&i) == nil {
			n.Kind, n.Text = Number, strconv.FormatInt(i, 10)
		} else if y.Decode(&f) == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			n.Kind, n.Text = Number, strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
}

// span is where a node stands. The reader gives only starts, so ends are found
// here: exact for plain and quoted scalars on one line, the line's end for
// others.
func (r *yamlReader) span(y *yaml.Node) source.Span {
	text := r.file.Text()
	at := r.offset(y.Line, y.Column)
	rest := text[at:]
	// An anchor or a tag may stand before the value, and the start with it.
	for strings.HasPrefix(rest, "&") || y.Kind == yaml.ScalarNode && y.Style&yaml.TaggedStyle != 0 && strings.HasPrefix(rest, "!") {
		i := strings.IndexAny(rest, " \t\r\n")
		if i < 0 {
			break
		}
		skipped := len(rest) - len(strings.TrimLeft(rest[i:], " \t"))
		at, rest = at+skipped, rest[skipped:]
	}
	line := rest
	if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
		line = rest[:i]
	}
	switch {
	case y.Kind == yaml.AliasNode:
		return source.Span{Start: at, End: at + min(len(line), len(y.Value)+1)}
	case y.Kind != yaml.ScalarNode:
		return source.Span{Start: at, End: at + min(len(line), 1)}
	case strings.HasPrefix(line, `"`) || strings.HasPrefix(line, "'"):
		quote := line[0]
		for i := 1; i < len(line); i++ {
			switch {
			case line[i] == '\\' && quote == '"':
				i++
			case line[i] == quote && quote == '\'' && strings.HasPrefix(line[i+1:], "'"):
				i++
			case line[i] == quote:
				return source.Span{Start: at, End: at + i + 1}
			}
		}
	case strings.HasPrefix(line, y.Value):
		return source.Span{Start: at, End: at + len(y.Value)}
	}
	return source.Span{Start: at, End: at + len(strings.TrimRight(line, " \t"))}
}
