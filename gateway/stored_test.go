package gateway_test

import (
	"slices"
	"testing"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/gateway"
	"pasarela/store"
)

// A card that was replaced is the card, whatever became of the commit's acknowledgement; one that was not leaves the old.
func TestAReplacedCardIsToldAsItStands(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		disk := r.tap()
		disk.on(outcome, func(func() error) error {
			return pasarela.Wrap(pasarela.CodeInternal, errStore, "connection lost")
		})
		_, err := r.replace(id, debitCard)
		r.wantCode(err, pasarela.CodeInternal)
		if s := r.subscription(id); s.Facts.LastFour != creditCard[12:] {
			t.Errorf("the card ends in %s", s.Facts.LastFour)
		}
		// The token is drawn by itself, in a unit before.
		disk.on(1+outcome, acknowledgementLost)
		if _, err = r.replace(id, debitCard); err != nil {
			t.Errorf("the merchant is told %v", err)
		}
		if s := r.subscription(id); s.Facts.LastFour != debitCard[12:] {
			t.Errorf("the card ends in %s", s.Facts.LastFour)
		}
	})
}

// retireAll makes new keys, seals everything under them that is stored, and removes the old ones.
func (r *rig) retireAll() {
	r.t.Helper()
	v := r.gateway.Vault.(*vault.Vault)
	r.must(v.Rotate(r.t.Context()))
	kinds := map[store.SealedKind]vault.Kind{store.SealedTokenCVV: vault.KindCVV, store.SealedMerchantSecrets: vault.KindSecret}
	for _, place := range store.SealedKinds {
		kind, other := kinds[place]
		if !other {
			kind = vault.KindCard
		}
		rows, err := r.store.SealedRows(r.t.Context(), r.merchant.ID, place, "", 1000)
		r.must(err)
		for _, row := range rows {
			renewed, err := v.Rewrap(r.merchant.ID, kind, row.Sealed)
			r.must(err)
			_, err = r.store.Reseal(r.t.Context(), r.merchant.ID, place, row.Row, row.Sealed.Bytes, renewed.Bytes)
			r.must(err)
		}
	}
	r.must(v.Retire(r.t.Context(), v.Generation()))
}

// A card whose key was retired while its issuer was asked does not take the place of one that can be charged.
func TestACardThatNoKeyOpensReplacesNone(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			a := pass()
			if q.Message == pasarela.MessageVerify {
				r.retireAll()
			}
			return a
		})
		_, err := r.replace(id, debitCard)
		r.wantCode(err, pasarela.CodeInternal)
		if s := r.subscription(id); s.Facts.LastFour != creditCard[12:] {
			t.Errorf("the card ends in %s", s.Facts.LastFour)
		}
		r.reach(at("2026-01-31", "06:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000")
		r.wantChargedOnce(id)
	})
}

// A page of a card's payments begins behind the newest that were passed over.
func TestPaymentsOfAStoredCardComePageByPage(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(daily("2026-01-31"))
		r.reach(at("2026-02-04", "06:00"))
		all := r.paymentsOf(id)
		slices.Reverse(all)
		for _, c := range []struct{ offset, limit, want int }{{0, 2, 2}, {2, 2, 2}, {4, 2, 1}, {5, 2, 0}, {gateway.SubscriptionPaymentsOffset, 100, 0}} {
			page, total, err := r.gateway.SubscriptionPayments(t.Context(), r.merchant.ID, id, c.offset, c.limit)
			r.must(err)
			if total != 5 || len(page) != c.want {
				t.Fatalf("%d behind %d: %d of %d", c.limit, c.offset, len(page), total)
			}
			for i, p := range page {
				if p.ID != all[c.offset+i].ID {
					t.Errorf("%d behind %d: the payment at %d is of %s", c.limit, c.offset, i, p.Period)
				}
			}
		}
		for _, c := range [][2]int{{-1, 1}, {gateway.SubscriptionPaymentsOffset + 1, 1}, {0, 0}, {0, gateway.SubscriptionPaymentsLimit + 1}} {
			_, _, err := r.gateway.SubscriptionPayments(t.Context(), r.merchant.ID, id, c[0], c[1])
			r.wantCode(err, pasarela.CodeInvalid)
		}
	})
}
