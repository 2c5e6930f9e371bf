package gateway_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
	"pasarela/store"
)

var errStore = errors.New("no space left on device")

// brittle is a store whose units of work fail on demand, as on a full disk or in a process that is being
// killed: nothing of them is committed.
type brittle struct {
	store.Store
	after atomic.Int64 // units that still succeed; negative for all
}

func (s *brittle) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	if s.after.Load() == 0 {
		return pasarela.Wrap(pasarela.CodeInternal, errStore, "nothing was committed")
	}
	s.after.Add(-1)
	return s.Store.Update(ctx, m, unit)
}

// breakable puts a gateway on a store that can be made to fail in place of the rig's own.
func (r *rig) breakable() *brittle {
	r.gateway.Close()
	b := &brittle{Store: r.store}
	b.after.Store(-1)
	c := r.gateway.Config
	c.Store = b
	r.gateway = gateway.New(c)
	return b
}

// restart abandons the process as it is and starts another one on the same store.
func (r *rig) restart() {
	r.t.Helper()
	r.cut()
	r.stop()
	r.clock.jump(time.Second)
	r.start()
	_, err := r.gateway.Recover(r.t.Context())
	r.must(err)
}

// each verb, as a request that leaves a promise behind when the outcome cannot be stored.
var interrupted = []struct {
	name string
	open pasarela.PaymentKind // the payment it is about, "" for none
	do   func(r *rig, p pasarela.Payment) error
	// What recovery makes of the payment, and what the issuer has then.
	state  pasarela.PaymentState
	issuer simulator.State
	taken  int64 // and given back
}{
	{"authorization", "", func(r *rig, _ pasarela.Payment) error {
		_, err := r.gateway.Authorize(r.t.Context(), r.merchant, r.charge(pasarela.KindAuthorization, 100))
		return err
	}, pasarela.StateReversed, simulator.StateReversed, 0},
	{"sale", "", func(r *rig, _ pasarela.Payment) error {
		_, err := r.gateway.Authorize(r.t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
		return err
	}, pasarela.StateReversed, simulator.StateReversed, 0},
	{"capture", pasarela.KindAuthorization, func(r *rig, p pasarela.Payment) error {
		_, _, err := r.gateway.Capture(r.t.Context(), r.merchant, about(p, 0))
		return err
	}, pasarela.StateAuthorized, simulator.StateHeld, 0},
	{"void of a hold", pasarela.KindAuthorization, func(r *rig, p pasarela.Payment) error {
		_, _, err := r.gateway.Void(r.t.Context(), r.merchant, about(p, 0))
		return err
	}, pasarela.StateReleased, simulator.StateReleased, 0},
	{"void of a sale", pasarela.KindSale, func(r *rig, p pasarela.Payment) error {
		_, _, err := r.gateway.Void(r.t.Context(), r.merchant, about(p, 0))
		return err
	}, pasarela.StateVoided, simulator.StateReversed, 0},
	{"refund", pasarela.KindSale, func(r *rig, p pasarela.Payment) error {
		_, _, err := r.gateway.Refund(r.t.Context(), r.merchant, about(p, 0))
		return err
	}, pasarela.StateRefunded, simulator.StateRefunded, 100},
}

// latest is the newest payment.
func (r *rig) latest() pasarela.Payment {
	r.t.Helper()
	all, err := r.store.Payments(r.t.Context(), r.merchant.ID, "", 1000)
	r.must(err)
	return all[len(all)-1]
}

// Invariant 3, between the second step and the third: the issuer has answered, the outcome is not on disk.
func TestAnOutcomeThatWasNotStoredIsRecovered(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, verb := range interrupted {
			var p pasarela.Payment
			if verb.open != "" {
				p = r.paid(verb.open, 100)
			}
			disk := r.breakable()
			if verb.open == "" {
				disk.after.Store(2) // the token's unit, and the promise
			} else {
				disk.after.Store(1)
			}
			err := verb.do(r, p)
			r.wantCode(err, pasarela.CodeInternal)
			if p = r.latest(); !p.State.Pending() {
				t.Fatalf("%s: payment is %s, want it pending", verb.name, p.State)
			}
			r.restart()
			r.wantState(p, verb.state)
			r.wantIssuer(p, verb.issuer, verb.taken, verb.taken)
			r.wantAgreement()
		}
	})
}

// Invariant 3, before the second step: without its promise on disk nothing is sent.
func TestNothingIsSentThatCouldNotBePromised(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, verb := range interrupted {
			var p pasarela.Payment
			if verb.open != "" {
				p = r.paid(verb.open, 100)
			}
			before := r.bank.Authorizations(0, 0)
			disk := r.breakable()
			if verb.open == "" {
				disk.after.Store(1) // the token's unit
			} else {
				disk.after.Store(0)
			}
			r.wantCode(verb.do(r, p), pasarela.CodeInternal)
			after := r.bank.Authorizations(0, 0)
			if len(after) != len(before) || (len(after) > 0 && after[len(after)-1] != before[len(before)-1]) {
				t.Fatalf("%s: the issuer heard of it", verb.name)
			}
			disk.after.Store(-1)
			r.wantAgreement()
		}
	})
}

// A gateway that is abandoned while it waits for the issuer leaves everything to the next one.
func TestRecoverAfterAnAbandonedGateway(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		held, sold := r.paid(pasarela.KindAuthorization, 100), r.paid(pasarela.KindSale, 100)
		disk := r.breakable()
		r.fault(simulator.FaultNoResponse, simulator.OnAny, 3)
		fresh := r.charge(pasarela.KindAuthorization, 300)
		var waiting sync.WaitGroup
		waiting.Go(func() { _, _ = r.gateway.Authorize(t.Context(), r.merchant, fresh) })           // nobody hears it
		waiting.Go(func() { _, _, _ = r.gateway.Capture(t.Context(), r.merchant, about(held, 0)) }) // nobody hears it
		waiting.Go(func() { _, _, _ = r.gateway.Refund(t.Context(), r.merchant, about(sold, 30)) }) // nobody hears it
		synctest.Wait()                                                                             // all three wait for the issuer
		disk.after.Store(0)
		r.cut()
		waiting.Wait()
		r.restart()
		r.wantState(r.latest(), pasarela.StateReversed)
		r.wantState(held, pasarela.StateAuthorized)
		r.wantState(sold, pasarela.StateCaptured)
		r.wantIssuer(sold, simulator.StateCaptured, 100, 30)
		r.wantAgreement()
	})
}

// Recovery looks ahead of what is due, but not at what this process itself is doing.
func TestRecoverLeavesThisProcessAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultLateResponse, On: simulator.OnAuthorization, DelayMS: 5000}))
		request := r.charge(pasarela.KindSale, 100)
		token := r.token(creditCard, pasarela.UseSubscription, pasarela.Money{})
		var p pasarela.Payment
		var sub pasarela.Subscription
		var failed, failedToo error
		var waiting sync.WaitGroup
		waiting.Go(func() { p, failed = r.gateway.Authorize(t.Context(), r.merchant, request) })
		synctest.Wait()
		r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultLateResponse, On: simulator.OnAuthorization, DelayMS: 5000}))
		waiting.Go(func() {
			sub, _, failedToo = r.gateway.Subscribe(t.Context(), r.merchant, gateway.SubscribeRequest{Token: token, Amount: usd(1)})
		})
		synctest.Wait()
		_, err := r.gateway.Recover(t.Context())
		r.must(err)
		r.runDue(time.Hour) // nor does a jump of the clock
		waiting.Wait()
		r.must(failed)
		r.must(failedToo)
		if p.State != pasarela.StateCaptured || sub.State != pasarela.SubscriptionActive {
			t.Fatalf("payment is %s and subscription %s: the recovery took them over", p.State, sub.State)
		}
		r.wantAgreement()
	})
}

// A key whose holder died is free once its payment has been recovered; the payment is not made twice.
func TestAKeyAfterARecovery(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		charge := r.charge(pasarela.KindSale, 200)
		charge.Remember = key("charge", false)
		capture := about(p, 0)
		capture.Remember = key("capture", false)
		disk := r.breakable()
		disk.after.Store(1) // the promise
		_, err := r.gateway.Authorize(t.Context(), r.merchant, charge)
		r.wantCode(err, pasarela.CodeInternal)
		lost := r.latest()
		disk.after.Store(1)
		_, _, err = r.gateway.Capture(t.Context(), r.merchant, capture)
		r.wantCode(err, pasarela.CodeInternal)
		r.restart()
		_, err = r.gateway.Authorize(t.Context(), r.merchant, charge)
		r.wantCode(err, pasarela.CodeTokenSpent)
		r.wantState(lost, pasarela.StateReversed)
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, capture)
		r.must(err)
		if o.State != pasarela.OpApproved {
			t.Fatalf("the capture under the freed key is %s", o.State)
		}
		r.wantIssuer(p, simulator.StateCaptured, 100, 0)
		r.wantAgreement()
	})
}

// A disk that is full for a while costs refusals, and nothing that was promised.
func TestAFullDiskLosesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		disk := r.breakable()
		request := r.charge(pasarela.KindSale, 200)
		disk.after.Store(1)
		_, err := r.gateway.Authorize(t.Context(), r.merchant, request)
		r.wantCode(err, pasarela.CodeInternal)
		_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 0))
		r.wantCode(err, pasarela.CodeInternal)
		r.runDueOnAFullDisk()
		disk.after.Store(-1)
		r.settle()
		r.wantState(r.latest(), pasarela.StateReversed)
		r.wantState(p, pasarela.StateAuthorized)
		_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		r.wantAgreement()
	})
}

// runDueOnAFullDisk finds things due that cannot be done: they stay due.
func (r *rig) runDueOnAFullDisk() {
	r.t.Helper()
	r.clock.jump(time.Minute)
	_, err := r.gateway.Sweep(r.t.Context())
	r.must(err)
	n, err := r.gateway.Pending(r.t.Context())
	r.must(err)
	if n != 1 {
		r.t.Fatalf("%d payments are pending, want the one whose outcome was not stored", n)
	}
}
