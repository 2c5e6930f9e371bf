package sqlite

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// deliveryColumns are all but the merchant, as scanDelivery takes them.
const deliveryColumns = `id, event, kind, format, url, endpoint, subject, headers, body, state, attempts, tries, since, due_at, created_at, updated_at`

// InsertDelivery implements store.DeliveryTx. One whose last attempt is in the log is not under way. The plus has the
// line looked through, not the endpoint from its latest due time on.
func (t *tx) InsertDelivery(d pasarela.Delivery) error {
	headers, err := store.HeadersText(d.Headers)
	if err != nil {
		return t.fail(err)
	}
	_, err = t.exec(`
		INSERT INTO deliveries (merchant, `+deliveryColumns+`)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
			max(?15, COALESCE((
				SELECT MAX(+due_at) FROM deliveries d
				WHERE merchant = ?1 AND endpoint = ?7 AND subject = ?8 AND state = 'pending' AND tries > 0 AND ?11 = 'pending'
				AND EXISTS (SELECT 1 FROM delivery_attempts WHERE merchant = ?1 AND delivery = d.id AND number = d.attempts)), ?15)), ?16, ?17)`,
		t.merchant, string(d.ID), string(d.Event), string(d.Kind), d.Format, d.URL, d.Endpoint, d.Subject, blob(headers), blob(d.Body),
		string(d.State), int64(d.Attempts), int64(d.Tries), micros(d.Since), micros(d.DueAt), micros(d.CreatedAt), micros(d.UpdatedAt))
	return err
}

// ClaimDeliveries implements store.DeliveryTx.
func (t *tx) ClaimDeliveries(endpoint string, now, lease time.Time, limit int) (claimed []pasarela.Delivery, err error) {
	type place struct {
		pasarela.Delivery
		position int64
	}
	var found []place
	if err := t.begin(); err != nil {
		return nil, err
	}
	err = t.query(func(r row) error {
		var p place
		d, err := scanDelivery(r, t.merchant, &p.position)
		p.Delivery = d
		found = append(found, p)
		return err
	}, `
		UPDATE deliveries SET attempts = attempts + 1, tries = tries + 1, due_at = ?1
		WHERE position IN (
			SELECT position FROM deliveries d
			WHERE merchant = ?2 AND endpoint = ?3 AND state = 'pending' AND due_at <= ?4
			AND NOT EXISTS (
				SELECT 1 FROM deliveries e
				WHERE e.merchant = ?2 AND e.endpoint = ?3 AND e.subject = d.subject AND e.state = 'pending' AND e.position < d.position)
			ORDER BY due_at, position LIMIT ?5)
		RETURNING `+deliveryColumns+`, position`, micros(lease), t.merchant, endpoint, micros(now), int64(limit))
	slices.SortFunc(found, func(a, b place) int { return cmp.Compare(a.position, b.position) })
	for _, p := range found {
		claimed = append(claimed, p.Delivery)
	}
	return claimed, err
}

// EndDelivery implements store.DeliveryTx.
func (t *tx) EndDelivery(d pasarela.Delivery, a pasarela.DeliveryAttempt) error {
	_, err := t.exec(`
		INSERT INTO delivery_attempts (merchant, delivery, number, at, took, status, answer, error)
		SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8 FROM deliveries WHERE merchant = ?1 AND id = ?2
		ON CONFLICT DO NOTHING`,
		t.merchant, string(d.ID), int64(a.Number), micros(a.At), int64(a.Took), int64(a.Status), blob(a.Answer), a.Error)
	if err != nil {
		return err
	}
	n, err := t.exec(`
		UPDATE deliveries SET state = ?, due_at = ?, updated_at = ?
		WHERE merchant = ? AND id = ? AND attempts = ? AND since IS ? AND state = 'pending'`,
		string(d.State), micros(d.DueAt), micros(d.UpdatedAt), t.merchant, string(d.ID), int64(d.Attempts), micros(d.Since))
	if err != nil || n == 0 {
		return err
	}
	return t.followDelivery(d)
}

// followDelivery has those behind d wait with it, or go on after it. Behind one that succeeded at once nobody waits for
// longer.
func (t *tx) followDelivery(d pasarela.Delivery) (err error) {
	const behind = ` WHERE merchant = ?1 AND endpoint = ?2 AND subject = ?3 AND state = 'pending' AND tries = 0
		AND position > (SELECT position FROM deliveries WHERE merchant = ?1 AND id = ?4)`
	switch {
	case d.State == pasarela.DeliveryPending:
		_, err = t.exec(`UPDATE deliveries SET due_at = ?5`+behind+` AND due_at < ?5`,
			t.merchant, d.Endpoint, d.Subject, string(d.ID), micros(d.DueAt))
	case d.Attempts > 1:
		_, err = t.exec(`UPDATE deliveries SET due_at = ?5`+behind+` AND due_at > ?5`,
			t.merchant, d.Endpoint, d.Subject, string(d.ID), micros(d.UpdatedAt))
	}
	return err
}

// Delivery implements store.DeliveryTx.
func (t *tx) Delivery(id pasarela.DeliveryID) (pasarela.Delivery, error) {
	return scanDelivery(t.queryRow(`SELECT `+deliveryColumns+` FROM deliveries WHERE merchant = ? AND id = ?`, t.merchant, string(id)), t.merchant)
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
		UPDATE deliveries SET state = ?, attempts = ?, tries = ?, since = ?, due_at = ?, updated_at = ?
		WHERE merchant = ? AND id = ?`,
		string(d.State), int64(d.Attempts), int64(d.Tries), micros(d.Since), micros(d.DueAt), micros(d.UpdatedAt), t.merchant, string(d.ID))
}

// ForgetDeliveries implements store.DeliveryTx.
func (t *tx) ForgetDeliveries(before time.Time, limit int) (int, error) {
	const old = `FROM deliveries WHERE merchant = ?1 AND state <> 'pending' AND updated_at <= ?2 ORDER BY updated_at, id LIMIT ?3`
	_, err := t.exec(`DELETE FROM delivery_attempts WHERE merchant = ?1 AND delivery IN (SELECT id `+old+`)`, t.merchant, micros(before), int64(limit))
	if err != nil {
		return 0, err
	}
	return t.exec(`DELETE FROM deliveries WHERE position IN (SELECT position `+old+`)`, t.merchant, micros(before), int64(limit))
}

// Deliveries implements store.Reader.
func (s *Store) Deliveries(ctx context.Context, m pasarela.MerchantID, fit store.DeliveryFilter, after pasarela.DeliveryID, limit int) (found []pasarela.Delivery, err error) {
	query, args := `SELECT `+deliveryColumns+` FROM deliveries WHERE merchant = ? AND id > ?`, []any{string(m), string(after)}
	where := func(wanted bool, condition string, value any) {
		if wanted {
			query, args = query+condition, append(args, value)
		}
	}
	where(fit.Event != "", ` AND event <> '' AND event = ?`, string(fit.Event))
	where(fit.Endpoint != "", ` AND endpoint = ?`, fit.Endpoint)
	where(!fit.From.IsZero(), ` AND created_at >= ?`, micros(fit.From))
	where(!fit.To.IsZero(), ` AND created_at <= ?`, micros(fit.To))
	if fit.State == pasarela.DeliveryParked {
		query += ` AND state = 'parked'` // in words, for the index of parked ones
	} else {
		where(fit.State != "", ` AND state = ?`, string(fit.State))
	}
	err = s.query(ctx, func(r row) error {
		d, err := scanDelivery(r, string(m))
		found = append(found, d)
		return err
	}, query+` ORDER BY id LIMIT ?`, append(args, int64(limit))...)
	return found, err
}

// DeliveryAttempts implements store.Reader.
func (s *Store) DeliveryAttempts(ctx context.Context, m pasarela.MerchantID, id pasarela.DeliveryID) (found []pasarela.DeliveryAttempt, err error) {
	err = s.query(ctx, func(r row) error {
		a := pasarela.DeliveryAttempt{Delivery: id}
		err := r.Scan(&a.Number, at(&a.At), (*int64)(&a.Took), &a.Status, &a.Answer, &a.Error)
		found = append(found, a)
		return err
	}, `SELECT number, at, took, status, answer, error FROM delivery_attempts WHERE merchant = ? AND delivery = ? ORDER BY number`, string(m), string(id))
	return found, err
}

// DueEndpoints implements store.Merchants. It goes from one endpoint to the next along the index deliveries_due; the
// first row is the one to begin after.
func (s *Store) DueEndpoints(ctx context.Context, now time.Time, after store.Endpoint, limit int) (found []store.Endpoint, err error) {
	err = s.query(ctx, func(r row) error {
		var e store.Endpoint
		err := r.Scan((*string)(&e.Merchant), &e.URL)
		found = append(found, e)
		return err
	}, `
		WITH RECURSIVE e (merchant, endpoint) AS (
			SELECT ?1, ?2
			UNION ALL
			SELECT d.merchant, d.endpoint FROM e JOIN deliveries d ON d.position = COALESCE(
				(SELECT position FROM deliveries WHERE state = 'pending' AND merchant = e.merchant AND endpoint > e.endpoint
				ORDER BY endpoint LIMIT 1),
				(SELECT position FROM deliveries WHERE state = 'pending' AND merchant > e.merchant
				ORDER BY merchant, endpoint LIMIT 1)))
		SELECT merchant, endpoint FROM e
		WHERE (merchant, endpoint) > (?1, ?2)
		AND EXISTS (SELECT 1 FROM deliveries d WHERE d.merchant = e.merchant AND d.endpoint = e.endpoint AND d.state = 'pending' AND d.due_at <= ?3)
		LIMIT ?4`, string(after.Merchant), after.URL, micros(now), int64(limit))
	return found, err
}
