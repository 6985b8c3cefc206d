package net

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The kinds of hosts, as UriHostNameType numbers them.
const (
	hostUnknown = iota
	hostBasic
	hostDNS
	hostIPv4
	hostIPv6
)

// Uri is a System.Uri. It is immutable. Components are kept as AbsoluteUri has
// them: escaped, the host in lower case, dot segments resolved.
type Uri struct {
	original string
	absolute bool

	scheme    string
	authority bool // there was a //
	userInfo  string
	host      string
	hostType  int
	zone      string // of an IPv6 address
	port      int    // -1 without one
	path      string
	query     string // with its question mark
	fragment  string // with its number sign
	implicit  bool   // a file path rather than a URI
	unc       bool
	dos       bool
	loose     bool // IsWellFormedOriginalString is false
}

// Type is System.Uri.
func (*Uri) Type() *types.Type { return UriType }

// scheme is what .NET knows of a scheme.
type scheme struct {
	port      int
	authority bool // must have one
	emptyHost bool
	noQuery   bool // a question mark belongs to the path
	slashes   bool // a backslash is a slash
	mail      bool
	noDots    bool // dot segments stay
}

var schemes = map[string]scheme{
	"http":     {port: 80, authority: true, slashes: true},
	"https":    {port: 443, authority: true, slashes: true},
	"ws":       {port: 80, authority: true, slashes: true},
	"wss":      {port: 443, authority: true, slashes: true},
	"ftp":      {port: 21, authority: true, slashes: true, noQuery: true},
	"file":     {port: -1, authority: true, emptyHost: true, slashes: true},
	"gopher":   {port: 70, authority: true, noQuery: true, noDots: true},
	"nntp":     {port: 119, authority: true, noQuery: true, noDots: true},
	"telnet":   {port: 23, authority: true, noQuery: true, noDots: true},
	"ldap":     {port: 389, authority: true, emptyHost: true, noDots: true},
	"net.tcp":  {port: 808, authority: true, slashes: true},
	"net.pipe": {port: -1, authority: true, slashes: true},
	"mailto":   {port: 25, emptyHost: true, mail: true, noDots: true},
	"news":     {port: -1, noQuery: true, noDots: true},
	"uuid":     {port: -1, noQuery: true, noDots: true},
}

func schemeOf(name string) scheme {
	s, ok := schemes[name]
	if !ok {
		s = scheme{port: -1, emptyHost: true}
	}
	return s
}

// The messages of UriFormatException. After the first four a relative address
// is still possible.
const (
	badFormat    = "Invalid URI: The format of the URI could not be determined."
	badScheme    = "Invalid URI: The URI scheme is not valid."
	badAuthority = "Invalid URI: The Authority/Host could not be parsed."
	emptyUri     = "Invalid URI: The URI is empty."

	badHost      = "Invalid URI: The hostname could not be parsed."
	badPort      = "Invalid URI: Invalid port specified."
	longScheme   = "Invalid URI: The Uri scheme is too long."
	unrootedPath = "Invalid URI: A Dos path must be rooted, for example, 'c:\\\\'."
	notRelative  = "A relative URI cannot be created because the 'uriString' parameter represents an absolute URI."
)

// The kinds of addresses that a caller asks for.
const (
	kindAny = iota
	kindAbsolute
	kindRelative
)

// parseUri reads an address of a kind; fault is the message of the exception.
func parseUri(s string, kind int) (u *Uri, fault string) {
	u, fault = parseAbsolute(s)
	relative := &Uri{original: s}
	switch {
	case fault == "" && u.implicit && !u.dos && kind != kindAbsolute && (kind == kindRelative || !strings.HasPrefix(s, `\\`)):
		// A path is a relative address where one is allowed.
		return relative, ""
	case fault == "" && kind == kindRelative:
		if u.dos && u.implicit {
			return relative, ""
		}
		return nil, notRelative
	case fault == "":
		return u, ""
	case kind == kindAbsolute:
		return nil, fault
	}
	switch fault {
	case badFormat, badScheme, badAuthority, emptyUri:
		return relative, ""
	}
	return nil, fault
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// slash reports whether a byte separates segments in a scheme.
func slash(c byte, with scheme) bool { return c == '/' || c == '\\' && with.slashes }

func parseAbsolute(original string) (*Uri, string) {
	if original == "" {
		return nil, emptyUri
	}
	u := &Uri{original: original, absolute: true, port: -1}
	s := strings.Trim(original, " \t\r\n")
	if s != original {
		u.loose = true
	}
	if strings.HasPrefix(s, "/") && (len(s) == 1 || s[1] != '/' && s[1] != '\\') {
		u.implicit = true
		return u, u.filePath(s)
	}
	colon := strings.IndexByte(s, ':')
	switch {
	case len(s) <= 2 || colon == 0:
		return nil, badFormat
	case s[1] == ':' || s[1] == '|':
		if !letter(s[0]) {
			if s[1] == ':' {
				return nil, badScheme
			}
			return nil, badFormat
		}
		if s[2] != '/' && s[2] != '\\' {
			return nil, unrootedPath
		}
		u.implicit, u.dos = true, true
		return u, u.filePath("/" + s)
	case s[0] == '/' || s[0] == '\\':
		if s[1] != '/' && s[1] != '\\' {
			return nil, badFormat
		}
		u.implicit, u.unc = true, true
		return u, u.sharePath(strings.TrimLeft(s, `/\`))
	case colon < 0:
		return nil, badFormat
	}
	if !validScheme(s[:colon]) {
		return nil, badScheme
	}
	if colon > 1024 {
		return nil, longScheme
	}
	u.scheme = strings.ToLower(s[:colon])
	with := schemeOf(u.scheme)
	rest := s[colon+1:]
	switch {
	case with.mail:
		return u, u.mail(rest)
	case len(rest) >= 2 && slash(rest[0], with) && slash(rest[1], with):
		u.authority = true
		u.loose = u.loose || rest[0] == '\\' || rest[1] == '\\'
		rest = rest[2:]
		if u.scheme == "file" {
			return u, u.file(rest, with)
		}
		end := 0
		for end < len(rest) && !slash(rest[end], with) && rest[end] != '?' && rest[end] != '#' {
			end++
		}
		if fault := u.readAuthority(rest[:end], with); fault != "" {
			return nil, fault
		}
		rest = rest[end:]
	case u.scheme == "file":
		return u, u.file(rest, with)
	case with.authority:
		return nil, badAuthority
	}
	u.readPath(rest, with)
	return u, ""
}

func validScheme(s string) bool {
	if s == "" || !letter(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !letter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// readAuthority reads user, host and port.
func (u *Uri) readAuthority(s string, with scheme) string {
	u.port = with.port
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		u.userInfo = canonical(s[:at], false, "/?#[]@")
		s = s[at+1:]
	}
	host, port := s, ""
	hasPort := false
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return badHost
		}
		host = s[:end+1]
		if tail := s[end+1:]; tail != "" {
			if tail[0] != ':' {
				return badHost
			}
			hasPort, port = true, tail[1:]
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		hasPort, host, port = true, s[:i], s[i+1:]
	}
	if host == "" {
		if !with.emptyHost || hasPort {
			return badHost
		}
		u.hostType = hostBasic
	} else if !u.setHost(host) {
		if _, known := schemes[u.scheme]; known {
			return badHost
		}
		// Schemes that .NET does not know may have any host.
		u.host, u.hostType = canonical(host, false, ""), hostBasic
	}
	if hasPort && port != "" {
		n := 0
		for i := 0; i < len(port); i++ {
			if port[i] < '0' || port[i] > '9' {
				return badPort
			}
			if n = n*10 + int(port[i]-'0'); n > 65535 {
				return badPort
			}
		}
		u.port = n
	}
	return ""
}

func (u *Uri) setHost(host string) bool {
	kind, name, zone := checkHost(host)
	if kind == hostUnknown {
		return false
	}
	u.hostType, u.host, u.zone = kind, name, zone
	return true
}

// checkHost finds out what a host is, and how it is written canonically.
func checkHost(host string) (kind int, name, zone string) {
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		a, ok := parseIPv6(host[1 : len(host)-1])
		if !ok {
			return hostUnknown, "", ""
		}
		if i := strings.IndexByte(host, '%'); i >= 0 {
			zone = host[i : len(host)-1]
		}
		a.scope = 0
		return hostIPv6, "[" + a.text() + "]", zone
	}
	if a, ok := parseIPv4(host); ok {
		return hostIPv4, a.text(), ""
	}
	if name, ok := domain(host); ok {
		return hostDNS, name, ""
	}
	return hostUnknown, "", ""
}

// domain is a name of the DNS in lower case. Labels may hold letters beyond
// ASCII, and the underscore.
func domain(s string) (string, bool) {
	label, ascii := 0, true
	for _, r := range s {
		switch {
		case r == '.' || r == '\u3002' || r == '\uFF0E' || r == '\uFF61':
			if label == 0 {
				return "", false
			}
			label = 0
			continue
		case r < 0x80:
			if c := byte(r); !letter(c) && (c < '0' || c > '9') && c != '-' && c != '_' {
				return "", false
			}
		case !unicode.In(r, unicode.L, unicode.M, unicode.N):
			return "", false
		default:
			ascii = false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	if s == "" || len(s) > 255 {
		return "", false
	}
	if !ascii {
		s = strings.NewReplacer("\u3002", ".", "\uFF0E", ".", "\uFF61", ".").Replace(s)
	}
	return strings.ToLower(s), true
}

// readPath reads path, query and fragment.
func (u *Uri) readPath(s string, with scheme) {
	path, query, fragment := s, "", ""
	if i := strings.IndexByte(path, '#'); i >= 0 {
		path, fragment = path[:i], path[i:]
	}
	if i := strings.IndexByte(path, '?'); i >= 0 && !with.noQuery {
		path, query = path[:i], path[i:]
	}
	u.loose = u.loose || loose(path) || loose(query) || loose(strings.TrimPrefix(fragment, "#")) || with.slashes && strings.Contains(path, `\`)
	escape := ""
	if with.noQuery {
		escape = "?"
	}
	u.path = canonical(path, with.slashes, escape)
	u.query = canonical(query, false, "")
	u.fragment = canonical(fragment, false, "")
	if u.authority && u.path == "" {
		u.path = "/"
	}
	if !with.noDots && strings.HasPrefix(u.path, "/") {
		u.path = removeDots(u.path)
	}
}

// loose reports whether a component is not written as IsWellFormedUriString
// wants it: with something to be escaped, or with both escapes and characters
// beyond ASCII, escaped or not.
func loose(s string) bool {
	beyond, escapes := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			b := escapedByte(s, i)
			if b < 0 {
				return true
			}
			if b >= 0x80 {
				beyond = true
			} else if !unreserved(byte(b)) {
				escapes = true
			}
			i += 2
		case c >= 0x80:
			beyond = true
		case !unreserved(c) && !reserved(c):
			return true
		}
	}
	return beyond && escapes
}

// mail reads what follows mailto: an address, or anything.
func (u *Uri) mail(s string) string {
	with := schemeOf(u.scheme)
	head := s
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		head = s[:i]
	}
	if at := strings.LastIndexByte(head, '@'); at > 0 {
		if kind, name, _ := checkHost(head[at+1:]); kind != hostUnknown {
			u.userInfo, u.host, u.hostType, u.port = canonical(head[:at], false, ""), name, kind, with.port
			s = s[len(head):]
		}
	}
	u.readPath(s, with)
	return ""
}

// file reads what follows file: or file://.
func (u *Uri) file(s string, with scheme) string {
	if strings.HasPrefix(s, "/") || strings.HasPrefix(s, `\`) || s == "" {
		u.authority, u.hostType = true, hostBasic
		path := strings.TrimLeft(s, `/\`)
		if len(path) >= 2 && letter(path[0]) && (path[1] == ':' || path[1] == '|') {
			u.dos = true
		}
		u.readPath("/"+path, with)
		return ""
	}
	if len(s) >= 2 && letter(s[0]) && s[1] == ':' {
		u.authority, u.hostType, u.dos = true, hostBasic, true
		u.readPath("/"+s, with)
		return ""
	}
	if !u.authority {
		return badAuthority
	}
	end := 0
	for end < len(s) && !slash(s[end], with) && s[end] != '?' && s[end] != '#' {
		end++
	}
	if fault := u.readAuthority(s[:end], with); fault != "" {
		return fault
	}
	u.unc = true
	u.readPath(s[end:], with)
	return ""
}

// filePath is the path of a file: every character of it is just that.
func (u *Uri) filePath(path string) string {
	u.scheme, u.authority, u.hostType, u.port, u.loose = "file", true, hostBasic, -1, true
	u.path = removeDots(canonical(path, u.dos, "?#%"))
	return ""
}

func (u *Uri) sharePath(s string) string {
	end := strings.IndexAny(s, `/\`)
	if end < 0 {
		end = len(s)
	}
	u.scheme, u.authority, u.port, u.loose = "file", true, -1, true
	if !u.setHost(s[:end]) {
		return badHost
	}
	u.path = removeDots(canonical(s[end:], true, "?#%"))
	if u.path == "" {
		u.path = "/"
	}
	return ""
}

func (u *Uri) defaultPort() bool { return u.port == schemeOf(u.scheme).port }

// server is the host with a port that is not the scheme's own.
func (u *Uri) server() string {
	if u.defaultPort() || u.port < 0 {
		return u.host
	}
	return u.host + ":" + strconv.Itoa(u.port)
}

// left is the address up to the path.
func (u *Uri) left(userInfo bool) string {
	s := u.scheme + ":"
	if u.authority {
		s += "//"
	}
	if userInfo && u.userInfo != "" {
		s += u.userInfo + "@"
	}
	return s + u.server()
}

func (u *Uri) absoluteUri() string { return u.left(true) + u.path + u.query + u.fragment }

// ToString shows escapes decoded where that changes no meaning.
func (u *Uri) ToString(*value.Thread) string { return u.text() }

func (u *Uri) text() string {
	if !u.absolute {
		return u.original
	}
	return u.left(true) + unescape(u.path+u.query+u.fragment, safeToUnescape)
}

// remote is what two addresses are compared by: no user, no fragment.
func (u *Uri) remote() string {
	if !u.absolute {
		return u.original
	}
	return u.left(schemeOf(u.scheme).mail) + u.path + u.query
}

// Equals compares with an address, or the text of one.
func (u *Uri) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*Uri)
	if !ok {
		if !other.IsString() {
			return false
		}
		p, fault := parseUri(other.Str(), kindAny)
		if fault != "" {
			return false
		}
		o = p
	}
	return u == o || u.absolute == o.absolute && u.remote() == o.remote()
}

// Hash goes with Equals.
func (u *Uri) Hash(*value.Thread) int32 { return value.HashString(u.remote()) }

// segments are the parts of the path with their slashes.
func (u *Uri) segments() []string {
	var list []string
	for p := u.path; p != ""; {
		i := strings.IndexByte(p, '/') + 1
		if i == 0 {
			i = len(p)
		}
		list = append(list, p[:i])
		p = p[i:]
	}
	return list
}

func (u *Uri) localPath() string {
	p := UnescapeData(u.path)
	switch {
	case u.dos:
		return strings.ReplaceAll(strings.TrimPrefix(p, "/"), "/", `\`)
	case u.unc && u.scheme == "file" && u.host != "":
		return `\\` + u.host + strings.ReplaceAll(p, "/", `\`)
	}
	return p
}

func (u *Uri) absolutePath() string {
	if u.dos {
		return strings.TrimPrefix(u.path, "/")
	}
	return u.path
}

func (u *Uri) loopback() bool {
	switch u.hostType {
	case hostIPv4:
		return strings.HasPrefix(u.host, "127.")
	case hostIPv6:
		return u.host == "[::1]"
	case hostDNS:
		return u.host == "localhost" || u.host == "loopback"
	}
	return u.scheme == "file" && u.host == ""
}

// combine resolves a relative address against an absolute one.
func (u *Uri) combine(rel string) string {
	with := schemeOf(u.scheme)
	switch {
	case rel == "":
		return u.original
	case rel[0] == '#':
		return u.left(true) + u.path + u.query + rel
	case rel[0] == '?' && !with.noQuery:
		return u.left(true) + u.path + rel
	case len(rel) >= 2 && slash(rel[0], with) && slash(rel[1], with):
		return u.scheme + ":" + rel
	case slash(rel[0], with):
		return u.left(true) + rel
	}
	path := u.path[:strings.LastIndexByte(u.path, '/')+1]
	if path == "" && u.authority {
		path = "/"
	}
	head := rel
	if i := strings.IndexAny(rel, "?#"); i >= 0 {
		head = rel[:i]
	}
	tail := rel[len(head):]
	if with.slashes {
		head = strings.ReplaceAll(head, `\`, "/")
	}
	if with.noDots {
		return u.left(true) + path + head + tail
	}
	return u.left(true) + removeDots(path+head) + tail
}

// resolve is new Uri(base, relative).
func (u *Uri) resolve(rel string) (*Uri, string) {
	// A relative text that is an address of its own wins.
	if r, fault := parseUri(rel, kindAny); fault != "" {
		return nil, fault
	} else if r.absolute {
		if r.scheme != u.scheme || r.implicit || !strings.HasPrefix(rel, r.scheme+":") || r.authority {
			return r, ""
		}
	}
	return parseUri(u.combine(rel), kindAbsolute)
}

// relativeTo is MakeRelativeUri: the way from one path to another.
func (u *Uri) relativeTo(o *Uri) *Uri {
	if u.scheme != o.scheme || u.host != o.host || u.port != o.port {
		return o
	}
	path := pathDifference(u.absolutePath(), o.absolutePath(), !u.dos && !u.unc)
	if i := strings.IndexByte(path, ':'); i > 0 && !strings.Contains(path[:i], "/") {
		path = "./" + path
	}
	return &Uri{original: path + o.query + o.fragment}
}

func pathDifference(from, to string, exact bool) string {
	lower := func(c byte) byte {
		if c >= 'A' && c <= 'Z' {
			return c + 0x20
		}
		return c
	}
	i, last := 0, -1
	for ; i < len(from) && i < len(to); i++ {
		if from[i] != to[i] && (exact || lower(from[i]) != lower(to[i])) {
			break
		}
		if from[i] == '/' {
			last = i
		}
	}
	if i == 0 {
		return to
	}
	if i == len(from) && i == len(to) {
		return ""
	}
	up := strings.Repeat("../", strings.Count(from[i:], "/"))
	if up == "" && len(to)-1 == last {
		return "./"
	}
	return up + to[last+1:]
}
