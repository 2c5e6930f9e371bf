package gateway_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
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

// What was delivered, or given up, can be looked up for thirty days; what is still to be delivered stays.
func TestPurgeForgetsDeliveriesThatEndedLongAgo(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		now := r.clock.Now()
		r.must(r.store.Update(t.Context(), r.merchant.ID, func(tx store.Tx) error {
			var errs []error
			for i, state := range []pasarela.DeliveryState{pasarela.DeliveryDelivered, pasarela.DeliveryParked, pasarela.DeliveryPending} {
				d := pasarela.Delivery{ID: pasarela.DeliveryID(state), Subject: string(state), State: state, UpdatedAt: now.Add(time.Duration(i) * time.Second)}
				errs = append(errs, tx.InsertDelivery(d))
			}
			return errors.Join(errs...)
		}))
		left := func(wait time.Duration) (ids []pasarela.DeliveryID) {
			t.Helper()
			r.clock.jump(wait)
			_, err := r.gateway.Purge(t.Context())
			r.must(err)
			all, err := r.store.Deliveries(t.Context(), r.merchant.ID, store.DeliveryFilter{}, "", 10)
			r.must(err)
			for _, d := range all {
				ids = append(ids, d.ID)
			}
			return ids
		}
		if got := left(30*24*time.Hour - time.Second); len(got) != 3 {
			t.Errorf("before thirty days are over %v is left, want all", got)
		}
		if got, want := left(time.Hour), []pasarela.DeliveryID{"pending"}; !slices.Equal(got, want) {
			t.Errorf("after thirty days %v is left, want %v", got, want)
		}
	})
}
