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
	request := gateway.AuthorizeRequest{Kind: kind, Token: pasarela.TokenID(r.Token)}
	if request.Remember, err = c.remember(everyOutcome); err != nil {
		return gateway.Answer{}, err
	}
	asked := transaction{kind: c.kind(&r.order), order: &r.order, requested: total, approved: total, created: c.now()}
	var facts *pasarela.CardFacts
	if r.installments() > 1 || r.OriginalID != "" || request.Remember.Name != "" {
		if facts, err = c.factsOf(request.Token); err != nil {
			return gateway.Answer{}, err
		}
	}
	if err := c.agree(&request, &r.order, facts, total); err != nil {
		return gateway.Answer{}, err
	}
	if facts != nil {
		asked.known = *facts
	}
	return c.authorize(request, &asked)
}

// factsOf is what is known of a token's card; nil where the token is unknown.
func (c *call) factsOf(id pasarela.TokenID) (*pasarela.CardFacts, error) {
	t, err := c.gateway.Store.Token(c.request.Context(), c.merchant.ID, id)
	switch {
	case err == nil:
		return &t.Facts, nil
	case pasarela.CodeOf(err) == pasarela.CodeNotFound:
		return nil, nil
	default:
		return nil, err
	}
}

// authorize asks the gateway, and renders what came of it.
func (c *call) authorize(request gateway.AuthorizeRequest, asked *transaction) (gateway.Answer, error) {
	refused := c.refusing(asked)
	if request.Answer == nil {
		request.Answer = func(p pasarela.Payment) gateway.Answer { return c.paymentAnswer(p, asked.order) }
	}
	request.Refused = func(err error) gateway.Answer { return c.refuse(refused(err)) }
	p, err := c.gateway.Authorize(c.request.Context(), c.merchant, request)
	if err != nil {
		c.know(asked, request.Token)
		return gateway.Answer{}, refused(err)
	}
	return request.Answer(p), nil
}

// know finds out about a token's card what some refusals tell. Not in a unit of work: it reads.
func (c *call) know(asked *transaction, id pasarela.TokenID) {
	if asked.known.BIN != "" || id == "" {
		return
	}
	if facts, err := c.factsOf(id); err == nil && facts != nil {
		asked.known = *facts
	}
}

// refusing renders refusals, once for each reason, so that what is remembered is what was answered.
func (c *call) refusing(asked *transaction) func(error) error {
	var rendered error
	return func(err error) error {
		if rendered == nil || pasarela.CodeOf(rendered) != pasarela.CodeOf(err) {
			rendered = c.refuseDetailed(err, *asked.told(c.product.refusalOf(err)))
		}
		return rendered
	}
}

// told is the transaction as a refusal tells of it: of the card only where a security rule refused it. Of a token
// that has served nothing is told.
func (t transaction) told(row *refusal) *transaction {
	if row == errInsecure {
		t.facts = t.known
	}
	t.unsent = true
	return &t
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
	c.echo(o)
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

// echo has refusals name the merchant's own reference from now on. One that looks like a card number is refused by
// itself later.
func (c *call) echo(o *order) {
	if o.ExternalRef == string(c.Mask([]byte(o.ExternalRef))) {
		c.external = o.ExternalRef
	}
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
