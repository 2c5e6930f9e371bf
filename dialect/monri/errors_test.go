package monri

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"pasarela"
)

// Every kind of error has a row, every row is of a kind, and a row's status fits its HTTP status.
func TestEveryCodeHasARow(t *testing.T) {
	t.Parallel()
	for _, code := range pasarela.Codes() {
		p, ok := problems[code]
		if !ok || p.text == "" {
			t.Errorf("%s has no row", code)
		}
		if want := map[bool]string{true: statusInvalid, false: statusError}[p.http == 400]; p.status != want {
			t.Errorf("%s: %d with status %s", code, p.http, p.status)
		}
	}
	for code := range maps.Keys(problems) {
		if !slices.Contains(pasarela.Codes(), code) {
			t.Errorf("row of %s, which does not exist", code)
		}
	}
}

// Only what was written for the caller is shown.
func TestRender(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		http int
		text string
	}{
		"written for the caller": {pasarela.Errorf(pasarela.CodeInvalid, "type: send it"), 400, "type: send it"},
		"with a cause":           {pasarela.Wrap(pasarela.CodeInvalid, errors.New("x.go:12"), "body broke off"), 400, "body broke off"},
		"not for the caller":     {pasarela.Errorf(pasarela.CodeCardRejected, "rule 7 of the vault"), 400, "the card cannot be used"},
		"of no kind":             {errors.New("sql: no rows"), 500, problems[pasarela.CodeInternal].text},
		"of an unknown kind":     {pasarela.Errorf("other", "x"), 500, problems[pasarela.CodeInternal].text},
	} {
		a := render(c.err)
		var got failure
		if err := json.Unmarshal(a.Body, &got); err != nil || a.Status != c.http || a.Success || got.Message != c.text || got.Error != c.text {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}
