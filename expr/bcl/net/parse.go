package net

import "github.com/spillway-gateway/spillway/expr/value"

// ParseGuid reads a Guid in any form, or throws FormatException.
func ParseGuid(t *value.Thread, s string) value.Value {
	g, fault := parseGuid(s)
	if fault != "" {
		throwGuid(t, fault)
	}
	return value.Of(g)
}
