package exchange

import (
	"strconv"
	"strings"
)

// Field is one header line. Name keeps the spelling it came with.
type Field struct{ Name, Value string }

// Header is an ordered list of header lines. Names are compared without case;
// duplicates, order and spelling are kept as far as the engine gives them.
// The zero Header is empty and ready to use. It is not safe for concurrent
// writes.
type Header []Field

// Get is the value of the first line of that name, or "".
func (h Header) Get(name string) string {
	if i := h.index(name); i >= 0 {
		return h[i].Value
	}
	return ""
}

// Has reports whether a line of that name exists.
func (h Header) Has(name string) bool { return h.index(name) >= 0 }

// Values are the values of all lines of that name, in order.
func (h Header) Values(name string) []string {
	var vs []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			vs = append(vs, f.Value)
		}
	}
	return vs
}

// Names are the distinct names in order of first appearance.
func (h Header) Names() []string {
	var ns []string
next:
	for _, f := range h {
		for _, n := range ns {
			if strings.EqualFold(n, f.Name) {
				continue next
			}
		}
		ns = append(ns, f.Name)
	}
	return ns
}

// Add appends a line.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

// Set leaves exactly one line of that name, at the place of the first one if
// there was one. What shares its lines with h keeps them as they are.
func (h *Header) Set(name, value string) {
	i := h.index(name)
	if i < 0 {
		h.Add(name, value)
		return
	}
	out := append(make(Header, 0, len(*h)), (*h)[:i]...)
	*h = (*h)[i+1:].appendWithout(append(out, Field{name, value}), name)
}

// Del removes all lines of that name. What shares its lines with h keeps them.
func (h *Header) Del(name string) {
	i := h.index(name)
	if i < 0 {
		*h = (*h)[:len(*h):len(*h)] // so that a line added here is nobody else's, either
		return
	}
	out := append(make(Header, 0, len(*h)), (*h)[:i]...)
	*h = (*h)[i+1:].appendWithout(out, name)
}

// Without is a copy without the lines of those names.
func (h Header) Without(names ...string) Header {
	return h.appendWithout(make(Header, 0, len(h)), names...)
}

func (h Header) appendWithout(to Header, names ...string) Header {
next:
	for _, f := range h {
		for _, name := range names {
			if strings.EqualFold(f.Name, name) {
				continue next
			}
		}
		to = append(to, f)
	}
	return to
}

func (h Header) index(name string) int {
	for i, f := range h {
		if strings.EqualFold(f.Name, name) {
			return i
		}
	}
	return -1
}

// Clone is a copy that shares nothing with h.
func (h Header) Clone() Header { return append(Header(nil), h...) }

// URL is a request's address in parts, each as it stands on the wire: Path and
// Query keep the client's percent-encoding.
type URL struct {
	Scheme string // "http" or "https"
	Host   string // without port, IPv6 with brackets
	Port   int    // never 0 once set: 80 or 443 when the text had none
	Path   string // with its leading slash; may be ""
	Query  string // without "?"
}

// Authority is host, with the port unless it is the scheme's default.
func (u URL) Authority() string {
	if u.Port == 0 || u.Scheme == "http" && u.Port == 80 || u.Scheme == "https" && u.Port == 443 {
		return u.Host
	}
	return u.Host + ":" + strconv.Itoa(u.Port)
}

// String is the whole address.
func (u URL) String() string {
	s := u.Scheme + "://" + u.Authority() + u.Path
	if u.Query != "" {
		s += "?" + u.Query
	}
	return s
}
