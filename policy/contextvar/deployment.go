package contextvar

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var (
	deploymentDef     = types.Declare(hidden, "public sealed class Deployment")
	gatewayDef        = types.Declare(hidden, "public sealed class GatewayInfo")
	sustainabilityDef = types.Declare(hidden, "public sealed class SustainabilityInfo")
	intensityDef      = types.Declare(Namespace, "public enum CarbonIntensity { NotAvailable, VeryLow, Low, Medium, High, VeryHigh }")
	backendDef        = types.Declare(hidden, "public sealed class Backend")
	backendTypeDef    = types.Declare(Namespace, "public enum BackendType { Single, Pool }")
)

type deployment struct {
	d *exchange.Deployment
	x *exchange.Exchange
}

func (d *deployment) Type() *types.Type { return deploymentDef.Type() }

// Shape leaves out the sustainability where it is not known.
func (d *deployment) Shape(t *value.Thread) []value.Property {
	return withoutNulls(t, d, "SustainabilityInfo")
}

func deploymentOf(x *exchange.Exchange) value.Value {
	d := x.Deployment
	if d == nil {
		// context.Deployment is never null; a gateway that was told nothing
		// about itself is a managed one, as Azure's own call themselves.
		d = &exchange.Deployment{GatewayID: "managed", Gateway: exchange.Gateway{ID: "managed", InstanceID: "managed", Managed: true}}
	}
	return value.Of(&deployment{d, x})
}

type gateway struct{ g exchange.Gateway }

func (g *gateway) Type() *types.Type { return gatewayDef.Type() }

type sustainability struct{ intensity int64 }

func (s *sustainability) Type() *types.Type { return sustainabilityDef.Type() }

type backend struct {
	id, region string
	pool       bool
}

func (b *backend) Type() *types.Type { return backendDef.Type() }

func backendOf(x *exchange.Exchange) value.Value {
	if x.Backend.ID == "" {
		return value.Null
	}
	b := &backend{id: x.Backend.ID}
	if x.Service != nil {
		if e := x.Service.Backend(b.id); e != nil {
			b.id, b.region, b.pool = e.Name, e.AzureRegion, e.IsPool()
		}
	}
	return value.Of(b)
}

func deploymentMembers() []value.Members {
	return []value.Members{
		{Def: intensityDef, Doc: "How much carbon a region's power costs."},
		{Def: backendTypeDef, Doc: "The kind of a backend entity."},
		{Def: deploymentDef, Doc: "The gateway.", Rows: []value.Row{
			textOrNull("Region", "The region it runs in.", func(d *deployment) string { return d.d.Region }),
			textOrNull("ServiceId", "The service's id.", func(d *deployment) string { return d.d.ServiceID }),
			textOrNull("ServiceName", "The service's name.", func(d *deployment) string { return d.d.ServiceName }),
			textOrNull("GatewayId", "The gateway's id; \"managed\" for Azure's own.", func(d *deployment) string { return d.d.GatewayID }),
			property("GatewayInfo Gateway", "The gateway itself.", func(_ *value.Thread, d *deployment) value.Value {
				return value.Of(&gateway{d.d.Gateway})
			}),
			property("SustainabilityInfo SustainabilityInfo", "The region's sustainability; null where it is not known.", func(_ *value.Thread, d *deployment) value.Value {
				n, ok := number(intensityDef, d.d.CarbonIntensity)
				if !ok {
					return value.Null
				}
				return value.Of(&sustainability{n})
			}),
		}},
		{Def: gatewayDef, Doc: "A gateway.", Rows: []value.Row{
			textOrNull("Id", "Its id; \"managed\" for Azure's own.", func(g *gateway) string { return g.g.ID }),
			textOrNull("InstanceId", "The id of the instance; \"managed\" for Azure's own.", func(g *gateway) string { return g.g.InstanceID }),
			flag("IsManaged", "Whether it is one of Azure's own.", func(g *gateway) bool { return g.g.Managed }),
		}},
		{Def: sustainabilityDef, Doc: "The region's sustainability.", Rows: []value.Row{
			property("CarbonIntensity CurrentCarbonIntensity", "How much carbon its power costs now.", func(_ *value.Thread, s *sustainability) value.Value {
				return value.Enum(intensityDef.Type(), s.intensity)
			}),
		}},
		{Def: backendDef, Doc: "A backend entity.", Rows: []value.Row{
			text("Id", "Its id.", func(b *backend) string { return b.id }),
			textOrNull("AzureRegion", "The region it lies in, where it says so.", func(b *backend) string { return b.region }),
			property("BackendType Type", "Whether it is a single backend or a pool.", func(_ *value.Thread, b *backend) value.Value {
				n := int64(0)
				if b.pool {
					n = 1
				}
				return value.Enum(backendTypeDef.Type(), n)
			}),
		}},
	}
}
