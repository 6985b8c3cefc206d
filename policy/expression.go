package policy

import (
	"github.com/spillway-gateway/spillway/policy/markup"
)

// expression compiles an expression. Where names are not known each guess at them
// is tried, and what the best one leaves is reported.
func (c *compiler) expression(e *markup.Element, row *Attribute, v, original markup.Value) *program {
	var p *program
	problems := c.set.compileExpression(row, v, &p)
	if c.guessed(original) {
		for _, text := range guesses {
			if !problems.HasErrors() {
				break
			}
			var q *program
			tried := c.set.compileExpression(row, c.guess(original, text).Trim(), &q)
			if len(tried.Errors()) < len(problems.Errors()) || p == nil && q != nil {
				p, problems = q, tried
			}
		}
	}
	for _, problem := range problems {
		problem.Message = c.set.mask.Apply(problem.Message)
		problem.Hint = c.set.mask.Apply(problem.Hint)
	}
	c.set.problems = append(c.set.problems, problems...)
	if problems.HasErrors() {
		return nil
	}
	return p
}
