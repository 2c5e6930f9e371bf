package kushki

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"pasarela"
)

// Signer signs notifications as Kushki does (Kushki, "Webhooks", signatures).
type Signer struct{}

// Names of signatures, spelled as published, which is how they travel.
const (
	simpleSignature = "X-Kushki-SimpleSignature"
	bodySignature   = "X-Kushki-Signature"
)

// Headers are those of one attempt to deliver, made at a time: who it is for, when it was made, and signatures over both.
// While the merchant exchanges its key there are signatures by the next one as well, under names of their own, so that a
// receiver can change over whenever it likes. It returns CodeInternal for a merchant that has no key.
func (Signer) Headers(m pasarela.Merchant, d pasarela.Delivery, at time.Time) (http.Header, error) {
	key, next := m.Kushki.Signatures(at)
	if key == "" {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "merchant has no webhook signature to sign with")
	}
	id := strconv.FormatInt(at.UnixMilli(), 10)
	h := http.Header{
		"X-Kushki-Key":  {m.Kushki.PublicID},
		"X-Kushki-Id":   {id},
		simpleSignature: {signature(key, id)},
		bodySignature:   {signature(key, string(d.Body)+"."+id)},
	}
	if next != "" {
		h[simpleSignature+"-Next"] = []string{signature(next, id)}
		h[bodySignature+"-Next"] = []string{signature(next, string(d.Body)+"."+id)}
	}
	return h, nil
}

// signature is HMAC-SHA256 in lower-case hexadecimal.
func signature(key, message string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message)) // never fails
	return hex.EncodeToString(mac.Sum(nil))
}
