package sqlite

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// InsertMerchant implements store.Merchants.
func (s *Store) InsertMerchant(ctx context.Context, r store.MerchantRecord) error {
	return s.writer.do(ctx, r.ID, func(t *tx) error {
		_, err := t.exec(`INSERT INTO merchants (merchant, profile, secrets_record, secrets, created_at) VALUES (?, ?, ?, ?, ?)`,
			string(r.ID), blob(r.Profile), r.Secrets.Record, blob(r.Secrets.Bytes), micros(r.CreatedAt))
		if err != nil {
			return err
		}
		for i, c := range r.Credentials {
			_, err := t.exec(`INSERT INTO credentials (kind, hash, merchant, position) VALUES (?, ?, ?, ?)`, c.Kind, c.Hash, string(r.ID), int64(i))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// MerchantByCredential implements store.Merchants.
func (s *Store) MerchantByCredential(ctx context.Context, c store.Credential) (store.MerchantRecord, error) {
	var m pasarela.MerchantID
	err := s.queryRow(ctx, `SELECT merchant FROM credentials WHERE kind = ? AND hash = ?`, c.Kind, c.Hash).Scan((*string)(&m))
	if err != nil {
		return store.MerchantRecord{}, err
	}
	return s.Merchant(ctx, m)
}

// Merchant implements store.Merchants.
func (s *Store) Merchant(ctx context.Context, m pasarela.MerchantID) (store.MerchantRecord, error) {
	r := store.MerchantRecord{ID: m}
	err := s.queryRow(ctx, `SELECT profile, secrets_record, secrets, created_at FROM merchants WHERE merchant = ?`, string(m)).
		Scan(&r.Profile, &r.Secrets.Record, &r.Secrets.Bytes, at(&r.CreatedAt))
	if err != nil {
		return store.MerchantRecord{}, err
	}
	err = s.query(ctx, func(row row) error {
		var c store.Credential
		err := row.Scan(&c.Kind, &c.Hash)
		r.Credentials = append(r.Credentials, c)
		return err
	}, `SELECT kind, hash FROM credentials WHERE merchant = ? ORDER BY position`, string(m))
	if err != nil {
		return store.MerchantRecord{}, err
	}
	return r, nil
}

// MerchantsDue implements store.Merchants.
func (s *Store) MerchantsDue(ctx context.Context, now time.Time, after pasarela.MerchantID, limit int) (ids []pasarela.MerchantID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.MerchantID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT merchant FROM merchants m
		WHERE merchant > ? AND (
			EXISTS (SELECT 1 FROM payments p WHERE p.merchant = m.merchant AND p.due_at <= ?)
			OR EXISTS (SELECT 1 FROM subscriptions s WHERE s.merchant = m.merchant AND s.state IN ('pending', 'verifying') AND s.due_at <= ?))
		ORDER BY merchant LIMIT ?`, string(after), micros(now), micros(now), int64(limit))
	return ids, err
}

// MerchantsBilling implements store.Merchants.
func (s *Store) MerchantsBilling(ctx context.Context, now time.Time, after pasarela.MerchantID, limit int) (ids []pasarela.MerchantID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.MerchantID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT merchant FROM merchants m
		WHERE merchant > ? AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.merchant = m.merchant AND s.state = 'active' AND s.due_at <= ?)
		ORDER BY merchant LIMIT ?`, string(after), micros(now), int64(limit))
	return ids, err
}

// PutMerchant implements store.Merchants.
func (s *Store) PutMerchant(ctx context.Context, old, renewed store.MerchantRecord) error {
	return s.writer.do(ctx, old.ID, func(t *tx) error {
		n, err := t.exec(`
			UPDATE merchants SET profile = ?, secrets_record = ?, secrets = ?
			WHERE merchant = ? AND profile IS ? AND secrets_record = ? AND secrets IS ?`,
			blob(renewed.Profile), renewed.Secrets.Record, blob(renewed.Secrets.Bytes),
			string(old.ID), blob(old.Profile), old.Secrets.Record, blob(old.Secrets.Bytes))
		if err == nil && n == 0 {
			return store.ErrDuplicate
		}
		return err
	})
}

// MerchantIDs implements store.Merchants.
func (s *Store) MerchantIDs(ctx context.Context, after pasarela.MerchantID, limit int) (ids []pasarela.MerchantID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.MerchantID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT merchant FROM merchants WHERE merchant > ? ORDER BY merchant LIMIT ?`, string(after), int64(limit))
	return ids, err
}
