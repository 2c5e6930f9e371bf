package events_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"pasarela"
	"pasarela/api/apitest"
	"pasarela/cde/vault"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/events"
	"pasarela/gateway"
	"pasarela/store"
)

// world is a gateway with the feed, whose merchants listen where a test has them.
type world struct {
	*dialecttest.World
	t *testing.T
}

func newWorld(t *testing.T) *world { return worldOn(t, nil) }

func worldOn(t *testing.T, books func(testing.TB) store.Store) *world {
	return &world{t: t, World: dialecttest.New(t, dialecttest.Options{Store: books,
		Tellers: func(*dialecttest.World) []gateway.Teller { return []gateway.Teller{events.Teller{}} },
		Mount:   func(w *dialecttest.World, mux *http.ServeMux) { events.New(w.Gateway, w.Gateway.Log).Mount(mux) }})}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pays is a sale of a merchant's that the issuer approves.
func (w *world) pays(country string, minor int64) pasarela.Payment {
	w.t.Helper()
	m := w.Merchants[country]
	amount := pasarela.Money{Minor: minor, Currency: m.Currencies[0]}
	number, err := vault.ParseNumber("5451951574925480")
	w.must(err)
	token, _, err := w.Gateway.Tokenize(w.t.Context(), m, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: amount,
		Card: vault.Card{Number: number, Expiry: "4912"}})
	w.must(err)
	p, err := w.Gateway.Authorize(w.t.Context(), m, gateway.AuthorizeRequest{Kind: pasarela.KindSale, Token: token.ID, Amount: amount,
		Dialect: "kushki", Order: []byte("{}"), Answer: func(pasarela.Payment) gateway.Answer { return gateway.Answer{} }})
	w.must(err)
	if p.State != pasarela.StateCaptured {
		w.t.Fatalf("payment is %s, want it captured", p.State)
	}
	return p
}

// ask sends a request, with headers in pairs, and holds the exchange against the document.
func (w *world) ask(method, target string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	if method == http.MethodGet && r.URL.Path == "/v1/events" {
		w.must(apitest.Check(apitest.Exchange{Method: method, Target: target, Header: r.Header,
			Status: answer.Code, AnswerHeader: answer.Header(), Answer: answer.Body.Bytes()}))
	}
	return answer
}

// page is a part of the feed, as a merchant reads it.
type page struct {
	Events []struct {
		ID        string
		Type      pasarela.EventKind
		Timestamp string
		Data      struct {
			Payment struct {
				ID     pasarela.PaymentID
				Amount int64 `json:"amount_minor"`
			}
		}
	}
	Next string
	More bool
}

// reads is a page of a merchant's.
func (w *world) reads(country, query string) page {
	w.t.Helper()
	answer := w.ask(http.MethodGet, "/v1/events?"+query, "Private-Merchant-Id", w.Merchants[country].Kushki.PrivateID)
	if answer.Code != http.StatusOK {
		w.t.Fatalf("answered %d %s", answer.Code, answer.Body)
	}
	var p page
	w.must(json.Unmarshal(answer.Body.Bytes(), &p))
	return p
}

// amounts are those of a page's payments.
func (p page) amounts() (all []int64) {
	for _, e := range p.Events {
		all = append(all, e.Data.Payment.Amount)
	}
	return all
}
