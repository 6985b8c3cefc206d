package expr_test

import (
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/casefile"
)

func serializer() casefile.Serializer {
	return func(t *value.Thread, _ value.Value) string {
		t.Throw(value.NotSupportedException, "unknown")
		return ""
	}
}
