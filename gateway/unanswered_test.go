package gateway_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
)

// failures counts the events of a subscription that tell of attempts which failed.
func (r *rig) failures(id pasarela.SubscriptionID) (n int) {
	r.t.Helper()
	all, err := r.store.Events(r.t.Context(), r.merchant.ID, 0, 1000)
	r.must(err)
	for _, e := range all {
		if e.Subscription == id && (e.Kind == pasarela.EventSubscriptionFailed || e.Kind == pasarela.EventSubscriptionLastFailed) {
			n++
		}
	}
	return n
}

// A charge that nobody answered, whose reversal goes unanswered twice, is reversed and made again by the one call that
// moved the clock, and the merchant is told of no failed attempt.
func TestAChargeThatNobodyAnsweredIsMadeAgainInTheSameCall(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
		r.fault(simulator.FaultNoResponse, simulator.OnReversal, 2)
		r.reach(at("2026-03-01", "06:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000", "2026-02-28 paid 1 1000")
		var states []pasarela.PaymentState
		for _, p := range r.paymentsOf(id) {
			states = append(states, p.State)
		}
		if want := []pasarela.PaymentState{pasarela.StateReversed, pasarela.StateCaptured, pasarela.StateCaptured}; !slices.Equal(states, want) {
			t.Errorf("its payments are %v, want %v", states, want)
		}
		if n := r.failures(id); n != 0 {
			t.Errorf("%d failed attempts are told of", n)
		}
		r.wantChargedOnce(id)
	})
}

// The second attempt in a row that nobody answered is made again after five minutes, the third counts as one that failed.
func TestTheThirdUnansweredAttemptCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 3)
		r.reach(at("2026-01-31", "06:00"))
		r.wantPeriods(id, "2026-01-31 retrying 0 1000")
		if n := len(r.paymentsOf(id)); n != 2 || r.failures(id) != 0 {
			t.Errorf("at first %d payments are made, and %d failures told", n, r.failures(id))
		}
		r.runDue(4 * time.Minute)
		r.wantPeriods(id, "2026-01-31 retrying 0 1000")
		r.runDue(time.Minute)
		r.wantPeriods(id, "2026-01-31 retrying 1 1000")
		if n := len(r.paymentsOf(id)); n != 3 || r.failures(id) != 1 {
			t.Errorf("then %d payments are made, and %d failures told", n, r.failures(id))
		}
		r.reach(at("2026-01-31", "12:00"))
		r.wantPeriods(id, "2026-01-31 paid 2 1000")
		r.wantChargedOnce(id)
	})
}

// Void and reversals of a capture and of a payment that went unanswered are repeated without a back-off, too, while
// somebody waits for all that is due.
func TestWhatIsOwedIsRepeatedWhileSomebodyWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		sale, hold := r.paid(pasarela.KindSale, 100), r.paid(pasarela.KindAuthorization, 100)
		r.fault(simulator.FaultNoResponse, simulator.OnReversal, 3)
		_, _, err := r.gateway.Void(t.Context(), r.merchant, about(sale, 0))
		r.must(err)
		r.runDue(time.Minute)
		r.wantState(sale, pasarela.StateVoided)
		r.fault(simulator.FaultNoResponse, simulator.OnCapture, 1)
		r.fault(simulator.FaultNoResponse, simulator.OnReversal, 3)
		_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(hold, 100))
		r.must(err)
		r.runDue(0) // while the first reversal is under way
		r.wantState(hold, pasarela.StateAuthorized)
		r.wantAgreement()
	})
}

// With an issuer that answers nothing a call ends all the same; what is owed stays due.
func TestASilentIssuerHoldsUpNobodyForGood(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultNoResponse, simulator.OnAny, 1_000_000)
		var sent atomic.Int64
		r.interpose(func(_ pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			sent.Add(1)
			return pass()
		})
		r.clock.jump(at("2026-01-31", "06:00").Sub(r.clock.Now()))
		began := time.Now()
		r.must(r.gateway.RunDue(t.Context()))
		if took := time.Since(began); sent.Load() != 1+8 || took > 10*timeout {
			t.Errorf("the call sent %d messages and took %s of the bubble's clock", sent.Load(), took)
		}
		r.wantPeriods(id, "2026-01-31 charging 0 1000")
		r.bank.ClearFaults()
		r.runDue(5 * time.Minute)
		r.wantPeriods(id, "2026-01-31 paid 1 1000")
		r.wantChargedOnce(id)
	})
}
