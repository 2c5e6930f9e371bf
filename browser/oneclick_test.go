package browser_test

import (
	"net/http"
	"strings"
	"testing"
)

// inscribes begins a subscription of 9990 pesos a month: the shop's page asks for the token, its server for the address at
// which the buyer inscribes the card.
func (s *shop) inscribes() (id, address string) {
	s.t.Helper()
	token := s.library("requestSubscriptionCardAsyncToken", object{"currency": "CLP", "callbackUrl": s.page + "/back?order=7",
		"email": "juan@example.com"}).text("token")
	begun := s.gateway.call(s.t, http.StatusCreated, "POST", "/subscriptions/v1/card-async/init", object{"token": token,
		"planName": "Club Ñandú", "periodicity": "monthly", "startDate": "2035-01-31", "fullResponse": "v2",
		"contactDetails": object{"firstName": "Juan", "lastName": "Soto", "email": "juan@example.com"},
		"amount":         object{"subtotalIva": 0, "subtotalIva0": 9990, "iva": 0, "ice": 0, "currency": "CLP"}}, "Private-Merchant-Id", s.private)
	if status := begun.text("details", "status"); status != "PENDING" {
		s.t.Errorf("the subscription is %s, want PENDING", status)
	}
	return begun.text("subscriptionId"), begun.text("redirectUrl")
}

// charges asks for 500 pesos of a subscription, which is answered with a status.
func (s *shop) charges(id string, status int) {
	s.t.Helper()
	s.gateway.call(s.t, status, "POST", "/subscriptions/v1/card/"+id, object{"amount": object{"subtotalIva": 0, "subtotalIva0": 500,
		"iva": 0, "ice": 0, "currency": "CLP"}}, "Private-Merchant-Id", s.private)
}

// In Chile the buyer inscribes the card for a subscription on the gateway's page, is asked by the bank, and comes back to
// the shop, whose server can charge it from then on, or cannot.
func TestABuyerInChileInscribesACard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		number string
		status int // of a charge afterwards
	}{
		"approved": {chileApproves, http.StatusCreated},
		"declined": {chileDeclines, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, dev, "CL", "off")
			id, address := s.inscribes()
			s.charges(id, http.StatusBadRequest)
			s.open(address)
			s.wellMade(s.gateway.base)
			if shown := must[string](s.tab, s.gateway.base, "document.body.textContent"); !strings.Contains(shown, "Club Ñandú") {
				t.Errorf("the page does not say what the card is for: %s", shown)
			}
			s.pays(c.number)
			if got := s.comesBack(); got.Get("subscriptionId") != id || got.Get("order") != "7" {
				t.Errorf("the shop's address says %v", got)
			}
			s.charges(id, c.status)
		})
	}
}

// Without scripts the page and the bank's work as well, and a buyer may give up.
func TestABuyerInChileWithoutScriptsInscribesACard(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "CL", "off")
	id, address := s.inscribes()
	gone, elsewhere := s.inscribes()
	s.disableScripts()
	s.open(address)
	s.pays(chileApproves)
	s.comesBack()
	s.charges(id, http.StatusCreated)
	s.open(elsewhere)
	s.press(s.gateway.base, "button.secondary")
	s.comesBack()
	s.charges(gone, http.StatusBadRequest)
}
