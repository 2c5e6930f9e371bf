package kushki

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// amount is a sum by its taxes, in major units. settle checks it and gives the members that were left out
// their defaults; as an answer it is written as it was settled.
type amount struct {
	SubtotalIva  wire.Decimal `json:"subtotalIva"`
	SubtotalIva0 wire.Decimal `json:"subtotalIva0"`
	Ice          wire.Decimal `json:"ice"`
	Iva          wire.Decimal `json:"iva"`
	ExtraTaxes   taxes        `json:"extraTaxes,omitzero"`
	Currency     string       `json:"currency"`
}

// amountRequest is an amount as callers write it; some published examples capitalise extraTaxes.
type amountRequest struct {
	amount
	Capital taxes `json:"ExtraTaxes,omitzero"`
}

// settle adds the parts up in the merchant's currency, its first where none is named. It returns CodeInvalid
// for what is no amount, and CodeCurrencyNotAllowed for a currency this API does not have.
func (r *amountRequest) settle(m pasarela.Merchant) (amount, pasarela.Money, error) {
	a := r.amount
	if len(a.ExtraTaxes) == 0 {
		a.ExtraTaxes = r.Capital
	}
	total, err := a.total(m)
	return a, total, err
}

func (a *amount) total(m pasarela.Merchant) (pasarela.Money, error) {
	currency, err := currencyOf(a.Currency, m)
	if err != nil {
		return pasarela.Money{}, err
	}
	a.Currency = currencyName(currency)
	if a.Ice == "" {
		a.Ice = "0"
	}
	return a.sum(currency)
}

// sum adds the parts up, and writes each without superfluous zeros.
func (a *amount) sum(currency pasarela.Currency) (total pasarela.Money, err error) {
	total = pasarela.Money{Currency: currency}
	for _, part := range []*wire.Decimal{&a.SubtotalIva, &a.SubtotalIva0, &a.Ice, &a.Iva} {
		if total, err = add(total, part); err != nil {
			return total, err
		}
	}
	for i := range a.ExtraTaxes {
		if total, err = add(total, &a.ExtraTaxes[i].value); err != nil {
			return total, err
		}
	}
	return total, nil
}

// add adds a part to the total and writes it without superfluous zeros.
func add(total pasarela.Money, part *wire.Decimal) (pasarela.Money, error) {
	m, err := part.Money(total.Currency)
	if err != nil {
		return total, err
	}
	*part = wire.Decimal(m.Decimal())
	return total.Add(m)
}

// wholeAmount is an amount without taxes.
func wholeAmount(m pasarela.Money) amount {
	return amount{SubtotalIva: "0", SubtotalIva0: wire.Decimal(m.Decimal()), Ice: "0", Iva: "0", Currency: currencyName(m.Currency)}
}

// currencyOf reads a currency as this API spells it: those of its countries, and what the merchant's own list has.
func currencyOf(name string, m pasarela.Merchant) (pasarela.Currency, error) {
	switch name {
	case "":
		if len(m.Currencies) > 0 {
			return m.Currencies[0], nil
		}
	case "UF":
		return "CLF", nil
	case "USD", "PEN", "COP", "MXN", "CLP":
		return pasarela.Currency(name), nil
	case "CLF": // UF is how this API spells it
	default:
		if m.Allows(pasarela.Currency(name)) {
			return pasarela.Currency(name), nil
		}
	}
	return "", pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "currency: send USD, PEN, COP, MXN, CLP, UF or another of the merchant's")
}

// currencyName is how this API spells a currency.
func currencyName(c pasarela.Currency) string {
	if c == "CLF" {
		return "UF"
	}
	return string(c)
}

// taxes are the extra taxes in the order they were sent.
type taxes []tax

type tax struct {
	name  string
	value wire.Decimal
}

// index is where the tax of a name is, -1 where there is none.
func (t taxes) index(name string) int {
	return slices.IndexFunc(t, func(one tax) bool { return one.name == name })
}

// maxTaxes bounds how many extra taxes an amount has; the API names eleven.
const maxTaxes = 20

// UnmarshalJSONFrom reads an object of numbers.
func (t *taxes) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	open, err := d.ReadToken()
	if err != nil {
		return err
	}
	*t = nil
	if open.Kind() == 'n' {
		return nil
	}
	if open.Kind() != '{' {
		return pasarela.Errorf(pasarela.CodeInvalid, "send an object of numbers")
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		one := tax{name: name.String()}
		if err := one.value.UnmarshalJSONFrom(d); err != nil {
			return err
		}
		if len(*t) == maxTaxes || !taxName(one.name) {
			return pasarela.Errorf(pasarela.CodeInvalid, "extraTaxes: send at most %d, named with letters and _", maxTaxes)
		}
		if one.value.Present() {
			*t = append(*t, one)
		}
	}
	_, err = d.ReadToken()
	return err
}

// MarshalJSONTo writes the object.
func (t taxes) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, one := range t {
		if err := e.WriteToken(jsontext.String(one.name)); err != nil {
			return err
		}
		if err := one.value.MarshalJSONTo(e); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// maxTaxName bounds the name of an extra tax, in characters.
const maxTaxName = 40

// taxName says whether s is made of letters and _.
func taxName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; s[i] != '_' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= maxTaxName
}
