package memory

import "context"

// Reset implements store.Resetter.
func (d *database) Reset(context.Context) error {
	d.units.Lock()
	defer d.units.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.rows)
	clear(d.merchants)
	clear(d.credentials)
	return nil
}
