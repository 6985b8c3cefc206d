// Package linq holds the rows of .NET's generic collections (List, Dictionary,
// HashSet, Queue, Stack and what belongs to them) and of System.Linq.Enumerable.
//
// # How sequences run
//
// How often and in which order a query calls its lambdas is observable, and
// .NET's iterators define it: Select(f).Any() over a list calls f never,
// Skip(1).First() of it once, Count() for every element. The types here
// therefore mirror those iterators one by one; a sequence is the interface they
// share, and a source that is none of them is walked. What is a `yield return`
// method in .NET is a plain lazy sequence here.
//
// Every walk charges steps, so that an endless sequence ends with the budget of
// its evaluation; sequences made of sequences know how deeply they nest, and one
// that would exhaust the stack is not made.
package linq

import "github.com/spillway-gateway/spillway/expr/value"

// Members lists the types of this package with their members.
func Members() []value.Members {
	list := collections()
	return append(list, enumerables()...)
}

// void makes a row's function of one that has no result.
func void(f func(c *value.Call)) func(*value.Call) value.Value {
	return func(c *value.Call) value.Value {
		f(c)
		return value.Null
	}
}

// valueSize is what one element of a buffer takes, in bytes.
const valueSize = 24

func unsupported(message string) func(*value.Call) value.Value {
	return func(c *value.Call) value.Value {
		c.Throw(value.NotSupportedException, message)
		return value.Null
	}
}

const readOnlyCollection = "Collection is read-only."
