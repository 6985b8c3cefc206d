package policy

import (
	"context"

	"github.com/spillway-gateway/spillway/expr/bcl/json"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Objects are the objects of the .NET library that the value cache keeps: JSON
// trees, in which policies hold their lists of backends. A cache is given them
// to copy what it stores; other objects cannot be kept.
type Objects struct{}

// copyLimits bound a copy of what was made within the limits of an expression.
var copyLimits = value.Limits{Steps: 10_000_000, Memory: 256 << 20}

// Copy is a deep copy of the object.
func (Objects) Copy(o value.Object) (copied value.Object, ok bool) {
	token, ok := o.(json.Token)
	if !ok {
		return nil, false
	}
	var t value.Thread
	t.Reset(context.Background(), copyLimits)
	err := t.Run(func() { copied = json.Clone(&t, token) })
	return copied, err == nil
}

// tokenSize is about what a token costs beside its text, in bytes.
const tokenSize = 96

// Size is about how many bytes the object holds.
func (o Objects) Size(x value.Object) int {
	size := tokenSize
	switch x := x.(type) {
	case *json.Object:
		x.Each(func(name string, child json.Token) bool {
			size += tokenSize + len(name) + o.Size(child)
			return true
		})
	case *json.Array:
		for i := range x.Len() {
			size += o.Size(x.At(i))
		}
	case *json.Value:
		size += len(x.Raw().Str())
	}
	return size
}
