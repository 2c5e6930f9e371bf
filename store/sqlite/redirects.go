package sqlite

import (
	"context"
	"time"

	"pasarela"
)

// redirectColumns are all but the merchant, as scanRedirect takes them.
const redirectColumns = `id, state, kind, total, currency, payment, email, description, return_url, details, card,
	created_at, expires_at, updated_at`

// InsertRedirect implements store.RedirectTx.
func (t *tx) InsertRedirect(r pasarela.Redirect) error {
	args := []any{t.merchant, string(r.ID), string(r.State), string(r.Kind), r.Total.Minor, string(r.Total.Currency), string(r.Payment),
		r.Email, r.Description, r.ReturnURL, blob(r.Order), string(r.Card), micros(r.CreatedAt), micros(r.ExpiresAt), micros(r.UpdatedAt)}
	_, err := t.exec(`
		INSERT INTO redirects (merchant, `+redirectColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

const selectRedirect = `SELECT ` + redirectColumns + ` FROM redirects WHERE merchant = ? AND id = ?`

// Redirect implements store.RedirectTx.
func (t *tx) Redirect(id pasarela.TokenID) (pasarela.Redirect, error) {
	return scanRedirect(t.queryRow(selectRedirect, t.merchant, string(id)), t.merchant)
}

// Redirect implements store.Reader.
func (s *Store) Redirect(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Redirect, error) {
	return scanRedirect(s.queryRow(ctx, selectRedirect, string(m), string(id)), string(m))
}

func scanRedirect(from row, merchant string) (pasarela.Redirect, error) {
	r := pasarela.Redirect{Merchant: pasarela.MerchantID(merchant)}
	err := from.Scan((*string)(&r.ID), (*string)(&r.State), (*string)(&r.Kind), &r.Total.Minor, (*string)(&r.Total.Currency), (*string)(&r.Payment),
		&r.Email, &r.Description, &r.ReturnURL, &r.Order, (*string)(&r.Card), at(&r.CreatedAt), at(&r.ExpiresAt), at(&r.UpdatedAt))
	if err != nil {
		return pasarela.Redirect{}, err
	}
	return r, nil
}

// PutRedirect implements store.RedirectTx.
func (t *tx) PutRedirect(r pasarela.Redirect) error {
	return t.put(`
		UPDATE redirects SET state = ?, kind = ?, payment = ?, details = ?, card = ?, updated_at = ?
		WHERE merchant = ? AND id = ?`,
		string(r.State), string(r.Kind), string(r.Payment), blob(r.Order), string(r.Card), micros(r.UpdatedAt), t.merchant, string(r.ID))
}

// ForgetRedirects implements store.RedirectTx.
func (t *tx) ForgetRedirects(gone time.Time, limit int) (int, error) {
	return t.exec(`DELETE FROM redirects WHERE rowid IN (
		SELECT rowid FROM redirects
		WHERE merchant = ? AND expires_at <= ? AND state = 'requested' ORDER BY expires_at, id LIMIT ?)`, t.merchant, micros(gone), int64(limit))
}
