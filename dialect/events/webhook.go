package events

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pasarela"
	"pasarela/gateway"
)

// Format marks the deliveries that this room makes and signs.
const Format = "standard"

// Teller tells a merchant's listeners of all that they want to hear of.
type Teller struct{}

// Notices implements gateway.Teller.
func (Teller) Notices(m pasarela.Merchant, c gateway.Change) ([]gateway.Notice, error) {
	var all []gateway.Notice
	for _, l := range m.Listeners {
		if !l.Hears(c.Kind) {
			continue
		}
		body, err := encode(render(c.Event).told)
		if err != nil {
			return nil, err
		}
		all = append(all, gateway.Notice{Format: Format, URL: l.URL, Body: body})
	}
	return all, nil
}

// Signer signs what Teller wrote, by the specification of Standard Webhooks.
type Signer struct{}

// Headers are those of an attempt at a time, by the gateway's clock. The id is the event's, so that a receiver knows a
// repetition, and what several listeners are told, by it. While the merchant's secrets are exchanged there are two signatures. It
// returns CodeInternal for a merchant without a secret, which none with listeners is.
func (Signer) Headers(m pasarela.Merchant, d pasarela.Delivery, at time.Time) (http.Header, error) {
	secrets := m.Signing.At(at)
	if len(secrets.Current) == 0 {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "merchant has no secret to sign with")
	}
	id, stamp := idPrefix+string(d.Event), strconv.FormatInt(at.Unix(), 10)
	signatures := []string{sign(secrets.Current, id, stamp, d.Body)}
	if len(secrets.Next) > 0 {
		signatures = append(signatures, sign(secrets.Next, id, stamp, d.Body))
	}
	h := http.Header{}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", strings.Join(signatures, " "))
	return h, nil
}

// sign is version 1 of a signature: HMAC-SHA256 over id, timestamp and body, with dots between.
func sign(key []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
