package expr_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr/syntax"
)

// edit replaces a part of a text.
type edit struct {
	start, end int
	with       string
}

func edited(text string, edits []edit) string {
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].start > edits[j].start })
	for _, e := range edits {
		text = text[:e.start] + e.with + text[e.end:]
	}
	return text
}

var word = regexp.MustCompile(`[A-Za-z_]\w*`)

// renamed gives a local another name everywhere. A local whose name also occurs
// as something else, or gives a name to a member of an anonymous object or of a
// tuple, is left alone.
func renamed(root *syntax.Root, n int) string {
	var names []string
	places := map[string][]edit{}
	unfit := map[string]bool{"": true}
	implied := func(x syntax.Expr) {
		if v, ok := x.(*syntax.Name); ok {
			unfit[v.Text] = true
		}
	}
	syntax.Walk(root, func(x syntax.Node) bool {
		switch x := x.(type) {
		case *syntax.LocalDecl:
			for _, d := range x.Vars {
				if len(places[d.Name.Text]) > 0 {
					unfit[d.Name.Text] = true
				}
				names = append(names, d.Name.Text)
				s := d.Name.Span()
				places[d.Name.Text] = append(places[d.Name.Text], edit{start: s.Start, end: s.End})
			}
		case *syntax.Name:
			s := x.Span()
			places[x.Text] = append(places[x.Text], edit{start: s.Start, end: s.End})
		case *syntax.Member:
			unfit[x.Name.Text] = true
		case *syntax.MemberBinding:
			unfit[x.Name.Text] = true
		case *syntax.NewAnonymous:
			for _, m := range x.Members {
				implied(m.Value)
			}
		case *syntax.Tuple:
			for _, a := range x.Items {
				implied(a.Value)
			}
		}
		return true
	})
	if len(names) == 0 || strings.Contains(root.Text, "nameof") {
		return ""
	}
	name := names[n%len(names)]
	occurs := 0
	for _, w := range word.FindAllString(root.Text, -1) {
		if w == name {
			occurs++
		}
	}
	if unfit[name] || occurs != len(places[name]) {
		return ""
	}
	list := places[name]
	for i := range list {
		list[i].with = name + "_renamed"
	}
	return edited(root.Text, list)
}

// parenthesised puts an operand, an argument or a result into parentheses.
func parenthesised(root *syntax.Root, n int, lambdas bool) string {
	var found []syntax.Expr
	take := func(x syntax.Expr) {
		_, lambda := x.(*syntax.Lambda)
		switch x.(type) {
		case nil, *syntax.BadExpr, *syntax.Throw, *syntax.Ref, *syntax.DeclExpr:
			return
		}
		if lambda == lambdas {
			found = append(found, x)
		}
	}
	syntax.Walk(root, func(x syntax.Node) bool {
		switch x := x.(type) {
		case *syntax.Interpolated:
			return false
		case *syntax.Call:
			for _, a := range x.Args.Items {
				if a.Mode == 0 {
					take(a.Value)
				}
			}
			if v, ok := x.Target.(*syntax.Name); ok && v.Text == "nameof" {
				return false
			}
		case *syntax.Binary:
			take(x.X)
			take(x.Y)
		case *syntax.Return:
			take(x.X)
		}
		return true
	})
	if len(found) == 0 {
		return ""
	}
	s := found[n%len(found)].Span()
	return edited(root.Text, []edit{{s.Start, s.Start, "("}, {s.End, s.End, ")"}})
}

// wrapped makes a lambda of the whole expression, and calls it.
func wrapped(root *syntax.Root, n int) string {
	if root.Expr == nil {
		return parenthesised(root, n, true)
	}
	return "@{ Func<object> whole = () => " + root.Text[2:len(root.Text)-1] + "; return whole(); }"
}

// reordered swaps two neighbouring declarations whose values are constants.
func reordered(root *syntax.Root, n int) string {
	plain := func(s syntax.Stmt) bool {
		d, ok := s.(*syntax.LocalDecl)
		if !ok || len(d.Vars) != 1 || len(d.Modifiers) > 0 {
			return false
		}
		_, ok = d.Vars[0].Init.(*syntax.Literal)
		return ok
	}
	var pairs [][2]syntax.Stmt
	syntax.Walk(root, func(x syntax.Node) bool {
		if b, ok := x.(*syntax.Block); ok {
			for i := 1; i < len(b.Stmts); i++ {
				if plain(b.Stmts[i-1]) && plain(b.Stmts[i]) {
					pairs = append(pairs, [2]syntax.Stmt{b.Stmts[i-1], b.Stmts[i]})
				}
			}
		}
		return true
	})
	if len(pairs) == 0 {
		return ""
	}
	p := pairs[n%len(pairs)]
	a, b := p[0].Span(), p[1].Span()
	return edited(root.Text, []edit{{a.Start, a.End, root.Text[b.Start:b.End]}, {b.Start, b.End, root.Text[a.Start:a.End]}})
}

// TestMutants changes recorded cases in ways that change nothing: what was
// accepted gives the same answer, what was refused still is.
func TestMutants(t *testing.T) {
	o := newOracle(t)
	counts := map[string]int{}
	n := 0
	files, err := filepath.Glob("testdata/oracle/*.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "xmljson.jsonl.gz") {
			continue
		}
		sc := bufio.NewScanner(bytes.NewReader(gunzip(t, path)))
		sc.Buffer(nil, 1<<22)
		for sc.Scan() {
			var r recorded
			if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			n++
			root, errs := syntax.Parse(r.Expr)
			if len(errs) > 0 {
				continue
			}
			kinds := []struct {
				name string
				text func() string
			}{
				{"renamed", func() string { return renamed(root, n) }},
				{"wrapped", func() string { return wrapped(root, n) }},
				{"parenthesised", func() string { return parenthesised(root, n, false) }},
			}
			// Few programs have something to swap: those that do are all taken.
			text, kind := reordered(root, n), "reordered"
			for i := 0; i < len(kinds) && text == ""; i++ {
				k := kinds[(n+i)%len(kinds)]
				text, kind = k.text(), k.name
			}
			if text == "" || o.run(sc.Bytes(), &r) != "" {
				continue
			}
			counts[kind]++
			original := r.Expr
			r.Expr = text
			if r.Compile != nil {
				if p, _ := o.env.Compile(text, nil); p != nil {
					t.Errorf("%s, %s: accepted\n%s\n%s", r.ID, kind, original, text)
				}
				continue
			}
			if diff := o.run(sc.Bytes(), &r); diff != "" {
				t.Errorf("%s, %s: %s\n%s\n%s", r.ID, kind, diff, original, text)
			}
		}
	}
	t.Log(counts)
	total := 0
	for _, kind := range []string{"renamed", "reordered", "wrapped", "parenthesised"} {
		total += counts[kind]
		if counts[kind] < 100 {
			t.Errorf("only %d mutants are %s", counts[kind], kind)
		}
	}
	if total < 2000 {
		t.Errorf("only %d mutants", total)
	}
}
