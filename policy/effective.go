package policy

import (
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/policy/markup"
)

// Effective is the pipeline as one policy document: what runs, with <base/>
// resolved and with the fragments that stand directly in a section; one inside
// another policy stays as it is written there, as named values do. A comment
// before each run of elements says which scope and file they come from.
func (p *Pipeline) Effective() string {
	var b strings.Builder
	b.WriteString("<policies>\n")
	for _, s := range sectionOrder {
		if len(p.Section(s)) == 0 {
			fmt.Fprintf(&b, "<%s />\n", s)
			continue
		}
		fmt.Fprintf(&b, "<%s>\n", s)
		from := ""
		for _, n := range p.Section(s) {
			if place := n.place(); place != from {
				from = place
				fmt.Fprintf(&b, "<!-- %s -->\n", strings.ReplaceAll(place, "--", "- -"))
			}
			b.WriteString(markup.PrintNode(n.Markup, markup.Raw))
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "</%s>\n", s)
	}
	b.WriteString("</policies>\n")
	doc, problems := markup.Parse("effective", b.String(), markup.Options{MaxBytes: maxExpanded * 8})
	if problems.HasErrors() {
		return b.String()
	}
	return markup.FormatDocument(doc)
}

// place words where an element comes from.
func (o *Origin) place() string {
	text := string(o.Scope) + ": " + o.File.Name()
	if o.Fragment != "" {
		text += " (fragment " + o.Fragment + ")"
	}
	return text
}
