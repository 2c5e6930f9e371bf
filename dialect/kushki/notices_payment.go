package kushki

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// ofPayment is what a change of a payment means, nil where merchants are told of something else instead, or of nothing:
// a hold that ran out, a reversal, a payment of which it was told before that it has come to nothing.
func (t Teller) ofPayment(m pasarela.Merchant, c gateway.Change) (*news, error) {
	if c.Again {
		return nil, nil
	}
	switch c.Kind {
	case pasarela.EventPaymentAuthorized, pasarela.EventPaymentDeclined, pasarela.EventPaymentUnanswered:
		return t.ofRequest(m, c)
	case pasarela.EventPaymentCaptured:
		if c.Operation == nil {
			return t.ofRequest(m, c)
		}
		return t.ofTaking(m, c), nil
	case pasarela.EventPaymentCaptureFailed, pasarela.EventPaymentReauthorized, pasarela.EventPaymentReauthFailed:
		return t.ofTaking(m, c), nil
	case pasarela.EventPaymentReduced, pasarela.EventPaymentReleased, pasarela.EventPaymentVoided, pasarela.EventPaymentVoidFailed,
		pasarela.EventPaymentRefunded, pasarela.EventPaymentRefundFailed:
		return t.ofGiveBack(m, c), nil
	default:
		return nil, nil
	}
}

// ofRequest is a charge or an authorization. What a subscription charges is told in the subscriptions' way: on demand here,
// and with its period where there is one.
func (t Teller) ofRequest(m pasarela.Merchant, c gateway.Change) (*news, error) {
	p := *c.Payment
	switch {
	case p.Kind == pasarela.KindSale && p.Period != "":
		return nil, nil
	case p.Kind == pasarela.KindSale && p.Subscription != "":
		return ofCharge(m, c)
	}
	told := &news{names: []string{onApproved}, own: p.Order}
	if !approvedPayment(p) {
		told.names[0] = onDeclined
	}
	if p.Kind == pasarela.KindAuthorization {
		told.names = append(told.names, onHold)
	}
	told.body = func() any { return t.paymentBody(m, p) }
	return told, nil
}

func approvedPayment(p pasarela.Payment) bool {
	return p.State == pasarela.StateAuthorized || p.State == pasarela.StateCaptured
}

func (t Teller) paymentBody(m pasarela.Merchant, p pasarela.Payment) any {
	o := ofSale(p.Order, p.Amount)
	x := ofPayment(saleType(p, &o.order), p, &o.order)
	x.ticket = p.Ticket
	if !approvedPayment(p) {
		x = x.refused(declineOf(p.ResponseCode))
	}
	return t.cardBody(m, p, x, o)
}

// saleType is the transactionType of a payment.
func saleType(p pasarela.Payment, o *order) string {
	switch {
	case p.Kind == pasarela.KindAuthorization:
		return "PREAUTHORIZATION"
	case o.installments() > 1:
		return "DEFERRED"
	default:
		return "SALE"
	}
}

// refused is a transaction that was declined.
func (t transaction) refused(d *refusal) transaction {
	t.status, t.declined, t.approval, t.approved.Minor = statusDeclined, d, "", 0
	return t
}

// ofTaking is a capture or a reauthorization.
func (t Teller) ofTaking(m pasarela.Merchant, c gateway.Change) *news {
	if c.Operation == nil {
		return nil
	}
	p, o := *c.Payment, *c.Operation
	told := &news{names: []string{onApproved}, own: o.Order, body: func() any { return t.takingBody(m, p, o) }}
	if o.State != pasarela.OpApproved {
		told.names[0] = onDeclined
	}
	return told
}

func (t Teller) takingBody(m pasarela.Merchant, p pasarela.Payment, o pasarela.Operation) any {
	sale := ofSale(p.Order, p.Amount)
	shown := about(o.Order, sale)
	shown.CardAsync, shown.BuyOrder = sale.CardAsync, sale.BuyOrder
	var x transaction
	if o.Kind == pasarela.OpCapture {
		if shown.Amount == nil {
			shown.Amount = sale.Amount
		}
		x = captureOf(p, o, &shown.order)
	} else {
		if shown.Amount == nil {
			shown.Amount = &amountRequest{amount: wholeAmount(o.Amount)}
		}
		x = operationOf(p, o, &shown.order)
		x.kind, x.status, x.ticket = reauthorization, statusApproved, o.Ticket
	}
	if shown.CardAsync != "" {
		x.reference = string(o.ID) // as their own capture answers
	}
	if o.State != pasarela.OpApproved {
		x = x.refused(followUpDecline(o.ResponseCode))
	}
	return t.cardBody(m, p, x, shown)
}

// cardNotice is the notification of a one-time card payment. snake_case and camelCase are mixed as published.
type cardNotice struct {
	Ticket    pasarela.Ticket `json:"ticket_number,omitzero"` // of what was approved
	Reference string          `json:"transaction_reference"`
	cardTold
}

// redirectNotice is that of a redirect payment.
type redirectNotice struct {
	Ticket    pasarela.Ticket `json:"ticket_number,omitzero"`
	Reference string          `json:"transactionReference"`
	BuyOrder  string          `json:"buy_order,omitzero"`
	cardTold
}

// cardTold is what both tell. Members of the published list that nothing is known of are left out.
type cardTold struct {
	TransactionID    string           `json:"transaction_id,omitzero"`
	Type             string           `json:"transaction_type"`
	Status           string           `json:"transaction_status"`
	Amount           *amount          `json:"amount"`
	Metadata         jsontext.Value   `json:"metadata,omitzero"`
	Currency         string           `json:"currency_code"`
	Created          int64            `json:"created"` // milliseconds
	MerchantID       string           `json:"merchant_id"`
	MerchantName     string           `json:"merchant_name"`
	Approval         string           `json:"approval_code,omitzero"`
	Requested        wire.Amount      `json:"request_amount"`
	Approved         wire.Amount      `json:"approved_transaction_amount"`
	SubtotalIva      wire.Decimal     `json:"subtotal_iva"`
	SubtotalIva0     wire.Decimal     `json:"subtotal_iva0"`
	IvaValue         wire.Decimal     `json:"iva_value"`
	IceValue         string           `json:"ice_value"`       // so published
	Interest         string           `json:"interest_amount"` // so published
	ResponseCode     string           `json:"response_code"`
	ResponseText     string           `json:"response_text"`
	Brand            string           `json:"payment_brand,omitzero"`
	CardType         string           `json:"card_type,omitzero"`
	Holder           string           `json:"card_holder_name,omitzero"`
	BIN              string           `json:"bin_card,omitzero"`
	LastFour         string           `json:"last_four_digits,omitzero"`
	MaskedNumber     string           `json:"maskedCardNumber,omitzero"`
	IssuingBank      string           `json:"issuing_bank,omitzero"`
	CardCountry      string           `json:"card_country,omitzero"`
	ForeignCard      bool             `json:"foreign_card"`
	Country          string           `json:"country"`
	Channel          string           `json:"channel,omitzero"`
	SyncMode         string           `json:"sync_mode"`
	ProcessorID      string           `json:"processor_id"`
	ProcessorName    string           `json:"processor_name"`
	ProcessorType    string           `json:"processor_type"`
	ProcessorCode    string           `json:"processorCode,omitzero"` // field 39, for the acquirer model
	ProcessorBank    string           `json:"processor_bank_name"`
	AcquirerBank     string           `json:"acquirerBank"`
	Processor        processorTold    `json:"processor"`
	Details          cardDetailsTold  `json:"transaction_details"`
	Token            pasarela.TokenID `json:"token,omitzero"`
	TokenAlreadyUsed bool             `json:"tokenAlreadyUsed"`
	IgnoreWarnings   bool             `json:"ignoreWarnings"`
	CredentialID     string           `json:"credential_id"`
	CredentialAlias  string           `json:"credential_alias"`
	TransactionCard  string           `json:"transactionCardHolderName,omitzero"`
	TransactionEmail string           `json:"transactionEmail,omitzero"`
}

type processorTold struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type cardDetailsTold struct {
	CardType      string `json:"cardType"`
	BIN           string `json:"binCard"`
	ProcessorBank string `json:"processorBankName"`
	IsDeferred    string `json:"isDeferred"` // so published
	LastFour      string `json:"lastFourDigitsOfCard"`
}

// cardBody is the notification of a transaction of a payment, in the form of the product that the payment is of.
func (t Teller) cardBody(m pasarela.Merchant, p pasarela.Payment, x transaction, o toldOrder) any {
	told := t.card(m, x, &o.order)
	told.Token = p.Token
	approved := x.ticket
	if x.declined != nil {
		approved = ""
	}
	if o.CardAsync == "" {
		return cardNotice{approved, x.reference, told}
	}
	told.Token, told.ProcessorName = o.CardAsync, asyncProcessor
	return redirectNotice{approved, x.reference, o.BuyOrder, told}
}

// noInterest is what a payment costs its buyer beside its amount: the gateway knows of none.
const noInterest = "0"

func (t Teller) card(m pasarela.Merchant, x transaction, o *order) cardTold {
	code, text := x.response()
	a := &o.Amount.amount
	told := cardTold{
		TransactionID: transactionID(x.trace), Type: x.kind, Status: x.status, Amount: a, Metadata: metadataOf(o),
		Currency: currencyName(x.requested.Currency), Created: x.created.UnixMilli(), MerchantID: string(m.ID), MerchantName: m.Name,
		Approval: x.approval, Requested: wire.Amount(x.requested), Approved: wire.Amount(x.approved),
		SubtotalIva: a.SubtotalIva, SubtotalIva0: a.SubtotalIva0, IvaValue: a.Iva, IceValue: string(a.Ice), Interest: noInterest,
		ResponseCode: code, ResponseText: text, Country: countryOf(m), Channel: o.Channel, SyncMode: "online",
		ProcessorID: processorID(m.ID), ProcessorName: processorName, ProcessorType: asyncProcessorType(m),
		ProcessorBank: processorBankName, AcquirerBank: acquirerBank, Processor: processorTold{code, text},
		IgnoreWarnings: bool(o.IgnoreWarnings), CredentialID: credentialID(t.Digest, m), CredentialAlias: m.Name,
		TransactionEmail: o.email(),
	}
	if m.Model == pasarela.ModelAcquirer {
		told.ProcessorCode = isoErrorCode(x.iso)
	}
	t.describe(&told, x.facts, m)
	told.Details.IsDeferred = strconv.FormatBool(o.installments() > 1)
	return told
}

// describe tells of the card what everybody may know.
func (t Teller) describe(told *cardTold, f pasarela.CardFacts, m pasarela.Merchant) {
	told.Brand, told.CardType, told.Holder, told.TransactionCard = brandName(f.Brand), string(f.Type), f.Holder, f.Holder
	told.BIN, told.LastFour, told.MaskedNumber = f.BIN, f.LastFour, f.Mask("X")
	told.IssuingBank, told.CardCountry, told.ForeignCard = f.Bank, t.CountryName(f.Country), foreign(f, m)
	told.Details = cardDetailsTold{CardType: string(f.Type), BIN: f.BIN, ProcessorBank: processorBankName, LastFour: f.LastFour}
}
