package postgres

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// Keyset implements store.Keysets.
func (s *Store) Keyset(ctx context.Context, name string) (pasarela.Keyset, error) {
	k := pasarela.Keyset{Name: name}
	if err := s.queryRow(ctx, `SELECT version, sealed FROM keysets WHERE name = $1`, name).Scan(&k.Version, &k.Sealed); err != nil {
		return pasarela.Keyset{}, err
	}
	return k, nil
}

// PutKeyset implements store.Keysets.
func (s *Store) PutKeyset(ctx context.Context, k pasarela.Keyset) error {
	return s.update(ctx, "", func(t *tx) error {
		if k.Version == 1 {
			return t.exec(`INSERT INTO keysets (name, version, sealed) VALUES ($1, 1, $2)`, k.Name, blob(k.Sealed))
		}
		n, err := t.execNow(`UPDATE keysets SET version = $1, sealed = $2 WHERE name = $3 AND version = $4`,
			int64(k.Version), blob(k.Sealed), k.Name, int64(k.Version-1))
		if err == nil && n == 0 {
			return store.ErrDuplicate
		}
		return err
	})
}
