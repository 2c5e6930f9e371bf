package gateway

import (
	"pasarela"
	"pasarela/cde/vault"
)

// takeCard seals a card that came with the payment itself, for that payment alone.
func (g *Gateway) takeCard(m pasarela.Merchant, id pasarela.PaymentID, r AuthorizeRequest) (vault.Sealing, error) {
	if r.Card == nil {
		return vault.Sealing{}, nil
	}
	if r.NeedsCVV && r.Card.CVV.IsZero() {
		return vault.Sealing{}, pasarela.Errorf(pasarela.CodeCVVRequired, "card came without its CVV")
	}
	return g.Vault.Seal(m.ID, "payment/"+string(id), *r.Card)
}

// proveCard finds the proof of a card that came with the payment itself: only the merchant's own can be there,
// as nobody can be asked any more. It returns CodeAuthenticationRequired where one is demanded and none came.
func (g *Gateway) proveCard(m pasarela.Merchant, r AuthorizeRequest, facts pasarela.CardFacts) (pasarela.Secure, error) {
	switch {
	case r.Own != nil:
		return r.Own.Secure, r.Own.Check(facts.Brand)
	case r.Terms.Recurrence == pasarela.RecurrenceSubsequent || r.Terms.NetworkToken || !m.Demands(r.Amount, facts.Country):
		return pasarela.Secure{}, nil
	case m.ThreeDS == pasarela.ThreeDSAlways || g.Authenticator.Enrolled(r.Card.Number):
		return pasarela.Secure{}, pasarela.Errorf(pasarela.CodeAuthenticationRequired, "cardholder was not authenticated: send threeDomainSecure")
	default:
		return pasarela.Secure{}, nil
	}
}
