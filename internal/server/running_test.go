package server

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFindRunning finds those that are there, and none of those that were killed.
func TestFindRunning(t *testing.T) {
	home := t.TempDir()
	configDir := func() (string, error) { return home, nil }
	dir := filepath.Join(home, "spillway")
	gone := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	write := func(port, pid int, gateway string) func() {
		t.Helper()
		remove, err := writeRunning(dir, port, Running{Gateway: gateway, PID: pid})
		if err != nil {
			t.Fatal(err)
		}
		return remove
	}
	find := func(port int, want, wantErr string) {
		t.Helper()
		r, err := FindRunning(configDir, port)
		switch {
		case wantErr != "":
			if err == nil || !strings.Contains(err.Error(), wantErr) {
				t.Errorf("port %d: want an error with %q, got %v", port, wantErr, err)
			}
		case err != nil:
			t.Errorf("port %d: %v", port, err)
		case r.Gateway != want:
			t.Errorf("port %d: %s, want %s", port, r.Gateway, want)
		}
	}
	find(0, "", "no running gateway was found")
	write(8081, gone.ProcessState.Pid(), "http://killed")
	find(0, "", "no running gateway was found")
	find(8081, "", "no running gateway was found with management port 8081")
	first := write(9001, os.Getpid(), "http://first")
	find(0, "http://first", "")
	find(9001, "http://first", "")
	write(9002, os.Getpid(), "http://second")
	find(0, "", "several gateways are running, with the management ports 9001, 9002")
	find(9002, "http://second", "")
	first()
	find(0, "http://second", "")
	write(8081, os.Getpid(), "http://usual")
	find(0, "http://usual", "")
	if err := os.WriteFile(runningFile(dir, 9003), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := FindRunning(configDir, 9003); err == nil || errors.Is(err, ErrNotRunning) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}
