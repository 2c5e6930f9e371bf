package sqlite

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
	args = append(args, k.Fingerprint, k.Total.Minor, string(k.Total.Currency), flag(k.Deferred), blob(k.Details),
		string(k.Recurrence), flag(k.NetworkToken), string(k.Subscription), string(k.Authentication), micros(k.CreatedAt), micros(k.ExpiresAt), micros(k.SpentAt))
	_, err := t.exec(`
		INSERT INTO tokens (merchant, id, use, card_record, card, cvv_record, cvv, `+factColumns+`,
			fingerprint, total, currency, deferred, details, recurrence, network_token, subscription, authentication, created_at, expires_at, spent_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

const selectToken = `
	SELECT use, card_record, card, cvv_record, cvv, ` + factColumns + `,
		fingerprint, total, currency, deferred, details, recurrence, network_token, subscription, authentication, created_at, expires_at, spent_at
	FROM tokens WHERE merchant = ? AND id = ?`

// Token implements store.TokenTx.
func (t *tx) Token(id pasarela.TokenID) (pasarela.Token, error) {
	return scanToken(t.queryRow(selectToken, t.merchant, string(id)), t.merchant, id)
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
		UPDATE tokens SET spent_at = ?, card_record = '', card = NULL, cvv_record = '', cvv = NULL
		WHERE merchant = ? AND id = ?`, micros(at), t.merchant, string(id))
}

// ForgetTokens implements store.TokenTx. Rows that go are not forgotten first.
func (t *tx) ForgetTokens(expired, gone time.Time, limit int) (int, error) {
	deleted := 0
	for _, query := range []string{
		`DELETE FROM tokens WHERE rowid IN (
			SELECT rowid FROM tokens
			WHERE merchant = ? AND expires_at <= ? AND card IS NULL AND cvv IS NULL ORDER BY expires_at, id LIMIT ?)`,
		`DELETE FROM tokens WHERE rowid IN (
			SELECT rowid FROM tokens
			WHERE merchant = ? AND expires_at <= ? AND (card IS NOT NULL OR cvv IS NOT NULL) ORDER BY expires_at, id LIMIT ?)`,
	} {
		n, err := t.exec(query, t.merchant, micros(gone), max(limit-deleted, 0))
		if err != nil {
			return 0, err
		}
		deleted += n
	}
	forgotten, err := t.exec(`
		UPDATE tokens SET card_record = '', card = NULL, cvv_record = '', cvv = NULL
		WHERE rowid IN (
			SELECT rowid FROM tokens
			WHERE merchant = ? AND expires_at <= ? AND (card IS NOT NULL OR cvv IS NOT NULL) ORDER BY expires_at, id LIMIT ?)`,
		t.merchant, micros(expired), max(limit-deleted, 0))
	return deleted + forgotten, err
}
