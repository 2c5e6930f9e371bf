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
	Token         string               `json:"token"`
	FullResponse  shape                `json:"fullResponse"`
	Plan          string               `json:"planName"`
	Periodicity   pasarela.Periodicity `json:"periodicity"`
	StartDate     pasarela.Date        `json:"startDate"`
	EndDate       pasarela.Date        `json:"endDate"`
	Language      string               `json:"language"`
	ProcessorType string               `json:"processorTransactionType"`
	Retry         *retryRequest        `json:"retryConfiguration"`
	order                              // amount, contact, metadata

	// Of one whose card is inscribed on a page (oneclick.go).
	CardAsync   pasarela.TokenID `json:"-"`
	CallbackURL string           `json:"-"`
}

// retryRequest is how a failed charge is tried again.
type retryRequest struct {
	Type string `json:"retryType,omitzero"`
	Days []int  `json:"value,omitzero"`
}

// Values of retryType. The pages write the first in two ways.
const (
	retrySchedule  = "schedule"
	retryScheduled = "scheduled"
	retryFixed     = "fixed"
)

// plan is what a subscription remembers of its request.
type plan struct {
	*order
	Language      string        `json:"language,omitzero"`
	ProcessorType string        `json:"processorTransactionType,omitzero"`
	Retry         *retryRequest `json:"retryConfiguration,omitzero"`

	// The token that it was made with, which has served. One whose card is inscribed on a page (oneclick.go) has the
	// second, and where the buyer comes back to.
	Token       pasarela.TokenID `json:"token,omitzero"`
	CardAsync   pasarela.TokenID `json:"cardAsync,omitzero"`
	CallbackURL string           `json:"callbackUrl,omitzero"`
}

// token is what the subscription was made with; "" for one that was made before it was remembered.
func (p plan) token() pasarela.TokenID {
	if p.CardAsync != "" {
		return p.CardAsync
	}
	return p.Token
}

// planOf reads it back. A subscription of another dialect is none that this API has.
func planOf(s pasarela.Subscription) (plan, error) {
	p := plan{order: &order{}}
	if s.Dialect != dialect {
		return p, pasarela.Errorf(pasarela.CodeNotFound, "subscription was made in another dialect")
	}
	if err := json.Unmarshal(s.Order, &p); err != nil || p.Amount == nil {
		return p, pasarela.Wrap(pasarela.CodeInternal, err, "stored plan cannot be read")
	}
	return p, nil
}

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
	request := gateway.SubscribeRequest{Token: pasarela.TokenID(r.Token), Periodicity: r.Periodicity, Amount: total,
		StartDate: r.StartDate, EndDate: r.EndDate, Retry: r.Retry.rule(), Dialect: dialect}
	if request.Own, err = r.own(); err != nil {
		return gateway.Answer{}, err
	}
	if request.Order, err = c.storePlan(&r); err != nil {
		return gateway.Answer{}, err
	}
	request.Plan = r.Plan // masked by now
	if request.Remember, err = c.remember(everyOutcome); err != nil {
		return gateway.Answer{}, err
	}
	asked := transaction{kind: verifies, order: &r.order, requested: total, approved: total, created: c.now()}
	if request.Remember.Name != "" { // a refusal is rendered in a unit of work then
		c.know(&asked, request.Token)
	}
	refused := c.refusing(&asked)
	request.Refused = func(err error) gateway.Answer { return c.refuse(refused(err)) }
	request.Answer = func(s pasarela.Subscription, a gateway.Verification) gateway.Answer {
		if s.State != pasarela.SubscriptionActive {
			return c.unverified(s.Facts, a, asked)
		}
		return c.subscriptionAnswer(s, &r)
	}
	s, a, err := c.gateway.Subscribe(c.request.Context(), c.merchant, request)
	if err != nil {
		c.know(&asked, request.Token)
		return gateway.Answer{}, refused(err)
	}
	return request.Answer(s, a), nil
}

// planTotal checks the request and adds its amount up; a period may cost nothing.
func (c *call) planTotal(r *subscribeRequest) (pasarela.Money, error) {
	switch {
	case r.Token == "" || len(r.Token) > 64:
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "token: send the token as it was given")
	case r.Contact.IsZero():
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "contactDetails are missing")
	case r.Amount == nil:
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "amount is missing")
	case r.ProcessorType != "" && c.merchant.Country != "CL":
		return pasarela.Money{}, errNotAllowed
	}
	for _, err := range []error{
		checkPlan(r.Plan, r.Periodicity, r.Language), oneOf("processorTransactionType", r.ProcessorType, "", "CAPTURE"),
		r.Retry.check(), r.check(), c.checkStart(r.StartDate), c.checkEnd(r.EndDate, r.StartDate),
	} {
		if err != nil {
			return pasarela.Money{}, err
		}
	}
	settled, total, err := r.Amount.settle(c.merchant)
	r.Amount.amount, r.Amount.Capital = settled, nil
	return total, err
}

// maxPlanName bounds the name of a plan, in bytes.
const maxPlanName = 256

func checkPlan(name string, p pasarela.Periodicity, language string) error {
	switch {
	case name == "" || len(name) > maxPlanName:
		return pasarela.Errorf(pasarela.CodeInvalid, "planName: send 1 to %d bytes", maxPlanName)
	case !p.Known():
		return pasarela.Errorf(pasarela.CodeInvalid, "periodicity: send daily, weekly, biweekly, monthly, threefortnights, bimonthly, quarterly, fourmonths, halfYearly, yearly or custom")
	default:
		return oneOf("language", language, "", "es", "en")
	}
}

func (r *retryRequest) check() error {
	if r == nil {
		return nil
	}
	if err := oneOf("retryType", r.Type, "", retrySchedule, retryScheduled, retryFixed); err != nil {
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

// rule is what the scheduler makes of it.
func (r *retryRequest) rule() pasarela.Retry {
	switch {
	case r == nil:
		return pasarela.Retry{}
	case r.Type == retryFixed:
		return pasarela.Retry{Kind: pasarela.RetryOn, Days: r.Days}
	case len(r.Days) > 0:
		return pasarela.Retry{Kind: pasarela.RetryEvery, Days: r.Days}
	default:
		return pasarela.Retry{}
	}
}

// today is the date in the merchant's country or on the scheduler's calendar, whichever is behind: a day is past when it
// is over on both.
func (c *call) today() pasarela.Date {
	now := c.now()
	return min(pasarela.Date(now.In(c.zone()).Format(time.DateOnly)), pasarela.BillingDate(now))
}

// checkStart wants a date that is not past.
func (c *call) checkStart(d pasarela.Date) error {
	if _, err := pasarela.ParseDate(string(d)); err != nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "startDate: send YYYY-MM-DD")
	}
	if d < c.today() {
		return errStartDate
	}
	return nil
}

// checkEnd wants a date after the start that is not past, or none.
func (c *call) checkEnd(d, start pasarela.Date) error {
	if d == "" {
		return nil
	}
	if _, err := pasarela.ParseDate(string(d)); err != nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "endDate: send YYYY-MM-DD")
	}
	if d <= start || d < c.today() {
		return errEndDate
	}
	return nil
}

func (c *call) storePlan(r *subscribeRequest) ([]byte, error) {
	c.maskText(&r.Plan)
	if _, err := c.store(&r.order); err != nil { // masks the order in place
		return nil, err
	}
	p := plan{order: &r.order, Language: r.Language, ProcessorType: r.ProcessorType, Retry: r.Retry, CardAsync: r.CardAsync, CallbackURL: r.CallbackURL}
	if p.CardAsync == "" {
		p.Token = pasarela.TokenID(r.Token)
	}
	return encodePlan(p)
}

func encodePlan(p plan) ([]byte, error) {
	stored, err := json.Marshal(p)
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
	Amount            *amount              `json:"amount"`
	BinCard           string               `json:"binCard"`
	BinInfo           binInfo              `json:"binInfo"`
	CardHolderName    string               `json:"cardHolderName"`
	Contact           kept[contact]        `json:"contactDetails"`
	Created           string               `json:"created"`
	LastFourDigits    string               `json:"lastFourDigits"`
	MaskedCreditCard  string               `json:"maskedCreditCard"`
	MerchantID        string               `json:"merchantId"`
	MerchantName      string               `json:"merchantName"`
	PaymentBrand      string               `json:"paymentBrand"`
	Periodicity       pasarela.Periodicity `json:"periodicity"`
	PlanName          string               `json:"planName"`
	ProcessorBankName string               `json:"processorBankName"`
	StartDate         pasarela.Date        `json:"startDate"`
}

func (c *call) subscriptionAnswer(s pasarela.Subscription, r *subscribeRequest) gateway.Answer {
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

// verifies is the transactionType of the question whether a card is good.
const verifies = "PREAUTHORIZATION"

// unverified is the answer about a card that did not pass.
func (c *call) unverified(facts pasarela.CardFacts, a gateway.Verification, asked transaction) gateway.Answer {
	asked.facts, asked.reference, asked.trace, asked.iso, asked.advice = facts, string(a.Reference), a.Trace, a.ResponseCode, a.Advice
	return c.declineAnswer(asked, declineOf(a.ResponseCode))
}

// subscriptionID says whether s can name a subscription: 16 digits.
func subscriptionID(s string) bool { return len(s) == 16 && digits(s) }
