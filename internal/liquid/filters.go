package liquid

import (
	"html"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// filter changes a value; what it cannot work on it gives back as it is.
type filter func(r *render, v any, args []any) any

// plainName is a filter's name without regard to the two ways of writing it:
// ReplaceFirst as in C#, replace_first as elsewhere.
func plainName(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}

// arg is an argument, nil where it is not given.
func arg(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

func onText(f func(text string, args []any) any) filter {
	return func(_ *render, v any, args []any) any {
		if v == nil {
			return nil
		}
		return f(toText(v), args)
	}
}

func onNumbers(whole func(a, b int64) (int64, bool), broken func(a, b float64) float64) filter {
	return func(_ *render, v any, args []any) any {
		a, ok := toNumber(v)
		b, ok2 := toNumber(arg(args, 0))
		if !ok || !ok2 {
			return v
		}
		if a.whole && b.whole {
			if n, ok := whole(a.i, b.i); ok {
				return n
			}
		}
		f := broken(a.float(), b.float())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return "Liquid error: divided by 0"
		}
		return f
	}
}

func onOne(f func(x float64) float64) filter {
	return func(_ *render, v any, _ []any) any {
		n, ok := toNumber(v)
		if !ok {
			return v
		}
		return whole(f(n.float()))
	}
}

// whole is a number as a whole one where that is exact.
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

func onList(f func(list []any, args []any) any) filter {
	return func(_ *render, v any, args []any) any {
		if _, ok := v.(*Object); ok || v == nil {
			return v
		}
		return f(toList(v), args)
	}
}

var (
	tags  = regexp.MustCompile(`(?s)<script.*?</script>|<!--.*?-->|<style.*?</style>|<[^>]*>`)
	lines = strings.NewReplacer("\r\n", "", "\n", "", "\r", "")
)

// filters are those of DotLiquid that set-body documents.
var filters = map[string]filter{
	"abs":     onOne(math.Abs),
	"append":  onText(func(s string, a []any) any { return s + toText(arg(a, 0)) }),
	"atleast": onNumbers(func(a, b int64) (int64, bool) { return max(a, b), true }, math.Max),
	"atmost":  onNumbers(func(a, b int64) (int64, bool) { return min(a, b), true }, math.Min),
	"capitalize": onText(func(s string, _ []any) any {
		words := strings.Fields(s)
		if len(words) == 0 {
			return s
		}
		upper := true
		return strings.Map(func(c rune) rune {
			if unicode.IsSpace(c) {
				upper = true
				return c
			}
			if upper {
				upper = false
				return unicode.ToUpper(c)
			}
			return c
		}, s)
	}),
	"compact": onList(func(l []any, _ []any) any {
		return slices.DeleteFunc(slices.Clone(l), func(x any) bool { return x == nil })
	}),
	"currency": func(_ *render, v any, _ []any) any {
		n, ok := toNumber(v)
		if !ok {
			return v
		}
		return "¤" + grouped(n.float())
	},
	"date": func(r *render, v any, args []any) any {
		t, ok := v.(time.Time)
		if s, isText := v.(string); isText && r.options.ParseDate != nil {
			t, ok = r.options.ParseDate(s)
		}
		if !ok || r.options.FormatDate == nil || arg(args, 0) == nil {
			return v
		}
		return r.options.FormatDate(t, toText(args[0]))
	},
	"default": func(_ *render, v any, args []any) any {
		if v == nil || v == false || equal(v, empty{}) {
			return arg(args, 0)
		}
		return v
	},
	"dividedby": onNumbers(func(a, b int64) (int64, bool) {
		if b == 0 || a == math.MinInt64 {
			return 0, false
		}
		return a / b, true
	}, func(a, b float64) float64 { return a / b }),
	"downcase": onText(func(s string, _ []any) any { return strings.ToLower(s) }),
	"escape":   onText(func(s string, _ []any) any { return html.EscapeString(s) }),
	"h":        onText(func(s string, _ []any) any { return html.EscapeString(s) }),
	"first":    onList(func(l []any, _ []any) any { return member(l, "first") }),
	"last":     onList(func(l []any, _ []any) any { return member(l, "last") }),
	"join": onList(func(l []any, a []any) any {
		glue := " "
		if len(a) > 0 {
			glue = toText(a[0])
		}
		parts := make([]string, len(l))
		for i, x := range l {
			parts[i] = toText(x)
		}
		return strings.Join(parts, glue)
	}),
	"lstrip": onText(func(s string, _ []any) any { return strings.TrimLeftFunc(s, unicode.IsSpace) }),
	"rstrip": onText(func(s string, _ []any) any { return strings.TrimRightFunc(s, unicode.IsSpace) }),
	"strip":  onText(func(s string, _ []any) any { return strings.TrimSpace(s) }),
	"map": onList(func(l []any, a []any) any {
		out := make([]any, len(l))
		for i, x := range l {
			out[i] = member(x, arg(a, 0))
		}
		return out
	}),
	"minus": onNumbers(func(a, b int64) (int64, bool) { return a - b, (a-b > a) == (b < 0) }, func(a, b float64) float64 { return a - b }),
	"modulo": onNumbers(func(a, b int64) (int64, bool) {
		if b == 0 {
			return 0, false
		}
		return a % b, true
	}, math.Mod),
	"newlinetobr": onText(func(s string, _ []any) any { return strings.ReplaceAll(s, "\n", "<br />\n") }),
	"plus": func(r *render, v any, args []any) any {
		if s, ok := v.(string); ok {
			return s + toText(arg(args, 0)) // of texts DotLiquid makes one
		}
		return onNumbers(func(a, b int64) (int64, bool) { return a + b, (a+b > a) == (b > 0) }, func(a, b float64) float64 { return a + b })(r, v, args)
	},
	"prepend":      onText(func(s string, a []any) any { return toText(arg(a, 0)) + s }),
	"remove":       onText(func(s string, a []any) any { return replace(s, toText(arg(a, 0)), "", -1) }),
	"removefirst":  onText(func(s string, a []any) any { return replace(s, toText(arg(a, 0)), "", 1) }),
	"replace":      onText(func(s string, a []any) any { return replace(s, toText(arg(a, 0)), toText(arg(a, 1)), -1) }),
	"replacefirst": onText(func(s string, a []any) any { return replace(s, toText(arg(a, 0)), toText(arg(a, 1)), 1) }),
	"round": func(_ *render, v any, args []any) any {
		n, ok := toNumber(v)
		if !ok {
			return v
		}
		places, _ := toNumber(arg(args, 0))
		scale := math.Pow(10, math.Min(15, math.Max(0, places.float())))
		return whole(math.RoundToEven(n.float()*scale) / scale)
	},
	"size": func(_ *render, v any, _ []any) any {
		if n, ok := member(v, "size").(int64); ok {
			return n
		}
		return int64(0)
	},
	"slice": onText(func(s string, a []any) any {
		runes := []rune(s)
		from, _ := toNumber(arg(a, 0))
		n, ok := toNumber(arg(a, 1))
		if !ok {
			n = number{whole: true, i: 1}
		}
		start := int(from.float())
		if start < 0 {
			start += len(runes)
		}
		if start < 0 || start >= len(runes) || n.float() <= 0 {
			return ""
		}
		return string(runes[start:min(len(runes), start+int(math.Min(n.float(), float64(len(runes)))))])
	}),
	"sort": onList(func(l []any, a []any) any {
		out := slices.Clone(l)
		slices.SortStableFunc(out, func(x, y any) int {
			if key := arg(a, 0); key != nil {
				x, y = member(x, key), member(y, key)
			}
			n, _ := order(x, y)
			return n
		})
		return out
	}),
	"split": onText(func(s string, a []any) any {
		list := []any{}
		for _, part := range strings.Split(s, toText(arg(a, 0))) {
			if part != "" {
				list = append(list, part)
			}
		}
		return list
	}),
	"striphtml":     onText(func(s string, _ []any) any { return tags.ReplaceAllString(s, "") }),
	"stripnewlines": onText(func(s string, _ []any) any { return lines.Replace(s) }),
	"times": onNumbers(func(a, b int64) (int64, bool) {
		n := a * b
		return n, a == 0 || n/a == b && !(a == -1 && b == math.MinInt64)
	}, func(a, b float64) float64 { return a * b }),
	"truncate": onText(func(s string, a []any) any {
		runes := []rune(s)
		end := "..."
		if len(a) > 1 {
			end = toText(a[1])
		}
		n, ok := toNumber(arg(a, 0))
		if !ok {
			n = number{f: 50}
		}
		if float64(len(runes)) <= n.float() {
			return s
		}
		return string(runes[:max(0, int(n.float())-len([]rune(end)))]) + end
	}),
	"truncatewords": onText(func(s string, a []any) any {
		words := strings.Split(s, " ")
		n, ok := toNumber(arg(a, 0))
		if !ok {
			n = number{f: 15}
		}
		end := "..."
		if len(a) > 1 {
			end = toText(a[1])
		}
		if keep := max(1, int(n.float())); len(words) > keep {
			return strings.Join(words[:keep], " ") + end
		}
		return s
	}),
	"uniq": onList(func(l []any, _ []any) any {
		var out []any
		seen := map[string]bool{}
		for _, x := range l {
			key := sprintf("%T %s", x, toText(x))
			if !seen[key] {
				seen[key] = true
				out = append(out, x)
			}
		}
		return out
	}),
	"upcase": onText(func(s string, _ []any) any { return strings.ToUpper(s) }),
	"urldecode": onText(func(s string, _ []any) any {
		if d, err := url.QueryUnescape(s); err == nil {
			return d
		}
		return s
	}),
	"urlencode": onText(func(s string, _ []any) any { return url.QueryEscape(s) }),
}

func replace(s, old, by string, n int) string {
	if old == "" {
		return s
	}
	return strings.Replace(s, old, by, n)
}

// grouped is a number with two places and commas, as the invariant culture writes
// money.
func grouped(f float64) string {
	text := strconv.FormatFloat(math.Abs(f), 'f', 2, 64)
	head, tail, _ := strings.Cut(text, ".")
	for i := len(head) - 3; i > 0; i -= 3 {
		head = head[:i] + "," + head[i:]
	}
	if f < 0 {
		return "-" + head + "." + tail
	}
	return head + "." + tail
}
