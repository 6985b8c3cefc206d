package policy

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Reference writes the reference of the kinds as Markdown: what each policy is
// for, where it may stand and what it takes, and which ones APIM has that this
// version does not run.
func Reference(w io.Writer, kinds []Kind) error {
	table := newKindTable(kinds)
	var built, known []*Kind
	for _, name := range table.names() {
		k := table.find(name)
		if k.Compile == nil && k.Directive == NoDirective {
			known = append(known, k)
		} else {
			built = append(built, k)
		}
	}
	byName := func(a, b *Kind) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(built, byName)
	slices.SortFunc(known, func(a, b *Kind) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Name, b.Name))
	})
	var b bytes.Buffer
	b.WriteString(referenceHead)
	for _, k := range built {
		fmt.Fprintf(&b, "\n## `%s`\n\n%s\n\nSections: %s.", k.Name, k.Doc, k.Sections.words())
		if k.Scopes != 0 {
			fmt.Fprintf(&b, " Scopes: %s.", k.Scopes)
		}
		if inside := holders(built, k.Name); len(inside) > 0 {
			fmt.Fprintf(&b, " Also inside %s, where it works on their message.", orList(inside))
		}
		if k.Once {
			b.WriteString(" Once in a section.")
		}
		b.WriteString("\n")
		k.Shape.describe(&b)
		for i := range k.Children {
			describeChild(&b, &k.Children[i])
		}
	}
	b.WriteString("\n## Known, not run\n\nA document that uses one of these is refused with the problem `not-built` at its place.\n\n")
	for _, k := range known {
		fmt.Fprintf(&b, "- `%s` (%s)\n", k.Name, k.Sections.words())
	}
	_, err := w.Write(b.Bytes())
	return err
}

// holders are the policies that build a message with the one of that name.
func holders(kinds []*Kind, name string) []string {
	var list []string
	for _, k := range kinds {
		if c := k.child(name); c != nil && c.Policy {
			list = append(list, "`"+k.Name+"`")
		}
	}
	return list
}

const referenceHead = `# Policies

Made from the rows in policy/builtin; change them there. Every policy also takes the attribute ` + "`id`" + `, which
` + "`context.LastError.PolicyId`" + ` shows. *Expression* says whether an expression, ` + "`@(...)` or `@{...}`" + `, may stand for the value.
Attributes and elements that are not listed are refused.
`

func (s Sections) words() string {
	list := s.List()
	words := make([]string, len(list))
	for i, sec := range list {
		words[i] = string(sec)
	}
	return strings.Join(words, ", ")
}

// describe writes the table of attributes and text.
func (s *Shape) describe(b *bytes.Buffer) {
	rows := slices.Clone(s.Attributes)
	if s.Text != nil {
		text := *s.Text
		text.Name = ""
		rows = append(rows, text)
	}
	if len(rows) > 0 {
		b.WriteString("\n| | Value | Expression | Default | |\n| --- | --- | --- | --- | --- |\n")
		for i := range rows {
			rows[i].describe(b)
		}
	}
	if s.Block {
		b.WriteString("\nHolds policies.\n")
	}
}

func (a *Attribute) describe(b *bytes.Buffer) {
	name := "text"
	if a.Name != "" {
		name = "`" + a.Name + "`"
	}
	value := a.Type.String()
	switch {
	case a.Values != nil:
		value = "`" + strings.Join(a.Values, "`, `") + "`"
	case a.Bounded && a.Max >= math.MaxInt32:
		value += ", at least " + strconv.FormatInt(a.Min, 10)
	case a.Bounded:
		value += ", " + strconv.FormatInt(a.Min, 10) + " to " + strconv.FormatInt(a.Max, 10)
	}
	expression := "no"
	if a.Expression {
		expression = "yes"
	}
	byDefault := ""
	switch {
	case a.Required:
		byDefault = "required"
	case a.Default != "":
		byDefault = "`" + a.Default + "`"
	}
	doc := a.Doc
	if a.NotBuilt {
		doc += " Not run by this version."
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, value, expression, byDefault, doc)
}

func describeChild(b *bytes.Buffer, c *Child) {
	number := "any number"
	switch {
	case c.Min == 1 && c.Max == 1:
		number = "exactly one"
	case c.Min == 1:
		number = "at least one"
	case c.Max == 1:
		number = "at most one"
	}
	if c.Policy {
		fmt.Fprintf(b, "\nHolds `%s`, %s: see there.\n", c.Name, number)
		return
	}
	fmt.Fprintf(b, "\nHolds `%s`, %s: %s%s\n", c.Name, number, strings.ToLower(c.Doc[:1]), c.Doc[1:])
	c.Shape.describe(b)
}
