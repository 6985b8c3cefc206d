package sim

import (
	"math"
	"strings"
	"unicode"
)

// Weights of what a text's vector is made of. Words carry the meaning, pairs
// of words their order, and pieces of words what related forms share.
const (
	wordWeight  = 1.0
	pairWeight  = 0.4
	pieceWeight = 0.25
	stopWeight  = 0.08
	pieceLength = 4
)

// stopWords say little about what a text is about.
var stopWords = wordSet(`a about after all also am an and any are as at be because been but by can could did do does
for from had has have he her him his how i if in into is it its just me more most my no not of on one or our out over
please she should so some such than that the their them then there these they this those to too under up us use was we
were what when where which while who whom whose why will with would you your tell explain give show write make`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// embedText is a text's vector of length one. Texts about the same things have
// the same features and so point the same way; features are hashed into the
// dimensions with a sign, so that collisions even out.
func embedText(text string, dimensions int) []float32 {
	v := make([]float64, dimensions)
	counts := map[string]int{}
	previous := ""
	for _, w := range words(text) {
		stop := stopWords[w]
		w = stem(w)
		counts[w]++
		// The tenth mention says less than the first.
		weight := wordWeight / math.Sqrt(float64(counts[w]))
		if stop {
			weight *= stopWeight
		}
		addFeature(v, 'w', w, weight)
		if stop {
			continue
		}
		if previous != "" {
			addFeature(v, 'p', previous+" "+w, weight*pairWeight)
		}
		previous = w
		marked := "^" + w + "$"
		for i := 0; i+pieceLength <= len(marked); i++ {
			addFeature(v, 'c', marked[i:i+pieceLength], weight*pieceWeight)
		}
	}
	if len(counts) == 0 {
		addFeature(v, 't', text, 1) // signs alone
	}
	return unit(v)
}

// embedTokens is the vector of a text that comes as token ids. Nothing here
// knows the words behind them; ids in common are likeness enough among texts
// that all come this way.
func embedTokens(ids []int, dimensions int) []float32 {
	v := make([]float64, dimensions)
	counts := map[int]int{}
	var previous [4]byte
	for i, id := range ids {
		counts[id]++
		weight := 1 / math.Sqrt(float64(counts[id]))
		b := [4]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)}
		addFeature(v, 'i', string(b[:]), weight)
		if i > 0 {
			addFeature(v, 'j', string(previous[:])+string(b[:]), weight*pairWeight)
		}
		previous = b
	}
	return unit(v)
}

// addFeature adds a feature in two places, which makes two features that
// share one of them still differ. The hash is FNV-1a.
func addFeature(v []float64, kind byte, feature string, weight float64) {
	h := uint64(14695981039346656037)
	h = (h ^ uint64(kind)) * 1099511628211
	for i := 0; i < len(feature); i++ {
		h = (h ^ uint64(feature[i])) * 1099511628211
	}
	for range 2 {
		h ^= h >> 33
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
		sign := weight
		if h&1 == 1 {
			sign = -weight
		}
		v[(h>>1)%uint64(len(v))] += sign
	}
}

func unit(v []float64) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	out := make([]float32, len(v))
	if sum == 0 {
		out[0] = 1 // everything cancelled out, as it can in few dimensions
		return out
	}
	norm := 1 / math.Sqrt(sum)
	for i, x := range v {
		out[i] = float32(x * norm)
	}
	return out
}

// words are the words of a text in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// stem takes the commonest endings of English off a word.
func stem(w string) string {
	for _, ending := range []struct{ cut, put string }{
		{"ies", "y"}, {"sses", "ss"}, {"ings", ""}, {"ing", ""}, {"edly", ""}, {"ed", ""}, {"es", ""}, {"ly", ""}, {"s", ""},
	} {
		if rest, ok := strings.CutSuffix(w, ending.cut); ok && len(rest) >= 3 && !strings.HasSuffix(w, "ss") {
			w = rest + ending.put
			break
		}
	}
	if len(w) > 3 {
		w = strings.TrimSuffix(w, "e") // house, like houses
	}
	return w
}

// terms are the words of a text that say something, stemmed.
func terms(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words(text) {
		if !stopWords[w] {
			set[stem(w)] = true
		}
	}
	return set
}

func overlap(a, b map[string]bool) int {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return n
}
