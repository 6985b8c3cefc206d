package sim

import (
	"net/url"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// operation is one of the things a region can be asked to do.
type operation int

const (
	opChat operation = iota
	opCompletions
	opEmbeddings
	opResponses
	opResponseCompact
	opResponseGet
	opResponseDelete
	opResponseCancel
	opResponseItems
	opModels
	opModel
	opDeployments
	opDeployment
	opOther // a known path of a kind that no deployment here serves
)

// operationIDs are Azure's names for them, as throttled answers tell.
var operationIDs = map[operation]string{
	opChat: "ChatCompletions_Create", opCompletions: "Completions_Create",
	opEmbeddings: "Embeddings_Create", opResponses: "Responses_Create", opResponseCompact: "Responses_Compact",
}

// target is what a request's address says.
type target struct {
	op         operation
	deployment string // from the path
	id         string // of a response, model or deployment
	version    string // api-version; "" on the v1 API
	v1         bool
	verb       string // of opOther
}

// versions are the api-versions of the dated API that the simulator serves.
// Previews that Azure has retired are among them, as policies and clients of
// the time still name them.
var versions = []string{
	"2022-12-01", "2023-03-15-preview", "2023-05-15", "2023-06-01-preview", "2023-07-01-preview",
	"2023-08-01-preview", "2023-09-01-preview", "2023-10-01-preview", "2023-12-01-preview", "2024-02-01",
	"2024-02-15-preview", "2024-03-01-preview", "2024-04-01-preview", "2024-05-01-preview", "2024-06-01",
	"2024-07-01-preview", "2024-08-01-preview", "2024-09-01-preview", "2024-10-01-preview", "2024-10-21",
	"2024-12-01-preview", "2025-01-01-preview", "2025-02-01-preview", "2025-03-01-preview", "2025-04-01-preview",
}

const (
	firstChatVersion      = "2023-03-15"
	firstUsageVersion     = "2024-09-01" // stream_options
	firstResponsesVersion = "2025-03-01-preview"
	lastDeploymentsList   = "2023-03-15-preview"
)

// locate reads a request's address. The error is Azure's.
func locate(req *Request) (target, *openai.Error) {
	if strings.Contains(req.Path, "//") {
		return target{}, openai.ResourceNotFound()
	}
	rest, ok := strings.CutPrefix(req.Path, "/openai/")
	if !ok {
		return target{}, openai.ResourceNotFound()
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || plain == "" {
			return target{}, openai.ResourceNotFound()
		}
		segments[i] = plain
	}
	var t target
	if segments[0] == "v1" {
		t.v1 = true
		segments = segments[1:]
	}
	if !t.find(req.Method, segments) {
		return t, openai.ResourceNotFound()
	}
	return t, t.setVersion(req.Query)
}

// find tells the operation from the segments behind /openai or /openai/v1.
func (t *target) find(method string, s []string) bool {
	if !t.v1 && len(s) > 0 && s[0] == "deployments" {
		switch {
		case method == "GET" && len(s) == 1:
			t.op = opDeployments
			return true
		case method == "GET" && len(s) == 2:
			t.op, t.id = opDeployment, s[1]
			return true
		case method != "POST" || len(s) < 3:
			return false
		}
		t.deployment = s[1]
		return t.findInference(s[2:])
	}
	switch {
	case len(s) == 0:
		return false
	case s[0] == "models" && method == "GET":
		t.op = opModels
		if len(s) == 2 {
			t.op, t.id = opModel, s[1]
		}
		return len(s) <= 2
	case s[0] == "responses":
		return t.findResponses(method, s[1:])
	case t.v1 && method == "POST":
		return t.findInference(s)
	}
	return false
}

func (t *target) findInference(s []string) bool {
	switch strings.Join(s, "/") {
	case "chat/completions":
		t.op = opChat
	case "completions":
		t.op = opCompletions
	case "embeddings":
		t.op = opEmbeddings
	case "images/generations":
		t.op, t.verb = opOther, "imageGeneration"
	case "images/edits":
		t.op, t.verb = opOther, "imageEdit"
	case "audio/transcriptions":
		t.op, t.verb = opOther, "audioTranscription"
	case "audio/translations":
		t.op, t.verb = opOther, "audioTranslation"
	case "audio/speech":
		t.op, t.verb = opOther, "audioSpeech"
	default:
		return false
	}
	return true
}

func (t *target) findResponses(method string, s []string) bool {
	switch {
	case len(s) == 0 && method == "POST":
		t.op = opResponses
		return true
	case len(s) == 1 && s[0] == "compact" && method == "POST":
		t.op = opResponseCompact
		return true
	case len(s) == 1 && method == "GET":
		t.op = opResponseGet
	case len(s) == 1 && method == "DELETE":
		t.op = opResponseDelete
	case len(s) == 2 && s[1] == "cancel" && method == "POST":
		t.op = opResponseCancel
	case len(s) == 2 && s[1] == "input_items" && method == "GET":
		t.op = opResponseItems
	default:
		return false
	}
	t.id = s[0]
	return true
}

// setVersion judges api-version. Missing or long gone it is as if the path did
// not exist; newer than all, or older than the operation, it is a bad request.
func (t *target) setVersion(query string) *openai.Error {
	values, err := url.ParseQuery(query)
	version := values.Get("api-version")
	if t.v1 {
		if !oneOf(version, "", "preview", "latest", "v1") {
			return openai.VersionNotSupported()
		}
		return nil
	}
	t.version = version
	if err != nil || version == "" {
		return openai.ResourceNotFound()
	}
	if !slices.Contains(versions, version) {
		if len(version) >= len("2006-01-02") && version > versions[len(versions)-1] && version[0] == '2' {
			return openai.VersionNotSupported()
		}
		return openai.ResourceNotFound()
	}
	switch t.op {
	case opResponses, opResponseCompact, opResponseGet, opResponseDelete, opResponseCancel, opResponseItems:
		if version < firstResponsesVersion {
			return openai.VersionTooOld("Azure OpenAI Responses API", firstResponsesVersion)
		}
	case opDeployments, opDeployment:
		if version > lastDeploymentsList {
			return openai.ResourceNotFound()
		}
	case opChat:
		if version < firstChatVersion {
			return openai.ResourceNotFound()
		}
	}
	return nil
}
