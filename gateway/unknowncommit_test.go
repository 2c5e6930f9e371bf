package gateway_test

import (
	"context"
	"sync/atomic"
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
	"pasarela/store"
)

// acknowledgementLost commits, and says that it did not: the connection broke during COMMIT.
func acknowledgementLost(commit func() error) error {
	if err := commit(); err != nil {
		return err
	}
	return pasarela.Wrap(pasarela.CodeInternal, errStore, "connection lost during COMMIT")
}

// An outcome that was committed is the outcome, whatever became of the commit's acknowledgement: the merchant
// is told of it, nothing is reversed, and a repetition of the call is answered the same.
func TestAnOutcomeThatWasCommittedIsTold(t *testing.T) {
	follow := func(verb func(*gateway.Gateway, context.Context, pasarela.Merchant, gateway.OperationRequest) (pasarela.Payment, pasarela.Operation, error), amount int64) func(*rig, pasarela.Payment) func() (string, error) {
		return func(r *rig, p pasarela.Payment) func() (string, error) {
			request := about(p, amount)
			request.Remember = key("follow "+string(p.ID), true)
			return func() (string, error) {
				return answeredFollow(verb(r.gateway, r.t.Context(), r.merchant, request))
			}
		}
	}
	charge := func(kind pasarela.PaymentKind) func(*rig, pasarela.Payment) func() (string, error) {
		return func(r *rig, _ pasarela.Payment) func() (string, error) {
			request := r.charge(kind, 100)
			request.Remember = key("charge "+string(kind), true)
			return func() (string, error) {
				return answered(r.gateway.Authorize(r.t.Context(), r.merchant, request))
			}
		}
	}
	onBoth(t, func(t *testing.T, r *rig) {
		for _, verb := range []struct {
			name            string
			open            pasarela.PaymentKind // the payment it is about, "" for none
			prepare         func(*rig, pasarela.Payment) func() (string, error)
			state           pasarela.PaymentState
			issuer          simulator.State
			taken, returned int64
		}{
			{"authorization", "", charge(pasarela.KindAuthorization), pasarela.StateAuthorized, simulator.StateHeld, 0, 0},
			{"sale", "", charge(pasarela.KindSale), pasarela.StateCaptured, simulator.StateCaptured, 100, 0},
			{"capture", pasarela.KindAuthorization, follow((*gateway.Gateway).Capture, 70), pasarela.StateCaptured, simulator.StateCaptured, 70, 0},
			{"void of a hold", pasarela.KindAuthorization, follow((*gateway.Gateway).Void, 0), pasarela.StateReleased, simulator.StateReleased, 0, 0},
			{"void of a sale", pasarela.KindSale, follow((*gateway.Gateway).Void, 0), pasarela.StateVoided, simulator.StateReversed, 0, 0},
			{"refund in part", pasarela.KindSale, follow((*gateway.Gateway).Refund, 30), pasarela.StateCaptured, simulator.StateCaptured, 100, 30},
		} {
			var p pasarela.Payment
			if verb.open != "" {
				p = r.paid(verb.open, 100)
			}
			do := verb.prepare(r, p)
			disk := r.tap()
			disk.on(outcome, acknowledgementLost)
			first, err := do()
			if err != nil {
				t.Fatalf("%s: the merchant is told %v", verb.name, err)
			}
			again, err := do()
			r.must(err)
			if again != first {
				t.Errorf("%s: answered %q first and %q later", verb.name, first, again)
			}
			r.runDue(0)
			p = r.latest()
			r.wantState(p, verb.state)
			r.wantIssuer(p, verb.issuer, verb.taken, verb.returned)
			r.wantAgreement()
			r.rebuild(func(c *gateway.Config) { c.Store = r.store })
		}
	})
}

// halting is a store that breaks in the middle of a unit: it has read the payment, and reads no operation.
type halting struct {
	store.Store
	broken atomic.Bool
}

func (s *halting) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	return s.Store.Update(ctx, m, func(tx store.Tx) error {
		if s.broken.Load() {
			tx = haltingTx{tx}
		}
		return unit(tx)
	})
}

type haltingTx struct{ store.Tx }

func (haltingTx) Operation(pasarela.OperationID) (pasarela.Operation, error) {
	return pasarela.Operation{}, pasarela.Wrap(pasarela.CodeInternal, errStore, "connection lost")
}

// A payment that stands as it was read is no sign of a commit: the unit did not get that far.
func TestAnOutcomeThatWasNotCommittedIsNotTold(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		disk := &halting{Store: r.store}
		r.rebuild(func(c *gateway.Config) { c.Store = disk })
		p := r.paid(pasarela.KindSale, 100)
		disk.broken.Store(true)
		_, o, err := r.gateway.Void(t.Context(), r.merchant, about(p, 0))
		if err == nil {
			t.Fatalf("the merchant is told that the void is %q", o.State)
		}
		r.wantCode(err, pasarela.CodeInternal)
		r.wantState(p, pasarela.StateVoiding)
		disk.broken.Store(false)
		r.settle()
		r.wantState(p, pasarela.StateVoided)
		r.wantAgreement()
	})
}
