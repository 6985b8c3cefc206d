package value

import (
	"fmt"
	"slices"
	"sync"

	"github.com/spillway-gateway/spillway/expr/types"
)

// Effects are what an evaluation of a member touches beyond its arguments.
type Effects uint8

// The effects.
const (
	ReadsRequestBody Effects = 1 << iota
	ReadsResponseBody
	DrawsRandom
	ReadsClock
)

// Row is one member of a type. See the package comment for how to write one.
type Row struct {
	// Sig is the member's C# signature.
	Sig string
	// Doc says in a sentence what it does.
	Doc string
	// Beyond marks plain .NET that Azure's documented list does not have.
	Beyond bool
	// Effects of calling it.
	Effects Effects
	// Func is the method, constructor, operator or conversion, or the getter of a
	// property, indexer or field. Nil leaves an instance member to the object's own
	// type (see the package comment).
	Func func(c *Call) Value
	// Set is the setter of a property or an indexer; the new value is the last
	// argument.
	Set func(c *Call)
	// Fast is a form without boxing for hot members, or nil. The receiver of an
	// instance member is the first argument; a Value argument that is the receiver
	// is not null. It is one of
	//
	//	func(Value) int64          func(Value) bool       func(Value) Value     func(Value) float64
	//	func(string) int64         func(string) bool      func(string) string
	//	func(string, string) bool  func(string, string) int64
	//	func(Value, int64) int64   func(Value, Value) bool  func(Value, Value) Value
	//	func(int64) int64          func(int64, int64) int64   func(int64) bool
	//	func(float64) float64      func(float64, float64) float64
	//
	// where int64 stands for every integer, char, enum, DateTime and TimeSpan (as
	// its word), and float64 for float and double.
	Fast any
	// Try makes a form for given type arguments that answers the common cases of a
	// hot generic method with one argument; what it does not answer goes to Func.
	// It may be nil, and may give nil. The receiver is not null.
	Try func(types []*types.Type) func(this, arg Value) (v Value, ok bool)
}

// Members are a type and its members.
type Members struct {
	Def *types.Def
	Doc string
	// Beyond marks the whole type, and so all its rows.
	Beyond bool
	// Documented are the members of an enum that Azure lists, where it does not
	// list the enum whole.
	Documented []string
	Rows       []Row
	// Ops are the virtual methods of a type whose values have no Go methods, or
	// nil.
	Ops *Ops
}

// Ops are the virtual methods of values that live in the word, and of strings.
// Each may be nil.
type Ops struct {
	// Zero is the default value of a struct that does not live in the word.
	Zero    func() Value
	Equals  func(t *Thread, v, other Value) bool
	Hash    func(t *Thread, v Value) int32
	Compare func(t *Thread, v, other Value) int
	String  func(t *Thread, v Value) string
	// Format is IFormattable.ToString; an empty format is the general one.
	Format func(t *Thread, v Value, format string, provider Value) string
}

// Info is a type as a table knows it.
type Info struct {
	*Members
	// All are the members in the order of their rows.
	All    []*types.Member
	byName map[string][]*types.Member
	enum   map[string]*types.Member
}

// EnumMember is the member of an enum with a name, nil for another type's. Its
// row says no more than whether Azure lists it.
func (i *Info) EnumMember(name string) *types.Member {
	if i == nil {
		return nil
	}
	return i.enum[name]
}

// Named lists the members with a name; "this[]" are the indexers, ".ctor" the
// constructors, "operator +" the operators of that token, "implicit" and
// "explicit" the conversions. Explicit implementations are not among them.
func (i *Info) Named(name string) []*types.Member {
	if i == nil {
		return nil
	}
	return i.byName[name]
}

// Table is the set of all types and members that expressions can use. It is
// immutable and safe for concurrent use.
type Table struct {
	*types.Universe
	infos      map[*types.Def]*Info
	order      []*Info
	extensions map[string][]*types.Member
	impls      sync.Map // implKey -> *types.Member
}

type implKey struct {
	t *types.Type
	m *types.Member
}

// NewTable joins members into a table. A type may occur several times, its rows
// then add up. The core definitions of package types are always known by name,
// though a type without Members is not one that an expression may use.
func NewTable(lists ...[]Members) (*Table, error) {
	t := &Table{infos: map[*types.Def]*Info{}, extensions: map[string][]*types.Member{}}
	defs := append(types.Core(), exceptionDefs...)
	seen := map[*types.Def]bool{}
	for _, d := range defs {
		seen[d] = true
	}
	for _, list := range lists {
		for i := range list {
			if d := list[i].Def; !seen[d] {
				seen[d] = true
				defs = append(defs, d)
			}
		}
	}
	t.Universe = types.NewUniverse(defs...)
	for _, list := range lists {
		for i := range list {
			if err := t.add(&list[i]); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

func (t *Table) add(ms *Members) error {
	info := t.infos[ms.Def]
	if info == nil {
		copied := *ms
		copied.Rows = nil
		info = &Info{Members: &copied, byName: map[string][]*types.Member{}}
		t.infos[ms.Def] = info
		t.order = append(t.order, info)
		if ms.Def.Kind == types.Enum {
			info.enum = map[string]*types.Member{}
			for _, m := range ms.Def.EnumMembers() {
				beyond := ms.Beyond || ms.Documented != nil && !slices.Contains(ms.Documented, m.Name)
				k := &types.Member{Name: m.Name, Kind: types.Const, Owner: ms.Def.Type(), Static: true, Result: ms.Def.Type(), Row: &Row{Beyond: beyond}}
				k.Origin = k
				info.enum[m.Name] = k
			}
		}
	} else {
		if info.Ops == nil {
			info.Ops = ms.Ops
		}
		if info.Doc == "" {
			info.Doc = ms.Doc
		}
	}
	for i := range ms.Rows {
		row := ms.Rows[i]
		row.Beyond = row.Beyond || ms.Beyond
		m, err := types.ParseMember(ms.Def, row.Sig, t.Universe)
		if err != nil {
			return fmt.Errorf("%s: %w", ms.Def.FullName(), err)
		}
		m.Row = &row
		info.All = append(info.All, m)
		if m.Explicit == nil {
			key := Key(m)
			info.byName[key] = append(info.byName[key], m)
		}
		if m.Extension {
			t.extensions[m.Name] = append(t.extensions[m.Name], m)
		}
	}
	return nil
}

// Key is the name under which Named lists a member.
func Key(m *types.Member) string {
	switch m.Kind {
	case types.Constructor:
		return ".ctor"
	case types.Operator:
		return "operator " + m.Name
	case types.Conversion:
		if m.Implicit {
			return "implicit"
		}
		return "explicit"
	}
	return m.Name
}

// RowOf is the row that declared a member.
func RowOf(m *types.Member) *Row {
	r, _ := m.Row.(*Row)
	return r
}

// Info is what the table knows of a definition, nil when it may not be used.
func (t *Table) Info(d *types.Def) *Info { return t.infos[d] }

// Infos lists all types, in the order they were given.
func (t *Table) Infos() []*Info { return t.order }

// Extensions lists the extension methods with a name.
func (t *Table) Extensions(name string) []*types.Member { return t.extensions[name] }

// Ops are the virtual methods of word values of a type; never nil.
func (t *Table) Ops(d *types.Def) *Ops {
	if t != nil {
		if i := t.infos[d]; i != nil && i.Ops != nil {
			return i.Ops
		}
	}
	return &noOps
}

var noOps Ops

// Implementation is the member with a Go function that a call of m on an
// object of run-time type rt runs: m itself if it has one, else the row of the
// same shape in the object's type or its bases. It is nil when there is none.
func (t *Table) Implementation(rt *types.Type, m *types.Member) *types.Member {
	if r := RowOf(m); r != nil && (r.Func != nil || r.Set != nil) {
		return m
	}
	key := implKey{rt, m}
	if found, ok := t.impls.Load(key); ok {
		return found.(*types.Member)
	}
	found := t.implementation(rt, m)
	t.impls.Store(key, found)
	return found
}

func (t *Table) implementation(rt *types.Type, m *types.Member) *types.Member {
	for c := rt; c != nil; c = c.Base() {
		view := c
		if c.Kind() == types.Array {
			view = Vector.Of(c.Elem())
		}
		info := t.infos[view.Def()]
		if info == nil {
			continue
		}
		for _, pass := range []bool{true, false} {
			for _, k := range info.All {
				if (k.Explicit != nil) != pass || k.Name != m.Name || k.Kind != m.Kind || k.Static || len(k.Params) != len(m.Params) || len(k.Parameters) != len(m.Parameters) {
					continue
				}
				if r := RowOf(k); r.Func == nil && r.Set == nil {
					continue
				}
				seen := k.In(view)
				if k.Explicit != nil && !types.Same(k.Explicit.In(view), m.Owner) {
					continue
				}
				if sameParams(seen, m) {
					return seen
				}
			}
		}
	}
	return nil
}

func sameParams(a, b *types.Member) bool {
	for i := range a.Params {
		x := a.Params[i].Type
		if len(a.Parameters) > 0 {
			x = types.Subst(x, a.Parameters, b.Parameters)
		}
		if !types.Same(x, b.Params[i].Type) {
			// An interface's in or out arguments may differ from the object's own: what
			// is called must take what the interface promises.
			if !types.ReferenceConvertible(b.Params[i].Type, x) && !types.ReferenceConvertible(x, b.Params[i].Type) {
				return false
			}
		}
	}
	return true
}

// Vector is the definition whose rows are what one-dimensional arrays have
// beyond those of System.Array: the generic interfaces, implemented explicitly.
var Vector = types.Declare("System", "public sealed class SZArrayHelper<T> : Array")
