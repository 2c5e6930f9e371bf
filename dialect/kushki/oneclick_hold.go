package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// inscriptionHoldRequest asks for a hold on an inscribed card.
type inscriptionHoldRequest struct {
	Subscription string         `json:"subscriptionId"`
	Amount       *amountRequest `json:"amount"`
	Metadata     wire.Object    `json:"metadata"`
}

// preauthorizeInscribed answers POST /subscriptions/v1/card-async/preAuthorization. The buyer is not asked: what there is
// to open afterwards leads back to the merchant. Its token is that of the status call, which tells the ticket.
func (c *call) preauthorizeInscribed() (gateway.Answer, error) {
	if err := c.inChile(); err != nil {
		return gateway.Answer{}, err
	}
	var r inscriptionHoldRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	if !subscriptionID(r.Subscription) {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "subscriptionId: send the 16 digits as they were given")
	}
	told, err := c.inscribedCard(pasarela.SubscriptionID(r.Subscription))
	if err != nil {
		return gateway.Answer{}, err
	}
	total, err := c.inscribedAmount(r.Amount, told.Total.Currency)
	if err != nil {
		return gateway.Answer{}, err
	}
	stored, err := c.storeAsync(&asyncOrder{CardAsync: told.ID, BuyOrder: buyOrder(told), order: order{Amount: r.Amount, Metadata: r.Metadata}})
	if err != nil {
		return gateway.Answer{}, err
	}
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	p, err := c.gateway.Authorize(c.request.Context(), c.merchant, gateway.AuthorizeRequest{
		Kind: pasarela.KindAuthorization, Subscription: pasarela.SubscriptionID(r.Subscription), Told: &told, HoldFor: asyncHold,
		Amount: total, Dialect: dialect, Order: stored, Remember: remember, Answer: c.inscribedHoldAnswer,
	})
	if err != nil {
		return gateway.Answer{}, err
	}
	return c.inscribedHoldAnswer(p), nil
}

// inscribedCard finds out what the status is to tell of a payment by a subscription, which must have an inscribed card.
func (c *call) inscribedCard(id pasarela.SubscriptionID) (pasarela.Redirect, error) {
	s, err := c.gateway.Subscription(c.request.Context(), c.merchant.ID, id)
	if err != nil {
		return pasarela.Redirect{}, err
	}
	p, err := planOf(s)
	if err == nil && p.CardAsync == "" {
		err = pasarela.Errorf(pasarela.CodeNotFound, "the card of this subscription was not inscribed on a page")
	}
	if err != nil {
		return pasarela.Redirect{}, err
	}
	begun, _, err := c.gateway.Redirect(c.request.Context(), c.merchant.ID, p.CardAsync)
	now := c.now()
	return pasarela.Redirect{ID: c.gateway.IDs.Token(now), Total: pasarela.Money{Currency: s.Amount.Currency}, Email: begun.Email,
		Description: s.Plan, ReturnURL: inscriptionReturn(begun, s.ID), CreatedAt: now}, err
}

// inscribedAmount adds an amount up in the currency of what it belongs to.
func (c *call) inscribedAmount(a *amountRequest, currency pasarela.Currency) (pasarela.Money, error) {
	if a != nil && a.Currency == "" {
		a.Currency = currencyName(currency)
	}
	total, err := c.asyncAmount(a)
	if err == nil && total.Currency != currency {
		err = pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "subscription is in %s", currency)
	}
	return total, err
}

func (c *call) inscribedHoldAnswer(p pasarela.Payment) gateway.Answer {
	if p.State != pasarela.StateAuthorized && p.State != pasarela.StateCaptured {
		return errAsyncNotHeld.answer()
	}
	return c.ofHold(p, string(p.ID))
}

// ofHold names a hold's page, and what was done.
func (c *call) ofHold(p pasarela.Payment, reference string) gateway.Answer {
	o, err := asyncOrderOf(p.Order)
	if err != nil {
		return c.refuse(err)
	}
	return encode(http.StatusOK, asyncBegun{RedirectURL: c.agentURL(c.merchant, o.CardAsync), Reference: reference})
}

// captureInscribed answers POST /subscriptions/v1/card-async/capture.
func (c *call) captureInscribed() (gateway.Answer, error) {
	return c.captureAsync(true, func(_ pasarela.Redirect, p pasarela.Payment, o pasarela.Operation, _ *amountRequest) gateway.Answer {
		if o.State != pasarela.OpApproved {
			return asyncCaptureDecline(o.ResponseCode).answer()
		}
		return c.ofHold(p, string(o.ID))
	})
}

// releasable refuses to give a hold on a OneClick card back before it ends (kushki-subscriptions 8.3).
func (c *call) releasable(p pasarela.Payment) error {
	if p.State != pasarela.StateAuthorized || p.Subscription == "" || p.Dialect != dialect || c.merchant.Country != "CL" {
		return nil
	}
	s, err := c.gateway.Subscription(c.request.Context(), c.merchant.ID, p.Subscription)
	if err != nil {
		return err
	}
	if made, err := planOf(s); err != nil || made.holdFor() == 0 {
		return err
	}
	return pasarela.Errorf(pasarela.CodeWrongState, "a OneClick hold cannot be released: capture it, or let it end")
}
