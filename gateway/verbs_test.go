package gateway_test

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
	"pasarela/ledger"
)

func TestASaleIsTakenAndRefundedInParts(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindSale, 1000)
		if p.State != pasarela.StateCaptured || p.Captured != 1000 || p.ApprovalCode == "" {
			t.Fatalf("sale is %s with %d captured, approval code %q", p.State, p.Captured, p.ApprovalCode)
		}
		_, _, err := r.gateway.Refund(t.Context(), r.merchant, about(p, 1001))
		r.wantCode(err, pasarela.CodeVoidAmount)
		q, o, err := r.gateway.Refund(t.Context(), r.merchant, about(p, 400))
		r.must(err)
		if q.State != pasarela.StateCaptured || q.Refunded != 400 || o.State != pasarela.OpApproved {
			t.Fatalf("after a refund in part: payment %s with %d refunded, refund %s", q.State, q.Refunded, o.State)
		}
		_, _, err = r.gateway.Void(t.Context(), r.merchant, about(p, 0))
		r.wantCode(err, pasarela.CodeAlreadyRefunded)
		_, _, err = r.gateway.Refund(t.Context(), r.merchant, about(p, 0)) // all that remains
		r.must(err)
		r.wantState(p, pasarela.StateRefunded)
		r.wantIssuer(p, simulator.StateRefunded, 1000, 1000)
		_, _, err = r.gateway.Refund(t.Context(), r.merchant, about(p, 1))
		r.wantCode(err, pasarela.CodeAlreadyRefunded)
		r.wantAgreement()
	})
}

// Kushki, "Capture": up to 110 % of what was authorized, once.
func TestAnAuthorizationIsCapturedUpToItsCeiling(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			name         string
			hold, amount int64
			code         pasarela.Code
		}{
			{"in part", 1000, 1, ""},
			{"all", 1000, 1000, ""},
			{"at the ceiling", 1005, 1105, ""}, // 1105.5 is rounded down
			{"above the ceiling", 1005, 1106, pasarela.CodeCaptureAmount},
		} {
			p := r.paid(pasarela.KindAuthorization, c.hold)
			_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, c.amount))
			if c.code != "" {
				r.wantCode(err, c.code)
				r.wantState(p, pasarela.StateAuthorized)
				r.wantIssuer(p, simulator.StateHeld, 0, 0)
				continue
			}
			r.must(err)
			if o.State != pasarela.OpApproved {
				t.Fatalf("%s: capture is %s", c.name, o.State)
			}
			r.wantState(p, pasarela.StateCaptured)
			r.wantIssuer(p, simulator.StateCaptured, c.amount, 0)
			_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 1))
			r.wantCode(err, pasarela.CodeWrongState)
		}
		r.wantAgreement()
	})
}

func TestVoidGivesBackHoldsSalesAndCaptures(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		hold, sale, captured := r.paid(pasarela.KindAuthorization, 100), r.paid(pasarela.KindSale, 200), r.paid(pasarela.KindAuthorization, 300)
		_, capture, err := r.gateway.Capture(t.Context(), r.merchant, about(captured, 0))
		r.must(err)
		for _, request := range []gateway.OperationRequest{about(hold, 0), about(sale, 0),
			{Ticket: capture.Ticket, Order: []byte("{}"), Answer: followAnswer}} { // a capture is voided by its own ticket too
			_, o, err := r.gateway.Void(t.Context(), r.merchant, request)
			r.must(err)
			if o.State != pasarela.OpApproved {
				t.Fatalf("void is %s", o.State)
			}
			_, _, err = r.gateway.Void(t.Context(), r.merchant, request)
			r.wantCode(err, pasarela.CodeAlreadyVoided)
		}
		r.wantState(hold, pasarela.StateReleased)
		r.wantState(sale, pasarela.StateVoided)
		r.wantState(captured, pasarela.StateVoided)
		r.wantIssuer(hold, simulator.StateReleased, 0, 0)
		r.wantIssuer(sale, simulator.StateReversed, 0, 0)
		r.wantIssuer(captured, simulator.StateReversed, 0, 0)
		balances, err := r.store.Balances(t.Context(), r.merchant.ID)
		r.must(err)
		if !balances["USD"].Equal(ledger.Balances{}) {
			t.Fatalf("balances are %v after everything was given back", balances["USD"])
		}
		r.wantAgreement()
	})
}

func TestADeclineIsAnAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		token := r.token(brokeCard, pasarela.UseCharge, usd(100))
		p, err := r.gateway.Authorize(t.Context(), r.merchant, r.chargeOf(token, pasarela.KindSale, 100))
		r.must(err)
		if p.State != pasarela.StateDeclined || p.ResponseCode != "51" {
			t.Fatalf("payment is %s (%s), want it declined with 51", p.State, p.ResponseCode)
		}
		_, err = r.gateway.Authorize(t.Context(), r.merchant, r.chargeOf(token, pasarela.KindSale, 100))
		r.wantCode(err, pasarela.CodeTokenSpent)
		r.wantAgreement()
	})
}

// Invariant 2: the CVV and the token's card are gone after the first attempt, the payment's card once nothing
// can happen to it any more.
func TestCardDataGoesWithItsUse(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		request := r.charge(pasarela.KindAuthorization, 100)
		p, err := r.gateway.Authorize(t.Context(), r.merchant, request)
		r.must(err)
		token, err := r.store.Token(t.Context(), r.merchant.ID, request.Token)
		r.must(err)
		if !token.CVV.Empty() || !token.Card.Empty() || r.payment(p).Card.Empty() {
			t.Fatal("the token keeps what it gave away, or the payment has no card to capture with")
		}
		_, _, err = r.gateway.Void(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		if !r.payment(p).Card.Empty() {
			t.Fatal("a released payment keeps its card")
		}
	})
}

func TestATokenServesOnceForItsTotalInItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		other := r.charge(pasarela.KindSale, 100)
		other.Amount = usd(101)
		_, err := r.gateway.Authorize(t.Context(), r.merchant, other)
		r.wantCode(err, pasarela.CodeAmountMismatch)
		other.Amount = usd(100)
		_, err = r.gateway.Authorize(t.Context(), r.merchant, other)
		r.wantCode(err, pasarela.CodeTokenSpent) // the attempt with another amount has spent it

		late := r.charge(pasarela.KindSale, 100)
		r.clock.jump(pasarela.TokenLife)
		_, err = r.gateway.Authorize(t.Context(), r.merchant, late)
		r.wantCode(err, pasarela.CodeTokenExpired)

		foreign := r.charge(pasarela.KindSale, 100)
		foreign.Amount.Currency = "EUR"
		_, err = r.gateway.Authorize(t.Context(), r.merchant, foreign)
		r.wantCode(err, pasarela.CodeCurrencyNotAllowed)
		if n := len(r.bank.Authorizations(0, 0)); n != 0 {
			t.Fatalf("the issuer was asked %d times", n)
		}
	})
}

func TestASubscriptionIsVerifiedAndChargedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		subscribe := func(card string) pasarela.Subscription {
			s, _, err := r.gateway.Subscribe(t.Context(), r.merchant, gateway.SubscribeRequest{
				Token: r.token(card, pasarela.UseSubscription, pasarela.Money{}), Plan: "gold", Periodicity: "monthly",
				Amount: usd(999), StartDate: "2026-01-01"})
			r.must(err)
			return s
		}
		charge := func(s pasarela.Subscription) (pasarela.Payment, error) {
			return r.gateway.Authorize(t.Context(), r.merchant, gateway.AuthorizeRequest{Kind: pasarela.KindSale, Subscription: s.ID,
				Amount: usd(999), Order: []byte("{}"), Answer: chargeAnswer})
		}
		good := subscribe(creditCard)
		for range 2 {
			p, err := charge(good)
			r.must(err)
			r.wantIssuer(p, simulator.StateCaptured, 999, 0)
		}
		bad := subscribe(brokeCard)
		if bad.State != pasarela.SubscriptionRejected || !bad.Card.Empty() {
			t.Fatalf("subscription of a declined card is %s, card kept: %t", bad.State, !bad.Card.Empty())
		}
		_, err := charge(bad)
		r.wantCode(err, pasarela.CodeNotFound)

		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
		if lost := subscribe(creditCard); lost.State != pasarela.SubscriptionRejected {
			t.Fatalf("subscription whose verification was not answered is %s", lost.State)
		}
		r.wantAgreement()
	})
}

// Kushki, "Authorize payments": a hold lasts 28 days on a credit card and 7 on a debit card.
func TestHoldsExpireAndAreReleasedWithTheIssuer(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		credit := r.paid(pasarela.KindAuthorization, 100)
		debit, err := r.gateway.Authorize(t.Context(), r.merchant,
			r.chargeOf(r.token(debitCard, pasarela.UseCharge, usd(200)), pasarela.KindAuthorization, 200))
		r.must(err)
		r.runDue(7*24*time.Hour - time.Minute)
		r.wantState(debit, pasarela.StateAuthorized)
		r.fault(simulator.FaultNoResponse, simulator.OnReversal, 1) // the release of the debit hold is lost once
		r.sweep(time.Minute)
		r.wantState(debit, pasarela.StateReleasing)
		r.settle()
		r.wantState(debit, pasarela.StateExpired)
		r.wantState(credit, pasarela.StateAuthorized)
		r.clock.jump(credit.CreatedAt.Add(pasarela.HoldCredit).Sub(r.clock.Now()))
		_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(credit, 0))
		r.wantCode(err, pasarela.CodeAlreadyVoided) // too late, even before the sweeper came by
		r.runDue(0)
		r.wantState(credit, pasarela.StateExpired)
		r.wantIssuer(credit, simulator.StateReleased, 0, 0)
		r.wantIssuer(debit, simulator.StateReleased, 0, 0)
		r.wantAgreement()
	})
}
