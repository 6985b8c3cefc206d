package builtin

import "github.com/spillway-gateway/spillway/policy"

// known are the policies that APIM has and this version does not run (spec:
// policies.md 0). A document that uses one is refused by that name, at its
// place; where it may stand is checked first.
func known() []policy.Kind {
	var kinds []policy.Kind
	for _, k := range []struct {
		sections policy.Sections
		priority int
		names    []string
	}{
		{policy.Inbound, 1, []string{
			"validate-client-certificate",
			"azure-openai-semantic-cache-lookup", "llm-semantic-cache-lookup",
		}},
		{policy.Outbound, 1, []string{"azure-openai-semantic-cache-store", "llm-semantic-cache-store"}},
		{policy.Inbound | policy.Outbound, 1, []string{"llm-content-safety"}},
		{policy.Inbound | policy.Outbound | policy.OnError, 1, []string{
			"json-to-xml", "xml-to-json", "validate-content",
		}},
		{policy.Outbound | policy.OnError, 1, []string{"validate-headers", "validate-status-code"}},
		{policy.Inbound, 2, []string{
			"validate-parameters", "validate-odata-request", "validate-graphql-request", "proxy", "cross-domain",
		}},
		{policy.Inbound | policy.Backend | policy.Outbound, 2, []string{"get-authorization-context"}},
		{policy.Everywhere, 2, []string{"cache-value", "invoke-request"}},
		{policy.Inbound | policy.Outbound, 2, []string{"redirect-content-urls", "xsl-transform"}},
		{policy.Outbound, 2, []string{"jsonp"}},
		{policy.Inbound | policy.Outbound | policy.OnError, 2, []string{
			"send-service-bus-message", "publish-to-dapr", "invoke-dapr-binding",
		}},
	} {
		for _, name := range k.names {
			kinds = append(kinds, policy.Kind{
				Shape: policy.Shape{Name: name}, Sections: k.sections, Priority: k.priority,
			})
		}
	}
	return kinds
}
