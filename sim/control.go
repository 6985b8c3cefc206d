package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxFault is the largest body that the control reads.
const maxFault = 1 << 20

// regionView is a region as the control shows it.
type regionView struct {
	Name        string                 `json:"name"`
	Address     string                 `json:"address"`
	Keys        []string               `json:"keys"`
	Deployments []Deployment           `json:"deployments"`
	Counters    map[string]map[int]int `json:"counters"`
	Fault       *Fault                 `json:"fault"`
	Tenants     *Tenants               `json:"tenants,omitempty"`
}

// Control is the handler that regions are looked at and disturbed through. It
// asks for no token, so it answers only callers on the same machine that name
// it by a loopback address (a web page that had its name pointed here does
// not) and that come from no other web page.
func Control(regions ...*Region) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /regions", func(w http.ResponseWriter, _ *http.Request) {
		views := make([]regionView, len(regions))
		for i, r := range regions {
			views[i] = view(r)
		}
		answer(w, http.StatusOK, views)
	})
	with := func(pattern string, do func(r *Region, w http.ResponseWriter, q *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, q *http.Request) {
			for _, r := range regions {
				if r.Name() == q.PathValue("region") {
					do(r, w, q)
					return
				}
			}
			problem(w, http.StatusNotFound, fmt.Errorf("there is no region %q", q.PathValue("region")))
		})
	}
	with("GET /regions/{region}", func(r *Region, w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, view(r))
	})
	with("GET /regions/{region}/requests", showRequests)
	with("POST /regions/{region}/reset", func(r *Region, w http.ResponseWriter, _ *http.Request) {
		r.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	with("GET /regions/{region}/fault", func(r *Region, w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, r.Fault())
	})
	with("PUT /regions/{region}/fault", putFault)
	with("DELETE /regions/{region}/fault", func(r *Region, w http.ResponseWriter, _ *http.Request) {
		setFault(w, r, nil)
	})
	with("GET /regions/{region}/quotas", func(r *Region, w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, r.Standings())
	})
	with("GET /regions/{region}/tenants", func(r *Region, w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, r.Tenants())
	})
	with("PUT /regions/{region}/tenants", putTenants)
	with("DELETE /regions/{region}/tenants", func(r *Region, w http.ResponseWriter, _ *http.Request) {
		_ = r.SetTenants(nil) // nobody is always right
		w.WriteHeader(http.StatusNoContent)
	})
	with("POST /regions/{region}/keys/{n}/regenerate", func(r *Region, w http.ResponseWriter, q *http.Request) {
		n, _ := strconv.Atoi(q.PathValue("n"))
		keys, err := r.RegenerateKey(n)
		if err != nil {
			problem(w, http.StatusNotFound, err)
			return
		}
		answer(w, http.StatusOK, map[string]any{"keys": keys})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		problem(w, http.StatusNotFound, fmt.Errorf("nothing at %s %s", q.Method, q.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if err := fromHere(q); err != nil {
			problem(w, http.StatusForbidden, err)
			return
		}
		mux.ServeHTTP(w, q)
	})
}

func view(r *Region) regionView {
	return regionView{
		Name: r.Name(), Address: r.Address(), Keys: r.Keys(), Deployments: r.Deployments(),
		Counters: r.Counters(), Fault: r.Fault(), Tenants: r.Tenants(),
	}
}

func showRequests(r *Region, w http.ResponseWriter, q *http.Request) {
	n := logSize
	if last := q.URL.Query().Get("last"); last != "" {
		var err error
		if n, err = strconv.Atoi(last); err != nil || n < 0 {
			problem(w, http.StatusBadRequest, fmt.Errorf("last=%s is not a number of requests", last))
			return
		}
	}
	answer(w, http.StatusOK, r.Requests(n))
}

func putFault(r *Region, w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxFault))
	if err != nil {
		problem(w, http.StatusBadRequest, err)
		return
	}
	f, err := ParseFault(body)
	if err != nil {
		problem(w, http.StatusBadRequest, err)
		return
	}
	setFault(w, r, f)
}

func putTenants(r *Region, w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxFault))
	if err == nil {
		var t *Tenants
		if t, err = ParseTenants(body); err == nil {
			err = r.SetTenants(t)
		}
	}
	if err != nil {
		problem(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func setFault(w http.ResponseWriter, r *Region, f *Fault) {
	err := r.SetFault(f)
	var port *net.OpError
	switch {
	case errors.As(err, &port):
		problem(w, http.StatusInternalServerError, err)
	case err != nil:
		problem(w, http.StatusBadRequest, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// fromHere judges where a request to the control comes from.
func fromHere(q *http.Request) error {
	if from, err := netip.ParseAddrPort(q.RemoteAddr); err == nil && !from.Addr().Unmap().IsLoopback() {
		return errors.New("the control answers this machine only")
	}
	if !loopbackHost(q.Host) {
		return fmt.Errorf("the control answers to a loopback address only, not to the host %q", q.Host)
	}
	if origin := q.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !loopbackHost(u.Host) {
			return fmt.Errorf("the control does not answer web pages of %q", origin)
		}
	}
	return nil
}

// loopbackHost judges a host with or without a port.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]any{"error": map[string]string{"message": err.Error()}})
}
