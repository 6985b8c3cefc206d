package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

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

// maxJSON bounds what getJSON reads.
const maxJSON = 16 << 20

func getJSON(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return systemError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	return json.Unmarshal(data, into)
}
