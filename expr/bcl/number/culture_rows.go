package number

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The types of System.Globalization that numbers need.
var (
	NumberStyles      = types.Declare("System.Globalization", "[Flags] public enum NumberStyles { None, AllowLeadingWhite = 1, AllowTrailingWhite = 2, AllowLeadingSign = 4, AllowTrailingSign = 8, AllowParentheses = 16, AllowDecimalPoint = 32, AllowThousands = 64, AllowExponent = 128, AllowCurrencySymbol = 256, AllowHexSpecifier = 512, AllowBinarySpecifier = 1024, Integer = 7, HexNumber = 515, BinaryNumber = 1027, Number = 111, Float = 167, Currency = 383, Any = 511 }")
	CultureInfo       = types.Declare("System.Globalization", "public class CultureInfo : IFormatProvider, ICloneable")
	NumberFormatInfo  = types.Declare("System.Globalization", "public sealed class NumberFormatInfo : IFormatProvider, ICloneable")
	CultureNotFound   = types.Declare("System.Globalization", "public class CultureNotFoundException : ArgumentException")
	MidpointRounding  = types.Declare("System", "public enum MidpointRounding { ToEven, AwayFromZero, ToZero, ToNegativeInfinity, ToPositiveInfinity }")
	TypeCode          = types.Declare("System", "public enum TypeCode { Empty, Object, DBNull, Boolean, Char, SByte, Byte, Int16, UInt16, Int32, UInt32, Int64, UInt64, Single, Double, Decimal, DateTime, String = 18 }")
	Base64Formatting  = types.Declare("System", "[Flags] public enum Base64FormattingOptions { None, InsertLineBreaks }")
	invariantCulture  = &Culture{}
	currentCulture    = value.Of(invariantCulture)
	invariantProvider = value.Of(&NumberFormat{Info: Invariant})
)

// Culture is a CultureInfo. There is one, the invariant culture, which is also
// the current one: gateways differ in nothing that a policy could see.
type Culture struct{}

// Type is CultureInfo.
func (*Culture) Type() *types.Type { return CultureInfo.Type() }

// ToString is the culture's name, which is empty.
func (*Culture) ToString(*value.Thread) string { return "" }

// Equals holds for all cultures, as there is but one.
func (*Culture) Equals(_ *value.Thread, other value.Value) bool {
	_, ok := other.Object().(*Culture)
	return ok
}

// Hash goes with Equals.
func (*Culture) Hash(*value.Thread) int32 { return 1 }

// NumberFormat is a NumberFormatInfo object.
type NumberFormat struct{ *Info }

// Type is NumberFormatInfo.
func (*NumberFormat) Type() *types.Type { return NumberFormatInfo.Type() }

// InfoOf is the number format that an IFormatProvider gives; null and foreign
// providers give the invariant one.
func InfoOf(provider value.Value) *Info {
	if f, ok := provider.Object().(*NumberFormat); ok {
		return f.Info
	}
	return Invariant
}

func cultureNamed(c *value.Call) value.Value {
	c.NotNull(0, "name")
	if name := c.Str(0); name != "" {
		// What .NET says where only the invariant culture is installed.
		e := value.NewException(CultureNotFound, "Only the invariant culture is supported in globalization-invariant mode. See https://aka.ms/GlobalizationInvariantMode for more information. (Parameter 'name')\n"+name+" is an invalid culture identifier.")
		e.Param = "name"
		c.Raise(e)
	}
	return currentCulture
}

func theCulture(*value.Call) value.Value { return currentCulture }

func constant(v value.Value) func(*value.Call) value.Value {
	return func(*value.Call) value.Value { return v }
}

var globalization = []value.Members{
	{Def: NumberStyles, Doc: "What a text that is read as a number may hold.", Beyond: true},
	{Def: TypeCode, Doc: "The primitive types.", Beyond: true},
	{Def: Base64Formatting, Doc: "Whether base64 text is broken into lines.", Beyond: true},
	{Def: MidpointRounding, Doc: "Where halves are rounded to."},
	{Def: CultureNotFound, Doc: "There is no such culture.", Beyond: true, Rows: value.ExceptionRows(CultureNotFound, "Culture is not supported.")},
	{Def: CultureInfo, Doc: "A culture; the invariant one is the only one.", Beyond: true, Rows: []value.Row{
		{Sig: "CultureInfo(string name)", Doc: "The culture of a name; only the empty name is known.", Func: cultureNamed},
		{Sig: "CultureInfo(string name, bool useUserOverride)", Doc: "The culture of a name; only the empty name is known.", Func: cultureNamed},
		{Sig: "static CultureInfo GetCultureInfo(string name)", Doc: "The culture of a name; only the empty name is known.", Func: cultureNamed},
		{Sig: "static CultureInfo CreateSpecificCulture(string name)", Doc: "The culture of a name; only the empty name is known.", Func: cultureNamed},
		{Sig: "static CultureInfo InvariantCulture { get; }", Doc: "The culture that is the same everywhere.", Func: theCulture},
		{Sig: "static CultureInfo CurrentCulture { get; }", Doc: "The culture of this evaluation, the invariant one.", Func: theCulture},
		{Sig: "static CultureInfo CurrentUICulture { get; }", Doc: "The culture of texts for people, the invariant one.", Func: theCulture},
		{Sig: "static CultureInfo InstalledUICulture { get; }", Doc: "The machine's culture, the invariant one.", Func: theCulture},
		{Sig: "string Name { get; }", Doc: "The name, empty for the invariant culture.", Func: constant(value.Empty)},
		{Sig: "string DisplayName { get; }", Doc: "The name for people.", Func: constant(value.String("Invariant Language (Invariant Country)"))},
		{Sig: "string EnglishName { get; }", Doc: "The English name.", Func: constant(value.String("Invariant Language (Invariant Country)"))},
		{Sig: "string NativeName { get; }", Doc: "The name in its own language.", Func: constant(value.String("Invariant Language (Invariant Country)"))},
		{Sig: "string TwoLetterISOLanguageName { get; }", Doc: "The language in two letters.", Func: constant(value.String("iv"))},
		{Sig: "string ThreeLetterISOLanguageName { get; }", Doc: "The language in three letters.", Func: constant(value.String("ivl"))},
		{Sig: "int LCID { get; }", Doc: "The number of the culture.", Func: constant(value.Int(127))},
		{Sig: "bool IsNeutralCulture { get; }", Doc: "Whether the culture has a language only.", Func: constant(value.False)},
		{Sig: "bool IsReadOnly { get; }", Doc: "Whether the culture cannot be changed.", Func: constant(value.True)},
		{Sig: "CultureInfo Parent { get; }", Doc: "The culture this one refines.", Func: theCulture},
		{Sig: "NumberFormatInfo NumberFormat { get; }", Doc: "How numbers are written.", Func: constant(invariantProvider)},
		{Sig: "object Clone()", Doc: "A copy.", Func: theCulture},
		{Sig: "object GetFormat(Type formatType)", Doc: "The format for a type, null if there is none.", Func: getFormat},
	}},
	{Def: NumberFormatInfo, Doc: "How numbers are written and read.", Beyond: true, Rows: numberFormatRows()},
	{Def: types.IFormatProvide.Def(), Doc: "Whoever knows how values are written: a culture.", Beyond: true, Rows: []value.Row{
		{Sig: "object GetFormat(Type formatType)", Doc: "The format for a type, null if there is none."},
	}},
}

func getFormat(c *value.Call) value.Value {
	if o, ok := c.Args[0].Object().(*value.TypeObject); ok && o.Of == NumberFormatInfo.Type() {
		if _, ok := c.This.Object().(*NumberFormat); ok {
			return c.This
		}
		return invariantProvider
	}
	return value.Null
}

func numberFormatRows() []value.Row {
	rows := []value.Row{
		{Sig: "NumberFormatInfo()", Doc: "A copy of the invariant format that can be changed.", Func: func(c *value.Call) value.Value { return cloneInfo(Invariant) }},
		{Sig: "static NumberFormatInfo InvariantInfo { get; }", Doc: "The format of the invariant culture.", Func: constant(invariantProvider)},
		{Sig: "static NumberFormatInfo CurrentInfo { get; }", Doc: "The format of the current culture.", Func: constant(invariantProvider)},
		{Sig: "static NumberFormatInfo GetInstance(IFormatProvider formatProvider)", Doc: "The number format of a provider.", Func: func(c *value.Call) value.Value {
			if f, ok := c.Args[0].Object().(*NumberFormat); ok {
				return value.Of(f)
			}
			return invariantProvider
		}},
		{Sig: "static NumberFormatInfo ReadOnly(NumberFormatInfo nfi)", Doc: "A copy that cannot be changed.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "nfi")
			v := cloneInfo(c.Args[0].Object().(*NumberFormat).Info)
			v.Object().(*NumberFormat).ReadOnly = true
			return v
		}},
		{Sig: "bool IsReadOnly { get; }", Doc: "Whether it cannot be changed.", Func: func(c *value.Call) value.Value {
			return value.Bool(c.This.Object().(*NumberFormat).ReadOnly)
		}},
		{Sig: "object Clone()", Doc: "A copy that can be changed.", Func: func(c *value.Call) value.Value {
			return cloneInfo(c.This.Object().(*NumberFormat).Info)
		}},
		{Sig: "object GetFormat(Type formatType)", Doc: "Itself for its own type, else null.", Func: getFormat},
	}
	text := func(name, doc string, field func(*Info) *string) {
		rows = append(rows, value.Row{
			Sig: "string " + name + " { get; set; }", Doc: doc,
			Func: func(c *value.Call) value.Value {
				return value.String(*field(c.This.Object().(*NumberFormat).Info))
			},
			Set: func(c *value.Call) {
				c.NotNull(0, "value")
				if c.Str(0) == "" && strings.HasSuffix(name, "DecimalSeparator") {
					c.ThrowArgument(value.ArgumentException, "Decimal separator cannot be the empty string.", "value")
				}
				*field(changeable(c)) = c.Str(0)
			},
		})
	}
	count := func(name, doc string, most int, field func(*Info) *int) {
		rows = append(rows, value.Row{
			Sig: "int " + name + " { get; set; }", Doc: doc,
			Func: func(c *value.Call) value.Value { return value.Int(*field(c.This.Object().(*NumberFormat).Info)) },
			Set: func(c *value.Call) {
				if n := c.Int(0); n < 0 || n > most {
					c.ThrowRange("Valid values are between 0 and "+value.WordString(types.Int32, value.Int(most))+", inclusive.", name)
				}
				*field(changeable(c)) = c.Int(0)
			},
		})
	}
	text("NumberDecimalSeparator", "What stands before the fraction.", func(i *Info) *string { return &i.DecimalSeparator })
	text("NumberGroupSeparator", "What stands between thousands.", func(i *Info) *string { return &i.GroupSeparator })
	text("CurrencyDecimalSeparator", "What stands before the fraction of an amount of money.", func(i *Info) *string { return &i.CurrencyDecimalSeparator })
	text("CurrencyGroupSeparator", "What stands between thousands of money.", func(i *Info) *string { return &i.CurrencyGroupSeparator })
	text("PercentDecimalSeparator", "What stands before the fraction of a percentage.", func(i *Info) *string { return &i.PercentDecimalSeparator })
	text("PercentGroupSeparator", "What stands between thousands of percent.", func(i *Info) *string { return &i.PercentGroupSeparator })
	text("CurrencySymbol", "The sign of the currency.", func(i *Info) *string { return &i.CurrencySymbol })
	text("PercentSymbol", "The percent sign.", func(i *Info) *string { return &i.PercentSymbol })
	text("PerMilleSymbol", "The per mille sign.", func(i *Info) *string { return &i.PerMilleSymbol })
	text("NegativeSign", "The minus sign.", func(i *Info) *string { return &i.NegativeSign })
	text("PositiveSign", "The plus sign.", func(i *Info) *string { return &i.PositiveSign })
	text("NaNSymbol", "What is written for not-a-number.", func(i *Info) *string { return &i.NaN })
	text("PositiveInfinitySymbol", "What is written for infinity.", func(i *Info) *string { return &i.PositiveInfinity })
	text("NegativeInfinitySymbol", "What is written for negative infinity.", func(i *Info) *string { return &i.NegativeInfinity })
	count("NumberDecimalDigits", "How many digits of the fraction are written.", 99, func(i *Info) *int { return &i.DecimalDigits })
	count("CurrencyDecimalDigits", "How many digits of the fraction of money are written.", 99, func(i *Info) *int { return &i.CurrencyDigits })
	count("PercentDecimalDigits", "How many digits of the fraction of a percentage are written.", 99, func(i *Info) *int { return &i.PercentDigits })
	count("NumberNegativePattern", "Where the sign of a negative number stands.", 4, func(i *Info) *int { return &i.NegativePattern })
	count("CurrencyPositivePattern", "Where the currency sign stands.", 3, func(i *Info) *int { return &i.CurrencyPositive })
	count("CurrencyNegativePattern", "Where the signs of a negative amount stand.", 16, func(i *Info) *int { return &i.CurrencyNegative })
	count("PercentPositivePattern", "Where the percent sign stands.", 3, func(i *Info) *int { return &i.PercentPositive })
	count("PercentNegativePattern", "Where the signs of a negative percentage stand.", 11, func(i *Info) *int { return &i.PercentNegative })
	sizes := func(name, doc string, field func(*Info) *[]int) {
		rows = append(rows, value.Row{
			Sig: "int[] " + name + " { get; set; }", Doc: doc,
			Func: func(c *value.Call) value.Value {
				list := *field(c.This.Object().(*NumberFormat).Info)
				a := c.NewArray(types.Int32, len(list))
				for i, n := range list {
					a.Set(i, value.Int(n))
				}
				return value.Of(a)
			},
			Set: func(c *value.Call) {
				c.NotNull(0, "value")
				a := c.Args[0].Object().(*value.Array)
				list := make([]int, a.Len())
				for i := range list {
					n := a.At(i).Int()
					if n > 9 || n < 0 || n == 0 && i < len(list)-1 {
						c.ThrowArgument(value.ArgumentException, "Every element in the value array should be between one and nine, except for the last element, which can be zero.", "value")
					}
					list[i] = n
				}
				*field(changeable(c)) = list
			},
		})
	}
	sizes("NumberGroupSizes", "How many digits a group has, from the right.", func(i *Info) *[]int { return &i.GroupSizes })
	sizes("CurrencyGroupSizes", "How many digits a group of money has.", func(i *Info) *[]int { return &i.CurrencyGroupSizes })
	sizes("PercentGroupSizes", "How many digits a group of a percentage has.", func(i *Info) *[]int { return &i.PercentGroupSizes })
	return rows
}

func cloneInfo(i *Info) value.Value {
	copied := *i
	copied.ReadOnly = false
	return value.Of(&NumberFormat{&copied})
}

func changeable(c *value.Call) *Info {
	i := c.This.Object().(*NumberFormat).Info
	if i.ReadOnly {
		c.Throw(value.InvalidOperationException, "Instance is read-only.")
	}
	return i
}
