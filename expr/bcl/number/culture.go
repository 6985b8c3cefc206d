package number

// Info is System.Globalization.NumberFormatInfo: the marks and patterns with
// which numbers are written and read. The patterns are .NET's numbers for
// them. An Info that the package hands out is shared: copy before changing.
type Info struct {
	DecimalSeparator, GroupSeparator                 string
	CurrencyDecimalSeparator, CurrencyGroupSeparator string
	PercentDecimalSeparator, PercentGroupSeparator   string
	GroupSizes, CurrencyGroupSizes                   []int
	PercentGroupSizes                                []int
	NegativeSign, PositiveSign                       string
	CurrencySymbol, PercentSymbol, PerMilleSymbol    string
	NaN, PositiveInfinity, NegativeInfinity          string
	DecimalDigits, CurrencyDigits, PercentDigits     int
	NegativePattern                                  int
	CurrencyPositive, CurrencyNegative               int
	PercentPositive, PercentNegative                 int
	// ReadOnly is set for the infos of cultures, which cannot be changed.
	ReadOnly bool
}

// Invariant is the number format of CultureInfo.InvariantCulture.
var Invariant = &Info{
	DecimalSeparator: ".", GroupSeparator: ",",
	CurrencyDecimalSeparator: ".", CurrencyGroupSeparator: ",",
	PercentDecimalSeparator: ".", PercentGroupSeparator: ",",
	GroupSizes: []int{3}, CurrencyGroupSizes: []int{3}, PercentGroupSizes: []int{3},
	NegativeSign: "-", PositiveSign: "+",
	CurrencySymbol: "¤", PercentSymbol: "%", PerMilleSymbol: "‰",
	NaN: "NaN", PositiveInfinity: "Infinity", NegativeInfinity: "-Infinity",
	DecimalDigits: 2, CurrencyDigits: 2, PercentDigits: 2,
	NegativePattern: 1, ReadOnly: true,
}

// or is the format itself, the invariant one when there is none.
func (i *Info) or() *Info {
	if i == nil {
		return Invariant
	}
	return i
}

// The patterns by .NET's numbers: # is the number, $ the currency symbol,
// % the percent symbol, - the negative sign.
var (
	numberNegative   = []string{"(#)", "-#", "- #", "#-", "# -"}
	currencyPositive = []string{"$#", "#$", "$ #", "# $"}
	currencyNegative = []string{
		"($#)", "-$#", "$-#", "$#-", "(#$)", "-#$", "#-$", "#$-", "-# $",
		"-$ #", "# $-", "$ #-", "$ -#", "#- $", "($ #)", "(# $)", "$- #",
	}
	percentPositive = []string{"# %", "#%", "%#", "% #"}
	percentNegative = []string{
		"-# %", "-#%", "-%#", "%-#", "%#-", "#-%", "#%-", "-% #", "# %-", "% #-", "% -#", "#- %",
	}
)
