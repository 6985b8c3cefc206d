package telemetry

import (
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestEmit(t *testing.T) {
	m := NewMetrics(nil)
	m.Emit("llm", "Total Tokens", 30, []Dimension{{"API ID", "shop"}, {"api-id", "again"}, {"1st", "x\xff"}})
	m.Emit("llm", "Total Tokens", 12, []Dimension{{"API ID", "shop"}, {"api-id", "again"}, {"1st", "x\xff"}})
	m.Emit("llm", "Prompt Tokens", 5, nil)
	m.Emit("own", "calls", 1.5, []Dimension{{"team", "a"}})
	m.Emit("own", "calls", -0.5, []Dimension{{"team", "a"}})
	m.Emit("own", "calls", 1, []Dimension{{"other", "a"}, {"namespace", "x"}})
	want := `# HELP apim_llm_tokens_total Tokens that policies emit as a metric, by their dimensions.
# TYPE apim_llm_tokens_total counter
apim_llm_tokens_total{api_id="shop",api_id_2="again",dimension_1st="x` + "\ufffd" + `",namespace="llm",type="total"} 42
apim_llm_tokens_total{namespace="llm",type="prompt"} 5
# HELP apim_metric_count How often emit-metric has added to a metric.
# TYPE apim_metric_count counter
apim_metric_count{metric="calls",namespace="own",namespace_2="x",other="a"} 1
apim_metric_count{metric="calls",namespace="own",team="a"} 2
# HELP apim_metric_sum What emit-metric has added, by the metric and its dimensions.
# TYPE apim_metric_sum untyped
apim_metric_sum{metric="calls",namespace="own",namespace_2="x",other="a"} 1
apim_metric_sum{metric="calls",namespace="own",team="a"} 1
`
	if err := testutil.GatherAndCompare(m.Registry(), strings.NewReader(want), "apim_llm_tokens_total", "apim_metric_sum", "apim_metric_count"); err != nil {
		t.Error(err)
	}
	for i := range maxSeries + 5 {
		m.Emit("own", "many", 1, []Dimension{{"i", strconv.Itoa(i)}})
	}
	if n := len(m.custom.series); n != maxSeries {
		t.Errorf("%d series", n)
	}
	if m.custom.dropped == 0 {
		t.Error("nothing is said of those that were dropped")
	}
}
