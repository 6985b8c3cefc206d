package xml_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/bcl/xml"
	"github.com/spillway-gateway/spillway/expr/value"
)

var table = func() *value.Table {
	t, err := value.NewTable(bcl.Members())
	if err != nil {
		panic(err)
	}
	return t
}()

func thread() *value.Thread {
	t := &value.Thread{Table: table, Now: func() time.Time { return time.Unix(0, 0) }}
	t.Reset(context.Background(), value.Limits{})
	return t
}

// outcome is what f gives, or the exception it ends with as "Name: message".
func outcome(t *value.Thread, f func() string) (s string) {
	if err := t.Run(func() { s = f() }); err != nil {
		e := (*value.Exception)(nil)
		if !errors.As(err, &e) {
			return err.Error()
		}
		return e.Type().Def().Name + ": " + e.Message
	}
	return s
}

// TestParse reads documents and prints them without formatting.
func TestParse(t *testing.T) {
	cases(t, "testdata/parse.txt", func(in, want string) {
		th := thread()
		if got := outcome(th, func() string { return xml.Print(th, xml.ParseDocument(th, in, false), 1) }); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	})
}

// TestPrint prints documents with formatting.
func TestPrint(t *testing.T) {
	cases(t, "testdata/print.txt", func(in, want string) {
		th := thread()
		if got := outcome(th, func() string { return xml.Print(th, xml.ParseDocument(th, in, false), 0) }); got != want {
			t.Errorf("%q:\n got %q\nwant %q", in, got, want)
		}
	})
}

// cases are the lines of a file: what goes in, a tab, what comes out, each
// perhaps quoted as in Go.
func cases(t *testing.T, path string, run func(in, want string)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unquote := func(s string) string {
		if strings.HasPrefix(s, `"`) {
			u, err := strconv.Unquote(s)
			if err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			return u
		}
		return s
	}
	sc := bufio.NewScanner(file)
	for sc.Scan() {
		if line := sc.Text(); line != "" && line[0] != '#' {
			in, want, ok := strings.Cut(line, "\t")
			if !ok {
				t.Fatalf("no tab in %q", line)
			}
			run(unquote(in), unquote(want))
		}
	}
}

func name(s string) xml.Name { return xml.Name{Local: s} }

// TestTrees follows a tree through changes.
func TestTrees(t *testing.T) {
	th := thread()
	e := xml.ParseElement(th, "<a x='1'><b/>t</a>", false)
	b := e.Element(name("b"))
	// A node with a parent is added as a copy.
	xml.Append(th, e, b)
	xml.Append(th, e, e)
	if got, want := xml.Print(th, e, 1), `<a x="1"><b />t<b /><a x="1"><b />t<b /></a></a>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c := xml.Clone(th, e)
	if !xml.DeepEqual(th, e, c) {
		t.Error("a clone must equal")
	}
	xml.Remove(th, b)
	if xml.DeepEqual(th, e, c) {
		t.Error("a changed element must differ from its clone")
	}
	if got := outcome(th, func() string { xml.Remove(th, b); return "" }); got != "InvalidOperationException: The parent is missing." {
		t.Errorf("removing twice: got %s", got)
	}
}

// TestBudgets feeds what is large, deep, or declares entities.
func TestBudgets(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"deep", strings.Repeat("<a>", 100_000), "XmlException: The elements are nested too deeply. Line 1, position 15004."},
		{"many", "<a>" + strings.Repeat("<b/>", 1<<20) + "</a>", value.ErrMemory.Error()},
		{"attributes", "<a" + strings.Repeat(" b='1'", 1<<18) + "/>", value.ErrMemory.Error()},
		{"entities", `<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>`, "XmlException: For security reasons DTD is prohibited in this XML document. To enable DTD processing set the DtdProcessing property on XmlReaderSettings to Parse and pass the settings into XmlReader.Create method."},
	} {
		th := thread()
		th.Reset(context.Background(), value.Limits{Memory: 16 << 20})
		if got := outcome(th, func() string { xml.ParseDocument(th, c.text, false); return "read" }); got != c.want {
			t.Errorf("%s: got %.200s", c.name, got)
		}
	}
}

// FuzzParse reads text: what it prints reads back as the same nodes.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"<a x='1'>t<b/>u<![CDATA[<]]></a>", "<?xml version='1.0'?><!--c--><p:a xmlns:p='urn:1' p:x='&lt;&#10;'/>", "<!DOCTYPE a SYSTEM 'x'><a>&#x1F600;</a>", "<a xmlns='u'><b xmlns=''/></a>", "<a><?p d?> </a>"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, preserve bool) {
		s = value.FromUnits(value.Units(s))
		th := thread()
		th.Reset(context.Background(), value.Limits{Steps: 1 << 20, Memory: 64 << 20, Deadline: time.Now().Add(10 * time.Second)})
		var d *xml.Document
		if th.Run(func() { d = xml.ParseDocument(th, s, preserve) }) != nil {
			return
		}
		var text string
		var again *xml.Document
		if err := th.Run(func() { text = xml.Print(th, d, 1); again = xml.ParseDocument(th, text, true) }); err != nil {
			t.Fatalf("%q printed as %q: %v", s, text, err)
		}
		if text2 := xml.Print(th, again, 1); text2 != text {
			t.Errorf("%q printed as %q, then as %q", s, text, text2)
		}
		_ = th.Run(func() { xml.Print(th, d, 0) })
	})
}

var envelope = `<s:Envelope xmlns:s="urn:soap"><s:Body><Get xmlns="urn:app">` + strings.Repeat(`<item id="1" kind="x">Pen &amp; paper</item>`, 40) + `</Get></s:Body></s:Envelope>`

func BenchmarkParse(b *testing.B) {
	th := thread()
	b.SetBytes(int64(len(envelope)))
	b.ReportAllocs()
	for b.Loop() {
		th.Reset(context.Background(), value.Limits{})
		xml.ParseElement(th, envelope, false)
	}
}

func BenchmarkPrint(b *testing.B) {
	th := thread()
	e := xml.ParseElement(th, envelope, false)
	b.SetBytes(int64(len(envelope)))
	b.ReportAllocs()
	for b.Loop() {
		th.Reset(context.Background(), value.Limits{})
		xml.Print(th, e, 0)
	}
}
