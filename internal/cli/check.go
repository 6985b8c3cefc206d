package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

const checkUsage = `Usage: spillway check [-loose] [-strict] [-json] PATH ...

Compiles everything and reports every problem with its place.

PATH is a service folder, and problems name its files as it does; of several
folders they name the folder, too. With -loose it is policy documents, or folders of
them, that belong to no service: an unknown {{name}} then stands for some text,
and unknown fragments and backends are taken as given.

    -loose   check documents by themselves
    -strict  report warnings as errors
    -json    print one JSON object a problem, to standard output
    -configuration FILE  lay a publisher's configuration.<env>.yaml over the folder

Secrets that come from the environment need not be there. Exit code 1 means
that there were errors.
`

// check is the check command.
func check(w World, args []string) int {
	fs := w.flags("check", checkUsage)
	loose := fs.Bool("loose", false, "")
	strict := fs.Bool("strict", false, "")
	asJSON := fs.Bool("json", false, "")
	configuration := fs.String("configuration", "", "")
	paths, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	if len(paths) == 0 {
		w.errorf("check: a service folder is needed, or -loose with policy documents")
		return exitUsage
	}
	if *configuration != "" && (*loose || len(paths) > 1) {
		w.errorf("check: -configuration is for one service folder")
		return exitUsage
	}
	var problems source.Problems
	if *loose {
		found, err := w.checkLoose(paths)
		if err != nil {
			w.errorf("check: %v", err)
			return exitUsage
		}
		problems = found
	} else {
		for _, dir := range paths {
			found, err := w.checkFolder(dir, *configuration)
			if err != nil {
				w.errorf("check: %v", err)
				return exitUsage
			}
			if len(paths) > 1 {
				found = found.Below(dir)
			}
			problems = append(problems, found...)
		}
	}
	if *strict {
		for _, p := range problems {
			p.Severity = source.Error
		}
	}
	return w.report(problems, *asJSON)
}

// report prints problems, as many as help a person or, for machines, all of
// them, and gives the exit code.
func (w World) report(problems source.Problems, asJSON bool) int {
	if asJSON {
		enc := json.NewEncoder(w.Stdout)
		enc.SetEscapeHTML(false)
		for _, p := range problems {
			if err := enc.Encode(p); err != nil {
				w.errorf("%v", err)
				return exitFailed
			}
		}
	} else {
		shown, left := problems.Cap(source.MaxProblems)
		fmt.Fprint(w.Stderr, shown.Draw())
		if left > 0 {
			fmt.Fprintf(w.Stderr, "… and %d more\n", left)
		}
		errors := len(problems.Errors())
		if n := len(problems); n > 0 {
			fmt.Fprintf(w.Stderr, "%s, %s\n", plural(errors, "error"), plural(n-errors, "warning"))
		}
	}
	if problems.HasErrors() {
		return exitFailed
	}
	return exitDone
}

func plural(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return strconv.Itoa(n) + " " + word
}

// checkFolder compiles a service folder as serve would, with stand-ins for the
// values that only a running service has.
func (w World) checkFolder(dir, configuration string) (source.Problems, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return nil, fmt.Errorf("%s is a file; -loose checks single documents", dir)
	}
	root, err := artifact.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	var overrides *source.File
	if configuration != "" {
		data, err := w.ReadFile(configuration)
		if err != nil {
			return nil, err
		}
		overrides = source.NewFile(configuration, string(data))
	}
	l, problems := loadForReading(root, dir, overrides)
	if len(l.Folder.Files) == 0 && len(problems) == 0 {
		// It is a service, an empty one, but hardly what was meant.
		problems = append(problems, &source.Problem{
			Severity: source.Warning, Code: "empty-folder", Message: "there is nothing of a service in " + dir,
			Hint: "name the folder that holds apis, backends or policy.xml; -loose checks policy documents alone",
		})
	}
	return problems, nil
}

// loadForReading compiles a service folder that is looked at and not run: what
// the environment, files, vaults and regions would give is the same for all.
func loadForReading(root *artifact.Root, dir string, configuration *source.File) (*service.Loaded, source.Problems) {
	const standIn = "stand-in"
	world := service.World{
		Env:      func(string) (string, bool) { return standIn, true },
		File:     func(string) ([]byte, error) { return []byte(standIn), nil },
		StandIns: true,
		Region:   func(string) (string, []string, bool) { return "http://127.0.0.1:1", []string{standIn, standIn}, true },
		Vault: func(_ settings.Azure, _ map[string]string, refs []apim.KeyVaultSecret) ([]string, []error) {
			return slices.Repeat([]string{standIn}, len(refs)), make([]error, len(refs))
		},
		Configuration: configuration,
	}
	return service.Load(root, filepath.Base(dir), world, gateway.Settings{Policies: policy.Options{Language: server.Language()}})
}

// checkLoose checks documents that belong to no service.
func (w World) checkLoose(paths []string) (source.Problems, error) {
	files, err := filesAt(paths, ".xml")
	if err != nil {
		return nil, err
	}
	var docs []*apim.Document
	var problems source.Problems
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text, _, problem := markup.Decode(name, data)
		if problem != nil {
			problems = append(problems, problem)
			continue
		}
		docs = append(docs, &apim.Document{Format: apim.RawXML, File: source.NewFile(name, text)})
	}
	problems = append(problems, policy.Check(docs, policy.Options{
		Kinds: builtin.Kinds(builtin.Services{}), Language: server.Language(), Loose: true,
	})...)
	return problems.Sort(), nil
}
