package gateway_test

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
)

// Kushki, "Reauthorize": it raises what is held, the ceiling of a capture with it, and each can be voided by its
// own ticket until the capture.
func TestReauthorizationsRaiseTheHold(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		_, first, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 50))
		r.must(err)
		q, second, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 30))
		r.must(err)
		if first.State != pasarela.OpApproved || q.Held().Minor != 180 {
			t.Fatalf("after two reauthorizations the payment holds %d, the first is %s", q.Held().Minor, first.State)
		}
		r.wantHold(p, 180)
		_, _, err = r.gateway.Capture(t.Context(), r.merchant, gateway.OperationRequest{Ticket: second.Ticket})
		r.wantCode(err, pasarela.CodeWrongState) // its ticket cannot be captured
		q, void, err := r.gateway.Void(t.Context(), r.merchant, gateway.OperationRequest{Ticket: first.Ticket})
		r.must(err)
		if void.State != pasarela.OpApproved || void.Of != first.ID || q.State != pasarela.StateAuthorized || q.Held().Minor != 130 {
			t.Fatalf("void of a reauthorization is %s of %q, payment %s with %d", void.State, void.Of, q.State, q.Held().Minor)
		}
		r.wantHold(p, 130)
		_, _, err = r.gateway.Void(t.Context(), r.merchant, gateway.OperationRequest{Ticket: first.Ticket})
		r.wantCode(err, pasarela.CodeAlreadyVoided)
		_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 144)) // 110 % of 130 is 143
		r.wantCode(err, pasarela.CodeCaptureAmount)
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 143))
		r.must(err)
		if o.State != pasarela.OpApproved {
			t.Fatalf("capture is %s (%s)", o.State, o.ResponseCode)
		}
		_, _, err = r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 1))
		r.wantCode(err, pasarela.CodeWrongState)
		_, _, err = r.gateway.Void(t.Context(), r.merchant, gateway.OperationRequest{Ticket: second.Ticket})
		r.wantCode(err, pasarela.CodeWrongState)
		r.wantAgreement()
	})
}

// A hold that is voided or runs out gives its reauthorizations back with it, and each reauthorization, even one of
// nothing, begins the hold's time anew.
func TestReauthorizationsGoWithTheirHold(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		voided, expired := r.paid(pasarela.KindAuthorization, 100), r.paid(pasarela.KindAuthorization, 200)
		for _, p := range []pasarela.Payment{voided, expired} {
			_, _, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 50))
			r.must(err)
		}
		_, _, err := r.gateway.Void(t.Context(), r.merchant, about(voided, 0))
		r.must(err)
		r.wantState(voided, pasarela.StateReleased)
		r.runDue(pasarela.HoldCredit - time.Hour)
		_, o, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(expired, 0)) // only longer
		r.must(err)
		if o.State != pasarela.OpApproved || o.Amount.Minor != 0 {
			t.Fatalf("prolongation is %s of %d", o.State, o.Amount.Minor)
		}
		r.runDue(2 * time.Hour)
		r.wantState(expired, pasarela.StateAuthorized)
		r.runDue(pasarela.HoldCredit)
		r.wantState(expired, pasarela.StateExpired)
		r.wantAgreement()
	})
}

// Invariant 3: a reauthorization whose answer does not come is taken back, whatever becomes of its reversal.
func TestAReauthorizationWithoutAnswerIsTakenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, silence := range silences {
			p := r.paid(pasarela.KindAuthorization, 100)
			r.fault(silence, simulator.OnAuthorization, 1)
			r.fault(simulator.FaultNoResponse, simulator.OnReversal, 1)
			_, o, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 50))
			r.must(err)
			if o.State != pasarela.OpReversed || o.ResponseCode != pasarela.ResponseNoAnswer {
				t.Fatalf("after %s the reauthorization is %s (%s)", silence, o.State, o.ResponseCode)
			}
			r.wantState(p, pasarela.StateUnextending)
			_, _, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 100))
			r.wantCode(err, pasarela.CodeBusy)
			r.settle()
			r.wantState(p, pasarela.StateAuthorized)
			r.wantHold(p, 100)
		}
		r.wantAgreement()
	})
}

// A void of a reauthorization, once promised, is carried out however often its answer is lost.
func TestTheVoidOfAReauthorizationIsRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, silence := range silences {
			p := r.paid(pasarela.KindAuthorization, 100)
			_, o, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 50))
			r.must(err)
			r.fault(silence, simulator.OnReversal, 2)
			_, void, err := r.gateway.Void(t.Context(), r.merchant, gateway.OperationRequest{Ticket: o.Ticket})
			r.must(err)
			if void.State != pasarela.OpPending {
				t.Fatalf("after %s the void is %s", silence, void.State)
			}
			r.settle()
			r.wantState(p, pasarela.StateAuthorized)
			r.wantHold(p, 100)
		}
		r.wantAgreement()
	})
}

// Invariant 3, across a crash: the process dies right after it promised a reauthorization, or its void.
func TestReauthorizationsOutliveACrash(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		_, standing, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 50))
		r.must(err)
		for _, do := range []func() error{
			func() error { _, _, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 25)); return err },
			func() error {
				_, _, err := r.gateway.Void(t.Context(), r.merchant, gateway.OperationRequest{Ticket: standing.Ticket})
				return err
			},
		} {
			disk := r.breakable()
			disk.after.Store(1) // the promise
			r.wantCode(do(), pasarela.CodeInternal)
			disk.after.Store(-1)
			r.settle()
			r.wantState(p, pasarela.StateAuthorized)
		}
		r.wantHold(p, 100)
		r.wantAgreement()
	})
}

// A reauthorization whose void the issuer refuses for good stands; one whose reversal it refuses for good goes with
// the hold when that runs out. Neither keeps the payment from the merchant for ever.
func TestWhatTheIssuerNeverTakesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		standing, stuck := r.paid(pasarela.KindAuthorization, 100), r.paid(pasarela.KindAuthorization, 200)
		_, o, err := r.gateway.Reauthorize(t.Context(), r.merchant, about(standing, 50))
		r.must(err)
		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
		refuse := simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnReversal, Count: 1000, ResponseCode: "12"}
		r.must(r.bank.AddFault(refuse))
		_, _, err = r.gateway.Reauthorize(t.Context(), r.merchant, about(stuck, 50))
		r.must(err)
		_, void, err := r.gateway.Void(t.Context(), r.merchant, gateway.OperationRequest{Ticket: o.Ticket})
		r.must(err)
		if void.State != pasarela.OpDeclined {
			t.Errorf("refused void of a reauthorization is %s", void.State)
		}
		r.wantState(standing, pasarela.StateAuthorized)
		r.wantHold(standing, 150)
		r.runDue(time.Hour)
		r.wantState(stuck, pasarela.StateUnextending)
		r.runDue(pasarela.HoldCredit)
		r.wantState(stuck, pasarela.StateReleasing)
		r.must(r.bank.ClearFaults())
		r.settle()
		r.wantState(stuck, pasarela.StateExpired)
		r.wantState(standing, pasarela.StateExpired)
		r.wantAgreement()
	})
}

// Invariant 4: an approval of a capture that comes while another message about the payment is owed is not forgotten.
func TestALateApprovalWaitsForWhatIsOwed(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		r.lateBy(60, simulator.OnCapture, 2)
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 80)) // waits 25 s in vain
		r.must(err)
		if o.State != pasarela.OpReversed {
			t.Fatalf("capture is %s", o.State)
		}
		r.runDue(0)
		r.runDue(2 * time.Second)
		r.wantState(p, pasarela.StateAuthorized)
		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
		r.fault(simulator.FaultNoResponse, simulator.OnReversal, 4)
		_, _, err = r.gateway.Reauthorize(t.Context(), r.merchant, about(p, 50)) // and another 25 s
		r.must(err)
		<-time.After(20 * time.Second) // of the bubble: the capture's approval comes
		r.settle()
		r.wantState(p, pasarela.StateAuthorized)
		r.wantIssuer(p, simulator.StateHeld, 0, 0)
		r.wantAgreement()
	})
}

// wantHold checks both books.
func (r *rig) wantHold(p pasarela.Payment, minor int64) {
	r.t.Helper()
	if held := r.payment(p).Held().Minor; held != minor {
		r.t.Errorf("gateway holds %d, want %d", held, minor)
	}
	for _, a := range r.bank.Authorizations(0, 0) {
		if a.Reference == p.ID && a.AmountMinor != minor {
			r.t.Errorf("issuer holds %d, want %d", a.AmountMinor, minor)
		}
	}
}
