package gateway_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
	"pasarela/store"
)

func (r *rig) disable(yes bool) {
	r.t.Helper()
	m, err := r.gateway.ChangeMerchant(r.t.Context(), r.merchant.ID, func(m pasarela.Merchant) (pasarela.Merchant, error) {
		m.Disabled = yes
		return m, nil
	})
	r.must(err)
	r.merchant = m
}

// What falls due while a merchant is disabled is recorded as skipped, a further attempt too, and not made up for later.
func TestADisabledMerchantsPeriodsAreSkipped(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 1)
		r.reach(at("2026-01-31", "06:00"))
		r.disable(true)
		r.reach(at("2026-03-31", "12:00"))
		r.disable(false)
		r.reach(at("2026-04-30", "06:00"))
		r.wantPeriods(id, "2026-01-31 skipped 1 1000", "2026-02-28 skipped 0 1000", "2026-03-31 skipped 0 1000", "2026-04-30 paid 1 1000")
		r.wantChargedOnce(id)
	})
}

// A cancelled subscription is charged no more: neither its next period nor another attempt at one that failed.
func TestACancelledSubscriptionIsChargedNoMore(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 1)
		r.reach(at("2026-01-31", "06:00"))
		_, err := r.gateway.Cancel(t.Context(), r.merchant, id)
		r.must(err)
		r.reach(at("2026-06-01", "06:00"))
		r.wantPeriods(id, "2026-01-31 dropped 1 1000")
		r.wantChargedOnce(id)
	})
}

// A payment that is under way when its subscription is cancelled is seen through, and its period ends as it does.
func TestACancellationLetsThePaymentUnderWayEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		var id pasarela.SubscriptionID
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			a := pass()
			if q.Message == pasarela.MessageSale {
				_, err := r.gateway.Cancel(t.Context(), r.merchant, id)
				r.must(err)
			}
			return a
		})
		id = r.subscribe(nil)
		paid := id
		r.reach(at("2026-01-31", "06:00"))
		id = r.subscribe(nil)
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 1)
		r.reach(at("2026-06-01", "06:00"))
		r.wantPeriods(paid, "2026-01-31 paid 1 1000")
		r.wantPeriods(id, "2026-01-31 dropped 1 1000") // that came after the run, and went with the next
		for _, ended := range []pasarela.SubscriptionID{paid, id} {
			if s := r.subscription(ended); s.State != pasarela.SubscriptionCancelled || !s.DueAt.IsZero() || s.Charging != "" {
				t.Errorf("subscription is %s, due %s, charging %q", s.State, s.DueAt, s.Charging)
			}
		}
		r.wantChargedOnce(paid, id)
	})
}

// A process dies between the promise of a charge and its outcome, wherever: the next one reverses it, and makes the same
// attempt again. That is our failure, so no merchant is told of one.
func TestAChargeThatADeadProcessLeftIsReversedAndMadeAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		disk := r.breakable()
		r.clock.jump(at("2026-01-31", "06:00").Sub(r.clock.Now()))
		disk.after.Store(1) // the promise is committed, its outcome is not
		if _, err := r.gateway.Bill(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.wantPeriods(id, "2026-01-31 charging 0 1000")
		r.restart()
		r.wantPeriods(id, "2026-01-31 retrying 0 1000")
		r.runDue(0)
		r.wantPeriods(id, "2026-01-31 paid 1 1000")
		r.wantChargedOnce(id)
		r.wantEvents(id, pasarela.EventSubscriptionActivated, pasarela.EventPaymentUnanswered, pasarela.EventPaymentReversed,
			pasarela.EventPaymentCaptured, pasarela.EventSubscriptionCharged)
	})
}

// twice is a store whose units of work all run twice, as after a serialization failure; the first time comes to nothing.
type twice struct{ store.Store }

var errAgain = errors.New("run the unit again")

func (s twice) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	err := s.Store.Update(ctx, m, func(tx store.Tx) error {
		if err := unit(tx); err != nil {
			return err
		}
		return errAgain
	})
	if !errors.Is(err, errAgain) {
		return err
	}
	return s.Store.Update(ctx, m, unit)
}

func TestUnitsOfABillingRunMayRunTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.rebuild(func(c *gateway.Config) { c.Store = twice{r.store} })
		id := r.subscribe(nil)
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 1)
		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
		r.reach(at("2026-03-01", "06:00"))
		r.wantPeriods(id, "2026-01-31 paid 2 1000", "2026-02-28 paid 1 1000")
		r.wantChargedOnce(id)
		r.wantEvents(id, pasarela.EventSubscriptionActivated, pasarela.EventPaymentDeclined, pasarela.EventSubscriptionFailed,
			pasarela.EventPaymentUnanswered, pasarela.EventPaymentReversed,
			pasarela.EventPaymentCaptured, pasarela.EventSubscriptionCharged, pasarela.EventPaymentCaptured, pasarela.EventSubscriptionCharged)
	})
}

// wantEvents holds what merchants are told of a subscription, in order.
func (r *rig) wantEvents(id pasarela.SubscriptionID, want ...pasarela.EventKind) {
	r.t.Helper()
	all, err := r.store.Events(r.t.Context(), r.merchant.ID, 0, 1000)
	r.must(err)
	var got []pasarela.EventKind
	for _, e := range all {
		if e.Subscription == id {
			got = append(got, e.Kind)
		}
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("events are %v, want %v", got, want)
	}
}

// Subscriptions that have no price stand in nobody's way, however many there are and however often a run comes by.
func TestWhatCannotBePricedDelaysNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const damaged = 70 // more than a turn has
		r.must(r.store.Update(t.Context(), r.merchant.ID, func(tx store.Tx) error {
			for i := range damaged {
				s := pasarela.Subscription{Merchant: r.merchant.ID, ID: pasarela.SubscriptionID(rune('a' + i)), State: pasarela.SubscriptionActive,
					Plan: "damaged", Periodicity: pasarela.Daily, Amount: usd(1), StartDate: "2026-01-01", Dialect: "kushki"}
				if err := tx.InsertSubscription(s.Planned(r.clock.Now(), nil)); err != nil {
					return err
				}
			}
			return nil
		}))
		id := r.subscribe(nil)
		r.reach(at("2026-01-31", "06:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000")
		n, err := r.gateway.Bill(t.Context())
		if err != nil || n != 0 {
			t.Errorf("the next run does %d things, %v", n, err)
		}
		r.wantChargedOnce(id)
	})
}

// A card that does not open is not an acquirer that cannot be reached: the others are charged in the same run, and its own
// period ends with its attempts.
func TestACardThatDoesNotOpenEndsNoRun(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		damaged := r.subscribe(nil)
		r.must(r.store.Update(t.Context(), r.merchant.ID, func(tx store.Tx) error {
			s, err := tx.Subscription(damaged)
			if err != nil {
				return err
			}
			s.Card.Bytes[len(s.Card.Bytes)-1] ^= 1
			return tx.PutSubscription(s)
		}))
		others := []pasarela.SubscriptionID{}
		for range 40 {
			others = append(others, r.subscribe(nil))
		}
		r.clock.jump(at("2026-01-31", "06:00").Sub(r.clock.Now()))
		n, err := r.gateway.Bill(t.Context())
		if err != nil || n != len(others)+1 {
			t.Errorf("the run made %d payments of %d, %v", n, len(others)+1, err)
		}
		for _, id := range others {
			r.wantPeriods(id, "2026-01-31 paid 1 1000")
		}
		r.wantPeriods(damaged, "2026-01-31 retrying 1 1000")
		r.reach(at("2026-02-10", "05:00"))
		r.wantPeriods(damaged, "2026-01-31 failed 9 1000")
		p, err := r.onDemand(damaged, "", 700)
		if err != nil || p.State != pasarela.StateDeclined || p.ResponseCode != pasarela.ResponseUnsendable {
			t.Errorf("on demand the payment is %s (%s), %v", p.State, p.ResponseCode, err)
		}
		r.wantChargedOnce(append(others, damaged)...)
	})
}

// A payment that waits for its answer delays its own subscription's others, and nobody else's.
func TestASlowCardDelaysOnlyItself(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const others = 80 // more than a turn has
		slow := r.subscribe(nil)
		for range others {
			r.subscribe(nil)
		}
		began, waited := time.Now(), atomic.Int64{}
		var done atomic.Int64
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			p, err := r.store.Payment(t.Context(), q.Merchant, q.Reference)
			r.must(err)
			if p.Subscription == slow {
				time.Sleep(20 * time.Second) // of the bubble's clock
			} else if done.Add(1) == others {
				waited.Store(int64(time.Since(began)))
			}
			return pass()
		})
		r.clock.jump(at("2026-01-31", "06:00").Sub(r.clock.Now()))
		began = time.Now()
		n, err := r.gateway.Bill(t.Context())
		if err != nil || n != others+1 {
			t.Errorf("%d of %d were charged, %v", n, others+1, err)
		}
		if w := time.Duration(waited.Load()); w == 0 && done.Load() < others || w > 10*time.Second {
			t.Errorf("the others waited for %s", w)
		}
		r.wantPeriods(slow, "2026-01-31 paid 1 1000")
		r.wantAgreement()
	})
}

// The rate holds over a run, whose payments otherwise are as quick as their answers. A run that somebody waits for
// keeps to none.
func TestBillingKeepsToItsRate(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const rate, count = 10, 60
		for range count {
			r.subscribe(nil)
		}
		r.rebuild(func(c *gateway.Config) { c.BillingRate = rate })
		r.clock.jump(at("2026-01-31", "06:00").Sub(r.clock.Now()))
		began := time.Now()
		_, err := r.gateway.Bill(t.Context())
		r.must(err)
		if took := time.Since(began); took < (count-2)*time.Second/rate {
			t.Errorf("%d payments at %d a second took %s", count, rate, took)
		}
		began = time.Now()
		r.reach(at("2026-02-28", "06:00"))
		if took := time.Since(began); took > count*time.Second/rate {
			t.Errorf("after a jump of the clock the run took %s", took)
		}
		r.wantAgreement()
	})
}

// A run that is told to end leaves the rest to the next.
func TestARunThatIsBrokenOffIsGoneOnWith(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const count = 60
		var ids []pasarela.SubscriptionID
		for range count {
			ids = append(ids, r.subscribe(nil))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var sent atomic.Int64
		r.interpose(func(_ pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			if sent.Add(1) == 20 {
				cancel()
			}
			return pass()
		})
		r.clock.jump(at("2026-01-31", "06:00").Sub(r.clock.Now()))
		first, err := r.gateway.Bill(ctx)
		if !errors.Is(err, context.Canceled) || first < 20 || first > 20+16 {
			t.Errorf("the first run made %d payments and ended with %v", first, err)
		}
		second, err := r.gateway.Bill(t.Context())
		if err != nil || first+second != count {
			t.Errorf("the second made %d, %v", second, err)
		}
		r.wantChargedOnce(ids...)
	})
}

// coincidence is a store in which the first ticket that is drawn exists already.
type coincidence struct {
	store.Store
	tickets []pasarela.Ticket
}

func (s *coincidence) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	return s.Store.Update(ctx, m, func(tx store.Tx) error { return unit(coincidentTx{tx, s}) })
}

type coincidentTx struct {
	store.Tx
	of *coincidence
}

func (t coincidentTx) InsertPayment(p pasarela.Payment) error {
	if t.of.tickets = append(t.of.tickets, p.Ticket); len(t.of.tickets) == 1 {
		return store.ErrDuplicate
	}
	return t.Tx.InsertPayment(p)
}

// Numbers that rise with the time are drawn anew where another node has drawn the same.
func TestANumberThatAnotherNodeDrewIsDrawnAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		s := &coincidence{Store: r.store}
		r.rebuild(func(c *gateway.Config) { c.Store = s })
		r.reach(at("2026-01-31", "06:00"))
		if r.wantPeriods(id, "2026-01-31 paid 1 1000"); len(s.tickets) != 2 || s.tickets[0] == s.tickets[1] {
			t.Errorf("tickets drawn are %v", s.tickets)
		}
		r.wantChargedOnce(id)
	})
}
