package cli

import (
	"net"
	"net/url"
	"strconv"

	"github.com/spillway-gateway/spillway/internal/server"
)

// running is what the gateway tells of itself whose management API is at that
// address; with "", the one on the default port, or else the only one there is.
// A gateway on another machine has left nothing here, which is an error, too.
func (w World) running(management string) (*server.Running, error) {
	port := 0
	if management != "" {
		u, err := url.Parse(withScheme(management))
		if err != nil {
			return nil, err
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, server.ErrNotRunning
		}
		if port, err = strconv.Atoi(u.Port()); err != nil || port == 0 {
			return nil, server.ErrNotRunning
		}
	}
	return server.FindRunning(w.configDir, port)
}
