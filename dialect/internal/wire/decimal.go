package wire

import (
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
)

// maxDecimal bounds a number's literal, in bytes; twelve digits and an exponent fit many times over.
const maxDecimal = 64

// Decimal is a JSON number exactly as it was sent; "" where none was sent. A number in a string is refused.
type Decimal string

// UnmarshalJSONFrom keeps the literal of a number.
func (d *Decimal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*d = ""
	case '0':
		if len(v) > maxDecimal {
			return pasarela.ErrOverflow
		}
		*d = Decimal(v)
	default:
		return pasarela.ErrNotDecimal
	}
	return nil
}

// MarshalJSONTo writes the literal.
func (d Decimal) MarshalJSONTo(enc *jsontext.Encoder) error {
	if d == "" {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteValue(jsontext.Value(d))
}

// Present says whether a number was sent.
func (d Decimal) Present() bool { return d != "" }

// Money reads the number in major units of c. It returns what pasarela.ParseMoney returns; a number that was
// not sent is ErrNotDecimal.
func (d Decimal) Money(c pasarela.Currency) (pasarela.Money, error) {
	if d == "0" {
		return pasarela.Money{Currency: c}, nil
	}
	return pasarela.ParseMoney(string(d), c)
}

// Amount writes money as a JSON number in major units.
type Amount pasarela.Money

// MarshalJSONTo writes 16.98, 59, 0.5.
func (a Amount) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteValue(jsontext.Value(pasarela.Money(a).Decimal()))
}

// Sum adds amounts. It returns ErrCurrency or ErrOverflow; the sum of none is the zero value.
func Sum(amounts ...pasarela.Money) (pasarela.Money, error) {
	if len(amounts) == 0 {
		return pasarela.Money{}, nil
	}
	total := amounts[0]
	for _, a := range amounts[1:] {
		var err error
		if total, err = total.Add(a); err != nil {
			return pasarela.Money{}, err
		}
	}
	return total, nil
}
