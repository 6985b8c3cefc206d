package markup

import (
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/source"
)

// The bounds of a document. Its size is an option, as APIM's own limit differs
// by tier; nothing real comes near the others.
const (
	DefaultMaxBytes = 512 << 10
	maxDepth        = 100
	maxAttributes   = 200
	// maxFindings ends the reading of a text that is mostly mistakes: every
	// one of them can cost a look at all the rest of the text.
	maxFindings = 200
)

// Options says how to read a document. The zero Options read a file.
type Options struct {
	// Format is Raw, which also reads XML and is lenient as APIM is with its
	// rawxml, or XML, which refuses what is not well-formed in the words of
	// .NET's XmlReader.
	Format Format
	// MaxBytes is the largest size accepted; 0 means DefaultMaxBytes.
	MaxBytes int
}

// Read reads a policy file. See Decode for the encodings and Parse for the
// rest.
func Read(name string, data []byte, o Options) (*Document, source.Problems) {
	if p := tooLarge(name, len(data), o); p != nil {
		return &Document{File: p.File, Format: o.Format}, source.Problems{p}
	}
	text, encoding, p := Decode(name, data)
	if p != nil {
		return &Document{File: p.File, Format: o.Format}, source.Problems{p}
	}
	if encoding != UTF8 {
		// The limit is meant for the file as it lies there; its UTF-8 form
		// may be half as large again.
		o.MaxBytes = max(o.MaxBytes, DefaultMaxBytes) * 2
	}
	return Parse(name, text, o)
}

// Parse reads the text of a policy document, fragment, or any other markup of
// that kind. It reports everything wrong at once, sorted by position, and goes
// on after each problem as well as can be; in the XML format, a mistake inside
// a tag ends it. The document is never nil, and complete enough for its
// elements to be looked at when there were problems; values that a problem was
// reported for are marked Broken.
func Parse(name, text string, o Options) (*Document, source.Problems) {
	if p := tooLarge(name, len(text), o); p != nil {
		return &Document{File: p.File, Format: o.Format}, source.Problems{p}
	}
	d := &Document{Format: o.Format}
	text, d.BOM = strings.CutPrefix(text, "\ufeff")
	d.File = source.NewFile(name, text)
	r := &reader{doc: d, file: d.File, text: text, strict: o.Format == XML}
	r.document()
	return d, r.problems.Sort()
}

func tooLarge(name string, size int, o Options) *source.Problem {
	limit := o.MaxBytes
	if limit == 0 {
		limit = DefaultMaxBytes
	}
	if size <= limit {
		return nil
	}
	return source.NewFile(name, "").Errorf(source.Span{}, "too-large", "the document has %d bytes; %d are allowed", size, limit)
}

// reader walks the text once, front to back.
type reader struct {
	doc      *Document
	file     *source.File
	text     string
	pos      int
	strict   bool
	problems source.Problems
	stack    []*Element
	// fatal ends the reading where going on would only make noise.
	fatal    bool
	findings int
	// crossed counts, by name, the elements that were taken as closed by
	// another one's end tag: their own, coming later, says nothing new.
	crossed map[string]int
	// prefixes counts the namespace declarations in force.
	prefixes map[string]int
}

// problem reports an error.
func (r *reader) problem(s source.Span, code, format string, args ...any) *source.Problem {
	p := r.file.Errorf(s, code, format, args...)
	r.problems = append(r.problems, p)
	r.found()
	return p
}

// warn reports a warning, up to a number that nobody reads to its end.
func (r *reader) warn(s source.Span, code, format string, args ...any) *source.Problem {
	p := r.file.Warnf(s, code, format, args...)
	if len(r.problems) < 2*maxFindings {
		r.problems = append(r.problems, p)
	}
	return p
}

// found counts what may have cost a look at the rest of the text.
func (r *reader) found() {
	if r.findings++; r.findings == maxFindings {
		r.fatal = true
		r.problem(r.here(r.pos), "too-many-problems", "too many mistakes; the rest was not looked at")
	}
}

// document is the whole text: prolog, root, and what may follow it.
func (r *reader) document() {
	r.checkCharacters()
	if strings.HasPrefix(r.text, "\u00ef\u00bb\u00bf") {
		r.problem(source.Span{End: len("\u00ef\u00bb\u00bf")}, "encoding", "byte-order mark decoded as Latin-1").
			WithHint("read the file as UTF-8")
		r.pos = len("\u00ef\u00bb\u00bf")
	}
	r.declaration()
	for r.pos < len(r.text) && !r.fatal {
		if r.text[r.pos] == '<' && r.markup() {
			continue
		}
		r.chars()
	}
	if r.fatal {
		r.closeAll()
		return
	}
	r.endOfFile()
}

// checkCharacters reports characters that no XML document can hold.
func (r *reader) checkCharacters() {
	for i, c := range r.text {
		if isXMLChar(c) && c != utf8.RuneError {
			continue
		}
		size := utf8.RuneLen(c)
		if c == utf8.RuneError {
			if _, size = utf8.DecodeRuneInString(r.text[i:]); size != 1 {
				continue // a replacement character that was typed
			}
		}
		s := source.Span{Start: i, End: i + size}
		if r.strict {
			shown := string(c)
			if c == 0 {
				shown = "."
			}
			r.netError(s, "bad-character", "'%s', hexadecimal value 0x%02X, is an invalid character.", shown, c)
			r.fatal = true
			return
		}
		if r.findings < source.MaxProblems {
			r.problem(s, "bad-character", "character U+%04X is not allowed in a document", c)
		}
	}
}

// declaration reads <?xml ... ?> at the very start.
func (r *reader) declaration() {
	if !r.at("<?xml") || r.pos+5 < len(r.text) && isNameChar(rune(r.text[r.pos+5])) {
		return
	}
	start := r.pos
	end := strings.Index(r.text[start:], "?>")
	if end < 0 {
		s := source.Span{Start: start, End: start + 5}
		if r.strict {
			r.netError(r.here(len(r.text)), "unexpected-end", "Unexpected end of file while parsing XML declaration has occurred.")
		} else {
			r.problem(s, "unexpected-end", "the XML declaration is not closed").WithHint("end it with ?>")
		}
		r.fatal = true
		return
	}
	r.pos = start + end + 2
	s := source.Span{Start: start, End: r.pos}
	r.doc.Nodes = append(r.doc.Nodes, &Declaration{Text: r.text[s.Start:s.End], span: s})
}

// markup reads what begins with the < at pos. It reports false, having read
// nothing, when a lenient reading takes that < for text.
func (r *reader) markup() bool {
	rest := r.text[r.pos:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		r.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		r.cdata()
	case strings.HasPrefix(rest, "</"):
		r.endTag()
	case strings.HasPrefix(rest, "<?"):
		r.instruction()
	case len(rest) >= 9 && strings.EqualFold(rest[:9], "<!doctype"):
		r.doctype()
	case !r.strict && typographicComment(rest) > 0:
		r.comment()
	case len(rest) > 1 && isNameStart(firstRune(rest[1:])):
		r.startTag()
	case r.strict:
		r.strayBracket()
	default:
		return false
	}
	return true
}

// add puts a node where it belongs: into the innermost open element, or beside
// the root.
func (r *reader) add(n Node) {
	if len(r.stack) > 0 {
		e := r.stack[len(r.stack)-1]
		e.Children = append(e.Children, n)
		return
	}
	r.doc.Nodes = append(r.doc.Nodes, n)
}

func (r *reader) top() *Element {
	if len(r.stack) == 0 {
		return nil
	}
	return r.stack[len(r.stack)-1]
}

// startTag reads a start tag, and the content too where that is taken as it
// stands.
func (r *reader) startTag() {
	start := r.pos
	r.pos++
	e := &Element{File: r.file}
	e.Name, e.NameSpan = r.name()
	if r.strict && !r.nameFollowed() {
		return
	}
	closed := r.attributes(e)
	if r.fatal {
		e.span = source.Span{Start: start, End: r.pos}
		r.open(e)
		return
	}
	e.StartTag = source.Span{Start: start, End: r.pos}
	e.span = e.StartTag
	e.SelfClosing = closed
	r.checkPrefixes(e)
	r.open(e)
	if r.fatal {
		return
	}
	if closed {
		r.pop()
	} else if e.Name == bodyElement && !r.strict {
		r.rawBody(e)
	}
}

// open puts an element on the stack, a second root included: it is reported
// and read, so that problems inside it are found as well.
func (r *reader) open(e *Element) {
	if len(r.stack) == 0 {
		switch {
		case r.doc.Root == nil:
			r.doc.Root = e
		case r.strict:
			r.netError(e.NameSpan, "two-roots", "There are multiple root elements.")
			r.fatal = true
		default:
			r.problem(e.NameSpan, "two-roots", "<%s> is a second root element; <%s> at %s is the first", e.Name, r.doc.Root.Name, r.file.Position(r.doc.Root.span.Start))
		}
	}
	if len(r.stack) == maxDepth {
		r.problem(e.NameSpan, "too-deep", "elements are nested more than %d deep", maxDepth)
		r.fatal = true
	}
	r.add(e)
	r.stack = append(r.stack, e)
}

// pop takes the innermost element off the stack.
func (r *reader) pop() {
	e := r.top()
	r.stack = r.stack[:len(r.stack)-1]
	for _, a := range e.Attrs {
		if p, ok := declaredPrefix(a.Name); ok && r.prefixes[p] > 0 {
			r.prefixes[p]--
		}
	}
}

// endTag reads </name> and closes what it names.
func (r *reader) endTag() {
	start := r.pos
	r.pos += 2
	name, nameSpan := r.name()
	if name == "" && r.strict {
		r.badStartChar(r.pos)
		return
	}
	r.pos = skipSpace(r.text, r.pos)
	if !r.at(">") {
		if r.strict {
			r.unexpectedToken(r.pos, "'>'")
			return
		}
		r.problem(source.Span{Start: start, End: r.pos}, "syntax", "the end tag </%s is not closed", name).WithHint("end it with >")
		if i := strings.IndexAny(r.text[r.pos:], "<>"); i >= 0 && r.text[r.pos+i] == '>' {
			r.pos += i + 1
		}
	} else {
		r.pos++
	}
	at := len(r.stack) - 1
	for at >= 0 && r.stack[at].Name != name {
		at--
	}
	if at < len(r.stack)-1 || at < 0 {
		if r.strict {
			r.crossedStrict(name, nameSpan)
			return
		}
		if at < 0 && !r.closesNothing(name, source.Span{Start: start, End: r.pos}) {
			return
		}
		for at >= 0 && len(r.stack)-1 > at {
			r.implyEnd(name, start)
		}
	}
	e := r.top()
	e.span.End = r.pos
	e.endTag = r.text[start:r.pos]
	r.pop()
	if r.strict && e.Name == bodyElement {
		r.strictBody(e, start)
	}
}

// implyEnd closes the innermost element at the end tag of another one.
func (r *reader) implyEnd(by string, at int) {
	e := r.top()
	if !e.broken {
		r.problem(e.StartTag, "unclosed-element", "<%s> is not closed before </%s> at %s", e.Name, by, r.file.Position(at))
	}
	if r.crossed == nil {
		r.crossed = map[string]int{}
	}
	r.crossed[e.Name]++
	e.span.End = at
	r.pop()
}

// closesNothing reports an end tag whose name no open element has. It reports
// true when it is the innermost element's all the same, its name mistyped.
func (r *reader) closesNothing(name string, s source.Span) bool {
	e := r.top()
	switch {
	case e == nil:
		r.problem(s, "crossed-element", "</%s> closes nothing", name)
	case r.crossed[name] > 0:
		r.crossed[name]--
	case source.Distance(name, e.Name) <= 2:
		r.problem(s, "crossed-element", "</%s> does not match <%s> at %s", name, e.Name, r.file.Position(e.span.Start))
		return true
	default:
		r.problem(s, "crossed-element", "</%s> closes nothing; <%s> at %s is open", name, e.Name, r.file.Position(e.span.Start))
	}
	return false
}

// crossedStrict is an end tag that is not the innermost element's: .NET stops
// there.
func (r *reader) crossedStrict(name string, s source.Span) {
	r.fatal = true
	e := r.top()
	if e == nil {
		r.netError(s, "crossed-element", "Unexpected end tag.")
		return
	}
	open := r.file.Position(e.NameSpan.Start)
	r.netError(s, "crossed-element", "The '%s' start tag on line %d position %d does not match the end tag of '%s'.", e.Name, open.Line, open.Column, name)
}

// endOfFile reports elements that are still open and a missing root.
func (r *reader) endOfFile() {
	end := r.here(len(r.text))
	if len(r.stack) > 0 {
		if r.strict {
			var names []string
			for i := len(r.stack) - 1; i >= 0; i-- {
				names = append(names, r.stack[i].Name)
			}
			r.netError(end, "unclosed-element", "Unexpected end of file has occurred. The following elements are not closed: %s.", strings.Join(names, ", "))
		} else {
			for _, e := range r.stack {
				if e.broken {
					continue
				}
				r.problem(e.StartTag, "unclosed-element", "<%s> is not closed", e.Name).WithHint("add </%s>", e.Name)
			}
		}
		r.closeAll()
		return
	}
	if r.doc.Root == nil && !r.problems.HasErrors() {
		if r.strict {
			r.problem(end, "no-root", "Root element is missing.")
		} else {
			r.problem(end, "no-root", "the document has no root element")
		}
	}
}

// closeAll ends the open elements where the reading ended.
func (r *reader) closeAll() {
	for len(r.stack) > 0 {
		r.top().span.End = r.pos
		r.pop()
	}
}

// comment reads a comment. Lenient reading takes anything inside, and marks
// that a word processor has turned into dashes.
func (r *reader) comment() {
	start := r.pos
	mark := 4
	typographic := false
	if !r.at("<!--") {
		mark, typographic = typographicComment(r.text[start:]), true
	}
	body := start + mark
	length, closing := strings.Index(r.text[body:], "-->"), 3
	if !r.strict {
		if n, c := typographicEnd(r.text[body:], length, typographic); c > 0 {
			length, closing, typographic = n, c, true
		}
	}
	if length < 0 {
		if r.strict {
			r.netError(r.here(len(r.text)), "unexpected-end", "Unexpected end of file while parsing Comment has occurred.")
		} else {
			r.problem(source.Span{Start: start, End: body}, "unexpected-end", "the comment is not closed").WithHint("end it with -->")
		}
		r.pos = len(r.text)
		r.fatal = true
		return
	}
	text := r.text[body : body+length]
	r.pos = body + length + closing
	s := source.Span{Start: start, End: r.pos}
	if r.strict {
		if i := strings.Index(text+"-", "--"); i >= 0 {
			r.netError(source.Span{Start: body + i, End: body + i + 2}, "bad-comment", "An XML comment cannot contain '--', and '-' cannot be the last character.")
		}
	} else if typographic {
		r.found()
		r.warn(s, "typographic-comment", "the marks of this comment are not hyphens").WithHint("write <!-- and -->")
	}
	r.add(&Comment{Text: text, span: s, raw: r.typed(s)})
}

// typographicComment is the length of a comment's opening mark in which
// hyphens have become dashes, else 0.
func typographicComment(text string) int {
	rest, ok := strings.CutPrefix(text, "<!")
	if !ok {
		return 0
	}
	n := 0
	for _, c := range rest {
		if c != '–' && c != '—' && c != '-' || n == 2 {
			break
		}
		n++
	}
	if n == 0 || strings.HasPrefix(rest, "-") && n == 1 {
		return 0
	}
	return 2 + len(string([]rune(rest[:min(len(rest), 8)])[:n]))
}

// typographicEnd finds a closing mark in which hyphens have become a dash. It
// counts for a comment that was opened so, or when the proper mark, at proper,
// belongs to a later comment or is missing.
func typographicEnd(text string, proper int, opened bool) (at, length int) {
	limit := proper
	if limit < 0 {
		limit = len(text)
	}
	best := -1
	for _, mark := range []string{"—>", "–>"} {
		if i := strings.Index(text[:limit], mark); i >= 0 && (best < 0 || i < best) {
			best, length = i, len(mark)
		}
	}
	if best < 0 || !opened && proper >= 0 && !strings.Contains(text[best:proper], "<!-") {
		return 0, 0
	}
	at = best
	for strings.HasSuffix(text[:at], "-") {
		at, length = at-1, length+1
	}
	return at, length
}

// cdata reads a CDATA section. In the lenient mode an expression in it ends
// where C# says, so that a[b[0]]>1 does not end the section.
func (r *reader) cdata() {
	start := r.pos
	body := start + len("<![CDATA[")
	if len(r.stack) == 0 {
		r.outsideRoot(source.Span{Start: start, End: body})
	}
	length := strings.Index(r.text[body:], "]]>")
	if i := skipSpace(r.text, body); !r.strict && startsExpression(r.text[i:]) {
		if end, ok := expressionEnd(r.text, i); ok {
			if end = skipSpace(r.text, end); strings.HasPrefix(r.text[end:], "]]>") {
				length = end - body
			}
		}
	}
	if length < 0 {
		if r.strict {
			r.netError(r.here(len(r.text)), "unexpected-end", "Unexpected end of file while parsing CDATA has occurred.")
		} else {
			r.problem(source.Span{Start: start, End: body}, "unexpected-end", "the CDATA section is not closed").WithHint("end it with ]]>")
		}
		r.pos = len(r.text)
		r.fatal = true
		return
	}
	s := source.Span{Start: start, End: body + length + 3}
	r.pos = s.End
	r.add(&Text{
		Kind:  CDATA,
		Value: decode(r.file, source.Span{Start: body, End: body + length}, decoding{}),
		span:  s, raw: r.typed(s),
	})
}

// instruction refuses a processing instruction and skips it.
func (r *reader) instruction() {
	start := r.pos
	end := strings.Index(r.text[start:], "?>")
	if end < 0 {
		r.pos = len(r.text)
	} else {
		r.pos = start + end + 2
	}
	s := source.Span{Start: start, End: r.pos}
	isDeclaration := strings.HasPrefix(r.text[start:], "<?xml") && start+5 < len(r.text) && !isNameChar(rune(r.text[start+5]))
	switch {
	case isDeclaration && r.strict:
		r.netError(r.here(start+2), "syntax", "Unexpected XML declaration. The XML declaration must be the first node in the document, and no white space characters are allowed to appear before it.")
	case isDeclaration:
		r.problem(s, "syntax", "the XML declaration is not at the very start of the document").WithHint("remove what stands before it, white space included")
	default:
		r.problem(s, "processing-instruction", "processing instructions are not allowed in policy documents")
	}
}

// doctype refuses a document type. Nothing after it can be trusted to mean
// what it says, so the reading ends there.
func (r *reader) doctype() {
	s := source.Span{Start: r.pos, End: r.pos + len("<!DOCTYPE")}
	if r.strict {
		r.problem(s, "doctype", "For security reasons DTD is prohibited in this XML document. To enable DTD processing set the DtdProcessing property on XmlReaderSettings to Parse and pass the settings into XmlReader.Create method.")
	} else {
		r.problem(s, "doctype", "a document type (<!DOCTYPE>) is not allowed in policy documents")
	}
	r.fatal = true
}

// at reports whether s stands at pos.
func (r *reader) at(s string) bool { return strings.HasPrefix(r.text[r.pos:], s) }

// here is the empty span at an offset.
func (r *reader) here(i int) source.Span { return source.Span{Start: i, End: i} }

// typed is the source of a span.
func (r *reader) typed(s source.Span) typed {
	return typed{r.text[s.Start:s.End], r.doc.Format, true}
}

// name reads a name at pos; it is empty when there is none.
func (r *reader) name() (string, source.Span) {
	start := r.pos
	for i, c := range r.text[start:] {
		if i == 0 && !isNameStart(c) || !isNameChar(c) {
			break
		}
		r.pos = start + i + utf8.RuneLen(c)
	}
	s := source.Span{Start: start, End: r.pos}
	return r.text[start:r.pos], s
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}

// isNameStart and isNameChar are XML 1.0's (fifth edition) characters of names.
func isNameStart(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' ||
		c >= 0xc0 && c <= 0x2ff && c != 0xd7 && c != 0xf7 || c >= 0x370 && c <= 0x1fff && c != 0x37e ||
		c == 0x200c || c == 0x200d || c >= 0x2070 && c <= 0x218f || c >= 0x2c00 && c <= 0x2fef ||
		c >= 0x3001 && c <= 0xd7ff || c >= 0xf900 && c <= 0xfdcf || c >= 0xfdf0 && c < utf8.RuneError ||
		c >= 0x10000 && c <= 0xeffff
}

func isNameChar(c rune) bool {
	return isNameStart(c) || c >= '0' && c <= '9' || c == '-' || c == '.' || c == 0xb7 ||
		c >= 0x300 && c <= 0x36f || c == 0x203f || c == 0x2040
}
