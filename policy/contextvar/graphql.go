package contextvar

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var graphQLDef = types.Declare(hidden, "public sealed class GraphQL")

type graphQL struct{ g *exchange.GraphQL }

func (g *graphQL) Type() *types.Type { return graphQLDef.Type() }

func graphQLMembers() []value.Members {
	return []value.Members{
		{Def: ContextDef, Rows: []value.Row{
			property("GraphQL GraphQL", "What a GraphQL resolver is given; null elsewhere.", func(_ *value.Thread, o *object) value.Value {
				return o.once("GraphQL", func() value.Value {
					if o.x.GraphQL == nil {
						return value.Null
					}
					return value.Of(&graphQL{o.x.GraphQL})
				})
			}),
		}},
		{Def: graphQLDef, Doc: "What a GraphQL resolver is given.", Rows: []value.Row{
			property("JObject GraphQLArguments", "The arguments of the field.", func(_ *value.Thread, g *graphQL) value.Value { return g.g.Arguments }),
			property("JObject Parent", "The object that the field belongs to.", func(_ *value.Thread, g *graphQL) value.Value { return g.g.Parent }),
		}},
	}
}
