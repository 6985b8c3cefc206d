package expr_test

import (
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/source"
)

// TestBeyond holds that what Azure does not list is warned of once, where it
// stands, whether it is a method, a property or a member of an enum, and refused
// by a strict environment.
func TestBeyond(t *testing.T) {
	strict, err := expr.NewEnv(expr.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	loose := env(t)
	for text, want := range map[string]string{
		`@(DateTime.UtcNow.AddDays(1).Year)`:                                        "",
		`@(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc))`:                    "",
		`@(StringComparison.Ordinal)`:                                               "",
		`@(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Local))`:                  "1:50",
		`@(DateTime.UtcNow.Kind)`:                                                   "1:19",
		`@(DateTime.UtcNow.ToUniversalTime())`:                                      "1:19",
		`@(new Uri("a", UriKind.Relative) == new Uri("b", UriKind.Relative))`:       "1:24",
		`@(int.Parse("1", System.Globalization.NumberStyles.AllowLeadingSign) + 1)`: "1:52",
	} {
		p, problems := loose.Compile(text, nil)
		got := ""
		f := source.NewFile("", text)
		for _, x := range problems {
			at := f.Position(x.Span.Start)
			got += at.String()
			if x.Code != expr.BeyondCode || x.Severity != source.Warning {
				t.Errorf("%s: %s %v", text, x.Code, x.Severity)
			}
		}
		if p == nil || got != want {
			t.Errorf("%s: warned at %q, want %q", text, got, want)
		}
		if p, _ := strict.Compile(text, nil); (p != nil) != (want == "") {
			t.Errorf("%s: strict and loose disagree", text)
		}
	}
}
