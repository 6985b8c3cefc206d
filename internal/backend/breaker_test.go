package backend

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// parseRule reads the rule of a case.
func parseRule(t *testing.T, text string) *Rule {
	t.Helper()
	if text == "none" {
		return nil
	}
	r := &Rule{FailureStatus: 503}
	for _, word := range strings.Fields(text) {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "count":
			r.Count, err = strconv.Atoi(value)
		case "percentage":
			r.Percentage, err = strconv.Atoi(value)
		case "interval":
			r.Interval, err = time.ParseDuration(value)
		case "trip":
			r.Trip, err = time.ParseDuration(value)
		case "accept":
			r.AcceptRetryAfter = true
		case "reasons":
			r.Reasons = strings.Split(value, ",")
		case "statuses":
			for part := range strings.SplitSeq(value, ",") {
				low, high, isRange := strings.Cut(part, "-")
				if !isRange {
					high = low
				}
				var s apim.StatusCodeRange
				s.Min, _ = strconv.Atoi(low)
				s.Max, _ = strconv.Atoi(high)
				r.Statuses = append(r.Statuses, s)
			}
		default:
			t.Fatalf("unknown word %q", word)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// event reads what a line observes.
func event(word string) Event {
	if status, err := strconv.Atoi(word); err == nil {
		return Event{Status: status}
	}
	switch word {
	case "gone":
		return Event{Reason: "ClientConnectionFailure", Neutral: true}
	case "cut":
		return Event{Reason: "BackendConnectionFailure", Again: true}
	}
	return Event{Reason: word}
}

// TestBreaker runs every case of testdata/breaker.txt.
func TestBreaker(t *testing.T) {
	text, err := os.ReadFile("testdata/breaker.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, cases, _ := strings.Cut(string(text), "\n-- ")
	ran := 0
	for c := range strings.SplitSeq(cases, "\n-- ") {
		name, body, _ := strings.Cut(c, " --\n")
		t.Run(name, func(t *testing.T) {
			var rule *Rule
			var b Breaker
			for line := range strings.Lines(body) {
				line = strings.TrimSpace(line)
				if text, ok := strings.CutPrefix(line, "rule "); ok {
					rule = parseRule(t, text)
					continue
				}
				words := strings.Fields(line)
				if len(words) == 0 {
					continue
				}
				at, err := time.ParseDuration(words[0])
				if err != nil {
					t.Fatal(err)
				}
				now := epoch.Add(at)
				want := strings.Join(words[2:], " ")
				before := b.Open(now)
				if words[1] != "look" {
					e := event(words[1])
					if hint, ok := strings.CutPrefix(words[2], "hint="); ok {
						e.Hint.Known = true
						e.Hint.Wait, _ = time.ParseDuration(hint)
						want = strings.Join(words[3:], " ")
					}
					if tripped := b.Observe(now, rule, e); tripped != (b.Open(now) && !before) {
						t.Errorf("%s: tripped %v, open before %v and now %v", line, tripped, before, b.Open(now))
					}
				}
				got := "closed"
				if b.Open(now) {
					got = "open " + b.Until().Sub(epoch).String()
				}
				if got != want {
					t.Errorf("%s: %s", line, got)
				}
			}
		})
		ran++
	}
	if ran < 25 {
		t.Errorf("%d cases ran", ran)
	}
}

// TestWindow holds the window of a share to counting one by one.
func TestWindow(t *testing.T) {
	const interval = 10 * time.Second
	w := &window{interval: interval, base: epoch}
	type seen struct {
		at     time.Duration
		failed bool
	}
	var all []seen
	at := time.Duration(0)
	for i := range 5000 {
		at += time.Duration(i*7919%211) * time.Millisecond
		failed := i*31%7 == 0
		all = append(all, seen{at, failed})
		w.add(epoch.Add(at), failed, false)
		least, most, fails := 0, 0, 0
		for _, s := range all {
			if at-s.at < interval-interval/windowParts {
				least++
			}
			if at-s.at < interval+interval/windowParts {
				most++
				if s.failed {
					fails++
				}
			}
		}
		if w.total < least || w.total > most || w.failed > fails {
			t.Fatalf("after %v: %d of which %d failed; want %d to %d, at most %d failed", at, w.total, w.failed, least, most, fails)
		}
	}
}

func BenchmarkBreaker(b *testing.B) {
	r := &Rule{Count: 3, Interval: 10 * time.Second, Trip: time.Second, Statuses: []apim.StatusCodeRange{{Min: 429, Max: 429}, {Min: 500, Max: 599}}}
	var breaker Breaker
	now := epoch
	for i := range b.N {
		now = now.Add(time.Millisecond)
		status := 200
		if i%1000 == 0 {
			status = 500
		}
		breaker.Observe(now, r, Event{Status: status})
	}
}
