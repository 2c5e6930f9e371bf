package postgres

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// InsertMerchant implements store.Merchants.
func (s *Store) InsertMerchant(ctx context.Context, r store.MerchantRecord) error {
	return s.update(ctx, r.ID, func(t *tx) error {
		err := t.exec(`INSERT INTO merchants (merchant, profile, secrets_record, secrets, created_at) VALUES ($1, $2, $3, $4, $5)`,
			string(r.ID), blob(r.Profile), r.Secrets.Record, blob(r.Secrets.Bytes), stamp(r.CreatedAt))
		if err != nil {
			return err
		}
		for i, c := range r.Credentials {
			err := t.exec(`INSERT INTO credentials (kind, hash, merchant, position) VALUES ($1, $2, $3, $4)`, c.Kind, c.Hash, string(r.ID), int64(i))
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
	err := s.queryRow(ctx, `SELECT merchant FROM credentials WHERE kind = $1 AND hash = $2`, c.Kind, c.Hash).Scan((*string)(&m))
	if err != nil {
		return store.MerchantRecord{}, err
	}
	return s.Merchant(ctx, m)
}

// Merchant implements store.Merchants.
func (s *Store) Merchant(ctx context.Context, m pasarela.MerchantID) (store.MerchantRecord, error) {
	r := store.MerchantRecord{ID: m}
	err := s.queryRow(ctx, `SELECT profile, secrets_record, secrets, created_at FROM merchants WHERE merchant = $1`, string(m)).
		Scan(&r.Profile, &r.Secrets.Record, &r.Secrets.Bytes, at(&r.CreatedAt))
	if err != nil {
		return store.MerchantRecord{}, err
	}
	err = s.query(ctx, func(row row) error {
		var c store.Credential
		err := row.Scan(&c.Kind, &c.Hash)
		r.Credentials = append(r.Credentials, c)
		return err
	}, `SELECT kind, hash FROM credentials WHERE merchant = $1 ORDER BY position`, string(m))
	if err != nil {
		return store.MerchantRecord{}, err
	}
	return r, nil
}

// MerchantsDue implements store.Merchants. Each look at an index has a limit, which keeps it one for each merchant: as
// EXISTS it would be planned, while the tables are empty, to go through all that is due.
func (s *Store) MerchantsDue(ctx context.Context, now time.Time, after pasarela.MerchantID, limit int) (ids []pasarela.MerchantID, err error) {
	err = s.query(ctx, func(r row) error {
		var id pasarela.MerchantID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT merchant FROM merchants m
		WHERE merchant > $1 AND (
			(SELECT true FROM payments p WHERE p.merchant = m.merchant AND p.due_at <= $2 LIMIT 1)
			OR (SELECT true FROM subscriptions s WHERE s.merchant = m.merchant AND s.state IN ('pending', 'verifying') AND s.due_at <= $2 LIMIT 1))
		ORDER BY merchant LIMIT $3`, string(after), stamp(now), int64(limit))
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
		WHERE merchant > $1 AND (SELECT true FROM subscriptions s WHERE s.merchant = m.merchant AND s.state = 'active' AND s.due_at <= $2 LIMIT 1)
		ORDER BY merchant LIMIT $3`, string(after), stamp(now), int64(limit))
	return ids, err
}

// PutMerchant implements store.Merchants.
func (s *Store) PutMerchant(ctx context.Context, old, renewed store.MerchantRecord) error {
	return s.update(ctx, old.ID, func(t *tx) error {
		n, err := t.execNow(`
			UPDATE merchants SET profile = $1, secrets_record = $2, secrets = $3
			WHERE merchant = $4 AND profile IS NOT DISTINCT FROM $5 AND secrets_record = $6 AND secrets IS NOT DISTINCT FROM $7`,
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
	}, `SELECT merchant FROM merchants WHERE merchant > $1 ORDER BY merchant LIMIT $2`, string(after), int64(limit))
	return ids, err
}
