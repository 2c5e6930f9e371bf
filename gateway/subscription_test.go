package gateway_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/vault"
	"pasarela/gateway"
)

// replace puts another card in the place of a subscription's.
func (r *rig) replace(id pasarela.SubscriptionID, card string) (gateway.Verification, error) {
	r.t.Helper()
	_, v, err := r.gateway.ReplaceCard(r.t.Context(), r.merchant, gateway.ReplaceCardRequest{Subscription: id,
		Token: r.token(card, pasarela.UseSubscription, usd(0))})
	return v, err
}

// onDemand charges a stored card, with a device's token where one is given.
func (r *rig) onDemand(id pasarela.SubscriptionID, token pasarela.TokenID, minor int64) (pasarela.Payment, error) {
	r.t.Helper()
	q := r.chargeOf(token, pasarela.KindSale, minor)
	q.Subscription = id
	return r.gateway.Authorize(r.t.Context(), r.merchant, q)
}

// A card takes the place of another when its issuer approves it, and only then; what comes after goes to it.
func TestACardIsReplacedByOneThatPasses(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(daily("2026-02-01"))
		before := r.subscription(id)
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 1)
		v, err := r.replace(id, debitCard)
		r.must(err)
		if v.Outcome != pasarela.OutcomeDeclined {
			t.Fatalf("the new card's verification is %s", v.Outcome)
		}
		if s := r.subscription(id); s.Card.Record != before.Card.Record || s.Facts != before.Facts || s.Fingerprint != before.Fingerprint {
			t.Fatal("a card that was declined took the place of the old one")
		}
		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
		if v, err = r.replace(id, debitCard); err != nil || v.Outcome != pasarela.OutcomeUnknown {
			t.Fatalf("without an answer: %s, %v", v.Outcome, err)
		}
		if v, err = r.replace(id, debitCard); err != nil || v.Outcome != pasarela.OutcomeApproved {
			t.Fatalf("approved: %s, %v", v.Outcome, err)
		}
		s := r.subscription(id)
		if s.Facts.LastFour != debitCard[12:] || s.Fingerprint == before.Fingerprint || s.NextPeriod != before.NextPeriod || s.Plan != before.Plan {
			t.Fatalf("after the replacement: %+v", s)
		}
		p, err := r.onDemand(id, "", 700)
		r.must(err)
		if p.State != pasarela.StateCaptured || p.Facts.LastFour != debitCard[12:] {
			t.Fatalf("charged %s, on a card that ends in %s", p.State, p.Facts.LastFour)
		}
		r.wantAgreement()
	})
}

// A subscription that was cancelled while the new card was asked about stays cancelled, and keeps no card.
func TestACancelledSubscriptionGetsNoNewCard(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		var once atomic.Bool
		r.rebuild(func(c *gateway.Config) {
			c.Acquirer = interrupting{r.link, func() {
				if once.CompareAndSwap(false, true) {
					_, err := r.gateway.Cancel(t.Context(), r.merchant, id)
					r.must(err)
				}
			}}
		})
		_, err := r.replace(id, debitCard)
		r.wantCode(err, pasarela.CodeNotFound)
		if s := r.subscription(id); s.State != pasarela.SubscriptionCancelled || !s.Card.Empty() {
			t.Fatalf("subscription is %s, card kept: %t", s.State, !s.Card.Empty())
		}
	})
}

// interrupting does something before each message.
type interrupting struct {
	gateway.Acquirer
	before func()
}

func (i interrupting) Send(ctx context.Context, q pasarela.NetworkRequest) pasarela.NetworkAnswer {
	i.before()
	return i.Acquirer.Send(ctx, q)
}

// Cancelling drops what waits for another attempt, keeps what was paid, and ends every use of the card.
func TestCancellingEndsEverything(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(daily("2026-01-10"))
		r.reach(at("2026-01-10", "06:00"))
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 1)
		r.reach(at("2026-01-11", "06:00"))
		token, err := r.device(id, usd(0), "")
		r.must(err)
		_, err = r.gateway.Cancel(t.Context(), r.merchant, id)
		r.must(err)
		r.reach(at("2026-01-20", "06:00"))
		r.wantPeriods(id, "2026-01-10 paid 1 1000", "2026-01-11 dropped 1 1000")
		if s := r.subscription(id); !s.Card.Empty() || !s.DueAt.IsZero() {
			t.Errorf("cancelled, it is due %v and keeps a card: %t", s.DueAt, !s.Card.Empty())
		}
		_, err = r.gateway.Cancel(t.Context(), r.merchant, id)
		r.wantCode(err, pasarela.CodeNotFound)
		_, err = r.onDemand(id, "", 100)
		r.wantCode(err, pasarela.CodeNotFound)
		_, err = r.onDemand(id, token.ID, 100)
		r.wantCode(err, pasarela.CodeNotFound)
		_, err = r.device(id, usd(0), "")
		r.wantCode(err, pasarela.CodeNotFound)
		_, err = r.replace(id, debitCard)
		r.wantCode(err, pasarela.CodeNotFound)
		_, err = r.gateway.Adjust(t.Context(), r.merchant, id, pasarela.Adjustment{Kind: pasarela.AdjustReplace, Amount: usd(1), Left: 1})
		r.wantCode(err, pasarela.CodeNotFound)
		_, err = r.gateway.ChangePlan(t.Context(), r.merchant, id, func(pasarela.Subscription) (pasarela.PlanChange, error) { return pasarela.PlanChange{}, nil })
		r.wantCode(err, pasarela.CodeNotFound)
		r.wantChargedOnce(id)
	})
}

// Another rhythm counts the schedule anew; a price, retries and names do not. Retries count for later periods only.
func TestAPlanChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil) // monthly from 31 January 2026
		change := func(c pasarela.PlanChange) pasarela.Subscription {
			t.Helper()
			s, err := r.gateway.ChangePlan(t.Context(), r.merchant, id, func(pasarela.Subscription) (pasarela.PlanChange, error) { return c, nil })
			r.must(err)
			return s
		}
		name, often, start, end := "silver", pasarela.Weekly, pasarela.Date("2026-02-03"), pasarela.Date("2026-02-10")
		on := pasarela.Retry{Kind: pasarela.RetryOn, Days: []int{20}}
		if s := change(pasarela.PlanChange{Plan: &name, Order: []byte(`{"a":1}`)}); s.NextPeriod != "2026-01-31" || s.Plan != name || string(s.Order) != `{"a":1}` {
			t.Fatalf("after another name: %+v", s)
		}
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 9)
		r.reach(at("2026-01-31", "06:00"))
		change(pasarela.PlanChange{Retry: &on})
		if open := r.periods(id); open[0].Retry.Kind != pasarela.RetryDefault || r.subscription(id).Retry.Kind != pasarela.RetryOn {
			t.Fatalf("retries of the open period are %+v", open[0].Retry)
		}
		if s := change(pasarela.PlanChange{Periodicity: &often, StartDate: &start, EndDate: &end}); s.NextPeriod != start {
			t.Fatalf("next period is %s", s.NextPeriod)
		}
		r.reach(at("2026-03-30", "06:00"))
		if n := len(r.periods(id)); n != 3 || r.subscription(id).NextPeriod != "" {
			t.Errorf("%d periods, next %q: want the first one, and two weekly ones until the end", n, r.subscription(id).NextPeriod)
		}
		want := errors.New("dialect says no")
		_, err := r.gateway.ChangePlan(t.Context(), r.merchant, id, func(pasarela.Subscription) (pasarela.PlanChange, error) { return pasarela.PlanChange{}, want })
		if !errors.Is(err, want) {
			t.Errorf("error is %v", err)
		}
		pesos := pasarela.Money{Minor: 1, Currency: "COP"}
		_, err = r.gateway.ChangePlan(t.Context(), r.merchant, id, func(pasarela.Subscription) (pasarela.PlanChange, error) {
			return pasarela.PlanChange{Amount: &pesos}, nil
		})
		r.wantCode(err, pasarela.CodeCurrencyNotAllowed)
		_, err = r.gateway.Adjust(t.Context(), r.merchant, id, pasarela.Adjustment{Kind: pasarela.AdjustCharge, Amount: pesos, Left: 1})
		r.wantCode(err, pasarela.CodeCurrencyMismatch)
	})
}

// A day that is today in Mexico can be yesterday for the daily run: its period is charged with the next one all the same.
func TestTodayIsTheMerchantsToday(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.reach(at("2026-01-31", "00:30"))
		id := r.subscribe(func(q *gateway.SubscribeRequest) { q.StartDate = "2026-01-30" })
		r.reach(at("2026-01-31", "06:00"))
		r.wantPeriods(id, "2026-01-30 paid 1 1000")
		if s := r.subscription(id); s.NextPeriod != "2026-02-28" {
			t.Errorf("next period is %s", s.NextPeriod)
		}
	})
}

// charging is everything that charges or stores a card.
func (r *rig) charging(id pasarela.SubscriptionID, hold pasarela.Payment, charge gateway.AuthorizeRequest, plan pasarela.TokenID) map[string]func() error {
	ctx := r.t.Context()
	number, err := vault.ParseNumber(creditCard)
	r.must(err)
	return map[string]func() error{
		"tokenize": func() error {
			_, _, err := r.gateway.Tokenize(ctx, r.merchant, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: usd(1), Card: vault.Card{Number: number, Expiry: "4912"}})
			return err
		},
		"device":      func() error { _, err := r.device(id, usd(1), ""); return err },
		"authorize":   func() error { _, err := r.gateway.Authorize(ctx, r.merchant, charge); return err },
		"on demand":   func() error { _, err := r.onDemand(id, "", 1); return err },
		"capture":     func() error { _, _, err := r.gateway.Capture(ctx, r.merchant, about(hold, 0)); return err },
		"reauthorize": func() error { _, _, err := r.gateway.Reauthorize(ctx, r.merchant, about(hold, 1)); return err },
		"verify":      func() error { _, _, err := r.gateway.Verify(ctx, r.merchant, plan); return err },
		"subscribe": func() error {
			_, _, err := r.gateway.Subscribe(ctx, r.merchant, gateway.SubscribeRequest{Token: plan, Amount: usd(1)})
			return err
		},
		"replace": func() error {
			_, _, err := r.gateway.ReplaceCard(ctx, r.merchant, gateway.ReplaceCardRequest{Subscription: id, Token: plan})
			return err
		},
		"redirect": func() error {
			_, err := r.gateway.RequestRedirect(ctx, r.merchant, pasarela.Redirect{Total: usd(1)}, gateway.RedirectAnswer{})
			return err
		},
	}
}

// A disabled merchant charges nothing and stores no card; voids and refunds go on, and so does what ends a plan.
func TestADisabledMerchantChargesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id, sale, hold := r.subscribe(nil), r.paid(pasarela.KindSale, 500), r.paid(pasarela.KindAuthorization, 500)
		charge, plan := r.charge(pasarela.KindSale, 500), r.token(creditCard, pasarela.UseSubscription, usd(0))
		r.merchant.Disabled = true
		ctx := t.Context()
		refused := r.charging(id, hold, charge, plan)
		for verb, do := range refused {
			if code := pasarela.CodeOf(do()); code != pasarela.CodeMerchantDisabled {
				t.Errorf("%s: %s", verb, code)
			}
		}
		_, _, err := r.gateway.Refund(ctx, r.merchant, about(sale, 0))
		r.must(err)
		_, _, err = r.gateway.Void(ctx, r.merchant, about(hold, 0))
		r.must(err)
		_, err = r.gateway.Cancel(ctx, r.merchant, id)
		r.must(err)
		r.merchant.Disabled = false
		_, err = r.gateway.Authorize(ctx, r.merchant, charge) // none of it spent a token
		r.must(err)
		r.wantAgreement()
	})
}

// Each change a merchant asks for is an event, and what the schedule does by itself is none of these: also where a due
// period is opened on the way, or an adjustment is for fewer periods than the one before.
func TestChangesOfASubscriptionAreEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(daily("2026-01-10"))
		adjust := func(left int) {
			t.Helper()
			_, err := r.gateway.Adjust(t.Context(), r.merchant, id, pasarela.Adjustment{Kind: pasarela.AdjustCharge, Amount: usd(1), Left: left})
			r.must(err)
		}
		adjust(5)
		r.reach(at("2026-01-11", "06:00"))
		adjust(2)
		r.clock.jump(at("2026-01-12", "06:01").Sub(r.clock.Now())) // the run is late
		adjust(4)
		name := "silver"
		_, err := r.gateway.ChangePlan(t.Context(), r.merchant, id, func(pasarela.Subscription) (pasarela.PlanChange, error) {
			return pasarela.PlanChange{Plan: &name}, nil
		})
		r.must(err)
		_, err = r.replace(id, debitCard)
		r.must(err)
		_, err = r.gateway.Cancel(t.Context(), r.merchant, id)
		r.must(err)
		events, err := r.store.Events(t.Context(), r.merchant.ID, 0, 100)
		r.must(err)
		var got []pasarela.EventKind
		for _, e := range events {
			if e.Kind.About() == "subscription" && e.Kind != pasarela.EventSubscriptionCharged {
				got = append(got, e.Kind)
			}
		}
		want := []pasarela.EventKind{pasarela.EventSubscriptionActivated, pasarela.EventSubscriptionAdjusted, pasarela.EventSubscriptionAdjusted,
			pasarela.EventSubscriptionAdjusted, pasarela.EventSubscriptionUpdated, pasarela.EventSubscriptionCard, pasarela.EventSubscriptionCancelled}
		if !slices.Equal(got, want) {
			t.Errorf("events are %v, want %v", got, want)
		}
	})
}
