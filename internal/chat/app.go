package chat

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"

	"github.com/spillway-gateway/spillway/internal/page"
)

// Limits on what a page sends.
const (
	maxBody     = 1 << 20
	maxMessages = 400
)

// defaultIdle is how long a stream may stand still before it counts as dead.
const defaultIdle = 2 * time.Minute

// Options are what an app works with. The zero value of each but Source is
// usable.
type Options struct {
	Source Source
	// Idle is how long an answer may stand still; 0 is two minutes.
	Idle time.Duration
	// Open lets requests in under any host name. Without it only names of this
	// machine are taken, so that a page whose name was made to resolve here
	// cannot spend the key.
	Open bool
	Log  *slog.Logger
}

// App is the chat app. Its methods are safe for concurrent use.
type App struct {
	Options
	index index
	files page.Files

	mu     sync.Mutex
	config Config // that client is for
	client *openai.Client
}

// New makes an app.
func New(o Options) *App {
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &App{Options: o, index: index{passages: passages()}, files: page.Read(own())}
}

// clientFor is a client for a configuration. It is kept until that changes, for
// its connections.
func (a *App) clientFor(c Config) *openai.Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client != nil && a.config == c {
		return a.client
	}
	options := []option.RequestOption{
		azure.WithEndpoint(c.Endpoint, c.APIVersion),
		azure.WithAPIKey(c.Key),
		// The person who asks is told of a refusal at once and sees the wait
		// counted down; the client's own retries would hide both. Behind the
		// gateway its retry policy is the one that counts.
		option.WithMaxRetries(0),
	}
	if strings.HasPrefix(c.Endpoint, "http://") {
		options = append(options, azure.WithUnsafeAllowHTTP()) // check lets loopback through alone
	}
	client := openai.NewClient(options...)
	a.client, a.config = &client, c
	return a.client
}

// Handler serves the page and what it calls:
//
//	GET  /api/state     whom the app asks
//	GET  /api/documents the documents' passages
//	POST /api/chat      {"messages":[{"role","content"}],"documents":true}
//
// The answer to the last is lines of JSON, see Line.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/state", a.state)
	mux.HandleFunc("GET /api/documents", a.list)
	mux.HandleFunc("POST /api/chat", a.chat)
	mux.Handle("GET /", a.files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if problem := a.foreign(r); problem != "" {
			refuse(w, http.StatusForbidden, problem)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// foreign says why a request is none of this app's own page, or "". Whoever may
// call spends the key, so other pages may not.
func (a *App) foreign(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if !a.Open && !loopback(strings.Trim(host, "[]")) {
		return "This chat app answers under an address of its own machine only."
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return "Other pages cannot use this chat app."
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return "Other pages cannot use this chat app."
		}
	}
	return ""
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"message": message}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// State is whom the app asks; the key is not among it.
type State struct {
	// Configured is false when Problem says why the app can ask nobody.
	Configured bool   `json:"configured"`
	Problem    string `json:"problem,omitempty"`
	Hint       string `json:"hint,omitempty"`
	// File is where the configuration is changed, "" for none.
	File       string `json:"file,omitempty"`
	Endpoint   string `json:"endpoint"`
	Deployment string `json:"deployment"`
	Embedding  string `json:"embedding"`
	APIVersion string `json:"apiVersion"`
	Passages   int    `json:"passages"`
}

func (a *App) state(w http.ResponseWriter, _ *http.Request) {
	c, err := a.Source.Read()
	s := State{
		Configured: err == nil, File: a.Source.File, Endpoint: c.Endpoint, Deployment: c.Deployment,
		Embedding: c.Embedding, APIVersion: c.APIVersion, Passages: len(a.index.passages),
	}
	var problem *ConfigError
	if errors.As(err, &problem) {
		s.Problem, s.Hint = problem.Problem, problem.Hint
	}
	answer(w, http.StatusOK, s)
}

// list is the documents as the page shows them.
func (a *App) list(w http.ResponseWriter, _ *http.Request) {
	all := make([]Cited, len(a.index.passages))
	for i, p := range a.index.passages {
		all[i] = Cited{ID: p.ID, Document: p.Document, Title: p.Title, Text: p.Text}
	}
	answer(w, http.StatusOK, all)
}

// question is what the page asks.
type question struct {
	Messages  []Message `json:"messages"`
	Documents bool      `json:"documents"`
}

func (a *App) chat(w http.ResponseWriter, r *http.Request) {
	// A form of another page can send a body, but not of this type.
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "The question must be application/json.")
		return
	}
	var q question
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if errors.As(err, new(*http.MaxBytesError)) {
		refuse(w, http.StatusRequestEntityTooLarge, "The conversation is too long to be sent. Begin a new one.")
		return
	}
	if err == nil {
		err = json.Unmarshal(data, &q)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "The question must be an object with messages.")
		return
	}
	if problem := q.check(); problem != "" {
		refuse(w, http.StatusBadRequest, problem)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	a.reply(r.Context(), &q, func(l Line) error {
		if err := out.Encode(l); err != nil {
			return err
		}
		return flush.Flush()
	})
}

func (q *question) check() string {
	if len(q.Messages) == 0 || len(q.Messages) > maxMessages {
		return "There must be between 1 and 400 messages."
	}
	for _, m := range q.Messages {
		if m.Role != "user" && m.Role != "assistant" {
			return "The role of a message is user or assistant."
		}
	}
	if last := q.Messages[len(q.Messages)-1]; last.Role != "user" || strings.TrimSpace(last.Content) == "" {
		return "The last message must be a question of the user."
	}
	return ""
}
