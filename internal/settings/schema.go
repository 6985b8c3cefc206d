package settings

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// SchemaID is the $id of the JSON Schema.
const SchemaID = "https://spillway-gateway.github.io/spillway/spillway.schema.json"

// Schema is the JSON Schema (draft 2020-12) of spillway.yaml, indented, with a
// line end.
func Schema() []byte { return SchemaOf(reflect.TypeFor[Settings](), SchemaID, FileName) }

// SchemaOf is the JSON Schema of a file that Decode reads into a struct type.
func SchemaOf(t reflect.Type, id, title string) []byte {
	s := object(t)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = id
	s["title"] = title
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(data, '\n')
}

func object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var required []string
	for _, f := range keys(t) {
		p := property(f.Type, f)
		p["description"] = f.Tag.Get("doc")
		properties[f.Tag.Get("yaml")] = p
		if f.Tag.Get("required") != "" {
			required = append(required, f.Tag.Get("yaml"))
		}
	}
	// An object without anything in it reads as null in YAML.
	o := map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if required != nil {
		o["required"] = required
		o["type"] = "object"
	}
	return o
}

func property(t reflect.Type, f reflect.StructField) map[string]any {
	p := map[string]any{}
	switch {
	case t == durationType:
		p["type"], p["pattern"] = "string", `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`
	case t == sizeType:
		p["type"], p["pattern"] = []string{"string", "integer"}, `(?i)^[0-9]+(\.[0-9]+)? ?([kmg]i?b|b)?$`
	case t == countType:
		p["type"], p["pattern"] = []string{"string", "integer"}, `(?i)^[0-9]+(\.[0-9]+)? ?[kmg]?$`
	case t.Kind() == reflect.Struct:
		return object(t)
	case t.Kind() == reflect.Slice:
		item := map[string]any{"type": "string"}
		if t.Elem().Kind() == reflect.Struct {
			item = object(t.Elem())
			if by, ok := short(t.Elem()); ok {
				item = map[string]any{"anyOf": []any{property(by.Type, by), item}}
			}
		} else if f.Tag.Get("kind") == "outcome" {
			item = map[string]any{"type": []string{"string", "integer"}, "pattern": outcomePattern}
		}
		return map[string]any{"type": []string{"array", "null"}, "items": item}
	case t.Kind() == reflect.Map:
		if t.Elem().Kind() != reflect.Struct {
			return map[string]any{"type": []string{"object", "null"}, "additionalProperties": property(t.Elem(), reflect.StructField{})}
		}
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": object(t.Elem())}
	case t.Kind() == reflect.Bool:
		p["type"] = "boolean"
		if d := f.Tag.Get("default"); d != "" {
			p["default"] = d == "true"
		}
		return p
	case t.Kind() == reflect.Int:
		p["type"] = "integer"
		if n, err := strconv.Atoi(f.Tag.Get("min")); err == nil {
			p["minimum"] = n
		}
		if n, err := strconv.Atoi(f.Tag.Get("max")); err == nil {
			p["maximum"] = n
		}
		return p
	default:
		p["type"] = "string"
		if values := f.Tag.Get("values"); values != "" {
			p["enum"] = strings.Fields(values)
		}
	}
	if d := f.Tag.Get("default"); d != "" {
		p["default"] = d
	}
	return p
}
