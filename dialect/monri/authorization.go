package monri

import (
	"crypto/sha512"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pasarela"
	"pasarela/gateway"
)

// schemes is a set of what an Authorization header may begin with.
type schemes uint8

const (
	wp3       schemes = 1 << iota // signs path and body
	wp3NoPath                     // the older one: signs the body, so it holds on every path that takes it
	wp3Client                     // signs nothing: a device's call, which knows no more than the public token
	bearer                        // an access token of POST /v2/oauth
)

// inBody is the set of an endpoint whose body says whose it is, and proves it.
const inBody schemes = 0

var schemeNames = []struct {
	scheme schemes
	name   string
}{{wp3, "WP3-v2.1"}, {wp3NoPath, "WP3-v2"}, {wp3Client, "WP3-v2-Client"}, {bearer, "Bearer"}}

// schemeOf finds a scheme by its name, in either case as in all of HTTP; 0 is none of ours.
func schemeOf(name string) schemes {
	for _, s := range schemeNames {
		if strings.EqualFold(s.name, name) {
			return s.scheme
		}
	}
	return 0
}

// challenge is what a refusal asks for. Where no header would do it names a scheme all the same: HTTP wants one, and
// there are clients that hand on no refusal without.
func (s schemes) challenge() string {
	if s == inBody {
		s = wp3
	}
	var names []string
	for _, n := range schemeNames {
		if s&n.scheme != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ", ")
}

const (
	digestLength    = 2 * sha512.Size // lower-case hexadecimal
	tokenLength     = 64              // the longest credential that a merchant can have
	accessLength    = 256             // more than an access token has
	timestampLength = 20
)

// errAuthorization is the one answer to a header that is missing, malformed, or does not hold: it does not
// tell which part was wrong.
var errAuthorization = pasarela.Errorf(pasarela.CodeUnauthorized, "authorization is missing or does not hold")

// authorization is the header of a request:
//
//	WP3-v2.1 <authenticity token> <timestamp> <digest>
//	WP3-v2 <authenticity token> <timestamp> <digest>
//	WP3-v2-Client <authenticity token>
//	Bearer <access token>
type authorization struct {
	scheme            schemes // exactly one
	token             string  // of either kind
	timestamp, digest string  // "" where the scheme has none
}

// parseAuthorization takes the header apart. All but the scheme's name is taken to the letter, between single spaces. The
// timestamp may be seconds or milliseconds: it is a string of digits until a window makes it a time. The error has
// CodeUnauthorized.
func parseAuthorization(header http.Header) (authorization, error) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return authorization{}, errAuthorization
	}
	parts := strings.Split(values[0], " ")
	a, longest := authorization{scheme: schemeOf(parts[0])}, tokenLength
	switch {
	case a.scheme&(wp3|wp3NoPath) != 0 && len(parts) == 4:
		a.timestamp, a.digest = parts[2], parts[3]
		if len(a.timestamp) > timestampLength || !digits(a.timestamp) || len(a.digest) != digestLength {
			return authorization{}, errAuthorization
		}
	case a.scheme == wp3Client && len(parts) == 2:
	case a.scheme == bearer && len(parts) == 2:
		longest = accessLength
	default:
		return authorization{}, errAuthorization
	}
	if a.token = parts[1]; a.token == "" || len(a.token) > longest {
		return authorization{}, errAuthorization
	}
	return a, nil
}

// authenticate finds the merchant that the header names. What the header signs is for proven to check, once the body was
// read: a stranger shall not keep a request open with one. It returns CodeUnauthorized and CodeInternal.
func (c *call) authenticate() (authorization, error) {
	if c.schemes == inBody {
		return authorization{}, nil
	}
	a, err := parseAuthorization(c.request.Header)
	if err != nil || c.schemes&a.scheme == 0 {
		return authorization{}, errAuthorization
	}
	if a.scheme == bearer {
		c.merchant, err = c.admit(a.token)
	} else {
		c.merchant, err = c.gateway.Authenticate(c.request.Context(), gateway.CredentialMonri, a.token)
	}
	return a, err
}

// proven says whether the header holds for the request and its body, and its time lies in the window.
func (c *call) proven(a authorization) bool {
	path := ""
	switch a.scheme {
	case inBody, wp3Client, bearer: // sign nothing
		return true
	case wp3:
		path = c.request.RequestURI
	}
	return a.signs(c.merchant.Monri.Key, path, c.body) && a.within(c.opts.TimestampWindow, c.gateway.Clock.Now())
}

// signs says whether the header was made with key for this path and body. Without a key, it was not.
func (a authorization) signs(key, fullPath string, body []byte) bool {
	return same(requestDigest(key, a.timestamp, a.token, fullPath, body), a.digest) && key != ""
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
