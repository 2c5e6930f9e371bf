package gateway_test

import (
	"testing"
	"time"

	"pasarela"
)

// A proof serves the charge of its token and nothing after it: once the token can no longer be charged, the value is
// gone, and what else was proven stays for disputes.
func TestPurgeClearsProofsThatNeverServed(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.secured(pasarela.ThreeDSOn, proven)
		token, a := r.tokenize(nil)
		value := func(wait time.Duration) pasarela.Secure {
			t.Helper()
			r.clock.jump(wait)
			_, err := r.gateway.Purge(t.Context())
			r.must(err)
			stored, err := r.store.Authentication(t.Context(), r.merchant.ID, a.ID)
			r.must(err)
			return stored.Secure
		}
		if got := value(pasarela.TokenLife - time.Second); got != proof {
			t.Errorf("while its token can be charged the proof is %+v", got)
		}
		want := proof
		want.Value = ""
		for _, wait := range []time.Duration{time.Second, 48 * time.Hour} {
			if got := value(wait); got != want {
				t.Errorf("%s later the proof is %+v, want %+v", wait, got, want)
			}
		}
		_, err := r.chargeToken(token.ID)
		r.wantCode(err, pasarela.CodeTokenSpent)
	})
}
