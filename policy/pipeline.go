package policy

import (
	"errors"

	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

// ErrDone is what a step returns that has ended the pipeline with the response
// in the exchange: nothing else runs, on-error included. It is not a failure.
var ErrDone = errors.New("the pipeline has ended")

// ErrCached is what a step of inbound returns that has put a kept response into
// the exchange: the request goes on in outbound, after the policy that keeps
// responses, since what stands before it is in the kept one already. Without such
// a policy it is all of outbound.
var ErrCached = errors.New("the response is there already")

// Step is one compiled policy. It works on the run's exchange and returns nil,
// ErrDone, or an error: an *exchange.Error, or any other, which becomes an
// internal one. The pipeline adds to the error where the policy stands. A step
// is immutable and safe for concurrent use.
type Step interface {
	Run(r *Run) error
}

// Origin is where an element of a pipeline comes from.
type Origin struct {
	Policy  string // element name
	Scope   Scope
	Section Section
	// Path is the position inside the section, like choose[3]/when[2]: each
	// index counts the elements of that name below the same parent, from 1.
	Path string
	// ID is the element's id attribute.
	ID string
	// Fragment is the fragment that the element came through, or "".
	Fragment string
	// File and Span are the element's place in the author's file.
	File *source.File
	Span source.Span
}

// Node is a step with its origin.
type Node struct {
	Origin
	Step Step
	// Markup is the element as it was written, for showing it.
	Markup *markup.Element
	// Effects are those of the step and of all that is below it.
	Effects Effects
}

// Block is a list of steps that run one after another.
type Block []Node

// Effects say what running a step may do to bodies, and where it may send them;
// they are summed over a pipeline when it is compiled (design decision D9).
type Effects uint8

// The effects.
const (
	// ReadsRequestBody: an expression looks at the request's body, which is
	// therefore buffered before.
	ReadsRequestBody Effects = 1 << iota
	// ReadsResponseBody: something looks at the response's body or changes it,
	// so that the backend must answer in an encoding we can decode.
	ReadsResponseBody
	// Forwards: a backend may be called.
	Forwards
	// Spreads: a pool of several backends may be chosen.
	Spreads
	// CountsResponse: the response's body is watched as it goes by, so that the
	// backend must answer without a content coding.
	CountsResponse
	// KeepsResponse: the response is kept for requests like this one.
	KeepsResponse
)

// Pipeline is the effective policy of one operation in one product context,
// flattened. It is immutable and safe for concurrent use.
type Pipeline struct {
	sections [4]Block
	effects  Effects
	set      *Set
}

// Section is the flattened section: what runs, in order, with the origin of
// each element.
func (p *Pipeline) Section(s Section) Block {
	if i := s.index(); i >= 0 {
		return p.sections[i]
	}
	return nil
}

// Effects are those of all its elements.
func (p *Pipeline) Effects() Effects { return p.effects }

// Run takes the exchange through inbound, backend and outbound, and through
// on-error if one of them fails. Afterwards x.Response is what the client
// gets; x.LastError says whether and why the path was left, and
// x.OnErrorFailure whether on-error failed as well. When the client has gone,
// x.LastError's reason is ClientConnectionFailure and its response is for the
// log alone.
//
// The caller has filled in the exchange up to Parameters, with Request in its
// backend form; it writes the response, whose body may still be streaming.
func (p *Pipeline) Run(x *exchange.Exchange) {
	r := newRun(p, x)
	defer r.release()
	cached := false
	for _, s := range sectionOrder[:3] {
		if cached && s == SectionBackend {
			continue
		}
		if s == SectionOutbound && x.Response == nil {
			// Nothing was forwarded: an empty 200 goes through outbound.
			x.Response = emptyResponse()
		}
		var err error
		switch s {
		case SectionBackend:
			err = r.reach(BeforeBackend)
		case SectionOutbound:
			err = r.reach(BeforeOutbound)
		}
		if err == nil {
			block := p.Section(s)
			if cached {
				block = block.afterKeeping()
			}
			err = r.section(s, block)
		}
		if cached = errors.Is(err, ErrCached); err == nil || cached {
			continue
		}
		if errors.Is(err, ErrDone) {
			r.end(Returned)
			return
		}
		r.fail(err)
		r.end(Failed)
		return
	}
	r.end(Completed)
}

// afterKeeping is what follows the element that keeps responses, or all.
func (b Block) afterKeeping() Block {
	for i := range b {
		if b[i].Effects&KeepsResponse != 0 {
			return b[i+1:]
		}
	}
	return b
}

// Fail answers an error that happened before the policies: a request that
// matched no operation, or whose key was refused. Only on-error runs.
func (p *Pipeline) Fail(x *exchange.Exchange, e *exchange.Error) {
	r := newRun(p, x)
	defer r.release()
	r.fail(e)
	r.end(Failed)
}

func emptyResponse() *exchange.Response {
	return &exchange.Response{Status: 200, Reason: "OK", Body: exchange.NoBody()}
}
