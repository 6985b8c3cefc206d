package route

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// ErrBadPath is a path that no request may have: one that does not begin with
// a slash, or a segment that decodes to "." or "..", to text that is not UTF-8,
// or to text with a NUL, a carriage return or a line feed. Such segments mean
// one thing here and another at a backend, so that they are refused before
// anything is matched.
var ErrBadPath = errors.New("the path holds a segment that is not allowed")

// Path is a request's path: split on the slashes as they came over the wire,
// then each segment decoded by itself, so that an encoded slash never makes two
// segments. Empty segments (from doubled slashes) are gone.
type Path struct {
	raw      string // cleaned, still encoded
	segments []segment
	// slash says that the path ended with one, behind its last segment.
	slash bool
}

type segment struct {
	start, end int    // in raw, without the slash before it
	value      string // decoded
}

// ParsePath reads a raw path, as it stands in the request line before "?".
func ParsePath(raw string) (Path, error) {
	if raw == "" || raw[0] != '/' {
		return Path{}, ErrBadPath
	}
	p := Path{raw: raw, slash: raw[len(raw)-1] == '/'}
	if strings.Contains(raw, "//") {
		p.raw = dropEmpty(raw)
	}
	n := strings.Count(p.raw, "/")
	if n > 0 {
		p.segments = make([]segment, 0, n)
	}
	for start := 1; start < len(p.raw); {
		end := start + strings.IndexByte(p.raw[start:], '/')
		if end < start {
			end = len(p.raw)
		}
		value, ok := decode(p.raw[start:end])
		if !ok || value == "." || value == ".." {
			return Path{}, ErrBadPath
		}
		p.segments = append(p.segments, segment{start, end, value})
		start = end + 1
	}
	return p, nil
}

// String is the cleaned path with the client's encoding: what is forwarded.
func (p Path) String() string { return p.raw }

// rest is the raw path behind the first n segments, with its leading slash, or
// "" when nothing follows.
func (p Path) rest(n int) string {
	if n == 0 {
		return p.raw
	}
	return p.raw[p.segments[n-1].end:]
}

func dropEmpty(raw string) string {
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '/' && i > 0 && raw[i-1] == '/' {
			continue
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

// decode undoes percent-encoding; "+" stands for itself in a path.
func decode(s string) (string, bool) {
	if strings.IndexByte(s, '%') >= 0 {
		var b strings.Builder
		b.Grow(len(s))
		for i := 0; i < len(s); i++ {
			if s[i] != '%' {
				b.WriteByte(s[i])
				continue
			}
			if i+2 >= len(s) {
				return "", false
			}
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if !ok1 || !ok2 {
				return "", false
			}
			b.WriteByte(hi<<4 | lo)
			i += 2
		}
		s = b.String()
	}
	// Over-long forms are not valid UTF-8, which this refuses with the rest.
	return s, utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\r\n")
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// queryValue is the decoded value of the first parameter of that name, which
// is compared without case, in a raw query.
func queryValue(query, name string) (string, bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(key, name) || strings.ContainsAny(key, "%+") && strings.EqualFold(decodeQuery(key), name) {
			return decodeQuery(value), true
		}
	}
	return "", false
}

// decodeQuery undoes the encoding of a query's name or value. What is not
// decodable stands for itself: a query is passed on as it came.
func decodeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s):
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				b = append(b, hi<<4|lo)
				i += 2
				continue
			}
			b = append(b, '%')
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}
