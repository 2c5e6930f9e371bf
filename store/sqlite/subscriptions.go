package sqlite

import (
	"context"
	"time"

	"pasarela"
)

// subscriptionColumns are all but the merchant, as scanSubscription takes them.
const subscriptionColumns = `id, state, card_record, card, ` + factColumns + `, fingerprint, plan, periodicity, amount, currency,
	start_date, end_date, details, due_at, created_at, updated_at`

// InsertSubscription implements store.SubscriptionTx.
func (t *tx) InsertSubscription(s pasarela.Subscription) error {
	args := append(make([]any, 0, 25), t.merchant, string(s.ID), string(s.State), s.Card.Record, blob(s.Card.Bytes))
	args = factValues(args, s.Facts)
	args = append(args, s.Fingerprint, s.Plan, s.Periodicity, s.Amount.Minor, string(s.Amount.Currency),
		s.StartDate, s.EndDate, blob(s.Order), micros(s.DueAt), micros(s.CreatedAt), micros(s.UpdatedAt))
	_, err := t.exec(`
		INSERT INTO subscriptions (merchant, `+subscriptionColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

const selectSubscription = `SELECT ` + subscriptionColumns + ` FROM subscriptions WHERE merchant = ? AND id = ?`

// Subscription implements store.SubscriptionTx.
func (t *tx) Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return scanSubscription(t.queryRow(selectSubscription, t.merchant, string(id)), t.merchant)
}

// Subscription implements store.Reader.
func (s *Store) Subscription(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return scanSubscription(s.queryRow(ctx, selectSubscription, string(m), string(id)), string(m))
}

func scanSubscription(r row, merchant string) (pasarela.Subscription, error) {
	s := pasarela.Subscription{Merchant: pasarela.MerchantID(merchant)}
	dest := append(make([]any, 0, 24), (*string)(&s.ID), (*string)(&s.State), &s.Card.Record, &s.Card.Bytes)
	dest = factTargets(dest, &s.Facts)
	dest = append(dest, &s.Fingerprint, &s.Plan, &s.Periodicity, &s.Amount.Minor, (*string)(&s.Amount.Currency),
		&s.StartDate, &s.EndDate, &s.Order, at(&s.DueAt), at(&s.CreatedAt), at(&s.UpdatedAt))
	if err := r.Scan(dest...); err != nil {
		return pasarela.Subscription{}, err
	}
	return s, nil
}

// PutSubscription implements store.SubscriptionTx.
func (t *tx) PutSubscription(s pasarela.Subscription) error {
	args := append(make([]any, 0, 24), string(s.State), s.Card.Record, blob(s.Card.Bytes))
	args = factValues(args, s.Facts)
	args = append(args, s.Fingerprint, s.Plan, s.Periodicity, s.Amount.Minor, string(s.Amount.Currency),
		s.StartDate, s.EndDate, blob(s.Order), micros(s.DueAt), micros(s.UpdatedAt), t.merchant, string(s.ID))
	return t.put(`
		UPDATE subscriptions SET state = ?, card_record = ?, card = ?,
			bin = ?, last_four = ?, length = ?, brand = ?, type = ?, bank = ?, country = ?, holder = ?, expiry = ?,
			fingerprint = ?, plan = ?, periodicity = ?, amount = ?, currency = ?,
			start_date = ?, end_date = ?, details = ?, due_at = ?, updated_at = ?
		WHERE merchant = ? AND id = ?`, args...)
}

// DueSubscriptions implements store.Reader.
func (s *Store) DueSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.SubscriptionID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.SubscriptionID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT id FROM subscriptions WHERE merchant = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?`, string(m), micros(now), int64(limit))
	return ids, err
}
