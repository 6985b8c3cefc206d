package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/settings"
)

const demoUsage = `Usage: spillway demo [FLAGS]

Runs everything on this machine, with nothing installed: three simulated Azure
OpenAI regions, the gateway with a sample service, the management API with its
console, and the chat app. It prints the addresses and a request to paste.

    -sample NAME       azure-openai (random choice and retry), backend-list (a list
                       in the cache) or pool (a backend pool with circuit breakers)
    -dir DIR           another service folder instead of a sample
    -gateway ADDR      the gateway's address (127.0.0.1:8080)
    -management ADDR   the management API's (127.0.0.1:8081)
    -chat ADDR         the chat app's (127.0.0.1:8090); off for none
    -control ADDR      the simulated regions' control (127.0.0.1:9100)
    -regions PORT      move the simulated regions to this port and those after it
    -log               the access log on standard error

A folder whose spillway.yaml lists no regions gets the sample's three beside it.
`

// chatOff is the address that stands for no chat app.
const chatOff = "off"

// demoRegions run beside a folder that lists none of its own.
var demoRegions = []settings.Region{
	{Name: "eastus", Port: 9101, Profile: "fast"},
	{Name: "australiaeast", Port: 9102, Profile: "fast"},
	{Name: "swedencentral", Port: 9103, Profile: "fast"},
}

// demo is the demo command.
func demo(w World, args []string) int {
	flags := w.flags("demo", demoUsage)
	s := servingFlags(flags)
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
	c.Dir, c.Name, c.Regions = *dir, "contoso", demoRegions
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
	if s.chat == chatOff {
		c.Chat = ""
		c.Ready = func(i server.Info) { w.welcome(i, nil, "") }
		return w.run(c)
	}
	// The chat app comes first: all is there when the addresses are printed, and
	// nothing is printed when its port is taken. Its settings follow when it is
	// known what they are; it reads them for each question.
	child, err := w.startChat(s.chat)
	if err != nil {
		w.errorf("%v", err)
		w.hintf("the flag -chat moves it")
		return exitUsage
	}
	defer child.stop()
	c.Chat, c.ChatFile = child.address, child.file
	c.Ready = func(i server.Info) {
		problem := ""
		if err := child.connect(w.Context, i); err != nil {
			problem = err.Error()
		}
		w.welcome(i, child, problem)
	}
	return w.run(c)
}

// welcome prints what a newcomer needs: where things are, and a request that
// works as pasted.
func (w World) welcome(i server.Info, child *chatProcess, problem string) {
	fmt.Fprintf(w.Stdout, "Spillway is running.\n\n")
	if child != nil {
		note := "ask Contoso something; its settings are in " + child.file
		if problem != "" {
			note = "not connected: " + problem
		}
		fmt.Fprintf(w.Stdout, "chat        %s   (%s)\n", child.address, note)
	}
	fmt.Fprintf(w.Stdout, "console     %s/#token=%s\ngateway     %s\nmanagement  %s\n", i.Management, i.Token, i.Gateway, i.Management)
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
	program := cmp.Or(w.Program, "spillway")
	which := ""
	if !strings.HasSuffix(i.Management, ":8081") {
		which = "-management " + strings.TrimPrefix(i.Management, "http://") + " "
	}
	fmt.Fprintf(w.Stdout, "\nSee what every policy does with a request:\n\n  %s trace %s-d '%s' POST '/%s'\n\n", program, which, demoBody, demoPath(i))
	fmt.Fprintf(w.Stdout, "Prove that it balances, step by step:\n\n  %s validate%s\n\n", program, strings.TrimRight(" "+which, " "))
	fmt.Fprint(w.Stdout, "Ctrl-C ends it all.\n")
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
