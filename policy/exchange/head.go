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
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Has reports whether a line of that name exists.
func (h Header) Has(name string) bool {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

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
// there was one.
func (h *Header) Set(name, value string) {
	for i, f := range *h {
		if strings.EqualFold(f.Name, name) {
			rest := append(Header(nil), (*h)[i+1:]...)
			rest.Del(name)
			*h = append(append((*h)[:i:i], Field{name, value}), rest...)
			return
		}
	}
	h.Add(name, value)
}

// Del removes all lines of that name.
func (h *Header) Del(name string) {
	out := (*h)[:0:0]
	for _, f := range *h {
		if !strings.EqualFold(f.Name, name) {
			out = append(out, f)
		}
	}
	*h = out
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
