package server

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/store"
)

// snapshotFile is where the last good state of the service folder is kept, outside
// of the folder: that may be read-only, or somebody's repository. It is empty when
// none is wanted, or there is no place for it.
func (p *process) snapshotFile() string {
	if p.config.Dir == "" || p.config.NoSnapshot || p.config.ConfigDir == nil {
		return ""
	}
	dir, err := runningFolder(p.config.ConfigDir)
	if err != nil {
		return ""
	}
	whole, err := filepath.Abs(p.config.Dir)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(whole))
	return filepath.Join(dir, "last-good-"+hex.EncodeToString(sum[:6])+".zip")
}

// snapshots keeps the folder of each service that it is told of, the newest first,
// until done is closed. It works beside the requests and the writes.
func (p *process) snapshots(done <-chan struct{}) {
	for {
		select {
		case l := <-p.good:
			p.keep(l)
		case <-done:
			select {
			case l := <-p.good:
				p.keep(l)
			default:
			}
			return
		}
	}
}

// compiled tells snapshots of a service that is in force now.
func (p *process) compiled(l *service.Loaded) {
	if len(l.Folder.Files) == 0 {
		return
	}
	for {
		select {
		case p.good <- l:
			return
		default:
		}
		select {
		case <-p.good: // an older one that nobody has kept yet
		default:
		}
	}
}

func (p *process) keep(l *service.Loaded) {
	name := p.snapshotFile()
	if name == "" {
		return
	}
	if err := p.snapshot(name, l.Folder); err != nil {
		p.log.Logger().Warn("the last good service is not kept for a start with a broken folder", "file", name, "error", err.Error())
	}
}

// snapshot puts a folder's files into an archive. When the folder is no longer what
// it was when it was loaded, nothing is kept: the next load brings another one.
func (p *process) snapshot(name string, folder *artifact.Folder) error {
	root, err := artifact.Open(p.config.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, path := range append(folder.Files[:len(folder.Files):len(folder.Files)], store.SecretsFile, profileFile) {
		content, err := fs.ReadFile(root, path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		f, err := w.Create(path)
		if err != nil {
			return err
		}
		if _, err := f.Write(content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, b.Bytes()) {
		return nil
	}
	archive, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return err
	}
	if again, _ := artifact.Load(archive, artifact.Options{Configuration: p.config.Configuration, Token: p.config.Env}); again.Hash != folder.Hash {
		return nil
	}
	return replaceFile(name, b.Bytes())
}

// replaceFile writes a file of its owner alone, as a whole or not at all.
func replaceFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".last-good-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// lastGood puts the last good service in force, where one was kept, because the
// folder does not compile. The folder stays what it is: writes and reloads start
// from it.
func (p *process) lastGood() bool {
	name := p.snapshotFile()
	if name == "" {
		return false
	}
	st, err := os.Stat(name)
	if err != nil {
		return false
	}
	l, profile, err := p.thaw(name)
	if err != nil {
		p.log.Logger().Error("the last good service cannot be used", "file", name, "error", err.Error())
		return false
	}
	folder, found := p.last, p.found.Load()
	p.publish(l, profile)
	p.last = folder
	p.found.Store(found)
	p.metrics.Older()
	p.older = st.ModTime()
	p.log.Logger().Error("the folder does not compile; the last good service is served", "folder", p.config.Dir, "of", st.ModTime().UTC().Format(time.RFC3339), "generation", l.Service.Generation())
	return true
}

func (p *process) thaw(name string) (*service.Loaded, []byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	l, problems := service.Load(archive, cmp.Or(p.config.Name, "spillway"), p.world(), p.options)
	if l.Service == nil {
		return nil, nil, fmt.Errorf("it does not compile any more: %w", problems.Errors()[0])
	}
	profile, err := fs.ReadFile(archive, profileFile)
	if err != nil {
		profile = nil
	}
	return l, profile, nil
}
