package net

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/spillway-gateway/spillway/expr/value"
)

// The bits of UriComponents.
const (
	partScheme     = 1
	partUserInfo   = 2
	partHost       = 4
	partPort       = 8
	partPath       = 16
	partQuery      = 32
	partFragment   = 64
	partStrongPort = 128
	partNormalized = 256
	partDelimiter  = 0x40000000
)

const (
	formatEscaped = 1 + iota
	formatUnescaped
	formatSafe
)

// idnHost is the host as the DNS has it, its labels in punycode.
func (u *Uri) idnHost() string {
	switch u.hostType {
	case hostIPv6:
		return strings.Trim(u.host, "[]") + u.zone
	case hostDNS:
		labels := strings.Split(norm.NFC.String(u.host), ".")
		for i, l := range labels {
			if !value.IsASCII(l) {
				labels[i] = "xn--" + punycode([]rune(l))
			}
		}
		return strings.Join(labels, ".")
	}
	return u.host
}

// punycode is RFC 3492's encoding of a label.
func punycode(label []rune) string {
	const base, tmin, tmax, skew, damp = 36, 1, 26, 38, 700
	var out []byte
	for _, r := range label {
		if r < 0x80 {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	digit := func(d int) byte {
		if d < 26 {
			return byte('a' + d)
		}
		return byte('0' + d - 26)
	}
	n, delta, bias, done := rune(0x80), 0, 72, basic
	for done < len(label) {
		next := rune(0x10FFFF)
		for _, r := range label {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range label {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tmin), tmax)
				if q < t {
					break
				}
				out = append(out, digit(t+(q-t)%(base-t)))
				q = (q - t) / (base - t)
			}
			out = append(out, digit(q))
			first := done == basic
			done++
			if first {
				delta /= damp
			} else {
				delta /= 2
			}
			delta += delta / done
			k := 0
			for ; delta > (base-tmin)*tmax/2; k += base {
				delta /= base - tmin
			}
			bias = k + (base-tmin+1)*delta/(delta+skew)
			delta = 0
		}
		delta++
		n++
	}
	return string(out)
}

// parts is GetComponents.
func (u *Uri) parts(which, format int) string {
	show := func(s string) string {
		switch format {
		case formatUnescaped:
			return UnescapeData(s)
		case formatSafe:
			return unescape(s, safeToUnescape)
		}
		return s
	}
	host := u.host
	if which&partNormalized != 0 {
		which |= partHost
		host = u.idnHost()
		if u.hostType == hostIPv6 {
			host = u.host
		}
	}
	port := ""
	if u.port >= 0 && (which&partStrongPort != 0 || which&partPort != 0 && !u.defaultPort()) {
		port = strconv.Itoa(u.port)
	}
	// A component alone comes without its delimiters.
	switch which {
	case partScheme:
		return u.scheme
	case partUserInfo:
		return show(u.userInfo)
	case partHost, partHost | partNormalized, partNormalized:
		return show(host)
	case partPort, partStrongPort:
		return port
	case partPath:
		if u.authority {
			return show(strings.TrimPrefix(u.path, "/"))
		}
		return show(u.path)
	case partQuery:
		return show(strings.TrimPrefix(u.query, "?"))
	case partFragment:
		return show(strings.TrimPrefix(u.fragment, "#"))
	}
	s := ""
	if which&partScheme != 0 {
		s = u.scheme + ":"
		if u.authority {
			s += "//"
		}
	}
	if which&partUserInfo != 0 && u.userInfo != "" {
		s += show(u.userInfo)
		if which&(partHost|partDelimiter) != 0 {
			s += "@"
		}
	}
	if which&partHost != 0 {
		s += show(host)
	}
	if port != "" {
		s += ":" + port
	}
	if which&partPath != 0 {
		s += show(u.path)
	}
	if which&partQuery != 0 {
		s += show(u.query)
	}
	if which&partFragment != 0 {
		s += show(u.fragment)
	}
	return s
}

func uri(c *value.Call) *Uri { return c.This.Object().(*Uri) }

// whole is the receiver, which must be absolute.
func whole(c *value.Call) *Uri {
	u := uri(c)
	if !u.absolute {
		c.Throw(value.InvalidOperationException, "This operation is not supported for a relative URI.")
	}
	return u
}

func uriText(name, doc string, f func(u *Uri) string) value.Row {
	return value.Row{Sig: "string " + name + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		u := whole(c)
		c.Alloc(len(u.original))
		return value.String(f(u))
	}}
}

func uriFlag(name, doc string, f func(u *Uri) bool) value.Row {
	return value.Row{Sig: "bool " + name + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value { return value.Bool(f(whole(c))) }}
}

func made(c *value.Call, u *Uri, fault string) value.Value {
	if fault != "" {
		c.Throw(UriFormatDef, "%s", fault)
	}
	return value.Of(u)
}

func uriArg(c *value.Call, i int, name string) *Uri {
	c.NotNull(i, name)
	return c.Args[i].Object().(*Uri)
}

// metered charges for reading an address.
func metered(c *value.Call, i int) string {
	s := c.Str(i)
	c.Alloc(8*len(s) + 256)
	c.Step(len(s)/16 + 1)
	return s
}

func baseArg(c *value.Call) *Uri {
	b := uriArg(c, 0, "baseUri")
	if !b.absolute {
		c.ThrowRange("Specified argument was out of the range of valid values.", "baseUri")
	}
	return b
}

func kindArg(c *value.Call, i int) int {
	k := c.Int(i)
	if k < kindAny || k > kindRelative {
		c.ThrowArgument(value.ArgumentException, "The value '"+strconv.Itoa(k)+"' passed for the UriKind parameter is invalid.", "uriKind")
	}
	return k
}

func tried(c *value.Call, out int, u *Uri, fault string) value.Value {
	c.Args[out] = value.Null
	if fault == "" {
		c.Args[out] = value.Of(u)
	}
	return value.Bool(fault == "")
}

// absoluteOf resolves an address that may be relative.
func absoluteOf(base, rel *Uri) (*Uri, string) {
	if rel.absolute {
		return rel, ""
	}
	return base.resolve(rel.original)
}

// wellFormed is IsWellFormedOriginalString.
func (u *Uri) wellFormed() bool {
	if u.absolute {
		return !u.loose
	}
	s := u.original
	if i := strings.IndexByte(s, ':'); i >= 0 && !strings.ContainsAny(s[:i], "/?#") {
		return false
	}
	return !strings.Contains(s, `\`) && !loose(strings.ReplaceAll(s, "#", ""))
}

func uriConst(name, text string) value.Row {
	return value.Row{Sig: "static readonly string " + name, Doc: "\"" + text + "\".", Func: func(*value.Call) value.Value { return value.String(text) }}
}

func escapeRow(name, doc string, grow int, f func(string) string) value.Row {
	return value.Row{Sig: "static string " + name, Doc: doc, Func: func(c *value.Call) value.Value {
		param := name[strings.LastIndexByte(name, ' ')+1 : len(name)-1]
		c.NotNull(0, param)
		c.Alloc(grow * len(c.Str(0)))
		c.Step(len(c.Str(0))/16 + 1)
		return value.String(f(c.Str(0)))
	}}
}

func uriRows() []value.Row {
	rows := []value.Row{
		{Sig: "Uri(string uriString)", Doc: "An absolute address.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "uriString")
			u, fault := parseUri(metered(c, 0), kindAbsolute)
			return made(c, u, fault)
		}},
		{Sig: "Uri(string uriString, UriKind uriKind)", Doc: "An absolute or a relative address.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "uriString")
			u, fault := parseUri(metered(c, 0), kindArg(c, 1))
			return made(c, u, fault)
		}},
		{Sig: "Uri(Uri baseUri, string relativeUri)", Doc: "An address relative to another.", Func: func(c *value.Call) value.Value {
			b := baseArg(c)
			u, fault := b.resolve(metered(c, 1))
			return made(c, u, fault)
		}},
		{Sig: "Uri(Uri baseUri, Uri relativeUri)", Doc: "An address relative to another.", Func: func(c *value.Call) value.Value {
			b := baseArg(c)
			u, fault := absoluteOf(b, uriArg(c, 1, "relativeUri"))
			return made(c, u, fault)
		}},
		{Sig: "static bool TryCreate(string uriString, UriKind uriKind, out Uri result)", Doc: "Reads an address if it is one.", Func: func(c *value.Call) value.Value {
			if c.Args[0].IsNull() {
				c.Args[2] = value.Null
				return value.False
			}
			u, fault := parseUri(metered(c, 0), kindArg(c, 1))
			return tried(c, 2, u, fault)
		}},
		{Sig: "static bool TryCreate(Uri baseUri, string relativeUri, out Uri result)", Doc: "Resolves a relative address if it is one.", Func: func(c *value.Call) value.Value {
			b, _ := c.Args[0].Object().(*Uri)
			if b == nil || !b.absolute || c.Args[1].IsNull() {
				c.Args[2] = value.Null
				return value.False
			}
			u, fault := b.resolve(metered(c, 1))
			return tried(c, 2, u, fault)
		}},
		{Sig: "static bool TryCreate(Uri baseUri, Uri relativeUri, out Uri result)", Doc: "Resolves a relative address if it is one.", Func: func(c *value.Call) value.Value {
			b, _ := c.Args[0].Object().(*Uri)
			r, _ := c.Args[1].Object().(*Uri)
			if b == nil || r == nil || !b.absolute {
				c.Args[2] = value.Null
				return value.False
			}
			u, fault := absoluteOf(b, r)
			return tried(c, 2, u, fault)
		}},
		uriText("AbsoluteUri", "The whole address, escaped.", (*Uri).absoluteUri),
		uriText("AbsolutePath", "The path, escaped.", (*Uri).absolutePath),
		uriText("LocalPath", "The path without escapes, as a file system writes it.", (*Uri).localPath),
		uriText("Query", "The query with its question mark, escaped.", func(u *Uri) string { return u.query }),
		uriText("PathAndQuery", "Path and query, escaped.", func(u *Uri) string { return u.absolutePath() + u.query }),
		uriText("Fragment", "The fragment with its number sign, escaped.", func(u *Uri) string { return u.fragment }),
		uriText("Scheme", "The scheme.", func(u *Uri) string { return u.scheme }),
		uriText("Host", "The host.", func(u *Uri) string { return u.host }),
		uriText("DnsSafeHost", "The host without brackets.", func(u *Uri) string { return strings.Trim(u.host, "[]") + u.zone }),
		uriText("IdnHost", "The host as the DNS has it.", (*Uri).idnHost),
		uriText("Authority", "Host and port.", (*Uri).server),
		uriText("UserInfo", "The user.", func(u *Uri) string { return u.userInfo }),
		uriFlag("IsDefaultPort", "Whether the port is the scheme's own.", (*Uri).defaultPort),
		uriFlag("IsFile", "Whether it is that of a file.", func(u *Uri) bool { return u.scheme == "file" }),
		uriFlag("IsLoopback", "Whether the host is the machine itself.", (*Uri).loopback),
		uriFlag("IsUnc", "Whether it is the path of a share.", func(u *Uri) bool { return u.unc }),
		{Sig: "int Port { get; }", Doc: "The port, -1 without one.", Func: func(c *value.Call) value.Value { return value.Int(whole(c).port) }},
		{Sig: "UriHostNameType HostNameType { get; }", Doc: "What the host is.", Func: func(c *value.Call) value.Value {
			return value.Enum(hostTypeDef.Type(), int64(whole(c).hostType))
		}},
		{Sig: "string[] Segments { get; }", Doc: "The parts of the path with their slashes.", Func: func(c *value.Call) value.Value { return c.Strings(whole(c).segments()) }},
		{Sig: "string OriginalString { get; }", Doc: "The text it was made of.", Func: func(c *value.Call) value.Value { return value.String(uri(c).original) }},
		{Sig: "bool IsAbsoluteUri { get; }", Doc: "Whether it is absolute.", Func: func(c *value.Call) value.Value { return value.Bool(uri(c).absolute) }},
		{Sig: "bool UserEscaped { get; }", Doc: "Always false.", Func: func(*value.Call) value.Value { return value.False }},
		{Sig: "override string ToString()", Doc: "The address with escapes decoded where that changes nothing.", Func: func(c *value.Call) value.Value {
			c.Alloc(len(uri(c).original))
			return value.String(uri(c).text())
		}},
		{Sig: "override bool Equals(object comparand)", Doc: "Whether two are equal but for user and fragment.", Func: func(c *value.Call) value.Value {
			return value.Bool(uri(c).Equals(c.Thread, c.Args[0]))
		}},
		{Sig: "bool Equals(Uri other)", Doc: "Whether two are equal but for user and fragment.", Func: func(c *value.Call) value.Value {
			return value.Bool(uri(c).Equals(c.Thread, c.Args[0]))
		}},
		{Sig: "static bool operator ==(Uri uri1, Uri uri2)", Doc: "Whether two are equal but for user and fragment.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.Args[0], c.Args[1])) }},
		{Sig: "static bool operator !=(Uri uri1, Uri uri2)", Doc: "Whether two differ in more than user and fragment.", Func: func(c *value.Call) value.Value { return value.Bool(!c.Equal(c.Args[0], c.Args[1])) }},
		{Sig: "string GetLeftPart(UriPartial part)", Doc: "The address up to and with a part.", Func: func(c *value.Call) value.Value {
			u := whole(c)
			switch c.Int(0) {
			case 0:
				return value.String((&Uri{scheme: u.scheme, authority: u.authority, port: schemeOf(u.scheme).port}).left(false))
			case 1:
				if !u.authority || u.dos {
					return value.Empty
				}
				return value.String(u.left(true))
			case 2:
				return value.String(u.left(true) + u.path)
			case 3:
				return value.String(u.left(true) + u.path + u.query)
			}
			c.ThrowArgument(value.ArgumentException, "The value '"+strconv.Itoa(c.Int(0))+"' passed for the UriPartial parameter is invalid.", "part")
			return value.Null
		}},
		{Sig: "string GetComponents(UriComponents components, UriFormat format)", Doc: "Some parts in a format.", Func: func(c *value.Call) value.Value {
			which, format := c.Int(0), c.Int(1)
			if format < formatEscaped || format > formatSafe {
				c.ThrowRange("Specified argument was out of the range of valid values.", "format")
			}
			if which == -1<<31 {
				u := uri(c)
				if !u.absolute {
					return value.String(u.original)
				}
				which = 127
			}
			return value.String(whole(c).parts(which, format))
		}},
		{Sig: "Uri MakeRelativeUri(Uri uri)", Doc: "The way from this address to another.", Func: func(c *value.Call) value.Value {
			o, u := uriArg(c, 0, "uri"), whole(c)
			if !o.absolute {
				c.Throw(value.InvalidOperationException, "This operation is not supported for a relative URI.")
			}
			c.Alloc(4 * (len(u.path) + len(o.original)))
			return value.Of(u.relativeTo(o))
		}},
		{Sig: "bool IsBaseOf(Uri uri)", Doc: "Whether another address lies below this one.", Func: func(c *value.Call) value.Value {
			o, u := uriArg(c, 0, "uri"), uri(c)
			if !u.absolute {
				return value.False
			}
			o, fault := absoluteOf(u, o)
			if fault != "" || u.scheme != o.scheme || u.host != o.host || u.port != o.port {
				return value.False
			}
			folder := u.path[:strings.LastIndexByte(u.path, '/')+1]
			return value.Bool(strings.HasPrefix(o.path, folder))
		}},
		{Sig: "bool IsWellFormedOriginalString()", Doc: "Whether the text needs no escapes.", Func: func(c *value.Call) value.Value { return value.Bool(uri(c).wellFormed()) }},
		{Sig: "static bool IsWellFormedUriString(string uriString, UriKind uriKind)", Doc: "Whether a text is an address that needs no escapes.", Func: func(c *value.Call) value.Value {
			if c.Args[0].IsNull() {
				return value.False
			}
			u, fault := parseUri(metered(c, 0), kindArg(c, 1))
			return value.Bool(fault == "" && u.wellFormed())
		}},
		{Sig: "static int Compare(Uri uri1, Uri uri2, UriComponents partsToCompare, UriFormat compareFormat, StringComparison comparisonType)", Doc: "Compares parts of two.", Func: func(c *value.Call) value.Value {
			a, _ := c.Args[0].Object().(*Uri)
			b, _ := c.Args[1].Object().(*Uri)
			switch {
			case a == nil && b == nil:
				return value.Int(0)
			case a == nil:
				return value.Int(-1)
			case b == nil:
				return value.Int(1)
			case !a.absolute || !b.absolute:
				if a.absolute {
					return value.Int(1)
				}
				if b.absolute {
					return value.Int(-1)
				}
				return value.Int(compareText(c, a.original, b.original))
			}
			which, format := c.Int(2), c.Int(3)
			if which == -1<<31 {
				which = 127
			}
			return value.Int(compareText(c, a.parts(which, format), b.parts(which, format)))
		}},
		escapeRow("EscapeDataString(string stringToEscape)", "The text with all but unreserved characters escaped.", 3, EscapeData),
		escapeRow("EscapeUriString(string stringToEscape)", "The text with all but reserved and unreserved characters escaped.", 3, func(s string) string {
			return escapeData(s, func(b byte) bool { return unreserved(b) || reserved(b) })
		}),
		escapeRow("UnescapeDataString(string stringToUnescape)", "The text without its escapes.", 1, UnescapeData),
		{Sig: "static string HexEscape(char character)", Doc: "The escape of a character up to U+00FF.", Func: func(c *value.Call) value.Value {
			u := c.Args[0].Char()
			if u > 255 {
				text := value.UnitString(u)
				e := value.NewException(value.ArgumentOutOfRangeException, "character ('"+text+"') must be less than or equal to '\u00ff'. (Parameter 'character')\nActual value was "+text+".")
				e.Param = "character"
				c.Raise(e)
			}
			return value.String(string(appendEscaped(nil, byte(u))))
		}},
		{Sig: "static char HexUnescape(string pattern, ref int index)", Doc: "The character at an index, which moves behind it.", Func: func(c *value.Call) value.Value {
			text, i := c.Args[0].Text(), c.Int(1)
			if i < 0 || i >= text.Len() {
				c.ThrowRange("Specified argument was out of the range of valid values.", "index")
			}
			if n := unitsEscaped(text, i); n >= 0 {
				c.Args[1] = value.Int(i + 3)
				return value.Char(uint16(n))
			}
			c.Args[1] = value.Int(i + 1)
			return value.Char(text.At(i))
		}},
		{Sig: "static bool IsHexEncoding(string pattern, int index)", Doc: "Whether an escape stands at an index.", Func: func(c *value.Call) value.Value {
			return value.Bool(c.Int(1) >= 0 && unitsEscaped(c.Args[0].Text(), c.Int(1)) >= 0)
		}},
		{Sig: "static bool IsHexDigit(char character)", Doc: "Whether it is a hexadecimal digit.", Func: func(c *value.Call) value.Value {
			u := c.Args[0].Char()
			return value.Bool(u < 0x80 && hexDigit(byte(u)) >= 0)
		}},
		{Sig: "static int FromHex(char digit)", Doc: "The number of a hexadecimal digit.", Func: func(c *value.Call) value.Value {
			u := c.Args[0].Char()
			if u < 0x80 && hexDigit(byte(u)) >= 0 {
				return value.Int(hexDigit(byte(u)))
			}
			c.ThrowArgument(value.ArgumentException, "Value does not fall within the expected range.", "digit")
			return value.Null
		}},
		{Sig: "static bool CheckSchemeName(string schemeName)", Doc: "Whether it is a name for a scheme.", Func: func(c *value.Call) value.Value { return value.Bool(validScheme(c.Str(0))) }},
		{Sig: "static UriHostNameType CheckHostName(string name)", Doc: "What a host is.", Func: func(c *value.Call) value.Value {
			kind, _, _ := checkHost(metered(c, 0))
			if kind == hostUnknown && strings.Contains(c.Str(0), ":") {
				kind, _, _ = checkHost("[" + c.Str(0) + "]")
			}
			return value.Enum(hostTypeDef.Type(), int64(kind))
		}},
		uriConst("SchemeDelimiter", "://"),
		{Sig: "protected void Escape()"},
		{Sig: "protected void Parse()"},
		{Sig: "protected void Canonicalize()"},
		{Sig: "protected void CheckSecurity()"},
		{Sig: "protected string Unescape(string path)"},
		{Sig: "protected bool IsBadFileSystemCharacter(char character)"},
		{Sig: "protected bool IsReservedCharacter(char character)"},
		{Sig: "protected static bool IsExcludedCharacter(char character)"},
		{Sig: "protected static string EscapeString(string str)"},
	}
	for _, name := range []string{"File", "Ftp", "Ftps", "Gopher", "Http", "Https", "Mailto", "News", "Nntp", "Sftp", "Ssh", "Telnet", "Ws", "Wss"} {
		rows = append(rows, uriConst("UriScheme"+name, strings.ToLower(name)))
	}
	return append(rows, uriConst("UriSchemeNetTcp", "net.tcp"), uriConst("UriSchemeNetPipe", "net.pipe"))
}

// unitsEscaped is the byte of an escape at an index, or -1.
func unitsEscaped(text value.Text, i int) int {
	if i+2 >= text.Len() {
		return -1
	}
	return escapedByte(text.Slice(i, 3), 0)
}

// compareText compares by a StringComparison, the last argument of the call.
func compareText(c *value.Call, a, b string) int {
	if c.Int(4) == 4 { // Ordinal
		return value.CompareOrdinal(a, b)
	}
	if c.Int(4) == 5 || c.Int(4)%2 == 1 {
		a, b = strings.ToUpper(a), strings.ToUpper(b)
	}
	return value.CompareOrdinal(a, b)
}
