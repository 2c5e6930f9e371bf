package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// Subscription implements store.Reader.
func (d *database) Subscription(_ context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return find(d, m, func(t *tables) *pasarela.Subscription { return t.subscriptions.rows[id] })
}

// DueSubscriptions implements store.Reader.
func (d *database) DueSubscriptions(_ context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.SubscriptionID, _ error) {
	d.read(m, func(t *tables) { ids = earliest(t.dueSubscriptions(now), limit) })
	return ids, nil
}

// BillableSubscriptions implements store.Reader.
func (d *database) BillableSubscriptions(_ context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.SubscriptionID, _ error) {
	d.read(m, func(t *tables) { ids = earliest(t.billable(now), limit) })
	return ids, nil
}

// ofSubscription are its payments, the highest ticket first.
func (d *database) ofSubscription(m pasarela.MerchantID, s pasarela.SubscriptionID) (all []pasarela.Payment) {
	d.read(m, func(t *tables) {
		for _, p := range t.payments.rows {
			if p.Subscription == s && s != "" {
				all = append(all, *p)
			}
		}
	})
	slices.SortFunc(all, func(a, b pasarela.Payment) int { return cmp.Compare(b.Ticket, a.Ticket) })
	return all
}

// SubscriptionPayments implements store.Reader.
func (d *database) SubscriptionPayments(_ context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, below pasarela.Ticket, limit int) ([]pasarela.Payment, error) {
	page := slices.DeleteFunc(d.ofSubscription(m, s), func(p pasarela.Payment) bool { return below != "" && p.Ticket >= below })
	return page[:min(limit, len(page))], nil
}

// SubscriptionTicket implements store.Reader.
func (d *database) SubscriptionTicket(_ context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, n int) (pasarela.Ticket, error) {
	all := d.ofSubscription(m, s)
	if n > len(all) {
		return "", store.ErrNotFound
	}
	return all[n-1].Ticket, nil
}

// CountSubscriptionPayments implements store.Reader.
func (d *database) CountSubscriptionPayments(_ context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, most int) (int, error) {
	return min(most, len(d.ofSubscription(m, s))), nil
}

func (t *tx) InsertSubscription(s pasarela.Subscription) error {
	s.Merchant = t.merchant
	return t.write(func() bool { return t.subscriptions.insert(s.ID, subscriptionRow(s)) }, store.ErrDuplicate)
}

func (t *tx) Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return row(t, t.subscriptions.get(id))
}

func (t *tx) PutSubscription(s pasarela.Subscription) error {
	return t.write(func() bool {
		old := t.subscriptions.get(s.ID)
		if old != nil {
			s.Dialect, s.CreatedAt = old.Dialect, old.CreatedAt
			t.subscriptions.put(s.ID, subscriptionRow(s))
		}
		return old != nil
	}, store.ErrNotFound)
}

// dueSubscriptions are those that wait for their card.
func (t *tables) dueSubscriptions(now time.Time) []dueItem[pasarela.SubscriptionID] {
	return t.subscriptionsDue(now, pasarela.SubscriptionPending, pasarela.SubscriptionVerifying)
}

// billable are those of which something is to be charged.
func (t *tables) billable(now time.Time) []dueItem[pasarela.SubscriptionID] {
	return t.subscriptionsDue(now, pasarela.SubscriptionActive)
}

func (t *tables) subscriptionsDue(now time.Time, in ...pasarela.SubscriptionState) (all []dueItem[pasarela.SubscriptionID]) {
	for id, s := range t.subscriptions.rows {
		if isDue(s.DueAt, now) && slices.Contains(in, s.State) {
			all = append(all, dueItem[pasarela.SubscriptionID]{id, s.DueAt})
		}
	}
	return all
}

func subscriptionRow(s pasarela.Subscription) pasarela.Subscription {
	s.Card, s.Order, s.Retry, s.Adjustment.Order = sealedRow(s.Card), content(s.Order), retryRow(s.Retry), content(s.Adjustment.Order)
	s.BilledFrom = instant(s.BilledFrom)
	s.DueAt, s.CreatedAt, s.UpdatedAt = instant(s.DueAt), instant(s.CreatedAt), instant(s.UpdatedAt)
	return s
}
