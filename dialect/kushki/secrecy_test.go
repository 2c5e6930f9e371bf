package kushki_test

import (
	"net/http"
	"strings"
	"testing"

	"pasarela"
)

// A card number that a caller writes where it does not belong is masked before it is stored.
func TestFreeTextIsMaskedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"token":"` + token(t, w) + `","amount":` + amountBody + `,"fullResponse":true,
		"metadata":{"note":"card 5451 9515 7492 5480","number":5451951574925480,"\u0035451951574925480":1},
		"contactDetails":{"firstName":"5451951574925480"},"orderDetails":{"siteDomain":"5451951574925480"},
		"externalReferenceId":"5451951574925480","name":"5451951574925480"}`
	answer := send(w, http.MethodPost, "/card/v1/charges", body)
	ticket := member(t, answer, "ticketNumber")
	p, err := w.Gateway.Store.PaymentByTicket(t.Context(), w.Merchant("PE").ID, pasarela.Ticket(ticket))
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"order": string(p.Order), "answer": answer.Body.String(), "log": w.Log.String()} {
		if strings.Contains(text, knownNumber) || strings.Contains(text, "5451 9515") {
			t.Errorf("%s shows the number: %s", what, text)
		}
	}
}

// What was wrong with a body goes to nobody's log, whatever was in it.
func TestRefusalsDoNotLogBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{
		`{"card":{"number":"5451951574925480","number":"5451951574925480"}}`, `{"card":{"number":5451951574925480}}`,
		`{"card":{"5451951574925480":[]},"totalAmount":"5451951574925480"}`, `5451951574925480`,
	} {
		answer := send(w, http.MethodPost, "/card/v1/tokens", body)
		if answer.Code != http.StatusBadRequest || strings.Contains(answer.Body.String()+w.Log.String(), knownNumber) {
			t.Errorf("%s is answered %d %s", body, answer.Code, answer.Body)
		}
	}
}
