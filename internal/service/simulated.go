package service

import (
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/sim"
)

// Simulated is a region of spillway.yaml in the simulator's words.
func Simulated(r settings.Region) sim.Config {
	c := sim.Config{Name: r.Name, Profile: sim.Fast()}
	if r.Profile == "realistic" {
		c.Profile = sim.Realistic()
	}
	if r.Quota == "observed" {
		c.Quota = sim.Observed
	}
	if r.Throttle != "deployment" {
		c.ThrottleText = sim.ThrottleText(r.Throttle)
	}
	for _, d := range r.Deployments {
		made := sim.Deployment{
			Name: d.Name, Model: d.Model, TPM: d.TPM, RPM: d.RPM, Provisioned: d.Provisioned, Spillover: d.Spillover,
		}
		if d.Filter != "usual" {
			made.Filter = sim.Filter(d.Filter)
		}
		c.Deployments = append(c.Deployments, made)
	}
	return c
}
