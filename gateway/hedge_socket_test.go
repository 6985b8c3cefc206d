package gateway

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
)

// TestHedgeOnSockets holds that the region whose answer is not waited for any more
// hears of it within 100 ms, be it that the other one was faster or that the caller
// left, and that nothing is left behind.
func TestHedgeOnSockets(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		var at atomic.Int64 // when the answer was there, or the caller gone
		heard := make(chan time.Duration, 100)
		// An attempt that is ended before its request has come is one that no region
		// hears of: the second copy waits until the first is there.
		began := make(chan struct{}, 100)
		slow := newRegion(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			began <- struct{}{}
			<-r.Context().Done()
			heard <- time.Duration(time.Now().UnixNano() - at.Load())
		})
		arrived := make(chan struct{}, 100)
		quick := newRegion(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-began
			if r.Header.Get("X-Hold") != "" {
				arrived <- struct{}{}
				<-r.Context().Done()
				heard <- time.Duration(time.Now().UnixNano() - at.Load())
				return
			}
			at.Store(time.Now().UnixNano())
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\ndata: [DONE]\n\n")
		})
		svc := chat(`<inbound><base /><set-backend-service backend-id="regions" /></inbound><backend><forward-request buffer-response="false" /></backend><outbound />`)
		pooled(svc, slow.URL, quick.URL)
		p := newPlant(t, svc, hedging(1, 5*time.Millisecond))
		const n = 20
		machine := clocktest.Watch(t)
		late := 0
		hears := func(what string) {
			switch d := <-heard; {
			case d > machine.Allow(time.Second, 4):
				t.Errorf("%s after %v", what, d)
			case d > machine.Allow(100*time.Millisecond, 4):
				late++
			}
		}
		for range n {
			resp, body := p.do("POST", "/ai/chat", question, "api-key: "+goodKey)
			if resp.StatusCode != 200 || !strings.HasSuffix(body, "data: [DONE]\n\n") {
				t.Fatalf("%d %q", resp.StatusCode, body)
			}
			hears("the slower region heard of it")
		}
		for range n {
			ctx, leave := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, "POST", p.url+"/ai/chat", strings.NewReader(question))
			req.Header.Set("api-key", goodKey)
			req.Header.Set("X-Hold", "1")
			done := make(chan struct{})
			go func() {
				defer close(done)
				if resp, err := client.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}()
			<-arrived // the second copy is there
			at.Store(time.Now().UnixNano())
			leave()
			<-done
			for range 2 {
				hears("a region heard that the caller had left")
			}
		}
		// The lateness of the machine is what was seen so far: a wake-up that was later
		// still is not in it.
		if late > 3*n/20 {
			t.Errorf("%d of %d heard of it after more than 100 ms", late, 3*n)
		}
		eventually(t, "an end of all attempts", func() bool {
			for _, b := range p.gateway.Service().live.Backends() {
				if b.InFlight != 0 {
					return false
				}
			}
			return true
		})
		eventually(t, "the log", func() bool { return strings.Count(p.log.String(), `"hedge":true`) == 2*n })
	})
	eventually(t, "an empty house", func() bool { return runtime.NumGoroutine() <= before+1 })
}
