package source

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// MaxProblems is how many problems of one check are told; more help nobody.
const MaxProblems = 50

// Problems is what is wrong with a document, or with several.
type Problems []*Problem

// Errorf makes an error at a place of f. The message is lower case, without a
// full stop, and names the thing it is about.
func (f *File) Errorf(s Span, code, format string, args ...any) *Problem {
	return &Problem{File: f, Span: s, Severity: Error, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Warnf makes a warning at a place of f.
func (f *File) Warnf(s Span, code, format string, args ...any) *Problem {
	return &Problem{File: f, Span: s, Severity: Warning, Code: code, Message: fmt.Sprintf(format, args...)}
}

// String is the line that Error gives, so that a problem prints as one
// wherever it is printed.
func (p *Problem) String() string { return p.Error() }

// WithHint sets the hint and returns the problem.
func (p *Problem) WithHint(format string, args ...any) *Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// HasErrors reports whether one of the problems stops the document from
// running.
func (ps Problems) HasErrors() bool {
	return slices.ContainsFunc(ps, func(p *Problem) bool { return p.Severity == Error })
}

// Errors are the problems without the warnings.
func (ps Problems) Errors() Problems {
	var es Problems
	for _, p := range ps {
		if p.Severity == Error {
			es = append(es, p)
		}
	}
	return es
}

// Below are the problems of files that were named within a folder, named with
// the folder.
func (ps Problems) Below(folder string) Problems {
	named := map[*File]*File{nil: nil}
	out := make(Problems, len(ps))
	for i, p := range ps {
		f, known := named[p.File]
		if !known {
			f = NewFile(path.Join(filepath.ToSlash(folder), p.File.Name()), p.File.Text())
			named[p.File] = f
		}
		q := *p
		q.File, out[i] = f, &q
	}
	return out
}

// Err is nil when there are no errors, else the problems as one error.
// Warnings alone are no error.
func (ps Problems) Err() error {
	if !ps.HasErrors() {
		return nil
	}
	return ps
}

// Error is one line a problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort orders the problems by file name and position, errors before warnings
// at the same place, and drops repetitions of the same finding. It returns the
// shortened list.
func (ps Problems) Sort() Problems {
	name := func(p *Problem) string {
		if p.File == nil {
			return ""
		}
		return p.File.Name()
	}
	slices.SortStableFunc(ps, func(a, b *Problem) int {
		return cmp.Or(
			strings.Compare(name(a), name(b)),
			cmp.Compare(a.Span.Start, b.Span.Start),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Span.End, b.Span.End),
			strings.Compare(a.Code, b.Code),
			strings.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(ps, func(a, b *Problem) bool {
		return name(a) == name(b) && a.Span == b.Span && a.Severity == b.Severity && a.Code == b.Code && a.Message == b.Message
	})
}

// Cap is at most n of the problems, errors preferred to warnings, in the order
// they have. What was left out is counted in left.
func (ps Problems) Cap(n int) (kept Problems, left int) {
	if len(ps) <= n {
		return ps, 0
	}
	room := n
	keep := make([]bool, len(ps))
	for _, severity := range []Severity{Error, Warning} {
		for i, p := range ps {
			if room > 0 && p.Severity == severity {
				keep[i], room = true, room-1
			}
		}
	}
	for i, p := range ps {
		if keep[i] {
			kept = append(kept, p)
		}
	}
	return kept, len(ps) - len(kept)
}

// problemJSON is one line of `check -json` and one detail of the management
// API; the field names are promised in the docs.
type problemJSON struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Severity  string `json:"severity"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Hint      string `json:"hint"`
}

// MarshalJSON is the problem as one JSON object with its place counted from 1;
// a problem without a file has zeros there.
func (p *Problem) MarshalJSON() ([]byte, error) {
	j := problemJSON{Severity: p.Severity.String(), Code: p.Code, Message: p.Message, Hint: p.Hint}
	if p.File != nil {
		from, to := p.File.Position(p.Span.Start), p.File.Position(p.Span.End)
		j.File, j.Line, j.Column, j.EndLine, j.EndColumn = p.File.Name(), from.Line, from.Column, to.Line, to.Column
	}
	return json.Marshal(j)
}
