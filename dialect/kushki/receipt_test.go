package kushki_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// as sends a request with a credential.
func as(h http.Handler, credential, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	name := "Private-Merchant-Id"
	if strings.HasSuffix(credential, "-public") {
		name = "Public-Merchant-Id"
	}
	r.Header.Set(name, credential)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

// Kushki, "Voucher": the buffer is the base64 of a PDF. It names the shop, the amount and the card's last digits, and
// no more of the card.
func TestReceiptsArePDF(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	card := strings.NewReplacer(`"totalAmount":5`, `"totalAmount":12990`, `"PEN"`, `"CLP"`).Replace(tokenBody)
	token := member(t, as(w, "cl-public", http.MethodPost, "/card/v1/tokens", card), "token")
	reference := member(t, as(w, "cl-private", http.MethodPost, "/card/v1/charges",
		`{"token":"`+token+`","amount":{"subtotalIva":0,"subtotalIva0":12990,"iva":0,"ice":0,"currency":"CLP"}}`), "transactionReference")
	document, err := base64.StdEncoding.DecodeString(member(t, as(w, "cl-public", http.MethodGet, "/webhook/v1/transaction/receipt/"+reference, ""), "buffer"))
	if err != nil || !bytes.HasPrefix(document, []byte("%PDF-")) {
		t.Fatalf("buffer is no PDF (%v): %.20q", err, document)
	}
	for _, text := range []string{"Merchant CL", "CLP 12.990", "5480"} {
		if !bytes.Contains(document, []byte(text)) {
			t.Errorf("receipt does not say %s", text)
		}
	}
	if bytes.Contains(document, []byte("545195")) {
		t.Error("receipt shows the card's first digits")
	}
}
