package exchange

import (
	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Surroundings are what an exchange happens in, beside the request itself:
// what context shows of it. All of it may be missing.
type Surroundings struct {
	// Service resolves names that resources refer to each other by, such as
	// the groups of a product. Nil in a bare test.
	Service *apim.Service
	// Workspace is the workspace of the matched API.
	Workspace *apim.Workspace
	// Deployment is the gateway itself.
	Deployment *Deployment
	// Key is the subscription key as the caller sent it; context.Subscription.Key.
	Key string
	// ClientCertificate is the DER form of the certificate that the caller
	// proved to own.
	ClientCertificate []byte
	// Foundry is set for a call of a Foundry model.
	Foundry *Foundry
	// PrivateEndpoint is set for a call through a private endpoint.
	PrivateEndpoint *PrivateEndpoint
	// GraphQL is set while a resolver runs.
	GraphQL *GraphQL
	// Say records what an expression says through context.Trace, where the
	// running policy stands; nil when nobody listens.
	Say func(message string)
	// Object is the `context` object of expressions; package contextvar makes
	// it at the first evaluation.
	Object value.Object
}

// Deployment describes the gateway: context.Deployment.
type Deployment struct {
	Region      string
	ServiceID   string
	ServiceName string
	GatewayID   string
	Gateway     Gateway
	// Certificates are those of the service, by their id.
	Certificates []Certificate
	// CarbonIntensity is the region's, one of APIM's words; "" where unknown.
	CarbonIntensity string
}

// Gateway is context.Deployment.Gateway.
type Gateway struct {
	ID         string
	InstanceID string
	Managed    bool
}

// Certificate is a certificate of the service. Either PFX, with its password,
// or DER is set.
type Certificate struct {
	ID       string
	PFX      []byte
	Password string
	DER      []byte
}

// Foundry is context.Request.Foundry.
type Foundry struct{ Deployment string }

// PrivateEndpoint is context.Request.PrivateEndpointConnection.
type PrivateEndpoint struct{ Name, GroupID, MemberName string }

// GraphQL is what a resolver is given; each is a JObject or null.
type GraphQL struct{ Arguments, Parent value.Value }
