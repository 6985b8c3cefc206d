package crypto

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func thread() *value.Thread {
	n := uint64(1)
	t := &value.Thread{Rand: func() uint64 { n = n*6364136223846793005 + 1442695040888963407; return n ^ n>>29 }}
	t.Reset(context.Background(), value.Limits{Steps: 1 << 30, Memory: 1 << 30})
	return t
}

// row finds the function of a member by the start of its signature.
func row(t *testing.T, d *types.Def, sig string) *value.Row {
	t.Helper()
	for _, m := range Members() {
		if m.Def != d {
			continue
		}
		for i := range m.Rows {
			if s := m.Rows[i].Sig; len(s) >= len(sig) && s[:len(sig)] == sig {
				return &m.Rows[i]
			}
		}
	}
	t.Fatalf("%s has no %s", d.FullName(), sig)
	return nil
}

func run(t *testing.T, th *value.Thread, d *types.Def, sig string, this value.Value, args ...value.Value) (v value.Value, err error) {
	t.Helper()
	r := row(t, d, sig)
	err = th.Run(func() { v = r.Func(&value.Call{Thread: th, This: this, Args: args, Owner: d.Type()}) })
	return v, err
}

func message(err error) string {
	var e *value.Exception
	if errors.As(err, &e) {
		return e.Message
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// The files hold one certificate with its key, encrypted in all ways that are in
// use: PBES2 with AES and with triple DES, the RC2 and triple DES of old files,
// and not at all.
func TestPFX(t *testing.T) {
	for _, k := range []struct{ file, password, friendly string }{
		{"modern", "secret", "Signing key"}, {"legacy", "secret", "Signing key"}, {"empty", "", ""}, {"plain", "é€", ""}, {"mixed", "secret", ""},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", k.file+".pfx"))
		if err != nil {
			t.Fatal(err)
		}
		th := thread()
		v, err := run(t, th, CertificateDef, "X509Certificate2(byte[] rawData, string password)", value.Null, value.Bytes(data), value.String(k.password))
		if err != nil {
			t.Errorf("%s: %v", k.file, err)
			continue
		}
		c := v.Object().(*Certificate)
		if c.thumbprint() != "7841926716D956F6673F7E38DDFE5808A69243C4" || c.serial() != "12110839CE0A03514CEA6514B74A3D243FFD319E" || c.friendly != k.friendly || c.private == nil {
			t.Errorf("%s: %s %s %q", k.file, c.thumbprint(), c.serial(), c.friendly)
		}
		if got, want := distinguished(c.cert.RawSubject), `CN=spillway.example, O="Contoso, ""AB""", C=SE`; got != want {
			t.Errorf("%s: %s, want %s", k.file, got, want)
		}
		for kind, want := range []string{"spillway.example", "ada@contoso.example", "", "api.example", "api.example", "https://x.example/"} {
			if got := c.nameInfo(kind, false); got != want {
				t.Errorf("%s: name %d is %q, want %q", k.file, kind, got, want)
			}
		}
		_, err = run(t, th, CertificateDef, "X509Certificate2(byte[] rawData, string password)", value.Null, value.Bytes(data), value.String("wrong"))
		if message(err) != "The certificate data cannot be read with the provided password, the password may be incorrect." {
			t.Errorf("%s with a wrong password: %v", k.file, err)
		}
	}
}

// A file that asks for endless iterations is refused, and the work of others is
// charged.
func TestPFXIsBounded(t *testing.T) {
	data, err := os.ReadFile("testdata/modern.pfx")
	if err != nil {
		t.Fatal(err)
	}
	th := thread()
	th.Reset(context.Background(), value.Limits{Steps: 1000})
	err = th.Run(func() { _, _ = openPFX(th, data, "secret") })
	if !errors.Is(err, value.ErrSteps) {
		t.Errorf("derivation is not charged: %v", err)
	}
	o := &opener{t: thread()}
	if o.charge(maxIterations+1) || o.charge(0) {
		t.Error("iterations without a bound")
	}
}

func TestTransform(t *testing.T) {
	th := thread()
	a := &Aes{typ: aesImplDef.Type(), mode: ModeCBC, padding: PaddingPKCS7, size: 256}
	text := []byte("one block is 16 bytes, this is more than two of them")
	whole := a.Cipher(th, nil, nil, true).Run(text)
	for _, size := range []int{16, 32, 48} {
		x := &transform{cipher: a.Cipher(th, nil, nil, true)}
		sealed := append(x.feed(text[:size]), x.cipher.Run(append(x.held, text[size:]...))...)
		if string(sealed) != string(whole) {
			t.Errorf("encrypted in parts of %d: %x, want %x", size, sealed, whole)
		}
		y := &transform{cipher: a.Cipher(th, nil, nil, false)}
		open := y.feed(whole[:size])
		open = append(open, y.cipher.Run(append(y.held, whole[size:]...))...)
		if string(open) != string(text) {
			t.Errorf("decrypted in parts of %d: %q", size, open)
		}
	}
}

func TestHashBlocks(t *testing.T) {
	th := thread()
	d := digestNamed("SHA256")
	h := value.Of(&Hash{typ: d.impl.Type(), digest: d})
	all, err := run(t, th, hashDef, "byte[] ComputeHash(byte[] buffer)", h, value.Bytes([]byte("hello")))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		sig  string
		args []value.Value
	}{
		{"int TransformBlock", []value.Value{value.Bytes([]byte("hel")), value.Int(0), value.Int(3), value.Null, value.Int(0)}},
		{"byte[] TransformFinalBlock", []value.Value{value.Bytes([]byte("xlo")), value.Int(1), value.Int(2)}},
	} {
		if step.sig == "byte[] TransformFinalBlock" {
			if _, err := run(t, th, hashDef, "byte[] Hash", h); message(err) != "Hash must be finalized before the hash value is retrieved." {
				t.Errorf("Hash too early: %v", err)
			}
		}
		if _, err := run(t, th, hashDef, step.sig, h, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := run(t, th, hashDef, "byte[] Hash", h)
	if err != nil || string(raw(parts)) != string(raw(all)) {
		t.Errorf("%x in parts, %x at once, %v", raw(parts), raw(all), err)
	}
	h.Object().(*Hash).Dispose(th)
	if _, err := run(t, th, hashDef, "byte[] Hash", h); message(err) != "Cannot access a disposed object.\nObject name: 'System.Security.Cryptography.SHA256+Implementation'." {
		t.Errorf("disposed: %v", err)
	}
}

func TestRandomBelow(t *testing.T) {
	th := thread()
	seen := map[uint64]int{}
	for range 7000 {
		n := below(th, 7)
		if n >= 7 {
			t.Fatal(n)
		}
		seen[n]++
	}
	for n, count := range seen {
		if count < 700 || count > 1300 {
			t.Errorf("%d came %d times of 7000", n, count)
		}
	}
}

func TestRows(t *testing.T) {
	if _, err := value.NewTable(Members()); err == nil {
		t.Error("a table without DateTime")
	}
	for _, m := range Members() {
		if m.Doc == "" {
			t.Errorf("%s has no doc line", m.Def.FullName())
		}
		for _, r := range m.Rows {
			if r.Doc == "" && r.Func != nil {
				t.Errorf("%s: %s has no doc line", m.Def.FullName(), r.Sig)
			}
		}
	}
}

// What a file holds outside of expressions: the certificate of the key first.
func TestReadPFX(t *testing.T) {
	for _, k := range []struct {
		file, password string
		err            error
	}{
		{"modern", "secret", nil}, {"legacy", "secret", nil}, {"mixed", "secret", nil}, {"modern", "wrong", errPassword}, {"nonsense", "", errNotPFX},
	} {
		data := []byte("nonsense")
		if k.file != "nonsense" {
			var err error
			if data, err = os.ReadFile(filepath.Join("testdata", k.file+".pfx")); err != nil {
				t.Fatal(err)
			}
		}
		chain, key, err := ReadPFX(data, k.password)
		if !errors.Is(err, k.err) {
			t.Errorf("%s: %v, want %v", k.file, err, k.err)
		}
		if k.err != nil {
			continue
		}
		leaf, err := x509.ParseCertificate(chain[0])
		if err != nil {
			t.Fatal(err)
		}
		if !leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.(crypto.Signer).Public()) {
			t.Errorf("%s: the first certificate is not that of the key", k.file)
		}
	}
}

// FuzzPFX reads any file: it must end in a certificate or an error.
func FuzzPFX(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pfx")
	if err != nil || len(files) == 0 {
		f.Fatal("no files", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "secret")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		th := thread()
		th.Reset(context.Background(), value.Limits{Steps: 10_000, Memory: 1 << 24})
		_ = th.Run(func() {
			if b, err := openPFX(th, data, password); err == nil {
				b.leaf()
			}
		})
	})
}

func BenchmarkHMAC(b *testing.B) {
	th := thread()
	d := digestNamed("SHA256")
	key, data := []byte("a key of some length"), value.Bytes([]byte("GET\n\n\nx-ms-date:Fri, 02 Jan 2026 03:04:05 GMT\n/contoso/models"))
	b.ReportAllocs()
	for b.Loop() {
		th.Reset(context.Background(), value.Limits{})
		c := &value.Call{Thread: th, Args: []value.Value{data}}
		sum(c, &Hash{digest: d, keyed: true, key: key}, raw(data))
	}
}
