package gateway_test

import (
	"errors"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
)

// answered is what the merchant reads: rendered now, or replayed.
func answered(p pasarela.Payment, err error) (string, error) {
	if replay, ok := errors.AsType[*gateway.Replay](err); ok {
		return string(replay.Body), nil
	}
	return string(chargeAnswer(p).Body), err
}

func answeredFollow(p pasarela.Payment, o pasarela.Operation, err error) (string, error) {
	if replay, ok := errors.AsType[*gateway.Replay](err); ok {
		return string(replay.Body), nil
	}
	return string(followAnswer(p, o).Body), err
}

func key(name string, onlySuccess bool) gateway.Remember {
	return gateway.Remember{Name: "POST /charges " + name, Digest: []byte("body"), OnlySuccess: onlySuccess}
}

// Kushki, "Idempotency-Key": the same answer for 24 hours, and none for another body.
func TestAKeyIsRememberedForADay(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		request := r.charge(pasarela.KindSale, 100)
		request.Remember = key("k", false)
		first, err := answered(r.gateway.Authorize(t.Context(), r.merchant, request))
		r.must(err)
		r.runDue(gateway.KeyLife - time.Minute)
		again, err := answered(r.gateway.Authorize(t.Context(), r.merchant, request))
		r.must(err)
		if again != first {
			t.Fatalf("answered %q first and %q later", first, again)
		}
		other := request
		other.Remember.Digest = []byte("another body")
		_, err = r.gateway.Authorize(t.Context(), r.merchant, other)
		r.wantCode(err, pasarela.CodeKeyReused)
		r.runDue(time.Minute)
		_, err = r.gateway.Authorize(t.Context(), r.merchant, request)
		r.wantCode(err, pasarela.CodeTokenSpent) // the key is free, the token is not
	})
}

func TestWhatReachedNoOutcomeIsNotRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			name        string
			card        string
			onlySuccess bool
			fault       simulator.FaultKind
			remembered  bool
		}{
			{"decline", brokeCard, false, "", true},
			{"decline where only successes are kept", brokeCard, true, "", false},
			{"no answer from the issuer", creditCard, false, simulator.FaultNoResponse, false},
		} {
			if c.fault != "" {
				r.fault(c.fault, simulator.OnAuthorization, 1)
			}
			request := r.chargeOf(r.token(c.card, pasarela.UseCharge, usd(100)), pasarela.KindSale, 100)
			request.Remember = key(c.name, c.onlySuccess)
			first, err := answered(r.gateway.Authorize(t.Context(), r.merchant, request))
			r.must(err)
			again, err := answered(r.gateway.Authorize(t.Context(), r.merchant, request))
			if c.remembered {
				r.must(err)
				if again != first {
					t.Errorf("%s: answered %q first and %q later", c.name, first, again)
				}
				continue
			}
			r.wantCode(err, pasarela.CodeTokenSpent)
		}
		r.settle()
		r.wantAgreement()
	})
}

// A refused request leaves its key free: nothing happened under it.
func TestARefusalFreesItsKey(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		request := about(p, 111)
		request.Remember = key("capture", false)
		_, _, err := r.gateway.Capture(t.Context(), r.merchant, request)
		r.wantCode(err, pasarela.CodeCaptureAmount)
		*request.Amount = usd(110)
		request.Remember.Digest = []byte("corrected body")
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, request)
		r.must(err)
		if o.State != pasarela.OpApproved {
			t.Fatalf("capture is %s", o.State)
		}
	})
}

// A void that the issuer has not answered is answered the same again: as under way.
func TestAPendingVoidIsRememberedAsPending(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindSale, 100)
		r.fault(simulator.FaultNoResponse, simulator.OnReversal, 1)
		request := about(p, 0)
		request.Remember = key("void", false)
		first, err := answeredFollow(r.gateway.Void(t.Context(), r.merchant, request))
		r.must(err)
		r.settle()
		again, err := answeredFollow(r.gateway.Void(t.Context(), r.merchant, request))
		r.must(err)
		if again != first {
			t.Fatalf("answered %q first and %q later", first, again)
		}
		r.wantState(p, pasarela.StateVoided)
		r.wantAgreement()
	})
}
