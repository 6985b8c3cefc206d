// Package policy turns APIM policy documents into pipelines and runs them.
//
// A document is compiled once per scope: every element is looked up in the
// list of kinds, its attributes and children are checked against the kind's
// row, its expressions are compiled, and the kind's Compile makes a Step of
// it. All problems of all documents are reported, each at its place in the
// author's file. Then, for each combination of operation and product, the
// sections of the scopes are flattened through <base/> into one Pipeline.
//
// A Set of pipelines is immutable and safe for concurrent use. A Pipeline runs
// one exchange at a time per call: inbound, backend, outbound, and on-error
// when one of these fails. What policies need of the world is theirs, given
// when their list was made (package builtin); this package knows none of them
// by name.
package policy
