package postgres

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

const selectKey = `
	SELECT name, digest, holder, status, answer, created_at, expires_at
	FROM idempotency_keys WHERE merchant = $1 AND name = $2`

// Key implements store.Reader.
func (s *Store) Key(ctx context.Context, m pasarela.MerchantID, name string) (store.Key, error) {
	return scanKey(s.queryRow(ctx, selectKey, string(m), []byte(name)))
}

func scanKey(r row) (store.Key, error) {
	var k store.Key
	var name []byte
	err := r.Scan(&name, &k.Digest, &k.Holder, &k.Status, &k.Answer, at(&k.CreatedAt), at(&k.ExpiresAt))
	if err != nil {
		return store.Key{}, err
	}
	k.Name = string(name)
	return k, nil
}

// ClaimKey implements store.KeyTx. The insert locks the row that stands in its way, even one that it leaves
// as it is, so that it is still there to be read.
func (t *tx) ClaimKey(k store.Key) (store.Key, error) {
	err := t.exec(`
		INSERT INTO idempotency_keys AS k (merchant, name, digest, holder, status, answer, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (merchant, name) DO UPDATE SET digest = excluded.digest, holder = excluded.holder,
			status = excluded.status, answer = excluded.answer, created_at = excluded.created_at, expires_at = excluded.expires_at
		WHERE k.expires_at <= excluded.created_at`,
		t.merchant, []byte(k.Name), blob(k.Digest), k.Holder, int64(k.Status), blob(k.Answer), stamp(k.CreatedAt), stamp(k.ExpiresAt))
	if err != nil {
		return store.Key{}, err
	}
	return scanKey(t.queryRow(selectKey, t.merchant, []byte(k.Name)))
}

// AnswerKey implements store.KeyTx. A key that is lost leaves the unit as it is, so this can't wait.
func (t *tx) AnswerKey(name, holder string, status int, answer []byte) error {
	n, err := t.execNow(`UPDATE idempotency_keys SET status = $1, answer = $2 WHERE merchant = $3 AND name = $4 AND holder = $5`,
		int64(status), blob(answer), t.merchant, []byte(name), holder)
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// DropKey implements store.KeyTx.
func (t *tx) DropKey(name, holder string) error {
	return t.exec(`DELETE FROM idempotency_keys WHERE merchant = $1 AND name = $2 AND holder = $3`, t.merchant, []byte(name), holder)
}

// ForgetKeys implements store.KeyTx.
func (t *tx) ForgetKeys(now time.Time, limit int) (int, error) {
	names, err := t.lock(`
		SELECT name FROM idempotency_keys WHERE merchant = $1 AND expires_at <= $2 ORDER BY expires_at, name LIMIT $3
		FOR UPDATE SKIP LOCKED`, t.merchant, stamp(now), int64(limit))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if err := t.exec(`DELETE FROM idempotency_keys WHERE merchant = $1 AND name = $2`, t.merchant, name); err != nil {
			return 0, err
		}
	}
	return len(names), nil
}
