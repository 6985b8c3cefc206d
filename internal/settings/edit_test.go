package settings

import (
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/source"
)

// TestRewrite holds that an edit changes its entry and nothing else.
func TestRewrite(t *testing.T) {
	for _, test := range []struct {
		name, before string
		edits        []Edit
		after        string
	}{
		{"into nothing", "", []Edit{{Section: "namedValues", Key: "k", Value: "{env: K}"}}, "namedValues:\n  k: {env: K}\n"},
		{
			"a list into nothing but a comment", "# about the file",
			[]Edit{{Section: "regions", Key: "eastus", Value: "{name: eastus, port: 9101}", List: true}},
			"# about the file\n\nregions:\n  - {name: eastus, port: 9101}\n",
		},
		{
			"a new entry goes to the end of its section",
			"namedValues:\n    a: {env: A} # the first\n\n# about limits\nlimits: {replayBody: 1MiB}\n",
			[]Edit{{Section: "namedValues", Key: "b.c", Value: "{env: B}"}},
			"namedValues:\n    a: {env: A} # the first\n    b.c: {env: B}\n\n# about limits\nlimits: {replayBody: 1MiB}\n",
		},
		{
			"an entry of several lines",
			"namedValues:\n  a:\n    env: A\n    # of a\n  # about b\n  b: {env: B}\nstrict: true\n",
			[]Edit{{Section: "namedValues", Key: "a", Value: "{env: C}"}},
			"namedValues:\n  a: {env: C}\n    # of a\n  # about b\n  b: {env: B}\nstrict: true\n",
		},
		{
			"one entry goes, with the lines it has",
			"regions:\n- name: eastus\n  port: 9101\n- {name: westus, port: 9102}\n",
			[]Edit{{Section: "regions", Key: "eastus"}},
			"regions:\n- {name: westus, port: 9102}\n",
		},
		{
			"the last entry takes the section with it, and the comment above it",
			"# about the file\nstrict: true\n\n# about the values\nnamedValues:\n  a: {env: A}\n\n# about limits\nlimits: {replayBody: 1MiB}\n",
			[]Edit{{Section: "namedValues", Key: "a"}},
			"# about the file\nstrict: true\n\n# about limits\nlimits: {replayBody: 1MiB}\n",
		},
		{
			"the comment at the top is the file's",
			"# about the file\nregions:\n  - {name: eastus, port: 9101}\nstrict: true\n",
			[]Edit{{Section: "regions", Key: "eastus"}},
			"# about the file\nstrict: true\n",
		},
		{
			"a blank line after the comment at the top stays",
			"# about the file\nregions:\n  - {name: eastus, port: 9101}\n\n# about strict\nstrict: true\n",
			[]Edit{{Section: "regions", Key: "eastus"}},
			"# about the file\n\n# about strict\nstrict: true\n",
		},
		{
			"what is not there need not go", "strict: true\n",
			[]Edit{{Section: "regions", Key: "eastus"}, {Section: "strict"}}[:1], "strict: true\n",
		},
		{
			"braces become lines", "namedValues: {a: {env: A}, 'b c': {value: \"x: y\"}}\nstrict: true\n",
			[]Edit{{Section: "namedValues", Key: "a"}, {Section: "namedValues", Key: "true", Value: "{env: T}"}},
			"namedValues:\n  \"b c\": {\"value\": \"x: y\"}\n  \"true\": {env: T}\nstrict: true\n",
		},
		{
			"brackets become lines", "regions: [{name: eastus, port: 9101}]",
			[]Edit{{Section: "regions", Key: "westus", Value: "{name: westus, port: 9102}"}},
			"regions:\n  - {\"name\": \"eastus\", \"port\": 9101}\n  - {name: westus, port: 9102}\n",
		},
		{"an empty section", "regions:\nstrict: true\n", []Edit{{Section: "regions", Key: "e", Value: "{name: e, port: 1}", List: true}}, "regions:\n  - {name: e, port: 1}\nstrict: true\n"},
		{
			"no end of line at the end", "namedValues:\n  a: {env: A}",
			[]Edit{{Section: "namedValues", Key: "b", Value: "{env: B}"}},
			"namedValues:\n  a: {env: A}\n  b: {env: B}\n",
		},
		{
			"the line ends of Windows", "namedValues:\r\n  a: {env: A}\r\nstrict: true\r\n",
			[]Edit{{Section: "namedValues", Key: "b", Value: "{env: B}"}, {Section: "namedValues", Key: "a"}},
			"namedValues:\r\n  b: {env: B}\r\nstrict: true\r\n",
		},
	} {
		got, err := Rewrite(test.before, test.edits)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		// The printer of JSON puts spaces nowhere.
		want := strings.NewReplacer(`": `, `":`, `, "`, `,"`).Replace(test.after)
		if strings.NewReplacer(`": `, `":`, `, "`, `,"`).Replace(got) != want {
			t.Errorf("%s:\n%s\nwant:\n%s", test.name, got, test.after)
		}
	}
}

// TestRewriteRefuses holds that what cannot be edited without doubt is refused.
func TestRewriteRefuses(t *testing.T) {
	e := []Edit{{Section: "namedValues", Key: "a", Value: "{env: A}"}}
	for name, test := range map[string]struct {
		text, want string
		edits      []Edit
	}{
		"not YAML":          {"namedValues: {", "cannot be read", e},
		"in braces":         {"{strict: true}", "in braces as a whole", e},
		"an anchor":         {"namedValues: &x\n  b: {env: B}\n", "an anchor or an alias", e},
		"merged":            {"subscriptions: &s\n  b: {env: B}\nnamedValues:\n  <<: *s\n  c: {env: C}\n", "by hand", e},
		"twice":             {"namedValues:\n  a: {env: A}\n  a: {env: B}\n", "cannot be read", e},
		"a text":            {"namedValues: none\n", "neither a list nor a mapping", e},
		"an entry with two": {"", "would have errors", []Edit{{Section: "namedValues", Key: "a", Value: "{env: A, file: b}"}}},
	} {
		if got, err := Rewrite(test.text, test.edits); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// FuzzRewrite holds that a file without errors has none afterwards, and the entry
// that was asked for.
func FuzzRewrite(f *testing.F) {
	f.Add("regions:\n  - {name: eastus, port: 9101}\n", "eastus")
	f.Add("# c\nregions: [{name: a, port: 1}]\nnamedValues:\n  a: {env: A}\n\n#x\n", "a")
	f.Add("namedValues:\n  ? a\n  : {env: A}\n", "a")
	f.Fuzz(func(t *testing.T, text, key string) {
		before, problems := Parse(source.NewFile(FileName, text))
		if problems.HasErrors() || !plainKey(key) {
			return
		}
		got, err := Rewrite(text, []Edit{{Section: "namedValues", Key: key, Value: "{env: A}"}})
		if err != nil {
			return
		}
		after, problems := Parse(source.NewFile(FileName, got))
		if problems.HasErrors() || after.NamedValues[key] != (Value{Env: "A"}) {
			t.Fatalf("%q became %q: %v", text, got, problems)
		}
		for name, v := range before.NamedValues {
			if name != key && after.NamedValues[name] != v {
				t.Fatalf("%q became %q: %s is another one", text, got, name)
			}
		}
		if len(before.Regions) != len(after.Regions) || before.Strict != after.Strict {
			t.Fatalf("%q became %q", text, got)
		}
		gone, err := Rewrite(got, []Edit{{Section: "namedValues", Key: key}})
		if err != nil {
			t.Fatalf("%q cannot be edited again: %v", got, err)
		}
		if last, _ := Parse(source.NewFile(FileName, gone)); last.NamedValues[key] != (Value{}) {
			t.Fatalf("%q became %q", got, gone)
		}
	})
}
