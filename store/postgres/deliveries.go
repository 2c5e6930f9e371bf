package postgres

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"pasarela"
	"pasarela/store"
)

// deliveryColumns are all but the merchant, as scanDelivery takes them.
const deliveryColumns = `id, event, kind, format, url, endpoint, subject, headers, body, state, attempts, tries, since, due_at, created_at, updated_at`

// InsertDelivery implements store.DeliveryTx. One whose last attempt is in the log is not under way. OFFSET 0 has the
// line looked through, not the endpoint from its latest due time on.
func (t *tx) InsertDelivery(d pasarela.Delivery) error {
	headers, err := store.HeadersText(d.Headers)
	if err != nil {
		return t.fail(err)
	}
	return t.exec(`
		INSERT INTO deliveries (merchant, `+deliveryColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
			CASE WHEN $15::timestamptz IS NOT NULL THEN GREATEST($15::timestamptz, (
				SELECT MAX(due_at) FROM (
					SELECT due_at FROM deliveries d
					WHERE merchant = $1 AND endpoint = $7 AND subject = $8 AND state = 'pending' AND tries > 0 AND $11 = 'pending'
					AND EXISTS (SELECT 1 FROM delivery_attempts WHERE merchant = $1 AND delivery = d.id AND number = d.attempts)
					OFFSET 0) AS waiting)) END, $16, $17)`,
		t.merchant, string(d.ID), string(d.Event), string(d.Kind), d.Format, d.URL, d.Endpoint, d.Subject, blob(headers), blob(d.Body),
		string(d.State), int64(d.Attempts), int64(d.Tries), stamp(d.Since), stamp(d.DueAt), stamp(d.CreatedAt), stamp(d.UpdatedAt))
}

// ClaimDeliveries implements store.DeliveryTx. What another unit works on is passed over. The first of a line is asked
// for with a limit, which keeps it one look at the index of lines for each delivery: as a join it would be planned,
// while the tables are empty, to go through all that waits for the endpoint.
func (t *tx) ClaimDeliveries(endpoint string, now, lease time.Time, limit int) (claimed []pasarela.Delivery, err error) {
	positions := map[pasarela.DeliveryID]int64{}
	err = t.query(func(r row) error {
		var position int64
		d, err := scanDelivery(r, t.merchant, &position)
		positions[d.ID] = position
		claimed = append(claimed, d.Claimed(lease.UTC().Truncate(time.Microsecond)))
		return err
	}, `
		SELECT `+deliveryColumns+`, position FROM deliveries d
		WHERE merchant = $1 AND endpoint = $2 AND state = 'pending' AND due_at <= $3
		AND position = (
			SELECT position FROM deliveries
			WHERE merchant = $1 AND endpoint = $2 AND subject = d.subject AND state = 'pending' ORDER BY position LIMIT 1)
		ORDER BY due_at, position LIMIT $4
		FOR UPDATE SKIP LOCKED`, t.merchant, endpoint, stamp(now), int64(limit))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b pasarela.Delivery) int { return cmp.Compare(positions[a.ID], positions[b.ID]) })
	for _, d := range claimed {
		err := t.exec(`UPDATE deliveries SET attempts = $1, tries = $2, due_at = $3 WHERE merchant = $4 AND id = $5`,
			int64(d.Attempts), int64(d.Tries), stamp(d.DueAt), t.merchant, string(d.ID))
		if err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// EndDelivery implements store.DeliveryTx: one statement without a round trip of its own. It does not ask for pending,
// so that the row is looked for by its id and not along an index of pending ones.
func (t *tx) EndDelivery(d pasarela.Delivery, a pasarela.DeliveryAttempt) error {
	const (
		end = `
		WITH log AS (
			INSERT INTO delivery_attempts (merchant, delivery, number, at, took, status, answer, error)
			SELECT $1, id, $3, $4, $5, $6, $7, $8 FROM deliveries WHERE merchant = $1 AND id = $2
			ON CONFLICT DO NOTHING),
		ended AS (
			UPDATE deliveries SET state = $9, due_at = $10, updated_at = $11
			WHERE merchant = $1 AND id = $2 AND attempts = $12 AND since IS NOT DISTINCT FROM $13 AND state NOT IN ('delivered', 'parked')
			RETURNING position)`
		behind = ` FROM ended
			WHERE merchant = $1 AND endpoint = $14 AND subject = $15 AND state = 'pending' AND tries = 0 AND f.position > ended.position`
	)
	args := []any{t.merchant, string(d.ID), int64(a.Number), stamp(a.At), int64(a.Took), int64(a.Status), blob(a.Answer), blob([]byte(a.Error)),
		string(d.State), stamp(d.DueAt), stamp(d.UpdatedAt), int64(d.Attempts), stamp(d.Since)}
	switch {
	case d.State == pasarela.DeliveryPending: // those behind it wait with it
		return t.exec(end+` UPDATE deliveries f SET due_at = $10`+behind+` AND due_at < $10`, append(args, d.Endpoint, d.Subject)...)
	case d.Attempts > 1: // those behind it waited with it
		return t.exec(end+` UPDATE deliveries f SET due_at = $11`+behind+` AND due_at > $11`, append(args, d.Endpoint, d.Subject)...)
	default:
		return t.exec(end+` SELECT 1`, args...)
	}
}

// Delivery implements store.DeliveryTx.
func (t *tx) Delivery(id pasarela.DeliveryID) (pasarela.Delivery, error) {
	return scanDelivery(t.queryRow(`SELECT `+deliveryColumns+` FROM deliveries WHERE merchant = $1 AND id = $2 FOR UPDATE`, t.merchant, string(id)), t.merchant)
}

// scanDelivery reads deliveryColumns, and more where there is more.
func scanDelivery(r row, merchant string, more ...any) (pasarela.Delivery, error) {
	d := pasarela.Delivery{Merchant: pasarela.MerchantID(merchant)}
	var headers []byte
	err := r.Scan(append([]any{(*string)(&d.ID), (*string)(&d.Event), (*string)(&d.Kind), &d.Format, &d.URL, &d.Endpoint, &d.Subject, &headers, &d.Body,
		(*string)(&d.State), &d.Attempts, &d.Tries, at(&d.Since), at(&d.DueAt), at(&d.CreatedAt), at(&d.UpdatedAt)}, more...)...)
	if err == nil {
		d.Headers, err = store.ParseHeaders(headers)
	}
	if err != nil {
		return pasarela.Delivery{}, err
	}
	return d, nil
}

// PutDelivery implements store.DeliveryTx.
func (t *tx) PutDelivery(d pasarela.Delivery) error {
	return t.put(`
		UPDATE deliveries SET state = $1, attempts = $2, tries = $3, since = $4, due_at = $5, updated_at = $6
		WHERE merchant = $7 AND id = $8 RETURNING 1`,
		string(d.State), int64(d.Attempts), int64(d.Tries), stamp(d.Since), stamp(d.DueAt), stamp(d.UpdatedAt), t.merchant, string(d.ID))
}

// ForgetDeliveries implements store.DeliveryTx.
func (t *tx) ForgetDeliveries(before time.Time, limit int) (int, error) {
	ids, err := t.lock(`
		SELECT id FROM deliveries WHERE merchant = $1 AND state <> 'pending' AND updated_at <= $2 ORDER BY updated_at, id LIMIT $3
		FOR UPDATE SKIP LOCKED`, t.merchant, stamp(before), int64(limit))
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		for _, query := range []string{
			`DELETE FROM delivery_attempts WHERE merchant = $1 AND delivery = $2`,
			`DELETE FROM deliveries WHERE merchant = $1 AND id = $2`,
		} {
			if err := t.exec(query, t.merchant, string(id)); err != nil {
				return 0, err
			}
		}
	}
	return len(ids), nil
}

// Deliveries implements store.Reader.
func (s *Store) Deliveries(ctx context.Context, m pasarela.MerchantID, fit store.DeliveryFilter, after pasarela.DeliveryID, limit int) (found []pasarela.Delivery, err error) {
	query, args := `SELECT `+deliveryColumns+` FROM deliveries WHERE merchant = $1 AND id > $2`, []any{string(m), string(after)}
	where := func(wanted bool, condition string, value any) {
		if wanted {
			args = append(args, value)
			query += condition + `$` + strconv.Itoa(len(args))
		}
	}
	where(fit.Event != "", ` AND event <> '' AND event = `, string(fit.Event))
	where(fit.Endpoint != "", ` AND endpoint = `, fit.Endpoint)
	where(!fit.From.IsZero(), ` AND created_at >= `, stamp(fit.From))
	where(!fit.To.IsZero(), ` AND created_at <= `, stamp(fit.To))
	if fit.State == pasarela.DeliveryParked {
		query += ` AND state = 'parked'` // in words, for the index of parked ones
	} else {
		where(fit.State != "", ` AND state = `, string(fit.State))
	}
	where(true, ` ORDER BY id LIMIT `, int64(limit))
	err = s.query(ctx, func(r row) error {
		d, err := scanDelivery(r, string(m))
		found = append(found, d)
		return err
	}, query, args...)
	return found, err
}

// DeliveryAttempts implements store.Reader.
func (s *Store) DeliveryAttempts(ctx context.Context, m pasarela.MerchantID, id pasarela.DeliveryID) (found []pasarela.DeliveryAttempt, err error) {
	err = s.query(ctx, func(r row) error {
		a := pasarela.DeliveryAttempt{Delivery: id}
		var text []byte
		err := r.Scan(&a.Number, at(&a.At), (*int64)(&a.Took), &a.Status, &a.Answer, &text)
		a.Error = string(text)
		found = append(found, a)
		return err
	}, `SELECT number, at, took, status, answer, error FROM delivery_attempts WHERE merchant = $1 AND delivery = $2 ORDER BY number`, string(m), string(id))
	return found, err
}

// DueEndpoints implements store.Merchants. It goes from one endpoint to the next along the index of due deliveries, and
// looks at what is due first to each; the first row is the one to begin after.
func (s *Store) DueEndpoints(ctx context.Context, now time.Time, after store.Endpoint, limit int) (found []store.Endpoint, err error) {
	err = s.query(ctx, func(r row) error {
		var e store.Endpoint
		err := r.Scan((*string)(&e.Merchant), &e.URL)
		found = append(found, e)
		return err
	}, `
		WITH RECURSIVE e (merchant, endpoint) AS (
			SELECT $1::text COLLATE "C", $2::text COLLATE "C"
			UNION ALL
			SELECT n.merchant, n.endpoint FROM e CROSS JOIN LATERAL (
				SELECT d.merchant, d.endpoint FROM deliveries d
				WHERE d.state = 'pending' AND (d.merchant, d.endpoint) > (e.merchant, e.endpoint)
				ORDER BY d.merchant, d.endpoint LIMIT 1) n)
		SELECT merchant, endpoint FROM e
		WHERE (merchant, endpoint) > ($1, $2)
		AND (
			SELECT due_at FROM deliveries d
			WHERE d.merchant = e.merchant AND d.endpoint = e.endpoint AND d.state = 'pending' AND due_at IS NOT NULL
			ORDER BY due_at LIMIT 1) <= $3
		LIMIT $4`, string(after.Merchant), after.URL, stamp(now), int64(limit))
	return found, err
}
