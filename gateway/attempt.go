package gateway

import (
	"errors"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// billAgain is how much later an attempt is made again that was never sent, or that nobody answered for the second time
// in a row, in the gateway's time.
const billAgain = 5 * time.Minute

var (
	errNothingDue = errors.New("nothing is due of the subscription")
	errSkipped    = errors.New("the period was skipped")
)

// takePeriod makes the payment an attempt of what fell due first of its subscription. refused says why there is no
// payment to make: that is to be committed. Lock order: subscription, then its periods.
func (g *Gateway) takePeriod(tx store.Tx, m pasarela.Merchant, p *pasarela.Payment, by time.Time) (err, refused error) {
	now := p.CreatedAt
	s, err := tx.Subscription(p.Subscription)
	if err != nil {
		return err, nil
	}
	if s.State != pasarela.SubscriptionActive || s.DueAt.IsZero() || s.DueAt.After(by) {
		return errNothingDue, nil // another node was quicker, or the subscription was changed
	}
	open, err := tx.OpenPeriods(s.ID)
	if err != nil {
		return err, nil
	}
	period, due := s.Earliest(open, by)
	if !due {
		return tx.PutSubscription(s.Due(open)), errNothingDue
	}
	put := tx.PutPeriod
	if period.Date == "" {
		amount, order, err := g.price(s)
		if err != nil {
			return err, nil
		}
		put = tx.InsertPeriod
		s, period = s.Opened(amount, order, now)
	}
	if period.Amount.Minor == 0 || m.MayCharge(period.Amount.Currency) != nil {
		return skipPeriod(tx, s, open, period, put, now), errSkipped
	}
	if period, err = period.Charge(p.ID, now); err != nil {
		return err, nil
	}
	p.Amount, p.Dialect, p.Order, p.Period = period.Amount, s.Dialect, period.Order, period.Date
	p.Card, p.Facts = s.Card, s.Facts // the card of today, whatever the period's last attempt was made with
	if err := put(period); err != nil {
		return err, nil
	}
	return tx.PutSubscription(s.ChargeBegun(period, now)), nil
}

func (g *Gateway) price(s pasarela.Subscription) (pasarela.Money, []byte, error) {
	b, ok := g.Billers[s.Dialect]
	if !ok {
		return pasarela.Money{}, nil, pasarela.Errorf(pasarela.CodeInternal, "nobody knows the prices of subscriptions made in dialect %q", s.Dialect)
	}
	return b.Price(s)
}

// openDue opens what has fallen due of a subscription before its terms change, as if the daily run took no time. What
// cannot be priced stays with the new terms.
func (g *Gateway) openDue(tx store.Tx, s pasarela.Subscription, now time.Time) (pasarela.Subscription, error) {
	for at := s.Opens(); !at.IsZero() && !at.After(now); at = s.Opens() {
		amount, order, err := g.price(s)
		if err != nil {
			return s, nil
		}
		var p pasarela.Period
		s, p = s.Opened(amount, order, now)
		if err := tx.InsertPeriod(p); err != nil {
			return s, err
		}
	}
	return s, nil
}

// skipPeriod ends a period that is not to be charged.
func skipPeriod(tx store.Tx, s pasarela.Subscription, open []pasarela.Period, p pasarela.Period, put func(pasarela.Period) error, now time.Time) error {
	p, err := p.Skipped(now)
	if err != nil {
		return err
	}
	if err := put(p); err != nil {
		return err
	}
	return tx.PutSubscription(s.Due(without(open, p.Date)))
}

func without(open []pasarela.Period, d pasarela.Date) []pasarela.Period {
	return slices.DeleteFunc(slices.Clone(open), func(p pasarela.Period) bool { return p.Date == d })
}

// endAttempt ends the attempt that a payment was, in the unit that ends the payment. One whose reversal is owed has not
// ended. Lock order: payment, then subscription, then its periods.
func endAttempt(tx store.Tx, p pasarela.Payment, now time.Time) error {
	if p.Period == "" || p.State == pasarela.StateReversing {
		return nil
	}
	s, err := tx.Subscription(p.Subscription)
	if err != nil {
		return err
	}
	open, err := tx.OpenPeriods(s.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(open, func(o pasarela.Period) bool {
		return o.Date == p.Period && o.Payment == p.ID && o.State == pasarela.PeriodCharging
	})
	if i < 0 {
		return nil // it has ended before, and the payment was owed its reversal once more
	}
	if open[i], err = attempted(open[i], p, now); err != nil {
		return err
	}
	if s.State != pasarela.SubscriptionActive {
		open[i] = open[i].Dropped(now)
	}
	if err := tx.PutPeriod(open[i]); err != nil {
		return err
	}
	return tx.PutSubscription(s.ChargeEnded(open, now))
}

// attempted is the period after its payment.
func attempted(period pasarela.Period, p pasarela.Payment, now time.Time) (pasarela.Period, error) {
	switch {
	case p.State == pasarela.StateCaptured:
		return period.Paid(now)
	case p.ResponseCode == pasarela.ResponseUnreachable:
		return period.Unsent(now.Add(billAgain), now)
	case p.State == pasarela.StateReversed:
		return period.Reversed(now.Add(billAgain), now)
	default:
		return period.Failed(now)
	}
}
