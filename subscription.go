package pasarela

import (
	"slices"
	"time"
)

// SubscriptionState is where a stored card stands.
type SubscriptionState string

// The states.
const (
	SubscriptionPending   SubscriptionState = "pending"   // the buyer has yet to give the card, until DueAt
	SubscriptionVerifying SubscriptionState = "verifying" // the card's verification may be under way, until DueAt
	SubscriptionActive    SubscriptionState = "active"
	SubscriptionRejected  SubscriptionState = "rejected"  // the card did not pass; final
	SubscriptionCancelled SubscriptionState = "cancelled" // by the merchant; final
)

// Subscription is a card that a merchant may charge again, on demand or by a plan.
type Subscription struct {
	Merchant    MerchantID
	ID          SubscriptionID
	State       SubscriptionState
	Card        Sealed
	Facts       CardFacts
	Fingerprint string
	Plan        string
	Periodicity Periodicity
	Amount      Money
	StartDate   Date // the schedule is counted from it
	EndDate     Date // no period after it; "" when open
	Dialect     string
	Order       []byte // JSON of the dialect: amounts by tax, contact, metadata
	Retry       Retry
	Adjustment  Adjustment

	LastPeriod Date      // that was opened; "" before the first
	NextPeriod Date      // to be opened; "" when there is none
	BilledFrom time.Time // no daily run before it opens a period
	Charging   Date      // period whose payment is under way: the others wait for its end; "" for none

	DueAt     time.Time // when the next period opens, or an attempt is due; of a card that waits, when it is given up
	CreatedAt time.Time
	UpdatedAt time.Time
}

// AdjustmentKind says what a temporary amount does to the price.
type AdjustmentKind string

// The kinds.
const (
	AdjustReplace  AdjustmentKind = "replace"
	AdjustCharge   AdjustmentKind = "charge"   // added to the price
	AdjustDiscount AdjustmentKind = "discount" // taken off the price
)

// Adjustment is a temporary charge or discount. With none, Left is zero.
type Adjustment struct {
	Kind   AdjustmentKind
	Amount Money
	Order  []byte // JSON of the dialect
	Left   int    // periods that it is still for
}

// Inscribed takes the card that the buyer gave for a pending subscription. Its verification may be under way until due.
// It returns CodeWrongState.
func (s Subscription) Inscribed(t Token, due, now time.Time) (Subscription, error) {
	if s.State != SubscriptionPending {
		return s, Errorf(CodeWrongState, "subscription is %s", s.State)
	}
	s.State, s.Card, s.Facts, s.Fingerprint = SubscriptionVerifying, t.Card, t.Facts, t.Fingerprint
	s.DueAt, s.UpdatedAt = due, now
	return s, nil
}

// GivenUp rejects one that has no card yet, or whose verification nobody ended. It returns CodeWrongState.
func (s Subscription) GivenUp(now time.Time) (Subscription, error) {
	if s.State != SubscriptionPending && s.State != SubscriptionVerifying {
		return s, Errorf(CodeWrongState, "subscription is %s", s.State)
	}
	s.State, s.Card, s.DueAt, s.UpdatedAt = SubscriptionRejected, Sealed{}, time.Time{}, now
	return s, nil
}

// Verified records the answer to the card's verification, and begins the schedule. A rejected subscription keeps no
// card.
func (s Subscription) Verified(good bool, now time.Time) (Subscription, error) {
	if s.State != SubscriptionVerifying {
		return s, Errorf(CodeWrongState, "subscription is %s", s.State)
	}
	if !good {
		return s.GivenUp(now)
	}
	s.State, s.UpdatedAt = SubscriptionActive, now
	s.NextPeriod, s.BilledFrom = s.StartDate, NextRun(now) // a day that is today in Mexico can be yesterday for the daily run
	return s.Planned(now, nil), nil
}

// Cancelled ends it for good: its card goes, and nothing more is charged. It returns CodeNotFound for one that is not
// active or pending.
func (s Subscription) Cancelled(now time.Time) (Subscription, error) {
	if s.State != SubscriptionActive && s.State != SubscriptionPending {
		return s, Errorf(CodeNotFound, "subscription is %s", s.State)
	}
	s.State, s.Card, s.NextPeriod, s.DueAt, s.UpdatedAt = SubscriptionCancelled, Sealed{}, "", time.Time{}, now
	return s, nil
}

// Chargeable returns CodeNotFound for a subscription that is not active.
func (s Subscription) Chargeable() error {
	if s.State != SubscriptionActive {
		return Errorf(CodeNotFound, "subscription is %s", s.State)
	}
	return nil
}

// Planned counts the schedule anew, after the creation or a change of its terms: the next period is the first date of
// it that is today or later and was not opened before, and no run before the next one opens it. A date that had come
// before the change and waits for its run stays owed, unless the new terms do not have it. What is due already is
// opened before terms change. open are the periods that are not at their end.
func (s Subscription) Planned(now time.Time, open []Period) Subscription {
	s.BilledFrom, s.UpdatedAt = NextRun(now), now
	from, run := BillingDate(now), BillingDate(s.BilledFrom)
	if s.NextPeriod != "" {
		from = min(from, s.NextPeriod)
	}
	if s.upTo(run) != "" && s.Periodicity.First(s.StartDate, run) == run {
		from = run // of a daily plan that came too late for today's run, that run would open two periods
	}
	if s.LastPeriod != "" {
		from = max(from, s.LastPeriod.AddDays(1))
	}
	s.NextPeriod = s.upTo(s.Periodicity.First(s.StartDate, from))
	return s.Due(open)
}

// upTo is the date unless the schedule has ended by then.
func (s Subscription) upTo(d Date) Date {
	if s.EndDate != "" && d > s.EndDate {
		return ""
	}
	return d
}

// Opens is when the next period opens; zero where there is none.
func (s Subscription) Opens() time.Time {
	if s.NextPeriod == "" {
		return time.Time{}
	}
	if at := s.NextPeriod.Run(); at.After(s.BilledFrom) {
		return at
	}
	return s.BilledFrom
}

// Due sets when the scheduler has to look at an active subscription: when its next period opens, or when one of its
// open periods is tried again, whichever is first. While a payment is under way nothing else is due.
func (s Subscription) Due(open []Period) Subscription {
	if s.State != SubscriptionActive {
		return s
	}
	s.DueAt = time.Time{}
	if s.Charging != "" {
		return s
	}
	s.DueAt = s.Opens()
	for _, p := range open {
		if p.State == PeriodRetrying && (s.DueAt.IsZero() || p.DueAt.Before(s.DueAt)) {
			s.DueAt = p.DueAt
		}
	}
	return s
}

// Earliest is what fell due first by a time: the next attempt of an open period, or the opening of the next period,
// which is the zero Period. Of two that fell due together it is the older one. open is in the order of the dates. While
// a payment is under way nothing else is due.
func (s Subscription) Earliest(open []Period, by time.Time) (p Period, due bool) {
	if s.State != SubscriptionActive || s.Charging != "" {
		return p, false
	}
	at := s.Opens()
	due = !at.IsZero() && !at.After(by)
	for _, o := range slices.Backward(open) {
		if o.State == PeriodRetrying && !o.DueAt.After(by) && (!due || !o.DueAt.After(at)) {
			p, at, due = o, o.DueAt, true
		}
	}
	return p, due
}

// Opened opens the next period: what it is to be charged is counted off an adjustment, and the schedule goes on to the
// date after it.
func (s Subscription) Opened(amount Money, order []byte, now time.Time) (Subscription, Period) {
	p := Period{Merchant: s.Merchant, Subscription: s.ID, Date: s.NextPeriod, Begins: BillingDate(s.Opens()), State: PeriodRetrying,
		Amount: amount, Order: order, Retry: s.Retry, DueAt: s.Opens(), CreatedAt: now, UpdatedAt: now}
	s.LastPeriod, s.UpdatedAt = s.NextPeriod, now
	s.NextPeriod = s.upTo(s.Periodicity.First(s.StartDate, s.LastPeriod.AddDays(1)))
	if s.Adjustment.Left > 0 {
		if s.Adjustment.Left--; s.Adjustment.Left == 0 {
			s.Adjustment = Adjustment{}
		}
	}
	return s, p
}

// ChargeBegun keeps the other periods waiting until the payment of one has ended.
func (s Subscription) ChargeBegun(p Period, now time.Time) Subscription {
	s.Charging, s.UpdatedAt = p.Date, now
	return s.Due(nil)
}

// ChargeEnded lets the scheduler go on. open are the periods that are not at their end.
func (s Subscription) ChargeEnded(open []Period, now time.Time) Subscription {
	s.Charging, s.UpdatedAt = "", now
	return s.Due(open)
}
