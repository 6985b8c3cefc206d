package regex

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const namespace = "System.Text.RegularExpressions"

func declare(text string) *types.Def { return types.Declare(namespace, "public "+text) }

// The types of this package.
var (
	RegexDef   = declare("class Regex")
	CaptureDef = declare("class Capture")
	GroupDef   = declare("class Group : Capture")
	MatchDef   = declare("class Match : Group")
	MatchesDef = declare("class MatchCollection : IList<Match>, IReadOnlyList<Match>, IList")
	GroupsDef  = declare("class GroupCollection : IList<Group>, IReadOnlyList<Group>, IList, IReadOnlyDictionary<string, Group>")
	CapsDef    = declare("class CaptureCollection : IList<Capture>, IReadOnlyList<Capture>, IList")
	// ParseDef is the exception of a pattern that cannot be read, TimeoutDef that
	// of a search that takes too long.
	ParseDef   = declare("sealed class RegexParseException : ArgumentException")
	TimeoutDef = declare("class RegexMatchTimeoutException : TimeoutException")

	errorDef     = declare("enum RegexParseError { " + parseErrors + " }")
	optionsDef   = flags(declare("enum RegexOptions { None = 0, IgnoreCase = 1, Multiline = 2, ExplicitCapture = 4, Compiled = 8, Singleline = 16, IgnorePatternWhitespace = 32, RightToLeft = 64, ECMAScript = 256, CultureInvariant = 512, NonBacktracking = 1024 }"))
	evaluatorDef = declare("delegate string MatchEvaluator(Match match)")

	RegexType    = RegexDef.Type()
	CaptureType  = CaptureDef.Type()
	GroupType    = GroupDef.Type()
	MatchType    = MatchDef.Type()
	MatchesType  = MatchesDef.Type()
	GroupsType   = GroupsDef.Type()
	CapturesType = CapsDef.Type()
)

func flags(d *types.Def) *types.Def {
	d.Flags = true
	return d
}

// Members is the table of this package.
func Members() []value.Members {
	return []value.Members{
		{Def: RegexDef, Doc: "A regular expression.", Rows: regexRows()},
		{Def: CaptureDef, Doc: "A part of a text that a group has captured.", Rows: captureRows},
		{Def: GroupDef, Doc: "What a group has captured.", Rows: groupRows},
		{Def: MatchDef, Doc: "A match.", Rows: matchRows},
		{Def: MatchesDef, Doc: "All matches in a text.", Rows: matchesRows()},
		{Def: GroupsDef, Doc: "The groups of a match.", Rows: groupsRows()},
		{Def: CapsDef, Doc: "All captures of a group.", Rows: capturesRows()},
		{Def: optionsDef, Doc: "How a pattern is read and searched for."},
		{Def: evaluatorDef, Doc: "Gives the text that replaces a match."},
		{Def: errorDef, Doc: "What is wrong with a pattern.", Beyond: true},
		{Def: ParseDef, Doc: "A pattern that cannot be read.", Beyond: true, Rows: []value.Row{
			{Sig: "RegexParseError Error { get; }", Doc: "What is wrong.", Func: func(c *value.Call) value.Value {
				return value.Enum(errorDef.Type(), int64(faultOf(c).code))
			}},
			{Sig: "int Offset { get; }", Doc: "Where it was noticed.", Func: func(c *value.Call) value.Value { return value.Int(faultOf(c).offset) }},
		}},
		{Def: TimeoutDef, Doc: "A search that took too long.", Beyond: true, Rows: append(value.ExceptionRows(TimeoutDef, timeoutMessage),
			value.Row{Sig: "string Pattern { get; }", Doc: "The pattern.", Func: func(c *value.Call) value.Value { return value.String(timedOutOf(c).pattern) }},
			value.Row{Sig: "string Input { get; }", Doc: "The text that was searched.", Func: func(c *value.Call) value.Value { return value.String(timedOutOf(c).input) }},
			value.Row{Sig: "TimeSpan MatchTimeout { get; }", Doc: "The time it was given.", Func: func(c *value.Call) value.Value { return spanOf(c.Thread, timedOutOf(c).ticks) }},
		)},
	}
}

func faultOf(c *value.Call) *fault {
	f, _ := c.This.Object().(*value.Exception).State.(*fault)
	if f == nil {
		f = &fault{}
	}
	return f
}

func timedOutOf(c *value.Call) *timedOut {
	o, _ := c.This.Object().(*value.Exception).State.(*timedOut)
	if o == nil {
		o = &timedOut{ticks: infinite}
	}
	return o
}
