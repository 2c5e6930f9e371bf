package wire

import (
	"encoding/hex"
	"net/http"
)

// KeyName is what a call's answer is remembered under: a keyed digest of its method, path and
// Idempotency-Key, because shops have been seen to send card numbers as keys.
func KeyName(digest func(purpose string, data ...[]byte) []byte, r *http.Request, key string) string {
	return hex.EncodeToString(digest("idempotency/name", []byte(r.Method), []byte(r.URL.Path), []byte(key)))
}
