package std

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// A caller that writes all of a large body before it reads still finds the answer
// that came before the body was read, and the connection goes on.
func TestEarlyAnswerToWholeBody(t *testing.T) {
	c := dial(t, start(t, newEcho()))
	r := bufio.NewReader(c)
	body := make([]byte, 12<<20)
	for i := range 2 {
		_, _ = io.WriteString(c, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 12582912\r\n\r\n")
		if n, err := c.Write(body); err != nil {
			t.Fatalf("request %d: the connection ended after %d bytes: %v", i, n, err)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 429 {
			t.Fatalf("request %d: %v %v", i, resp, err)
		}
		if b, _ := io.ReadAll(resp.Body); string(b) != "full" {
			t.Errorf("body %q", b)
		}
		_ = resp.Body.Close()
	}
}

// eager reads the body beside the answer.
type eager struct{ *echo }

func (e eager) Serve(ctx context.Context, x *exchange.Exchange, sink exchange.Sink) {
	stream, _ := x.Original.Body.Open()
	first := make(chan struct{})
	go func() {
		_, err := stream.Next(ctx)
		close(first)
		for err == nil {
			_, err = stream.Next(ctx)
		}
	}()
	<-first
	e.echo.Serve(ctx, x, sink)
}

// The same while somebody else still reads the body, as a backend's transport does.
func TestEarlyAnswerWhileReading(t *testing.T) {
	c := dial(t, start(t, eager{newEcho()}))
	r := bufio.NewReader(c)
	body := make([]byte, 12<<20)
	for i := range 4 {
		_, _ = io.WriteString(c, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 12582912\r\n\r\n")
		if n, err := c.Write(body); err != nil {
			t.Fatalf("request %d: the connection ended after %d bytes: %v", i, n, err)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 429 {
			t.Fatalf("request %d: %v %v", i, resp, err)
		}
		if b, _ := io.ReadAll(resp.Body); string(b) != "full" {
			t.Errorf("body %q", b)
		}
		_ = resp.Body.Close()
	}
}

// There is an end to what is read away.
func TestEarlyAnswerToEndlessBody(t *testing.T) {
	c := dial(t, start(t, newEcho()))
	_, _ = io.WriteString(c, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
	_ = c.SetWriteDeadline(time.Now().Add(time.Minute))
	piece, sent := make([]byte, 1<<20), 0
	for sent < 1000 {
		if _, err := c.Write(piece); err != nil {
			break
		}
		sent++
	}
	// What the kernel keeps comes on top.
	if sent < maxUnread>>20 || sent > 2*maxUnread>>20 {
		t.Errorf("%d MiB were taken", sent)
	}
}
