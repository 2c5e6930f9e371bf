package kushki

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// done is the answer of what has nothing to tell.
var done = gateway.Answer{Status: http.StatusNoContent, Success: true}

// replaceCardRequest asks to charge another card.
type replaceCardRequest struct {
	Token        string         `json:"token"`
	FullResponse shape          `json:"fullResponse"`
	Secure       kept[secure3D] `json:"threeDomainSecure"`
}

// replaceCard answers PUT /subscriptions/v1/card/{id}/card.
func (c *call) replaceCard() (gateway.Answer, error) {
	var r replaceCardRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	c.shape = r.FullResponse
	if r.Token == "" || len(r.Token) > 64 {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "token: send the token as it was given")
	}
	s, err := c.subscription(c.request.PathValue("subscription"))
	if err != nil {
		return gateway.Answer{}, err
	}
	own, err := (&order{Secure: r.Secure}).own()
	if err != nil {
		return gateway.Answer{}, err
	}
	zero := pasarela.Money{Currency: s.Amount.Currency}
	asked := transaction{kind: verifies, requested: zero, approved: zero, created: c.now(),
		order: &order{Amount: &amountRequest{amount: wholeAmount(zero)}}}
	request := gateway.ReplaceCardRequest{Subscription: s.ID, Token: pasarela.TokenID(r.Token), Own: own}
	facts, a, err := c.gateway.ReplaceCard(c.request.Context(), c.merchant, request)
	switch {
	case err != nil:
		c.know(&asked, request.Token)
		return gateway.Answer{}, c.refusing(&asked)(err)
	case a.Outcome != pasarela.OutcomeApproved:
		return c.unverified(facts, a, asked), nil
	default:
		return done, nil
	}
}

// planRequest is what a subscription is to be like from now on. What is left out, or null, stays.
type planRequest struct {
	Plan        *string               `json:"planName"`
	Periodicity *pasarela.Periodicity `json:"periodicity"`
	StartDate   *pasarela.Date        `json:"startDate"`
	EndDate     *pasarela.Date        `json:"endDate"` // "" for none
	Language    *string               `json:"language"`
	Retry       *retryRequest         `json:"retryConfiguration"`
	Contact     kept[contact]         `json:"contactDetails"`
	Amount      *amountRequest        `json:"amount"`
	Metadata    wire.Object           `json:"metadata"`
}

// changePlan answers PATCH /subscriptions/v1/card/{id}.
func (c *call) changePlan() (gateway.Answer, error) {
	var r planRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	if err := c.checkPlanRequest(&r); err != nil {
		return gateway.Answer{}, err
	}
	s, err := c.subscription(c.request.PathValue("subscription"))
	if err != nil {
		return gateway.Answer{}, err
	}
	_, err = c.gateway.ChangePlan(c.request.Context(), c.merchant, s.ID, func(s pasarela.Subscription) (pasarela.PlanChange, error) {
		return c.planChange(s, &r)
	})
	return done, err
}

// checkPlanRequest looks at what does not depend on the subscription, and masks what was written freely.
func (c *call) checkPlanRequest(r *planRequest) error {
	name, periodicity, language := "same", pasarela.Custom, ""
	if r.Plan != nil {
		name = *r.Plan
		c.maskText(r.Plan)
	}
	if r.Periodicity != nil {
		periodicity = *r.Periodicity
	}
	if r.Language != nil {
		language = *r.Language
	}
	if err := boundedFree(r.Metadata, r.Contact); err != nil {
		return err
	}
	for _, raw := range []*jsontext.Value{(*jsontext.Value)(&r.Metadata), &r.Contact.raw} {
		if err := c.maskJSON(raw); err != nil {
			return err
		}
	}
	if err := checkPlan(name, periodicity, language); err != nil {
		return err
	}
	return r.Retry.check()
}

// planChange holds what was asked for against the subscription as it is.
func (c *call) planChange(s pasarela.Subscription, r *planRequest) (change pasarela.PlanChange, err error) {
	p, err := planOf(s)
	if err != nil {
		return change, err
	}
	if err := c.checkDates(s, r); err != nil {
		return change, err
	}
	change = pasarela.PlanChange{Plan: r.Plan, Periodicity: r.Periodicity, StartDate: r.StartDate, EndDate: r.EndDate}
	if r.Retry != nil {
		rule := r.Retry.rule()
		change.Retry, p.Retry = &rule, r.Retry
	}
	if r.Language != nil {
		p.Language = *r.Language
	}
	if !r.Contact.IsZero() {
		p.Contact = r.Contact
	}
	if len(r.Metadata) > 0 {
		p.Metadata = r.Metadata
	}
	if r.Amount != nil {
		settled, total, err := c.settleFor(s, r.Amount)
		if err != nil {
			return change, err
		}
		p.Amount, change.Amount = &amountRequest{amount: settled}, &total
	}
	change.Order, err = encodePlan(p)
	return change, err
}

// checkDates looks at the dates that are to change. One that stays as it was may be past.
func (c *call) checkDates(s pasarela.Subscription, r *planRequest) error {
	start, end := s.StartDate, s.EndDate
	if r.StartDate != nil && *r.StartDate != start {
		start = *r.StartDate
		if err := c.checkStart(start); err != nil {
			return err
		}
	}
	if r.EndDate != nil {
		end = *r.EndDate
	}
	if start == s.StartDate && end == s.EndDate {
		return nil
	}
	return c.checkEnd(end, start)
}

// settleFor adds an amount up, in the subscription's currency where none is named.
func (c *call) settleFor(s pasarela.Subscription, a *amountRequest) (amount, pasarela.Money, error) {
	own := *a
	if own.Currency == "" {
		own.Currency = currencyName(s.Amount.Currency)
	}
	return own.settle(c.merchant)
}

// adjustRequest asks for a temporary amount.
type adjustRequest struct {
	Amount  *amountRequest `json:"amount"`
	Periods wire.Text      `json:"periods"`
	Type    string         `json:"type"` // of older clients
}

// maxPeriods is for how many periods an adjustment can be (Kushki, "Temporary charge or discount").
const maxPeriods = 12

// adjustments are by the type that older clients send; without one the amount takes the place of the price.
var adjustments = map[string]pasarela.AdjustmentKind{"": pasarela.AdjustReplace, "charge": pasarela.AdjustCharge, "discount": pasarela.AdjustDiscount}

// adjust answers PUT /subscriptions/v1/card/{id}, and PUT and PATCH of …/adjustment.
func (c *call) adjust() (gateway.Answer, error) {
	var r adjustRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	periods, err := strconv.Atoi(string(r.Periods))
	kind, known := adjustments[r.Type]
	switch {
	case r.Amount == nil:
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "amount is missing")
	case err != nil || periods < 1 || periods > maxPeriods:
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "periods: send 1 to %d", maxPeriods)
	case !known:
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "type: send charge or discount, or leave it out")
	}
	s, err := c.subscription(c.request.PathValue("subscription"))
	if err != nil {
		return gateway.Answer{}, err
	}
	settled, total, err := c.settleFor(s, r.Amount)
	if err != nil {
		return gateway.Answer{}, err
	}
	a := pasarela.Adjustment{Kind: kind, Amount: total, Left: periods}
	if a.Order, err = encodeAdjustment(settled); err != nil {
		return gateway.Answer{}, err
	}
	_, err = c.gateway.Adjust(c.request.Context(), c.merchant, s.ID, a)
	return done, err
}

// cancelSubscription answers DELETE /subscriptions/v1/card/{id}. A body is passed over, as clients send one.
func (c *call) cancelSubscription() (gateway.Answer, error) {
	id := c.request.PathValue("subscription")
	if !subscriptionID(id) {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "path: a subscriptionId has 16 digits")
	}
	_, err := c.gateway.Cancel(c.request.Context(), c.merchant, pasarela.SubscriptionID(id))
	if pasarela.CodeOf(err) == pasarela.CodeNotFound { // this page has no code of its own for it
		err = pasarela.Wrap(pasarela.CodeInvalid, err, "path: no subscription that is charged has this id")
	}
	return done, err
}
