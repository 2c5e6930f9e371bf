package gateway

import (
	"pasarela"
	"pasarela/cde/vault"
)

// takeCard seals a card that came with the payment itself, or a stored card's CVV, for that payment alone.
func (g *Gateway) takeCard(m pasarela.Merchant, id pasarela.PaymentID, r AuthorizeRequest) (vault.Sealing, error) {
	record := "payment/" + string(id)
	if r.Card == nil {
		cvv, err := g.Vault.SealCVV(m.ID, record, r.CVV)
		return vault.Sealing{CVV: cvv}, err
	}
	if r.NeedsCVV && r.Card.CVV.IsZero() {
		return vault.Sealing{}, pasarela.Errorf(pasarela.CodeCVVRequired, "card came without its CVV")
	}
	return g.Vault.Seal(m.ID, record, *r.Card)
}

// proveCard finds the proof of a card that came with the payment itself: only the merchant's own can be there,
// as nobody can be asked any more. It returns CodeAuthenticationRequired or CodeOTPRequired where one is demanded and
// none came.
func (g *Gateway) proveCard(m pasarela.Merchant, r AuthorizeRequest, facts pasarela.CardFacts) (pasarela.Secure, error) {
	switch {
	case r.Own != nil:
		return r.Own.Secure, r.Own.Check(facts.Brand)
	case exempt(m, r.Terms.Recurrence, r.Terms.NetworkToken, *r.Card):
		return pasarela.Secure{}, nil
	case m.Demands(r.Amount, facts.Country) && (m.ThreeDS == pasarela.ThreeDSAlways || g.Authenticator.Enrolled(r.Card.Number)):
		return pasarela.Secure{}, pasarela.Errorf(pasarela.CodeAuthenticationRequired, "cardholder was not authenticated: send threeDomainSecure")
	case m.OTP:
		return pasarela.Secure{}, pasarela.Errorf(pasarela.CodeOTPRequired, "a one-time password is demanded: take a token, or send threeDomainSecure")
	default:
		return pasarela.Secure{}, nil
	}
}
