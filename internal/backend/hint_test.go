package backend

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseHint(t *testing.T) {
	const none = time.Duration(-1)
	for _, c := range []struct {
		retryAfter, ms string
		wait, asked    time.Duration
	}{
		{"30", "", 30 * time.Second, 30 * time.Second},
		{" 7 ", "", 7 * time.Second, 7 * time.Second},
		{"1.5", "", 1500 * time.Millisecond, 1500 * time.Millisecond},
		{"1", "250", 250 * time.Millisecond, 250 * time.Millisecond}, // the finer truth wins
		{"", "1500", 1500 * time.Millisecond, 1500 * time.Millisecond},
		{"0", "", time.Second, time.Second},
		{"0", "0", time.Second, time.Second},
		{"5", "0", 5 * time.Second, 5 * time.Second},
		{"5", "-3", 5 * time.Second, 5 * time.Second},
		{"5", "soon", 5 * time.Second, 5 * time.Second},
		{"86400", "", MaxHint, 24 * time.Hour},
		{"1000000000", "", MaxHint, 1e9 * time.Second},
		{strings.Repeat("9", 400), "", MaxHint, math.MaxInt64},
		{"Fri, 02 Jan 2026 03:04:35 GMT", "", 30 * time.Second, 30 * time.Second},
		{"Friday, 02-Jan-26 03:04:35 GMT", "", 30 * time.Second, 30 * time.Second},
		{"Fri Jan  2 03:04:35 2026", "", 30 * time.Second, 30 * time.Second},
		{"Fri, 02 Jan 2026 03:03:05 GMT", "", time.Second, time.Second}, // has passed
		{"Sat, 03 Jan 2026 03:04:05 GMT", "", MaxHint, 24 * time.Hour},
		{"-1", "", none, none},
		{"", "", none, none},
		{"+5", "", none, none},
		{"1e3", "", none, none},
		{"5s", "", none, none},
		{".", "", none, none},
		{"1.2.3", "", none, none},
		{"tomorrow", "", none, none},
		{"NaN", "", none, none},
		{"0x10", "", none, none},
	} {
		h := ParseHint(func(name string) string {
			switch name {
			case "Retry-After":
				return c.retryAfter
			case "retry-after-ms":
				return c.ms
			}
			return ""
		}, epoch, MaxHint)
		want := Hint{Known: true, Wait: c.wait, Asked: c.asked}
		if c.wait == none {
			want = Hint{}
		}
		if h != want || h.Capped() != (h.Asked > h.Wait) {
			t.Errorf("Retry-After %.40q, retry-after-ms %q: %+v, want %+v", c.retryAfter, c.ms, h, want)
		}
	}
}

func TestParseLimits(t *testing.T) {
	headers := map[string]string{
		"x-ratelimit-remaining-tokens": "29986", "x-ratelimit-limit-tokens": "30000", "x-ratelimit-remaining-requests": "-1",
		"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-reset-requests": "12", "azure-openai-deployment-utilization": "12.3%",
	}
	got := ParseLimits(func(name string) string { return headers[name] })
	want := Limits{
		RemainingTokens: 29986, LimitTokens: 30000, RemainingRequests: -1, LimitRequests: -1,
		ResetTokens: 6 * time.Minute, ResetRequests: 12 * time.Second, Utilization: 12.3,
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	got = ParseLimits(func(string) string { return "" })
	nothing := Limits{RemainingTokens: -1, RemainingRequests: -1, LimitTokens: -1, LimitRequests: -1, ResetTokens: -1, ResetRequests: -1, Utilization: -1}
	if got != nothing {
		t.Errorf("nothing: %+v", got)
	}
	for name, value := range map[string]string{"x-ms-spillover-from-deployment": "paid", "x-ms-is-spilled-over": "True"} {
		if got := ParseLimits(func(n string) string {
			if n == name {
				return value
			}
			return headers[n]
		}); got != nothing {
			t.Errorf("%s: %+v; the limits are another deployment's", name, got)
		}
	}
	headers["x-ms-is-spilled-over"] = "false"
	if got := ParseLimits(func(name string) string { return headers[name] }); got != want {
		t.Errorf("not spilled: %+v", got)
	}
	misspelt := ParseLimits(func(name string) string { return map[string]string{"x-rate-limit-reset-tokens": "9"}[name] })
	if misspelt.ResetTokens != 9*time.Second || misspelt.ResetRequests != -1 {
		t.Errorf("misspelt: %+v", misspelt)
	}
	for _, c := range []struct{ name, value, want string }{
		{"x-ratelimit-type", "Tokens", "tokens"},
		{"x-ratelimit-type", "Requests", "requests"},
		{"x-ratelimit-type", "UserByMinute", ""},
		{"policy-id", "DeploymentRatelimit-Token", "tokens"},
		{"policy-id", "DeploymentRatelimit-Call", "requests"},
		{"policy-id", "ThrowExceptionDueToTrafficDenied", ""},
	} {
		l := ParseLimits(func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		})
		if l.Broken != c.want {
			t.Errorf("%s: %s names %q, want %q", c.name, c.value, l.Broken, c.want)
		}
	}
	if l := ParseLimits(func(name string) string {
		return map[string]string{"x-ratelimit-renewalperiod-tokens": "60", "x-ratelimit-renewalperiod-requests": "10"}[name]
	}); l.PeriodTokens != time.Minute || l.PeriodRequests != 10*time.Second {
		t.Errorf("periods %v, %v", l.PeriodTokens, l.PeriodRequests)
	}
}

func FuzzParseHint(f *testing.F) {
	f.Add("30", "250")
	f.Add("Fri, 02 Jan 2026 03:04:35 GMT", "")
	f.Add("99999999999999999999", ".5")
	f.Fuzz(func(t *testing.T, retryAfter, ms string) {
		h := ParseHint(func(name string) string {
			if name == "Retry-After" {
				return retryAfter
			}
			return ms
		}, epoch, MaxHint)
		if h.Known && (h.Wait <= 0 && h.Asked > 0 || h.Wait > MaxHint || h.Wait > h.Asked) || !h.Known && h != (Hint{}) {
			t.Fatalf("%q %q: %+v", retryAfter, ms, h)
		}
	})
}
