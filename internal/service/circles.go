package service

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/source"
)

var referenceIn = regexp.MustCompile(`\{\{\s*([A-Za-z0-9._-]+)\s*\}\}`)

// circles refuses named values that refer to themselves, directly or by others,
// wherever their values come from. What a value holds is put in once and not looked
// at again, so that such a value never comes to anything.
func (l *Loaded) circles() source.Problems {
	all := []*apim.Contents{&l.Folder.Service.Contents}
	for _, w := range l.Folder.Service.Workspaces {
		all = append(all, &w.Contents)
	}
	var problems source.Problems
	for _, c := range all {
		refers, named := map[*apim.NamedValue][]*apim.NamedValue{}, map[string]*apim.NamedValue{}
		for _, n := range c.NamedValues {
			named[strings.ToLower(n.DisplayName)] = n
		}
		for _, n := range c.NamedValues {
			for _, m := range referenceIn.FindAllStringSubmatch(n.Value, -1) {
				if next := named[strings.ToLower(m[1])]; next != nil {
					refers[n] = append(refers[n], next)
				}
			}
		}
		told := map[*apim.NamedValue]bool{}
		for _, n := range c.NamedValues {
			if told[n] || refers[n] == nil {
				continue
			}
			names := []string{}
			for _, m := range circle(refers, n) {
				told[m] = true
				names = append(names, m.DisplayName)
			}
			if len(names) == 0 {
				continue
			}
			at := artifact.Locate(&n.Resource, "value")
			problems = append(problems, &source.Problem{
				File: at.File, Span: at.Span, Code: "circle",
				Message: "the named value " + n.DisplayName + " refers to itself: " + strings.Join(append(names, n.DisplayName), " -> "),
			})
		}
	}
	return problems
}

// circle is a shortest way of references that leads from a named value back to
// it, beginning with it; nil when there is none.
func circle(refers map[*apim.NamedValue][]*apim.NamedValue, n *apim.NamedValue) []*apim.NamedValue {
	from := map[*apim.NamedValue]*apim.NamedValue{}
	for ahead := []*apim.NamedValue{n}; len(ahead) > 0; ahead = ahead[1:] {
		for _, next := range refers[ahead[0]] {
			if next == n {
				way := []*apim.NamedValue{}
				for m := ahead[0]; m != n; m = from[m] {
					way = append(way, m)
				}
				way = append(way, n)
				slices.Reverse(way)
				return way
			}
			if from[next] == nil {
				from[next] = ahead[0]
				ahead = append(ahead, next)
			}
		}
	}
	return nil
}
