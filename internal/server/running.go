package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"
)

// Running is what a serving process tells the other commands about itself. Its
// file holds secrets and is readable by its owner alone.
type Running struct {
	Gateway         string `json:"gateway"`
	Management      string `json:"management"`
	Control         string `json:"control,omitempty"`
	Token           string `json:"token"`
	SubscriptionKey string `json:"subscriptionKey,omitempty"`
	// Chat is the URL of a chat app that runs beside, ChatFile its settings.
	Chat     string `json:"chat,omitempty"`
	ChatFile string `json:"chatFile,omitempty"`
	PID      int    `json:"pid"`
}

// runningFolder is spillway/ in the user's configuration folder.
func runningFolder(configDir func() (string, error)) (string, error) {
	dir, err := configDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "spillway"), nil
}

func runningFile(dir string, port int) string {
	return filepath.Join(dir, "running-"+strconv.Itoa(port)+".json")
}

// writeRunning writes the file of a management port and returns what takes it
// away again.
func writeRunning(dir string, port int, r Running) (remove func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	name := runningFile(dir, port)
	tmp, err := os.CreateTemp(dir, ".running-*") // made with mode 0600
	if err != nil {
		return nil, err
	}
	_, err = tmp.Write(append(data, '\n'))
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return nil, err
	}
	return func() {
		// Another process may have taken the port since.
		if now, err := readRunning(name); err == nil && now.PID == r.PID {
			_ = os.Remove(name)
		}
	}, nil
}

func readRunning(name string) (*Running, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(Running)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// ErrNotRunning says that no serving process has left its addresses.
var ErrNotRunning = errors.New("no running gateway was found")

// FindRunning reads what the process with that management port tells; with
// port 0, the one on 8081, or else the only one there is. A process that was
// killed could not take its file away: it counts as none.
func FindRunning(configDir func() (string, error), port int) (*Running, error) {
	dir, err := runningFolder(configDir)
	if err != nil {
		return nil, err
	}
	if port != 0 {
		r, err := readLive(runningFile(dir, port))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w with management port %d", ErrNotRunning, port)
		}
		return r, err
	}
	if r, err := readLive(runningFile(dir, 8081)); err == nil {
		return r, nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "running-*.json"))
	if err != nil {
		return nil, ErrNotRunning
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, err := readLive(name)
		return errors.Is(err, fs.ErrNotExist)
	})
	if len(names) == 0 {
		return nil, ErrNotRunning
	}
	if len(names) > 1 {
		sort.Strings(names)
		for i, n := range names {
			names[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(n), "running-"), ".json")
		}
		return nil, fmt.Errorf("several gateways are running, with the management ports %s", strings.Join(names, ", "))
	}
	return readLive(names[0])
}

// readLive reads the file of a process that is still there; that of another
// does not exist.
func readLive(name string) (*Running, error) {
	r, err := readRunning(name)
	if err != nil {
		return nil, err
	}
	if !alive(r.PID) {
		return nil, fs.ErrNotExist
	}
	return r, nil
}

// alive reports whether there is such a process, as far as the system tells.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	if runtime.GOOS == "windows" {
		return true // it would not have been found
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
