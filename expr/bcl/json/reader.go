package json

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/value"
)

// mark is what a reader has just read: a JsonToken.
type mark uint8

const (
	noMark mark = iota
	startObject
	startArray
	startConstructor
	propertyName
	comment
	rawMark
	integer
	float
	stringMark
	boolean
	null
	undefined
	endObject
	endArray
	endConstructor
	date
	bytesMark
)

var markNames = [...]string{"None", "StartObject", "StartArray", "StartConstructor", "PropertyName", "Comment", "Raw", "Integer", "Float", "String", "Boolean", "Null", "Undefined", "EndObject", "EndArray", "EndConstructor", "Date", "Bytes"}

func (m mark) String() string { return markNames[m] }

// source is what tokens and .NET values are made from: JSON text, or tokens.
type source interface {
	// next reads on; false is the end.
	next() bool
	// mark and val are what was read last.
	mark() mark
	val() value.Value
	// depth is the number of containers that are open around it.
	depth() int
	path() string
	// at is the line and column reached; a line of 0 with ok false says that there
	// is no text.
	at() (line, column int, ok bool)
	thread() *value.Thread
}

// blame is a message with the place that a source has reached.
func blame(r source, message string) (string, where) {
	if !strings.HasSuffix(message, "\n") {
		message = strings.TrimSpace(message)
		if !strings.HasSuffix(message, ".") {
			message += "."
		}
		message += " "
	}
	w := where{path: r.path()}
	message += "Path '" + w.path + "'"
	if line, column, ok := r.at(); ok {
		w.line, w.column = line, column
		message += ", line " + strconv.Itoa(line) + ", position " + strconv.Itoa(column)
	}
	return message + ".", w
}

func readerError(r source, message string) {
	message, w := blame(r, message)
	raise(r.thread(), JsonReaderExceptionDef, message, nil, w)
}

// phase is what a reader of text expects.
type phase uint8

const (
	atStart phase = iota
	atProperty
	inObjectStart
	inObject
	inArrayStart
	inArray
	inConstructorStart
	inConstructor
	afterValue
	finished
)

// level is an open container, and the path within it.
type level struct {
	kind  Kind // None at the top
	index int
	name  string
}

func (l *level) step() step { return step{name: l.name, index: l.index, named: l.kind == ObjectKind} }

// MaxDepth is how deeply JSON may nest, Json.NET's default.
const MaxDepth = 64

// reader reads JSON text the way JsonTextReader does. The text is WTF-8; its
// positions count UTF-16 units.
type reader struct {
	t         *value.Thread
	s         string
	i         int
	ascii     bool
	line      int
	lineStart int
	// counted units of the line up to the byte countedTo, so that columns of long
	// lines are not counted from their start each time.
	counted, countedTo int

	phase phase
	tok   mark
	v     value.Value
	cur   level
	stack []level
	// tooDeep says that the depth has been complained about.
	tooDeep bool
	slab    slab
}

func newReader(t *value.Thread, s string) *reader {
	return &reader{t: t, s: s, ascii: value.IsASCII(s), line: 1}
}

func (r *reader) mark() mark            { return r.tok }
func (r *reader) val() value.Value      { return r.v }
func (r *reader) thread() *value.Thread { return r.t }

func (r *reader) depth() int {
	n := len(r.stack)
	if r.tok == startObject || r.tok == startArray || r.tok == startConstructor || r.cur.kind == None {
		return n
	}
	return n + 1
}

func (r *reader) path() string {
	if r.cur.kind == None {
		return ""
	}
	var b strings.Builder
	for i := range r.stack {
		r.stack[i].step().write(&b)
	}
	if r.phase != inArrayStart && r.phase != inConstructorStart && r.phase != inObjectStart {
		r.cur.step().write(&b)
	}
	return b.String()
}

func (r *reader) column() int {
	if r.ascii {
		return r.i - r.lineStart
	}
	if r.countedTo < r.lineStart || r.countedTo > r.i {
		r.counted, r.countedTo = 0, r.lineStart
	}
	r.counted += value.Length(r.s[r.countedTo:r.i])
	r.countedTo = r.i
	return r.counted
}

func (r *reader) at() (line, column int, ok bool) {
	column = r.column()
	if r.phase == atStart && column == 0 && r.tok != comment {
		return 0, column, true
	}
	return r.line, column, true
}

func (r *reader) fail(message string) { readerError(r, message) }

// char is the UTF-16 unit at the reader, as text for a message. Behind the end
// stands a NUL.
func (r *reader) char() string {
	if r.i >= len(r.s) {
		return "\x00"
	}
	return value.UnitString(value.TextOf(r.s[r.i:min(len(r.s), r.i+4)]).At(0))
}

// peek is the byte at the reader, NUL at the end.
func (r *reader) peek() byte {
	if r.i < len(r.s) {
		return r.s[r.i]
	}
	return 0
}

// unit is the character at the reader, a lone surrogate being one.
func (r *reader) unit() (rune, int) {
	if c := r.s[r.i]; c < 0x80 {
		return rune(c), 1
	}
	return value.DecodeRune(r.s[r.i:])
}

func (r *reader) newLine() {
	r.i++
	r.line++
	r.lineStart = r.i
}

// carriageReturn takes CR or CR LF. As in Json.NET a LF that is the last
// character of all counts as a line of its own.
func (r *reader) carriageReturn() {
	r.i++
	if r.i+1 < len(r.s) && r.s[r.i] == '\n' {
		r.i++
	}
	r.line++
	r.lineStart = r.i
}

// blank skips one character if it is white space, or a NUL.
func (r *reader) blank() bool {
	switch c := r.s[r.i]; {
	case c == ' ' || c == '\t' || c == 0 || c == '\v' || c == '\f':
		r.i++
	case c == '\n':
		r.newLine()
	case c == '\r':
		r.carriageReturn()
	case c >= 0x80:
		u, n := r.unit()
		if !unicode.IsSpace(u) {
			return false
		}
		r.i += n
	default:
		return false
	}
	return true
}

func (r *reader) space() {
	for r.i < len(r.s) && r.blank() {
	}
}

// set notes what was read, and what may follow.
func (r *reader) set(m mark, v value.Value) {
	r.tok, r.v = m, v
	switch m {
	case startObject:
		r.phase = inObjectStart
		r.push(ObjectKind)
	case startArray:
		r.phase = inArrayStart
		r.push(ArrayKind)
	case startConstructor:
		r.phase = inConstructorStart
		r.push(ConstructorKind)
	case endObject:
		r.close(ObjectKind)
	case endArray:
		r.close(ArrayKind)
	case endConstructor:
		r.close(ConstructorKind)
	case propertyName:
		r.phase = atProperty
		r.cur.name = v.Str()
	case comment, noMark:
	default:
		r.after()
		r.advance()
	}
}

// after is the phase behind a value.
func (r *reader) after() {
	if r.cur.kind != None {
		r.phase = afterValue
	} else {
		r.phase = finished
	}
}

func (r *reader) advance() {
	if r.cur.kind == ArrayKind || r.cur.kind == ConstructorKind {
		r.cur.index++
	}
}

func (r *reader) push(k Kind) {
	r.advance()
	if r.cur.kind != None {
		r.stack = append(r.stack, r.cur)
	}
	r.cur = level{kind: k, index: -1}
	if r.depth()+1 > MaxDepth && !r.tooDeep {
		r.tooDeep = true
		r.fail("The reader's MaxDepth of 64 has been exceeded.")
	}
}

func (r *reader) close(k Kind) {
	open := r.cur.kind
	if n := len(r.stack); n > 0 {
		r.cur = r.stack[n-1]
		r.stack = r.stack[:n-1]
	} else {
		r.cur = level{}
	}
	if open != k {
		name := "EndObject"
		switch k {
		case ArrayKind:
			name = "EndArray"
		case ConstructorKind:
			name = "EndConstructor"
		}
		r.fail("JsonToken " + name + " is not valid for closing JsonType " + open.String() + ".")
	}
	r.after()
}

// back is the phase behind a comma.
func (r *reader) back() {
	switch r.cur.kind {
	case ObjectKind:
		r.phase = inObject
	case ArrayKind:
		r.phase = inArray
	case ConstructorKind:
		r.phase = inConstructor
	default:
		r.phase = finished
	}
}

func (r *reader) next() bool {
	r.t.Step(1)
	for {
		switch r.phase {
		case inObject, inObjectStart:
			return r.object()
		case afterValue:
			if r.postValue() {
				return true
			}
		case finished:
			r.space()
			if r.i >= len(r.s) {
				r.tok, r.v = noMark, value.Null
				return false
			}
			if r.s[r.i] == '/' {
				r.comment()
				return true
			}
			r.fail("Additional text encountered after finished reading JSON content: " + r.char() + ".")
		default:
			return r.value()
		}
	}
}

// postValue reads what may stand behind a value; false says that a comma was
// read, or that the text is at its end.
func (r *reader) postValue() bool {
	for {
		if r.i >= len(r.s) {
			r.phase = finished
			return false
		}
		switch r.s[r.i] {
		case '}':
			r.i++
			r.set(endObject, value.Null)
			return true
		case ']':
			r.i++
			r.set(endArray, value.Null)
			return true
		case ')':
			r.i++
			r.set(endConstructor, value.Null)
			return true
		case '/':
			r.comment()
			return true
		case ',':
			r.i++
			r.back()
			return false
		default:
			if !r.blank() {
				r.fail("After parsing a value an unexpected character was encountered: " + r.char() + ".")
			}
		}
	}
}

func (r *reader) object() bool {
	for r.i < len(r.s) {
		switch r.s[r.i] {
		case '}':
			r.i++
			r.set(endObject, value.Null)
			return true
		case '/':
			r.comment()
			return true
		default:
			if !r.blank() {
				r.property()
				return true
			}
		}
	}
	return false
}

func identifier(u rune) bool {
	return u < 0x10000 && (unicode.IsLetter(u) || unicode.IsDigit(u) || u == '_' || u == '$')
}

func (r *reader) property() {
	var name string
	c := r.s[r.i]
	if c == '"' || c == '\'' {
		r.i++
		name = r.quoted(c)
	} else {
		u, n := r.unit()
		if !identifier(u) {
			r.fail("Invalid property identifier character: " + r.char() + ".")
		}
		start := r.i
		for identifier(u) {
			r.i += n
			if r.i >= len(r.s) {
				r.fail("Unexpected end while parsing unquoted property name.")
			}
			u, n = r.unit()
		}
		if u != ':' && !unicode.IsSpace(u) {
			r.fail("Invalid JavaScript property identifier character: " + r.char() + ".")
		}
		name = r.s[start:r.i]
	}
	r.space()
	if r.peek() != ':' {
		r.fail("Invalid character after parsing property name. Expected ':' but got: " + r.char() + ".")
	}
	r.i++
	r.set(propertyName, value.String(name))
}

func (r *reader) value() bool {
	for r.i < len(r.s) {
		switch c := r.s[r.i]; c {
		case '"', '\'':
			r.i++
			r.readText(r.quoted(c))
			return true
		case 't':
			r.word("true", "boolean", boolean, value.True)
			return true
		case 'f':
			r.word("false", "boolean", boolean, value.False)
			return true
		case 'n':
			if r.i+1 >= len(r.s) {
				r.i++
				r.fail("Unexpected end when reading JSON.")
			}
			switch r.s[r.i+1] {
			case 'u':
				r.word("null", "null", null, value.Null)
			case 'e':
				r.constructor()
			default:
				r.unexpected()
			}
			return true
		case 'N':
			r.word("NaN", "NaN", float, value.Double(nan))
			return true
		case 'I':
			r.word("Infinity", "Infinity", float, value.Double(inf))
			return true
		case '-':
			if r.i+1 < len(r.s) && r.s[r.i+1] == 'I' {
				r.word("-Infinity", "-Infinity", float, value.Double(-inf))
			} else {
				r.number()
			}
			return true
		case '/':
			r.comment()
			return true
		case 'u':
			r.word("undefined", "undefined", undefined, value.Null)
			return true
		case '{':
			r.i++
			r.set(startObject, value.Null)
			return true
		case '[':
			r.i++
			r.set(startArray, value.Null)
			return true
		case ']':
			r.i++
			r.set(endArray, value.Null)
			return true
		case ',':
			// Nothing before a comma: the comma itself is read with what follows.
			r.set(undefined, value.Null)
			return true
		case ')':
			r.i++
			r.set(endConstructor, value.Null)
			return true
		default:
			if r.blank() {
				continue
			}
			if u, _ := r.unit(); c >= '0' && c <= '9' || c == '.' || c >= 0x80 && unicode.IsNumber(u) {
				r.number()
				return true
			}
			r.unexpected()
		}
	}
	return false
}

func (r *reader) unexpected() {
	r.fail("Unexpected character encountered while parsing value: " + r.char() + ".")
}

// word reads one of the words of JSON; what is what messages call it.
func (r *reader) word(w, what string, m mark, v value.Value) {
	if r.match(w) && r.separated() {
		r.set(m, v)
		return
	}
	r.fail("Error parsing " + what + " value.")
}

// match takes a word, or goes to the first character that differs.
func (r *reader) match(w string) bool {
	if len(r.s)-r.i < len(w) {
		r.i = len(r.s)
		r.fail("Unexpected end when reading JSON.")
	}
	for k := range len(w) {
		if r.s[r.i+k] != w[k] {
			r.i += k
			return false
		}
	}
	r.i += len(w)
	return true
}

// separated reports whether a word has ended.
func (r *reader) separated() bool {
	if r.i >= len(r.s) {
		return true
	}
	switch c := r.s[r.i]; c {
	case '}', ']', ',', 0:
		return true
	case '/':
		return r.i+1 < len(r.s) && (r.s[r.i+1] == '*' || r.s[r.i+1] == '/')
	case ')':
		return r.phase == inConstructor || r.phase == inConstructorStart
	}
	u, _ := r.unit()
	return unicode.IsSpace(u)
}

func (r *reader) constructor() {
	if !r.match("new") || !r.separated() {
		r.fail("Unexpected content while parsing JSON.")
	}
	r.space()
	start := r.i
	end := -1
	for end < 0 {
		if r.i >= len(r.s) {
			r.fail("Unexpected end while parsing constructor.")
		}
		u, n := r.unit()
		switch {
		case u < 0x10000 && (unicode.IsLetter(u) || unicode.IsDigit(u)):
			r.i += n
		case u == '(':
			end = r.i
		case u == 0 || unicode.IsSpace(u):
			end = r.i
			r.blank()
		default:
			r.fail("Unexpected character while parsing constructor: " + r.char() + ".")
		}
	}
	name := r.s[start:end]
	r.space()
	if r.peek() != '(' {
		r.fail("Unexpected character while parsing constructor: " + r.char() + ".")
	}
	r.i++
	r.set(startConstructor, value.String(name))
}

func (r *reader) comment() {
	r.i++
	if r.i+1 >= len(r.s) {
		r.fail("Unexpected end while parsing comment.")
	}
	c := r.s[r.i]
	if c != '*' && c != '/' {
		r.fail("Error parsing comment. Expected: *, got " + r.char() + ".")
	}
	r.i++
	start := r.i
	for {
		if r.i >= len(r.s) {
			if c == '*' {
				r.fail("Unexpected end while parsing comment.")
			}
			break
		}
		k := r.s[r.i]
		if c == '/' && (k == '\n' || k == '\r') {
			break
		}
		switch k {
		case '*':
			r.i++
			if c == '*' && r.peek() == '/' {
				r.set(comment, value.String(r.s[start:r.i-1]))
				r.i++
				return
			}
		case '\n':
			r.newLine()
		case '\r':
			r.carriageReturn()
		default:
			r.i++
		}
	}
	r.set(comment, value.String(r.s[start:r.i]))
}

// readText is a string in quotes: a date if it looks like one.
func (r *reader) readText(s string) {
	if d, ok := parseDate(s); ok {
		r.set(date, d)
		return
	}
	if !r.ascii {
		r.t.Alloc(48)
	}
	r.set(stringMark, value.String(s))
}

// quoted reads text up to its quote. Text without escapes is a part of the
// source and costs nothing.
func (r *reader) quoted(quote byte) string {
	start := r.i
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == quote:
			r.i++
			return r.s[start : r.i-1]
		case c == '\\':
			return r.escaped(quote, start)
		case c == '\n':
			r.newLine()
		case c == '\r':
			r.carriageReturn()
		default:
			r.i++
		}
	}
	r.unterminated(quote)
	return ""
}

func (r *reader) unterminated(quote byte) {
	r.fail("Unterminated string. Expected delimiter: " + string(rune(quote)) + ".")
}

func (r *reader) escaped(quote byte, start int) string {
	end := strings.IndexByte(r.s[r.i:], quote)
	if end < 0 {
		end = len(r.s) - r.i
	}
	out := make([]byte, 0, r.i-start+end+16)
	out = append(out, r.s[start:r.i]...)
	charged := 0
	for r.i < len(r.s) {
		if n := cap(out) - charged; n > 0 {
			r.t.Alloc(n)
			charged = cap(out)
		}
		switch c := r.s[r.i]; c {
		case quote:
			r.i++
			return string(out)
		case '\\':
			r.i++
			if r.i >= len(r.s) {
				r.unterminated(quote)
			}
			out = r.escape(out)
		default:
			from := r.i
			switch c {
			case '\n':
				r.newLine()
			case '\r':
				r.carriageReturn()
			default:
				for r.i++; r.i < len(r.s) && r.s[r.i] != quote && r.s[r.i] != '\\' && r.s[r.i] != '\n' && r.s[r.i] != '\r'; {
					r.i++
				}
			}
			out = append(out, r.s[from:r.i]...)
		}
	}
	r.unterminated(quote)
	return ""
}

// escape reads what follows a backslash. Lone surrogates become replacement
// characters.
func (r *reader) escape(out []byte) []byte {
	c := r.s[r.i]
	if c >= 0x80 {
		bad := r.char()
		_, n := r.unit()
		r.i += n
		r.fail(`Bad JSON escape sequence: \` + bad + ".")
	}
	r.i++
	switch c {
	case 'b':
		return append(out, '\b')
	case 't':
		return append(out, '\t')
	case 'n':
		return append(out, '\n')
	case 'f':
		return append(out, '\f')
	case 'r':
		return append(out, '\r')
	case '\\', '"', '\'', '/':
		return append(out, c)
	case 'u':
	default:
		r.fail(`Bad JSON escape sequence: \` + string(rune(c)) + ".")
	}
	const replacement = 0xfffd
	u := r.hex4()
	switch {
	case u >= 0xdc00 && u <= 0xdfff:
		u = replacement
	case u >= 0xd800 && u <= 0xdbff:
		for again := true; again; {
			again = false
			if r.i+2 < len(r.s) && r.s[r.i] == '\\' && r.s[r.i+1] == 'u' {
				high := u
				r.i += 2
				u = r.hex4()
				switch {
				case u >= 0xdc00 && u <= 0xdfff:
				case u >= 0xd800 && u <= 0xdbff:
					high, again = replacement, true
				default:
					high = replacement
				}
				out = value.AppendUnit(out, high)
			} else {
				u = replacement
			}
		}
	}
	return value.AppendUnit(out, u)
}

// hex4 reads four hexadecimal digits. As in Json.NET a further character must
// stand behind them.
func (r *reader) hex4() uint16 {
	rest := value.TextOf(r.s[r.i:min(len(r.s), r.i+20)])
	if rest.Len() < 5 {
		r.fail("Unexpected end while parsing Unicode escape sequence.")
	}
	digits := rest.Slice(0, 4)
	n, err := strconv.ParseUint(digits, 16, 16)
	if err != nil || strings.ContainsAny(digits, "_+-") {
		r.fail(`Invalid Unicode escape sequence: \u` + digits + ".")
	}
	r.i += 4
	return uint16(n)
}

var numberBytes = func() (set [256]bool) {
	for _, c := range []byte("-+0123456789.abcdefABCDEFxX") {
		set[c] = true
	}
	return set
}()

func (r *reader) number() {
	start := r.i
	// The value is counted before it is understood: that is the path of errors.
	r.numberText()
	m, v := r.numberOf(r.s[start:r.i])
	r.tok, r.v = m, v
}

func (r *reader) badNumber(s, what string, inner *value.Exception) {
	r.tok, r.v = undefined, value.Null
	message, w := blame(r, "Input string '"+s+"' is not a valid "+what+".")
	raise(r.t, JsonReaderExceptionDef, message, inner, w)
}

func (r *reader) numberOf(s string) (mark, value.Value) {
	if s[0] == '0' && len(s) > 1 && s[1] != '.' && s[1] != 'e' && s[1] != 'E' {
		return integer, value.Long(r.radix(s, "Int64", "number"))
	}
	if n, ok := smallInteger(s); ok {
		return integer, value.Long(n)
	}
	if digitsOnly(s) {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return integer, value.Long(n)
		}
		if len(s) > 380 {
			r.fail("JSON integer " + s + " is too large to parse.")
		}
		n, _ := new(big.Int).SetString(s, 10)
		r.t.Alloc(64 + len(s)/2)
		return integer, value.Of(&BigInteger{n})
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return float, value.Double(f)
	}
	f, res := number.ParseFloat(s, number.StyleFloat, nil, 64)
	if res != number.Parsed {
		r.badNumber(s, "number", nil)
	}
	return float, value.Double(f)
}

// smallInteger reads an integer of at most 18 digits.
func smallInteger(s string) (int64, bool) {
	d := s
	if d != "" && d[0] == '-' {
		d = d[1:]
	}
	if len(d) == 0 || len(d) > 18 {
		return 0, false
	}
	n := int64(0)
	for k := range len(d) {
		c := d[k] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if len(d) < len(s) {
		n = -n
	}
	return n, true
}

func digitsOnly(s string) bool {
	s = strings.TrimPrefix(s, "-")
	for k := range len(s) {
		if s[k] < '0' || s[k] > '9' {
			return false
		}
	}
	return s != ""
}

// radix reads the hexadecimal and octal numbers of JavaScript as Convert does.
func (r *reader) radix(s, to, what string) int64 {
	base := 8
	if s[1] == 'x' || s[1] == 'X' {
		base = 16
	}
	var n value.Value
	mark := r.t.Mark()
	err := r.t.Run(func() { n = invoke(r.t, number.Convert, "To"+to, value.String(s), value.Int(base)) })
	if err != nil {
		r.badNumber(s, what, caught(r.t, err, mark))
	}
	return n.Long()
}
