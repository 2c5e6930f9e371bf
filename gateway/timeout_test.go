package gateway_test

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
)

// silences are the ways in which an answer can be lost.
var silences = []simulator.FaultKind{simulator.FaultNoResponse, simulator.FaultLateResponse, simulator.FaultDropConnection, simulator.FaultGarbage}

// Invariant 3: a payment whose outcome nobody knows is reversed.
func TestAnAuthorizationWithoutAnswerIsReversed(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, silence := range silences {
			r.fault(silence, simulator.OnAuthorization, 1)
			p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindAuthorization, 100))
			r.must(err)
			if p.State != pasarela.StateReversing || p.ResponseCode != pasarela.ResponseNoAnswer {
				t.Fatalf("after %s the merchant is told %s (%s)", silence, p.State, p.ResponseCode)
			}
			r.runDue(0) // waits for what was sent beside the request; no time has to pass
			r.wantState(p, pasarela.StateReversed)
			r.wantIssuer(p, simulator.StateReversed, 0, 0)
		}
		r.wantAgreement()
	})
}

// The reversal is repeated until it is acknowledged, with pauses that grow, whatever becomes of it.
func TestAReversalIsRepeatedUntilAcknowledged(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		// A late answer is left out: it may acknowledge the repetition that waits by then.
		for _, f := range []simulator.FaultKind{simulator.FaultNoResponse, simulator.FaultDropConnection, simulator.FaultGarbage, simulator.FaultDecline} {
			r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
			r.fault(f, simulator.OnReversal, 4)
			p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
			r.must(err)
			r.gateway.Beside() // the first attempt
			for attempt := 1; attempt <= 4; attempt++ {
				if attempt > 1 {
					r.sweep(10 * time.Second)
				}
				q := r.payment(p)
				if q.State != pasarela.StateReversing || q.Attempts != attempt {
					t.Fatalf("%s: after %d attempts the payment is %s with %d", f, attempt, q.State, q.Attempts)
				}
			}
			r.runDue(time.Minute)
			r.wantState(p, pasarela.StateReversed)
			r.wantIssuer(p, simulator.StateReversed, 0, 0)
		}
		r.wantAgreement()
	})
}

func TestWhatNeverLeftIsDeclined(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		r.unplug.Store(true)
		r.cut()
		lost, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
		r.must(err)
		if lost.State != pasarela.StateDeclined || lost.ResponseCode != pasarela.ResponseUnreachable {
			t.Fatalf("sale without a link is %s (%s)", lost.State, lost.ResponseCode)
		}
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		if o.State != pasarela.OpDeclined || o.ResponseCode != pasarela.ResponseUnreachable {
			t.Fatalf("capture without a link is %s (%s)", o.State, o.ResponseCode)
		}
		_, o, err = r.gateway.Void(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		if o.State != pasarela.OpPending {
			t.Fatalf("void without a link is %s: it has to be carried out later", o.State)
		}
		r.runDue(time.Minute)
		r.wantState(p, pasarela.StateReleasing)
		r.unplug.Store(false)
		r.settle()
		r.wantState(p, pasarela.StateReleased)
		r.wantAgreement()
	})
}

// A capture nobody knows of is undone; the hold stands again and can be captured anew.
func TestACaptureWithoutAnswerIsTakenBackAndCanBeRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, silence := range silences {
			p := r.paid(pasarela.KindAuthorization, 100)
			r.fault(silence, simulator.OnCapture, 1)
			r.fault(simulator.FaultNoResponse, simulator.OnReversal, 1)
			_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 80))
			r.must(err)
			if o.State != pasarela.OpReversed || o.ResponseCode != pasarela.ResponseNoAnswer {
				t.Fatalf("after %s the capture is %s (%s)", silence, o.State, o.ResponseCode)
			}
			r.wantState(p, pasarela.StateUncapturing)
			_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 80))
			r.wantCode(err, pasarela.CodeBusy)
			r.settle()
			r.wantState(p, pasarela.StateAuthorized)
			r.wantIssuer(p, simulator.StateHeld, 0, 0)
			_, o, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 80))
			r.must(err)
			if o.State != pasarela.OpApproved {
				t.Fatalf("the second capture is %s (%s)", o.State, o.ResponseCode)
			}
			r.wantIssuer(p, simulator.StateCaptured, 80, 0)
		}
		r.wantAgreement()
	})
}

// Voids and refunds, once promised, are carried out: exactly once, however often their answer is lost.
func TestVoidsAndRefundsWithoutAnswerAreRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, silence := range silences {
			hold, sale, refunded := r.paid(pasarela.KindAuthorization, 100), r.paid(pasarela.KindSale, 200), r.paid(pasarela.KindSale, 300)
			for _, lost := range []struct {
				on simulator.FaultOn
				do func() (pasarela.Operation, error)
			}{
				{simulator.OnReversal, func() (o pasarela.Operation, err error) {
					_, o, err = r.gateway.Void(t.Context(), r.merchant, about(hold, 0))
					return o, err
				}},
				{simulator.OnReversal, func() (o pasarela.Operation, err error) {
					_, o, err = r.gateway.Void(t.Context(), r.merchant, about(sale, 0))
					return o, err
				}},
				{simulator.OnRefund, func() (o pasarela.Operation, err error) {
					_, o, err = r.gateway.Refund(t.Context(), r.merchant, about(refunded, 120))
					return o, err
				}},
			} {
				r.fault(silence, lost.on, 3)
				o, err := lost.do()
				r.must(err)
				r.wantOperation(o, o.State, pasarela.OpPending)
				r.settle()
				done, err := r.store.Operation(t.Context(), r.merchant.ID, o.ID)
				r.must(err)
				r.wantOperation(o, done.State, pasarela.OpApproved)
			}
			r.wantIssuer(hold, simulator.StateReleased, 0, 0)
			r.wantIssuer(sale, simulator.StateReversed, 0, 0)
			r.wantIssuer(refunded, simulator.StateCaptured, 300, 120)
		}
		r.wantAgreement()
	})
}

func (r *rig) wantOperation(o pasarela.Operation, is, want pasarela.OperationState) {
	r.t.Helper()
	if is != want {
		r.t.Fatalf("%s is %s, want %s", o.Kind, is, want)
	}
}

// An issuer that refuses to give captured money back is believed; the money stays taken.
func TestARefusedRefundLeavesThePayment(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindSale, 100)
		r.fault(simulator.FaultDecline, simulator.OnAny, 1)
		_, o, err := r.gateway.Refund(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		if o.State != pasarela.OpDeclined || o.ResponseCode != "91" {
			t.Fatalf("refund is %s (%s)", o.State, o.ResponseCode)
		}
		r.wantState(p, pasarela.StateCaptured)
		_, _, err = r.gateway.Refund(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		r.wantState(p, pasarela.StateRefunded)
		r.wantAgreement()
	})
}

// An answer that comes twice counts once.
func TestADuplicateAnswerChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.fault(simulator.FaultDuplicateResponse, simulator.OnAny, 3)
		p := r.paid(pasarela.KindAuthorization, 100)
		_, _, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		_, _, err = r.gateway.Refund(t.Context(), r.merchant, about(p, 40))
		r.must(err)
		r.wantIssuer(p, simulator.StateCaptured, 100, 40)
		r.wantAgreement()
	})
}
