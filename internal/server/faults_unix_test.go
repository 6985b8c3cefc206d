//go:build unix

package server

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fullDisk is the environment of a process that cannot write large files.
const fullDisk = "SPILLWAY_TEST_FULL_DISK"

// TestFullDisk writes, again and again, what there is no room for: each write is
// refused as such, no file is cut, nothing is left behind, and calls go on. A
// limit of the process on the size of files stands for the disk, since it ends a
// write as a full disk does, in the middle.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		writeToFullDisk(t, dir)
		return
	}
	dir := sampleFolder(t)
	before := content(t, dir)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.count=1")
	cmd.Env = append(os.Environ(), fullDisk+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	after := content(t, dir)
	for name, text := range after {
		if old, ok := before[name]; !ok && !strings.HasPrefix(name, "named values/v") && !strings.HasPrefix(name, ".spillway/") {
			t.Errorf("%s was left behind", name)
		} else if ok && old != text {
			t.Errorf("%s has changed", name)
		}
		if strings.HasSuffix(name, ".json") && !json.Valid([]byte(text)) {
			t.Errorf("%s is cut:\n%s", name, text)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
}

// content is the files below a folder with their texts.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		relative, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(relative)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func writeToFullDisk(t *testing.T, dir string) {
	c := config(t, dir)
	r := run(t, c)
	x := r.traffic(2, nil)
	defer x.stop()
	x.more(5)
	const room = 32 << 10
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: room, Max: room}); err != nil {
		t.Fatal(err)
	}
	policy, _ := r.call("GET", apiPath+"/policies/policy?format=rawxml", "").at("properties", "value").(string)
	large := policy + "<!-- " + strings.Repeat("x", room) + " -->"
	for i := range 100 {
		r.call("PUT", apiPath+"/policies/policy", properties("format", "rawxml", "value", large)).want(t, 507, "StorageFull")
		if t.Failed() {
			t.Fatalf("round %d", i)
		}
	}
	if got := r.call("GET", apiPath+"/policies/policy?format=rawxml", "").at("properties", "value"); got != policy {
		t.Errorf("the policy is now %v", got)
	}
	// What there is room for is written as ever.
	r.call("PUT", "/namedValues/v", properties("displayName", "v", "value", "x")).want(t, 201)
	x.more(20)
	x.stop()
}

// A folder that becomes a file, or a link that leads nowhere, is a folder that is
// gone: what is in force goes on, until there is a folder again.
func TestFolderUnreadable(t *testing.T) {
	t.Parallel()
	for what, instead := range map[string]func(name string) error{
		"a file":            func(name string) error { return os.WriteFile(name, []byte("x"), 0o600) },
		"a link to nothing": func(name string) error { return os.Symlink(name+"-nowhere", name) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := run(t, config(t, sampleFolder(t)))
			x := r.traffic(1, nil)
			defer x.stop()
			away := r.dir + "-away"
			if err := errors.Join(os.Rename(r.dir, away), instead(r.dir)); err != nil {
				t.Fatal(err)
			}
			within(t, 30*time.Second, "config_last_load_ok 0", func() bool { return r.metric("config_last_load_ok") == 0 })
			r.call("PUT", "/namedValues/v", properties("displayName", "v", "value", "x")).want(t, 500, "StorageFailed")
			x.more(10)
			if err := errors.Join(os.Remove(r.dir), os.Rename(away, r.dir)); err != nil {
				t.Fatal(err)
			}
			within(t, 30*time.Second, "config_last_load_ok 1", func() bool { return r.metric("config_last_load_ok") == 1 })
			x.more(10)
		})
	}
}

// A service folder may be a link, as deployments have it: what it leads to is
// followed, and where it is turned to.
func TestFolderByLink(t *testing.T) {
	t.Parallel()
	first, second := sampleFolder(t), sampleFolder(t)
	link := filepath.Join(t.TempDir(), "current")
	if err := os.Symlink(first, link); err != nil {
		t.Fatal(err)
	}
	c := config(t, first)
	c.Dir = link
	r := run(t, c)
	client := newClient(t)
	lives := func(value string) {
		t.Helper()
		within(t, 30*time.Second, value, func() bool {
			resp, _, err := r.ask(client)
			return err == nil && resp.Header.Get("X-Edit") == value
		})
	}
	r.edit("edited through the link")
	lives("edited through the link")
	r.dir = second
	r.edit("prepared beside it")
	next := link + "-next"
	if err := errors.Join(os.Symlink(second, next), os.Rename(next, link)); err != nil {
		t.Fatal(err)
	}
	lives("prepared beside it")
	r.edit("edited after the turn")
	lives("edited after the turn")
}
