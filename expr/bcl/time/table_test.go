package time_test

import (
	"testing"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/value"
)

// TestTable parses every signature.
func TestTable(t *testing.T) {
	if _, err := value.NewTable(number.Members(), time.Members()); err != nil {
		t.Fatal(err)
	}
}
