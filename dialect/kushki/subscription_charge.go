package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// storedCharge asks to charge a stored card, or to hold money on it. The token is one of a device (device.go).
type storedCharge struct {
	chargeRequest
	CVV givenCVV `json:"cvv"`
}

// chargeSubscription answers POST /subscriptions/v1/card/{id}: a payment on demand.
func (c *call) chargeSubscription() (gateway.Answer, error) {
	return c.chargeStored(pasarela.KindSale, everyOutcome)
}

// authorizeSubscription answers POST /subscriptions/v1/card/{id}/authorize.
func (c *call) authorizeSubscription() (gateway.Answer, error) {
	return c.chargeStored(pasarela.KindAuthorization, onlySuccess)
}

func (c *call) chargeStored(kind pasarela.PaymentKind, only bool) (gateway.Answer, error) {
	var r storedCharge
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	defer vault.Card{CVV: r.CVV.CVV}.Wipe()
	c.shape = r.FullResponse
	r.ofStored()
	total, err := c.orderTotal(&r.order)
	if err != nil {
		return gateway.Answer{}, err
	}
	s, err := c.subscription(c.request.PathValue("subscription"))
	if err != nil {
		return gateway.Answer{}, err
	}
	request := gateway.AuthorizeRequest{Kind: kind, Subscription: s.ID}
	var made plan
	if kind == pasarela.KindSale {
		if len(r.Token) > 64 {
			return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "token: send the token as it was given, or none")
		}
		request.Token, request.CVV = pasarela.TokenID(r.Token), r.CVV.CVV
	} else if made, err = planOf(s); err != nil {
		return gateway.Answer{}, err
	}
	request.HoldFor = made.holdFor()
	if request.Remember, err = c.remember(only); err != nil {
		return gateway.Answer{}, err
	}
	if err := c.agree(&request, &r.order, &s.Facts, total); err != nil {
		return gateway.Answer{}, err
	}
	request.Answer = func(p pasarela.Payment) gateway.Answer { return c.storedPaymentAnswer(p, &r.order, made) }
	asked := transaction{kind: c.kind(&r.order), order: &r.order, requested: total, approved: total, created: c.now(),
		known: s.Facts, subscription: s.ID}
	return c.authorize(request, &asked)
}

// ofStored forgets what only payments by other sources can say: members that a page does not have are passed over.
func (r *storedCharge) ofStored() {
	r.CitMit, r.CapitalCitMit, r.OriginalID, r.ExternalSub, r.InitialRef, r.TransactionMode = "", "", "", "", "", ""
	r.IsNetworkToken, r.NetworkToken = false, kept[networkToken]{}
	if r.Contact.IsZero() {
		r.Contact = r.CapitalContact
	}
}

// storedPaymentAnswer renders a payment by a stored card, approved or not. An authorization tells of the plan too.
func (c *call) storedPaymentAnswer(p pasarela.Payment, o *order, made plan) gateway.Answer {
	t := ofPayment(c.kind(o), p, o)
	if p.State != pasarela.StateAuthorized && p.State != pasarela.StateCaptured {
		return c.declineAnswer(t, declineOf(p.ResponseCode))
	}
	a := paid{Ticket: string(p.Ticket), Reference: string(p.ID)}
	if c.shape != short && p.Kind == pasarela.KindAuthorization {
		a.Subscription = string(p.Subscription)
	}
	if c.shape == v2 && p.Kind == pasarela.KindAuthorization {
		t.token = made.token()
		a.Details = c.union(t)
	} else {
		a.Details = c.details(t)
	}
	return encode(http.StatusCreated, a)
}

// storedDecline is the v2 shape of a decline by a stored card: what its page lists, which is what the legacy shape has, and
// what v2 answers tell elsewhere.
type storedDecline struct {
	flatDecline
	Amount               *amount        `json:"amount,omitzero"`
	RequestAmount        wire.Amount    `json:"requestAmount"`
	BinInfo              any            `json:"binInfo,omitzero"`
	Created              int64          `json:"created"`
	MerchantID           string         `json:"merchantId"`
	MaskedCreditCard     string         `json:"maskedCreditCard,omitzero"`
	ConciliationID       string         `json:"conciliationId,omitzero"`
	TransactionReference string         `json:"transactionReference,omitzero"`
	MessageFields        *messageFields `json:"messageFields,omitzero"`
	IsoErrorCode         string         `json:"isoErrorCode,omitzero"`
	ExternalReferenceID  string         `json:"externalReferenceId,omitzero"`
}

func (c *call) storedDecline(t transaction) *storedDecline {
	n := c.nested(t)
	d := &storedDecline{flatDecline: *c.flatDecline(t), Amount: n.Amount, RequestAmount: n.RequestAmount, BinInfo: n.BinInfo,
		Created: n.Created, MerchantID: n.MerchantID, MaskedCreditCard: n.MaskedCreditCard,
		TransactionReference: n.TransactionReference, MessageFields: n.MessageFields, IsoErrorCode: n.IsoErrorCode,
		ExternalReferenceID: n.ExternalReferenceID}
	d.PaymentBrand = n.PaymentBrand
	if t.trace.RRN != "" {
		d.ConciliationID = t.trace.RRN + "|" + method(t.facts.Type)
	}
	return d
}
