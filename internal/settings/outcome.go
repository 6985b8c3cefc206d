package settings

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
)

// outcomePattern is what the words of attempts.on look like.
const outcomePattern = `^(failure|[1-5]xx|[1-5][0-9][0-9](-[1-5][0-9][0-9])?)$`

// Outcomes are what another attempt follows: answers with a status in one of the
// ranges, and, with failures, no answer at all.
func (a *Attempts) Outcomes() (statuses []apim.StatusCodeRange, failures bool, err error) {
	if a.On == nil {
		return []apim.StatusCodeRange{{Min: 429, Max: 429}, {Min: 500, Max: 599}}, true, nil
	}
	for _, word := range a.On {
		if word == "failure" {
			failures = true
			continue
		}
		low, high, isRange := strings.Cut(word, "-")
		if class, ok := strings.CutSuffix(word, "xx"); ok {
			low, high, isRange = class+"00", class+"99", true
		}
		if !isRange {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || from < 100 || to > 599 || from > to {
			return nil, false, fmt.Errorf("expected statuses such as 429, ranges such as 500-503 or 5xx, and failure")
		}
		statuses = append(statuses, apim.StatusCodeRange{Min: from, Max: to})
	}
	return statuses, failures, nil
}
