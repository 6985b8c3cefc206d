package management

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spillway-gateway/spillway/internal/arm"
)

// Fetcher reads what a link leads to.
type Fetcher func(ctx context.Context, link string) ([]byte, error)

// maxLinked is how much a link may lead to: APIM has no bound, a service's
// memory has.
const maxLinked = 16 << 20

// errRefused is an address that nothing is fetched from.
var errRefused = errors.New("the address is not one that may be fetched from")

// HTTPFetcher reads by HTTP, within half a minute and without credentials. It
// does not connect to link-local addresses, where clouds keep their machines'
// credentials, whatever a name or a redirect leads to.
func HTTPFetcher() Fetcher {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || at.Addr().Unmap().IsLinkLocalUnicast() || at.Addr().IsMulticast() {
			return errRefused
		}
		return nil
	}}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
	return func(ctx context.Context, link string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
		if err != nil {
			return nil, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("it answers %d", resp.StatusCode)
		}
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxLinked+1))
		if err == nil && len(data) > maxLinked {
			err = fmt.Errorf("it is larger than %d bytes", maxLinked)
		}
		return data, err
	}
}

// fetch is the text that a link in a request leads to.
func (c *call) fetch(link string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", arm.Invalid(arm.Detail{Target: "value", Message: "The link must be an absolute URL of http or https."})
	}
	if c.server.Fetch == nil {
		return "", arm.Invalid(arm.Detail{Target: "value", Message: "Links are not followed here; send the document inline."})
	}
	data, err := c.server.Fetch(c.r.Context(), u.String())
	if err != nil {
		var through *url.Error
		if errors.As(err, &through) {
			err = through.Err
		}
		return "", arm.Invalid(arm.Detail{Target: "value", Message: "The link could not be read: " + strings.TrimSuffix(err.Error(), ".") + "."})
	}
	return string(data), nil
}

// exports are documents that can be fetched by their link alone for five
// minutes, as APIM's can.
type exports struct {
	mu   sync.Mutex
	docs map[string]exported
}

type exported struct {
	text  []byte
	until time.Time
}

// exportPath begins the path of an exported document.
const exportPath = "/exports/"

// maxExports bounds how many documents wait to be fetched.
const maxExports = 64

// add keeps a document and gives the path that leads to it.
func (x *exports) add(text []byte, now time.Time) (path string) {
	var b [16]byte
	_, _ = rand.Read(b[:])
	name := hex.EncodeToString(b[:])
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.docs == nil {
		x.docs = map[string]exported{}
	}
	oldest := ""
	for key, d := range x.docs {
		if now.After(d.until) {
			delete(x.docs, key)
		} else if oldest == "" || d.until.Before(x.docs[oldest].until) {
			oldest = key
		}
	}
	if len(x.docs) >= maxExports {
		delete(x.docs, oldest)
	}
	x.docs[name] = exported{text, now.Add(5 * time.Minute)}
	return exportPath + name
}

// serve answers a link; the link is the only credential it takes.
func (x *exports) serve(w http.ResponseWriter, name string, now time.Time) {
	x.mu.Lock()
	d, ok := x.docs[name]
	x.mu.Unlock()
	if !ok || now.After(d.until) {
		arm.Fail(w, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "The link has expired."))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(d.text)
}
