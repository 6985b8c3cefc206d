package apim

import "github.com/spillway-gateway/spillway/source"

// The scopes of policy documents, broad to narrow, in the words of
// context.LastError.Scope.
const (
	ScopeGlobal    = "global"
	ScopeWorkspace = "workspace"
	ScopeProduct   = "product"
	ScopeAPI       = "api"
	ScopeOperation = "operation"
)

// Format says how a policy document's text is written.
type Format string

// The formats of a policy document's text.
const (
	// RawXML leaves C# as it is; every file of an artifact folder is RawXML.
	RawXML Format = "rawxml"
	// XML has its C# escaped and is well-formed.
	XML Format = "xml"
)

// Document is a policy document, or the content of a policy fragment: a text
// with the name that problems show.
type Document struct {
	// Scope is one of the Scope constants; empty for a fragment's content.
	Scope  string
	Format Format
	File   *source.File
	// Overridden is the folder's own text, where a publisher's configuration
	// has put File in its place; nil otherwise.
	Overridden *source.File
}

// Text is the whole document.
func (d *Document) Text() string { return d.File.Text() }

// Fragment is a policy fragment.
type Fragment struct {
	Resource
	Description string `json:"description"`
	// Document is the fragment's content. It is never nil in a service
	// without errors.
	Document *Document `json:"-"`
}
