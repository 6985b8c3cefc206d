package json_test

import (
	"bufio"
	"compress/gzip"
	stdjson "encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr/bcl/json"
	"github.com/spillway-gateway/spillway/expr/bcl/xml"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// recordedXML is an answer of Json.NET's own conversions; Linq is what they
// answer for LINQ to XML where that differs from their answer for XmlDocument.
type recordedXML struct {
	ID, Direction, Input string
	Options              map[string]any
	Out                  *string
	Throws, Message      string
	Linq                 *struct {
		Out             *string
		Throws, Message string
	}
}

// TestXMLConversions compares the conversions between XML and JSON with the
// recorded ones. Recorded with settings that no expression can give, or with a
// document type that declares entities, which is refused here, they have no
// counterpart.
func TestXMLConversions(t *testing.T) {
	file, err := os.Open("../../testdata/oracle/xmljson.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 1<<20)
	n := 0
	for sc.Scan() {
		var r recordedXML
		if err := stdjson.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		_, dates := r.Options["dates"]
		if _, floats := r.Options["floats"]; dates || floats || strings.Contains(r.Input, "[<!") {
			continue
		}
		if r.Linq != nil {
			r.Out, r.Throws, r.Message = r.Linq.Out, r.Linq.Throws, r.Linq.Message
		}
		want := "null"
		if r.Out != nil {
			want = *r.Out
		} else if r.Throws != "" {
			want = r.Throws[strings.LastIndexByte(r.Throws, '.')+1:] + ": " + r.Message
		}
		n++
		th := thread()
		got := outcome(th, func() string {
			if r.Direction == "xml-to-json" {
				d := xml.ParseDocument(th, r.Input, r.Options["space"] == true)
				v := value.Of(d)
				if r.Options["root"] == true {
					v = value.Of(d.Root())
				}
				return json.SerializeXML(th, v, r.Options["indented"] == true, r.Options["omitRoot"] == true)
			}
			root, _ := r.Options["root"].(string)
			v := call(th, json.JsonConvertDef, value.Null, "DeserializeXNode", value.String(r.Input), value.String(root), value.Bool(r.Options["array"] == true), value.Bool(r.Options["encode"] == true))
			if v.IsNull() {
				return "null"
			}
			d := v.Object().(*xml.Document)
			s := xml.Print(th, d, 1)
			if d.Declaration() != nil {
				s = d.Declaration().ToString(th) + s
			}
			return s
		})
		if got != want {
			t.Errorf("%s %q %v:\n got %q\nwant %q", r.ID, r.Input, r.Options, got, want)
		}
	}
	if n < 250 {
		t.Errorf("only %d conversions compared", n)
	}
}

// FuzzXML makes XML of JSON: what comes out is XML that reads back, and what
// that gives as JSON is JSON.
func FuzzXML(f *testing.F) {
	for _, s := range []string{`{"a":{"@x":"1","#text":"t","b":[1,null,{"c":true}]}}`, `{"r":{"@xmlns:p":"urn:1","p:b":1}}`, `{"?xml":{"@version":"1.0"},"r":{"#cdata-section":"<x>"}}`, `{"r":{"$id":"1","a b":2}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = value.FromUnits(value.Units(s))
		th := bounded()
		var text string
		if th.Run(func() {
			v := json.Deserialize(th, s, xml.XDocumentDef.Type())
			text = th.ToString(v)
		}) != nil || text == "" {
			return
		}
		if err := th.Run(func() {
			d := xml.ParseDocument(th, text, false)
			json.Deserialize(th, json.SerializeXML(th, value.Of(d), false, false), types.Object)
		}); err != nil && !strings.Contains(text, "<!DOCTYPE") && !strings.Contains(text, "<?") && !strings.Contains(text, "<!--") {
			t.Errorf("%q gives %q: %v", s, text, err)
		}
	})
}
