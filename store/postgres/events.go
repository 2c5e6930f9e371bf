package postgres

import (
	"context"

	"pasarela"
)

// InsertEvent implements store.EventTx. The event has no place until somebody reads.
func (t *tx) InsertEvent(e pasarela.Event) error {
	return t.exec(`
		INSERT INTO events (merchant, id, kind, payment, operation, subscription, at, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.merchant, string(e.ID), string(e.Kind), string(e.Payment), string(e.Operation), string(e.Subscription), stamp(e.At), blob(e.Data))
}

// unplaced are events that nobody has seen yet.
const unplaced = ` FROM events WHERE merchant = $1 AND place IS NULL`

// Events implements store.Reader. What has a place is read; where that is not enough, places are given first. Whether
// any lack one is asked before, because what does not lack one by then is among what is read.
func (s *Store) Events(ctx context.Context, m pasarela.MerchantID, after int64, limit int) ([]pasarela.Event, error) {
	var waiting bool
	if err := s.queryRow(ctx, `SELECT EXISTS (SELECT 1`+unplaced+`)`, string(m)).Scan(&waiting); err != nil {
		return nil, err
	}
	found, err := s.placedEvents(ctx, m, after, limit)
	if err != nil || !waiting || len(found) >= limit {
		return found, err
	}
	if err := s.placeEvents(ctx, m, limit-len(found)); err != nil {
		return nil, err
	}
	if len(found) > 0 {
		after = found[len(found)-1].Place
	}
	more, err := s.placedEvents(ctx, m, after, limit-len(found))
	return append(found, more...), err
}

func (s *Store) placedEvents(ctx context.Context, m pasarela.MerchantID, after int64, limit int) (found []pasarela.Event, err error) {
	err = s.query(ctx, func(r row) error {
		e := pasarela.Event{Merchant: m}
		err := r.Scan((*string)(&e.ID), &e.Place, (*string)(&e.Kind), (*string)(&e.Payment), (*string)(&e.Operation), (*string)(&e.Subscription),
			at(&e.At), &e.Data)
		found = append(found, e)
		return err
	}, `SELECT id, place, kind, payment, operation, subscription, at, data FROM events
		WHERE merchant = $1 AND place > $2 ORDER BY place LIMIT $3`, string(m), after, int64(limit))
	return found, err
}

// placeEvents gives places to at most limit committed events that have none. An event takes its position while its unit
// holds the locks of what it read, so of two units about one payment the one that was first has the lower position and
// is seen no later than the other. Only the holder of the merchant's row of event_heads gives places, and it looks for
// events after it has the row: whoever sees a place sees all below it.
func (s *Store) placeEvents(ctx context.Context, m pasarela.MerchantID, limit int) error {
	return s.update(ctx, m, func(t *tx) error {
		if err := t.exec(`INSERT INTO event_heads (merchant, last) VALUES ($1, 0) ON CONFLICT DO NOTHING`, t.merchant); err != nil {
			return err
		}
		var last int64
		if err := t.queryRow(`SELECT last FROM event_heads WHERE merchant = $1 FOR UPDATE`, t.merchant).Scan(&last); err != nil {
			return err
		}
		ids, err := t.lock(`SELECT id`+unplaced+` ORDER BY position LIMIT $2`, t.merchant, int64(limit))
		if err != nil {
			return err
		}
		for _, id := range ids {
			last++
			if err := t.exec(`UPDATE events SET place = $1 WHERE merchant = $2 AND id = $3`, last, t.merchant, string(id)); err != nil {
				return err
			}
		}
		return t.exec(`UPDATE event_heads SET last = $1 WHERE merchant = $2`, last, t.merchant)
	})
}
