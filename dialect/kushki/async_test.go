package kushki_test

import (
	"net/http"
	"net/url"
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

// A card that no bank of the bench knows, or a gateway without a 3-D Secure server, is charged without asking; not
// so where the merchant insists on being told who pays.
func TestCardsWithoutABankToAsk(t *testing.T) {
	t.Parallel()
	t.Run("unknown card", func(t *testing.T) {
		t.Parallel()
		b := newBuyer(t, newWorld(t), "init")
		b.home(b.pay("4000056655665556"))
		b.expectStatus("approvedTransaction")
	})
	t.Run("merchant with one-time passwords", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.AddMerchant(t, "CL", pasarela.Merchant{Name: "Con clave CL", Country: "CL", OTP: true,
			Kushki: pasarela.KushkiCredentials{PublicID: "cl-otp-public", PrivateID: "cl-otp-private"}})
		b := newBuyerOf(t, w, "cl-otp", "init")
		b.home(b.pay("4000056655665556"))
		b.expectStatus("declinedTransaction")
	})
	t.Run("merchant who insists", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.AddMerchant(t, "CL", pasarela.Merchant{Name: "Muy segura CL", Country: "CL", ThreeDS: pasarela.ThreeDSAlways,
			Kushki: pasarela.KushkiCredentials{PublicID: "cl-always-public", PrivateID: "cl-always-private"}})
		b := newBuyerOf(t, w, "cl-always", "init")
		b.home(b.pay("4000056655665556"))
		b.expectStatus("declinedTransaction")
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
