package sqlite

import (
	"context"

	"pasarela"
)

// InsertEvent implements store.EventTx.
func (t *tx) InsertEvent(e pasarela.Event) error {
	_, err := t.exec(`
		INSERT INTO events (merchant, id, place, kind, payment, operation, subscription, at, data)
		VALUES (?1, ?2, (SELECT COALESCE(MAX(place), 0) + 1 FROM events WHERE merchant = ?1), ?3, ?4, ?5, ?6, ?7, ?8)`,
		t.merchant, string(e.ID), string(e.Kind), string(e.Payment), string(e.Operation), string(e.Subscription), micros(e.At), blob(e.Data))
	return err
}

// Events implements store.Reader.
func (s *Store) Events(ctx context.Context, m pasarela.MerchantID, after int64, limit int) (found []pasarela.Event, err error) {
	err = s.query(ctx, func(r row) error {
		e := pasarela.Event{Merchant: m}
		err := r.Scan((*string)(&e.ID), &e.Place, (*string)(&e.Kind), (*string)(&e.Payment), (*string)(&e.Operation), (*string)(&e.Subscription),
			at(&e.At), &e.Data)
		found = append(found, e)
		return err
	}, `SELECT id, place, kind, payment, operation, subscription, at, data FROM events
		WHERE merchant = ? AND place > ? ORDER BY place LIMIT ?`, string(m), after, int64(limit))
	return found, err
}
