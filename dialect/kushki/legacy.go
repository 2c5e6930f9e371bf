package kushki

import (
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// flat is the legacy shape of an approval: amounts side by side, times in seconds.
type flat struct {
	ApprovedAmount       wire.Amount    `json:"approvedTransactionAmount"`
	RequestAmount        wire.Amount    `json:"requestAmount"`
	ResponseCode         string         `json:"responseCode"`
	ResponseText         string         `json:"responseText"`
	ApprovalCode         string         `json:"approvalCode"`
	SyncMode             string         `json:"syncMode"`
	MerchantID           string         `json:"merchantId"`
	ProcessorID          string         `json:"processorId"`
	CardHolderName       string         `json:"cardHolderName"`
	BinCard              string         `json:"binCard"`
	MerchantName         string         `json:"merchantName"`
	ProcessorName        string         `json:"processorName"`
	ProcessorBankName    string         `json:"processorBankName"`
	TransactionID        string         `json:"transactionId"`
	LastFourDigits       string         `json:"lastFourDigits"`
	BinInfo              flatBin        `json:"binInfo"`
	PaymentBrand         string         `json:"paymentBrand"`
	SubtotalIva          wire.Decimal   `json:"subtotalIva"`
	SubtotalIva0         wire.Decimal   `json:"subtotalIva0"`
	IvaValue             wire.Decimal   `json:"ivaValue"`
	IceValue             wire.Decimal   `json:"iceValue"`
	Taxes                taxes          `json:"taxes,omitzero"`
	CurrencyCode         string         `json:"currencyCode"`
	CardCountry          string         `json:"cardCountry"`
	NumberOfMonths       int            `json:"numberOfMonths,omitzero"`
	GraceMonths          string         `json:"graceMonths,omitzero"`
	Created              int64          `json:"created"`
	FullResponse         bool           `json:"fullResponse"`
	TransactionStatus    string         `json:"transactionStatus"`
	TransactionType      string         `json:"transactionType"`
	TransactionReference string         `json:"transactionReference"`
	AcquirerBank         string         `json:"acquirerBank"`
	Method               string         `json:"method"`
	SaleTicketNumber     string         `json:"saleTicketNumber,omitzero"`
	SubscriptionID       string         `json:"subscriptionId,omitzero"`
	Metadata             jsontext.Value `json:"metadata,omitzero"`
	Rules                []rule         `json:"rules"`
}

// flatBin is the legacy shape's part about the issuer, and in the union also what v2 tells there.
type flatBin struct {
	Bank           string `json:"bank"`
	Type           string `json:"type"`
	BindCard       string `json:"bindCard,omitzero"`
	CardCountry    string `json:"cardCountry,omitzero"`
	LastFourDigits string `json:"lastFourDigits,omitzero"`
}

// flatDecline is the legacy shape of a decline.
type flatDecline struct {
	BaseMessage          string         `json:"baseMessage,omitzero"`
	ProcessorName        string         `json:"processorName"`
	Recap                string         `json:"recap"`
	TicketNumber         string         `json:"ticketNumber"`
	BinCard              string         `json:"binCard"`
	TransactionID        string         `json:"transactionId"`
	CardType             string         `json:"cardType"`
	PaymentBrand         string         `json:"paymentBrand"`
	ResponseCode         string         `json:"responseCode"`
	ResponseText         string         `json:"responseText"`
	MerchantName         string         `json:"merchantName"`
	CardHolderName       string         `json:"cardHolderName"`
	LastFourDigitsOfCard string         `json:"lastFourDigitsOfCard"`
	ApprovedAmount       wire.Amount    `json:"approvedTransactionAmount"`
	ApprovalCode         string         `json:"approvalCode"`
	AcquirerBank         string         `json:"acquirerBank"`
	ProcessorError       string         `json:"processorError"`
	ProcessorMessage     string         `json:"processorMessage"`
	CanIgnoreWarnings    bool           `json:"canIgnoreWarnings"`
	Rules                []rule         `json:"rules"`
	TransactionStatus    string         `json:"transactionStatus"`
	TransactionType      string         `json:"transactionType"`
	Metadata             jsontext.Value `json:"metadata,omitzero"`
}

// flat renders the legacy shape.
func (c *call) flat(t transaction) any {
	if t.declined != nil {
		return c.flatDecline(t)
	}
	f := c.flatApproval(t)
	return &f
}

func (c *call) flatApproval(t transaction) flat {
	code, text := t.response()
	f := flat{
		ApprovedAmount: wire.Amount(t.approved), RequestAmount: wire.Amount(t.requested), ResponseCode: code, ResponseText: text,
		ApprovalCode: t.approval, SyncMode: "online", MerchantID: string(c.merchant.ID), ProcessorID: processorID(c.merchant.ID),
		CardHolderName: t.facts.Holder, BinCard: t.facts.BIN, MerchantName: c.merchant.Name, ProcessorName: processorName,
		ProcessorBankName: processorBankName, TransactionID: transactionID(t.trace), LastFourDigits: t.facts.LastFour,
		BinInfo:      flatBin{Bank: t.facts.Bank, Type: string(t.facts.Type)},
		PaymentBrand: flatBrandName(t.facts.Brand), CardCountry: c.CountryName(t.facts.Country),
		CurrencyCode: currencyName(t.requested.Currency), Created: t.created.Unix(), FullResponse: true,
		TransactionStatus: t.status, TransactionType: t.kind, TransactionReference: t.reference,
		AcquirerBank: acquirerBank, Method: method(t.facts.Type), SaleTicketNumber: string(t.saleTicket),
		SubscriptionID: string(t.subscription), Rules: []rule{},
	}
	if o := t.order; o != nil {
		f.Metadata = jsontext.Value(o.Metadata)
		if n := o.installments(); n > 1 {
			f.NumberOfMonths, f.GraceMonths = n, o.grace()
		}
		if a := o.Amount; a != nil {
			f.SubtotalIva, f.SubtotalIva0, f.IvaValue, f.IceValue, f.Taxes = a.SubtotalIva, a.SubtotalIva0, a.Iva, a.Ice, a.ExtraTaxes
		}
	}
	return f
}

func (c *call) flatDecline(t transaction) *flatDecline {
	d := &flatDecline{
		ProcessorName: processorName, Recap: t.trace.RRN, BinCard: t.facts.BIN, TransactionID: transactionID(t.trace),
		CardType: string(t.facts.Type), PaymentBrand: flatBrandName(t.facts.Brand), ResponseCode: t.declined.code,
		ResponseText: t.declined.responseText(), MerchantName: c.merchant.Name, CardHolderName: t.facts.Holder,
		LastFourDigitsOfCard: t.facts.LastFour, ApprovedAmount: wire.Amount(t.approved), AcquirerBank: acquirerBank,
		ProcessorError: t.processorError, ProcessorMessage: t.declined.message, BaseMessage: t.baseMessage, Rules: append([]rule{}, t.rules...),
		TransactionStatus: t.status, TransactionType: t.kind,
	}
	if d.ProcessorError == "" {
		d.ProcessorError = processorError
	}
	if t.order != nil {
		d.Metadata = jsontext.Value(t.order.Metadata)
	}
	return d
}

// method is how legacy answers name the kind of card.
func method(t pasarela.CardType) string {
	if t == pasarela.CardDebit {
		return "debit"
	}
	return "credit"
}

// union is what an authorization by subscription answers to fullResponse "v2": the published schema has the nested shape,
// the published sample asks for v2 and shows the flat one. Where the two say the same member in different ways it is said
// as the schema does: time in milliseconds, the scheme's name as v2 has it.
type union struct {
	flat
	Amount              *amount        `json:"amount,omitzero"`
	MaskedCreditCard    string         `json:"maskedCreditCard"`
	Token               string         `json:"token,omitzero"`
	MessageFields       *messageFields `json:"messageFields,omitzero"`
	ExternalReferenceID string         `json:"externalReferenceId,omitzero"`
}

func (c *call) union(t transaction) *union {
	u := &union{flat: c.flatApproval(t), MaskedCreditCard: t.facts.Mask("X"), Token: string(t.token)}
	u.Created, u.PaymentBrand = t.created.UnixMilli(), brandName(t.facts.Brand)
	u.BinInfo.BindCard, u.BinInfo.CardCountry, u.BinInfo.LastFourDigits = t.facts.BIN, u.CardCountry, t.facts.LastFour
	if t.order != nil {
		u.Amount, u.ExternalReferenceID = &t.order.Amount.amount, t.order.ExternalRef
	}
	if c.merchant.Model == pasarela.ModelAcquirer {
		u.MessageFields = c.schemeSaid(t)
	}
	return u
}
