package arm

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Address is the path of a request, taken apart. Words of ARM are compared
// without regard to case; names keep the caller's.
type Address struct {
	AzureSubscription, ResourceGroup string
	// Service is the service's name; empty in an address above services.
	Service string
	// Root is the service's id as the caller wrote it.
	Root string
	// Segments follow the service's name, decoded: collections and names in
	// turn.
	Segments []string
	// Above is what follows a subscription or a resource group in an address
	// that names no service.
	Above []string
}

// Parse takes the escaped path of a request apart, so that "api%3Brev=2" is one
// segment and an escaped slash is no separator. It reports false for a path
// that does not begin as an address of ARM.
func Parse(escapedPath string) (a Address, ok bool, err *Error) {
	trimmed := strings.Trim(escapedPath, "/")
	if first, _, more := strings.Cut(trimmed, "/"); !more || !strings.EqualFold(first, "subscriptions") {
		return a, false, nil
	}
	var segments []string
	for raw := range strings.SplitSeq(trimmed, "/") {
		s, bad := url.PathUnescape(raw)
		if bad != nil || !utf8.ValidString(s) || strings.ContainsAny(s, "/\\\x00") || s == "" || s == "." || s == ".." {
			return a, true, Errorf(http.StatusBadRequest, "InvalidRequestUri", "The address has a segment that cannot be a name.")
		}
		segments = append(segments, s)
	}
	a.AzureSubscription = segments[1]
	rest := segments[2:]
	if len(rest) >= 2 && strings.EqualFold(rest[0], "resourceGroups") {
		a.ResourceGroup, rest = rest[1], rest[2:]
	}
	if a.ResourceGroup == "" || len(rest) < 4 || !strings.EqualFold(rest[0], "providers") ||
		!strings.EqualFold(rest[1], "Microsoft.ApiManagement") || !strings.EqualFold(rest[2], "service") {
		a.Above = rest
		return a, true, nil
	}
	a.Service = rest[3]
	a.Root = "/subscriptions/" + segments[1] + "/resourceGroups/" + a.ResourceGroup + "/providers/Microsoft.ApiManagement/service/" + a.Service
	a.Segments = rest[4:]
	return a, true, nil
}

var versionFormat = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-preview)?$`)

// oldest is the first version with the shapes that are served.
const oldest = "2021-08-01"

// CheckVersion refuses a request without a version, or with one that never had
// the shapes that are served: one shape serves all versions from 2021-08-01 on.
func CheckVersion(query url.Values) *Error {
	version := ""
	for key, values := range query {
		if strings.EqualFold(key, "api-version") && len(values) > 0 {
			version = values[0]
		}
	}
	switch {
	case version == "":
		return Errorf(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case !versionFormat.MatchString(strings.ToLower(version)) || version < oldest:
		return Errorf(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid. Versions from %s on are supported, such as 2024-05-01.", version, oldest)
	}
	return nil
}

var (
	resourceName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_-])?$`)
	revisionName = regexp.MustCompile(`^(.*);rev=[1-9]\d{0,8}$`)
)

// CheckName refuses the name of a new resource that clients, folders or other
// machines would stumble over.
func CheckName(name string, revisions bool) *Error {
	root := name
	if m := revisionName.FindStringSubmatch(strings.ToLower(name)); m != nil && revisions {
		root = m[1]
	}
	stem, _, _ := strings.Cut(strings.ToUpper(root), ".")
	reserved := stem == "CON" || stem == "PRN" || stem == "AUX" || stem == "NUL" ||
		len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
	if !resourceName.MatchString(root) || reserved {
		return Invalid(Detail{Target: "name", Message: "Resource name is invalid: it may have 1 to 80 letters, digits, '-', '_' and '.', and begins and ends with a letter or digit."})
	}
	return nil
}
