package std

import (
	"errors"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// A caller that takes nothing for writeWait has gone. Large chunks are written
// in pieces of writePiece, so that a slow caller makes progress in time.
const (
	writeWait  = 60 * time.Second
	writePiece = 64 << 10
)

// sink writes an answer to a client. Its methods are for one goroutine; listens
// may run beside them.
type sink struct {
	w       http.ResponseWriter
	control *http.ResponseController
	front   *front // nil without one
	http10  bool
	head    bool // the answer to HEAD has no body
	close   bool // the connection ends with this answer

	mu      sync.Mutex // held while the answer is written
	length  int64
	left    int64 // bytes that a known length leaves, -1 without
	chunked bool
	began   bool // something of the answer is on its way
	ended   bool
	aborted bool
}

// Head implements exchange.Sink. It leaves with the first chunk; an empty chunk
// sends it by itself.
func (s *sink) Head(h *exchange.ResponseHead) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	header := s.w.Header()
	for _, f := range h.Header {
		name := f.Name
		if known(name) {
			name = textproto.CanonicalMIMEHeaderKey(name)
		}
		header[name] = append(header[name], f.Value)
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // no guessing
	}
	if s.close || s.front != nil && s.front.blamed.Load() {
		header["Connection"] = []string{"close"}
	} else if _, ok := header["Upgrade"]; ok {
		header["Connection"] = []string{"Upgrade"}
	}
	s.length, s.left = h.Length, h.Length
	s.chunked = h.Length < 0 && !s.http10 && !s.head && h.Status >= 200 && h.Status != 204 && h.Status != 304
	if h.Length >= 0 && h.Status != 204 && h.Status != 304 {
		header["Content-Length"] = []string{strconv.FormatInt(h.Length, 10)}
	}
	s.w.WriteHeader(h.Status)
	return nil
}

// known reports whether net/http itself looks for the name, in its canonical
// form; all others go out as they are spelled.
func known(name string) bool {
	for _, n := range [...]string{"Content-Type", "Content-Length", "Connection", "Date", "Transfer-Encoding", "Content-Encoding", "Trailer", "Upgrade"} {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// Chunk implements exchange.Sink. With a known length the last chunk leaves
// together with the end.
func (s *sink) Chunk(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = true
	for len(b) > 0 {
		piece := b[:min(len(b), writePiece)]
		b = b[len(piece):]
		s.progress()
		if _, err := s.w.Write(piece); err != nil {
			return s.gone(err)
		}
		if s.left > 0 {
			if s.left -= int64(len(piece)); s.left == 0 && len(b) == 0 {
				return nil
			}
		}
	}
	s.progress()
	return s.gone(s.control.Flush())
}

// End implements exchange.Sink.
func (s *sink) End() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.progress()
	return s.gone(s.control.Flush())
}

// Abort implements exchange.Sink: the connection is closed without the mark of
// a complete answer.
func (s *sink) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aborted = true
}

// cut prepares the connection for ending in the middle of an answer: to a
// caller of HTTP/1.0 only a reset says that the body is not complete.
func (s *sink) cut() {
	if s.http10 && s.length < 0 && s.front != nil {
		s.front.reset()
	}
}

// progress gives the client time for the next write.
func (s *sink) progress() { _ = s.control.SetWriteDeadline(time.Now().Add(writeWait)) }

func (s *sink) gone(err error) error {
	if err != nil {
		return errors.Join(exchange.ErrClientGone, err)
	}
	return nil
}
