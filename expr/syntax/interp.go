package syntax

import "strings"

// interpolated takes an interpolated string apart. Its holes are scanned and
// parsed here, each by a parser of its own over the same text.
func (p *parser) interpolated() Expr {
	t := p.next()
	if t.kind != tInterp {
		return p.bad(t.start)
	}
	s := interpScanner{text: p.text, pos: int(t.start), end: int(t.end), collect: true}
	s.scan()
	n := &Interpolated{Place: Place{t.start, t.end}, Verbatim: s.verbatim}
	at := s.bodyStart
	for _, h := range s.holes {
		n.add(p.text[at:h.open])
		hole := p.parseHole(&s, h)
		n.Parts = append(n.Parts, InterpolatedPart{Hole: hole})
		at = int(hole.To)
	}
	if at < s.bodyEnd {
		n.add(p.text[at:s.bodyEnd])
	}
	return n
}

// add appends a stretch of text as it is written.
func (n *Interpolated) add(raw string) {
	if raw == "" {
		return
	}
	n.Parts = append(n.Parts, InterpolatedPart{Text: interpText(raw, n.Verbatim, true)})
}

// interpText decodes text of an interpolated string; braces says whether a
// doubled brace is one.
func interpText(raw string, verbatim, braces bool) string {
	if braces && strings.ContainsAny(raw, "{}") {
		var b strings.Builder
		for i := 0; i < len(raw); i++ {
			b.WriteByte(raw[i])
			if (raw[i] == '{' || raw[i] == '}') && i+1 < len(raw) && raw[i+1] == raw[i] {
				i++
			}
		}
		raw = b.String()
	}
	if verbatim {
		return strings.ReplaceAll(raw, `""`, `"`)
	}
	return unescape(raw)
}

func (p *parser) parseHole(s *interpScanner, h holeRange) *Hole {
	hole := &Hole{Place: Place{int32(h.open), int32(s.bodyEnd)}}
	end := h.exprEnd
	switch {
	case h.close >= 0:
		hole.To = int32(h.close + 1)
	case h.colon < 0:
		hole.To = int32(h.exprEnd)
	}
	if h.colon >= 0 {
		hole.HasFormat = true
		formatEnd := h.close
		if formatEnd < 0 {
			formatEnd = s.bodyEnd
		}
		hole.Format = interpText(p.text[h.colon+1:formatEnd], s.verbatim, false)
		hole.Colon = Place{int32(h.colon), int32(formatEnd)}
	}
	if !s.verbatim && strings.ContainsAny(p.text[h.open:end], "\r\n") {
		p.report(problem{code: 8967, start: int32(h.open), end: int32(h.open + 1), arg: "7.3", arg2: "11.0"})
	}
	sc := scanner{text: p.text, pos: h.open + 1, end: end, hole: true}
	sc.run()
	inner := &parser{
		text: p.text, toks: sc.toks, errs: sc.errs, hole: true, holeFormat: h.colon >= 0,
		inAsync: p.inAsync, inQuery: p.inQuery, depth: p.depth, work: p.work, workLimit: p.workLimit, lastArrow: -1,
	}
	inner.findArrow()
	hole.Value = inner.holeExpr()
	if inner.try(tComma) {
		hole.Align = inner.holeExpr()
	}
	if inner.dead {
		p.tooComplex()
		return hole
	}
	p.errs = append(p.errs, inner.errs...)
	return hole
}

// holeExpr reads an expression of a hole; what is left over before the end or
// the comma is one error at the expression.
func (p *parser) holeExpr() Expr {
	start := p.start()
	x := p.parseExpr()
	if p.kind() == tEOF || p.kind() == tComma && p.toks[0].start == start {
		return x
	}
	stray := p.tokenText(p.tok())
	if p.prevEnd() > start {
		p.errorAt(1073, start, p.prevEnd(), stray)
	} else {
		p.errorMissing(1073, stray)
	}
	p.i = len(p.toks) - 1
	return x
}
