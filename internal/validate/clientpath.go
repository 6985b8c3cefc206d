package validate

import (
	"net/http"
	"strings"
)

// ClientPath is the path at the gateway that clients of Azure OpenAI take for
// their endpoint, if an API's operations have one: the clients add
// /openai/deployments/…. Operations are method and template; chat and embeddings
// say which of the two there are. An operation that takes any path takes both.
func ClientPath(api string, operations [][2]string) (path string, chat, embeddings bool) {
	path = "/" + strings.Trim(api, "/")
	for _, o := range operations {
		if !strings.EqualFold(o[0], http.MethodPost) && o[0] != "*" {
			continue
		}
		template, _, _ := strings.Cut(o[1], "?")
		full := "/" + strings.Trim(strings.Trim(api, "/")+"/"+strings.TrimLeft(template, "/"), "/")
		if before, all := wildcard(full); all {
			at := strings.LastIndex(before+"/", "/openai/")
			if at < 0 {
				at = len(strings.TrimRight(before, "/"))
			}
			path, chat, embeddings = before[:at], true, true
			continue
		}
		before, rest, ok := strings.Cut(full, deployments)
		if !ok {
			continue
		}
		switch rest = "/" + rest; {
		case strings.HasSuffix(rest, chatPath):
			path, chat = before, true
		case strings.HasSuffix(rest, embeddingsPath):
			path, embeddings = before, true
		}
	}
	return strings.TrimRight(path, "/"), chat, embeddings
}

// wildcard is what stands before the asterisk of a template that takes whatever
// follows: /*, or /{*path}.
func wildcard(template string) (before string, ok bool) {
	if before, ok = strings.CutSuffix(template, "/*"); ok {
		return before, true
	}
	if i := strings.LastIndex(template, "/{*"); i >= 0 && strings.HasSuffix(template, "}") {
		return template[:i], true
	}
	return "", false
}
