package sim

import (
	"github.com/spillway-gateway/spillway/internal/openai"
)

// Dates of models and deployments in the lists; nothing depends on them.
const (
	listedAt     = 1_730_419_200 // 1 November 2024
	retirementAt = 1_807_747_200 // 15 April 2027
)

// list answers the lists of models and deployments. Models are those that the
// region could deploy, whatever it has deployed.
func (c *call) list() *reply {
	var one any
	var all []any
	switch c.target.op {
	case opModels, opModel:
		for _, m := range models {
			entry := c.listedModel(m)
			all = append(all, entry)
			if m.name == c.target.id || m.served == c.target.id {
				one = entry
			}
		}
	default:
		for _, d := range c.r.order {
			entry := listedDeployment(d)
			all = append(all, entry)
			if d.Name == c.target.id {
				one = entry
			}
		}
	}
	rep := &reply{status: 200, kind: "application/json"}
	switch {
	case c.target.id == "":
		rep.body = openai.Encode(map[string]any{"data": all, "object": "list"})
	case one != nil:
		rep.body = openai.Encode(one)
	case c.target.op == opDeployment:
		return refusal(openai.DeploymentNotFound())
	default:
		return refusal(openai.ResourceNotFound())
	}
	return rep
}

func (c *call) listedModel(m model) any {
	if c.target.v1 {
		return map[string]any{"id": m.name, "object": "model", "created": listedAt, "owned_by": "openai"}
	}
	return map[string]any{
		"id": m.name, "object": "model", "status": "succeeded", "created_at": listedAt, "updated_at": listedAt,
		"capabilities": map[string]bool{
			"fine_tune": false, "inference": true, "completion": m.completes,
			"chat_completion": !m.embedding && m.name != "gpt-35-turbo-instruct", "embeddings": m.embedding,
		},
		"lifecycle_status": "generally-available",
		"deprecation":      map[string]int{"inference": retirementAt},
	}
}

func listedDeployment(d *deployment) any {
	return map[string]any{
		"id": d.Name, "object": "deployment", "model": d.model.name, "status": "succeeded",
		"scale_settings": map[string]string{"scale_type": "standard"}, "owner": "organization-owner",
		"created_at": listedAt, "updated_at": listedAt,
	}
}
