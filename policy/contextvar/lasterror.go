package contextvar

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var lastErrorDef = types.Declare(hidden, "public sealed class LastError")

type lastError struct{ e *exchange.Error }

func (e *lastError) Type() *types.Type { return lastErrorDef.Type() }

// errorMembers are those of LastError. Source and Message are always set, the
// rest may be null. HttpErrorCode stands in Microsoft's toolkit only.
func errorMembers() []value.Members {
	code := property("int HttpErrorCode", "The status that the caller gets.", func(_ *value.Thread, e *lastError) value.Value {
		return value.Int(e.e.Status)
	})
	code.Beyond = true
	return []value.Members{{Def: lastErrorDef, Doc: "Where and why the request left its path.", Rows: []value.Row{
		code,
		text("Source", "The policy, or the step of the gateway, that failed.", func(e *lastError) string { return e.e.Source }),
		textOrNull("Reason", "The kind of error, for programs.", func(e *lastError) string { return e.e.Reason }),
		text("Message", "What went wrong, for people.", func(e *lastError) string { return e.e.Message }),
		textOrNull("Scope", "The scope of the document that the policy stands in.", func(e *lastError) string { return e.e.Scope }),
		textOrNull("Section", "The section that the policy stands in.", func(e *lastError) string { return e.e.Section }),
		textOrNull("Path", "The policy's place among others, like choose[3]/when[2].", func(e *lastError) string { return e.e.Path }),
		textOrNull("PolicyId", "The policy's id attribute.", func(e *lastError) string { return e.e.PolicyID }),
	}}}
}
