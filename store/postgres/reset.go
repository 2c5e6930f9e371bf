package postgres

import "context"

// Reset implements store.Resetter. Postings refuse to be deleted, so their triggers are out of
// the way for the length of this transaction, in which nobody else can write postings.
func (s *Store) Reset(ctx context.Context) error {
	return s.update(ctx, "", func(t *tx) error {
		for _, query := range []string{
			`ALTER TABLE postings DISABLE TRIGGER USER`,
			`DELETE FROM postings`,
			`ALTER TABLE postings ENABLE TRIGGER USER`,
			`DELETE FROM balances`,
			`DELETE FROM roll_ups`,
			`DELETE FROM tokens`,
			`DELETE FROM payments`,
			`DELETE FROM operations`,
			`DELETE FROM subscriptions`,
			`DELETE FROM periods`,
			`DELETE FROM events`,
			`DELETE FROM event_heads`,
			`DELETE FROM delivery_attempts`,
			`DELETE FROM deliveries`,
			`DELETE FROM authentications`,
			`DELETE FROM redirects`,
			`DELETE FROM customers`,
			`DELETE FROM idempotency_keys`,
			`DELETE FROM credentials`,
			`DELETE FROM merchants`,
		} {
			if err := t.exec(query); err != nil {
				return err
			}
		}
		return nil
	})
}
