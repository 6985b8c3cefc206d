package builtin_test

import (
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/source"
)

type fake struct{}

func language(testing.TB, func() time.Time) policy.Language { return fake{} }

func (fake) Compile(text string, condition bool) (policy.Program, source.Problems) {
	return nil, source.Problems{{Message: "no language"}}
}
func (fake) Text(v value.Value) string { var t value.Thread; return t.ToString(v) }

var copyObject func(o value.Object) (value.Object, int, bool)
