package sim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Place is a region and the address it listens on.
type Place struct {
	Region *Region
	Addr   string // such as "127.0.0.1:9101"
}

// Server is regions on their ports, with their control.
type Server struct {
	control   *http.Server
	controlAt string
	listeners []*Listener
	done      sync.WaitGroup
}

// PortError says which of a server's ports could not be had.
type PortError struct {
	For  string // a region's name, or "control"
	Addr string
	Err  error
}

func (e *PortError) Error() string {
	_, port, _ := net.SplitHostPort(e.Addr)
	what := "region " + e.For
	if e.For == "control" {
		what = "the regions' control"
	}
	cause := e.Err
	var op *net.OpError
	if errors.As(cause, &op) {
		cause = op.Err // the address is said already
	}
	return fmt.Sprintf("port %s for %s cannot be opened: %v", port, what, cause)
}

// Unwrap is the system's error.
func (e *PortError) Unwrap() error { return e.Err }

// Start opens all ports or none. control is the address of the control, which
// answers loopback only; "" means none. The error is a *PortError.
func Start(places []Place, control string) (*Server, error) {
	s := &Server{}
	regions := make([]*Region, 0, len(places))
	for _, p := range places {
		l, err := p.Region.Listen(p.Addr)
		if err != nil {
			_ = s.Close()
			return nil, &PortError{For: p.Region.Name(), Addr: p.Addr, Err: unwrapRegion(err)}
		}
		s.listeners = append(s.listeners, l)
		regions = append(regions, p.Region)
	}
	if control == "" {
		return s, nil
	}
	port, err := net.Listen("tcp", control)
	if err != nil {
		_ = s.Close()
		return nil, &PortError{For: "control", Addr: control, Err: err}
	}
	s.controlAt = port.Addr().String()
	s.control = &http.Server{Handler: Control(regions...), ReadHeaderTimeout: headTimeout, ReadTimeout: time.Minute}
	s.done.Go(func() { _ = s.control.Serve(port) })
	return s, nil
}

// unwrapRegion takes off what Listen says about the region, which PortError
// says itself.
func unwrapRegion(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// Control is the address of the control, or "".
func (s *Server) Control() string { return s.controlAt }

// Listeners are the regions' ports in the order given to Start.
func (s *Server) Listeners() []*Listener { return s.listeners }

// Close ends all ports and connections.
func (s *Server) Close() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	if s.control != nil {
		errs = append(errs, s.control.Close())
	}
	s.done.Wait()
	return errors.Join(errs...)
}
