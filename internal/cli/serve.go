package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/source"
)

const serveUsage = `Usage: spillway serve [FLAGS] DIR

Runs a service folder: the gateway, the management API, and the simulated
regions that its spillway.yaml lists. Changes of the folder are live within a
second; one that does not compile is reported and changes nothing. A missing
folder is an empty service.

    -gateway ADDR      the gateway's address (127.0.0.1:8080)
    -management ADDR   the management API's (127.0.0.1:8081)
    -control ADDR      the simulated regions' control (127.0.0.1:9100)
    -regions PORT      move the simulated regions to this port and those after it
    -configuration FILE  a publisher's configuration.<env>.yaml to lay over the folder
    -quiet             no access log

SPILLWAY_TOKEN and SPILLWAY_READER_TOKEN are the tokens of the management API;
without the first a token is made and printed. The access log goes to standard
error, one JSON line a request and one an attempt.
`

const demoUsage = `Usage: spillway demo [FLAGS]

Runs everything on this machine, with nothing installed: three simulated Azure
OpenAI regions, the gateway with a sample service, and the management API. It
prints the addresses and a request to paste.

    -sample NAME       azure-openai (random choice and retry) or backend-list (a list in the cache)
    -dir DIR           another service folder instead of a sample
    -gateway ADDR      the gateway's address (127.0.0.1:8080)
    -management ADDR   the management API's (127.0.0.1:8081)
    -control ADDR      the simulated regions' control (127.0.0.1:9100)
    -regions PORT      move the simulated regions to this port and those after it
    -log               the access log on standard error
`

// serving are the flags that serve and demo share.
type serving struct {
	gateway, management, control string
	regions                      int
}

// serve is the serve command.
func serve(w World, args []string) int {
	flags := w.flags("serve", serveUsage)
	s := w.serving(flags.StringVar, flags.IntVar)
	configuration := flags.String("configuration", "", "")
	quiet := flags.Bool("quiet", false, "")
	rest, code := w.parse(flags, args)
	if code >= 0 {
		return code
	}
	if len(rest) != 1 {
		w.errorf("serve: a service folder is needed")
		w.hintf(`"spillway demo" runs a sample with nothing but this binary`)
		return exitUsage
	}
	c := w.config(s)
	c.Dir, c.Name = rest[0], filepath.Base(filepath.Clean(rest[0]))
	if st, err := os.Stat(c.Dir); err == nil && !st.IsDir() {
		w.errorf("serve: %s is not a folder", c.Dir)
		return exitUsage
	}
	if *configuration != "" {
		data, err := w.ReadFile(*configuration)
		if err != nil {
			w.errorf("serve: %v", err)
			return exitUsage
		}
		c.Configuration = source.NewFile(*configuration, string(data))
	}
	if *quiet {
		c.LogLevel = slog.LevelWarn
	}
	made := w.Getenv("SPILLWAY_TOKEN") == ""
	c.Ready = func(i server.Info) {
		fmt.Fprintf(w.Stdout, "gateway     %s\nmanagement  %s\n", i.Gateway, i.Management)
		if made {
			fmt.Fprintf(w.Stdout, "console     %s/#token=%s\n", i.Management, i.Token)
		} else {
			fmt.Fprintf(w.Stdout, "console     %s   (asks for the token)\n", i.Management)
		}
		w.printRegions(i)
		if made {
			fmt.Fprintf(w.Stdout, "token       %s   (of the management API; SPILLWAY_TOKEN fixes it)\n", i.Token)
		}
		for _, name := range sortedKeys(i.Made) {
			fmt.Fprintf(w.Stdout, "key         %s   (made for subscription %s; subscriptions in spillway.yaml fix it)\n", i.Made[name], name)
		}
	}
	return w.run(c)
}

func sortedKeys(m map[string]string) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	sort.Strings(list)
	return list
}

func (w World) serving(text func(*string, string, string, string), number func(*int, string, int, string)) *serving {
	s := new(serving)
	text(&s.gateway, "gateway", "", "")
	text(&s.management, "management", "", "")
	text(&s.control, "control", "127.0.0.1:9100", "")
	number(&s.regions, "regions", 0, "")
	return s
}

func (w World) config(s *serving) server.Config {
	return server.Config{
		Gateway: s.gateway, Management: s.management, Control: s.control, MoveRegions: s.regions,
		Token: w.Getenv("SPILLWAY_TOKEN"), ReaderToken: w.Getenv("SPILLWAY_READER_TOKEN"),
		Env: func(name string) (string, bool) {
			v := w.Getenv(name)
			return v, v != ""
		},
		ConfigDir: w.configDir, Log: w.Stderr, LogLevel: slog.LevelInfo,
		Report: func(problems source.Problems) { fmt.Fprint(w.Stderr, problems.Draw()) },
	}
}

// run serves, and says what stands in the way if it cannot.
func (w World) run(c server.Config) int {
	err := server.Run(w.Context, c)
	var start *server.StartError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitDone
	case errors.As(err, &start):
		w.errorf("%v", err)
		if start.Flag != "" {
			w.hintf("the flag %s moves it", start.Flag)
		}
		return exitUsage
	}
	w.errorf("%v", err)
	return exitFailed
}

func (w World) printRegions(i server.Info) {
	for _, r := range i.Regions {
		fmt.Fprintf(w.Stdout, "region      %s   (%s, simulated)\n", r.Address, r.Name)
	}
	if i.Control != "" {
		fmt.Fprintf(w.Stdout, "control     %s   (faults of the simulated regions)\n", i.Control)
	}
}

// demo is the demo command.
func demo(w World, args []string) int {
	flags := w.flags("demo", demoUsage)
	s := w.serving(flags.StringVar, flags.IntVar)
	sample := flags.String("sample", examples.Default, "")
	dir := flags.String("dir", "", "")
	logs := flags.Bool("log", false, "")
	rest, code := w.parse(flags, args)
	if code >= 0 {
		return code
	}
	if len(rest) > 0 {
		w.errorf("demo takes no arguments; -dir runs another folder")
		return exitUsage
	}
	c := w.config(s)
	c.Dir, c.Name = *dir, "contoso"
	if *dir == "" {
		files, err := examples.FS(*sample)
		if err != nil {
			w.errorf("demo: %v", err)
			return exitUsage
		}
		c.Files = files
	} else if _, err := os.Stat(*dir); errors.Is(err, fs.ErrNotExist) {
		w.errorf("demo: there is no folder %s", *dir)
		return exitUsage
	}
	if !*logs {
		c.LogLevel = slog.LevelWarn
	}
	c.Ready = w.welcome
	return w.run(c)
}

// welcome prints what a newcomer needs: where things are, and a request that
// works as pasted.
func (w World) welcome(i server.Info) {
	fmt.Fprintf(w.Stdout, "Spillway is running.\n\nconsole     %s/#token=%s\ngateway     %s\nmanagement  %s\n", i.Management, i.Token, i.Gateway, i.Management)
	w.printRegions(i)
	fmt.Fprintf(w.Stdout, "key         %s   (subscription %s)\ntoken       %s   (of the management API)\n", i.SubscriptionKey, i.Subscription, i.Token)
	if i.API != nil && len(i.API.Operations) > 0 {
		fmt.Fprintf(w.Stdout, "\nAsk something; x-served-by-region in the answer says which region spoke:\n\n%s\n", curl(i))
	}
	if i.Control != "" && len(i.Regions) > 0 {
		name := i.Regions[0].Name
		fmt.Fprintf(w.Stdout, "\nTake a region away, ask again, and bring it back:\n\n"+
			"  curl -X PUT %s/regions/%s/fault -d '{\"kind\":\"refuse\"}'\n  curl -X DELETE %s/regions/%s/fault\n", i.Control, name, i.Control, name)
	}
	fmt.Fprintf(w.Stdout, "\nSee what every policy does with a request:\n\n  %s trace -d '%s' POST '/%s'\n\nCtrl-C ends it all.\n", first(w.Program, "spillway"), demoBody, demoPath(i))
}

const demoBody = `{"messages":[{"role":"user","content":"Which region am I talking to?"}]}`

func demoPath(i server.Info) string {
	path := "openai-test"
	if i.API != nil {
		path = i.API.Path
	}
	return strings.Trim(path, "/") + "/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21"
}

// curl is one request as a shell takes it.
func curl(i server.Info) string {
	return fmt.Sprintf("curl -i '%s/%s' \\\n  -H '%s: %s' -H 'Content-Type: application/json' \\\n  -d '%s'",
		i.Gateway, demoPath(i), i.API.KeyNames.Header, i.SubscriptionKey, demoBody)
}
