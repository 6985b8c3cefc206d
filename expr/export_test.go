package expr

import "github.com/spillway-gateway/spillway/expr/value"

// NewEnvOf is an Env over a table that a test has changed.
func NewEnvOf(table *value.Table) *Env { return newEnv(table, Options{}) }
