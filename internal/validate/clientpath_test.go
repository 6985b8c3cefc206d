package validate

import "testing"

func TestClientPath(t *testing.T) {
	const chat, embed = "/openai/deployments/{deployment-id}/chat/completions", "/openai/deployments/{d}/embeddings?api-version={v}"
	for _, test := range []struct {
		api               string
		operations        [][2]string
		path              string
		chats, embeddings bool
	}{
		{"openai-test", [][2]string{{"POST", chat}, {"post", embed}}, "/openai-test", true, true},
		{"/openai/", [][2]string{{"POST", chat}}, "/openai", true, false},
		{"team/openai", [][2]string{{"POST", "/deployments/{d}/embeddings"}}, "/team", false, true},
		{"openai", [][2]string{{"POST", "/deployments/{d}/chat/completions"}}, "", true, false},
		{"", [][2]string{{"POST", chat}}, "", true, false},
		{"", [][2]string{{"POST", "/v1" + chat}}, "/v1", true, false},
		{"a", [][2]string{{"GET", chat}, {"POST", "/openai/deployments/{d}/completions"}, {"POST", "/other"}}, "/a", false, false},
		{"a", [][2]string{{"POST", "/*"}}, "/a", true, true},
		{"a/openai", [][2]string{{"POST", "/{*path}"}}, "/a", true, true},
		{"a", [][2]string{{"*", "/openai/*"}}, "/a", true, true},
		{"openai", [][2]string{{"POST", "/*"}}, "", true, true},
		{"", [][2]string{{"POST", "/*"}}, "", true, true},
		{"a", nil, "/a", false, false},
	} {
		path, chats, embeddings := ClientPath(test.api, test.operations)
		if path != test.path || chats != test.chats || embeddings != test.embeddings {
			t.Errorf("%s %v: %q %t %t", test.api, test.operations, path, chats, embeddings)
		}
	}
}
