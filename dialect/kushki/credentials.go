package kushki

import (
	"net/http"
	"slices"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Header names of the credentials; the shorter ones are those of the newest published description.
var (
	publicHeaders  = []string{"Public-Merchant-Id", "Public-Key"}
	privateHeaders = []string{"Private-Merchant-Id", "Private-Key"}
)

// authenticate finds the merchant. It answers as the API does: 403 without any credential, 401 where the
// credential of the other kind or an empty one came, and K004 for one that nobody has.
func (h *Handler) authenticate(r *http.Request, e endpoint) (pasarela.Merchant, error) {
	if e.inPath {
		return h.gateway.Authenticate(r.Context(), gateway.CredentialKushkiPublic, r.PathValue("merchant"))
	}
	due, other := privateHeaders, publicHeaders
	kind, otherKind := gateway.CredentialKushkiPrivate, gateway.CredentialKushkiPublic
	if e.public {
		due, other, kind, otherKind = other, due, otherKind, kind
	}
	value := wire.Header(r, due...)
	switch {
	case value != "":
	case sent(r, due) || sent(r, other):
		return pasarela.Merchant{}, errWrongCredential
	default:
		return pasarela.Merchant{}, errNoRoute
	}
	m, err := h.gateway.Authenticate(r.Context(), kind, value)
	if pasarela.CodeOf(err) != pasarela.CodeUnauthorized || err == nil {
		return m, err
	}
	if _, otherErr := h.gateway.Authenticate(r.Context(), otherKind, value); otherErr == nil {
		return pasarela.Merchant{}, errWrongCredential
	}
	return pasarela.Merchant{}, err
}

// sent says whether one of the headers is there, be it empty.
func sent(r *http.Request, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return len(r.Header.Values(name)) > 0 })
}
