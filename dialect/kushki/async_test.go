package kushki_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/kushki"
	"pasarela/store"
	"pasarela/store/sqlite"
)

// Every way in which a buyer can leave the page has its status, and leads back to the shop.
func TestBuyerGoesBackWithAnOutcome(t *testing.T) {
	t.Parallel()
	wrongThrice := func(b *buyer, bank sight) sight {
		for range 2 {
			bank = b.answer(bank, "code", "9999")
		}
		return b.answer(bank, "code", "9999")
	}
	for _, c := range []struct {
		name, card, status string
		state              pasarela.PaymentState // "" for no payment
		walk               func(b *buyer, bank sight) sight
	}{
		{"approved", approvedCard, "approvedTransaction", pasarela.StateCaptured, func(b *buyer, bank sight) sight { return b.answer(bank, "code", "1234") }},
		{"approved at the second attempt", approvedCard, "approvedTransaction", pasarela.StateCaptured, func(b *buyer, bank sight) sight {
			return b.answer(b.answer(bank, "code", "1"), "code", "1234")
		}},
		{"declined by the issuer", refusedCard, "declinedTransaction", pasarela.StateDeclined, func(b *buyer, bank sight) sight { return b.answer(bank, "code", "1234") }},
		{"wrong code three times", approvedCard, "declinedTransaction", "", wrongThrice},
		{"cancelled at the bank", approvedCard, "declinedTransaction", "", func(b *buyer, bank sight) sight { return b.answer(bank, "cancel", "1") }},
		{"cancelled on the page, gone back from the bank", approvedCard, "initializedTransaction", "", func(b *buyer, _ sight) sight {
			return sight{left: b.walk(http.MethodPost, b.page, url.Values{"cancel": {"1"}}).left}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBuyer(t, newWorld(t), "init")
			end := c.walk(b, b.pay(c.card))
			if c.status == "initializedTransaction" {
				if end.left != "" {
					t.Errorf("a form sent from the history leads to %s, not to the bank", end.left)
				}
			} else {
				b.home(end)
			}
			b.expectStatus(c.status)
			if got := b.payment().State; got != c.state {
				t.Errorf("payment is %q, want %q", got, c.state)
			}
		})
	}
}

// A buyer who gives up on the page goes back with a decline, and the page takes no card any more.
func TestBuyerCancels(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	b.home(b.answer(b.look(), "cancel", "1"))
	b.expectStatus("declinedTransaction")
	b.home(b.pay(approvedCard))
	b.home(b.look())
	if len(b.authorized()) != 0 {
		t.Error("a cancelled payment was authorized")
	}
}

// Reloading, going back, and sending the form again lead to where the payment stands, and charge once.
func TestRepetitionsChargeOnce(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	bank := b.pay(approvedCard)
	for _, again := range []sight{b.look(), b.pay(approvedCard), b.pay(refusedCard)} {
		if !strings.Contains(again.html, `name="code"`) {
			t.Errorf("the browser is not at the bank: %d %s %s", again.StatusCode, again.left, again.html)
		}
	}
	b.home(b.answer(bank, "code", "1234"))
	for range 2 {
		b.home(b.look())
		b.home(b.pay(refusedCard))
	}
	if n := len(b.authorized()); n != 1 {
		t.Errorf("the issuer knows %d authorizations, want 1", n)
	}
	b.expectStatus("approvedTransaction")
}

// Of forms sent at once one card is taken, and of browsers that come back at once one charges.
func TestAtOnceChargesOnce(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	together := func(step func(i int)) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() { step(i) })
		}
		all.Wait()
	}
	asked := make([]sight, 8)
	together(func(i int) { asked[i] = b.step(http.MethodPost, b.page, card(approvedCard)) })
	banks := map[string]bool{}
	for _, s := range asked {
		if s.left != "" {
			banks[s.left] = true
		}
	}
	if len(banks) != 1 {
		t.Fatalf("forms lead to %d banks, want 1", len(banks))
	}
	a, err := b.world.Gateway.TokenAuthentication(t.Context(), b.world.Merchant("CL").ID, b.redirect().Card)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.world.Gateway.CompleteAuthentication(t.Context(), a.Merchant, a.ID,
		pasarela.AuthenticationAnswer{State: pasarela.AuthenticationAuthenticated, Secure: pasarela.Secure{ECI: "05", Value: "AAABBBCCCDDDEEEFFFGGGHHHIII=", Version: "2.2.0"}}); err != nil {
		t.Fatal(err)
	}
	together(func(int) {
		if s := b.step(http.MethodGet, b.page, nil); s.left == "" && s.Header.Get("Refresh") == "" {
			t.Errorf("a browser is shown %d %s", s.StatusCode, s.html)
		}
	})
	b.home(b.look())
	if n := len(b.authorized()); n != 1 {
		t.Errorf("the issuer knows %d authorizations, want 1", n)
	}
}

func (b *buyer) redirect() pasarela.Redirect {
	b.t.Helper()
	d, err := b.world.Gateway.Store.Redirect(b.t.Context(), b.world.Merchant("CL").ID, pasarela.TokenID(b.token))
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// What the address says of success, and a card token of somebody else's, count for nothing.
func TestQueryIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	other := b.call(http.MethodPost, "/card/v1/tokens", `{"card":{"name":"Eva","number":"`+approvedCard+`","expiryMonth":"11","expiryYear":"29","cvv":"123"},"totalAmount":12990,"currency":"CLP"}`)["token"].(string)
	lie := b.page + "&success=true&token=" + other
	if s := b.walk(http.MethodGet, lie, nil); !strings.Contains(s.html, `name="pan"`) {
		t.Errorf("before a card was sent the page shows %d %s", s.StatusCode, s.html)
	}
	b.pay(approvedCard)
	if s := b.walk(http.MethodGet, lie, nil); !strings.Contains(s.html, `name="code"`) {
		t.Errorf("before the bank has its answer the page shows %d %s", s.StatusCode, s.html)
	}
	if len(b.authorized()) != 0 {
		t.Error("a card was charged that nobody proved")
	}
	b.expectStatus("initializedTransaction")
}

// A page that is opened after half an hour says so, takes no card, and the payment is declined.
func TestPageExpires(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	b.world.Clock.Advance(pasarela.TokenLife)
	for _, s := range []sight{b.look(), b.pay(approvedCard)} {
		if s.StatusCode != http.StatusGone || !strings.Contains(s.html, "Este pago expiró") || !strings.Contains(s.html, `href="`+shopURL+`?token=`+b.token) {
			t.Errorf("page shows %d %s", s.StatusCode, s.html)
		}
	}
	b.expectStatus("declinedTransaction")
}

// A buyer who lets the bank's page run out is declined, although the payment's own half hour is not over.
func TestBankRunsOut(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	b.pay(approvedCard)
	b.world.Clock.Advance(pasarela.AuthenticationLife)
	b.home(b.look())
	b.expectStatus("declinedTransaction")
	if len(b.authorized()) != 0 {
		t.Error("a card was charged that nobody proved")
	}
}

// A hold stands for seven days, whatever the card, and can then be released by the sweep.
func TestHoldEndsAfterSevenDays(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "preAuthorization")
	b.home(b.answer(b.pay(approvedCard), "code", "1234"))
	p := b.payment()
	if p.State != pasarela.StateAuthorized || p.ExpiresAt.Sub(p.CreatedAt) != 7*24*time.Hour {
		t.Fatalf("payment is %s and held until %s, made at %s", p.State, p.ExpiresAt, p.CreatedAt)
	}
	b.world.Clock.Advance(7 * 24 * time.Hour)
	b.world.Sweep(t)
	if got := b.payment().State; got != pasarela.StateExpired {
		t.Errorf("after seven days the payment is %s", got)
	}
	b.expectStatus("approvedTransaction")
}

// No answer of the issuer: what it may have done is undone, and the status says declined.
func TestSilentIssuer(t *testing.T) {
	t.Parallel()
	w := dialecttest.New(t, dialecttest.Options{Mount: mount, AcquirerTimeout: 300 * time.Millisecond})
	b := newBuyer(t, w, "init")
	bank := b.pay(approvedCard)
	if err := w.Bank.AddFault(simulator.Fault{Kind: simulator.FaultNoResponse, On: simulator.OnAuthorization, Count: 1}); err != nil {
		t.Fatal(err)
	}
	b.home(b.answer(bank, "code", "1234"))
	b.expectStatus("declinedTransaction")
	w.Clock.Advance(time.Hour)
	w.Sweep(t)
	if got := b.payment().State; got != pasarela.StateReversed {
		t.Errorf("payment is %s", got)
	}
	b.expectStatus("declinedTransaction")
}

// A process that died between promise and outcome leaves a payment that is reversed by itself. Until then the page
// waits, and refreshes by itself.
func TestDeathBetweenPromiseAndOutcome(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	b.pay(approvedCard)
	d, now := b.redirect(), b.world.Clock.Now()
	update(t, b, func(tx store.Tx) error {
		paid, err := d.Paid(d.Card, now)
		if err != nil {
			return err
		}
		token, err := tx.Token(d.Card)
		if err != nil {
			return err
		}
		p := pasarela.Payment{Merchant: d.Merchant, ID: d.Payment, Ticket: "123456789012345678", Kind: d.Kind, State: pasarela.StateAuthorizing,
			Amount: d.Total, Token: d.Card, Card: token.Card, Facts: token.Facts, Dialect: "kushki", Order: d.Order,
			Trace: pasarela.Trace{STAN: 999, RRN: "612415000999", SentAt: now}, DueAt: now.Add(time.Minute), CreatedAt: now, UpdatedAt: now}
		if err := tx.InsertPayment(p); err != nil {
			return err
		}
		return tx.PutRedirect(paid)
	})
	if s := b.look(); s.Header.Get("Refresh") == "" || !strings.Contains(s.html, "Estamos procesando") {
		t.Errorf("page shows %d %s", s.StatusCode, s.html)
	}
	b.expectStatus("initializedTransaction")
	b.world.Clock.Advance(2 * time.Minute)
	b.world.Sweep(t)
	b.home(b.look())
	b.expectStatus("declinedTransaction")
}

func update(t *testing.T, b *buyer, unit func(store.Tx) error) {
	t.Helper()
	if err := b.world.Gateway.Store.Update(t.Context(), b.world.Merchant("CL").ID, unit); err != nil {
		t.Fatal(err)
	}
}

// A process that died while it took the card leaves nothing to charge: the page waits as long as a bank may take,
// then sends the buyer back declined.
func TestDeathWhileTheCardWasTaken(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	update(t, b, func(tx store.Tx) error {
		d, err := b.redirect().Asked("0123456789abcdef0123456789abcdef", b.world.Clock.Now())
		if err != nil {
			return err
		}
		return tx.PutRedirect(d)
	})
	if s := b.look(); s.Header.Get("Refresh") == "" {
		t.Errorf("page shows %d %s", s.StatusCode, s.html)
	}
	b.expectStatus("initializedTransaction")
	b.world.Clock.Advance(pasarela.AuthenticationLife)
	b.home(b.look())
	b.expectStatus("declinedTransaction")
}

// A card that no bank of the bench knows, or a gateway without a 3-D Secure server, is charged without asking.
func TestCardsWithoutABankToAsk(t *testing.T) {
	t.Parallel()
	t.Run("unknown card", func(t *testing.T) {
		t.Parallel()
		b := newBuyer(t, newWorld(t), "init")
		b.home(b.pay("4000056655665556"))
		b.expectStatus("approvedTransaction")
	})
	t.Run("no server", func(t *testing.T) {
		t.Parallel()
		w := dialecttest.New(t, dialecttest.Options{Mount: func(w *dialecttest.World, mux *http.ServeMux) {
			kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest,
				CountryName: cards.CountryName, DescribeBIN: w.Cards.DescribeBIN, Profile: w.Cards.Profile,
				PublicURL: func() string { return dialecttest.PublicURL }}).Mount(mux)
		}})
		b := newBuyer(t, w, "init")
		if s := b.look(); strings.Contains(s.html, "1234") || strings.Contains(s.html, `role="note"`) {
			t.Errorf("outside a sandbox the page speaks of a simulator: %s", s.html)
		}
		b.home(b.pay(approvedCard))
		b.expectStatus("approvedTransaction")
	})
}

// Only looking at the headers of the page charges nobody.
func TestHeadChargesNobody(t *testing.T) {
	t.Parallel()
	b := newBuyer(t, newWorld(t), "init")
	b.pay(approvedCard)
	a, err := b.world.Gateway.TokenAuthentication(t.Context(), b.world.Merchant("CL").ID, b.redirect().Card)
	if err == nil {
		err = b.world.Gateway.CompleteAuthentication(t.Context(), a.Merchant, a.ID, pasarela.AuthenticationAnswer{State: pasarela.AuthenticationAuthenticated})
	}
	if err != nil {
		t.Fatal(err)
	}
	b.step(http.MethodHead, b.page, nil)
	if len(b.authorized()) != 0 {
		t.Error("HEAD charged the card")
	}
}

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
