//go:build !unix

package artifact

// nonBlocking has no counterpart here, nor have folders pipes in them.
const nonBlocking = 0
