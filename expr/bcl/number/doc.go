// Package number is .NET's arithmetic beyond Go's own: the 96-bit Decimal,
// number formatting with standard and custom format strings, parsing with
// NumberStyles, the conversions of System.Convert, the seeded sequence of
// System.Random, and the rows that offer all of it (and Math, BitConverter
// and the primitive types) to expressions.
//
// The algorithms are plain functions over Go values, so that the checker can
// fold constants with them and the other libraries can print numbers as .NET
// does. They follow .NET 10 with the invariant culture.
package number
