package monri

import (
	"crypto/sha512"
	"crypto/subtle"
	"net/http"
	"time"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// accessLifetime is how long an access token lives.
const accessLifetime = 900 * time.Second

// accessRequest is the body of POST /v2/oauth.
type accessRequest struct {
	ClientID     string   `json:"client_id"`     // the authenticity token
	ClientSecret string   `json:"client_secret"` // the merchant's key
	GrantType    string   `json:"grant_type"`
	Scopes       []string `json:"scopes"`
}

// accessAnswer is what it is answered with.
type accessAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Status      string `json:"status"`
}

// grantAccess is POST /v2/oauth. An Idempotency-Key is passed over: nothing is stored, and access tokens shall not be.
func (c *call) grantAccess() (gateway.Answer, error) {
	var q accessRequest
	if err := wire.Decode(c.body, &q); err != nil {
		return gateway.Answer{}, err
	}
	wanted, err := q.check()
	if err != nil {
		return gateway.Answer{}, err
	}
	if c.merchant, err = c.gateway.Authenticate(c.request.Context(), gateway.CredentialMonri, q.ClientID); err != nil {
		return gateway.Answer{}, err
	}
	if !knows(q.ClientSecret, c.merchant.Monri.Key) {
		return gateway.Answer{}, errAuthorization
	}
	until := c.gateway.Clock.Now().Add(accessLifetime)
	return encode(http.StatusOK, accessAnswer{
		AccessToken: c.mint(access{merchant: c.merchant.ID, scopes: wanted, until: until}),
		TokenType:   "Bearer", ExpiresIn: int(accessLifetime / time.Second), Status: statusApproved,
	}), nil
}

// check returns the scopes that are asked for. Its errors have CodeInvalid and name the member.
func (q *accessRequest) check() (scopes, error) {
	switch {
	case q.ClientID == "" || len(q.ClientID) > tokenLength:
		return 0, pasarela.Errorf(pasarela.CodeInvalid, "client_id: send the authenticity token")
	case q.ClientSecret == "":
		return 0, pasarela.Errorf(pasarela.CodeInvalid, "client_secret: send the merchant key")
	case q.GrantType != "client_credentials":
		return 0, pasarela.Errorf(pasarela.CodeInvalid, `grant_type: send "client_credentials"`)
	}
	var wanted scopes
	for _, name := range q.Scopes {
		scope, ok := scopeNames[name]
		if !ok {
			wanted = 0
			break
		}
		wanted |= scope
	}
	if wanted == 0 {
		return 0, pasarela.Errorf(pasarela.CodeInvalid, `scopes: send an array of any of "customers", "payment-methods", "payments"`)
	}
	return wanted, nil
}

// knows compares a secret with the key in a time that tells neither its letters nor its length. Without a key nobody
// knows it.
func knows(secret, key string) bool {
	want, got := sha512.Sum512([]byte(key)), sha512.Sum512([]byte(secret))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && key != ""
}
