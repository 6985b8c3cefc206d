package server

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// tree is every file of a folder with its content.
func folderFiles(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		b.WriteString(name + "\n" + string(data) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func draftOf(value string) string {
	b, _ := json.Marshal(map[string]string{"value": value, "format": "rawxml"})
	return string(b)
}

// A draft is told its problems in the words of check, and what would hold; it
// changes neither the folder nor what is in force.
func TestDraft(t *testing.T) {
	dir := sampleFolder(t)
	r := run(t, config(t, dir))
	before, effective := folderFiles(t, dir), r.call("GET", apiPath+"/effectivePolicy", "").text

	bad := "<policies>\n    <inbound>\n        <base />\n        <set-header name=\"x\" exists-action=\"override\">\n" +
		"            <value>@(context.Request.Header[\"a\"])</value>\n        </set-header>\n        <seth />\n    </inbound>\n</policies>\n"
	got := r.call("POST", apiPath+"/policies/policy/draft", draftOf(bad))
	got.want(t, 200)
	if got.at("file") != "apis/my-cool-openai-test/policy.xml" || got.at("effective") != nil {
		t.Errorf("%v %v", got.at("file"), got.at("effective"))
	}
	for i, want := range []map[string]any{
		{"code": "CS1061", "line": 5.0, "column": 38.0, "severity": "error", "hint": "did you mean Headers?"},
		{"code": "unknown-policy", "line": 7.0, "column": 10.0, "severity": "error", "file": "apis/my-cool-openai-test/policy.xml"},
	} {
		for key, value := range want {
			if got.at("problems", i, key) != value {
				t.Errorf("problem %d: %s is %v, want %v", i, key, got.at("problems", i, key), value)
			}
		}
	}
	if drawn, _ := got.at("problems", 0, "drawn").(string); !strings.Contains(drawn, "apis/my-cool-openai-test/policy.xml:5:38: ") || !strings.Contains(drawn, "^^^^^^") || !strings.HasSuffix(drawn, "hint: did you mean Headers?\n") {
		t.Errorf("drawn:\n%s", drawn)
	}

	good := "<policies><inbound><base /><set-header name=\"x-draft\" exists-action=\"override\"><value>{{endpoint-eastus}}</value></set-header></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
	got = r.call("POST", apiPath+"/policies/policy/draft", draftOf(good))
	got.want(t, 200, `"problems":[]`, `"elsewhere":[]`)
	if text, _ := got.at("effective").(string); !strings.Contains(text, "x-draft") || !strings.Contains(text, "<!-- api: apis/my-cool-openai-test/policy.xml -->") {
		t.Errorf("effective:\n%s", text)
	}
	// The body of a PUT does as well, and so does a place that has no document yet.
	for _, at := range []string{apiPath + "/operations/ChatCompletions_Create", "/products/contoso", ""} {
		got = r.call("POST", at+"/policies/policy/draft", properties("value", good, "format", "rawxml"))
		got.want(t, 200, `"problems":[]`, "x-draft")
	}
	// A fragment is checked where it is included.
	got = r.call("POST", "/policyFragments/use-region/draft", draftOf("<fragment><set-variable name=\"n\" value=\"@(nothing)\" /></fragment>"))
	got.want(t, 200, `"effective":null`, "CS0103")
	if got.at("file") != "policy fragments/use-region/policy.xml" {
		t.Errorf("the fragment's file is %v", got.at("file"))
	}
	got = r.call("POST", "/policyFragments/use-region/draft", draftOf("<fragment><base /></fragment>"))
	got.want(t, 200, "misplaced")
	r.call("POST", "/policyFragments/brand-new/draft", draftOf("<fragment><set-method>GET</set-method></fragment>")).want(t, 200, `"problems":[]`)

	if folderFiles(t, dir) != before || r.call("GET", apiPath+"/effectivePolicy", "").text != effective {
		t.Error("a draft has changed the service")
	}
	if _, text := r.face("GET", "/metrics", ""); strings.Contains(text, `config_loads_total{result="refused"} `) && !strings.Contains(text, `config_loads_total{result="refused"} 0`) {
		t.Error("a draft counts as a refused write")
	}

	r.call("POST", "/apis/none/policies/policy/draft", draftOf(good)).want(t, 404, "ResourceNotFound")
	r.call("POST", apiPath+"/policies/policy/draft", `{"format":"rawxml"}`).want(t, 400, "Property 'value' is required.")
	r.call("POST", apiPath+"/policies/policy/draft", `{"value":"<policies","format":"xml"}`).want(t, 400, "ValidationError")
	r.call("POST", apiPath+"/policies/other/draft", draftOf(good)).want(t, 400, "policyId")
	r.call("POST", apiPath+"/policies/policy/nothing", draftOf(good)).want(t, 404, "There is no action")
}

// The server's printer is that of the command fmt.
// What is wrong elsewhere leaves the document's own problems their room.
func TestDraftAmongWarnings(t *testing.T) {
	dir := sampleFolder(t)
	for i := range 60 {
		at := filepath.Join(dir, "apis", "empty-"+strconv.Itoa(i))
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "apiInformation.json"), []byte(`{"properties":{"displayName":"Empty","path":"empty/`+strconv.Itoa(i)+`","protocols":["https"],"serviceUrl":"https://x.example"}}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, config(t, dir))
	bad := "<policies><inbound>" + strings.Repeat("<seth />", 55) + "</inbound></policies>"
	got := r.call("POST", apiPath+"/policies/policy/draft", draftOf(bad))
	got.want(t, 200)
	if list, _ := got.at("problems").([]any); len(list) != 50 || got.at("more") != 5.0 {
		t.Errorf("%d problems and %v more", len(list), got.at("more"))
	}
	got = r.call("POST", apiPath+"/policies/policy/draft", draftOf("<policies><inbound><base /></inbound></policies>"))
	got.want(t, 200, `"problems":[]`, `"elsewhere":[]`, `"more":0`)
}

func TestFormat(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	got := r.call("POST", apiPath+"/policies/policy/format", draftOf("<policies><inbound><base/></inbound></policies>"))
	if text, _ := got.at("value").(string); got.status != 200 || text != "<policies>\n    <inbound>\n        <base />\n    </inbound>\n</policies>\n" {
		t.Errorf("%d %s", got.status, got.text)
	}
	r.call("POST", "/policyFragments/new/format", draftOf("<fragment>")).want(t, 400, "Problems", `"drawn":`)
}

// Completion knows where in a document it is asked, whatever the rest looks
// like; a place is marked by a bar.
func TestCompleteDocument(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	complete := func(text string) (from int, inside string, labels []string, all armReply) {
		before, after, marked := strings.Cut(text, "|")
		if !marked {
			t.Fatalf("no place in %s", text)
		}
		offset := len(utf16.Encode([]rune(before)))
		b, _ := json.Marshal(map[string]any{"value": before + after, "offset": offset})
		got := r.call("POST", apiPath+"/operations/ChatCompletions_Create/policies/policy/complete", string(b))
		got.want(t, 200)
		items, _ := got.at("items").([]any)
		for _, item := range items {
			labels = append(labels, item.(map[string]any)["label"].(string))
		}
		f, _ := got.at("from").(float64)
		inside, _ = got.at("inside").(string)
		return offset - int(f), inside, labels, got
	}
	for text, want := range map[string]string{
		`<policies><inbound><set-variable name="a" value="@(context.Request.He|" /></inbound></policies>`:                                   "2 expression Headers -set-header",
		`<policies><inbound><set-variable name="a" value="@(context.Request.|)" /></inbound></policies>`:                                    "0 expression Method",
		`<a x="@(1)" y="@{ var n = 1; return n.|`:                                                                                           "0 expression CompareTo",
		`<a x="𝒳é" y="@(context.Ap|`:                                                                                                        "2 expression Api",
		`<value>@{ foreach (var h in context.Request.Headers) { h.K| } }</value>`:                                                           "1 expression Key Value",
		`<when condition='@(context.Request.Body.As&lt;JObject&gt;(true)[&quot;a&quot;].Val|'>`:                                             "3 expression Value",
		`<when condition="@(context.Request.Headers.GetValueOrDefault("a", "b").Len|">`:                                                     "3 expression Length",
		`<a x="@(int.Parse({{n}}).|"/>`:                                                                                                     "0 expression CompareTo",
		`<fragment><set-variable name="mine" value="1"/><cache-lookup-value key="k" variable-name="cached"/><x y="@(context.Variables["mi|`: "2 string mine cached region",
		`<x y="@(context.Variables.GetValueOrDefault<string>("|"))"/>`:                                                                      "0 string region region-name",
		`<x y="@(context.Request.MatchedParameters["|`:                                                                                      "0 string deployment-id",
		`<x y="@(context.Request.Headers["|`:                                                                                                "0 string",
		`<set-he|`:                                                                                                                          "0 ",
		`<!-- <a x="@(context.|" /> -->`:                                                                                                    "0 ",
		`<a x="some @(context.|" />`:                                                                                                        "0 ",
		`<a x="@(context.Api)|`:                                                                                                             "0 ",
		`<a x="@|(context.Api)" />`:                                                                                                         "0 ",
	} {
		back, inside, labels, _ := complete(text)
		fields := strings.Split(want, " ")
		if got := strconv.Itoa(back); got != fields[0] || inside != fields[1] {
			t.Errorf("%s: the word has %s characters inside %q", text, got, inside)
		}
		if len(fields) == 2 && len(labels) > 0 {
			t.Errorf("%s: offered %v", text, labels)
		}
		for _, name := range fields[2:] {
			if not, found := strings.CutPrefix(name, "-"); found == slices.Contains(labels, strings.TrimPrefix(name, "-")) {
				t.Errorf("%s: %s among %v", text, not, labels)
			}
		}
	}
	_, _, _, got := complete(`<a x="@(context.Request.Metho|" />`)
	for i := range got.at("items").([]any) {
		if got.at("items", i, "label") == "Method" {
			if got.at("items", i, "kind") != "property" || got.at("items", i, "detail") != "string Method { get; }" || got.at("items", i, "doc") == "" {
				t.Errorf("%v", got.at("items", i))
			}
		}
	}
	for _, offset := range []string{"-1", "99", `"x"`, "null"} {
		r.call("POST", apiPath+"/policies/policy/complete", `{"value":"<a/>","offset":`+offset+`}`).want(t, 400, "offset")
	}
}

// The vocabulary has what the rows have, and is asked for once.
func TestVocabulary(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	status, text := r.face("GET", "/vocabulary", "")
	var v struct {
		Sections []string
		Policies []struct {
			Name, Doc, Stands string
			Sections, Scopes  []string
			Attributes        []struct {
				Name, Doc, Type, Default string
				Required, Expression     bool
				Values                   []string
				Min                      *int
			}
			Children []struct{ Name string }
			Block    bool
			Built    bool
		}
		Types []struct {
			Name, Namespace string
			Imported        bool
			Members         []struct {
				Name, Signature, Doc string
				Beyond               bool
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &v); status != 200 || err != nil {
		t.Fatal(status, err)
	}
	if strings.Join(v.Sections, " ") != "inbound backend outbound on-error" {
		t.Errorf("sections %v", v.Sections)
	}
	seen := map[string]bool{}
	for _, p := range v.Policies {
		seen[p.Name] = true
		switch p.Name {
		case "retry":
			if !p.Block || !p.Built || p.Attributes[0].Name != "condition" || !p.Attributes[0].Required || !p.Attributes[0].Expression || len(p.Scopes) != 5 {
				t.Errorf("%+v", p)
			}
		case "base":
			if p.Stands != "section" {
				t.Errorf("%+v", p)
			}
		case "set-header":
			if p.Doc == "" || p.Attributes[1].Values == nil || p.Children[0].Name != "value" {
				t.Errorf("%+v", p)
			}
		}
	}
	for _, name := range []string{"retry", "base", "set-header", "choose", "include-fragment"} {
		if !seen[name] {
			t.Errorf("no policy %s", name)
		}
	}
	members := map[string]string{}
	for _, typ := range v.Types {
		for _, m := range typ.Members {
			members[typ.Name+" "+m.Name] = m.Signature
		}
	}
	for name, want := range map[string]string{"string Trim": "string Trim", "Math Max": "static", "DayOfWeek Monday": "Monday"} {
		if !strings.Contains(members[name], want) {
			t.Errorf("%s: %q", name, members[name])
		}
	}
	if status, _ := r.face("POST", "/vocabulary", "{}"); status != 405 {
		t.Errorf("POST: %d", status)
	}
}
