package std

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// The bounds of a request's head (spec: reliability.md 31).
const (
	maxHead       = 64 << 10
	maxLines      = 200
	maxURL        = 16 << 10
	maxParameters = 10_000
)

// refusal is why a request goes no further: the status it gets and a sentence.
type refusal struct {
	status int
	why    string
}

func bad(why string) *refusal { return &refusal{400, why} }

// framing is how the end of a request's body is found.
type framing int

const (
	noBody framing = iota
	fixedLength
	chunked
)

// head is a request's head as it came over the wire, with the spelling and the
// order of its lines, which net/http does not keep.
type head struct {
	method, target string
	http10         bool
	header         exchange.Header
	framing        framing
	length         int64
	refused        *refusal
}

// parseHead reads a whole head, its final empty line included. It takes what
// RFC 9112 demands and nothing that two readers could understand in two ways:
// bare line feeds, folded lines, two lengths, a length beside a transfer
// coding, a transfer coding on HTTP/1.0.
func parseHead(b []byte) (h head, r *refusal) {
	line, rest, ok := cutLine(b)
	if !ok {
		return h, bad("a line does not end with CR LF")
	}
	if r = h.requestLine(line); r != nil {
		return h, r
	}
	h.header = make(exchange.Header, 0, bytes.Count(rest, []byte{'\n'})+2)
	for lines := 0; ; lines++ {
		if line, rest, ok = cutLine(rest); !ok {
			return h, bad("a line does not end with CR LF")
		}
		if len(line) == 0 {
			break
		}
		if lines == maxLines {
			return h, &refusal{431, "there are too many header lines"}
		}
		if r = h.field(line); r != nil {
			return h, r
		}
	}
	return h, h.frame()
}

// cutLine cuts at the first line feed; ok says that a carriage return stood
// before it and nowhere else in the line.
func cutLine(b []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 1 || b[i-1] != '\r' {
		return nil, nil, false
	}
	line = b[:i-1]
	return line, b[i+1:], bytes.IndexByte(line, '\r') < 0
}

func (h *head) requestLine(line []byte) *refusal {
	method, rest, _ := bytes.Cut(line, []byte{' '})
	target, version, ok := bytes.Cut(rest, []byte{' '})
	if !ok || !isToken(method) || len(target) == 0 {
		return bad("the request line is malformed")
	}
	switch string(version) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		h.http10 = true
	default:
		if len(version) == 8 && bytes.HasPrefix(version, []byte("HTTP/")) && isDigit(version[5]) && version[6] == '.' && isDigit(version[7]) {
			return &refusal{505, "the HTTP version is not supported"}
		}
		return bad("the request line is malformed")
	}
	if len(target) > maxURL {
		return &refusal{414, "the URL is too long"}
	}
	for _, c := range target {
		if c <= ' ' || c >= 0x7f {
			return bad("the URL holds a character that must be encoded")
		}
	}
	if bytes.Count(target, []byte{'&'}) >= maxParameters {
		return bad("the query has too many parameters")
	}
	h.method, h.target = string(method), string(target)
	if h.method != http.MethodConnect && (target[0] != '/' || bytes.IndexByte(target, '%') >= 0) {
		// Other targets cannot be malformed any more.
		if _, err := url.ParseRequestURI(h.target); err != nil {
			return bad("the URL is malformed")
		}
	}
	return nil
}

func (h *head) field(line []byte) *refusal {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok || !isToken(name) {
		return bad("a header line is malformed")
	}
	value = bytes.Trim(value, " \t")
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return bad("a header line holds a control character")
		}
	}
	h.header = append(h.header, exchange.Field{Name: string(name), Value: string(value)})
	return nil
}

// frame finds how long the body is, and refuses what leaves that open.
func (h *head) frame() *refusal {
	hosts, lengths, codings := 0, 0, 0
	var length, coding string
	for _, f := range h.header {
		switch {
		case strings.EqualFold(f.Name, "Host"):
			hosts++
			if strings.ContainsFunc(f.Value, func(c rune) bool { return c >= 0x80 || !hostChars[c] }) {
				return bad("the Host header is not a host")
			}
		case strings.EqualFold(f.Name, "Expect") && !strings.EqualFold(f.Value, "100-continue"):
			return &refusal{417, "nothing but 100-continue can be expected"}
		case strings.EqualFold(f.Name, "Content-Length"):
			lengths++
			length = f.Value
		case strings.EqualFold(f.Name, "Transfer-Encoding"):
			codings++
			coding = f.Value
		}
	}
	switch {
	case hosts > 1 || hosts == 0 && !h.http10:
		return bad("the request has not exactly one Host header")
	case lengths > 1:
		return bad("there is more than one Content-Length")
	case lengths == 1 && codings > 0:
		return bad("there are Content-Length and Transfer-Encoding")
	case codings > 0 && h.http10:
		return bad("HTTP/1.0 has no Transfer-Encoding")
	case codings > 1:
		return bad("there is more than one Transfer-Encoding")
	case codings == 1:
		if !strings.EqualFold(coding, "chunked") {
			return &refusal{501, "the transfer coding is not supported"}
		}
		h.framing, h.length = chunked, -1
	case lengths == 1:
		if length == "" || len(length) > 18 {
			return bad("the Content-Length is not a length")
		}
		for i := range len(length) {
			if !isDigit(length[i]) {
				return bad("the Content-Length is not a length")
			}
			h.length = h.length*10 + int64(length[i]-'0')
		}
		if h.length > 0 {
			h.framing = fixedLength
		}
	}
	return nil
}

// twins are headers that decide who somebody is or where a message ends. Some
// servers read "_" in a name as "-", so that an underscored twin of one of
// these could say there what was refused or replaced here: it is dropped.
var twins = []string{
	"Host", "Content-Length", "Transfer-Encoding", "Authorization", "Proxy-Authorization", "Api-Key", "Ocp-Apim-Subscription-Key",
	"Ocp-Apim-Trace", "Apim-Debug-Authorization", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
	"X-Real-Ip", "X-Ms-Client-Principal", "X-Ms-Client-Principal-Id", "X-Ms-Token-Aad-Access-Token", "Content-Type", "Content-Encoding",
	"Set-Cookie", "User-Agent",
}

// withoutTwins drops the underscored twins.
func withoutTwins(h exchange.Header) exchange.Header {
	out := h
	for i, f := range h {
		if strings.IndexByte(f.Name, '_') < 0 || !isTwin(f.Name) {
			if len(out) != len(h) {
				out = append(out, f)
			}
			continue
		}
		if len(out) == len(h) {
			out = append(make(exchange.Header, 0, len(h)), h[:i]...)
		}
	}
	return out
}

func isTwin(name string) bool {
	name = strings.ReplaceAll(name, "_", "-")
	for _, t := range twins {
		if strings.EqualFold(t, name) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenChars[c] {
			return false
		}
	}
	return len(b) > 0
}

// hostChars are the characters of a host and a port (RFC 3986, 3.2.2), but for the
// comma, by which two header lines become one.
var hostChars = func() (t [0x80]bool) {
	for c := range 0x80 {
		b := byte(c)
		t[c] = isDigit(b) || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || strings.IndexByte("!$%&'()*+-.:;=[]_~", b) >= 0
	}
	return t
}()

// tokenChars are the characters of a token (RFC 9110, 5.6.2).
var tokenChars = func() (t [256]bool) {
	for c := range 256 {
		b := byte(c)
		t[c] = isDigit(b) || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
	}
	return t
}()
