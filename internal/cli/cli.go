// Package cli holds the commands of the spillway binary, one file each.
//
// Results go to Stdout, everything else to Stderr with one prefix. Exit codes
// are 0 done, 1 found problems or failed, 2 usage or a set-up that cannot
// start.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// The exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// World is what a command may touch, so that tests run commands in process.
type World struct {
	Context context.Context
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Getenv  func(string) string
	// Program is how this binary was called, for lines to paste.
	Program string
	// ReadFile reads a file that an argument names.
	ReadFile func(string) ([]byte, error)
	// configDir is the user's configuration folder.
	configDir func() (string, error)
	// executable is the path of this binary, to start it once more.
	executable func() (string, error)
	// Terminal reports whether Stdout is one: colours and line editing.
	Terminal bool
}

// OS is the world of a real process. Its context ends at SIGINT or SIGTERM.
func OS() World {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal kills at once.
	context.AfterFunc(ctx, stop)
	return World{
		Context: ctx, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Program: os.Args[0], Getenv: os.Getenv, ReadFile: os.ReadFile, configDir: os.UserConfigDir, executable: os.Executable, Terminal: isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "",
	}
}

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// command is one verb of the binary.
type command struct {
	name  string
	short string
	run   func(w World, args []string) int
}

func commands() []command {
	return []command{
		{"demo", "everything on one machine: regions, gateway, sample service, chat", demo},
		{"serve", "run a service folder", serve},
		{"check", "compile everything and report every problem", check},
		{"fmt", "format policy documents", format},
		{"eval", "evaluate a policy expression", eval},
		{"test", "run scenario files on a virtual clock", test},
		{"trace", "send one request and tell its story", traceCommand},
		{"effective", "the effective policy of an operation", effective},
		{"chat", "the sample chat app", chatCommand},
		{"validate", "check a set-up step by step by what it does", validateCommand},
		{"provision", "create or check Azure OpenAI accounts in several regions", provisionCommand},
		{"simulate", "simulated Azure OpenAI regions alone", simulate},
		{"schema", "the JSON Schema of spillway.yaml", schema},
		{"version", "the version of this binary", version},
	}
}

const usage = `Spillway load-balances Azure OpenAI resources over regions by running
Azure API Management policy documents, anywhere.

Usage:

    spillway COMMAND [FLAGS] [ARGUMENTS]

Commands:

%s
Start with "spillway demo". "spillway COMMAND -h" explains a command.
`

// Main runs a command and returns the exit code.
func Main(args []string, w World) int {
	if len(args) == 0 {
		printUsage(w.Stderr)
		return exitUsage
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		printUsage(w.Stdout)
		return exitDone
	case "-version", "--version":
		return version(w, nil)
	}
	var names []string
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(w, args[1:])
		}
		names = append(names, c.name)
	}
	w.errorf("unknown command %q", args[0])
	w.hintf("commands are %s", strings.Join(names, ", "))
	return exitUsage
}

func printUsage(out io.Writer) {
	var b strings.Builder
	for _, c := range commands() {
		fmt.Fprintf(&b, "    %-10s %s\n", c.name, c.short)
	}
	fmt.Fprintf(out, usage, b.String())
}

// errorf writes one line to Stderr with the binary's prefix.
func (w World) errorf(format string, args ...any) {
	fmt.Fprintf(w.Stderr, "spillway: "+format+"\n", args...)
}

// hintf writes what to do about the error before it.
func (w World) hintf(format string, args ...any) {
	fmt.Fprintf(w.Stderr, "hint: "+format+"\n", args...)
}

// flags is a flag set that prints text, written by hand, as its usage. Its
// errors go through errorf.
func (w World) flags(name, text string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.String("h-text", text, "")
	return fs
}

// parse reads flags that may stand before, between and after the arguments,
// and returns the arguments. A negative code means go on.
func (w World) parse(fs *flag.FlagSet, args []string) (rest []string, code int) {
	text := fs.Lookup("h-text").DefValue
	for {
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprint(w.Stdout, text)
			return nil, exitDone
		case err != nil:
			w.errorf("%s: %v", fs.Name(), err)
			w.hintf("spillway %s -h explains its flags", fs.Name())
			return nil, exitUsage
		}
		left := fs.Args()
		if len(left) == 0 {
			return rest, -1
		}
		if n := len(args) - len(left); n > 0 && args[n-1] == "--" {
			return append(rest, left...), -1
		}
		rest = append(rest, left[0])
		args = left[1:]
	}
}
