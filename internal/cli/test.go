package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/script"
)

const testUsage = `Usage: spillway test [-v] [-update] DIR [SCENARIO ...]

Runs scenarios against a service folder: requests through its policies to
simulated regions, on a clock that nobody waits for. SCENARIO is a txtar file or
a folder of them; DIR/scenarios unless given.

    -v       say what each scenario came to
    -update  let cmp write what it got

The verbs are sample, load, send, wait, change, fault, advance, mark, reset,
expect and cmp; docs/scenarios.md explains them. A scenario touches nothing of this
machine. Exit code 1 means that one failed.
`

// test is the test command.
func test(w World, args []string) int {
	flags := w.flags("test", testUsage)
	verbose := flags.Bool("v", false, "")
	update := flags.Bool("update", false, "")
	rest, code := w.parse(flags, args)
	if code >= 0 {
		return code
	}
	if len(rest) == 0 {
		w.errorf("test: a service folder is needed")
		return exitUsage
	}
	root, err := artifact.Open(rest[0])
	if err != nil {
		w.errorf("test: %v", err)
		return exitUsage
	}
	defer func() { _ = root.Close() }()
	paths := rest[1:]
	if len(paths) == 0 {
		paths = []string{filepath.Join(rest[0], "scenarios")}
	}
	files, err := filesAt(paths, ".txtar")
	if err != nil && (len(rest) > 1 || !errors.Is(err, fs.ErrNotExist)) {
		w.errorf("test: %v", err)
		return exitUsage
	}
	if len(files) == 0 {
		w.errorf("test: there is no scenario in %s", strings.Join(paths, ", "))
		w.hintf("a scenario is a .txtar file; docs/scenarios.md shows how one is written")
		return exitUsage
	}
	failed := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			w.errorf("test: %v", err)
			return exitUsage
		}
		o := script.Options{Sample: examples.FS, Folder: root}
		if *update {
			o.Update = func(file, text string) { data = script.Replace(data, file, text) }
		}
		before := string(data)
		result, err := script.Run(name, data, o)
		if string(data) != before {
			if err := replaceFile(name, string(data)); err != nil {
				w.errorf("test: %v", err)
				return exitFailed
			}
		}
		var f *script.Failure
		switch {
		case errors.As(err, &f):
			failed++
			fmt.Fprintf(w.Stdout, "FAIL %s:%d: %s\n", name, f.Line, f.Verb)
			for line := range strings.SplitSeq(strings.TrimRight(f.Message, "\n"), "\n") {
				fmt.Fprintf(w.Stdout, "     %s\n", line)
			}
		case err != nil:
			failed++
			fmt.Fprintf(w.Stdout, "FAIL %s: %v\n", name, err)
		case *verbose:
			fmt.Fprintf(w.Stdout, "ok   %s (%d requests in %s)\n", name, result.Requests, result.Took.Round(time.Millisecond))
		}
	}
	fmt.Fprintf(w.Stdout, "%d passed, %d failed\n", len(files)-failed, failed)
	if failed > 0 {
		return exitFailed
	}
	return exitDone
}
