package store

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/source"
)

// memory is a place to keep a state.
type memory struct {
	stored, published *State
	fail              error
	problems          source.Problems
}

type written struct {
	m  *memory
	to *State
}

func (w written) Persist() error {
	if w.m.fail == nil {
		w.m.stored = w.to
	}
	return w.m.fail
}

func (w written) Publish() { w.m.published = w.to }

func newStore() (*Store, *memory) {
	first := &State{Service: &apim.Service{}, Secrets: &Secrets{NamedValues: map[string]string{}, Subscriptions: map[string]Keys{}}}
	m := &memory{stored: first, published: first}
	return New(Functions{
		Read:     func() (*State, error) { return m.stored, nil },
		Validate: func(_, to *State) (Candidate, source.Problems, error) { return written{m, to}, m.problems, nil },
	}), m
}

func add(name string) func(*State) error {
	return func(s *State) error {
		s.Service.Tags = append(s.Service.Tags, &apim.Tag{Resource: apim.Resource{Name: name}})
		s.Secrets.NamedValues[name] = "secret"
		return nil
	}
}

// A write is in force when it has been compiled and stored, and leaves no trace
// when it has not.
func TestUpdate(t *testing.T) {
	s, m := newStore()
	first := m.published
	if err := s.Update(add("a")); err != nil || m.published.Service.Tag("a") == nil || m.stored != m.published {
		t.Fatalf("%v %+v", err, m.published)
	}
	if first.Service.Tag("a") != nil || len(first.Secrets.NamedValues) > 0 {
		t.Error("the state before was changed")
	}
	good := m.published
	m.problems = source.Problems{{Code: "x", Message: "wrong"}}
	var invalid *InvalidError
	if err := s.Update(add("b")); !errors.As(err, &invalid) || len(invalid.Problems) != 1 {
		t.Errorf("%v", err)
	}
	m.problems[0].Severity = source.Warning
	m.fail = errors.New("disk full")
	var persist *PersistError
	if err := s.Update(add("b")); !errors.As(err, &persist) || !errors.Is(err, m.fail) {
		t.Errorf("%v", err)
	}
	refusal := errors.New("no")
	if err := s.Update(func(*State) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("%v", err)
	}
	if m.published != good || m.stored != good {
		t.Error("a refused write is in force")
	}
}

func TestSecrets(t *testing.T) {
	s := &Secrets{NamedValues: map[string]string{Key("", "Key"): "v", Key("W", "Key"): "w"}, Subscriptions: map[string]Keys{"me": {Primary: "p", Secondary: "q"}}}
	again, err := ReadSecrets(fstest.MapFS{SecretsFile: {Data: s.JSON()}})
	if err != nil || !again.Equal(s) {
		t.Fatalf("%+v %v", again, err)
	}
	svc := &apim.Service{Workspaces: []*apim.Workspace{{Resource: apim.Resource{Name: "w"}}}}
	for _, c := range []*apim.Contents{&svc.Contents, &svc.Workspaces[0].Contents} {
		c.NamedValues = []*apim.NamedValue{{Resource: apim.Resource{Name: "key"}, Secret: true}, {Resource: apim.Resource{Name: "plain"}, Value: "x"}}
	}
	svc.Subscriptions = []*apim.Subscription{{Resource: apim.Resource{Name: "ME"}}}
	s.Supply(svc)
	if n := svc.NamedValues[0]; n.Value != "v" || !n.Supplied || !n.HasValue {
		t.Errorf("%+v", n)
	}
	if n := svc.Workspaces[0].NamedValues[0]; n.Value != "w" {
		t.Errorf("%+v", n)
	}
	if x := svc.Subscriptions[0]; x.PrimaryKey != "p" || x.SecondaryKey != "q" || !x.KeysSupplied {
		t.Errorf("%+v", x)
	}
	if none, err := ReadSecrets(fstest.MapFS{}); err != nil || none.JSON() != nil {
		t.Errorf("%v %v", none, err)
	}
	for _, broken := range []string{`{"namedValues": "planted-secret"}`, `{planted-secret`, `{"namedValues": {"a": planted-secret}}`} {
		if _, err := ReadSecrets(fstest.MapFS{SecretsFile: {Data: []byte(broken)}}); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", broken, err)
		}
	}
}
