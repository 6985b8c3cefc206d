package regex

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/value"
)

func thread() *value.Thread {
	t := &value.Thread{}
	t.Reset(context.Background(), value.Limits{Steps: 1 << 30, Memory: 1 << 30})
	return t
}

// search gives the matches of a pattern, separated by bars, or what was thrown.
func search(pattern, text string, opts options) (out string) {
	t := thread()
	err := t.Run(func() {
		v := value.String(text)
		p := compile(t, pattern, opts, infinite)
		n := v.Text().Len()
		in := read(t, v.Text(), 0, n)
		var list []string
		for m := p.find(t, in, p.start(n)); m != nil; m = p.after(t, m) {
			list = append(list, textOf(m))
		}
		out = strings.Join(list, "|")
	})
	var e *value.Exception
	if errors.As(err, &e) {
		return e.Message
	} else if err != nil {
		return err.Error()
	}
	return out
}

func TestSearch(t *testing.T) {
	for _, k := range []struct {
		pattern, text string
		opts          options
		want          string
	}{
		{`\w+`, "ab_1 é٣ \u200d-", 0, "ab_1|é٣"},
		{`.`, "\U0001F600", 0, "\xed\xa0\xbd|\xed\xb8\x80"},
		{`\p{Cs}+`, "a\U0001F600b", 0, "\U0001F600"},
		{"\U0001F600", "a\U0001F600b", 0, "\U0001F600"},
		{"k", "k\u212aK", ignoreCase, "k|\u212a|K"},
		{"s", "s\u017fS", ignoreCase, "s|S"},
		{"[h-m]+", "hK\u212ax", ignoreCase, "hK\u212a"},
		{`\p{Lu}+`, "aBc", ignoreCase, "aBc"},
		{`\P{Lu}+`, "aB1", ignoreCase, "1"},
		{`(?i:a)b`, "AbAB", 0, "Ab"},
		{`a b # c`, "ab", ignoreWhitespace, "ab"},
		{`a(?#x)b`, "ab", 0, "ab"},
		{`\w+`, "one two", rightToLeft, "two|one"},
		{`(?<=a)b|(?<!a)c`, "abc", 0, "b|c"},
		{`(?<o>\()[^()]*(?<-o>\))(?(o)(?!))`, "f(x)(y)", 0, "(x)|(y)"},
		{`(?(?=\d)\d\d|[a-z])`, "12a3b", 0, "12|a|b"},
		{`(?(\d)\d\d|[a-z])`, "12a3b", 0, "12|a|b"},
		{`(a)?b(?(1)c|d)`, "abc bd abd", 0, "abc|bd|bd"},
		{`\d+`, "1٣2", ecmaScript, "1|2"},
		{`\bé`, "aé é", ecmaScript, "é"},
		{`a\b`, "aé a", ecmaScript, "a|a"},
		{`(a)?\1b`, "b", ecmaScript, "b"},
		{`(a)?\1b`, "b", 0, ""},
		{`$`, "a\n", 0, "|"},
		{`^a$`, "a\na\n", multiline, "a|a"},
		{`[a-z-[aeiou]]+`, "hello", 0, "h|ll"},
		{`[^a-z-[b]]+`, "abcABC", 0, "ABC"},
		{`\p{IsGreek}+\P{IsGreek}`, "abΩωc", 0, "Ωωc"},
		{`\p{Cn}`, "a\u0378", 0, "\u0378"},
		{`a{,3}`, "aaa a{,3}", 0, "a{,3}"},
		{`\x41\u0042\103\cJ\e`, "ABC\n\x1b", 0, "ABC\n\x1b"},
		{`(\w)\1`, "Aa aa", ignoreCase, "Aa|aa"},
		{`(?<b>x)(y)(?<3>z)`, "xyz", 0, "xyz"},
		{`(a+)+$`, strings.Repeat("a", 40) + "!", 0, timeoutMessage},
		{`(?(`, "", 0, "Invalid pattern '(?(' at offset 3. Not enough )'s."},
		{`(?(a)b|c|d)`, "", 0, "Invalid pattern '(?(a)b|c|d)' at offset 11. Too many | in (?()|)."},
		{`(?(?#x)a)`, "", 0, "Invalid pattern '(?(?#x)a)' at offset 2. Alternation conditions cannot be comments."},
		{`(?(?<n>x)a)`, "", 0, "Invalid pattern '(?(?<n>x)a)' at offset 2. Alternation conditions do not capture and cannot be named."},
		{`(?<0>x)`, "", 0, "Invalid pattern '(?<0>x)' at offset 4. Capture number cannot be zero."},
		{`[\d-a]`, "-a1", 0, "-|a|1"},
		{`[a-\d]`, "", 0, `Invalid pattern '[a-\d]' at offset 5. Cannot include class \d in character range.`},
		{`\p{IsFoo}`, "", 0, `Invalid pattern '\p{IsFoo}' at offset 9. Unknown property 'IsFoo'.`},
		{`\pLu1`, "", 0, `Invalid pattern '\pLu1' at offset 3. Malformed \p{X} character escape.`},
		{`a|*`, "", 0, "Invalid pattern 'a|*' at offset 3. Quantifier '*' following nothing."},
	} {
		if got := search(k.pattern, k.text, k.opts); got != k.want {
			t.Errorf("%s in %q: %q, want %q", k.pattern, k.text, got, k.want)
		}
	}
}

// The engine's own classes must be those of .NET's documentation.
func TestClassesOfTheEngine(t *testing.T) {
	th := thread()
	for class, in := range map[string]func(r rune) bool{
		`\W`:      func(r rune) bool { return !unicode.In(r, unicode.L, unicode.Mn, unicode.Nd, unicode.Pc) },
		`\w`:      func(r rune) bool { return unicode.In(r, unicode.L, unicode.Mn, unicode.Nd, unicode.Pc) },
		`\d`:      func(r rune) bool { return unicode.Is(unicode.Nd, r) },
		`\s`:      func(r rune) bool { return unicode.IsSpace(r) },
		`\p{Lm}`:  func(r rune) bool { return unicode.Is(unicode.Lm, r) },
		`[^\W_]`:  func(r rune) bool { return unicode.In(r, unicode.L, unicode.Mn, unicode.Nd, unicode.Pc) && r != '_' },
		`[\s\S]`:  func(rune) bool { return true },
		`\P{Cn}`:  func(r rune) bool { return unicode.In(r, assigned...) },
		`[\p{C}]`: func(r rune) bool { return !unicode.In(r, visible...) },
	} {
		p := compile(th, class, 0, infinite)
		p.engine.MatchTimeout = time.Minute // a busy machine is no runaway pattern
		for r := rune(0); r <= 0xFFFF; r++ {
			if ok, err := p.engine.MatchRunes([]rune{r}); err != nil || ok != in(r) {
				t.Errorf("%s and U+%04X: %v %v", class, r, ok, err)
				break
			}
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	th := thread()
	for i := range 3 * cacheSize {
		compile(th, strings.Repeat("a", i%700)+"b"+strings.Repeat("c", i/700), 0, infinite)
	}
	if n := programs.order.Len(); n > cacheSize || n != len(programs.items) {
		t.Errorf("%d patterns are kept, %d are known", n, len(programs.items))
	}
}

// FuzzParse reads any pattern: it must end in a fault of .NET's or in a spelling
// that the engine compiles.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`(?<n-m>a)`, `(?(1)a|b)`, `[a-z-[aeiou]]`, `\k<x>\1`, `(?i-x:a)`, `\p{IsGreek}`, `a{2,3}?`, `(?<![^]])`, `(((`, `[[:a:]]`, "\xed\xa0\x80"} {
		f.Add(s, 0)
		f.Add(s, 33)
	}
	f.Fuzz(func(t *testing.T, pattern string, opts int) {
		o := options(opts) & (ignoreCase | multiline | explicitCapture | singleline | ignoreWhitespace | rightToLeft)
		if len(pattern) > 500 {
			return
		}
		th := thread()
		err := th.Run(func() {
			p := compile(th, pattern, o, infinite)
			in := read(th, value.TextOf("aAbB12 \n"), 0, 8)
			for m := p.find(th, in, p.start(8)); m != nil; m = p.after(th, m) {
			}
		})
		var e *value.Exception
		if errors.As(err, &e) && e.Type() != ParseDef.Type() && e.Type() != TimeoutDef.Type() {
			t.Errorf("%q: %v", pattern, err)
		}
	})
}

func BenchmarkIsMatch(b *testing.B) {
	t := thread()
	p := compile(t, `^/openai/deployments/(?<model>[^/]+)/chat/completions$`, 0, infinite)
	text := value.TextOf("/openai/deployments/gpt-35-turbo/chat/completions")
	b.ReportAllocs()
	for b.Loop() {
		t.Reset(context.Background(), value.Limits{})
		if !p.matches(t, text, 0) {
			b.Fatal("not found")
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	t := thread()
	p := compile(t, `retry after (?<n>\d+) (?<unit>second|minute)s?`, ignoreCase, infinite)
	text := value.TextOf("Requests have exceeded the limit. Please Retry After 17 seconds.")
	b.ReportAllocs()
	for b.Loop() {
		t.Reset(context.Background(), value.Limits{})
		if p.find(t, read(t, text, 0, text.Len()), 0) == nil {
			b.Fatal("not found")
		}
	}
}

func TestRows(t *testing.T) {
	for _, m := range Members() {
		for _, r := range m.Rows {
			if r.Doc == "" && r.Func != nil {
				t.Errorf("%s: %s has no doc line", m.Def.FullName(), r.Sig)
			}
		}
	}
}

// Searches that each end in time must not add up beyond the deadline of the
// evaluation.
func TestDeadlineBetweenSearches(t *testing.T) {
	th := thread()
	th.Reset(context.Background(), value.Limits{Deadline: time.Now().Add(-time.Second)})
	text := value.TextOf(strings.Repeat(strings.Repeat("a", 18)+"!", 50))
	err := th.Run(func() {
		p := compile(th, `(a+)+[^a!]|!`, 0, infinite)
		in := read(th, text, 0, text.Len())
		for m := p.find(th, in, 0); m != nil; m = p.after(th, m) {
		}
	})
	if !errors.Is(err, value.ErrDeadline) {
		t.Errorf("the deadline is not seen: %v", err)
	}
}
