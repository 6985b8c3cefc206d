package arm

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// MaxPage is how many resources one page has at most.
const MaxPage = 1000

// Query is what a list request asks for.
type Query struct {
	Top, Skip int
	Filter    *Filter // nil for all
}

// ParseQuery reads $top, $skip and $filter. The names are the fields that the
// filter may speak of; nil for a list that takes no filter.
func ParseQuery(q url.Values, fields []string) (Query, *Error) {
	out := Query{Top: MaxPage}
	for key, into := range map[string]*int{"$top": &out.Top, "$skip": &out.Skip} {
		text := q.Get(key)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || key == "$top" && n == 0 {
			least := map[string]string{"$top": "1", "$skip": "0"}[key]
			return out, Invalid(Detail{Target: key, Message: "The value of " + key + " must be a whole number, " + least + " or more."})
		}
		*into = int(min(n, 1<<30))
	}
	out.Top = min(out.Top, MaxPage)
	if text := strings.TrimSpace(q.Get("$filter")); text != "" {
		if fields == nil {
			return out, Invalid(Detail{Target: "$filter", Message: "This list takes no filter."})
		}
		f, err := ParseFilter(text, fields)
		if err != nil {
			return out, Invalid(Detail{Target: "$filter", Message: "The filter cannot be read: " + err.Error() + "."})
		}
		out.Filter = f
	}
	return out, nil
}

// Page is one page of a list.
type Page struct {
	Value    []any  `json:"value"`
	Count    int    `json:"count"`
	NextLink string `json:"nextLink,omitempty"`
}

// Paged cuts the page that q asks for out of a list. field gives the value of a
// resource's field for the filter.
func Paged[T any](r *http.Request, q Query, list []T, field func(T, string) string, show func(T) any) Page {
	var kept []T
	for _, x := range list {
		if q.Filter.Match(func(name string) string { return field(x, name) }) {
			kept = append(kept, x)
		}
	}
	p := Page{Value: []any{}, Count: len(kept)}
	from := min(q.Skip, len(kept))
	to := min(from+q.Top, len(kept))
	for _, x := range kept[from:to] {
		p.Value = append(p.Value, show(x))
	}
	if to < len(kept) {
		next := r.URL.Query()
		next.Set("$skip", strconv.Itoa(to))
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		p.NextLink = scheme + "://" + r.Host + r.URL.EscapedPath() + "?" + next.Encode()
	}
	return p
}
