package builtin_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
)

// chunks is a body that comes in pieces of four bytes.
type chunks struct {
	rest string
	end  error
}

func newChunks(text string, end error) *chunks {
	if end == nil {
		end = io.EOF
	}
	return &chunks{text, end}
}

func (c *chunks) Next(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.rest == "" {
		return nil, c.end
	}
	n := min(4, len(c.rest))
	chunk := c.rest[:n]
	c.rest = c.rest[n:]
	return []byte(chunk), nil
}

func (c *chunks) Close() error { return nil }

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// packed is text in a content coding; one that this test cannot make is the
// text itself, which then is no such coding.
func packed(text, coding string) string {
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	default:
		return text
	}
	if _, err := io.WriteString(w, text); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}
