package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"pasarela"
	"pasarela/store"
)

// SealedRows implements store.Vaulted.
func (d *database) SealedRows(_ context.Context, m pasarela.MerchantID, k store.SealedKind, after string, limit int) (found []store.SealedRow, _ error) {
	visit := func(row string, s pasarela.Sealed) {
		if row > after && !s.Empty() {
			found = append(found, store.SealedRow{Row: row, Sealed: s})
		}
	}
	d.read(m, func(t *tables) { t.sealed(k, visit) })
	if k == store.SealedMerchantSecrets {
		d.mu.RLock()
		visit(string(m), d.merchants[m].Secrets)
		d.mu.RUnlock()
	}
	slices.SortFunc(found, func(a, b store.SealedRow) int { return cmp.Compare(a.Row, b.Row) })
	return found[:min(limit, len(found))], nil
}

// Reseal implements store.Vaulted.
func (d *database) Reseal(_ context.Context, m pasarela.MerchantID, k store.SealedKind, row string, old, renewed []byte) (bool, error) {
	if k == store.SealedMerchantSecrets {
		d.mu.Lock()
		defer d.mu.Unlock()
		r := d.merchants[m]
		same := len(old) > 0 && bytes.Equal(r.Secrets.Bytes, old) && string(m) == row
		if same {
			r.Secrets.Bytes = content(renewed)
			d.merchants[m] = r
		}
		return same, nil
	}
	done := false
	err := d.run(m, func(unit store.Tx) error {
		done = unit.(*tx).reseal(k, row, old, renewed)
		return nil
	})
	return done, err
}

// reseal replaces old by renewed in a row, unless the row holds something else.
func (t *tx) reseal(k store.SealedKind, name string, old, renewed []byte) bool {
	swap := func(s *pasarela.Sealed) bool {
		same := len(old) > 0 && bytes.Equal(s.Bytes, old)
		if same {
			s.Bytes = content(renewed)
		}
		return same
	}
	switch k {
	case store.SealedTokenCard, store.SealedTokenCVV:
		v, err := t.Token(pasarela.TokenID(name))
		sealed := &v.Card
		if k == store.SealedTokenCVV {
			sealed = &v.CVV
		}
		swapped := err == nil && swap(sealed)
		if swapped {
			t.tokens.put(v.ID, v)
		}
		return swapped
	case store.SealedPaymentCard:
		v, err := t.Payment(pasarela.PaymentID(name))
		return err == nil && swap(&v.Card) && t.PutPayment(v) == nil
	case store.SealedSubscriptionCard:
		v, err := t.Subscription(pasarela.SubscriptionID(name))
		return err == nil && swap(&v.Card) && t.PutSubscription(v) == nil
	default:
		return false
	}
}

// sealed calls visit for every sealed value of one kind.
func (t *tables) sealed(k store.SealedKind, visit func(row string, s pasarela.Sealed)) {
	switch k {
	case store.SealedTokenCard, store.SealedTokenCVV:
		for id, v := range t.tokens.rows {
			if k == store.SealedTokenCard {
				visit(string(id), v.Card)
			} else {
				visit(string(id), v.CVV)
			}
		}
	case store.SealedPaymentCard:
		for id, v := range t.payments.rows {
			visit(string(id), v.Card)
		}
	case store.SealedSubscriptionCard:
		for id, v := range t.subscriptions.rows {
			visit(string(id), v.Card)
		}
	}
}

func sealedRow(s pasarela.Sealed) pasarela.Sealed {
	return pasarela.Sealed{Record: s.Record, Bytes: content(s.Bytes)}
}
