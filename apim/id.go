package apim

import "strings"

// Tail is the last segment of an id: the name that it refers to. It is what a
// reference resolves by, because folders hold ids of the service they were
// extracted from.
func Tail(id string) string {
	id = strings.TrimRight(id, "/")
	return id[strings.LastIndexByte(id, '/')+1:]
}

// RootName is an API's name without its revision: "a" of "a;rev=2".
func RootName(name string) string {
	root, _, _ := SplitRevision(name)
	return root
}

// SplitRevision splits an API's name into its root and the revision behind
// ";rev="; found is false for the name of a current revision.
func SplitRevision(name string) (root, revision string, found bool) {
	i := strings.LastIndex(strings.ToLower(name), ";rev=")
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+len(";rev="):], true
}

// SubscriptionScope is what a subscription's key opens.
type SubscriptionScope int

// The scopes of a subscription.
const (
	// ScopeInvalid is a text that names no scope.
	ScopeInvalid SubscriptionScope = iota
	// ScopeService is the whole service: the built-in all-access subscription.
	ScopeService
	// ScopeAllAPIs is every API.
	ScopeAllAPIs
	// ScopeOneAPI is one API with all its revisions.
	ScopeOneAPI
	// ScopeOneProduct is every API of one product.
	ScopeOneProduct
)

// ParseSubscriptionScope reads a subscription's scope. name is the API or
// product where the scope has one, workspace the workspace it lies in, if any.
// It takes absolute ids, relative ones with or without a leading slash, and,
// for the whole service, an empty text, "/" or the service's own id.
func ParseSubscriptionScope(text string) (scope SubscriptionScope, name, workspace string) {
	segments := strings.FieldsFunc(text, func(r rune) bool { return r == '/' })
	// An absolute id puts the service's own address before what matters here.
	for i, s := range segments {
		if strings.EqualFold(s, "service") && i > 0 && strings.EqualFold(segments[i-1], "Microsoft.ApiManagement") {
			segments = segments[min(i+2, len(segments)):]
			break
		}
	}
	if len(segments) >= 2 && strings.EqualFold(segments[0], "workspaces") {
		workspace, segments = segments[1], segments[2:]
	}
	switch {
	case len(segments) == 0:
		return ScopeService, "", workspace
	case len(segments) == 1 && strings.EqualFold(segments[0], "apis"):
		return ScopeAllAPIs, "", workspace
	case len(segments) == 2 && strings.EqualFold(segments[0], "apis"):
		return ScopeOneAPI, segments[1], workspace
	case len(segments) == 2 && strings.EqualFold(segments[0], "products"):
		return ScopeOneProduct, segments[1], workspace
	}
	return ScopeInvalid, "", workspace
}
