package monri

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/dialect/dialecttest"
	"pasarela/store"
	"pasarela/store/memory"
)

// The answer has the sample's members in the sample's order.
func TestTokenAnswer(t *testing.T) {
	t.Parallel()
	w := newShop(t).post(demoCard)
	want := regexp.MustCompile(`^\{"token":"[0-9a-f]{48}","status":"approved","card":\{"keep_until":"2032-01-01T00:00:00Z","masked_pan":"411111\*{4}1111","expiration_date":"3112"\}\}$`)
	if w.Code != 200 || !want.MatchString(w.Body.String()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The token stands for the card until it expires, any number of times, and keeps its metadata masked.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	w := s.post(`{"type":"card","card":{"pan":"4111111111111111","expiration_date":"3112","cvv":"737"},"cvv":"737",
		"metadata":{"note":"card 4111 1111 1111 1111","escaped":"\u0034111111111111111","customer":"77"}}`)
	var a tokenAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	kept, err := s.books.Token(t.Context(), s.merchant.ID, pasarela.TokenID(a.Token))
	if err != nil {
		t.Fatal(err)
	}
	if kept.Use != pasarela.UseLasting || !kept.CVV.Empty() || kept.Card.Empty() {
		t.Errorf("use %s, CVV kept %t, card kept %t", kept.Use, !kept.CVV.Empty(), !kept.Card.Empty())
	}
	if want := time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC); !kept.ExpiresAt.Equal(want) {
		t.Errorf("expires at %s, want %s", kept.ExpiresAt, want)
	}
	everything := fmt.Sprintf("%+v %s %s %s", kept, kept.Details, s.log, w.Body)
	for _, secret := range []string{"4111111111111111", "4111 1111 1111 1111", "737\"", `\u0034`} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is kept: %s", secret, everything)
		}
	}
	if !bytes.Contains(kept.Details, []byte(`"customer":"77"`)) {
		t.Errorf("metadata is lost: %s", kept.Details)
	}
}

// Expiries are read as documented: YYMM, or with the year's leading zero dropped.
func TestParseExpiry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sent, want string
		now        time.Time
	}{
		{"3112", "3112", dialecttest.Start},
		{"9602", "9602", dialecttest.Start},
		{"2605", "2605", time.Date(2026, 5, 31, 23, 59, 59, 0, time.UTC)},
		{"2605", "", time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
		{"2604", "", dialecttest.Start},
		{"902", "0902", time.Date(2009, 2, 1, 0, 0, 0, 0, time.UTC)},
		{"902", "", dialecttest.Start},
		{"3100", "", dialecttest.Start},
		{"3113", "", dialecttest.Start},
		{"12/31", "", dialecttest.Start},
		{"3 12", "", dialecttest.Start},
		{"31", "", dialecttest.Start},
		{"", "", dialecttest.Start},
	} {
		got, err := parseExpiry(c.sent, c.now)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q at %s: got %q, %v", c.sent, c.now, got, err)
		}
	}
}

// Nothing of a request that is not signed is acted on.
func TestUnsignedBodyIsNotRead(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, header := range map[string]string{
		"no header":        "",
		"unknown merchant": strings.Replace(sign("1", "/v2/tokens", "not JSON"), demoToken, strings.Repeat("f", 40), 1),
		"wrong digest":     sign("1", "/v2/tokens", "another body"),
	} {
		r := httptest.NewRequest("POST", "/v2/tokens", strings.NewReader("not JSON"))
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		want := `{"status":"error","message":"authorization is missing or does not hold","error":"authorization is missing or does not hold"}`
		if w.Code != 401 || w.Body.String() != want || w.Header().Get("WWW-Authenticate") != "WP3-v2.1" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// A timestamp outside the configured window is refused as a wrong digest is.
func TestWindowIsKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.opts.TimestampWindow = time.Hour
	if w := s.post(demoCard); w.Code != 401 {
		t.Errorf("old timestamp: %d %s", w.Code, w.Body)
	}
	s.clock.now = time.Unix(1700000000, 0)
	if w := s.post(demoCard); w.Code != 200 {
		t.Errorf("fresh timestamp: %d %s", w.Code, w.Body)
	}
}

// The same key with the same body answers the same bytes; with another body it is refused.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first, again := s.post(demoCard, "Idempotency-Key", "k1"), s.post(demoCard, "Idempotency-Key", "k1")
	if first.Code != 200 || again.Code != 200 || first.Body.String() != again.Body.String() {
		t.Errorf("%s then %s", first.Body, again.Body)
	}
	if other := s.post(demoCard, "Idempotency-Key", "k2"); other.Body.String() == first.Body.String() {
		t.Error("another key answered the same token")
	}
	changed := s.post(strings.Replace(demoCard, "3112", "3212", 1), "Idempotency-Key", "k1")
	if changed.Code != 400 || !strings.Contains(changed.Body.String(), `"invalid-request"`) {
		t.Errorf("another body: %d %s", changed.Code, changed.Body)
	}
	for _, bad := range []string{"", strings.Repeat("k", 256), "k\x01"} {
		if w := s.post(demoCard, "Idempotency-Key", bad); w.Code != 400 {
			t.Errorf("key of %d characters: %d", len(bad), w.Code)
		}
	}
}

// A body above 1 MB is refused, whether it says so or not.
func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	large := strings.Repeat(" ", 1<<20) + demoCard
	if w := s.post(large); w.Code != 400 || !strings.Contains(w.Body.String(), `"invalid-request"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	r := httptest.NewRequest("POST", "/v2/tokens", io.MultiReader(strings.NewReader(large)))
	r.Header.Set("Authorization", sign("1", "/v2/tokens", large))
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	if w.Code != 400 {
		t.Errorf("of unknown length: %d %s", w.Code, w.Body)
	}
}

// broken is a store whose disk is full.
type broken struct{ *memory.Store }

func (broken) Update(context.Context, pasarela.MerchantID, func(store.Tx) error) error {
	return pasarela.Wrap(pasarela.CodeInternal, errors.New("sql: /var/lib/books.db: disk full"), "books cannot be written")
}

// What failed inside is logged, and nothing of it is answered.
func TestInternalErrorShowsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, broken{memory.Open()})
	w := s.post(demoCard)
	want := `{"status":"error","message":"something went wrong on our side: repeat the request later","error":"something went wrong on our side: repeat the request later"}`
	if w.Code != 500 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if log := s.log.String(); !strings.Contains(log, "disk full") || strings.Contains(log, "4111111111111111") {
		t.Errorf("log: %s", log)
	}
}

// The raw body is overwritten before its answer is written, whatever the answer.
func TestRawBodyIsWiped(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"approved": demoCard, "refused": strings.Replace(demoCard, "card", "iban", 1)} {
		s := newShop(t)
		var seen []byte
		keyed := s.opts.Digest
		s.opts.Digest = func(purpose string, data ...[]byte) []byte {
			seen = data[0]
			return keyed(purpose, data...)
		}
		s.post(body, "Idempotency-Key", "k")
		if len(seen) != len(body) || bytes.Trim(seen, "\x00") != nil {
			t.Errorf("%s: still holds %d bytes", name, len(bytes.Trim(seen, "\x00")))
		}
	}
}
