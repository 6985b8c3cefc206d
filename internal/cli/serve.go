package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/source"
)

const serveUsage = `Usage: spillway serve [FLAGS] DIR

Runs a service folder: the gateway, the management API, and the simulated
regions that its spillway.yaml lists. Changes of the folder are in force within two
seconds; one that does not compile is reported and changes nothing. A missing folder
is an empty service.

    -gateway ADDR      the gateway's address (127.0.0.1:8080)
    -management ADDR   the management API's (127.0.0.1:8081)
    -control ADDR      the simulated regions' control (127.0.0.1:9100)
    -regions PORT      move the simulated regions to this port and those after it
    -chat ADDR         where the chat app is, for the validation (127.0.0.1:8090)
    -configuration FILE  a publisher's configuration.<env>.yaml to lay over the folder
    -quiet             no access log
    -no-snapshot       refuse to start when the folder does not compile; without
                       it the last good state that was served is served again

SPILLWAY_TOKEN and SPILLWAY_READER_TOKEN are the tokens of the management API;
without the first a token is made and printed. The access log goes to standard
error, one JSON line a request and one an attempt.
`

// serving are the flags that serve and demo share.
type serving struct {
	gateway, management, control, chat string
	regions                            int
}

// serve is the serve command.
func serve(w World, args []string) int {
	flags := w.flags("serve", serveUsage)
	s := servingFlags(flags)
	configuration := flags.String("configuration", "", "")
	quiet := flags.Bool("quiet", false, "")
	noSnapshot := flags.Bool("no-snapshot", false, "")
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
	c.NoSnapshot = *noSnapshot
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
		if !i.Snapshot.IsZero() {
			w.errorf("serve: the folder does not compile: the last good service is served, of %s", i.Snapshot.Format(time.DateTime))
			w.hintf("-no-snapshot refuses to start then")
		}
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
		for _, name := range slices.Sorted(maps.Keys(i.Made)) {
			fmt.Fprintf(w.Stdout, "key         %s   (made for subscription %s; subscriptions in spillway.yaml fix it)\n", i.Made[name], name)
		}
	}
	return w.run(c)
}

func servingFlags(flags *flagSet) *serving {
	s := new(serving)
	flags.StringVar(&s.gateway, "gateway", "", "")
	flags.StringVar(&s.management, "management", "", "")
	flags.StringVar(&s.control, "control", "127.0.0.1:9100", "")
	flags.StringVar(&s.chat, "chat", defaultChat, "")
	flags.IntVar(&s.regions, "regions", 0, "")
	return s
}

func (w World) config(s *serving) server.Config {
	return server.Config{
		Gateway: s.gateway, Management: s.management, Control: s.control, MoveRegions: s.regions, Chat: withScheme(s.chat),
		Token: w.Getenv("SPILLWAY_TOKEN"), ReaderToken: w.Getenv("SPILLWAY_READER_TOKEN"),
		Env: func(name string) (string, bool) {
			v := w.Getenv(name)
			return v, v != ""
		},
		NoSnapshot: true, // people at a demo want to see what they broke
		ConfigDir:  w.configDir, Log: w.Stderr, LogLevel: slog.LevelInfo,
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
