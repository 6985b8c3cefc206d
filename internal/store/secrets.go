package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
)

// SecretsFile is where secrets lie that were set through the management API, by
// its path in a service folder. They stand nowhere else in it.
const SecretsFile = ".spillway/secrets.json"

// Secrets are values of secret named values and keys of subscriptions. The
// names are those of Key.
type Secrets struct {
	NamedValues   map[string]string `json:"namedValues,omitempty"`
	Subscriptions map[string]Keys   `json:"subscriptions,omitempty"`
}

// Keys are the keys of a subscription.
type Keys struct {
	Primary   string `json:"primaryKey,omitempty"`
	Secondary string `json:"secondaryKey,omitempty"`
}

// Key is the name of a resource's secrets; workspace is empty for one of the
// service itself. Names are compared without regard to case, so they are kept
// in lower case.
func Key(workspace, name string) string {
	if workspace != "" {
		name = workspace + "/" + name
	}
	return strings.ToLower(name)
}

// ReadSecrets reads the secrets of a service folder; a folder may have none.
func ReadSecrets(fsys fs.FS) (*Secrets, error) {
	s := &Secrets{NamedValues: map[string]string{}, Subscriptions: map[string]Keys{}}
	data, err := fs.ReadFile(fsys, SecretsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(data, s)
	}
	if err != nil {
		// The text of a decoding error may hold a piece of a secret.
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			err = fmt.Errorf("it is no JSON at offset %d", syntax.Offset)
		} else if !errors.As(err, new(*fs.PathError)) {
			err = errors.New("it is not of the form {\"namedValues\": {}, \"subscriptions\": {}}")
		}
		return s, fmt.Errorf("reading %s: %w", SecretsFile, err)
	}
	if s.NamedValues == nil {
		s.NamedValues = map[string]string{}
	}
	if s.Subscriptions == nil {
		s.Subscriptions = map[string]Keys{}
	}
	return s, nil
}

// Clone is a copy.
func (s *Secrets) Clone() *Secrets {
	return &Secrets{NamedValues: maps.Clone(s.NamedValues), Subscriptions: maps.Clone(s.Subscriptions)}
}

// Equal reports whether two hold the same.
func (s *Secrets) Equal(t *Secrets) bool {
	return maps.Equal(s.NamedValues, t.NamedValues) && maps.Equal(s.Subscriptions, t.Subscriptions)
}

// JSON is the content of the file; nil when there is nothing to keep.
func (s *Secrets) JSON() []byte {
	if len(s.NamedValues)+len(s.Subscriptions) == 0 {
		return nil
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("store: " + err.Error()) // maps of texts always are JSON
	}
	return append(data, '\n')
}

// Supply gives the resources of a service what the secrets hold for them.
func (s *Secrets) Supply(svc *apim.Service) {
	s.supply(&svc.Contents, "")
	for _, w := range svc.Workspaces {
		s.supply(&w.Contents, w.Name)
	}
}

func (s *Secrets) supply(c *apim.Contents, workspace string) {
	for _, n := range c.NamedValues {
		if v, ok := s.NamedValues[Key(workspace, n.Name)]; ok && n.Secret {
			n.Value, n.HasValue, n.Supplied = v, true, true
		}
	}
	for _, x := range c.Subscriptions {
		if k, ok := s.Subscriptions[Key(workspace, x.Name)]; ok {
			x.PrimaryKey, x.SecondaryKey, x.KeysSupplied = k.Primary, k.Secondary, true
		}
	}
}
