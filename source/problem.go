package source

import "fmt"

// Severity says whether a problem stops the document from running.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
)

// String is the word that `check -json` prints.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Problem is something wrong at a place. Code is a CSnnnn number for the
// expression language and a short word for everything else. Hint, when not
// empty, says what to do.
type Problem struct {
	File     *File
	Span     Span
	Severity Severity
	Code     string
	Message  string
	Hint     string
}

// Error is one line: file:line:column: message.
func (p *Problem) Error() string {
	if p.File == nil {
		return p.Message
	}
	at := p.File.Position(p.Span.Start)
	return fmt.Sprintf("%s:%d:%d: %s", p.File.Name(), at.Line, at.Column, p.Message)
}
