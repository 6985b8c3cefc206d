package expr_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/casefile"
	"github.com/spillway-gateway/spillway/policy/contextvar"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/source"
)

var (
	oracleArea   = flag.String("area", "", "run only the cases of this area, such as flow")
	oracleCase   = flag.String("case", "", "run only the case with this id")
	oracleReport = flag.String("report", "", "write every case that differs to this file")
)

// recorded is what real .NET answered.
type recorded struct {
	ID      string `json:"id"`
	Expr    string `json:"expr"`
	Compile []struct {
		Code         string
		Line, Column *int
		Message      string
	} `json:"compile"`
	Type         *string `json:"type"`
	Text         *string `json:"text"`
	JSON         *string `json:"json"`
	JSONError    string  `json:"jsonError"`
	Throws       string  `json:"throws"`
	Message      string  `json:"message"`
	Inner        string  `json:"inner"`
	InnerMessage string  `json:"innerMessage"`
}

func gunzip(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// oracle runs recorded cases.
type oracle struct {
	env       *expr.Env
	contexts  *casefile.Contexts
	serialize casefile.Serializer
}

func newOracle(t testing.TB) *oracle {
	t.Helper()
	typ := contextvar.Of(new(exchange.Exchange)).Type()
	o := expr.Options{Variables: []expr.Variable{{Name: "context", Type: typ}}, Imports: []string{contextvar.Namespace}}
	o.Members = contextvar.Members()
	env, err := expr.NewEnv(o)
	if err != nil {
		t.Fatal(err)
	}
	contexts, err := casefile.ReadContexts("contexts.json", gunzip(t, "testdata/oracle/contexts.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return &oracle{env: env, contexts: contexts, serialize: serializer()}
}

// places are refusals as code and position.
func places(text string, problems source.Problems) []string {
	f := source.NewFile("", text)
	var list []string
	for _, p := range problems {
		if p.Span.Start == 0 {
			list = append(list, p.Code+" whole")
			continue
		}
		at := f.Position(p.Span.Start)
		list = append(list, fmt.Sprintf("%s %d:%d", p.Code, at.Line, at.Column))
	}
	return list
}

func (r *recorded) places() []string {
	var list []string
	for _, c := range r.Compile {
		if c.Line == nil {
			list = append(list, c.Code+" whole")
		} else {
			list = append(list, fmt.Sprintf("%s %d:%d", c.Code, *c.Line, *c.Column))
		}
	}
	return list
}

// otherWords begins a difference that is one of words alone: number and place of
// the refusal are right.
const otherWords = "said "

// run evaluates one case and says how the answer differs, "" if it does not.
func (o *oracle) run(line []byte, r *recorded) (diff string) {
	defer func() {
		if e := recover(); e != nil {
			if os.Getenv("ORACLE_PANIC") != "" {
				panic(e)
			}
			diff = fmt.Sprintf("PANIC %v", e)
		}
	}()
	k, err := casefile.ReadCase(line)
	if err != nil {
		return err.Error()
	}
	p, problems := o.env.Compile(r.Expr, nil)
	if r.Compile != nil {
		if p != nil {
			return fmt.Sprintf("compiled, want %v", r.places())
		}
		if got, want := strings.Join(places(r.Expr, problems), ", "), strings.Join(r.places(), ", "); got != want {
			return fmt.Sprintf("refused with %s, want %s", got, want)
		}
		for i, x := range problems {
			if x.Message != r.Compile[i].Message {
				return fmt.Sprintf("%s%q, want %q", otherWords, x.Message, r.Compile[i].Message)
			}
		}
		return ""
	}
	if p == nil {
		return fmt.Sprintf("refused: %v", messages(r.Expr, problems))
	}
	t := o.env.NewThread()
	w, err := o.contexts.Build(t, k)
	if err != nil {
		return "context: " + err.Error()
	}
	t.Reset(context.Background(), value.Limits{Steps: 10_000_000, Memory: 256 << 20, Deadline: time.Now().Add(20 * time.Second)})
	v, err := p.EvalOn(t, expr.Args{Variables: []value.Value{contextvar.Of(w.Exchange)}, Host: w.Exchange, Now: w.Now})
	var a casefile.Answer
	if err != nil {
		a = casefile.Ended(r.ID, err)
	} else {
		a = casefile.Returned(t, r.ID, v, o.serialize)
	}
	return r.differs(&a)
}

func messages(text string, problems source.Problems) string {
	f := source.NewFile("", text)
	var list []string
	for _, p := range problems.Errors() {
		at := f.Position(p.Span.Start)
		list = append(list, fmt.Sprintf("%s %d:%d %s", p.Code, at.Line, at.Column, p.Message))
	}
	return strings.Join(list, "; ")
}

func (r *recorded) differs(a *casefile.Answer) string {
	if a.Stopped != "" {
		return "stopped: " + a.Stopped
	}
	if r.Throws != "" || a.Throws != "" {
		if r.Throws != a.Throws || r.Message != a.Message || r.Inner != a.Inner || r.InnerMessage != a.InnerMessage {
			if a.Throws == "" {
				return fmt.Sprintf("gave %s %s, want %s %q", a.Type, show(a.Text), r.Throws, r.Message)
			}
			return fmt.Sprintf("threw %s %q (%s %q), want %s %q (%s %q) %s", a.Throws, a.Message, a.Inner, a.InnerMessage, r.Throws, r.Message, r.Inner, r.InnerMessage, show(r.Text))
		}
		return ""
	}
	var list []string
	if strings.ReplaceAll(a.Type, " ", "") != strings.ReplaceAll(*r.Type, " ", "") {
		list = append(list, fmt.Sprintf("type %s, want %s", a.Type, *r.Type))
	}
	if r.Text != nil && (a.Text == nil || *a.Text != *r.Text) {
		list = append(list, fmt.Sprintf("text %s, want %s", show(a.Text), show(r.Text)))
	}
	if r.JSON != nil && (a.JSON == nil || *a.JSON != *r.JSON) && a.JSONError != "System.NotSupportedException" {
		list = append(list, fmt.Sprintf("json %s, want %s", show(a.JSON), show(r.JSON)))
	}
	if r.JSONError != "" && a.JSONError == "" {
		list = append(list, fmt.Sprintf("json %s, want %s", show(a.JSON), r.JSONError))
	}
	return strings.Join(list, "; ")
}

func show(s *string) string {
	if s == nil {
		return "none"
	}
	return strconv.Quote(*s)
}

// TestOracle runs what real .NET answered. All cases come out equal but those
// that differences.txt lists, and those do differ.
func TestOracle(t *testing.T) {
	o := newOracle(t)
	listed := differences(t, "differences.txt")
	worded := differences(t, "messages.txt")
	var report *os.File
	if *oracleReport != "" {
		f, err := os.Create(*oracleReport)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		report = f
	}
	files, err := filepath.Glob("testdata/oracle/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded cases", err)
	}
	var answers, refusals, unequalAnswers, unequalRefusals, unequalMessages int
	met := map[string]bool{}
	for _, path := range files {
		area := strings.TrimSuffix(filepath.Base(path), ".jsonl.gz")
		if area == "xmljson" || *oracleArea != "" && area != *oracleArea {
			continue
		}
		t.Run(area, func(t *testing.T) {
			sc := bufio.NewScanner(bytes.NewReader(gunzip(t, path)))
			sc.Buffer(nil, 1<<22)
			for sc.Scan() {
				var r recorded
				if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
					t.Fatal(err)
				}
				if *oracleCase != "" && r.ID != *oracleCase {
					continue
				}
				diff := o.run(sc.Bytes(), &r)
				total, unequal, list := &answers, &unequalAnswers, listed
				if r.Compile != nil {
					total, unequal = &refusals, &unequalRefusals
				}
				if strings.HasPrefix(diff, otherWords) || worded[r.ID] != "" {
					unequal, list = &unequalMessages, worded
				}
				*total++
				if diff != "" {
					*unequal++
				}
				_, known := list[r.ID]
				met[r.ID] = true
				switch {
				case diff != "" && !known:
					t.Errorf("%s: %s\n%s", r.ID, diff, r.Expr)
				case diff == "" && known:
					t.Errorf("%s is equal, though it is listed as different", r.ID)
				}
				if diff != "" && report != nil {
					fmt.Fprintf(report, "%s\n\t%s\n\t%s\n", r.ID, strings.ReplaceAll(r.Expr, "\n", "\n\t"), diff)
				}
			}
		})
	}
	if *oracleArea != "" || *oracleCase != "" {
		return
	}
	for _, list := range []map[string]string{listed, worded} {
		for id := range list {
			if !met[id] {
				t.Errorf("%s is listed, though it does not exist", id)
			}
		}
	}
	t.Logf("%d of %d answers and %d of %d refusals differ, %d more in their words", unequalAnswers, answers, unequalRefusals, refusals, unequalMessages)
	if unequalAnswers*1000 > answers || unequalRefusals*100 > refusals {
		t.Error("too many cases differ")
	}
}

// differences are the cases that a file lists because they cannot or should not
// be answered equally, with the reason.
func differences(t *testing.T, file string) map[string]string {
	data, err := os.ReadFile(filepath.Join("testdata/oracle", file))
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		if reason == "" || list[id] != "" {
			t.Errorf("%s: %q has no reason, or stands there twice", file, line)
		}
		list[id] = reason
	}
	return list
}
