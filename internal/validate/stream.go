package validate

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// pairs is how many streams are compared, each direct one followed by one
// through the gateway, so that both see the same weather.
const pairs = 5

// measured are the medians of some streams.
type measured struct {
	first, total, gap time.Duration
	events            int
	// pieces is how many times text came, at best: events that come together are
	// one. A busy machine makes fewer pieces of any stream, but no more of one
	// that is held up.
	pieces int
}

// streams is step 6: streams are not held up.
func (c *Check) streams(ctx context.Context) verdict {
	if c.Endpoint == "" {
		return fail("Step 2 says what the service needs.", "%s", c.noAPI)
	}
	if len(c.list) == 0 {
		return c.blind("the speed of a direct stream")
	}
	note := ""
	if c.far != nil {
		n, err := c.lift(ctx)
		if err == nil {
			err = c.settle(ctx)
		}
		if err != nil {
			return trouble(err)
		}
		note = n
	}
	// A busy machine can make one comparison look slow, not two. It also bunches
	// the events of direct streams: such a comparison tells nothing, and another
	// is made.
	v, failed, steady := verdict{}, 0, false
	for range comparisons {
		v, steady = c.compare(ctx, note)
		if steady && v.status == Fail {
			failed++
		}
		if steady && v.status == Success || failed == 2 || ctx.Err() != nil {
			return v
		}
	}
	if !steady && v.status != NotObserved {
		return notObserved("Take the step again when the machine has less to do, or at simulated regions of the profile fast.",
			"The direct streams come in bunches, so that one cannot see whether the gateway makes some: this machine is busy, or the regions' content filter collects. %s", v.reason)
	}
	return v
}

// comparisons is how many are made at the most until two agree.
const comparisons = 4

// compare judges some streams. steady says that the direct ones came event by
// event, as far as that can be expected of the regions.
func (c *Check) compare(ctx context.Context, note string) (v verdict, steady bool) {
	var direct, through []run
	for i := range pairs {
		r := c.list[i%len(c.list)]
		d := c.stream(ctx, r.direct())
		if d.err != nil {
			return fail("Step 1 looks at the regions themselves.", "A direct stream from %s failed: %v.%s", r.name, d.err, note), true
		}
		g := c.stream(ctx, c.gateway())
		if g.err != nil {
			return fail(`"spillway trace" shows what every policy does with such a request.`, "A stream through the gateway failed: %v.%s", g.err, note), true
		}
		direct, through = append(direct, d), append(through, g)
	}
	together := togetherOf(direct)
	d := medians(direct, together)
	v = judgeStreams(d, medians(through, together), note)
	// Real regions bunch the events by themselves, and as many bunches through the
	// gateway are as good.
	return v, !d.bunched() || v.status == Success && !c.list[0].simulated
}

// bunched reports whether most events came together with others: the median of
// the times between them is far below their mean.
func (m measured) bunched() bool {
	return m.events > 1 && m.gap < (m.total-m.first)/time.Duration(3*m.events)
}

// togetherOf is within what time of each other two events count as one piece,
// by the direct streams; never less than it takes to read what came at once.
func togetherOf(direct []run) time.Duration {
	return max(medians(direct, 0).gap/4, 300*time.Microsecond)
}

// What is measurable: fewer events, or all of them within so short a time, say
// nothing about what holds them up.
const (
	fewEvents = 8
	tooShort  = 40 * time.Millisecond
)

func judgeStreams(direct, through measured, note string) verdict {
	told := fmt.Sprintf("Medians of %d streams each, through the gateway and direct: first text after %s and %s, all of it after %s and %s, %s and %s between events.",
		pairs, ms(through.first), ms(direct.first), ms(through.total), ms(direct.total), ms(through.gap), ms(direct.gap))
	const hint = `Set buffer-response="false" on forward-request, and let no policy of the outbound section read the body of a stream.`
	running := direct.total - direct.first
	switch {
	case direct.events < fewEvents || running < tooShort || direct.pieces < fewEvents:
		return notObserved("Use regions that stream token by token, such as simulated ones of the profile fast.",
			"The direct streams come all at once (%d events in %s), so that there is nothing to hold up.%s", direct.events, ms(running), note)
	case through.first-direct.first > running/2:
		return fail(hint, "The gateway holds the stream up until most of it is there. %s%s", told, note)
	case through.pieces*2 < direct.pieces:
		return fail(hint, "The gateway passes the stream on in lumps: the text came in %d pieces, and direct in %d. %s%s", through.pieces, direct.pieces, told, note)
	case through.first > 2*direct.first+250*time.Millisecond, through.total > direct.total+direct.total/2+250*time.Millisecond:
		return fail("What takes so long? "+`"spillway trace" shows the time that every policy takes, and metrics the time of the regions.`, "The gateway slows the stream down. %s%s", told, note)
	}
	return success("%s%s", told, note)
}

func ms(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// medians are those of some streams; events that come within together of the
// one before count as one piece with it.
func medians(runs []run, together time.Duration) measured {
	var first, total, gap []time.Duration
	var events, pieces []int
	for _, r := range runs {
		if len(r.at) == 0 {
			continue
		}
		var gaps []time.Duration
		n := 1
		for i := 1; i < len(r.at); i++ {
			d := r.at[i] - r.at[i-1]
			gaps = append(gaps, d)
			if d > together {
				n++
			}
		}
		first, total = append(first, r.at[0]), append(total, r.total)
		if len(gaps) > 0 {
			gap = append(gap, middle(gaps))
		}
		events, pieces = append(events, len(r.at)), append(pieces, n)
	}
	m := measured{middle(first), middle(total), middle(gap), middle(events), 0}
	if len(pieces) > 0 {
		m.pieces = slices.Max(pieces)
	}
	return m
}

func middle[T ~int | ~int64](list []T) T {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
