// Package artifact loads a service from a folder, and writes it back: one
// folder a resource, one JSON file for its properties, bare XML files for
// policies, in the layouts that APIOps extracts (versions 4 to 7).
//
// # Loading
//
// Everything that is wrong is reported, all at once, with file and position.
// What the loader does not know is passed over, as APIOps does; only names that
// look like a mistyped part of the layout get a warning. A folder is opened by
// Open, under a root that nothing leaves: symbolic links that lead out, devices
// and pipes are refused, and files and sizes have limits.
//
// Beside the layout of APIOps, an operation of an API without a specification
// may be written by hand as apis/<api>/operations/<operation>/
// operationInformation.json, and users, external caches and schemas of APIs, which
// APIOps never extracts, have folders of the same shape.
//
// # Writing
//
// Write changes only what differs, file by file (written beside, synced,
// renamed), and keeps every property it does not know.
package artifact

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/source"
)

// SettingsFile is the file at a folder's root for what APIM has no word for.
const SettingsFile = "spillway.yaml"

// Options say how a folder is loaded. The zero Options are ready to use.
type Options struct {
	// Name is the service's name; "service" when empty.
	Name string
	// Configuration is the content of a configuration.<env>.yaml, laid over
	// the folder as APIOps' publisher does; nil for none.
	Configuration *source.File
	// Token gives what {#name#} in the configuration stands for. Without it,
	// or for a name it does not know, the token is a problem.
	Token func(name string) (string, bool)
	// Limits bound what is read; zero ones take their defaults.
	Limits Limits
}

// Limits bound what is read of a folder. Sizes are in bytes. How large a policy
// document may be is a setting in the folder itself, and so up to whoever
// compiles it.
type Limits struct {
	Files int   // entries of all folders together; default 50,000
	File  int64 // one file; default 16 MiB
	Total int64 // all files together; default 256 MiB
}

func (l *Limits) defaults() {
	l.Files = cmp.Or(l.Files, 50_000)
	l.File = cmp.Or(l.File, 16<<20)
	l.Total = cmp.Or(l.Total, 256<<20)
}

// Folder is a loaded folder.
type Folder struct {
	// Service is what the folder says. With errors it is what could be read,
	// good enough to check the rest of it but not to run.
	Service *apim.Service
	// Settings is spillway.yaml, unread; nil when there is none.
	Settings *source.File
	// Hash names the content: it changes when a file that was read changes,
	// comes or goes.
	Hash string
	// Files are the paths of the files that were read, in order.
	Files []string
}

// Generation is the short name of the content, for traces and logs.
func (f *Folder) Generation() string { return f.Hash[:12] }

// Load reads the folder. Problems are in the order of files and positions. The
// returned folder is never nil.
func Load(fsys fs.FS, o Options) (*Folder, source.Problems) {
	o.Limits.defaults()
	l := &loader{
		files:  &files{fsys: fsys, limits: o.Limits, read: map[string]*source.File{}, sums: map[string][]byte{}, listed: map[string][]fs.DirEntry{}},
		shown:  map[*source.File]*source.File{},
		broken: map[string]bool{},
	}
	l.files.report = l.add
	name := o.Name
	if name == "" {
		name = "service"
	}
	over := l.configuration(o)
	s := &apim.Service{Name: name}
	settings := l.files.text(SettingsFile, o.Limits.File)
	l.oldLayout()
	l.strangers("", serviceFolders)
	l.contents(&s.Contents, place{over: over})
	s.Users = load[apim.User](l, place{over: over}, users)
	for _, u := range s.Users {
		u.Groups = l.links("users/"+u.Name, userGroups)
	}
	s.Caches = load[apim.Cache](l, place{over: over}, caches)
	s.Gateways = load[apim.Gateway](l, place{over: over}, gateways)
	for _, g := range s.Gateways {
		g.APIs = l.links("gateways/"+g.Name, gatewayAPIs)
	}
	s.Workspaces = l.workspaces(over)
	l.check(s)
	over.unused(l)
	folder := &Folder{Service: s, Settings: settings, Hash: l.files.hash()}
	for path := range l.files.sums {
		folder.Files = append(folder.Files, path)
	}
	slices.Sort(folder.Files)
	return folder, l.sorted()
}

// loader is one run over a folder.
type loader struct {
	files *files
	// shown is, for files with secrets, the masked text that problems show.
	shown    map[*source.File]*source.File
	problems source.Problems
	// broken are the folders of resources that are there but could not be
	// read, so that a reference to one is no second problem.
	broken map[string]bool
}

// maxProblems is how many problems one run reports: more than anybody reads at
// once, fewer than a hostile folder could ask for.
const maxProblems = 500

func (l *loader) add(ps ...*source.Problem) {
	l.problems = append(l.problems, ps...)
}

// report notes an error at a place; the zero Origin is a problem of a file or
// folder as a whole.
func (l *loader) report(at apim.Origin, code, format string, args ...any) *source.Problem {
	p := &source.Problem{File: at.File, Span: at.Span, Code: code, Message: fmt.Sprintf(format, args...)}
	if code == "wrong-value" && l.wrongAlready(p) {
		return p
	}
	l.add(p)
	return p
}

// wrongAlready says whether the value at a place did not even decode: what is
// then found wrong with it is no news.
func (l *loader) wrongAlready(p *source.Problem) bool {
	return slices.ContainsFunc(l.problems, func(q *source.Problem) bool {
		return q.File != nil && p.File != nil && q.Span == p.Span && q.Severity == source.Error && q.File.Name() == p.File.Name()
	})
}

func (l *loader) warn(at apim.Origin, code, format string, args ...any) *source.Problem {
	p := l.report(at, code, format, args...)
	p.Severity = source.Warning
	return p
}

// folderOrigin is the place of a problem that a folder has as a whole.
func folderOrigin(path string) apim.Origin { return apim.Origin{File: source.NewFile(path, "")} }

// sorted are the problems in the order of files and positions, shown in texts
// without secrets.
func (l *loader) sorted() source.Problems {
	for _, p := range l.problems {
		if masked := l.shown[p.File]; masked != nil {
			p.File = masked
		}
	}
	problems, left := l.problems.Sort().Cap(maxProblems)
	if left > 0 {
		problems = append(problems, &source.Problem{Code: "too-many-problems", Message: fmt.Sprintf("%d more problems are not shown", left)})
	}
	return problems
}

// hash is over names, lengths and contents, so that no two trees share one by
// moving a boundary.
func (f *files) hash() string {
	paths := make([]string, 0, len(f.sums))
	for path := range f.sums {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	h := sha256.New()
	for _, path := range paths {
		fmt.Fprintf(h, "%d %s %x\n", len(path), path, f.sums[path])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// suggestion is a hint with the nearest of the names.
func suggestion(name string, names []string) string { return source.DidYouMean(name, names) }
