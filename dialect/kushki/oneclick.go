package kushki

import (
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Subscriptions in Chile whose card the buyer inscribes on a page of the gateway (Webpay OneClick): the same page as that
// of redirect payments (async.go).
//
//	oneclick.go       a browser asks for a token, the merchant's server begins the subscription with it
//	oneclick_page.go  what the page does for a subscription
//	oneclick_hold.go  holds on inscribed cards, and their capture
//
// Once its card is inscribed a subscription is one like any other (subscription.go).

// inscriptionTokenRequest asks for the token of a subscription. The card's number may come along, and serves for nothing:
// the buyer types it on the page.
type inscriptionTokenRequest struct {
	Currency    string       `json:"currency"`
	Email       string       `json:"email"`
	CallbackURL string       `json:"callbackUrl"`
	Number      vault.Number `json:"cardNumber"`
}

// inscriptionToken answers POST /subscriptions/v1/card-async/tokens.
func (c *call) inscriptionToken() (gateway.Answer, error) {
	if err := c.inChile(); err != nil {
		return gateway.Answer{}, err
	}
	var r inscriptionTokenRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	vault.Card{Number: r.Number}.Wipe()
	currency, err := c.checkInscription(&r)
	if err != nil {
		return gateway.Answer{}, err
	}
	c.maskText(&r.Email)
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	answer := func(d pasarela.Redirect) gateway.Answer {
		return encode(http.StatusCreated, tokenCreated{Token: string(d.ID)})
	}
	d, err := c.gateway.RequestRedirect(c.request.Context(), c.merchant,
		pasarela.Redirect{Kind: pasarela.KindInscription, Total: pasarela.Money{Currency: currency}, Email: r.Email, ReturnURL: r.CallbackURL},
		gateway.RedirectAnswer{Remember: remember, Answer: answer})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(d), nil
}

func (c *call) checkInscription(r *inscriptionTokenRequest) (pasarela.Currency, error) {
	if err := asyncCurrency(r.Currency); err != nil {
		return "", err
	}
	if r.CallbackURL == "" || r.Email == "" {
		return "", pasarela.Errorf(pasarela.CodeInvalid, "email, callbackUrl: both are required")
	}
	if err := c.checkCallback(r.CallbackURL); err != nil {
		return "", err
	}
	if err := checkEmail(r.Email); err != nil {
		return "", err
	}
	return currencyOf(r.Currency, c.merchant)
}

// inscriptionBegun is the answer to a subscription that was begun.
type inscriptionBegun struct {
	RedirectURL  string                   `json:"redirectUrl"`
	Subscription string                   `json:"subscriptionId"`
	Details      *inscriptionBegunDetails `json:"details,omitzero"`
}

type inscriptionBegunDetails struct {
	MerchantName string               `json:"merchantName"`
	Amount       *amount              `json:"amount"`
	Created      int64                `json:"created"` // seconds
	Email        string               `json:"email,omitzero"`
	FirstName    string               `json:"firstName,omitzero"`
	LastName     string               `json:"lastName,omitzero"`
	MerchantID   string               `json:"merchantId"`
	Periodicity  pasarela.Periodicity `json:"periodicity"`
	PlanName     string               `json:"planName"`
	Status       string               `json:"status"`
	TotalAmount  wire.Amount          `json:"totalAmount"`
}

// beginInscription answers POST /subscriptions/v1/card-async/init.
func (c *call) beginInscription() (gateway.Answer, error) {
	if err := c.inChile(); err != nil {
		return gateway.Answer{}, err
	}
	var r subscribeRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	c.shape = r.FullResponse
	total, err := c.inscriptionTotal(&r)
	if err != nil {
		return gateway.Answer{}, err
	}
	stored, err := c.storePlan(&r)
	if err != nil {
		return gateway.Answer{}, err
	}
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	var who contact
	if err := json.Unmarshal(r.Contact.raw, &who); err != nil {
		return gateway.Answer{}, pasarela.Wrap(pasarela.CodeInternal, err, "contact cannot be read")
	}
	answer := func(s pasarela.Subscription, _ gateway.Verification) gateway.Answer {
		return c.inscriptionBegunAnswer(s, r.Amount.amount, who)
	}
	s, err := c.gateway.BeginInscription(c.request.Context(), c.merchant, gateway.SubscribeRequest{
		Token: r.CardAsync, Plan: r.Plan, Periodicity: r.Periodicity, Amount: total, StartDate: r.StartDate, EndDate: r.EndDate,
		Retry: r.Retry.rule(), Dialect: dialect, Order: stored, Remember: remember, Answer: answer,
	})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(s, gateway.Verification{}), nil
}

// inscriptionTotal is planTotal of a request whose token says in which currency, and where the buyer comes back to.
func (c *call) inscriptionTotal(r *subscribeRequest) (pasarela.Money, error) {
	d, unknown := c.inscriptionOf(r.Token)
	if unknown == nil && r.Amount != nil && r.Amount.Currency == "" {
		r.Amount.Currency = currencyName(d.Total.Currency)
	}
	total, err := c.planTotal(r)
	if err == nil {
		err = unknown
	}
	r.CardAsync, r.CallbackURL = d.ID, d.ReturnURL
	return total, err
}

// inscriptionOf finds what a token was requested for, which must be an inscription.
func (c *call) inscriptionOf(token string) (pasarela.Redirect, error) {
	if !asyncTokenID(token) {
		return pasarela.Redirect{}, pasarela.Errorf(pasarela.CodeNotFound, "token: send the 32 letters and digits as they were given")
	}
	d, _, err := c.gateway.Redirect(c.request.Context(), c.merchant.ID, pasarela.TokenID(token))
	if err == nil && d.Kind != pasarela.KindInscription {
		err = pasarela.Errorf(pasarela.CodeNotFound, "token was requested for a payment")
	}
	return d, err
}

func (c *call) inscriptionBegunAnswer(s pasarela.Subscription, a amount, who contact) gateway.Answer {
	begun := inscriptionBegun{RedirectURL: c.inscriptionURL(c.merchant, s.ID), Subscription: string(s.ID)}
	if c.shape == v2 {
		begun.Details = &inscriptionBegunDetails{MerchantName: c.merchant.Name, Amount: &a, Created: s.CreatedAt.Unix(),
			Email: who.Email, FirstName: who.FirstName, LastName: who.LastName, MerchantID: string(c.merchant.ID),
			Periodicity: s.Periodicity, PlanName: s.Plan, Status: inscriptionStatus[s.State], TotalAmount: wire.Amount(s.Amount)}
	}
	return encode(http.StatusCreated, begun)
}

// inscriptionPath is the page on which the buyer inscribes the card, and to which the issuer's page comes back.
const inscriptionPath = "/subscriptions/v1/card-async/agent/"

// inscriptionURL is the page's address. It names the merchant too, without whom nothing can be looked up.
func (h *Handler) inscriptionURL(m pasarela.Merchant, s pasarela.SubscriptionID) string {
	mid := url.QueryEscape(string(m.ID))
	return h.PublicURL() + inscriptionPath + "?token=" + string(s) + mid + "&mid=" + mid
}

// holdFor is how long the hold of a subscription's payment lasts, zero for as long as its kind of card has: one on an
// inscribed card, or on one that was stored for later captures, has seven calendar days, whatever the card.
func (p plan) holdFor() time.Duration {
	if p.CardAsync == "" && p.ProcessorType == "" {
		return 0
	}
	return asyncHold
}
