package builtin

import (
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy"
)

// maxEvent is how long an event may be; what is beyond is cut (documented).
const maxEvent = 200 << 10

func logToEventHub(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "log-to-eventhub",
			Doc:  "Writes a text to a logger of the service; here, to the gateway's log.",
			Attributes: []policy.Attribute{
				{Name: "logger-id", Required: true, Doc: "The logger's name."},
				{Name: "partition-id", Doc: "The partition that the event goes to."},
				{Name: "partition-key", Expression: true, Doc: "What the partition is chosen by."},
			},
			Text: &policy.Attribute{Expression: true, Doc: "The event."},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			if e.Has("partition-id") && e.Has("partition-key") {
				e.ProblemAt("partition-key", "wrong-value", "log-to-eventhub takes partition-id or partition-key, not both")
				return nil
			}
			step := &eventStep{s.Events, apim.Tail(e.Literal("logger-id")), e.Value("partition-id"), e.Text()}
			if e.Has("partition-key") {
				step.partition = e.Value("partition-key")
			}
			if c := e.Contents(); c != nil && !e.Loose() && c.Logger(step.logger) == nil {
				e.ProblemAt("logger-id", "unknown-logger", "there is no logger %s", step.logger)
				return nil
			}
			return step
		},
	}
}

type eventStep struct {
	events          Events
	logger          string
	partition, text *policy.Value
}

// Run hands the event over and waits for nothing. Secret named values are hidden:
// unlike an Event Hub, a log is read by many.
func (s *eventStep) Run(r *policy.Run) error {
	partition, err := s.partition.String(r)
	if err != nil {
		return err
	}
	text, err := s.text.String(r)
	if err != nil {
		return err
	}
	if len(text) > maxEvent {
		n := maxEvent
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n]
	}
	if s.events != nil {
		s.events.Write(s.logger, r.Masked(partition), r.Masked(text))
	}
	r.Trace("Event was handed to the logger '" + s.logger + "'.")
	return nil
}
