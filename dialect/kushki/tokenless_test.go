package kushki_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/vault"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/kushki"
	"pasarela/gateway"
	"pasarela/store"
	"pasarela/store/sqlite"
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

// opening is an acquirer that opens what each message carries of a network token.
type opening struct {
	gateway.Acquirer
	vault  *vault.Vault
	opened func(cryptogram string, err error)
}

func (o opening) Send(ctx context.Context, q pasarela.NetworkRequest) pasarela.NetworkAnswer {
	o.opened(o.vault.OpenCryptogram(q.Merchant, q.CVV))
	return o.Acquirer.Send(ctx, q)
}

// A network token's cryptogram goes to the issuer with its payment, where 3-D Secure's value would be, and nowhere
// else; of another card none does.
func TestCryptogramsTravelWithoutAToken(t *testing.T) {
	t.Parallel()
	const cryptogram = "AAABBoVBaZKAR3BkdkFpELpWIiE="
	books := filepath.Join(t.TempDir(), "books.db")
	w := worldOn(t, func(t testing.TB) store.Store {
		s, err := sqlite.Open(t.Context(), books, sqlite.Options{Synchronous: "OFF"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	var carried string
	w.Gateway.Acquirer = opening{w.Gateway.Acquirer, w.Vault, func(c string, err error) {
		if carried = c; err != nil {
			t.Error(err)
		}
	}}
	for member, want := range map[string]string{`"isNetworkToken":true,"networkToken":{"walletId":"327"},`: cryptogram, "": ""} {
		answer := send(w, http.MethodPost, "/card/v2/charges", `{"card":{"name":"Ana Rojas","number":"5223450000000007","expiryMonth":"06","expiryYear":"30","cvv":"123",
			"cryptogram":"`+cryptogram+`"},`+member+`"amount":`+amountBody+`,"metadata":{"note":"x"},"fullResponse":"v2"}`)
		if answer.Code != http.StatusCreated || carried != want {
			t.Errorf("with %q: answered %d, and the message carries %q, want %q", member, answer.Code, carried, want)
		}
		masked := "4328" + strings.Repeat("*", len(cryptogram))
		if travels := strings.Contains(lastSale(w), masked); travels != (want != "") {
			t.Errorf("with %q: the cryptogram is in the message: %t", member, travels)
		}
		if strings.Contains(answer.Body.String()+w.Log.String(), cryptogram) {
			t.Errorf("with %q: the answer or the log shows the cryptogram", member)
		}
	}
	for _, file := range []string{books, books + "-wal"} {
		stored, err := os.ReadFile(file)
		if err != nil || len(stored) == 0 || bytes.Contains(stored, []byte(cryptogram)) {
			t.Errorf("%s has %d bytes and error %v, or holds the cryptogram", filepath.Base(file), len(stored), err)
		}
	}
}

// lastSale is field 48 of the last sale that was sent.
func lastSale(w *dialecttest.World) (additional string) {
	for _, m := range w.Traffic.Messages(0) {
		if m.MTI == "0200" {
			additional = m.Fields["48"]
		}
	}
	return additional
}
