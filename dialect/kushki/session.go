package kushki

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/gateway"
)

// sessionLife is how long a browser library may take from its start to the token.
const sessionLife = time.Hour

// sessionHeader is the one header that is written, and the only one that is read: no algorithm is negotiated.
var sessionHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// session is a JSON Web Token (RFC 7519), signed with a key of the merchant's own.
type session struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"` // merchant
	ID      string `json:"jti"`
	Issued  int64  `json:"iat"`             // seconds
	Expires int64  `json:"exp"`             // seconds
	Origin  string `json:"origin,omitzero"` // of the page that asked for it, where a browser did
}

const sessionIssuer = "pasarela"

func (c *call) newSession() (string, error) {
	now := c.now()
	claims, err := json.Marshal(session{Issuer: sessionIssuer, Subject: string(c.merchant.ID),
		ID: string(c.gateway.IDs.Authentication()), Issued: now.Unix(), Expires: now.Add(sessionLife).Unix(), Origin: c.browser().Origin})
	if err != nil {
		return "", pasarela.Wrap(pasarela.CodeInternal, err, "session cannot be encoded")
	}
	signed := sessionHeader + "." + base64.RawURLEncoding.EncodeToString(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(c.sessionMAC(signed)), nil
}

func (c *call) sessionMAC(signed string) []byte {
	mac := hmac.New(sha256.New, c.Digest("kushki/session", []byte(c.merchant.ID)))
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

// maxSession bounds a session, in bytes.
const maxSession = 4096

// readSession refuses what is no session of the merchant, or one that ran out, as the API documents it: an
// unexpected error.
func (c *call) readSession(text string) (s session, err error) {
	cut := strings.LastIndexByte(text, '.')
	if len(text) > maxSession || cut < 0 {
		return s, errSession
	}
	signed, given := text[:cut], text[cut+1:]
	header, claims, ok := strings.Cut(signed, ".")
	mac, err := base64.RawURLEncoding.Strict().DecodeString(given)
	if !ok || header != sessionHeader || err != nil || !hmac.Equal(mac, c.sessionMAC(signed)) {
		return s, errSession
	}
	raw, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil || json.Unmarshal(raw, &s) != nil {
		return s, errSession
	}
	if s.Issuer != sessionIssuer || s.Subject != string(c.merchant.ID) || c.now().Unix() >= s.Expires {
		return s, errSession
	}
	return s, nil
}

// errSession carries its answer: it is the caller's mistake, whatever its status, and nothing to log.
var errSession = &renderedRefusal{
	Answer: (&refusal{status: http.StatusInternalServerError, code: "K002", message: "Ha ocurrido un error inesperado."}).answer(),
	cause:  pasarela.Errorf(pasarela.CodeInvalid, "jwt: ask for a new one, and send it with the credential that it was given to"),
}

// authToken is what a browser library begins 3-D Secure with.
type authToken struct {
	JWT        string `json:"jwt"`
	Identifier string `json:"identifier,omitzero"` // base64 of a stored card's first digits
	ScriptURL  string `json:"songbirdUrl,omitzero"`
	ScriptHash string `json:"songbirdIntegrityHashValue,omitzero"`
}

// sessionToken answers GET /card/v1/authToken.
func (c *call) sessionToken() (gateway.Answer, error) {
	var answer authToken
	var err error
	if id := c.request.URL.Query().Get("subscriptionId"); id != "" {
		s, err := c.subscription(id)
		if err != nil {
			return gateway.Answer{}, err
		}
		answer.Identifier = base64.StdEncoding.EncodeToString([]byte(s.Facts.BIN))
	}
	if answer.JWT, err = c.newSession(); err != nil {
		return gateway.Answer{}, err
	}
	if !c.Sandbox { // in a sandbox the library has a mock of its own
		answer.ScriptURL, answer.ScriptHash = c.PublicURL()+cardinal.path, cardinal.integrity
	}
	return encode(http.StatusOK, answer), nil
}

// subscription finds a stored card by what a request calls it.
func (c *call) subscription(id string) (pasarela.Subscription, error) {
	if !subscriptionID(id) {
		return pasarela.Subscription{}, errSubscriptionID
	}
	return c.gateway.Subscription(c.request.Context(), c.merchant.ID, pasarela.SubscriptionID(id))
}
