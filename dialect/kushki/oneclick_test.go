package kushki_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/dialect/dialecttest"
	"pasarela/store"
)

// inscriber is a buyer on the page of an inscription.
type inscriber struct {
	*buyer
	id pasarela.SubscriptionID
}

// newInscriber begins a subscription of 9990 pesos a month.
func newInscriber(t *testing.T, w *dialecttest.World) inscriber {
	t.Helper()
	b := &buyer{t: t, world: w, merchant: "cl"}
	b.token = b.call(http.MethodPost, "/subscriptions/v1/card-async/tokens", `{"currency":"CLP","email":"eva@example.com","callbackUrl":"`+shopURL+`"}`)["token"].(string)
	begun := b.call(http.MethodPost, "/subscriptions/v1/card-async/init", `{"token":"`+b.token+`","planName":"<b>Plan</b> CL","periodicity":"monthly",
		"contactDetails":{"email":"eva@example.com"},"amount":{"subtotalIva":0,"subtotalIva0":9990,"iva":0},"startDate":"2026-06-30","endDate":"2027-06-30"}`)
	id := begun["subscriptionId"].(string)
	b.page, b.back = begun["redirectUrl"].(string), shopURL+"?subscriptionId="+id
	return inscriber{b, pasarela.SubscriptionID(id)}
}

func (b inscriber) want(state pasarela.SubscriptionState) pasarela.Subscription {
	b.t.Helper()
	s, err := b.world.Gateway.Store.Subscription(b.t.Context(), b.world.Merchant("CL").ID, b.id)
	if err != nil {
		b.t.Fatal(err)
	}
	if s.State != state {
		b.t.Errorf("subscription is %s, want %s", s.State, state)
	}
	return s
}

// The page's address is the published one: the subscription's id and the merchant's run together, then the merchant's.
func TestTheInscriptionsAddressIsThePublishedOne(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	mid := string(b.world.Merchant("CL").ID)
	if want := dialecttest.PublicURL + "/subscriptions/v1/card-async/agent/?token=" + string(b.id) + mid + "&mid=" + mid; b.page != want {
		t.Errorf("page is at %s, want %s", b.page, want)
	}
}

// Every way in which a buyer can leave the page ends the subscription, and leads back to the shop.
func TestAnInscriptionComesToAnEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, card string
		state      pasarela.SubscriptionState
		walk       func(b inscriber, bank sight) sight
	}{
		{"approved", approvedCard, pasarela.SubscriptionActive, func(b inscriber, bank sight) sight { return b.answer(bank, "code", "1234") }},
		{"approved at the second attempt", approvedCard, pasarela.SubscriptionActive, func(b inscriber, bank sight) sight {
			return b.answer(b.answer(bank, "code", "1"), "code", "1234")
		}},
		{"declined by the issuer", refusedCard, pasarela.SubscriptionRejected, func(b inscriber, bank sight) sight { return b.answer(bank, "code", "1234") }},
		{"wrong code three times", approvedCard, pasarela.SubscriptionRejected, func(b inscriber, bank sight) sight {
			return b.answer(b.answer(b.answer(bank, "code", "9"), "code", "9"), "code", "9")
		}},
		{"cancelled at the bank", approvedCard, pasarela.SubscriptionRejected, func(b inscriber, bank sight) sight { return b.answer(bank, "cancel", "1") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newInscriber(t, newWorld(t))
			b.home(c.walk(b, b.pay(c.card)))
			s := b.want(c.state)
			if s.Card.Empty() != (c.state == pasarela.SubscriptionRejected) {
				t.Errorf("subscription is %s, and keeps no card: %t", s.State, s.Card.Empty())
			}
			if n := len(b.world.Bank.Authorizations(0, 0)); n != 0 {
				t.Errorf("the issuer holds %d amounts", n)
			}
		})
	}
}

// A buyer who gives up on the page goes back, and the page takes no card any more.
func TestAnInscriptionIsCancelled(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	b.home(b.answer(b.look(), "cancel", "1"))
	b.home(b.pay(approvedCard))
	b.want(pasarela.SubscriptionRejected)
}

// A link to the page serves for one card: others lead to where the first one stands.
func TestAnInscriptionTakesOneCard(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	bank := b.pay(approvedCard)
	if !strings.Contains(bank.html, "Confirm that it is you") {
		t.Errorf("the bank shows %s", bank.html)
	}
	for _, again := range []sight{b.look(), b.pay(refusedCard)} {
		if !strings.Contains(again.html, `name="code"`) {
			t.Errorf("the browser is not at the bank: %d %s %s", again.StatusCode, again.left, again.html)
		}
	}
	var all sync.WaitGroup
	all.Go(func() { b.step(http.MethodGet, b.page, nil) }) // looks while the bank is answered
	end := b.answer(bank, "code", "1234")
	all.Wait()
	if end.left == "" { // the other one had the card verified, and this one waits
		end = b.look()
	}
	b.home(end)
	b.home(b.pay(refusedCard))
	if s := b.want(pasarela.SubscriptionActive); s.Facts.LastFour != "6623" {
		t.Errorf("the card ends in %s", s.Facts.LastFour)
	}
}

// What was typed wrong is said next to its field and uses nothing up.
func TestAnInscriptionsFormIsCorrected(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	form := card(approvedCard[:15] + "0")
	s := b.walk(http.MethodPost, b.page, form)
	if s.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(s.html, `id="pan-error"`) || strings.Contains(s.html, approvedCard[:15]) {
		t.Errorf("page shows %d %s", s.StatusCode, s.html)
	}
	b.want(pasarela.SubscriptionPending)
	b.home(b.answer(b.pay(approvedCard), "code", "1234"))
}

// The page says what the buyer agrees to, in the reader's language, escaped, and keeps to itself.
func TestAnInscriptionsPageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	s := b.look()
	for _, want := range []string{`lang="es"`, "Merchant CL", "Inscribe tu tarjeta", "Ahora no se cobra nada", "&lt;b&gt;Plan&lt;/b&gt; CL", "9990", "cada mes", "30-06-2026", "30-06-2027",
		`role="note"`, `name="pan"`, `name="expiration_date"`, `name="cvv"`, `name="cardholder_name"`} {
		if !strings.Contains(s.html, want) {
			t.Errorf("page does not say %q: %s", want, s.html)
		}
	}
	for header, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Content-Security-Policy": "frame-ancestors 'none'"} {
		if got := s.Header.Get(header); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q in it", header, got, want)
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
}

// Of the address only what names the subscription counts; one that names none leads nowhere.
func TestAnInscriptionsLinkIsExact(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	pe := string(b.world.Merchant("PE").ID)
	cl := string(b.world.Merchant("CL").ID)
	base := dialecttest.PublicURL + "/subscriptions/v1/card-async/agent/"
	for _, query := range []string{"", "?token=" + string(b.id), "?token=" + string(b.id) + cl, "?mid=" + cl, "?token=" + string(b.id) + pe + "&mid=" + pe,
		"?token=" + string(b.id) + cl + "&mid=" + pe, "?token=" + cl + "&mid=" + cl, "?token=1700000000123000" + cl + "&mid=" + cl, "?token=" + string(b.id) + "x&mid=x"} {
		if s := b.step(http.MethodGet, base+query, nil); s.StatusCode != http.StatusNotFound {
			t.Errorf("%q is answered %d", query, s.StatusCode)
		}
	}
	if s := b.step(http.MethodGet, dialecttest.PublicURL+"/card-async/v1/agent/"+b.token+"?merchantId=cl-public", nil); s.StatusCode != http.StatusNotFound {
		t.Errorf("the page of payments is answered %d for an inscription", s.StatusCode)
	}
	if s := b.walk(http.MethodGet, b.page+"&success=true&callbackUrl=https://evil.example", nil); !strings.Contains(s.html, `name="pan"`) {
		t.Errorf("page shows %d %s", s.StatusCode, s.html)
	}
}

// A page that is opened after half an hour says so, and takes no card; so it does after the sweep.
func TestAnInscriptionsPageExpires(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	b.world.Clock.Advance(pasarela.TokenLife)
	gone := func() {
		t.Helper()
		for _, s := range []sight{b.look(), b.pay(approvedCard)} {
			if s.StatusCode != http.StatusGone || !strings.Contains(s.html, "Esta inscripción expiró") || !strings.Contains(s.html, `href="`+b.back) {
				t.Errorf("page shows %d %s", s.StatusCode, s.html)
			}
		}
	}
	gone()
	b.want(pasarela.SubscriptionPending)
	b.world.Sweep(t)
	b.want(pasarela.SubscriptionRejected)
	gone()
}

// A buyer who lets the bank's page run out goes back without a subscription.
func TestAnInscriptionsBankRunsOut(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	b.pay(approvedCard)
	b.world.Clock.Advance(pasarela.AuthenticationLife)
	b.home(b.look())
	b.want(pasarela.SubscriptionRejected)
}

// A merchant who cancels the subscription meanwhile has the buyer back, whose card is not taken.
func TestACancelledInscriptionLeadsBack(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	bank := b.pay(approvedCard)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, dialecttest.PublicURL+"/subscriptions/v1/card/"+string(b.id), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Private-Merchant-Id", "cl-private")
	answer, err := b.world.Browser().Do(r)
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatalf("cancelling is answered %v (%v)", answer, err)
	}
	b.home(b.answer(bank, "code", "1234"))
	if s := b.want(pasarela.SubscriptionCancelled); !s.Card.Empty() {
		t.Error("a cancelled subscription keeps a card")
	}
}

// A process that died between promise and outcome leaves a subscription that is rejected by itself. Until then the page
// waits, and refreshes by itself.
func TestDeathWhileACardIsVerified(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	b.pay(approvedCard)
	now := b.world.Clock.Now()
	update(t, b.buyer, func(tx store.Tx) error {
		d, err := tx.Redirect(pasarela.TokenID(b.token))
		if err != nil {
			return err
		}
		token, err := tx.Token(d.Card)
		if err != nil {
			return err
		}
		if d, err = d.Paid(d.Card, now); err != nil {
			return err
		}
		s, err := tx.Subscription(b.id)
		if err != nil {
			return err
		}
		if s, err = s.Inscribed(token, now.Add(time.Minute), now); err != nil {
			return err
		}
		if err := tx.PutSubscription(s); err != nil {
			return err
		}
		return tx.PutRedirect(d)
	})
	if s := b.look(); s.Header.Get("Refresh") == "" || !strings.Contains(s.html, "Estamos inscribiendo") {
		t.Errorf("page shows %d %s", s.StatusCode, s.html)
	}
	b.world.Clock.Advance(2 * time.Minute)
	b.world.Sweep(t)
	b.home(b.look())
	b.want(pasarela.SubscriptionRejected)
}

// A process that died while it took the card leaves nothing to verify: the page waits as long as a bank may take, then
// sends the buyer back.
func TestDeathWhileACardIsInscribed(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	update(t, b.buyer, func(tx store.Tx) error {
		d, err := b.redirect().Asked("0123456789abcdef0123456789abcdef", b.world.Clock.Now())
		if err != nil {
			return err
		}
		return tx.PutRedirect(d)
	})
	if s := b.look(); s.Header.Get("Refresh") == "" {
		t.Errorf("page shows %d %s", s.StatusCode, s.html)
	}
	b.world.Clock.Advance(pasarela.AuthenticationLife)
	b.home(b.look())
	b.want(pasarela.SubscriptionRejected)
}

// Only looking at the headers of the page has no card verified.
func TestHeadVerifiesNoCard(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	b.pay(approvedCard)
	a, err := b.world.Gateway.TokenAuthentication(t.Context(), b.world.Merchant("CL").ID, b.redirect().Card)
	if err == nil {
		err = b.world.Gateway.CompleteAuthentication(t.Context(), a.Merchant, a.ID, pasarela.AuthenticationAnswer{State: pasarela.AuthenticationAuthenticated})
	}
	if err != nil {
		t.Fatal(err)
	}
	b.step(http.MethodHead, b.page, nil)
	b.want(pasarela.SubscriptionPending)
}

// A change of the plan keeps what makes the card a OneClick one: its holds stay seven days long.
func TestAChangedPlanStaysInscribed(t *testing.T) {
	t.Parallel()
	b := newInscriber(t, newWorld(t))
	b.home(b.answer(b.pay(approvedCard), "code", "1234"))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, dialecttest.PublicURL+"/subscriptions/v1/card/"+string(b.id),
		strings.NewReader(`{"planName":"Otro plan","metadata":{"a":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Private-Merchant-Id", "cl-private")
	answer, err := b.world.Browser().Do(r)
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatalf("the change is answered %v (%v)", answer, err)
	}
	b.home(b.look())
	held := b.call(http.MethodPost, "/subscriptions/v1/card-async/preAuthorization", `{"subscriptionId":"`+string(b.id)+`","amount":{"subtotalIva":0,"subtotalIva0":10000,"iva":0}}`)
	b.reference = pasarela.PaymentID(held["transactionReference"].(string))
	if p := b.payment(); p.State != pasarela.StateAuthorized || p.ExpiresAt.Sub(p.CreatedAt) != 7*24*time.Hour {
		t.Errorf("payment is %s and held until %s, made at %s", p.State, p.ExpiresAt, p.CreatedAt)
	}
	page, err := url.Parse(held["redirectUrl"].(string))
	if err != nil || !strings.HasPrefix(page.Path, "/card-async/v1/agent/") {
		t.Errorf("the hold leads to %s (%v)", page, err)
	}
}
