package pasarela

import "time"

// PeriodState is where the charge of one period of a subscription stands.
type PeriodState string

// The states.
const (
	PeriodCharging PeriodState = "charging" // its payment has no outcome yet
	PeriodRetrying PeriodState = "retrying" // failed; falls due for the next attempt
	PeriodPaid     PeriodState = "paid"
	PeriodFailed   PeriodState = "failed"  // the last attempt failed too
	PeriodSkipped  PeriodState = "skipped" // nothing to charge, or the merchant was disabled
	PeriodDropped  PeriodState = "dropped" // the subscription was cancelled before it was paid
)

// Period is one period of a subscription, from its opening on. There is one for each date, which is what keeps it from
// being charged twice. What is charged, and when it is tried again, stays as it was when the period was opened.
type Period struct {
	Merchant     MerchantID
	Subscription SubscriptionID
	Date         Date
	Begins       Date // day of the first attempt
	State        PeriodState
	Amount       Money
	Order        []byte // JSON of the dialect
	Retry        Retry
	Attempts     int       // that count
	Unanswered   int       // further ones since, in a row, of which nobody knows what became: they were reversed
	Payment      PaymentID // of the last attempt
	DueAt        time.Time // of the next attempt; zero when none is due
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Open says that the period is not at its end.
func (p Period) Open() bool { return p.State == PeriodCharging || p.State == PeriodRetrying }

// Charge begins an attempt.
func (p Period) Charge(payment PaymentID, now time.Time) (Period, error) {
	if p.State != PeriodRetrying {
		return p, Errorf(CodeWrongState, "period is %s", p.State)
	}
	p.State, p.Payment, p.DueAt, p.UpdatedAt = PeriodCharging, payment, time.Time{}, now
	return p, nil
}

// Paid ends it: the money was taken.
func (p Period) Paid(now time.Time) (Period, error) {
	if p.State != PeriodCharging {
		return p, Errorf(CodeWrongState, "period is %s", p.State)
	}
	p.State, p.Attempts, p.Unanswered, p.UpdatedAt = PeriodPaid, p.Attempts+1, 0, now
	return p, nil
}

// Failed records that an attempt took no money: the next one falls due, or there was no other.
func (p Period) Failed(now time.Time) (Period, error) {
	if p.State != PeriodCharging {
		return p, Errorf(CodeWrongState, "period is %s", p.State)
	}
	p.Attempts, p.Unanswered, p.UpdatedAt = p.Attempts+1, 0, now
	times := p.Retry.Attempts(p.Begins)
	if p.Attempts >= len(times) {
		p.State = PeriodFailed
		return p, nil
	}
	p.State, p.DueAt = PeriodRetrying, times[p.Attempts]
	return p, nil
}

// unansweredMost is how many attempts in a row count as one that failed where nobody knows what became of them, so that
// a period ends also where the issuer is dead.
const unansweredMost = 3

// Reversed records that nobody knows what became of an attempt, and that it was taken back. It does not count: the first
// in a row is made again at once and keeps its turn among other periods, the second at again.
func (p Period) Reversed(again, now time.Time) (Period, error) {
	switch {
	case p.State != PeriodCharging:
		return p, Errorf(CodeWrongState, "period is %s", p.State)
	case p.Unanswered+1 >= unansweredMost:
		return p.Failed(now)
	case p.Unanswered == 0:
		again = p.Retry.Attempts(p.Begins)[p.Attempts]
	}
	p.State, p.Unanswered, p.DueAt, p.UpdatedAt = PeriodRetrying, p.Unanswered+1, again, now
	return p, nil
}

// Unsent records that an attempt never reached the acquirer: it does not count and is made again.
func (p Period) Unsent(again, now time.Time) (Period, error) {
	if p.State != PeriodCharging {
		return p, Errorf(CodeWrongState, "period is %s", p.State)
	}
	p.State, p.DueAt, p.UpdatedAt = PeriodRetrying, again, now
	return p, nil
}

// Skipped ends it without an attempt, or before the next one.
func (p Period) Skipped(now time.Time) (Period, error) {
	if p.State != PeriodRetrying {
		return p, Errorf(CodeWrongState, "period is %s", p.State)
	}
	p.State, p.DueAt, p.UpdatedAt = PeriodSkipped, time.Time{}, now
	return p, nil
}

// Dropped ends a period of a subscription that was cancelled. One whose payment is under way sees it through.
func (p Period) Dropped(now time.Time) Period {
	if p.State == PeriodRetrying {
		p.State, p.DueAt, p.UpdatedAt = PeriodDropped, time.Time{}, now
	}
	return p
}
