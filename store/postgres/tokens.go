package postgres

import (
	"context"
	"time"

	"pasarela"
)

// InsertToken implements store.TokenTx.
func (t *tx) InsertToken(k pasarela.Token) error {
	args := append(make([]any, 0, 28), t.merchant, string(k.ID), string(k.Use),
		k.Card.Record, blob(k.Card.Bytes), k.CVV.Record, blob(k.CVV.Bytes))
	args = factValues(args, k.Facts)
	args = append(args, k.Fingerprint, k.Total.Minor, string(k.Total.Currency), k.Deferred, blob(k.Details),
		string(k.Recurrence), k.NetworkToken, string(k.Subscription), string(k.Authentication), stamp(k.CreatedAt), stamp(k.ExpiresAt), stamp(k.SpentAt))
	return t.exec(`
		INSERT INTO tokens (merchant, id, use, card_record, card, cvv_record, cvv, `+factColumns+`,
			fingerprint, total, currency, deferred, details, recurrence, network_token, subscription, authentication, created_at, expires_at, spent_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)`, args...)
}

const selectToken = `
	SELECT use, card_record, card, cvv_record, cvv, ` + factColumns + `,
		fingerprint, total, currency, deferred, details, recurrence, network_token, subscription, authentication, created_at, expires_at, spent_at
	FROM tokens WHERE merchant = $1 AND id = $2`

// Token implements store.TokenTx.
func (t *tx) Token(id pasarela.TokenID) (pasarela.Token, error) {
	return scanToken(t.queryRow(selectToken+` FOR UPDATE`, t.merchant, string(id)), t.merchant, id)
}

// Token implements store.Reader.
func (s *Store) Token(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Token, error) {
	return scanToken(s.queryRow(ctx, selectToken, string(m), string(id)), string(m), id)
}

func scanToken(r row, merchant string, id pasarela.TokenID) (pasarela.Token, error) {
	k := pasarela.Token{Merchant: pasarela.MerchantID(merchant), ID: id}
	dest := append(make([]any, 0, 26), (*string)(&k.Use), &k.Card.Record, &k.Card.Bytes, &k.CVV.Record, &k.CVV.Bytes)
	dest = factTargets(dest, &k.Facts)
	dest = append(dest, &k.Fingerprint, &k.Total.Minor, (*string)(&k.Total.Currency), &k.Deferred, &k.Details,
		(*string)(&k.Recurrence), &k.NetworkToken, (*string)(&k.Subscription), (*string)(&k.Authentication), at(&k.CreatedAt), at(&k.ExpiresAt), at(&k.SpentAt))
	if err := r.Scan(dest...); err != nil {
		return pasarela.Token{}, err
	}
	return k, nil
}

// SpendToken implements store.TokenTx.
func (t *tx) SpendToken(id pasarela.TokenID, at time.Time) error {
	return t.put(`
		UPDATE tokens SET spent_at = $1, card_record = '', card = NULL, cvv_record = '', cvv = NULL
		WHERE merchant = $2 AND id = $3 RETURNING 1`, stamp(at), t.merchant, string(id))
}

// ForgetTokens implements store.TokenTx. Rows that go are not forgotten first.
func (t *tx) ForgetTokens(expired, gone time.Time, limit int) (touched int, err error) {
	const (
		bare    = `SELECT id FROM tokens WHERE merchant = $1 AND expires_at <= $2 AND card IS NULL AND cvv IS NULL`
		holding = `SELECT id FROM tokens WHERE merchant = $1 AND expires_at <= $2 AND (card IS NOT NULL OR cvv IS NOT NULL)`
		remove  = `DELETE FROM tokens WHERE merchant = $1 AND id = $2`
		forget  = `UPDATE tokens SET card_record = '', card = NULL, cvv_record = '', cvv = NULL WHERE merchant = $1 AND id = $2`
	)
	for _, step := range []struct {
		find, do string
		until    time.Time
	}{{bare, remove, gone}, {holding, remove, gone}, {holding, forget, expired}} {
		ids, err := t.lock(step.find+` ORDER BY expires_at, id LIMIT $3 FOR UPDATE SKIP LOCKED`, t.merchant, stamp(step.until), max(limit-touched, 0))
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			if err := t.exec(step.do, t.merchant, string(id)); err != nil {
				return 0, err
			}
		}
		touched += len(ids)
	}
	return touched, nil
}
