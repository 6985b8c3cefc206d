package expr

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Reference writes all types and members that expressions of an environment may
// use as Markdown, out of their rows.
func (e *Env) Reference(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(referenceHead)
	infos := slices.Clone(e.table.Infos())
	slices.SortStableFunc(infos, func(x, y *value.Info) int {
		if n := strings.Compare(x.Def.Namespace, y.Def.Namespace); n != 0 {
			return n
		}
		return strings.Compare(x.Def.Type().String(), y.Def.Type().String())
	})
	space := ""
	for _, i := range infos {
		lines := memberLines(i)
		if len(lines) == 0 || i.Def == value.Vector {
			continue
		}
		if i.Def.Namespace != space {
			space = i.Def.Namespace
			fmt.Fprintf(&b, "\n## %s\n", space)
			if slices.Contains(e.check.Imports, space) {
				b.WriteString("\nIn scope: its types need no qualification.\n")
			}
		}
		fmt.Fprintf(&b, "\n### `%s`\n\n", i.Def.Type())
		if i.Doc != "" {
			b.WriteString(i.Doc)
			if i.Beyond {
				b.WriteString(" *Beyond.*")
			}
			b.WriteString("\n\n")
		}
		for _, line := range lines {
			b.WriteString(line)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

const referenceHead = `# Expressions

Made from the rows in expr/bcl and policy/contextvar; change them there. An
expression is C# 7.3, over the types and members below and no others. *Beyond*
marks what Azure's documentation does not list: it runs here, ` + "`spillway check`" + `
warns of it, and with ` + "`-strict`" + ` refuses it.
`

// memberLines are the lines of what an expression can name of a type.
func memberLines(i *value.Info) []string {
	var lines []string
	if i.Def.Type().Kind() == types.Enum {
		var names []string
		for _, m := range i.Def.EnumMembers() {
			name := "`" + m.Name + "`"
			if value.RowOf(i.EnumMember(m.Name)).Beyond && !i.Beyond {
				name += " *Beyond*"
			}
			names = append(names, name)
		}
		lines = append(lines, strings.Join(names, ", ")+"\n")
	}
	for _, m := range i.All {
		row := value.RowOf(m)
		if m.Access != types.Public || m.Explicit != nil {
			continue
		}
		line := "- `" + row.Sig + "`: " + row.Doc
		if row.Beyond && !i.Beyond {
			line += " *Beyond.*"
		}
		if row.Effects&value.ReadsRequestBody != 0 {
			line += " Reads the request's body."
		}
		if row.Effects&value.ReadsResponseBody != 0 {
			line += " Reads the response's body."
		}
		lines = append(lines, line+"\n")
	}
	return lines
}
