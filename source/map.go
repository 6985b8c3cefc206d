package source

import "sort"

// Map leads from a compiled text back to the author's file. A compiled text
// is what is left of a piece of the file once entities are decoded and named
// values are put in, so it is made of pieces: some are copied byte for byte,
// others stand for something that is spelled differently in the file.
//
// A Map is immutable and safe for concurrent use. The zero Map, and nil, lead
// nowhere: File is nil and spans come back as they are.
type Map struct {
	file   *File
	pieces []piece
	length int
}

// piece says where the compiled text from offset at on, up to the next piece,
// comes from. A copied piece has as many bytes in the file as here.
type piece struct {
	at     int
	from   Span
	copied bool
}

// MapOf is the map of a text that is copied unchanged from span of f.
func MapOf(f *File, span Span) *Map {
	m := &Map{file: f, length: span.Len()}
	m.pieces = []piece{{0, span, true}}
	return m
}

// File is the author's file.
func (m *Map) File() *File {
	if m == nil {
		return nil
	}
	return m.file
}

// Len is the length of the compiled text in bytes.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return m.length
}

// Span is the place in the file that s, a span of the compiled text, comes
// from. Where s begins or ends inside something that the file spells
// differently (an entity, a named value), all of that is covered. A span
// beyond the end of the text gives the end.
func (m *Map) Span(s Span) Span {
	if m == nil || len(m.pieces) == 0 {
		return s
	}
	s.Start = max(0, min(s.Start, m.length))
	s.End = max(s.Start, min(s.End, m.length))
	first := m.pieceAt(s.Start)
	out := first.from
	if first.copied {
		out.Start += s.Start - first.at
		out.End = out.Start
	}
	if s.End == s.Start {
		if s.Start == m.length && m.length > first.at {
			return Span{first.from.End, first.from.End}
		}
		return out
	}
	last := m.pieceAt(s.End - 1)
	if last.copied {
		out.End = last.from.Start + s.End - last.at
	} else {
		out.End = last.from.End
	}
	return out
}

// Position is the line and column in the file of an offset in the compiled
// text.
func (m *Map) Position(offset int) Position {
	if m.File() == nil {
		return Position{}
	}
	return m.file.Position(m.Span(Span{offset, offset}).Start)
}

// Locate moves a problem that was found in the compiled text to the author's
// file. The problem is changed and returned.
func (m *Map) Locate(p *Problem) *Problem {
	if f := m.File(); f != nil {
		p.Span = m.Span(p.Span)
		p.File = f
	}
	return p
}

// Slice is the map of a part of the compiled text.
func (m *Map) Slice(s Span) *Map {
	b := NewMapBuilder(m.File())
	b.Append(m, s)
	return b.Map()
}

// pieceAt is the piece that holds the byte at offset, or the last one.
func (m *Map) pieceAt(offset int) piece {
	i := sort.Search(len(m.pieces), func(i int) bool { return m.pieces[i].at > offset }) - 1
	return m.pieces[max(0, i)]
}

// MapBuilder puts a Map together, piece after piece, as the compiled text is
// written. It must not be used after Map.
type MapBuilder struct{ m *Map }

// NewMapBuilder starts a map into f.
func NewMapBuilder(f *File) *MapBuilder { return &MapBuilder{&Map{file: f}} }

// Copy says that the next span.Len() bytes are those of span.
func (b *MapBuilder) Copy(span Span) {
	if span.Len() == 0 {
		return
	}
	if n := len(b.m.pieces); n > 0 && b.m.pieces[n-1].copied && b.m.pieces[n-1].from.End == span.Start {
		b.m.pieces[n-1].from.End = span.End
	} else {
		b.m.pieces = append(b.m.pieces, piece{b.m.length, span, true})
	}
	b.m.length += span.Len()
}

// Replace says that the next n bytes stand for span, which spells them
// differently. With n 0 nothing is recorded.
func (b *MapBuilder) Replace(n int, span Span) {
	if n == 0 {
		return
	}
	b.m.pieces = append(b.m.pieces, piece{b.m.length, span, false})
	b.m.length += n
}

// Append says that the next s.Len() bytes are those of s in the text of m.
func (b *MapBuilder) Append(m *Map, s Span) {
	if m == nil {
		return
	}
	for i, p := range m.pieces {
		end := m.length
		if i+1 < len(m.pieces) {
			end = m.pieces[i+1].at
		}
		from, to := max(p.at, s.Start), min(end, s.End)
		if from >= to {
			continue
		}
		if p.copied {
			b.Copy(Span{p.from.Start + from - p.at, p.from.Start + to - p.at})
		} else {
			b.Replace(to-from, p.from)
		}
	}
}

// Map is the finished map. A map of an empty text still knows its file.
func (b *MapBuilder) Map() *Map { return b.m }

// At makes an empty text stand at span, so that a problem about the empty text
// has a place. It does nothing once text has been recorded.
func (b *MapBuilder) At(span Span) {
	if len(b.m.pieces) == 0 {
		b.m.pieces = append(b.m.pieces, piece{0, span, false})
	}
}
