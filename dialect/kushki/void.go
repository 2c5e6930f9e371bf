package kushki

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// void answers DELETE /v1/charges/{ticket}.
func (c *call) void() (gateway.Answer, error) {
	if !ticket(c.request.PathValue("ticket")) {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "path: a ticket number has 10 to 18 digits")
	}
	return c.giveBack()
}

// refund answers DELETE /v1/refund/{ticket}.
func (c *call) refund() (gateway.Answer, error) {
	if !ticket(c.request.PathValue("ticket")) {
		return gateway.Answer{}, errTicket
	}
	return c.giveBack()
}

// giveBack cancels or refunds, whichever the payment and the hour allow.
func (c *call) giveBack() (gateway.Answer, error) {
	var r followRequest
	if len(c.body) > 0 { // a DELETE may have none
		if err := wire.Decode(c.body, &r); err != nil {
			return gateway.Answer{}, err
		}
	}
	c.shape = r.FullResponse
	request, err := c.follow(&r, c.named(), onlySuccess)
	if err != nil {
		return gateway.Answer{}, err
	}
	p, err := c.find(request.Ticket)
	if err == nil {
		err = c.releasable(p)
	}
	if err != nil {
		return gateway.Answer{}, err
	}
	verb, kind, err := c.verb(p, &request)
	if err != nil {
		return gateway.Answer{}, err
	}
	if request.Order, err = storeGiveBack(giveBackOrder{&r.order, kind, request.Ticket}); err != nil {
		return gateway.Answer{}, err
	}
	request.Answer = func(p pasarela.Payment, o pasarela.Operation) gateway.Answer { return c.giveBackAnswer(p, o, &r, kind) }
	p, o, err := verb(c.request.Context(), c.merchant, request)
	if err != nil {
		return gateway.Answer{}, err
	}
	return request.Answer(p, o), nil
}

// Values of transactionType that give back.
const (
	typeVoid   = "VOID"
	typeRefund = "REFUND"
)

// giveBackOrder is what a void or a refund keeps of its request: beside the order, what it was called and by which ticket it
// was named, for the notification that says what became of it.
type giveBackOrder struct {
	*order
	Type  string          `json:"transactionType"`
	Named pasarela.Ticket `json:"saleTicketNumber"`
}

// storeGiveBack renders for the store what was masked before.
func storeGiveBack(o giveBackOrder) ([]byte, error) {
	stored, err := json.Marshal(o)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "order cannot be encoded")
	}
	return stored, nil
}

// named is the ticket by which the merchant named what to give back: that of a sale, of a hold or of its capture.
func (c *call) named() pasarela.Ticket { return pasarela.Ticket(c.request.PathValue("ticket")) }

// whole is what there is to give back by this ticket: what was captured, what is held, or what one
// reauthorization holds.
func (c *call) whole(p pasarela.Payment, t pasarela.Ticket) (minor int64, err error) {
	switch {
	case p.Captured > 0:
		return p.Captured, nil
	case p.State != pasarela.StateAuthorized || p.Ticket == t:
		return p.Held().Minor, nil
	}
	o, err := c.gateway.Store.OperationByTicket(c.request.Context(), c.merchant.ID, t)
	return o.Amount.Minor, err
}

// verb chooses how to give back: a hold is cancelled; captured money is cancelled as a whole within the
// country's window and refunded otherwise. A part of what could still be voided as a whole is a void on the wire.
func (c *call) verb(p pasarela.Payment, r *gateway.OperationRequest) (_ operate, kind string, err error) {
	taken, err := c.whole(p, r.Ticket)
	if err != nil {
		return nil, "", err
	}
	if r.Amount != nil {
		switch {
		case r.Amount.Minor == 0:
			return nil, "", errZeroAmount
		case r.Amount.Currency != p.Amount.Currency:
			return nil, "", pasarela.Errorf(pasarela.CodeCurrencyMismatch, "payment is in %s", p.Amount.Currency)
		case r.Amount.Minor > taken:
			return nil, "", pasarela.Errorf(pasarela.CodeVoidAmount, "amount is above that of the payment")
		case r.Amount.Minor < taken && c.merchant.Country == "EC":
			return nil, "", errNotAllowed
		}
	}
	whole := r.Amount == nil || r.Amount.Minor == taken
	window := c.product == &voids && c.inVoidWindow(p)
	if whole && p.Refunded == 0 && (p.State == pasarela.StateAuthorized || window) {
		r.Amount = nil
		return c.gateway.Void, typeVoid, nil
	}
	if window {
		return c.gateway.Refund, typeVoid, nil
	}
	return c.gateway.Refund, typeRefund, nil
}

// window is until when a country's merchants can void: on the same day before a time of day, and within a
// span where there is one.
type window struct {
	before time.Duration // since midnight
	within time.Duration
}

var voidWindows = map[string]window{
	"EC": {before: 21 * time.Hour},
	"CO": {before: 20*time.Hour + 59*time.Minute},
	"PE": {before: 20*time.Hour + 59*time.Minute},
	"MX": {before: 23 * time.Hour},
	"CL": {within: 3 * time.Hour},
}

// inVoidWindow looks at the local clock of the merchant's country.
func (c *call) inVoidWindow(p pasarela.Payment) bool {
	taken := p.CreatedAt
	if !p.CaptureTrace.SentAt.IsZero() {
		taken = p.CaptureTrace.SentAt
	}
	now, then := c.now().In(c.zone()), taken.In(c.zone())
	w := voidWindows[c.merchant.Country]
	if now.Format(time.DateOnly) != then.Format(time.DateOnly) {
		return false
	}
	hour, minute, second := now.Clock()
	sinceMidnight := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	return (w.before == 0 || sinceMidnight < w.before) && (w.within == 0 || now.Sub(then) <= w.within)
}

// giveBackAnswer renders a void or a refund. One that is still owed to the issuer is accepted all the same:
// it will be carried out.
func (c *call) giveBackAnswer(p pasarela.Payment, o pasarela.Operation, r *followRequest, kind string) gateway.Answer {
	shown := r.order
	if shown.Amount == nil {
		shown.Amount = &amountRequest{amount: wholeAmount(o.Amount)}
		if own := c.orderOf(p); o.Amount == p.Amount {
			shown.Amount = own.Amount
		}
	}
	t := operationOf(p, o, &shown)
	t.kind, t.status, t.saleTicket = kind, statusInitialized, c.named()
	if o.State == pasarela.OpDeclined {
		t.processorError = processorError
		return c.declineAnswer(t, followUpDecline(o.ResponseCode))
	}
	answer := paid{Details: c.details(t), Ticket: string(o.Ticket), Reference: t.reference}
	if c.product == &voids && c.shape == short {
		answer.Reference = "" // a short void has its ticket only
	}
	return encode(http.StatusCreated, answer)
}
