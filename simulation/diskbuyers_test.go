package simulation

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// What a disk keeps of buyers who prove who they are, or who pay on a page: the rest of the contract.

// Authentication implements store.Reader.
func (d *disk) Authentication(_ context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return find(d, m, func(t *tables) *pasarela.Authentication { return t.authentications.rows[id] })
}

// Redirect implements store.Reader.
func (d *disk) Redirect(_ context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Redirect, error) {
	return find(d, m, func(t *tables) *pasarela.Redirect { return t.redirects.rows[id] })
}

func (t *diskTx) InsertAuthentication(a pasarela.Authentication) error {
	a.Merchant = t.merchant
	return t.write(func() bool { return t.authentications.insert(a.ID, authenticationRow(a)) }, store.ErrDuplicate)
}

func (t *diskTx) Authentication(id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return row(t, t.authentications.get(id))
}

func (t *diskTx) PutAuthentication(a pasarela.Authentication) error {
	return t.write(func() bool {
		old := t.authentications.get(a.ID)
		if old == nil {
			return false
		}
		a.Merchant, a.Kind, a.Token, a.Mode, a.CreatedAt = old.Merchant, old.Kind, old.Token, old.Mode, old.CreatedAt
		a.ReturnURL, a.Origin = old.ReturnURL, old.Origin
		t.authentications.put(a.ID, authenticationRow(a))
		return true
	}, store.ErrNotFound)
}

func (t *diskTx) ForgetAuthentications(before time.Time, limit int) (n int, err error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	var old []dueItem[pasarela.AuthenticationID]
	for id, a := range t.authentications.rows {
		if a.State != pasarela.AuthenticationAuthenticated && isDue(a.CreatedAt, before) {
			old = append(old, dueItem[pasarela.AuthenticationID]{id, a.CreatedAt})
		}
	}
	for _, id := range earliest(old, limit) {
		t.authentications.drop(id)
		n++
	}
	return n, nil
}

func (t *diskTx) InsertRedirect(r pasarela.Redirect) error {
	r.Merchant = t.merchant
	return t.write(func() bool { return t.redirects.insert(r.ID, redirectRow(r)) }, store.ErrDuplicate)
}

func (t *diskTx) Redirect(id pasarela.TokenID) (pasarela.Redirect, error) {
	return row(t, t.redirects.get(id))
}

func (t *diskTx) PutRedirect(r pasarela.Redirect) error {
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

func (t *diskTx) ForgetRedirects(gone time.Time, limit int) (n int, err error) {
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

// BINFile implements store.BINFiles.
func (d *disk) BINFile(context.Context) (pasarela.BINFile, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.binFile.Version == 0 {
		return pasarela.BINFile{}, store.ErrNotFound
	}
	return d.binFile, nil
}

// BINFileVersion implements store.BINFiles.
func (d *disk) BINFileVersion(context.Context) (int, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.binFile.Version, nil
}

// PutBINFile implements store.BINFiles.
func (d *disk) PutBINFile(_ context.Context, f pasarela.BINFile) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.binFile.Version != f.Version-1 {
		return store.ErrDuplicate
	}
	f.Data, f.ImportedAt = content(f.Data), instant(f.ImportedAt)
	d.binFile = f
	return nil
}

func authenticationRow(a pasarela.Authentication) pasarela.Authentication {
	a.CodeDigest = content(a.CodeDigest)
	a.CreatedAt, a.ExpiresAt, a.UpdatedAt = instant(a.CreatedAt), instant(a.ExpiresAt), instant(a.UpdatedAt)
	return a
}

func redirectRow(r pasarela.Redirect) pasarela.Redirect {
	r.Order = content(r.Order)
	r.CreatedAt, r.ExpiresAt, r.UpdatedAt = instant(r.CreatedAt), instant(r.ExpiresAt), instant(r.UpdatedAt)
	return r
}
