package cli

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEvalRecorded holds that the answers to a recorded area are the recorded
// ones when the two files are compared line by line, as anyone would: the order
// of refusals included.
func TestEvalRecorded(t *testing.T) {
	const recorded = "../../expr/testdata/oracle"
	unpack := func(name string) []byte {
		f, err := os.Open(filepath.Join(recorded, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	different, err := os.ReadFile(filepath.Join(recorded, "differences.txt"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	contexts := write(t, filepath.Join(dir, "contexts.json"), string(unpack("contexts.json.gz")))
	for _, area := range []string{"flow", "time"} {
		data := string(unpack(area + ".jsonl.gz"))
		got := execute(t, nil, "eval", "-cases", write(t, filepath.Join(dir, area), data), "-contexts", contexts)
		if got.code != 0 || got.stderr != "" {
			t.Fatalf("%s: code %d, %s", area, got.code, got.stderr)
		}
		lines := bufio.NewScanner(strings.NewReader(got.stdout))
		lines.Buffer(nil, 1<<22)
		n := 0
		for want := range strings.Lines(data) {
			if !lines.Scan() {
				t.Fatalf("%s: %d answers to more cases", area, n)
			}
			n++
			var w, g map[string]any
			if err := json.Unmarshal([]byte(want), &w); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
				t.Fatalf("%v: %s", err, lines.Text())
			}
			id := w["id"].(string)
			if strings.Contains(string(different), "\n"+id+" ") {
				continue
			}
			if a, b := essence(w), essence(g); a != b {
				t.Errorf("%s\ngave %s\nwant %s", id, b, a)
			}
		}
		if lines.Scan() || n < 100 {
			t.Errorf("%s: %d cases, and more answers", area, n)
		}
	}
}

// essence is what two answers are compared by. Of refusals that is the number
// and the place: some messages name types that only the recording runtime has.
func essence(a map[string]any) string {
	if list, ok := a["compile"].([]any); ok {
		text := "compile"
		for _, p := range list {
			p := p.(map[string]any)
			text += fmt.Sprint(" ", p["code"], " ", p["line"], ":", p["column"])
		}
		return text
	}
	return fmt.Sprint(a["id"], a["type"], a["text"], a["json"], a["jsonError"], a["throws"], a["message"], a["inner"], a["innerMessage"])
}
