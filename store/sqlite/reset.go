package sqlite

import "context"

// Reset implements store.Resetter. Postings refuse to be deleted, so their trigger is out of
// the way for the length of this transaction, which nobody else sees.
func (s *Store) Reset(ctx context.Context) error {
	return s.writer.do(ctx, "", func(t *tx) error {
		var trigger string
		if err := t.queryRow(`SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = 'postings_keep'`).Scan(&trigger); err != nil {
			return err
		}
		for _, query := range []string{
			`DROP TRIGGER postings_keep`,
			`DELETE FROM postings`,
			trigger,
			`DELETE FROM balances`,
			`DELETE FROM roll_ups`,
			`DELETE FROM tokens`,
			`DELETE FROM payments`,
			`DELETE FROM operations`,
			`DELETE FROM subscriptions`,
			`DELETE FROM periods`,
			`DELETE FROM events`,
			`DELETE FROM delivery_attempts`,
			`DELETE FROM deliveries`,
			`DELETE FROM authentications`,
			`DELETE FROM redirects`,
			`DELETE FROM customers`,
			`DELETE FROM idempotency_keys`,
			`DELETE FROM credentials`,
			`DELETE FROM merchants`,
		} {
			if _, err := t.exec(query); err != nil {
				return err
			}
		}
		return nil
	})
}
