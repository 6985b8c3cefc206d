package sim

import (
	"github.com/spillway-gateway/spillway/internal/openai"
)

// maxInputs is how many texts one request may embed.
const maxInputs = 2048

// prepareEmbeddings answers embeddings.
func (c *call) prepareEmbeddings(body []byte) (func() *reply, *openai.Error) {
	var ask openai.EmbeddingRequest
	bad := decode(body, &ask)
	if refused := c.named(ask.Model, bad); refused != nil {
		return nil, refused
	}
	if m := c.dep.model; !m.embedding {
		return nil, openai.OperationNotSupported("embeddings", m.name)
	}
	return func() *reply {
		cost, tokens := 0, 0
		for i := range ask.Input.Len() {
			tokens += ask.Input.ItemTokens(i)
		}
		cost = openai.EstimateChars(ask.Input.Chars())
		if c.r.quotaMode == Observed && !c.dep.Provisioned {
			cost = tokens
		}
		if rep := c.admit(cost); rep != nil {
			return rep
		}
		if bad == nil {
			bad = c.checkEmbeddings(&ask)
		}
		if bad != nil {
			return refusal(bad)
		}
		return c.embed(&ask, tokens)
	}, nil
}

func (c *call) checkEmbeddings(ask *openai.EmbeddingRequest) *openai.Error {
	m := c.dep.model
	switch {
	case !ask.Input.Given():
		return openai.Model(400, "invalid_request_error", "", "", "'input' is a required property")
	case ask.Input.Len() == 0:
		return openai.Invalid("input", "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.")
	case ask.Input.Len() > maxInputs:
		return openai.Invalid("input", "Invalid 'input': array too long. Expected an array with maximum length %d, but got an array with length %d instead.", maxInputs, ask.Input.Len())
	case !oneOf(ask.EncodingFormat, "", "float", "base64"):
		return openai.Invalid("encoding_format", "Invalid value: '%s'. Supported values are: 'float' and 'base64'.", ask.EncodingFormat)
	case ask.Dimensions != nil && !m.shortens:
		return openai.Invalid("dimensions", "This model does not support specifying dimensions.")
	case ask.Dimensions != nil && (*ask.Dimensions < 1 || *ask.Dimensions > m.dimensions):
		return openai.Invalid("dimensions", "Invalid value for 'dimensions' = %d. Must be between 1 and %d.", *ask.Dimensions, m.dimensions)
	}
	for i := range ask.Input.Len() {
		n := ask.Input.ItemTokens(i)
		if n > m.context {
			return openai.Invalid("input", "This model's maximum context length is %d tokens, however you requested %d tokens (%d in your prompt; 0 for the completion). Please reduce your prompt; or completion length.", m.context, n, n)
		}
		if n == 0 {
			return openai.Invalid("input", "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.")
		}
	}
	return nil
}

func (c *call) embed(ask *openai.EmbeddingRequest, tokens int) *reply {
	c.spent(tokens, 0)
	m := c.dep.model
	n := m.dimensions
	if ask.Dimensions != nil {
		n = *ask.Dimensions
	}
	vectors := make([][]float32, 0, ask.Input.Len())
	for _, t := range ask.Input.Texts {
		vectors = append(vectors, embedText(t, n))
	}
	for _, t := range ask.Input.Tokens {
		vectors = append(vectors, embedTokens(t, n))
	}
	return &reply{
		status: 200, kind: "application/json", model: true,
		wait: c.embeddingTime(len(vectors)),
		body: openai.AppendEmbeddings(nil, m.served, vectors, ask.EncodingFormat == "base64", tokens),
	}
}
