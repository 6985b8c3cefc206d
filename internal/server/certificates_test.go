package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// pemFile writes a certificate that signs itself, and its key.
func pemFile(t *testing.T, name, subject string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: subject}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBackendCertificates holds that a backend of the management API shows the
// certificate that spillway.yaml names, that one without is refused, and that a
// certificate whose file changes is the one that is shown from then on.
func TestBackendCertificates(t *testing.T) {
	region := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
		}
	}))
	region.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	region.Config.ErrorLog = log.New(io.Discard, "", 0)
	region.StartTLS()
	defer region.Close()
	dir := sampleFolder(t)
	name := filepath.Join(dir, "spillway.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(text, "\ncertificates:\n  gateway: {file: gateway.pem}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	pemFile(t, filepath.Join(dir, "gateway.pem"), "first")
	r := run(t, config(t, dir))
	backend := func(id string) string {
		return properties("url", region.URL, "protocol", "http", "credentials", map[string]any{"certificateIds": []any{"/certificates/" + id}},
			"tls", map[string]any{"validateCertificateChain": false})
	}
	got := r.call("PUT", "/backends/secure", backend("nowhere"))
	got.want(t, 400, "there is no certificate /certificates/nowhere")
	r.call("PUT", "/backends/secure", backend("gateway")).want(t, 201)
	r.call("PUT", "/apis/my-cool-openai-test/policies/policy", properties("format", "rawxml",
		"value", `<policies><inbound><base /><set-backend-service backend-id="secure" /></inbound><backend><forward-request /></backend><outbound /><on-error /></policies>`), "If-Match", "*").want(t, 200)
	client := newClient(t)
	if resp, body, err := r.ask(client); err != nil || resp.StatusCode != 200 || body != "first" {
		t.Fatalf("%d %q %v", resp.StatusCode, body, err)
	}
	pemFile(t, filepath.Join(dir, "gateway.pem"), "second")
	within(t, 30*time.Second, "the new certificate is shown", func() bool {
		resp, body, err := r.ask(client)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%d %q %v", resp.StatusCode, body, err)
		}
		return body == "second"
	})
}
