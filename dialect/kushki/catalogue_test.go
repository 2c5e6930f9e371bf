package kushki_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pasarela"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/kushki"
	"pasarela/store"
)

// seen gathers what answers said: status, code and message, at any depth.
type seen struct {
	mu    sync.Mutex
	codes map[string]bool // guarded by mu
}

func (s *seen) exchange(e dialecttest.Exchange) { s.answer(e.Status, e.Answer) }

func (s *seen) answer(status int, body []byte) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return // a redirect or a page
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.codes == nil {
		s.codes = map[string]bool{}
	}
	s.walk(status, v)
}

func (s *seen) walk(status int, v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			s.walk(status, one)
		}
	case map[string]any:
		for _, pair := range [][2]string{{"code", "message"}, {"responseCode", "responseText"}, {"processorError", ""}} {
			code, hasCode := v[pair[0]].(string)
			message, _ := v[pair[1]].(string)
			if hasCode || pair[0] == "code" && message != "" {
				s.codes[key(status, code, message)] = true
				s.codes[key(status, code, "")] = true
			}
		}
		for _, one := range v {
			s.walk(status, one)
		}
	}
}

func key(status int, code, message string) string { return fmt.Sprint(status, " ", code, " ", message) }

// The catalogue is the one table of errors: each code that it says is answered comes up in a conversation of
// testdata or in the trouble below, and no answer has a code that it lacks.
func TestWire(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var told seen
	var played atomic.Int64
	t.Run("scripts", func(t *testing.T) {
		dialecttest.Scripts(t, "testdata/*.txt", func(t testing.TB) *dialecttest.World {
			played.Add(1)
			return worldTold(t, nil, told.exchange)
		})
		t.Run("trouble", func(t *testing.T) { trouble(t, &told) })
	})
	if int(played.Load()) < len(files) {
		return // only some were asked for
	}
	listed := map[string]bool{}
	for _, row := range kushki.Catalogue() {
		listed[row.Code] = true
		if row.Never == "" && !told.codes[key(row.Status, row.Code, row.Message)] {
			t.Errorf("nothing was answered %d %s %q, which the catalogue says happens when %s", row.Status, row.Code, row.Message, row.When)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(told.codes)) {
		if code := strings.SplitN(k, " ", 3)[1]; !listed[code] && !strings.HasPrefix(k, "402 CardRule") {
			t.Errorf("answered %s, which the catalogue lacks", k)
		}
	}
}

// brokenStore fails where it is told to.
type brokenStore struct {
	store.Store
	err atomic.Pointer[error]
}

func (b *brokenStore) failure() error {
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (b *brokenStore) Update(ctx context.Context, m pasarela.MerchantID, f func(store.Tx) error) error {
	if err := b.failure(); err != nil {
		return err
	}
	return b.Store.Update(ctx, m, f)
}

func (b *brokenStore) PaymentByTicket(ctx context.Context, m pasarela.MerchantID, k pasarela.Ticket) (pasarela.Payment, error) {
	if err := b.failure(); err != nil {
		return pasarela.Payment{}, err
	}
	return b.Store.PaymentByTicket(ctx, m, k)
}

func (b *brokenStore) Redirect(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Redirect, error) {
	if err := b.failure(); err != nil {
		return pasarela.Redirect{}, err
	}
	return b.Store.Redirect(ctx, m, id)
}

// trouble is what no conversation can bring about: a store that fails.
func trouble(t *testing.T, told *seen) {
	books := &brokenStore{Store: dialecttest.InMemory(t)}
	w := worldOn(t, func(testing.TB) store.Store { return books })
	charge := `{"token":"` + token(t, w) + `","amount":` + amountBody + `}`
	failure := error(pasarela.Errorf(pasarela.CodeInternal, "disk is gone"))
	books.err.Store(&failure)
	for path, want := range map[string]string{
		"POST /card/v1/charges":                                      `{"code":"K002","message":"Ha ocurrido un error inesperado."}`,
		"DELETE /v1/charges/304418277190055621":                      `{"code":"K006","message":"Ha ocurrido un error inesperado."}`,
		"DELETE /v1/refund/304418277190055621":                       `{"code":"K002","message":"Ha ocurrido un error inesperado"}`,
		"GET /card-async/v1/status/b81e4fd07c9a4b0d9c3b5f2a61e7d940": `{"message":"Internal server error"}`,
	} {
		method, target, _ := strings.Cut(path, " ")
		answer := send(w, method, target, charge)
		told.answer(answer.Code, answer.Body.Bytes())
		if answer.Code != http.StatusInternalServerError || answer.Body.String() != want {
			t.Errorf("%s with a failing store is answered %d %s", path, answer.Code, answer.Body)
		}
	}
}

// docs/kushki-errors.md prints the catalogue.
func TestTheErrorsPagePrintsTheCatalogue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/kushki-errors.md")
	if err != nil {
		t.Fatal(err)
	}
	var answered, published strings.Builder
	for _, r := range kushki.Catalogue() {
		code, message := "`"+r.Code+"`", r.Message
		if r.Code == "" {
			code = "none"
		}
		switch {
		case r.Code == "K325":
			message = "one for each rule, below"
		case message == "":
			message = "none"
		}
		if r.Never == "" {
			fmt.Fprintf(&answered, "| %s | %d | %s | %s | %s |\n", code, r.Status, message, r.On, r.When)
		} else {
			fmt.Fprintf(&published, "| %s | %s | %s |\n", code, message, r.Never)
		}
	}
	var rules strings.Builder
	for _, r := range kushki.Rules() {
		fmt.Fprintf(&rules, "| `%s` | %s | %s |\n", r.Code, r.Message, r.When)
	}
	for _, table := range []string{answered.String(), published.String(), rules.String()} {
		if !strings.Contains(string(page), table) {
			t.Errorf("docs/kushki-errors.md does not have this table:\n%s", table)
		}
	}
}
