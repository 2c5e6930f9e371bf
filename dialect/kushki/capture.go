package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// followRequest asks for a capture, a void or a refund.
type followRequest struct {
	Ticket       wire.Text `json:"ticketNumber"`
	FullResponse shape     `json:"fullResponse"`
	order
}

// capture answers POST /card/v1/capture and POST /subscriptions/v1/card/{id}/capture.
func (c *call) capture() (gateway.Answer, error) {
	var r followRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	c.shape = r.FullResponse
	if !ticket(string(r.Ticket)) {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "ticketNumber: send 10 to 18 digits")
	}
	if c.ofSubscription() && r.Amount == nil {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "amount is missing: send what is to be captured")
	}
	hold, err := c.ownTicket(pasarela.Ticket(r.Ticket))
	if err != nil {
		return gateway.Answer{}, err
	}
	request, err := c.follow(&r, pasarela.Ticket(r.Ticket), everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	if err := c.withinHold(hold, request.Amount, &r); err != nil {
		return gateway.Answer{}, err
	}
	request.Answer = func(p pasarela.Payment, o pasarela.Operation) gateway.Answer { return c.captureAnswer(p, o, &r) }
	p, o, err := c.gateway.Capture(c.request.Context(), c.merchant, request)
	if err != nil {
		if p.ID == "" {
			return gateway.Answer{}, err
		}
		return gateway.Answer{}, c.refuseDetailed(err, c.ofCapture(p, o, &r))
	}
	return request.Answer(p, o), nil
}

// follow checks what captures, voids and refunds have in common, and settles the amount if there is one.
func (c *call) follow(r *followRequest, t pasarela.Ticket, only bool) (request gateway.OperationRequest, err error) {
	request.Ticket = t
	if err := r.check(); err != nil {
		return request, err
	}
	c.echo(&r.order)
	if r.Amount != nil {
		settled, total, err := r.Amount.settle(c.merchant)
		if err != nil {
			return request, c.currencyRefusal(err)
		}
		r.Amount.amount, r.Amount.Capital, request.Amount = settled, nil, &total
	}
	if request.Order, err = c.store(&r.order); err != nil {
		return request, err
	}
	request.Remember, err = c.remember(only)
	return request, err
}

// currencyRefusal gives captures their own code for a currency that this API does not have.
func (c *call) currencyRefusal(err error) error {
	if c.product.transactionType != "CAPTURE" || pasarela.CodeOf(err) != pasarela.CodeCurrencyNotAllowed {
		return err
	}
	return c.refuseDetailed(errCurrencyType, transaction{kind: c.product.transactionType, created: c.now()})
}

// ofSubscription says whether what is asked is below a stored card's path.
func (c *call) ofSubscription() bool { return c.request.PathValue("subscription") != "" }

// ownTicket finds what a capture below a subscription's path is of: a payment of that subscription. A ticket of anything
// else is unknown there, as one of nobody's is. For the card's own path it is the zero payment.
func (c *call) ownTicket(t pasarela.Ticket) (pasarela.Payment, error) {
	if !c.ofSubscription() {
		return pasarela.Payment{}, nil
	}
	s, err := c.subscription(c.request.PathValue("subscription"))
	if err != nil {
		return pasarela.Payment{}, err
	}
	p, err := c.find(t)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound || err == nil && p.Subscription != s.ID {
		return pasarela.Payment{}, errNotFound
	}
	return p, err
}

// withinHold refuses a capture below a subscription's path of more than was authorized: its page knows no tenth
// above it, as that of the card's capture does.
func (c *call) withinHold(hold pasarela.Payment, amount *pasarela.Money, r *followRequest) error {
	if hold.ID == "" || amount == nil || amount.Currency != hold.Amount.Currency || amount.Minor <= hold.Amount.Minor {
		return nil
	}
	err := pasarela.Errorf(pasarela.CodeCaptureAmount, "capture must be at most %s", hold.Amount)
	return c.refuseDetailed(err, c.ofCapture(hold, pasarela.Operation{Amount: *amount, CreatedAt: c.now()}, r))
}

// find looks a payment up by its own ticket or by that of an operation on it.
func (c *call) find(t pasarela.Ticket) (pasarela.Payment, error) {
	return c.gateway.PaymentByTicket(c.request.Context(), c.merchant.ID, t)
}

// ticket says whether s can be a ticket number.
func ticket(s string) bool { return len(s) >= 10 && len(s) <= 18 && digits(s) }

// ofCapture keeps the authorization's reference, as the API does. Below a subscription's path it is told of as a sale by
// the stored card is, and what was requested is the capture; the card's page tells what was held.
func (c *call) ofCapture(p pasarela.Payment, o pasarela.Operation, r *followRequest) transaction {
	shown := r.order
	if shown.Amount == nil {
		shown.Amount = c.orderOf(p).Amount
	}
	t := captureOf(p, o, &shown)
	if c.ofSubscription() {
		t.likeSale, t.requested = true, o.Amount
	}
	return t
}

// captureOf is a capture that tells of its order.
func captureOf(p pasarela.Payment, o pasarela.Operation, shown *order) transaction {
	return transaction{kind: "CAPTURE", status: statusApproved, facts: p.Facts, order: shown, requested: p.Amount,
		approved: o.Amount, reference: string(p.ID), trace: o.Trace, approval: first(o.ApprovalCode, p.ApprovalCode),
		iso: o.ResponseCode, created: o.CreatedAt, ticket: o.Ticket, preauth: p.ID, token: p.Token, subscription: p.Subscription}
}

func (c *call) captureAnswer(p pasarela.Payment, o pasarela.Operation, r *followRequest) gateway.Answer {
	t := c.ofCapture(p, o, r)
	if o.State != pasarela.OpApproved {
		t.processorError = processorError
		return c.declineAnswer(t, followUpDecline(o.ResponseCode))
	}
	return encode(http.StatusCreated, paid{Details: c.details(t), Ticket: string(o.Ticket), Reference: t.reference, External: r.ExternalRef})
}

// first is the first of two that is not empty.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
