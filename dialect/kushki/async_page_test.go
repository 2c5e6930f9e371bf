package kushki_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pasarela/dialect/dialecttest"
	"pasarela/store"
	"pasarela/store/sqlite"
)

// What was typed wrong is said next to its field, uses nothing up, and no card data comes back.
func TestMistakesOnThePage(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	for _, c := range []struct{ field, value, problem string }{
		{"pan", "", "pan-error"}, {"pan", "4051 8856 0044", "pan-error"}, {"pan", "4051885600446624", "pan-error"}, {"pan", "4051885600446623x", "pan-error"},
		{"pan", "4574441215190335", "pan-error"}, // a test card that is refused on sight
		{"expiration_date", "13/29", "expiration-error"}, {"expiration_date", "04/26", "expiration-error"}, {"expiration_date", approvedCard, "expiration-error"},
		{"cvv", "12", "cvv-error"}, {"cvv", "12345", "cvv-error"}, {"cvv", "", "cvv-error"},
		{"cardholder_name", " ", "holder-error"}, {"cardholder_name", strings.Repeat("a", 257), "holder-error"}, {"cardholder_name", "\x00", "holder-error"},
	} {
		form := card(approvedCard)
		form.Set(c.field, c.value)
		s := b.walk(http.MethodPost, b.page, form)
		if (s.StatusCode != http.StatusUnprocessableEntity && !(c.value == "04/26" && s.left == "")) || !strings.Contains(s.html, `id="`+c.problem+`"`) || strings.Count(s.html, `role="alert"`) != 1 {
			t.Errorf("%s %q: page shows %d %s", c.field, c.value, s.StatusCode, s.html)
		}
		if strings.Contains(s.html, approvedCard) || strings.Contains(s.html, form.Get("pan")) && form.Get("pan") != "" || strings.Contains(s.html, `value="123"`) {
			t.Errorf("%s %q: page echoes the card: %s", c.field, c.value, s.html)
		}
	}
	huge := card(approvedCard)
	huge.Set("note", strings.Repeat("x", 20<<10))
	if s := b.walk(http.MethodPost, b.page, huge); s.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form is answered %d", s.StatusCode)
	}
	for _, written := range []string{"1129", "11 / 29", "11/2029", "11/29"} {
		b := newBuyer(t, b.world, "init")
		form := card("4051-8856-0044 6623")
		form.Set("expiration_date", written)
		if s := b.walk(http.MethodPost, b.page, form); !strings.Contains(s.html, `name="code"`) {
			t.Errorf("%s: page shows %d %s", written, s.StatusCode, s.html)
		}
	}
}

// The page keeps to itself, escapes what the merchant wrote, and speaks the reader's language.
func TestPageIsItsOwn(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	s := b.look()
	for header, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "frame-ancestors 'none'"} {
		if got := s.Header.Get(header); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q in it", header, got, want)
		}
	}
	for _, want := range []string{`lang="es"`, "Merchant CL", "12.990", "&lt;b&gt;Dos&lt;/b&gt; entradas", `role="note"`, "1234", "<label for=\"pan\">", `autocomplete="cc-number"`} {
		if !strings.Contains(s.html, want) {
			t.Errorf("page does not say %q: %s", want, s.html)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.page, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "en-GB")
	answer, err := b.world.Browser().Do(r)
	if err != nil || answer.Header.Get("Content-Language") != "en" {
		t.Errorf("in English the page is in %q (%v)", answer.Header.Get("Content-Language"), err)
	}
	for _, elsewhere := range []string{strings.Replace(b.page, "cl-public", "pe-public", 1), strings.Replace(b.page, "cl-public", "cl-private", 1),
		dialecttest.PublicURL + "/card-async/v1/agent/" + strings.Repeat("0", 32) + "?merchantId=cl-public", dialecttest.PublicURL + "/card-async/v1/agent/x?merchantId=cl-public"} {
		if s := b.walk(http.MethodGet, elsewhere, nil); s.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered %d", elsewhere, s.StatusCode)
		}
	}
	asked := b.call(http.MethodPost, "/card-async/v1/tokens", `{"totalAmount":1,"currency":"CLP","returnUrl":"`+shopURL+`"}`)["token"].(string)
	if s := b.walk(http.MethodGet, strings.Replace(b.page, b.token, asked, 1), nil); s.StatusCode != http.StatusNotFound {
		t.Errorf("a payment that was not begun is answered %d", s.StatusCode)
	}
}

// A number typed on the page, in whatever field, reaches no log, database file or page.
func TestTypedNumberShowsUpNowhere(t *testing.T) {
	t.Parallel()
	const number, other = "4000056655665556", "4000002500003155"
	dir := t.TempDir()
	w := dialecttest.New(t, dialecttest.Options{Mount: mount, Store: func(t testing.TB) store.Store {
		s, err := sqlite.Open(t.Context(), filepath.Join(dir, "books.db"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
	var pages strings.Builder
	for i, form := range []url.Values{
		{"pan": {number}}, {"pan": {number}, "expiration_date": {number}, "cvv": {number}, "cardholder_name": {number}},
		{"cardholder_name": {"Rosa " + other}, number: {number}}, card("4000 0566 5566 5556"),
	} {
		b := newBuyer(t, w, "init")
		if i == 3 {
			form.Set("cardholder_name", "Rosa "+other)
		}
		s := b.walk(http.MethodPost, b.page, form)
		fmt.Fprintln(&pages, s.html, s.left, b.status())
		inscriber := newInscriber(t, w)
		s = inscriber.walk(http.MethodPost, inscriber.page, form)
		fmt.Fprintln(&pages, s.html, s.left)
	}
	for _, member := range []string{`"` + number + `"`, number, `["` + number + `"]`} {
		pages.WriteString(sendAlong(w, member))
	}
	text := pages.String() + w.Log.String()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database files: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text += string(content)
	}
	for _, n := range []string{number, other, "4000 0566 5566 5556"} {
		if strings.Contains(text, n) {
			t.Errorf("%s shows up", n)
		}
	}
}

// sendAlong asks for the token of an inscription, for which callers may name the card, and says what is answered.
func sendAlong(w *dialecttest.World, cardNumber string) string {
	r := httptest.NewRequest(http.MethodPost, "/subscriptions/v1/card-async/tokens",
		strings.NewReader(`{"currency":"CLP","email":"a@example.com","callbackUrl":"`+shopURL+`","cardNumber":`+cardNumber+`}`))
	r.Header.Set("Public-Merchant-Id", "cl-public")
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer.Body.String()
}
