package net

import "github.com/spillway-gateway/spillway/expr/value"

// Members is the table of this package.
func Members() []value.Members {
	return []value.Members{
		{Def: GuidDef, Doc: "A 128-bit id.", Rows: guidRows, Ops: &value.Ops{Zero: func() value.Value { return value.Of(new(Guid)) }}},
	}
}
