package gateway_test

import (
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/vault"
	"pasarela/gateway"
)

// page is one inscription: the redirect that was requested for it, and its subscription.
type page struct {
	*rig
	redirect     pasarela.TokenID
	subscription pasarela.SubscriptionID
	mandated     bool // the card's bank is to be asked
}

// inscription begins one.
func (r *rig) inscription() page {
	r.t.Helper()
	d, err := r.gateway.RequestRedirect(r.t.Context(), r.merchant, pasarela.Redirect{Kind: pasarela.KindInscription,
		Total: usd(0), ReturnURL: "https://shop.example/back"}, gateway.RedirectAnswer{})
	r.must(err)
	s, err := r.gateway.BeginInscription(r.t.Context(), r.merchant, inscribes(d.ID))
	r.must(err)
	return page{rig: r, redirect: d.ID, subscription: s.ID}
}

func inscribes(d pasarela.TokenID) gateway.SubscribeRequest {
	return gateway.SubscribeRequest{Token: d, Plan: "gold", Periodicity: pasarela.Monthly, Amount: usd(999), StartDate: "2030-01-31", Dialect: "kushki", Order: []byte("{}")}
}

// send takes a card for the page.
func (p page) send(card string) (pasarela.Token, error) {
	p.t.Helper()
	number, err := vault.ParseNumber(card)
	p.must(err)
	cvv, err := vault.ParseCVV("123")
	p.must(err)
	t, _, err := p.gateway.Tokenize(p.t.Context(), p.merchant, gateway.TokenizeRequest{Use: pasarela.UseSubscription, Total: usd(0),
		Card: vault.Card{Number: number, CVV: cvv, Expiry: "4912"}, NeedsCVV: true, Redirect: p.redirect,
		Challenge: gateway.Challenge{Mode: pasarela.ChallengeURL, ReturnURL: "https://gateway.example/page", Mandated: p.mandated}})
	return t, err
}

func (p page) inscribe() (pasarela.Subscription, error) {
	return p.gateway.Inscribe(p.t.Context(), p.merchant, p.redirect, p.subscription)
}

// want requires where the subscription stands. One that is over keeps no card.
func (p page) want(state pasarela.SubscriptionState) pasarela.Subscription {
	p.t.Helper()
	s, err := p.store.Subscription(p.t.Context(), p.merchant.ID, p.subscription)
	p.must(err)
	if s.State != state {
		p.t.Fatalf("subscription is %s, want %s", s.State, state)
	}
	if carded := state == pasarela.SubscriptionVerifying || state == pasarela.SubscriptionActive; carded == s.Card.Empty() {
		p.t.Fatalf("subscription is %s, and its card is there: %t", state, !s.Card.Empty())
	}
	return s
}

// chargeable says whether the subscription can be charged.
func (p page) chargeable() error {
	_, err := p.gateway.Authorize(p.t.Context(), p.merchant, gateway.AuthorizeRequest{Kind: pasarela.KindSale, Subscription: p.subscription,
		Amount: usd(999), Dialect: "kushki", Order: []byte("{}"), Answer: chargeAnswer})
	return err
}

// A subscription whose buyer gives the card on a page is pending until then, and charges nobody. One card serves, once;
// its issuer is asked for nothing but whether the account is good; and the schedule begins.
func TestACardIsInscribedOnAPage(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.inscription()
		r.wantCode(p.chargeable(), pasarela.CodeNotFound)
		_, err := p.inscribe()
		r.wantCode(err, pasarela.CodeTokenSpent) // no card was sent
		p.want(pasarela.SubscriptionPending)
		_, err = p.send(creditCard)
		r.must(err)
		_, err = p.send(debitCard)
		r.wantCode(err, pasarela.CodeTokenSpent)
		s, err := p.inscribe()
		r.must(err)
		if s.State != pasarela.SubscriptionActive || s.Facts.LastFour != "5480" || s.NextPeriod != "2030-01-31" || s.DueAt.IsZero() {
			t.Fatalf("subscription is %s with the card %s, next charged %s, due at %s", s.State, s.Facts.LastFour, s.NextPeriod, s.DueAt)
		}
		_, err = p.inscribe()
		r.wantCode(err, pasarela.CodeTokenSpent)
		if n := len(r.bank.Authorizations(0, 0)); n != 0 {
			t.Fatalf("the issuer holds %d amounts", n)
		}
		r.must(p.chargeable())
		r.wantAgreement()
	})
}

// What is not approved stores no card: the issuer's no, its silence, a cardholder who was not proven, a buyer who gave up.
func TestAnInscriptionThatFailsStoresNoCard(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			name   string
			card   string
			spoilt func(p page)
		}{
			{"declined", brokeCard, func(page) {}},
			{"silence", creditCard, func(page) { r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1) }},
			{"unreachable", creditCard, func(page) { r.fault(simulator.FaultRefuseConnection, simulator.OnAuthorization, 1) }},
		} {
			p := r.inscription()
			_, err := p.send(c.card)
			r.must(err)
			c.spoilt(p)
			_, err = p.inscribe()
			r.must(err)
			p.want(pasarela.SubscriptionRejected)
			r.wantCode(p.chargeable(), pasarela.CodeNotFound)
		}
		gone := r.inscription()
		_, err := r.gateway.CancelInscription(t.Context(), r.merchant, gone.redirect, gone.subscription)
		r.must(err)
		gone.want(pasarela.SubscriptionRejected)
		_, err = gone.send(creditCard)
		r.wantCode(err, pasarela.CodeTokenSpent)
		r.wantAgreement()
	})
}

// A cardholder who was asked and is not proven ends the inscription before the issuer is asked about the account.
func TestAnUnprovenHolderStoresNoCard(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		sent := &terms{}
		for name, c := range map[string]struct {
			says pasarela.AuthenticationAnswer
			ends pasarela.SubscriptionState
		}{
			"proven":         {proven, pasarela.SubscriptionActive},
			"rejected":       {rejected, pasarela.SubscriptionRejected},
			"never answered": {challenge, pasarela.SubscriptionRejected},
		} {
			r.secured(pasarela.ThreeDSOff, c.says)
			r.rebuild(func(o *gateway.Config) { o.Acquirer = listening{o.Acquirer, sent} })
			sent.Store(nil)
			p := r.inscription()
			p.mandated = true
			_, err := p.send(creditCard)
			r.must(err)
			_, err = p.inscribe()
			r.must(err)
			p.want(c.ends)
			if asked := sent.Load(); (asked != nil) != (c.ends == pasarela.SubscriptionActive) || asked != nil && asked.Secure != proof {
				t.Errorf("%s: the issuer was asked with %+v", name, asked)
			}
		}
	})
}

// The page lives for half an hour. Then the subscription is rejected, and not before: neither by a sweep nor by the
// recovery of a process that starts in the meantime.
func TestAPageThatNobodyUsesRunsOut(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		untouched, carded := r.inscription(), r.inscription()
		_, err := carded.send(creditCard)
		r.must(err)
		r.clock.jump(pasarela.TokenLife - 2*time.Second)
		r.restart() // a second later
		untouched.rig, carded.rig = r, r
		r.runDue(0)
		untouched.want(pasarela.SubscriptionPending)
		carded.want(pasarela.SubscriptionPending)
		r.runDue(time.Second)
		untouched.want(pasarela.SubscriptionRejected)
		carded.want(pasarela.SubscriptionRejected)
		_, err = carded.inscribe()
		r.wantCode(err, pasarela.CodeTokenExpired)
	})
}

// A process that dies at any step of an inscription leaves what the next one can go on with, or reject.
func TestAnInscriptionSurvivesACrash(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			name  string
			units int64 // that are committed before the process dies
			left  pasarela.SubscriptionState
			then  pasarela.SubscriptionState // once the buyer has looked at the page again
		}{
			{"before the card was spent", 0, pasarela.SubscriptionPending, pasarela.SubscriptionActive},
			{"before the outcome was stored", 1, pasarela.SubscriptionVerifying, pasarela.SubscriptionRejected},
		} {
			p := r.inscription()
			_, err := p.send(creditCard)
			r.must(err)
			disk := r.breakable()
			disk.after.Store(c.units)
			_, err = p.inscribe()
			r.wantCode(err, pasarela.CodeInternal)
			p.want(c.left)
			r.restart()
			_, err = p.inscribe()
			if c.then == pasarela.SubscriptionRejected {
				r.wantCode(err, pasarela.CodeTokenSpent)
			} else {
				r.must(err)
			}
			p.want(c.then)
		}
		r.wantAgreement()
	})
}

// Of browsers that come back from the bank at once, one has the card verified.
func TestACardIsVerifiedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.inscription()
		_, err := p.send(creditCard)
		r.must(err)
		var all sync.WaitGroup
		var mu sync.Mutex
		active := 0
		for range 8 {
			all.Go(func() {
				s, err := p.inscribe()
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && s.State == pasarela.SubscriptionActive:
					active++
				case pasarela.CodeOf(err) != pasarela.CodeBusy && pasarela.CodeOf(err) != pasarela.CodeTokenSpent:
					t.Errorf("an inscription ends %s with %v", s.State, err)
				}
			})
		}
		all.Wait()
		if active != 1 {
			t.Errorf("%d inscriptions had the card verified, want 1", active)
		}
		p.want(pasarela.SubscriptionActive)
	})
}

// A redirect serves for what it was requested for, in its currency, and once.
func TestARedirectServesItsOwnUse(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		request := func(d pasarela.Redirect) pasarela.TokenID {
			t.Helper()
			made, err := r.gateway.RequestRedirect(t.Context(), r.merchant, d, gateway.RedirectAnswer{})
			r.must(err)
			return made.ID
		}
		begin := func(d pasarela.TokenID) error {
			_, err := r.gateway.BeginInscription(t.Context(), r.merchant, inscribes(d))
			return err
		}
		r.wantCode(begin(request(pasarela.Redirect{Total: usd(999)})), pasarela.CodeTokenSpent)
		card := request(pasarela.Redirect{Kind: pasarela.KindInscription, Total: usd(0)})
		_, err := r.gateway.InitializeRedirect(t.Context(), r.merchant, card, pasarela.KindSale, usd(0), nil, gateway.RedirectAnswer{})
		r.wantCode(err, pasarela.CodeTokenSpent)
		r.wantCode(begin("unknown"), pasarela.CodeTokenSpent)
		r.must(begin(card))
		r.wantCode(begin(card), pasarela.CodeTokenSpent)
		late := request(pasarela.Redirect{Kind: pasarela.KindInscription, Total: usd(0)})
		r.clock.jump(pasarela.TokenLife)
		r.wantCode(begin(late), pasarela.CodeTokenExpired)
	})
}

// A subscription that the merchant cancels while its page is open takes no card, and asks no issuer.
func TestACancelledSubscriptionTakesNoCard(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.inscription()
		_, err := p.send(creditCard)
		r.must(err)
		_, err = r.gateway.Cancel(t.Context(), r.merchant, p.subscription)
		r.must(err)
		_, err = p.inscribe()
		r.wantCode(err, pasarela.CodeWrongState)
		_, err = r.gateway.CancelInscription(t.Context(), r.merchant, p.redirect, p.subscription)
		r.must(err)
		p.want(pasarela.SubscriptionCancelled)
	})
}

// A payment by a stored card that is to be told of has its status from the unit on that promised it.
func TestAHoldOnAStoredCardIsToldOf(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.inscription()
		_, err := p.send(creditCard)
		r.must(err)
		_, err = p.inscribe()
		r.must(err)
		told := pasarela.Redirect{ID: "0123456789abcdef0123456789abcdef", ReturnURL: "https://shop.example/back"}
		held, err := r.gateway.Authorize(t.Context(), r.merchant, gateway.AuthorizeRequest{Kind: pasarela.KindAuthorization, Subscription: p.subscription,
			Told: &told, HoldFor: time.Hour, Amount: usd(100), Dialect: "kushki", Order: []byte("{}"), Answer: chargeAnswer})
		r.must(err)
		d, payment, err := r.gateway.Redirect(t.Context(), r.merchant.ID, told.ID)
		r.must(err)
		if d.State != pasarela.RedirectPaid || d.Total != usd(100) || d.ReturnURL != told.ReturnURL || payment.ID != held.ID || payment.ExpiresAt.Sub(payment.CreatedAt) != time.Hour {
			t.Errorf("status tells %+v of payment %s, want %s", d, payment.ID, held.ID)
		}
	})
}

// A disabled merchant stores no card: not one either that was sent while it was not.
func TestADisabledMerchantInscribesNoCard(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.inscription()
		_, err := p.send(creditCard)
		r.must(err)
		r.disable(true)
		_, err = p.inscribe()
		r.wantCode(err, pasarela.CodeMerchantDisabled)
		p.want(pasarela.SubscriptionPending)
		r.disable(false)
		_, err = p.inscribe()
		r.must(err)
		p.want(pasarela.SubscriptionActive)
	})
}
