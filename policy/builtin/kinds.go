// Package builtin holds APIM's policies, one file each: the row that describes
// it and the compiled step that runs it.
//
// Kinds joins them into the list that package policy compiles documents with.
// A policy gets what it needs of the world from Services when the list is made
// and what belongs to one request from the run; nothing is both.
package builtin

import "github.com/spillway-gateway/spillway/policy"

// Kinds are all policies, those that this version only knows by name included.
func Kinds(s Services) []policy.Kind {
	kinds := []policy.Kind{
		authenticationBasic(),
		authenticationCertificate(s),
		authenticationManagedIdentity(s),
		base(),
		cacheLookup(s),
		cacheLookupValue(s),
		cacheRemoveValue(s),
		cacheStore(s),
		cacheStoreValue(s),
		checkHeader(),
		choose(),
		cors(),
		emitMetric(s),
		emitTokenMetric("azure-openai-emit-token-metric", s),
		emitTokenMetric("llm-emit-token-metric", s),
		findAndReplace(),
		forwardRequest(s),
		includeFragment(),
		ipFilter(),
		limitConcurrency(s),
		logToEventHub(s),
		mockResponse(),
		quotaByKey(s),
		quotaPolicy(s),
		rateLimit(s),
		rateLimitByKey(s),
		retry(s),
		returnResponse(),
		rewriteURI(),
		sendOneWayRequest(s),
		sendRequest(s),
		setBackendService(),
		setBody(),
		setHeader(),
		setMethod(),
		setQueryParameter(),
		setStatus(),
		setVariable(),
		tokenLimit("azure-openai-token-limit", s),
		tokenLimit("llm-token-limit", s),
		traceMessage(),
		validateAzureADToken(s),
		validateJwt(s),
		wait(s),
	}
	return append(kinds, known()...)
}

// Words of attributes that several policies share.
var (
	existsAction = policy.Attribute{
		Name: "exists-action", Type: policy.String, Default: "override", Expression: true,
		Values: []string{"override", "skip", "append", "delete"},
		Doc:    "What to do when it exists already.",
	}
	cachingType = policy.Attribute{
		Name: "caching-type", Type: policy.String, Default: "prefer-external",
		Values: []string{"prefer-external", "internal", "external"},
		Doc:    "Which cache: the built-in one, an external one, or the external one if there is any.",
	}
)
