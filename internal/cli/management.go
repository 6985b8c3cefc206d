package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/server"
)

const (
	// askTime bounds a call of the management API or of the regions' control.
	askTime = 10 * time.Second
	// maxAnswer bounds, in bytes, what is read of an answer.
	maxAnswer = 16 << 20
)

// management is the management API of a running gateway, asked as any script
// could.
type management struct {
	w       World
	address string // with its scheme
	token   string
}

// management is the API that flags name, or else the running gateway's.
func (w World) management(address, token string, running *server.Running) *management {
	return &management{
		w: w, address: withScheme(cmp.Or(address, running.Management)),
		token: cmp.Or(token, w.Getenv("SPILLWAY_TOKEN"), running.Token),
	}
}

// armService is where ARM has a service. The names may be any.
const armService = "/subscriptions/local/resourceGroups/local/providers/Microsoft.ApiManagement/service/local"

// call asks for a path below the service and reads the JSON of the answer into
// what into points to, or the answer as it is into a *[]byte.
func (m *management) call(method, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(m.w.Context, askTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, m.address+armService+path+"?api-version=2024-05-01", bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	req.Header.Set("Content-Type", "application/json")
	text, status, err := ask(req)
	if err != nil {
		return fmt.Errorf("the management API at %s: %w", m.address, err)
	}
	if status != http.StatusOK {
		var e struct {
			Error struct {
				Message string
				Details []struct{ Message string }
			}
		}
		_ = json.Unmarshal(text, &e) // what is no JSON is shown as it is
		if len(e.Error.Details) > 0 {
			e.Error.Message += " " + e.Error.Details[0].Message
		}
		return fmt.Errorf("the management API answered %d: %s", status, cmp.Or(e.Error.Message, string(text)))
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = text
		return nil
	}
	return json.Unmarshal(text, into)
}

// getJSON reads what the regions' control answers at an address.
func (w World) getJSON(address string, into any) error {
	ctx, cancel := context.WithTimeout(w.Context, askTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	text, status, err := ask(req)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("it answered %d %s", status, http.StatusText(status))
	}
	return json.Unmarshal(text, into)
}

// ask sends a request and reads its answer. Its errors are the system's, without
// the address.
func ask(req *http.Request) (text []byte, status int, err error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, systemError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return text, resp.StatusCode, err
}

// systemError is what the system says of a connection or a port, without the
// address, which was said already.
func systemError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func withScheme(address string) string {
	if strings.Contains(address, "://") {
		return address
	}
	return "http://" + address
}
