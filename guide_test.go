package spillway_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// block is a fenced block of a page. Text blocks are what the commands before
// them print.
type block struct {
	kind, text string
	line       int
}

var fenced = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

func blocks(page string) []block {
	var list []block
	for _, m := range fenced.FindAllStringSubmatchIndex(page, -1) {
		list = append(list, block{page[m[2]:m[3]], page[m[4]:m[5]], 2 + strings.Count(page[:m[0]], "\n")})
	}
	return list
}

// TestGuide runs every command of docs/guide.md, in order and in one shell, on
// ports of its own, and compares what they print with what the page says.
func TestGuide(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("docs", "guide.md"))
	if err != nil {
		t.Fatal(err)
	}
	built.Store(true)
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	moved, spillway := movedPorts(t, program)
	write(t, home, map[string]string{"bin/spillway": spillway})
	if err := os.Chmod(filepath.Join(home, "bin", "spillway"), 0o755); err != nil {
		t.Fatal(err)
	}
	all := blocks(string(page))
	// Whatever happens, what was started ends.
	script, n := "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n", 0
	for i, b := range all {
		if b.kind != "sh" {
			continue
		}
		n++
		script += fmt.Sprintf("echo '@@ %d'\n%s", i, b.text)
	}
	if n < 8 {
		t.Fatalf("the guide has %d blocks of commands", n)
	}
	script = moved.Replace(script)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash")
	cmd.Dir, cmd.Stdin = home, strings.NewReader(script)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"), "XDG_CONFIG_HOME="+filepath.Join(home, "config"), "HOME="+home, "SPILLWAY_TOKEN=", "SPILLWAY_READER_TOKEN=")
	for _, name := range []string{"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY"} {
		cmd.Env = append(cmd.Env, name+"=")
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		log, _ := os.ReadFile(filepath.Join(home, "serve.log"))
		t.Fatalf("%v\n%s\n%s", err, &out, log[max(0, len(log)-3000):])
	}
	printed := map[int]string{}
	for _, part := range strings.Split("\n"+out.String(), "\n@@ ")[1:] {
		number, text, _ := strings.Cut(part, "\n")
		i := 0
		if _, err := fmt.Sscan(number, &i); err != nil {
			t.Fatal(err)
		}
		printed[i] = text
	}
	checked := 0
	for i, b := range all {
		if b.kind != "text" {
			continue
		}
		checked++
		if got := printed[i-1]; !pattern(moved.Replace(b.text)).MatchString(got) {
			t.Errorf("docs/guide.md:%d says\n%s\nand the commands print\n%s", b.line, b.text, got)
		}
	}
	if checked < 5 {
		t.Errorf("the guide shows %d outputs", checked)
	}
}

// movedPorts puts what the guide runs on free ports: its texts, and a program
// that says so to the commands that take the default ones.
func movedPorts(t *testing.T, program string) (texts *strings.Replacer, spillway string) {
	t.Helper()
	at := freePorts(t, 7)
	var pairs []string
	port := map[string]int{}
	for i, old := range []string{"8080", "8081", "8090", "9100", "9101", "9102", "9103"} {
		port[old] = at + i
		pairs = append(pairs, "127.0.0.1:"+old, fmt.Sprintf("127.0.0.1:%d", at+i), "port: "+old, fmt.Sprintf("port: %d", at+i))
	}
	return strings.NewReplacer(pairs...), fmt.Sprintf(`#!/bin/sh
case "$1 ${2-}" in
"chat connect") exec %[1]q "$@" ;;
serve*) exec %[1]q "$@" -gateway 127.0.0.1:%[2]d -management 127.0.0.1:%[3]d -control 127.0.0.1:%[5]d ;;
chat*) exec %[1]q "$@" -listen 127.0.0.1:%[4]d ;;
validate*) exec %[1]q "$@" -chat 127.0.0.1:%[4]d ;;
*) exec %[1]q "$@" ;;
esac
`, program, port["8080"], port["8081"], port["8090"], port["9100"])
}

// pattern is a text of the guide as what fits it: numbers are any, "…" is
// anything, and lines may be broken elsewhere.
func pattern(text string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`^\s*`)
	number := regexp.MustCompile(`\d+(?:\\\.\d+)?`) // in what is quoted already
	for i, word := range strings.Fields(text) {
		if i > 0 {
			b.WriteString(`\s+`)
		}
		word = regexp.QuoteMeta(word)
		word = number.ReplaceAllLiteralString(word, `\d+(?:\.\d+)?`)
		b.WriteString(strings.ReplaceAll(word, "…", `[\s\S]*?`))
	}
	b.WriteString(`\s*$`)
	return regexp.MustCompile(b.String())
}
