package spillway_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/spillway-gateway/spillway"

// floors is the plan of the house: a package imports only packages of lower
// floors. docs/architecture.md explains it; change the two together.
var floors = map[string]int{
	"source": -1, "internal/clock": -1, "internal/clock/clocktest": -1,

	"apim": 0, "examples": 0, "expr/types": 0,
	"internal/openai": 0, "internal/arm": 0, "internal/page": 0, "internal/tree": 0,

	"expr/syntax": 1, "expr/value": 1, "policy/trace": 1, "sim": 1,
	"internal/counter": 1, "internal/jwt": 1, "internal/liquid": 1, "internal/route": 1, "internal/backend": 1, "internal/store": 1,
	"internal/openapi": 1, "internal/settings": 1, "internal/console": 1, "internal/chat": 1,

	"expr/bcl/number": 2, "expr/bcl/time": 2, "expr/bcl/core": 2,
	"policy/markup": 2, "policy/exchange": 2, "internal/cache": 2, "internal/azure": 2,
	"internal/cache/cachetest": 2, "internal/azure/azuretest": 2,

	"expr/bcl/text": 3, "expr/bcl/net": 3,
	"internal/access": 3, "internal/telemetry": 3, "internal/artifact": 3, "internal/forward": 3,
	"internal/engine/std": 3, "internal/engine/inproc": 3, "internal/azure/provision": 4,

	"expr/internal/arith": 3,
	"expr/bcl/linq":       4, "expr/bcl/regex": 4, "expr/bcl/xml": 4, "expr/bcl/crypto": 4, "expr/internal/check": 4,
	"expr/bcl/json": 5, "expr/internal/compile": 5,
	"expr/bcl":          6,
	"expr":              7,
	"policy/contextvar": 8,
	"policy":            9, "internal/casefile": 9,
	"policy/builtin": 10,
	"gateway":        11,

	"internal/management": 12, "internal/validate": 12, "internal/service": 12,
	"internal/script": 13, "internal/server": 13,
	"internal/cli": 14,
	"cmd/spillway": 15,
}

// packages finds the non-test imports of every package of the module.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	seen := map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (name[0] == '.' || name[0] == '_' || name == "testdata" || name == "node_modules") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != "." {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if seen[dir] == nil {
			seen[dir] = map[string]bool{}
		}
		for _, im := range f.Imports {
			p, _ := strconv.Unquote(im.Path.Value)
			seen[dir][p] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for dir, imports := range seen {
		out[dir] = []string{}
		for p := range imports {
			out[dir] = append(out[dir], p)
		}
		sort.Strings(out[dir])
	}
	return out
}

func TestFloors(t *testing.T) {
	for dir, imports := range packages(t) {
		floor, known := floors[dir]
		if !known {
			t.Errorf("package %s stands on no floor: give it one in layout_test.go and docs/architecture.md", dir)
			continue
		}
		for _, p := range imports {
			lower, ok := strings.CutPrefix(p, module+"/")
			if !ok {
				continue
			}
			if f, known := floors[lower]; known && f >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d): imports go down only", dir, floor, lower, f)
			}
		}
	}
}

// deps are all packages that a package links.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", pkg)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

// TestPromises checks what the packages that strangers import drag along.
func TestPromises(t *testing.T) {
	std := func(p string) bool { return !strings.Contains(strings.SplitN(p, "/", 2)[0], ".") }
	under := func(p string, prefixes ...string) bool {
		for _, x := range prefixes {
			if p == x || strings.HasPrefix(p, x+"/") {
				return true
			}
		}
		return false
	}
	for _, p := range deps(t, "./expr") {
		if !std(p) && !under(p, module+"/source", module+"/expr", "golang.org/x/text", "github.com/dlclark/regexp2") {
			t.Errorf("./expr links %s: a library for strangers brings only its own", p)
		}
	}
	for _, p := range deps(t, "./sim") {
		if !std(p) && !under(p, module+"/sim", module+"/internal/openai", module+"/internal/clock") {
			t.Errorf("./sim links %s", p)
		}
	}
	for _, p := range deps(t, "./policy/builtin") {
		if under(p, module+"/gateway", module+"/internal/management", module+"/internal/console") {
			t.Errorf("./policy/builtin links %s: policies know neither the gateway nor its management", p)
		}
	}
}
