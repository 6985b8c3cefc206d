package apim

// The enumerations below are read without regard to case, because templates
// are written that way, and kept in APIM's spelling. Values is the whole of a
// closed set; Known is what is known of an open one, to which newer versions
// of APIM add.

// Protocol is a scheme that an API is reached by.
type Protocol string

// The protocols.
const (
	HTTP  Protocol = "http"
	HTTPS Protocol = "https"
	WS    Protocol = "ws"
	WSS   Protocol = "wss"
)

// Values is the closed set.
func (Protocol) Values() []string { return []string{"http", "https", "ws", "wss"} }

// APIType is the kind of an API.
type APIType string

// HTTPAPI is a plain HTTP API.
const HTTPAPI APIType = "http"

// Known is the open set.
func (APIType) Known() []string {
	return []string{"http", "soap", "websocket", "graphql", "odata", "grpc", "mcp", "a2a"}
}

// QueryTranslation says what an import does with required query parameters.
type QueryTranslation string

// The translations of required query parameters.
const (
	QueryIntoTemplate QueryTranslation = "template"
	QueryAsQuery      QueryTranslation = "query"
)

// Values is the closed set.
func (QueryTranslation) Values() []string { return []string{"template", "query"} }

// VersioningScheme is where a request names an API's version.
type VersioningScheme string

// The versioning schemes.
const (
	VersionInSegment VersioningScheme = "Segment"
	VersionInQuery   VersioningScheme = "Query"
	VersionInHeader  VersioningScheme = "Header"
)

// Values is the closed set.
func (VersioningScheme) Values() []string { return []string{"Segment", "Query", "Header"} }

// ProductState says whether developers see a product. It has no part in
// access.
type ProductState string

// The states of a product.
const (
	NotPublished ProductState = "notPublished"
	Published    ProductState = "published"
)

// Values is the closed set.
func (ProductState) Values() []string { return []string{"notPublished", "published"} }

// SubscriptionState is the state of a subscription; only an active one opens
// anything.
type SubscriptionState string

// The states of a subscription.
const (
	Suspended SubscriptionState = "suspended"
	Active    SubscriptionState = "active"
	Expired   SubscriptionState = "expired"
	Submitted SubscriptionState = "submitted"
	Rejected  SubscriptionState = "rejected"
	Cancelled SubscriptionState = "cancelled"
)

// Values is the closed set.
func (SubscriptionState) Values() []string {
	return []string{"suspended", "active", "expired", "submitted", "rejected", "cancelled"}
}

// BackendType tells single backends from pools.
type BackendType string

// The types of a backend.
const (
	SingleBackend BackendType = "Single"
	PoolBackend   BackendType = "Pool"
)

// Values is the closed set.
func (BackendType) Values() []string { return []string{"Single", "Pool"} }

// SessionSource is where a session's id travels.
type SessionSource string

// SessionCookie is the only source of a session's id.
const SessionCookie SessionSource = "Cookie"

// Values is the closed set.
func (SessionSource) Values() []string { return []string{"Cookie"} }

// LoggerType is the kind of a logger.
type LoggerType string

// The types of a logger.
const (
	ApplicationInsights LoggerType = "applicationInsights"
	AzureEventHub       LoggerType = "azureEventHub"
	AzureMonitor        LoggerType = "azureMonitor"
)

// Known is the open set.
func (LoggerType) Known() []string {
	return []string{"applicationInsights", "azureEventHub", "azureMonitor"}
}

// Verbosity is how much a diagnostic logs.
type Verbosity string

// The verbosities.
const (
	VerbosityVerbose     Verbosity = "verbose"
	VerbosityInformation Verbosity = "information"
	VerbosityError       Verbosity = "error"
)

// Values is the closed set.
func (Verbosity) Values() []string { return []string{"verbose", "information", "error"} }

// Correlation is how requests are tied together over several services.
type Correlation string

// The correlation protocols.
const (
	CorrelationNone   Correlation = "None"
	CorrelationLegacy Correlation = "Legacy"
	CorrelationW3C    Correlation = "W3C"
)

// Values is the closed set.
func (Correlation) Values() []string { return []string{"None", "Legacy", "W3C"} }
