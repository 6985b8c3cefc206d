// Package syntax reads and prints policy expressions: the expressions and
// statements of C# 7.3, as they stand between `@(` and `)` or `@{` and `}`.
package syntax
