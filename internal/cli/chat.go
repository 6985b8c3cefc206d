package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spillway-gateway/spillway/internal/chat"
	"github.com/spillway-gateway/spillway/internal/engine/std"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/validate"
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

const connectUsage = `Usage: spillway chat connect [FLAGS] [gateway|REGION]

Writes two settings of the chat app, its endpoint and its key, and says what they
were: those of the running gateway, of a simulated region that is named, or of any
other place that -endpoint and -key give. Nothing else of the app changes.

    -config FILE     the file to change; the running demo's, chat.env here, or that
                     in your configuration folder
    -endpoint URL    another endpoint, such as https://NAME.openai.azure.com
    -key KEY         its key; CHAT_KEY in the environment stays out of the shell's history
    -control ADDR    the simulated regions' control (127.0.0.1:9100)
    -management ADDR the management API; the running gateway's unless given
    -token TOKEN     its token; SPILLWAY_TOKEN or the running gateway's unless given
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

// systemError is what the system says, without the address, which was said
// already.
func systemError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
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

// chatProcess is the chat app as a process beside this one.
type chatProcess struct {
	address string // of its page
	file    string // of its settings
	wrote   bool   // this process has written it
	stop    func()
}

// startChat starts the chat app as a process of its own and waits until its
// page is there. It ends when this process does, however that ends: its standard
// input ends with it.
func (w World) startChat(listen string) (*chatProcess, error) {
	if w.executable == nil {
		return nil, errors.New("the chat app cannot be started: this program does not know itself")
	}
	program, err := w.executable()
	if err != nil {
		return nil, fmt.Errorf("the chat app cannot be started: %w", err)
	}
	file, remove, err := w.demoChatFile(listen)
	if err != nil {
		return nil, fmt.Errorf("the chat app has no place for its settings: %w", err)
	}
	cmd := exec.Command(program, "chat", "-listen", listen, "-config", file, "-attached")
	// What the person has set for other chat apps must not win over the file.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AZURE_OPENAI_") && !strings.HasPrefix(v, "OPENAI_API_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	said := &firstLine{behind: w.Stderr}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		remove()
		return nil, fmt.Errorf("the chat app cannot be started: %w", err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		_ = cmd.Wait()
		remove()
		return nil, errors.New(strings.TrimPrefix(first(said.line(), "the chat app ended at once"), "spillway: "))
	}
	said.pass()
	address := ""
	if f := strings.Fields(lines.Text()); len(f) > 1 {
		address = f[1]
	}
	ended := make(chan struct{})
	var stopping atomic.Bool
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // the process's state says it
		if w.Context.Err() == nil && !stopping.Load() {
			w.errorf("the chat app has ended by itself (%v); the rest goes on", cmd.ProcessState)
		}
	}()
	// It leaves with the gateway it asks, not a minute later when the last
	// stream of somebody else has ended.
	stopAfter := context.AfterFunc(w.Context, func() { _ = in.Close() })
	p := &chatProcess{address: address, file: file}
	p.stop = func() {
		stopping.Store(true)
		stopAfter()
		_ = in.Close()
		select {
		case <-ended:
		case <-time.After(2 * chatDrain):
			_ = cmd.Process.Kill()
			<-ended
		}
		if p.wrote {
			_ = os.Remove(file)
		}
		remove()
	}
	return p, nil
}

// demoChatFile is the settings file of a demo's chat app, named after its port,
// and what takes it away again. It is written later.
func (w World) demoChatFile(listen string) (file string, remove func(), err error) {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", nil, err
	}
	dir, err := w.configDir()
	if err != nil {
		// Without a configuration folder a temporary one does, which goes too.
		if dir, err = os.MkdirTemp("", "spillway-"); err != nil {
			return "", nil, err
		}
		file = filepath.Join(dir, "chat-"+port+".env")
		return file, func() { _ = os.RemoveAll(dir) }, nil
	}
	// Another demo on the same port may own the file: it is taken away by the one
	// that has written it.
	file = filepath.Join(dir, "spillway", "chat-"+port+".env")
	return file, func() {}, nil
}

// connect writes the settings that lead to the gateway.
func (p *chatProcess) connect(ctx context.Context, i server.Info) error {
	var places []place
	for _, a := range i.APIs {
		found := place{id: a.Name, path: a.Path, keyHeader: a.KeyNames.Header}
		for _, o := range a.Operations {
			found.operations = append(found.operations, [2]string{o.Method, o.URLTemplate})
		}
		places = append(places, found)
	}
	id, path, err := chatPath(places)
	if err != nil {
		return err
	}
	key := first(validate.SubscriptionKey(ctx, i.Management, i.Token, id), i.SubscriptionKey)
	const text = "# The chat app's settings, under the names of Azure's sample chat apps. A change\n# counts from the next question on; \"spillway chat connect REGION\" goes past the gateway.\n"
	p.wrote = true
	return writeSecret(p.file, chat.SetInFile(chat.SetInFile(text, chat.NameEndpoint, i.Gateway+path), chat.NameKey, key))
}

// place is an API as the chat app looks at it. Operations are method and
// template.
type place struct {
	id, path, keyHeader string
	operations          [][2]string
}

// chatPath is the path at the gateway that clients of Azure OpenAI take for
// their endpoint: they add /openai/deployments/….
func chatPath(places []place) (id, path string, err error) {
	other := ""
	for _, p := range places {
		path, chats, _ := validate.ClientPath(p.path, p.operations)
		switch {
		case !chats:
		case !strings.EqualFold(p.keyHeader, "api-key"):
			other = fmt.Sprintf("the API %s takes its key in the header %s, and clients of Azure OpenAI send api-key: set the header's name in the API's settings", p.id, p.keyHeader)
		default:
			return p.id, path, nil
		}
	}
	if other != "" {
		return "", "", errors.New(other)
	}
	return "", "", errors.New("the service has no API with POST …/openai/deployments/{deployment-id}/chat/completions")
}

// writeSecret writes a file that its owner alone reads, whole or not at all.
func writeSecret(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".chat-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = io.WriteString(tmp, text)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// connect is the connect command of chat.
func connect(w World, args []string) int {
	flags := w.flags("chat connect", connectUsage)
	config := flags.String("config", "", "")
	endpoint := flags.String("endpoint", "", "")
	key := flags.String("key", "", "")
	control := flags.String("control", "", "")
	management := flags.String("management", "", "")
	token := flags.String("token", "", "")
	rest, code := w.parse(flags, args)
	if code >= 0 {
		return code
	}
	if len(rest) > 1 || len(rest) == 1 && *endpoint != "" {
		w.errorf("chat connect: one place to connect to is enough")
		return exitUsage
	}
	running, runningErr := w.running(*management)
	if runningErr != nil {
		running = &server.Running{}
	}
	file := *config
	if file == "" {
		var err error
		if file, err = w.chatFile(running.ChatFile); err != nil {
			w.errorf("chat connect: %v", err)
			return exitUsage
		}
	}
	to := target{endpoint: strings.TrimRight(*endpoint, "/"), key: first(*key, w.Getenv("CHAT_KEY")), name: *endpoint}
	var err error
	switch {
	case *endpoint != "":
		if to.key == "" {
			w.errorf("chat connect: -endpoint needs a key")
			w.hintf("give it as CHAT_KEY in the environment, or with -key")
			return exitUsage
		}
	case len(rest) == 1 && rest[0] != "gateway":
		to, err = w.regionTarget(rest[0], withScheme(first(*control, running.Control, "127.0.0.1:9100")))
	default:
		if runningErr != nil && *management == "" {
			w.errorf("chat connect: %v", runningErr)
			w.hintf(`start one with "spillway demo" or "spillway serve DIR"; or name a region, or give -endpoint and a key`)
			return exitUsage
		}
		t := tracer{w: w, management: withScheme(first(*management, running.Management)), token: first(*token, w.Getenv("SPILLWAY_TOKEN"), running.Token)}
		to, err = t.gatewayTarget(running, to.key)
	}
	if err != nil {
		w.errorf("chat connect: %v", err)
		return exitFailed
	}
	return w.writeTarget(file, to)
}

func withScheme(address string) string {
	if strings.Contains(address, "://") {
		return address
	}
	return "http://" + address
}

// target is what the chat app may be connected to.
type target struct {
	endpoint, key string
	name          string // for people
}

// regionTarget is a simulated region, as the regions' control tells it.
func (w World) regionTarget(name, control string) (target, error) {
	var regions []struct {
		Name, Address string
		Keys          []string
	}
	if err := w.getJSON(control+"/regions", &regions); err != nil {
		return target{}, fmt.Errorf("the simulated regions' control at %s: %w", control, err)
	}
	var names []string
	for _, r := range regions {
		if r.Name == name && len(r.Keys) > 0 {
			return target{r.Address, r.Keys[0], "the region " + name + " itself"}, nil
		}
		names = append(names, r.Name)
	}
	return target{}, fmt.Errorf("there is no region %s; there are %s", name, strings.Join(names, ", "))
}

// gatewayTarget is the gateway, as the management API tells it.
func (t *tracer) gatewayTarget(running *server.Running, key string) (target, error) {
	var apis struct {
		Value []struct {
			Name       string
			Properties struct {
				Path                          string
				SubscriptionKeyParameterNames struct{ Header string }
			}
		}
	}
	if err := t.call(http.MethodGet, "/apis", nil, &apis); err != nil {
		return target{}, err
	}
	var places []place
	for _, a := range apis.Value {
		p := place{id: a.Name, path: a.Properties.Path, keyHeader: a.Properties.SubscriptionKeyParameterNames.Header}
		var operations struct {
			Value []struct {
				Properties struct{ Method, URLTemplate string }
			}
		}
		if err := t.call(http.MethodGet, "/apis/"+a.Name+"/operations", nil, &operations); err != nil {
			return target{}, err
		}
		for _, o := range operations.Value {
			p.operations = append(p.operations, [2]string{o.Properties.Method, o.Properties.URLTemplate})
		}
		places = append(places, p)
	}
	id, path, err := chatPath(places)
	if err != nil {
		return target{}, err
	}
	gateway := running.Gateway
	if gateway == "" {
		var service struct {
			Properties struct{ GatewayURL string }
		}
		if err := t.call(http.MethodGet, "", nil, &service); err != nil {
			return target{}, err
		}
		gateway = service.Properties.GatewayURL
	}
	if key == "" {
		key = first(validate.SubscriptionKey(t.w.Context, t.management, t.token, id), running.SubscriptionKey)
	}
	if key == "" {
		return target{}, fmt.Errorf("no active subscription is known that lets the app into the API %s: add one, or give its key with -key, or as CHAT_KEY in the environment", id)
	}
	return target{strings.TrimRight(gateway, "/") + path, key, "the gateway"}, nil
}

// writeTarget changes the two settings, and says what it changed.
func (w World) writeTarget(file string, to target) int {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.errorf("chat connect: %v", err)
		return exitFailed
	}
	before, err := chat.ParseFile(string(data))
	if err != nil {
		w.errorf("chat connect: %s: %v", file, err)
		return exitFailed
	}
	text := chat.SetInFile(chat.SetInFile(string(data), chat.NameEndpoint, to.endpoint), chat.NameKey, to.key)
	if text == string(data) {
		fmt.Fprintf(w.Stdout, "%s leads to %s already; nothing has changed.\n", file, to.name)
	} else {
		if err := writeSecret(file, text); err != nil {
			w.errorf("chat connect: %v", err)
			return exitFailed
		}
		fmt.Fprintf(w.Stdout, "The chat app now asks %s. Changed in %s:\n\n", to.name, file)
		if before[chat.NameEndpoint] != to.endpoint {
			fmt.Fprintf(w.Stdout, "  %-22s %s -> %s\n", chat.NameEndpoint, first(before[chat.NameEndpoint], "(not set)"), to.endpoint)
		}
		if before[chat.NameKey] != to.key {
			fmt.Fprintf(w.Stdout, "  %-22s %s -> %s\n", chat.NameKey, masked(before[chat.NameKey]), masked(to.key))
		}
		fmt.Fprint(w.Stdout, "\nNothing else of the app has changed. A running one asks the new address from its next question on.\n")
	}
	for _, name := range []string{chat.NameEndpoint, chat.NameKey} {
		if w.Getenv(name) != "" {
			fmt.Fprintf(w.Stderr, "spillway: %s is set in this environment, too: a chat app that is started from here takes that one\n", name)
		}
	}
	return exitDone
}

// masked tells keys apart without showing them.
func masked(key string) string {
	const shown = 4
	switch {
	case key == "":
		return "(not set)"
	case len(key) < 4*shown:
		return "…"
	}
	return "…" + key[len(key)-shown:]
}

// getJSON reads what an address answers.
func (w World) getJSON(url string, into any) error {
	ctx, cancel := context.WithTimeout(w.Context, 10*time.Second)
	defer cancel()
	return getJSON(ctx, url, into)
}
