package chat

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Names of the settings that a change from one region to the gateway touches.
const (
	NameEndpoint = "AZURE_OPENAI_ENDPOINT"
	NameKey      = "AZURE_OPENAI_KEY"
)

// Where Azure's sample chat apps disagree about a name, all of their names are
// taken; the first that has a value counts. The names are those of
// sample-app-aoai-chatGPT, azure-search-openai-demo and of the OpenAI clients.
var (
	endpointNames   = []string{NameEndpoint}
	resourceNames   = []string{"AZURE_OPENAI_RESOURCE", "AZURE_OPENAI_SERVICE"}
	keyNames        = []string{NameKey, "AZURE_OPENAI_API_KEY"}
	deploymentNames = []string{"AZURE_OPENAI_MODEL", "AZURE_OPENAI_CHATGPT_DEPLOYMENT", "AZURE_OPENAI_DEPLOYMENT"}
	embeddingNames  = []string{"AZURE_OPENAI_EMBEDDING_NAME", "AZURE_OPENAI_EMB_DEPLOYMENT"}
	versionNames    = []string{"AZURE_OPENAI_API_VERSION", "AZURE_OPENAI_PREVIEW_API_VERSION", "OPENAI_API_VERSION"}
)

// What holds without a setting.
const (
	defaultDeployment = "gpt-35-turbo"
	defaultEmbedding  = "text-embedding-ada-002"
	// The last dated version that is generally available.
	defaultVersion = "2024-10-21"
)

// Config is what the app is set to. Two equal ones behave alike.
type Config struct {
	// Endpoint is a base URL with or without a path: a region's, or the
	// gateway's with the path of its API.
	Endpoint string
	Key      string
	// Deployment and Embedding are names of deployments.
	Deployment string
	Embedding  string
	APIVersion string
	// SystemMessage takes the place of the built-in one when it is not empty.
	SystemMessage string
	// Limits and tastes that are sent only when they were set; MaxTokens goes as
	// max_tokens, which reasoning models refuse, MaxCompletionTokens as the name
	// that they want.
	Temperature, TopP              number
	MaxTokens, MaxCompletionTokens int64
}

// number is one that may not be set.
type number struct {
	value float64
	set   bool
}

// Source is where the configuration comes from. It is read anew for every
// question, so that a change counts at once.
type Source struct {
	// File is a file of NAME=value lines; "" for none. A missing file is empty.
	File string
	// Env looks up a variable of the environment, which wins over the file as
	// it does for the sample apps.
	Env func(string) string
}

// ConfigError is a configuration that cannot work. Its text is for people.
type ConfigError struct{ Problem, Hint string }

func (e *ConfigError) Error() string { return e.Problem }

// Read reads the configuration. What is wrong with it is a *ConfigError.
func (s Source) Read() (Config, error) {
	values := map[string]string{}
	if s.File != "" {
		data, err := os.ReadFile(s.File)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Config{}, &ConfigError{Problem: fmt.Sprintf("The configuration cannot be read: %v", err)}
		}
		if values, err = ParseFile(string(data)); err != nil {
			return Config{}, &ConfigError{Problem: fmt.Sprintf("%s: %v", s.File, err), Hint: "A line is NAME=value, a comment begins with #."}
		}
	}
	look := func(names []string) string {
		for _, n := range names {
			if s.Env != nil {
				if v := s.Env(n); v != "" {
					return v
				}
			}
		}
		for _, n := range names {
			if v := values[n]; v != "" {
				return v
			}
		}
		return ""
	}
	return configOf(look)
}

// configOf makes a configuration of values by name.
func configOf(look func([]string) string) (Config, error) {
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return v
	}
	c := Config{
		Endpoint: strings.TrimRight(look(endpointNames), "/"), Key: look(keyNames),
		Deployment: or(look(deploymentNames), defaultDeployment), Embedding: or(look(embeddingNames), defaultEmbedding),
		APIVersion: or(look(versionNames), defaultVersion), SystemMessage: look([]string{"AZURE_OPENAI_SYSTEM_MESSAGE"}),
	}
	if r := look(resourceNames); c.Endpoint == "" && r != "" {
		c.Endpoint = "https://" + r + ".openai.azure.com"
	}
	// The sample apps' endpoint may already have the part that the client adds.
	if ofAzure(c.Endpoint) {
		c.Endpoint = strings.TrimSuffix(c.Endpoint, "/openai")
	}
	for _, n := range []struct {
		name      string
		into      *number
		low, high float64
	}{{"AZURE_OPENAI_TEMPERATURE", &c.Temperature, 0, 2}, {"AZURE_OPENAI_TOP_P", &c.TopP, 0, 1}} {
		text := look([]string{n.name})
		if text == "" {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= n.low && v <= n.high) {
			return c, &ConfigError{Problem: fmt.Sprintf("%s is not a number from %v to %v.", n.name, n.low, n.high)}
		}
		*n.into = number{v, true}
	}
	for name, into := range map[string]*int64{"AZURE_OPENAI_MAX_TOKENS": &c.MaxTokens, "AZURE_OPENAI_MAX_COMPLETION_TOKENS": &c.MaxCompletionTokens} {
		text := look([]string{name})
		if text == "" {
			continue
		}
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v < 1 {
			return c, &ConfigError{Problem: name + " is not a whole number above 0."}
		}
		*into = v
	}
	return c, c.check()
}

// ofAzure reports whether an endpoint is that of a resource itself, whose paths
// begin with /openai: some apps have that in the endpoint, and the client adds
// it. At a gateway it may be the name of an API.
func ofAzure(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	for _, domain := range []string{".openai.azure.", ".cognitiveservices.azure.", ".services.ai.azure."} {
		if strings.Contains(strings.ToLower(u.Hostname()), domain) {
			return true
		}
	}
	return false
}

const connectHint = `"spillway chat connect" sets both for the gateway that runs on this machine.`

func (c Config) check() error {
	if c.Endpoint == "" || c.Key == "" {
		missing := NameEndpoint + " is"
		if c.Endpoint != "" {
			missing = NameKey + " is"
		} else if c.Key == "" {
			missing = NameEndpoint + " and " + NameKey + " are"
		}
		return &ConfigError{Problem: "The chat app does not know whom to ask: " + missing + " not set.", Hint: connectHint}
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return &ConfigError{Problem: NameEndpoint + " is not a URL such as https://NAME.openai.azure.com.", Hint: connectHint}
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return &ConfigError{
			Problem: "The endpoint " + c.Endpoint + " is plain HTTP on another machine, and the key would travel in the clear.",
			Hint:    "Use its https address. Plain HTTP is for endpoints on this machine.",
		}
	}
	return nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// ParseFile reads a file of NAME=value lines, as the sample apps keep their
// settings in: blank lines, comments, "export ", and quoted values, in which
// double quotes know \n, \" and \\.
func ParseFile(text string) (map[string]string, error) {
	values := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		name, value, ok, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if ok {
			values[name] = value
		}
	}
	return values, nil
}

func parseLine(line string) (name, value string, ok bool, err error) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	if line == "" || line[0] == '#' {
		return "", "", false, nil
	}
	line = strings.TrimPrefix(line, "export ")
	name, value, ok = strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if !ok || !plainName(name) {
		// The text itself stays out of the message: it may be a stray secret.
		return "", "", false, errors.New("it is not NAME=value")
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return name, "", true, nil
	}
	switch q := value[0]; q {
	case '"', '\'':
		value, err = unquote(value, q)
		return name, value, err == nil, err
	}
	if i := strings.Index(value, " #"); i >= 0 {
		value = strings.TrimSpace(value[:i])
	}
	return name, value, true, nil
}

func plainName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func unquote(s string, quote byte) (string, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote:
			if rest := strings.TrimSpace(s[i+1:]); rest != "" && rest[0] != '#' {
				return "", errors.New("something follows the closing quote")
			}
			return b.String(), nil
		case c == '\\' && quote == '"' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case '"', '\\', '$':
				b.WriteByte(s[i])
			default:
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("a quote is not closed")
}

// SetInFile gives a file's text with NAME set to value: in its place where it
// stands already, at the end where not. All else stays as it is.
func SetInFile(text, name, value string) string {
	set := name + "=" + quoted(value)
	var b strings.Builder
	done := false
	for line := range strings.Lines(text) {
		if n, _, ok, err := parseLine(line); err == nil && ok && n == name {
			if done {
				continue // a second one would win over the first
			}
			done = true
			end := line[len(strings.TrimRight(line, "\r\n")):]
			if strings.HasPrefix(strings.TrimSpace(line), "export ") {
				b.WriteString("export ")
			}
			b.WriteString(set + end)
			continue
		}
		b.WriteString(line)
	}
	if !done {
		if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
			b.WriteByte('\n')
		}
		b.WriteString(set + "\n")
	}
	return b.String()
}

// quoted is a value as parseLine reads it back.
func quoted(v string) string {
	if v == strings.TrimSpace(v) && !strings.ContainsAny(v, "\"'\\#\n\r$") {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", "").Replace(v) + `"`
}
