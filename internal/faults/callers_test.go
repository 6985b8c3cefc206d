package faults_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// dial connects to the gateway.
func (w *wired) dial() *net.TCPConn {
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Error(err)
		return nil
	}
	return c.(*net.TCPConn)
}

// left is a region whose callers leave: it tells when a request has come and how
// long after its caller left it heard of that. Requests are known by the header
// X-Number; a stream has an event every gap, none for a gap of 0.
type left struct {
	gap time.Duration

	mu    sync.Mutex
	calls map[string]*leaving
}

type leaving struct {
	came, gone    chan struct{}
	left          atomic.Int64 // when the caller left, in nanoseconds
	heard, events atomic.Int64
}

func (l *left) call(number string) *leaving {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == nil {
		l.calls = map[string]*leaving{}
	}
	if l.calls[number] == nil {
		l.calls[number] = &leaving{came: make(chan struct{}), gone: make(chan struct{})}
	}
	return l.calls[number]
}

// ServeHTTP implements http.Handler.
func (l *left) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := l.call(r.Header.Get("X-Number"))
	_, _ = io.Copy(io.Discard, r.Body)
	close(c.came)
	defer func() {
		c.heard.Store(time.Now().UnixNano() - c.left.Load())
		close(c.gone)
	}()
	if l.gap == 0 {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for range 4000 {
		_, err := io.WriteString(w, event("x"))
		if err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		c.events.Add(1)
		select {
		case <-r.Context().Done():
			return
		case <-time.After(l.gap):
		}
	}
}

// Rows 18 and 19, on sockets, and of row 20 what comes before the first byte: a
// caller that closes its side of a connection alone looks like one that has left.
func TestCallersLeaveSockets(t *testing.T) {
	t.Parallel()
	gap := 15 * time.Millisecond
	if *full {
		gap = 50 * time.Millisecond
	}
	for _, c := range []struct {
		row    int
		name   string
		gap    time.Duration
		events int // before it leaves
		how    string
	}{
		{18, "caller leaves before the first byte", 0, 0, "close"},
		{18, "caller resets before the first byte", 0, 0, "reset"},
		{19, "caller leaves mid-stream", gap, 5, "close"},
		{20, "caller half-closes before the first byte", 0, 0, "half"},
		{19, "caller leaves a stream that stands still", time.Hour, 1, "close"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &left{gap: c.gap}
			w := newWired(t, place{files: noBreakers(t), regions: map[string]string{"eastus": region(t, l, nil)}})
			n := requests()
			if c.how == "reset" || c.row != 18 {
				n /= 5
			}
			const limit = 100 * time.Millisecond
			machine := clocktest.Watch(t)
			var next, late, further atomic.Int64
			var worst atomic.Int64
			var wg sync.WaitGroup
			callers := 4
			if c.events > 0 {
				callers = 20 // each is there for a while, and does little
			}
			for range callers {
				wg.Go(func() {
					for {
						i := next.Add(1)
						if int(i) > n {
							return
						}
						number := fmt.Sprint(i)
						call := l.call(number)
						conn := w.dial()
						if conn == nil {
							return
						}
						_, _ = io.WriteString(conn, w.request(streamBody, "X-Number: "+number))
						<-call.came
						if c.events > 0 {
							r := bufio.NewReader(conn)
							for seen := 0; seen < c.events; {
								line, err := r.ReadString('\n')
								if err != nil {
									t.Error(err)
									break
								}
								if strings.HasPrefix(line, "data: ") {
									seen++
								}
							}
						}
						before := call.events.Load()
						call.left.Store(time.Now().UnixNano())
						switch c.how {
						case "half":
							_ = conn.CloseWrite()
						case "reset":
							_ = conn.SetLinger(0)
							_ = conn.Close()
						default:
							_ = conn.Close()
						}
						select {
						case <-call.gone:
						case <-time.After(30 * time.Second):
							t.Errorf("call %s: the region never hears of it", number)
							return
						}
						_ = conn.Close()
						d := call.heard.Load()
						for o := worst.Load(); d > o && !worst.CompareAndSwap(o, d); o = worst.Load() {
						}
						if d > int64(machine.Allow(limit, 4)) {
							late.Add(1)
						}
						further.Store(max(further.Load(), call.events.Load()-before))
					}
				})
			}
			wg.Wait()
			events := int64(machine.Allow(limit, 4) / gap)
			if late.Load() > 0 || further.Load() > max(events, 1) {
				t.Errorf("%d of %d regions heard of it late, the last after %v; at most %d further events", late.Load(), n, time.Duration(worst.Load()), further.Load())
			}
			eventually(t, 30*time.Second, "every call is a 499 in the log", func() bool {
				gone := 0
				for _, r := range w.records("request") {
					if r.Status == 499 || r.Outcome == "client_closed" {
						gone++
					}
				}
				return gone == n
			})
			for _, a := range w.records("attempt") {
				if a.Outcome != "client_closed" || a.Backend != "eastus" {
					t.Errorf("an attempt is %+v", a)
					break
				}
			}
			for _, b := range w.live.Backends() {
				if b.InFlight != 0 {
					t.Errorf("%d calls of %s still run", b.InFlight, b.Name)
				}
			}
			report(t, c.row, c.name+", on sockets", "the region hears of %d of %d within %v, at most %v; %d further events", n-int(late.Load()), n, limit, time.Duration(worst.Load()).Round(100*time.Microsecond), further.Load())
		})
	}
}

// Row 20 after the first byte: callers who close their side in the middle of a
// stream and listen get the rest, though the gateway asks whether they do.
func TestHalfClosedCallers(t *testing.T) {
	t.Parallel()
	const events = 12
	w := newWired(t, place{files: noBreakers(t), regions: map[string]string{"eastus": region(t, &far{events: events, gap: 10 * time.Millisecond}, nil)}})
	want := strings.Repeat(event("x"), events) + "data: [DONE]\n\n"
	n := requests() / 5
	var next, whole atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				conn := w.dial()
				if conn == nil {
					return
				}
				_, _ = io.WriteString(conn, w.request(streamBody))
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Error(err)
					return
				}
				first := make([]byte, 10)
				_, _ = io.ReadFull(resp.Body, first)
				_ = conn.CloseWrite()
				rest, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				_ = conn.Close()
				w.calls.Add(1)
				if got := string(first) + string(rest); err != nil || got != want {
					t.Errorf("%v: %q", err, got)
					return
				}
				whole.Add(1)
			}
		})
	}
	wg.Wait()
	for _, r := range w.records("attempt") {
		if r.Outcome != "ok" {
			t.Errorf("an attempt is %+v", r)
			break
		}
	}
	report(t, 20, "caller half-closes mid-stream, on sockets", "%d of %d get the rest, byte for byte", whole.Load(), n)
}

// flood is a region that writes as fast as it may, up to a limit a call.
type flood struct {
	limit   int64
	written atomic.Int64
	open    atomic.Int64
}

// ServeHTTP implements http.Handler.
func (f *flood) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	f.open.Add(1)
	defer f.open.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	piece := []byte(event(strings.Repeat("x", 2<<10)))
	for sent := int64(0); sent < f.limit; {
		n, err := w.Write(piece)
		sent += int64(n)
		f.written.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// Row 17, on sockets: callers who read 1 KB a second of streams that come as fast
// as they are taken, and a gateway that is a process of its own.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	callers, during := 60, 3*time.Second
	if *full {
		callers, during = 300, 30*time.Second
	}
	const perStream = 64 << 10
	f := &flood{limit: 64 << 20}
	g := newAlone(t, orders{Files: noBreakers(t), Regions: map[string]string{"eastus": region(t, f, nil)}})
	w := g.caller(t)
	before := g.warm(t, w)
	var conns []*net.TCPConn
	for range callers {
		c := w.dial()
		if c == nil {
			t.FailNow()
		}
		_ = c.SetReadBuffer(16 << 10)
		_, _ = io.WriteString(c, w.request(streamBody))
		conns = append(conns, c)
	}
	read := make([]int, callers)
	var most int64
	end := time.Now().Add(during)
	for time.Now().Before(end) {
		for i, c := range conns {
			b := make([]byte, 100)
			_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
			n, err := c.Read(b)
			if err != nil {
				t.Fatalf("caller %d after %d bytes: %v", i, read[i], err)
			}
			read[i] += n
		}
		<-time.After(100 * time.Millisecond)
		most = max(most, g.memory(t)-before)
	}
	sent := f.written.Load()
	eventually(t, 30*time.Second, "nothing more is written", func() bool {
		last := f.written.Load()
		<-time.After(300 * time.Millisecond)
		return f.written.Load() == last
	})
	for _, c := range conns {
		_ = c.Close()
	}
	eventually(t, 30*time.Second, "regions hear that callers have left", func() bool { return f.open.Load() == 0 })
	limit := int64(callers) * perStream * allowance / 100
	if most > limit {
		t.Errorf("%d streams take %d KiB more; want at most %d", callers, most>>10, limit>>10)
	}
	report(t, 17, "slow callers, on sockets", "%d streams at 1 KB/s: %d KiB each in the gateway (at most 70); %d MiB in the kernel's buffers",
		callers, most/int64(callers)>>10, sent>>20)
}

// Row 15, the memory of streams that drip.
func TestDripMemory(t *testing.T) {
	t.Parallel()
	streams := 100
	if *full {
		streams = 300
	}
	var open atomic.Int64
	drip := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		open.Add(1)
		defer open.Add(-1)
		for _, b := range []byte(strings.Repeat(event("drip"), 100)) {
			if _, err := w.Write([]byte{b}); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	g := newAlone(t, orders{Files: noBreakers(t), Regions: map[string]string{"eastus": region(t, drip, nil)}})
	w := g.caller(t)
	before := g.warm(t, w)
	var conns []*net.TCPConn
	for range streams {
		c := w.dial()
		if c == nil {
			t.FailNow()
		}
		_, _ = io.WriteString(c, w.request(streamBody))
		conns = append(conns, c)
	}
	eventually(t, 30*time.Second, "all streams run", func() bool { return open.Load() == int64(streams) })
	most := int64(0)
	for range 20 {
		<-time.After(50 * time.Millisecond)
		most = max(most, g.memory(t)-before)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	if each := most / int64(streams); each > 64<<10*allowance/100 {
		t.Errorf("a stream takes %d KiB", each>>10)
	}
	report(t, 15, "drips, on sockets", "%d KiB a stream in the gateway (at most 70)", most/int64(streams)>>10)
}

// Row 22: callers who send a byte of a head, or of a body, each second.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	slow := 100
	if *full {
		slow = 2000
	}
	w := newWired(t, place{files: noBreakers(t), regions: map[string]string{"eastus": region(t, &far{}, nil)}})
	pause := func() time.Duration { return 20 * time.Millisecond }
	calm := w.load(requests()/2, 4, pause)
	head, body, _ := strings.Cut(w.request(chatBody), "\r\n\r\n")
	var wg sync.WaitGroup
	answered, closed := make([]int64, 2), make([]int64, 2)
	took := make([]time.Duration, slow)
	for i := range slow {
		wg.Go(func() {
			c := w.dial()
			if c == nil {
				return
			}
			defer func() { _ = c.Close() }()
			kind := i % 2
			drip := head
			if kind == 1 {
				_, _ = io.WriteString(c, head+"\r\n\r\n")
				drip = strings.Repeat(body, 5)
			}
			began := time.Now()
			var answer bytes.Buffer
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = io.Copy(&answer, c)
			}()
			for _, b := range []byte(drip) {
				_, _ = c.Write([]byte{b})
				select {
				case <-ended:
				case <-time.After(time.Second):
					if time.Since(began) < 30*time.Second {
						continue
					}
				}
				break
			}
			_ = c.CloseRead()
			<-ended
			took[i] = time.Since(began)
			if strings.HasPrefix(answer.String(), "HTTP/1.1 408 ") {
				atomic.AddInt64(&answered[kind], 1)
			}
			if took[i] < 15*time.Second {
				atomic.AddInt64(&closed[kind], 1)
			}
		})
	}
	machine := clocktest.Watch(t)
	during := w.load(requests()/2, 4, pause)
	wg.Wait()
	w.client.CloseIdleConnections()
	if n := bad(t, calm) + bad(t, during); n > 0 {
		t.Errorf("%d other callers see it", n)
	}
	if closed[0] != int64(slow+1)/2 || closed[1] != int64(slow)/2 || answered[0] != closed[0] || answered[1] != closed[1] {
		t.Errorf("of %d, heads and bodies: %v were closed in time, %v with 408", slow, closed, answered)
	}
	slices.Sort(took)
	p, q := firsts(calm, 0.99), firsts(during, 0.99)
	// Caller, gateway, region, and back: a call waits for its turn eight times, and so
	// do those of the slow callers that are served between.
	if q > machine.Allow(p*11/10+100*time.Millisecond, 8) {
		t.Errorf("the others' p99 rises from %v to %v", p, q)
	}
	eventually(t, 30*time.Second, "the slow callers' connections are closed", func() bool { return w.open.Load() == 0 })
	report(t, 22, "slow senders", "%d of %d answered with 408, after %v at most; the others' p99 %v, before %v", answered[0]+answered[1], slow, took[slow-1].Round(100*time.Millisecond), q.Round(100*time.Microsecond), p.Round(100*time.Microsecond))
}

// A body that turns out malformed, or that stops, is its caller's fault: it is
// answered so, and no region sees what had come of it, however often the document
// would try again.
func TestHalfBodies(t *testing.T) {
	f := &far{}
	w := newWired(t, place{regions: map[string]string{"eastus": region(t, f, nil)}})
	head := strings.Replace(strings.SplitAfter(w.request(""), "\r\n\r\n")[0], "Content-Length: 0\r\n", "%s\r\n", 1)
	for _, c := range []struct {
		name, length, body string
		status             string // "" for a caller that has left
	}{
		{"a bad chunk", "Transfer-Encoding: chunked", "5\r\n{\"a\":\r\nzz\r\n", "400"},
		{"a chunk that is too short", "Transfer-Encoding: chunked", "5\r\n{\"a\":1}\r\n0\r\n\r\n", "400"},
		{"the end before the length", "Content-Length: 100", chatBody, ""},
		{"the end before the last chunk", "Transfer-Encoding: chunked", "5\r\n{\"a\":\r\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := w.dial()
			if conn == nil {
				t.FailNow()
			}
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, fmt.Sprintf(head, c.length)+c.body)
			if c.status == "" {
				_ = conn.CloseWrite()
			}
			_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			answer, _ := io.ReadAll(conn)
			if c.status != "" && !bytes.HasPrefix(answer, []byte("HTTP/1.1 "+c.status+" ")) || c.status == "" && len(answer) > 0 {
				t.Errorf("the answer is %q, want %s", answer, c.status)
			}
		})
	}
	if n := f.requests.Load(); n > 0 || len(w.records("attempt")) > 0 {
		t.Errorf("%d requests reached the region, %d attempts", n, len(w.records("attempt")))
	}
}

// The failure of a body is one value for all requests: what is known of the one
// must not show in the next.
func TestBodyFailureIsShared(t *testing.T) {
	r := newRig(t, nil)
	failed := exchange.BadRequest(400, "The request's body is not properly chunked.")
	for range 2 {
		r.clock.Run(func() {
			c := r.send(context.Background(), false, func(c *caller) {
				c.x.Original.Body = exchange.StreamingBody(&pieces{parts: []string{`{"messages":`}, end: failed}, -1)
			})
			if c.status != 400 || len(c.x.Attempts) > 0 || c.x.LastError == nil || c.x.LastError.Section != "backend" {
				t.Errorf("%d by %d attempts, %+v", c.status, len(c.x.Attempts), c.x.LastError)
			}
		})
	}
	if failed.Section != "" || failed.Path != "" {
		t.Errorf("the failure has become %+v", failed)
	}
}
