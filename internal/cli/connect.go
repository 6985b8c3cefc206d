package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/spillway-gateway/spillway/internal/chat"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/validate"
)

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

// connect is the connect command of chat.
func connect(w World, args []string) int {
	flags := w.flags("chat connect", connectUsage)
	config := flags.String("config", "", "")
	endpoint := flags.String("endpoint", "", "")
	key := flags.String("key", "", "")
	control := flags.String("control", "", "")
	address := flags.String("management", "", "")
	token := flags.String("token", "", "")
	rest, code := w.parse(flags, args)
	if code >= 0 {
		return code
	}
	if len(rest) > 1 || len(rest) == 1 && *endpoint != "" {
		w.errorf("chat connect: one place to connect to is enough")
		return exitUsage
	}
	running, runningErr := w.running(*address)
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
	to := target{endpoint: strings.TrimRight(*endpoint, "/"), key: cmp.Or(*key, w.Getenv("CHAT_KEY")), name: *endpoint}
	var err error
	switch {
	case *endpoint != "":
		if to.key == "" {
			w.errorf("chat connect: -endpoint needs a key")
			w.hintf("give it as CHAT_KEY in the environment, or with -key")
			return exitUsage
		}
	case len(rest) == 1 && rest[0] != "gateway":
		to, err = w.regionTarget(rest[0], withScheme(cmp.Or(*control, running.Control, "127.0.0.1:9100")))
	default:
		if runningErr != nil && *address == "" {
			w.errorf("chat connect: %v", runningErr)
			w.hintf(`start one with "spillway demo" or "spillway serve DIR"; or name a region, or give -endpoint and a key`)
			return exitUsage
		}
		to, err = w.management(*address, *token, running).gatewayTarget(running, to.key)
	}
	if err != nil {
		w.errorf("chat connect: %v", err)
		return exitFailed
	}
	return w.writeTarget(file, to)
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
func (m *management) gatewayTarget(running *server.Running, key string) (target, error) {
	var apis struct {
		Value []struct {
			Name       string
			Properties struct {
				Path                          string
				SubscriptionKeyParameterNames struct{ Header string }
			}
		}
	}
	if err := m.call(http.MethodGet, "/apis", nil, &apis); err != nil {
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
		if err := m.call(http.MethodGet, "/apis/"+a.Name+"/operations", nil, &operations); err != nil {
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
		if err := m.call(http.MethodGet, "", nil, &service); err != nil {
			return target{}, err
		}
		gateway = service.Properties.GatewayURL
	}
	if key == "" {
		key = cmp.Or(validate.SubscriptionKey(m.w.Context, m.address, m.token, id), running.SubscriptionKey)
	}
	if key == "" {
		return target{}, fmt.Errorf("no active subscription is known that lets the app into the API %s: add one, or give its key with -key, or as CHAT_KEY in the environment", id)
	}
	return target{strings.TrimRight(gateway, "/") + path, key, "the gateway"}, nil
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
			fmt.Fprintf(w.Stdout, "  %-22s %s -> %s\n", chat.NameEndpoint, cmp.Or(before[chat.NameEndpoint], "(not set)"), to.endpoint)
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
