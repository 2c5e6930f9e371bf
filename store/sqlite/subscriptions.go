package sqlite

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// subscriptionColumns are all but the merchant, as scanSubscription takes them. scheduleColumns are how it is charged.
const (
	subscriptionColumns = `id, dialect, created_at, state, card_record, card, ` + factColumns + `, fingerprint, plan, periodicity, amount, currency,
	start_date, end_date, details, due_at, updated_at, ` + scheduleColumns
	scheduleColumns = `retry, adjustment_kind, adjustment_amount, adjustment_currency, adjustment_details, adjustment_left,
	last_period, next_period, billed_from, charging`
)

// InsertSubscription implements store.SubscriptionTx.
func (t *tx) InsertSubscription(s pasarela.Subscription) error {
	args, err := subscriptionValues(append(make([]any, 0, 36), t.merchant, string(s.ID), s.Dialect, micros(s.CreatedAt)), s)
	if err != nil {
		return t.fail(err)
	}
	_, err = t.exec(`
		INSERT INTO subscriptions (merchant, `+subscriptionColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

// subscriptionValues are what can change of a subscription, in the order of subscriptionColumns.
func subscriptionValues(args []any, s pasarela.Subscription) ([]any, error) {
	args = append(args, string(s.State), s.Card.Record, blob(s.Card.Bytes))
	args = factValues(args, s.Facts)
	args = append(args, s.Fingerprint, s.Plan, string(s.Periodicity), s.Amount.Minor, string(s.Amount.Currency),
		string(s.StartDate), string(s.EndDate), blob(s.Order), micros(s.DueAt), micros(s.UpdatedAt))
	retry, err := store.RetryText(s.Retry)
	a := s.Adjustment
	return append(args, retry, string(a.Kind), a.Amount.Minor, string(a.Amount.Currency), blob(a.Order), int64(a.Left),
		string(s.LastPeriod), string(s.NextPeriod), micros(s.BilledFrom), string(s.Charging)), err
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
	var retry string
	a := &s.Adjustment
	dest := append(make([]any, 0, 35), (*string)(&s.ID), &s.Dialect, at(&s.CreatedAt), (*string)(&s.State), &s.Card.Record, &s.Card.Bytes)
	dest = factTargets(dest, &s.Facts)
	dest = append(dest, &s.Fingerprint, &s.Plan, (*string)(&s.Periodicity), &s.Amount.Minor, (*string)(&s.Amount.Currency),
		(*string)(&s.StartDate), (*string)(&s.EndDate), &s.Order, at(&s.DueAt), at(&s.UpdatedAt))
	dest = append(dest, &retry, (*string)(&a.Kind), &a.Amount.Minor, (*string)(&a.Amount.Currency), &a.Order, &a.Left,
		(*string)(&s.LastPeriod), (*string)(&s.NextPeriod), at(&s.BilledFrom), (*string)(&s.Charging))
	err := r.Scan(dest...)
	if err == nil {
		s.Retry, err = store.ParseRetry(retry)
	}
	if err != nil {
		return pasarela.Subscription{}, err
	}
	return s, nil
}

// PutSubscription implements store.SubscriptionTx.
func (t *tx) PutSubscription(s pasarela.Subscription) error {
	args, err := subscriptionValues(make([]any, 0, 34), s)
	if err != nil {
		return t.fail(err)
	}
	return t.put(`
		UPDATE subscriptions SET state = ?, card_record = ?, card = ?,
			bin = ?, last_four = ?, length = ?, brand = ?, type = ?, bank = ?, country = ?, holder = ?, expiry = ?,
			fingerprint = ?, plan = ?, periodicity = ?, amount = ?, currency = ?,
			start_date = ?, end_date = ?, details = ?, due_at = ?, updated_at = ?,
			retry = ?, adjustment_kind = ?, adjustment_amount = ?, adjustment_currency = ?, adjustment_details = ?, adjustment_left = ?,
			last_period = ?, next_period = ?, billed_from = ?, charging = ?
		WHERE merchant = ? AND id = ?`, append(args, t.merchant, string(s.ID))...)
}

// DueSubscriptions implements store.Reader. Its states are those of the index subscriptions_waiting.
func (s *Store) DueSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.SubscriptionID, error) {
	return s.subscriptionsDue(ctx, `
		SELECT id FROM subscriptions WHERE merchant = ? AND state IN ('pending', 'verifying') AND due_at <= ?
		ORDER BY due_at, id LIMIT ?`, string(m), micros(now), int64(limit))
}

// BillableSubscriptions implements store.Reader.
func (s *Store) BillableSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.SubscriptionID, error) {
	return s.subscriptionsDue(ctx, `
		SELECT id FROM subscriptions WHERE merchant = ? AND state = 'active' AND due_at <= ?
		ORDER BY due_at, id LIMIT ?`, string(m), micros(now), int64(limit))
}

func (s *Store) subscriptionsDue(ctx context.Context, query string, args ...any) (ids []pasarela.SubscriptionID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.SubscriptionID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, query, args...)
	return ids, err
}
