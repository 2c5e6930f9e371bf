package postgres

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
		r.Email, r.Description, r.ReturnURL, blob(r.Order), string(r.Card), stamp(r.CreatedAt), stamp(r.ExpiresAt), stamp(r.UpdatedAt)}
	return t.exec(`
		INSERT INTO redirects (merchant, `+redirectColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, args...)
}

const selectRedirect = `SELECT ` + redirectColumns + ` FROM redirects WHERE merchant = $1 AND id = $2`

// Redirect implements store.RedirectTx.
func (t *tx) Redirect(id pasarela.TokenID) (pasarela.Redirect, error) {
	return scanRedirect(t.queryRow(selectRedirect+` FOR UPDATE`, t.merchant, string(id)), t.merchant)
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
		UPDATE redirects SET state = $1, kind = $2, payment = $3, details = $4, card = $5, updated_at = $6
		WHERE merchant = $7 AND id = $8 RETURNING 1`,
		string(r.State), string(r.Kind), string(r.Payment), blob(r.Order), string(r.Card), stamp(r.UpdatedAt), t.merchant, string(r.ID))
}

// ForgetRedirects implements store.RedirectTx.
func (t *tx) ForgetRedirects(gone time.Time, limit int) (int, error) {
	ids, err := t.lock(`
		SELECT id FROM redirects WHERE merchant = $1 AND expires_at <= $2 AND state = 'requested'
		ORDER BY expires_at, id LIMIT $3 FOR UPDATE SKIP LOCKED`, t.merchant, stamp(gone), int64(limit))
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := t.exec(`DELETE FROM redirects WHERE merchant = $1 AND id = $2`, t.merchant, string(id)); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
