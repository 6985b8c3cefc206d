package sim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
)

// awaitEntry waits until the latest request of the log fits.
func awaitEntry(t *testing.T, r *Region, fits func(Entry) bool) Entry {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		changed := r.Changed()
		if es := r.Requests(1); len(es) == 1 && fits(es[0]) {
			return es[0]
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("it never was so: %+v", r.Requests(1))
		}
	}
}

// A client that leaves is noticed within 100 ms, however it leaves and
// whatever it was waiting for, and costs no events after that.
func TestClientGoneOverSocket(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  string
		more   string
		events int // to read before leaving; 0: leave before the head
	}{
		{"before the head", `{"kind":"slow","delay":"1h"}`, "", 0},
		{"hung at accept", `{"kind":"hang","after":"accept"}`, "", 0},
		{"in a stream", "", `"stream":true`, 3},
		{"hung in a stream", `{"kind":"hang","after":"events:3"}`, `"stream":true`, 3},
	} {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reset %v", c.name, reset), func(t *testing.T) {
				clk := clock.NewManual(noon)
				r := New(Config{Name: "eastus", Clock: clk, Profile: Profile{Name: "slow stream", Gap: time.Minute, TPM: 1000, RPM: 1000}})
				l, err := r.Listen("127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = l.Close() }()
				if c.fault != "" {
					setFaultJSON(t, r, c.fault)
				}
				conn, err := net.Dial("tcp", l.Addr())
				if err != nil {
					t.Fatal(err)
				}
				ask := chatRequest(r, c.more)
				body, _ := io.ReadAll(ask.Body)
				_, err = fmt.Fprintf(conn, "POST %s?%s HTTP/1.1\r\nHost: x\r\napi-key: %s\r\nContent-Length: %d\r\n\r\n%s", ask.Path, ask.Query, r.Keys()[0], len(body), body)
				if err != nil {
					t.Fatal(err)
				}
				in := bufio.NewReader(conn)
				for read := 0; read < c.events; {
					line, err := in.ReadString('\n')
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasPrefix(line, "data: ") {
						read++
					}
				}
				awaitEntry(t, r, func(e Entry) bool { return e.Outcome == Open && e.Events == c.events })
				if reset {
					_ = conn.(*net.TCPConn).SetLinger(0)
				}
				machine := clocktest.Watch(t)
				left := time.Now()
				_ = conn.Close()
				e := awaitEntry(t, r, func(e Entry) bool { return e.Outcome == ClientGone })
				if took := time.Since(left); took > machine.Allow(100*time.Millisecond, 4) {
					t.Errorf("noticed after %v", took)
				}
				if e.Status != 499 || e.Events != c.events {
					t.Errorf("%+v, want 499 after %d events", e, c.events)
				}
				wantSent := 0
				if c.events > 0 {
					wantSent = 200
				}
				if e.Sent != wantSent {
					t.Errorf("sent %d, want %d", e.Sent, wantSent)
				}
				if n := r.Counters()["gpt-35-turbo"]; n[499] != 1 || n[200] != 0 {
					t.Errorf("counted %v", n)
				}
				if got := r.Generated(); got != int64(c.events) {
					t.Errorf("%d events generated, want %d", got, c.events)
				}
			})
		}
	}
}

func TestClientGoneInProcess(t *testing.T) {
	clk := clock.NewManual(noon)
	r := New(Config{Name: "eastus", Clock: clk, Seed: 1})
	clk.Run(func() {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		clk.AfterFunc(30*time.Millisecond, cancel)
		if got := askInProcess(ctx, r, `"stream":true`); !errors.Is(got.err, context.Canceled) || got.events != 5 {
			t.Errorf("%+v, want 5 events in 10 ms", got)
		}
	})
	if e := r.Requests(1)[0]; e.Status != 499 || e.Events != 5 || clk.Now().Sub(noon) != 30*time.Millisecond {
		t.Errorf("%+v", e)
	}
}

// Close lets a waiting Next go, and a body that nobody reads notices its
// caller leaving.
func TestBodyCloseAndWatch(t *testing.T) {
	clk := clock.NewManual(noon)
	r := New(Config{Name: "eastus", Clock: clk, Seed: 1})
	setFaultJSON(t, r, `{"kind":"hang","after":"headers"}`)
	clk.Run(func() {
		resp, err := r.Call(t.Context(), chatRequest(r, ""))
		if err != nil {
			t.Error(err)
			return
		}
		clk.AfterFunc(time.Second, func() { _ = resp.Body.Close() })
		for range 2 {
			if _, err := resp.Body.Next(t.Context()); !errors.Is(err, context.Canceled) {
				t.Errorf("Next: %v", err)
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	clk.Run(func() {
		if _, err := r.Call(ctx, chatRequest(r, "")); err != nil {
			t.Error(err)
		}
	})
	cancel()
	awaitEntry(t, r, func(e Entry) bool { return e.Outcome == ClientGone })
}

// Many clients at once, with faults coming and going: every request ends in
// exactly one way, and nothing is left running.
func TestManyAtOnce(t *testing.T) {
	before := runtime.NumGoroutine()
	r := New(Config{Name: "eastus", Profile: Instant()})
	var wg sync.WaitGroup
	const workers, each = 8, 50
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(context.Background())
				resp, err := r.Call(ctx, chatRequest(r, `"stream":true`))
				switch {
				case err != nil:
				case (w+i)%3 == 0:
					_ = resp.Body.Close()
				default:
					_, _ = readAll(ctx, resp.Body)
				}
				cancel()
			}
		})
	}
	wg.Go(func() {
		for i := range 40 {
			f := &Fault{Kind: "cut", After: "events:3"}
			if i%2 == 0 {
				f = &Fault{Kind: "status", Status: 503}
			}
			if err := r.SetFault(f); err != nil {
				t.Error(err)
			}
			_ = r.Counters()
			_ = r.Requests(10)
			_, _ = r.RegenerateKey(2)
			_ = r.SetFault(nil)
		}
	})
	wg.Wait()
	total := 0
	for _, n := range r.Counters()["gpt-35-turbo"] {
		total += n
	}
	if total != workers*each {
		t.Errorf("%d requests are counted, want %d", total, workers*each)
	}
	for _, e := range r.Requests(workers * each) {
		if e.Outcome == Open {
			t.Fatalf("still open: %+v", e)
		}
	}
	for range 5000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		<-time.After(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
