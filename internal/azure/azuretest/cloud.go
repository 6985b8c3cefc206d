// Package azuretest is a stand-in of Azure on the machine's own loopback, for
// tests: Microsoft Entra ID, Key Vaults, Resource Manager with Azure OpenAI
// accounts, and their data plane by simulated regions, all over TLS and under
// the host names that Azure has.
//
// Clients reach it through Client, and other processes through a proxy: with
// HTTPS_PROXY set to Proxy and SSL_CERT_FILE to CAFile a program finds it under
// the names without knowing anything of it.
package azuretest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The names under which the stand-in answers.
const (
	LoginHost = "login.microsoftonline.com"
	ARMHost   = "management.azure.com"
)

// Tenant and Subscription are those of the stand-in.
const (
	Tenant       = "11111111-2222-3333-4444-555555555555"
	Subscription = "99999999-8888-7777-6666-555555555555"
)

// Cloud is one stand-in. Its parts are safe for concurrent use.
type Cloud struct {
	Entra  *Entra
	Vaults *Vaults
	ARM    *ARM

	tb       testing.TB
	address  string
	roots    *x509.CertPool
	ca       []byte
	mu       sync.Mutex
	requests []string
	proxy    string
}

// New starts a stand-in that ends with the test.
func New(tb testing.TB) *Cloud {
	tb.Helper()
	c := &Cloud{tb: tb, Entra: &Entra{}, roots: x509.NewCertPool()}
	c.Vaults = &Vaults{entra: c.Entra}
	c.ARM = NewARM()
	c.ARM.entra = c.Entra
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c.address = l.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(c.serve), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	secured := tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.certificate()}})
	go func() { _ = server.Serve(secured) }()
	tb.Cleanup(func() { _ = server.Close() })
	return c
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// certificate is one for all the names, by an authority that is made for it.
func (c *Cloud) certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.tb.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stand-in of Azure"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "*.azure.com"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		DNSNames:    []string{LoginHost, "login.microsoft.com", ARMHost, "*.vault.azure.net", "*.openai.azure.com"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		c.tb.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, key)
	if err != nil {
		c.tb.Fatal(err)
	}
	c.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})
	c.roots.AppendCertsFromPEM(c.ca)
	return tls.Certificate{Certificate: [][]byte{der, root}, PrivateKey: key}
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	c.mu.Lock()
	c.requests = append(c.requests, r.Method+" "+host+r.URL.Path)
	c.mu.Unlock()
	switch {
	case host == LoginHost, host == "login.microsoft.com":
		c.Entra.ServeHTTP(w, r)
	case host == ARMHost:
		c.ARM.ServeHTTP(w, r)
	case strings.HasSuffix(host, ".vault.azure.net"):
		c.Vaults.serve(w, r, strings.TrimSuffix(host, ".vault.azure.net"))
	case strings.HasSuffix(host, ".openai.azure.com"):
		c.ARM.data(w, r, strings.TrimSuffix(host, ".openai.azure.com"))
	default:
		http.NotFound(w, r)
	}
}

// Requests are those that came, as "METHOD host/path", in order.
func (c *Cloud) Requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.requests...)
}

// Count is how many requests began with prefix.
func (c *Cloud) Count(prefix string) int {
	n := 0
	for _, r := range c.Requests() {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// Dial connects to the stand-in, whatever the address.
func (c *Cloud) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", c.address)
}

// Client finds the stand-in under every name, and nothing else.
func (c *Cloud) Client() *http.Client {
	t := &http.Transport{DialContext: c.Dial, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots}}
	c.tb.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// CAFile is a file with the authority's certificate, for SSL_CERT_FILE.
func (c *Cloud) CAFile() string {
	name := filepath.Join(c.tb.TempDir(), "ca.pem")
	if err := os.WriteFile(name, c.ca, 0o600); err != nil {
		c.tb.Fatal(err)
	}
	return name
}

// Proxy is the URL of a proxy whose every tunnel ends in the stand-in. Requests in
// the clear it passes on, to this machine alone.
func (c *Cloud) Proxy() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proxy != "" {
		return c.proxy
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.tb.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(c.tunnel), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	go func() { _ = server.Serve(l) }()
	c.tb.Cleanup(func() { _ = server.Close() })
	c.proxy = (&url.URL{Scheme: "http", Host: l.Addr().String()}).String()
	return c.proxy
}

func (c *Cloud) tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		c.pass(w, r)
		return
	}
	far, err := c.Dial(r.Context(), "", "")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
	both := make(chan struct{}, 2)
	for _, p := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(p[0], p[1])
			both <- struct{}{}
		}()
	}
	<-both
	_ = near.Close()
	_ = far.Close()
	<-both
}

// pass hands a request in the clear on to the machine itself, and to nobody else.
func (c *Cloud) pass(w http.ResponseWriter, r *http.Request) {
	if ip := net.ParseIP(r.URL.Hostname()); ip == nil || !ip.IsLoopback() {
		http.Error(w, "this proxy makes tunnels, and passes on what is for this machine", http.StatusForbidden)
		return
	}
	(&httputil.ReverseProxy{
		FlushInterval: -1, ErrorLog: quiet(),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
		},
	}).ServeHTTP(w, r)
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

// fail writes the envelope that Azure answers failures with.
func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}
