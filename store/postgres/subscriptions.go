package postgres

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
		s.StartDate, s.EndDate, blob(s.Order), stamp(s.DueAt), stamp(s.CreatedAt), stamp(s.UpdatedAt))
	return t.exec(`
		INSERT INTO subscriptions (merchant, `+subscriptionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`, args...)
}

const selectSubscription = `SELECT ` + subscriptionColumns + ` FROM subscriptions WHERE merchant = $1 AND id = $2`

// Subscription implements store.SubscriptionTx.
func (t *tx) Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return scanSubscription(t.queryRow(selectSubscription+` FOR UPDATE`, t.merchant, string(id)), t.merchant)
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
		s.StartDate, s.EndDate, blob(s.Order), stamp(s.DueAt), stamp(s.UpdatedAt), t.merchant, string(s.ID))
	return t.put(`
		UPDATE subscriptions SET state = $1, card_record = $2, card = $3,
			bin = $4, last_four = $5, length = $6, brand = $7, type = $8, bank = $9, country = $10, holder = $11, expiry = $12,
			fingerprint = $13, plan = $14, periodicity = $15, amount = $16, currency = $17,
			start_date = $18, end_date = $19, details = $20, due_at = $21, updated_at = $22
		WHERE merchant = $23 AND id = $24 RETURNING 1`, args...)
}

// DueSubscriptions implements store.Reader.
func (s *Store) DueSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.SubscriptionID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.SubscriptionID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT id FROM subscriptions WHERE merchant = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3`, string(m), stamp(now), int64(limit))
	return ids, err
}
