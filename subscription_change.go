package pasarela

import "time"

// PlanChange is what a merchant changes of a subscription. What is nil stays as it is.
type PlanChange struct {
	Plan        *string
	Periodicity *Periodicity
	Amount      *Money
	StartDate   *Date
	EndDate     *Date // "" for an open end
	Retry       *Retry
	Order       []byte // JSON of the dialect
}

// Changed gives an active subscription other terms; open are its periods that are not at their end. They, and what is
// tried again of them, stay as they were opened: other amounts and retries count for the periods after them. Another
// rhythm counts the schedule anew.
//
// It returns CodeNotFound for a subscription that is not active, and CodeCurrencyMismatch where an adjustment runs that
// is in another currency than the price would be.
func (s Subscription) Changed(c PlanChange, open []Period, now time.Time) (Subscription, error) {
	if err := s.Chargeable(); err != nil {
		return s, err
	}
	q := s
	set(&q.Plan, c.Plan)
	set(&q.Periodicity, c.Periodicity)
	set(&q.Amount, c.Amount)
	set(&q.StartDate, c.StartDate)
	set(&q.EndDate, c.EndDate)
	set(&q.Retry, c.Retry)
	if c.Order != nil {
		q.Order = c.Order
	}
	if q.Adjustment.Left > 0 && q.Adjustment.Amount.Currency != q.Amount.Currency {
		return s, Errorf(CodeCurrencyMismatch, "an adjustment in %s is running", q.Adjustment.Amount.Currency)
	}
	q.UpdatedAt = now
	if q.Periodicity == s.Periodicity && q.StartDate == s.StartDate && q.EndDate == s.EndDate {
		return q, nil
	}
	return q.Planned(now, open), nil
}

func set[V any](member *V, to *V) {
	if to != nil {
		*member = *to
	}
}

// Adjusted charges something else for the next a.Left periods to be opened, in place of an adjustment that is running. It
// returns CodeNotFound for a subscription that is not active, and CodeCurrencyMismatch.
func (s Subscription) Adjusted(a Adjustment, now time.Time) (Subscription, error) {
	if err := s.Chargeable(); err != nil {
		return s, err
	}
	if a.Amount.Currency != s.Amount.Currency {
		return s, Errorf(CodeCurrencyMismatch, "subscription is in %s", s.Amount.Currency)
	}
	s.Adjustment, s.UpdatedAt = a, now
	return s, nil
}

// CardReplaced has another card charged from now on. It returns CodeNotFound for a subscription that is not active.
func (s Subscription) CardReplaced(card Sealed, facts CardFacts, fingerprint string, now time.Time) (Subscription, error) {
	if err := s.Chargeable(); err != nil {
		return s, err
	}
	s.Card, s.Facts, s.Fingerprint, s.UpdatedAt = card, facts, fingerprint, now
	return s, nil
}
