package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// InsertMerchant implements store.Merchants.
func (d *database) InsertMerchant(_ context.Context, r store.MerchantRecord) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, taken := d.merchants[r.ID]
	for _, c := range r.Credentials {
		if _, ok := d.credentials[c]; ok {
			taken = true
		}
	}
	if taken {
		return store.ErrDuplicate
	}
	r.Profile, r.Secrets, r.CreatedAt = content(r.Profile), sealedRow(r.Secrets), instant(r.CreatedAt)
	r.Credentials = slices.Clone(r.Credentials)
	d.merchants[r.ID] = r
	for _, c := range r.Credentials {
		d.credentials[c] = r.ID
	}
	return nil
}

// MerchantByCredential implements store.Merchants.
func (d *database) MerchantByCredential(ctx context.Context, c store.Credential) (store.MerchantRecord, error) {
	d.mu.RLock()
	id := d.credentials[c]
	d.mu.RUnlock()
	return d.Merchant(ctx, id)
}

// Merchant implements store.Merchants.
func (d *database) Merchant(_ context.Context, m pasarela.MerchantID) (store.MerchantRecord, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	r, ok := d.merchants[m]
	if !ok {
		return r, store.ErrNotFound
	}
	return r, nil
}

// MerchantIDs implements store.Merchants.
func (d *database) MerchantIDs(_ context.Context, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	return d.merchantIDs(after, limit, func(*tables) bool { return true }), nil
}

// MerchantsDue implements store.Merchants.
func (d *database) MerchantsDue(_ context.Context, now time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	return d.merchantIDs(after, limit, func(t *tables) bool {
		return t != nil && (len(t.due(now)) > 0 || len(t.dueSubscriptions(now)) > 0)
	}), nil
}

// MerchantsBilling implements store.Merchants.
func (d *database) MerchantsBilling(_ context.Context, now time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	return d.merchantIDs(after, limit, func(t *tables) bool { return t != nil && len(t.billable(now)) > 0 }), nil
}

// PutMerchant implements store.Merchants.
func (d *database) PutMerchant(_ context.Context, old, renewed store.MerchantRecord) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.merchants[old.ID]
	if !ok || !bytes.Equal(r.Profile, old.Profile) || r.Secrets.Record != old.Secrets.Record || !bytes.Equal(r.Secrets.Bytes, old.Secrets.Bytes) {
		return store.ErrDuplicate
	}
	r.Profile, r.Secrets = content(renewed.Profile), sealedRow(renewed.Secrets)
	d.merchants[old.ID] = r
	return nil
}

func (d *database) merchantIDs(after pasarela.MerchantID, limit int, wanted func(t *tables) bool) (ids []pasarela.MerchantID) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, m := range slices.Sorted(maps.Keys(d.merchants)) {
		if m > after && len(ids) < limit && wanted(d.rows[m]) {
			ids = append(ids, m)
		}
	}
	return ids
}
