package apim

import (
	"encoding/json"
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// API is one revision of an API.
type API struct {
	Resource
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// Path is the prefix of its URLs, without slashes at its ends; empty for
	// an API at the root.
	Path       string     `json:"path"`
	ServiceURL string     `json:"serviceUrl"`
	Protocols  []Protocol `json:"protocols"`
	Type       APIType    `json:"type"`

	Revision            string `json:"apiRevision"`
	RevisionDescription string `json:"apiRevisionDescription"`
	// IsCurrent says that the API answers without ";rev=N" in the path.
	IsCurrent bool `json:"isCurrent"`
	// IsOnline is false for a revision that nobody can reach.
	IsOnline bool `json:"isOnline"`

	Version            string `json:"apiVersion"`
	VersionDescription string `json:"apiVersionDescription"`
	// VersionSetID refers to a version set; InlineVersionSet is one written
	// into the API itself, as old folders have it.
	VersionSetID     string            `json:"apiVersionSetId"`
	InlineVersionSet *InlineVersionSet `json:"apiVersionSet"`
	SourceAPIID      string            `json:"sourceApiId"`

	SubscriptionRequired bool                          `json:"subscriptionRequired"`
	KeyNames             SubscriptionKeyParameterNames `json:"subscriptionKeyParameterNames"`

	TranslateRequiredQueryParameters QueryTranslation `json:"translateRequiredQueryParameters"`
	TermsOfServiceURL                string           `json:"termsOfServiceUrl"`

	// Operations are in the order of the specification, which decides between
	// equals when a request is matched.
	Operations  []*Operation  `json:"-"`
	Policy      *Document     `json:"-"`
	Diagnostics []*Diagnostic `json:"-"`
	Releases    []*Release    `json:"-"`
	// Tags are links to tags.
	Tags []Link `json:"-"`
	// Schemas are what operations name by schemaId. They describe bodies; nothing
	// is served by them.
	Schemas []*Schema `json:"-"`
	// Specification is the document that the operations came from; nil when
	// they were written by hand.
	Specification *Specification `json:"-"`
}

// The default names of the subscription key.
const (
	DefaultKeyHeader = "Ocp-Apim-Subscription-Key"
	DefaultKeyQuery  = "subscription-key"
)

// SubscriptionKeyParameterNames are the names under which a caller sends its
// key.
type SubscriptionKeyParameterNames struct {
	Header string `json:"header"`
	Query  string `json:"query"`
}

// Defaults sets what APIM takes for names that are absent.
func (n *SubscriptionKeyParameterNames) Defaults() {
	n.Header, n.Query = DefaultKeyHeader, DefaultKeyQuery
}

// Normalize puts the default in the place of a name that is empty.
func (n *SubscriptionKeyParameterNames) Normalize() {
	if n.Header == "" {
		n.Header = DefaultKeyHeader
	}
	if n.Query == "" {
		n.Query = DefaultKeyQuery
	}
}

// Defaults sets what APIM takes for properties that are absent. A plain name
// is a current revision; the loader says otherwise for "name;rev=N".
func (a *API) Defaults() {
	a.Protocols = []Protocol{HTTPS}
	a.Type = HTTPAPI
	a.Revision = "1"
	_, _, other := SplitRevision(a.Name)
	a.IsCurrent, a.IsOnline = !other, true
	a.SubscriptionRequired = true
	a.KeyNames.Defaults()
	a.TranslateRequiredQueryParameters = QueryIntoTemplate
}

// Normalize trims the slashes around the path: templates in the wild say
// "/openai" where APIM keeps "openai".
func (a *API) Normalize() { a.Path = strings.Trim(a.Path, "/") }

// RootName is the API's name without ";rev=N".
func (a *API) RootName() string { return RootName(a.Name) }

// Operation is the operation of that name, or nil.
func (a *API) Operation(name string) *Operation {
	return find(a.Operations, Tail(name), func(o *Operation) string { return o.Name })
}

// VersionSetOf is the version set that the API belongs to, the one it refers
// to or the one written into it, or nil.
func (c *Contents) VersionSetOf(a *API) *VersionSet {
	if a.VersionSetID != "" {
		return c.VersionSet(a.VersionSetID)
	}
	if a.InlineVersionSet == nil {
		return nil
	}
	if a.InlineVersionSet.ID != "" {
		if set := c.VersionSet(a.InlineVersionSet.ID); set != nil {
			return set
		}
	}
	v := a.InlineVersionSet
	return &VersionSet{
		Resource: Resource{Name: Tail(v.ID), Origin: a.Origin}, DisplayName: v.Name, Description: v.Description,
		Scheme: v.Scheme, HeaderName: v.HeaderName, QueryName: v.QueryName,
	}
}

// PublicPath is the path under which the gateway serves the API: its path, and
// behind it the version when the version set puts it there. Folders hold paths
// of versioned APIs with the version and without.
func (c *Contents) PublicPath(a *API) string {
	set := c.VersionSetOf(a)
	if set == nil || set.Scheme != VersionInSegment || a.Version == "" {
		return a.Path
	}
	if a.Path == a.Version || strings.HasSuffix(a.Path, "/"+a.Version) {
		return a.Path
	}
	return strings.TrimPrefix(a.Path+"/"+a.Version, "/")
}

// Operation is one operation of an API.
type Operation struct {
	Resource
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// Method is upper case.
	Method string `json:"method"`
	// URLTemplate follows the API's path: literals, {name}, {*rest} or *, and
	// an optional query part whose parameters are required for a match.
	URLTemplate        string            `json:"urlTemplate"`
	TemplateParameters []Parameter       `json:"templateParameters"`
	Request            *OperationRequest `json:"request"`
	Responses          []OperationAnswer `json:"responses"`

	Policy *Document `json:"-"`
	Tags   []Link    `json:"-"`
}

// Normalize brings the method to upper case.
func (o *Operation) Normalize() { o.Method = strings.ToUpper(o.Method) }

// Parameter describes one parameter of an operation: of its template, its
// query, or a header.
type Parameter struct {
	Name         string   `json:"name"`
	Type         string   `json:"type"`
	Required     bool     `json:"required"`
	DefaultValue string   `json:"defaultValue"`
	Description  string   `json:"description"`
	Values       []string `json:"values"`
}

// OperationRequest describes what an operation takes.
type OperationRequest struct {
	Description     string           `json:"description"`
	QueryParameters []Parameter      `json:"queryParameters"`
	Headers         []Parameter      `json:"headers"`
	Representations []Representation `json:"representations"`
}

// OperationAnswer describes one answer of an operation.
type OperationAnswer struct {
	StatusCode      int              `json:"statusCode"`
	Description     string           `json:"description"`
	Headers         []Parameter      `json:"headers"`
	Representations []Representation `json:"representations"`
}

// Representation describes a body by its content type.
type Representation struct {
	ContentType string `json:"contentType"`
	SchemaID    string `json:"schemaId"`
	TypeName    string `json:"typeName"`
	// Examples by name; a specification's only one is called "default".
	Examples map[string]Example `json:"examples,omitempty"`
}

// Example is a body to try out. Value is any JSON: an object for JSON, a string
// for anything else.
type Example struct {
	Summary       string          `json:"summary,omitempty"`
	Description   string          `json:"description,omitempty"`
	Value         json.RawMessage `json:"value,omitempty"`
	ExternalValue string          `json:"externalValue,omitempty"`
}

// Specification is the text that an API's operations were imported from.
type Specification struct {
	File *source.File
	// Title and ServiceURL are what the API takes from it where it says
	// nothing itself.
	Title      string
	ServiceURL string
}

// VersionSet joins the versions of one API and says where a request names the
// one it wants.
type VersionSet struct {
	Resource
	DisplayName string           `json:"displayName"`
	Description string           `json:"description"`
	Scheme      VersioningScheme `json:"versioningScheme"`
	HeaderName  string           `json:"versionHeaderName"`
	QueryName   string           `json:"versionQueryName"`
}

// InlineVersionSet is a version set written into an API.
type InlineVersionSet struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Scheme      VersioningScheme `json:"versioningScheme"`
	HeaderName  string           `json:"versionHeaderName"`
	QueryName   string           `json:"versionQueryName"`
}

// Schema is a description of bodies, in whatever language its content type names.
// The text of it stays among its properties.
type Schema struct {
	Resource
	ContentType string `json:"contentType"`
}

// Release is the act of making a revision current.
type Release struct {
	Resource
	// APIID refers to the revision; empty means the API that it stands under.
	APIID string `json:"apiId"`
	Notes string `json:"notes"`
}

// Tag is a label.
type Tag struct {
	Resource
	DisplayName string `json:"displayName"`
	// APIs and Products are links of the tag to what bears it.
	APIs     []Link `json:"-"`
	Products []Link `json:"-"`
}

// Link ties one resource to another: a product to its APIs, for one.
type Link struct {
	Resource
	// Target is the name of the resource that the link leads to. Name is the
	// link's own, which nothing else depends on.
	Target string
}
