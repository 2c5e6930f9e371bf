package sqlite

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// periodColumns are all but the merchant, as scanPeriod takes them.
const periodColumns = `subscription, date, begins, state, amount, currency, details, retry, attempts, unanswered, payment, due_at, created_at, updated_at`

// InsertPeriod implements store.PeriodTx.
func (t *tx) InsertPeriod(p pasarela.Period) error {
	retry, err := store.RetryText(p.Retry)
	if err != nil {
		return t.fail(err)
	}
	_, err = t.exec(`INSERT INTO periods (merchant, `+periodColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.merchant, string(p.Subscription), string(p.Date), string(p.Begins), string(p.State), p.Amount.Minor, string(p.Amount.Currency),
		blob(p.Order), retry, int64(p.Attempts), int64(p.Unanswered), string(p.Payment), micros(p.DueAt), micros(p.CreatedAt), micros(p.UpdatedAt))
	return err
}

// Period implements store.PeriodTx.
func (t *tx) Period(s pasarela.SubscriptionID, d pasarela.Date) (pasarela.Period, error) {
	return scanPeriod(t.queryRow(`SELECT `+periodColumns+` FROM periods WHERE merchant = ? AND subscription = ? AND date = ?`,
		t.merchant, string(s), string(d)), t.merchant)
}

// OpenPeriods implements store.PeriodTx. Its states are those of the index periods_open.
func (t *tx) OpenPeriods(s pasarela.SubscriptionID) (open []pasarela.Period, err error) {
	err = t.query(func(r row) error {
		p, err := scanPeriod(r, t.merchant)
		open = append(open, p)
		return err
	}, `SELECT `+periodColumns+` FROM periods INDEXED BY periods_open
		WHERE merchant = ? AND subscription = ? AND state IN ('charging', 'retrying') ORDER BY date`, t.merchant, string(s))
	return open, err
}

func scanPeriod(r row, merchant string) (pasarela.Period, error) {
	p := pasarela.Period{Merchant: pasarela.MerchantID(merchant)}
	var retry string
	err := r.Scan((*string)(&p.Subscription), (*string)(&p.Date), (*string)(&p.Begins), (*string)(&p.State), &p.Amount.Minor,
		(*string)(&p.Amount.Currency), &p.Order, &retry, &p.Attempts, &p.Unanswered, (*string)(&p.Payment), at(&p.DueAt), at(&p.CreatedAt), at(&p.UpdatedAt))
	if err == nil {
		p.Retry, err = store.ParseRetry(retry)
	}
	if err != nil {
		return pasarela.Period{}, err
	}
	return p, nil
}

// PutPeriod implements store.PeriodTx.
func (t *tx) PutPeriod(p pasarela.Period) error {
	return t.put(`
		UPDATE periods SET state = ?, attempts = ?, unanswered = ?, payment = ?, due_at = ?, updated_at = ?
		WHERE merchant = ? AND subscription = ? AND date = ?`,
		string(p.State), int64(p.Attempts), int64(p.Unanswered), string(p.Payment), micros(p.DueAt), micros(p.UpdatedAt), t.merchant, string(p.Subscription), string(p.Date))
}

// Periods implements store.Reader.
func (s *Store) Periods(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, after pasarela.Date, limit int) (found []pasarela.Period, err error) {
	err = s.query(ctx, func(r row) error {
		p, err := scanPeriod(r, string(m))
		found = append(found, p)
		return err
	}, `SELECT `+periodColumns+` FROM periods WHERE merchant = ? AND subscription = ? AND date > ? ORDER BY date LIMIT ?`,
		string(m), string(id), string(after), int64(limit))
	return found, err
}

// Billing implements store.Reader. One statement, so that the figures are of one moment.
func (s *Store) Billing(ctx context.Context, m pasarela.MerchantID, begins pasarela.Date, now time.Time) (n store.BillingCounts, err error) {
	err = s.queryRow(ctx, `
		WITH open AS (
			SELECT COUNT(*) FILTER (WHERE state = 'charging') AS charging, COUNT(*) FILTER (WHERE state = 'retrying') AS retrying
			FROM periods INDEXED BY periods_open WHERE merchant = ?1 AND state IN ('charging', 'retrying')),
		day AS (
			SELECT COUNT(*) FILTER (WHERE state = 'paid') AS paid, COUNT(*) FILTER (WHERE state = 'failed') AS failed,
				COUNT(*) FILTER (WHERE state = 'skipped') AS skipped
			FROM periods WHERE merchant = ?1 AND begins = ?2 AND begins <> '')
		SELECT (SELECT COUNT(*) FROM subscriptions WHERE merchant = ?1 AND state = 'active' AND due_at <= ?3),
			charging, retrying, paid, failed, skipped
		FROM open, day`, string(m), string(begins), micros(now)).
		Scan(&n.Due, &n.Charging, &n.Retrying, &n.Paid, &n.Failed, &n.Skipped)
	return n, err
}
