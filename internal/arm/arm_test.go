package arm

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const root = "/subscriptions/S/resourceGroups/G/providers/Microsoft.ApiManagement/service/X"
	for path, want := range map[string]string{
		root: "", root + "/": "",
		strings.ToUpper(root) + "/apis/a%3Brev=2": "apis a;rev=2",
		root + "/apis/a;rev=2/operations/O":       "apis a;rev=2 operations O",
	} {
		a, ok, err := Parse(path)
		if !ok || err != nil || !strings.EqualFold(a.Root, root) || strings.Join(a.Segments, " ") != want {
			t.Errorf("%s: %+v %v %v", path, a, ok, err)
		}
	}
	if a, ok, err := Parse("/subscriptions/s/providers/Microsoft.ApiManagement/service"); !ok || err != nil || a.Service != "" || len(a.Above) != 3 {
		t.Errorf("%+v %v %v", a, ok, err)
	}
	for _, path := range []string{"/", "/metrics", "/relay/x"} {
		if _, ok, _ := Parse(path); ok {
			t.Errorf("%s is an address", path)
		}
	}
	for _, path := range []string{root + "/apis/a%2fb", root + "/apis/%2e%2e", root + "/apis/%00", root + "/apis/%ff", root + "//x", root + "/apis/a%5cb"} {
		if _, _, err := Parse(path); err == nil {
			t.Errorf("%s is taken", path)
		}
	}
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "ChatCompletions_Create": true, "gpt-3.5": true, strings.Repeat("a", 80): true, "a;rev=2": true,
		"": false, ".": false, "..": false, "a.": false, "a b": false, "con": false, "LPT1.x": false, "a;rev=0": false, "a;rev=x": false,
		strings.Repeat("a", 81): false, "\u0430": false, "-a": false, "a/b": false,
	} {
		if err := CheckName(name, true); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
	if CheckName("a;rev=2", false) == nil {
		t.Error("a revision of what has none")
	}
}

func TestCheckVersion(t *testing.T) {
	for version, code := range map[string]string{
		"2021-08-01": "", "2024-05-01": "", "2026-03-01-preview": "", "2025-09-01-PREVIEW": "",
		"": "MissingApiVersionParameter", "2021-07-31": "InvalidApiVersionParameter", "2024-13-01": "InvalidApiVersionParameter", "latest": "InvalidApiVersionParameter",
	} {
		q := url.Values{}
		if version != "" {
			q.Set("API-Version", version)
		}
		got := ""
		if err := CheckVersion(q); err != nil {
			got = err.Code
		}
		if got != code {
			t.Errorf("%q: %q, want %q", version, got, code)
		}
	}
}

func TestPrecondition(t *testing.T) {
	for _, c := range []struct {
		method, match, none, tag string
		required                 bool
		want                     int
	}{
		{"PUT", "", "", "", false, 0},
		{"PUT", "*", "", "", false, 0}, // creates
		{"PUT", `"x"`, "", "", false, 412},
		{"PUT", `"x"`, "", `"x"`, false, 0},
		{"PUT", "x", "", `"x"`, false, 0},
		{"PUT", `W/"x", "y"`, "", `"y"`, false, 0},
		{"PUT", "", "*", `"x"`, false, 412},
		{"PUT", "", "*", "", false, 0},
		{"DELETE", "", "", `"x"`, true, 428},
		{"DELETE", "*", "", `"x"`, true, 0},
		{"PATCH", `"old"`, "", `"x"`, true, 412},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		if c.match != "" {
			r.Header.Set("If-Match", c.match)
		}
		if c.none != "" {
			r.Header.Set("If-None-Match", c.none)
		}
		got := 0
		if err := Precondition(r, c.tag, c.required); err != nil {
			got = err.Status
		}
		if got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	a, b := NewTags(), NewTags()
	first, again, other, foreign := a.Of([]byte("x")), a.Of([]byte("x")), a.Of([]byte("y")), b.Of([]byte("x"))
	if first != again || first == other || first == foreign {
		t.Error("tags do not follow contents")
	}
}

var people = []map[string]string{{"name": "ada", "city": "London"}, {"name": "Grace", "city": "New York"}, {"name": "o'neil", "city": ""}}

func names(f *Filter) (out []string) {
	for _, p := range people {
		if f.Match(func(field string) string { return p[field] }) {
			out = append(out, p["name"])
		}
	}
	return out
}

func TestFilter(t *testing.T) {
	for text, want := range map[string]string{
		"name eq 'ADA'":            "ada",
		"properties/name ne 'ada'": "Grace o'neil",
		"name eq 'o''neil'":        "o'neil",
		"city eq null":             "o'neil",
		"contains(name, 'a')":      "ada Grace",
		"startswith(city,'new') or endswith(city, 'don')":           "ada Grace",
		"substringof('ra', name) eq true":                           "Grace",
		"name ge 'b' and name lt 'h'":                               "Grace",
		"not (name eq 'ada' or name eq 'grace')":                    "o'neil",
		"(name eq 'ada') and (city eq 'london') or name eq 'grace'": "ada Grace",
		"name eq 'ada' or name eq 'grace' and city eq 'nonsense'":   "ada",
		"NAME EQ 'ada'": "ada",
		"name gt 'ada' and not startswith(city, 'new')":          "o'neil",
		"((((name eq 'ada'))))":                                  "ada",
		"contains(properties/city, 'o') and contains(city, 'n')": "ada Grace",
	} {
		f, err := ParseFilter(text, []string{"name", "city"})
		if err != nil || strings.Join(names(f), " ") != want {
			t.Errorf("%s: %v %v, want %s", text, names(f), err, want)
		}
	}
	for _, text := range []string{
		"name", "name eq", "name eq ada", "name eq t1", "name eq z", "eq 'x'", "'name' eq 'x'", "name is 'x'", "age eq 1", "name eq 'x' and", "name eq 'x", "(name eq 'x'",
		"name eq 'x')", "contains(name)", "contains('x', name)", "contains(name, 'x'", "contains(name,'x') eq false", "not", "name eq 'a' 'b'",
		strings.Repeat("(", 2000) + "name eq 'x'", strings.Repeat("x", 5000),
	} {
		if _, err := ParseFilter(text, []string{"name"}); err == nil {
			t.Errorf("%.40q is taken", text)
		}
	}
	if got := names(nil); len(got) != len(people) {
		t.Errorf("no filter: %v", got)
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("contains(name, 'a') and not (city ne 'x''y')")
	f.Fuzz(func(t *testing.T, text string) {
		if filter, err := ParseFilter(text, []string{"name", "city"}); err == nil {
			names(filter)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/x/apis/a%3Brev=2")
	f.Fuzz(func(t *testing.T, path string) {
		a, ok, err := Parse(path)
		if !ok || err != nil {
			return
		}
		for _, s := range a.Segments {
			if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "/\\\x00") {
				t.Errorf("%q has the segment %q", path, s)
			}
		}
	})
}

// TestPaged follows the links of pages to the end.
func TestPaged(t *testing.T) {
	var all, got []int
	for i := range 25 {
		all = append(all, i)
	}
	link := "http://h/list?api-version=1&$top=10&$filter=name%20ne%20'3'"
	for pages := 0; link != "" && pages < 9; pages++ {
		r := httptest.NewRequest(http.MethodGet, link, nil)
		q, err := ParseQuery(r.URL.Query(), []string{"name"})
		if err != nil {
			t.Fatal(err)
		}
		p := Paged(r, q, all, func(i int, _ string) string { return string(rune('0' + i)) }, func(i int) any { return i })
		if p.Count != 24 {
			t.Errorf("count %d", p.Count)
		}
		for _, v := range p.Value {
			got = append(got, v.(int))
		}
		link = p.NextLink
	}
	if want := slices.DeleteFunc(all, func(i int) bool { return i == 3 }); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{"$top=0", "$top=-1", "$top=x", "$skip=-1", "$skip=1e3", "$filter=x"} {
		q, _ := url.ParseQuery(bad)
		if _, err := ParseQuery(q, []string{"name"}); err == nil || err.Status != 400 {
			t.Errorf("%s: %v", bad, err)
		}
	}
	q, _ := url.ParseQuery("$top=1000000000")
	if query, err := ParseQuery(q, nil); err != nil || query.Top != MaxPage {
		t.Errorf("%v %v", query, err)
	}
}

func TestHeaders(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("x-ms-correlation-request-id", "not a guid\r\nX: y")
	w := httptest.NewRecorder()
	id := Headers(w, r)
	if !isGUID(id) || w.Header().Get("x-ms-request-id") != id || w.Header().Get("x-ms-correlation-request-id") != id {
		t.Errorf("%v", w.Header())
	}
}
