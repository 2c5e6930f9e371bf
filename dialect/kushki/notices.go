package kushki

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/gateway"
)

// What merchants are told of their payments and subscriptions (Kushki, "Webhooks").
//
//	notices.go               who is told of what
//	notices_payment.go       payments: cards, redirect payments, captures, reauthorizations
//	notices_back.go          voids and refunds
//	notices_subscription.go  subscriptions and inscriptions
//	notices_json.go          bytes that a receiver can sign after reading them
//	notices_sign.go          signatures

// noticeFormat names who signs these notifications.
const noticeFormat = "kushki"

// Teller tells Kushki merchants of what happens to payments and subscriptions of this API: those whom the merchant
// registered, and those whom a request named for its own outcome. It implements gateway.Teller. Its fields are required.
type Teller struct {
	// CountryName is the English name of an ISO 3166-1 alpha-2 code, "" for one it does not know.
	CountryName func(code string) string
	// Digest is keyed, so that what names a credential does not give it away.
	Digest func(purpose string, data ...[]byte) []byte
	// Sandbox is whether no money is real.
	Sandbox bool
}

// Events by which a registration asks for notifications. A subscription's have a name of their own, which stands in the body
// as well, and follow their outcome's.
const (
	onApproved        = "approvedTransaction"
	onDeclined        = "declinedTransaction"
	onHold            = "preauthorization" // in one older example
	onPending         = "initializedTransaction"
	onSubscribed      = "subscriptionApproved"
	onCharged         = "succesfullCharge" // so spelled
	onChargeDeclined  = "declinedCharge"
	onAttemptFailed   = "failedRetry"
	onLastFailed      = "lastRetry"
	onSubscriptionEnd = "subscriptionDelete"
)

// news is one thing to tell, before it is known whether anybody wants to hear it.
type news struct {
	names []string   // events that it is asked for by
	own   []byte     // order of the request whose outcome it is, nil where no request asked for it
	body  func() any // is encoded as the notification
}

// Notices implements gateway.Teller.
func (t Teller) Notices(m pasarela.Merchant, c gateway.Change) ([]gateway.Notice, error) {
	told, err := t.news(m, c)
	if err != nil || told == nil {
		return nil, err
	}
	targets := told.targets(m)
	if len(targets) == 0 {
		return nil, nil
	}
	body, err := json.Marshal(told.body(), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "notification cannot be encoded")
	}
	var notices []gateway.Notice
	for _, target := range targets {
		for _, url := range target.URLs {
			notices = append(notices, gateway.Notice{Format: noticeFormat, URL: url, Headers: target.Headers, Body: body})
		}
	}
	return notices, nil
}

// news is what a change means to a merchant, nil where nobody is to be told.
func (t Teller) news(m pasarela.Merchant, c gateway.Change) (*news, error) {
	switch {
	case c.Kind.About() == "subscription":
		return t.ofSubscription(m, c)
	case c.Payment == nil || c.Payment.Dialect != dialect || !asked(m, c):
		return nil, nil
	default:
		return t.ofPayment(m, c)
	}
}

// asked says whether anybody can be interested, without decoding anything: this is on every payment's way.
func asked(m pasarela.Merchant, c gateway.Change) bool {
	return len(m.Webhooks) > 0 || namesHooks(c.Payment.Order) || c.Operation != nil && namesHooks(c.Operation.Order)
}

var hooksMember = []byte(`"webhooks"`)

func namesHooks(order []byte) bool { return bytes.Contains(order, hooksMember) }

// targets are the registrations that fit: the merchant's, then those of the request. The one kind does not replace the other.
func (n *news) targets(m pasarela.Merchant) []pasarela.WebhookEndpoint {
	var fit []pasarela.WebhookEndpoint
	for _, all := range [][]pasarela.WebhookEndpoint{m.Webhooks, ownHooks(n.own)} {
		for _, w := range all {
			if len(w.Events) == 0 || slices.ContainsFunc(n.names, func(name string) bool { return slices.Contains(w.Events, name) }) {
				fit = append(fit, w)
			}
		}
	}
	return fit
}

// ownHooks are the registrations that came with a request. They were checked when it came; what cannot be read is none,
// because a payment is not undone for a notification.
func ownHooks(stored []byte) hooks {
	if !namesHooks(stored) {
		return nil
	}
	var o struct {
		Webhooks hooks `json:"webhooks"`
	}
	if json.Unmarshal(stored, &o) != nil {
		return nil
	}
	return o.Webhooks
}

// toldOrder is what a notification reads of a stored order, whichever request wrote it.
type toldOrder struct {
	order
	CardAsync   pasarela.TokenID `json:"cardAsync"`
	BuyOrder    string           `json:"buyOrder"`
	CallbackURL string           `json:"callbackUrl"`
	Type        string           `json:"transactionType"`
	Named       pasarela.Ticket  `json:"saleTicketNumber"`
}

// readOrder reads an order back. One that cannot be read has nothing to tell: a payment is not undone for a notification,
// and whoever answers from the same order logs it.
func readOrder(stored []byte) toldOrder {
	var o toldOrder
	if len(stored) > 0 && json.Unmarshal(stored, &o) != nil {
		return toldOrder{}
	}
	return o
}

// ofSale is the order of a payment or a subscription, which always has an amount.
func ofSale(stored []byte, whole pasarela.Money) toldOrder {
	o := readOrder(stored)
	if o.Amount == nil {
		o.Amount = &amountRequest{amount: wholeAmount(whole)}
	}
	return o
}

// about is the order of what was done to a payment: what its request left out is the payment's.
func about(stored []byte, sale toldOrder) toldOrder {
	o := readOrder(stored)
	if len(o.Metadata) == 0 {
		o.Metadata = sale.Metadata
	}
	if o.Contact.IsZero() {
		o.Contact = sale.Contact
	}
	return o
}

// email is the buyer's, "" where the request named none.
func (o *order) email() string {
	if o.Email != "" || o.Contact.IsZero() {
		return o.Email
	}
	var c contact
	if json.Unmarshal(o.Contact.raw, &c) != nil {
		return ""
	}
	return c.Email
}

// countryOf is how answers print the merchant's country.
func countryOf(m pasarela.Merchant) string {
	c, _ := pasarela.CountryByCode(m.Country)
	return c.Name
}

// foreign says whether the card is of another country than the merchant; of one whose issuer is unknown nobody can say.
func foreign(f pasarela.CardFacts, m pasarela.Merchant) bool {
	return f.Country != "" && f.Country != m.Country
}

// metadataOf is the request's, as a receiver would write it again.
func metadataOf(o *order) jsontext.Value { return restated(jsontext.Value(o.Metadata)) }
