package kushki_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pasarela"
	"pasarela/dialect/dialecttest"
)

// hooks writes registrations with so many addresses each.
func hooks(addresses ...int) string {
	var all []string
	for i, n := range addresses {
		var urls []string
		for j := range n {
			urls = append(urls, fmt.Sprintf(`"https://shop.example/%d/%d"`, i, j))
		}
		all = append(all, `{"urls":[`+strings.Join(urls, ",")+`]}`)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// free is an object of so many bytes.
func free(size int) string { return `{"x":"` + strings.Repeat("y", size-len(`{"x":""}`)) + `"}` }

// What one request can have written to others is bounded: ten addresses in all, metadata and buyer of 64 KiB each.
func TestWhatOneRequestTellsIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := strings.TrimPrefix(stored(t, w), "/subscriptions/v1/card/")
	for _, c := range []struct {
		name, members string
		refused       bool
	}{
		{"ten addresses in one", `"webhooks":` + hooks(10), false},
		{"ten in several", `"webhooks":` + hooks(1, 4, 5), false},
		{"eleven in one", `"webhooks":` + hooks(11), true},
		{"eleven in several", `"webhooks":` + hooks(5, 6), true},
		{"a hundred", `"webhooks":` + hooks(10, 10, 10, 10, 10, 10, 10, 10, 10, 10), true},
		{"ten for a chargeback besides", `"webhooks":` + hooks(10) + `,"webhooksChargeback":` + hooks(5, 5), false},
		{"eleven for a chargeback", `"webhooksChargeback":` + hooks(5, 6), true},
		{"metadata as large as may be", `"metadata":` + free(64<<10), false},
		{"metadata too large", `"metadata":` + free(64<<10+1), true},
		{"a buyer too large", `"contactDetails":` + free(64<<10+1), true},
		{"a channel too long", `"channel":"` + strings.Repeat("c", 1025) + `"`, true},
	} {
		answer := send(w, http.MethodPost, "/card/v1/charges", `{"token":"`+token(t, w)+`","amount":`+amountBody+`,`+c.members+`}`)
		refuses(t, c.name, answer.Code, answer.Body.String(), c.refused)
	}
	answer := send(w, http.MethodPatch, "/subscriptions/v1/card/"+id, `{"metadata":`+free(64<<10+1)+`}`)
	refuses(t, "a subscription's", answer.Code, answer.Body.String(), true)
}

// refuses wants K001 where a request is to be refused, and an approval elsewhere.
func refuses(t *testing.T, name string, status int, body string, refused bool) {
	t.Helper()
	if malformed := status == http.StatusBadRequest && strings.Contains(body, `"K001"`); malformed != refused || !refused && status >= 300 {
		t.Errorf("%s: answered %d %s, refused %t", name, status, body, refused)
	}
}

// However a card number is spelled in what a merchant sends along, it is whole neither in what is stored nor in what is told.
func TestSpellingsOfACardNumberAreMasked(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]string{
		"with an exponent":          `{"card":5.451951574925480e15}`,
		"with a positive exponent":  `{"card":5.451951574925480E+15}`,
		"with a shifted exponent":   `{"card":[5451951.574925480e9]}`,
		"with a negative exponent":  `{"card":{"of":54519515749254800e-1}}`,
		"with a fraction of zeros":  `{"card":5451951574925480.00}`,
		"negative":                  `{"card":-5.451951574925480e15}`,
		"beside its plain spelling": `{"card":5451951574925480,"again":5.451951574925480e15}`,
		"escaped":                   `{"card":"\u0035451951574925480"}`,
		"in a name":                 `{"\u0035451951574925480":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			masks(t, w, send(w, http.MethodPost, "/card/v1/charges", `{"token":"`+token(t, w)+`","amount":`+amountBody+`,
				"webhooks":[{"events":[],"urls":["https://shop.example/hook"]}],"metadata":`+metadata+`,"contactDetails":`+metadata+`}`).Code)
			masks(t, w, send(w, http.MethodPost, "/subscriptions/v1/card", `{"token":"`+member(t, send(w, http.MethodPost, "/subscriptions/v1/card/tokens", tokenBody), "token")+`",
				"planName":"Gym","periodicity":"custom","startDate":"2031-12-01","amount":`+amountBody+`,
				"webhooks":[{"events":[],"urls":["https://shop.example/hook"]}],"metadata":`+metadata+`,"contactDetails":`+metadata+`}`).Code)
		})
	}
}

// masks looks at what a request has left.
func masks(t *testing.T, w *dialecttest.World, status int) {
	t.Helper()
	told := w.Told(t)
	if status != http.StatusCreated || len(told) != 1 {
		t.Fatalf("answered %d, and %d deliveries were written", status, len(told))
	}
	if body := string(told[0].Body); strings.Contains(body, knownNumber) || !strings.Contains(body, `"metadata":{`) {
		t.Errorf("told is %s", body)
	}
	if told[0].Subject == "" {
		t.Fatal("the delivery names nothing")
	}
	p, err := w.Gateway.Store.Payment(t.Context(), w.Merchant("PE").ID, pasarela.PaymentID(told[0].Subject))
	if err == nil && (strings.Contains(string(p.Order), "5.4519515749") || strings.Contains(string(p.Order), "5451951.5749") || strings.Contains(string(p.Order), knownNumber)) {
		t.Errorf("stored is %s", p.Order)
	}
}

// Names of the merchant's own that are the same once masked cannot be kept, and it is told so.
func TestNamesThatAMaskMakesTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for names, refused := range map[[2]string]bool{{"4111111111111111", "4111111111291111"}: true, {"4111111111111111", "another"}: false} {
		answer := send(w, http.MethodPost, "/card/v1/charges", `{"token":"`+token(t, w)+`","amount":`+amountBody+`,"metadata":{"`+names[0]+`":1,"`+names[1]+`":2}}`)
		refuses(t, names[1], answer.Code, answer.Body.String(), refused)
	}
}
