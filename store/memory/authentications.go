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

func (t *tx) ForgetAuthentications(served, before time.Time, limit int) (int, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	unproven := t.authenticationsOf(before, func(a *pasarela.Authentication) bool { return a.State != pasarela.AuthenticationAuthenticated })
	deleted := earliest(unproven, limit)
	for _, id := range deleted {
		t.authentications.drop(id)
	}
	unserved := t.authenticationsOf(served, func(a *pasarela.Authentication) bool { return a.Secure.Value != "" })
	cleared := earliest(unserved, limit-len(deleted))
	for _, id := range cleared {
		bare := *t.authentications.rows[id]
		bare.Secure.Value = ""
		t.authentications.put(id, bare)
	}
	return len(deleted) + len(cleared), nil
}

// authenticationsOf are those created at or before a time of which something is true.
func (t *tx) authenticationsOf(until time.Time, wanted func(*pasarela.Authentication) bool) (found []dueItem[pasarela.AuthenticationID]) {
	for id, a := range t.authentications.rows {
		if isDue(a.CreatedAt, until) && wanted(a) {
			found = append(found, dueItem[pasarela.AuthenticationID]{id, a.CreatedAt})
		}
	}
	return found
}

func authenticationRow(a pasarela.Authentication) pasarela.Authentication {
	a.CodeDigest = content(a.CodeDigest)
	a.CreatedAt, a.ExpiresAt, a.UpdatedAt = instant(a.CreatedAt), instant(a.ExpiresAt), instant(a.UpdatedAt)
	return a
}
