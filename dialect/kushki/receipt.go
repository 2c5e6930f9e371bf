package kushki

import (
	"encoding/base64"
	"net/http"

	"pasarela"
	"pasarela/gateway"
	"pasarela/receipt"
)

// voucher answers GET /webhook/v1/transaction/receipt/{reference}, which Chile has: what the buyer gets on paper.
func (c *call) voucher() (gateway.Answer, error) {
	if c.merchant.Country != "CL" {
		return gateway.Answer{}, errNotAllowed
	}
	name := c.request.PathValue("reference")
	if !uuid(name) {
		return gateway.Answer{}, errNoReceipt
	}
	r, err := c.receiptOf(name)
	if err != nil {
		return gateway.Answer{}, err
	}
	document, err := receipt.PDF(r)
	if err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, struct {
		Buffer string `json:"buffer"`
	}{base64.StdEncoding.EncodeToString(document)}), nil
}

// receiptOf finds what has this reference: a payment that was approved, or what was given back of one. It returns
// CodeNotFound.
func (c *call) receiptOf(reference string) (receipt.Receipt, error) {
	ctx := c.request.Context()
	p, err := c.gateway.Store.Payment(ctx, c.merchant.ID, pasarela.PaymentID(reference))
	if err == nil {
		return c.receiptOfPayment(p)
	}
	if pasarela.CodeOf(err) != pasarela.CodeNotFound {
		return receipt.Receipt{}, err
	}
	o, err := c.gateway.Store.Operation(ctx, c.merchant.ID, pasarela.OperationID(reference))
	if err != nil {
		return receipt.Receipt{}, err
	}
	if p, err = c.gateway.Store.Payment(ctx, c.merchant.ID, o.Payment); err != nil {
		return receipt.Receipt{}, err
	}
	return c.receiptOfOperation(p, o)
}

func (c *call) receiptOfPayment(p pasarela.Payment) (receipt.Receipt, error) {
	if p.ApprovalCode == "" || p.Dialect == "" {
		return receipt.Receipt{}, errNoReceipt
	}
	r := c.newReceipt(p)
	r.Kind, r.At, r.Amount = receipt.KindSale, p.CreatedAt, p.Amount
	r.AuthorizationCode, r.Ticket, r.Reference = p.ApprovalCode, string(p.Ticket), string(p.ID)
	switch {
	case p.Kind == pasarela.KindAuthorization && p.Captured > 0: // a capture keeps the authorization's reference
		r.Kind, r.Amount.Minor = receipt.KindCapture, p.Captured
	case p.Kind == pasarela.KindAuthorization:
		r.Kind = receipt.KindAuthorization
	}
	return r, nil
}

var receiptKinds = map[pasarela.OperationKind]receipt.Kind{
	pasarela.OpCapture: receipt.KindCapture, pasarela.OpReauthorize: receipt.KindAuthorization,
	pasarela.OpVoid: receipt.KindVoid, pasarela.OpRefund: receipt.KindRefund,
}

func (c *call) receiptOfOperation(p pasarela.Payment, o pasarela.Operation) (receipt.Receipt, error) {
	if o.State == pasarela.OpDeclined || o.State == pasarela.OpReversed {
		return receipt.Receipt{}, errNoReceipt
	}
	r := c.newReceipt(p)
	r.Kind, r.At, r.Amount = receiptKinds[o.Kind], o.CreatedAt, o.Amount
	r.AuthorizationCode, r.Ticket, r.Reference = first(o.ApprovalCode, p.ApprovalCode), string(o.Ticket), string(o.ID)
	return r, nil
}

func (c *call) newReceipt(p pasarela.Payment) receipt.Receipt {
	return receipt.Receipt{Merchant: c.merchant.Name, Zone: c.zone(), Card: p.Facts, Installments: c.orderOf(p).split(), CreatedAt: c.now()}
}
