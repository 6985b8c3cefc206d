//go:build unix

package server

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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
