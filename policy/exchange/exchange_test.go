package exchange_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

var id = exchange.NewGUID([16]byte{0x3f, 0x25, 4, 0xe0, 0x4f, 0x89, 0xff, 0xd3, 0xff, 0xc, 3, 5, 0xe8, 0x2c, 0x33, 1})

func TestGUID(t *testing.T) {
	if got := id.String(); got != "3f2504e0-4f89-4fd3-bf0c-0305e82c3301" {
		t.Error(got)
	}
}

// The bytes and lengths are those of recorded answers (spec: policies.md 1.6).
func TestErrorBodies(t *testing.T) {
	for _, c := range []struct {
		name   string
		e      *exchange.Error
		status int
		reason string
		length int
		body   string
	}{
		{
			"no operation", exchange.NotFound(), 404, "Resource Not Found", 54,
			`{ "statusCode": 404, "message": "Resource not found" }`,
		},
		{
			"no key", exchange.KeyNotFound("https://gw/shop", "api-key"), 401, "Access Denied", 152,
			`{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }`,
		},
		{
			"wrong key", exchange.KeyInvalid("https://gw/shop", "api-key"), 401, "Access Denied", 143,
			`{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }`,
		},
		{
			"unhandled", &exchange.Error{Source: "set-variable", Message: "secret"}, 500, "Internal Server Error", 111,
			`{ "statusCode": 500, "message": "Internal server error", "activityId": "3f2504e0-4f89-4fd3-bf0c-0305e82c3301" }`,
		},
		{
			"rejection", &exchange.Error{Message: "Rate limit is exceeded. Try again in 57 seconds.", Status: 429}, 429, "Too Many Requests", 84,
			`{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }`,
		},
		{
			"quoting", &exchange.Error{Message: "a \"b\"\\\n\x01é", Status: 418}, 418, "", 55,
			`{ "statusCode": 418, "message": "a \"b\"\\\n\u0001é" }`,
		},
	} {
		r := c.e.Response(id)
		if got := string(r.Body.Bytes()); got != c.body || len(got) != c.length {
			t.Errorf("%s: %d bytes\n%s", c.name, len(got), got)
		}
		if r.Status != c.status || r.Reason != c.reason || r.Header.Get("content-type") != "application/json" {
			t.Errorf("%s: %d %q %v", c.name, r.Status, r.Reason, r.Header)
		}
	}
	challenge := exchange.KeyNotFound("https://gw/shop", "api-key").Response(id).Header.Get("WWW-Authenticate")
	if challenge != `AzureApiManagementKey realm="https://gw/shop",name="api-key",type="header"` {
		t.Error(challenge)
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://H.example":               "https://h.example",
		"HTTP://h:80/a%2Fb/?x=1&y#f":      "http://h/a%2Fb/?x=1&y",
		"https://h:80/":                   "https://h:80/",
		"https://h:443?x":                 "https://h?x",
		"http://[::1]:9101/openai":        "http://[::1]:9101/openai",
		"https://[2001:db8::1]/":          "https://[2001:db8::1]/",
		"h.example/x":                     "",
		"ftp://h/":                        "",
		"https://":                        "",
		"https:///x":                      "",
		"https://u@h/":                    "",
		"https://u:p@h/":                  "",
		"https://h:0/":                    "",
		"https://h:65536/":                "",
		"https://h:1x/":                   "",
		"https://[::1":                    "",
		"https://[zz]/":                   "",
		"https://[::1]x/":                 "",
		"https://h/a b":                   "",
		"https://h/a\r\nHost: evil":       "",
		`https://good.example\.evil.test`: "",
	} {
		u, err := exchange.ParseURL(text)
		got := ""
		if err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%q: %q (%v), want %q", text, got, err, want)
		}
	}
}

// One slash between base and rest, whatever each has (spec: policies.md 5.3).
func TestJoin(t *testing.T) {
	for _, c := range []struct{ base, rest, query, want string }{
		{"https://h/base", "/items", "x=1", "https://h/base/items?x=1"},
		{"https://h/base/", "items", "", "https://h/base/items"},
		{"https://h/base//", "//items/", "", "https://h/base/items/"},
		{"https://h", "/items", "", "https://h/items"},
		{"https://h/base", "", "x", "https://h/base?x"},
		{"https://h/long-running", "/", "q", "https://h/long-running/?q"},
		{"https://h/b?k=1", "/i", "x=1", "https://h/b/i?k=1&x=1"},
	} {
		base, err := exchange.ParseURL(c.base)
		if err != nil {
			t.Fatal(err)
		}
		if got := exchange.Join(base, c.rest, c.query).String(); got != c.want {
			t.Errorf("%s + %s: %s, want %s", c.base, c.rest, got, c.want)
		}
	}
	var r exchange.Request
	one, _ := exchange.ParseURL("https://one/a?k=1")
	two, _ := exchange.ParseURL("http://two:8080/b/")
	r.URL.Query = "x=1"
	r.SetBase(one)
	r.SetRest("/items")
	r.SetBase(two)
	if got := r.URL.String(); got != "http://two:8080/b/items?x=1" {
		t.Error(got)
	}
}

func TestHeader(t *testing.T) {
	h := exchange.Header{{"A", "1"}, {"b", "2"}, {"a", "3"}, {"c", "4"}}
	shared := h
	if h.Get("a") != "1" || h.Get("x") != "" || !h.Has("B") || strings.Join(h.Values("A"), ",") != "1,3" || strings.Join(h.Names(), ",") != "A,b,c" {
		t.Errorf("%v", h)
	}
	c := h.Clone()
	c.Set("a", "new")
	c.Del("B")
	c.Add("D", "5")
	if got := c.Traced(); len(got) != 3 || got[0].Name != "a" || got[0].Value != "new" || got[2].Name != "D" {
		t.Errorf("%v", got)
	}
	if len(shared) != 4 || shared[0].Value != "1" || shared[1].Name != "b" {
		t.Errorf("changing a clone changed the original: %v", shared)
	}
	h.Set("a", "x") // must not write into shared either
	if shared[0].Value != "1" || shared[2].Value != "3" {
		t.Errorf("Set wrote into a shared list: %v", shared)
	}
}

func TestTraced(t *testing.T) {
	h := exchange.Header{{"Authorization", "Bearer x"}, {"X-My-Key", "y"}, {"Accept", "z"}}
	got := h.Traced("x-my-key")
	if got[0].Value != "***" || got[1].Value != "***" || got[2].Value != "z" {
		t.Errorf("%v", got)
	}
	u, _ := exchange.ParseURL("https://h/p?subscription-key=secret&x=1&MyKey=secret&flag")
	if s := u.Traced("mykey"); s != "https://h/p?subscription-key=***&x=1&MyKey=***&flag" {
		t.Error(s)
	}
}

// stream gives its chunks and then its end.
type stream struct {
	chunks []string
	end    error
	closed int
}

func (s *stream) Next(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(s.chunks) == 0 {
		return nil, s.end
	}
	c := s.chunks[0]
	s.chunks = s.chunks[1:]
	return []byte(c), nil
}

func (s *stream) Close() error { s.closed++; return nil }

func read(t *testing.T, b *exchange.Body) (string, error) {
	t.Helper()
	s, err := b.Open()
	if err != nil {
		return "", err
	}
	var all []byte
	for {
		chunk, err := s.Next(context.Background())
		all = append(all, chunk...)
		if err != nil {
			return string(all), err
		}
	}
}

func TestBody(t *testing.T) {
	ctx := context.Background()
	s := &stream{chunks: []string{"ab", "cd"}, end: io.EOF}
	b := exchange.StreamingBody(s, -1)
	if err := b.Buffer(ctx, 4); err != nil || b.Kind() != exchange.Buffered || b.Length() != 4 || s.closed != 1 {
		t.Fatalf("%v %v %d", err, b.Kind(), b.Length())
	}
	for range 2 {
		if text, err := read(t, b); text != "abcd" || !errors.Is(err, io.EOF) {
			t.Errorf("%q %v", text, err)
		}
	}
	b.Consume()
	if _, err := b.Open(); !errors.Is(err, exchange.ErrConsumed) || b.Length() != 0 {
		t.Errorf("a consumed body opens: %v", err)
	}

	b = exchange.StreamingBody(&stream{chunks: []string{"ab", "cd"}, end: io.EOF}, -1)
	if text, _ := read(t, b); text != "abcd" {
		t.Error(text)
	}
	if _, err := b.Open(); !errors.Is(err, exchange.ErrConsumed) {
		t.Errorf("a stream opens twice: %v", err)
	}
	if err := b.Buffer(ctx, 10); !errors.Is(err, exchange.ErrConsumed) {
		t.Errorf("a stream that was opened is buffered: %v", err)
	}

	for name, c := range map[string]struct {
		body  *exchange.Body
		limit int64
		want  error
	}{
		"known length":   {exchange.StreamingBody(&stream{end: io.EOF}, 5), 4, exchange.ErrTooLarge},
		"unknown length": {exchange.StreamingBody(&stream{chunks: []string{"abc", "de"}, end: io.EOF}, -1), 4, exchange.ErrTooLarge},
		"cut":            {exchange.StreamingBody(&stream{chunks: []string{"abc"}, end: exchange.ErrCut}, -1), 4, exchange.ErrCut},
		"no limit":       {exchange.StreamingBody(&stream{chunks: []string{"abcdef"}, end: io.EOF}, -1), 0, nil},
		"absent":         {nil, 1, nil},
		"buffered":       {exchange.BufferedBody([]byte("abc")), 1, nil},
	} {
		if err := c.body.Buffer(ctx, c.limit); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	var none *exchange.Body
	if text, err := read(t, none); text != "" || !errors.Is(err, io.EOF) || none.Close() != nil || none.Length() != 0 {
		t.Errorf("no body: %q %v", text, err)
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("https://[::1]:8080/a%2Fb?x=1#f")
	f.Add("http://h:80")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := exchange.ParseURL(text)
		if err != nil {
			return
		}
		again, err := exchange.ParseURL(u.String())
		if err != nil || again != u {
			t.Fatalf("%q: %+v, then %+v (%v)", text, u, again, err)
		}
		if strings.ContainsAny(u.String(), " \r\n\x00") {
			t.Fatalf("%q lets control characters through", text)
		}
	})
}

// A body that is too long to be kept stays whole, to be read once.
func TestKeep(t *testing.T) {
	for _, c := range []struct {
		parts  []string
		length int64
		kept   bool
	}{
		{[]string{"ab", "cd"}, -1, true},
		{[]string{"ab", "cd", "e"}, -1, true},
		{[]string{"ab", "cd", "ef", "gh"}, -1, false},
		{[]string{"abcdefgh"}, 8, false},
		{nil, -1, true},
	} {
		s := &parts{list: c.parts, end: io.EOF}
		b := exchange.StreamingBody(s, c.length)
		kept, err := b.Keep(t.Context(), 5)
		if err != nil || kept != c.kept || b.Beyond() == kept || b.Consumed() {
			t.Fatalf("%q: kept %v, %v", c.parts, kept, err)
		}
		for n := range 2 {
			stream, err := b.Open()
			if n == 1 && !kept {
				if !errors.Is(err, exchange.ErrConsumed) || !b.Consumed() {
					t.Errorf("%q: opened twice, %v", c.parts, err)
				}
				break
			}
			var got []byte
			for err == nil {
				var chunk []byte
				chunk, err = stream.Next(t.Context())
				got = append(got, chunk...)
			}
			if want := strings.Join(c.parts, ""); string(got) != want || !errors.Is(err, io.EOF) {
				t.Errorf("%q: read %q, %v", c.parts, got, err)
			}
		}
	}
	b := exchange.StreamingBody(&parts{list: []string{"a"}, end: exchange.ErrClientGone}, -1)
	if _, err := b.Keep(t.Context(), 5); !errors.Is(err, exchange.ErrClientGone) || !b.Consumed() {
		t.Errorf("%v", err)
	}
	if _, err := b.Keep(t.Context(), 5); !errors.Is(err, exchange.ErrConsumed) {
		t.Errorf("%v", err)
	}
}

type parts struct {
	list []string
	end  error
}

func (p *parts) Next(context.Context) ([]byte, error) {
	if len(p.list) == 0 {
		return nil, p.end
	}
	s := p.list[0]
	p.list = p.list[1:]
	if len(p.list) == 0 && errors.Is(p.end, io.EOF) {
		return []byte(s), io.EOF // the last piece may bring the end
	}
	return []byte(s), nil
}

func (p *parts) Close() error { return nil }

// Memory follows what has come of a body, not what was announced of it; and a
// whole one takes what it needs.
func TestAnnouncedLength(t *testing.T) {
	for _, length := range []int64{1, 4 << 10, 100 << 10, 12 << 20, 32 << 20} {
		for _, piece := range []int64{700, 32 << 10} {
			s := &growing{piece: int(piece), end: length}
			s.seen = func(n int64) {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if used := int64(m.HeapAlloc) - s.before; n < 4<<10 && used > 1<<20 {
					t.Errorf("%d of %d bytes came, and %d are in use", n, length, used)
				}
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			s.before = int64(m.HeapAlloc)
			b := exchange.StreamingBody(s, length)
			if kept, err := b.Keep(t.Context(), 64<<20); err != nil || !kept || b.Length() != length || int64(cap(b.Bytes())) != length {
				t.Fatalf("%d in pieces of %d: kept %v of capacity %d, %v", length, piece, kept, cap(b.Bytes()), err)
			}
		}
	}
}

// growing is a body of zeros.
type growing struct {
	piece      int
	given, end int64
	before     int64
	seen       func(n int64)
	text       []byte
	looked     bool
}

func (g *growing) Next(context.Context) ([]byte, error) {
	if !g.looked && g.given > 0 {
		g.looked = true
		g.seen(g.given)
	}
	if g.given == g.end {
		return nil, io.EOF
	}
	if g.text == nil {
		g.text = make([]byte, g.piece)
	}
	n := min(int64(g.piece), g.end-g.given)
	g.given += n
	return g.text[:n], nil
}

func (g *growing) Close() error { return nil }
