package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-gateway/spillway/internal/chat"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/validate"
)

// chatProcess is the chat app as a process beside this one.
type chatProcess struct {
	address string // of its page
	file    string // of its settings
	wrote   bool   // this process has written it
	stop    func()
}

// startChat starts the chat app as a process of its own and waits until its
// page is there. It ends when this process does, however that ends: its standard
// input ends with it.
func (w World) startChat(listen string) (*chatProcess, error) {
	if w.executable == nil {
		return nil, errors.New("the chat app cannot be started: this program does not know itself")
	}
	program, err := w.executable()
	if err != nil {
		return nil, fmt.Errorf("the chat app cannot be started: %w", err)
	}
	file, remove, err := w.demoChatFile(listen)
	if err != nil {
		return nil, fmt.Errorf("the chat app has no place for its settings: %w", err)
	}
	cmd := exec.Command(program, "chat", "-listen", listen, "-config", file, "-attached")
	// What the person has set for other chat apps must not win over the file.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AZURE_OPENAI_") && !strings.HasPrefix(v, "OPENAI_API_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	said := &firstLine{behind: w.Stderr}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		remove()
		return nil, fmt.Errorf("the chat app cannot be started: %w", err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		_ = cmd.Wait()
		remove()
		return nil, errors.New(strings.TrimPrefix(cmp.Or(said.line(), "the chat app ended at once"), "spillway: "))
	}
	said.pass()
	address := ""
	if f := strings.Fields(lines.Text()); len(f) > 1 {
		address = f[1]
	}
	ended := make(chan struct{})
	var stopping atomic.Bool
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // the process's state says it
		if w.Context.Err() == nil && !stopping.Load() {
			w.errorf("the chat app has ended by itself (%v); the rest goes on", cmd.ProcessState)
		}
	}()
	// It leaves with the gateway it asks, not a minute later when the last
	// stream of somebody else has ended.
	stopAfter := context.AfterFunc(w.Context, func() { _ = in.Close() })
	p := &chatProcess{address: address, file: file}
	p.stop = func() {
		stopping.Store(true)
		stopAfter()
		_ = in.Close()
		select {
		case <-ended:
		case <-time.After(2 * chatDrain):
			_ = cmd.Process.Kill()
			<-ended
		}
		if p.wrote {
			_ = os.Remove(file)
		}
		remove()
	}
	return p, nil
}

// demoChatFile is the settings file of a demo's chat app, named after its port,
// and what takes it away again. It is written later.
func (w World) demoChatFile(listen string) (file string, remove func(), err error) {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", nil, err
	}
	dir, err := w.configDir()
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "spillway"), 0o700)
	}
	if err != nil {
		// Without a configuration folder a temporary one does, which goes too.
		if dir, err = os.MkdirTemp("", "spillway-"); err != nil {
			return "", nil, err
		}
		file = filepath.Join(dir, "chat-"+port+".env")
		return file, func() { _ = os.RemoveAll(dir) }, nil
	}
	// Another demo on the same port may own the file: it is taken away by the one
	// that has written it.
	file = filepath.Join(dir, "spillway", "chat-"+port+".env")
	return file, func() {}, nil
}

// connect writes the settings that lead to the gateway.
func (p *chatProcess) connect(ctx context.Context, i server.Info) error {
	var places []place
	for _, a := range i.APIs {
		found := place{id: a.Name, path: a.Path, keyHeader: a.KeyNames.Header}
		for _, o := range a.Operations {
			found.operations = append(found.operations, [2]string{o.Method, o.URLTemplate})
		}
		places = append(places, found)
	}
	id, path, err := chatPath(places)
	if err != nil {
		return err
	}
	key := cmp.Or(validate.SubscriptionKey(ctx, i.Management, i.Token, id), i.SubscriptionKey)
	const text = "# The chat app's settings, under the names of Azure's sample chat apps. A change\n# counts from the next question on; \"spillway chat connect REGION\" goes past the gateway.\n"
	p.wrote = true
	return writeSecret(p.file, chat.SetInFile(chat.SetInFile(text, chat.NameEndpoint, i.Gateway+path), chat.NameKey, key))
}

// firstLine keeps what a process says on standard error until it is known
// whether it has come up; afterwards all of it is passed on.
type firstLine struct {
	behind io.Writer

	mu      sync.Mutex
	kept    strings.Builder
	passing bool
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.passing {
		return f.behind.Write(p)
	}
	return f.kept.Write(p)
}

func (f *firstLine) pass() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passing = true
	_, _ = io.WriteString(f.behind, f.kept.String())
}

func (f *firstLine) line() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	line, _, _ := strings.Cut(strings.TrimSpace(f.kept.String()), "\n")
	return line
}
