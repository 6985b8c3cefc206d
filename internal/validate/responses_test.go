package validate_test

import (
	"testing"

	"github.com/spillway-gateway/spillway/internal/validate"
)

const poolFile = "backends/openai/backendInformation.json"

// TestResponses holds that a second turn that lands elsewhere is seen: without
// affinity the operation fails, with one it is said what clients without cookies
// meet.
func TestResponses(t *testing.T) {
	withResponses := func(dir string) {
		edit(t, dir, apiSpec, "\npaths:\n", "\npaths:\n  /openai/responses:\n    post: {operationId: responses, responses: {\"200\": {description: ok}}}\n")
		for _, priority := range []string{"2", "3"} {
			edit(t, dir, poolFile, `"priority": `+priority, `"priority": 1`)
		}
	}
	t.Run("without affinity", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "pool", withResponses)
		want(t, s.take(s.options(), 2)[0], validate.Fail, "POST /openai-test/openai/responses answered 4 of 6 second turns of a conversation with 400 (Previous response with id", "session affinity")
	})
	t.Run("with affinity", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "pool", func(dir string) {
			withResponses(dir)
			edit(t, dir, poolFile, `"services": [`, `"sessionAffinity": {"sessionId": {"source": "cookie", "name": "SessionId"}}, "services": [`)
		})
		want(t, s.take(s.options(), 2)[0], validate.Success, "A second turn finds its region at POST /openai-test/openai/responses by the cookie SessionId; without it, as from a client that keeps none, 4 of 6 were answered 400", "")
	})
	t.Run("one region", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "pool", func(dir string) {
			edit(t, dir, apiSpec, "\npaths:\n", "\npaths:\n  /openai/responses:\n    post: {operationId: responses, responses: {\"200\": {description: ok}}}\n")
		})
		want(t, s.take(s.options(), 2)[0], validate.Success, "answer 200 at", "")
	})
}
