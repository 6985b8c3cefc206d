package artifact

// sensitive are the members whose values problems never show, whatever stands
// below them.
var sensitive = []string{"value", "primaryKey", "secondaryKey", "credentials", "password", "connectionString"}

// layoutWords are words that are no secret, and stay readable where a text
// could not be parsed.
var layoutWords = []string{
	"properties", "name", "displayName", "value", "secret", "keyVault", "secretIdentifier", "identityClientId", "tags", "true", "false", "null",
	"scope", "state", "primaryKey", "secondaryKey", "allowTracing", "ownerId", "description", "url", "protocol", "type", "title", "credentials",
	"header", "query", "authorization", "scheme", "parameter", "pool", "services", "id", "priority", "weight", "circuitBreaker", "rules",
	"path", "apiRevision", "isCurrent", "serviceUrl", "protocols", "subscriptionRequired", "subscriptionKeyParameterNames", "http", "https",
	"namedValues", "backends", "apis", "products", "subscriptions", "policies", "format", "loggers", "loggerType", "-",
}
