package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var convertRows = []value.Row{}

// FromObject is JToken.FromObject.
func FromObject(t *value.Thread, v value.Value) Token { return nil }

func toObject(t *value.Thread, x Token, to *types.Type) value.Value { return value.Null }
