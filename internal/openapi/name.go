package openapi

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxName is the length that a name made from an operationId is cut to; a name
// that is taken as it is may be 80 long.
const maxName, maxRawName = 76, 80

// Normalized is the name that APIM's documentation says an operation gets from
// its operationId: lower case, runs of other characters than letters and
// digits one dash, none at the ends, cut to 76.
func Normalized(operationID string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(operationID) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String()[:min(b.Len(), maxName)], "-")
}

// name is the operation's resource name. Folders extracted from live services
// keep the case and the underscores of operationIds, so a valid one is left
// alone; others are normalised, and a missing one is made of method and path.
// The second of two equal names gets -1, the third -2.
func (r *reader) name(operationID, methodAndPath string) string {
	name := operationID
	if !validName(name) {
		name = Normalized(name)
	}
	if name == "" {
		name = Normalized(methodAndPath)
	}
	unique := name
	for i := 1; r.names[strings.ToLower(unique)]; i++ {
		unique = name + "-" + strconv.Itoa(i)
	}
	r.names[strings.ToLower(unique)] = true
	return unique
}

func validName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	// The names of the two special folders could not be folders.
	return s != "" && len(s) <= maxRawName && strings.Trim(s, ".") != ""
}

// placeholders are the names between braces in a template, in order.
func placeholders(template string) []string {
	var names []string
	for {
		open := strings.IndexByte(template, '{')
		if open < 0 {
			return names
		}
		end := strings.IndexByte(template[open:], '}')
		if end < 0 {
			return names
		}
		names = append(names, template[open+1:open+end])
		template = template[open+end+1:]
	}
}

func firstRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}
