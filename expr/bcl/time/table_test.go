package time

import (
	"testing"

	"github.com/spillway-gateway/spillway/expr/value"
)

// TestTable parses every signature.
func TestTable(t *testing.T) {
	if _, err := value.NewTable(Members()); err != nil {
		t.Fatal(err)
	}
}
