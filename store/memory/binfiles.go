package memory

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// BINFile implements store.BINFiles.
func (d *database) BINFile(context.Context) (pasarela.BINFile, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.binFile.Version == 0 {
		return pasarela.BINFile{}, store.ErrNotFound
	}
	return d.binFile, nil
}

// BINFileVersion implements store.BINFiles.
func (d *database) BINFileVersion(context.Context) (int, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.binFile.Version, nil
}

// PutBINFile implements store.BINFiles.
func (d *database) PutBINFile(_ context.Context, f pasarela.BINFile) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.binFile.Version != f.Version-1 {
		return store.ErrDuplicate
	}
	f.Data, f.ImportedAt = content(f.Data), instant(f.ImportedAt)
	d.binFile = f
	return nil
}
