package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/validate"
)

// Where the chat app and the control of simulated regions of another process
// are looked for.
const (
	chatApp      = "http://127.0.0.1:8090"
	otherControl = "http://127.0.0.1:9100"
)

// validation is /validate of the management port: GET tells the steps and how
// the traffic is meant to spread, POST /validate/{step} takes a step. One is
// taken at a time, for some of them disturb the simulated regions.
func (p *process) validation(gateway net.Listener) http.Handler {
	turn := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest := strings.Trim(strings.TrimPrefix(strings.ToLower(strings.Trim(r.URL.Path, "/")), "validate"), "/")
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch step, err := strconv.Atoi(rest); {
		case rest == "" && reads:
			arm.Answer(w, http.StatusOK, map[string]any{"steps": validate.Steps(), "shares": p.shares()})
		case rest == "" || err == nil && reads:
			w.Header().Set("Allow", map[bool]string{true: "GET, HEAD", false: http.MethodPost}[rest == ""])
			arm.Fail(w, arm.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed", "GET /validate lists the steps; POST /validate/{step} takes one."))
		case err != nil || step < 1 || step > len(validate.Steps()):
			arm.Fail(w, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "The steps of the validation are 1 to %d.", len(validate.Steps())))
		default:
			select {
			case turn <- struct{}{}:
			case <-r.Context().Done():
				return
			}
			defer func() { <-turn }()
			p.validateStep(w, r, gateway, step)
		}
	})
}

func (p *process) validateStep(w http.ResponseWriter, r *http.Request, gateway net.Listener, step int) {
	var in struct {
		// Consent lets real regions be reached through proxies that fail on
		// purpose. Model and Embedding are the deployments to ask.
		Consent          bool
		Model, Embedding string
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &in)
	}
	if err != nil {
		arm.Fail(w, arm.Errorf(http.StatusBadRequest, "InvalidRequestContent", "The body may be an object with consent, model and embedding."))
		return
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	o := validate.Options{
		Token: p.config.Token, Gateway: "http://" + gateway.Addr().String(), Chat: cmp.Or(p.config.Chat, chatApp),
		Control: otherControl, Consent: in.Consent, Model: in.Model, Embedding: in.Embedding,
	}
	if local != nil {
		o.Management = "http://" + local.String()
	}
	if p.config.Control != "" && len(p.started) > 0 {
		o.Control = "http://" + p.config.Control
	}
	arm.Answer(w, http.StatusOK, p.take(r.Context(), o, step))
}

// take takes one step. A set-up that cannot be looked at fails it.
func (p *process) take(ctx context.Context, o validate.Options, step int) validate.Result {
	check, err := validate.Open(ctx, o)
	if err != nil {
		return validate.Failed(step, err)
	}
	result := check.Run(ctx, step)
	if err := check.Close(); err != nil && !errors.Is(err, context.Canceled) {
		p.log.Logger().Error("a validation could not put back what it changed", "error", err.Error())
	}
	return result
}

// shares are those that spillway.yaml states, nil for none.
func (p *process) shares() map[string]int {
	var shares map[string]int
	p.store.Exclusive(func() {
		for _, s := range p.loaded.Settings.Validate.Shares {
			if shares == nil {
				shares = map[string]int{}
			}
			shares[s.Region] = s.Share
		}
	})
	return shares
}
