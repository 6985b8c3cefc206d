package tree_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

func lines(ps []*source.Problem) string {
	var b strings.Builder
	for _, p := range ps {
		fmt.Fprintf(&b, "%s %s %s", p.Severity, p.Code, p.Error())
		if p.Hint != "" {
			fmt.Fprintf(&b, " (%s)", p.Hint)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, text, json, problems string }{
		{"object", `{"a":1,"b":[true,null,"x"]}`, `{"a":1,"b":[true,null,"x"]}`, ""},
		{"escapes", `["\u003Cb\u003E \" \\ \/ \n \ud834\udd1e \ud834x"]`, "[\"<b> \\\" \\\\ / \\n \U0001d11e \ufffdx\"]", ""},
		{"byte-order mark", "\ufeff{\"a\": 1}", `{"a":1}`, ""},
		{"byte-order mark, YAML", "\ufeffa: 1\n", `{"a":1}`, ""},
		{"mangled byte-order mark", "\u00ef\u00bb\u00bf{}", "", "error encoding f:1:1: the text begins with a byte-order mark decoded as Latin-1 (read the file as UTF-8 where it was taken from, or remove its first three characters)\n"},
		{"UTF-16", "\xff\xfe{\x00", "", "error encoding f:1:1: the text is UTF-16; only UTF-8 is read (save it as UTF-8)\n"},
		{"Latin-1", "{\"a\": \"\xe9\"}", "", "error encoding f:1:8: the text is not UTF-8 from here on (save it as UTF-8)\n"},
		{"empty", " \n", "", "error empty-file f:1:1: the file is empty\n"},
		{"comment only", "# nothing\n", "", "error empty-file f:1:1: the file holds no value\n"},
		{"twice", "{\"a\": 1,\n \"a\": 2,\n \"a\": 3}", `{"a":1}`, "error duplicate-key f:2:2: member \"a\" occurs twice in one object\nerror duplicate-key f:3:2: member \"a\" occurs twice in one object\n"},
		{"trailing comma", "{\"a\": 1,\n}", "", "error json-syntax f:1:8: a comma stands before the closing \"}\"\n"},
		{"missing comma", "{\"𝄞\": 1 \"b\": 2}", "", "error json-syntax f:1:10: expected ',' or \"}\", found '\"'\n"},
		{"missing colon", `{"a" 1}`, "", "error json-syntax f:1:6: expected ':' after the member's name, found '1'\n"},
		{"bare name", `{a: 1}`, "", "error json-syntax f:1:2: expected a member's name in double quotes, found 'a'\n"},
		{"cut", `{"a": [1, 2`, "", "error json-syntax f:1:12: expected ',' or \"]\", found the end of the text\n"},
		{"cut in string", `{"a": "x`, "", "error json-syntax f:1:7: the string does not end\n"},
		{"line in string", "[\"a\nb\"]", "", "error json-syntax f:1:4: a control character stands in a string; write it as an escape\n"},
		{"bad number", `[01]`, "", "error json-syntax f:1:2: \"01\" is not a number of JSON\n"},
		{"bad escape", `["\x"]`, "", "error json-syntax f:1:3: unknown escape \\x\n"},
		{"after the value", "{} {}", "", "error json-syntax f:1:4: nothing may follow the value\n"},
		{"YAML", "a: 1\nb:\n  - x\n  - {c: 'it''s'}\nd: |\n  e\n", `{"a":1,"b":["x",{"c":"it's"}],"d":"e\n"}`, ""},
		{"YAML's scalars", "[]", `[]`, ""},
		{"YAML's numbers", "a: 0x10\nb: 1_000\nc: .5\nd: .inf\ne: 2024-10-21\nf: ~\ng: yes\nh: 3.10\n200: ok\n", `{"a":16,"b":1000,"c":0.5,"d":".inf","e":"2024-10-21","f":null,"g":"yes","h":3.10,"200":"ok"}`, ""},
		{"alias and merge", "base: &b {x: 1, y: 2}\nuse: *b\nmore:\n  <<: *b\n  y: 3\n", `{"base":{"x":1,"y":2},"use":{"x":1,"y":2},"more":{"y":3,"x":1}}`, ""},
		{"alias to itself", "a: &x\n  - *x\n", "", "error yaml-syntax f:2:5: the alias *x stands inside what it refers to\n"},
		{"YAML twice", "a: 1\nb: 2\na: 3\n", `{"a":1,"b":2}`, "error duplicate-key f:3:1: key \"a\" occurs twice in one mapping\n"},
		{"YAML error", "é: 1\nb: c: d\n", "", "error yaml-syntax f:2:5: this is not YAML: mapping values are not allowed in this context\n"},
		{"unknown anchor", "a: *x\n", "", "error yaml-syntax f:1:4: this is not YAML: unknown anchor 'x' referenced\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, problems := tree.Parse(source.NewFile("f", c.text))
			got := ""
			if n != nil {
				got = string(n.JSON())
			}
			if got != c.json {
				t.Errorf("value %s; want %s", got, c.json)
			}
			if ps := lines(problems); ps != c.problems {
				t.Errorf("problems\n%swant\n%s", ps, c.problems)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	for name, text := range map[string]string{
		"aliases":    bomb,
		"deep JSON":  strings.Repeat("[", 100000),
		"deep YAML":  "- " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		"deep JSON2": strings.Repeat(`{"a":`, 100000),
	} {
		if n, problems := tree.Parse(source.NewFile("f", text)); n != nil || len(problems) != 1 {
			t.Errorf("%s: %d problems, node %v; want one problem and no node", name, len(problems), n != nil)
		}
	}
}

func TestSpans(t *testing.T) {
	for _, c := range []struct{ text, path, want string }{
		{`{"é": {"b": [1, "two"]}}`, "é/b/1", `"two"`},
		{`{"a":  -1.5e3 }`, "a", "-1.5e3"},
		{"a:\n  é: 'it''s' # c\n", "a/é", "'it''s'"},
		{"a: \"q\\\"x\"\n", "a", `"q\"x"`},
		{"𝄞: plain text  # c\n", "𝄞", "plain text"},
		{"a: &x !!str 12\nb: *x\n", "a", "12"},
		{"a: &x !!str 12\nb: *x\n", "b", "*x"},
		{"a: |\n  text\n", "a", "|"},
		{"a: {b: c, d: e}\n", "a", "{b: c, d: e"},
		{"# é\r\na: 1\r\nb: 2\r\n", "b", "2"},
		{"a: 1\rb: two\r", "b", "two"},
		{"a: \"\u2028\"\nb: two\n", "b", "two"},
		{"a: \"\u0085\"\nb: two\n", "b", "two"},
		{"\ufeffa: one\n", "a", "one"},
	} {
		f := source.NewFile("f", c.text)
		n, problems := tree.Parse(f)
		n = n.Find(strings.Split(c.path, "/")...)
		if n == nil {
			t.Errorf("%q: no %s: %s", c.text, c.path, lines(problems))
		} else if got := c.text[n.Span.Start:n.Span.End]; got != c.want {
			t.Errorf("%q: span of %s is %q; want %q", c.text, c.path, got, c.want)
		}
	}
}

type colour string

func (colour) Values() []string { return []string{"Red", "Green"} }

type shape string

func (shape) Known() []string { return []string{"round"} }

type inner struct {
	On   bool `json:"on"`
	Size *int `json:"size"`
}

func (i *inner) Defaults() { i.On = true }

type outer struct {
	Name   string              `json:"-"`
	Title  string              `json:"title"`
	Count  int                 `json:"count"`
	Share  float64             `json:"share"`
	Colour colour              `json:"colour"`
	Shape  shape               `json:"shape"`
	In     inner               `json:"in"`
	Opt    *inner              `json:"opt"`
	List   []inner             `json:"list"`
	Tags   []string            `json:"tags"`
	Map    map[string][]string `json:"map"`
	At     time.Time           `json:"at"`
}

func (o *outer) Defaults()  { o.Colour = "Green"; o.In.Defaults() }
func (o *outer) Normalize() { o.Title = strings.TrimSpace(o.Title) }

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, text, want, problems string }{
		{"absent", `{}`, `{"title":"","count":0,"share":0,"colour":"Green","shape":"","in":{"on":true,"size":null},"opt":null,"list":null,"tags":null,"map":null,"at":"0001-01-01T00:00:00Z"}`, ""},
		{
			"tolerant", `{"Title":" x ","count":"3","share":"2.5","colour":"RED","shape":"Round","in":{"on":"False","size":"0"},"opt":{},"list":[{"size":null}],"tags":["a",1],"map":{"k":["v"]},"at":"2024-01-02T03:04:05Z","else":{}}`,
			`{"title":"x","count":3,"share":2.5,"colour":"Red","shape":"round","in":{"on":false,"size":0},"opt":{"on":true,"size":null},"list":[{"on":true,"size":null}],"tags":["a","1"],"map":{"k":["v"]},"at":"2024-01-02T03:04:05Z"}`, "",
		},
		{
			"wrong", "{\"title\":[],\n\"count\":1.5,\n\"share\":\"x\",\n\"colour\":\"Gren\",\n\"shape\":\"rond\",\n\"in\":1,\n\"opt\":{\"on\":\"maybe\",\"size\":{}},\n\"list\":{},\n\"map\":[],\n\"at\":\"x\"}",
			`{"title":"","count":0,"share":0,"colour":"Green","shape":"rond","in":{"on":true,"size":null},"opt":{"on":true,"size":null},"list":null,"tags":null,"map":null,"at":"0001-01-01T00:00:00Z"}`,
			`error wrong-type f:1:10: title must be a string, not an array
error wrong-value f:2:9: count must be a whole number of 32 bits, not 1.5
error wrong-type f:3:9: share must be a number, not a string
error wrong-value f:4:10: colour must be Red or Green, not "Gren" (did you mean Green?)
warning unknown-value f:5:9: shape "rond" is not known here; known are round (did you mean round?)
error wrong-type f:6:6: in must be an object, not a number
error wrong-type f:7:13: on must be true or false, not a string
error wrong-type f:7:28: size must be a whole number, not an object
error wrong-type f:8:8: list must be an array, not an object
error wrong-type f:9:7: map must be an object, not an array
error wrong-value f:10:6: at: parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"
`,
		},
		{"no object", "[1]", `{"title":"","count":0,"share":0,"colour":"Green","shape":"","in":{"on":true,"size":null},"opt":null,"list":null,"tags":null,"map":null,"at":"0001-01-01T00:00:00Z"}`, "error wrong-type f:1:1: expected an object, found an array\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := source.NewFile("f", c.text)
			n, _ := tree.Parse(f)
			var o outer
			problems := lines(tree.Decode(n, &o))
			got, err := json.Marshal(o)
			if err != nil || string(got) != c.want {
				t.Errorf("decoded %s, %v; want %s", got, err, c.want)
			}
			if problems != c.problems {
				t.Errorf("problems\n%swant\n%s", problems, c.problems)
			}
		})
	}
}

func TestUpdate(t *testing.T) {
	const text = `{"x":{"keep":1},"Title":"  a ","count":"3","colour":"red","in":{"on":true,"more":[1]},"list":[{"id":"l0","size":"1"},{"id":"l1"}],"map":{"k":["v"]}}`
	two := 2
	for _, c := range []struct {
		name, from string
		change     func(*outer)
		want       string
	}{
		{"nothing", text, func(*outer) {}, text},
		{
			"scalars", text, func(o *outer) { o.Title, o.Count, o.Colour = "b", 4, "Green" },
			`{"x":{"keep":1},"Title":"b","count":4,"colour":"Green","in":{"on":true,"more":[1]},"list":[{"id":"l0","size":"1"},{"id":"l1"}],"map":{"k":["v"]}}`,
		},
		{
			"nested", text, func(o *outer) { o.In.On = false; o.List[1].Size = &two },
			`{"x":{"keep":1},"Title":"  a ","count":"3","colour":"red","in":{"on":false,"more":[1]},"list":[{"id":"l0","size":"1"},{"id":"l1","size":2}],"map":{"k":["v"]}}`,
		},
		{
			"removed", text, func(o *outer) { o.Title, o.Map, o.List = "", nil, nil },
			`{"x":{"keep":1},"count":"3","colour":"red","in":{"on":true,"more":[1]}}`,
		},
		{"made in Go", ``, func(o *outer) {
			o.Title, o.Opt, o.Tags, o.Map = "t", &inner{}, []string{"a"}, map[string][]string{"b": {"1"}, "a": nil}
			o.At = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
		}, `{"title":"t","opt":{"on":false},"tags":["a"],"map":{"a":[],"b":["1"]},"at":"2024-01-02T03:04:05Z"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, _ := tree.Parse(source.NewFile("f", c.from))
			var o outer
			if problems := tree.Decode(n, &o); len(problems) > 0 {
				t.Fatal(lines(problems))
			}
			c.change(&o)
			if got := string(tree.Update(n, n, &o).JSON()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if n != nil && string(n.JSON()) != c.from {
				t.Error("Update changed the tree it was given")
			}
		})
	}
}

// TestUpdateOver changes a struct that was decoded from an object with another
// laid over it: only the change goes into the object.
func TestUpdateOver(t *testing.T) {
	base, _ := tree.Parse(source.NewFile("f", `{"title":"base","count":1,"in":{"on":true,"more":1}}`))
	over, _ := tree.Parse(source.NewFile("g", `{"title":"over","in":{"size":5}}`))
	read := tree.Merge(base, over)
	var o outer
	if problems := tree.Decode(read, &o); len(problems) > 0 || o.Title != "over" {
		t.Fatal(o, lines(problems))
	}
	o.Count, o.In.On = 2, false
	if got, want := string(tree.Update(base, read, &o).JSON()), `{"title":"base","count":2,"in":{"on":false,"more":1}}`; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

func TestMerge(t *testing.T) {
	base, _ := tree.Parse(source.NewFile("f", `{"a":{"b":1,"c":[1,2]},"d":"x"}`))
	over, _ := tree.Parse(source.NewFile("g", "A: {c: [3]}\ne: new\n"))
	if got, want := string(tree.Merge(base, over).JSON()), `{"a":{"b":1,"c":[3]},"d":"x","e":"new"}`; got != want {
		t.Errorf("Merge = %s; want %s", got, want)
	}
}

// FuzzParse holds that no text crashes or stalls a reader, that spans lie in
// the text, and that printing what was read and reading it again is the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":null}],"c":"\u00e9"}`, "a: &x [1, 'b']\nc: *x\n<<: {d: e}\n", "- |\n  x\n- >-\n  y\n", "\ufeff? a\n: b", "{a: b, ? c: d}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("f", text)
		start := time.Now()
		n, problems := tree.Parse(file)
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("reading %d bytes took %v", len(text), took)
		}
		for _, p := range problems {
			if p.Span.Start < 0 || p.Span.End > len(text) || p.Span.Start > p.Span.End {
				t.Fatalf("problem outside of the text: %v", p.Span)
			}
		}
		if n == nil {
			if len(problems) == 0 {
				t.Fatal("no value and no problem")
			}
			return
		}
		var walk func(*tree.Node)
		walk = func(n *tree.Node) {
			if n.Span.Start < 0 || n.Span.End > len(text) || n.Span.Start > n.Span.End {
				t.Fatalf("span outside of the text: %v", n.Span)
			}
			for _, i := range n.Items {
				walk(i)
			}
			for _, m := range n.Members {
				walk(m.Value)
			}
		}
		walk(n)
		again, problems := tree.ParseJSON(source.NewFile("g", string(n.Indented())))
		if again == nil || len(problems) > 0 || !tree.Equal(n, again) {
			t.Fatalf("printed and read again:\n%s\n%v", n.Indented(), lines(problems))
		}
	})
}

func BenchmarkParseJSON(b *testing.B) {
	text := `{"list":[` + strings.TrimSuffix(strings.Repeat(`{"name":"x","n":12,"on":true,"tags":["a","b"]},`, 1000), ",") + `]}`
	f := source.NewFile("f", text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tree.ParseJSON(f)
	}
}

func BenchmarkParseYAML(b *testing.B) {
	text := strings.Repeat("- name: x\n  n: 12\n  tags: [a, b]\n", 1000)
	f := source.NewFile("f", text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tree.ParseYAML(f)
	}
}
