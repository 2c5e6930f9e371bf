package sqlite

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

const selectKey = `
	SELECT name, digest, holder, status, answer, created_at, expires_at
	FROM idempotency_keys WHERE merchant = ? AND name = ?`

// Key implements store.Reader.
func (s *Store) Key(ctx context.Context, m pasarela.MerchantID, name string) (store.Key, error) {
	return scanKey(s.queryRow(ctx, selectKey, string(m), name))
}

func scanKey(r row) (store.Key, error) {
	var k store.Key
	err := r.Scan(&k.Name, &k.Digest, &k.Holder, &k.Status, &k.Answer, at(&k.CreatedAt), at(&k.ExpiresAt))
	if err != nil {
		return store.Key{}, err
	}
	return k, nil
}

// ClaimKey implements store.KeyTx.
func (t *tx) ClaimKey(k store.Key) (store.Key, error) {
	_, err := t.exec(`
		INSERT INTO idempotency_keys (merchant, name, digest, holder, status, answer, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (merchant, name) DO UPDATE SET digest = excluded.digest, holder = excluded.holder,
			status = excluded.status, answer = excluded.answer, created_at = excluded.created_at, expires_at = excluded.expires_at
		WHERE expires_at <= excluded.created_at`,
		t.merchant, k.Name, blob(k.Digest), k.Holder, int64(k.Status), blob(k.Answer), micros(k.CreatedAt), micros(k.ExpiresAt))
	if err != nil {
		return store.Key{}, err
	}
	return scanKey(t.queryRow(selectKey, t.merchant, k.Name))
}

// AnswerKey implements store.KeyTx. A key that is lost leaves the unit as it is.
func (t *tx) AnswerKey(name, holder string, status int, answer []byte) error {
	n, err := t.exec(`UPDATE idempotency_keys SET status = ?, answer = ? WHERE merchant = ? AND name = ? AND holder = ?`,
		int64(status), blob(answer), t.merchant, name, holder)
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// DropKey implements store.KeyTx.
func (t *tx) DropKey(name, holder string) error {
	_, err := t.exec(`DELETE FROM idempotency_keys WHERE merchant = ? AND name = ? AND holder = ?`, t.merchant, name, holder)
	return err
}

// ForgetKeys implements store.KeyTx.
func (t *tx) ForgetKeys(now time.Time, limit int) (int, error) {
	return t.exec(`
		DELETE FROM idempotency_keys WHERE rowid IN (
			SELECT rowid FROM idempotency_keys WHERE merchant = ? AND expires_at <= ? ORDER BY expires_at, name LIMIT ?)`,
		t.merchant, micros(now), int64(limit))
}
