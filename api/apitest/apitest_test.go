package apitest

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// The documents keep to OpenAPI 3.1.
func TestDocumentsAreWellFormed(t *testing.T) {
	t.Parallel()
	if err := CheckDocuments(); err != nil {
		t.Fatal(err)
	}
}

func header(pairs ...string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

var (
	public  = header("Public-Merchant-Id", "pe-public")
	private = header("Private-Merchant-Id", "pe-private")
	signed  = header("Authorization", "WP3-v2.1 token 1700000000 digest")
	plain   = header()
)

const (
	card   = `{"card":{"name":"Rosa Quispe","number":"5451951574925480","expiryMonth":"11","expiryYear":"29","cvv":"417"},"totalAmount":118.00,"currency":"PEN"}`
	token  = `{"token":"b81e4fd07c9a4b0d9c3b5f2a61e7d940"}`
	charge = `{"token":"b81e4fd07c9a4b0d9c3b5f2a61e7d940","amount":{"subtotalIva":100,"subtotalIva0":0,"iva":18,"ice":0,"currency":"PEN"},"fullResponse":"v2"}`
	paid   = `{"ticketNumber":"304418277190055621","transactionReference":"2d9a6d30-2f4d-4c1b-8c0f-7e0b54d1a9c3"}`
	lasts  = `{"type":"card","card":{"pan":"4111111111111111","expiration_date":"3112"}}`
	kept   = `{"token":"0c7de1f2a4b85e6390d1c2b3a4f5e6d7129966b60e502390","status":"approved","card":{"keep_until":"2032-01-01T00:00:00Z","masked_pan":"411111****1111","expiration_date":"3112"}}`
)

// What the documents promise passes.
func TestGoodExchanges(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]Exchange{
		"token":                  {Method: "POST", Target: "/card/v1/tokens", Header: public, Body: []byte(card), Status: 201, Answer: []byte(token)},
		"token, older address":   {Method: "POST", Target: "/v1/tokens", Header: public, Body: []byte(card), Status: 201, Answer: []byte(token)},
		"token, other header":    {Method: "POST", Target: "/card/v1/tokens", Header: header("Public-key", "pe-public"), Body: []byte(card), Status: 201, Answer: []byte(token)},
		"charge":                 {Method: "POST", Target: "/card/v1/charges", Header: private, Body: []byte(charge), Status: 201, Answer: []byte(paid)},
		"decline":                {Method: "POST", Target: "/card/v1/charges", Header: private, Body: []byte(charge), Status: 400, Answer: []byte(`{"code":"021","message":"Transacción declinada.","processorError":"K006"}`)},
		"nonsense that was told": {Method: "POST", Target: "/card/v1/charges", Header: private, Body: []byte(`[]`), Status: 400, Answer: []byte(`{"code":"K001","message":"Cuerpo de la petición inválido."}`)},
		"no credential":          {Method: "POST", Target: "/card/v1/charges", Header: plain, Body: []byte(charge), Status: 403, Answer: []byte(`{"message":"Missing Authentication Token"}`)},
		"void without a body":    {Method: "DELETE", Target: "/v1/charges/304418277190055621", Header: private, Status: 201, Answer: []byte(`{"ticketNumber":"660417001198276543"}`)},
		"refund of a part":       {Method: "DELETE", Target: "/v1/refund/304418277190055621", Header: private, Body: []byte(`{"amount":{"subtotalIva":0,"subtotalIva0":18,"iva":0,"currency":"PEN"}}`), Status: 201, Answer: []byte(paid)},
		"lasting token":          {Method: "POST", Target: "/v2/tokens", Header: signed, Body: []byte(lasts), Status: 200, Answer: []byte(kept)},
		"clock":                  {Method: "POST", Target: "/sandbox/v1/clock/advance", Header: plain, Body: []byte(`{"seconds":1860}`), Status: 200, Answer: []byte(`{"now":"2026-03-01T10:31:00Z"}`)},
		"a fault":                {Method: "POST", Target: "/sandbox/v1/network/faults", Header: plain, Body: []byte(`{"kind":"no_response","on":"any"}`), Status: 200, Answer: []byte(`{"faults":[]}`)},
		"what arrived":           {Method: "GET", Target: "/sandbox/v1/inbox/shop", Header: plain, Status: 200, Answer: []byte(`{"requests":[]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e.AnswerHeader = header("Content-Type", "application/json; charset=utf-8")
			if err := Check(e); err != nil {
				t.Error(err)
			}
		})
	}
}

// What the documents do not promise is found, and named.
func TestBadExchanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		Exchange
		says string
	}{
		"answer without a member":     {Exchange{Method: "POST", Target: "/card/v1/charges", Header: private, Body: []byte(charge), Status: 201, Answer: []byte(`{"ticketNumber":"304418277190055621"}`)}, "transactionReference"},
		"answer with another member":  {Exchange{Method: "POST", Target: "/card/v1/tokens", Header: public, Body: []byte(card), Status: 201, Answer: []byte(`{"token":"b81e4fd07c9a4b0d9c3b5f2a61e7d940","pan":"x"}`)}, "pan"},
		"answer of another type":      {Exchange{Method: "POST", Target: "/card/v1/charges", Header: private, Body: []byte(charge), Status: 201, Answer: []byte(`{"ticketNumber":304418277190055621,"transactionReference":"2d9a6d30-2f4d-4c1b-8c0f-7e0b54d1a9c3"}`)}, "/ticketNumber"},
		"reference that is no UUID":   {Exchange{Method: "POST", Target: "/card/v1/charges", Header: private, Body: []byte(charge), Status: 201, Answer: []byte(`{"ticketNumber":"304418277190055621","transactionReference":"2d9a"}`)}, "uuid"},
		"status nobody documented":    {Exchange{Method: "POST", Target: "/card/v1/tokens", Header: public, Body: []byte(card), Status: 418, Answer: []byte(`{"message":"x"}`)}, "418"},
		"detail nobody documented":    {Exchange{Method: "POST", Target: "/card/v1/charges", Header: private, Body: []byte(charge), Status: 400, Answer: []byte(`{"code":"017","message":"x","details":{"responseCode":"017","responseText":"x","transactionStatus":"DECLINED","transactionType":"SALE","pan":"x"}}`)}, "pan"},
		"error without its code":      {Exchange{Method: "POST", Target: "/card/v1/tokens", Header: public, Body: []byte(card), Status: 400, Answer: []byte(`{"message":"x"}`)}, "code"},
		"success without credential":  {Exchange{Method: "POST", Target: "/card/v1/tokens", Header: plain, Body: []byte(card), Status: 201, Answer: []byte(token)}, "Public-Merchant-Id"},
		"success of a bad request":    {Exchange{Method: "POST", Target: "/card/v1/tokens", Header: public, Body: []byte(`{"card":{},"totalAmount":"118"}`), Status: 201, Answer: []byte(token)}, "request"},
		"success without a body":      {Exchange{Method: "POST", Target: "/card/v1/tokens", Header: public, Status: 201, Answer: []byte(token)}, "request"},
		"success of a ticket of text": {Exchange{Method: "DELETE", Target: "/v1/charges/abc", Header: private, Status: 201, Answer: []byte(`{"ticketNumber":"660417001198276543"}`)}, "request"},
		"mask that shows too much":    {Exchange{Method: "POST", Target: "/v2/tokens", Header: signed, Body: []byte(lasts), Status: 200, Answer: []byte(strings.Replace(kept, "411111****1111", "41111111****1111", 1))}, "masked_pan"},
		"wrong status text":           {Exchange{Method: "POST", Target: "/v2/tokens", Header: signed, Body: []byte(lasts), Status: 401, Answer: []byte(`{"status":"invalid-request","message":"x","error":"x"}`)}, "status"},
		"unknown fault that succeeds": {Exchange{Method: "POST", Target: "/sandbox/v1/network/faults", Header: plain, Body: []byte(`{"kind":"sunspots","on":"any"}`), Status: 200, Answer: []byte(`{"faults":[]}`)}, "/kind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.AnswerHeader = header("Content-Type", "application/json; charset=utf-8")
			err := Check(c.Exchange)
			if err == nil {
				t.Fatal("passed")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("does not say %q: %v", c.says, err)
			}
			if strings.Contains(err.Error(), "5451951574925480") || strings.Contains(err.Error(), "4111111111111111") {
				t.Errorf("shows a card number: %v", err)
			}
		})
	}
}

// An answer that is no JSON is found.
func TestAnswerOfAnotherContentType(t *testing.T) {
	t.Parallel()
	e := Exchange{Method: "POST", Target: "/card/v1/tokens", Header: public, Body: []byte(card), Status: 500,
		AnswerHeader: header("Content-Type", "text/plain"), Answer: []byte("oops")}
	if err := Check(e); err == nil {
		t.Error("passed")
	}
}

// An address or a method without a description is told apart from one that is described wrongly.
func TestWhatIsNotDescribed(t *testing.T) {
	t.Parallel()
	for _, e := range []Exchange{
		{Method: "GET", Target: "/card/v1/nothing", Status: 403},
		{Method: "GET", Target: "/card/v1/tokens", Status: 403},
		{Method: "POST", Target: "/v2/nothing", Status: 404},
		{Method: "GET", Target: "/sandbox/v1/nothing", Status: 404},
	} {
		if err := Check(e); !errors.Is(err, ErrNotDescribed) {
			t.Errorf("%s %s: %v", e.Method, e.Target, err)
		}
	}
}

// A notification is as described when one webhook fits, member by member; what is missing, too much or of another type is
// noticed.
func TestNoticesAreHeldAgainstTheirSchemas(t *testing.T) {
	t.Parallel()
	const body = `{"name":"subscriptionDelete","event":{"id":"1700000000123000","subscriptionId":1700000000123000,"cardHolderName":"Ana","amount":{"currency":"PEN",` +
		`"subtotalIva":0,"subtotalIva0":49.9,"iva":0,"ice":0,"extraTaxes":{}},"periodicity":"monthly","planName":"Gym","merchantId":"20000000100000000000","merchantName":"Demo","country":"Peru"}}`
	if name, err := Notice("kushki.yaml", []byte(body)); name != "subscription" || err != nil {
		t.Errorf("described by %q: %v", name, err)
	}
	for what, change := range map[string][2]string{
		"another name":    {`"subscriptionDelete"`, `"subscription.deleted"`},
		"another type":    {`"subscriptionId":1700000000123000`, `"subscriptionId":"1700000000123000"`},
		"missing":         {`"periodicity":"monthly",`, ``},
		"not described":   {`"periodicity":"monthly",`, `"periodicity":"monthly","pan":"1",`},
		"not JSON":        {`{`, ``},
		"nothing known":   {body, `{}`},
		"another webhook": {`"name":`, `"subscriptionStatus":"PENDING","name":`},
	} {
		if name, err := Notice("kushki.yaml", []byte(strings.Replace(body, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: described by %q", what, name)
		}
	}
	if _, err := Notice("other.yaml", []byte(body)); err == nil {
		t.Error("a document that there is not describes it")
	}
}
