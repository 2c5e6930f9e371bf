package memory

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// Keyset implements store.Keysets.
func (d *database) Keyset(_ context.Context, name string) (pasarela.Keyset, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	k, ok := d.keysets[name]
	if !ok {
		return k, store.ErrNotFound
	}
	return k, nil
}

// PutKeyset implements store.Keysets.
func (d *database) PutKeyset(_ context.Context, k pasarela.Keyset) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keysets[k.Name].Version != k.Version-1 {
		return store.ErrDuplicate
	}
	k.Sealed = content(k.Sealed)
	d.keysets[k.Name] = k
	return nil
}
