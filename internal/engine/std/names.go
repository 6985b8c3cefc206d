package std

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxNames bounds how many names' last addresses are kept.
const maxNames = 1024

// names are the names of backends and where they lead. While a name does not
// resolve, its last good answer holds; while connections are kept, what it leads
// to is looked up again every so often, or nobody would notice that it has moved
// (spec: reliability.md 24). It is safe for concurrent use.
type names struct {
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	every   time.Duration
	timeout time.Duration
	stale   atomic.Uint64 // failures that were bridged

	mu sync.Mutex
	by map[string]*name
}

type name struct {
	addresses []netip.Addr
	looked    time.Time
	looking   bool
	moves     int
}

func newNames(o TransportOptions) *names {
	n := &names{lookup: o.Lookup, every: o.LookupEvery, timeout: o.ConnectTimeout, by: map[string]*name{}}
	if n.lookup == nil {
		n.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return n
}

// resolve is the addresses of a host.
func (n *names) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	found, err := n.lookup(ctx, host)
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.by[host]
	if err == nil && len(found) > 0 {
		if known == nil {
			if len(n.by) >= maxNames {
				clear(n.by)
			}
			known = &name{}
			n.by[host] = known
		}
		for _, a := range known.addresses {
			if !slices.Contains(found, a) {
				known.moves++
				break
			}
		}
		known.addresses, known.looked = found, time.Now()
		return found, nil
	}
	if known != nil {
		n.stale.Add(1)
		known.looked = time.Now()
		return known.addresses, nil
	}
	if err == nil {
		err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return nil, err
}

// moves is how often a host has ceased to lead where it had led. Where that was
// looked at too long ago, it is looked up again, while the caller goes on.
func (n *names) moves(host string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.by[host]
	if known == nil {
		return 0
	}
	if !known.looking && time.Since(known.looked) >= n.every {
		known.looking = true
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), n.timeout)
			defer cancel()
			_, _ = n.resolve(ctx, host)
			n.mu.Lock()
			defer n.mu.Unlock()
			known.looking = false
		}()
	}
	return known.moves
}
