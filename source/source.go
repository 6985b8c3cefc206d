// Package source says where text came from: files, spans in them, positions
// as editors and compilers count them, and the problems found there.
//
// Offsets are byte offsets into UTF-8 text. Lines and columns count from 1;
// a column is a UTF-16 unit, as in editors and in the C# compiler, and a tab
// is one column.
package source

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// Span is a half-open range of byte offsets in some text.
type Span struct{ Start, End int }

// String is the span as offsets, like 12..17.
func (s Span) String() string { return fmt.Sprintf("%d..%d", s.Start, s.End) }

// Len is the number of bytes in the span.
func (s Span) Len() int { return s.End - s.Start }

// Join is the smallest span that covers both.
func (s Span) Join(t Span) Span {
	return Span{min(s.Start, t.Start), max(s.End, t.End)}
}

// Position is a place in a file as people count it.
type Position struct{ Line, Column int }

// String is the position as line:column.
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// File is a named text with its line starts. It is immutable and safe for
// concurrent use.
type File struct {
	name  string
	text  string
	lines []int
}

// NewFile makes a file of name and text. The name is what problems print: a
// path relative to the folder the user named.
func NewFile(name, text string) *File {
	f := &File{name: name, text: text, lines: []int{0}}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n':
			f.lines = append(f.lines, i+1)
		case '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				f.lines = append(f.lines, i+1)
			}
		}
	}
	return f
}

// Name is the name the file was made with.
func (f *File) Name() string { return f.name }

// Text is the whole text.
func (f *File) Text() string { return f.text }

// Position is the line and column of a byte offset; offsets beyond the text
// give its end.
func (f *File) Position(offset int) Position {
	offset = f.clamp(offset)
	line := sort.SearchInts(f.lines, offset+1) - 1
	return Position{line + 1, utf16Len(f.text[f.lines[line]:offset]) + 1}
}

// Offset is the byte offset of a position, the nearest one that exists: it is
// the inverse of Position, for editors that speak in lines and columns.
func (f *File) Offset(p Position) int {
	if p.Line < 1 {
		return 0
	}
	if p.Line > len(f.lines) {
		return len(f.text)
	}
	start := f.lines[p.Line-1]
	column := 1
	for i, r := range f.Line(p.Line) {
		if column >= p.Column {
			return start + i
		}
		column += utf16Width(r)
	}
	return start + len(f.Line(p.Line))
}

// String is the file's name.
func (f *File) String() string { return f.name }

func (f *File) clamp(offset int) int { return max(0, min(offset, len(f.text))) }

// Line is the text of a line (counted from 1) without its line end.
func (f *File) Line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	end := len(f.text)
	if n < len(f.lines) {
		end = f.lines[n]
	}
	return strings.TrimRight(f.text[f.lines[n-1]:end], "\r\n")
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16Width(r)
	}
	return n
}

func utf16Width(r rune) int {
	if r > 0xffff && r <= utf8.MaxRune {
		return 2
	}
	return 1
}
