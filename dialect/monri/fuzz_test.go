package monri

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Whatever is signed is answered with 200 or 400, in the API's shape, without a run of digits that could be a
// card's, and without an entry in the log.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		demoCard,
		`{"type":"card","card":{"pan":"4111111111111111","expiration_date":"3112"},"metadata":{"a":"b"}}`,
		`{"type":"card","type":"card"}`, `{"type":"card","card":[]}`, `{"type":"card","card":{"pan":4111111111111111}}`,
		`{"type":"card","card":{"pan":"4111 1111 1111 1111","expiration_date":"3112"}}`,
		`{"card":{"expiration_date":"\u0033112"}}`, `[]`, ``, `null`, "\xff", `{"metadata":{"a":1}}`, strings.Repeat("[", 40),
	} {
		f.Add(seed)
	}
	s := newShop(f)
	pan := regexp.MustCompile(`[0-9]{12,}`)
	f.Fuzz(func(t *testing.T, body string) {
		w := s.post(body)
		var a struct{ Status, Token string }
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if !(w.Code == 200 && a.Status == statusApproved) && !(w.Code == 400 && a.Status == statusInvalid) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if pan.MatchString(strings.Replace(w.Body.String(), a.Token, "", 1)) || s.log.String() != "" {
			t.Errorf("answer %s, log %s", w.Body, s.log)
		}
	})
}

// A header is refused, or is exactly its four parts.
func FuzzAuthorization(f *testing.F) {
	f.Add(sign("1700000000", "/v2/tokens", demoCard))
	f.Add("WP3-v2.1 a b c")
	f.Add("wp3-V2.1  1 ")
	f.Fuzz(func(t *testing.T, header string) {
		a, err := parseAuthorization(http.Header{"Authorization": {header}})
		if err != nil {
			return
		}
		if again := header[:len(scheme)] + " " + a.token + " " + a.timestamp + " " + a.digest; again != header {
			t.Errorf("%q was read as %q", header, again)
		}
	})
}
