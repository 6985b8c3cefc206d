package spillway_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
)

// TestTask is the whole task as one does it in a browser, on a demo: a question
// over the documents, a region that fails, the validation, and the same with a
// policy that does not retry.
func TestTask(t *testing.T) {
	t.Parallel()
	node, chromium := browser(t)
	demo := command(t, nil, append([]string{"demo"}, ports(t)...)...).start()
	input, err := json.Marshal(map[string]string{
		"browser": chromium, "chat": demo.field("chat"), "console": demo.field("console"),
		"withoutRetry": policyWithoutRetry(t), "shots": os.Getenv("SPILLWAY_SHOTS"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), node, "task.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "testdata/browser", bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, &stderr, demo.stderr)
	}
	type validation struct {
		Summary string
		Steps   []struct{ Status, Text string }
	}
	var got struct {
		Answers []struct {
			Text, Region string
			Sources      []string
			Notices      []string
		}
		Failed, Well, Broken validation
		Complaints           []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(got.Answers) != 7 {
		t.Errorf("%d answers", len(got.Answers))
	}
	for i, a := range got.Answers {
		if a.Text == "" || len(a.Sources) == 0 || len(a.Notices) > 0 || a.Region == "" || i > 0 && a.Region == "eastus" {
			t.Errorf("answer %d: %+v", i+1, a)
		}
	}
	if first := got.Answers[0].Text; !strings.Contains(first, "30 days") {
		t.Errorf("the first answer is not from the documents: %s", first)
	}
	for name, v := range map[string]validation{"with a failed region": got.Failed, "with all regions well": got.Well} {
		if v.Summary != "All 7 steps succeeded." || len(v.Steps) != 7 {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if got.Broken.Summary != "Of 7 steps: 1 Fail, 6 Success." || len(got.Broken.Steps) != 7 {
		t.Fatalf("without a retry: %+v", got.Broken)
	}
	for i, step := range got.Broken.Steps {
		if i != 4 && step.Status != "Success" {
			t.Errorf("without a retry: %+v", step)
		}
	}
	step := got.Broken.Steps[4]
	for _, want := range []string{"Retries make up for a failed region", "No request was tried a second time", "What to do: Put a retry policy around forward-request"} {
		if step.Status != "Fail" || !strings.Contains(step.Text, want) {
			t.Errorf("without a retry, step 5 does not say %q: %+v", want, step)
		}
	}
	for _, complaint := range got.Complaints {
		t.Errorf("the browser: %s", complaint)
	}
}

// policyWithoutRetry is the sample's policy with its retry taken away.
func policyWithoutRetry(t *testing.T) string {
	t.Helper()
	files, err := examples.FS(examples.Default)
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(files, "apis/my-cool-openai-test/policy.xml")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), "<retry ")
	_, inner, ok2 := strings.Cut(rest, ">\n")
	inner, after, ok3 := strings.Cut(inner, "</retry>")
	if !ok || !ok2 || !ok3 {
		t.Fatal("the sample's policy has no retry")
	}
	return before + inner + after
}
