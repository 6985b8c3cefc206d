package syntax

import "strings"

// holeRange is where a hole of an interpolated string stands. colon and close
// are -1 when there is none.
type holeRange struct {
	open, exprEnd, colon, close int
}

// interpScanner finds the end and the holes of an interpolated string. The
// scanner runs it to know where the token ends, the parser to take it apart.
// Like the compiler it reports at most one error of structure, and every bad
// escape.
type interpScanner struct {
	text     string
	pos, end int
	verbatim bool
	// bodyStart and bodyEnd delimit what stands between the quotes.
	bodyStart, bodyEnd int
	holes              []holeRange
	err                problem
	escapes            []problem
	depth              int
	// collect says that the holes are wanted, not only the end.
	collect bool
}

func (s *interpScanner) fail(code, start, end int, arg string) {
	if s.err.code == 0 {
		s.err = problem{code: code, start: int32(start), end: int32(end), arg: arg}
	}
}

func (s *interpScanner) at(i int) byte {
	if s.pos+i < s.end {
		return s.text[s.pos+i]
	}
	return 0
}

// scan reads from the `$` or `@` to behind the closing quote.
func (s *interpScanner) scan() {
	for s.at(0) == '$' || s.at(0) == '@' {
		s.verbatim = s.verbatim || s.at(0) == '@'
		s.pos++
	}
	s.pos++
	s.bodyStart = s.pos
	s.contents()
	s.bodyEnd = s.pos
	if s.at(0) == '"' {
		s.pos++
		return
	}
	at := s.pos
	if at >= s.end {
		at--
	}
	s.fail(1039, at, at+1, "")
}

func (s *interpScanner) contents() {
	for s.pos < s.end {
		c := s.text[s.pos]
		if !s.verbatim && newline(s.text, s.pos, s.end) > 0 {
			return
		}
		switch c {
		case '"':
			if !s.verbatim || s.at(1) != '"' {
				return
			}
			s.pos += 2
		case '}':
			if s.at(1) == '}' {
				s.pos += 2
				continue
			}
			s.fail(8086, s.pos, s.pos+1, "}")
			s.pos++
		case '{':
			if s.at(1) == '{' {
				s.pos += 2
				continue
			}
			s.hole()
		case '\\':
			if s.verbatim {
				s.pos++
				continue
			}
			s.escape()
		default:
			s.pos++
		}
	}
}

func (s *interpScanner) escape() {
	r, w, ok := escape(s.text[s.pos:s.end])
	if !ok {
		s.escapes = append(s.escapes, problem{code: 1009, start: int32(s.pos), end: int32(s.pos + w)})
	}
	if r == '{' || r == '}' {
		s.fail(8087, s.pos, s.pos+w, string(r))
	}
	s.pos += w
}

func (s *interpScanner) hole() {
	h := holeRange{open: s.pos, colon: -1, close: -1}
	s.pos++
	s.balanced('}', &h)
	if h.colon < 0 {
		h.exprEnd = s.pos
	}
	if s.at(0) == '}' && s.pos < s.end {
		h.close = s.pos
		s.pos++
	} else {
		s.fail(8076, h.open-1, h.open+1, "")
	}
	if s.collect {
		s.holes = append(s.holes, h)
	}
}

// balanced passes C# up to the closing character. In a hole (h is not nil) a
// colon outside of brackets starts the format.
func (s *interpScanner) balanced(closing byte, h *holeRange) {
	s.depth++
	defer func() { s.depth-- }()
	for s.pos < s.end && s.depth <= maxDepth {
		c := s.text[s.pos]
		switch c {
		case ':':
			if h != nil {
				h.colon, h.exprEnd = s.pos, s.pos
				s.format()
				return
			}
			s.pos++
		case '}', ')', ']':
			if c == closing {
				return
			}
			s.fail(1003, s.pos, s.pos+1, string(rune(closing)))
			s.pos++
		case '{', '(', '[':
			s.pos++
			want := map[byte]byte{'{': '}', '(': ')', '[': ']'}[c]
			s.balanced(want, nil)
			if s.at(0) == want {
				s.pos++
			}
		case '/':
			switch s.at(1) {
			case '/':
				for s.pos < s.end && newline(s.text, s.pos, s.end) == 0 {
					s.pos++
				}
			case '*':
				if i := strings.Index(s.text[s.pos+2:s.end], "*/"); i >= 0 {
					s.pos += i + 4
				} else {
					s.pos = s.end
				}
			default:
				s.pos++
			}
		default:
			if next := skipLiteral(s.text, s.pos, s.end, s.depth); next > s.pos {
				s.pos = next
			} else {
				s.pos++
			}
		}
	}
}

// format passes the format of a hole up to its closing brace or the quote.
func (s *interpScanner) format() {
	s.pos++
	for s.pos < s.end {
		switch c := s.text[s.pos]; {
		case c == '\\' && !s.verbatim:
			s.escape()
		case c == '"':
			if !s.verbatim || s.at(1) != '"' {
				return
			}
			s.pos += 2
		case c == '{':
			s.fail(1056, s.pos, s.pos+1, "{")
			s.pos++
		case c == '}':
			return
		case !s.verbatim && newline(s.text, s.pos, s.end) > 0:
			return
		default:
			s.pos++
		}
	}
}

// skipLiteral is the offset behind the string or char literal at i, and i when
// none starts there. A literal that does not end reaches to the end of its line
// or of the text.
func skipLiteral(text string, i, end, depth int) int {
	next := func(n int) byte {
		if i+n < end {
			return text[i+n]
		}
		return 0
	}
	switch text[i] {
	case '"', '\'':
		if text[i] == '"' && next(1) == '"' && next(2) == '"' {
			n := 3
			for next(n) == '"' {
				n++
			}
			if j := strings.Index(text[i+n:end], text[i:i+n]); j >= 0 {
				return i + n + j + n
			}
			return i + n
		}
		j, _ := skipQuoted(text, i, end)
		return j
	case '@':
		if next(1) == '"' {
			j, _ := skipVerbatim(text, i+2, end)
			return j
		}
		if next(1) != '$' || next(2) != '"' {
			return i
		}
	case '$':
		if next(1) == '"' && next(2) == '"' && next(3) == '"' {
			return skipLiteral(text, i+1, end, depth)
		}
		if next(1) != '"' && (next(1) != '@' || next(2) != '"') {
			return i
		}
	default:
		return i
	}
	s := interpScanner{text: text, pos: i, end: end, depth: depth}
	s.scan()
	return s.pos
}

// skipQuoted is the offset behind the literal that the quote at i opens, and
// whether it is closed before its line ends.
func skipQuoted(text string, i, end int) (int, bool) {
	quote := text[i]
	for j := i + 1; j < end; j++ {
		switch {
		case text[j] == quote:
			return j + 1, true
		case text[j] == '\\' && j+1 < end && newline(text, j+1, end) == 0:
			j++
		case newline(text, j, end) > 0:
			return j, false
		}
	}
	return end, false
}

// skipVerbatim is the offset behind the verbatim string whose body starts at i.
func skipVerbatim(text string, i, end int) (int, bool) {
	for i < end {
		j := strings.IndexByte(text[i:end], '"')
		if j < 0 {
			break
		}
		i += j + 1
		if i >= end || text[i] != '"' {
			return i, true
		}
		i++
	}
	return end, false
}
