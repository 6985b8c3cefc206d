package syntax

import (
	"strings"
	"testing"
	"time"
)

// Texts that nest or chain without end are refused, quickly and without
// exhausting the stack, whatever they nest.
func TestDepth(t *testing.T) {
	rep := strings.Repeat
	const n = 10_000
	deep := map[string]string{
		"parentheses":         "@(" + rep("(", n) + "1" + rep(")", n) + ")",
		"conditionals":        "@(" + rep("a ? b : ", n) + "c)",
		"conditionals inside": "@(" + rep("a ? ", n) + "b" + rep(" : c", n) + ")",
		"chained calls":       "@(a" + rep(".b()", n) + ")",
		"chained accesses":    "@(a" + rep("?.b", n) + ")",
		"accesses":            "@(a" + rep("?[b", n) + rep("]", n) + ")",
		"generic type":        "@(new " + rep("List<", n/2) + "int" + rep(">", n/2) + "())",
		"generic name":        "@(a." + rep("B<", n/2) + "int" + rep(">", n/2) + "())",
		"arrays":              "@(new" + rep("[] { new", n) + "[] { 1 }" + rep(" }", n) + ")",
		"additions":           "@(a" + rep(" + a", n) + ")",
		"unary":               "@(" + rep("-", 2*n+1) + "a)",
		"nots":                "@(" + rep("!", n) + "a)",
		"casts":               "@(" + rep("(int)", n) + "a)",
		"lambdas":             "@(" + rep("a => ", n) + "a)",
		"typed lambdas":       "@(" + rep("(int a) => ", n) + "a)",
		"defaults":            "@(" + rep("(a = ", n) + "1" + rep(")", n) + " => 1)",
		"blocks":              "@{" + rep("{", n) + rep("}", n) + "}",
		"ifs":                 "@{" + rep("if (a) ", n) + "return 1; }",
		"labels":              "@{" + rep("a: ", n) + "return 1; }",
		"calls":               "@(" + rep("f(", n) + "1" + rep(")", n) + ")",
		"indexes":             "@(" + rep("a[", n) + "1" + rep("]", n) + ")",
		"interpolations":      "@(" + rep(`$"{`, n) + "1" + rep(`}"`, n) + ")",
		"interpolated parens": `@($"{` + rep("(", n) + rep(")", n) + `}")`,
		"tuples":              "@(" + rep("(1, ", n) + "2" + rep(")", n) + ")",
		"tuple types":         "@(default(" + rep("(int, ", n) + "int" + rep(")", n) + "))",
		"designations":        "@{ var " + rep("(a, ", n) + "b" + rep(")", n) + " = x; }",
		"patterns":            "@(a is " + rep("not ", n) + "b)",
		"or patterns":         "@(a is 1" + rep(" or 1", n) + ")",
		"paren patterns":      "@(a is " + rep("(", n) + "b" + rep(")", n) + ")",
		"queries":             "@(" + rep("from a in ", n) + "b" + rep(" select a", n) + ")",
		"continuations":       "@(from a in b" + rep(" select a into a", n) + " select a)",
		"initialisers":        "@(new A" + rep(" { B = ", n) + "{ }" + rep(" }", n) + ")",
		"assignments":         "@(" + rep("a = ", n) + "b)",
		"coalescing":          "@(" + rep("a ?? ", n) + "b)",
		"collections":         "@(" + rep("[", n) + rep("]", n) + ")",
		"attributes":          "@{" + rep("[A(", n) + rep(")]", n) + " int F() => 1; }",
		"local functions":     "@{" + rep("int F() { ", n) + rep("}", n) + "}",
		"switches":            "@{" + rep("switch (a) { case 1: ", n) + rep("}", n) + "}",
		"stray tokens":        "@(" + rep("(a b", n) + ")",
		"stray calls":         "@(" + rep("(a f(", n) + ")",
		"classes":             "@{" + rep("class A { ", n) + "}",
		"pointers":            "@(new int" + rep("*", n) + "[1])",
		"statics":             "@(f(" + rep("static ", 20*n) + "))",
		"names":               "@(" + rep("(a, ", n) + "1)",
		"throws":              "@(" + rep("throw ", n) + "a)",
		"delegates":           "@(" + rep("delegate { return ", n) + "1" + rep("; }", n) + ")",
	}
	for name, text := range deep {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			root, errs := Parse(text)
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			if len(errs) == 0 {
				t.Error("accepted")
			}
			height := 0
			walk(root, func(_ Node, h int) bool { height = max(height, h); return true })
			if height > MaxHeight {
				t.Errorf("the tree is %d high", height)
			}
			End(text, 0)
		})
	}
}

// Long is not deep: what only goes on and on is read.
func TestLength(t *testing.T) {
	rep := strings.Repeat
	for name, text := range map[string]string{
		"additions":  `@("a"` + rep(` + "b"`, 2900) + ")",
		"arguments":  "@(f(1" + rep(", 1", 50_000) + "))",
		"statements": "@{" + rep("a = a + 1;\n", 50_000) + "return a; }",
		"else ifs":   "@{ if (a) { }" + rep(" else if (a) { }", 1400) + " return 1; }",
		"calls":      "@(a" + rep(".b()", 1400) + ")",
		"cases":      "@{ switch (a) { " + rep("case 1: break; ", 20_000) + "} return 1; }",
		"depth":      "@(" + rep("(", 80) + "1" + rep(")", 80) + ")",
	} {
		if _, errs := Parse(text); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs[0])
		}
	}
}

// A text of wrong brackets takes no longer than another.
func TestEndOfWrongBrackets(t *testing.T) {
	const n = 200_000
	for _, text := range []string{
		"@{" + strings.Repeat("(", n) + strings.Repeat("}", n),
		"@(" + strings.Repeat("([", n) + strings.Repeat("}", n),
		"@(" + strings.Repeat("'", n),
	} {
		start := time.Now()
		End(text, 0)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%.10s: %v", text, took)
		}
	}
}

func FuzzParse(f *testing.F) {
	for i, r := range readOracle(f) {
		if i%40 == 0 || len(r.Compile) > 0 && i%5 == 0 {
			f.Add(r.Expr)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		root, errs := Parse(text)
		for _, e := range errs {
			if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(text)+1 {
				t.Errorf("%q: %v at %v", text, e, e.Span)
			}
		}
		Walk(root, func(n Node) bool {
			if s := n.Span(); s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Errorf("%q: %T at %v", text, n, s)
			}
			return true
		})
		Print(root)
		roundTrip(t, text)
	})
}

func FuzzEnd(f *testing.F) {
	for i, r := range readOracle(f) {
		if i%40 == 0 {
			f.Add(r.Expr+`" other="`, 0)
		}
	}
	f.Fuzz(func(t *testing.T, text string, start int) {
		end, ok := End(text, start)
		if !ok {
			return
		}
		if end <= start+2 || end > len(text) {
			t.Fatalf("End(%q, %d) = %d", text, start, end)
		}
		want := map[byte]byte{'(': ')', '{': '}'}[text[start+1]]
		if text[end-1] != want {
			t.Fatalf("End(%q, %d) = %d, behind %q", text, start, end, text[end-1])
		}
	})
}

// Every text that the compiler accepted ends where it ends, also when more of a
// document follows.
func TestEndOfRecordedTexts(t *testing.T) {
	for _, r := range readOracle(t) {
		if len(r.Compile) > 0 {
			continue
		}
		for _, rest := range []string{"", `" other="@(1)" />`, "</value>\n<value>@{ return 'a'; }</value>"} {
			if end, ok := End(r.Expr+rest, 0); !ok || end != len(r.Expr) {
				t.Errorf("%s: End = %d, %v, want %d\n%s", r.ID, end, ok, len(r.Expr), r.Expr)
				break
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var texts []string
	size := 0
	for i, r := range readOracle(b) {
		if len(r.Compile) == 0 && i%17 == 0 {
			texts = append(texts, r.Expr)
			size += len(r.Expr)
		}
	}
	b.SetBytes(int64(size / len(texts)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, errs := Parse(texts[i%len(texts)]); len(errs) > 0 {
			b.Fatal(errs)
		}
		i++
	}
}

func BenchmarkEnd(b *testing.B) {
	text := `@(context.Request.Headers.GetValueOrDefault("Authorization", "").Split(' ')[1] + $"{context.Api.Name:x}")" />`
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := End(text, 0); !ok {
			b.Fatal("no end")
		}
	}
}
