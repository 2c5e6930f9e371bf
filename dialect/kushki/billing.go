package kushki

import (
	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// Pricing says what a period of a subscription of this API costs. It implements gateway.Biller.
//
// An adjustment works on each part of the price by itself, on every extra tax by its name: it takes the part's place, is
// added to it, or is taken off it. A part of which more is taken off than it has is zero; the rest of the discount is lost,
// for no part pays for another.
type Pricing struct{}

// Price implements gateway.Biller. It returns CodeNotFound for a subscription of another dialect, CodeInvalid for a sum that
// is too large, and CodeInternal for what cannot be read.
func (Pricing) Price(s pasarela.Subscription) (pasarela.Money, []byte, error) {
	p, err := planOf(s)
	if err != nil {
		return pasarela.Money{}, nil, err
	}
	price := p.Amount.amount
	if s.Adjustment.Left > 0 {
		if price, err = price.adjusted(s.Adjustment); err != nil {
			return pasarela.Money{}, nil, err
		}
	}
	total, err := price.sum(s.Amount.Currency)
	if err != nil {
		return total, nil, err
	}
	stored, err := json.Marshal(order{Amount: &amountRequest{amount: price}, Metadata: p.Metadata, Contact: p.Contact,
		Webhooks: p.Webhooks, ChargebackHooks: p.ChargebackHooks})
	if err != nil {
		return total, nil, pasarela.Wrap(pasarela.CodeInternal, err, "order of a period cannot be encoded")
	}
	return total, stored, nil
}

func encodeAdjustment(a amount) ([]byte, error) {
	stored, err := json.Marshal(a)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "adjustment cannot be encoded")
	}
	return stored, nil
}

// adjusted is the price of a period that the adjustment is for.
func (a amount) adjusted(by pasarela.Adjustment) (amount, error) {
	var other amount
	if err := json.Unmarshal(by.Order, &other); err != nil {
		return a, pasarela.Wrap(pasarela.CodeInternal, err, "stored adjustment cannot be read")
	}
	if by.Kind == pasarela.AdjustReplace {
		return other, nil
	}
	c := by.Amount.Currency
	for _, part := range []struct{ own, by *wire.Decimal }{
		{&a.SubtotalIva, &other.SubtotalIva}, {&a.SubtotalIva0, &other.SubtotalIva0}, {&a.Ice, &other.Ice}, {&a.Iva, &other.Iva},
	} {
		if err := adjustPart(part.own, *part.by, by.Kind, c); err != nil {
			return a, err
		}
	}
	own := append(taxes(nil), a.ExtraTaxes...) // the stored one stays as it is
	for _, one := range other.ExtraTaxes {
		i := own.index(one.name)
		if i < 0 {
			own, i = append(own, tax{one.name, "0"}), len(own)
		}
		if err := adjustPart(&own[i].value, one.value, by.Kind, c); err != nil {
			return a, err
		}
	}
	a.ExtraTaxes = own
	return a, nil
}

// adjustPart adds to a part, or takes off it down to zero.
func adjustPart(part *wire.Decimal, by wire.Decimal, kind pasarela.AdjustmentKind, c pasarela.Currency) error {
	m, err := part.Money(c)
	if err != nil {
		return err
	}
	change, err := by.Money(c)
	if err != nil {
		return err
	}
	if kind == pasarela.AdjustDiscount {
		m.Minor = max(m.Minor-change.Minor, 0)
	} else if m, err = m.Add(change); err != nil {
		return err
	}
	*part = wire.Decimal(m.Decimal())
	return nil
}
