// Package regex is System.Text.RegularExpressions: Regex, Match, Group,
// Capture, their collections, and MatchEvaluator.
//
// A pattern is read here by .NET's own rules (parse.go), so that errors have
// .NET's words and offsets, groups its numbers, and classes its members. What
// comes out is the same pattern in a plain spelling without options, names and
// abbreviations, which a backtracking engine with .NET's semantics compiles.
// Text is handed to it by UTF-16 unit, as .NET sees it: a dot matches half of an
// emoji, and indexes need no translation.
//
// Backtracking can take exponential time. A search that was given no timeout of
// its own ends after DefaultTimeout with the RegexMatchTimeoutException that an
// expression can catch; no search takes longer than MaxTimeout. Compiled
// patterns are kept in a bounded cache, shared by all evaluations.
package regex
