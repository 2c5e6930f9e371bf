package monri

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// tokenRequest is the body of POST /v2/tokens. There is no member for a card verification value: one that is
// sent is passed over by the decoder and goes with the body.
type tokenRequest struct {
	Type     string            `json:"type"`
	Card     *tokenCard        `json:"card"`
	Metadata map[string]string `json:"metadata"`
}

type tokenCard struct {
	PAN            vault.Number `json:"pan"`
	ExpirationDate string       `json:"expiration_date"`
}

// tokenAnswer is what a token is answered with.
type tokenAnswer struct {
	Token  string     `json:"token"`
	Status string     `json:"status"`
	Card   cardAnswer `json:"card"`
}

type cardAnswer struct {
	KeepUntil      string `json:"keep_until"`
	MaskedPAN      string `json:"masked_pan"`
	ExpirationDate string `json:"expiration_date"`
}

// createToken is POST /v2/tokens.
func (c *call) createToken() (gateway.Answer, error) {
	remember, err := c.remember()
	if err != nil {
		return gateway.Answer{}, err
	}
	var q tokenRequest
	defer q.wipe()
	if err := wire.Decode(c.body, &q); err != nil {
		return gateway.Answer{}, err
	}
	expiry, err := q.check(c.gateway.Clock.Now())
	if err != nil {
		return gateway.Answer{}, err
	}
	details, err := c.details(q.Metadata)
	if err != nil {
		return gateway.Answer{}, err
	}
	t, _, err := c.gateway.Tokenize(c.request.Context(), c.merchant, gateway.TokenizeRequest{
		Use: pasarela.UseLasting, Card: vault.Card{Number: q.Card.PAN, Expiry: expiry},
		Details: details, Remember: remember,
		Answer: func(t pasarela.Token, _ pasarela.Authentication) gateway.Answer { return renderToken(t) },
	})
	if err != nil {
		return gateway.Answer{}, err
	}
	return renderToken(t), nil
}

// wipe overwrites the card once it was sealed, or refused.
func (q *tokenRequest) wipe() {
	if q.Card != nil {
		vault.Card{Number: q.Card.PAN}.Wipe()
	}
}

// check returns the expiry as YYMM. Its errors have CodeInvalid and name the member.
func (q *tokenRequest) check(now time.Time) (string, error) {
	switch {
	case q.Type != "card":
		return "", pasarela.Errorf(pasarela.CodeInvalid, `type: send "card"`)
	case q.Card == nil:
		return "", pasarela.Errorf(pasarela.CodeInvalid, "card: send an object with pan and expiration_date")
	case q.Card.PAN.IsZero():
		return "", pasarela.Errorf(pasarela.CodeInvalid, "card.pan: send a string of 12 to 19 digits")
	}
	return parseExpiry(q.Card.ExpirationDate, now)
}

// parseExpiry reads YYMM, or YMM where the year's leading zero was dropped, and refuses a month that has
// passed.
func parseExpiry(s string, now time.Time) (string, error) {
	if len(s) == 3 {
		s = "0" + s
	}
	if len(s) != 4 || !digits(s) || s[2:] < "01" || s[2:] > "12" {
		return "", pasarela.Errorf(pasarela.CodeInvalid, "card.expiration_date: send two digits of the year, then two of the month")
	}
	if (pasarela.CardFacts{Expiry: s}).ExpiresBefore(now) {
		return "", pasarela.Errorf(pasarela.CodeInvalid, "card.expiration_date: the card has expired")
	}
	return s, nil
}

// maxMetadata bounds what a merchant can have kept with a token, in bytes of JSON.
const maxMetadata = 16 << 10

// details is the metadata as it is kept: encoded anew, so that no escape hides a card number from the mask.
func (h *Handler) details(metadata map[string]string) ([]byte, error) {
	if len(metadata) == 0 {
		return nil, nil
	}
	body, err := json.Marshal(struct {
		Metadata map[string]string `json:"metadata"`
	}{metadata}, json.Deterministic(true))
	if err != nil {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "metadata: send text in UTF-8")
	}
	if len(body) > maxMetadata {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "metadata: send at most %d bytes", maxMetadata)
	}
	return h.opts.Mask(body), nil
}

// maxKey bounds an Idempotency-Key, in characters.
const maxKey = 255

// remember reads the Idempotency-Key, which is an addition to Monri's API.
func (c *call) remember() (gateway.Remember, error) {
	values := c.request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return gateway.Remember{}, nil
	}
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > maxKey || !printable(key) {
		return gateway.Remember{}, pasarela.Errorf(pasarela.CodeInvalid, "Idempotency-Key: send one, of 1 to %d printable characters", maxKey)
	}
	return gateway.Remember{Name: wire.KeyName(c.opts.Digest, c.request, key), Digest: c.opts.Digest("idempotency", c.body)}, nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// renderToken is the answer to a token that was made.
func renderToken(t pasarela.Token) gateway.Answer {
	return encode(http.StatusOK, tokenAnswer{
		Token: string(t.ID), Status: statusApproved,
		Card: cardAnswer{
			KeepUntil:      t.ExpiresAt.UTC().Format("2006-01-02T15:04:05Z"),
			MaskedPAN:      t.Facts.BIN + "****" + t.Facts.LastFour,
			ExpirationDate: t.Facts.Expiry,
		},
	})
}
