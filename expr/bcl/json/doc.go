// Package json is Json.NET as policy expressions see it: the tokens of
// Newtonsoft.Json.Linq (JObject, JArray, JProperty, JValue …), JSON read and
// written as Json.NET 13 does, JSONPath, and JsonConvert.
//
// A token is a Token: *Object, *Array, *Property, *Value, *Constructor. They
// form trees that know their parents, and adding a token that has a parent adds
// a copy, as in Json.NET. Tokens are mutable and belong to one goroutine.
//
// The reader is Json.NET's lenient one: comments, single quotes, names without
// quotes, NaN, hexadecimal and octal numbers, dates in strings. It nests at most
// 64 levels, as Json.NET does by default. What fails says the same as Json.NET,
// with path, line and position. Nodes and text are charged to the thread before
// they are made.
//
// Line breaks in written JSON are LF, as on the machines whose answers our
// tests hold.
package json
