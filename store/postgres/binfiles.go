package postgres

import (
	"context"
	"errors"

	"pasarela"
	"pasarela/store"
)

// BINFile implements store.BINFiles.
func (s *Store) BINFile(ctx context.Context) (pasarela.BINFile, error) {
	var f pasarela.BINFile
	err := s.queryRow(ctx, `SELECT version, ranges, imported_at, data FROM bin_files WHERE name = 'ranges'`).
		Scan(&f.Version, &f.Ranges, at(&f.ImportedAt), &f.Data)
	if err != nil {
		return pasarela.BINFile{}, err
	}
	return f, nil
}

// BINFileVersion implements store.BINFiles.
func (s *Store) BINFileVersion(ctx context.Context) (version int, err error) {
	err = s.queryRow(ctx, `SELECT version FROM bin_files WHERE name = 'ranges'`).Scan(&version)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return version, err
}

// PutBINFile implements store.BINFiles.
func (s *Store) PutBINFile(ctx context.Context, f pasarela.BINFile) error {
	return s.update(ctx, "", func(t *tx) error {
		if f.Version == 1 {
			return t.exec(`INSERT INTO bin_files (name, version, ranges, imported_at, data) VALUES ('ranges', 1, $1, $2, $3)`,
				int64(f.Ranges), stamp(f.ImportedAt), blob(f.Data))
		}
		n, err := t.execNow(`UPDATE bin_files SET version = $1, ranges = $2, imported_at = $3, data = $4 WHERE name = 'ranges' AND version = $5`,
			int64(f.Version), int64(f.Ranges), stamp(f.ImportedAt), blob(f.Data), int64(f.Version-1))
		if err == nil && n == 0 {
			return store.ErrDuplicate
		}
		return err
	})
}
