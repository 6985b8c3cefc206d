package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/internal/clock"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// tokenFor makes a token that says these claims of itself.
func tokenFor(claims string) string {
	return "eyJhbGciOiJSUzI1NiJ9." + rawBase64(claims) + ".c2lnbmF0dXJl"
}

// wireTokens are the tokens that the cases name.
var wireTokens = strings.NewReplacer(
	"GOOD-TOKEN", tokenFor(fmt.Sprintf(`{"aud":"https://cognitiveservices.azure.com","exp":%d}`, noon.Unix()+3600)),
	"SLASH-TOKEN", tokenFor(fmt.Sprintf(`{"aud":"https://ai.azure.com/","exp":%d}`, noon.Unix()+3600)),
	"OTHER-TOKEN", tokenFor(fmt.Sprintf(`{"aud":"https://management.azure.com","exp":%d}`, noon.Unix()+3600)),
	"OLD-TOKEN", tokenFor(fmt.Sprintf(`{"aud":"https://cognitiveservices.azure.com","exp":%d}`, noon.Unix()-1)),
	"EARLY-TOKEN", tokenFor(fmt.Sprintf(`{"aud":"https://cognitiveservices.azure.com","exp":%d,"nbf":%d}`, noon.Unix()+3600, noon.Unix()+60)),
)

// sender sends one request and reads the whole answer.
type sender func(method, target string, header http.Header, body string) (status int, h http.Header, text string, err error)

// TestWire plays the stories of testdata/wire in process and over a socket.
// A story is an archive of: region (a Config as JSON), fault (as the control
// takes it; empty lifts it), request, want (of the request before), advance D.
// A line of a want's body must occur in the answer; "! " says it must not, and
// "= " that it is all of it.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(f), ".txtar")
		for _, way := range []string{"in process", "socket"} {
			t.Run(name+"/"+way, func(t *testing.T) { playWire(t, txtar.Parse(data), way == "socket") })
		}
	}
}

func playWire(t *testing.T, ar *txtar.Archive, socket bool) {
	var r *Region
	var clk *clock.Manual
	var send sender
	begin := func(config []byte) {
		clk = clock.NewManual(noon)
		c := Config{Name: "eastus", Keys: []string{"key-one", "key-two"}, Profile: Instant(), Seed: 1}
		dec := json.NewDecoder(bytes.NewReader(config))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		c.Clock = clk
		r = New(c)
		send = inProcess(r, clk)
		if socket {
			srv := httptest.NewServer(r)
			t.Cleanup(srv.Close)
			send = overSocket(srv.URL)
		}
	}
	begin(nil)
	var status int
	var header http.Header
	var text, asked string
	for _, f := range ar.Files {
		verb, arg, _ := strings.Cut(f.Name, " ")
		switch verb {
		case "region":
			begin(f.Data)
		case "fault":
			var fault *Fault
			if len(bytes.TrimSpace(f.Data)) > 0 {
				var err error
				if fault, err = ParseFault(f.Data); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.SetFault(fault); err != nil {
				t.Fatal(err)
			}
		case "advance":
			d, err := time.ParseDuration(arg)
			if err != nil {
				t.Fatal(err)
			}
			clk.Advance(d)
		case "request":
			head, body, _ := strings.Cut(string(f.Data), "\n\n")
			lines := strings.Split(strings.TrimSpace(wireTokens.Replace(head)), "\n")
			method, target, _ := strings.Cut(lines[0], " ")
			h := http.Header{}
			for _, l := range lines[1:] {
				name, value, _ := strings.Cut(l, ": ")
				h.Add(name, value)
			}
			asked = f.Name + " " + lines[0]
			var err error
			if status, header, text, err = send(method, target, h, strings.TrimSpace(body)); err != nil {
				t.Fatalf("%s: %v", asked, err)
			}
		case "want":
			wantWire(t, asked, string(f.Data), status, header, text)
		default:
			t.Fatalf("a story has no %q", f.Name)
		}
	}
}

func wantWire(t *testing.T, asked, want string, status int, header http.Header, text string) {
	t.Helper()
	head, body, _ := strings.Cut(want, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	if got := strconv.Itoa(status); got != lines[0] {
		t.Errorf("%s: status %s, want %s\n%s", asked, got, lines[0], text)
		return
	}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ": ")
		if absent, ok := strings.CutPrefix(name, "! "); ok {
			if header.Values(absent) != nil {
				t.Errorf("%s: %s: %q, want none", asked, absent, header.Values(absent))
			}
		} else if got := header.Get(name); got != value && !(value == "*" && got != "") {
			t.Errorf("%s: %s: %q, want %q", asked, name, got, value)
		}
	}
	for _, l := range strings.Split(strings.TrimSpace(body), "\n") {
		if rest, ok := strings.CutPrefix(l, "= "); ok {
			if text != rest {
				t.Errorf("%s: got %q, want %q", asked, text, rest)
			}
		} else if rest, ok := strings.CutPrefix(l, "! "); ok {
			if strings.Contains(text, rest) {
				t.Errorf("%s: %q is in\n%s", asked, rest, text)
			}
		} else if !strings.Contains(text, l) {
			t.Errorf("%s: no %q in\n%s", asked, l, text)
		}
	}
}

func inProcess(r *Region, clk *clock.Manual) sender {
	return func(method, target string, header http.Header, body string) (status int, h http.Header, text string, err error) {
		req := &Request{Method: method, Header: fields(header), Body: strings.NewReader(body)}
		req.Path, req.Query, _ = strings.Cut(target, "?")
		clk.Run(func() {
			var resp *Response
			if resp, err = r.Call(context.Background(), req); err != nil {
				return
			}
			h = http.Header{}
			for _, f := range resp.Header {
				h.Add(f.Name, f.Value)
			}
			status = resp.Status
			text, err = readAll(context.Background(), resp.Body)
			if resp.Length >= 0 && int(resp.Length) != len(text) {
				err = errors.Join(err, fmt.Errorf("length %d, but %d bytes", resp.Length, len(text)))
			}
		})
		return status, h, text, err
	}
}

// readAll reads a body to its end; the error is nil when that is complete.
func readAll(ctx context.Context, b *Body) (string, error) {
	var all []byte
	for {
		piece, err := b.Next(ctx)
		all = append(all, piece...)
		if errors.Is(err, io.EOF) {
			return string(all), nil
		}
		if err != nil {
			return string(all), err
		}
	}
}

func overSocket(base string) sender {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(method, target string, header http.Header, body string) (int, http.Header, string, error) {
		req, err := http.NewRequest(method, base+target, strings.NewReader(body))
		if err != nil {
			return 0, nil, "", err
		}
		req.Header = header
		resp, err := client.Do(req)
		if err != nil {
			return 0, nil, "", err
		}
		defer func() { _ = resp.Body.Close() }()
		all, err := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header, string(all), err
	}
}
