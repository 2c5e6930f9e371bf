package kushki

import (
	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// tokenlessRequest is a card and what to do with it in one.
type tokenlessRequest struct {
	Card         *cardRequest `json:"card"`
	FullResponse shape        `json:"fullResponse"`
	IsDeferred   flag         `json:"isDeferred"`
	order
	CapitalContact kept[contact] `json:"ContactDetails"`
	CapitalCitMit  string        `json:"CitMit"`
}

// chargeCard answers POST /card/v2/charges.
func (c *call) chargeCard() (gateway.Answer, error) { return c.authorizeCard(pasarela.KindSale) }

// preauthorizeCard answers POST /card/v2/preAuthorization.
func (c *call) preauthorizeCard() (gateway.Answer, error) {
	return c.authorizeCard(pasarela.KindAuthorization)
}

func (c *call) authorizeCard(kind pasarela.PaymentKind) (gateway.Answer, error) {
	var r tokenlessRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	whole := tokenRequest{Card: r.Card, TransactionMode: r.TransactionMode, IsNetworkToken: bool(r.IsNetworkToken), NetworkToken: r.NetworkToken}
	defer whole.wipe()
	if err := c.checkToken(&whole); err != nil {
		return gateway.Answer{}, err
	}
	r.settle()
	c.shape = r.FullResponse
	total, err := c.orderTotal(&r.order)
	if err != nil {
		return gateway.Answer{}, err
	}
	if r.IsDeferred && r.installments() < fewestMonths {
		return gateway.Answer{}, errDeferred
	}
	facts, err := c.take(&r)
	if err != nil {
		return gateway.Answer{}, err
	}
	return c.authorizeTaken(kind, &r, facts, total)
}

// settle takes the members that some published schemas capitalise.
func (r *tokenlessRequest) settle() {
	if r.Contact.IsZero() {
		r.Contact = r.CapitalContact
	}
	if r.CitMit == "" {
		r.CitMit = r.CapitalCitMit
	}
}

// take looks at what the number tells: only Visa and Mastercard are taken without a token.
func (c *call) take(r *tokenlessRequest) (*pasarela.CardFacts, error) {
	p := c.Profile(r.Card.Number)
	if p.Brand != pasarela.BrandVisa && p.Brand != pasarela.BrandMastercard {
		return nil, errScheme
	}
	return &pasarela.CardFacts{Brand: p.Brand, Type: p.Type, Bank: p.Bank, Country: p.Country}, nil
}

func (c *call) authorizeTaken(kind pasarela.PaymentKind, r *tokenlessRequest, facts *pasarela.CardFacts, total pasarela.Money) (gateway.Answer, error) {
	expiry, err := expiryOf(r.Card)
	if err != nil {
		return gateway.Answer{}, err
	}
	c.maskText(&r.Card.Name)
	request := gateway.AuthorizeRequest{Kind: kind, NeedsCVV: r.needsCVV(),
		Card: &vault.Card{Number: r.Card.Number, CVV: r.Card.CVV.CVV, Holder: r.Card.Name, Expiry: expiry}}
	if request.Terms.NetworkToken = bool(r.IsNetworkToken); r.IsNetworkToken {
		request.Card.Cryptogram = r.Card.Cryptogram
	}
	if request.Remember, err = c.remember(everyOutcome); err != nil {
		return gateway.Answer{}, err
	}
	if err := c.agree(&request, &r.order, facts, total); err != nil {
		return gateway.Answer{}, err
	}
	return c.authorize(request, &transaction{kind: c.kind(&r.order), order: &r.order, requested: total, approved: total, created: c.now()})
}

// needsCVV says whether the card has to come with its CVV: not where a series goes on, kept by an engine of the
// merchant's or by the scheme's id of its first payment.
func (r *tokenlessRequest) needsCVV() bool {
	goesOn := r.ExternalSub != "" && r.OriginalID != ""
	return r.TransactionMode != modes[2] && !goesOn
}
