package kushki

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// subscriptionNews names what is told of a subscription, in the body by the first name. Nobody is told of terms that
// changed, or of periods that were skipped; of a card that did not pass, the answer to its request has told.
var subscriptionNews = map[pasarela.EventKind][]string{
	pasarela.EventSubscriptionActivated:  {onSubscribed, onApproved},
	pasarela.EventSubscriptionCharged:    {onCharged, onApproved},
	pasarela.EventSubscriptionFailed:     {onAttemptFailed, onDeclined},
	pasarela.EventSubscriptionLastFailed: {onLastFailed, onDeclined},
	pasarela.EventSubscriptionCancelled:  {onSubscriptionEnd},
}

// inscriptionNews is the same for one whose card is inscribed on a page, until that has come to an end.
var inscriptionNews = map[pasarela.EventKind][]string{
	pasarela.EventSubscriptionPending:   {onPending},
	pasarela.EventSubscriptionActivated: {onSubscribed, onApproved},
	pasarela.EventSubscriptionRejected:  {onDeclined},
}

// ofSubscription is what a change of a subscription means. Registrations that its creation brought are told of all that it
// does by itself.
func (t Teller) ofSubscription(m pasarela.Merchant, c gateway.Change) (*news, error) {
	names, inscribing := subscriptionNews[c.Kind], inscriptionNews[c.Kind]
	if names == nil && inscribing == nil {
		return nil, nil
	}
	s, err := c.Subscription()
	if err != nil || s.Dialect != dialect || len(m.Webhooks) == 0 && !namesHooks(s.Order) {
		return nil, err
	}
	told := &news{names: names, own: s.Order}
	if o := ofSale(s.Order, s.Amount); inscribing != nil && o.CardAsync != "" {
		told.names, told.body = inscribing, func() any { return inscriptionBody(m, s, o) }
		return told, nil
	}
	if names == nil {
		return nil, nil
	}
	told.body = func() any { return subscriptionBody(m, names[0], s, c.Payment) }
	return told, nil
}

// ofCharge is a charge on demand.
func ofCharge(m pasarela.Merchant, c gateway.Change) (*news, error) {
	s, err := c.Subscription()
	if err != nil {
		return nil, err
	}
	p := *c.Payment
	names := []string{onCharged, onApproved}
	if !approvedPayment(p) {
		names = []string{onChargeDeclined, onDeclined}
	}
	return &news{names: names, own: p.Order, body: func() any { return subscriptionBody(m, names[0], s, &p) }}, nil
}

// subscriptionNotice is the notification of a subscription.
type subscriptionNotice struct {
	Name  string            `json:"name"`
	Event subscriptionEvent `json:"event"`
}

type subscriptionEvent struct {
	ID             pasarela.SubscriptionID `json:"id"`
	SubscriptionID jsontext.Value          `json:"subscriptionId"` // a number here
	Holder         string                  `json:"cardHolderName"`
	Amount         subscriptionAmount      `json:"amount"`
	Periodicity    pasarela.Periodicity    `json:"periodicity"`
	Contact        jsontext.Value          `json:"contactDetails,omitzero"`
	Metadata       jsontext.Value          `json:"metadata,omitzero"`
	*chargeTold
	PlanName     string `json:"planName"`
	MerchantID   string `json:"merchantId"`
	MerchantName string `json:"merchantName"`
	Country      string `json:"country"`
	Brand        string `json:"paymentBrand,omitzero"`
	CardType     string `json:"cardType,omitzero"`
	BIN          string `json:"binCard,omitzero"`
	LastFour     string `json:"lastFourDigits,omitzero"`
	MaskedNumber string `json:"maskedCardNumber,omitzero"`
}

// chargeTold is what only charges have.
type chargeTold struct {
	Ticket        pasarela.Ticket `json:"ticketNumber,omitzero"` // of what was approved
	Reference     string          `json:"transactionReference"`
	Approval      string          `json:"approvalCode,omitzero"`
	TransactionID string          `json:"transactionId,omitzero"`
	Type          string          `json:"transactionType"`
	Status        string          `json:"transactionStatus"`
	Requested     wire.Amount     `json:"requestAmount"`
	Approved      wire.Amount     `json:"approvedTransactionAmount"`
	ResponseCode  string          `json:"responseCode"`
	ResponseText  string          `json:"responseText"`
	Created       int64           `json:"created"` // milliseconds
}

// subscriptionAmount always has its extra taxes.
type subscriptionAmount struct {
	Currency     string       `json:"currency"`
	SubtotalIva  wire.Decimal `json:"subtotalIva"`
	SubtotalIva0 wire.Decimal `json:"subtotalIva0"`
	Iva          wire.Decimal `json:"iva"`
	Ice          wire.Decimal `json:"ice"`
	ExtraTaxes   taxes        `json:"extraTaxes"`
}

// subscriptionBody tells of a subscription, and of a charge where there is one: its amount and metadata then.
func subscriptionBody(m pasarela.Merchant, name string, s pasarela.Subscription, p *pasarela.Payment) any {
	plan := ofSale(s.Order, s.Amount)
	shown := plan
	var charge *chargeTold
	if p != nil {
		shown = about(p.Order, plan)
		if shown.Amount == nil {
			shown.Amount = &amountRequest{amount: wholeAmount(p.Amount)}
		}
		charge = chargeOf(*p, &shown.order)
	}
	a, f := shown.Amount.amount, s.Facts
	return subscriptionNotice{name, subscriptionEvent{
		ID: s.ID, SubscriptionID: jsontext.Value(s.ID), Holder: f.Holder, Periodicity: s.Periodicity,
		Amount:  subscriptionAmount{a.Currency, a.SubtotalIva, a.SubtotalIva0, a.Iva, a.Ice, a.ExtraTaxes},
		Contact: restated(plan.Contact.raw), Metadata: metadataOf(&shown.order), chargeTold: charge,
		PlanName: s.Plan, MerchantID: string(m.ID), MerchantName: m.Name, Country: countryOf(m),
		Brand: brandName(f.Brand), CardType: string(f.Type), BIN: f.BIN, LastFour: f.LastFour, MaskedNumber: f.Mask("X"),
	}}
}

func chargeOf(p pasarela.Payment, o *order) *chargeTold {
	x := ofPayment(saleType(p, o), p, o)
	told := &chargeTold{Ticket: p.Ticket}
	if !approvedPayment(p) {
		x, told.Ticket = x.refused(declineOf(p.ResponseCode)), ""
	}
	told.Reference, told.Approval, told.TransactionID, told.Type, told.Status = x.reference, x.approval, transactionID(x.trace), x.kind, x.status
	told.Requested, told.Approved, told.Created = wire.Amount(x.requested), wire.Amount(x.approved), x.created.UnixMilli()
	told.ResponseCode, told.ResponseText = x.response()
	return told
}

// Values of subscriptionStatus.
var inscriptionStatus = map[pasarela.SubscriptionState]string{
	pasarela.SubscriptionPending:  "PENDING",
	pasarela.SubscriptionActive:   "CONFIRMED",
	pasarela.SubscriptionRejected: "DECLINED",
}

// inscriptionNotice is the notification of the inscription of a card (Webpay OneClick).
type inscriptionNotice struct {
	ID             pasarela.SubscriptionID `json:"id"`
	SubscriptionID pasarela.SubscriptionID `json:"subscriptionId"`
	Subscription   string                  `json:"subscriptionStatus"`
	Status         string                  `json:"status"`
	Active         bool                    `json:"active"`
	PlanName       string                  `json:"planName"`
	Periodicity    pasarela.Periodicity    `json:"periodicity"`
	Amount         *amount                 `json:"amount"`
	StartDate      int64                   `json:"startDate"` // seconds
	Contact        jsontext.Value          `json:"contactDetails,omitzero"`
	Metadata       jsontext.Value          `json:"metadata,omitzero"`
	Token          pasarela.TokenID        `json:"token,omitzero"`
	CallbackURL    string                  `json:"callbackUrl"`
	MerchantID     string                  `json:"merchantId"`
	BinInfo        *inscriptionBIN         `json:"binInfo,omitzero"`
	Created        int64                   `json:"created"` // seconds
}

type inscriptionBIN struct {
	Bank      string `json:"bank"`
	BIN       string `json:"bin"`
	Processor string `json:"processor"`
	Brand     string `json:"brand"`
}

func inscriptionBody(m pasarela.Merchant, s pasarela.Subscription, o toldOrder) any {
	status := inscriptionStatus[s.State]
	n := inscriptionNotice{
		ID: s.ID, SubscriptionID: s.ID, Subscription: status, Status: status, Active: s.State == pasarela.SubscriptionActive,
		PlanName: s.Plan, Periodicity: s.Periodicity, Amount: &o.Amount.amount, StartDate: startSeconds(s.StartDate),
		Contact: restated(o.Contact.raw), Metadata: metadataOf(&o.order), Token: o.CardAsync, CallbackURL: o.CallbackURL,
		MerchantID: string(m.ID), Created: s.CreatedAt.Unix(),
	}
	if s.Facts.BIN != "" {
		n.BinInfo = &inscriptionBIN{s.Facts.Bank, s.Facts.BIN, asyncProcessor, brandName(s.Facts.Brand)}
	}
	return n
}

// startSeconds is a date as stored subscriptions print theirs: its midnight in UTC.
func startSeconds(d pasarela.Date) int64 {
	day, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return 0 // no start was named
	}
	return day.Unix()
}
