package sim

import (
	"bytes"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// noDone is how a stream is malformed that ends without [DONE].
const noDone = "no-done"

// What stands in the place of an event or of a body; none of it is Azure's, all
// of it is what proxies on the way have been seen to put there.
const (
	strayText = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
	strayPage = "<html><body><h1>502 Bad Gateway</h1></body></html>"
)

// done is the last event of a stream of chats or completions.
var done = []byte("data: [DONE]")

// spoil makes an answer malformed. An answer that is no stream has one place for
// it, its body.
func (f *Fault) spoil(rep *reply) {
	if rep.events == nil {
		rep.body = f.spoilBody(rep.body)
		return
	}
	s := rep.events
	if f.How == noDone {
		if last := len(s.due) - 1; last >= 0 && bytes.HasPrefix(s.make(last), done) {
			s.due = s.due[:last]
		}
		return
	}
	if f.events >= len(s.due) {
		return
	}
	made := s.make
	s.make = func(i int) []byte {
		event := made(i)
		if i == f.events {
			event = f.spoilEvent(event)
		}
		return event
	}
	if f.How == "error" {
		s.due = s.due[:f.events+1]
	}
}

func (f *Fault) spoilEvent(event []byte) []byte {
	switch f.How {
	case "text":
		return []byte("data: " + strayText + "\n\n")
	case "html":
		return []byte(strayPage + "\n\n")
	case "error":
		if bytes.HasPrefix(event, []byte("event: ")) { // of the Responses API
			return openai.AppendEvent(nil, "error", openai.Encode(map[string]any{
				"type": "error", "sequence_number": f.events, "code": "server_error", "param": nil,
				"message": "The server had an error while processing your request. Sorry about that!",
			}))
		}
		return []byte("data: " + openai.ForStatus(500).Body + "\n\n")
	}
	event = bytes.TrimRight(event, "\n")
	return append(bytes.Clone(event[:len("data: ")+(len(event)-len("data: "))/2]), "\n\n"...)
}

func (f *Fault) spoilBody(body []byte) []byte {
	switch f.How {
	case "text":
		return []byte(strayText)
	case "html":
		return []byte(strayPage)
	case "error":
		return []byte(openai.ForStatus(500).Body)
	case noDone:
		return body
	}
	return body[:len(body)/2]
}
