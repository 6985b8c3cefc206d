package service

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/engine/std"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// signed is a certificate that signs itself, its key, and both as PEM blocks.
func signed(t *testing.T, name string) (own tls.Certificate, cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, block("CERTIFICATE", der), block("PRIVATE KEY", private)
}

func thumbprintOf(c tls.Certificate) string {
	h := sha1.Sum(c.Certificate[0])
	return hex.EncodeToString(h[:])
}

// taken is the sink of an answer.
type taken struct {
	status int
	body   []byte
}

func (s *taken) Head(h *exchange.ResponseHead) error { s.status = h.Status; return nil }
func (s *taken) Chunk(b []byte) error                { s.body = append(s.body, b...); return nil }
func (s *taken) End() error                          { return nil }
func (s *taken) Abort()                              { s.status = 0 }

// TestCertificates holds how a certificate comes from spillway.yaml, by a
// backend's credentials, into a handshake with a region, and that what a backend
// says about the region's certificate holds there.
func TestCertificates(t *testing.T) {
	own, certificate, key := signed(t, "gateway")
	regionOwn, _, _ := signed(t, "region")
	pfx, err := os.ReadFile("../../expr/bcl/crypto/testdata/modern.pfx")
	if err != nil {
		t.Fatal(err)
	}
	region := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = w.Write([]byte(name + " " + r.Header.Get("api-key") + " " + r.Header.Get("Authorization") + " " + r.URL.RawQuery))
	}))
	region.TLS = &tls.Config{Certificates: []tls.Certificate{regionOwn}, ClientAuth: tls.RequestClientCert}
	region.Config.ErrorLog = log.New(discard{}, "", 0)
	region.StartTLS()
	defer region.Close()
	files := map[string][]byte{
		"both.pem": []byte(certificate + key), "turned.pem": []byte(key + certificate), "cert.pem": []byte(certificate), "key.pem": []byte(key), "own.pfx": pfx,
	}
	const unchecked = `"tls": {"validateCertificateChain": false, "validateCertificateName": false}`
	for _, c := range []struct {
		name, certificates, backend string
		want                        string // "" is 500
		problem                     string
	}{
		{"no credentials", ``, unchecked, "nobody   ", ""},
		{
			"header, query and authorization", ``,
			unchecked + `, "credentials": {"header": {"api-key": ["{{key}}"]}, "query": {"code": ["a b"]}, "authorization": {"scheme": "Basic", "parameter": "{{key}}"}}`,
			"nobody value-of-KEY Basic value-of-KEY code=a+b", "",
		},
		{"by id", `{one: {file: both.pem}}`, unchecked + `, "credentials": {"certificateIds": ["/certificates/One"]}`, "gateway   ", ""},
		{"the key first", `{one: {file: turned.pem}}`, unchecked + `, "credentials": {"certificateIds": ["one"]}`, "gateway   ", ""},
		{"the key apart", `{one: {file: cert.pem, keyFile: key.pem}}`, unchecked + `, "credentials": {"certificateIds": ["one"]}`, "gateway   ", ""},
		{"from a variable", `{one: {env: PEM}}`, unchecked + `, "credentials": {"certificateIds": ["one"]}`, "gateway   ", ""},
		{"by thumbprint", `{one: {file: both.pem}}`, unchecked + `, "credentials": {"certificate": ["` + strings.ToUpper(thumbprintOf(own)) + `"]}`, "gateway   ", ""},
		{"PKCS #12", `{one: {file: own.pfx, password: {value: secret}}}`, unchecked + `, "credentials": {"certificateIds": ["one"]}`, "spillway.example   ", ""},
		{"PKCS #12 in Base64", `{one: {env: PFX, password: {env: PASSWORD}}}`, unchecked + `, "credentials": {"certificateIds": ["one"]}`, "spillway.example   ", ""},
		{"the region is not trusted", ``, `"description": "x"`, "", ""},
		{"the region is known", ``, `"tls": {"serverCertificateThumbprints": ["` + thumbprintOf(regionOwn) + `"]}`, "nobody   ", ""},
		{"another is known", ``, `"tls": {"serverCertificateThumbprints": ["` + thumbprintOf(own) + `"], "validateCertificateName": false}`, "", ""},
		{"known by a name without an authority", ``, `"tls": {"serverX509Names": [{"name": "region"}]}`, "", ""},

		{"no such certificate", ``, `"credentials": {"certificateIds": ["one"]}`, "", "unknown-certificate backend region: there is no certificate one"},
		{"no such file", `{one: {file: nowhere.pem}}`, unchecked + `, "credentials": {"certificateIds": ["one"]}`, "", "no-value certificates.one: its file cannot be read: file does not exist"},
		{"no such variable", `{one: {env: NOWHERE}}`, unchecked, "", "no-value certificates.one: the environment has no variable NOWHERE"},
		{"a wrong password", `{one: {file: own.pfx, password: {value: wrong}}}`, unchecked, "", "certificate certificates.one: the password is wrong"},
		{"without a key", `{one: {file: cert.pem}}`, unchecked, "", "certificate certificates.one: there is no private key with the certificate"},
		{"without a certificate", `{one: {file: key.pem}}`, unchecked, "", "certificate certificates.one: there is no certificate in it"},
		{"nonsense", `{one: {env: KEY}}`, unchecked, "", "certificate certificates.one: the variable holds neither PEM blocks nor Base64"},
		{"two sources", `{one: {file: both.pem, env: PEM}}`, unchecked, "", "wrong-value certificates.one: expected exactly one of file and env"},
		{"a password in its place", `{one: {file: own.pfx, password: hunter2}}`, unchecked, "", "wrong-type expected keys with values, found a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			over := map[string]string{
				"apis/ai/policy.xml":                      `<policies><inbound><set-backend-service backend-id="region" /></inbound><backend><forward-request /></backend><outbound><set-header name="mine" exists-action="override"><value>@(string.Join(" ", context.Deployment.Certificates.Select(c => c.Key + "=" + c.Value.Thumbprint)))</value></set-header></outbound></policies>`,
				"backends/region/backendInformation.json": `{"properties": {"url": "` + region.URL + `", "protocol": "http", ` + c.backend + `}}`,
				"spillway.yaml":                           base["spillway.yaml"] + "certificates: " + c.certificates + "\n",
			}
			language, err := policy.NewCSharp(policy.LanguageOptions{Now: time.Now, Rand: func() uint64 { return 4 }})
			if err != nil {
				t.Fatal(err)
			}
			transport := std.NewTransport(std.TransportOptions{})
			defer transport.CloseIdle()
			l, problems := Load(folder(over), "test", World{
				Env: func(name string) (string, bool) {
					text, ok := map[string]string{
						"KEY": "value-of-KEY", "PEM": certificate + key, "PFX": base64.StdEncoding.EncodeToString(pfx), "PASSWORD": "secret",
					}[name]
					return text, ok
				},
				File: func(name string) ([]byte, error) {
					if data, ok := files[name]; ok {
						return data, nil
					}
					if name == "one.key" {
						return []byte("key-of-one-0123"), nil
					}
					return nil, fs.ErrNotExist
				},
				Region: func(string) (string, []string, bool) { return "http://127.0.0.1:1", []string{"k1", "k2"}, true },
				Random: func([]byte) {},
			}, gateway.Settings{
				Send: &forward.Forwarder{Upstream: transport, Clock: clock.Real{}}, Policies: policy.Options{Language: language},
			})
			if c.problem != "" {
				if len(problems) != 1 || problems[0].Code+" "+problems[0].Message != c.problem {
					t.Errorf("%v, want %s", problems, c.problem)
				}
				for _, hidden := range []string{"hunter2", "wrong}", "PRIVATE"} {
					if strings.Contains(problems.Draw(), hidden) {
						t.Errorf("the problem shows %s:\n%s", hidden, problems.Draw())
					}
				}
				return
			}
			if len(problems) > 0 {
				t.Fatal(problems.Draw())
			}
			g := gateway.New(gateway.Options{Deployment: &exchange.Deployment{GatewayID: "managed"}})
			g.Publish(l.Service)
			x := &exchange.Exchange{Original: exchange.Request{
				Method: "POST", Body: exchange.BufferedBody([]byte("{}")), URL: exchange.URL{Scheme: "http", Host: "gateway.test", Port: 80, Path: "/ai/chat"},
				Header: exchange.Header{{Name: "Ocp-Apim-Subscription-Key", Value: "key-of-one-0123"}},
			}}
			var s taken
			g.Serve(context.Background(), x, &s)
			if c.want == "" {
				if s.status != 500 || x.LastError == nil || x.LastError.Reason != "BackendConnectionFailure" {
					t.Errorf("%d %s %+v", s.status, s.body, x.LastError)
				}
				return
			}
			if s.status != 200 || string(s.body) != c.want {
				t.Errorf("%d, the region saw %q, want %q", s.status, s.body, c.want)
			}
			if strings.HasPrefix(c.want, "gateway") {
				if got, want := x.Response.Header.Get("mine"), "one="+strings.ToUpper(thumbprintOf(own)); got != want {
					t.Errorf("expressions see %s, want %s", got, want)
				}
			}
		})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
