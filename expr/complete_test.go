package expr_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/syntax"
)

func find(c expr.Completion, label string) *expr.Item {
	for i := range c.Items {
		if c.Items[i].Label == label {
			return &c.Items[i]
		}
	}
	return nil
}

// readRecorded are the cases of one file.
func readRecorded(t testing.TB, name string) []recorded {
	t.Helper()
	var list []recorded
	for _, line := range bytes.Split(gunzip(t, name), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var r recorded
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// TestCompleteRecorded holds that at every name behind a dot in the recorded
// expressions that compile (of every third one, which is enough), that name is
// offered, with nothing of the text behind it known.
func TestCompleteRecorded(t *testing.T) {
	o := newOracle(t)
	files, err := filepath.Glob("testdata/oracle/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded cases", err)
	}
	asked, missed := 0, 0
	seen := map[string]bool{}
	for _, name := range files {
		for i, r := range readRecorded(t, name) {
			// A dynamic value has no members that could be known, and async is refused.
			if r.Compile != nil || i%12 != 0 || strings.Contains(r.Expr, "dynamic ") || strings.Contains(r.Expr, "async ") {
				continue
			}
			root, errs := syntax.Parse(r.Expr)
			if len(errs) > 0 {
				continue
			}
			syntax.Walk(root, func(n syntax.Node) bool {
				var word *syntax.Name
				switch n := n.(type) {
				case *syntax.Member:
					word = n.Name
				case *syntax.MemberBinding:
					word = n.Name
				}
				if word == nil {
					return true
				}
				prefix := r.Expr[:word.Ident().Start]
				if seen[prefix] {
					return true
				}
				seen[prefix] = true
				asked++
				if find(o.env.Complete(prefix), word.Text) == nil {
					missed++
					if missed <= 40 {
						t.Errorf("%s: %s after\n%s", r.ID, word.Text, prefix)
					}
				}
				return true
			})
		}
	}
	if missed > 0 {
		t.Errorf("%d of %d names are not offered", missed, asked)
	}
	if asked < 3000 {
		t.Errorf("only %d names were asked for", asked)
	}
}

// TestComplete holds what is offered at places of every sort; a name with a minus
// before it is not, and nothing means no items at all.
func TestComplete(t *testing.T) {
	env := newOracle(t).env
	for text, want := range map[string]string{
		"@(":                         "context Math string new List",
		"@(context.Request.":         "Headers Body Url -Requests -if -context",
		"@(context.Request.He":       "Headers",
		"@(context.Request?.Body?.":  "As AsFormUrlEncodedContent ToString",
		"@(context.Request.Headers.": "GetValueOrDefault ContainsKey Where Select Keys",
		"@{ return ":                 "context new -Headers",
		"@{ ":                        "return if foreach var context",
		"@{ var n = 1; n":            "n context",
		"@{ var body = context.Request.Body.As<JObject>(preserveContent: true); return body[\"messages\"].": "Where Children Value",
		"@{ var list = new List<string>(); foreach (var item in list) { item.":                              "Length Trim -Add",
		"@{ foreach (var p in context.Request.Headers) { var k = p.":                                        "Key Value",
		"@(context.Request.Headers.Where(h => h.":                                                           "Key Value -Length",
		"@(context.Request.Headers.Where(h => h.Key.StartsWith(\"x\")).Select(h => h.Value.First().":        "Trim Length",
		"@(context.Variables.GetValueOrDefault<JArray>(\"list\").":                                          "Count Where",
		"@(context.Variables.GetValueOrDefault<":                                                            "JObject string int -context",
		"@(new ":                                                                                            "Random List Dictionary -context -if",
		"@(new Random().":                                                                                   "Next NextDouble",
		"@(new System.":                                                                                     "Text Random Collections -System",
		"@(Math.":                                                                                           "Max Abs -ToUpper",
		"@(StringComparison.":                                                                               "OrdinalIgnoreCase Ordinal",
		"@(string.":                                                                                         "Join IsNullOrEmpty -Length",
		"@($\"{context.Request.":                                                                            "Method Headers",
		"@($\"a {context.Api.":                                                                              "Name",
		"@($@\"a \"\" {context.Api.":                                                                        "Name",
		"@($\"{context.Api.Name} {":                                                                         "context",
		"@(true ? context.":                                                                                 "Request Response",
		"@{ if (context.":                                                                                   "Request Response",
		"@{ string F(int n) => \"\"; return F":                                                              "F",
		"@{ var t = (name: \"a\", age: 1); return t.":                                                       "name age Item1",
		"@{ var o = new { Name = 1 }; return o.":                                                            "Name",
		"@{ var d = new Dictionary<string, List<int>>(); return d.Values.First().": "Add Count",
		"@(from h in context.Request.Headers where h.":                             "Key Value",
		"@(from h in context.Request.Headers where ":                               "h context",
		// Broken behind and before.
		"@{ var x = ; context.":             "Request",
		"@{ if (true) { context.":           "Request",
		"@(foo.bar(context.":                "Request",
		"@(context.Request.Headers[\"a\"].": "First Count",
		// Where nothing can be offered.
		"@(\"context.":               "",
		"@('c":                       "",
		"@(@\"context.":              "",
		"@($\"context.":              "",
		"@($\"{context.Api.Name:":    "",
		"@{ // context.":             "",
		"@{ /* context.":             "",
		"@(12":                       "",
		"@(nothing.":                 "",
		"@(context.Request.Nothing.": "",
	} {
		c := env.Complete(text)
		if want == "" {
			if len(c.Items) > 0 {
				t.Errorf("%s: offered %v", text, c.Items[0])
			}
			continue
		}
		for _, name := range strings.Fields(want) {
			if not, found := strings.CutPrefix(name, "-"); found {
				if find(c, not) != nil {
					t.Errorf("%s: offered %s", text, not)
				}
			} else if find(c, name) == nil {
				t.Errorf("%s: %s is not offered", text, name)
			}
		}
	}
}

// TestCompleteItems holds what an item says of itself.
func TestCompleteItems(t *testing.T) {
	env := newOracle(t).env
	c := env.Complete("@(context.Request.Headers.GetV")
	if c.From != len("@(context.Request.Headers.") {
		t.Errorf("the word begins at %d", c.From)
	}
	got := find(c, "GetValueOrDefault")
	if got.Kind != expr.MethodItem && got.Kind != expr.ExtensionItem || got.Detail != "string GetValueOrDefault(string k, string defaultValue = null)" || got.Doc == "" || got.Beyond {
		t.Errorf("%+v", got)
	}
	for text, want := range map[string]expr.Item{
		"@(context.Request.Method":  {Label: "Method", Kind: expr.PropertyItem, Detail: "string Method { get; }"},
		"@(new List<int>().Add":     {Label: "Add", Kind: expr.MethodItem, Detail: "void Add(int item)"},
		"@(Math.PI":                 {Label: "PI", Kind: expr.ConstItem, Detail: "const double PI"},
		"@(new List<int>().Any":     {Label: "Any", Kind: expr.ExtensionItem, Detail: "bool Any<TSource>()", Overloads: 1},
		"@(System.Te":               {Label: "Text", Kind: expr.NamespaceItem, Detail: "System.Text"},
		"@{ var n = 1.5m; return n": {Label: "n", Kind: expr.VariableItem, Detail: "decimal"},
		"@{ int F(int a) => a; F":   {Label: "F", Kind: expr.FunctionItem, Detail: "int F(int a)"},
		"@(DayOfWeek.Mon":           {Label: "Monday", Kind: expr.MemberItem, Detail: "DayOfWeek.Monday"},
	} {
		i := find(env.Complete(text), want.Label)
		if i == nil {
			t.Errorf("%s: no %s", text, want.Label)
			continue
		}
		found := *i
		found.Doc, found.Beyond = "", false
		if found != want {
			t.Errorf("%s: got %+v, want %+v", text, found, want)
		}
	}
	labels := func(text string) []string {
		var list []string
		for _, i := range env.Complete(text).Items {
			list = append(list, i.Label)
		}
		return list
	}
	first := labels("@{ int b = 1, a = 2; ")
	if !slices.Equal(first, labels("@{ int b = 1, a = 2; ")) || !slices.Equal(first[:3], []string{"a", "b", "context"}) {
		t.Errorf("the order differs from one time to the next, or is %v", first[:3])
	}
}

// FuzzComplete holds that no beginning of a text makes the completer fail.
func FuzzComplete(f *testing.F) {
	for _, text := range []string{"@(context.Request.", "@{ var x = new ", "@($\"{a:", "@{ foreach (var x in context.Variables) { x.", "@(a => b => "} {
		f.Add(text)
	}
	env := newOracle(f).env
	f.Fuzz(func(t *testing.T, text string) {
		c := env.Complete(text)
		if c.From < 0 || c.From > len(text) {
			t.Errorf("the word begins at %d of %d", c.From, len(text))
		}
	})
}

// BenchmarkComplete is one keystroke in a policy's longest kind of expression.
func BenchmarkComplete(b *testing.B) {
	env := newOracle(b).env
	const text = "@{ var list = (JArray)context.Variables[\"list\"]; var open = list.Where(x => !x.Value<bool>(\"isThrottling\")).OrderBy(x => (int)x[\"priority\"]).ToList(); foreach (var item in open) { if (item."
	for b.Loop() {
		if len(env.Complete(text).Items) == 0 {
			b.Fatal("nothing")
		}
	}
}
