package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// chargeRequest asks for a charge or a preauthorization. Some published schemas capitalise two members.
type chargeRequest struct {
	Token        string `json:"token"`
	FullResponse shape  `json:"fullResponse"`
	order
	CapitalContact kept[contact] `json:"ContactDetails"`
	CapitalCitMit  string        `json:"CitMit"`
}

// paid is the answer to everything that has a ticket.
type paid struct {
	Details      any    `json:"details,omitzero"`
	Ticket       string `json:"ticketNumber"`
	Reference    string `json:"transactionReference,omitzero"`
	External     string `json:"externalReferenceId,omitzero"`
	Subscription string `json:"subscriptionId,omitzero"`
}

// charge answers POST /card/v1/charges.
func (c *call) charge() (gateway.Answer, error) { return c.authorizeToken(pasarela.KindSale) }

// preauthorize answers POST /card/v1/preAuthorization.
func (c *call) preauthorize() (gateway.Answer, error) {
	return c.authorizeToken(pasarela.KindAuthorization)
}

func (c *call) authorizeToken(kind pasarela.PaymentKind) (gateway.Answer, error) {
	var r chargeRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	total, err := c.chargeTotal(&r)
	if err != nil {
		return gateway.Answer{}, err
	}
	stored, err := c.store(&r.order)
	if err != nil {
		return gateway.Answer{}, err
	}
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	answer := func(p pasarela.Payment) gateway.Answer { return c.paymentAnswer(p, &r.order) }
	p, err := c.gateway.Authorize(c.request.Context(), c.merchant, gateway.AuthorizeRequest{
		Kind: kind, Token: pasarela.TokenID(r.Token), Amount: total, Deferred: r.installments() > 1, Dialect: dialect, Order: stored,
		Remember: remember, Answer: answer, Refused: c.refuse,
	})
	if err != nil {
		return gateway.Answer{}, c.refuseDetailed(err, transaction{kind: c.kind(&r.order), order: &r.order,
			requested: total, approved: total, created: c.now()})
	}
	return answer(p), nil
}

// chargeTotal checks the request and adds its amount up.
func (c *call) chargeTotal(r *chargeRequest) (pasarela.Money, error) {
	c.shape = r.FullResponse
	if r.Contact.IsZero() {
		r.Contact = r.CapitalContact
	}
	if r.CitMit == "" {
		r.CitMit = r.CapitalCitMit
	}
	if r.Token == "" || len(r.Token) > 64 {
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "token: send the token as it was given")
	}
	return c.orderTotal(&r.order)
}

// orderTotal checks an order that needs an amount above zero, and settles it.
func (c *call) orderTotal(o *order) (pasarela.Money, error) {
	if o.Amount == nil {
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "amount is missing")
	}
	if err := o.check(); err != nil {
		return pasarela.Money{}, err
	}
	settled, total, err := o.Amount.settle(c.merchant)
	if err != nil {
		return pasarela.Money{}, err
	}
	if total.Minor == 0 {
		return pasarela.Money{}, errZeroAmount
	}
	o.Amount.amount, o.Amount.Capital = settled, nil
	return total, nil
}

// kind is the transactionType of a payment.
func (c *call) kind(o *order) string {
	if c.product.transactionType == "SALE" && o.installments() > 1 {
		return "DEFERRED"
	}
	return c.product.transactionType
}

// paymentAnswer renders an authorization or a sale, approved or not.
func (c *call) paymentAnswer(p pasarela.Payment, o *order) gateway.Answer {
	t := ofPayment(c.kind(o), p, o)
	if p.State != pasarela.StateAuthorized && p.State != pasarela.StateCaptured {
		return c.declineAnswer(t, declineOf(p.ResponseCode))
	}
	return encode(http.StatusCreated, paid{Details: c.details(t), Ticket: string(p.Ticket), Reference: string(p.ID)})
}
