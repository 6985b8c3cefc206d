package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner makes the tokens of a stretch of text. Everything between tokens
// (white space, comments, directives) is dropped; of it only "a line ended
// here" survives, because the place of a missing token depends on it.
type scanner struct {
	text string
	pos  int
	end  int
	toks []token
	errs []problem
	// hole says that the text is a hole of an interpolated string, where
	// there are no directives.
	hole bool
	// swallowed says that a comment or a string that is never closed took all
	// that the compiler saw behind the text as well.
	swallowed bool
	// conditional is the stack of open #if: whether each was taken so far.
	conditional []bool
	regions     int
}

// problem is an error before its message is put together; speculative parsing
// makes and drops many.
type problem struct {
	code       int
	start, end int32
	arg, arg2  string
	// missingToken says that the error hangs on a token that is not there.
	missingToken bool
	outside      side
	// feature says that the compiler reports it after parsing.
	feature bool
}

// side says whether a place lies in the text or in what the compiler saw around
// it.
type side uint8

const (
	within side = iota
	before
	behind
)

func behindIf(yes bool) side {
	if yes {
		return behind
	}
	return within
}

func (s *scanner) fail(code, start, end int, arg string) {
	s.errs = append(s.errs, problem{code: code, start: int32(start), end: int32(end), arg: arg})
}

func (s *scanner) at(i int) byte {
	if s.pos+i < s.end {
		return s.text[s.pos+i]
	}
	return 0
}

// run scans to the end. The caller adds the closing tokens.
func (s *scanner) run() {
	lineStart := true
	for {
		nl := s.trivia(&lineStart)
		if s.pos >= s.end {
			s.toks = append(s.toks, token{kind: tEOF, nl: nl, start: int32(s.end), end: int32(s.end)})
			return
		}
		t := token{nl: nl, start: int32(s.pos)}
		errs := len(s.errs)
		s.token(&t)
		t.end = int32(s.pos)
		t.bad = t.bad || len(s.errs) > errs
		s.toks = append(s.toks, t)
		lineStart = false
	}
}

// newline is the width of the line end at i, or 0.
func newline(text string, i, end int) int {
	switch c := text[i]; {
	case c == '\n':
		return 1
	case c == '\r':
		if i+1 < end && text[i+1] == '\n' {
			return 2
		}
		return 1
	case c == 0xc2 && i+1 < end && text[i+1] == 0x85:
		return 2
	case c == 0xe2 && i+2 < end && text[i+1] == 0x80 && (text[i+2] == 0xa8 || text[i+2] == 0xa9):
		return 3
	}
	return 0
}

// trivia skips what stands before the next token.
func (s *scanner) trivia(lineStart *bool) (nl bool) {
	for s.pos < s.end {
		c := s.text[s.pos]
		switch {
		case c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == 0x1a:
			s.pos++
			continue
		case c == '/' && s.at(1) == '/':
			s.skipLine()
			continue
		case c == '/' && s.at(1) == '*':
			s.blockComment()
			continue
		case c == '#' && *lineStart && !s.hole:
			s.directive()
			continue
		}
		if w := newline(s.text, s.pos, s.end); w > 0 {
			s.pos += w
			nl = true
			*lineStart = true
			continue
		}
		if c < utf8.RuneSelf {
			return nl
		}
		r, w := utf8.DecodeRuneInString(s.text[s.pos:s.end])
		if r != '\ufeff' && !unicode.Is(unicode.Zs, r) {
			return nl
		}
		s.pos += w
	}
	return nl
}

func (s *scanner) skipLine() {
	for s.pos < s.end && newline(s.text, s.pos, s.end) == 0 {
		s.pos++
	}
}

func (s *scanner) blockComment() {
	start := s.pos
	if i := strings.Index(s.text[s.pos+2:s.end], "*/"); i >= 0 {
		s.pos += i + 4
		return
	}
	s.pos = s.end
	s.swallowed = true
	s.fail(1035, start, start+2, "")
}

// token scans one token; t.start is set and there is a character.
func (s *scanner) token(t *token) {
	c := s.text[s.pos]
	switch c {
	case '"':
		if s.at(1) == '"' && s.at(2) == '"' {
			s.rawString(t)
			return
		}
		s.quoted(t, '"')
		return
	case '\'':
		s.quoted(t, '\'')
		return
	case '@':
		s.verbatim(t)
		return
	case '$':
		s.dollar(t)
		return
	case '.':
		// The second dot of a range does not start a number.
		second := s.pos > 0 && s.text[s.pos-1] == '.'
		if d := s.at(1); d >= '0' && d <= '9' && !second {
			s.number(t)
			return
		}
	case '#':
		s.pos++
		t.kind = tBad
		s.fail(1040, int(t.start), s.pos, "")
		return
	}
	if c >= '0' && c <= '9' {
		s.number(t)
		return
	}
	if c == '\\' || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
		if s.identifier(t) {
			return
		}
		_, w := utf8.DecodeRuneInString(s.text[s.pos:s.end])
		s.pos += w
		t.kind = tBad
		s.fail(1056, int(t.start), s.pos, s.text[t.start:s.pos])
		return
	}
	s.punctuation(t, c)
}

func (s *scanner) punctuation(t *token, c byte) {
	n := s.at(1)
	two := func(next byte, k kind) bool {
		if n == next {
			t.kind = k
			s.pos += 2
			return true
		}
		return false
	}
	one := func(k kind) {
		t.kind = k
		s.pos++
	}
	switch c {
	case '(':
		one(tOpenParen)
	case ')':
		one(tCloseParen)
	case '[':
		one(tOpenBracket)
	case ']':
		one(tCloseBracket)
	case '{':
		one(tOpenBrace)
	case '}':
		one(tCloseBrace)
	case ',':
		one(tComma)
	case ';':
		one(tSemicolon)
	case '~':
		one(tTilde)
	case '.':
		one(tDot)
	case ':':
		if !two(':', tColonColon) {
			one(tColon)
		}
	case '?':
		switch {
		case n == '?' && s.at(2) == '=':
			t.kind = tQuestionQuestionEq
			s.pos += 3
		case two('?', tQuestionQuestion):
		default:
			one(tQuestion)
		}
	case '+':
		if !two('+', tPlusPlus) && !two('=', tPlusEq) {
			one(tPlus)
		}
	case '-':
		if !two('-', tMinusMinus) && !two('=', tMinusEq) && !two('>', tPointer) {
			one(tMinus)
		}
	case '*':
		if !two('=', tStarEq) {
			one(tStar)
		}
	case '/':
		if !two('=', tSlashEq) {
			one(tSlash)
		}
	case '%':
		if !two('=', tPercentEq) {
			one(tPercent)
		}
	case '&':
		if !two('&', tAmpAmp) && !two('=', tAmpEq) {
			one(tAmp)
		}
	case '|':
		if !two('|', tBarBar) && !two('=', tBarEq) {
			one(tBar)
		}
	case '^':
		if !two('=', tCaretEq) {
			one(tCaret)
		}
	case '!':
		if !two('=', tBangEq) {
			one(tBang)
		}
	case '=':
		if !two('=', tEqEq) && !two('>', tArrow) {
			one(tEq)
		}
	case '<':
		switch {
		case n == '<' && s.at(2) == '=':
			t.kind = tLessLessEq
			s.pos += 3
		case two('<', tLessLess), two('=', tLessEq):
		default:
			one(tLess)
		}
	case '>':
		if !two('=', tGreaterEq) {
			one(tGreater)
		}
	default:
		one(tBad)
		s.fail(1056, int(t.start), s.pos, string(rune(c)))
	}
}

func identStart(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return r <= 0xffff && (unicode.IsLetter(r) || unicode.Is(unicode.Nl, r))
}

func identPart(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return identStart(r) || r <= 0xffff &&
		unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Cf)
}

// identifier scans a name or a keyword from s.pos, or moves nothing and says
// false. A leading `@` has been passed by the caller.
func (s *scanner) identifier(t *token) bool {
	i := s.pos
	first := true
	for i < s.end {
		c := s.text[i]
		if c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9' {
			i++
			first = false
			continue
		}
		var r rune
		var w int
		if c == '\\' {
			e, n := unicodeEscape(s.text[i:s.end])
			if n == 0 {
				break
			}
			r, w = e, n
		} else if c >= utf8.RuneSelf {
			r, w = utf8.DecodeRuneInString(s.text[i:s.end])
			if r == utf8.RuneError && w == 1 {
				break
			}
		} else {
			break
		}
		if first && !identStart(r) || !identPart(r) {
			break
		}
		t.escaped = t.escaped || c == '\\' || unicode.Is(unicode.Cf, r)
		i += w
		first = false
	}
	if first {
		return false
	}
	name := s.text[s.pos:i]
	s.pos = i
	t.kind = tIdent
	if !t.escaped && len(name) <= 10 {
		if k, ok := keywords[name]; ok {
			t.kind = k
		} else if c, ok := contextual[name]; ok {
			t.ctx = c
		}
	} else if !t.escaped {
		if k, ok := keywords[name]; ok {
			t.kind = k
		}
	}
	return true
}

// unicodeEscape reads \uXXXX or \UXXXXXXXX; w is 0 when there is none.
func unicodeEscape(s string) (r rune, w int) {
	if len(s) < 2 || s[1] != 'u' && s[1] != 'U' {
		return 0, 0
	}
	n := 4
	if s[1] == 'U' {
		n = 8
	}
	if len(s) < 2+n {
		return 0, 0
	}
	for _, c := range []byte(s[2 : 2+n]) {
		d := hexDigit(c)
		if d < 0 {
			return 0, 0
		}
		r = r<<4 | rune(d)
		if r > utf8.MaxRune {
			return 0, 0
		}
	}
	return r, 2 + n
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// identText is the name an identifier token means.
func identText(text string, t token) string {
	raw := text[t.start:t.end]
	if !t.escaped {
		return raw
	}
	raw = strings.TrimPrefix(raw, "@")
	if !strings.ContainsRune(raw, '\\') && isASCII(raw) {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); {
		r, w := rune(raw[i]), 1
		if raw[i] == '\\' {
			r, w = unicodeEscape(raw[i:])
		} else if raw[i] >= utf8.RuneSelf {
			r, w = utf8.DecodeRuneInString(raw[i:])
		}
		if w == 0 {
			break
		}
		// Formatting characters are allowed in a name and are no part of it.
		if !unicode.Is(unicode.Cf, r) {
			b.WriteRune(r)
		}
		i += w
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// directive reads a line that starts with `#`. Policy expressions have no use
// for directives, but the compiler knows them, so a stray `#` is reported as it
// does. No symbol is defined.
func (s *scanner) directive() {
	hash := s.pos
	s.pos++
	for s.pos < s.end && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t') {
		s.pos++
	}
	start := s.pos
	for s.pos < s.end && (s.text[s.pos] >= 'a' && s.text[s.pos] <= 'z' || s.text[s.pos] >= 'A' && s.text[s.pos] <= 'Z') {
		s.pos++
	}
	name := s.text[start:s.pos]
	restStart := s.pos
	s.skipLine()
	rest := strings.TrimSpace(s.text[restStart:s.pos])
	switch name {
	case "region":
		s.regions++
	case "endregion":
		if s.regions == 0 {
			s.fail(1028, hash, s.pos, "")
		} else {
			s.regions--
		}
	case "define", "undef":
		s.fail(1032, start, restStart, "")
	case "pragma", "nullable", "line", "warning":
	case "error":
		s.fail(1029, hash, s.pos, rest)
	case "if":
		taken := directiveTrue(rest)
		s.conditional = append(s.conditional, taken)
		if !taken {
			s.skipConditional()
		}
	case "elif", "else":
		if len(s.conditional) == 0 {
			s.fail(1028, hash, s.pos, "")
			return
		}
		s.skipConditional()
	case "endif":
		if len(s.conditional) == 0 {
			s.fail(1028, hash, s.pos, "")
			return
		}
		s.conditional = s.conditional[:len(s.conditional)-1]
	default:
		s.fail(1024, start, max(start+1, restStart), "")
	}
}

// directiveTrue evaluates a condition in which every symbol but `true` is
// undefined; it knows no more than negation.
func directiveTrue(s string) bool {
	if i := strings.Index(s, "//"); i >= 0 {
		s = s[:i]
	}
	s = strings.TrimSpace(s)
	not := false
	for strings.HasPrefix(s, "!") {
		not = !not
		s = strings.TrimSpace(s[1:])
	}
	return (s == "true") != not
}

// skipConditional skips to the next branch that is taken or past the #endif.
func (s *scanner) skipConditional() {
	depth := 0
	top := len(s.conditional) - 1
	for s.pos < s.end {
		if w := newline(s.text, s.pos, s.end); w > 0 {
			s.pos += w
		}
		lineStart := s.pos
		s.skipLine()
		line := strings.TrimSpace(s.text[lineStart:s.pos])
		if !strings.HasPrefix(line, "#") {
			if s.pos >= s.end {
				break
			}
			continue
		}
		line = strings.TrimSpace(line[1:])
		switch {
		case strings.HasPrefix(line, "if"):
			depth++
		case strings.HasPrefix(line, "endif"):
			if depth == 0 {
				s.conditional = s.conditional[:top]
				return
			}
			depth--
		case depth == 0 && !s.conditional[top] && (strings.HasPrefix(line, "else") ||
			strings.HasPrefix(line, "elif") && directiveTrue(line[4:])):
			s.conditional[top] = true
			return
		}
	}
	s.fail(1027, s.end, s.end, "")
	s.conditional = s.conditional[:top]
}
