// Package casefile reads the files that expressions are tried with: contexts,
// which describe a request and all that context shows of it, and cases, which
// are expressions to be evaluated in one of them; and it writes answers. It is
// what `spillway eval` works on, with a context file or in batches.
//
// A contexts file is a JSON object of named contexts. A case is a JSON object
// on a line of its own:
//
//	{"id": "a/1", "ctx": "chat", "patch": {…}, "vars": {…}, "expr": "@(1 + 1)"}
//
// ctx is "chat" when absent. patch is laid over the context before it is built:
// objects member by member, anything else replaces. vars are further variables
// in the typed form {"type": T, "value": V} that variables have everywhere.
package casefile

import (
	"errors"
	"fmt"
	"time"

	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/source"
)

// DefaultContext is the context of a case that names none.
const DefaultContext = "chat"

// Contexts are the contexts of a file. They are immutable: every case gets
// objects of its own.
type Contexts struct {
	root   *tree.Node
	simple map[string]reader
}

// ReadContexts reads a contexts file.
func ReadContexts(name string, data []byte) (*Contexts, error) {
	root, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	return &Contexts{root, simpleTypes()}, nil
}

func parse(name string, data []byte) (*tree.Node, error) {
	root, problems := tree.ParseJSON(source.NewFile(name, string(data)))
	if len(problems) > 0 {
		return nil, source.Problems(problems)
	}
	if root.Kind != tree.Object {
		return nil, errors.New(name + ": " + root.Kind.String() + " where an object is wanted")
	}
	return root, nil
}

// Case is one expression to be evaluated.
type Case struct {
	ID      string
	Context string
	Expr    string

	patch, vars *tree.Node
}

// ReadCase reads one line of a cases file.
func ReadCase(line []byte) (Case, error) {
	root, err := parse("case", line)
	if err != nil {
		return Case{}, err
	}
	k := Case{ID: root.Get("id").StringOr(""), Context: root.Get("ctx").StringOr(DefaultContext), patch: root.Get("patch"), vars: root.Get("vars")}
	expr := root.Get("expr")
	if expr == nil || expr.Kind != tree.String {
		return k, fmt.Errorf("case %s has no expr", k.ID)
	}
	k.Expr = expr.Text
	return k, nil
}

// World is a case's context, built: the exchange, and the clock that makes
// Elapsed what the file says.
type World struct {
	Exchange *exchange.Exchange
	Now      func() time.Time
}

// Names are the names of the contexts, in order.
func (c *Contexts) Names() []string {
	var names []string
	for _, m := range c.root.Members {
		names = append(names, m.Key)
	}
	return names
}

// Build builds the context of a case. The thread makes the values: its table
// must have the types that occur.
func (c *Contexts) Build(t *value.Thread, k Case) (w World, err error) {
	base := c.root.Get(k.Context)
	if base == nil {
		return World{}, fmt.Errorf("case %s: no context is called %s", k.ID, k.Context)
	}
	if k.patch != nil {
		base = patched(base, k.patch)
	}
	thrown := t.Run(func() { w, err = build(t, c.simple, base, k.vars) })
	if err = errors.Join(err, thrown); err != nil {
		return World{}, fmt.Errorf("case %s: %w", k.ID, err)
	}
	return w, nil
}

// patched is base with patch laid over it: objects member by member, anything
// else, null too, replaces.
func patched(base, patch *tree.Node) *tree.Node {
	out := *base
	out.Members = append([]tree.Member(nil), base.Members...)
	for _, p := range patch.Members {
		old := base.Get(p.Key)
		v := p.Value
		if old != nil && old.Kind == tree.Object && v.Kind == tree.Object {
			v = patched(old, v)
		}
		replaced := false
		for i := range out.Members {
			if out.Members[i].Key == p.Key {
				out.Members[i].Value, replaced = v, true
			}
		}
		if !replaced {
			out.Members = append(out.Members, tree.Member{Key: p.Key, Value: v})
		}
	}
	return &out
}
