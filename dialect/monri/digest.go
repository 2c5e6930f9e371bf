package monri

import (
	"crypto/sha1"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"io"
	"strings"
)

// Every digest of the API is a hash of the merchant's key and what is signed, one after the other with nothing
// between, in lower-case hexadecimal. A digit that moves from one field to the next is therefore signed alike: what
// is not to be confused has to be told apart by the fields' own forms.

// sum hashes the parts, then the body. A body may hold a card, so no string is made of it.
func sum(h hash.Hash, body []byte, parts ...string) string {
	for _, s := range parts {
		_, _ = io.WriteString(h, s) // a hash's Write never fails
	}
	_, _ = h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// same compares digests, in a time that does not tell how much of them is the same.
func same(want, got string) bool { return subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1 }

// requestDigest is what the Authorization header of WP3-v2.1 carries. fullPath is the path with its query exactly as
// sent; the older scheme WP3-v2 is the same with no path.
func requestDigest(key, timestamp, token, fullPath string, body []byte) string {
	return sum(sha512.New(), body, key, timestamp, token, fullPath)
}

// orderDigest signs a form, a LightBox or a JSON transaction. The amount is as in the request: minor units.
func orderDigest(key, orderNumber, amount, currency string) string {
	return sum(sha512.New(), nil, key, orderNumber, amount, currency)
}

// orderDigestV1 signs a transaction of API v1.
func orderDigestV1(key, orderNumber, amount, currency string) string {
	return sum(sha1.New(), nil, key, orderNumber, amount, currency)
}

// showDigestV1 signs a question about an order, in API v1.
func showDigestV1(key, orderNumber string) string { return sum(sha1.New(), nil, key, orderNumber) }

// temporaryCardDigest signs the request for a temporary card, so that a shop's page can send it.
func temporaryCardDigest(key, id, timestamp string) string {
	return sum(sha512.New(), nil, key, id, timestamp)
}

// callbackDigest is what the gateway signs a callback with: the body's bytes as they are sent.
func callbackDigest(key string, body []byte) string { return sum(sha512.New(), body, key) }

// signedAddress is where a buyer is sent after an approved payment: the address with its query, and the digest of both as
// the query's last parameter. An address with a fragment is not for it.
func signedAddress(key, address string) string {
	separator := "?"
	if strings.Contains(address, separator) {
		separator = "&"
	}
	return address + separator + "digest=" + sum(sha512.New(), nil, key, address)
}
