package service

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/source"
)

// references checks that what spillway.yaml names exists.
func (l *Loaded) references() source.Problems {
	var problems source.Problems
	missing := func(code, what, section, name string, known []string) {
		p := l.Settings.Problem(code, "the service has no "+what+" "+name, section, name)
		if near := source.Nearest(name, known); near != "" {
			p = p.WithHint("did you mean %s?", near)
		}
		problems = append(problems, p)
	}
	var apis []string
	for _, a := range l.apis() {
		apis = append(apis, a.RootName())
	}
	for name := range l.Settings.APIs {
		if !contains(apis, apim.RootName(name)) {
			missing("unknown-api", "API", "apis", name, apis)
		}
	}
	var pools []string
	for workspace, c := range l.contents() {
		for _, b := range c.Backends {
			if b.IsPool() {
				pools = append(pools, workspace+b.Name)
			}
		}
	}
	for name := range l.Settings.Pools {
		if !contains(pools, name) {
			missing("unknown-pool", "backend pool", "pools", name, pools)
		}
	}
	return problems
}

// withoutOthers warns of settings that need a second region to send to, where the
// API's policies choose none: neither a second copy of a request nor one that takes
// a stream up is ever sent then.
func (l *Loaded) withoutOthers(compiled *gateway.Service) source.Problems {
	var problems source.Problems
	for _, name := range slices.Sorted(maps.Keys(l.Settings.APIs)) {
		spreads := false
		for _, a := range l.apis() {
			spreads = spreads || strings.EqualFold(a.RootName(), apim.RootName(name)) && compiled.Spreads(a)
		}
		if spreads {
			continue
		}
		warn := func(key, what string) {
			p := l.Settings.Problem("no-pool", "apis."+name+"."+key+" does nothing: "+what+" other members of a request's pool, and no policy of this API chooses a pool of several backends", "apis", name, key)
			p.Severity = source.Warning
			problems = append(problems, p.WithHint(`a pool is a backend of type Pool: <set-backend-service backend-id="NAME" />`))
		}
		s := l.Settings.APIs[name]
		if s.Hedge.Budget > 0 {
			warn("hedge", "second copies go to")
		}
		if s.Resume.Mode != "none" {
			warn("resume", "streams are taken up by")
		}
	}
	return problems
}

// contents are the service's, and those of its workspaces with the name and a slash
// that stand before their pools' names in spillway.yaml.
func (l *Loaded) contents() iter.Seq2[string, *apim.Contents] {
	return func(yield func(string, *apim.Contents) bool) {
		svc := l.Folder.Service
		if !yield("", &svc.Contents) {
			return
		}
		for _, w := range svc.Workspaces {
			if !yield(w.Name+"/", &w.Contents) {
				return
			}
		}
	}
}

// apis are all APIs. Those of workspaces have the settings of their names, too.
func (l *Loaded) apis() []*apim.API {
	var all []*apim.API
	for _, c := range l.contents() {
		all = append(all, c.APIs...)
	}
	return all
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
