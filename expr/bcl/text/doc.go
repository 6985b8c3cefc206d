// Package text is .NET's text: the members of String, Char, StringBuilder,
// Encoding, the string comparers and comparison rules, composite formatting,
// and the conversions between bytes and text.
//
// Strings are WTF-8 (see package value), indexes count UTF-16 units. Ordinal
// operations compare units; culture operations follow the invariant culture:
// the root collation order, in which canonically equal texts are equal and
// some characters count for nothing.
package text
