package spillway_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/script"
)

var update = flag.Bool("update", false, "let scenarios write what they got")

// TestScenarios runs the stories under testdata/script.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			o := script.Options{Sample: examples.FS}
			if *update {
				o.Update = func(file, text string) {
					data = script.Replace(data, file, text)
					if err := os.WriteFile(name, data, 0o644); err != nil {
						t.Error(err)
					}
				}
			}
			result, err := script.Run(name, data, o)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d requests in %s of virtual time", result.Requests, result.Took)
		})
	}
}
