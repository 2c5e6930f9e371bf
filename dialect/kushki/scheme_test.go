package kushki_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"pasarela"
	"pasarela/gateway"
)

// advising is an acquirer whose issuer declines everything with one advice.
type advising struct {
	gateway.Acquirer
	advice string
}

func (a advising) Send(context.Context, pasarela.NetworkRequest) pasarela.NetworkAnswer {
	return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeDeclined, ResponseCode: "05", Advice: a.advice}
}

// The scheme's advice is told as it came, of a Mastercard's first message only: nothing is made of field 39, and only
// what advises against another attempt restricts the card.
func TestAdviceIsToldAsItCame(t *testing.T) {
	t.Parallel()
	const visa = "4259078012341233"
	for _, c := range []struct{ number, advice, told string }{
		{knownNumber, "", `"messageFields":{"f39":"05"}`},
		{knownNumber, "01", `"messageFields":{"f39":"05","f48":{"s84":"01"}}`},
		{knownNumber, "24", `"messageFields":{"f39":"05","f48":{"s84":"24"}}`},
		{knownNumber, "03", `"messageFields":{"f39":"05","f48":{"s84":"03"},"restricted":true}`},
		{knownNumber, "21", `"messageFields":{"f39":"05","f48":{"s84":"21"},"restricted":true}`},
		{visa, "03", `"messageFields":{"f39":"05"}`},
	} {
		t.Run(c.number+" "+c.advice, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Gateway.Acquirer = advising{w.Gateway.Acquirer, c.advice}
			answer := send(w, http.MethodPost, "/card/v2/charges", strings.ReplaceAll(tokenlessBody, knownNumber, c.number))
			if !strings.Contains(answer.Body.String(), c.told) {
				t.Errorf("answered %d %s, want %s", answer.Code, answer.Body, c.told)
			}
		})
	}
}
