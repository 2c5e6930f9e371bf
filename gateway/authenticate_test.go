package gateway_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/threeds"
	"pasarela/cde/vault"
	"pasarela/gateway"
)

// issuerSays is a 3-D Secure server whose directory server answers as told, and takes every card for enrolled.
type issuerSays pasarela.AuthenticationAnswer

func (issuerSays) Enrolled(vault.Number) bool { return true }

func (i issuerSays) Authenticate(context.Context, threeds.Request) pasarela.AuthenticationAnswer {
	return pasarela.AuthenticationAnswer(i)
}

func (issuerSays) Answer(context.Context, pasarela.Authentication, string) error { return nil }

var (
	proof     = pasarela.Secure{ECI: "02", Value: "AAABCZIhcQAAAABZlyFxAAAAAAA=", Version: "2.2.0", DirectoryServerID: "5b2f7a10-6c0e-4f0d-9d0a-2f4f1c8e7b31"}
	proven    = pasarela.AuthenticationAnswer{State: pasarela.AuthenticationAuthenticated, Secure: proof}
	challenge = pasarela.AuthenticationAnswer{State: pasarela.AuthenticationPending, ACSURL: "https://acs.example", ACSID: "2d9a6d30-2f4d-4c1b-8c0f-7e0b54d1a9c3",
		Secure: pasarela.Secure{Version: "2.2.0", DirectoryServerID: proof.DirectoryServerID}}
	rejected = pasarela.AuthenticationAnswer{State: pasarela.AuthenticationFailed, Reason: pasarela.ReasonRejected}
)

// secured gives the rig's merchant 3-D Secure, and an issuer that says what it is told.
func (r *rig) secured(mode pasarela.ThreeDSMode, says pasarela.AuthenticationAnswer) {
	r.merchant.ThreeDS = mode
	r.rebuild(func(c *gateway.Config) { c.Authenticator = issuerSays(says) })
}

func (r *rig) tokenize(change func(*gateway.TokenizeRequest)) (pasarela.Token, pasarela.Authentication) {
	r.t.Helper()
	number, err := vault.ParseNumber(creditCard)
	r.must(err)
	q := gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: usd(100), Card: vault.Card{Number: number, Expiry: "4912"},
		Challenge: gateway.Challenge{Mode: pasarela.ChallengeURL, ReturnURL: "https://shop.example/back"}}
	if change != nil {
		change(&q)
	}
	t, a, err := r.gateway.Tokenize(r.t.Context(), r.merchant, q)
	r.must(err)
	return t, a
}

func (r *rig) chargeToken(t pasarela.TokenID) (pasarela.Payment, error) {
	return r.gateway.Authorize(r.t.Context(), r.merchant, r.chargeOf(t, pasarela.KindSale, 100))
}

// What the issuer said when the token was requested decides when it is charged; a refusal spends the token and
// nothing goes to the network.
func TestAuthenticationDecidesAtTheCharge(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		sent := &terms{}
		for _, c := range []struct {
			name string
			mode pasarela.ThreeDSMode
			says pasarela.AuthenticationAnswer
			ask  func(*gateway.TokenizeRequest)
			code pasarela.Code
			eci  string
		}{
			{"proven", pasarela.ThreeDSOn, proven, nil, "", "02"},
			{"rejected", pasarela.ThreeDSOn, rejected, nil, pasarela.CodeAuthenticationFailed, ""},
			{"never answered", pasarela.ThreeDSOn, challenge, nil, pasarela.CodeAuthenticationRequired, ""},
			{"no way to ask", pasarela.ThreeDSOn, challenge, func(q *gateway.TokenizeRequest) { q.Challenge = gateway.Challenge{} }, pasarela.CodeAuthenticationRequired, ""},
			{"merchant does not ask", pasarela.ThreeDSOff, rejected, nil, "", ""},
			{"merchant-initiated", pasarela.ThreeDSAlways, rejected, func(q *gateway.TokenizeRequest) { q.Recurrence = pasarela.RecurrenceSubsequent }, pasarela.CodeRecurrence, ""},
		} {
			r.secured(c.mode, c.says)
			r.rebuild(func(conf *gateway.Config) { conf.Acquirer = listening{r.link, sent} })
			token, a := r.tokenize(c.ask)
			if stored, err := r.gateway.TokenAuthentication(t.Context(), r.merchant.ID, token.ID); err == nil && stored.State != a.State {
				t.Errorf("%s: stored as %s, told as %s", c.name, stored.State, a.State)
			}
			sent.Store(nil)
			p, err := r.chargeToken(token.ID)
			if pasarela.CodeOf(err) != c.code && (err != nil || c.code != "") {
				t.Errorf("%s: charged with %v", c.name, err)
			}
			switch was := sent.Load(); {
			case c.code != "" && was != nil:
				t.Errorf("%s: went to the network", c.name)
			case c.code == "" && (was == nil || was.Secure.ECI != c.eci || p.State != pasarela.StateCaptured):
				t.Errorf("%s: sent with %+v, payment %s", c.name, was, p.State)
			}
			_, err = r.chargeToken(token.ID)
			r.wantCode(err, pasarela.CodeTokenSpent)
		}
	})
}

// terms are those of the last message sent.
type terms struct{ atomic.Pointer[pasarela.Terms] }

// listening is an acquirer that keeps the terms of what is sent.
type listening struct {
	gateway.Acquirer
	heard *terms
}

func (l listening) Send(ctx context.Context, q pasarela.NetworkRequest) pasarela.NetworkAnswer {
	l.heard.Store(&q.Terms)
	return l.Acquirer.Send(ctx, q)
}

// A result counts once, for its own transaction, and while the challenge stands; its proof is handed out once.
func TestResultsOfAChallenge(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.secured(pasarela.ThreeDSOn, challenge)
		complete := func(a pasarela.Authentication, answer pasarela.AuthenticationAnswer) error {
			return r.gateway.CompleteAuthentication(t.Context(), r.merchant.ID, a.ID, answer)
		}
		token, a := r.tokenize(nil)
		visa := proven
		visa.Secure.ECI = "05"
		misfit, m := r.tokenize(nil)
		r.must(complete(m, visa)) // recorded as what it is: no proof for a Mastercard
		_, err := r.chargeToken(misfit.ID)
		r.wantCode(err, pasarela.CodeAuthenticationFailed)
		foreign := proven
		foreign.ACSID = "00000000-2f4d-4c1b-8c0f-7e0b54d1a9c3"
		r.wantCode(complete(a, foreign), pasarela.CodeInvalid)
		r.wantCode(complete(a, challenge), pasarela.CodeInvalid)
		r.must(complete(a, proven))
		r.must(complete(a, proven)) // repeated
		r.wantCode(complete(a, rejected), pasarela.CodeWrongState)
		_, err = r.chargeToken(token.ID)
		r.must(err)
		if a, err = r.store.Authentication(t.Context(), r.merchant.ID, a.ID); err != nil || a.Secure.Value != "" || a.Secure.ECI != "02" {
			t.Errorf("after the charge the proof is %+v %v", a.Secure, err)
		}

		late, b := r.tokenize(nil)
		r.clock.jump(pasarela.AuthenticationLife)
		r.wantCode(complete(b, proven), pasarela.CodeWrongState)
		_, err = r.chargeToken(late.ID)
		r.wantCode(err, pasarela.CodeAuthenticationFailed)

		abandoned, d := r.tokenize(nil)
		d, err = r.gateway.AbandonAuthentication(t.Context(), r.merchant.ID, d.ID)
		r.must(err)
		if d.State != pasarela.AuthenticationFailed || d.Reason != pasarela.ReasonAbandoned {
			t.Errorf("abandoned it is %s, %s", d.State, d.Reason)
		}
		r.wantCode(complete(d, proven), pasarela.CodeWrongState)
		_, err = r.chargeToken(abandoned.ID)
		r.wantCode(err, pasarela.CodeAuthenticationFailed)
		err = r.gateway.CompleteAuthentication(t.Context(), "20000000000000000001", a.ID, proven)
		r.wantCode(err, pasarela.CodeNotFound) // another merchant's
	})
}

// A one-time password is guessed three times at most, by however many at once; its hold is given back.
func TestOneTimePasswords(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.merchant.OTP = true
		ask := func(q *gateway.TokenizeRequest) {
			q.Challenge.OTP = gateway.OTP{Amount: usd(155), Code: "155"}
		}
		confirm := func(a pasarela.Authentication, code string) error {
			_, err := r.gateway.Confirm(t.Context(), r.merchant, a.ID, code)
			return err
		}
		token, a := r.tokenize(ask)
		r.wantCode(confirm(a, "154"), pasarela.CodeWrongCode)
		r.must(confirm(a, "155"))
		_, err := r.chargeToken(token.ID)
		r.must(err)

		guessed, b := r.tokenize(ask)
		var wrong atomic.Int64
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if pasarela.CodeOf(confirm(b, "000")) == pasarela.CodeWrongCode {
					wrong.Add(1)
				}
			})
		}
		all.Wait()
		if wrong.Load() != pasarela.AuthenticationAttempts {
			t.Errorf("%d guesses were compared", wrong.Load())
		}
		r.wantCode(confirm(b, "155"), pasarela.CodeAttemptsExceeded)
		_, err = r.chargeToken(guessed.ID)
		r.wantCode(err, pasarela.CodeOTPRequired)

		_, expired := r.tokenize(ask)
		r.runDue(pasarela.AuthenticationLife + time.Second)
		r.wantCode(confirm(expired, "155"), pasarela.CodeAttemptsExceeded)
		r.settle()
		for _, hold := range []pasarela.Authentication{a, b, expired} {
			p, err := r.store.Payment(t.Context(), r.merchant.ID, hold.Payment)
			r.must(err)
			if p.State != pasarela.StateExpired {
				t.Errorf("hold of a password is %s", p.State)
			}
			r.wantIssuer(p, simulator.StateReleased, 0, 0)
		}
		r.wantAgreement()
	})
}

// An exemption has to be proven: a network token by its cryptogram, a later payment by the first one of its card.
func TestExemptionsAreNotForTheAsking(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.secured(pasarela.ThreeDSOn, rejected)
		wallet := func(cryptogram string) func(*gateway.TokenizeRequest) {
			return func(q *gateway.TokenizeRequest) { q.NetworkToken, q.Card.Cryptogram = true, cryptogram }
		}
		bare, _ := r.tokenize(wallet(""))
		_, err := r.chargeToken(bare.ID)
		r.wantCode(err, pasarela.CodeAuthenticationFailed)
		proven, _ := r.tokenize(wallet("AgAAAAAABk4DWZ4C28yUQAAAAAA="))
		_, err = r.chargeToken(proven.ID)
		r.must(err)

		r.merchant.ThreeDS = pasarela.ThreeDSOff
		token := r.token(debitCard, pasarela.UseCharge, usd(100))
		first := r.chargeOf(token, pasarela.KindSale, 100)
		first.Terms.Recurrence = pasarela.RecurrenceInitial
		initial, err := r.gateway.Authorize(t.Context(), r.merchant, first)
		r.must(err)
		r.merchant.ThreeDS = pasarela.ThreeDSAlways
		for number, code := range map[string]pasarela.Code{debitCard: "", creditCard: pasarela.CodeRecurrence} {
			card, err := vault.ParseNumber(number)
			r.must(err)
			later, _ := r.tokenize(func(q *gateway.TokenizeRequest) {
				q.Recurrence, q.Card.Number = pasarela.RecurrenceSubsequent, card
			})
			q := r.chargeOf(later.ID, pasarela.KindSale, 100)
			q.Initial = initial.ID
			if _, err = r.gateway.Authorize(t.Context(), r.merchant, q); err != nil && code == "" || err == nil && code != "" || err != nil && pasarela.CodeOf(err) != code {
				t.Errorf("later payment is answered %v, want %q", err, code)
			}
		}
	})
}

// A network token that comes without a token of ours is exempt as one that does: with its cryptogram, and not where
// the merchant always asks.
func TestNetworkTokensWithoutATokenAreExemptAlike(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		number, err := vault.ParseNumber(creditCard)
		r.must(err)
		for _, c := range []struct {
			mode         pasarela.ThreeDSMode
			networkToken bool
			cryptogram   string
			want         pasarela.Code
		}{
			{pasarela.ThreeDSOn, true, "AgAAAAAABk4DWZ4C28yUQAAAAAA=", ""},
			{pasarela.ThreeDSOn, true, "", pasarela.CodeAuthenticationRequired},
			{pasarela.ThreeDSOn, false, "AgAAAAAABk4DWZ4C28yUQAAAAAA=", pasarela.CodeAuthenticationRequired},
			{pasarela.ThreeDSAlways, true, "AgAAAAAABk4DWZ4C28yUQAAAAAA=", pasarela.CodeAuthenticationRequired},
		} {
			r.secured(c.mode, rejected)
			q := r.chargeOf("", pasarela.KindSale, 100)
			q.Card = &vault.Card{Number: number, Expiry: "4912", Cryptogram: c.cryptogram}
			q.Terms.NetworkToken = c.networkToken
			_, err := r.gateway.Authorize(t.Context(), r.merchant, q)
			if (err == nil) != (c.want == "") || err != nil && pasarela.CodeOf(err) != c.want {
				t.Errorf("%+v is answered %v", c, err)
			}
		}
	})
}

// Invariant 7: a repeated token request asks nobody a second time, and puts no second hold on the card.
func TestARepeatedTokenRequestHoldsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.merchant.OTP = true
		number, err := vault.ParseNumber(creditCard)
		r.must(err)
		for i := range 3 {
			_, _, err := r.gateway.Tokenize(t.Context(), r.merchant, gateway.TokenizeRequest{
				Use: pasarela.UseCharge, Total: usd(100), Card: vault.Card{Number: number, Expiry: "4912"},
				Challenge: gateway.Challenge{OTP: gateway.OTP{Amount: usd(155), Code: "155"}}, Remember: key("token", false),
				Answer: func(t pasarela.Token, _ pasarela.Authentication) gateway.Answer {
					return gateway.Answer{Status: 201, Body: []byte(t.ID), Success: true}
				}})
			if _, replayed := errors.AsType[*gateway.Replay](err); replayed != (i > 0) {
				t.Errorf("request %d is answered %v", i, err)
			}
		}
		if n := len(r.bank.Authorizations(0, 0)); n != 1 {
			t.Errorf("issuer has %d holds", n)
		}
	})
}
