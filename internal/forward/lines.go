package forward

import "bytes"

// lines follows an event stream and finds what is no line of one: an error page,
// a text of a proxy's. Clients skip such lines as the format tells them to, and
// would never know that an event of theirs was lost in one.
type lines struct {
	name  [5]byte // of the field that the line begins with
	n     int
	state lineState
	bom   int // bytes of a byte order mark at the beginning
	begun bool
}

type lineState int

const (
	inName lineState = iota
	inValue
	afterCR
)

const mark = "\ufeff"

// good is how many bytes of the next piece are lines of an event stream: all, or
// those before the line that is none.
func (l *lines) good(piece []byte) int {
	start := 0 // of the line
	for i := 0; i < len(piece); {
		switch l.state {
		case inValue:
			end := lineEnd(piece[i:])
			if end < 0 {
				return len(piece)
			}
			i += end
			l.end(piece[i])
			i++
			start = i
			continue
		case afterCR:
			l.state = inName
			if piece[i] == '\n' {
				i++
				start = i
				continue
			}
		}
		if !l.begun {
			if piece[i] == mark[l.bom] {
				i++
				if l.bom++; l.bom == len(mark) {
					l.begun = true
					start = i
				}
				continue
			}
			if l.bom > 0 {
				return start
			}
			l.begun = true
		}
		if l.n == 0 && bytes.HasPrefix(piece[i:], dataField) {
			// Nearly every line is one.
			l.state = inValue
			i += len(dataField)
			continue
		}
		switch c := piece[i]; {
		case c == ':':
			if !l.known() {
				return start
			}
			l.state = inValue
		case c == '\r' || c == '\n':
			if !l.known() {
				return start
			}
			l.end(c)
			start = i + 1
		case l.n == len(l.name):
			return start
		default:
			l.name[l.n] = c
			if l.n++; !l.begins() {
				return start
			}
		}
		i++
	}
	return len(piece)
}

var dataField = []byte("data:")

// lineEnd is where the line ends, -1 for not in b.
func lineEnd(b []byte) int {
	lf := bytes.IndexByte(b, '\n')
	if lf < 0 {
		return bytes.IndexByte(b, '\r')
	}
	if cr := bytes.IndexByte(b[:lf], '\r'); cr >= 0 {
		return cr
	}
	return lf
}

func (l *lines) end(c byte) {
	l.n, l.state = 0, inName
	if c == '\r' {
		l.state = afterCR
	}
}

// fields are the names that lines begin with; a comment begins with none.
var fields = []string{"", "data", "event", "id", "retry"}

func (l *lines) known() bool {
	for _, f := range fields {
		if string(l.name[:l.n]) == f {
			return true
		}
	}
	return false
}

func (l *lines) begins() bool {
	for _, f := range fields {
		if len(f) >= l.n && f[:l.n] == string(l.name[:l.n]) {
			return true
		}
	}
	return false
}
