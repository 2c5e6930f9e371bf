package gateway_test

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
)

// lateBy has the next answer to such a message come so many seconds after it was sent, and the issuer say to the
// first reversals that there is nothing to reverse, as if the original were still under way in the network.
func (r *rig) lateBy(seconds int64, on simulator.FaultOn, unlocated int) {
	r.t.Helper()
	r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultLateResponse, On: on, DelayMS: seconds * 1000}))
	r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnReversal, Count: unlocated, ResponseCode: "25"}))
}

// Invariant 3: no hold is left at the issuer when its approval comes after the reversal was acknowledged.
func TestALateApprovalOfWhatWasReversedIsReversed(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, kind := range kinds {
			r.lateBy(40, simulator.OnAuthorization, 2)
			p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(kind, 100))
			r.must(err)
			r.gateway.Beside()
			r.wantState(p, pasarela.StateReversing) // the first 25 says nothing
			r.sweep(2 * time.Second)
			r.wantState(p, pasarela.StateReversed)
			time.Sleep(30 * time.Second) // of the bubble's clock: the approval comes
			r.runDue(0)
			r.wantState(p, pasarela.StateReversed)
			r.wantIssuer(p, simulator.StateReversed, 0, 0)
		}
		r.wantAgreement()
	})
}

// The same of a capture: the hold stands again at the issuer too.
func TestALateApprovalOfACaptureThatWasTakenBackIsTakenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		r.lateBy(40, simulator.OnCapture, 2)
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 80))
		r.must(err)
		r.wantOperation(o, o.State, pasarela.OpReversed)
		r.gateway.Beside()
		r.wantState(p, pasarela.StateUncapturing)
		r.sweep(2 * time.Second)
		r.wantState(p, pasarela.StateAuthorized)
		time.Sleep(30 * time.Second) // of the bubble's clock: the approval comes
		r.runDue(0)
		r.wantState(p, pasarela.StateAuthorized)
		r.wantIssuer(p, simulator.StateHeld, 0, 0)
		r.wantAgreement()
	})
}

// A reversal that has not been acknowledged when the approval comes is followed by one that can find it.
func TestALateApprovalDuringItsReversal(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.lateBy(30, simulator.OnAuthorization, 1)
		p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
		r.must(err)
		r.runDue(0)
		before := r.payment(p)
		time.Sleep(10 * time.Second) // of the bubble's clock: the approval comes
		r.runDue(0)
		r.wantState(p, pasarela.StateReversed)
		if after := r.payment(p); after.Follow.RRN == before.Follow.RRN {
			t.Error("the reversal after the approval has the trace of the one before it")
		}
		r.wantIssuer(p, simulator.StateReversed, 0, 0)
		r.wantAgreement()
	})
}

// Until the acquirer's time-out has passed an original may reach the issuer after its reversal, however often that
// was sent: where the link broke, reversals begin at once.
func TestAReversalIsNotDoneWhileItsOriginalMayBeUnderWay(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			if q.Message == pasarela.MessageReverse {
				return said("25")
			}
			return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
		})
		p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
		r.must(err)
		for range 3 {
			r.sweep(5 * time.Second)
			r.wantState(p, pasarela.StateReversing)
		}
		r.runDue(8 * time.Second) // somebody is in a hurry, and still waits until that has passed
		r.wantState(p, pasarela.StateReversed)
		r.wantAgreement()
	})
}

// heardLate is a link whose late approvals the test makes up.
type heardLate struct {
	gateway.Acquirer
	hear func(pasarela.LateApproval)
}

func (h *heardLate) OnLate(hear func(pasarela.LateApproval)) { h.hear = hear }

// An approval of what the books have as approved, or of what they do not have so by that trace, changes nothing.
func TestALateApprovalThatIsNoNewsChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		link := &heardLate{Acquirer: r.link}
		r.rebuild(func(c *gateway.Config) { c.Acquirer = link })
		held, sold := r.paid(pasarela.KindAuthorization, 100), r.paid(pasarela.KindSale, 100)
		_, captured, err := r.gateway.Capture(t.Context(), r.merchant, about(held, 0))
		r.must(err)
		foreign := r.link.NextTrace()
		for _, news := range []pasarela.LateApproval{
			{Message: pasarela.MessageAuthorize, Reference: held.ID, Trace: held.Trace},
			{Message: pasarela.MessageSale, Reference: sold.ID, Trace: sold.Trace},
			{Message: pasarela.MessageSale, Reference: sold.ID, Trace: foreign},
			{Message: pasarela.MessageCapture, Reference: held.ID, Operation: captured.ID, Trace: captured.Trace},
			{Message: pasarela.MessageCapture, Reference: held.ID, Operation: captured.ID, Trace: foreign},
			{Message: pasarela.MessageCapture, Reference: sold.ID, Operation: captured.ID, Trace: captured.Trace},
		} {
			news.Merchant = r.merchant.ID
			link.hear(news)
		}
		r.runDue(0)
		r.wantState(held, pasarela.StateCaptured)
		r.wantState(sold, pasarela.StateCaptured)
		r.wantIssuer(held, simulator.StateCaptured, 100, 0)
		r.wantIssuer(sold, simulator.StateCaptured, 100, 0)
		r.wantAgreement()
	})
}

// A disk that is full when the approval comes delays what follows from it.
func TestALateApprovalIsStoredOnceThereIsRoom(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		disk := r.breakable()
		r.lateBy(40, simulator.OnAuthorization, 2)
		p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
		r.must(err)
		r.runDue(0)
		r.runDue(2 * time.Second)
		r.wantState(p, pasarela.StateReversed)
		disk.after.Store(0)
		time.Sleep(16 * time.Second) // of the bubble's clock: the approval comes
		disk.after.Store(-1)
		r.runDue(0)
		r.wantState(p, pasarela.StateReversed)
		r.wantIssuer(p, simulator.StateReversed, 0, 0)
		r.wantAgreement()
	})
}
