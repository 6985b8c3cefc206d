package sim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

func setFaultJSON(t *testing.T, r *Region, fault string) {
	t.Helper()
	f, err := ParseFault([]byte(fault))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetFault(f); err != nil {
		t.Fatal(err)
	}
}

func TestParseFaultRefuses(t *testing.T) {
	for _, c := range []struct{ fault, want string }{
		{`{}`, "kind"},
		{`[]`, "not a fault"},
		{`{"kind":"slow","delay":"2s"} {}`, "more text"},
		{`{"kind":"explode"}`, `kind "explode" is not one of`},
		{`{"kind":"slow","delay":"2s","typo":1}`, `unknown field "typo"`},
		{`{"kind":"status"}`, "status 0"},
		{`{"kind":"status","status":700}`, "status 700"},
		{`{"kind":"status","status":200}`, "no fault"},
		{`{"kind":"status","status":304,"body":"x"}`, "no body"},
		{`{"kind":"status","status":500,"retryAfter":1}`, "retryAfter does not go with kind status"},
		{`{"kind":"throttle"}`, "needs retryAfter"},
		{`{"kind":"throttle","retryAfter":-1}`, "whole number"},
		{`{"kind":"throttle","retryAfter":1.5}`, "whole number"},
		{`{"kind":"throttle","retryAfter":true}`, "whole number"},
		{`{"kind":"throttle","retryAfter":1,"retryAfterMs":-1}`, "less than 0"},
		{`{"kind":"throttle","mode":"odd"}`, "mode"},
		{`{"kind":"throttle","mode":"reset-zero","retryAfter":1}`, "has no retryAfter"},
		{`{"kind":"throttle","retryAfter":1,"status":429}`, "status does not go with"},
		{`{"kind":"refuse","share":0.5}`, "share does not go with kind refuse"},
		{`{"kind":"refuse","deployment":"gpt-35-turbo"}`, "deployment does not go with"},
		{`{"kind":"hang"}`, "after"},
		{`{"kind":"hang","after":"lunch"}`, "after"},
		{`{"kind":"hang","after":"events:0"}`, "number of events"},
		{`{"kind":"hang","after":"events:x"}`, "number of events"},
		{`{"kind":"hang","after":"accept","share":0.5}`, "share and deployment"},
		{`{"kind":"hang","after":"headers","how":"fin"}`, "how does not go with"},
		{`{"kind":"cut","after":"accept"}`, "after"},
		{`{"kind":"cut","after":"headers","how":"politely"}`, "how"},
		{`{"kind":"slow"}`, "delay"},
		{`{"kind":"slow","delay":"0s"}`, "delay"},
		{`{"kind":"slow","delay":"2h"}`, "delay"},
		{`{"kind":"slow","delay":"2s","share":1.5}`, "share 1.5"},
		{`{"kind":"slow","delay":"2s","share":-0.5}`, "share -0.5"},
		{`{"kind":"stall","after":"events:2"}`, "delay"},
		{`{"kind":"stall","delay":"2s"}`, "after"},
		{`{"kind":"stall","delay":"2s","after":"accept"}`, "after"},
		{`{"kind":"brownout"}`, "needs errors, factor or both"},
		{`{"kind":"brownout","factor":1}`, "needs errors, factor or both"},
		{`{"kind":"brownout","errors":1.5}`, "errors 1.5"},
		{`{"kind":"brownout","errors":0.5,"factor":0.5}`, "factor 0.5"},
		{`{"kind":"brownout","errors":0.5,"status":200}`, "status 200"},
		{`{"kind":"brownout","errors":0.5,"delay":"x"}`, "delay"},
		{`{"kind":"brownout","factor":2,"delay":"1s"}`, "those of a brownout's errors"},
		{`{"kind":"brownout","errors":0.5,"share":0.5}`, "share does not go with kind brownout"},
		{`{"kind":"squeeze"}`, "quota 0"},
		{`{"kind":"squeeze","quota":1}`, "quota 1"},
		{`{"kind":"squeeze","quota":0.5,"factor":2}`, "factor does not go with kind squeeze"},
		{`{"kind":"malformed","after":"headers","how":"fin"}`, "how"},
		{`{"kind":"malformed"}`, "after"},
		{`{"kind":"malformed","how":"no-done","after":"events:1"}`, "its own place"},
	} {
		if _, err := ParseFault([]byte(c.fault)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.fault, err, c.want)
		}
	}
	r := New(Config{})
	f, err := ParseFault([]byte(`{"kind":"slow","delay":"2s","deployment":"nowhere"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetFault(f); err == nil || !strings.Contains(err.Error(), `no deployment "nowhere"`) {
		t.Errorf("a deployment that is not there: %v", err)
	}
	if err := r.SetFault(&Fault{Kind: "slow"}); err == nil || r.Fault() != nil {
		t.Errorf("a fault made in Go is not checked: %v", err)
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add([]byte(`{"kind":"throttle","retryAfter":"x","share":0.5}`))
	f.Add([]byte(`{"kind":"cut","after":"events:3","how":"fin"}`))
	f.Add([]byte(`{"kind":"status","status":500,"body":null}`))
	f.Add([]byte(`{"kind":"brownout","errors":0.5,"factor":3,"status":503,"delay":"1s"}`))
	f.Add([]byte(`{"kind":"squeeze","quota":0.25}`))
	f.Add([]byte(`{"kind":"malformed","how":"error","after":"events:2"}`))
	f.Add([]byte(`{"kind":"stall","delay":"3s","after":"headers"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		fault, err := ParseFault(b)
		if (fault == nil) == (err == nil) {
			t.Fatalf("%v and %v", fault, err)
		}
		if err != nil {
			return
		}
		r := New(Config{Profile: Instant(), Deployments: []Deployment{{Name: "d"}, {Name: fault.Deployment}}, Clock: clock.NewManual(noon), Seed: 1})
		if err := r.SetFault(fault); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if fault.Kind == "hang" || fault.Kind == "slow" {
			cancel()
		}
		defer cancel()
		resp, err := r.Call(ctx, chatRequest(r, `"stream":true`))
		if err == nil {
			_ = resp.Body.Close()
		}
	})
}

// chatRequest asks gpt-35-turbo to count.
func chatRequest(r *Region, more string) *Request {
	body := `{"messages":[{"role":"user","content":"Count to 12"}]`
	if more != "" {
		body += "," + more
	}
	return &Request{
		Method: "POST", Path: "/openai/deployments/gpt-35-turbo/chat/completions", Query: "api-version=2024-10-21",
		Header: []Field{{"api-key", r.Keys()[0]}}, Body: strings.NewReader(body + "}"),
	}
}

// seen is what a client saw of one answer.
type seen struct {
	status   int
	events   int  // complete ones
	bytes    int  // of a body that is no stream
	complete bool // the body ended as it should
	err      error
}

// TestFaultsInProcess: every kind of fault without sockets, in no real time.
func TestFaultsInProcess(t *testing.T) {
	for _, c := range []struct {
		fault   string
		more    string // of the request
		want    seen
		wantErr error
		took    time.Duration
		entry   Entry // status, outcome and events of the log, if any
	}{
		{`{"kind":"status","status":500}`, "", seen{status: 500, bytes: 143, complete: true}, nil, 0, Entry{Status: 500, Outcome: Complete}},
		{`{"kind":"throttle","retryAfter":3}`, `"stream":true`, seen{status: 429, bytes: -1, complete: true}, nil, 0, Entry{Status: 429, Outcome: Complete}},
		{`{"kind":"refuse"}`, "", seen{}, ErrRefused, 0, Entry{}},
		{`{"kind":"hang","after":"accept"}`, "", seen{}, context.DeadlineExceeded, time.Minute, Entry{Status: 499, Outcome: ClientGone}},
		{`{"kind":"hang","after":"headers"}`, "", seen{status: 200}, context.DeadlineExceeded, time.Minute, Entry{Status: 499, Outcome: ClientGone}},
		{`{"kind":"hang","after":"headers"}`, `"stream":true`, seen{status: 200}, context.DeadlineExceeded, time.Minute, Entry{Status: 499, Outcome: ClientGone}},
		{`{"kind":"hang","after":"events:5"}`, `"stream":true`, seen{status: 200, events: 5}, context.DeadlineExceeded, time.Minute, Entry{Status: 499, Outcome: ClientGone, Events: 5}},
		{`{"kind":"cut","after":"headers"}`, "", seen{status: 200}, ErrReset, 20 * time.Millisecond, Entry{Status: 200, Outcome: Cut}},
		{`{"kind":"cut","after":"headers","how":"fin"}`, `"stream":true`, seen{status: 200}, ErrEnded, 20 * time.Millisecond, Entry{Status: 200, Outcome: Cut}},
		{`{"kind":"cut","after":"events:4"}`, `"stream":true`, seen{status: 200, events: 4}, ErrReset, 24 * time.Millisecond, Entry{Status: 200, Outcome: Cut, Events: 4}},
		{`{"kind":"cut","after":"events:1","how":"fin"}`, `"stream":true`, seen{status: 200, events: 1}, ErrEnded, 20 * time.Millisecond, Entry{Status: 200, Outcome: Cut, Events: 1}},
		{`{"kind":"cut","after":"events:1"}`, "", seen{status: 200, bytes: -2}, ErrReset, 20 * time.Millisecond, Entry{Status: 200, Outcome: Cut}},
		{`{"kind":"cut","after":"events:10000"}`, `"stream":true`, seen{status: 200, events: 28, complete: true}, nil, 112 * time.Millisecond, Entry{Status: 200, Outcome: Complete, Events: 28}},
		{`{"kind":"slow","delay":"30s"}`, "", seen{status: 200, bytes: -1, complete: true}, nil, 30*time.Second + 20*time.Millisecond, Entry{Status: 200, Outcome: Complete}},
		{`{"kind":"slow","delay":"2m"}`, "", seen{}, context.DeadlineExceeded, time.Minute, Entry{Status: 499, Outcome: ClientGone}},
		{`{"kind":"stall","delay":"3s","after":"headers"}`, `"stream":true`, seen{status: 200, events: 28, complete: true}, nil, 3*time.Second + 112*time.Millisecond, Entry{Status: 200, Outcome: Complete, Events: 28}},
		{`{"kind":"stall","delay":"3s","after":"events:5"}`, `"stream":true`, seen{status: 200, events: 28, complete: true}, nil, 3*time.Second + 112*time.Millisecond, Entry{Status: 200, Outcome: Complete, Events: 28}},
		{`{"kind":"stall","delay":"3s","after":"events:1"}`, "", seen{status: 200, bytes: -1, complete: true}, nil, 3*time.Second + 20*time.Millisecond, Entry{Status: 200, Outcome: Complete}},
		{`{"kind":"stall","delay":"2m","after":"events:5"}`, `"stream":true`, seen{status: 200, events: 5}, context.DeadlineExceeded, time.Minute, Entry{Status: 499, Outcome: ClientGone, Events: 5}},
		{`{"kind":"brownout","errors":1}`, "", seen{status: 500, bytes: 143, complete: true}, nil, 0, Entry{Status: 500, Outcome: Complete}},
		{`{"kind":"brownout","factor":5}`, "", seen{status: 200, bytes: -1, complete: true}, nil, 100 * time.Millisecond, Entry{Status: 200, Outcome: Complete}},
		{`{"kind":"malformed","after":"events:3","how":"error"}`, `"stream":true`, seen{status: 200, events: 4, complete: true}, nil, 24 * time.Millisecond, Entry{Status: 200, Outcome: Complete, Events: 4}},
		{`{"kind":"malformed","how":"no-done"}`, `"stream":true`, seen{status: 200, events: 27, complete: true}, nil, 112 * time.Millisecond, Entry{Status: 200, Outcome: Complete, Events: 27}},
		{`{"kind":"status","status":500,"share":0}`, "", seen{status: 200, bytes: -1, complete: true}, nil, 20 * time.Millisecond, Entry{Status: 200, Outcome: Complete}},
		{`{"kind":"status","status":500,"deployment":"text-embedding-ada-002"}`, "", seen{status: 200, bytes: -1, complete: true}, nil, 20 * time.Millisecond, Entry{Status: 200, Outcome: Complete}},
	} {
		t.Run(c.fault+c.more, func(t *testing.T) {
			clk := clock.NewManual(noon)
			r := New(Config{Name: "eastus", Clock: clk, Seed: 1})
			setFaultJSON(t, r, c.fault)
			var got seen
			clk.Run(func() {
				ctx, cancel := clk.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				got = askInProcess(ctx, r, c.more)
			})
			if !errors.Is(got.err, c.wantErr) || got.err != nil && c.wantErr == nil {
				t.Errorf("error %v, want %v", got.err, c.wantErr)
			}
			got.err = nil
			if c.want.bytes < 0 && got.bytes > 0 {
				got.bytes = c.want.bytes
			}
			if got != c.want {
				t.Errorf("saw %+v, want %+v", got, c.want)
			}
			if took := clk.Now().Sub(noon); took != c.took {
				t.Errorf("took %v, want %v", took, c.took)
			}
			log := r.Requests(1)
			if c.entry.Status == 0 {
				if len(log) != 0 {
					t.Errorf("logged %+v, though nothing came in", log)
				}
				return
			}
			if len(log) != 1 || log[0].Status != c.entry.Status || log[0].Outcome != c.entry.Outcome || log[0].Events != c.entry.Events {
				t.Errorf("logged %+v, want %+v", log, c.entry)
			}
			if n := r.Counters()["gpt-35-turbo"]; len(n) != 1 || n[c.entry.Status] != 1 {
				t.Errorf("counted %v", n)
			}
		})
	}
}

func askInProcess(ctx context.Context, r *Region, more string) seen {
	resp, err := r.Call(ctx, chatRequest(r, more))
	if err != nil {
		return seen{err: err}
	}
	s := seen{status: resp.Status}
	for {
		piece, err := resp.Body.Next(ctx)
		if resp.Length < 0 {
			s.events += strings.Count(string(piece), "\n\n")
		} else {
			s.bytes += len(piece)
		}
		if errors.Is(err, io.EOF) {
			s.complete = true
			return s
		}
		if err != nil {
			s.err = err
			return s
		}
	}
}

// TestFaultsOverSockets: every kind of fault as a client with a real
// connection sees it. Hangs are ended by the client.
func TestFaultsOverSockets(t *testing.T) {
	for _, c := range []struct {
		fault string
		more  string
		want  seen
		check func(error) bool
	}{
		{`{"kind":"status","status":500}`, "", seen{status: 500, bytes: 143, complete: true}, nil},
		{`{"kind":"throttle","retryAfter":3}`, "", seen{status: 429, bytes: -1, complete: true}, nil},
		{`{"kind":"refuse"}`, "", seen{}, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		{`{"kind":"hang","after":"accept"}`, "", seen{}, isTimeout},
		{`{"kind":"hang","after":"headers"}`, "", seen{status: 200}, isTimeout},
		{`{"kind":"hang","after":"events:3"}`, `"stream":true`, seen{status: 200, events: 3}, isTimeout},
		{`{"kind":"cut","after":"headers"}`, "", seen{status: 200}, isReset},
		{`{"kind":"cut","after":"headers","how":"fin"}`, "", seen{status: 200}, isShort},
		{`{"kind":"cut","after":"events:4"}`, `"stream":true`, seen{status: 200, events: 4}, isReset},
		{`{"kind":"cut","after":"events:4","how":"fin"}`, `"stream":true`, seen{status: 200, events: 4}, isShort},
		{`{"kind":"cut","after":"events:1","how":"fin"}`, "", seen{status: 200, bytes: -2}, isShort},
		{`{"kind":"slow","delay":"50ms"}`, "", seen{status: 200, bytes: -1, complete: true}, nil},
		{`{"kind":"stall","delay":"50ms","after":"events:1"}`, "", seen{status: 200, bytes: -1, complete: true}, nil},
		{`{"kind":"stall","delay":"50ms","after":"events:2"}`, `"stream":true`, seen{status: 200, events: 28, complete: true}, nil},
		{`{"kind":"malformed","how":"no-done"}`, `"stream":true`, seen{status: 200, events: 27, complete: true}, nil},
		{`{"kind":"brownout","errors":1,"status":503}`, "", seen{status: 503, bytes: -1, complete: true}, nil},
	} {
		t.Run(c.fault+c.more, func(t *testing.T) {
			r := New(Config{Name: "eastus", Profile: Instant()})
			l, err := r.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			setFaultJSON(t, r, c.fault)
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			got := askOverSocket(client, l.URL(), r, c.more)
			if got.err == nil && c.check != nil || got.err != nil && (c.check == nil || !c.check(got.err)) {
				t.Errorf("error %v", got.err)
			}
			got.err = nil
			if c.want.bytes < 0 && got.bytes > 0 {
				got.bytes = c.want.bytes
			}
			if got != c.want {
				t.Errorf("saw %+v, want %+v", got, c.want)
			}
			if err := r.SetFault(nil); err != nil {
				t.Fatal(err)
			}
			if got := askOverSocket(client, l.URL(), r, c.more); got.status != 200 || !got.complete {
				t.Errorf("the fault is lifted, but %+v", got)
			}
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

func isShort(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

// hangLimit is how long the client waits for a region that hangs.
const hangLimit = 300 * time.Millisecond

func askOverSocket(client *http.Client, base string, r *Region, more string) seen {
	ctx, cancel := context.WithTimeout(context.Background(), hangLimit)
	defer cancel()
	ask := chatRequest(r, more)
	req, err := http.NewRequestWithContext(ctx, ask.Method, base+ask.Path+"?"+ask.Query, ask.Body)
	if err != nil {
		return seen{err: err}
	}
	req.Header.Set("api-key", r.Keys()[0])
	resp, err := client.Do(req)
	if err != nil {
		return seen{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	s := seen{status: resp.StatusCode}
	all, err := io.ReadAll(resp.Body)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		s.events = strings.Count(string(all), "\n\n")
	} else {
		s.bytes = len(all)
	}
	s.complete, s.err = err == nil, err
	return s
}

// A refused region also resets the keep-alive connections it has, answers the
// request under way, and has its port again afterwards.
func TestRefuseReachesConnections(t *testing.T) {
	clk := clock.NewManual(noon)
	r := New(Config{Name: "eastus", Clock: clk, Seed: 1})
	l, err := r.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()

	idle, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	_, _ = fmt.Fprintf(idle, "GET /openai/models?api-version=2024-10-21 HTTP/1.1\r\nHost: x\r\napi-key: %s\r\n\r\n", r.Keys()[0])
	idleReader := bufio.NewReader(idle)
	resp, err := http.ReadResponse(idleReader, nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()

	busy := make(chan seen)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	changed := r.Changed()
	go func() {
		ask := chatRequest(r, "")
		req, _ := http.NewRequest(ask.Method, l.URL()+ask.Path+"?"+ask.Query, ask.Body)
		req.Header.Set("api-key", r.Keys()[0])
		resp, err := client.Do(req)
		if err != nil {
			busy <- seen{err: err}
			return
		}
		defer func() { _ = resp.Body.Close() }()
		_, err = io.ReadAll(resp.Body)
		busy <- seen{status: resp.StatusCode, err: err}
	}()
	<-changed // it is in the log, and so has a request under way

	setFaultJSON(t, r, `{"kind":"refuse"}`)
	if _, err := net.Dial("tcp", l.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
	if _, err := idleReader.ReadByte(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("idle connection: %v, want reset", err)
	}
	clk.AwaitTimers(1)
	clk.Advance(time.Second)
	got := <-busy
	if got.err != nil || got.status != 200 {
		t.Errorf("the request under way: %+v", got)
	}
	if err := r.SetFault(nil); err != nil {
		t.Fatal(err)
	}
	again, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatalf("the port is not back: %v", err)
	}
	_ = again.Close()
}

// A share strikes about that part of the requests, always the same ones for a
// seed.
func TestShare(t *testing.T) {
	r := New(Config{Profile: Instant(), Clock: clock.NewManual(noon), Seed: 7})
	setFaultJSON(t, r, `{"kind":"status","status":500,"share":0.3}`)
	const n = 2000
	for range n {
		if got := askInProcess(t.Context(), r, ""); got.err != nil {
			t.Fatal(got.err)
		}
	}
	share := float64(r.Counters()["gpt-35-turbo"][500]) / n
	if math.Abs(share-0.3) > 0.04 {
		t.Errorf("struck %v of the requests, want 0.3", share)
	}
}
