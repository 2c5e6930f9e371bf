package gateway_test

import (
	"sync"
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
)

// callers is how many race for the same thing.
const callers = 50

// together runs do as often as there are callers, at the same time, and counts the codes of their errors.
func together(do func() error) map[pasarela.Code]int {
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[pasarela.Code]int{}
	for range callers {
		all.Go(func() {
			code := pasarela.Code("")
			if err := do(); err != nil {
				code = pasarela.CodeOf(err)
			}
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	return codes
}

// Invariant 6: concurrent attempts cannot both win.
func TestATokenHasOneWinner(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		request := r.charge(pasarela.KindAuthorization, 100)
		codes := together(func() error {
			_, err := r.gateway.Authorize(t.Context(), r.merchant, request)
			return err
		})
		if codes[""] != 1 || codes[pasarela.CodeTokenSpent] != callers-1 {
			t.Fatalf("one token for %d callers came to %v", callers, codes)
		}
		if held := len(r.bank.Authorizations(0, 0)); held != 1 {
			t.Fatalf("the issuer has %d holds", held)
		}
		r.wantAgreement()
	})
}

func TestAnAuthorizationHasOneCapture(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		codes := together(func() error {
			_, _, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 60))
			return err
		})
		if codes[""] != 1 || codes[pasarela.CodeBusy]+codes[pasarela.CodeWrongState] != callers-1 {
			t.Fatalf("one authorization for %d captures came to %v", callers, codes)
		}
		r.wantIssuer(p, simulator.StateCaptured, 60, 0)
		r.wantAgreement()
	})
}

func TestRefundsTogetherNeverExceedWhatWasTaken(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindSale, 100)
		together(func() error {
			_, _, err := r.gateway.Refund(t.Context(), r.merchant, about(p, 30))
			return err
		})
		if q := r.payment(p); q.Refunded == 0 || q.Refunded > 90 || q.Refunded%30 != 0 {
			t.Fatalf("%d of 100 were refunded in parts of 30", q.Refunded)
		}
		r.wantAgreement()
	})
}

// A void and a capture at the same time: whichever wins, the issuer has the same.
func TestVoidAndCaptureCannotBothWin(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		var all sync.WaitGroup
		var captured, voided error
		all.Go(func() { _, _, captured = r.gateway.Capture(t.Context(), r.merchant, about(p, 0)) })
		all.Go(func() { _, _, voided = r.gateway.Void(t.Context(), r.merchant, about(p, 0)) })
		all.Wait()
		q := r.payment(p)
		switch {
		case captured != nil && voided == nil && q.State == pasarela.StateReleased:
		case captured == nil && voided != nil && q.State == pasarela.StateCaptured:
		case captured == nil && voided == nil && q.State == pasarela.StateVoided: // one after the other
		default:
			t.Fatalf("capture: %v, void: %v, payment is %s", captured, voided, q.State)
		}
		r.wantAgreement()
	})
}

// Invariant 7: callers that come while the first is under way wait for it and hear the same bytes.
func TestOneKeyHasOneAnswerForAllCallers(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		request := r.charge(pasarela.KindSale, 100)
		request.Remember = gateway.Remember{Name: "POST /charges key-1", Digest: []byte("body")}
		var mu sync.Mutex
		answers := map[string]int{}
		codes := together(func() error {
			body, err := answered(r.gateway.Authorize(t.Context(), r.merchant, request))
			mu.Lock()
			defer mu.Unlock()
			answers[body]++
			return err
		})
		if codes[""] != callers || len(answers) != 1 {
			t.Fatalf("one key for %d callers came to codes %v and answers %v", callers, codes, answers)
		}
		if n := len(r.bank.Authorizations(0, 0)); n != 1 {
			t.Fatalf("the issuer was charged %d times", n)
		}
		r.wantAgreement()
	})
}

// A decline is remembered too: who waited for it does not find the key free.
func TestOneKeyHasOneDecline(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		request := r.chargeOf(r.token(brokeCard, pasarela.UseCharge, usd(100)), pasarela.KindSale, 100)
		request.Remember = gateway.Remember{Name: "POST /charges key-1", Digest: []byte("body")}
		codes := together(func() error {
			_, err := answered(r.gateway.Authorize(t.Context(), r.merchant, request))
			return err
		})
		if codes[""] != callers {
			t.Fatalf("one key for %d callers came to %v", callers, codes)
		}
	})
}

// The same for captures, whose payment is busy while the first is under way.
func TestOneKeyHasOneCapture(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		request := about(p, 70)
		request.Remember = gateway.Remember{Name: "POST /capture key-1", Digest: []byte("body")}
		codes := together(func() error {
			_, err := answeredFollow(r.gateway.Capture(t.Context(), r.merchant, request))
			return err
		})
		if codes[""] != callers {
			t.Fatalf("one key for %d captures came to %v", callers, codes)
		}
		r.wantIssuer(p, simulator.StateCaptured, 70, 0)
		r.wantAgreement()
	})
}
