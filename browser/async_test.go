package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Of Chile's redirect payments, published test cards.
const (
	chileApproves = "4051885600446623"
	chileDeclines = "5186059559590568"
)

// redirected begins a payment of 12990 pesos: the shop's page asks for the token, its server for the address at which
// the buyer pays.
func (s *shop) redirected() (token, address string) {
	s.t.Helper()
	token = s.library("requestCardAsyncToken", object{"totalAmount": 12990, "currency": "CLP", "returnUrl": s.page + "/back?order=7",
		"email": "juan@example.com", "description": "Dos entradas"}).text("token")
	begun := s.gateway.call(s.t, http.StatusOK, "POST", "/card-async/v1/init", object{"token": token,
		"amount": object{"subtotalIva": 0, "subtotalIva0": 12990, "iva": 0, "ice": 0, "currency": "CLP"}}, "Private-Merchant-Id", s.private)
	return token, begun.text("redirectUrl")
}

// becomes requires a status of a redirect payment.
func (s *shop) becomes(token, status string) {
	s.t.Helper()
	got := s.gateway.call(s.t, http.StatusOK, "GET", "/card-async/v1/status/"+token, nil, "Private-Merchant-Id", s.private)
	if got["status"] != status {
		s.t.Errorf("status answers %v, want %s", got, status)
	}
}

// pays types a card into the gateway's page, and the code into the bank's.
func (s *shop) pays(number string) {
	s.t.Helper()
	s.fill(s.gateway.base, "#pan", number)
	s.fill(s.gateway.base, "#expiration_date", "11/35")
	s.fill(s.gateway.base, "#cvv", "123")
	s.fill(s.gateway.base, "#cardholder_name", "Rosa Soto")
	s.press(s.gateway.base, "button:not(.secondary)")
	s.fill(s.gateway.base, "#code", "1234\r")
}

// In Chile the buyer gives the card on the gateway's page, is asked by the bank, and comes back to the shop, whose
// server asks what became of it.
func TestABuyerInChilePaysOnTheGatewaysPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ number, status string }{
		"approved": {chileApproves, "approvedTransaction"},
		"declined": {chileDeclines, "declinedTransaction"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, dev, "CL", "off")
			token, address := s.redirected()
			s.open(address)
			s.wellMade(s.gateway.base)
			s.pays(c.number)
			if got := s.comesBack(); got.Get("token") != token || got.Get("order") != "7" {
				t.Errorf("the shop's address says %v", got)
			}
			s.becomes(token, c.status)
		})
	}
}

// What was mistyped is said beside its field, and can be corrected; the card's number is not shown again.
func TestABuyerInChileCorrectsTheForm(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "CL", "off")
	token, address := s.redirected()
	s.open(address)
	s.fill(s.gateway.base, "#pan", chileApproves[:15]+"0")
	s.fill(s.gateway.base, "#expiration_date", "13/20")
	s.fill(s.gateway.base, "#cardholder_name", "Rosa Soto")
	s.turn(s.gateway.base, "button:not(.secondary)")
	for _, field := range []string{"expiration_date", "cvv"} {
		s.await(s.gateway.base, `document.querySelector("#`+field+`[aria-invalid=true]").getAttribute("aria-describedby")`)
	}
	if shown := must[string](s.tab, s.gateway.base, "document.documentElement.outerHTML + pan.value"); strings.Contains(shown, chileApproves[:15]) {
		t.Error("the page shows the card's number again")
	}
	s.wellMade(s.gateway.base)
	must[chromedp.Void](s.tab, s.gateway.base, `void (cardholder_name.value = expiration_date.value = "")`)
	s.pays(chileApproves)
	s.comesBack()
	s.becomes(token, "approvedTransaction")
}

// A buyer may give up.
func TestABuyerInChileCancels(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "CL", "off")
	token, address := s.redirected()
	s.open(address)
	s.press(s.gateway.base, "button.secondary")
	s.comesBack()
	s.becomes(token, "declinedTransaction")
}
