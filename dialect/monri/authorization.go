package monri

import (
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pasarela"
)

// scheme is the name of the signature that covers path and body.
const scheme = "WP3-v2.1"

const (
	digestLength    = 2 * sha512.Size // lower-case hexadecimal
	tokenLength     = 64              // the longest credential that a merchant can have
	timestampLength = 20
)

// errAuthorization is the one answer to a header that is missing, malformed, or does not hold: it does not
// tell which part was wrong.
var errAuthorization = pasarela.Errorf(pasarela.CodeUnauthorized, "authorization is missing or does not hold")

// authorization is the header of a request: WP3-v2.1 <authenticity token> <timestamp> <digest>.
type authorization struct{ token, timestamp, digest string }

// parseAuthorization takes the header apart. The name of the scheme may be in either case, as in all of HTTP;
// everything else is taken to the letter, between single spaces. The timestamp may be seconds or
// milliseconds: it is a string of digits until a window makes it a time. The error has CodeUnauthorized.
func parseAuthorization(header http.Header) (authorization, error) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return authorization{}, errAuthorization
	}
	parts := strings.Split(values[0], " ")
	if len(parts) != 4 || !strings.EqualFold(parts[0], scheme) {
		return authorization{}, errAuthorization
	}
	a := authorization{token: parts[1], timestamp: parts[2], digest: parts[3]}
	switch {
	case a.token == "" || len(a.token) > tokenLength,
		len(a.timestamp) > timestampLength || !digits(a.timestamp),
		len(a.digest) != digestLength:
		return authorization{}, errAuthorization
	}
	return a, nil
}

// digest is what a request is signed with: SHA-512, in lower-case hexadecimal, of all of it in this order.
// fullPath is the path with its query exactly as sent; the older scheme WP3-v2 is the same with no path.
func digest(key, timestamp, token, fullPath string, body []byte) string {
	h := sha512.New()
	for _, s := range []string{key, timestamp, token, fullPath} {
		_, _ = io.WriteString(h, s) // a hash's Write never fails
	}
	_, _ = h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// signs says whether the header was made with key for this path and body. Without a key, it was not: then
// the work is done all the same, so that the time taken does not tell a merchant's token from an unknown one.
func (a authorization) signs(key, fullPath string, body []byte) bool {
	want := digest(key, a.timestamp, a.token, fullPath, body)
	same := subtle.ConstantTimeCompare([]byte(want), []byte(a.digest)) == 1
	return same && key != ""
}

// millisecondDigits is the length from which a timestamp counts milliseconds: seconds have ten digits until
// the year 2286, and milliseconds have had twelve since 1973.
const millisecondDigits = 12

// within says whether the timestamp lies in the window around now. A window of zero takes every timestamp.
func (a authorization) within(window time.Duration, now time.Time) bool {
	if window == 0 {
		return true
	}
	n, err := strconv.ParseInt(a.timestamp, 10, 64)
	if err != nil {
		return false
	}
	signed := time.Unix(n, 0)
	if len(a.timestamp) >= millisecondDigits {
		signed = time.UnixMilli(n)
	}
	return now.Sub(signed).Abs() <= window
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
