package net

import (
	"strconv"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr/value"
)

func TestUri(t *testing.T) {
	for _, k := range []struct{ text, want string }{
		// scheme, user, host, port, path, query, fragment; then as shown
		{"HTTP://User@EXAMPLE.com:80/a/./b/../c%7e%2f?q=%41 b#F", "http|User|example.com|80|/a/c~%2f|?q=A%20b|#F http://User@example.com/a/c~%2f?q=A b#F"},
		{"https://bücher.example/ß?ü", "https||bücher.example|443|/%C3%9F|?%C3%BC| https://bücher.example/ß?ü"},
		{"https://[2001:DB8:0:0:0:0:0:1]:8443", "https||[2001:db8::1]|8443|/|| https://[2001:db8::1]:8443/"},
		{"http://127.1/", "http||127.0.0.1|80|/|| http://127.0.0.1/"},
		{`http:\\h\a\b`, "http||h|80|/a/b|| http://h/a/b"},
		{"urn:isbn:1", "urn|||-1|isbn:1|| urn:isbn:1"},
		{"foo://h/a/../b", "foo||h|-1|/b|| foo://h/b"},
		{"mailto:ada@x.example?s=1", "mailto|ada|x.example|25||?s=1| mailto:ada@x.example?s=1"},
		{"ftp://h/a?b", "ftp||h|21|/a%3Fb|| ftp://h/a%3Fb"},
		{"/etc/a b", "file|||-1|/etc/a%20b|| file:///etc/a b"},
		{"file:///a/b", "file|||-1|/a/b|| file:///a/b"},
		{"http:a", badAuthority},
		{"http://", badHost},
		{"http://a b/", badHost},
		{"http://h:65536/", badPort},
		{"a/b", badFormat},
		{"", emptyUri},
		{"1a:b", badScheme},
		{"x:", badFormat},
		{"c:a", unrootedPath},
	} {
		u, fault := parseUri(k.text, kindAbsolute)
		got := fault
		if fault == "" {
			got = strings.Join([]string{u.scheme, u.userInfo, u.host, strconv.Itoa(u.port), u.path, u.query, u.fragment}, "|") + " " + u.text()
		}
		if got != k.want {
			t.Errorf("%s: %s, want %s", k.text, got, k.want)
		}
	}
}

// The examples of RFC 3986, section 5.4, as .NET resolves them.
func TestResolve(t *testing.T) {
	base, _ := parseUri("http://a/b/c/d;p?q", kindAbsolute)
	for rel, want := range map[string]string{
		"gg:h": "gg:h", "g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/", "/g": "http://a/g", "//g": "http://g/", "?y": "http://a/b/c/d;p?y",
		"g?y": "http://a/b/c/g?y", "#s": "http://a/b/c/d;p?q#s", "g#s": "http://a/b/c/g#s", ";x": "http://a/b/c/;x", "": "http://a/b/c/d;p?q", ".": "http://a/b/c/",
		"..": "http://a/b/", "../g": "http://a/b/g", "../../g": "http://a/g", "../../../g": "http://a/g", "/./g": "http://a/g", "g.": "http://a/b/c/g.", "g;x=1/../y": "http://a/b/c/y",
	} {
		u, fault := base.resolve(rel)
		if fault != "" || u.absoluteUri() != want {
			t.Errorf("%q: %v %s, want %s", rel, u, fault, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"10.1": "10.0.0.1", "0x7f.1": "127.0.0.1", "010.0.0.1": "8.0.0.1", "4294967295": "255.255.255.255", "2001:DB8:0:0:0:0:0:1": "2001:db8::1",
		"::": "::", "::ffff:1.2.3.4": "::ffff:1.2.3.4", "::1.2.3.4": "::1.2.3.4", "1:0:0:2:0:0:0:3": "1:0:0:2::3", "fe80::1%3": "fe80::1%3", "[::1]:80": "::1", "1::": "1::", "::1": "::1",
		"1:2:3:4:5:6:7:8": "1:2:3:4:5:6:7:8", "1:0:2:3:4:5:6:7": "1:0:2:3:4:5:6:7",
		"": "", "256.1.1.1": "", "1.2.3.4.5": "", "1.2.3.": "", "2001:db8::1::2": "", "1:2:3": "", "12345::": "", "::1.2.3": "", "1.2.3.4/8": "", " 1.2.3.4": "", "09.1": "", "::g": "", ":::": "", "1:2:3:4:5:6:7:8:9": "",
	} {
		got := ""
		if a, ok := parseIP(text); ok {
			got = a.text()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestEncodings(t *testing.T) {
	for _, k := range []struct {
		name    string
		f       func(string) string
		in, out string
	}{
		{"EscapeDataString", EscapeData, "a~b !é/\xed\xa0\x80", "a~b%20%21%C3%A9%2F%EF%BF%BD"},
		{"UnescapeDataString", UnescapeData, "%zz%4%C3%A9%C3%ff%2F+", "%zz%4é%C3%ff/+"},
		{"UrlEncode", EncodeForm, "a b!é~(x)", "a+b!%C3%A9%7E(x)"},
		{"UrlDecode", DecodeForm, "a+b%C3%A9%ff%zz%E2%82", "a bé\ufffd%zz\ufffd"},
		{"HtmlEncode", EncodeHTML, "<a href='x'>\"&é€\U0001F600\xed\xa0\x80", "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&#233;€&#128512;\ufffd"},
		{"HtmlDecode", DecodeHTML, "&lt;&euro;&bogus;&#x41;&#66;&#xD800;&amp&apos;&#;&", "<€&bogus;AB&#xD800;&amp'&#;&"},
	} {
		if got := k.f(k.in); got != k.out {
			t.Errorf("%s(%q): %q, want %q", k.name, k.in, got, k.out)
		}
	}
}

func TestPunycode(t *testing.T) {
	for in, want := range map[string]string{"bücher": "bcher-kva", "日本語": "wgv71a119e", "münchen": "mnchen-3ya"} {
		if got := punycode([]rune(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestGuids(t *testing.T) {
	const x = "{0x00000001,0x0002,0x0003,{0x04,0x05,0x06,0x07,0x08,0x09,0x0a,0x0b}}"
	for text, want := range map[string]string{
		"0f8fad5b-d9cb-469f-a165-70867728950e": "0f8fad5b-d9cb-469f-a165-70867728950e", " {0F8FAD5B-d9cb-469f-a165-70867728950e} ": "0f8fad5b-d9cb-469f-a165-70867728950e",
		x: "00000001-0002-0003-0405-060708090a0b", "{0x1, 0x2, 0x3, {0x4,0x5,0x6,0x7,0x8,0x9,0xa,0xb}}": "00000001-0002-0003-0405-060708090a0b",
		"": guidUnknown, "not-a-guid": guidUnknown, "0f8fad5b-d9cb-469fa165--70867728950e": guidDashes, "zf8fad5b-d9cb-469f-a165-70867728950e": guidNotHex,
		"{0x1,0x2,0x3,{0x4,0x5,0x6,0x7,0x8,0x9,0xa,0x100}}": guidByteOverflow, x + "x": guidJunk,
	} {
		g, got := parseGuid(text)
		if got == "" {
			got = g.text('D')
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestRows(t *testing.T) {
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

// FuzzUri reads any address: what is canonical must be read back as the same.
func FuzzUri(f *testing.F) {
	for _, s := range []string{"https://u:p@h.example:8443/a/../b%20c?q#f", `\\h\s`, "c:/x", "mailto:a@b", "http://[::1%1]/", "/a", "urn:x:%e9", "http://h/%E6%97"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, fault := parseUri(s, kindAbsolute)
		if fault != "" || u.implicit || schemeOf(u.scheme).mail {
			return
		}
		again, fault := parseUri(u.absoluteUri(), kindAbsolute)
		if u.host != "" && (fault != "" || again.absoluteUri() != u.absoluteUri()) && u.hostType != hostBasic {
			t.Errorf("%q: %q is read as %v %s", s, u.absoluteUri(), again, fault)
		}
		u.text()
		u.localPath()
		u.idnHost()
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("::1")
	f.Add("1.2.3.4")
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := parseIP(s)
		if !ok {
			return
		}
		if b, ok := parseIP(a.text()); !ok || *b != *a {
			t.Errorf("%q is %s", s, a.text())
		}
	})
}

func FuzzGuid(f *testing.F) {
	f.Add("{0x1,0x2,0x3,{0x4,0x5,0x6,0x7,0x8,0x9,0xa,0xb}}")
	f.Add("(0f8fad5b-d9cb-469f-a165-70867728950e)")
	f.Fuzz(func(t *testing.T, s string) {
		if g, fault := parseGuid(s); fault == "" {
			if h, fault := parseGuid(g.text('D')); fault != "" || *h != *g {
				t.Errorf("%q", s)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("&lt;%41+&#x41;")
	f.Fuzz(func(t *testing.T, s string) {
		DecodeHTML(s)
		DecodeForm(s)
		if value.ValidUTF8(s) == s && UnescapeData(EscapeData(s)) != s {
			t.Errorf("%q", s)
		}
	})
}

func BenchmarkUri(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parseUri("https://eastus.example/openai/deployments/gpt-4/chat?api-version=2024-02-01", kindAbsolute)
	}
}

func BenchmarkEscapeData(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		EscapeData("https://contoso.servicebus.windows.net/hub")
	}
}
