package apim

// Backend is where requests go: a single one, or a pool of single ones.
type Backend struct {
	Resource
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Type        BackendType `json:"type"`
	// URL is the base of the URLs of a single backend. Pools have none; old
	// templates write a dummy, which plays no part.
	URL            string          `json:"url"`
	Protocol       string          `json:"protocol"`
	ResourceID     string          `json:"resourceId"`
	AzureRegion    string          `json:"azureRegion"`
	Credentials    *Credentials    `json:"credentials"`
	Proxy          *Proxy          `json:"proxy"`
	TLS            TLS             `json:"tls"`
	CircuitBreaker *CircuitBreaker `json:"circuitBreaker"`
	Pool           *Pool           `json:"pool"`
}

// Defaults sets what APIM takes for properties that are absent.
func (b *Backend) Defaults() {
	b.Type = SingleBackend
	b.TLS.Defaults()
}

// IsPool reports whether the backend is a pool.
func (b *Backend) IsPool() bool { return b.Type == PoolBackend }

// Credentials are what a backend adds to each request. Values may hold
// {{named values}}.
type Credentials struct {
	Header map[string][]string `json:"header"`
	Query  map[string][]string `json:"query"`
	// Authorization makes "Authorization: {scheme} {parameter}".
	Authorization *AuthorizationCredentials `json:"authorization"`
	// CertificateIDs win over Certificates, which are thumbprints.
	CertificateIDs  []string         `json:"certificateIds"`
	Certificates    []string         `json:"certificate"`
	ManagedIdentity *ManagedIdentity `json:"managedIdentity"`
}

// AuthorizationCredentials is the content of an Authorization header.
type AuthorizationCredentials struct {
	Scheme    string `json:"scheme"`
	Parameter string `json:"parameter"`
}

// ManagedIdentity asks for a token of an identity in Azure; ClientID is empty
// for the system-assigned one.
type ManagedIdentity struct {
	ClientID string `json:"clientId"`
	Resource string `json:"resource"`
}

// Proxy is the web proxy on the way to a backend.
type Proxy struct {
	URL      string `json:"url"`
	Username string `json:"username"`
	Password string `json:"password"`
}

// TLS says which checks of the backend's certificate are made; both are unless
// switched off.
type TLS struct {
	ValidateCertificateChain bool `json:"validateCertificateChain"`
	ValidateCertificateName  bool `json:"validateCertificateName"`
	// ServerCertificateThumbprints and ServerX509Names pin the certificate.
	ServerCertificateThumbprints []string   `json:"serverCertificateThumbprints"`
	ServerX509Names              []X509Name `json:"serverX509Names"`
}

// Defaults sets what APIM takes for properties that are absent.
func (t *TLS) Defaults() { t.ValidateCertificateChain, t.ValidateCertificateName = true, true }

// X509Name is a certificate by its subject's and issuer's name.
type X509Name struct {
	Name                        string `json:"name"`
	IssuerCertificateThumbprint string `json:"issuerCertificateThumbprint"`
}

// CircuitBreaker is a backend's breaker. APIM accepts one rule.
type CircuitBreaker struct {
	Rules []BreakerRule `json:"rules"`
}

// BreakerRule says what trips a breaker, and for how long.
type BreakerRule struct {
	Name             string           `json:"name"`
	FailureCondition FailureCondition `json:"failureCondition"`
	TripDuration     Duration         `json:"tripDuration"`
	// AcceptRetryAfter lets the tripping answer's Retry-After take the place
	// of TripDuration.
	AcceptRetryAfter bool             `json:"acceptRetryAfter"`
	FailureResponse  *FailureResponse `json:"failureResponse"`
}

// FailureCondition is what counts as failures and how many of them trip.
type FailureCondition struct {
	// Count is a number of failures and Percentage a share of the requests,
	// both within Interval; zero means not given.
	Count      int      `json:"count"`
	Percentage int      `json:"percentage"`
	Interval   Duration `json:"interval"`
	// StatusCodeRanges are inclusive.
	StatusCodeRanges []StatusCodeRange `json:"statusCodeRanges"`
	// ErrorReasons are reasons of a failed forward. Words that no failure
	// bears occur in templates and match nothing.
	ErrorReasons []string `json:"errorReasons"`
}

// StatusCodeRange is a range of statuses, both ends included.
type StatusCodeRange struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// FailureResponse is the answer while a breaker is open or a pool is out.
type FailureResponse struct {
	StatusCode int `json:"statusCode"`
}

// Pool is the members of a pool and how they are chosen.
type Pool struct {
	Services        []PoolService    `json:"services"`
	SessionAffinity *SessionAffinity `json:"sessionAffinity"`
	FailureResponse *FailureResponse `json:"failureResponse"`
}

// PoolService is one member of a pool: a reference to a single backend.
type PoolService struct {
	ID string `json:"id"`
	// Priority and Weight are nil when not given, which is not the same as 0.
	Priority *int `json:"priority"`
	Weight   *int `json:"weight"`
}

// SessionAffinity keeps a caller on one member by a cookie.
type SessionAffinity struct {
	SessionID SessionID `json:"sessionId"`
}

// SessionID is where a session's id travels.
type SessionID struct {
	Source SessionSource `json:"source"`
	Name   string        `json:"name"`
}
