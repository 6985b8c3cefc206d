package sim

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// document is a text in the prompt that answers are to be taken from.
type document struct {
	mark string // how an answer cites it: "doc1"
	text string
}

// markPattern finds where a numbered document begins, in the forms that
// retrieval prompts use.
var markPattern = regexp.MustCompile(`(?i)^[ \t]*(?:#+[ \t]*)?(?:\[doc[ \t]?(\d{1,3})\]:?|(?:document|source|doc)[ \t]*#?(\d{1,3})[ \t]*:|<(?:doc|document|source)\b[^>\n]*?(\d{0,3})"?[ \t]*>)`)

// contextPattern finds a block of documents without numbers.
var contextPattern = regexp.MustCompile(`(?i)^[ \t]*(?:#+[ \t]*)?(?:context|documents|sources|retrieved documents|search results)[ \t]*:[ \t]*`)

// endPattern finds where documents end and the prompt goes on.
var endPattern = regexp.MustCompile(`(?i)^[ \t]*(?:(?:#+[ \t]*)?(?:question|user question|query|instructions?|answer)[ \t]*:|</(?:documents|sources|context)>)`)

// findLines is FindAllStringSubmatchIndex for a pattern that stands at the
// beginning of a line. Prompts are long and marks are rare: lines that cannot
// have one are passed over by their first character.
func findLines(pattern *regexp.Regexp, text string) [][]int {
	var all [][]int
	for from := 0; from < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[from:], '\n'); i >= 0 {
			end = from + i
		}
		line := text[from:end]
		if first := strings.TrimLeft(line, " \t"); first != "" && strings.IndexByte("[<#dscqruaiDSCQRUAI", first[0]) >= 0 {
			if m := pattern.FindStringSubmatchIndex(line); m != nil {
				for i := range m {
					if m[i] >= 0 {
						m[i] += from
					}
				}
				all = append(all, m)
			}
		}
		from = end + 1
	}
	return all
}

// documentsIn finds the documents in the system's and the user's messages.
func documentsIn(messages []openai.Message) []document {
	var docs []document
	for i, m := range messages {
		if m.Role == "assistant" || m.Role == "user" && i < len(messages)-1 && !lastUser(messages, i) {
			continue
		}
		docs = append(docs, documents(m.Content.String())...)
	}
	return docs
}

func lastUser(messages []openai.Message, i int) bool {
	for _, m := range messages[i+1:] {
		if m.Role == "user" {
			return false
		}
	}
	return true
}

func documents(text string) []document {
	marks := findLines(markPattern, text)
	var docs []document
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		body := text[m[1]:end]
		if e := findLines(endPattern, body); e != nil {
			body = body[:e[0][0]]
		}
		number := ""
		for g := 1; g <= 3; g++ {
			if m[2*g] >= 0 && m[2*g] < m[2*g+1] {
				number = text[m[2*g]:m[2*g+1]]
			}
		}
		docs = appendDocument(docs, number, body)
	}
	if len(docs) > 0 {
		return docs
	}
	at := findLines(contextPattern, text)
	if at == nil {
		return nil
	}
	block := text[at[0][1]:]
	if e := findLines(endPattern, block); e != nil {
		block = block[:e[0][0]]
	}
	for _, paragraph := range strings.Split(block, "\n\n") {
		docs = appendDocument(docs, "", paragraph)
	}
	return docs
}

var tagPattern = regexp.MustCompile(`</?[a-zA-Z][^>\n]*>`)

func appendDocument(docs []document, number, text string) []document {
	text = strings.TrimSpace(tagPattern.ReplaceAllString(text, ""))
	if len(terms(text)) == 0 {
		return docs
	}
	if number == "" {
		number = strconv.Itoa(len(docs) + 1)
	}
	return append(docs, document{mark: "doc" + number, text: text})
}

// questionBeside is the question in a message that holds documents as well.
func questionBeside(text string) string {
	if findLines(markPattern, text) == nil && findLines(contextPattern, text) == nil {
		return text
	}
	if all := findLines(questionPattern, text); all != nil {
		last := all[len(all)-1]
		return strings.TrimSpace(text[last[2]:last[3]])
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, l := range slices.Backward(lines) {
		if strings.HasSuffix(strings.TrimSpace(l), "?") {
			return strings.TrimSpace(l)
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

var questionPattern = regexp.MustCompile(`(?i)^[ \t]*(?:#+[ \t]*)?(?:user )?(?:question|query)[ \t]*:[ \t]*(.+)$`)

// found is a sentence of a document that has to do with the question.
type found struct {
	doc, at int
	text    string
	score   float64
}

const (
	// maxQuoted is how many sentences an answer is made of.
	maxQuoted = 3
	// worthQuoting is the part of the best sentence's score that another one
	// needs.
	worthQuoting = 0.4
	// earlierWeight is what a word of the question before counts.
	earlierWeight = 0.3
	// titleWeight is what a word in a document's title counts.
	titleWeight = 0.5
)

// quote answers from documents: their sentences that share the most, and the
// rarest, words with the question, each with its document's number. A question
// that says little by itself ("and on Sundays?") is read with the one before.
func quote(docs []document, question, earlier string) string {
	wanted := map[string]float64{}
	for w := range terms(question) {
		wanted[w] = 1
	}
	if len(wanted) < 2 {
		for w := range terms(earlier) {
			wanted[w] = max(wanted[w], earlierWeight)
		}
	}
	best := search(docs, wanted)
	if len(best) == 0 {
		if about := subject(question); about != "" {
			return "The documents I was given do not say anything about " + about + "."
		}
		return "The documents I was given do not answer that."
	}
	slices.SortFunc(best, func(a, b found) int {
		if a.doc != b.doc {
			return a.doc - b.doc
		}
		return a.at - b.at
	})
	var b strings.Builder
	for i, f := range best {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.text)
		if last := i+1 == len(best); last || best[i+1].doc != f.doc {
			b.WriteString(" [" + docs[f.doc].mark + "]")
		}
		b.WriteString(".")
	}
	return b.String()
}

// search is the best sentences, best first.
func search(docs []document, wanted map[string]float64) []found {
	var all []found
	occurs := map[string]int{}
	var sets []map[string]bool
	for d, doc := range docs {
		title, sentences := sentences(doc.text)
		about := terms(title)
		for i, s := range sentences {
			set := terms(s)
			if len(set) == 0 {
				continue
			}
			for w := range set {
				if wanted[w] > 0 {
					occurs[w]++
				}
			}
			for w := range about {
				set["title "+w] = true
			}
			all = append(all, found{doc: d, at: i, text: strings.TrimRight(s, ".!;: ")})
			sets = append(sets, set)
		}
	}
	// In a fixed order, as sums of floats depend on it.
	order := slices.Sorted(maps.Keys(wanted))
	for i := range all {
		for _, w := range order {
			if sets[i][w] {
				all[i].score += wanted[w] * math.Log(1+float64(len(all))/float64(occurs[w]))
			}
			if sets[i]["title "+w] {
				all[i].score += wanted[w] * titleWeight
			}
		}
		all[i].score /= 1 + 0.02*float64(len(sets[i]))
	}
	slices.SortStableFunc(all, func(a, b found) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		default:
			return 0
		}
	})
	n := 0
	for n < len(all) && n < maxQuoted && all[n].score > 0 && all[n].score >= worthQuoting*all[0].score {
		n++
	}
	return all[:n]
}

var sentenceEnd = regexp.MustCompile(`[.!?](?:\s+|$)|\n+`)

// sentences cuts a text at the ends of sentences and lines. A first line that
// ends in no full stop is a title.
func sentences(text string) (title string, list []string) {
	if first, rest, ok := strings.Cut(text, "\n"); ok && !strings.HasSuffix(strings.TrimSpace(first), ".") && len(terms(rest)) > 0 {
		title, text = strings.TrimSpace(first), rest
	}
	from := 0
	for _, e := range sentenceEnd.FindAllStringIndex(text, -1) {
		if s := strings.TrimSpace(text[from:e[0]]); s != "" {
			list = append(list, strings.TrimLeft(s, "-*• "))
		}
		from = e[1]
	}
	if s := strings.TrimSpace(text[from:]); s != "" {
		list = append(list, strings.TrimLeft(s, "-*• "))
	}
	return title, list
}
