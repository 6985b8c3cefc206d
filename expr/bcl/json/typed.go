package json

import (
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// put notes what a typed read made of the value that was read, without counting
// it again.
func (r *reader) put(m mark, v value.Value) bool {
	r.tok, r.v = m, v
	return m != noMark
}

// as is JsonTextReader's ReadAsInt32 and its kin.
func (r *reader) as(want readAs) bool {
	r.t.Step(1)
	switch r.phase {
	case finished:
		for {
			r.space()
			if r.i >= len(r.s) {
				break
			}
			if r.s[r.i] != '/' {
				r.fail("Additional text encountered after finished reading JSON content: " + r.char() + ".")
			}
			r.silentComment()
		}
		return r.put(noMark, value.Null)
	case afterValue:
		if done, ok := r.typedPostValue(); done {
			return ok
		}
	}
	for {
		if r.i >= len(r.s) {
			return r.put(noMark, value.Null)
		}
		c := r.s[r.i]
		switch {
		case c == '"' || c == '\'':
			return r.typedText(want, c)
		case c == 'n':
			return r.typedNull()
		case c == '{' && want == readBytes:
			r.i++
			r.set(startObject, value.Null)
			wrappedBytes(r)
			continue
		case c == '[' && want == readBytes:
			r.i++
			r.set(startArray, value.Null)
			return r.put(bytesMark, bytesOf(r))
		case c == '/':
			r.silentComment()
			continue
		case c == ',':
			r.i++
			if r.phase != afterValue {
				r.set(undefined, value.Null)
				r.unexpectedAt(',')
			}
			r.back()
			continue
		case c == ']':
			r.i++
			if r.phase == inArray || r.phase == inArrayStart || r.phase == afterValue {
				r.set(endArray, value.Null)
				return true
			}
			r.unexpectedAt(c)
		case r.blank():
			continue
		}
		if r.typedPlain(want, c) {
			return true
		}
		bad := r.char()
		_, n := r.unit()
		r.i += n
		r.fail("Unexpected character encountered while parsing value: " + bad + ".")
	}
}

func (r *reader) unexpectedAt(c byte) {
	r.fail("Unexpected character encountered while parsing value: " + string(rune(c)) + ".")
}

func (r *reader) silentComment() {
	tok, v := r.tok, r.v
	r.comment()
	r.tok, r.v = tok, v
}

// typedPostValue reads up to the comma behind a value; done says that the end of
// a container or of the text came first.
func (r *reader) typedPostValue() (done, ok bool) {
	for {
		if r.i >= len(r.s) {
			r.phase = finished
			return true, r.put(noMark, value.Null)
		}
		if r.s[r.i] == '/' {
			r.silentComment()
			continue
		}
		if !r.postValue() {
			if r.phase == finished {
				return true, r.put(noMark, value.Null)
			}
			return false, true
		}
		return true, true
	}
}

// typedPlain reads a number or a word; false says that there is none here that
// the wanted type can have.
func (r *reader) typedPlain(want readAs, c byte) bool {
	digits := c >= '0' && c <= '9' || c == '.' || c == '-'
	infinite := c == '-' && r.i+1 < len(r.s) && r.s[r.i+1] == 'I'
	switch want {
	case readInt, readDecimal, readDouble:
		switch {
		case c == 'N':
			r.symbol("NaN", "NaN", want, nan)
		case c == 'I':
			r.symbol("Infinity", "Infinity", want, inf)
		case infinite:
			r.symbol("-Infinity", "-Infinity", want, -inf)
		case digits:
			r.typedNumber(want)
		default:
			return false
		}
		return true
	case readBool:
		switch {
		case digits:
			r.number()
			if b := bigOf(r.v); b != nil {
				return r.put(boolean, value.Bool(b.n.Sign() != 0))
			}
			return r.put(boolean, number.Change(r.t, r.v, types.CodeBool, value.Null))
		case c == 't' || c == 'f':
			r.typedWord(c, boolean, value.Bool(c == 't'))
			return true
		}
	case readString:
		switch {
		case infinite:
			r.symbol("-Infinity", "-Infinity", want, -inf)
		case digits:
			r.typedNumber(want)
		case c == 't':
			r.typedWord(c, stringMark, value.String("true"))
		case c == 'f':
			r.typedWord(c, stringMark, value.String("false"))
		case c == 'I':
			r.symbol("Infinity", "Infinity", want, inf)
		case c == 'N':
			r.symbol("NaN", "NaN", want, nan)
		default:
			return false
		}
		return true
	case readDate, readOffset:
		if infinite {
			r.symbol("-Infinity", "-Infinity", want, -inf)
			return true
		}
	}
	return false
}

func (r *reader) typedWord(c byte, m mark, v value.Value) {
	w := "true"
	if c == 'f' {
		w = "false"
	}
	if !r.match(w) || !r.separated() {
		r.unexpected()
	}
	r.set(m, v)
}

// symbol reads NaN or an infinity, which only doubles and strings take.
func (r *reader) symbol(w, what string, want readAs, f float64) {
	if !r.match(w) || !r.separated() {
		r.fail("Error parsing " + what + " value.")
	}
	switch want {
	case readString:
		r.set(stringMark, value.String(what))
	case readDouble:
		r.set(float, value.Double(f))
	default:
		r.fail("Cannot read " + what + " value.")
	}
}

func (r *reader) typedNull() bool {
	if r.i+1 >= len(r.s) {
		r.i = len(r.s)
		r.fail("Unexpected end when reading JSON.")
	}
	if r.s[r.i+1] != 'u' {
		r.i++
		bad := r.char()
		r.i++
		r.fail("Unexpected character encountered while parsing value: " + bad + ".")
	}
	r.word("null", "null", null, value.Null)
	return true
}

// numberWord is what messages call a number that is wanted.
var numberWord = map[readAs]string{readInt: "integer", readDecimal: "decimal", readDouble: "double", readString: "number"}

func (r *reader) typedNumber(want readAs) {
	start := r.i
	r.numberText()
	s := r.s[start:r.i]
	octal := s[0] == '0' && len(s) > 1 && s[1] != '.' && s[1] != 'e' && s[1] != 'E'
	var n int64
	if octal {
		to := "Int64"
		if want == readInt {
			to = "Int32"
		}
		n = r.radix(s, to, numberWord[want])
	}
	bad := func() { r.badNumber(s, numberWord[want], nil) }
	switch want {
	case readInt:
		switch {
		case octal:
			r.put(integer, value.Int(int(n)))
		case digitsOnly(s):
			k, ok := smallInteger(s)
			if !ok || k != int64(int32(k)) {
				r.tok = undefined
				r.fail("JSON integer " + s + " is too large or small for an Int32.")
			}
			r.put(integer, value.Int(int(k)))
		default:
			bad()
		}
	case readDecimal:
		if octal {
			r.put(float, number.Of(number.DecimalFromInt64(n)))
			return
		}
		d, res := number.ParseDecimal(s, number.StyleFloat, nil)
		if res != number.Parsed {
			bad()
		}
		r.put(float, number.Of(d))
	case readDouble:
		if octal {
			r.put(float, value.Double(float64(n)))
			return
		}
		f, res := number.ParseFloat(s, number.StyleFloat, nil, 64)
		if res != number.Parsed {
			bad()
		}
		r.put(float, value.Double(f))
	default:
		if _, res := number.ParseFloat(s, number.StyleFloat, nil, 64); !octal && res != number.Parsed {
			bad()
		}
		r.put(stringMark, value.String(s))
	}
}

// numberText reads the characters of a number and counts it as a value.
func (r *reader) numberText() {
	for r.i < len(r.s) && numberBytes[r.s[r.i]] {
		r.i++
	}
	if r.i < len(r.s) {
		switch c := r.s[r.i]; c {
		case ',', '}', ']', ')', '/', 0:
		default:
			if u, _ := r.unit(); !unicode.IsSpace(u) {
				r.fail("Unexpected character encountered while parsing number: " + r.char() + ".")
			}
		}
	}
	r.after()
	r.advance()
}

func (r *reader) typedText(want readAs, quote byte) bool {
	r.i++
	s := r.quoted(quote)
	r.after()
	r.advance()
	switch want {
	case readString:
		return r.put(stringMark, value.String(s))
	case readDate:
		if d, ok := parseDate(s); ok {
			return r.put(date, d)
		}
	case readOffset:
		if o, ok := parseDateOffset(s); ok {
			return r.put(date, o)
		}
	}
	return r.put(textAs(r, want, value.String(s)))
}

// textAs reads text as a wanted type; an empty text is null.
func textAs(r typedSource, want readAs, v value.Value) (mark, value.Value) {
	t, s := r.thread(), v.Str()
	if want == readBytes {
		return bytesMark, textBytes(t, v)
	}
	if s == "" {
		return null, value.Null
	}
	switch want {
	case readInt:
		n, res := number.ParseInt(s, number.StyleInteger, nil, 32)
		if res == number.Parsed {
			return integer, value.Int(int(n))
		}
		readerError(r, "Could not convert string to integer: "+s+".")
	case readDecimal:
		d, res := number.ParseDecimal(s, number.StyleNumber, nil)
		if res != number.Parsed {
			d, res = number.ParseDecimal(s, number.StyleFloat, nil)
		}
		if res == number.Parsed {
			return float, number.Of(d)
		}
		readerError(r, "Could not convert string to decimal: "+s+".")
	case readDouble:
		f, res := number.ParseFloat(s, number.StyleDouble, nil, 64)
		if res == number.Parsed {
			return float, value.Double(f)
		}
		readerError(r, "Could not convert string to double: "+s+".")
	case readBool:
		if b, ok := boolOf(t, s); ok {
			return boolean, value.Bool(b)
		}
		readerError(r, "Could not convert string to boolean: "+s+".")
	case readDate:
		if d, ok := parseDate(s); ok {
			return date, d
		}
		if i, err := time.ParseInstant(s, time.RoundtripKind, today(t)); err == nil {
			return date, i.Value()
		}
		readerError(r, "Could not convert string to DateTime: "+s+".")
	case readOffset:
		if o, ok := parseDateOffset(s); ok {
			return date, o
		}
		var o value.Value
		mark := t.Mark()
		if err := t.Run(func() { o = invoke(t, time.DateTimeOffsetDef, "Parse", v) }); err == nil {
			return date, o
		} else {
			_ = caught(t, err, mark)
		}
		readerError(r, "Could not convert string to DateTimeOffset: "+s+".")
	}
	return stringMark, v
}

func today(t *value.Thread) func() int64 {
	return func() int64 {
		n := time.FromGo(t.Now()).Ticks()
		return n - n%time.TicksPerDay
	}
}

func boolOf(_ *value.Thread, s string) (v, ok bool) {
	s = strings.Trim(s, " \t\n\v\f\r\x00\u0085\u00a0")
	switch {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	return false, false
}

// textBytes are the bytes of base64, or of a Guid in its usual form.
func textBytes(t *value.Thread, v value.Value) value.Value {
	if len(v.Str()) == 36 {
		var out value.Value
		mark := t.Mark()
		err := t.Run(func() {
			kind := value.String("D")
			out = invokeOn(t, invoke(t, net.GuidDef, "ParseExact", v, kind), "ToByteArray")
		})
		if err == nil {
			return out
		}
		_ = caught(t, err, mark)
	}
	return fromBase64(t, v)
}

// bytesOf reads the rest of an array as bytes.
func bytesOf(r typedSource) value.Value {
	t := r.thread()
	var out []byte
	for {
		if !r.next() {
			readerError(r, "Unexpected end when reading bytes.")
		}
		switch m := r.mark(); m {
		case integer:
			t.Alloc(2)
			out = append(out, byte(convertValue(t, r.val(), types.CodeByte).Word()))
		case endArray:
			return value.Bytes(out)
		case comment:
		default:
			readerError(r, "Unexpected token when reading bytes: "+m.String()+".")
		}
	}
}

// wrappedBytes is what ReadAsBytes makes of an object: nothing good.
func wrappedBytes(r source) {
	if !r.next() {
		readerError(r, "Unexpected end when reading JSON.")
	}
	readerError(r, "Error reading bytes. Unexpected token: StartObject.")
}
