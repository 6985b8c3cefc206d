package text

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The types that this package declares.
var (
	StringComparison   = types.Declare("System", "public enum StringComparison { CurrentCulture, CurrentCultureIgnoreCase, InvariantCulture, InvariantCultureIgnoreCase, Ordinal, OrdinalIgnoreCase }")
	StringSplitOptions = types.Declare("System", "[Flags] public enum StringSplitOptions { None, RemoveEmptyEntries, TrimEntries }")
	StringComparer     = types.Declare("System", "public abstract class StringComparer : IComparer, IEqualityComparer, IComparer<string>, IEqualityComparer<string>")
	CharEnumerator     = types.Declare("System", "public sealed class CharEnumerator : IEnumerator<char>, IEnumerator, IDisposable, ICloneable")
	NormalizationForm  = types.Declare("System.Text", "public enum NormalizationForm { FormC = 1, FormD = 2, FormKC = 5, FormKD = 6 }")
	StringBuilder      = types.Declare("System.Text", "public sealed class StringBuilder")
	Encoding           = types.Declare("System.Text", "public abstract class Encoding : ICloneable")
	UnicodeCategory    = types.Declare("System.Globalization", "public enum UnicodeCategory { UppercaseLetter, LowercaseLetter, TitlecaseLetter, ModifierLetter, OtherLetter, NonSpacingMark, SpacingCombiningMark, EnclosingMark, DecimalDigitNumber, LetterNumber, OtherNumber, SpaceSeparator, LineSeparator, ParagraphSeparator, Control, Format, Surrogate, PrivateUse, ConnectorPunctuation, DashPunctuation, OpenPunctuation, ClosePunctuation, InitialQuotePunctuation, FinalQuotePunctuation, OtherPunctuation, MathSymbol, CurrencySymbol, ModifierSymbol, OtherSymbol, OtherNotAssigned }")
	CompareOptions     = types.Declare("System.Globalization", "[Flags] public enum CompareOptions { None, IgnoreCase = 1, IgnoreNonSpace = 2, IgnoreSymbols = 4, IgnoreKanaType = 8, IgnoreWidth = 16, OrdinalIgnoreCase = 268435456, StringSort = 536870912, Ordinal = 1073741824 }")
	TextInfo           = types.Declare("System.Globalization", "public sealed class TextInfo : ICloneable")
	Environment        = types.Declare("System", "public static class Environment")
	CompareInfo        = types.Declare("System.Globalization", "public sealed class CompareInfo")
)

// Members are the types of this package with their members.
func Members() []value.Members {
	list := []value.Members{
		{Def: StringComparison, Doc: "How strings are compared."},
		{Def: StringSplitOptions, Doc: "What becomes of the parts of a split string."},
		{Def: NormalizationForm, Doc: "The normal forms of Unicode.", Beyond: true},
		{Def: UnicodeCategory, Doc: "The general categories of characters.", Beyond: true},
		// Of the environment an expression may know only how lines end.
		{Def: Environment, Doc: "The machine, of which only the line end can be seen.", Beyond: true, Rows: []value.Row{
			{Sig: "static string NewLine { get; }", Doc: "What ends a line: a line feed.", Func: func(*value.Call) value.Value { return value.String("\n") }},
		}},
		{Def: CompareOptions, Doc: "What a comparison ignores.", Beyond: true},
		convertTimeMembers(), stringMembers(), charMembers(), enumeratorMembers, comparerMembers, builderMembers(),
	}
	list = append(list, encodingMembers()...)
	return append(list, cultureMembers...)
}
