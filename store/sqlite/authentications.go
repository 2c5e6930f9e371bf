package sqlite

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
		string(a.Mode), a.ReturnURL, a.Origin, a.ACSURL, a.ACSID, flag(a.ByLink))
	args = proofValues(args, a.Secure)
	args = append(args, blob(a.CodeDigest), string(a.Payment), int64(a.Attempts), micros(a.CreatedAt), micros(a.ExpiresAt), micros(a.UpdatedAt))
	_, err := t.exec(`
		INSERT INTO authentications (merchant, `+authenticationColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

const selectAuthentication = `SELECT ` + authenticationColumns + ` FROM authentications WHERE merchant = ? AND id = ?`

// Authentication implements store.AuthenticationTx.
func (t *tx) Authentication(id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return scanAuthentication(t.queryRow(selectAuthentication, t.merchant, string(id)), t.merchant)
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
	args := append(make([]any, 0, 18), string(a.State), string(a.Reason), a.ACSURL, a.ACSID, flag(a.ByLink))
	args = proofValues(args, a.Secure)
	args = append(args, blob(a.CodeDigest), string(a.Payment), int64(a.Attempts), micros(a.ExpiresAt), micros(a.UpdatedAt), t.merchant, string(a.ID))
	return t.put(`
		UPDATE authentications SET state = ?, reason = ?, acs_url = ?, acs_id = ?, by_link = ?,
			eci = ?, proof = ?, xid = ?, version = ?, directory_server_id = ?, collection_indicator = ?,
			code_digest = ?, payment = ?, attempts = ?, expires_at = ?, updated_at = ?
		WHERE merchant = ? AND id = ?`, args...)
}

// ForgetAuthentications implements store.AuthenticationTx.
func (t *tx) ForgetAuthentications(served, before time.Time, limit int) (int, error) {
	deleted, err := t.exec(`DELETE FROM authentications WHERE rowid IN (
		SELECT rowid FROM authentications
		WHERE merchant = ? AND created_at <= ? AND state <> 'authenticated' ORDER BY created_at, id LIMIT ?)`, t.merchant, micros(before), int64(limit))
	if err != nil {
		return 0, err
	}
	cleared, err := t.exec(`UPDATE authentications SET proof = '' WHERE rowid IN (
		SELECT rowid FROM authentications
		WHERE merchant = ? AND created_at <= ? AND proof <> '' ORDER BY created_at, id LIMIT ?)`, t.merchant, micros(served), int64(max(limit-deleted, 0)))
	return deleted + cleared, err
}
