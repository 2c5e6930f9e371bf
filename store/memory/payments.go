package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// Payment implements store.Reader.
func (d *database) Payment(_ context.Context, m pasarela.MerchantID, id pasarela.PaymentID) (pasarela.Payment, error) {
	return find(d, m, func(t *tables) *pasarela.Payment { return t.payments.rows[id] })
}

// PaymentByTicket implements store.Reader.
func (d *database) PaymentByTicket(_ context.Context, m pasarela.MerchantID, ticket pasarela.Ticket) (pasarela.Payment, error) {
	return find(d, m, func(t *tables) *pasarela.Payment {
		if id := t.tickets.rows[ticket]; id != nil {
			return t.payments.rows[*id]
		}
		return nil
	})
}

// Due implements store.Reader.
func (d *database) Due(_ context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.PaymentID, _ error) {
	d.read(m, func(t *tables) { ids = earliest(t.due(now), limit) })
	return ids, nil
}

// Payments implements store.Reader.
func (d *database) Payments(_ context.Context, m pasarela.MerchantID, after pasarela.Ticket, limit int) (page []pasarela.Payment, _ error) {
	d.read(m, func(t *tables) {
		for _, ticket := range slices.Sorted(maps.Keys(t.tickets.rows)) {
			if ticket > after && len(page) < limit {
				page = append(page, *t.payments.rows[*t.tickets.rows[ticket]])
			}
		}
	})
	return page, nil
}

// PendingPayments implements store.Reader.
func (d *database) PendingPayments(_ context.Context, m pasarela.MerchantID) (n int, _ error) {
	d.read(m, func(t *tables) {
		for _, p := range t.payments.rows {
			if p.State.Pending() {
				n++
			}
		}
	})
	return n, nil
}

func (t *tx) InsertPayment(p pasarela.Payment) error {
	p.Merchant = t.merchant
	return t.write(func() bool {
		return t.tickets.insert(p.Ticket, p.ID) && t.payments.insert(p.ID, paymentRow(p))
	}, store.ErrDuplicate)
}

func (t *tx) Payment(id pasarela.PaymentID) (pasarela.Payment, error) {
	return row(t, t.payments.get(id))
}

func (t *tx) PutPayment(p pasarela.Payment) error {
	return t.write(func() bool {
		old := t.payments.get(p.ID)
		if old == nil {
			return false
		}
		p.Merchant, p.Ticket, p.Kind, p.Amount, p.CreatedAt = old.Merchant, old.Ticket, old.Kind, old.Amount, old.CreatedAt
		p.Token, p.Subscription, p.Period, p.Recurrence, p.Authentication = old.Token, old.Subscription, old.Period, old.Recurrence, old.Authentication
		p.Facts, p.Dialect, p.Order = old.Facts, old.Dialect, old.Order
		t.payments.put(p.ID, paymentRow(p))
		return true
	}, store.ErrNotFound)
}

func (t *tables) due(now time.Time) (all []dueItem[pasarela.PaymentID]) {
	for id, p := range t.payments.rows {
		if isDue(p.DueAt, now) {
			all = append(all, dueItem[pasarela.PaymentID]{id, p.DueAt})
		}
	}
	return all
}

func paymentRow(p pasarela.Payment) pasarela.Payment {
	p.Card, p.Order = sealedRow(p.Card), content(p.Order)
	p.DueAt, p.ExpiresAt, p.CreatedAt, p.UpdatedAt = instant(p.DueAt), instant(p.ExpiresAt), instant(p.CreatedAt), instant(p.UpdatedAt)
	for _, t := range []*pasarela.Trace{&p.Trace, &p.Follow, &p.CaptureTrace} {
		t.SentAt = instant(t.SentAt)
	}
	return p
}
