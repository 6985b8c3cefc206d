package server

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/store"
)

const (
	// settle is how long two looks at a folder are apart that must agree: a file
	// half written is looked at again.
	settle = 60 * time.Millisecond
	// poll is how often a folder is looked at when nothing was reported:
	// network and container file systems report nothing.
	poll = 2 * time.Second
)

// watch calls changed at once and whenever the content of dir has come to rest in
// a new state, until ctx ends; readable is told when dir can no longer be read,
// and when it can again. It looks at names, sizes and times, never at contents.
// dir may be a symbolic link, as deployments have it that exchange a whole folder
// by turning a link: what it leads to is looked at, and whether it leads elsewhere.
func watch(ctx context.Context, dir string, log *slog.Logger, changed func(), readable func(bool)) {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole // events name paths below it, which "." would not tell from those beside
	}
	events := make(chan struct{}, 1)
	poke := func() {
		select {
		case events <- struct{}{}:
		default:
		}
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("the folder is polled: changes cannot be watched", "error", err.Error())
	} else {
		defer func() { _ = w.Close() }()
		follow(w, dir)
		go func() {
			for {
				select {
				case e, ok := <-w.Events:
					if !ok {
						return
					}
					if !beside(dir, e.Name) {
						poke()
					}
				case _, ok := <-w.Errors:
					if !ok {
						return
					}
					poke()
				}
			}
		}()
	}
	seen := look(dir)
	changed() // it may have done so since it was loaded
	tick := time.NewTicker(poll)
	defer tick.Stop()
	gone, missing := false, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
		case <-tick.C:
		}
		now := look(dir)
		if now == seen && !gone {
			continue
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(settle):
			}
			again := look(dir)
			if again == now {
				break
			}
			now = again
		}
		if now == "" {
			// The folder is gone: what it last said goes on.
			gone = true
			readable(false)
			if time.Since(missing) > time.Minute {
				missing = time.Now()
				log.Error("the folder cannot be read; the last good service goes on", "folder", dir)
			}
			continue
		}
		seen, gone = now, false
		readable(true)
		if w != nil {
			follow(w, dir)
		}
		changed()
	}
}

// beside reports whether a path lies next to dir: what happens there is told of
// where dir is a link, and says nothing about it.
func beside(dir, path string) bool {
	return path != dir && filepath.Dir(path) == filepath.Dir(dir)
}

// follow watches the folder and all below it; of a link, where it leads, and the
// link itself. Adding one twice does nothing.
func follow(w *fsnotify.Watcher, dir string) {
	target, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return
	}
	if target != dir {
		_ = w.Add(filepath.Dir(dir))
	}
	dir = target
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // what cannot be read cannot be watched
		}
		if hidden(d.Name()) && path != dir {
			if d.Name() == artifact.PrivateFolder {
				_ = w.Add(path) // for the secrets
			}
			return filepath.SkipDir
		}
		_ = w.Add(path)
		return nil
	})
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// look is a digest of the folder's names, sizes and times; "" when it cannot be
// read, or is no folder any more.
func look(dir string) string {
	h := sha256.New()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return ""
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == dir && !d.IsDir():
			return fs.ErrInvalid
		}
		if hidden(d.Name()) && path != dir {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		st, err := os.Stat(path)
		if err != nil {
			return nil //nolint:nilerr // a file that has just gone
		}
		fmt.Fprintf(h, "%s %d %d\n", path, st.Size(), st.ModTime().UnixNano())
		return nil
	})
	if err != nil {
		return ""
	}
	// Secrets are hidden and part of the service all the same: another command may
	// have put a new key there.
	if st, err := os.Stat(filepath.Join(dir, filepath.FromSlash(store.SecretsFile))); err == nil {
		fmt.Fprintf(h, "secrets %d %d\n", st.Size(), st.ModTime().UnixNano())
	}
	return string(h.Sum(nil))
}
