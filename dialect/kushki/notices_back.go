package kushki

import (
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// ofGiveBack is a void or a refund.
func (t Teller) ofGiveBack(m pasarela.Merchant, c gateway.Change) *news {
	if c.Operation == nil {
		return nil
	}
	p, o := *c.Payment, *c.Operation
	told := &news{names: []string{onApproved}, own: o.Order, body: func() any { return t.giveBackBody(m, p, o) }}
	if o.State != pasarela.OpApproved {
		told.names[0] = onDeclined
	}
	return told
}

// giveBackNotice is the notification of a void or a refund: camelCase, unlike the payment's. Members of the published list
// that nothing is known of are left out.
type giveBackNotice struct {
	ID               string          `json:"id"`
	Ticket           pasarela.Ticket `json:"ticketNumber"`
	VoidTicket       pasarela.Ticket `json:"voidTicketNumber"`
	Reference        string          `json:"transactionReference"`
	TransactionID    string          `json:"transactionId,omitzero"`
	Type             string          `json:"transactionType"`
	Status           string          `json:"transactionStatus"`
	SaleTicket       pasarela.Ticket `json:"saleTicketNumber"`
	SaleReference    string          `json:"saleTransactionReference"`
	SaleType         string          `json:"saleTransactionType"`
	SaleApproval     string          `json:"saleApprovalCode"`
	SaleCreated      int64           `json:"saleCreated"` // milliseconds
	PartialVoid      bool            `json:"partialVoid"`
	ForceRefund      bool            `json:"forceRefund"`
	RequestAmount    wire.Amount     `json:"requestAmount"`
	Amount           giveBackAmount  `json:"amount"`
	Ice              wire.Decimal    `json:"ice"`
	Currency         string          `json:"currency"`
	Created          int64           `json:"created"` // milliseconds
	ResponseCode     string          `json:"responseCode"`
	ResponseText     string          `json:"responseText"`
	Metadata         jsontext.Value  `json:"metadata,omitzero"`
	Email            string          `json:"email,omitzero"`
	MerchantID       string          `json:"merchantId"`
	MerchantName     string          `json:"merchantName"`
	Country          string          `json:"country"`
	CredentialID     string          `json:"credentialId"`
	CredentialAlias  string          `json:"credentialAlias"`
	PublicCredential string          `json:"publicCredentialId"`
	PaymentMethod    string          `json:"paymentMethod"`
	SyncMode         string          `json:"syncMode"`
	Sandbox          bool            `json:"isSandboxTransaction"`
	ProcessorID      string          `json:"processorId"`
	ProcessorName    string          `json:"processorName"`
	ProcessorType    string          `json:"processorType"`
	Brand            string          `json:"paymentBrand,omitzero"`
	CardType         string          `json:"cardType,omitzero"`
	Holder           string          `json:"cardHolderName,omitzero"`
	BIN              string          `json:"binCard,omitzero"`
	LastFour         string          `json:"lastFourDigits,omitzero"`
	CardCountry      string          `json:"cardCountry,omitzero"`
	ForeignCard      bool            `json:"foreignCard"`
}

// giveBackAmount has neither currency nor ice, which stand beside it.
type giveBackAmount struct {
	SubtotalIva0 wire.Decimal `json:"subtotalIva0"`
	SubtotalIva  wire.Decimal `json:"subtotalIva"`
	Iva          wire.Decimal `json:"iva"`
	ExtraTaxes   taxes        `json:"extraTaxes,omitzero"`
}

// giveBackRejected is what a void or a refund says that the issuer refused.
const giveBackRejected = "Transacción rechazada por el procesador"

func (t Teller) giveBackBody(m pasarela.Merchant, p pasarela.Payment, o pasarela.Operation) any {
	sale := ofSale(p.Order, p.Amount)
	shown := about(o.Order, sale)
	if shown.Amount == nil {
		shown.Amount = &amountRequest{amount: wholeAmount(o.Amount)}
		if o.Amount == p.Amount {
			shown.Amount = sale.Amount
		}
	}
	x := operationOf(p, o, &shown.order)
	x.kind, x.status = giveBackType(o, shown), statusApproved
	if o.State != pasarela.OpApproved {
		x = x.refused(followUpDecline(o.ResponseCode))
	}
	n := t.giveBack(m, x, &shown.order)
	n.ID, n.Ticket, n.VoidTicket = string(o.ID), o.Ticket, o.Ticket
	n.SaleTicket, n.SaleReference, n.SaleType = p.Ticket, string(p.ID), saleType(p, &sale.order)
	switch {
	case o.Of != "": // of one reauthorization
		n.SaleReference, n.SaleType = string(o.Of), reauthorization
	case p.Captured > 0 && p.Kind == pasarela.KindAuthorization:
		n.SaleType = "CAPTURE"
	}
	if sale.CardAsync != "" {
		n.ProcessorName = asyncProcessor
	}
	if shown.Named != "" {
		n.SaleTicket = shown.Named
	}
	n.SaleApproval, n.SaleCreated = p.ApprovalCode, p.CreatedAt.UnixMilli()
	n.PartialVoid = p.Captured > 0 && o.Amount.Minor < p.Captured
	return n
}

// giveBackType is the transactionType as it was answered.
func giveBackType(o pasarela.Operation, shown toldOrder) string {
	switch {
	case shown.Type != "":
		return shown.Type
	case o.Kind == pasarela.OpRefund:
		return typeRefund
	default:
		return typeVoid
	}
}

func (t Teller) giveBack(m pasarela.Merchant, x transaction, o *order) giveBackNotice {
	code, text := x.response()
	if x.declined == declinedFollowUp {
		text = giveBackRejected
	}
	a, f := &o.Amount.amount, x.facts
	return giveBackNotice{
		Reference: x.reference, TransactionID: transactionID(x.trace), Type: x.kind, Status: x.status,
		RequestAmount: wire.Amount(x.requested), Amount: giveBackAmount{a.SubtotalIva0, a.SubtotalIva, a.Iva, a.ExtraTaxes}, Ice: a.Ice,
		Currency: currencyName(x.requested.Currency), Created: x.created.UnixMilli(), ResponseCode: code, ResponseText: text,
		Metadata: metadataOf(o), Email: o.email(), MerchantID: string(m.ID), MerchantName: m.Name, Country: countryOf(m),
		CredentialID: credentialID(t.Digest, m), CredentialAlias: m.Name, PublicCredential: m.Kushki.PublicID,
		PaymentMethod: "card", SyncMode: "online", Sandbox: t.Sandbox,
		ProcessorID: processorID(m.ID), ProcessorName: processorName, ProcessorType: asyncProcessorType(m),
		Brand: brandName(f.Brand), CardType: string(f.Type), Holder: f.Holder, BIN: f.BIN, LastFour: f.LastFour,
		CardCountry: t.CountryName(f.Country), ForeignCard: foreign(f, m),
	}
}
