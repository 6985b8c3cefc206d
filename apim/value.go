package apim

// NamedValue is what {{displayName}} stands for in policies and backends.
type NamedValue struct {
	Resource
	DisplayName string          `json:"displayName"`
	Value       string          `json:"value"`
	Secret      bool            `json:"secret"`
	Tags        []string        `json:"tags"`
	KeyVault    *KeyVaultSecret `json:"keyVault"`

	// HasValue says that Value is known. A secret in an extracted folder has
	// none, nor has a Key Vault reference before it was fetched.
	HasValue bool `json:"-"`
	// Supplied says that Value came from outside the folder (the environment,
	// a file, a simulated region, Key Vault): it is never written into it.
	Supplied bool `json:"-"`
	// StandIn says that Value is in the place of one that is not known where
	// the service is only checked: what it comes to says nothing.
	StandIn bool `json:"-"`
}

// Sensitive reports whether the value must never be shown.
func (n *NamedValue) Sensitive() bool { return n.Secret || n.KeyVault != nil }

// KeyVaultSecret is a named value's reference into a Key Vault.
type KeyVaultSecret struct {
	SecretIdentifier string `json:"secretIdentifier"`
	// IdentityClientID is empty for the service's own identity.
	IdentityClientID string `json:"identityClientId"`
}

// Logger is where diagnostics and log policies write to.
type Logger struct {
	Resource
	Type        LoggerType        `json:"loggerType"`
	Description string            `json:"description"`
	Credentials map[string]string `json:"credentials"`
	IsBuffered  bool              `json:"isBuffered"`
	ResourceID  string            `json:"resourceId"`
}

// Defaults sets what APIM takes for properties that are absent.
func (l *Logger) Defaults() { l.IsBuffered = true }

// Diagnostic says what of each request goes to a logger. Its name has a
// meaning: applicationinsights, azuremonitor, local.
type Diagnostic struct {
	Resource
	LoggerID                string           `json:"loggerId"`
	AlwaysLog               string           `json:"alwaysLog"`
	Verbosity               Verbosity        `json:"verbosity"`
	LogClientIP             bool             `json:"logClientIp"`
	Metrics                 bool             `json:"metrics"`
	HTTPCorrelationProtocol Correlation      `json:"httpCorrelationProtocol"`
	OperationNameFormat     string           `json:"operationNameFormat"`
	Sampling                *Sampling        `json:"sampling"`
	Frontend                *PipelineLogging `json:"frontend"`
	Backend                 *PipelineLogging `json:"backend"`
}

// Sampling is the share of requests that a diagnostic logs.
type Sampling struct {
	Type       string  `json:"samplingType"`
	Percentage float64 `json:"percentage"`
}

// PipelineLogging says what is logged on one side of the gateway.
type PipelineLogging struct {
	Request  *MessageLogging `json:"request"`
	Response *MessageLogging `json:"response"`
}

// MessageLogging says what of a message is logged.
type MessageLogging struct {
	Headers     []string     `json:"headers"`
	Body        *BodyLogging `json:"body"`
	DataMasking *DataMasking `json:"dataMasking"`
}

// BodyLogging is how many bytes of a body are logged.
type BodyLogging struct {
	Bytes int `json:"bytes"`
}

// DataMasking hides parts of a message in logs.
type DataMasking struct {
	Headers     []Mask `json:"headers"`
	QueryParams []Mask `json:"queryParams"`
}

// Mask hides one value; Mode is Mask or Hide.
type Mask struct {
	Mode  string `json:"mode"`
	Value string `json:"value"`
}

// Cache is an external cache.
type Cache struct {
	Resource
	Description      string `json:"description"`
	ConnectionString string `json:"connectionString"`
	UseFromLocation  string `json:"useFromLocation"`
	ResourceID       string `json:"resourceId"`
}

// Gateway is a self-hosted gateway.
type Gateway struct {
	Resource
	Description string        `json:"description"`
	Location    *LocationData `json:"locationData"`
	APIs        []Link        `json:"-"`
}

// LocationData is where a self-hosted gateway stands.
type LocationData struct {
	Name            string `json:"name"`
	City            string `json:"city"`
	District        string `json:"district"`
	CountryOrRegion string `json:"countryOrRegion"`
}
