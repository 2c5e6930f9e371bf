package gateway_test

import (
	"slices"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/vault"
	"pasarela/gateway"
)

// device is a token that the holder's device asked for.
func (r *rig) device(id pasarela.SubscriptionID, total pasarela.Money, cvv string) (pasarela.Token, error) {
	r.t.Helper()
	q := gateway.TokenizeRequest{Use: pasarela.UseCharge, Subscription: id, Total: total,
		Challenge: gateway.Challenge{Mode: pasarela.ChallengeScript, OTP: gateway.OTP{Amount: usd(155), Code: "155"}}}
	if cvv != "" {
		parsed, err := vault.ParseCVV(cvv)
		r.must(err)
		q.Card.CVV = parsed
	}
	t, _, err := r.gateway.Tokenize(r.t.Context(), r.merchant, q)
	return t, err
}

// A device's token serves one charge of its subscription with the card that it was made for; the CVV goes with it, once.
func TestADevicesTokenServesItsCard(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id, other := r.subscribe(nil), r.subscribe(nil)
		token, err := r.device(id, usd(500), "123")
		r.must(err)
		stored, err := r.store.Token(t.Context(), r.merchant.ID, token.ID)
		r.must(err)
		if !stored.Card.Empty() || stored.CVV.Empty() || stored.Subscription != id || stored.Facts.LastFour != creditCard[12:] {
			t.Fatalf("token keeps a card: %t, a CVV: %t; of %q, ends in %s", !stored.Card.Empty(), !stored.CVV.Empty(), stored.Subscription, stored.Facts.LastFour)
		}
		_, err = r.onDemand(other, token.ID, 500)
		r.wantCode(err, pasarela.CodeTokenSpent)
		_, err = r.chargeToken(token.ID)
		r.wantCode(err, pasarela.CodeTokenSpent)
		p, err := r.onDemand(id, token.ID, 500)
		r.must(err)
		if p.State != pasarela.StateCaptured || p.Subscription != id || p.Token != token.ID {
			t.Fatalf("payment is %s, of subscription %s by token %s", p.State, p.Subscription, p.Token)
		}
		if stored, err = r.store.Token(t.Context(), r.merchant.ID, token.ID); err != nil || !stored.CVV.Empty() {
			t.Fatalf("after its use the token keeps its CVV: %v", err)
		}
		_, _, err = r.gateway.Refund(t.Context(), r.merchant, about(p, 0)) // its messages open the subscription's card
		r.must(err)
		_, err = r.onDemand(id, token.ID, 500)
		r.wantCode(err, pasarela.CodeTokenSpent)

		token, err = r.device(id, usd(500), "")
		r.must(err)
		_, err = r.onDemand(id, token.ID, 501)
		r.wantCode(err, pasarela.CodeAmountMismatch)
		_, err = r.onDemand(id, token.ID, 500)
		r.wantCode(err, pasarela.CodeTokenSpent)

		token, err = r.device(id, usd(500), "")
		r.must(err)
		_, err = r.replace(id, debitCard)
		r.must(err)
		_, err = r.onDemand(id, token.ID, 500)
		r.wantCode(err, pasarela.CodeTokenSpent)
		_, err = r.onDemand(id, r.token(creditCard, pasarela.UseCharge, usd(500)), 500)
		r.wantCode(err, pasarela.CodeTokenSpent)
		r.wantAgreement()
	})
}

// What is demanded of a new card is demanded of one to be stored, and of a stored one that its holder's device charges.
// A refusal spends the token, and nothing goes to the network.
func TestStoredCardsRestOnTheirHoldersProof(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		plain := r.subscribe(nil)
		for _, c := range []struct {
			name string
			says pasarela.AuthenticationAnswer
			code pasarela.Code
		}{
			{"proven", proven, ""},
			{"rejected", rejected, pasarela.CodeAuthenticationFailed},
			{"never answered", challenge, pasarela.CodeAuthenticationRequired},
		} {
			r.secured(pasarela.ThreeDSOn, c.says)
			sent := &terms{}
			r.rebuild(func(conf *gateway.Config) { conf.Acquirer = listening{r.link, sent} })
			for verb, do := range map[string]func() error{
				"subscribe": func() error {
					_, _, err := r.gateway.Subscribe(t.Context(), r.merchant, gateway.SubscribeRequest{Amount: usd(0), StartDate: "2031-01-01",
						Periodicity: pasarela.Custom, Token: r.token(creditCard, pasarela.UseSubscription, usd(0))})
					return err
				},
				"replace": func() error { _, err := r.replace(plain, creditCard); return err },
				"charge": func() error {
					token, err := r.device(plain, usd(500), "")
					r.must(err)
					_, err = r.onDemand(plain, token.ID, 500)
					return err
				},
			} {
				sent.Store(nil)
				err := do()
				if pasarela.CodeOf(err) != c.code && (err != nil || c.code != "") {
					t.Errorf("%s, %s: %v", c.name, verb, err)
				}
				if was := sent.Load(); (was != nil) != (c.code == "") || was != nil && was.Secure.ECI != proof.ECI {
					t.Errorf("%s, %s: sent with %+v", c.name, verb, was)
				}
			}
		}
		p, err := r.onDemand(plain, "", 500) // the merchant's to ask for
		r.must(err)
		if p.State != pasarela.StateCaptured {
			t.Errorf("without a token it is %s", p.State)
		}
	})
}

// The one-time password of a stored card is held on that card, and given back.
func TestAStoredCardsOneTimePassword(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.merchant.OTP = true
		token, err := r.device(id, usd(500), "")
		r.must(err)
		_, err = r.onDemand(id, token.ID, 500)
		r.wantCode(err, pasarela.CodeOTPRequired)
		token, err = r.device(id, usd(500), "")
		r.must(err)
		_, err = r.gateway.Confirm(t.Context(), r.merchant, token.Authentication, "155")
		r.must(err)
		p, err := r.onDemand(id, token.ID, 500)
		r.must(err)
		if p.State != pasarela.StateCaptured || p.Authentication != token.Authentication {
			t.Fatalf("payment is %s, and rests on %q", p.State, p.Authentication)
		}
		r.runDue(time.Hour)
		held := r.bank.Authorizations(0, 0)
		released := slices.ContainsFunc(held, func(a simulator.Authorization) bool {
			return a.AmountMinor == 155 && a.State == simulator.StateReleased
		})
		if !released {
			t.Errorf("issuer's books: %+v, want the password's hold released", held)
		}
		r.wantAgreement()
	})
}
