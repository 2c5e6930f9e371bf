package kushki

import (
	"strings"
	"testing"

	"pasarela"
)

// Every code of the core has an answer in every product: a missing one would be an empty body.
func TestEveryCodeHasAnAnswer(t *testing.T) {
	t.Parallel()
	seen := map[*product]bool{}
	for _, e := range endpoints() {
		if seen[e.product] {
			continue
		}
		seen[e.product] = true
		for _, code := range pasarela.Codes() {
			row, ok := e.product.table[code]
			if !ok || row.status < 400 || row.code == "" || row.message == "" {
				t.Errorf("%s %s: code %s is answered with %+v", e.method, e.path, code, row)
			}
		}
		for code := range e.product.table {
			if !strings.Contains(codes(), " "+string(code)+" ") {
				t.Errorf("%s %s: the core has no code %s", e.method, e.path, code)
			}
		}
	}
}

func codes() string {
	all := " "
	for _, c := range pasarela.Codes() {
		all += string(c) + " "
	}
	return all
}

// An error that nobody foresaw shows nothing of itself.
func TestUnforeseenErrorsShowNothing(t *testing.T) {
	t.Parallel()
	cause := pasarela.Wrap(pasarela.CodeInternal, &pasarela.Error{Text: "sql: no rows"}, "store.go:12")
	for _, p := range []*product{&charges, &voids, &refunds, &subscriptions} {
		body := string(p.refusalOf(cause).answer().Body)
		if strings.Contains(body, "sql") || strings.Contains(body, ".go") || !strings.Contains(body, "error inesperado") {
			t.Errorf("answer is %s", body)
		}
	}
	if got := voids.refusalOf(cause).code; got != "K006" {
		t.Errorf("a void's unexpected error is %s, documented is K006", got)
	}
}
