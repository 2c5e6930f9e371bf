package acquirer

import (
	"context"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
)

// Send sends one message and waits for its answer until ctx ends, which is the only limit on the wait: give
// it a deadline. It waits briefly for a link that is down. A message that is under way already, with the
// same trace, is not sent a second time beside it.
func (c *Client) Send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	began := time.Now()
	answer := c.send(ctx, r)
	if hook := c.cfg.Observer.RoundTrip; hook != nil {
		hook(r.Message, answer.Outcome, time.Since(began))
	}
	return answer
}

// unsendable is what comes of a message that cannot be made, whatever the link does.
var unsendable = pasarela.NetworkAnswer{Outcome: pasarela.OutcomeNotSent, ResponseCode: pasarela.ResponseUnsendable}

func (c *Client) send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	m, err := c.compose(r)
	if err != nil {
		c.cfg.Log.Error("message to the acquirer can't be composed: not sent", "message", r.Message,
			"reference", r.Reference, "error", err)
		return unsendable
	}
	packed, err := m.Pack()
	m.Wipe()
	if err != nil {
		c.cfg.Log.Error("message to the acquirer can't be written: not sent", "message", r.Message,
			"reference", r.Reference, "error", err)
		return unsendable
	}
	l := c.linkFor(ctx)
	if l == nil {
		return c.unsent(r.Message)
	}
	p := newPending(r.Trace, m.MTI, packed)
	switch r.Message {
	case pasarela.MessageAuthorize, pasarela.MessageSale, pasarela.MessageCapture, pasarela.MessageReauthorize:
		p.late = pasarela.LateApproval{Message: r.Message, Merchant: r.Merchant, Reference: r.Reference,
			Operation: r.Operation, Trace: r.Trace}
	}
	answer, ok := l.exchange(ctx, p)
	switch {
	case ok:
		return outcome(r.Message, answer)
	case !p.withdraw():
		return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
	case l.broken():
		return c.unsent(r.Message)
	default:
		return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeNotSent}
	}
}

func (c *Client) unsent(message pasarela.Message) pasarela.NetworkAnswer {
	if c.cfg.OnUnsent != nil {
		c.cfg.OnUnsent(message)
	}
	return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeNotSent}
}

func newPending(trace pasarela.Trace, mti string, packed []byte) *pending {
	return &pending{trace: trace, expect: iso.AnswerTo(mti), frame: packed, answer: make(chan iso.Message, 1)}
}
