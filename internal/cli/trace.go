package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/validate"
	"github.com/spillway-gateway/spillway/policy/trace"
)

const traceUsage = `Usage: spillway trace [-H "Name: value"]... [-d BODY] [-json] METHOD URL

Sends one request to a running gateway and tells what every policy did with it.
URL may leave out scheme and host: /openai-test/... goes to the running gateway.

    -H  a header, as curl takes it; may be repeated
    -d  the body; @FILE reads it from a file, @- from standard input
    -json        print APIM's trace JSON instead of the story
    -management  address of the management API; the running gateway's unless given
    -token       its token; SPILLWAY_TOKEN or the running gateway's unless given
    -key         the subscription key; the running gateway's unless given or set by -H

Exit code 1 means that the request was answered with 400 or more.
`

// listFlag is a flag that may be repeated.
type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, ", ") }
func (l *listFlag) Set(s string) error { *l = append(*l, s); return nil }

// traceCommand is the trace command. It needs nothing but the gateway and the
// management API: whatever it does, a script can.
func traceCommand(w World, args []string) int {
	fs := w.flags("trace", traceUsage)
	var headers listFlag
	fs.Var(&headers, "H", "")
	body := fs.String("d", "", "")
	asJSON := fs.Bool("json", false, "")
	address := fs.String("management", "", "")
	token := fs.String("token", "", "")
	key := fs.String("key", "", "")
	rest, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	if len(rest) != 2 {
		w.errorf("trace: a method and a URL are needed")
		w.hintf("for example: spillway trace GET /openai-test/models")
		return exitUsage
	}
	running, err := w.running(*address)
	if err != nil {
		running = &server.Running{}
		if *address == "" {
			w.errorf("trace: %v", err)
			w.hintf(`start one with "spillway demo" or "spillway serve DIR", or give -management and -token`)
			return exitUsage
		}
	}
	m := w.management(*address, *token, running)
	target := rest[1]
	if strings.HasPrefix(target, "/") {
		if running.Gateway == "" {
			w.errorf("trace: nothing here tells the address of the gateway with the management API %s", m.address)
			w.hintf("give the whole URL: spillway trace %s http://GATEWAY%s", rest[0], target)
			return exitUsage
		}
		target = running.Gateway + target
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		w.errorf("trace: %q is not a URL", rest[1])
		return exitUsage
	}
	payload, err := w.payload(*body)
	if err != nil {
		w.errorf("trace: %v", err)
		return exitUsage
	}
	req, err := http.NewRequestWithContext(w.Context, rest[0], target, bytes.NewReader(payload))
	if err != nil {
		w.errorf("trace: %v", err)
		return exitUsage
	}
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			w.errorf("trace: -H %q has no colon", h)
			return exitUsage
		}
		req.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if len(payload) > 0 && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return m.trace(req, cmp.Or(*key, running.SubscriptionKey), *asJSON)
}

// payload is a body as curl's -d gives it.
func (w World) payload(d string) ([]byte, error) {
	name, isFile := strings.CutPrefix(d, "@")
	switch {
	case !isFile:
		return []byte(d), nil
	case name == "-":
		return io.ReadAll(w.Stdin)
	}
	return w.ReadFile(name)
}

// apiOf is the API that a path belongs to, with its key's header name. Where it
// belongs to none it is any: the debug token is for an API, and the gateway then
// tells in the trace that nothing matched.
func (m *management) apiOf(path string) (id, keyHeader string, err error) {
	var list struct {
		Value []struct {
			ID         string
			Properties struct {
				Path                          string
				SubscriptionKeyParameterNames struct{ Header string }
			}
		}
	}
	if err := m.call(http.MethodGet, "/apis", nil, &list); err != nil {
		return "", "", err
	}
	if len(list.Value) == 0 {
		return "", "", errors.New("the service has no API yet")
	}
	found, longest := 0, -1
	for i, a := range list.Value {
		base := strings.TrimSuffix("/"+strings.ToLower(a.Properties.Path), "/")
		if strings.HasPrefix(strings.ToLower(path)+"/", base+"/") && len(base) > longest {
			found, longest = i, len(base)
		}
	}
	return list.Value[found].ID, list.Value[found].Properties.SubscriptionKeyParameterNames.Header, nil
}

// trace sends the request with a debug token and prints the story of it.
func (m *management) trace(req *http.Request, key string, asJSON bool) int {
	w := m.w
	id, keyHeader, err := m.apiOf(req.URL.Path)
	if err != nil {
		w.errorf("trace: %v", err)
		return exitFailed
	}
	var credentials struct{ Token string }
	if err := m.call(http.MethodPost, "/gateways/managed/listDebugCredentials", map[string]any{"credentialsExpireAfter": "PT10M", "apiId": id, "purposes": []string{"tracing"}}, &credentials); err != nil {
		w.errorf("trace: %v", err)
		return exitFailed
	}
	req.Header.Set(trace.HeaderAuthorization, credentials.Token)
	if key == "" && req.Header.Get(keyHeader) == "" {
		// One that was added since the gateway started.
		key = validate.SubscriptionKey(w.Context, m.address, m.token, id[strings.LastIndex(id, "/")+1:])
	}
	if key != "" && req.Header.Get(keyHeader) == "" {
		req.Header.Set(keyHeader, key)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		w.errorf("trace: the gateway did not answer: %v", err)
		return exitFailed
	}
	answer, bodyErr := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	traceID := resp.Header.Get(trace.HeaderTraceID)
	if traceID == "" {
		w.errorf("trace: the gateway answered %s without a trace", resp.Status)
		w.hintf("is the URL that of the gateway that the management API belongs to?")
		return exitFailed
	}
	var text []byte
	if err := m.call(http.MethodPost, "/gateways/managed/listTrace", map[string]string{"traceId": traceID}, &text); err != nil {
		w.errorf("trace: %v", err)
		return exitFailed
	}
	code := exitDone
	if resp.StatusCode >= 400 || bodyErr != nil {
		code = exitFailed
	}
	if asJSON {
		_, _ = w.Stdout.Write(append(bytes.TrimRight(text, "\n"), '\n'))
		return code
	}
	story, err := trace.Parse(text)
	if err != nil {
		w.errorf("trace: %v", err)
		return exitFailed
	}
	fmt.Fprintf(w.Stdout, "%s %s\n\n", req.Method, req.URL.Redacted())
	if err := trace.Story(w.Stdout, story, w.Terminal); err != nil {
		return exitFailed
	}
	fmt.Fprintf(w.Stdout, "\n%s", resp.Status)
	if bodyErr != nil {
		fmt.Fprintf(w.Stdout, ", and the answer was cut off after %d bytes", len(answer))
	}
	fmt.Fprintln(w.Stdout)
	if s := strings.TrimSpace(string(answer)); s != "" {
		const shown = 2000
		if len(s) > shown {
			s = s[:shown] + fmt.Sprintf("… (%d bytes)", len(answer))
		}
		fmt.Fprintln(w.Stdout, s)
	}
	return code
}
