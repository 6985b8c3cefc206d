// Package syntax reads and prints policy expressions: the expressions and
// statements of C# 7.3, as they stand between `@(` and `)` or `@{` and `}`. It
// knows no types and no members.
//
// Parse accepts slightly more than the language has; the checker, which can
// explain itself better, refuses the rest. Errors are those of the C# compiler
// (Roslyn of .NET 10 at language version 7.3): its numbers, its words, its
// places, and as many as it reports. The compiler recorded in the project's test
// data compiled `@( e )` as
//
//	{ return
//	e
//	; }
//
// and `@{ b }` as the body of a method in a class. The line ends matter: what is
// missing at the end is reported behind the last token, what is wrong with the
// first token at the line before the text (Error.Outside).
//
// The compiler stops after parsing when there is a syntax error: of the 256
// texts in the test data that have one, none has a semantic error beside it.
// A few errors that the tree alone decides are found by its later passes, side
// by side with semantic errors. Those are marked Error.Late; they are found here
// all the same, and only when there is no syntax error: CS8370 for a construct of
// a later C#, CS0126 for `@()`, CS0178, CS0270 and CS1586 for array sizes, CS0746
// and CS0747 in initialisers, CS1023 for a declaration that is not in a block.
// With nothing but late errors the tree is whole, and the caller goes on to check
// it. What needs types for the message or the decision is left to the checker,
// CS8112 and the CS8370 for nullable reference types among it.
package syntax

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spillway-gateway/spillway/source"
)

// Error is something wrong in the text of an expression.
type Error struct {
	// Code is CS and four digits.
	Code string
	// Span is in bytes of the text given to Parse.
	Span    source.Span
	Message string
	Hint    string
	// Outside says that the compiler places the error before or behind the
	// text; Span is then the opening or the closing bracket.
	Outside bool
	// Late says that the tree is whole and that semantic errors can stand
	// beside this one.
	Late bool
}

// Error is the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Parse reads the whole text of an expression, brackets included. The tree is
// complete when there are no errors or only late ones; otherwise it is for
// nobody but tools that show it. Errors are sorted by position.
func Parse(text string) (*Root, []*Error) {
	if len(text) < 2 || text[0] != '@' || text[1] != '(' && text[1] != '{' {
		return &Root{Text: text, Expr: &BadExpr{}}, []*Error{{
			Code: "CS1646", Message: "A policy expression starts with @( or @{", Span: source.Span{End: len(text)},
		}}
	}
	closing := byte(')')
	virtual := []kind{tSemicolon, tCloseBrace, tCloseBrace}
	if text[1] == '{' {
		closing = '}'
		virtual = virtual[1:]
	}
	end := len(text)
	if end > 2 && text[end-1] == closing {
		end--
	}
	s := &scanner{text: text, pos: 2, end: end, toks: make([]token, 0, (end-2)/3+8)}
	s.run()
	s.finish(virtual)
	p := newParser(text, s)
	root := p.root()
	problems := append(s.errs, p.errs...)
	if p.dead {
		problems = p.errs
	}
	if !p.dead && p.tooHigh(root) {
		problems = append(problems, problem{code: 8078, start: 2, end: 2})
		p.dead = true
	}
	if p.dead {
		// Nobody should have to walk a tree of any height.
		root.Expr, root.Body = p.bad(2), nil
	}
	if !slices.ContainsFunc(problems, func(e problem) bool { return !e.feature }) {
		problems = append(problems, p.late(root)...)
	}
	return root, toErrors(problems, len(text))
}

// finish ends the conditional directives and replaces the end of the text by
// what the compiler saw behind it.
func (s *scanner) finish(virtual []kind) {
	if len(s.conditional) > 0 {
		s.fail(1027, s.end, s.end, "")
	}
	if s.regions > 0 {
		s.fail(1038, s.end, s.end, "")
	}
	eof := s.toks[len(s.toks)-1]
	s.toks = s.toks[:len(s.toks)-1]
	eof.nl, eof.virtual = true, true
	if s.swallowed {
		virtual, eof.nl = nil, false
	}
	for _, k := range append(virtual, tEOF) {
		eof.kind = k
		s.toks = append(s.toks, eof)
	}
	s.toks[0].nl = true
}

// root reads the text as the body of the method it becomes. Of `@( a; b )` the
// compiler makes two statements, the return of a and b.
func (p *parser) root() *Root {
	r := &Root{Place: Place{0, int32(len(p.text))}, Text: p.text}
	p.term = endMember
	start := int32(1)
	if p.text[1] == '{' {
		r.Body = &Block{Stmts: p.statements(false)}
		r.Body.Place = Place{start, int32(len(p.text))}
		p.eat(tCloseBrace)
		p.afterMethod()
		return r
	}
	p.term |= endStatement
	first := &Return{Place: Place{p.start(), p.start()}}
	switch {
	case p.kind() != tSemicolon:
		first.X = p.possibleRef()
	case p.tok().virtual:
		first.X = p.bad(p.start())
		p.report(problem{code: 126, start: 2, end: 2, outside: before, feature: true})
	}
	first.Place = p.from(first.From)
	p.eat(tSemicolon)
	p.term = endMember
	if more := p.statements(false); len(more) > 0 || first.X == nil {
		r.Body = &Block{Place{start, int32(len(p.text))}, append([]Stmt{first}, more...)}
	} else {
		r.Expr = first.X
	}
	p.eat(tCloseBrace)
	p.afterMethod()
	return r
}

func toErrors(problems []problem, length int) []*Error {
	if len(problems) == 0 {
		return nil
	}
	syntax := slices.ContainsFunc(problems, func(e problem) bool { return !e.feature })
	errs := make([]*Error, 0, len(problems))
	for _, e := range problems {
		if syntax && e.feature {
			continue
		}
		n := &Error{
			Code:    fmt.Sprintf("CS%04d", e.code),
			Span:    source.Span{Start: int(e.start), End: int(e.end)},
			Outside: e.outside != within,
			Late:    e.feature,
		}
		switch e.outside {
		case before:
			n.Span = source.Span{Start: 0, End: 2}
		case behind:
			n.Span = source.Span{Start: length - 1, End: length}
		}
		n.Message = message(e)
		n.Hint = hint(e)
		errs = append(errs, n)
	}
	// A token that is missing stands before the one that the scanner complains of.
	scanned := func(e *Error) int {
		if e.Code == "CS1056" || e.Code == "CS1646" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(scanned(a), scanned(b)))
	})
	return distinct(errs)
}

// distinct drops errors that say the same of the same place, as the compiler
// does.
func distinct(errs []*Error) []*Error {
	kept := errs[:0]
	for _, e := range errs {
		again := false
		for i := len(kept) - 1; i >= 0 && kept[i].Span.Start == e.Span.Start && !again; i-- {
			again = kept[i].Code == e.Code && kept[i].Outside == e.Outside && kept[i].Message == e.Message
		}
		if !again {
			kept = append(kept, e)
		}
	}
	return kept
}
