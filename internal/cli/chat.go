package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spillway-gateway/spillway/internal/chat"
	"github.com/spillway-gateway/spillway/internal/engine/std"
)

const chatUsage = `Usage: spillway chat [FLAGS]
       spillway chat connect [FLAGS] [gateway|REGION]

Runs the sample chat app: it answers questions over Contoso's documents, and
knows of Azure OpenAI an endpoint and a key. The page is at http://127.0.0.1:8090.

    -listen ADDR   the page's address (127.0.0.1:8090)
    -config FILE   NAME=value lines; chat.env here if there is one, else that in
                   your configuration folder
    -attached      end when standard input ends

It takes the names that Azure's sample chat apps take, from the file or from the
environment, which wins: AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_KEY, AZURE_OPENAI_MODEL
and AZURE_OPENAI_EMBEDDING_NAME (names of deployments), AZURE_OPENAI_API_VERSION,
AZURE_OPENAI_TEMPERATURE, AZURE_OPENAI_MAX_TOKENS, AZURE_OPENAI_SYSTEM_MESSAGE.
A change of the file counts from the next question on.

"connect" writes endpoint and key of the running gateway into that file, or those
of a simulated region, and says what it changed. "spillway chat connect -h".
`

// defaultChat is where the chat app's page is.
const defaultChat = "127.0.0.1:8090"

// chatDrain is how long answers may go on after the app was told to stop.
const chatDrain = 5 * time.Second

// chatCommand is the chat command.
func chatCommand(w World, args []string) int {
	if len(args) > 0 && args[0] == "connect" {
		return connect(w, args[1:])
	}
	flags := w.flags("chat", chatUsage)
	listen := flags.String("listen", defaultChat, "")
	config := flags.String("config", "", "")
	attached := flags.Bool("attached", false, "")
	rest, code := w.parse(flags, args)
	if code >= 0 {
		return code
	}
	if len(rest) > 0 {
		w.errorf("chat takes no argument but connect")
		w.hintf("spillway chat -h shows how it is used")
		return exitUsage
	}
	file := *config
	if file == "" {
		var err error
		if file, err = w.chatFile(""); err != nil {
			w.errorf("chat: %v", err)
			w.hintf("-config names the file")
			return exitUsage
		}
	}
	l, err := std.Listen(w.Context, *listen)
	if err != nil {
		_, port, _ := net.SplitHostPort(*listen)
		w.errorf("port %s for the chat app cannot be opened: %v", port, systemError(err))
		w.hintf("the flag -listen moves it")
		return exitUsage
	}
	ctx, stop := context.WithCancel(w.Context)
	defer stop()
	if *attached {
		go func() {
			_, _ = io.Copy(io.Discard, w.Stdin)
			stop()
		}()
	}
	return w.serveChat(ctx, l, file)
}

// serveChat runs the app until ctx ends.
func (w World) serveChat(ctx context.Context, l net.Listener, file string) int {
	log := slog.New(slog.NewJSONHandler(w.Stderr, nil))
	tcp, _ := l.Addr().(*net.TCPAddr)
	app := chat.New(chat.Options{Source: chat.Source{File: file, Env: w.Getenv}, Open: tcp == nil || !tcp.IP.IsLoopback(), Log: log})
	s := &http.Server{
		Handler: app.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	fmt.Fprintf(w.Stdout, "chat        http://%s   (its settings are in %s)\n", l.Addr(), file)
	select {
	case err := <-ended:
		w.errorf("chat: %v", err)
		return exitFailed
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), chatDrain)
	defer cancel()
	if s.Shutdown(end) != nil {
		_ = s.Close()
	}
	return exitDone
}

// chatFile is the app's settings file where no flag names it: a running demo's,
// chat.env in the current folder, or the user's own.
func (w World) chatFile(running string) (string, error) {
	const name = "chat.env"
	if running != "" {
		return running, nil
	}
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	dir, err := w.configDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "spillway", name), nil
}
