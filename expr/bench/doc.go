// Package bench compares expressions with what other engines make of the same
// logic: expr-lang/expr, cel-go and goja. It is a module of its own, so that
// the product does not depend on them.
package bench
