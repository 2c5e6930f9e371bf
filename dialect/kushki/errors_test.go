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
			if !ok || (row.status < 400 && e.product != &validations) || (row.code == "" && row != errAsyncStatus) || row.message == "" {
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

// The catalogue has every answer that a table, a decline or a handler gives.
func TestTheCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	listed := map[*refusal]bool{}
	for _, row := range catalogue {
		if listed[row] {
			t.Errorf("%s %s stands twice", row.code, row.message)
		}
		listed[row] = true
		if (row.never == "") != (row.when != "" && row.on != "" && row.status > 0) {
			t.Errorf("%s %s: say where and when it is answered, or why it never is", row.code, row.message)
		}
	}
	for _, e := range endpoints() {
		for code, row := range e.product.table {
			if !listed[row] {
				t.Errorf("%s %s answers %s to %s, which the catalogue lacks", e.method, e.path, row.code, code)
			}
		}
	}
	for code, row := range declines {
		if !listed[row] {
			t.Errorf("field 39 of %s becomes %s, which the catalogue lacks", code, row.code)
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
