// Command spillway load-balances Azure OpenAI resources over regions by
// running Azure API Management policy documents.
package main

import (
	"os"

	"github.com/spillway-gateway/spillway/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.OS())) }
