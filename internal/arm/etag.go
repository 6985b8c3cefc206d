package arm

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// Tags makes entity tags. They change with the content, secrets included, and
// say nothing about it: they are keyed by chance, and so differ from one
// process to the next.
type Tags struct{ key [32]byte }

// NewTags makes the key.
func NewTags() *Tags {
	t := new(Tags)
	_, _ = rand.Read(t.key[:])
	return t
}

// Of is the tag of a content, quoted.
func (t *Tags) Of(content []byte) string {
	h := hmac.New(sha256.New, t.key[:])
	h.Write(content)
	return `"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// Precondition judges If-Match and If-None-Match against a resource's tag,
// which is empty when there is no such resource. With required, a condition
// must be given. "If-Match: *" on a resource that does not exist lets a write
// create it, as ARM's clients expect.
func Precondition(r *http.Request, tag string, required bool) *Error {
	match := strings.TrimSpace(strings.Join(r.Header.Values("If-Match"), ","))
	if required && match == "" {
		return Errorf(http.StatusPreconditionRequired, "PreconditionRequired", "The header If-Match is required; '*' stands for any version.")
	}
	if match != "" && match != "*" && !anyTag(match, tag) {
		return stale()
	}
	none := strings.TrimSpace(strings.Join(r.Header.Values("If-None-Match"), ","))
	if none != "" && tag != "" && r.Method != http.MethodGet && r.Method != http.MethodHead && (none == "*" || anyTag(none, tag)) {
		return stale()
	}
	return nil
}

func stale() *Error {
	return Errorf(http.StatusPreconditionFailed, "PreconditionFailed", "Resource was modified since last retrieval: its ETag is not the one that If-Match names.")
}

// anyTag takes tags with quotes and, as some clients send them, without.
func anyTag(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if tag != "" && strings.Trim(one, `"`) == strings.Trim(tag, `"`) {
			return true
		}
	}
	return false
}
