package expr_test

import (
	"github.com/spillway-gateway/spillway/expr/bcl/json"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/casefile"
)

func serializer() casefile.Serializer {
	return func(t *value.Thread, v value.Value) string { return json.Serialize(t, v, false) }
}
