package sim

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// maxSchemaDepth ends schemas that refer to themselves.
const maxSchemaDepth = 12

// schema is the part of a JSON schema that a made-up value has to fit.
type schema struct {
	Type       json.RawMessage   `json:"type"`
	Enum       []json.RawMessage `json:"enum"`
	Const      json.RawMessage   `json:"const"`
	Default    json.RawMessage   `json:"default"`
	Properties json.RawMessage   `json:"properties"`
	Items      *schema           `json:"items"`
	AnyOf      []*schema         `json:"anyOf"`
	OneOf      []*schema         `json:"oneOf"`
	AllOf      []*schema         `json:"allOf"`
	Ref        string            `json:"$ref"`
	Defs       map[string]*schema
	Format     string   `json:"format"`
	Minimum    *float64 `json:"minimum"`
	MinItems   int      `json:"minItems"`
}

// sample is a value that fits the schema, as JSON. Texts in it are taken from
// the question, so that a tool is called with something sensible.
func sample(raw json.RawMessage, question string) string {
	var root struct {
		schema
		Defs        map[string]*schema `json:"$defs"`
		Definitions map[string]*schema `json:"definitions"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &root) != nil {
		return "{}"
	}
	s := sampler{defs: map[string]*schema{"#": &root.schema}, subject: subject(question), number: firstNumber(question)}
	for name, d := range root.Defs {
		s.defs["#/$defs/"+name] = d
	}
	for name, d := range root.Definitions {
		s.defs["#/definitions/"+name] = d
	}
	if s.subject == "" {
		s.subject = "example"
	}
	return string(s.value(nil, &root.schema, 0))
}

type sampler struct {
	defs    map[string]*schema
	subject string
	number  string
}

func (s *sampler) value(dst []byte, sc *schema, depth int) []byte {
	if sc == nil || depth > maxSchemaDepth {
		return append(dst, "null"...)
	}
	switch {
	case sc.Ref != "":
		return s.value(dst, s.defs[sc.Ref], depth+1)
	case len(sc.Const) > 0:
		return append(dst, sc.Const...)
	case len(sc.Enum) > 0:
		return append(dst, s.pick(sc.Enum)...)
	case len(sc.Default) > 0:
		return append(dst, sc.Default...)
	}
	for _, several := range [][]*schema{sc.AnyOf, sc.OneOf, sc.AllOf} {
		for _, one := range several {
			if one != nil && one.kind() != "null" {
				return s.value(dst, one, depth+1)
			}
		}
	}
	switch sc.kind() {
	case "string":
		return openai.AppendQuoted(dst, s.text(sc.Format))
	case "integer", "number":
		return s.numeral(dst, sc)
	case "boolean":
		return append(dst, "true"...)
	case "array":
		dst = append(dst, '[')
		for i := range max(1, sc.MinItems) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = s.value(dst, sc.Items, depth+1)
		}
		return append(dst, ']')
	case "null":
		return append(dst, "null"...)
	default:
		return s.object(dst, sc, depth)
	}
}

// object keeps the order of the properties.
func (s *sampler) object(dst []byte, sc *schema, depth int) []byte {
	dst = append(dst, '{')
	dec := json.NewDecoder(bytes.NewReader(sc.Properties))
	if _, err := dec.Token(); err != nil {
		return append(dst, '}')
	}
	for first := true; dec.More(); first = false {
		name, err := dec.Token()
		var property schema
		if err != nil || dec.Decode(&property) != nil {
			break
		}
		if !first {
			dst = append(dst, ',')
		}
		key, _ := name.(string)
		dst = openai.AppendQuoted(dst, key)
		dst = append(dst, ':')
		dst = s.value(dst, &property, depth+1)
	}
	return append(dst, '}')
}

// kind is the first type of the schema that is not null.
func (sc *schema) kind() string {
	var kinds openai.Texts
	_ = json.Unmarshal(sc.Type, &kinds)
	for _, k := range kinds {
		if k != "null" || len(kinds) == 1 {
			return k
		}
	}
	if len(sc.Properties) == 0 && sc.Items != nil {
		return "array"
	}
	return "object"
}

// pick is the value that the question mentions, else the first.
func (s *sampler) pick(enum []json.RawMessage) json.RawMessage {
	for _, e := range enum {
		var text string
		if json.Unmarshal(e, &text) == nil && text != "" && strings.Contains(strings.ToLower(s.subject), strings.ToLower(text)) {
			return e
		}
	}
	return enum[0]
}

func (s *sampler) text(format string) string {
	switch format {
	case "date":
		return "2026-11-22"
	case "date-time":
		return "2026-11-22T12:00:00Z"
	case "time":
		return "12:00:00Z"
	case "email":
		return "someone@example.com"
	case "uri", "url":
		return "https://example.com/"
	case "uuid":
		return "11111111-2222-4333-8444-555555555555"
	default:
		return s.subject
	}
}

func (s *sampler) numeral(dst []byte, sc *schema) []byte {
	text := s.number
	if text == "" || sc.kind() == "integer" && strings.Contains(text, ".") {
		text = "1"
	}
	if sc.Minimum != nil {
		var n float64
		if json.Unmarshal([]byte(text), &n) != nil || n < *sc.Minimum {
			b, _ := json.Marshal(*sc.Minimum)
			return append(dst, b...)
		}
	}
	return append(dst, text...)
}
