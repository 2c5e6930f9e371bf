package kushki

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/gateway"
)

// Look-ups of stored cards. That of a card has its word before the id, that of its payments behind: one pattern has both,
// for the mux takes no two of which neither is the narrower.
const (
	lookUpCard     = "search"
	lookUpPayments = "transactions"
)

// lookUpSubscription answers GET /subscriptions/v1/card/search/{id} and GET /subscriptions/v1/card/{id}/transactions.
func (c *call) lookUpSubscription() (gateway.Answer, error) {
	first, second := c.request.PathValue("subscription"), c.request.PathValue("part")
	switch {
	case first == lookUpCard:
		return c.searchSubscription(second)
	case second == lookUpPayments:
		return c.subscriptionTransactions(first)
	default:
		return gateway.Answer{}, errNoRoute
	}
}

// storedCard is what is told of a subscription that is looked up.
type storedCard struct {
	Subscription     string               `json:"subscriptionId"`
	MerchantID       string               `json:"merchantId"`
	PlanName         string               `json:"planName"`
	Periodicity      pasarela.Periodicity `json:"periodicity"`
	Amount           *amount              `json:"amount"`
	Bin              string               `json:"bin"`
	CardHolderName   string               `json:"cardHolderName"`
	CardType         string               `json:"cardType"`
	LastFourDigits   string               `json:"lastFourDigits"`
	MaskedCardNumber string               `json:"maskedCardNumber"`
	PaymentBrand     string               `json:"paymentBrand"`
	Contact          kept[contact]        `json:"contactDetails,omitzero"`
	Created          int64                `json:"created"`   // seconds
	StartDate        int64                `json:"startDate"` // seconds: the day's beginning in UTC
	Metadata         jsontext.Value       `json:"metadata,omitzero"`
}

func (c *call) searchSubscription(id string) (gateway.Answer, error) {
	s, err := c.subscription(id)
	if err == nil {
		err = s.Chargeable()
	}
	if err != nil {
		return gateway.Answer{}, err
	}
	p, err := planOf(s)
	if err != nil {
		return gateway.Answer{}, err
	}
	start, err := time.Parse(time.DateOnly, string(s.StartDate))
	if err != nil {
		return gateway.Answer{}, pasarela.Wrap(pasarela.CodeInternal, err, "stored date cannot be read")
	}
	return encode(http.StatusOK, storedCard{Subscription: string(s.ID), MerchantID: string(c.merchant.ID), PlanName: s.Plan,
		Periodicity: s.Periodicity, Amount: &p.Amount.amount, Bin: s.Facts.BIN, CardHolderName: s.Facts.Holder,
		CardType: strings.ToUpper(string(s.Facts.Type)), LastFourDigits: s.Facts.LastFour, MaskedCardNumber: s.Facts.Mask("X"),
		PaymentBrand: flatBrandName(s.Facts.Brand), Contact: p.Contact, Created: s.CreatedAt.Unix(), StartDate: start.Unix(),
		Metadata: jsontext.Value(p.Metadata)}), nil
}

// subscriptionTransactions lists the payments of a stored card, the newest first, also those of one that was cancelled.
func (c *call) subscriptionTransactions(id string) (gateway.Answer, error) {
	limit, err := c.number("limit", defaultLimit, 1, mostLimit)
	if err != nil {
		return gateway.Answer{}, err
	}
	offset, err := c.number("offset", 0, 0, mostOffset)
	if err != nil {
		return gateway.Answer{}, err
	}
	s, err := c.subscription(id)
	if err != nil {
		return gateway.Answer{}, err
	}
	page, total, err := c.gateway.SubscriptionPayments(c.request.Context(), c.merchant.ID, s.ID, offset, limit)
	if err != nil {
		return gateway.Answer{}, err
	}
	list := transactionList{Data: []*listed{}, Total: total}
	for _, p := range page {
		list.Data = append(list.Data, c.listed(p))
	}
	return encode(http.StatusOK, list), nil
}

// Pages of a list.
const (
	defaultLimit = 20
	mostLimit    = gateway.SubscriptionPaymentsLimit
	mostOffset   = gateway.SubscriptionPaymentsOffset
)

// number reads a number of the query.
func (c *call) number(name string, otherwise, least, most int) (int, error) {
	text := c.request.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, pasarela.Errorf(pasarela.CodeInvalid, "%s: send %d to %d", name, least, most)
	}
	return n, nil
}

// transactionList is one page of payments.
type transactionList struct {
	Data  []*listed `json:"data"`
	Total int       `json:"total"` // on all pages, counted up to mostOffset
}

// listed is a payment as the answer to it told of it, with what stood beside its details.
type listed struct {
	nested
	Ticket       string         `json:"ticketNumber,omitzero"`
	Subscription string         `json:"subscriptionId"`
	Period       pasarela.Date  `json:"period,omitzero"`
	Contact      kept[contact]  `json:"contactDetails,omitzero"`
	Metadata     jsontext.Value `json:"metadata,omitzero"`
}

func (c *call) listed(p pasarela.Payment) *listed {
	o := c.orderOf(p)
	kind := "SALE"
	switch {
	case p.Kind == pasarela.KindAuthorization:
		kind = "PREAUTHORIZATION"
	case o.installments() > 1:
		kind = "DEFERRED"
	}
	t := ofPayment(kind, p, o)
	l := &listed{Subscription: string(p.Subscription), Period: p.Period, Contact: o.Contact, Metadata: jsontext.Value(o.Metadata)}
	switch {
	case p.State == pasarela.StateAuthorizing:
		t.status, t.approved.Minor = statusInitialized, 0
	case p.ApprovalCode == "":
		t.status, t.declined, t.approved.Minor = statusDeclined, declineOf(p.ResponseCode), 0
	default:
		l.Ticket = string(p.Ticket)
	}
	l.nested = *c.nested(t)
	return l
}
