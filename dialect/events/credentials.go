package events

import (
	"crypto/subtle"
	"net/http"

	"pasarela"
	"pasarela/gateway"
)

// privateHeader carries the secret credential of a Kushki integration.
const privateHeader = "Private-Merchant-Id"

// authenticate finds the merchant by the secret of either dialect: Kushki's header, or Monri's authenticity token and key
// as name and password. It returns CodeUnauthorized, whatever is wrong.
func (h *Handler) authenticate(r *http.Request) (pasarela.Merchant, error) {
	if len(r.Header.Values(privateHeader)) > 0 {
		return h.gateway.Authenticate(r.Context(), gateway.CredentialKushkiPrivate, r.Header.Get(privateHeader))
	}
	token, key, ok := r.BasicAuth()
	if !ok {
		return pasarela.Merchant{}, pasarela.Errorf(pasarela.CodeUnauthorized, "no credential was sent")
	}
	m, err := h.gateway.Authenticate(r.Context(), gateway.CredentialMonri, token)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(m.Monri.Key)) != 1 {
		return pasarela.Merchant{}, pasarela.Errorf(pasarela.CodeUnauthorized, "wrong merchant key")
	}
	return m, nil
}
