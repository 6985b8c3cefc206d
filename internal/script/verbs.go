package script

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/sim"
)

// verbs are all verbs. Each runs on the scenario's clock.
var verbs = map[string]func(r *runner, l line) error{
	"sample":  (*runner).sample,
	"load":    (*runner).loadVerb,
	"send":    (*runner).sendVerb,
	"wait":    (*runner).waitVerb,
	"change":  (*runner).change,
	"fault":   (*runner).fault,
	"advance": (*runner).advance,
	"mark":    (*runner).mark,
	"reset":   (*runner).reset,
	"expect":  (*runner).expect,
	"cmp":     (*runner).cmp,
}

func (r *runner) sample(l line) error {
	if len(l.words) != 2 {
		return errors.New("sample takes a name")
	}
	if r.options.Sample == nil {
		return errors.New("there are no samples here")
	}
	fsys, err := r.options.Sample(l.words[1])
	if err != nil {
		return err
	}
	return fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if _, own := r.service[path]; own {
			return nil
		}
		data, err := fs.ReadFile(fsys, path)
		r.service[path] = string(data)
		return err
	})
}

func (r *runner) loadVerb(l line) error {
	problems, err := r.load()
	if err != nil {
		return err
	}
	return judge(l, problems.HasErrors(), problems.Draw())
}

func judge(l line, failed bool, text string) error {
	switch {
	case l.not && !failed:
		return errors.New("it was expected to fail, and did not")
	case !l.not && failed:
		return errors.New("it failed:\n" + text)
	}
	return nil
}

// ready loads the service if nothing has done so yet.
func (r *runner) ready() error {
	if r.loaded != nil {
		return nil
	}
	problems, err := r.load()
	if err == nil && problems.HasErrors() {
		err = errors.New("the service has errors:\n" + problems.Errors().Draw())
	}
	return err
}

func (r *runner) sendVerb(l line) error {
	if err := r.ready(); err != nil {
		return err
	}
	q, s, err := r.parseSend(l.words[1:])
	if err != nil {
		return err
	}
	r.send(q, s)
	return nil
}

func (r *runner) waitVerb(line) error {
	r.clock.Block(r.waiting.Wait)
	return nil
}

func (r *runner) change(l line) error {
	if len(l.words) != 3 {
		return errors.New("change takes a service file and the data file to put in its place")
	}
	text, ok := r.files[l.words[2]]
	if !ok {
		return fmt.Errorf("the archive has no file %s", l.words[2])
	}
	r.service[strings.TrimPrefix(l.words[1], "service/")] = text
	problems, err := r.load()
	if err != nil {
		return err
	}
	return judge(l, problems.HasErrors(), problems.Draw())
}

func (r *runner) region(name string) (*sim.Region, error) {
	if err := r.ready(); err != nil {
		return nil, err
	}
	if region := r.regions[name]; region != nil {
		return region, nil
	}
	return nil, fmt.Errorf("there is no region %s", name)
}

func (r *runner) fault(l line) error {
	if len(l.words) != 3 {
		return errors.New("fault takes a region and a fault, or none")
	}
	region, err := r.region(l.words[1])
	if err != nil {
		return err
	}
	if l.words[2] == "none" {
		return region.SetFault(nil)
	}
	f, err := sim.ParseFault([]byte(l.words[2]))
	if err != nil {
		return err
	}
	return region.SetFault(f)
}

func (r *runner) advance(l line) error {
	if len(l.words) != 2 {
		return errors.New("advance takes a duration")
	}
	d, err := time.ParseDuration(l.words[1])
	if err != nil {
		return err
	}
	r.clock.Advance(d)
	return nil
}

// mark names the generation in force, whose own name nobody can foresee.
func (r *runner) mark(l line) error {
	if len(l.words) != 2 {
		return errors.New("mark takes a name")
	}
	if err := r.ready(); err != nil {
		return err
	}
	generation := r.gateway.Service().Generation()
	if name, ok := r.marks[generation]; ok {
		return fmt.Errorf("the generation in force is still %s", name)
	}
	r.marks[generation] = l.words[1]
	return nil
}

func (r *runner) reset(line) error {
	for _, b := range r.backends {
		b.reset()
	}
	for _, region := range r.order {
		region.Reset()
	}
	r.log.mu.Lock()
	r.log.b.Reset()
	r.log.mu.Unlock()
	return nil
}

func (r *runner) expect(l line) error {
	if len(l.words) < 3 {
		return errors.New("expect takes what to look at and what to find")
	}
	args := l.words[2:]
	switch what := l.words[1]; what {
	case "requests":
		return r.expectRequests(args)
	case "log":
		return match(strings.Join(args, " "), r.log.String(), "the log", r.files)
	case "received":
		return r.expectReceived(args)
	case "took":
		if len(args) != 2 {
			return errors.New("expect took takes an operator and a duration")
		}
		d, err := time.ParseDuration(args[1])
		if err != nil {
			return err
		}
		return holds(int64(r.took), args[0], int64(d), func(n int64) string { return time.Duration(n).String() })
	default:
		if len(r.sent) == 0 {
			return errors.New("nothing has been sent")
		}
		return r.expectAnswers(what, args)
	}
}

func (r *runner) expectAnswers(what string, args []string) error {
	last := r.sent[len(r.sent)-1]
	text := strings.Join(args, " ")
	switch what {
	case "status":
		return r.tally(args, func(a *answer) string { return strconv.Itoa(a.status) })
	case "generation":
		return r.tally(args, func(a *answer) string { return cmp.Or(r.marks[a.generation], "("+a.generation+")") })
	case "outcome":
		return r.tally(args, func(a *answer) string { return a.outcome })
	case "attempts":
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		if got := len(last.x.Attempts); got != n {
			return fmt.Errorf("got %d attempts, want %d\n%s", got, n, r.story(last.id))
		}
	case "trace":
		return match(text, r.story(last.id), "the trace", r.files)
	case "header":
		if len(args) < 2 {
			return errors.New("expect header takes a name and a value")
		}
		for _, a := range r.sent {
			if err := matchHeader(a, args[0], strings.Join(args[1:], " "), r.files); err != nil {
				return fmt.Errorf("%w\n%s", err, r.story(a.id))
			}
		}
	case "body":
		for _, a := range r.sent {
			if err := match(text, string(a.body), "the body", r.files); err != nil {
				return fmt.Errorf("%w\n%s", err, r.story(a.id))
			}
		}
	default:
		return fmt.Errorf("expect knows nothing of %s", what)
	}
	return nil
}

func matchHeader(a *answer, name, want string, files map[string]string) error {
	got := strings.Join(a.header.Values(name), "\n")
	if want == "-" {
		if a.header.Has(name) {
			return fmt.Errorf("header %s is there: %s", name, got)
		}
		return nil
	}
	if !a.header.Has(name) {
		return fmt.Errorf("header %s is missing, want %s", name, want)
	}
	if strings.HasPrefix(want, "~") {
		return match(want, got, "header "+name, files)
	}
	if got != want {
		return fmt.Errorf("header %s: got %q, want %q", name, got, want)
	}
	return nil
}

// match compares a text with what is wanted of it: ~ and a regular expression,
// @ and a file, or a text that it contains.
func match(want, got, what string, files map[string]string) error {
	switch {
	case strings.HasPrefix(want, "!~"):
		re, err := regexp.Compile("(?s)" + want[2:])
		if err != nil {
			return err
		}
		if found := re.FindString(got); found != "" {
			return fmt.Errorf("%s matches %s: %q", what, want[2:], found)
		}
	case strings.HasPrefix(want, "~"):
		re, err := regexp.Compile("(?s)" + want[1:])
		if err != nil {
			return err
		}
		if !re.MatchString(got) {
			return fmt.Errorf("%s does not match\ngot:\n%s\nwant: %s", what, got, want)
		}
	case strings.HasPrefix(want, "@"):
		text, ok := files[want[1:]]
		if !ok {
			return fmt.Errorf("the archive has no file %s", want[1:])
		}
		if strings.TrimSuffix(text, "\n") != strings.TrimSuffix(got, "\n") {
			return fmt.Errorf("%s differs\ngot:\n%s\nwant:\n%s", what, got, text)
		}
	default:
		if !strings.Contains(got, want) {
			return fmt.Errorf("%s does not contain it\ngot:\n%s\nwant: %s", what, got, want)
		}
	}
	return nil
}

// tally compares how often each value occurs among the answers.
func (r *runner) tally(want []string, of func(*answer) string) error {
	got := map[string]int{}
	odd := map[string]*answer{}
	for _, a := range r.sent {
		got[of(a)]++
		odd[of(a)] = a
	}
	if len(want) == 1 && !strings.Contains(want[0], "=") {
		want = []string{want[0] + "=" + strconv.Itoa(len(r.sent))}
	}
	sum := 0
	for _, w := range want {
		value, count, _ := strings.Cut(w, "=")
		n, err := strconv.Atoi(count)
		if err != nil {
			return fmt.Errorf("%s is not VALUE=COUNT", w)
		}
		sum += n
		delete(odd, value)
		if got[value] != n {
			return r.tallied(got, want, odd)
		}
	}
	if sum != len(r.sent) {
		return r.tallied(got, want, odd)
	}
	return nil
}

func (r *runner) tallied(got map[string]int, want []string, odd map[string]*answer) error {
	var list []string
	for v, n := range got {
		list = append(list, fmt.Sprintf("%s=%d", v, n))
	}
	sort.Strings(list)
	text := fmt.Sprintf("got %s, want %s", strings.Join(list, " "), strings.Join(want, " "))
	for _, a := range odd {
		return fmt.Errorf("%s\none that was not wanted:\n%s\n%s", text, r.story(a.id), a.body)
	}
	return errors.New(text)
}

func (r *runner) expectRequests(args []string) error {
	if len(args) != 3 {
		return errors.New("expect requests takes a region, an operator and a number")
	}
	want, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	show := func(n int64) string { return strconv.FormatInt(n, 10) }
	if b := r.backends[args[0]]; b != nil {
		return holds(int64(len(b.requests())), args[1], want, show)
	}
	region, err := r.region(args[0])
	if err != nil {
		return err
	}
	var got int64
	for _, counts := range region.Counters() {
		for _, n := range counts {
			got += int64(n)
		}
	}
	return holds(got, args[1], want, show)
}

// expectReceived looks at what a recorded backend got.
func (r *runner) expectReceived(args []string) error {
	b := r.backends[args[0]]
	if b == nil {
		return fmt.Errorf("there is no recorded backend %s", args[0])
	}
	all := b.requests()
	if len(args) < 2 || len(all) == 0 {
		return errors.New("the backend was sent nothing, or the line does not say what to find")
	}
	if len(args) == 2 && args[1] == "sent" {
		r.mu.Lock()
		want := sha256.Sum256([]byte(r.lastBody))
		length := len(r.lastBody)
		r.mu.Unlock()
		for i, got := range all {
			if got.digest != want {
				return fmt.Errorf("body %d of %d is not the one that was sent: %d bytes, want %d", i+1, len(all), got.length, length)
			}
		}
		return nil
	}
	return match(strings.Join(args[1:], " "), all[len(all)-1].text, "the request", r.files)
}

func holds(got int64, op string, want int64, show func(int64) string) error {
	ok := false
	switch op {
	case "=":
		ok = got == want
	case "!=":
		ok = got != want
	case "<":
		ok = got < want
	case "<=":
		ok = got <= want
	case ">":
		ok = got > want
	case ">=":
		ok = got >= want
	default:
		return fmt.Errorf("there is no operator %s", op)
	}
	if !ok {
		return fmt.Errorf("got %s, want %s %s", show(got), op, show(want))
	}
	return nil
}

func (r *runner) cmp(l line) error {
	if len(l.words) != 3 {
		return errors.New("cmp takes two texts")
	}
	a, err := r.text(l.words[1])
	if err != nil {
		return err
	}
	b, err := r.text(l.words[2])
	if err != nil {
		return err
	}
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if (a == b) != l.not {
		return nil
	}
	if r.options.Update != nil && !strings.HasPrefix(l.words[2], "@") {
		r.options.Update(l.words[2], a+"\n")
		return nil
	}
	return fmt.Errorf("%s and %s differ\ngot:\n%s\nwant:\n%s", l.words[1], l.words[2], a, b)
}

var _ exchange.Sink = (*caller)(nil)
