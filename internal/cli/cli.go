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
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spillway-gateway/spillway/source"
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
		if len(args) == 1 {
			printUsage(w.Stdout)
			return exitDone
		}
		args = append(args[1:], "-h")
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
	w.hintNames(args[0], "commands", names)
	return exitUsage
}

func printUsage(out io.Writer) {
	var b strings.Builder
	for _, c := range commands() {
		fmt.Fprintf(&b, "    %-10s %s\n", c.name, c.short)
	}
	fmt.Fprintf(out, usage, b.String())
}

// errorf writes one line to Stderr with the binary's prefix. Of an error that is
// about a file it leaves out the system call, which tells nobody anything.
func (w World) errorf(format string, args ...any) {
	for i, a := range args {
		if e, ok := a.(*fs.PathError); ok { //nolint:errorlint // one that is wrapped has its place in a sentence
			args[i] = e.Path + ": " + e.Err.Error()
		}
	}
	fmt.Fprintf(w.Stderr, "spillway: "+format+"\n", args...)
}

// hintf writes what to do about the error before it.
func (w World) hintf(format string, args ...any) {
	fmt.Fprintf(w.Stderr, "hint: "+format+"\n", args...)
}

// hintNames says which name was meant, or, when none is near, which there are.
func (w World) hintNames(typed, what string, names []string) {
	switch near := source.DidYouMean(typed, names); {
	case near != "":
		w.hintf("%s", near)
	case len(names) == 0:
		w.hintf("there are no %s", what)
	default:
		w.hintf("the %s are %s", what, strings.Join(names, ", "))
	}
}

// flagSet is a command's flags. Its usage is a text written by hand.
type flagSet struct {
	*flag.FlagSet
	usage string
}

// flags are those of a command; their errors go through errorf.
func (w World) flags(name, usage string) *flagSet {
	set := &flagSet{flag.NewFlagSet(name, flag.ContinueOnError), usage}
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	return set
}

// parse reads flags that may stand before, between and after the arguments,
// and returns the arguments. A negative code means go on.
func (w World) parse(flags *flagSet, args []string) (rest []string, code int) {
	for {
		err := flags.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprint(w.Stdout, flags.usage)
			return nil, exitDone
		case err != nil:
			w.flagError(flags, err)
			return nil, exitUsage
		}
		left := flags.Args()
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

// flagError says what is wrong with a flag, and which one may have been meant.
func (w World) flagError(flags *flagSet, err error) {
	text := err.Error()
	if typed, unknown := strings.CutPrefix(text, "flag provided but not defined: -"); unknown {
		w.errorf("%s: there is no flag -%s", flags.Name(), typed)
		var names []string
		flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
		if near := source.Nearest(typed, names); near != "" {
			w.hintf("did you mean -%s?", near)
			return
		}
	} else {
		w.errorf("%s: %s", flags.Name(), strings.Replace(text, ": parse error", ": it takes a number", 1))
	}
	w.hintf("spillway %s -h explains its flags", flags.Name())
}
