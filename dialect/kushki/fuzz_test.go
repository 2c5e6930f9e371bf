package kushki_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pasarela/dialect/dialecttest"
)

// knownNumber is the card that must not show up anywhere.
const knownNumber = "5451951574925480"

const (
	tokenBody  = `{"card":{"name":"Rosa","number":"5451951574925480","expiryMonth":"11","expiryYear":"29","cvv":"417"},"totalAmount":5,"currency":"PEN"}`
	amountBody = `{"subtotalIva":0,"subtotalIva0":5,"iva":0,"ice":0,"currency":"PEN"}`
)

// send plays one request as a merchant of Peru.
func send(w *dialecttest.World, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	kind := "Private-Merchant-Id"
	value := "pe-private"
	if strings.HasSuffix(path, "/tokens") {
		kind, value = "Public-Merchant-Id", "pe-public"
	}
	r.Header.Set(kind, value)
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer
}

// member takes one text out of an answer.
func member(t testing.TB, answer *httptest.ResponseRecorder, name string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &members); err != nil {
		t.Fatalf("answer is no JSON object: %s", answer.Body)
	}
	text, ok := members[name].(string)
	if !ok {
		t.Fatalf("answer %d has no %s: %s", answer.Code, name, answer.Body)
	}
	return text
}

func token(t testing.TB, w *dialecttest.World) string {
	t.Helper()
	return member(t, send(w, http.MethodPost, "/card/v1/tokens", tokenBody), "token")
}

// stored is the path of a stored card with a plan.
func stored(t testing.TB, w *dialecttest.World) string {
	t.Helper()
	token := member(t, send(w, http.MethodPost, "/subscriptions/v1/card/tokens", tokenBody), "token")
	return "/subscriptions/v1/card/" + member(t, send(w, http.MethodPost, "/subscriptions/v1/card", `{"token":"`+token+
		`","planName":"p","periodicity":"monthly","contactDetails":{"email":"a@b.c"},"startDate":"2031-02-01","amount":`+amountBody+`}`), "subscriptionId")
}

// fuzz sends bodies to one endpoint: whatever comes, the answer is JSON, or nothing at all, and never a failure of ours.
func fuzz(f *testing.F, method, path string, seeds ...string) {
	w := worldOn(f, dialecttest.InMemory)
	ticket := member(f, send(w, http.MethodPost, "/card/v1/charges", `{"token":"`+token(f, w)+`","amount":`+amountBody+`}`), "ticketNumber")
	path = strings.NewReplacer("TICKET", ticket, "STORED", stored(f, w)).Replace(path)
	for _, s := range append(seeds, ``, `{}`, `[]`, `{"amount":`+amountBody+`}`, tokenBody) {
		f.Add(strings.ReplaceAll(s, "TICKET", ticket))
	}
	f.Fuzz(func(t *testing.T, body string) {
		answer := send(w, method, path, body)
		if answer.Code >= http.StatusInternalServerError {
			t.Fatalf("%d: %s", answer.Code, answer.Body)
		}
		var object map[string]any
		empty := answer.Code == http.StatusNoContent && answer.Body.Len() == 0
		if err := json.Unmarshal(answer.Body.Bytes(), &object); err != nil && !empty {
			t.Fatalf("answer is no JSON object: %v: %s", err, answer.Body)
		}
		if strings.Contains(answer.Body.String(), knownNumber) {
			t.Fatalf("answer shows the card: %s", answer.Body)
		}
		if log := w.Log.String(); strings.Contains(log, knownNumber) {
			t.Fatal("log shows the card")
		}
	})
}

func FuzzCardToken(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v1/tokens", `{"card":{"number":"5451951574925480"}}`)
}

func FuzzCharge(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v1/charges", `{"token":"x","amount":`+amountBody+`,"fullResponse":"v2","webhooks":{"webhooks":[{"urls":["https://a.example"]}]}}`,
		`{"token":"x","amount":{"extraTaxes":{"iac":1}},"deferred":{},"metadata":{"a":"5451951574925480"},"threeDomainSecure":{"threeDomainSecure":{"eci":"05"}}}`)
}

func FuzzPreauthorization(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v1/preAuthorization", `{"token":"x","amount":`+amountBody+`,"fullResponse":true}`)
}

const cardBody = `{"name":"Ana","number":"5451951574925480","expiryMonth":"06","expiryYear":"30","cvv":"123"}`

func FuzzTokenlessCharge(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v2/charges", `{"card":`+cardBody+`,"amount":`+amountBody+`,"fullResponse":"v2","isDeferred":true,"months":3}`,
		`{"card":`+cardBody+`,"amount":`+amountBody+`,"isNetworkToken":true,"networkToken":{"mvv":"1234567890"},"threeDomainSecure":{"eci":"00","acceptRisk":true}}`,
		`{"card":`+cardBody+`,"amount":`+amountBody+`,"transactionMode":"subsequentRecurrence","initialRecurrenceReference":"2d9a6d30-2f4d-4c1b-8c0f-7e0b54d1a9c3","originalTransactionID":"1"}`)
}

func FuzzTokenlessPreauthorization(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v2/preAuthorization", `{"card":`+cardBody+`,"amount":`+amountBody+`,"fullResponse":true,"citMit":"C101"}`)
}

func FuzzReauthorization(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v1/reauthorization", `{"ticketNumber":"TICKET","amount":`+amountBody+`}`, `{"ticketNumber":TICKET}`)
}

func FuzzValidation(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v1/validation", `{"token":"x"}`, `{"token":1}`)
}

func FuzzCapture(f *testing.F) {
	fuzz(f, http.MethodPost, "/card/v1/capture", `{"ticketNumber":"TICKET","fullResponse":"v2"}`, `{"ticketNumber":TICKET,"fullResponse":true}`)
}

func FuzzVoid(f *testing.F) {
	fuzz(f, http.MethodDelete, "/v1/charges/TICKET", `{"amount":{"subtotalIva":0,"subtotalIva0":0.01,"iva":0,"currency":"PEN"},"fullResponse":"v2"}`)
}

func FuzzRefund(f *testing.F) {
	fuzz(f, http.MethodDelete, "/v1/refund/TICKET", `{"amount":{"subtotalIva":0,"subtotalIva0":0.01,"iva":0,"currency":"PEN"},"fullResponse":true}`)
}

func FuzzSubscriptionToken(f *testing.F) { fuzz(f, http.MethodPost, "/subscriptions/v1/card/tokens") }

func FuzzSubscription(f *testing.F) {
	fuzz(f, http.MethodPost, "/subscriptions/v1/card", `{"token":"x","planName":"p","periodicity":"custom","contactDetails":{},"startDate":"2031-02-01","amount":`+amountBody+`,"retryConfiguration":{"value":[1]}}`)
}

func FuzzSubscriptionAuthorization(f *testing.F) {
	fuzz(f, http.MethodPost, "STORED/authorize", `{"amount":`+amountBody+`,"months":1,"name":"5451951574925480"}`)
}

func FuzzSubscriptionCharge(f *testing.F) {
	fuzz(f, http.MethodPost, "STORED", `{"amount":`+amountBody+`,"cvv":"123","fullResponse":"v2","deferred":{"graceMonths":"00","creditType":"01","months":3}}`,
		`{"amount":`+amountBody+`,"token":"5451951574925480","threeDomainSecure":{"eci":"00"},"fullResponse":true,"metadata":{"a":"5451951574925480"}}`)
}

func FuzzSubscriptionChange(f *testing.F) {
	fuzz(f, http.MethodPatch, "STORED", `{"planName":"5451951574925480","periodicity":"daily","startDate":"2031-02-01","endDate":"","language":"es","metadata":{"a":5451951574925480},"retryConfiguration":{"retryType":"fixed","value":[1,31]}}`,
		`{"amount":{"subtotalIva":1,"subtotalIva0":0.01,"iva":0,"extraTaxes":{"iac":1}},"contactDetails":{"firstName":"5451951574925480"}}`)
}

func FuzzSubscriptionAdjustment(f *testing.F) {
	fuzz(f, http.MethodPut, "STORED", `{"amount":`+amountBody+`,"periods":12,"type":"charge"}`,
		`{"amount":{"subtotalIva":1,"subtotalIva0":0,"iva":0,"extraTaxes":{"iac":1}},"periods":"1","type":"discount"}`)
}

func FuzzSubscriptionCard(f *testing.F) {
	fuzz(f, http.MethodPut, "STORED/card", `{"token":"x","threeDomainSecure":{"eci":"07","acceptRisk":"true"}}`)
}

func FuzzDeviceToken(f *testing.F) {
	fuzz(f, http.MethodPost, "STORED/tokens", `{"cvv":"123","amount":`+amountBody+`,"currency":"PEN","userId":null,"sessionId":"5451951574925480"}`)
}
