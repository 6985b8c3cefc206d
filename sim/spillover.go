package sim

import (
	"strconv"
	"strings"
	"sync"
)

// spill lets another deployment of the region answer what a provisioned one could
// not, and says so: the deployment that its Spillover names, else the one that the
// request does. If that one fails as well, the first answer stands.
func (c *call) spill(first *reply, body []byte) *reply {
	from := c.dep
	if from == nil || !from.Provisioned || !spills(first) {
		return first
	}
	to := from.Spillover
	if to == "" {
		to = c.req.get("x-ms-spillover-deployment")
	}
	if to == "" {
		return first
	}
	c.settle()
	tried := call{
		r: c.r, req: c.req, target: c.target, fault: c.r.Fault(), rec: c.rec, rng: c.rng, began: c.began, id: c.id,
		dep: c.r.deployments[to], spilled: true,
	}
	tried.target.deployment = to
	second := tried.work(body)
	if second.status != 200 {
		tried.settle()
		c.r.log.deployment(c.rec, from.Name)
		first.header = append(first.header, Field{"x-ms-spillover-error", strconv.Itoa(second.status)})
		return first
	}
	// The answer is the other deployment's from here on.
	c.dep, c.target, c.fault, c.spilled = tried.dep, tried.target, tried.fault, true
	c.stand, c.charged, c.cost, c.settled = tried.stand, tried.charged, tried.cost, sync.Once{}
	second.header = append(second.header, Field{"x-ms-spillover-from-deployment", from.Name})
	return second
}

// spills reports whether an answer is one that goes on to another deployment.
func spills(rep *reply) bool {
	switch rep.status {
	case 429, 500, 503:
		return true
	case 400:
		return strings.Contains(string(rep.body), `"context_length_exceeded"`)
	}
	return false
}
