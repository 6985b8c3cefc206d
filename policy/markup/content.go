package markup

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/source"
)

// expressionEnd is the end of the expression that begins with the @ at start,
// by C#'s rules alone.
func expressionEnd(text string, start int) (int, bool) { return syntax.End(text, start) }

// isWholeExpression reports whether text, white space aside, is one expression
// from end to end.
func isWholeExpression(text string) bool {
	text = strings.Trim(text, space)
	if !startsExpression(text) {
		return false
	}
	end, ok := expressionEnd(text, 0)
	return ok && end == len(text)
}

// chars reads text up to the next markup: an expression, or literal text.
func (r *reader) chars() {
	start := r.pos
	broken := false
	i := skipSpace(r.text, start)
	if !r.strict && len(r.stack) > 0 && startsExpression(r.text[i:]) {
		r.pos, broken = r.textExpression(i)
	} else {
		r.pos = r.literalEnd(start)
	}
	s := source.Span{Start: start, End: r.pos}
	if len(r.stack) == 0 {
		if i < r.pos {
			r.outsideRoot(source.Span{Start: i, End: start + len(strings.TrimRight(r.text[start:r.pos], space))})
		}
		r.add(&Text{Value: decode(r.file, s, decoding{}), span: s, raw: r.typed(s)})
		return
	}
	t := &Text{Value: decode(r.file, s, decoding{entities: true}), span: s, raw: r.typed(s)}
	t.Value.Broken = broken
	if i < r.pos {
		r.checkText(&t.Value)
	}
	r.add(t)
}

// literalEnd is the end of literal text. A < that begins no markup is reported
// and passed over.
func (r *reader) literalEnd(start int) int {
	for i := start; ; {
		n := strings.IndexByte(r.text[i:], '<')
		if n < 0 {
			return len(r.text)
		}
		i += n
		if r.strict || r.beginsMarkup(i) {
			return i
		}
		r.problem(source.Span{Start: i, End: i + 1}, "syntax", "a < in text is written as &lt;")
		i++
	}
}

func (r *reader) beginsMarkup(i int) bool {
	rest := r.text[i+1:]
	return rest != "" && (isNameStart(firstRune(rest)) || strings.ContainsRune("/?", rune(rest[0])) ||
		strings.HasPrefix(rest, "!--") || strings.HasPrefix(rest, "![CDATA[") || typographicComment(r.text[i:]) > 0 ||
		len(rest) >= 8 && strings.EqualFold(rest[:8], "!doctype"))
}

// outsideRoot reports text before or after the root element.
func (r *reader) outsideRoot(s source.Span) {
	if r.strict {
		r.netError(s, "text-outside", "Data at the root level is invalid.")
		r.fatal = true
		return
	}
	if root := r.doc.Root; root != nil {
		r.problem(s, "text-outside", "text after the end of <%s>, which was opened at %s", root.Name, r.file.Position(root.span.Start))
		return
	}
	r.problem(s, "text-outside", "text before the root element")
}

// textExpression is the end of the text whose expression begins at i. It ends
// where C# says and a < must follow. An expression with entities in it may be
// readable only once they are decoded; then its element's end tag ends it.
func (r *reader) textExpression(i int) (end int, broken bool) {
	endTag := "</" + r.top().Name
	e, ok := expressionEnd(r.text, i)
	if ok {
		follows := skipSpace(r.text, e)
		if strings.HasPrefix(r.text[follows:], "<") && !strings.Contains(r.text[i:e], endTag) {
			return follows, false
		}
	}
	limit := len(r.text)
	if n := strings.Index(r.text[i:], endTag); n >= 0 {
		limit = i + n
	}
	if cut := r.text[i:limit]; strings.Contains(cut, "&") && isWholeExpression(unescape(cut)) {
		return limit, false
	}
	if ok {
		if e = skipSpace(r.text, e); strings.HasPrefix(r.text[e:], "<") {
			return e, false
		}
	}
	return limit, r.brokenExpression(i, limit, e, ok)
}

// brokenExpression reports the expression at i of a value that ends at limit;
// end and ok are what C# says about its end. A value that ends with the right
// bracket is left to the compiler, which can say better what is wrong in it.
func (r *reader) brokenExpression(i, limit, end int, ok bool) bool {
	value := strings.TrimRight(r.text[i:limit], space)
	switch {
	case ok && end < i+len(value):
		r.problem(source.Span{Start: end, End: i + len(value)}, "mixed-expression", "text after the end of the expression").
			WithHint("a value is either text or one expression; put them together inside it, as in @($\"...\")")
	case len(value) > 2 && value[len(value)-1] == closing(value[1]):
		r.found()
		return false
	default:
		r.problem(source.Span{Start: i, End: i + 2}, "unclosed-expression", "the expression is not closed; its %c is missing", closing(r.text[i+1])).
			WithHint("look for a quote or a bracket without its partner")
	}
	return true
}

func closing(open byte) byte {
	if open == '(' {
		return ')'
	}
	return '}'
}

// checkText looks at a finished value: entities, and expressions that are not
// the whole of it.
func (r *reader) checkText(v *Value) {
	if v.Broken {
		return
	}
	r.checkEntities(v.Span)
	if v.IsExpression() {
		if r.strict {
			r.checkExpression(v)
		}
		return
	}
	if r.top() != nil && r.top().isLiquid() {
		return
	}
	for _, open := range []string{"@(", "@{"} {
		i := strings.Index(v.Text, open)
		if i < 0 {
			continue
		}
		if end, ok := expressionEnd(v.Text, i); ok {
			r.warn(v.At(source.Span{Start: i, End: end}), "mixed-expression", "this stays text: an expression must be the whole value").
				WithHint("put text and expression together, as in @($\"...\")")
			return
		}
	}
}

// checkExpression sees to it, in the strict mode, that an expression is all of
// its value; the lenient mode knows by then.
func (r *reader) checkExpression(v *Value) {
	i := skipSpace(v.Text, 0)
	end, ok := expressionEnd(v.Text, i)
	rest := strings.TrimRight(v.Text, space)
	switch {
	case ok && end < len(rest):
		r.problem(v.At(source.Span{Start: end, End: len(rest)}), "mixed-expression", "text after the end of the expression").
			WithHint("a value is either text or one expression")
		v.Broken = true
	case !ok && rest[len(rest)-1] != closing(rest[i+1]):
		r.problem(v.At(source.Span{Start: i, End: i + 2}), "unclosed-expression", "the expression is not closed; its %c is missing", closing(rest[i+1]))
		v.Broken = true
	}
}

// checkEntities looks at every & of a span. A lenient reading takes one that
// is no entity for itself, as folders extracted from live services need;
// outside of an expression it is worth a warning.
func (r *reader) checkEntities(s source.Span) {
	text := r.text[s.Start:s.End]
	expression := startsExpression(strings.TrimLeft(text, space))
	for i := 0; i < len(text); i++ {
		if text[i] != '&' {
			continue
		}
		_, n := entityAt(text[i:])
		switch at := s.Start + i; {
		case n > 0:
			i += n - 1
		case r.strict:
			if !r.badEntity(at) {
				return
			}
			for i+1 < len(text) && text[i+1] == '&' {
				i++ // one && is one mistake
			}
		case !expression:
			r.warn(source.Span{Start: at, End: at + 1}, "bare-ampersand", "a & in text is written as &amp;")
		}
	}
}

// rawBody reads the content of a set-body. An expression, text, CDATA and
// comments are read as everywhere; content with markup in it is the body
// itself and taken exactly as it stands, up to the matching end tag.
func (r *reader) rawBody(e *Element) {
	start := r.pos
	if !r.holdsMarkup(start) {
		return
	}
	end := r.bodyEnd(start)
	if end < 0 {
		return // the unclosed element is reported by whoever comes next
	}
	r.pos = end
	r.addMarkup(e, source.Span{Start: start, End: end})
}

func (r *reader) addMarkup(e *Element, s source.Span) {
	v := decode(r.file, s, decoding{})
	e.Children = append(e.Children, &Text{Kind: Markup, Value: v, span: s, raw: r.typed(s)})
}

// holdsMarkup reports whether the content at i has a < other than those of
// comments, CDATA sections and the end tag.
func (r *reader) holdsMarkup(i int) bool {
	for {
		i = skipSpace(r.text, i)
		if startsExpression(r.text[i:]) {
			return false
		}
		n := strings.IndexByte(r.text[i:], '<')
		if n < 0 {
			return false
		}
		i += n
		next := r.skipSection(i)
		if next == i {
			return !r.isEndTag(i, bodyElement)
		}
		if i = next; i < 0 {
			return false
		}
	}
}

// bodyEnd is where the end tag of the set-body whose content begins at i
// stands, or -1. Nested ones are counted; comments and CDATA hide theirs.
func (r *reader) bodyEnd(i int) int {
	depth := 0
	for {
		n := strings.IndexByte(r.text[i:], '<')
		if n < 0 {
			return -1
		}
		i += n
		if next := r.skipSection(i); next != i {
			if i = next; i < 0 {
				return -1
			}
			continue
		}
		switch {
		case r.isEndTag(i, bodyElement):
			if depth == 0 {
				return i
			}
			depth--
		case strings.HasPrefix(r.text[i+1:], bodyElement) && !strings.HasSuffix(r.text[i:r.tagEnd(i)], "/>") && !isNameChar(firstRune(r.text[i+1+len(bodyElement):])):
			depth++
		}
		i++
	}
}

// tagEnd is the offset after the next > at or after i.
func (r *reader) tagEnd(i int) int {
	if n := strings.IndexByte(r.text[i:], '>'); n >= 0 {
		return i + n + 1
	}
	return len(r.text)
}

// skipSection is the offset after the comment or CDATA section at i, i when
// there is none, and -1 when it has no end.
func (r *reader) skipSection(i int) int {
	for _, m := range [...][2]string{{"<!--", "-->"}, {"<![CDATA[", "]]>"}} {
		if strings.HasPrefix(r.text[i:], m[0]) {
			n := strings.Index(r.text[i+len(m[0]):], m[1])
			if n < 0 {
				return -1
			}
			return i + len(m[0]) + n + len(m[1])
		}
	}
	return i
}

func (r *reader) isEndTag(i int, name string) bool {
	rest, ok := strings.CutPrefix(r.text[i:], "</"+name)
	return ok && (rest == "" || !isNameChar(firstRune(rest)))
}

// strictBody makes the content of a set-body that holds elements one text, the
// inner markup as typed; the elements have shown that it is well-formed.
func (r *reader) strictBody(e *Element, end int) {
	for range e.Elements() {
		e.Children = nil
		r.addMarkup(e, source.Span{Start: e.StartTag.End, End: end})
		return
	}
}
