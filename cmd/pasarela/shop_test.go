package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Published test cards.
const (
	approves = "5451951574925480"
	declines = "4349003000047015"
	debits   = "4051884239937763"
)

// shop is a merchant's integration with a world.
type shop struct {
	*world
	currency, public, private string
}

// shop is the demo merchant of a country.
func (w *world) shop(country string) shop {
	w.mu.RLock()
	defer w.mu.RUnlock()
	k := w.known.Kushki[country]
	return shop{w, k.Currency, k.Public, k.Private}
}

// card is the card member of a request for a token.
func card(number string) map[string]any {
	return map[string]any{"name": "John Doe", "number": number, "expiryMonth": "08", "expiryYear": "35", "cvv": "913"}
}

// tokenBody asks for a token for a total in major units.
func (s shop) tokenBody(number, total string) map[string]any {
	return map[string]any{"card": card(number), "totalAmount": json.Number(total), "currency": s.currency}
}

// amount is a total without taxes.
func (s shop) amount(total string) map[string]any {
	return map[string]any{"subtotalIva": 0, "subtotalIva0": json.Number(total), "iva": 0, "ice": 0, "currency": s.currency}
}

// token gets a token.
func (s shop) token(number, total string) string {
	s.t.Helper()
	a := s.call("POST", "/card/v1/tokens", s.tokenBody(number, total), "Public-Merchant-Id", s.public)
	return a.must(s.t, http.StatusCreated).member("token")
}

// spend charges or preauthorizes a token.
func (s shop) spend(path, token, total string) answer {
	s.t.Helper()
	return s.call("POST", path, map[string]any{"token": token, "amount": s.amount(total)}, "Private-Merchant-Id", s.private)
}

const (
	charges           = "/card/v1/charges"
	preauthorizations = "/card/v1/preAuthorization"
	captures          = "/card/v1/capture"
)

// pay gets a token and spends it.
func (s shop) pay(path, number, total string) answer {
	s.t.Helper()
	return s.spend(path, s.token(number, total), total)
}

// capture takes all that an authorization holds.
func (s shop) capture(ticket string) answer {
	s.t.Helper()
	return s.call("POST", captures, map[string]any{"ticketNumber": ticket}, "Private-Merchant-Id", s.private)
}

// void cancels a payment.
func (s shop) void(ticket string) answer {
	s.t.Helper()
	return s.call("DELETE", "/v1/charges/"+ticket, nil, "Private-Merchant-Id", s.private)
}

// believed is what the issuer believes about an authorization.
type believed struct {
	Reference string `json:"reference"`
	RRN       string `json:"rrn"`
	Amount    int64  `json:"amount_minor"`
	Captured  int64  `json:"captured_minor"`
	State     string `json:"state"`
}

// issuer lists the issuer's books, oldest first.
func (w *world) issuer() []believed {
	w.t.Helper()
	var list struct{ Authorizations []believed }
	w.call("GET", "/sandbox/v1/issuer/authorizations", nil).must(w.t, http.StatusOK).read(w.t, &list)
	return list.Authorizations
}

// issued is the issuer's entry of a payment that was approved.
func (w *world) issued(a answer) believed {
	w.t.Helper()
	reference := a.member("transactionReference")
	for _, b := range w.issuer() {
		if b.Reference == reference {
			return b
		}
	}
	w.t.Fatalf("the issuer does not know %q", reference)
	return believed{}
}

// advance moves the sandbox clock and returns what it says then.
func (w *world) advance(d time.Duration) time.Time {
	w.t.Helper()
	a := w.call("POST", "/sandbox/v1/clock/advance", map[string]any{"seconds": int64(d / time.Second)})
	return a.must(w.t, http.StatusOK).clock(w.t)
}

// now reads the sandbox clock.
func (w *world) now() time.Time {
	w.t.Helper()
	return w.call("GET", "/sandbox/v1/clock", nil).must(w.t, http.StatusOK).clock(w.t)
}

// fault arms the network.
func (w *world) fault(members map[string]any) {
	w.t.Helper()
	w.call("POST", "/sandbox/v1/network/faults", members).must(w.t, http.StatusOK)
}

// books is the report of reconcile.
type books struct {
	Payments, Pending int
	Differences       []struct{ RRN, What string }
}

// reconcile runs the command and returns its exit status and report.
func (w *world) reconcile(flags ...string) (int, books) {
	w.t.Helper()
	r := w.pasarela(append([]string{"reconcile", "--json"}, flags...)...)
	var b books
	if err := json.NewDecoder(strings.NewReader(r.out)).Decode(&b); err != nil {
		w.t.Fatalf("exit status %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return r.code, b
}

// balanced requires that the books agree and that nothing is pending.
func (w *world) balanced() {
	w.t.Helper()
	code, b := w.reconcile()
	if code != 0 || b.Pending != 0 || len(b.Differences) != 0 {
		w.t.Errorf("reconcile exits %d with %d pending and the differences %+v", code, b.Pending, b.Differences)
	}
}

// clock reads the time of an answer.
func (a answer) clock(t testing.TB) time.Time {
	t.Helper()
	var c struct{ Now time.Time }
	a.read(t, &c)
	return c.Now
}
