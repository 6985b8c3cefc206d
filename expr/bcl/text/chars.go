package text

import (
	"unicode"
	"unicode/utf16"

	"github.com/spillway-gateway/spillway/expr/value"
)

// Category is System.Globalization.UnicodeCategory.
type Category int

// The categories, with .NET's numbers.
const (
	UppercaseLetter Category = iota
	LowercaseLetter
	TitlecaseLetter
	ModifierLetter
	OtherLetter
	NonSpacingMark
	SpacingCombiningMark
	EnclosingMark
	DecimalDigitNumber
	LetterNumber
	OtherNumber
	SpaceSeparator
	LineSeparator
	ParagraphSeparator
	Control
	Format
	Surrogate
	PrivateUse
	ConnectorPunctuation
	DashPunctuation
	OpenPunctuation
	ClosePunctuation
	InitialQuotePunctuation
	FinalQuotePunctuation
	OtherPunctuation
	MathSymbol
	CurrencySymbol
	ModifierSymbol
	OtherSymbol
	OtherNotAssigned
)

// categories pairs each category with its table, the commonest first.
var categories = []struct {
	table    *unicode.RangeTable
	category Category
}{
	{unicode.Ll, LowercaseLetter},
	{unicode.Lu, UppercaseLetter},
	{unicode.Nd, DecimalDigitNumber},
	{unicode.Lo, OtherLetter},
	{unicode.Po, OtherPunctuation},
	{unicode.Zs, SpaceSeparator},
	{unicode.Pd, DashPunctuation},
	{unicode.Ps, OpenPunctuation},
	{unicode.Pe, ClosePunctuation},
	{unicode.Pc, ConnectorPunctuation},
	{unicode.Sm, MathSymbol},
	{unicode.Sc, CurrencySymbol},
	{unicode.Sk, ModifierSymbol},
	{unicode.So, OtherSymbol},
	{unicode.Mn, NonSpacingMark},
	{unicode.Mc, SpacingCombiningMark},
	{unicode.Me, EnclosingMark},
	{unicode.Lt, TitlecaseLetter},
	{unicode.Lm, ModifierLetter},
	{unicode.Nl, LetterNumber},
	{unicode.No, OtherNumber},
	{unicode.Zl, LineSeparator},
	{unicode.Zp, ParagraphSeparator},
	{unicode.Cc, Control},
	{unicode.Cf, Format},
	{unicode.Cs, Surrogate},
	{unicode.Co, PrivateUse},
	{unicode.Pi, InitialQuotePunctuation},
	{unicode.Pf, FinalQuotePunctuation},
}

// categoryOf is the category of a code point, surrogates included.
func categoryOf(r rune) Category {
	for _, c := range categories {
		if unicode.Is(c.table, r) {
			return c.category
		}
	}
	return OtherNotAssigned
}

func isLetter(r rune) bool {
	if r < 0x80 {
		return r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r)
}

func isDigit(r rune) bool { return unicode.Is(unicode.Nd, r) }

func isNumber(r rune) bool { return unicode.IsNumber(r) }

func isLetterOrDigit(r rune) bool { return isLetter(r) || isDigit(r) }

func isPunctuation(r rune) bool { return unicode.IsPunct(r) }

func isSymbol(r rune) bool { return unicode.IsSymbol(r) }

func isSeparator(r rune) bool { return unicode.Is(unicode.Z, r) }

func isControl(r rune) bool { return r < 0x20 || r >= 0x7F && r < 0xA0 }

func isUpper(r rune) bool { return unicode.Is(unicode.Lu, r) }

func isLower(r rune) bool { return unicode.Is(unicode.Ll, r) }

// isSpace is char.IsWhiteSpace: the separators, and the controls from tab to
// carriage return with U+0085.
func isSpace(r rune) bool {
	if r < 0x80 {
		return r == ' ' || r >= 9 && r <= 13
	}
	return r == 0x85 || r == 0xA0 || r > 0xFF && isSeparator(r)
}

// upper is the invariant upper case of one character: always one character,
// and the dotless i stays.
func upper(r rune) rune {
	if r < 0x80 {
		if r >= 'a' && r <= 'z' {
			return r - 32
		}
		return r
	}
	if r == 0x131 {
		return r
	}
	return unicode.ToUpper(r)
}

// lower is the invariant lower case of one character; the dotted capital I stays.
func lower(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			return r + 32
		}
		return r
	}
	if r == 0x130 {
		return r
	}
	return unicode.ToLower(r)
}

// fold is the upper case by which OrdinalIgnoreCase compares: .NET leaves the
// long s and the dotless i alone.
func fold(r rune) rune {
	if r < 0x80 {
		if r >= 'a' && r <= 'z' {
			return r - 32
		}
		return r
	}
	if r == 0x131 || r == 0x17F {
		return r
	}
	return unicode.ToUpper(r)
}

// foldASCII is fold for a byte below 0x80.
func foldASCII(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 32
	}
	return c
}

// mapCase applies a mapping of single characters to a string.
func mapCase(s string, f func(rune) rune) string {
	i := 0
	for i < len(s) {
		r, n := value.DecodeRune(s[i:])
		if f(r) != r {
			break
		}
		i += n
	}
	if i == len(s) {
		return s
	}
	out := make([]byte, 0, len(s)+8)
	out = append(out, s[:i]...)
	for i < len(s) {
		r, n := value.DecodeRune(s[i:])
		i += n
		out = appendRune(out, f(r))
	}
	return string(out)
}

// appendRune appends a code point in WTF-8.
func appendRune(b []byte, r rune) []byte {
	if r < 0x10000 {
		return value.AppendUnit(b, uint16(r))
	}
	hi, lo := utf16.EncodeRune(r)
	return value.AppendUnit(value.AppendUnit(b, uint16(hi)), uint16(lo))
}

// mapUnit applies a mapping to one UTF-16 unit; surrogates stay.
func mapUnit(u uint16, f func(rune) rune) uint16 {
	if r := f(rune(u)); r < 0x10000 {
		return uint16(r)
	}
	return u
}

// numericValue is char.GetNumericValue: the number that a character stands
// for, -1 if none.
func numericValue(r rune) float64 {
	if r < 0x80 {
		if r >= '0' && r <= '9' {
			return float64(r - '0')
		}
		return -1
	}
	if isDigit(r) {
		// Decimal digits stand in runs of ten from the zero on.
		d := 0
		for d < 9 && isDigit(r-rune(d)-1) {
			d++
		}
		run := r - rune(d)
		for isDigit(run-1) && run > 0 {
			run--
		}
		return float64((r - run) % 10)
	}
	if v, ok := numerics[r]; ok {
		return v
	}
	switch {
	case r >= 0x2160 && r <= 0x216B: // Roman capitals
		return float64(r - 0x2160 + 1)
	case r >= 0x2170 && r <= 0x217B:
		return float64(r - 0x2170 + 1)
	case r >= 0x2460 && r <= 0x2473: // circled
		return float64(r - 0x2460 + 1)
	case r >= 0x2474 && r <= 0x2487:
		return float64(r - 0x2474 + 1)
	case r >= 0x2488 && r <= 0x249B:
		return float64(r - 0x2488 + 1)
	case r >= 0x2081 && r <= 0x2089:
		return float64(r - 0x2080)
	case r >= 0x2074 && r <= 0x2079:
		return float64(r - 0x2070)
	case r >= 0x2776 && r <= 0x277F:
		return float64(r - 0x2776 + 1)
	case r >= 0x2780 && r <= 0x2789:
		return float64(r - 0x2780 + 1)
	case r >= 0x278A && r <= 0x2793:
		return float64(r - 0x278A + 1)
	case r >= 0x24F5 && r <= 0x24FE:
		return float64(r - 0x24F5 + 1)
	case r >= 0x24EB && r <= 0x24F4:
		return float64(r - 0x24EB + 11)
	case r >= 0x3021 && r <= 0x3029:
		return float64(r - 0x3021 + 1)
	case r >= 0x3220 && r <= 0x3229:
		return float64(r - 0x3220 + 1)
	case r >= 0x3251 && r <= 0x325F:
		return float64(r - 0x3251 + 21)
	case r >= 0x32B1 && r <= 0x32BF:
		return float64(r - 0x32B1 + 36)
	}
	return -1
}

// numerics are the numbers of characters that stand in no run.
var numerics = map[rune]float64{
	0xB2: 2, 0xB3: 3, 0xB9: 1, 0xBC: 0.25, 0xBD: 0.5, 0xBE: 0.75, 0x2070: 0, 0x2080: 0,
	0x2150: 1.0 / 7, 0x2151: 1.0 / 9, 0x2152: 0.1, 0x2153: 1.0 / 3, 0x2154: 2.0 / 3, 0x2155: 0.2, 0x2156: 0.4, 0x2157: 0.6, 0x2158: 0.8,
	0x2159: 1.0 / 6, 0x215A: 5.0 / 6, 0x215B: 0.125, 0x215C: 0.375, 0x215D: 0.625, 0x215E: 0.875, 0x215F: 1, 0x2189: 0,
	0x216C: 50, 0x216D: 100, 0x216E: 500, 0x216F: 1000, 0x217C: 50, 0x217D: 100, 0x217E: 500, 0x217F: 1000, 0x2180: 1000, 0x2181: 5000, 0x2182: 10000,
	0x24EA: 0, 0x24FF: 0, 0x3007: 0, 0x3038: 10, 0x3039: 20, 0x303A: 30,
	0x3192: 1, 0x3193: 2, 0x3194: 3, 0x3195: 4,
}
