package cli

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/sim"
)

const simulateUsage = `Usage: spillway simulate [FLAGS]

Runs simulated Azure OpenAI regions alone, for any client or any other gateway.

    -regions NAME=PORT,...  the regions (eastus=9101,australiaeast=9102,swedencentral=9103)
    -control PORT           the port of their control (9100); 0 for none
    -keys KEY1,KEY2         the keys of every region; made at random unless given
    -profile fast|realistic how fast they are, and how much they admit (fast)
    -quota documented|observed
                            how requests are charged: as documented, or as experiments
                            found (documented)
    -deployments NAME,...   the deployments of every region, each NAME or NAME=MODEL
                            (gpt-35-turbo,text-embedding-ada-002)

The control takes faults:

    curl -X PUT http://127.0.0.1:9100/regions/eastus/fault -d '{"kind":"throttle","retryAfter":10}'
`

// simulate is the simulate command.
func simulate(w World, args []string) int {
	fs := w.flags("simulate", simulateUsage)
	regions := fs.String("regions", "eastus=9101,australiaeast=9102,swedencentral=9103", "")
	control := fs.Int("control", 9100, "")
	keys := fs.String("keys", "", "")
	profile := fs.String("profile", "fast", "")
	quota := fs.String("quota", "documented", "")
	deployments := fs.String("deployments", "", "")
	rest, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	if len(rest) > 0 {
		w.errorf("simulate takes no arguments")
		return exitUsage
	}
	places, err := places(*regions, *keys, *profile, *quota, *deployments)
	if err != nil {
		w.errorf("simulate: %v", err)
		w.hintf("spillway simulate -h shows how the flags are written")
		return exitUsage
	}
	at := ""
	if *control != 0 {
		at = net.JoinHostPort("127.0.0.1", strconv.Itoa(*control))
	}
	s, err := sim.Start(places, at)
	if err != nil {
		w.errorf("%v", err)
		var port *sim.PortError
		if errors.As(err, &port) && port.For == "control" {
			w.hintf("the flag -control moves it")
		} else {
			w.hintf("the flag -regions moves it")
		}
		return exitUsage
	}
	for _, p := range places {
		fmt.Fprintf(w.Stdout, "%-16s %s   key %s\n", p.Region.Name(), p.Region.Address(), p.Region.Keys()[0])
	}
	if at != "" {
		fmt.Fprintf(w.Stdout, "%-16s http://%s\n", "control", s.Control())
	}
	<-w.Context.Done()
	_ = s.Close()
	return exitDone
}

// places reads the flags into regions with their addresses.
func places(regions, keys, profile, quota, deployments string) ([]sim.Place, error) {
	var c sim.Config
	switch profile {
	case "fast":
		c.Profile = sim.Fast()
	case "realistic":
		c.Profile = sim.Realistic()
	default:
		return nil, fmt.Errorf("the profile is fast or realistic, not %q", profile)
	}
	switch quota {
	case "documented":
	case "observed":
		c.Quota = sim.Observed
	default:
		return nil, fmt.Errorf("the quota is documented or observed, not %q", quota)
	}
	if deployments != "" {
		for part := range strings.SplitSeq(deployments, ",") {
			name, model, named := strings.Cut(strings.TrimSpace(part), "=")
			if name == "" || named && model == "" {
				return nil, fmt.Errorf("%q is not NAME or NAME=MODEL", part)
			}
			c.Deployments = append(c.Deployments, sim.Deployment{Name: name, Model: model})
		}
	}
	if keys != "" {
		c.Keys = strings.Split(keys, ",")
		if len(c.Keys) > 2 {
			return nil, errors.New("a region has two keys")
		}
		if slices.Contains(c.Keys, "") {
			return nil, errors.New("a key that is empty opens nothing")
		}
	}
	var list []sim.Place
	seen := map[string]bool{}
	for part := range strings.SplitSeq(regions, ",") {
		name, port, ok := strings.Cut(strings.TrimSpace(part), "=")
		n, err := strconv.Atoi(port)
		if !ok || name == "" || err != nil || n < 0 || n > 65535 {
			return nil, fmt.Errorf("%q is not NAME=PORT", part)
		}
		if seen[name] {
			return nil, fmt.Errorf("there are two regions named %s", name)
		}
		seen[name] = true
		c.Name = name
		list = append(list, sim.Place{Region: sim.New(c), Addr: net.JoinHostPort("127.0.0.1", port)})
	}
	return list, nil
}
