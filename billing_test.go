package pasarela

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// plan is a subscription with its periods, and a scheduler that looks at it now and then.
type plan struct {
	t       *rapid.T
	now     time.Time
	s       Subscription
	periods []Period // by date
	payment PaymentID
}

func (p *plan) open() (open []Period) {
	for _, o := range p.periods {
		if o.Open() {
			open = append(open, o)
		}
	}
	return open
}

func (p *plan) put(o Period) {
	i := slices.IndexFunc(p.periods, func(q Period) bool { return q.Date == o.Date })
	p.periods[i] = o
}

// opens opens the next period: a date above all that were opened before.
func (p *plan) opens() Period {
	p.t.Helper()
	var o Period
	p.s, o = p.s.Opened(Money{100, "USD"}, nil, p.now)
	if n := len(p.periods); n > 0 && o.Date <= p.periods[n-1].Date {
		p.t.Fatalf("%s is opened after %s", o.Date, p.periods[n-1].Date)
	}
	p.periods = append(p.periods, o)
	return o
}

// work does what is due by now, as the scheduler does, until a payment stays without an outcome or nothing is left.
func (p *plan) work() {
	for {
		o, due := p.s.Earliest(p.open(), p.now)
		if !due {
			return
		}
		p.checkFirst(o)
		if o.Date == "" {
			o = p.opens()
		}
		if times := o.Retry.Attempts(o.Begins); o.Attempts >= len(times) || o.DueAt.Before(times[o.Attempts]) {
			p.t.Fatalf("attempt %d of %s is due at %s, its times are %v", o.Attempts+1, o.Date, o.DueAt, times)
		}
		p.payment += "x"
		o, err := o.Charge(p.payment, p.now)
		p.must(err)
		p.put(o)
		p.s = p.s.ChargeBegun(o, p.now)
		if !p.s.DueAt.IsZero() {
			p.t.Fatal("something is due while a payment is under way")
		}
		if rapid.IntRange(0, 9).Draw(p.t, "stays") == 0 {
			return
		}
		p.end()
	}
}

// checkFirst requires that nothing fell due before what is to be done now.
func (p *plan) checkFirst(o Period) {
	at := o.DueAt
	if o.Date == "" {
		at = p.s.Opens()
	}
	for _, other := range p.open() {
		if other.DueAt.Before(at) || (other.DueAt.Equal(at) && o.Date == "") {
			p.t.Fatalf("%s comes before %s, which fell due at %s and not at %s", o.Date, other.Date, other.DueAt, at)
		}
	}
	if opens := p.s.Opens(); at.After(p.now) || !opens.IsZero() && opens.Before(at) {
		p.t.Fatalf("at %s %s comes, which falls due at %s; the next one opens at %s", p.now, o.Date, at, opens)
	}
}

// end is the outcome of the payment under way, where there is one.
func (p *plan) end() {
	i := slices.IndexFunc(p.periods, func(o Period) bool { return o.State == PeriodCharging })
	if i < 0 {
		return
	}
	o, err := p.periods[i], error(nil)
	switch rapid.IntRange(0, 6).Draw(p.t, "outcome") {
	case 0:
		o, err = o.Failed(p.now)
	case 2:
		o, err = o.Reversed(p.now.Add(5*time.Minute), p.now)
	case 1:
		o, err = o.Unsent(p.now.Add(5*time.Minute), p.now)
	default:
		o, err = o.Paid(p.now)
	}
	p.must(err)
	p.put(o)
	p.s = p.s.ChargeEnded(p.open(), p.now)
}

func (p *plan) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// change gives it other terms; what is due is opened before, under those it had.
func (p *plan) change() {
	for at := p.s.Opens(); !at.IsZero() && !at.After(p.now); at = p.s.Opens() {
		p.opens()
	}
	p.terms()
	p.s = p.s.Planned(p.now, p.open())
}

// terms draws a rhythm, a start from today on, and perhaps an end.
func (p *plan) terms() {
	p.s.Periodicity = rapid.SampledFrom(periodicities).Draw(p.t, "periodicity")
	p.s.StartDate, p.s.EndDate = drawDate(p.t, BillingDate(p.now), 40, "start"), ""
	if rapid.Bool().Draw(p.t, "ends") {
		p.s.EndDate = drawDate(p.t, p.s.StartDate.AddDays(1), 200, "end")
	}
	p.s.Retry = drawRetry(p.t)
}

// calendar finds by looking at day after day which dates fall due; it is the rule in other words.
type calendar struct {
	s     Subscription // its terms
	looks time.Time    // when the next daily run begins
	from  Date         // dates before it are of no matter
	fresh bool         // no run since the terms were given
	dates []Date
}

func (c *calendar) has(d Date) bool {
	return falls(c.s.Periodicity, c.s.StartDate, d) && (c.s.EndDate == "" || d <= c.s.EndDate) &&
		(len(c.dates) == 0 || d > c.dates[len(c.dates)-1])
}

// advance has the runs up to now.
func (c *calendar) advance(now time.Time) {
	for ; !c.looks.After(now); c.looks = c.looks.AddDate(0, 0, 1) {
		today := BillingDate(c.looks)
		if c.fresh && c.has(today) {
			c.from = today
		}
		for d := c.from; d <= today; d = d.AddDays(1) {
			if c.has(d) {
				c.dates = append(c.dates, d)
			}
		}
		c.from, c.fresh = today.AddDays(1), false
	}
}

// change gives it other terms. A date of the old ones that waits for its run is looked at once more.
func (c *calendar) change(s Subscription, now time.Time) {
	from := BillingDate(now)
	for d := c.from; c.from != "" && d < BillingDate(now); d = d.AddDays(1) {
		if c.has(d) {
			from = d
			break
		}
	}
	c.s, c.from, c.looks, c.fresh = s, from, NextRun(now), true
}

// Whatever the plan, however its terms change and the clock jumps, and whatever comes of the payments: each date of the
// schedule is opened once, in order, and none is missed (issue: exactly once per period).
func TestEachPeriodIsOpenedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := &plan{t: t, now: time.Date(2027, 1, 1, 0, 30, 0, 0, time.UTC), s: Subscription{ID: "s", State: SubscriptionActive}}
		p.now = p.now.Add(time.Duration(rapid.IntRange(0, 24*400).Draw(t, "hour")) * time.Hour)
		var c calendar
		p.change()
		c.change(p.s, p.now)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			most := rapid.SampledFrom([]int{2, 30, 24 * 40}).Draw(t, "most")
			p.now = p.now.Add(time.Duration(rapid.IntRange(0, most).Draw(t, "hours")) * time.Hour)
			c.advance(p.now)
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				p.change()
				c.change(p.s, p.now)
			case 1:
				p.end()
			default:
				p.work()
			}
		}
		p.end()
		for p.work(); p.s.Charging != ""; p.work() {
			p.end()
		}
		var got []Date
		for _, o := range p.periods {
			got = append(got, o.Date)
		}
		if !slices.Equal(got, c.dates) {
			t.Fatalf("by %s the dates opened are %v, want %v", p.now, got, c.dates)
		}
	})
}

// A period that is declined again and again is tried as often as it is configured, however late the scheduler comes,
// and then no more; the subscription stays active.
func TestAPeriodIsTriedAsOftenAsConfigured(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		begins := drawDate(t, "2027-01-01", 800, "begins")
		s := Subscription{ID: "s", State: SubscriptionActive, Periodicity: Yearly, StartDate: begins, Retry: drawRetry(t)}
		now := begins.Run().Add(-time.Hour)
		s = s.Planned(now, nil)
		want := len(s.Retry.Attempts(begins))
		made := 0
		var o Period
		for now.Before(begins.AddMonths(2).Run()) {
			now = now.Add(time.Duration(rapid.IntRange(1, 24*20).Draw(t, "hours")) * time.Hour)
			for p, due := s.Earliest([]Period{o}, now); due; p, due = s.Earliest([]Period{o}, now) {
				if o = p; p.Date == "" {
					s, o = s.Opened(Money{1, "USD"}, nil, now)
				}
				made++
				o = failed(t, o, now)
			}
		}
		if o.State != PeriodFailed || made != want || !o.DueAt.IsZero() || s.State != SubscriptionActive || s.NextPeriod != begins.AddMonths(12) {
			t.Fatalf("after %d of %d attempts the period is %s, the subscription %s until %s", made, want, o.State, s.State, s.NextPeriod)
		}
	})
}

func failed(t *rapid.T, o Period, now time.Time) Period {
	o, err := o.Charge("p", now)
	if err != nil {
		t.Fatal(err)
	}
	if o, err = o.Failed(now); err != nil {
		t.Fatal(err)
	}
	return o
}

// What was never sent takes no attempt from those that are configured.
func TestWhatWasNotSentDoesNotCount(t *testing.T) {
	t.Parallel()
	now := Date("2031-02-10").Run()
	o := Period{State: PeriodRetrying, Begins: "2031-02-10", DueAt: now}
	for range 20 {
		charging, err := o.Charge("p", now)
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
		if o, err = charging.Unsent(now, now); err != nil || o.Attempts != 0 || !o.DueAt.Equal(now) {
			t.Fatalf("%+v, %v", o, err)
		}
	}
}

// Of attempts that nobody answered three in a row count as one that failed, so that every period ends; the first is due
// again at once, in its turn, the second later. An outcome between them begins the row anew.
func TestWhatNobodyAnsweredCountsTheThirdTime(t *testing.T) {
	t.Parallel()
	begins := Date("2031-02-10")
	times, now := Retry{}.Attempts(begins), begins.Run().Add(20*time.Hour)
	again := now.Add(5 * time.Minute)
	o := Period{State: PeriodCharging, Begins: begins}
	for i, step := range []struct {
		end        func() (Period, error)
		attempts   int
		unanswered int
		due        time.Time
	}{
		{func() (Period, error) { return o.Reversed(again, now) }, 0, 1, times[0]},
		{func() (Period, error) { return o.Unsent(again, now) }, 0, 1, again},
		{func() (Period, error) { return o.Reversed(again, now) }, 0, 2, again},
		{func() (Period, error) { return o.Reversed(again, now) }, 1, 0, times[1]},
		{func() (Period, error) { return o.Reversed(again, now) }, 1, 1, times[1]},
		{func() (Period, error) { return o.Failed(now) }, 2, 0, times[2]},
		{func() (Period, error) { return o.Reversed(again, now) }, 2, 1, times[2]},
		{func() (Period, error) { return o.Paid(now) }, 3, 0, time.Time{}},
	} {
		var err error
		o, err = step.end()
		if err != nil || o.Attempts != step.attempts || o.Unanswered != step.unanswered || !o.DueAt.Equal(step.due) {
			t.Fatalf("after step %d it is %+v, %v", i, o, err)
		}
		if o.State == PeriodRetrying {
			if o, err = o.Charge("p", now); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A period ends although its issuer never answers.
func TestADeadIssuersPeriodEnds(t *testing.T) {
	t.Parallel()
	now := Date("2031-02-10").Run()
	o := Period{State: PeriodRetrying, Begins: "2031-02-10", DueAt: now}
	asked := 0
	for o.State == PeriodRetrying && asked < 100 {
		asked++
		charging, err := o.Charge("p", now)
		if err != nil {
			t.Fatal(err)
		}
		if o, err = charging.Reversed(now.Add(5*time.Minute), now); err != nil {
			t.Fatal(err)
		}
	}
	if want := 3 * len(o.Retry.Attempts(o.Begins)); o.State != PeriodFailed || asked != want || !o.DueAt.IsZero() {
		t.Errorf("after %d of %d attempts the period is %s, due %s", asked, want, o.State, o.DueAt)
	}
}

// An adjustment is counted down period by period, and then the price is as it was.
func TestAnAdjustmentEnds(t *testing.T) {
	t.Parallel()
	s := Subscription{State: SubscriptionActive, Periodicity: Daily, StartDate: "2031-02-10",
		Adjustment: Adjustment{Kind: AdjustDiscount, Amount: Money{100, "USD"}, Left: 3}}
	s = s.Planned(Date("2031-02-10").Run(), nil)
	for left := 2; left >= 0; left-- {
		s, _ = s.Opened(Money{1, "USD"}, nil, s.Opens())
		if s.Adjustment.Left != left || (left == 0) != (s.Adjustment.Kind == "") {
			t.Fatalf("the adjustment is %+v, want %d left", s.Adjustment, left)
		}
	}
}
