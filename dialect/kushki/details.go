package kushki

import (
	"strconv"
	"strings"
	"time"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// Values of transactionStatus.
const (
	statusApproved    = "APPROVAL"
	statusDeclined    = "DECLINED"
	statusInitialized = "INITIALIZED" // a void or refund that was accepted
)

// transaction is what an answer tells of, whatever its shape.
type transaction struct {
	kind      string // transactionType
	status    string
	facts     pasarela.CardFacts
	known     pasarela.CardFacts // of the card of a payment that was refused, told by some refusals only
	order     *order
	requested pasarela.Money
	approved  pasarela.Money
	reference string // transactionReference
	trace     pasarela.Trace
	approval  string
	iso       string // field 39
	advice    string // scheme's advice code
	created   time.Time

	declined       *refusal        // nil for an approval
	rules          []rule          // that refused
	baseMessage    string          // of the rules
	unsent         bool            // charge or authorization that was refused before anything was sent
	processorError string          // in the details as well
	ticket         pasarela.Ticket // of the capture, in its details
	saleTicket     pasarela.Ticket // of what a void or refund is of
	preauth        pasarela.PaymentID
	likeSale       bool // capture that is told of with all that a sale by a stored card is
	token          pasarela.TokenID
	subscription   pasarela.SubscriptionID
}

func (t *transaction) external() string {
	if t.order == nil {
		return ""
	}
	return t.order.ExternalRef
}

// ofPayment is an authorization or a sale.
func ofPayment(kind string, p pasarela.Payment, o *order) transaction {
	return transaction{kind: kind, status: statusApproved, facts: p.Facts, order: o, requested: p.Amount, approved: p.Amount,
		reference: string(p.ID), trace: p.Trace, approval: p.ApprovalCode, iso: p.ResponseCode, advice: p.Advice, created: p.CreatedAt,
		token: p.Token, subscription: p.Subscription}
}

// transactionID is 18 digits made of what names the message on the network.
func transactionID(t pasarela.Trace) string {
	if t.RRN == "" {
		return ""
	}
	stan := strconv.FormatUint(uint64(t.STAN), 10)
	return t.RRN + strings.Repeat("0", max(6-len(stan), 0)) + stan
}

// details renders what the request's fullResponse asks for; nil for nothing.
func (c *call) details(t transaction) any {
	switch c.shape {
	case v2:
		if t.declined != nil && t.subscription != "" && t.firstMessage() {
			return c.storedDecline(t)
		}
		return c.nested(t)
	case legacy:
		return c.flat(t)
	default:
		return nil
	}
}

// nested is the v2 shape. Members that an operation does not have are left out.
type nested struct {
	Amount               *amount        `json:"amount,omitzero"`
	AcquirerBank         string         `json:"acquirerBank,omitzero"`
	ApprovalCode         string         `json:"approvalCode,omitzero"`
	ApprovedAmount       wire.Amount    `json:"approvedTransactionAmount"`
	BinInfo              any            `json:"binInfo,omitzero"`
	CardHolderName       string         `json:"cardHolderName,omitzero"`
	Created              int64          `json:"created"`
	MerchantID           string         `json:"merchantId"`
	MerchantName         string         `json:"merchantName"`
	MaskedCreditCard     string         `json:"maskedCreditCard,omitzero"`
	PaymentBrand         string         `json:"paymentBrand,omitzero"`
	ProcessorBankName    string         `json:"processorBankName,omitzero"`
	RequestAmount        wire.Amount    `json:"requestAmount"`
	ResponseCode         string         `json:"responseCode"`
	ResponseText         string         `json:"responseText"`
	BaseMessage          string         `json:"baseMessage,omitzero"`
	Rules                *[]rule        `json:"rules,omitzero"`
	ProcessorError       string         `json:"processorError,omitzero"`
	ProcessorMessage     string         `json:"processorMessage,omitzero"`
	SaleTicketNumber     string         `json:"saleTicketNumber,omitzero"`
	PreauthReference     string         `json:"preauthTransactionReference,omitzero"`
	TicketNumber         string         `json:"ticketNumber,omitzero"`
	Token                string         `json:"token,omitzero"`
	Recap                string         `json:"recap,omitzero"`
	TransactionID        string         `json:"transactionId,omitzero"`
	TransactionReference string         `json:"transactionReference,omitzero"`
	TransactionStatus    string         `json:"transactionStatus"`
	TransactionType      string         `json:"transactionType"`
	MessageFields        *messageFields `json:"messageFields,omitzero"`
	IsoErrorCode         string         `json:"isoErrorCode,omitzero"`
	ExternalReferenceID  string         `json:"externalReferenceId,omitzero"`
}

// binInfo spells the BIN's name as each operation does: bindCard where a token, a stored card or a reauthorization is
// approved, binCard elsewhere.
type binInfo struct {
	Bank           string `json:"bank"`
	BinCard        string `json:"binCard,omitzero"`
	BindCard       string `json:"bindCard,omitzero"`
	CardCountry    string `json:"cardCountry,omitzero"`
	LastFourDigits string `json:"lastFourDigits,omitzero"`
	Type           string `json:"type"`
}

// rule is a security rule that fired.
type rule struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (c *call) nested(t transaction) *nested {
	code, text := t.response()
	n := &nested{
		ApprovalCode: t.approval, ApprovedAmount: wire.Amount(t.approved), BinInfo: c.binInfo(t),
		CardHolderName: t.facts.Holder, Created: t.created.UnixMilli(),
		MerchantID: string(c.merchant.ID), MerchantName: c.merchant.Name, PaymentBrand: brandName(t.facts.Brand),
		ProcessorBankName: processorBankName, RequestAmount: wire.Amount(t.requested), ResponseCode: code, ResponseText: text,
		TransactionID: transactionID(t.trace), TransactionReference: t.reference, TransactionStatus: t.status,
		TransactionType: t.kind, ExternalReferenceID: t.external(), TicketNumber: string(t.ticket),
		SaleTicketNumber: string(t.saleTicket), PreauthReference: string(t.preauth),
	}
	if t.order != nil && t.order.Amount != nil {
		n.Amount = &t.order.Amount.amount
	}
	if t.subscription != "" && (t.firstMessage() || t.likeSale) {
		n.MaskedCreditCard = t.facts.Mask("X")
	}
	switch {
	case t.declined != nil:
		rules := append([]rule{}, t.rules...)
		n.BaseMessage, n.Rules, n.ProcessorError = t.baseMessage, &rules, t.processorError
		if t.processorError == processorError {
			n.ProcessorMessage = t.declined.message
		}
	case t.saleTicket != "":
		n.AcquirerBank, n.TransactionReference = acquirerBank, "" // the reference stands at the top only
	case t.preauth != "" && !t.likeSale:
		n.Token, n.TransactionID, n.ExternalReferenceID = string(t.token), "", ""
	}
	if c.product.tokenless {
		n.Recap = t.trace.RRN
	}
	if t.kind == reauthorization && t.declined == nil {
		n.ExternalReferenceID = ""
		return n
	}
	if c.merchant.Model == pasarela.ModelAcquirer {
		c.tellScheme(n, t)
	}
	return n
}

// tellScheme adds what only merchants of the acquirer model learn.
func (c *call) tellScheme(n *nested, t transaction) {
	iso := isoErrorCode(t.iso)
	switch {
	case t.unsent:
		n.IsoErrorCode = declinedWithin
	case t.trace.RRN == "", t.declined == nil && !t.firstMessage():
	case iso != t.iso: // nothing came from the scheme
		n.IsoErrorCode = iso
	case t.declined != nil:
		n.MessageFields, n.IsoErrorCode = c.schemeSaid(t), iso
	default:
		n.MessageFields = c.schemeSaid(t)
	}
}

// firstMessage says whether the transaction is an authorization or a sale, not what followed one.
func (t *transaction) firstMessage() bool { return t.saleTicket == "" && t.preauth == "" }

// approvedText is what responseText says of an approval.
const approvedText = "Transacción aprobada"

// response is the API's own code and text.
func (t *transaction) response() (code, text string) {
	if t.declined != nil {
		return t.declined.code, t.declined.responseText()
	}
	return "000", approvedText
}

// extendedBin is all that is told of the card of a reauthorization.
type extendedBin struct {
	BindCard       string `json:"bindCard"`
	LastFourDigits string `json:"lastFourDigits"`
}

func (c *call) binInfo(t transaction) any {
	if t.facts.BIN == "" {
		return nil
	}
	approved := t.declined == nil && (t.firstMessage() || t.likeSale)
	if approved && t.kind == reauthorization {
		return extendedBin{t.facts.BIN, t.facts.LastFour}
	}
	b := &binInfo{Bank: t.facts.Bank, LastFourDigits: t.facts.LastFour, Type: string(t.facts.Type)}
	if approved {
		b.CardCountry = c.CountryName(t.facts.Country)
	}
	if approved && !c.product.tokenless {
		b.BindCard = t.facts.BIN
	} else {
		b.BinCard = t.facts.BIN
	}
	return b
}

// What the processor is called. The API prints a four-digit code and a bank's name.
const (
	acquirerBank      = "PASARELA"
	processorBankName = "0032~PASARELA"
	processorName     = "Pasarela Processor"
)

// processorID is 31 digits that name the merchant to the processor.
func processorID(m pasarela.MerchantID) string {
	own := string(m)
	if len(own) > 12 {
		own = own[len(own)-12:]
	}
	return "1000001" + own + own
}

// brandName is how v2 answers print a scheme.
func brandName(b pasarela.Brand) string {
	switch b {
	case pasarela.BrandVisa:
		return "Visa"
	case pasarela.BrandMastercard:
		return "Master Card"
	case pasarela.BrandAmex:
		return "American Express"
	case pasarela.BrandMaestro:
		return "Maestro"
	case pasarela.BrandDiners:
		return "Diners Club"
	case pasarela.BrandDiscover:
		return "Discover"
	case pasarela.BrandJCB:
		return "JCB"
	case pasarela.BrandUnionPay:
		return "UnionPay"
	case "":
		return ""
	default:
		return "Unknown"
	}
}

// flatBrandName is how legacy answers print a scheme: MASTERCARD, VISA.
func flatBrandName(b pasarela.Brand) string {
	return strings.ToUpper(strings.ReplaceAll(brandName(b), " ", ""))
}
