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

// A card number that a caller writes where it does not belong is masked before it is stored.
func TestFreeTextIsMaskedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"token":"` + token(t, w) + `","amount":` + amountBody + `,"fullResponse":true,
		"metadata":{"note":"card 5451 9515 7492 5480","number":5451951574925480,"\u0035451951574925480":1},
		"contactDetails":{"firstName":"5451951574925480"},"orderDetails":{"siteDomain":"5451951574925480"},
		"externalSubscriptionID":"5451951574925480","name":"5451951574925480"}`
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

// A merchant's own reference is answered as it was sent, so one that looks like a card number is refused rather
// than masked; an order number with a right check digit is not taken for one.
func TestReferenceThatLooksLikeACardIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for reference, status := range map[string]int{"5451951574925480": http.StatusBadRequest, "2026112900000059": http.StatusCreated} {
		answer := send(w, http.MethodPost, "/card/v1/charges",
			`{"token":"`+token(t, w)+`","amount":`+amountBody+`,"fullResponse":"v2","externalReferenceId":"`+reference+`"}`)
		if answer.Code != status || (status == http.StatusCreated) != strings.Contains(answer.Body.String(), reference) {
			t.Errorf("%s is answered %d %s", reference, answer.Code, answer.Body)
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

// A body that held a card is overwritten once it was served.
func TestBodiesAreOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var body []byte
	mux := http.NewServeMux()
	kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, CountryName: cards.CountryName, Sandbox: true,
		Digest: func(purpose string, data ...[]byte) []byte {
			body = data[0]
			return w.Vault.Digest(purpose, data...)
		}}).Mount(mux)
	r := httptest.NewRequest(http.MethodPost, "/card/v1/tokens", strings.NewReader(tokenBody))
	r.Header.Set("Public-Merchant-Id", "pe-public")
	r.Header.Set("Idempotency-Key", "once")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, r)
	if answer.Code != http.StatusCreated || len(body) != len(tokenBody) {
		t.Fatalf("answered %d %s; digest saw %d bytes", answer.Code, answer.Body, len(body))
	}
	if len(bytes.Trim(body, "\x00")) > 0 {
		t.Error("the body still holds what was sent")
	}
}

// Numbers of 12 and 13 digits are for a sandbox.
func TestShortNumbersNeedASandbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for sandbox, want := range map[bool]int{true: http.StatusCreated, false: http.StatusBadRequest} {
		mux := http.NewServeMux()
		kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest,
			CountryName: cards.CountryName, Sandbox: sandbox}).Mount(mux)
		r := httptest.NewRequest(http.MethodPost, "/card/v1/tokens", strings.NewReader(strings.Replace(tokenBody, knownNumber, "4222222222222", 1)))
		r.Header.Set("Public-Merchant-Id", "pe-public")
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, r)
		if answer.Code != want {
			t.Errorf("sandbox %t: answered %d %s", sandbox, answer.Code, answer.Body)
		}
	}
}
