// Package contextvar is the `context` object of policy expressions: its types
// and members as rows over one exchange, and the helper methods that policies
// add to strings, byte arrays and certificates.
//
// The object of an exchange is made once (Of) and shows the exchange as it is
// at the time of each read: a request that set-header has changed, the response
// of the last attempt. Nothing is copied before a policy asks for it.
//
// The public names (IResponse, Jwt, ...) lie in the namespace Apim, where
// expressions see them without qualification; the classes behind context's
// properties lie in Apim.Gateway, where they do not. Both are ours: Azure
// documents the members, not the classes.
package contextvar

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Namespace is where the types live that expressions may name; it belongs to
// the namespaces that are in scope.
const Namespace = "Apim"

const hidden = Namespace + ".Gateway"

// Members are the types of the context object with their members, and the
// helper methods. They join a table with the library's types: DateTime, Uri,
// X509Certificate2, SymmetricAlgorithm, JObject.
func Members() []value.Members {
	return concat(
		objectMembers(), requestMembers(), responseMembers(), bodyMembers(), formHelpers(), urlMembers(), dictionaryMembers(),
		apiMembers(), partyMembers(), deploymentMembers(), errorMembers(), credentialMembers(), jwtMembers(),
		uriMembers(), certificateMembers(), cryptMembers(), graphQLMembers(),
	)
}

func concat(lists ...[]value.Members) []value.Members {
	var all []value.Members
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// property is the row of a property that is read from the Go object behind it.
func property[T value.Object](sig, doc string, get func(t *value.Thread, o T) value.Value) value.Row {
	return value.Row{Sig: sig + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		return get(c.Thread, c.This.Object().(T))
	}}
}

// text is the row of a string property.
func text[T value.Object](name, doc string, get func(o T) string) value.Row {
	return property("string "+name, doc, func(_ *value.Thread, o T) value.Value { return value.String(get(o)) })
}

// textOrNull is the row of a string property that is null when it is empty.
func textOrNull[T value.Object](name, doc string, get func(o T) string) value.Row {
	return property("string "+name, doc, func(_ *value.Thread, o T) value.Value { return orNull(get(o)) })
}

func flag[T value.Object](name, doc string, get func(o T) bool) value.Row {
	return property("bool "+name, doc, func(_ *value.Thread, o T) value.Value { return value.Bool(get(o)) })
}

func orNull(s string) value.Value {
	if s == "" {
		return value.Null
	}
	return value.String(s)
}

// abstract are the rows of an interface: the signatures of the rows that its
// classes implement.
func abstract(rows []value.Row) []value.Row {
	out := make([]value.Row, len(rows))
	for i, r := range rows {
		out[i] = value.Row{Sig: r.Sig, Doc: r.Doc, Effects: r.Effects}
	}
	return out
}

// number is the number of an enum's member, by its name.
func number(d *types.Def, name string) (int64, bool) {
	for _, m := range d.EnumMembers() {
		if m.Name == name {
			return m.Value, true
		}
	}
	return 0, false
}
