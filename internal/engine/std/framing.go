package std

import (
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// errMalformedBody is what reading a badly chunked body ends with.
var errMalformedBody error = exchange.BadRequest(400, "The request's body is not properly chunked.")

// errSlowBody is what reading a body ends with that comes too slowly.
var errSlowBody error = exchange.BadRequest(408, "The request's body comes too slowly.")

// The bounds of what stands between the chunks of a body. net/http has its own,
// of 4 KiB each.
const (
	maxExtension = 2 << 10
	maxTrailer   = 2 << 10
)

type bodyState int

const (
	atEnd bodyState = iota // no body, or behind it
	inFixed
	inSize
	inExtension
	atSizeLF
	inData
	atDataCR
	atDataLF
	inTrailer // at the start of a trailer line
	inTrailerLine
	atTrailerLF
	atLastLF
)

// bodyReader follows a body through the bytes of a connection, to find its end
// and to refuse chunks that two readers could understand in two ways. It keeps
// no bytes.
type bodyReader struct {
	state  bodyState
	left   int64 // of the fixed length or of the chunk
	digits int   // of the size so far
	extra  int   // bytes of extensions or of the trailer so far
}

func newBodyReader(h *head) bodyReader {
	switch h.framing {
	case fixedLength:
		return bodyReader{state: inFixed, left: h.length}
	case chunked:
		return bodyReader{state: inSize}
	}
	return bodyReader{}
}

// done reports whether the body has ended.
func (r *bodyReader) done() bool { return r.state == atEnd }

// take follows b and returns how many of its bytes belong to the body. With an
// error those before the offending one do.
func (r *bodyReader) take(b []byte) (n int, err error) {
	for n < len(b) && r.state != atEnd {
		if r.state == inFixed || r.state == inData {
			k := int(min(r.left, int64(len(b)-n)))
			n += k
			if r.left -= int64(k); r.left == 0 {
				if r.state == inFixed {
					r.state = atEnd
				} else {
					r.state = atDataCR
				}
			}
			continue
		}
		if !r.step(b[n]) {
			return n, errMalformedBody
		}
		n++
	}
	return n, nil
}

// step follows one byte that is not data.
func (r *bodyReader) step(c byte) bool {
	switch r.state {
	case inSize:
		return r.size(c)
	case inExtension:
		r.extra++
		switch {
		case c == '\r':
			r.state = atSizeLF
		case c < ' ' && c != '\t' || c == 0x7f || r.extra > maxExtension:
			return false
		}
	case atSizeLF:
		if c != '\n' {
			return false
		}
		r.digits = 0
		if r.left == 0 {
			r.state, r.extra = inTrailer, 0
		} else {
			r.state = inData
		}
	case atDataCR:
		r.state = atDataLF
		return c == '\r'
	case atDataLF:
		r.state = inSize
		return c == '\n'
	case inTrailer:
		if c == '\r' {
			r.state = atLastLF
			return true
		}
		r.state = inTrailerLine
		r.extra++
		return tokenChars[c]
	case inTrailerLine:
		r.extra++
		switch {
		case c == '\r':
			r.state = atTrailerLF
		case c < ' ' && c != '\t' || c == 0x7f || r.extra > maxTrailer:
			return false
		}
	case atTrailerLF:
		r.state = inTrailer
		return c == '\n'
	case atLastLF:
		r.state = atEnd
		return c == '\n'
	}
	return true
}

func (r *bodyReader) size(c byte) bool {
	digit, ok := hexDigit(c)
	switch {
	case ok:
		if r.digits == 0 {
			r.left = 0
		}
		// Fifteen digits are more than any body and less than an overflow.
		r.digits++
		r.left = r.left<<4 | digit
		return r.digits <= 15
	case r.digits == 0:
		return false
	case c == '\r':
		r.state = atSizeLF
	case c == ';' || c == ' ' || c == '\t':
		r.state = inExtension
	default:
		return false
	}
	return true
}

func hexDigit(c byte) (int64, bool) {
	switch {
	case isDigit(c):
		return int64(c - '0'), true
	case 'a' <= c && c <= 'f':
		return int64(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return int64(c-'A') + 10, true
	}
	return 0, false
}
