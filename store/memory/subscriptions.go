package memory

import (
	"context"
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
			s.CreatedAt = old.CreatedAt
			t.subscriptions.put(s.ID, subscriptionRow(s))
		}
		return old != nil
	}, store.ErrNotFound)
}

func (t *tables) dueSubscriptions(now time.Time) (all []dueItem[pasarela.SubscriptionID]) {
	for id, s := range t.subscriptions.rows {
		if isDue(s.DueAt, now) {
			all = append(all, dueItem[pasarela.SubscriptionID]{id, s.DueAt})
		}
	}
	return all
}

func subscriptionRow(s pasarela.Subscription) pasarela.Subscription {
	s.Card, s.Order = sealedRow(s.Card), content(s.Order)
	s.DueAt, s.CreatedAt, s.UpdatedAt = instant(s.DueAt), instant(s.CreatedAt), instant(s.UpdatedAt)
	return s
}
