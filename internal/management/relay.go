package management

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
)

// relayRequest is a request that the gateway is to be sent.
type relayRequest struct {
	Method string `json:"method"`
	// Path is a path of the gateway, with its query.
	Path string `json:"path"`
	// Headers are names and values, in order.
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
	// API is the API that the path belongs to. With Trace its debug token is
	// sent along, with Subscription the key of that subscription under the
	// name that the API wants, so that a page never holds either.
	API          string `json:"api"`
	Trace        bool   `json:"trace"`
	Subscription string `json:"subscription"`
}

// relayLine is one line of an answer as it comes in. The first has a head, the
// last an end, those between a text or, where the bytes are none, base64. Times
// are milliseconds since the request was sent.
type relayLine struct {
	Head   *relayHead `json:"head,omitempty"`
	Text   string     `json:"text,omitempty"`
	Base64 string     `json:"base64,omitempty"`
	// End is complete, or cut when the connection ended before the answer did.
	End     string  `json:"end,omitempty"`
	Error   string  `json:"error,omitempty"`
	Bytes   int64   `json:"bytes,omitempty"`
	Elapsed float64 `json:"elapsed"`
}

type relayHead struct {
	Status  int         `json:"status"`
	Reason  string      `json:"reason"`
	Headers [][2]string `json:"headers"`
	TraceID string      `json:"traceId,omitempty"`
}

// Relay sends one request to the gateway and streams its answer back as lines
// of JSON, for pages that may call only where they came from. It calls nothing
// but the gateway, and follows no redirect.
func Relay(o Options) http.Handler {
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			arm.Fail(w, arm.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The relay takes POST."))
			return
		}
		req, e := o.relayed(w, r)
		if e != nil {
			arm.Fail(w, e)
			return
		}
		started := time.Now()
		resp, err := client.Do(req)
		if err != nil {
			arm.Fail(w, arm.Errorf(http.StatusBadGateway, "GatewayUnreachable", "The gateway did not answer."))
			return
		}
		defer func() { _ = resp.Body.Close() }()
		w.Header().Set("Content-Type", "application/x-ndjson")
		relay(w, resp, started)
	})
}

// relayed is the request that a body describes.
func (o *Options) relayed(w http.ResponseWriter, r *http.Request) (*http.Request, *arm.Error) {
	var in relayRequest
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, arm.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request's body is too large.")
	}
	if err == nil {
		err = json.Unmarshal(data, &in)
	}
	if err != nil {
		return nil, arm.Errorf(http.StatusBadRequest, "InvalidRequestContent", "The body must be an object with method, path, headers and body.")
	}
	if !strings.HasPrefix(in.Path, "/") || strings.HasPrefix(in.Path, "//") {
		return nil, arm.Invalid(arm.Detail{Target: "path", Message: "The path must begin with one slash: the relay calls nothing but the gateway."})
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(r.Context(), in.Method, strings.TrimRight(o.Gateway(), "/")+in.Path, strings.NewReader(in.Body))
	if err != nil {
		return nil, arm.Invalid(arm.Detail{Target: "path", Message: "The method or the path cannot be sent."})
	}
	if in.Body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	for _, h := range in.Headers {
		switch {
		case strings.EqualFold(h[0], "Host"):
			req.Host = h[1]
		case strings.EqualFold(h[0], "Content-Length"), strings.EqualFold(h[0], "Transfer-Encoding"), strings.EqualFold(h[0], "Connection"):
			// The body says how long it is, and the connection is ours.
		default:
			req.Header.Add(h[0], h[1])
		}
	}
	return req, o.credentials(req, &in)
}

// credentials adds the key and the debug token that were asked for.
func (o *Options) credentials(req *http.Request, in *relayRequest) *arm.Error {
	if !in.Trace && in.Subscription == "" {
		return nil
	}
	svc := o.Service()
	var api *apim.API
	if svc != nil {
		api = svc.API(in.API)
	}
	if api == nil {
		return arm.Invalid(arm.Detail{Target: "api", Message: "API '" + in.API + "' could not be found."})
	}
	if in.Trace {
		req.Header.Set("Apim-Debug-Authorization", o.Tokens.Issue(api.RootName(), 10*time.Minute))
	}
	if in.Subscription != "" {
		s := svc.Subscription(in.Subscription)
		if s == nil {
			return arm.Invalid(arm.Detail{Target: "subscription", Message: "Subscription '" + in.Subscription + "' could not be found."})
		}
		key := s.PrimaryKey
		if key == "" {
			key = s.SecondaryKey
		}
		req.Header.Set(api.KeyNames.Header, key)
	}
	return nil
}

// relay passes an answer on as it comes.
func relay(w http.ResponseWriter, resp *http.Response, started time.Time) {
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	say := func(line relayLine) bool {
		line.Elapsed = float64(time.Since(started).Microseconds()) / 1000
		return out.Encode(line) == nil && flush.Flush() == nil
	}
	head := &relayHead{Status: resp.StatusCode, Reason: strings.TrimSpace(strings.TrimPrefix(resp.Status, resp.Status[:min(3, len(resp.Status))])), TraceID: resp.Header.Get("Apim-Trace-Id")}
	for name, values := range resp.Header {
		for _, v := range values {
			head.Headers = append(head.Headers, [2]string{name, v})
		}
	}
	slices.SortStableFunc(head.Headers, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	if !say(relayLine{Head: head}) {
		return
	}
	buffer := make([]byte, 32<<10)
	var total int64
	kept := 0 // bytes of a character that is not complete
	for {
		n, err := resp.Body.Read(buffer[kept:])
		total += int64(n)
		n += kept
		whole := n
		if err == nil {
			whole = wholeCharacters(buffer[:n])
		}
		if whole > 0 {
			line := relayLine{Text: string(buffer[:whole])}
			if !utf8.ValidString(line.Text) {
				line = relayLine{Base64: base64.StdEncoding.EncodeToString(buffer[:whole])}
			}
			if !say(line) {
				return
			}
		}
		kept = copy(buffer, buffer[whole:n])
		switch {
		case errors.Is(err, io.EOF):
			say(relayLine{End: "complete", Bytes: total})
			return
		case err != nil:
			say(relayLine{End: "cut", Error: "The connection ended before the answer was complete.", Bytes: total})
			return
		}
	}
}

// wholeCharacters is how many bytes end at the end of a character of UTF-8.
func wholeCharacters(b []byte) int {
	for back := 1; back <= min(3, len(b)); back++ {
		c := b[len(b)-back]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-back:]) {
				return len(b) - back
			}
			break
		}
	}
	return len(b)
}
