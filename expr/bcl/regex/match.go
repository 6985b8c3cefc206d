package regex

import (
	"github.com/dlclark/regexp2/v2"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// capture is one captured part of a text.
type capture interface {
	value.Object
	extent() extent
	source() *input
}

func textOf(c capture) string {
	e := c.extent()
	if c.source() == nil {
		return ""
	}
	return c.source().text.Slice(int(e.at), int(e.n))
}

// Capture is a Capture that is no Group.
type Capture struct {
	in *input
	e  extent
}

// Type is Capture.
func (*Capture) Type() *types.Type { return CaptureType }

func (c *Capture) extent() extent { return c.e }
func (c *Capture) source() *input { return c.in }

// ToString is the captured text.
func (c *Capture) ToString(*value.Thread) string { return textOf(c) }

// Group is what a group of the pattern has captured.
type Group struct {
	in   *input
	name string
	list []extent
	all  *Captures
}

// Type is Group.
func (*Group) Type() *types.Type { return GroupType }

func (g *Group) extent() extent {
	if len(g.list) == 0 {
		return extent{}
	}
	return g.list[len(g.list)-1]
}
func (g *Group) source() *input { return g.in }

// ToString is the text of the last capture.
func (g *Group) ToString(*value.Thread) string { return textOf(g) }

// Match is a match, or Match.Empty when its program is nil.
type Match struct {
	*program
	in     *input
	found  *regexp2.Match
	groups [][]extent // by slot
	view   *Groups
	all    *Captures
}

var empty = &Match{}

// Type is Match.
func (*Match) Type() *types.Type { return MatchType }

func (m *Match) extent() extent {
	if m.program == nil {
		return extent{}
	}
	return m.groups[0][len(m.groups[0])-1]
}
func (m *Match) source() *input { return m.in }
func (m *Match) success() bool  { return m.program != nil }

// ToString is the matched text.
func (m *Match) ToString(*value.Thread) string { return textOf(m) }

// group is the last text of a group by its slot, and whether it took part.
func (m *Match) group(slot int) (extent, bool) {
	g := m.groups[slot]
	if len(g) == 0 {
		return extent{}, false
	}
	return g[len(g)-1], true
}

func (m *Match) collection() *Groups {
	if m.view == nil {
		m.view = &Groups{match: m, made: make([]capture, max(1, len(m.groups)))}
		m.view.made[0] = m
	}
	return m.view
}

// Groups is a GroupCollection.
type Groups struct {
	match *Match
	made  []capture
}

// Type is GroupCollection.
func (*Groups) Type() *types.Type { return GroupsType }

var noGroup = &Group{}

func (g *Groups) at(slot int) capture {
	if g.made[slot] == nil {
		m := g.match
		g.made[slot] = &Group{in: m.in, name: m.names[slot], list: m.groups[slot]}
	}
	return g.made[slot]
}

// number is a group by its number; one that the pattern does not have has
// failed.
func (g *Groups) number(n int) capture {
	if n == 0 {
		return g.at(0)
	}
	if g.match.program != nil {
		if slot, ok := g.match.byNum[n]; ok {
			return g.at(slot)
		}
	}
	return noGroup
}

func (g *Groups) named(name string) (capture, bool) {
	if g.match.program == nil {
		return noGroup, false
	}
	n := g.match.number(name)
	if n < 0 {
		return noGroup, false
	}
	return g.number(n), true
}

func (g *Groups) nameOf(slot int) string {
	if g.match.program == nil {
		return "0"
	}
	return g.match.names[slot]
}

// Iterate walks over the groups in the order of their numbers.
func (g *Groups) Iterate(*value.Thread) value.Iterator {
	return walk(len(g.made), func(i int) value.Value { return value.Of(g.at(i)) })
}

// IterateAs walks over names and groups as well.
func (g *Groups) IterateAs(t *value.Thread, elem *types.Type) value.Iterator {
	if elem.Def() != types.KeyValuePair {
		return g.Iterate(t)
	}
	return walk(len(g.made), func(i int) value.Value {
		return value.Pair(elem, value.String(g.nameOf(i)), value.Of(g.at(i)))
	})
}

// Captures is a CaptureCollection.
type Captures struct {
	in   *input
	list []extent
	own  capture // the group itself stands for its last capture
	made []capture
}

// Type is CaptureCollection.
func (*Captures) Type() *types.Type { return CapturesType }

func newCaptures(own capture, in *input, list []extent) *Captures {
	return &Captures{in: in, list: list, own: own, made: make([]capture, len(list))}
}

func (c *Captures) at(i int) capture {
	if c.made[i] == nil {
		if i == len(c.list)-1 {
			c.made[i] = c.own
		} else {
			c.made[i] = &Capture{c.in, c.list[i]}
		}
	}
	return c.made[i]
}

// Iterate walks over the captures in the order they were made.
func (c *Captures) Iterate(*value.Thread) value.Iterator {
	return walk(len(c.list), func(i int) value.Value { return value.Of(c.at(i)) })
}

func walk(n int, at func(i int) value.Value) value.Iterator {
	i := 0
	return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
		if i >= n {
			return value.Null, false
		}
		i++
		return at(i - 1), true
	})
}

// Matches is a MatchCollection. It searches as it is read.
type Matches struct {
	program *program
	in      *input
	start   int
	list    []*Match
	done    bool
}

// Type is MatchCollection.
func (*Matches) Type() *types.Type { return MatchesType }

// has searches on until there are more than i matches.
func (m *Matches) has(t *value.Thread, i int) bool {
	for len(m.list) <= i && !m.done {
		var next *Match
		if n := len(m.list); n == 0 {
			next = m.program.find(t, m.in, m.start)
		} else {
			next = m.program.after(t, m.list[n-1])
		}
		if next == nil {
			m.done = true
			break
		}
		m.list = append(m.list, next)
	}
	return i < len(m.list)
}

func (m *Matches) count(t *value.Thread) int {
	m.has(t, 1<<31)
	return len(m.list)
}

// Iterate walks over the matches.
func (m *Matches) Iterate(*value.Thread) value.Iterator {
	i := -1
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		i++
		if !m.has(t, i) {
			return value.Null, false
		}
		return value.Of(m.list[i]), true
	})
}
