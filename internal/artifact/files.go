package artifact

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// Root is a folder of the machine as a file system that nothing leaves.
type Root struct{ root *os.Root }

// Open opens a folder for Load. Whoever opened it closes it.
func Open(dir string) (*Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the service folder: %w", err)
	}
	return &Root{root}, nil
}

// Close releases the folder.
func (r *Root) Close() error { return r.root.Close() }

// Open opens a file for reading. It never waits for the other end of a pipe.
func (r *Root) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return r.root.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
}

// Stat follows links as long as they stay inside.
func (r *Root) Stat(name string) (fs.FileInfo, error) { return r.root.Stat(name) }

// files reads a folder carefully and remembers what it read.
type files struct {
	fsys   fs.FS
	limits Limits
	report func(...*source.Problem)

	entries int
	total   int64
	read    map[string]*source.File // nil for what was looked for and is not there
	sums    map[string][]byte
	listed  map[string][]fs.DirEntry
	full    bool
}

func (f *files) problem(name, code, format string, args ...any) *source.Problem {
	p := &source.Problem{File: source.NewFile(name, ""), Code: code, Message: fmt.Sprintf(format, args...)}
	f.report(p)
	return p
}

// list are the entries of a folder, sorted by name; none when there is no such
// folder.
func (f *files) list(dir string) []fs.DirEntry {
	if dir == "" {
		dir = "."
	}
	if entries, ok := f.listed[dir]; ok {
		return entries
	}
	f.listed[dir] = nil
	info, err := fs.Stat(f.fsys, dir)
	if err != nil || !info.IsDir() {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.problem(dir, "unreadable", "the folder cannot be opened: %s", reason(err))
		}
		return nil
	}
	entries, err := f.entriesOf(dir)
	if err != nil {
		f.problem(dir, "unreadable", "the folder cannot be read: %s", reason(err))
		return nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	f.listed[dir] = entries
	return entries
}

// entriesOf reads a folder in pieces, so that one with a million entries ends
// at the limit.
func (f *files) entriesOf(dir string) ([]fs.DirEntry, error) {
	d, err := f.fsys.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	reader, ok := d.(fs.ReadDirFile)
	if !ok {
		return nil, errors.New("it is no folder")
	}
	var all []fs.DirEntry
	for {
		some, err := reader.ReadDir(1000)
		all = append(all, some...)
		f.entries += len(some)
		switch {
		case f.entries > f.limits.Files:
			if !f.full {
				f.full = true
				f.problem(dir, "too-many-files", "the folders hold more than %d entries", f.limits.Files)
			}
			return nil, nil
		case errors.Is(err, io.EOF), err == nil && len(some) == 0:
			return all, nil
		case err != nil:
			return nil, err
		}
	}
}

// folders are the names of the folders in a folder, sorted. Two that differ
// only in case are a problem: on some machines they are one.
func (f *files) folders(dir string) []string {
	var names []string
	for _, e := range f.list(dir) {
		if !e.IsDir() && e.Type()&fs.ModeSymlink == 0 || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := fs.Stat(f.fsys, path.Join(dir, e.Name()))
			if err != nil {
				f.problem(path.Join(dir, e.Name()), "symlink", "the link leads nowhere, or out of the service folder, and is not followed")
				continue
			}
			if !info.IsDir() {
				continue
			}
		}
		names = append(names, e.Name())
	}
	var unique []string
	for _, name := range names {
		i := slices.IndexFunc(unique, func(u string) bool { return strings.EqualFold(u, name) })
		if i >= 0 {
			f.problem(path.Join(dir, name), "case-collision", "%q and %q differ only in case, and names are compared without it", unique[i], name)
			continue
		}
		unique = append(unique, name)
	}
	return unique
}

// has reports whether a folder holds an entry of that name, whatever it is.
func (f *files) has(dir, name string) bool {
	return slices.ContainsFunc(f.list(dir), func(e fs.DirEntry) bool { return e.Name() == name })
}

// text is a file's text, or nil when there is none or it cannot be read, which
// is then reported.
func (f *files) text(name string, limit int64) *source.File {
	if file, ok := f.read[name]; ok {
		return file
	}
	f.read[name] = nil
	dir, base := path.Split(name)
	if !f.has(strings.TrimSuffix(dir, "/"), base) {
		return nil
	}
	content, err := f.content(name, limit)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(content)
	f.sums[name] = sum[:]
	file := source.NewFile(name, decodeUTF16(content))
	f.read[name] = file
	return file
}

var errReported = errors.New("reported")

// content reads a regular file, up to the limits. It looks before it opens, so
// that a pipe is not opened at all, and again after, because the file may have
// been exchanged in between.
func (f *files) content(name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(f.fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.problem(name, "symlink", "the link leads nowhere")
		return nil, errReported
	case err != nil:
		f.problem(name, "symlink", "the file cannot be opened within the service folder: %s", reason(err))
		return nil, errReported
	}
	file, err := f.regular(name, info)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		f.problem(name, "unreadable", "the file cannot be read: %s", reason(err))
		return nil, errReported
	}
	if int64(len(content)) > limit {
		f.problem(name, "too-large", "the file is larger than %s", size(limit))
		return nil, errReported
	}
	if f.total += int64(len(content)); f.total > f.limits.Total {
		f.problem(name, "too-large", "the files together are larger than %s", size(f.limits.Total))
		return nil, errReported
	}
	return content, nil
}

func (f *files) regular(name string, info fs.FileInfo) (fs.File, error) {
	if info.Mode().IsRegular() {
		file, err := f.fsys.Open(name)
		if err != nil {
			f.problem(name, "unreadable", "the file cannot be opened: %s", reason(err))
			return nil, errReported
		}
		if info, err = file.Stat(); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
		_ = file.Close()
	}
	f.problem(name, "not-regular", "this is no regular file, and is not read")
	return nil, errReported
}

// reason is an error without the path, which the problem names already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// size is a number of bytes as settings write it.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// decodeUTF16 makes UTF-8 of a text whose byte-order mark says that it is
// UTF-16: editors on Windows save policies so.
func decodeUTF16(content []byte) string {
	if len(content) < 2 || len(content)%2 != 0 {
		return string(content)
	}
	var low, high int
	switch {
	case content[0] == 0xff && content[1] == 0xfe:
		low, high = 0, 1
	case content[0] == 0xfe && content[1] == 0xff:
		low, high = 1, 0
	default:
		return string(content)
	}
	units := make([]uint16, 0, len(content)/2)
	for i := 2; i < len(content); i += 2 {
		units = append(units, uint16(content[i+low])|uint16(content[i+high])<<8)
	}
	return string(utf16.Decode(units))
}

// parse reads a JSON or YAML file. The tree's nodes and the problems show a
// text in which secrets are masked.
func (l *loader) parse(f *source.File) *tree.Node {
	n, problems := tree.Parse(f)
	l.add(problems...)
	if len(problems) > 0 {
		// What stands under a name that occurs twice is no part of the tree.
		l.shown[f] = tree.MaskedWords(f, layoutWords)
		return n
	}
	if masked := tree.Masked(f, n, sensitive); masked != f {
		l.shown[f] = masked
	}
	return n
}

// display is the file as it may be shown.
func (l *loader) display(f *source.File) *source.File {
	if masked := l.shown[f]; masked != nil {
		return masked
	}
	return f
}
