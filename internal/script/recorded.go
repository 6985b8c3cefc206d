package script

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// recorded is a backend of recorded answers: it gives them in their order, the
// last one again and again, and keeps what it was sent.
type recorded struct {
	clock   clock.Clock
	answers []recordedAnswer

	mu       sync.Mutex
	next     int
	received []received
}

// recordedAnswer is one answer of the file.
type recordedAnswer struct {
	failure string // "", "refuse", "reset" or "hang"
	status  int
	header  exchange.Header
	body    []byte
	echo    bool          // the body is that of the request
	coding  string        // "gzip" or "br", for callers that accept it
	after   time.Duration // before the head
	gap     time.Duration // before each event of the body
	events  bool          // the body goes out event by event
	cut     bool          // the connection ends before the body does
}

// received is a request as a backend got it.
type received struct {
	text   string // head and, unless it is very long, body
	length int
	digest [sha256.Size]byte // of the body
}

// longest is how much of a request's body is kept.
const longest = 64 << 10

// parseRecorded reads a file of answers, which lines of three dashes divide. An
// answer is lines of settings that begin with @, the status or refuse, reset or
// hang, header lines, an empty line and the body.
func parseRecorded(text string, c clock.Clock) (*recorded, error) {
	b := &recorded{clock: c}
	for part := range strings.SplitSeq("\n"+strings.TrimSuffix(text, "\n"), "\n---") {
		a, err := parseAnswer(strings.TrimPrefix(part, "\n"))
		if err != nil {
			return nil, err
		}
		b.answers = append(b.answers, a)
	}
	return b, nil
}

func parseAnswer(text string) (recordedAnswer, error) {
	var a recordedAnswer
	head, body, _ := strings.Cut(text, "\n\n")
	a.body = []byte(body)
	for line := range strings.SplitSeq(head, "\n") {
		name, value, hasColon := strings.Cut(line, ":")
		switch word, rest, _ := strings.Cut(strings.TrimSpace(line), " "); {
		case word == "":
		case word[0] == '@':
			if err := a.set(word, rest); err != nil {
				return a, err
			}
		case word == "refuse" || word == "reset" || word == "hang":
			a.failure = word
		case a.status == 0:
			n, err := strconv.Atoi(word)
			if err != nil || n < 200 || n > 999 {
				return a, fmt.Errorf("an answer begins with a status, refuse, reset or hang, not %q", line)
			}
			a.status = n
		case hasColon:
			a.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		default:
			return a, fmt.Errorf("the header line %q has no colon", line)
		}
	}
	if a.status == 0 && a.failure == "" {
		return a, errors.New("an answer has no status")
	}
	return a, nil
}

func (a *recordedAnswer) set(word, rest string) (err error) {
	switch word {
	case "@echo":
		a.echo = true
	case "@gzip", "@br":
		a.coding = word[1:]
	case "@cut":
		a.cut = true
	case "@after":
		a.after, err = time.ParseDuration(rest)
	case "@events":
		a.events = true
		a.gap, err = time.ParseDuration(rest)
	default:
		err = fmt.Errorf("there is no setting %s", word)
	}
	return err
}

// Send implements exchange.Upstream.
func (b *recorded) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	b.mu.Lock()
	a := b.answers[min(b.next, len(b.answers)-1)]
	b.next++
	b.mu.Unlock()
	if a.failure == "refuse" {
		return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("connection refused")}
	}
	body, err := readAll(ctx, out)
	if err != nil {
		return nil, err
	}
	b.keep(out, body)
	wait := a.after
	if a.failure == "hang" {
		wait = clock.Forever
	}
	if err := b.clock.Sleep(ctx, wait); err != nil {
		return nil, err
	}
	if a.failure == "reset" {
		return nil, &exchange.Failure{Kind: exchange.FailedReset, Err: errors.New("connection reset by peer")}
	}
	in := &exchange.Inbound{Status: a.status, Header: a.header.Clone()}
	text := a.body
	if a.echo {
		text = body
	}
	if a.coding != "" && accepts(out.Header, a.coding) {
		in.Header.Set("Content-Encoding", a.coding)
		text = encode(a.coding, text)
	}
	s := &recordedBody{ctx: ctx, clock: b.clock, gap: a.gap, cut: a.cut}
	length := int64(len(text))
	switch {
	case a.events:
		for piece := range bytes.SplitAfterSeq(text, []byte("\n\n")) {
			s.pieces = append(s.pieces, piece)
		}
		length = -1
	case len(text) > 0:
		s.pieces = [][]byte{text}
	}
	if a.cut {
		length = -1
	}
	in.Body = exchange.StreamingBody(s, length)
	return in, nil
}

// readAll reads the request's body, as a backend does that wants all of it
// before it answers.
func readAll(ctx context.Context, out *exchange.Outbound) ([]byte, error) {
	if out.Body.Kind() == exchange.Absent {
		return nil, nil
	}
	s, err := out.Body.Open()
	if err != nil {
		return nil, err
	}
	var body []byte
	for {
		chunk, err := s.Next(ctx)
		body = append(body, chunk...)
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (b *recorded) keep(out *exchange.Outbound, body []byte) {
	var t strings.Builder
	fmt.Fprintf(&t, "%s %s", out.Method, out.URL.Path)
	if out.URL.Query != "" {
		fmt.Fprintf(&t, "?%s", out.URL.Query)
	}
	t.WriteByte('\n')
	for _, f := range out.Header {
		fmt.Fprintf(&t, "%s: %s\n", f.Name, f.Value)
	}
	t.WriteByte('\n')
	if len(body) <= longest {
		t.Write(body)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.received = append(b.received, received{t.String(), len(body), sha256.Sum256(body)})
}

func (b *recorded) requests() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.received
}

// reset forgets what was received; the answers begin again.
func (b *recorded) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.received, b.next = nil, 0
}

func accepts(h exchange.Header, coding string) bool {
	for _, v := range h.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(v, ",") {
			name, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(name), coding) {
				return true
			}
		}
	}
	return false
}

// encode puts a text into a content coding. Brotli's is the plainest that there
// is: one stored block of up to 64 KiB and an empty last one (RFC 7932, 9.2).
func encode(coding string, text []byte) []byte {
	var b bytes.Buffer
	if coding == "gzip" {
		w := gzip.NewWriter(&b)
		_, _ = w.Write(text)
		_ = w.Close()
		return b.Bytes()
	}
	if len(text) == 0 {
		return []byte{6} // the window, and the last block, empty
	}
	for len(text) > 0 {
		n := min(len(text), 1<<16)
		// From the lowest bit: a window of 64 KiB (only before the first block),
		// not the last block, a length of four nibbles, the length less one, stored.
		bits, width := uint32(n-1)<<3|1<<19, 20
		if b.Len() == 0 {
			bits, width = bits<<1, width+1
		}
		for i := 0; i < width; i += 8 {
			b.WriteByte(byte(bits >> i))
		}
		b.Write(text[:n])
		text = text[n:]
	}
	b.WriteByte(3) // the last block, empty
	return b.Bytes()
}

// recordedBody is an answer's body on the scenario's clock.
type recordedBody struct {
	ctx    context.Context
	clock  clock.Clock
	pieces [][]byte
	gap    time.Duration
	cut    bool
}

// Next implements exchange.Stream.
func (s *recordedBody) Next(context.Context) ([]byte, error) {
	if err := s.clock.Sleep(s.ctx, s.gap); err != nil {
		return nil, context.Cause(s.ctx)
	}
	if len(s.pieces) == 0 {
		if s.cut {
			return nil, exchange.ErrCut
		}
		return nil, io.EOF
	}
	piece := s.pieces[0]
	s.pieces = s.pieces[1:]
	return piece, nil
}

// Close implements exchange.Stream.
func (s *recordedBody) Close() error { return nil }
