package sim

import (
	"strings"
	"time"
)

// model is what the simulator knows of a model.
type model struct {
	name       string
	version    string
	served     string // as answers name it
	embedding  bool
	dimensions int    // of vectors
	shortens   bool   // takes "dimensions"
	completes  bool   // takes the completions API
	reasoning  bool   // wants max_completion_tokens, thinks first
	since      string // first version of the dated API that serves it; "" is any
	context    int    // tokens
	gap        time.Duration
	gapSigma   time.Duration
	perK       float64 // RPM granted per 1,000 TPM
	output     int     // input tokens that one of output weighs when provisioned; 0 is 1
}

// firstReasoning is the first version of the dated API with models of the o
// series.
const firstReasoning = "2024-12-01-preview"

// models are real ones, retired or not; the figures are of spec sheets and
// measurements that were published.
var models = []model{
	{name: "gpt-35-turbo", version: "0125", served: "gpt-35-turbo", completes: true, context: 16385, gap: 14 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 6},
	{name: "gpt-35-turbo-instruct", version: "0914", served: "gpt-35-turbo-instruct", completes: true, context: 4096, gap: 14 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 6},
	{name: "gpt-4", version: "turbo-2024-04-09", served: "gpt-4-turbo-2024-04-09", context: 128000, gap: 28 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 6},
	{name: "gpt-4o", version: "2024-11-20", served: "gpt-4o-2024-11-20", context: 128000, gap: 16 * time.Millisecond, gapSigma: 4 * time.Millisecond, perK: 6},
	{name: "gpt-4o-mini", version: "2024-07-18", served: "gpt-4o-mini-2024-07-18", context: 128000, gap: 11 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 10},
	{name: "gpt-4.1", version: "2025-04-14", served: "gpt-4.1-2025-04-14", context: 1047576, gap: 12 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 1, output: 4},
	{name: "gpt-4.1-mini", version: "2025-04-14", served: "gpt-4.1-mini-2025-04-14", context: 1047576, gap: 9 * time.Millisecond, gapSigma: 2 * time.Millisecond, perK: 1, output: 4},
	{name: "gpt-4.1-nano", version: "2025-04-14", served: "gpt-4.1-nano-2025-04-14", context: 1047576, gap: 8 * time.Millisecond, gapSigma: 2 * time.Millisecond, perK: 1, output: 4},
	{name: "o1", version: "2024-12-17", served: "o1-2024-12-17", reasoning: true, since: firstReasoning, context: 200000, gap: 14 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 1.0 / 6},
	{name: "o3", version: "2025-04-16", served: "o3-2025-04-16", reasoning: true, since: firstReasoning, context: 200000, gap: 12 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 1},
	{name: "o3-mini", version: "2025-01-31", served: "o3-mini-2025-01-31", reasoning: true, since: firstReasoning, context: 200000, gap: 10 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 0.1},
	{name: "o4-mini", version: "2025-04-16", served: "o4-mini-2025-04-16", reasoning: true, since: firstReasoning, context: 200000, gap: 11 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 1},
	{name: "gpt-5", version: "2025-08-07", served: "gpt-5-2025-08-07", reasoning: true, context: 400000, gap: 18 * time.Millisecond, gapSigma: 4 * time.Millisecond, perK: 10, output: 8},
	{name: "gpt-5-mini", version: "2025-08-07", served: "gpt-5-mini-2025-08-07", reasoning: true, context: 400000, gap: 12 * time.Millisecond, gapSigma: 3 * time.Millisecond, perK: 1, output: 8},
	{name: "gpt-5-nano", version: "2025-08-07", served: "gpt-5-nano-2025-08-07", reasoning: true, context: 400000, gap: 9 * time.Millisecond, gapSigma: 2 * time.Millisecond, perK: 1, output: 8},
	{name: "gpt-5.1", version: "2025-11-13", served: "gpt-5.1-2025-11-13", reasoning: true, context: 400000, gap: 16 * time.Millisecond, gapSigma: 4 * time.Millisecond, perK: 10, output: 8},
	{name: "text-embedding-ada-002", version: "2", served: "text-embedding-ada-002", embedding: true, dimensions: 1536, context: 8191, perK: 6},
	{name: "text-embedding-3-small", version: "1", served: "text-embedding-3-small", embedding: true, dimensions: 1536, shortens: true, context: 8191, perK: 6},
	{name: "text-embedding-3-large", version: "1", served: "text-embedding-3-large", embedding: true, dimensions: 3072, shortens: true, context: 8191, perK: 6},
}

// modelNamed is the model of that name. A name that is not known is a model
// all the same, an embedding one if it says so, so that a region can play
// models newer than this table.
func modelNamed(name string) model {
	for _, m := range models {
		if m.name == name || name == "gpt-3.5-turbo" && m.name == "gpt-35-turbo" {
			return m
		}
	}
	like := "gpt-4o"
	switch small := strings.Contains(name, "-mini") || strings.Contains(name, "-nano"); {
	case strings.Contains(name, "embed"):
		like = "text-embedding-3-small"
	case strings.HasPrefix(name, "gpt-5") && small:
		like = "gpt-5-mini"
	case strings.HasPrefix(name, "gpt-5"):
		like = "gpt-5"
	case strings.HasPrefix(name, "o1-"), strings.HasPrefix(name, "o3-"):
		like = "o3-mini"
	}
	m := modelNamed(like)
	m.name, m.version, m.served = name, "1", name
	return m
}

// weight is how many input tokens one of output counts for when provisioned.
func (m model) weight() int { return max(1, m.output) }

// requestsFor is the RPM that Azure grants beside that many TPM.
func (m model) requestsFor(tpm int) int { return max(1, int(float64(tpm)*m.perK/1000)) }

// displayNames are regions as x-ms-region spells them.
var displayNames = map[string]string{
	"australiaeast": "Australia East", "brazilsouth": "Brazil South", "canadacentral": "Canada Central",
	"canadaeast": "Canada East", "centralus": "Central US", "eastus": "East US", "eastus2": "East US 2",
	"francecentral": "France Central", "germanywestcentral": "Germany West Central", "italynorth": "Italy North",
	"japaneast": "Japan East", "koreacentral": "Korea Central", "northcentralus": "North Central US",
	"northeurope": "North Europe", "norwayeast": "Norway East", "polandcentral": "Poland Central",
	"southafricanorth": "South Africa North", "southcentralus": "South Central US", "southeastasia": "Southeast Asia",
	"southindia": "South India", "spaincentral": "Spain Central", "swedencentral": "Sweden Central",
	"switzerlandnorth": "Switzerland North", "switzerlandwest": "Switzerland West", "uaenorth": "UAE North",
	"uksouth": "UK South", "westeurope": "West Europe", "westus": "West US", "westus2": "West US 2", "westus3": "West US 3",
}

func displayName(region string) string {
	if d, ok := displayNames[region]; ok {
		return d
	}
	return region
}

// regionalQuotas are Azure's default quotas of October 2024 for "Standard"
// deployments, in thousands of TPM. Regions with other figures than the
// default stand here.
var regionalQuotas = map[string]map[string]int{
	"gpt-35-turbo":           {"": 300, "eastus": 240, "francecentral": 240, "southcentralus": 240, "uksouth": 240, "westeurope": 240},
	"text-embedding-ada-002": {"": 350, "eastus": 240, "francecentral": 240, "southcentralus": 240, "westeurope": 240},
	"text-embedding-3-small": {"": 350},
	"text-embedding-3-large": {"": 350},
	"gpt-4":                  {"": 80, "southindia": 150, "swedencentral": 150},
	"gpt-4o":                 {"": 1000},
	"gpt-4o-mini":            {"": 2000},
	"gpt-4.1":                {"": 300},
	"gpt-4.1-mini":           {"": 2000},
}

// regionalQuota is the region's default TPM for a model.
func regionalQuota(region, model string) int {
	table, ok := regionalQuotas[model]
	if !ok {
		return 300_000
	}
	if k, ok := table[region]; ok {
		return k * 1000
	}
	return table[""] * 1000
}
