package kushki_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Money goes back once, however many ask for it at the same time, and one key has one answer.
func TestConcurrentRefundsGiveBackOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sale := member(t, send(w, http.MethodPost, "/card/v1/charges", `{"token":"`+token(t, w)+`","amount":`+amountBody+`}`), "ticketNumber")
	const callers = 8
	var wait sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, callers)
	for i := range answers {
		wait.Go(func() {
			r := httptest.NewRequest(http.MethodDelete, "/v1/refund/"+sale, strings.NewReader(`{}`))
			r.Header.Set("Private-Merchant-Id", "pe-private")
			if i%2 == 0 {
				r.Header.Set("Idempotency-Key", "one-key")
			}
			answers[i] = httptest.NewRecorder()
			w.ServeHTTP(answers[i], r)
		})
	}
	wait.Wait()
	tickets := map[string]bool{}
	for _, a := range answers {
		switch {
		case a.Code == http.StatusCreated:
			tickets[member(t, a, "ticketNumber")] = true
		case a.Code != http.StatusBadRequest && a.Code != http.StatusConflict:
			t.Errorf("answered %d %s", a.Code, a.Body)
		}
	}
	if len(tickets) != 1 {
		t.Errorf("%d refunds were made, want 1", len(tickets))
	}
	if got := w.Bank.Authorizations(0, 0); len(got) != 1 || got[0].RefundedMinor != 500 {
		t.Errorf("the issuer's books say %+v", got)
	}
}
