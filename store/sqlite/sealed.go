package sqlite

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// sealedRows lists one kind of sealed values, and reseals compares and swaps one.
var (
	sealedRows = map[store.SealedKind]string{
		store.SealedTokenCard: `SELECT id, card_record, card FROM tokens
			WHERE merchant = ? AND id > ? AND card IS NOT NULL ORDER BY id LIMIT ?`,
		store.SealedTokenCVV: `SELECT id, cvv_record, cvv FROM tokens
			WHERE merchant = ? AND id > ? AND cvv IS NOT NULL ORDER BY id LIMIT ?`,
		store.SealedPaymentCard: `SELECT id, card_record, card FROM payments
			WHERE merchant = ? AND id > ? AND card IS NOT NULL ORDER BY id LIMIT ?`,
		store.SealedSubscriptionCard: `SELECT id, card_record, card FROM subscriptions
			WHERE merchant = ? AND id > ? AND card IS NOT NULL ORDER BY id LIMIT ?`,
		store.SealedMerchantSecrets: `SELECT merchant, secrets_record, secrets FROM merchants
			WHERE merchant = ? AND merchant > ? AND secrets IS NOT NULL ORDER BY merchant LIMIT ?`,
	}
	reseals = map[store.SealedKind]string{
		store.SealedTokenCard:        `UPDATE tokens SET card = ? WHERE merchant = ? AND id = ? AND card = ?`,
		store.SealedTokenCVV:         `UPDATE tokens SET cvv = ? WHERE merchant = ? AND id = ? AND cvv = ?`,
		store.SealedPaymentCard:      `UPDATE payments SET card = ? WHERE merchant = ? AND id = ? AND card = ?`,
		store.SealedSubscriptionCard: `UPDATE subscriptions SET card = ? WHERE merchant = ? AND id = ? AND card = ?`,
		store.SealedMerchantSecrets:  `UPDATE merchants SET secrets = ? WHERE merchant = ? AND merchant = ? AND secrets = ?`,
	}
)

// SealedRows implements store.Vaulted.
func (s *Store) SealedRows(ctx context.Context, m pasarela.MerchantID, k store.SealedKind, after string, limit int) (found []store.SealedRow, err error) {
	query, known := sealedRows[k]
	if !known {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "sqlite: nothing is sealed as %q", k)
	}
	err = s.query(ctx, func(r row) error {
		var f store.SealedRow
		err := r.Scan(&f.Row, &f.Sealed.Record, &f.Sealed.Bytes)
		found = append(found, f)
		return err
	}, query, string(m), after, int64(limit))
	return found, err
}

// Reseal implements store.Vaulted.
func (s *Store) Reseal(ctx context.Context, m pasarela.MerchantID, k store.SealedKind, row string, old, renewed []byte) (done bool, err error) {
	query, known := reseals[k]
	if !known {
		return false, pasarela.Errorf(pasarela.CodeInternal, "sqlite: nothing is sealed as %q", k)
	}
	err = s.writer.do(ctx, m, func(t *tx) error {
		n, err := t.exec(query, blob(renewed), string(m), row, blob(old))
		done = n > 0
		return err
	})
	return done && err == nil, err
}
