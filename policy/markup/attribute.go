package markup

import (
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// attributes reads the rest of a start tag. It reports whether the element is
// closed right there.
func (r *reader) attributes(e *Element) (closed bool) {
	for !r.fatal {
		before := r.pos
		r.pos = skipSpace(r.text, before)
		lead := r.text[before:r.pos]
		switch {
		case r.pos >= len(r.text):
			r.unclosedTag(e)
			return false
		case r.at(">"):
			e.tail = lead
			r.pos++
			return false
		case r.at("/>"):
			e.tail = lead
			r.pos += 2
			return true
		case isNameStart(firstRune(r.text[r.pos:])):
			if lead == "" && !r.spaceMissing() {
				return false
			}
			r.attribute(e, lead)
		case !r.strict && r.at("/") && strings.HasPrefix(strings.TrimLeft(r.text[r.pos+1:], space), ">"):
			end := skipSpace(r.text, r.pos+1) + 1
			r.problem(source.Span{Start: r.pos, End: end}, "syntax", "white space between / and >")
			r.pos = end
			return true
		case r.strict && r.at("/"):
			r.unexpectedToken(r.pos+1, "'>'")
		case r.strict:
			r.badStartChar(r.pos)
		case r.at("<"):
			// The next element begins: the > of this one was forgotten.
			r.unclosedTag(e)
			return false
		default:
			r.strayInTag(e)
		}
	}
	return false
}

// unclosedTag reports a start tag without its >.
func (r *reader) unclosedTag(e *Element) {
	if r.strict {
		r.netError(r.here(r.pos), "unexpected-end", "Unexpected end of file while parsing Name has occurred.")
		r.fatal = true
		return
	}
	e.broken = true
	r.problem(e.NameSpan, "syntax", "the start tag <%s is not closed", e.Name).WithHint("end it with > or />")
	if r.pos >= len(r.text) {
		r.fatal = true
	}
}

// spaceMissing reports an attribute that follows a value without white space:
// in raw documents a small slip, in XML mostly the sign of raw quotes.
func (r *reader) spaceMissing() bool {
	if r.strict {
		r.netError(r.tokenAt(r.pos), "syntax", "'%s' is an unexpected token. Expecting white space.", r.token(r.pos)).
			WithHint("quotes inside an expression are written as &quot; in this format; rawxml takes them as they are")
		r.fatal = true
		return false
	}
	r.problem(r.tokenAt(r.pos), "syntax", "white space is missing before %s", r.token(r.pos))
	return true
}

// strayInTag reports what cannot stand in a start tag and goes on after it.
func (r *reader) strayInTag(e *Element) {
	start := r.pos
	for r.pos < len(r.text) && !strings.ContainsRune(space+"><", rune(r.text[r.pos])) && !r.at("/>") {
		r.pos++
	}
	r.problem(source.Span{Start: start, End: r.pos}, "syntax", "unexpected %s in the start tag of <%s>", r.text[start:r.pos], e.Name)
}

// attribute reads name="value".
func (r *reader) attribute(e *Element, lead string) {
	a := &Attr{lead: lead, Quote: '"'}
	a.Name, a.NameSpan = r.name()
	eqStart := r.pos
	i := skipSpace(r.text, r.pos)
	if !strings.HasPrefix(r.text[i:], "=") {
		r.pos = i
		if r.strict {
			r.unexpectedToken(i, "'='")
			return
		}
		r.pos = eqStart
		r.problem(a.NameSpan, "syntax", "attribute %s has no value", a.Name).WithHint("write %s=\"...\"", a.Name)
		a.Value = decode(r.file, r.here(eqStart), decoding{})
		a.Value.Broken = true
		r.addAttr(e, a)
		return
	}
	i = skipSpace(r.text, i+1)
	a.eq = r.text[eqStart:i]
	r.pos = i
	if !r.at("\"") && !r.at("'") {
		if r.strict {
			r.unexpectedToken(i, "'\"' or '''")
			return
		}
		r.unquoted(a)
		r.addAttr(e, a)
		return
	}
	a.Quote = r.text[i]
	start := i + 1
	end := r.valueEnd(a, start)
	if r.fatal {
		return
	}
	s := source.Span{Start: start, End: end.value}
	a.Value = r.attrValue(s)
	a.Value.Broken = end.broken
	a.raw = r.typed(s)
	if r.pos = end.next; !r.strict || r.valueFollowed() {
		r.checkText(&a.Value)
	} else {
		a.Value.Broken = true
	}
	e.broken = e.broken || end.next == end.value
	r.addAttr(e, a)
}

// attrValue decodes a value. White space becomes blanks in literals, as XML
// has it, and stays in expressions.
func (r *reader) attrValue(s source.Span) Value {
	v := decode(r.file, s, decoding{entities: true})
	if v.IsExpression() || !strings.ContainsAny(r.text[s.Start:s.End], "\t\r\n") {
		return v
	}
	return decode(r.file, s, decoding{entities: true, attr: true})
}

// unquoted reports a value without quotes and takes it up to the next white
// space or the end of the tag.
func (r *reader) unquoted(a *Attr) {
	start := r.pos
	for r.pos < len(r.text) && !strings.ContainsRune(space+"<>", rune(r.text[r.pos])) && !r.at("/>") {
		r.pos++
	}
	s := source.Span{Start: start, End: r.pos}
	if s.Len() == 0 {
		r.problem(a.NameSpan, "syntax", "attribute %s has no value", a.Name).WithHint("write %s=\"...\"", a.Name)
	} else {
		r.problem(s, "syntax", "the value of attribute %s has no quotes", a.Name).WithHint("write %s=\"%s\"", a.Name, r.text[s.Start:s.End])
	}
	a.Value = decode(r.file, s, decoding{entities: true})
	a.Value.Broken = true
}

// addAttr adds an attribute unless it is there already or there are too many.
func (r *reader) addAttr(e *Element, a *Attr) {
	a.span = source.Span{Start: a.NameSpan.Start, End: r.pos}
	if first := e.Attr(a.Name); first != nil {
		if r.strict {
			r.netError(a.NameSpan, "duplicate-attribute", "'%s' is a duplicate attribute name.", a.Name)
		} else {
			r.problem(a.NameSpan, "duplicate-attribute", "attribute %s is given twice; the first is at %s", a.Name, r.file.Position(first.NameSpan.Start))
		}
		return
	}
	if len(e.Attrs) == maxAttributes {
		r.problem(a.NameSpan, "too-many-attributes", "an element has more than %d attributes", maxAttributes)
		r.fatal = true
		return
	}
	e.Attrs = append(e.Attrs, a)
}

// valueEnd says where a value ends and where reading goes on: mostly behind
// its quote, which is missing in some of the broken ones.
type valueEnd struct {
	value, next int
	broken      bool
}

// closed is the end of a value whose quote stands at i.
func closed(i int) valueEnd { return valueEnd{value: i, next: i + 1} }

// valueEnd finds the end of the value that begins at start.
func (r *reader) valueEnd(a *Attr, start int) valueEnd {
	if i := skipSpace(r.text, start); !r.strict && startsExpression(r.text[i:]) {
		return r.expressionValueEnd(a, i)
	}
	first := -1
	if n := strings.IndexByte(r.text[start:], a.Quote); n >= 0 {
		first = start + n
	}
	if r.strict {
		return r.strictValueEnd(start, first)
	}
	return r.literalValueEnd(a, start, first)
}

// expressionValueEnd finds the end of a value whose expression begins at i: by
// C#'s rules on the text as typed, with the quote right after. Where the text
// has entities, the first quote may be the end although C# cannot tell on the
// text as typed (an apostrophe inside &quot;...&quot;); so that is tried first.
func (r *reader) expressionValueEnd(a *Attr, i int) valueEnd {
	if n := strings.IndexByte(r.text[i:], a.Quote); n >= 0 {
		if cut := r.text[i : i+n]; strings.Contains(cut, "&") && isWholeExpression(unescape(cut)) {
			return closed(i + n)
		}
	}
	e, ok := expressionEnd(r.text, i)
	if ok {
		if e = skipSpace(r.text, e); e < len(r.text) && r.text[e] == a.Quote {
			return closed(e)
		}
	}
	end := r.plausibleEnd(i, a.Quote)
	if end < 0 {
		return r.unclosedValue(a, i)
	}
	return valueEnd{end, end + 1, r.brokenExpression(i, end, e, ok)}
}

// plausibleEnd is the first quote at or after i that looks like the end of an
// attribute: the tag's end or another attribute follows.
func (r *reader) plausibleEnd(i int, quote byte) int {
	for ; i < len(r.text); i++ {
		if r.text[i] != quote {
			continue
		}
		j := skipSpace(r.text, i+1)
		rest := r.text[j:]
		if strings.HasPrefix(rest, "/>") || strings.HasPrefix(rest, ">") && startsContent(rest[1:]) {
			return i
		}
		if j == i+1 {
			continue
		}
		k := j
		for k < len(r.text) && isNameChar(rune(r.text[k])) {
			k++
		}
		if k = skipSpaceAfterName(r.text, j, k); k > 0 && k < len(r.text) && (r.text[k] == '"' || r.text[k] == '\'') {
			return i
		}
	}
	return -1
}

// skipSpaceAfterName is the offset after the = that follows the name from j to
// k, or -1.
func skipSpaceAfterName(text string, j, k int) int {
	if k == j {
		return -1
	}
	k = skipSpace(text, k)
	if k >= len(text) || text[k] != '=' {
		return -1
	}
	return skipSpace(text, k+1)
}

// startsContent reports whether text looks like the content of an element.
func startsContent(text string) bool {
	text = strings.TrimLeft(text, space)
	return text == "" || text[0] == '<' || startsExpression(text)
}

// literalValueEnd is the end of a literal value: the first quote, -1 if there
// is none. A < in it is a mistake, and when a > stands before it the closing
// quote was forgotten.
func (r *reader) literalValueEnd(a *Attr, start, first int) valueEnd {
	if first < 0 {
		return r.unclosedValue(a, start)
	}
	value := r.text[start:first]
	bracket := strings.IndexByte(value, '<')
	if bracket < 0 {
		return closed(first)
	}
	if strings.IndexByte(value[:bracket], '>') >= 0 {
		return r.unclosedValue(a, start)
	}
	r.problem(source.Span{Start: start + bracket, End: start + bracket + 1}, "syntax", "a < in an attribute is written as &lt;")
	return valueEnd{first, first + 1, true}
}

// unclosedValue reports a value without its closing quote. It is taken up to
// the end of the tag, where reading goes on.
func (r *reader) unclosedValue(a *Attr, start int) valueEnd {
	r.problem(a.NameSpan, "unclosed-value", "the value of attribute %s is not closed", a.Name).WithHint("its closing %c is missing", a.Quote)
	end := len(r.text)
	if n := strings.IndexByte(r.text[start:], '>'); n >= 0 {
		end = start + n
		if n > 0 && r.text[end-1] == '/' {
			end--
		}
	}
	return valueEnd{end, end, true}
}
