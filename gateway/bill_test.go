package gateway_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
)

// flat prices a period at the subscription's amount and its adjustment. A plan called "damaged" has no price.
type flat struct{}

func (flat) Price(s pasarela.Subscription) (pasarela.Money, []byte, error) {
	m, a := s.Amount, s.Adjustment
	switch {
	case s.Plan == "damaged":
		return m, nil, errors.New("order cannot be read")
	case a.Kind == pasarela.AdjustReplace:
		m = a.Amount
	case a.Kind == pasarela.AdjustCharge:
		m.Minor += a.Amount.Minor
	case a.Kind == pasarela.AdjustDiscount:
		m.Minor -= a.Amount.Minor
	}
	return m, []byte(`{"plan":"` + s.Plan + `"}`), nil
}

// at is a time on the scheduler's calendar.
func at(day pasarela.Date, hour string) time.Time {
	t, err := time.Parse("2006-01-02 15:04 -07", string(day)+" "+hour+" -05")
	if err != nil {
		panic(err)
	}
	return t
}

// reach moves the clock to a time and does what is due then.
func (r *rig) reach(t time.Time) {
	r.t.Helper()
	r.runDue(t.Sub(r.clock.Now()))
}

// subscribe stores a card with a plan of ten dollars, monthly from the last of January 2026 on where change says
// nothing else.
func (r *rig) subscribe(change func(*gateway.SubscribeRequest)) pasarela.SubscriptionID {
	r.t.Helper()
	request := gateway.SubscribeRequest{Token: r.token(creditCard, pasarela.UseSubscription, usd(0)), Plan: "gold", Periodicity: pasarela.Monthly,
		Amount: usd(1000), StartDate: "2026-01-31", Dialect: "kushki", Order: []byte("{}"),
		Answer: func(pasarela.Subscription, gateway.Verification) gateway.Answer { return gateway.Answer{Status: 201} }}
	if change != nil {
		change(&request)
	}
	s, _, err := r.gateway.Subscribe(r.t.Context(), r.merchant, request)
	r.must(err)
	if s.State != pasarela.SubscriptionActive {
		r.t.Fatalf("subscription is %s", s.State)
	}
	return s.ID
}

func daily(start pasarela.Date) func(*gateway.SubscribeRequest) {
	return func(q *gateway.SubscribeRequest) { q.Periodicity, q.StartDate = pasarela.Daily, start }
}

func (r *rig) subscription(id pasarela.SubscriptionID) pasarela.Subscription {
	r.t.Helper()
	s, err := r.store.Subscription(r.t.Context(), r.merchant.ID, id)
	r.must(err)
	return s
}

func (r *rig) periods(id pasarela.SubscriptionID) []pasarela.Period {
	r.t.Helper()
	all, err := r.store.Periods(r.t.Context(), r.merchant.ID, id, "", 1000)
	r.must(err)
	return all
}

// paymentsOf are a subscription's payments, the oldest first.
func (r *rig) paymentsOf(id pasarela.SubscriptionID) []pasarela.Payment {
	r.t.Helper()
	all, err := r.store.SubscriptionPayments(r.t.Context(), r.merchant.ID, id, "", 10_000)
	r.must(err)
	slices.Reverse(all)
	return all
}

// wantPeriods holds the periods against "DATE STATE ATTEMPTS AMOUNT" each.
func (r *rig) wantPeriods(id pasarela.SubscriptionID, want ...string) {
	r.t.Helper()
	var got []string
	for _, p := range r.periods(id) {
		got = append(got, fmt.Sprintf("%s %s %d %d", p.Date, p.State, p.Attempts, p.Amount.Minor))
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("periods are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantChargedOnce requires one captured payment for each paid period and none for another, in the order of the periods,
// and that the issuer has it so too.
func (r *rig) wantChargedOnce(ids ...pasarela.SubscriptionID) {
	r.t.Helper()
	seq := map[pasarela.PaymentID]int64{}
	for _, a := range r.bank.Authorizations(0, 0) {
		seq[a.Reference] = a.Seq
	}
	for _, id := range ids {
		captured := map[pasarela.Date]int{}
		var taken []pasarela.Payment
		for _, p := range r.paymentsOf(id) {
			if p.State == pasarela.StateCaptured {
				captured[p.Period]++
				taken = append(taken, p)
			}
		}
		slices.SortFunc(taken, func(a, b pasarela.Payment) int { return cmp.Compare(seq[a.ID], seq[b.ID]) })
		if !slices.IsSortedFunc(taken, func(a, b pasarela.Payment) int { return cmp.Compare(a.Period, b.Period) }) {
			r.t.Errorf("%s: the issuer was not asked in the order of the periods", id)
		}
		for _, p := range r.periods(id) {
			if want := map[pasarela.PeriodState]int{pasarela.PeriodPaid: 1}[p.State]; captured[p.Date] != want {
				r.t.Errorf("%s: %s is %s and was charged %d times", id, p.Date, p.State, captured[p.Date])
			}
			delete(captured, p.Date)
		}
		for date := range captured {
			r.t.Errorf("%s was charged for %s, of which no period knows", id, date)
		}
	}
	r.wantAgreement()
}

// A jump over several periods charges each of them once, oldest first, month ends as they are (issue 4, "Scheduled
// charges").
func TestAJumpChargesEachPeriodOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.reach(at("2026-01-31", "05:59"))
		r.wantPeriods(id)
		r.reach(at("2026-01-31", "06:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000")
		r.reach(at("2026-05-01", "12:00"))
		r.wantPeriods(id, "2026-01-31 paid 1 1000", "2026-02-28 paid 1 1000", "2026-03-31 paid 1 1000", "2026-04-30 paid 1 1000")
		r.runDue(0)
		r.wantChargedOnce(id)
		p := r.paymentsOf(id)[1]
		if s := r.subscription(id); s.NextPeriod != "2026-05-31" || !s.DueAt.Equal(at("2026-05-31", "06:00")) {
			t.Errorf("the next period is %s, due %s", s.NextPeriod, s.DueAt)
		}
		if string(p.Order) != `{"plan":"gold"}` || p.Kind != pasarela.KindSale || p.Dialect != "kushki" {
			t.Errorf("the payment of a period is a %s of %q in %q", p.Kind, p.Order, p.Dialect)
		}
	})
}

// Of a plan that begins today after the hour of the run, the first period goes with the next day's run. A daily one
// begins that day: two periods would be charged at once.
func TestWhatComesAfterTheRunGoesWithTheNext(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.reach(at("2026-03-10", "06:01"))
		monthly := r.subscribe(func(q *gateway.SubscribeRequest) { q.StartDate = "2026-03-10" })
		everyDay := r.subscribe(daily("2026-03-10"))
		r.reach(at("2026-03-11", "05:59"))
		r.wantPeriods(monthly)
		r.reach(at("2026-03-11", "06:00"))
		r.wantPeriods(monthly, "2026-03-10 paid 1 1000")
		r.wantPeriods(everyDay, "2026-03-11 paid 1 1000")
		if s := r.subscription(monthly); s.NextPeriod != "2026-04-10" {
			t.Errorf("the next period is %s", s.NextPeriod)
		}
		r.wantChargedOnce(monthly, everyDay)
	})
}

// A declined charge is tried three times a day on three days, and then no more; the next period is charged as usual.
// However the clock moves, it is the same nine attempts.
func TestADeclinedPeriodIsTriedNineTimes(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 9)
		for _, step := range []struct {
			to       time.Time
			attempts string
		}{
			{at("2026-01-31", "06:00"), "retrying 1"}, {at("2026-01-31", "11:59"), "retrying 1"}, {at("2026-01-31", "12:00"), "retrying 2"},
			{at("2026-02-01", "05:00"), "retrying 3"}, {at("2026-02-02", "05:00"), "retrying 6"}, {at("2026-02-10", "05:00"), "failed 9"},
		} {
			r.reach(step.to)
			r.wantPeriods(id, "2026-01-31 "+step.attempts+" 1000")
		}
		r.reach(at("2026-02-28", "06:00"))
		r.wantPeriods(id, "2026-01-31 failed 9 1000", "2026-02-28 paid 1 1000")
		if n := len(r.paymentsOf(id)); n != 10 {
			t.Errorf("there are %d payments, want 10", n)
		}
		r.wantChargedOnce(id)
	})
}

func TestADeclinedPeriodIsTriedNineTimesInOneJump(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(daily("2026-01-31"))
		r.fault(simulator.FaultDecline, simulator.OnAuthorization, 4)
		r.reach(at("2026-02-02", "07:00"))
		// Of the first day: 06, 12 and 18 hours, and 06 of the second, before that day's own begins.
		r.wantPeriods(id, "2026-01-31 paid 5 1000", "2026-02-01 paid 1 1000", "2026-02-02 paid 1 1000")
		order := ""
		for _, p := range r.paymentsOf(id) {
			order += string(p.Period)[8:] + " "
		}
		if order != "31 31 31 31 01 31 02 " && order != "31 31 31 31 31 01 02 " {
			t.Errorf("the order of the attempts is %s", order)
		}
	})
}

// A charge without an answer is reversed before it is tried again: never are two captured for one period.
func TestASilentAcquirerIsReversedAndTriedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultNoResponse, simulator.OnAny, 12) // the charge, and more of its reversals than one call sends
		r.reach(at("2026-01-31", "06:00"))
		r.wantPeriods(id, "2026-01-31 charging 0 1000")
		for range 20 {
			r.runDue(time.Minute)
		}
		r.wantPeriods(id, "2026-01-31 paid 1 1000")
		r.wantChargedOnce(id)
	})
}

// While the reversal of an attempt is not acknowledged, there is no other attempt.
func TestNoAttemptBesideOneThatIsBeingReversed(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
		r.fault(simulator.FaultNoResponse, simulator.OnReversal, 1000)
		r.reach(at("2026-02-05", "06:00"))
		r.wantPeriods(id, "2026-01-31 charging 0 1000")
		if n := len(r.paymentsOf(id)); n != 1 {
			t.Errorf("there are %d attempts at once", n)
		}
		r.bank.ClearFaults()
		r.settle()
		r.wantPeriods(id, "2026-01-31 paid 1 1000")
		r.wantChargedOnce(id)
	})
}

// What cannot be sent takes no attempt, and a run that meets it does not run on through everybody.
func TestAnUnreachableAcquirerEndsTheRun(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		var ids []pasarela.SubscriptionID
		for range 40 {
			ids = append(ids, r.subscribe(nil))
		}
		r.unplug.Store(true)
		r.cut()
		r.clock.jump(at("2026-01-31", "06:00").Sub(r.clock.Now()))
		for run := range 3 {
			n, err := r.gateway.Bill(t.Context())
			r.must(err)
			if n == 0 || n > 16 || run > 0 && n > 1 {
				t.Errorf("run %d has made %d attempts in vain", run, n)
			}
		}
		r.unplug.Store(false)
		for range 10 {
			r.runDue(time.Minute)
		}
		for _, id := range ids {
			r.wantPeriods(id, "2026-01-31 paid 1 1000")
		}
		r.wantChargedOnce(ids...)
	})
}

// Two nodes that bill at once charge each period once.
func TestTwoNodesBillAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		var ids []pasarela.SubscriptionID
		for range 30 {
			ids = append(ids, r.subscribe(daily("2026-01-31")))
		}
		other := r.otherNode(truly)
		r.clock.jump(at("2026-02-02", "06:00").Sub(r.clock.Now()))
		ended := make(chan error)
		for _, g := range []*gateway.Gateway{r.gateway, other} {
			go func() {
				_, err := g.Bill(t.Context())
				ended <- err
			}()
		}
		r.must(errors.Join(<-ended, <-ended))
		r.runDue(0)
		for _, id := range ids {
			r.wantPeriods(id, "2026-01-31 paid 1 1000", "2026-02-01 paid 1 1000", "2026-02-02 paid 1 1000")
		}
		r.wantChargedOnce(ids...)
	})
}
