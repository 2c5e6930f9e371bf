package postgres

import (
	"context"
	"time"

	"pasarela"
)

// InsertPayment implements store.PaymentTx.
func (t *tx) InsertPayment(p pasarela.Payment) error {
	args := append(make([]any, 0, 46), t.merchant, string(p.ID), string(p.Ticket), string(p.Kind), string(p.State),
		p.Amount.Minor, string(p.Amount.Currency), p.Reauthorized, p.Captured, p.Refunded,
		string(p.Token), string(p.Recurrence), string(p.Authentication), string(p.Subscription), string(p.Period), p.Card.Record, blob(p.Card.Bytes))
	args = factValues(args, p.Facts)
	args = traceValues(traceValues(traceValues(args, p.Trace), p.Follow), p.CaptureTrace)
	args = append(args, string(p.Operation), int64(p.Attempts), stamp(p.DueAt), stamp(p.ExpiresAt),
		p.ResponseCode, p.ApprovalCode, p.Advice, p.Dialect, blob(p.Order), stamp(p.CreatedAt), stamp(p.UpdatedAt))
	return t.exec(`
		INSERT INTO payments (merchant, `+paymentColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46)`, args...)
}

// paymentColumns are all but the merchant, as scanPayment takes them.
const paymentColumns = `id, ticket, kind, state, amount, currency, reauthorized, captured, refunded,
	token, recurrence, authentication, subscription, period, card_record, card, ` + factColumns + `,
	trace_stan, trace_rrn, trace_sent_at, follow_stan, follow_rrn, follow_sent_at, capture_stan, capture_rrn, capture_sent_at,
	operation, attempts, due_at, expires_at, response_code, approval_code, advice, dialect, details, created_at, updated_at`

const (
	selectPayment         = `SELECT ` + paymentColumns + ` FROM payments WHERE merchant = $1 AND id = $2`
	selectPaymentByTicket = `SELECT ` + paymentColumns + ` FROM payments WHERE merchant = $1 AND ticket = $2`
)

// Payment implements store.PaymentTx.
func (t *tx) Payment(id pasarela.PaymentID) (pasarela.Payment, error) {
	return scanPayment(t.queryRow(selectPayment+` FOR UPDATE`, t.merchant, string(id)), t.merchant)
}

// Payment implements store.Reader.
func (s *Store) Payment(ctx context.Context, m pasarela.MerchantID, id pasarela.PaymentID) (pasarela.Payment, error) {
	return scanPayment(s.queryRow(ctx, selectPayment, string(m), string(id)), string(m))
}

// PaymentByTicket implements store.Reader.
func (s *Store) PaymentByTicket(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.Payment, error) {
	return scanPayment(s.queryRow(ctx, selectPaymentByTicket, string(m), string(t)), string(m))
}

func scanPayment(r row, merchant string) (pasarela.Payment, error) {
	p := pasarela.Payment{Merchant: pasarela.MerchantID(merchant)}
	dest := append(make([]any, 0, 45), (*string)(&p.ID), (*string)(&p.Ticket), (*string)(&p.Kind), (*string)(&p.State),
		&p.Amount.Minor, (*string)(&p.Amount.Currency), &p.Reauthorized, &p.Captured, &p.Refunded,
		(*string)(&p.Token), (*string)(&p.Recurrence), (*string)(&p.Authentication), (*string)(&p.Subscription), (*string)(&p.Period), &p.Card.Record, &p.Card.Bytes)
	dest = factTargets(dest, &p.Facts)
	dest = traceTargets(traceTargets(traceTargets(dest, &p.Trace), &p.Follow), &p.CaptureTrace)
	dest = append(dest, (*string)(&p.Operation), &p.Attempts, at(&p.DueAt), at(&p.ExpiresAt),
		&p.ResponseCode, &p.ApprovalCode, &p.Advice, &p.Dialect, &p.Order, at(&p.CreatedAt), at(&p.UpdatedAt))
	if err := r.Scan(dest...); err != nil {
		return pasarela.Payment{}, err
	}
	return p, nil
}

// PutPayment implements store.PaymentTx.
func (t *tx) PutPayment(p pasarela.Payment) error {
	args := append(make([]any, 0, 25), string(p.State), p.Reauthorized, p.Captured, p.Refunded, p.Card.Record, blob(p.Card.Bytes))
	args = traceValues(traceValues(traceValues(args, p.Trace), p.Follow), p.CaptureTrace)
	args = append(args, string(p.Operation), int64(p.Attempts), stamp(p.DueAt), stamp(p.ExpiresAt),
		p.ResponseCode, p.ApprovalCode, p.Advice, stamp(p.UpdatedAt), t.merchant, string(p.ID))
	return t.put(`
		UPDATE payments SET state = $1, reauthorized = $2, captured = $3, refunded = $4, card_record = $5, card = $6,
			trace_stan = $7, trace_rrn = $8, trace_sent_at = $9,
			follow_stan = $10, follow_rrn = $11, follow_sent_at = $12,
			capture_stan = $13, capture_rrn = $14, capture_sent_at = $15,
			operation = $16, attempts = $17, due_at = $18, expires_at = $19,
			response_code = $20, approval_code = $21, advice = $22, updated_at = $23
		WHERE merchant = $24 AND id = $25 RETURNING 1`, args...)
}

// Due implements store.Reader.
func (s *Store) Due(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.PaymentID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.PaymentID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT id FROM payments WHERE merchant = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3`, string(m), stamp(now), int64(limit))
	return ids, err
}

// Payments implements store.Reader.
func (s *Store) Payments(ctx context.Context, m pasarela.MerchantID, after pasarela.Ticket, limit int) (found []pasarela.Payment, err error) {
	err = s.query(ctx, func(r row) error {
		p, err := scanPayment(r, string(m))
		found = append(found, p)
		return err
	}, `SELECT `+paymentColumns+` FROM payments WHERE merchant = $1 AND ticket > $2 ORDER BY ticket LIMIT $3`, string(m), string(after), int64(limit))
	return found, err
}

// ofSubscription are the rows of the index payments_subscription.
const ofSubscription = `FROM payments WHERE merchant = $1 AND subscription = $2 AND subscription <> ''`

// SubscriptionPayments implements store.Reader.
func (s *Store) SubscriptionPayments(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, below pasarela.Ticket, limit int) (found []pasarela.Payment, err error) {
	query, args := `SELECT `+paymentColumns+` `+ofSubscription+` ORDER BY ticket DESC LIMIT $3`, []any{string(m), string(id), int64(limit)}
	if below != "" {
		query, args = `SELECT `+paymentColumns+` `+ofSubscription+` AND ticket < $3 ORDER BY ticket DESC LIMIT $4`,
			[]any{string(m), string(id), string(below), int64(limit)}
	}
	err = s.query(ctx, func(r row) error {
		p, err := scanPayment(r, string(m))
		found = append(found, p)
		return err
	}, query, args...)
	return found, err
}

// SubscriptionTicket implements store.Reader. The index alone answers it.
func (s *Store) SubscriptionTicket(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, n int) (t pasarela.Ticket, err error) {
	err = s.queryRow(ctx, `SELECT ticket `+ofSubscription+` ORDER BY ticket DESC LIMIT 1 OFFSET $3`, string(m), string(id), int64(n-1)).Scan((*string)(&t))
	return t, err
}

// CountSubscriptionPayments implements store.Reader. The index alone answers it.
func (s *Store) CountSubscriptionPayments(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, most int) (n int, err error) {
	err = s.queryRow(ctx, `SELECT COUNT(*) FROM (SELECT ticket `+ofSubscription+` LIMIT $3) AS counted`, string(m), string(id), int64(most)).Scan(&n)
	return n, err
}

// PendingPayments implements store.Reader. Its states are those of the index payments_pending.
func (s *Store) PendingPayments(ctx context.Context, m pasarela.MerchantID) (n int, err error) {
	err = s.queryRow(ctx, `
		SELECT COUNT(*) FROM payments WHERE merchant = $1
		AND state IN ('authorizing', 'reversing', 'capturing', 'uncapturing', 'extending', 'unextending', 'reducing',
			'releasing', 'voiding', 'refunding')`, string(m)).Scan(&n)
	return n, err
}
