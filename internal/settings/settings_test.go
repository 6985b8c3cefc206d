package settings

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// full has every key there is, as the documentation prints them.
const full = `
listen: {gateway: 127.0.0.1:8080, management: 127.0.0.1:8081}
enforceProtocols: false
strict: false
regions:
  - {name: eastus, port: 9101, profile: fast, deployments: [gpt-35-turbo, text-embedding-ada-002]}
namedValues:
  endpoint-eastus: {region: eastus, value: endpoint}
  key-eastus: {region: eastus, value: key1}
  other-secret: {env: OTHER_SECRET}
  from-file: {file: secret.txt}
  plain: {value: text}
subscriptions:
  contoso-chat: {env: CONTOSO_KEY}
pools:
  openai: {strategy: adaptive, queue: 10s, fairShares: true, members: {ptu: {paidFor: true, tokensPerMinute: 100000}}}
apis:
  my-cool-openai-test: {bearerKey: false, firstByteTimeout: 0s, idleTimeout: 240s, peekFirstByte: true}
limits: {document: 512KiB, replayBody: 32MiB, expression: {steps: 10M, deadline: 1s, memory: 16MiB}}
egress: {allow: [], metadata: deny}
`

func parse(t *testing.T, text string) (*Settings, source.Problems) {
	t.Helper()
	return Parse(source.NewFile("spillway.yaml", text))
}

func TestFull(t *testing.T) {
	s, problems := parse(t, full)
	if len(problems) > 0 {
		t.Fatal(problems.Draw())
	}
	if s.Limits.Document != 512<<10 || s.Limits.Expression.Steps != 10_000_000 || time.Duration(s.APIs["my-cool-openai-test"].IdleTimeout) != 240*time.Second {
		t.Errorf("%+v", s)
	}
	if !s.APISettings("other").PeekFirstByte || s.Pools["openai"].Strategy != "adaptive" || !s.Pools["openai"].Members["ptu"].PaidFor {
		t.Errorf("%+v", s)
	}
	values, keys, problems := s.Resolve(World{
		Env:    func(n string) (string, bool) { return "from " + n, true },
		File:   func(string) ([]byte, error) { return []byte("in the file\n"), nil },
		Region: func(n string) (string, []string, bool) { return "http://" + n, []string{"k1", "k2"}, true },
	})
	if len(problems) > 0 {
		t.Fatal(problems.Draw())
	}
	want := map[string]string{"endpoint-eastus": "http://eastus", "key-eastus": "k1", "other-secret": "from OTHER_SECRET", "from-file": "in the file", "plain": "text"}
	for n, v := range want {
		if values[n] != v {
			t.Errorf("%s is %q, want %q", n, values[n], v)
		}
	}
	if keys["contoso-chat"] != "from CONTOSO_KEY" {
		t.Errorf("keys: %v", keys)
	}
}

func TestDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "limits:\n"} {
		s, problems := parse(t, text)
		if len(problems) > 0 || s.Listen.Gateway != "127.0.0.1:8080" || s.Limits.ReplayBody != 32<<20 || s.Egress.Metadata != "deny" {
			t.Errorf("%q: %v %+v", text, problems, s)
		}
	}
}

// TestProblems pairs each mistake with the position and the words it is
// reported with.
func TestProblems(t *testing.T) {
	cases := []struct{ text, want string }{
		{"listn: {}", "1:1: unknown key listn"},
		{"a: &x [*x]", "1:"},
		{"strict: yes please", "1:9: strict: expected true or false"},
		{"limits: {document: big}", "1:20: document: expected a size such as 512KiB or 32MiB"},
		{"limits: {expression: {deadline: 5}}", "1:33: deadline: expected a time"},
		{"regions: [{name: a, port: 70000}]", "1:27: port: expected at most 65535"},
		{"regions: [{name: a}]", "1:11: the key port is missing"},
		{"regions: [{name: a, port: 1}, {name: a, port: 2}]", "1:31: there are two regions named a"},
		{"regions: [{name: a, port: 1}, {name: b, port: 1}]", "1:31: two regions have the port 1"},
		{"regions: {}", "1:10: regions: expected a list, found an object"},
		{"pools: {p: {strategy: best}}", "1:23: strategy: expected apim, least-busy"},
		{"pools: {p: {strategy: overflow, queue: 3s}}", "1:40: pools.p.queue: requests can wait with the strategy adaptive alone"},
		{"pools: {p: {fairShares: true}}", "1:25: pools.p.fairShares: the strategy adaptive alone knows shares"},
		{"pools: {p: {members: {a: {tokensPerMinute: -1}}}}", "1:44: tokensPerMinute: expected at least 0"},
		{"pools: {p: {members: {a: {paid: true}}}}", "1:27: unknown key paid"},
		{"namedValues: {x: {env: A, file: b}}", "1:18: namedValues.x: expected exactly one of"},
		{"namedValues: {x: {}}", "1:18: namedValues.x: expected exactly one of"},
		{"namedValues: {x: {region: nope, value: key1}}", "1:18: namedValues.x: there is no region nope"},
		{"subscriptions: {x: {}}", "1:20: subscriptions.x: expected exactly one of"},
		{"listen: {gateway: nowhere}", "1:19: gateway: expected an address with a port"},
		{"apis: {a: {holdBack: true, peekFirstByte: false}}", "1:22: apis.a.holdBack: what has been let go"},
		{"apis: {a: {hedge: {budget: 51}}}", "1:28: budget: expected at most 50"},
		{"apis: {a: {hedge: {after: soon}}}", "1:27: after: expected a time"},
		{"apis: {a: {hedge: 5}}", "1:19: expected keys with values"},
		{"apis: {a: {resume: {mode: always}}}", "1:27: mode: expected none, agree, continue"},
		{"apis: {a: {resume: {attempts: 0}}}", "1:31: attempts: expected at least 1"},
		{"- a", "1:1: expected keys with values, found an array"},
	}
	for _, c := range cases {
		_, problems := parse(t, c.text)
		if len(problems) == 0 || !strings.HasPrefix(problems[0].Error(), "spillway.yaml:"+c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.text, problems, c.want)
		}
	}
}

// TestMisspeltKey holds that a required key that was misspelt is not missing as
// well.
func TestMisspeltKey(t *testing.T) {
	_, problems := parse(t, "regions: [{nam: eastus, port: 9101}]")
	if len(problems) != 1 || problems[0].Error() != "spillway.yaml:1:12: unknown key nam" || problems[0].Hint != "did you mean name?" {
		t.Errorf("%v", problems)
	}
}

// TestSecretsStayOut puts secrets where something else belongs.
func TestSecretsStayOut(t *testing.T) {
	const secret = "s3cr3t-value-of-mine"
	for _, text := range []string{
		"namedValues: {x: {value: " + secret + ", env: A}}",
		"namedValues: {x: {value: \"" + secret + "\", file: a, evn: A}}",
		"namedValues:\n  x:\n    value: " + secret + "\n   env: A\n",
		"subscriptions: {x: {value: " + secret + ", value: " + secret + "}}",
		"subscriptions: {x: {value: [" + secret + "]}}",
		"strict: " + secret,
		"limits: {document: " + secret + "}",
		"namedValues: {x: [" + secret + "]}",
		"namedValues: {x: " + secret + "}",
		"namedValues: {x: {valeu: " + secret + "}}",
		"namedValues: [" + secret + "]",
		"subscriptions: {x: {Value: " + secret + "}}",
		"subscriptions: " + secret,
	} {
		_, problems := parse(t, text)
		if len(problems) == 0 {
			t.Errorf("%s: no problem", text)
		}
		for _, p := range problems {
			if strings.Contains(p.Error()+p.Hint, secret) {
				t.Errorf("the problem shows the value: %v", p)
			}
		}
		// A line that is drawn shows what stands beside a mistake, and there a
		// secret may stand; one in the place of a setting that is none is no
		// secret that anybody could know of.
		mayBe := strings.HasPrefix(text, "namedValues") || strings.HasPrefix(text, "subscriptions")
		if drawn := problems.Draw(); mayBe && strings.Contains(drawn, secret) {
			t.Errorf("the value is drawn:\n%s", drawn)
		}
	}
	s, _ := parse(t, "namedValues: {x: {file: gone}}")
	_, _, problems := s.Resolve(World{File: func(string) ([]byte, error) { return nil, fs.ErrNotExist }})
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), "spillway.yaml:1:18: namedValues.x: its file cannot be read") {
		t.Error(problems)
	}
}

// TestSchema holds the schema against the same texts as the decoder.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		n, problems := tree.ParseYAML(source.NewFile("x", text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var v any
		if err := json.Unmarshal(n.JSON(), &v); err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	if err := validate(full); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"listn: {}", "strict: maybe", "limits: {document: big}", "regions: [{name: a}]", "pools: {p: {strategy: best}}", "regions: [{name: a, port: 70000}]"} {
		if validate(text) == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add("regions: [{name: a, port: 1}, *x]")
	f.Fuzz(func(_ *testing.T, text string) {
		_, problems := Parse(source.NewFile("spillway.yaml", text))
		_ = problems.Draw()
	})
}

// What an API says of its streams, and what holds where it says nothing.
func TestStreams(t *testing.T) {
	s, problems := parse(t, "apis:\n  a: {firstTokenTimeout: 3s, hedge: {budget: 5, after: 800ms, unless: once}, resume: {mode: continue, attempts: 2, instruction: ''}}\n  b: {}\n")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	a, b := s.APIs["a"], s.APIs["b"]
	if time.Duration(a.FirstTokenTimeout) != 3*time.Second || a.Hedge != (Hedge{5, Duration(800 * time.Millisecond), "once"}) || a.Resume != (Resume{Mode: "continue", Attempts: 2}) {
		t.Errorf("%+v", a)
	}
	if b.FirstTokenTimeout != 0 || b.Hedge != (Hedge{Unless: "noHedge"}) || b.Resume.Mode != "none" || b.Resume.Attempts != 1 || b.Resume.Instruction == "" || !b.PeekFirstByte {
		t.Errorf("%+v", b)
	}
}
