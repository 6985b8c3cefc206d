package builtin_test

import (
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/apim"
)

// sharedKey keeps a list under a key that every API uses, and one under a key
// of the API's own.
const sharedKey = `<policies><inbound>
  <cache-lookup-value key="list" variable-name="shared" />
  <choose><when condition="@(!context.Variables.ContainsKey("shared"))">
    <set-variable name="shared" value="@(new JArray(context.Api.Id))" />
    <cache-store-value key="list" value="@((JArray)context.Variables["shared"])" duration="60" />
  </when></choose>
  <cache-lookup-value key="@("list-" + context.Api.Id)" variable-name="own" />
  <choose><when condition="@(!context.Variables.ContainsKey("own"))">
    <set-variable name="own" value="@(new JArray(context.Api.Id))" />
    <cache-store-value key="@("list-" + context.Api.Id)" value="@((JArray)context.Variables["own"])" duration="60" />
  </when></choose>
  <set-variable name="changed" value="@{ ((JArray)context.Variables["shared"]).Add("changed"); return null; }" />
</inbound><backend /><outbound /></policies>`

// The value cache belongs to the service: two APIs with one key share the
// value, with a key that holds the API's id they never mix; a change in one
// request reaches nobody before it is stored.
func TestCacheBelongsToTheService(t *testing.T) {
	s := newStory(t, &txtar.Archive{Files: []txtar.File{{Name: "global.xml", Data: []byte(sharedKey)}}})
	if len(s.problems) > 0 {
		t.Fatal(s.problems)
	}
	text := s.language.Text
	for _, c := range []struct{ api, shared, own string }{
		{"one", "one", "one"}, {"two", "one", "two"}, {"one", "one", "one"}, {"two", "one", "two"},
	} {
		x := s.newExchange("GET /items\n")
		x.API = &apim.API{Resource: apim.Resource{Name: c.api}}
		s.set.Pipeline(s.api, s.operation, nil).Run(x)
		if x.LastError != nil {
			t.Fatal(x.LastError)
		}
		if got, want := text(x.Variables["shared"]), "[\n  \""+c.shared+"\",\n  \"changed\"\n]"; got != want {
			t.Errorf("API %s: shared %s, want %s", c.api, got, want)
		}
		if got, want := text(x.Variables["own"]), "[\n  \""+c.own+"\"\n]"; got != want {
			t.Errorf("API %s: own %s, want %s", c.api, got, want)
		}
	}
}
