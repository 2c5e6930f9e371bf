package kushki

import (
	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// deviceTokenRequest asks for a token for one charge of a stored card, from the page or the telephone of its holder.
type deviceTokenRequest struct {
	CVV       givenCVV       `json:"cvv"`
	JWT       string         `json:"jwt"`
	Amount    *amountRequest `json:"amount"`
	Currency  string         `json:"currency"`
	SessionID string         `json:"sessionId"`
}

// deviceToken answers POST /subscriptions/v1/card/{id}/tokens.
func (c *call) deviceToken() (gateway.Answer, error) {
	var r deviceTokenRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	card := vault.Card{CVV: r.CVV.CVV}
	defer card.Wipe()
	s, err := c.subscription(c.request.PathValue("subscription"))
	if err != nil {
		return gateway.Answer{}, err
	}
	total, err := c.deviceTotal(s, &r)
	if err != nil {
		return gateway.Answer{}, err
	}
	asked := tokenRequest{JWT: r.JWT, SessionID: r.SessionID}
	details, err := c.tokenDetails(&asked)
	if err != nil {
		return gateway.Answer{}, err
	}
	challenge, err := c.challenge(&asked, total)
	if err != nil {
		return gateway.Answer{}, err
	}
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	if total.Minor == 0 {
		total = pasarela.Money{} // the charge will say
	}
	answer := c.tokenAnswer(r.JWT != "", "")
	t, a, err := c.gateway.Tokenize(c.request.Context(), c.merchant, gateway.TokenizeRequest{Use: pasarela.UseCharge,
		Subscription: s.ID, Card: card, Total: total, Details: details, Challenge: challenge, Remember: remember, Answer: answer})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(t, a), nil
}

// deviceTotal is what the token's charge will have to add up to; zero where the request does not say.
func (c *call) deviceTotal(s pasarela.Subscription, r *deviceTokenRequest) (pasarela.Money, error) {
	if r.Amount == nil {
		r.Amount = &amountRequest{amount: wholeAmount(pasarela.Money{Currency: s.Amount.Currency})}
		r.Amount.Currency = ""
	}
	if r.Amount.Currency == "" {
		r.Amount.Currency = r.Currency
	}
	_, total, err := c.settleFor(s, r.Amount)
	return total, err
}
