package postgres

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// sealedRows lists one kind of sealed values, and reseals compares and swaps one.
var (
	sealedRows = map[store.SealedKind]string{
		store.SealedTokenCard: `SELECT id, card_record, card FROM tokens
			WHERE merchant = $1 AND id > $2 AND card IS NOT NULL ORDER BY id LIMIT $3`,
		store.SealedTokenCVV: `SELECT id, cvv_record, cvv FROM tokens
			WHERE merchant = $1 AND id > $2 AND cvv IS NOT NULL ORDER BY id LIMIT $3`,
		store.SealedPaymentCard: `SELECT id, card_record, card FROM payments
			WHERE merchant = $1 AND id > $2 AND card IS NOT NULL ORDER BY id LIMIT $3`,
		store.SealedSubscriptionCard: `SELECT id, card_record, card FROM subscriptions
			WHERE merchant = $1 AND id > $2 AND card IS NOT NULL ORDER BY id LIMIT $3`,
		store.SealedMerchantSecrets: `SELECT merchant, secrets_record, secrets FROM merchants
			WHERE merchant = $1 AND merchant > $2 AND secrets IS NOT NULL ORDER BY merchant LIMIT $3`,
	}
	reseals = map[store.SealedKind]string{
		store.SealedTokenCard:        `UPDATE tokens SET card = $1 WHERE merchant = $2 AND id = $3 AND card = $4`,
		store.SealedTokenCVV:         `UPDATE tokens SET cvv = $1 WHERE merchant = $2 AND id = $3 AND cvv = $4`,
		store.SealedPaymentCard:      `UPDATE payments SET card = $1 WHERE merchant = $2 AND id = $3 AND card = $4`,
		store.SealedSubscriptionCard: `UPDATE subscriptions SET card = $1 WHERE merchant = $2 AND id = $3 AND card = $4`,
		store.SealedMerchantSecrets:  `UPDATE merchants SET secrets = $1 WHERE merchant = $2 AND merchant = $3 AND secrets = $4`,
	}
)

// SealedRows implements store.Vaulted.
func (s *Store) SealedRows(ctx context.Context, m pasarela.MerchantID, k store.SealedKind, after string, limit int) (found []store.SealedRow, err error) {
	query, known := sealedRows[k]
	if !known {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "postgres: nothing is sealed as %q", k)
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
		return false, pasarela.Errorf(pasarela.CodeInternal, "postgres: nothing is sealed as %q", k)
	}
	err = s.update(ctx, m, func(t *tx) error {
		n, err := t.execNow(query, blob(renewed), string(m), row, blob(old))
		done = n > 0
		return err
	})
	return done && err == nil, err
}
