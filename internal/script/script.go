// Package script runs scenarios: stories of requests through a service folder,
// with simulated regions, on a clock that nobody waits for. The same verbs run
// in our own tests and in `spillway test`; none of them touches the machine, so
// that a stranger's scenario is safe to run.
//
// A scenario is a txtar archive. Its comment is the script, one verb a line;
// its files are data, those below service/ are the service folder, those below
// backends/ are backends of recorded answers:
//
//	# A throttled region is never seen.
//	sample azure-openai
//	fault eastus {"kind":"throttle","retryAfter":30}
//	send chat -n 300
//	expect status 200
//	expect requests eastus > 0
//	-- service/spillway.yaml --
//	...
//
// The verbs:
//
//	sample NAME               begin with an embedded sample; service/ files replace its own
//	load                      compile the service (send does so too); `! load` wants errors
//	send NAME|METHOD PATH     send a request and wait for its end
//	    -n N -p N             N times, N at once
//	    -H 'Name: value'      a header line; -key KEY another key, "" for none
//	    -d FILE|TEXT          the body
//	    -size BYTES           a chat that is exactly so long, in place of the body
//	    -leave DUR|head|body  the caller leaves after that time, at the head, or after the first byte
//	    -background           do not wait; `wait` does
//	wait                      for what was sent in the background
//	change FILE SOURCE        put a data file in place of a service file and reload; `! change` wants errors
//	fault REGION JSON|none    as the simulators' control takes it
//	advance DURATION          let time pass
//	expect status CODE[=N]... of the last send: all, or exactly so many of each
//	expect header NAME VALUE  of each answer; ~REGEXP matches; - means absent
//	expect body TEXT          of each answer; ~REGEXP matches; @FILE compares
//	expect outcome WORD[=N].. complete, cut, refused, left
//	expect attempts N         of the last request
//	expect requests REGION OP N   how many requests a region has seen since the last reset; OP is = != < > <= >=
//	expect took OP DURATION   how long the last send took
//	mark NAME                 the generation in force gets a name
//	expect generation NAME[=N]... that the requests ran on
//	expect received HOST TEXT what a recorded backend got last, ~REGEXP matches;
//	                          sent means that each body it got is the one last sent
//	expect trace TEXT         in the story of the last request, ~REGEXP matches
//	expect log TEXT           in the access log
//	reset                     start counters and logs afresh
//	cmp A B                   two texts are equal: FILE, @problems, @body, @trace
//
// Requests named chat, stream and embed are there from the start; a file
// requests/NAME gives another: method, path and header lines, an empty line,
// the body.
//
// A file backends/HOST is a backend at http://HOST that gives the answers of the
// file in their order, the last one again and again. A line of --- divides them.
// An answer is its settings, the status, header lines, an empty line, the body:
//
//	@after 2s       the head takes its time
//	@events 100ms   the body goes out event by event, so far apart
//	@cut            the connection ends before the body does
//	@echo           the body is that of the request
//	@gzip  @br      the body is encoded so, if the request accepts it
//	200
//	Content-Type: application/json
//
//	{"choices":[]}
//
// In place of a status, refuse refuses the connection, reset resets it, hang
// says nothing for ever.
//
// Every scenario also fails when one of its secrets (values of secret named
// values, keys, tokens, headers that carry credentials) is seen in the log, in a
// trace, in a problem or in an answer that the gateway makes of an error.
package script

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

// Failure is a scenario that did not go as it says.
type Failure struct {
	File    string
	Line    int
	Verb    string
	Message string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Verb, f.Message)
}

// line is one verb with its arguments.
type line struct {
	number int
	text   string
	not    bool
	words  []string
}

// parse splits a script into its verbs.
func parse(name, text string) ([]line, error) {
	var lines []line
	for i, raw := range strings.Split(text, "\n") {
		t := strings.TrimSpace(raw)
		if t == "" || t[0] == '#' {
			continue
		}
		l := line{number: i + 1, text: t}
		words, err := split(t)
		if err != nil {
			return nil, &Failure{name, l.number, t, err.Error()}
		}
		if words[0] == "!" {
			l.not, words = true, words[1:]
		}
		if len(words) == 0 {
			return nil, &Failure{name, l.number, t, "a verb is missing"}
		}
		l.words = words
		lines = append(lines, l)
	}
	return lines, nil
}

// split splits at white space. A word in single quotes is taken as it stands; a
// word that begins with { goes to the end of the line.
func split(s string) ([]string, error) {
	var words []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		switch s[0] {
		case '\'':
			end := strings.IndexByte(s[1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("a quote is not closed")
			}
			words = append(words, s[1:end+1])
			s = s[end+2:]
		case '{':
			return append(words, s), nil
		default:
			end := strings.IndexAny(s, " \t")
			if end < 0 {
				end = len(s)
			}
			words = append(words, s[:end])
			s = s[end:]
		}
	}
	return words, nil
}

// Result is what a scenario came to.
type Result struct {
	// Took is the virtual time it covered, Requests how many it sent.
	Took     time.Duration
	Requests int
}

// Run runs a scenario. The error is a *Failure where the scenario itself is
// what went wrong.
func Run(name string, data []byte, o Options) (Result, error) {
	a := txtar.Parse(data)
	lines, err := parse(name, string(a.Comment))
	if err != nil {
		return Result{}, err
	}
	r, err := newRunner(name, a, o)
	if err != nil {
		return Result{}, err
	}
	err = r.run(lines)
	if leak := r.close(); err == nil && leak != nil {
		err = &Failure{name, lines[len(lines)-1].number, "end", leak.Error()}
	}
	return r.result(), err
}

func (r *runner) run(lines []line) error {
	for _, l := range lines {
		verb := verbs[l.words[0]]
		if verb == nil {
			return &Failure{r.name, l.number, l.text, "there is no verb " + l.words[0]}
		}
		var err error
		r.clock.Run(func() { err = verb(r, l) })
		r.leaks.log(r.log.String())
		if err == nil {
			err = r.leaks.err()
		}
		if err != nil {
			return &Failure{r.name, l.number, l.text, err.Error()}
		}
	}
	return nil
}

// Replace puts a new text in place of a file of a scenario.
func Replace(data []byte, file, text string) []byte {
	a := txtar.Parse(data)
	for i := range a.Files {
		if a.Files[i].Name == file {
			a.Files[i].Data = []byte(text)
		}
	}
	return txtar.Format(a)
}
