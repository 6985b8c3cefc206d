package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// keeper is a region on a clock moved by hand, asked over the v1 API.
type keeper struct {
	t    *testing.T
	clk  *clock.Manual
	send sender
}

func newKeeper(t *testing.T) *keeper {
	clk := clock.NewManual(noon)
	profile := Fast()
	profile.FirstToken, profile.Gap = time.Second, time.Second
	r := New(Config{Clock: clk, Profile: profile, Keys: []string{"key-one"}, Seed: 1, Deployments: []Deployment{{Name: "o", Model: "gpt-4o"}, {Name: "r", Model: "gpt-5"}}})
	return &keeper{t, clk, inProcess(r, clk)}
}

// ask sends a request and reads the JSON of its answer.
func (k *keeper) ask(method, path, body string, want int) map[string]any {
	k.t.Helper()
	status, _, text, err := k.send(method, "/openai/v1/"+path, http.Header{"Api-Key": {"key-one"}}, body)
	if err != nil || status != want {
		k.t.Fatalf("%s %s: %d %v %s", method, path, status, err, text)
	}
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		k.t.Fatal(err)
	}
	return out
}

// A response in the background is asked for until it is done, or ended before.
func TestBackgroundResponse(t *testing.T) {
	k := newKeeper(t)
	for _, cancel := range []bool{false, true} {
		before := k.clk.Now()
		made := k.ask("POST", "responses", `{"model":"o","input":"Count to 20","background":true}`, 200)
		if took := k.clk.Now().Sub(before); made["status"] != "queued" || len(made["output"].([]any)) != 0 || took != 0 {
			t.Errorf("%v after %v", made, took)
		}
		path := "responses/" + made["id"].(string)
		if got := k.ask("GET", path, "", 200); got["status"] != "in_progress" || got["usage"] != nil {
			t.Errorf("%v", got)
		}
		want := "completed"
		if cancel {
			want = "cancelled"
			if got := k.ask("POST", path+"/cancel", "", 200); got["status"] != want {
				t.Errorf("%v", got)
			}
		}
		k.clk.Advance(time.Minute)
		got := k.ask("GET", path, "", 200)
		if got["status"] != want || (len(got["output"].([]any)) == 1) == cancel {
			t.Errorf("%v", got)
		}
		if got := k.ask("POST", path+"/cancel", "", 200); got["status"] != want {
			t.Errorf("cancelled when it was over: %v", got)
		}
	}
	made := k.ask("POST", "responses", `{"model":"o","input":"hi"}`, 200)
	k.ask("POST", "responses/"+made["id"].(string)+"/cancel", "", 400)
}

// A response is kept for 30 days, and its instructions are not the next one's.
func TestKeptResponse(t *testing.T) {
	k := newKeeper(t)
	first := k.ask("POST", "responses", `{"model":"o","instructions":"[doc1] The bridge has two lanes.","input":"How many lanes has the bridge?"}`, 200)
	if text := textOf(first); text != "The bridge has two lanes [doc1]." {
		t.Errorf("%q", text)
	}
	next := k.ask("POST", "responses", `{"model":"o","input":"How many lanes has the bridge?","previous_response_id":"`+first["id"].(string)+`"}`, 200)
	if text := textOf(next); strings.Contains(text, "doc1") {
		t.Errorf("the instructions went on: %q", text)
	}
	path := "responses/" + first["id"].(string)
	k.clk.Advance(29 * 24 * time.Hour)
	k.ask("GET", path, "", 200)
	k.clk.Advance(24 * time.Hour)
	k.ask("GET", path, "", 404)
	k.ask("POST", "responses", `{"model":"o","input":"x","previous_response_id":"`+first["id"].(string)+`"}`, 400)
}

func textOf(response map[string]any) string {
	message := response["output"].([]any)[0].(map[string]any)
	return message["content"].([]any)[0].(map[string]any)["text"].(string)
}

// The items of an input come page by page, each with an id.
func TestInputItems(t *testing.T) {
	k := newKeeper(t)
	made := k.ask("POST", "responses", `{"model":"o","input":[{"role":"user","content":"one"},{"role":"user","content":[{"type":"input_text","text":"two"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","id":"mine","call_id":"c","output":"x"}]}`, 200)
	path := "responses/" + made["id"].(string) + "/input_items"
	var kinds []string
	after, pages := "", 0
	for {
		pages++
		page := k.ask("GET", path+"?limit=3"+after, "", 200)
		for _, it := range page["data"].([]any) {
			item := it.(map[string]any)
			if item["id"] == "" || item["id"] == nil {
				t.Errorf("no id: %v", item)
			}
			kinds = append(kinds, fmt.Sprint(item["type"], " ", item["content"]))
		}
		if page["has_more"] != true {
			break
		}
		after = "&after=" + page["last_id"].(string)
	}
	want := []string{"function_call_output <nil>", "function_call <nil>", "message [map[text:two type:input_text]]", "message [map[text:one type:input_text]]"}
	if pages != 2 || strings.Join(kinds, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d pages: %q", pages, kinds)
	}
	if page := k.ask("GET", path+"?order=asc&limit=1", "", 200); textOf(map[string]any{"output": page["data"]}) != "one" {
		t.Errorf("%v", page)
	}
	for _, bad := range []string{"limit=0", "limit=x", "order=up", "after=nobody"} {
		k.ask("GET", path+"?"+bad, "", 400)
	}
}

// What a model thought goes back to its own region, and to no other.
func TestThoughtsBelongToARegion(t *testing.T) {
	a, b := newKeeper(t), newKeeper(t)
	made := a.ask("POST", "responses", `{"model":"r","input":"Say hello","store":false,"include":["reasoning.encrypted_content"]}`, 200)
	thought, err := json.Marshal(made["output"].([]any)[0])
	if err != nil {
		t.Fatal(err)
	}
	next := `{"model":"r","store":false,"input":[{"role":"user","content":"Say hello"},` + string(thought) + `,{"role":"user","content":"Say goodbye"}]}`
	a.ask("POST", "responses", next, 200)
	refused := b.ask("POST", "responses", next, 400)["error"].(map[string]any)
	if refused["code"] != "invalid_encrypted_content" {
		t.Errorf("%v", refused)
	}
}

// What was compacted stands for the conversation, in its own region.
func TestCompaction(t *testing.T) {
	k := newKeeper(t)
	made := k.ask("POST", "responses/compact", `{"model":"o","input":[{"role":"user","content":"What is a spillway?"},{"role":"assistant","content":"Something."}]}`, 200)
	output := made["output"].([]any)
	item, err := json.Marshal(output[len(output)-1])
	if err != nil {
		t.Fatal(err)
	}
	ask := `{"model":"o","input":[` + string(item) + `,{"role":"user","content":"Why?"}]}`
	if text := textOf(k.ask("POST", "responses", ask, 200)); !strings.Contains(text, "spillway") {
		t.Errorf("it has forgotten: %q", text)
	}
	newKeeper(t).ask("POST", "responses", ask, 400)
}
