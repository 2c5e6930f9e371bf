package postgres

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
	args, err := subscriptionValues(append(make([]any, 0, 36), t.merchant, string(s.ID), s.Dialect, stamp(s.CreatedAt)), s)
	if err != nil {
		return t.fail(err)
	}
	return t.exec(`
		INSERT INTO subscriptions (merchant, `+subscriptionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)`, args...)
}

// subscriptionValues are what can change of a subscription, in the order of subscriptionColumns.
func subscriptionValues(args []any, s pasarela.Subscription) ([]any, error) {
	args = append(args, string(s.State), s.Card.Record, blob(s.Card.Bytes))
	args = factValues(args, s.Facts)
	args = append(args, s.Fingerprint, s.Plan, string(s.Periodicity), s.Amount.Minor, string(s.Amount.Currency),
		string(s.StartDate), string(s.EndDate), blob(s.Order), stamp(s.DueAt), stamp(s.UpdatedAt))
	retry, err := store.RetryText(s.Retry)
	a := s.Adjustment
	return append(args, retry, string(a.Kind), a.Amount.Minor, string(a.Amount.Currency), blob(a.Order), int64(a.Left),
		string(s.LastPeriod), string(s.NextPeriod), stamp(s.BilledFrom), string(s.Charging)), err
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
		UPDATE subscriptions SET state = $1, card_record = $2, card = $3,
			bin = $4, last_four = $5, length = $6, brand = $7, type = $8, bank = $9, country = $10, holder = $11, expiry = $12,
			fingerprint = $13, plan = $14, periodicity = $15, amount = $16, currency = $17,
			start_date = $18, end_date = $19, details = $20, due_at = $21, updated_at = $22,
			retry = $23, adjustment_kind = $24, adjustment_amount = $25, adjustment_currency = $26, adjustment_details = $27, adjustment_left = $28,
			last_period = $29, next_period = $30, billed_from = $31, charging = $32
		WHERE merchant = $33 AND id = $34 RETURNING 1`, append(args, t.merchant, string(s.ID))...)
}

// DueSubscriptions implements store.Reader. Its states are those of the index subscriptions_waiting.
func (s *Store) DueSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.SubscriptionID, error) {
	return s.subscriptionsDue(ctx, `
		SELECT id FROM subscriptions WHERE merchant = $1 AND state IN ('pending', 'verifying') AND due_at <= $2
		ORDER BY due_at, id LIMIT $3`, string(m), stamp(now), int64(limit))
}

// BillableSubscriptions implements store.Reader.
func (s *Store) BillableSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.SubscriptionID, error) {
	return s.subscriptionsDue(ctx, `
		SELECT id FROM subscriptions WHERE merchant = $1 AND state = 'active' AND due_at <= $2
		ORDER BY due_at, id LIMIT $3`, string(m), stamp(now), int64(limit))
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
