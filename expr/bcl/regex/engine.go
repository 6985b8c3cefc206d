package regex

import (
	"container/list"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const (
	// DefaultTimeout ends a search for which the policy gives no time.
	DefaultTimeout = 100 * time.Millisecond
	// MaxTimeout ends every search, whatever the policy gives it.
	MaxTimeout = time.Second

	// timeoutPeriod is how often the engine's clock ticks while searches with a
	// timeout run: how late a timeout may be noticed.
	timeoutPeriod = 2 * time.Millisecond

	// maxBacktrack bounds what one search keeps to come back to: 32 MiB.
	maxBacktrack = 4 << 20

	cacheSize = 512
	// maxCachedPattern bounds the length of patterns that are kept: longer ones
	// are rare, and made by expressions rather than written in them.
	maxCachedPattern = 8 << 10
)

// program is a compiled pattern, shared by all Regex objects with it.
type program struct {
	*pattern
	text   string
	opts   options
	engine *regexp2.Regexp
	// timeout is what the policy gave, in ticks of 100 ns; infinite without.
	timeout int64
}

const infinite = -10000 // Timeout.InfiniteTimeSpan in ticks: -1 ms

// Regex is a System.Text.RegularExpressions.Regex.
type Regex struct{ *program }

// Type is Regex.
func (*Regex) Type() *types.Type { return RegexType }

// ToString is the pattern as it was given.
func (r *Regex) ToString(*value.Thread) string { return r.text }

type cacheKey struct {
	text    string
	opts    options
	timeout int64
}

// cache keeps compiled patterns, the least recently used go first.
type cache struct {
	mu    sync.Mutex
	items map[cacheKey]*list.Element
	order list.List
}

var programs = cache{items: map[cacheKey]*list.Element{}}

var startClock = sync.OnceFunc(func() { regexp2.SetTimeoutCheckPeriod(timeoutPeriod) })

func (c *cache) get(k cacheKey) *program {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.items[k]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*program)
}

func (c *cache) put(k cacheKey, p *program) {
	if len(k.text) > maxCachedPattern {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items[k] != nil {
		return
	}
	c.items[k] = c.order.PushFront(p)
	if c.order.Len() > cacheSize {
		last := c.order.Back()
		old := last.Value.(*program)
		delete(c.items, cacheKey{old.text, old.opts, old.timeout})
		c.order.Remove(last)
	}
}

// compile reads and compiles a pattern, or finds it in the cache.
func compile(t *value.Thread, text string, opts options, timeout int64) *program {
	k := cacheKey{text, opts, timeout}
	if p := programs.get(k); p != nil {
		return p
	}
	t.Step(len(text))
	t.Alloc(64 * len(text))
	pat, f := parse(text, opts)
	if f != nil {
		t.Raise(parseException(text, f))
	}
	startClock()
	t.Alloc(16 * len(pat.plain))
	// The plain spelling needs no options but the direction.
	var o regexp2.RegexOptions
	if opts&rightToLeft != 0 {
		o |= regexp2.RightToLeft
	}
	engine, err := regexp2.Compile(pat.plain, o, regexp2.OptionMaxBacktrackingStackSize(maxBacktrack))
	if err != nil {
		// The engine refuses what .NET takes: huge numbers of groups, say. There is
		// no exception of .NET's for it; the policy's author reads the reason.
		t.Throw(value.NotSupportedException, "The regular expression '%s' is not supported: %s", text, err.Error())
	}
	engine.MatchTimeout = DefaultTimeout
	if timeout != infinite {
		engine.MatchTimeout = min(time.Duration(timeout)*100, MaxTimeout)
		if timeout > int64(MaxTimeout/100) {
			engine.MatchTimeout = MaxTimeout
		}
	}
	p := &program{pattern: pat, text: text, opts: opts, engine: engine, timeout: timeout}
	programs.put(k, p)
	return p
}

// input is a text that is searched, by unit.
type input struct {
	text  value.Text
	runes []rune // the units of the part that is searched
	from  int    // where that part begins in the text
}

// read prepares a text for searching.
func read(t *value.Thread, text value.Text, from, n int) *input {
	t.Alloc(4*n + 64)
	t.Step(n/16 + 1)
	in := &input{text: text, from: from, runes: make([]rune, 0, n)}
	s := text.String()
	if text.ASCII() {
		for i := from; i < from+n; i++ {
			in.runes = append(in.runes, rune(s[i]))
		}
		return in
	}
	for _, u := range value.Units(text.Slice(from, n)) {
		in.runes = append(in.runes, rune(u))
	}
	return in
}

// longSearch is when a search is worth a look at the evaluation's own deadline,
// and lookSteps what makes the thread look.
const (
	longSearch = 200 * time.Microsecond
	lookSteps  = 2048
)

// searched counts a search that began at start.
func searched(t *value.Thread, start time.Time) {
	if time.Since(start) > longSearch {
		t.Step(lookSteps)
	}
}

// failed turns an error of the engine into an exception.
func (p *program) failed(t *value.Thread, in string, err error) {
	if err == nil {
		return
	}
	timeout := p.timeout
	if timeout == infinite {
		timeout = int64(DefaultTimeout / 100)
	}
	// A search that would keep too much to come back to ends like one that takes
	// too long, which the same search would do with more memory.
	e := value.NewException(TimeoutDef, timeoutMessage)
	e.State = &timedOut{input: in, pattern: p.text, ticks: timeout}
	t.Raise(e)
}

const timeoutMessage = "The Regex engine has timed out while trying to match a pattern to an input string. This can occur for many reasons, including very large inputs or excessive backtracking caused by nested quantifiers, back-references and other factors."

type timedOut struct {
	input, pattern string
	ticks          int64
}

// start is where a search begins that was given no start.
func (p *program) start(n int) int {
	if p.opts&rightToLeft != 0 {
		return n
	}
	return 0
}

// matches reports whether the pattern is found from a unit on.
func (p *program) matches(t *value.Thread, text value.Text, start int) bool {
	n := text.Len()
	if start == p.start(n) && text.ASCII() {
		t.Step(n/16 + 1)
		begun := time.Now()
		ok, err := p.engine.MatchString(text.String())
		searched(t, begun)
		p.failed(t, text.String(), err)
		return ok
	}
	in := read(t, text, 0, n)
	found := false
	begun := time.Now()
	err := p.engine.FindRunesMatches(in.runes, start, func(regexp2.MatchView) bool {
		found = true
		return false
	})
	searched(t, begun)
	p.failed(t, text.String(), err)
	return found
}

// find is the first match from a unit on; nil when there is none.
func (p *program) find(t *value.Thread, in *input, start int) *Match {
	begun := time.Now()
	m, err := p.engine.FindRunesMatchStartingAt(in.runes, start)
	searched(t, begun)
	return p.match(t, in, m, err)
}

// after is the match behind another one.
func (p *program) after(t *value.Thread, prev *Match) *Match {
	begun := time.Now()
	m, err := p.engine.FindNextMatch(prev.found)
	searched(t, begun)
	return p.match(t, prev.in, m, err)
}

type extent struct{ at, n int32 }

func (p *program) match(t *value.Thread, in *input, m *regexp2.Match, err error) *Match {
	p.failed(t, in.text.String(), err)
	if m == nil {
		return nil
	}
	t.Step(1)
	out := &Match{program: p, in: in, found: m, groups: make([][]extent, len(p.slots))}
	size := 0
	for i, slot := range p.slots {
		g := m.GroupByNumber(slot)
		if g == nil {
			continue
		}
		list := make([]extent, len(g.Captures))
		for k := range g.Captures {
			list[k] = extent{int32(g.Captures[k].RuneIndex + in.from), int32(g.Captures[k].RuneLength)}
		}
		size += len(list)
		out.groups[i] = list
	}
	t.Alloc(200 + 32*len(p.slots) + 8*size)
	return out
}
