package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
)

// Changes are files of a folder that get a new content, by their paths; nil
// takes a file away.
type Changes map[string][]byte

// PrivateFolder holds what a running service keeps beside its folder's files:
// no part of the layout, not for version control, its files readable by their
// owner alone.
const PrivateFolder = ".spillway"

// journalFile holds changes of several files while they are being made.
const journalFile = PrivateFolder + "/journal.json"

// Diff is the changes that turn the files of one service into those of
// another. before was loaded from base (known are the files that were read
// then) and may be incomplete, where files could not be read: only files that
// the two services write differently are touched. Files beside a removed
// information file go with it.
func Diff(base fs.FS, known []string, before, after *apim.Service) (Changes, error) {
	was, err := render(before)
	if err != nil {
		return nil, err
	}
	now, err := render(after)
	if err != nil {
		return nil, err
	}
	changes := Changes{}
	for name, w := range now {
		if old, ok := was[name]; ok && same(old, w) {
			continue
		}
		content, changed, err := w.over(base, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if changed {
			changes[name] = content
		}
	}
	for name := range was {
		if _, wanted := now[name]; wanted {
			continue
		}
		changes[name] = nil
		if !strings.HasSuffix(name, "Information.json") {
			continue
		}
		for _, other := range known {
			if _, wanted := now[other]; !wanted && strings.HasPrefix(other, path.Dir(name)+"/") {
				changes[other] = nil
			}
		}
	}
	return changes, nil
}

func same(a, b want) bool {
	if a.node == nil || b.node == nil {
		return a.node == b.node && a.text == b.text
	}
	return string(a.node.JSON()) == string(b.node.JSON())
}

// ordered are the paths in an order in which every state in between can be
// loaded: what is made, from the top down; then what goes, from the bottom up.
func (c Changes) ordered() []string {
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	rank := func(name string) int {
		information := 0
		if strings.HasSuffix(name, "Information.json") {
			information = 1
		}
		depth := 2*strings.Count(name, "/") - information
		if c[name] == nil {
			return 1000 - depth
		}
		return depth
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// Apply makes the changes in a folder, which it makes when it does not exist.
// Each file is complete at any moment, and of several files either all or none
// are changed: should the process or the machine stop in between, Recover
// finishes what was begun. After an error the folder is as it was, as far as it
// can still be written to.
func Apply(dir string, c Changes) (err error) {
	if len(c) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the service folder: %w", err)
	}
	root, err := Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.private(c); err != nil {
		return err
	}
	before, err := root.contents(c)
	if err != nil {
		return err
	}
	if len(c) == 1 {
		return root.apply(c)
	}
	journal, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := put(root, journalFile, journal, 0o600); err != nil {
		return fmt.Errorf("noting the changes: %w", err)
	}
	failed := root.apply(c)
	if failed != nil {
		failed = errors.Join(failed, root.apply(before))
	}
	return errors.Join(failed, root.root.Remove(filepath.FromSlash(journalFile)))
}

// contents are the files as they are before they are changed.
func (r *Root) contents(c Changes) (Changes, error) {
	before := Changes{}
	for name := range c {
		content, err := fs.ReadFile(r, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			before[name] = nil
		case err != nil:
			return nil, fmt.Errorf("reading %s: %w", name, err)
		case content == nil:
			before[name] = []byte{}
		default:
			before[name] = content
		}
	}
	return before, nil
}

// private makes the private folder, with the file that keeps it out of git.
func (r *Root) private(c Changes) error {
	needed := len(c) > 1
	for name := range c {
		needed = needed || strings.HasPrefix(name, PrivateFolder+"/")
	}
	if !needed {
		return nil
	}
	if err := r.root.MkdirAll(PrivateFolder, 0o700); err != nil {
		return fmt.Errorf("making the private folder: %w", err)
	}
	ignore := PrivateFolder + "/.gitignore"
	if _, err := r.root.Stat(ignore); err == nil {
		return nil
	}
	return put(r, ignore, []byte("*\n"), 0o644)
}

func (r *Root) apply(c Changes) error {
	for _, name := range c.ordered() {
		content := c[name]
		var err error
		if content == nil {
			err = remove(r, name)
		} else {
			mode := os.FileMode(0o644)
			if strings.HasPrefix(name, PrivateFolder+"/") {
				mode = 0o600
			}
			err = put(r, name, content, mode)
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// Recover finishes changes of a folder that were begun and not finished. It
// reports whether there were any. A folder that does not exist has none.
func Recover(dir string) (recovered bool, err error) {
	root, err := Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	recovered, err = root.recover()
	if err != nil {
		return false, fmt.Errorf("finishing an interrupted write: %w", err)
	}
	return recovered, nil
}

func (r *Root) recover() (recovered bool, err error) {
	data, err := fs.ReadFile(r, journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var c Changes
	if err := json.Unmarshal(data, &c); err != nil {
		return false, fmt.Errorf("%s: %w", journalFile, err)
	}
	for name := range c {
		if !fs.ValidPath(name) {
			return false, fmt.Errorf("%s: %q is no path of the folder", journalFile, name)
		}
	}
	if err := r.apply(c); err != nil {
		return false, err
	}
	return true, r.root.Remove(filepath.FromSlash(journalFile))
}
