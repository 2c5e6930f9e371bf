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

// wantTold holds what the merchant is told of a payment, in order.
func (r *rig) wantTold(p pasarela.PaymentID, want ...pasarela.EventKind) {
	r.t.Helper()
	all, err := r.store.Events(r.t.Context(), r.merchant.ID, 0, 1000)
	r.must(err)
	var got []pasarela.EventKind
	for _, e := range all {
		if p == "" || e.Payment == p {
			got = append(got, e.Kind)
		}
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("events are %v, want %v", got, want)
	}
}

// The amount of a one-time password's hold is the password: nobody is told of the hold, whatever becomes of it.
func TestNobodyIsToldOfAOneTimePassword(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.merchant.OTP = true
		told := &everything{}
		r.rebuild(func(c *gateway.Config) { c.Tellers = []gateway.Teller{told} })
		for _, card := range []string{creditCard, brokeCard} {
			n, err := vault.ParseNumber(card)
			r.must(err)
			_, a, err := r.gateway.Tokenize(t.Context(), r.merchant, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: usd(100),
				Card: vault.Card{Number: n, Expiry: "4912"}, Challenge: gateway.Challenge{OTP: gateway.OTP{Amount: usd(155), Code: "155"}}})
			r.must(err)
			if held := a.Payment != ""; held != (card == creditCard) {
				t.Fatalf("%s asks for a password: %t", card, held)
			}
			r.wantTold("")
		}
		r.clock.jump(time.Hour)
		r.settle() // the sweep gives the hold back
		r.wantTold("")
		if told.changes > 0 {
			t.Errorf("tellers were asked of %d changes", told.changes)
		}
		r.wantAgreement()
	})
}

// A payment that was reversed and is approved after that has to be reversed once more: that is told, and so each
// acknowledgement follows the news of what it is of.
func TestAReversalThatIsOwedAnewIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		told := &everything{}
		r.rebuild(func(c *gateway.Config) { c.Tellers = []gateway.Teller{told} })
		r.lateBy(40, simulator.OnAuthorization, 2)
		p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
		r.must(err)
		r.runDue(0)
		r.runDue(2 * time.Second)
		r.wantState(p, pasarela.StateReversed)
		r.wantTold(p.ID, pasarela.EventPaymentUnanswered, pasarela.EventPaymentReversed)
		time.Sleep(30 * time.Second) // of the bubble's clock: the approval comes
		r.runDue(0)
		r.wantState(p, pasarela.StateReversed)
		r.wantTold(p.ID, pasarela.EventPaymentUnanswered, pasarela.EventPaymentReversed,
			pasarela.EventPaymentUnanswered, pasarela.EventPaymentReversed)
		if told.changes != 4 || told.again != 1 {
			t.Errorf("tellers were asked of %d changes, %d of them told before", told.changes, told.again)
		}
		r.wantIssuer(p, simulator.StateReversed, 0, 0)
		r.wantAgreement()
	})
}

// everything is a Teller that counts what it is asked of.
type everything struct{ changes, again int }

func (e *everything) Notices(_ pasarela.Merchant, c gateway.Change) ([]gateway.Notice, error) {
	e.changes++
	if c.Again {
		e.again++
	}
	return nil, nil
}
