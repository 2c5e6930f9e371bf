package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

const onCommission = "commission"

var errCommission = &refusal{status: http.StatusBadRequest, code: "COM004", message: "Id de comercio no válido.", on: onCommission, when: "nobody has the credential, or gets a commission of the merchant's sales in this currency"}

var commissions = newProduct("", map[pasarela.Code]*refusal{
	pasarela.CodeUnauthorized: errCommission,
	pasarela.CodeNotFound:     errCommission,
})

// commission is what another merchant gets of a sale, the tax on it included.
type commission struct {
	Name   string           `json:"commissionMerchantName"`
	Parent string           `json:"parentMerchantName"`
	Amount commissionAmount `json:"amount"`
	ID     string           `json:"merchantId"`
	Total  wire.Amount      `json:"totalAmount"`
}

type commissionAmount struct {
	Currency string      `json:"currency"`
	Tax      wire.Amount `json:"iva"`
	Taxed    wire.Amount `json:"subtotalIva"`
	Untaxed  wire.Amount `json:"subtotalIva0"`
}

// commission answers POST /commission/v1/configuration: what splitting a sale would give, without doing so.
func (c *call) commission() (gateway.Answer, error) {
	var r struct {
		Total    wire.Decimal `json:"totalAmount"`
		Currency string       `json:"currency"`
	}
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	if r.Currency == "" || !r.Total.Present() {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "totalAmount, currency: send both")
	}
	currency, err := currencyOf(r.Currency, c.merchant)
	if err != nil {
		return gateway.Answer{}, err
	}
	sale, err := r.Total.Money(currency)
	if err == nil && sale.Minor == 0 {
		err = pasarela.Errorf(pasarela.CodeInvalid, "totalAmount: send more than 0")
	}
	if err != nil {
		return gateway.Answer{}, err
	}
	fee, tax, err := c.merchant.Commission.Of(sale)
	if err != nil {
		return gateway.Answer{}, err
	}
	total, err := fee.Add(tax)
	if err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusCreated, c.commissionOf(fee, tax, total)), nil
}

// commissionOf writes a commission without a tax as one that none is due on.
func (c *call) commissionOf(fee, tax, total pasarela.Money) commission {
	of, none := c.merchant.Commission, pasarela.Money{Currency: fee.Currency}
	a := commissionAmount{Currency: currencyName(fee.Currency), Tax: wire.Amount(tax), Taxed: wire.Amount(fee), Untaxed: wire.Amount(none)}
	if of.TaxBasisPoints == 0 {
		a.Taxed, a.Untaxed = a.Untaxed, a.Taxed
	}
	return commission{Name: of.Name, Parent: of.ParentName, Amount: a, ID: string(of.Merchant), Total: wire.Amount(total)}
}
