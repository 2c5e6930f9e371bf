package simulation

import (
	"pasarela"
	"pasarela/gateway"
)

// flat prices each period at its subscription's amount.
type flat struct{}

// Price implements gateway.Biller.
func (flat) Price(s pasarela.Subscription) (pasarela.Money, []byte, error) {
	return s.Amount, []byte("{}"), nil
}

// subscribe stores a card with a plan that begins with the next daily run: a few days, or month after month.
func (p *player) subscribe(s *shop) {
	amount := p.amount(s)
	t, ok := p.tokenize(s, gateway.TokenizeRequest{Use: pasarela.UseSubscription})
	if !ok {
		return
	}
	gw := p.gateway()
	p.w.requests.Add(1)
	now := p.w.clock.Now()
	r := gateway.SubscribeRequest{Token: t.ID, Plan: "p", Periodicity: pasarela.Monthly, Amount: amount,
		StartDate: pasarela.BillingDate(pasarela.NextRun(now)), Dialect: "kushki", Order: []byte("{}")}
	if p.random.IntN(2) == 0 {
		r.Periodicity, r.EndDate = pasarela.Daily, r.StartDate.AddDays(1+p.random.IntN(3))
	}
	sub, _, err := gw.gateway.Subscribe(p.ctx, s.merchant, r)
	if unheard(gw, err) {
		return
	}
	if err != nil {
		p.w.permit("subscribe", err, pasarela.CodeTokenExpired, pasarela.CodeTokenSpent, pasarela.CodeAuthenticationRequired,
			pasarela.CodeAuthenticationFailed, pasarela.CodeOTPRequired)
		return
	}
	if sub.State == pasarela.SubscriptionActive {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stored = append(s.stored, sub.ID)
	}
}

// changeStored gives a plan another price.
func (p *player) changeStored(s *shop) {
	s.mu.Lock()
	stored := s.stored
	s.mu.Unlock()
	if len(stored) == 0 {
		return
	}
	id, gw, amount := stored[p.random.IntN(len(stored))], p.gateway(), p.amount(s)
	p.w.requests.Add(1)
	_, err := gw.gateway.ChangePlan(p.ctx, s.merchant, id, func(sub pasarela.Subscription) (pasarela.PlanChange, error) {
		amount.Currency = sub.Amount.Currency
		return pasarela.PlanChange{Amount: &amount}, nil
	})
	if err != nil && !unheard(gw, err) {
		p.w.permit("change of a plan", err, pasarela.CodeNotFound)
	}
}

// checkPeriods holds the periods of a subscription against its schedule, and its payments against them: each date that
// has come was opened, and charged at most once.
func (w *world) checkPeriods(m pasarela.MerchantID, sub pasarela.Subscription) {
	periods, err := w.database.Periods(w.ctx, m, sub.ID, "", 10_000)
	if err != nil {
		w.violation("periods of %s: %v", sub.ID, err)
		return
	}
	payments, err := w.database.SubscriptionPayments(w.ctx, m, sub.ID, "", 10_000)
	if err != nil {
		w.violation("payments of %s: %v", sub.ID, err)
		return
	}
	captured := map[pasarela.Date]int{}
	for _, p := range payments {
		if p.State == pasarela.StateCaptured && p.Period != "" {
			captured[p.Period]++
		}
	}
	w.checkDates(sub, periods)
	for _, p := range periods {
		want := 0
		if p.State == pasarela.PeriodPaid {
			want = 1
		}
		if captured[p.Date] != want {
			w.violation("period %s of %s is %s and was charged %d times", p.Date, sub.ID, p.State, captured[p.Date])
		}
		if p.Open() && !p.DueAt.After(w.clock.Now()) {
			w.violation("period %s of %s is still %s, due %s", p.Date, sub.ID, p.State, p.DueAt)
		}
		delete(captured, p.Date)
	}
	for date := range captured {
		w.violation("%s was charged for %s, of which no period knows", sub.ID, date)
	}
}

// checkDates follows the schedule from its start. No run before BilledFrom was there to open a period; a plan that has a date
// on the day of that run begins with it.
func (w *world) checkDates(sub pasarela.Subscription, periods []pasarela.Period) {
	within := func(d pasarela.Date) bool { return sub.EndDate == "" || d <= sub.EndDate }
	date := sub.StartDate
	first := pasarela.BillingDate(sub.BilledFrom)
	if first > date && within(first) && sub.Periodicity.First(sub.StartDate, first) == first {
		date = first
	}
	for _, p := range periods {
		if p.Date != date {
			w.violation("%s of %s was opened, where %s should have been", p.Date, sub.ID, date)
			return
		}
		date = sub.Periodicity.First(sub.StartDate, date.AddDays(1))
	}
	if now := w.clock.Now(); within(date) && date.Run().Before(now) && sub.BilledFrom.Before(now) {
		w.violation("%s of %s was never opened, at %s; it has %d periods", date, sub.ID, now, len(periods))
	}
}
