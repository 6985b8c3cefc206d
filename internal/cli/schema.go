package cli

import (
	"fmt"

	"github.com/spillway-gateway/spillway/internal/settings"
)

const schemaUsage = `Usage: spillway schema

Prints the JSON Schema of spillway.yaml, which editors use to complete and
check it. Its first line in a file can be:

    # yaml-language-server: $schema=spillway.schema.json
`

// schema is the schema command.
func schema(w World, args []string) int {
	rest, code := w.parse(w.flags("schema", schemaUsage), args)
	if code >= 0 {
		return code
	}
	if len(rest) > 0 {
		w.errorf("schema takes no arguments")
		return exitUsage
	}
	fmt.Fprintf(w.Stdout, "%s", settings.Schema())
	return exitDone
}
