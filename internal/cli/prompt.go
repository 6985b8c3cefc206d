package cli

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// prompt reads lines, the first of an expression or more of it: with editing, a
// history and completion on a terminal, else plainly.
func (w World) prompt(e *evaluator) (read func(more bool) (string, error), done func()) {
	file, ok := w.Stdin.(*os.File)
	if !ok || !w.Terminal || !term.IsTerminal(int(file.Fd())) {
		in := bufio.NewScanner(w.Stdin)
		in.Buffer(nil, 1<<20)
		return func(bool) (string, error) {
			if in.Scan() {
				return in.Text(), nil
			}
			if err := in.Err(); err != nil {
				return "", err
			}
			return "", io.EOF
		}, func() {}
	}
	screen := struct {
		io.Reader
		io.Writer
	}{file, w.Stdout}
	t := term.NewTerminal(screen, "> ")
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		word, found := e.completions(line[:pos])
		if len(found) == 0 {
			return line, pos, true
		}
		common := found[0]
		for _, f := range found[1:] {
			for !strings.HasPrefix(strings.ToLower(f), strings.ToLower(common)) {
				common = common[:len(common)-1]
			}
		}
		if len(common) <= len(word) && len(found) > 1 {
			_, _ = t.Write([]byte(strings.Join(found, "  ") + "\n"))
			return line, pos, true
		}
		text := line[:pos-len(word)] + common
		return text + line[pos:], len(text), true
	}
	return func(more bool) (string, error) {
		t.SetPrompt("> ")
		if more {
			t.SetPrompt(". ")
		}
		// Raw only while reading, so that what is printed between looks as usual.
		raw, err := term.MakeRaw(int(file.Fd()))
		if err != nil {
			return "", err
		}
		defer func() { _ = term.Restore(int(file.Fd()), raw) }()
		return t.ReadLine()
	}, func() {}
}
