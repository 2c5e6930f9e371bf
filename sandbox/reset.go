package sandbox

import (
	"context"
	"net/http"
	"time"

	strict "github.com/go-json-experiment/json"

	"pasarela"
)

// resetDone is what a reset answers. NotReset says what belongs to another process, and how to reset it there.
type resetDone struct {
	Now      *time.Time `json:"now,omitempty"` // of the gateway; nil where it is elsewhere
	NotReset string     `json:"not_reset,omitempty"`
}

// What a process cannot reset.
const (
	acquirerElsewhere = "faults, the issuer's books and its test cards: the acquirer is a process of its own; " +
		"POST /sandbox/v1/reset to the --control address of `pasarela simulator` too"
	gatewayElsewhere = "the gateway, its clock and its inboxes: they are a process of their own; POST /sandbox/v1/reset there too"
)

// reset goes back to the beginning with all that this process has.
func (c *Controls) reset(r *http.Request) (any, error) {
	if raw, err := body(r); err != nil || len(raw) > 0 && strict.Unmarshal(raw, &struct{}{}, strict.RejectUnknownMembers(true)) != nil {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "body: send nothing, or {}")
	}
	steps := []func() error{c.resetNetwork, c.Cards.Reset, func() error { return c.cardsChanged(r.Context()) }}
	if c.Gateway != nil {
		ctx := context.WithoutCancel(r.Context())
		steps = append(steps, c.Inboxes.Reset, c.Clock.Reset, func() error { return c.Reset(ctx) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	var done resetDone
	if c.Gateway == nil {
		done.NotReset = gatewayElsewhere
		return done, nil
	}
	present := c.Clock.Now()
	done.Now = &present
	if c.Simulator == nil {
		done.NotReset = acquirerElsewhere
	}
	return done, nil
}
