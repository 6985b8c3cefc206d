package policy

import (
	"context"

	"github.com/spillway-gateway/spillway/expr/bcl/json"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Copy is a deep copy of an object of the library, for the value cache: JSON
// trees, which policies keep lists of backends in and change in place. Other
// objects cannot be kept.
func (c *CSharp) Copy(o value.Object) (copied value.Object, ok bool) {
	token, ok := o.(json.Token)
	if !ok {
		return nil, false
	}
	t := c.threads.Get().(*value.Thread)
	defer c.threads.Put(t)
	t.Reset(context.Background(), copyLimits)
	err := t.Run(func() { copied = json.Clone(t, token) })
	return copied, err == nil
}

// Size is about how many bytes the object holds: its text and as much again for
// its tree.
func (c *CSharp) Size(o value.Object) int { return 2 * len(c.Text(value.Of(o))) }

// copyLimits bound a copy of what was made within the limits of an expression.
var copyLimits = value.Limits{Steps: 10_000_000, Memory: 256 << 20}
