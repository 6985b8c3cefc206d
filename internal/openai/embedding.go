package openai

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// EmbeddingRequest is the body of embeddings.
type EmbeddingRequest struct {
	Model          string `json:"model"`
	Input          Input  `json:"input"`
	EncodingFormat string `json:"encoding_format"` // "", "float" or "base64"
	Dimensions     *int   `json:"dimensions"`
	User           string `json:"user"`
	InputType      string `json:"input_type"`
}

// Input is what embeddings and completions take: texts, or texts that the
// caller has split into token ids already (LangChain does).
type Input struct {
	Texts  []string
	Tokens [][]int
	given  bool
}

// Given reports whether the field stood in the request.
func (in *Input) Given() bool { return in.given }

// Len is the number of items.
func (in *Input) Len() int { return len(in.Texts) + len(in.Tokens) }

// ItemTokens is the token count of item i, an estimate for a text.
func (in *Input) ItemTokens(i int) int {
	if in.Texts != nil {
		return EstimateTokens(in.Texts[i])
	}
	return len(in.Tokens[i])
}

// Chars is the number of characters; a token counts as four.
func (in *Input) Chars() int {
	n := 0
	for _, t := range in.Texts {
		n += utf8.RuneCountInString(t)
	}
	for _, t := range in.Tokens {
		n += 4 * len(t)
	}
	return n
}

// UnmarshalJSON reads "text", ["text"], [1, 2] and [[1, 2], [3]].
func (in *Input) UnmarshalJSON(b []byte) error {
	*in = Input{given: true}
	var one string
	if json.Unmarshal(b, &one) == nil && len(b) > 0 && b[0] == '"' {
		in.Texts = []string{one}
		return nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(b, &items); err != nil || items == nil {
		return badInput()
	}
	if len(items) == 0 {
		return nil
	}
	var err error
	switch items[0][0] {
	case '"':
		err = json.Unmarshal(b, &in.Texts)
	case '[':
		err = json.Unmarshal(b, &in.Tokens)
	default:
		in.Tokens = make([][]int, 1)
		err = json.Unmarshal(b, &in.Tokens[0])
	}
	if err != nil {
		return badInput()
	}
	return nil
}

func badInput() *Error {
	return Invalid("input", "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.")
}

// AppendEmbeddings appends the answer of embeddings: vectors in the order of
// the input, as arrays of numbers or as base64 of little-endian 32-bit floats.
func AppendEmbeddings(dst []byte, model string, vectors [][]float32, asBase64 bool, tokens int) []byte {
	dst = append(dst, `{"object":"list","data":[`...)
	for i, v := range vectors {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"object":"embedding","index":`...)
		dst = strconv.AppendInt(dst, int64(i), 10)
		dst = append(dst, `,"embedding":`...)
		if asBase64 {
			dst = appendBase64(dst, v)
		} else {
			dst = appendFloats(dst, v)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, `],"model":`...)
	dst = AppendQuoted(dst, model)
	dst = append(dst, `,"usage":{"prompt_tokens":`...)
	dst = strconv.AppendInt(dst, int64(tokens), 10)
	dst = append(dst, `,"total_tokens":`...)
	dst = strconv.AppendInt(dst, int64(tokens), 10)
	return append(dst, "}}"...)
}

func appendFloats(dst []byte, v []float32) []byte {
	dst = append(dst, '[')
	for i, x := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendFloat(dst, float64(x), 'g', -1, 32)
	}
	return append(dst, ']')
}

func appendBase64(dst []byte, v []float32) []byte {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, raw)
	return append(dst, '"')
}
