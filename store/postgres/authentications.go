package postgres

import (
	"context"
	"time"

	"pasarela"
)

// authenticationColumns are all but the merchant, as scanAuthentication takes them.
const authenticationColumns = `id, kind, state, reason, token, mode, return_url, origin, acs_url, acs_id, by_link,
	` + proofColumns + `, code_digest, payment, attempts, created_at, expires_at, updated_at`

// proofColumns are what 3-D Secure proved.
const proofColumns = `eci, proof, xid, version, directory_server_id, collection_indicator`

func proofValues(args []any, s pasarela.Secure) []any {
	return append(args, s.ECI, s.Value, s.XID, s.Version, s.DirectoryServerID, s.CollectionIndicator)
}

func proofTargets(dest []any, s *pasarela.Secure) []any {
	return append(dest, &s.ECI, &s.Value, &s.XID, &s.Version, &s.DirectoryServerID, &s.CollectionIndicator)
}

// InsertAuthentication implements store.AuthenticationTx.
func (t *tx) InsertAuthentication(a pasarela.Authentication) error {
	args := append(make([]any, 0, 24), t.merchant, string(a.ID), string(a.Kind), string(a.State), string(a.Reason), string(a.Token),
		string(a.Mode), a.ReturnURL, a.Origin, a.ACSURL, a.ACSID, a.ByLink)
	args = proofValues(args, a.Secure)
	args = append(args, blob(a.CodeDigest), string(a.Payment), int64(a.Attempts), stamp(a.CreatedAt), stamp(a.ExpiresAt), stamp(a.UpdatedAt))
	return t.exec(`
		INSERT INTO authentications (merchant, `+authenticationColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`, args...)
}

const selectAuthentication = `SELECT ` + authenticationColumns + ` FROM authentications WHERE merchant = $1 AND id = $2`

// Authentication implements store.AuthenticationTx.
func (t *tx) Authentication(id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return scanAuthentication(t.queryRow(selectAuthentication+` FOR UPDATE`, t.merchant, string(id)), t.merchant)
}

// Authentication implements store.Reader.
func (s *Store) Authentication(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return scanAuthentication(s.queryRow(ctx, selectAuthentication, string(m), string(id)), string(m))
}

func scanAuthentication(r row, merchant string) (pasarela.Authentication, error) {
	a := pasarela.Authentication{Merchant: pasarela.MerchantID(merchant)}
	dest := append(make([]any, 0, 23), (*string)(&a.ID), (*string)(&a.Kind), (*string)(&a.State), (*string)(&a.Reason), (*string)(&a.Token),
		(*string)(&a.Mode), &a.ReturnURL, &a.Origin, &a.ACSURL, &a.ACSID, &a.ByLink)
	dest = proofTargets(dest, &a.Secure)
	dest = append(dest, &a.CodeDigest, (*string)(&a.Payment), &a.Attempts, at(&a.CreatedAt), at(&a.ExpiresAt), at(&a.UpdatedAt))
	if err := r.Scan(dest...); err != nil {
		return pasarela.Authentication{}, err
	}
	return a, nil
}

// PutAuthentication implements store.AuthenticationTx.
func (t *tx) PutAuthentication(a pasarela.Authentication) error {
	args := append(make([]any, 0, 18), string(a.State), string(a.Reason), a.ACSURL, a.ACSID, a.ByLink)
	args = proofValues(args, a.Secure)
	args = append(args, blob(a.CodeDigest), string(a.Payment), int64(a.Attempts), stamp(a.ExpiresAt), stamp(a.UpdatedAt), t.merchant, string(a.ID))
	return t.put(`
		UPDATE authentications SET state = $1, reason = $2, acs_url = $3, acs_id = $4, by_link = $5,
			eci = $6, proof = $7, xid = $8, version = $9, directory_server_id = $10, collection_indicator = $11,
			code_digest = $12, payment = $13, attempts = $14, expires_at = $15, updated_at = $16
		WHERE merchant = $17 AND id = $18 RETURNING 1`, args...)
}

// ForgetAuthentications implements store.AuthenticationTx.
func (t *tx) ForgetAuthentications(served, before time.Time, limit int) (touched int, err error) {
	const (
		unproven = `SELECT id FROM authentications WHERE merchant = $1 AND created_at <= $2 AND state <> 'authenticated'`
		unserved = `SELECT id FROM authentications WHERE merchant = $1 AND created_at <= $2 AND proof <> ''`
		remove   = `DELETE FROM authentications WHERE merchant = $1 AND id = $2`
		forget   = `UPDATE authentications SET proof = '' WHERE merchant = $1 AND id = $2`
	)
	for _, step := range []struct {
		find, do string
		until    time.Time
	}{{unproven, remove, before}, {unserved, forget, served}} {
		ids, err := t.lock(step.find+` ORDER BY created_at, id LIMIT $3 FOR UPDATE SKIP LOCKED`, t.merchant, stamp(step.until), max(limit-touched, 0))
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			if err := t.exec(step.do, t.merchant, string(id)); err != nil {
				return 0, err
			}
		}
		touched += len(ids)
	}
	return touched, nil
}
