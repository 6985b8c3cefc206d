package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// filesAt are the files among paths, and those below the folders among them
// whose names end in extension, in the order of their names. Hidden folders are
// passed over.
func filesAt(paths []string, extension string) ([]string, error) {
	var files []string
	for _, p := range paths {
		st, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			files = append(files, p)
			continue
		}
		err = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && path != p && strings.HasPrefix(d.Name(), "."):
				return filepath.SkipDir
			case d.Type().IsRegular() && strings.EqualFold(filepath.Ext(path), extension):
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// replaceFile puts text in place of a file's content at once: whoever reads it
// sees the old text or the new one. The file keeps its mode.
func replaceFile(name, text string) error {
	st, err := os.Stat(name)
	if err != nil {
		return err
	}
	return writeFile(name, text, st.Mode().Perm())
}

// writeSecret writes a file that its owner alone reads, whole or not at all, and
// makes the folder that it is in.
func writeSecret(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return writeFile(name, text, 0o600)
}

// writeFile writes beside the file and renames.
func writeFile(name, text string, mode os.FileMode) error {
	beside, err := os.CreateTemp(filepath.Dir(name), ".spillway-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(beside.Name()) }() // there no more when all went well
	if _, err = beside.WriteString(text); err == nil {
		err = beside.Sync()
	}
	if closing := beside.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(beside.Name(), mode)
	}
	if err != nil {
		return err
	}
	return os.Rename(beside.Name(), name)
}
