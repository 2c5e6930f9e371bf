package gateway

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// Cancel ends a subscription for good. Its periods that wait for another attempt are dropped; a payment that is under way
// is seen through. It returns CodeNotFound for one that is neither active nor pending.
func (g *Gateway) Cancel(ctx context.Context, m pasarela.Merchant, id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return g.changeSubscription(ctx, "cancel", m, id, func(tx store.Tx, s pasarela.Subscription, now time.Time) (pasarela.Subscription, error) {
		s, err := s.Cancelled(now)
		if err != nil {
			return s, err
		}
		open, err := tx.OpenPeriods(id)
		if err != nil {
			return s, err
		}
		for _, p := range open {
			dropped := p.Dropped(now)
			if dropped.State == p.State {
				continue
			}
			if err := tx.PutPeriod(dropped); err != nil {
				return s, err
			}
		}
		return s, nil
	})
}

// ChangePlan gives a subscription the terms that change makes of those it has; change only computes, and may run twice.
// Periods that are open stay as they were opened.
//
// It returns what change does; CodeNotFound for a subscription that is not active, CodeCurrencyNotAllowed and
// CodeCurrencyMismatch; and what its dialect's Biller says of a price that cannot be charged.
func (g *Gateway) ChangePlan(ctx context.Context, m pasarela.Merchant, id pasarela.SubscriptionID, change func(pasarela.Subscription) (pasarela.PlanChange, error)) (pasarela.Subscription, error) {
	return g.changeSubscription(ctx, "change_plan", m, id, func(tx store.Tx, s pasarela.Subscription, now time.Time) (pasarela.Subscription, error) {
		if err := s.Chargeable(); err != nil {
			return s, err
		}
		s, err := g.openDue(tx, s, now)
		if err != nil {
			return s, err
		}
		c, err := change(s)
		if err != nil {
			return s, err
		}
		if c.Amount != nil && !m.Allows(c.Amount.Currency) {
			return s, pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "merchant may not charge in %s", c.Amount.Currency)
		}
		open, err := tx.OpenPeriods(id)
		if err != nil {
			return s, err
		}
		if s, err = s.Changed(c, open, now); err != nil {
			return s, err
		}
		return s, g.priced(s)
	})
}

// Adjust has the next periods of a subscription cost something else. It returns CodeNotFound for a subscription that is
// not active, CodeCurrencyMismatch, and what its dialect's Biller says of a price that cannot be charged.
func (g *Gateway) Adjust(ctx context.Context, m pasarela.Merchant, id pasarela.SubscriptionID, a pasarela.Adjustment) (pasarela.Subscription, error) {
	return g.changeSubscription(ctx, "adjust", m, id, func(tx store.Tx, s pasarela.Subscription, now time.Time) (pasarela.Subscription, error) {
		s, err := g.openDue(tx, s, now)
		if err != nil {
			return s, err
		}
		if s, err = s.Adjusted(a, now); err != nil {
			return s, err
		}
		return s, g.priced(s)
	})
}

// priced refuses a price that no run could charge, while there is somebody to tell.
func (g *Gateway) priced(s pasarela.Subscription) error {
	b := g.Billers[s.Dialect]
	if b == nil {
		return nil
	}
	_, _, err := b.Price(s)
	return err
}

func (g *Gateway) changeSubscription(ctx context.Context, verb string, m pasarela.Merchant, id pasarela.SubscriptionID, change func(store.Tx, pasarela.Subscription, time.Time) (pasarela.Subscription, error)) (s pasarela.Subscription, err error) {
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		if s, err = tx.Subscription(id); err != nil {
			return err
		}
		if s, err = change(tx, s, g.now()); err != nil {
			return err
		}
		return tx.PutSubscription(s)
	})
	if err != nil {
		g.countError(verb, err)
		return pasarela.Subscription{}, err
	}
	g.Observer.Outcome(verb, "approved", "")
	return s, nil
}
