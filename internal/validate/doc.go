// Package validate checks a load-balancing set-up step by step, by what can be
// observed of it: it asks questions as a client does and looks at what arrives
// at the regions. It knows URLs and nothing of the gateway's inside, so that the
// set-up of another gateway can be checked, too.
//
// Open finds out what there is: the API and its operations from the management
// API, the regions from the simulators' control or from the service's named
// values and backends. Run then takes one step:
//
//	1  deployed.go    the models are deployed in each region
//	2  operations.go  the API has its operations, and they answer
//	3  dynamic.go     backend and key change from request to request
//	4  spread.go      the traffic spreads as intended
//	5  retry.go       a failed region is made up for by the others
//	6  stream.go      streams are not held up
//	7  chat.go        the chat app goes through the gateway
//
// What a step cannot see it does not call a success: it is Not observed, and
// says what would have to be allowed. Steps that disturb simulated regions put
// them back as they were, also when they are interrupted.
package validate
