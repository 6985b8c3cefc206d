package artifact

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Overlay is a folder with changes laid over it: what the folder will be when
// they have been applied.
type Overlay struct {
	// Base is the folder; nil for an empty one.
	Base    fs.FS
	Changes Changes
}

// Open implements fs.FS.
func (o *Overlay) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if content, changed := o.Changes[name]; changed {
		if content == nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return &overlaidFile{Reader: bytes.NewReader(content), info: overlaidInfo{name: path.Base(name), size: int64(len(content))}}, nil
	}
	entries, folder := o.entries(name)
	if !folder {
		if o.Base == nil || o.emptied(name) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return o.Base.Open(name)
	}
	return &overlaidFolder{info: overlaidInfo{name: path.Base(name), folder: true}, entries: entries}, nil
}

// Stat implements fs.StatFS; it never opens a file of the base.
func (o *Overlay) Stat(name string) (fs.FileInfo, error) {
	if _, changed := o.Changes[name]; !changed && o.Base != nil {
		if info, err := fs.Stat(o.Base, name); err == nil && !info.IsDir() {
			return info, nil
		}
	}
	f, err := o.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return f.Stat()
}

// entries are those of a folder; folder is false for what is none. Folders that
// hold nothing any more are not there.
func (o *Overlay) entries(name string) (list []fs.DirEntry, folder bool) {
	prefix := name + "/"
	if name == "." {
		prefix, folder = "", true
	}
	if o.Base != nil {
		if info, err := fs.Stat(o.Base, name); err == nil && info.IsDir() {
			list, _ = fs.ReadDir(o.Base, name)
			folder = folder || !o.emptied(name)
		}
	}
	list = slices.DeleteFunc(list, func(e fs.DirEntry) bool {
		full := prefix + e.Name()
		if _, changed := o.Changes[full]; changed {
			return true
		}
		return e.IsDir() && o.emptied(full)
	})
	for i, e := range list {
		if e.IsDir() { // it opens as one of ours
			list[i] = fs.FileInfoToDirEntry(overlaidInfo{name: e.Name(), folder: true})
		}
	}
	for changed, content := range o.Changes {
		rest, below := strings.CutPrefix(changed, prefix)
		if !below || content == nil {
			continue
		}
		folder = true
		first, _, deeper := strings.Cut(rest, "/")
		if !slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == first }) {
			info := overlaidInfo{name: first, size: int64(len(content))}
			if deeper {
				info = overlaidInfo{name: first, folder: true}
			}
			list = append(list, fs.FileInfoToDirEntry(info))
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, folder
}

// emptied reports whether changes take everything out of a folder of the base.
func (o *Overlay) emptied(name string) bool {
	touched := false
	for changed, content := range o.Changes {
		if strings.HasPrefix(changed, name+"/") {
			if content != nil {
				return false
			}
			touched = true
		}
	}
	if !touched || o.Base == nil {
		return touched
	}
	empty := true
	_ = fs.WalkDir(o.Base, name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // what cannot be read is found again when it is loaded
		}
		if _, changed := o.Changes[p]; !changed {
			empty = false
			return fs.SkipAll
		}
		return nil
	})
	return empty
}

type overlaidFile struct {
	*bytes.Reader
	info overlaidInfo
}

func (f *overlaidFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *overlaidFile) Close() error               { return nil }

type overlaidFolder struct {
	info    overlaidInfo
	entries []fs.DirEntry
}

func (f *overlaidFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *overlaidFolder) Read([]byte) (int, error)   { return 0, io.EOF }
func (f *overlaidFolder) Close() error               { return nil }

// ReadDir implements fs.ReadDirFile.
func (f *overlaidFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.entries) {
		n = len(f.entries)
	}
	some := f.entries[:n]
	f.entries = f.entries[n:]
	return some, nil
}

type overlaidInfo struct {
	name   string
	size   int64
	folder bool
}

func (i overlaidInfo) Name() string       { return i.name }
func (i overlaidInfo) Size() int64        { return i.size }
func (i overlaidInfo) ModTime() time.Time { return time.Time{} }
func (i overlaidInfo) IsDir() bool        { return i.folder }
func (i overlaidInfo) Sys() any           { return nil }

func (i overlaidInfo) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
