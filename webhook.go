package pasarela

import (
	"net/url"
	"slices"
	"strings"
)

// How much one registration for notifications may ask for.
const (
	maxWebhookURLs    = 10
	maxWebhookURL     = 2048 // bytes
	maxWebhookEvents  = 50
	maxWebhookEvent   = 64 // bytes
	maxWebhookHeaders = 20
	maxHeaderName     = 100  // bytes
	maxHeaderValue    = 1024 // bytes
)

// Check returns CodeInvalid for a registration that could not be served. Names of events are not looked at: one that
// nothing is called by is kept, and never told of.
func (w WebhookEndpoint) Check() error {
	refuse := func(text string, args ...any) error { return Errorf(CodeInvalid, "webhooks: "+text, args...) }
	switch {
	case len(w.URLs) == 0 || len(w.URLs) > maxWebhookURLs:
		return refuse("send 1 to %d urls each", maxWebhookURLs)
	case len(w.Events) > maxWebhookEvents || slices.ContainsFunc(w.Events, func(e string) bool { return len(e) > maxWebhookEvent }):
		return refuse("send at most %d events of %d bytes each", maxWebhookEvents, maxWebhookEvent)
	case len(w.Headers) > maxWebhookHeaders:
		return refuse("send at most %d headers each", maxWebhookHeaders)
	}
	for _, address := range w.URLs {
		if !webAddress(address) {
			return refuse("urls: send absolute http or https URLs of at most %d bytes, without user and password", maxWebhookURL)
		}
	}
	for _, h := range w.Headers {
		if !headerName(h.Label) || !headerValue(h.Value) {
			return refuse("headers: send a label of letters, digits and - of at most %d bytes, and a value without control characters of at most %d", maxHeaderName, maxHeaderValue)
		}
		if reservedHeader(h.Label) {
			return refuse("headers: the gateway sets this one itself: leave out Host, those of the connection and the body, signatures, and credentials of this API")
		}
	}
	return nil
}

// webAddress refuses user-info too: https://shop@evil.example reads like the shop's address, and leads elsewhere.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "http" || u.Scheme == "https") && len(text) <= maxWebhookURL
}

// headerName says whether s is a token of RFC 9110.
func headerName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != "" && len(s) <= maxHeaderName
}

// headerValue says whether s can be a header's value: no control characters, of which line ends are the worst.
func headerValue(s string) bool {
	return len(s) <= maxHeaderValue && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// reservedHeader says whether a header would undo what makes a notification one: where it goes, how long it is, and who
// has signed it. Nor does one carry a credential of this API: told to the gateway itself, a notification would be a request.
func reservedHeader(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "host", "content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
		"private-merchant-id", "public-merchant-id":
		return true
	}
	return slices.ContainsFunc([]string{"x-kushki-", "webhook-", "proxy-"}, func(p string) bool { return strings.HasPrefix(name, p) })
}
