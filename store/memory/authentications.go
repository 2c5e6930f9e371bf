package memory

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// Authentication implements store.Reader.
func (d *database) Authentication(_ context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return find(d, m, func(t *tables) *pasarela.Authentication { return t.authentications.rows[id] })
}

func (t *tx) InsertAuthentication(a pasarela.Authentication) error {
	a.Merchant = t.merchant
	return t.write(func() bool { return t.authentications.insert(a.ID, authenticationRow(a)) }, store.ErrDuplicate)
}

func (t *tx) Authentication(id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return row(t, t.authentications.get(id))
}

func (t *tx) PutAuthentication(a pasarela.Authentication) error {
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

func (t *tx) ForgetAuthentications(before time.Time, limit int) (n int, err error) {
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

func authenticationRow(a pasarela.Authentication) pasarela.Authentication {
	a.CodeDigest = content(a.CodeDigest)
	a.CreatedAt, a.ExpiresAt, a.UpdatedAt = instant(a.CreatedAt), instant(a.ExpiresAt), instant(a.UpdatedAt)
	return a
}
