package webhook

import (
	"maps"
	"net/http"
	"strings"

	"pasarela"
)

// kept are headers that a merchant cannot set: the connection's, those that say what is sent, and this API's credentials,
// which would make a request of what is told to the gateway itself.
var kept = map[string]bool{
	"Connection": true, "Content-Encoding": true, "Content-Length": true, "Content-Type": true, "Expect": true, "Host": true,
	"Http2-Settings": true, "Keep-Alive": true, "Private-Merchant-Id": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Proxy-Connection": true, "Public-Merchant-Id": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// header is a request's: the merchant's own, then ours and the signature, which nobody overrides. One of the merchant's
// that cannot travel is left out: it would keep every delivery from arriving. The signature's names travel as they are
// spelled, for receivers that compare them so.
func header(own []pasarela.WebhookHeader, signed http.Header, userAgent string) http.Header {
	h := http.Header{"User-Agent": {userAgent}}
	h["Idempotency-Key"] = nil // is not sent; it lets the transport begin anew where a kept connection turns out to be closed
	for _, w := range own {
		name := http.CanonicalHeaderKey(w.Label)
		if !token(w.Label) || !travels(w.Value) || kept[name] {
			continue
		}
		if name == "User-Agent" {
			h.Del(name)
		}
		h.Add(name, w.Value)
	}
	h.Set("Content-Type", "application/json")
	for name := range signed {
		h.Del(name) // the merchant's own, which may be spelled in another way
	}
	maps.Copy(h, signed)
	return h
}

// token says whether a text can be a header's name (RFC 9110, "Tokens").
func token(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return name != ""
}

// travels says whether a text can be a header's value: no control characters, of which line ends are the worst.
func travels(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
