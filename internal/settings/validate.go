package settings

// Validate says what a validation measures the service by.
type Validate struct {
	Shares []Share `yaml:"shares" doc:"How the traffic is meant to spread when all regions are well. Without it a pool's priorities and weights say it, or all regions are meant to get the same."`
}

// Share is one region's part of the traffic.
type Share struct {
	Region string `yaml:"region" required:"true" doc:"The region's name."`
	Share  int    `yaml:"share" required:"true" min:"0" doc:"Its part in proportion to the others'; 0 for a spare, which is asked only when others fail."`
}
