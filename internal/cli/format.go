package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spillway-gateway/spillway/policy/markup"
)

const formatUsage = `Usage: spillway fmt [-l] [-d] [-w] [PATH ...]

Formats policy documents: files, or all .xml files below folders. Without a
path it formats standard input. The result goes to standard output.

    -l  list the files whose formatting differs
    -d  print the differences instead of the result
    -w  write the result back to the file

Expressions, comments and texts stay as they are. Exit code 1 means that a
document could not be read, or, with -l or -d, that something differs.
`

// format is the fmt command.
func format(w World, args []string) int {
	fs := w.flags("fmt", formatUsage)
	list := fs.Bool("l", false, "")
	diff := fs.Bool("d", false, "")
	write := fs.Bool("w", false, "")
	paths, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	if len(paths) == 0 {
		if *write {
			w.errorf("fmt: -w needs a path: standard input cannot be written back")
			return exitUsage
		}
		data, err := io.ReadAll(w.Stdin)
		if err != nil {
			w.errorf("fmt: reading standard input: %v", err)
			return exitFailed
		}
		return w.formatOne("<standard input>", data, *list, *diff, nil)
	}
	files, err := filesAt(paths, ".xml")
	if err != nil {
		w.errorf("fmt: %v", err)
		return exitUsage
	}
	code = exitDone
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			w.errorf("fmt: %v", err)
			code = exitFailed
			continue
		}
		var save func(string) error
		if *write {
			save = func(text string) error { return replaceFile(f, text) }
		}
		code = max(code, w.formatOne(f, data, *list, *diff, save))
	}
	return code
}

// formatOne formats one document. save is nil unless it is to be written back.
func (w World) formatOne(name string, data []byte, list, diff bool, save func(string) error) int {
	text, encoding, problem := markup.Decode(name, data)
	if problem != nil {
		fmt.Fprint(w.Stderr, problem.Draw())
		return exitFailed
	}
	doc, problems := markup.Parse(name, text, markup.Options{})
	if problems.HasErrors() {
		fmt.Fprint(w.Stderr, problems.Errors().Draw())
		return exitFailed
	}
	out := markup.FormatDocument(doc)
	if doc.BOM {
		out = "\ufeff" + out
	}
	same := out == text
	code := exitDone
	if !same && (list || diff) {
		code = exitFailed
	}
	if list && !same {
		fmt.Fprintln(w.Stdout, name)
	}
	if diff && !same {
		fmt.Fprint(w.Stdout, unifiedDiff(name, text, out))
	}
	switch {
	case save != nil && !same:
		if err := save(string(encoding.Encode(out))); err != nil {
			w.errorf("fmt: %v", err)
			return exitFailed
		}
		return exitDone
	case save == nil && !list && !diff:
		_, _ = io.WriteString(w.Stdout, out)
	}
	return code
}

// unifiedDiff shows how to get from a to b, in the form that patch reads, with
// three lines around each change.
func unifiedDiff(name, a, b string) string {
	x, y := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	ops := editScript(x, y)
	var out bytes.Buffer
	fmt.Fprintf(&out, "--- %s\n+++ %s (formatted)\n", name, name)
	const around = 3
	for i := 0; i < len(ops); {
		if ops[i].kind == ' ' {
			i++
			continue
		}
		start := max(i-around, 0)
		end, quiet := i, 0
		for end < len(ops) && quiet <= 2*around {
			if ops[end].kind == ' ' {
				quiet++
			} else {
				quiet = 0
			}
			end++
		}
		end = max(end-max(quiet-around, 0), i+1)
		var na, nb int
		for _, o := range ops[start:end] {
			if o.kind != '+' {
				na++
			}
			if o.kind != '-' {
				nb++
			}
		}
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n", ops[start].a+1, na, ops[start].b+1, nb)
		for _, o := range ops[start:end] {
			line := o.text
			if !strings.HasSuffix(line, "\n") {
				if line == "" {
					continue
				}
				line += "\n\\ No newline at end of file\n"
			}
			out.WriteByte(o.kind)
			out.WriteString(line)
		}
		i = end
	}
	return out.String()
}

type edit struct {
	kind byte // ' ', '-' or '+'
	text string
	a, b int // lines before it on either side
}

// editScript is a shortest script by the longest common subsequence. Policy
// documents have few enough lines for the quadratic table; the common head and
// tail are cut off first.
func editScript(x, y []string) []edit {
	head := 0
	for head < len(x) && head < len(y) && x[head] == y[head] {
		head++
	}
	tail := 0
	for tail < len(x)-head && tail < len(y)-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	mx, my := x[head:len(x)-tail], y[head:len(y)-tail]
	width := len(my) + 1
	lcs := make([]int32, (len(mx)+1)*width)
	for i := len(mx) - 1; i >= 0; i-- {
		for j := len(my) - 1; j >= 0; j-- {
			if mx[i] == my[j] {
				lcs[i*width+j] = lcs[(i+1)*width+j+1] + 1
			} else {
				lcs[i*width+j] = max(lcs[(i+1)*width+j], lcs[i*width+j+1])
			}
		}
	}
	var ops []edit
	a, b := 0, 0
	add := func(kind byte, text string) {
		ops = append(ops, edit{kind, text, a, b})
		if kind != '+' {
			a++
		}
		if kind != '-' {
			b++
		}
	}
	for _, line := range x[:head] {
		add(' ', line)
	}
	for i, j := 0, 0; i < len(mx) || j < len(my); {
		switch {
		case i < len(mx) && j < len(my) && mx[i] == my[j]:
			add(' ', mx[i])
			i, j = i+1, j+1
		case j == len(my) || i < len(mx) && lcs[(i+1)*width+j] >= lcs[i*width+j+1]:
			add('-', mx[i])
			i++
		default:
			add('+', my[j])
			j++
		}
	}
	for _, line := range x[len(x)-tail:] {
		add(' ', line)
	}
	return ops
}
