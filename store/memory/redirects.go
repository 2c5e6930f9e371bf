package memory

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// Redirect implements store.Reader.
func (d *database) Redirect(_ context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Redirect, error) {
	return find(d, m, func(t *tables) *pasarela.Redirect { return t.redirects.rows[id] })
}

func (t *tx) InsertRedirect(r pasarela.Redirect) error {
	r.Merchant = t.merchant
	return t.write(func() bool { return t.redirects.insert(r.ID, redirectRow(r)) }, store.ErrDuplicate)
}

func (t *tx) Redirect(id pasarela.TokenID) (pasarela.Redirect, error) {
	return row(t, t.redirects.get(id))
}

func (t *tx) PutRedirect(r pasarela.Redirect) error {
	return t.write(func() bool {
		old := t.redirects.get(r.ID)
		if old == nil {
			return false
		}
		stays := *old
		stays.State, stays.Kind, stays.Payment, stays.Order, stays.Card, stays.UpdatedAt = r.State, r.Kind, r.Payment, r.Order, r.Card, r.UpdatedAt
		t.redirects.put(r.ID, redirectRow(stays))
		return true
	}, store.ErrNotFound)
}

func (t *tx) ForgetRedirects(gone time.Time, limit int) (n int, err error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	var old []dueItem[pasarela.TokenID]
	for id, r := range t.redirects.rows {
		if r.State == pasarela.RedirectRequested && isDue(r.ExpiresAt, gone) {
			old = append(old, dueItem[pasarela.TokenID]{id, r.ExpiresAt})
		}
	}
	for _, id := range earliest(old, limit) {
		t.redirects.drop(id)
		n++
	}
	return n, nil
}

func redirectRow(r pasarela.Redirect) pasarela.Redirect {
	r.Order = content(r.Order)
	r.CreatedAt, r.ExpiresAt, r.UpdatedAt = instant(r.CreatedAt), instant(r.ExpiresAt), instant(r.UpdatedAt)
	return r
}
