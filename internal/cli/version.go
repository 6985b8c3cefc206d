package cli

import (
	"fmt"
	"runtime/debug"
)

// version prints the module's version and, for a build from a checkout, the
// commit.
func version(w World, args []string) int {
	fs := w.flags("version", "Usage: spillway version\n\nPrints the version of this binary.\n")
	rest, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	if len(rest) > 0 {
		w.errorf("version takes no arguments")
		return exitUsage
	}
	v, commit := "devel", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				commit = " " + s.Value[:12]
			}
		}
	}
	fmt.Fprintf(w.Stdout, "spillway %s%s\n", v, commit)
	return exitDone
}
