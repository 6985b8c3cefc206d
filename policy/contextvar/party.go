package contextvar

import (
	"time"

	"github.com/spillway-gateway/spillway/apim"
	bcltime "github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var (
	productDef      = types.Declare(hidden, "public sealed class Product")
	productStateDef = types.Declare(Namespace, "public enum ProductState { NotPublished, Published }")
	subscriptionDef = types.Declare(hidden, "public sealed class Subscription")
	userDef         = types.Declare(hidden, "public sealed class User")
	groupFaceDef    = types.Declare(Namespace, "public interface IGroup")
	groupDef        = types.Declare(hidden, "public sealed class Group : IGroup")
	identityFaceDef = types.Declare(Namespace, "public interface IUserIdentity")
	identityDef     = types.Declare(hidden, "public sealed class Identity : IUserIdentity")
)

type product struct {
	p *apim.Product
	x *exchange.Exchange
}

func (p *product) Type() *types.Type { return productDef.Type() }

// Shape leaves out the second name of SubscriptionsLimit, and the APIs, which
// would lead back here.
func (p *product) Shape(t *value.Thread) []value.Property {
	var props []value.Property
	for _, q := range withoutNulls(t, p) {
		if q.Name != "SubscriptionLimit" && q.Name != "Apis" {
			props = append(props, q)
		}
	}
	return props
}

func productOf(x *exchange.Exchange) value.Value {
	if x.Product == nil {
		return value.Null
	}
	return value.Of(&product{x.Product, x})
}

type subscription struct {
	s   *apim.Subscription
	key string
}

func (s *subscription) Type() *types.Type { return subscriptionDef.Type() }

func subscriptionOf(x *exchange.Exchange) value.Value {
	if x.Subscription == nil {
		return value.Null
	}
	return value.Of(&subscription{x.Subscription, x.Key})
}

type user struct {
	u *apim.User
	x *exchange.Exchange
}

func (u *user) Type() *types.Type { return userDef.Type() }

func userOf(x *exchange.Exchange) value.Value {
	if x.User == nil {
		return value.Null
	}
	return value.Of(&user{x.User, x})
}

type group struct{ id, name string }

func (g *group) Type() *types.Type { return groupDef.Type() }

type identity struct{ i apim.Identity }

func (i *identity) Type() *types.Type { return identityDef.Type() }

// groups are the groups that links lead to. One that the service does not list
// (the built-in ones often are not written down) is called as the link calls it.
func groups(t *value.Thread, x *exchange.Exchange, links []apim.Link) value.Value {
	items := make([]value.Value, len(links))
	for i, l := range links {
		g := &group{id: apim.Tail(l.Target), name: apim.Tail(l.Target)}
		if x.Service != nil {
			if found := x.Service.Group(l.Target); found != nil {
				g.id, g.name = found.Name, found.DisplayName
			}
		}
		items[i] = value.Of(g)
	}
	return t.ArrayOf(groupDef.Type(), items)
}

// apis are the APIs of a product, as far as the service knows them; without a
// service, the one that was matched.
func apis(t *value.Thread, p *product) value.Value {
	var items []value.Value
	if p.x.Service != nil {
		for _, a := range p.x.Service.APIs {
			if p.p.Contains(a) {
				items = append(items, apiOf(p.x, a))
			}
		}
	} else if p.x.API != nil {
		items = append(items, apiOf(p.x, p.x.API))
	}
	return t.ArrayOf(apiDef.Type(), items)
}

// moment is a date, and null where it was never set.
func moment(d time.Time) value.Value {
	if d.IsZero() {
		return value.Null
	}
	return bcltime.FromGo(d).Value()
}

// date is a date, .NET's DateTime.MinValue where it was never set.
func date(d time.Time) value.Value { return bcltime.FromGo(d.UTC()).Value() }

func partyMembers() []value.Members {
	limit := func(_ *value.Thread, p *product) value.Value {
		if p.p.SubscriptionsLimit == nil {
			return value.Null
		}
		return value.Int(*p.p.SubscriptionsLimit)
	}
	groupRows := []value.Row{
		text("Id", "The group's id.", func(g *group) string { return g.id }),
		text("Name", "The group's name.", func(g *group) string { return g.name }),
	}
	identityRows := []value.Row{
		text("Id", "The user's id with the provider.", func(i *identity) string { return i.i.ID }),
		text("Provider", "The identity provider.", func(i *identity) string { return i.i.Provider }),
	}
	return []value.Members{
		{Def: productStateDef, Doc: "Whether developers see a product."},
		{Def: productDef, Doc: "The product.", Rows: []value.Row{
			text("Id", "The product's id.", func(p *product) string { return p.p.Name }),
			text("Name", "Its display name.", func(p *product) string { return p.p.DisplayName }),
			flag("ApprovalRequired", "Whether subscriptions need approval.", func(p *product) bool { return p.p.ApprovalRequired }),
			flag("SubscriptionRequired", "Whether calls need a subscription.", func(p *product) bool { return p.p.SubscriptionRequired }),
			property("ProductState State", "Whether developers see it.", func(_ *value.Thread, p *product) value.Value {
				n := int64(0)
				if p.p.State == apim.Published {
					n = 1
				}
				return value.Enum(productStateDef.Type(), n)
			}),
			property("int? SubscriptionsLimit", "How many subscriptions a user may have; null for any number.", limit),
			property("int? SubscriptionLimit", "The older name of SubscriptionsLimit.", limit),
			property("IEnumerable<IGroup> Groups", "The groups that see it.", func(t *value.Thread, p *product) value.Value { return groups(t, p.x, p.p.Groups) }),
			property("IEnumerable<IApi> Apis", "Its APIs.", apis),
		}},
		{Def: subscriptionDef, Doc: "The subscription.", Rows: []value.Row{
			text("Id", "The subscription's id.", func(s *subscription) string { return s.s.Name }),
			text("Name", "Its display name.", func(s *subscription) string { return s.s.DisplayName }),
			text("Key", "The key that the caller sent.", func(s *subscription) string { return s.key }),
			text("PrimaryKey", "Its primary key.", func(s *subscription) string { return s.s.PrimaryKey }),
			text("SecondaryKey", "Its secondary key.", func(s *subscription) string { return s.s.SecondaryKey }),
			property("DateTime CreatedDate", "When it was made.", func(_ *value.Thread, s *subscription) value.Value { return date(s.s.CreatedDate) }),
			property("DateTime? StartDate", "When it began to hold.", func(_ *value.Thread, s *subscription) value.Value { return moment(s.s.StartDate) }),
			property("DateTime? EndDate", "When it ended.", func(_ *value.Thread, s *subscription) value.Value { return moment(s.s.EndDate) }),
		}},
		{Def: userDef, Doc: "The user who owns the subscription.", Rows: []value.Row{
			text("Id", "The user's id.", func(u *user) string { return u.u.Name }),
			text("Email", "The e-mail address.", func(u *user) string { return u.u.Email }),
			text("FirstName", "The first name.", func(u *user) string { return u.u.FirstName }),
			text("LastName", "The last name.", func(u *user) string { return u.u.LastName }),
			text("Note", "The administrator's note.", func(u *user) string { return u.u.Note }),
			property("DateTime RegistrationDate", "When the user registered.", func(_ *value.Thread, u *user) value.Value { return date(u.u.RegistrationDate) }),
			property("IEnumerable<IGroup> Groups", "The groups the user is in.", func(t *value.Thread, u *user) value.Value { return groups(t, u.x, u.u.Groups) }),
			property("IEnumerable<IUserIdentity> Identities", "The identities the user signs in with.", func(t *value.Thread, u *user) value.Value {
				items := make([]value.Value, len(u.u.Identities))
				for i, x := range u.u.Identities {
					items[i] = value.Of(&identity{x})
				}
				return t.ArrayOf(identityDef.Type(), items)
			}),
		}},
		{Def: groupFaceDef, Doc: "A group of users.", Rows: abstract(groupRows)},
		{Def: groupDef, Doc: "A group of users.", Rows: groupRows},
		{Def: identityFaceDef, Doc: "How a user signs in.", Rows: abstract(identityRows)},
		{Def: identityDef, Doc: "How a user signs in.", Rows: identityRows},
	}
}
