package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// periodKey names one period of a merchant.
type periodKey struct {
	subscription pasarela.SubscriptionID
	date         pasarela.Date
}

// Periods implements store.Reader.
func (d *database) Periods(_ context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, after pasarela.Date, limit int) (page []pasarela.Period, _ error) {
	d.read(m, func(t *tables) {
		for k, p := range t.periods.rows {
			if k.subscription == s && k.date > after {
				page = append(page, *p)
			}
		}
	})
	byDate(page)
	return page[:min(limit, len(page))], nil
}

// Billing implements store.Reader.
func (d *database) Billing(_ context.Context, m pasarela.MerchantID, begins pasarela.Date, now time.Time) (n store.BillingCounts, _ error) {
	d.read(m, func(t *tables) {
		n.Due = len(t.billable(now))
		for _, p := range t.periods.rows {
			switch {
			case p.State == pasarela.PeriodCharging:
				n.Charging++
			case p.State == pasarela.PeriodRetrying:
				n.Retrying++
			case p.Begins != begins:
			case p.State == pasarela.PeriodPaid:
				n.Paid++
			case p.State == pasarela.PeriodFailed:
				n.Failed++
			case p.State == pasarela.PeriodSkipped:
				n.Skipped++
			}
		}
	})
	return n, nil
}

func (t *tx) InsertPeriod(p pasarela.Period) error {
	p.Merchant = t.merchant
	return t.write(func() bool { return t.periods.insert(periodKey{p.Subscription, p.Date}, periodRow(p)) }, store.ErrDuplicate)
}

func (t *tx) Period(s pasarela.SubscriptionID, d pasarela.Date) (pasarela.Period, error) {
	return row(t, t.periods.get(periodKey{s, d}))
}

func (t *tx) OpenPeriods(s pasarela.SubscriptionID) (open []pasarela.Period, err error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	for k, p := range t.periods.all() {
		if k.subscription == s && p.Open() {
			open = append(open, *p)
		}
	}
	byDate(open)
	return open, nil
}

func (t *tx) PutPeriod(p pasarela.Period) error {
	return t.write(func() bool {
		old := t.periods.get(periodKey{p.Subscription, p.Date})
		if old == nil {
			return false
		}
		stays := *old
		stays.State, stays.Attempts, stays.Unanswered, stays.Payment = p.State, p.Attempts, p.Unanswered, p.Payment
		stays.DueAt, stays.UpdatedAt = p.DueAt, p.UpdatedAt
		t.periods.put(periodKey{p.Subscription, p.Date}, periodRow(stays))
		return true
	}, store.ErrNotFound)
}

func byDate(periods []pasarela.Period) {
	slices.SortFunc(periods, func(a, b pasarela.Period) int { return cmp.Compare(a.Date, b.Date) })
}

func periodRow(p pasarela.Period) pasarela.Period {
	p.Order, p.Retry = content(p.Order), retryRow(p.Retry)
	p.DueAt, p.CreatedAt, p.UpdatedAt = instant(p.DueAt), instant(p.CreatedAt), instant(p.UpdatedAt)
	return p
}

func retryRow(r pasarela.Retry) pasarela.Retry {
	if len(r.Days) == 0 {
		r.Days = nil
	}
	r.Days = slices.Clone(r.Days)
	return r
}
