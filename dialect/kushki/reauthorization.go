package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// reauthorization is the transactionType of what extends an authorization.
const reauthorization = "REAUTHORIZATION"

// reauthorize answers POST /card/v1/reauthorization: hold more, or with an amount of zero, or none, only longer.
func (c *call) reauthorize() (gateway.Answer, error) {
	var r followRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	c.shape = r.FullResponse
	named := pasarela.Ticket(r.Ticket)
	if !ticket(string(named)) {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "ticketNumber: send 10 to 18 digits")
	}
	request, err := c.follow(&r, named, everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	hold, err := c.held(named)
	if err != nil {
		return gateway.Answer{}, err
	}
	if request.Amount == nil {
		request.Amount = &pasarela.Money{Currency: hold.Amount.Currency}
	}
	request.Answer = func(p pasarela.Payment, o pasarela.Operation) gateway.Answer {
		return c.reauthorizationAnswer(p, o, &r)
	}
	p, o, err := c.gateway.Reauthorize(c.request.Context(), c.merchant, request)
	if err != nil {
		return gateway.Answer{}, err
	}
	return request.Answer(p, o), nil
}

// held finds the payment whose own ticket this is: captures and reauthorizations name the authorization, not what
// was done to it. It returns CodeNotFound and CodeWrongState.
func (c *call) held(t pasarela.Ticket) (pasarela.Payment, error) {
	p, err := c.find(t)
	if err == nil && p.Ticket != t {
		err = pasarela.Errorf(pasarela.CodeWrongState, "ticket is not that of an authorization")
	}
	return p, err
}

// operationOf is what has a reference and an amount of its own: a reauthorization, a void or a refund.
func operationOf(p pasarela.Payment, o pasarela.Operation, shown *order) transaction {
	return transaction{facts: p.Facts, order: shown, requested: o.Amount, approved: o.Amount, reference: string(o.ID),
		trace: o.Trace, approval: first(o.ApprovalCode, p.ApprovalCode), iso: o.ResponseCode, created: o.CreatedAt,
		subscription: p.Subscription}
}

func (c *call) reauthorizationAnswer(p pasarela.Payment, o pasarela.Operation, r *followRequest) gateway.Answer {
	shown := r.order
	if shown.Amount == nil {
		shown.Amount = &amountRequest{amount: wholeAmount(o.Amount)}
	}
	t := operationOf(p, o, &shown)
	t.kind, t.status = reauthorization, statusApproved
	if o.State != pasarela.OpApproved {
		t.processorError = processorError
		return c.declineAnswer(t, followUpDecline(o.ResponseCode))
	}
	return encode(http.StatusCreated, paid{Details: c.details(t), Ticket: string(o.Ticket), Reference: t.reference})
}
