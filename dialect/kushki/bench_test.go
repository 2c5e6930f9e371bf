package kushki

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// What a charge and a token cost besides the gateway: decoding, checking, the stored order, the answer.

func benchCall() *call {
	same := func(b []byte) []byte { return b }
	return &call{Handler: &Handler{Options: Options{Mask: same, CountryName: func(string) string { return "Peru" }}},
		product: &charges, request: httptest.NewRequest(http.MethodPost, "/card/v1/charges", nil),
		merchant: pasarela.Merchant{ID: "20000000109900112233", Name: "Tienda", Country: "PE",
			Model: pasarela.ModelAcquirer, Currencies: []pasarela.Currency{"PEN"}}}
}

func BenchmarkChargeDecodeAndRender(b *testing.B) {
	body := []byte(`{"token":"b81e4fd07c9a4b0d9c3b5f2a61e7d940",
 "amount":{"subtotalIva":100,"subtotalIva0":0,"iva":18,"ice":0,"currency":"PEN"},
 "metadata":{"order":"A-1009"},"externalReferenceId":"A-1009_1","fullResponse":"v2"}`)
	p := pasarela.Payment{ID: "2d9a6d30-2f4d-4c1b-8c0f-7e0b54d1a9c3", Ticket: "304418277190055621", State: pasarela.StateCaptured,
		Amount: pasarela.Money{Minor: 11800, Currency: "PEN"}, ApprovalCode: "104427", ResponseCode: "00", CreatedAt: time.Unix(1767614400, 0),
		Facts: pasarela.CardFacts{BIN: "545195", LastFour: "5480", Length: 16, Brand: "mastercard", Type: "credit", Bank: "BANCO", Country: "EC", Holder: "Rosa Quispe"},
		Trace: pasarela.Trace{STAN: 123456, RRN: "612454000000"}}
	c := benchCall()
	b.ReportAllocs()
	for b.Loop() {
		var r chargeRequest
		if err := wire.Decode(body, &r); err != nil {
			b.Fatal(err)
		}
		if _, err := c.chargeTotal(&r); err != nil {
			b.Fatal(err)
		}
		if _, err := c.store(&r.order); err != nil {
			b.Fatal(err)
		}
		if a := c.paymentAnswer(p, &r.order); a.Status != http.StatusCreated {
			b.Fatal(a.Status)
		}
	}
}

func BenchmarkTokenDecodeAndRender(b *testing.B) {
	body := []byte(`{"card":{"name":"Rosa Quispe","number":"5451951574925480","expiryMonth":"11","expiryYear":"29","cvv":"417"},
 "totalAmount":118.00,"currency":"PEN","isDeferred":false}`)
	c := benchCall()
	b.ReportAllocs()
	for b.Loop() {
		var r tokenRequest
		if err := wire.Decode(body, &r); err != nil {
			b.Fatal(err)
		}
		if _, _, err := c.tokenTotal(&r); err != nil {
			b.Fatal(err)
		}
		if _, err := c.tokenDetails(&r); err != nil {
			b.Fatal(err)
		}
		r.wipe()
		if a := c.tokenAnswer(false, "")(pasarela.Token{ID: "b81e4fd07c9a4b0d9c3b5f2a61e7d940"}, pasarela.Authentication{}); a.Status != http.StatusCreated {
			b.Fatal(a.Status)
		}
	}
}
