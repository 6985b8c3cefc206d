package management

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

// explain is ARM's answer to a service that does not compile: each error as a
// detail in APIM's words, and the problems as the commands print them behind
// it. A document that is merely too large is a 413.
func explain(problems source.Problems) *arm.Error {
	shown, _ := problems.Errors().Cap(source.MaxProblems)
	var details []arm.Detail
	for _, p := range shown {
		details = append(details, detail(p))
	}
	e := arm.Invalid(details...)
	e.Info = told(shown)
	if len(shown) > 0 && !slices.ContainsFunc(shown, func(p *source.Problem) bool { return p.Code != "too-large" }) {
		e.Status, e.Code = http.StatusRequestEntityTooLarge, "RequestEntityTooLarge"
	}
	return e
}

// told are problems as an error's additionalInfo has them: as the commands
// print them for machines, and "drawn" as they print them for people.
func told(problems source.Problems) []any {
	list := make([]drawn, len(problems))
	for i, p := range problems {
		list[i] = drawn{p}
	}
	return []any{map[string]any{"type": "Problems", "info": list}}
}

// Problems shows at /problems what is wrong with the service folder as it is: the
// errors for which a change of it was refused, so that the last good service goes
// on, or the warnings of the service in force.
func Problems(found func() source.Problems) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Trim(r.URL.Path, "/") != "problems" {
			arm.Fail(w, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "The folder's problems are at /problems."))
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			arm.Fail(w, arm.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed", "Problems are looked at; they go when the folder is mended."))
			return
		}
		all := found()
		shown, more := all.Cap(source.MaxProblems)
		list := make([]drawn, len(shown))
		for i, p := range shown {
			list[i] = drawn{p}
		}
		w.Header().Set("Cache-Control", "no-store")
		arm.Answer(w, http.StatusOK, map[string]any{"refused": all.HasErrors(), "problems": list, "more": more})
	})
}

type drawn struct{ *source.Problem }

// MarshalJSON is the problem's own JSON with one more member.
func (d drawn) MarshalJSON() ([]byte, error) {
	text, err := d.Problem.MarshalJSON()
	if err != nil {
		return nil, err
	}
	drawing, err := json.Marshal(d.Draw())
	if err != nil {
		return nil, err
	}
	return append(append(append(text[:len(text)-1], `,"drawn":`...), drawing...), '}'), nil
}

// detail is one problem. Positions are those of the text that was sent.
func detail(p *source.Problem) arm.Detail {
	message := sentence(p.Message)
	if p.File == nil {
		return arm.Detail{Message: message}
	}
	switch name := p.File.Name(); {
	case strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, "#value"):
		return policyDetail(p)
	case strings.HasSuffix(name, "Information.json"):
		n, _ := tree.Parse(p.File)
		if properties := n.Get("properties"); properties != nil {
			target := inside(properties, p.Span)
			return arm.Detail{Target: target, Message: sentence(p.Message, target)}
		}
		return arm.Detail{Message: message}
	case strings.HasPrefix(path.Base(name), "specification."):
		at := p.File.Position(p.Span.Start)
		return arm.Detail{Target: "value", Message: fmt.Sprintf("%s Line %d, position %d.", message, at.Line, at.Column)}
	default:
		// Such as spillway.yaml, which speaks of what a write would take away.
		return arm.Detail{Target: path.Base(name), Message: fmt.Sprintf("%s, line %d: %s", name, p.File.Position(p.Span.Start).Line, message)}
	}
}

// inside is the property that a place in an information file belongs to.
func inside(properties *tree.Node, at source.Span) string {
	for _, m := range properties.Members {
		if m.Span.Start <= at.Start && at.End <= m.Value.Span.End {
			return m.Key
		}
	}
	return ""
}

// policyDetail names the element that a problem is in, and where its name
// stands, as .NET counts: "Error in element 'set-header' on line 19, column 7".
func policyDetail(p *source.Problem) arm.Detail {
	d, _ := markup.Parse(p.File.Name(), p.File.Text(), markup.Options{Format: markup.Raw, MaxBytes: len(p.File.Text()) + 1})
	if d.Root != nil {
		if e := innermost(d.Root, p.Span.Start); e != nil {
			at := p.File.Position(e.NameSpan.Start)
			return arm.Detail{Target: e.Name, Message: fmt.Sprintf("Error in element '%s' on line %d, column %d: %s", e.Name, at.Line, at.Column, sentence(p.Message, e.Name))}
		}
	}
	return syntaxDetail(p)
}

// syntaxDetail is a mistake of markup, as .NET's XmlReader tells it: with its
// place, which some of the reader's messages have already.
func syntaxDetail(p *source.Problem) arm.Detail {
	at := p.File.Position(p.Span.Start)
	message, place := sentence(p.Message), fmt.Sprintf("Line %d, position %d.", at.Line, at.Column)
	if !strings.HasSuffix(message, place) {
		message += " " + place
	}
	return arm.Detail{Target: "representation", Message: message}
}

// innermost is the element that holds an offset and has no child that does.
func innermost(e *markup.Element, offset int) *markup.Element {
	s := e.Span()
	if offset < s.Start || offset >= max(s.End, s.Start+1) {
		return nil
	}
	for child := range e.Elements() {
		if found := innermost(child, offset); found != nil {
			return found
		}
	}
	return e
}
