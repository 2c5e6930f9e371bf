package kushki

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// operate is a verb of the gateway on a payment.
type operate func(context.Context, pasarela.Merchant, gateway.OperationRequest) (pasarela.Payment, pasarela.Operation, error)

// subscribeRequest asks to store a card.
type subscribeRequest struct {
	Token         string        `json:"token"`
	FullResponse  shape         `json:"fullResponse"`
	Plan          string        `json:"planName"`
	Periodicity   string        `json:"periodicity"`
	StartDate     string        `json:"startDate"`
	EndDate       string        `json:"endDate"`
	Language      string        `json:"language"`
	ProcessorType string        `json:"processorTransactionType"`
	Retry         *retryRequest `json:"retryConfiguration"`
	order                       // amount, contact, metadata
}

// retryRequest is how a failed charge is tried again.
type retryRequest struct {
	Type string `json:"retryType,omitzero"`
	Days []int  `json:"value,omitzero"`
}

// plan is what a subscription remembers of its request.
type plan struct {
	*order
	Language      string        `json:"language,omitzero"`
	ProcessorType string        `json:"processorTransactionType,omitzero"`
	Retry         *retryRequest `json:"retryConfiguration,omitzero"`
}

var periodicities = []string{"daily", "weekly", "biweekly", "monthly", "threefortnights", "bimonthly", "quarterly",
	"fourmonths", "halfYearly", "yearly", "custom"}

// subscribe answers POST /subscriptions/v1/card.
func (c *call) subscribe() (gateway.Answer, error) {
	var r subscribeRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	c.shape = r.FullResponse
	total, err := c.planTotal(&r)
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
	answer := func(s pasarela.Subscription, a gateway.Verification) gateway.Answer {
		return c.subscriptionAnswer(s, a, &r)
	}
	s, a, err := c.gateway.Subscribe(c.request.Context(), c.merchant, gateway.SubscribeRequest{
		Token: pasarela.TokenID(r.Token), Plan: r.Plan, Periodicity: r.Periodicity, Amount: total,
		StartDate: r.StartDate, EndDate: r.EndDate, Order: stored, Remember: remember, Answer: answer,
	})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(s, a), nil
}

// planTotal checks the request and adds its amount up; a period may cost nothing.
func (c *call) planTotal(r *subscribeRequest) (pasarela.Money, error) {
	switch {
	case r.Token == "" || len(r.Token) > 64:
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "token: send the token as it was given")
	case r.Plan == "" || len(r.Plan) > 256:
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "planName: send 1 to 256 bytes")
	case r.Contact.IsZero():
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "contactDetails are missing")
	case r.Amount == nil:
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "amount is missing")
	}
	for _, err := range []error{
		oneOf("periodicity", r.Periodicity, periodicities...), oneOf("language", r.Language, "", "es", "en"),
		oneOf("processorTransactionType", r.ProcessorType, "", "CAPTURE"),
		r.Retry.check(), r.check(), c.checkDates(r),
	} {
		if err != nil {
			return pasarela.Money{}, err
		}
	}
	settled, total, err := r.Amount.settle(c.merchant)
	r.Amount.amount, r.Amount.Capital = settled, nil
	return total, err
}

func (r *retryRequest) check() error {
	if r == nil {
		return nil
	}
	if err := oneOf("retryType", r.Type, "", "schedule", "scheduled", "fixed"); err != nil {
		return err
	}
	if r.Days != nil && len(r.Days) == 0 {
		return pasarela.Errorf(pasarela.CodeInvalid, "retryConfiguration.value: send at least one day, or leave it out")
	}
	days := slices.Clone(r.Days)
	slices.Sort(days)
	if len(slices.Compact(days)) != len(r.Days) || (len(days) > 0 && (days[0] < 1 || days[len(r.Days)-1] > 31)) {
		return pasarela.Errorf(pasarela.CodeInvalid, "retryConfiguration: send different days from 1 to 31")
	}
	return nil
}

// checkDates wants a start that is not past in the merchant's country, and an end after it.
func (c *call) checkDates(r *subscribeRequest) error {
	today := c.now().In(c.zone()).Format(time.DateOnly)
	if _, err := time.Parse(time.DateOnly, r.StartDate); err != nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "startDate: send YYYY-MM-DD")
	}
	if r.StartDate < today {
		return errStartDate
	}
	if r.EndDate == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, r.EndDate); err != nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "endDate: send YYYY-MM-DD")
	}
	if r.EndDate <= r.StartDate {
		return errEndDate
	}
	return nil
}

func (c *call) storePlan(r *subscribeRequest) ([]byte, error) {
	c.maskText(&r.Plan)
	if _, err := c.store(&r.order); err != nil { // masks the order in place
		return nil, err
	}
	stored, err := json.Marshal(plan{&r.order, r.Language, r.ProcessorType, r.Retry})
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "plan cannot be encoded")
	}
	return stored, nil
}

// subscribed is the answer to a stored card.
type subscribed struct {
	Subscription string             `json:"subscriptionId"`
	Details      *subscribedDetails `json:"details,omitzero"`
}

type subscribedDetails struct {
	Amount            *amount       `json:"amount"`
	BinCard           string        `json:"binCard"`
	BinInfo           binInfo       `json:"binInfo"`
	CardHolderName    string        `json:"cardHolderName"`
	Contact           kept[contact] `json:"contactDetails"`
	Created           string        `json:"created"`
	LastFourDigits    string        `json:"lastFourDigits"`
	MaskedCreditCard  string        `json:"maskedCreditCard"`
	MerchantID        string        `json:"merchantId"`
	MerchantName      string        `json:"merchantName"`
	PaymentBrand      string        `json:"paymentBrand"`
	Periodicity       string        `json:"periodicity"`
	PlanName          string        `json:"planName"`
	ProcessorBankName string        `json:"processorBankName"`
	StartDate         string        `json:"startDate"`
}

func (c *call) subscriptionAnswer(s pasarela.Subscription, a gateway.Verification, r *subscribeRequest) gateway.Answer {
	if s.State != pasarela.SubscriptionActive {
		t := transaction{kind: "PREAUTHORIZATION", facts: s.Facts, order: &r.order, requested: s.Amount, approved: s.Amount,
			reference: string(a.Reference), trace: a.Trace, iso: a.ResponseCode, advice: a.Advice, created: s.CreatedAt}
		return c.declineAnswer(t, declineOf(a.ResponseCode))
	}
	answer := subscribed{Subscription: string(s.ID)}
	if c.shape != short {
		answer.Details = &subscribedDetails{
			Amount: &r.Amount.amount, BinCard: s.Facts.BIN, BinInfo: binInfo{Bank: s.Facts.Bank, Type: string(s.Facts.Type)},
			CardHolderName: s.Facts.Holder, Contact: r.Contact, Created: s.CreatedAt.In(c.zone()).Format(time.DateOnly),
			LastFourDigits: s.Facts.LastFour, MaskedCreditCard: s.Facts.Mask("X"), MerchantID: string(c.merchant.ID),
			MerchantName: c.merchant.Name, PaymentBrand: brandName(s.Facts.Brand), Periodicity: s.Periodicity,
			PlanName: s.Plan, ProcessorBankName: processorBankName, StartDate: s.StartDate,
		}
	}
	return encode(http.StatusCreated, answer)
}

// subscriptionID says whether s can name a subscription: 16 digits.
func subscriptionID(s string) bool { return len(s) == 16 && digits(s) }

// authorizeSubscription answers POST /subscriptions/v1/card/{id}/authorize.
func (c *call) authorizeSubscription() (gateway.Answer, error) {
	id := c.request.PathValue("subscription")
	var r chargeRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	c.shape = r.FullResponse
	total, err := c.orderTotal(&r.order)
	if err != nil {
		return gateway.Answer{}, err
	}
	if !subscriptionID(id) {
		return gateway.Answer{}, errSubscriptionID
	}
	proof, err := c.subscribersProof(pasarela.SubscriptionID(id), &r.order, total)
	if err != nil {
		return gateway.Answer{}, err
	}
	stored, err := c.store(&r.order)
	if err != nil {
		return gateway.Answer{}, err
	}
	remember, err := c.remember(onlySuccess)
	if err != nil {
		return gateway.Answer{}, err
	}
	answer := func(p pasarela.Payment) gateway.Answer { return c.subscriptionPaymentAnswer(p, &r.order) }
	p, err := c.gateway.Authorize(c.request.Context(), c.merchant, gateway.AuthorizeRequest{
		Kind: pasarela.KindAuthorization, Subscription: pasarela.SubscriptionID(id), Amount: total,
		Terms: pasarela.Terms{Secure: proof, Installments: r.split()}, Dialect: dialect, Order: stored, Remember: remember, Answer: answer,
	})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(p), nil
}

// subscribersProof is the merchant's own 3-D Secure result about a stored card, held against the card's scheme. Only
// the acquirer model has it with an authorization.
func (c *call) subscribersProof(id pasarela.SubscriptionID, o *order, total pasarela.Money) (pasarela.Secure, error) {
	own, err := o.own()
	if own == nil || err != nil {
		return pasarela.Secure{}, err
	}
	if c.merchant.Model != pasarela.ModelAcquirer {
		return pasarela.Secure{}, errNotAllowed
	}
	s, err := c.gateway.Store.Subscription(c.request.Context(), c.merchant.ID, id)
	if err != nil {
		return pasarela.Secure{}, err
	}
	if err := own.Check(s.Facts.Brand); err != nil {
		return pasarela.Secure{}, c.refuseDetailed(err, transaction{kind: c.product.transactionType, facts: s.Facts, order: o,
			requested: total, approved: total, created: c.now(), unsent: true})
	}
	return own.Secure, nil
}

func (c *call) subscriptionPaymentAnswer(p pasarela.Payment, o *order) gateway.Answer {
	t := ofPayment(c.product.transactionType, p, o)
	if p.State != pasarela.StateAuthorized && p.State != pasarela.StateCaptured {
		return c.declineAnswer(t, declineOf(p.ResponseCode))
	}
	a := paid{Ticket: string(p.Ticket), Reference: string(p.ID)}
	if c.shape != short {
		a.Details, a.Subscription = c.union(t), string(p.Subscription)
	}
	return encode(http.StatusCreated, a)
}
