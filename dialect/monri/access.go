package monri

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"pasarela"
)

// scopes is a set of what an access token lets its holder do.
type scopes uint8

const (
	scopeCustomers scopes = 1 << iota
	scopePaymentMethods
	scopePayments
)

var scopeNames = map[string]scopes{
	"customers": scopeCustomers, "payment-methods": scopePaymentMethods, "payments": scopePayments,
}

// access is what an access token stands for. The token carries all of it, authenticated by a key of the gateway's, so
// nothing is stored and every node takes it; nothing but its time ends it.
type access struct {
	merchant pasarela.MerchantID
	scopes   scopes
	until    time.Time // from then on it stands for nothing
}

// accessHead is how many bytes of a token's content stand before the merchant: the scopes, and the end in
// microseconds.
const accessHead = 1 + 8

// mint writes the token: the content, a dot, and the proof of the content's letters.
func (h *Handler) mint(a access) string {
	content := binary.BigEndian.AppendUint64([]byte{byte(a.scopes)}, uint64(a.until.UnixMicro()))
	text := base64.RawURLEncoding.EncodeToString(append(content, a.merchant...))
	return text + "." + h.accessProof(text)
}

// accessProof is of the letters, not of what they stand for: so there is one way only to write a token.
func (h *Handler) accessProof(text string) string {
	return base64.RawURLEncoding.EncodeToString(h.opts.Digest("monri/access", []byte(text)))
}

// read takes a token that this gateway made apart. Whether its time is over is for the caller to ask.
func (h *Handler) read(token string) (access, bool) {
	text, proof, _ := strings.Cut(token, ".")
	if !same(h.accessProof(text), proof) {
		return access{}, false
	}
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(content) <= accessHead {
		return access{}, false
	}
	return access{
		scopes:   scopes(content[0]),
		until:    time.UnixMicro(int64(binary.BigEndian.Uint64(content[1:]))),
		merchant: pasarela.MerchantID(content[accessHead:]),
	}, true
}

// admit finds the merchant of an access token that has not expired, and has one of the scopes that the endpoint asks for.
func (c *call) admit(token string) (pasarela.Merchant, error) {
	a, ok := c.read(token)
	if !ok || !c.gateway.Clock.Now().Before(a.until) || a.scopes&c.scopes == 0 {
		return pasarela.Merchant{}, errAuthorization
	}
	m, err := c.gateway.Merchant(c.request.Context(), a.merchant)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound { // a sandbox that was reset since
		return pasarela.Merchant{}, errAuthorization
	}
	return m, err
}
