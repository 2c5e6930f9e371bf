package kushki_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/dialect/kushki"
)

const tokenlessBody = `{"card":{"name":"Card 5451951574925480","number":"5451951574925480","expiryMonth":"06","expiryYear":"30","cvv":"417"},
 "amount":{"subtotalIva":0,"subtotalIva0":5,"iva":0,"ice":0,"currency":"PEN"},"metadata":{"note":"5451951574925480"},"fullResponse":"v2"}`

// A card that comes without a token is in no answer, no log and no order, and its body is overwritten.
func TestCardsWithoutTokensLeaveNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var body []byte
	mux := http.NewServeMux()
	kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, CountryName: cards.CountryName,
		DescribeBIN: w.Cards.DescribeBIN, Profile: w.Cards.Profile, Sandbox: true,
		Digest: func(purpose string, data ...[]byte) []byte {
			if len(data[0]) == len(tokenlessBody) {
				body = data[0]
			}
			return w.Vault.Digest(purpose, data...)
		}}).Mount(mux)
	r := httptest.NewRequest(http.MethodPost, "/card/v2/charges", strings.NewReader(tokenlessBody))
	r.Header.Set("Private-Merchant-Id", "pe-private")
	r.Header.Set("Idempotency-Key", "once")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, r)
	p, err := w.Gateway.Store.PaymentByTicket(t.Context(), w.Merchant("PE").ID, pasarela.Ticket(member(t, answer, "ticketNumber")))
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"order": string(p.Order), "holder": p.Facts.Holder, "answer": answer.Body.String(), "log": w.Log.String()} {
		if strings.Contains(text, knownNumber) || strings.Contains(text, "417") && what != "log" && what != "answer" {
			t.Errorf("%s shows the card: %s", what, text)
		}
	}
	if len(body) == 0 || len(bytes.Trim(body, "\x00")) > 0 {
		t.Errorf("of the body %d bytes are left", len(bytes.Trim(body, "\x00")))
	}
}
