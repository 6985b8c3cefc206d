package settings

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// World is where values come from.
type World struct {
	Env func(name string) (string, bool)
	// File reads a file; relative names are the caller's to place.
	File func(name string) ([]byte, error)
	// Region gives the base URL and the keys of a simulated region that runs.
	Region func(name string) (endpoint string, keys []string, ok bool)
}

// Resolve looks the values of named values and subscription keys up. What
// cannot be had is a problem, which names the source but never a value.
func (s *Settings) Resolve(w World) (values, keys map[string]string, problems source.Problems) {
	values = map[string]string{}
	for _, name := range sorted(s.NamedValues) {
		v := s.NamedValues[name]
		text, err := w.value(v)
		if err != nil {
			problems = append(problems, s.Problem("no-value", "namedValues."+name+": "+err.Error(), "namedValues", name))
			continue
		}
		values[name] = text
	}
	keys, found := s.keys(w, s.Subscriptions, "key", "subscriptions")
	return values, keys, append(problems, found...)
}

// Tokens looks the tokens up that are taken instead of asking Azure, by
// resource.
func (s *Settings) Tokens(w World) (map[string]string, source.Problems) {
	return s.keys(w, s.Azure.Tokens, "token", "azure", "tokens")
}

// CertificateData is a certificate as it was read: PEM blocks or a PKCS #12 file.
type CertificateData struct {
	ID           string
	Content, Key []byte
	Password     string
	FromVariable bool // Content may be in Base64
}

// CertificateData looks the certificates up, by id in order.
func (s *Settings) CertificateData(w World) ([]CertificateData, source.Problems) {
	var list []CertificateData
	var problems source.Problems
	for _, id := range sorted(s.Certificates) {
		c := s.Certificates[id]
		if count(c.Env, c.File) != 1 {
			continue // Parse has said so
		}
		one := CertificateData{ID: id, FromVariable: c.Env != ""}
		text, err := w.value(Value{Env: c.Env})
		one.Content = []byte(text)
		if c.File != "" {
			one.Content, err = w.file(c.File)
		}
		if err == nil && c.KeyFile != "" {
			one.Key, err = w.file(c.KeyFile)
		}
		if err == nil {
			one.Password, err = w.value(Value{Env: c.Password.Env, File: c.Password.File, Value: c.Password.Value})
		}
		if err != nil {
			problems = append(problems, s.Problem("no-value", "certificates."+id+": "+err.Error(), "certificates", id))
			continue
		}
		list = append(list, one)
	}
	return list, problems
}

func (s *Settings) keys(w World, from map[string]Key, what string, path ...string) (map[string]string, source.Problems) {
	keys := map[string]string{}
	var problems source.Problems
	for _, name := range sorted(from) {
		k, at := from[name], append(slices.Clone(path), name)
		if count(k.Env, k.File, k.Value) != 1 && k.Value == "" && s.root.Find(append(slices.Clone(at), "value")...) == nil {
			continue // Parse has said what is wrong
		}
		text, err := w.value(Value{Env: k.Env, File: k.File, Value: k.Value})
		if err == nil && text == "" {
			err = fmt.Errorf("the %s is empty", what)
		}
		if err != nil {
			problems = append(problems, s.Problem("no-value", strings.Join(at, ".")+": "+err.Error(), at...))
			continue
		}
		keys[name] = text
	}
	return keys, problems
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

func (w World) file(name string) ([]byte, error) {
	data, err := w.File(name)
	if err != nil {
		return nil, fmt.Errorf("its file cannot be read: %w", err)
	}
	return data, nil
}

func (w World) value(v Value) (string, error) {
	switch {
	case v.Region != "":
		endpoint, keys, ok := w.Region(v.Region)
		switch {
		case !ok:
			return "", fmt.Errorf("the region %s does not run", v.Region)
		case v.Value == "endpoint":
			return endpoint, nil
		case v.Value == "key1" && len(keys) > 0:
			return keys[0], nil
		case v.Value == "key2" && len(keys) > 1:
			return keys[1], nil
		}
		return "", fmt.Errorf("the region %s has no %s", v.Region, v.Value)
	case v.Env != "":
		text, ok := w.Env(v.Env)
		if !ok {
			return "", fmt.Errorf("the environment has no variable %s", v.Env)
		}
		return text, nil
	case v.File != "":
		data, err := w.file(v.File)
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(data), " \t\r\n"), nil
	}
	return v.Value, nil
}
