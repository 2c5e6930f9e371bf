package gateway_test

import (
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/vault"
	"pasarela/gateway"
	"pasarela/store"
)

// Before an end date all periods are charged, after it none.
func TestNothingIsChargedAfterTheEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(func(q *gateway.SubscribeRequest) { q.EndDate = "2026-03-31" })
		r.reach(at("2027-06-01", "12:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000", "2026-02-28 paid 1 1000", "2026-03-31 paid 1 1000")
		if s := r.subscription(id); s.State != pasarela.SubscriptionActive || !s.DueAt.IsZero() {
			t.Errorf("subscription is %s and due %s", s.State, s.DueAt)
		}
		r.wantChargedOnce(id)
	})
}

// One-click subscriptions are charged on demand only.
func TestACustomPlanIsNeverCharged(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(func(q *gateway.SubscribeRequest) { q.Periodicity = pasarela.Custom })
		r.reach(at("2028-01-01", "12:00"))
		r.wantPeriods(id)
	})
}

// An adjustment counts for as many periods as it says, and what it makes free is recorded and not charged.
func TestAdjustmentsAreCountedDown(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.reach(at("2026-01-31", "12:00"))
		_, err := r.gateway.Adjust(t.Context(), r.merchant, id, pasarela.Adjustment{Kind: pasarela.AdjustDiscount, Amount: usd(300), Left: 2})
		r.must(err)
		r.reach(at("2026-04-30", "12:00"))
		_, err = r.gateway.Adjust(t.Context(), r.merchant, id, pasarela.Adjustment{Kind: pasarela.AdjustDiscount, Amount: usd(1000), Left: 1})
		r.must(err)
		r.reach(at("2026-06-30", "12:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000", "2026-02-28 paid 1 700", "2026-03-31 paid 1 700", "2026-04-30 paid 1 1000",
			"2026-05-31 skipped 0 0", "2026-06-30 paid 1 1000")
		r.wantChargedOnce(id)
	})
}

// A price that changes counts for the periods that fall due after it, also where the run has not come to the others.
func TestAPriceCountsFromTheNextPeriod(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		dear := usd(2500)
		change := func() {
			t.Helper()
			_, err := r.gateway.ChangePlan(t.Context(), r.merchant, id, func(pasarela.Subscription) (pasarela.PlanChange, error) {
				return pasarela.PlanChange{Amount: &dear}, nil
			})
			r.must(err)
		}
		r.reach(at("2026-02-01", "06:00"))
		r.clock.jump(at("2026-02-28", "06:03").Sub(r.clock.Now())) // the run is late
		change()
		dear = usd(3000)
		r.reach(at("2026-03-31", "06:00"))
		change()
		r.reach(at("2026-04-30", "06:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000", "2026-02-28 paid 1 1000", "2026-03-31 paid 1 2500", "2026-04-30 paid 1 3000")
		r.wantChargedOnce(id)
	})
}

// What is tried again is charged to the card of that time, and still costs what it cost.
func TestARetryTakesTheCardOfItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 1)
		r.reach(at("2026-01-31", "06:00"))
		fresh, err := r.store.Token(t.Context(), r.merchant.ID, r.token(debitCard, pasarela.UseSubscription, usd(0)))
		r.must(err)
		r.must(r.store.Update(t.Context(), r.merchant.ID, func(tx store.Tx) error {
			s, err := tx.Subscription(id)
			if err != nil {
				return err
			}
			if s, err = s.CardReplaced(fresh.Card, fresh.Facts, fresh.Fingerprint, r.clock.Now()); err != nil {
				return err
			}
			return tx.PutSubscription(s)
		}))
		r.reach(at("2026-01-31", "12:00"))
		r.wantPeriods(id, "2026-01-31 paid 2 1000")
		if last := r.paymentsOf(id)[1]; last.Facts.LastFour != debitCard[len(debitCard)-4:] {
			t.Errorf("the second attempt was at a card that ends in %s", last.Facts.LastFour)
		}
		r.wantChargedOnce(id)
	})
}

// A card that expired meanwhile is asked for all the same; its issuer decides.
func TestAnExpiredCardIsDeclinedByItsIssuer(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		number, err := vault.ParseNumber(creditCard)
		r.must(err)
		cvv, err := vault.ParseCVV("123")
		r.must(err)
		token, _, err := r.gateway.Tokenize(t.Context(), r.merchant, gateway.TokenizeRequest{Use: pasarela.UseSubscription,
			Card: vault.Card{Number: number, CVV: cvv, Expiry: "2602"}})
		r.must(err)
		id := r.subscribe(func(q *gateway.SubscribeRequest) { q.Token = token.ID })
		r.reach(at("2026-02-28", "07:00"))
		r.reach(at("2026-04-15", "12:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000", "2026-02-28 paid 1 1000", "2026-03-31 failed 9 1000")
		if code := r.paymentsOf(id)[2].ResponseCode; code != "54" {
			t.Errorf("the issuer says %s of an expired card", code)
		}
	})
}
