package gateway

import (
	"encoding/json"
	"strings"
	"time"

	"pasarela"
)

// paymentEvent names what happened to a payment between two looks at it, "" for what nobody needs to know: a step that
// has no outcome yet, or a reversal that is repeated. One that is owed anew after it was acknowledged is news, and so is
// its acknowledgement then.
func paymentEvent(before, after pasarela.Payment, o *pasarela.Operation) pasarela.EventKind {
	type step struct{ from, to pasarela.PaymentState }
	approved := o != nil && o.State == pasarela.OpApproved
	switch (step{before.State, after.State}) {
	case step{pasarela.StateAuthorizing, pasarela.StateAuthorized}:
		return pasarela.EventPaymentAuthorized
	case step{pasarela.StateAuthorizing, pasarela.StateCaptured}, step{pasarela.StateCapturing, pasarela.StateCaptured}:
		return pasarela.EventPaymentCaptured
	case step{pasarela.StateAuthorizing, pasarela.StateDeclined}:
		return pasarela.EventPaymentDeclined
	case step{pasarela.StateAuthorizing, pasarela.StateReversing}, step{pasarela.StateReversed, pasarela.StateReversing}:
		return pasarela.EventPaymentUnanswered
	case step{pasarela.StateReversing, pasarela.StateReversed}:
		return pasarela.EventPaymentReversed
	case step{pasarela.StateCapturing, pasarela.StateAuthorized}, step{pasarela.StateCapturing, pasarela.StateUncapturing}:
		return pasarela.EventPaymentCaptureFailed
	case step{pasarela.StateExtending, pasarela.StateAuthorized}:
		return either(approved, pasarela.EventPaymentReauthorized, pasarela.EventPaymentReauthFailed)
	case step{pasarela.StateExtending, pasarela.StateUnextending}:
		return pasarela.EventPaymentReauthFailed
	case step{pasarela.StateReducing, pasarela.StateAuthorized}:
		return either(approved, pasarela.EventPaymentReduced, pasarela.EventPaymentVoidFailed)
	case step{pasarela.StateReleasing, pasarela.StateReleased}:
		return pasarela.EventPaymentReleased
	case step{pasarela.StateReleasing, pasarela.StateExpired}:
		return pasarela.EventPaymentExpired
	case step{pasarela.StateVoiding, pasarela.StateVoided}:
		return pasarela.EventPaymentVoided
	case step{pasarela.StateVoiding, pasarela.StateCaptured}:
		return pasarela.EventPaymentVoidFailed
	case step{pasarela.StateRefunding, pasarela.StateRefunded}:
		return pasarela.EventPaymentRefunded
	case step{pasarela.StateRefunding, pasarela.StateCaptured}:
		return either(after.Refunded > before.Refunded, pasarela.EventPaymentRefunded, pasarela.EventPaymentRefundFailed)
	default:
		return ""
	}
}

func either(yes bool, a, b pasarela.EventKind) pasarela.EventKind {
	if yes {
		return a
	}
	return b
}

// periodEvent is the same for a period; known is false for one that was opened just now.
func periodEvent(before, after pasarela.Period, known bool) pasarela.EventKind {
	switch after.State {
	case pasarela.PeriodSkipped:
		return pasarela.EventSubscriptionSkipped
	case pasarela.PeriodPaid:
		return pasarela.EventSubscriptionCharged
	case pasarela.PeriodFailed:
		return pasarela.EventSubscriptionLastFailed
	case pasarela.PeriodRetrying:
		return either(known && after.Attempts > before.Attempts, pasarela.EventSubscriptionFailed, "")
	default:
		return ""
	}
}

// subscriptionEvent is the same for a subscription. Its schedule's going on is no news.
func subscriptionEvent(before, after pasarela.Subscription, known bool) pasarela.EventKind {
	if !known || before.State != after.State {
		switch after.State {
		case pasarela.SubscriptionPending:
			return pasarela.EventSubscriptionPending
		case pasarela.SubscriptionActive:
			return pasarela.EventSubscriptionActivated
		case pasarela.SubscriptionRejected:
			return pasarela.EventSubscriptionRejected
		case pasarela.SubscriptionCancelled:
			return pasarela.EventSubscriptionCancelled
		default:
			return ""
		}
	}
	switch {
	case before.Card.Record != after.Card.Record:
		return pasarela.EventSubscriptionCard
	case adjusted(before, after):
		return pasarela.EventSubscriptionAdjusted
	case termsOf(before) != termsOf(after) || string(before.Order) != string(after.Order):
		return pasarela.EventSubscriptionUpdated
	default:
		return ""
	}
}

// adjusted says whether the merchant asked for an adjustment; that one is counted down is no news.
func adjusted(before, after pasarela.Subscription) bool {
	a, b := before.Adjustment, after.Adjustment
	same := a.Kind == b.Kind && a.Amount == b.Amount && string(a.Order) == string(b.Order)
	opened := before.LastPeriod != after.LastPeriod
	return b.Left > 0 && (!same || b.Left > a.Left || b.Left < a.Left && !opened)
}

// terms are what a merchant may change of a subscription, beside the dialect's own.
type terms struct {
	plan        string
	periodicity pasarela.Periodicity
	amount      pasarela.Money
	start, end  pasarela.Date
}

func termsOf(s pasarela.Subscription) terms {
	return terms{s.Plan, s.Periodicity, s.Amount, s.StartDate, s.EndDate}
}

// snapshot is an event's data: JSON, amounts in minor units. docs/events.md describes it.
type snapshot struct {
	Payment      *paymentSnapshot      `json:"payment,omitempty"`
	Operation    *operationSnapshot    `json:"operation,omitempty"`
	Subscription *subscriptionSnapshot `json:"subscription,omitempty"`
	Period       *periodSnapshot       `json:"period,omitempty"`
}

type paymentSnapshot struct {
	ID           pasarela.PaymentID      `json:"id"`
	Ticket       pasarela.Ticket         `json:"ticket"`
	Dialect      string                  `json:"dialect"`
	Kind         pasarela.PaymentKind    `json:"kind"`
	State        pasarela.PaymentState   `json:"state"`
	Currency     pasarela.Currency       `json:"currency"`
	Amount       int64                   `json:"amount_minor"`
	Reauthorized int64                   `json:"reauthorized_minor,omitempty"`
	Captured     int64                   `json:"captured_minor"`
	Refunded     int64                   `json:"refunded_minor"`
	ResponseCode string                  `json:"response_code,omitempty"`
	ApprovalCode string                  `json:"approval_code,omitempty"`
	Card         *cardSnapshot           `json:"card,omitempty"`
	Subscription pasarela.SubscriptionID `json:"subscription,omitempty"`
	Period       pasarela.Date           `json:"period,omitempty"`
}

type cardSnapshot struct {
	BIN      string `json:"bin"`
	LastFour string `json:"last_four"`
	Brand    string `json:"brand"`
	Expiry   string `json:"expiry"`
}

type operationSnapshot struct {
	ID           pasarela.OperationID    `json:"id"`
	Ticket       pasarela.Ticket         `json:"ticket"`
	Kind         pasarela.OperationKind  `json:"kind"`
	State        pasarela.OperationState `json:"state"`
	Amount       int64                   `json:"amount_minor"`
	ResponseCode string                  `json:"response_code,omitempty"`
}

type subscriptionSnapshot struct {
	ID          pasarela.SubscriptionID    `json:"id"`
	Dialect     string                     `json:"dialect"`
	State       pasarela.SubscriptionState `json:"state"`
	Plan        string                     `json:"plan"`
	Periodicity pasarela.Periodicity       `json:"periodicity"`
	Currency    pasarela.Currency          `json:"currency"`
	Amount      int64                      `json:"amount_minor"`
	StartDate   pasarela.Date              `json:"start_date,omitempty"`
	EndDate     pasarela.Date              `json:"end_date,omitempty"`
	NextPeriod  pasarela.Date              `json:"next_period,omitempty"`
	Adjustment  *adjustmentSnapshot        `json:"adjustment,omitempty"`
	Card        *cardSnapshot              `json:"card,omitempty"`
}

type adjustmentSnapshot struct {
	Kind   pasarela.AdjustmentKind `json:"kind"`
	Amount int64                   `json:"amount_minor"`
	Left   int                     `json:"periods_left"`
}

type periodSnapshot struct {
	Date        pasarela.Date        `json:"date"`
	State       pasarela.PeriodState `json:"state"`
	Currency    pasarela.Currency    `json:"currency"`
	Amount      int64                `json:"amount_minor"`
	Attempts    int                  `json:"attempts"`
	NextAttempt time.Time            `json:"next_attempt_at,omitzero"`
	Payment     pasarela.PaymentID   `json:"payment,omitempty"`
}

// cardOf is nil for a subscription that still waits for its card.
func cardOf(f pasarela.CardFacts) *cardSnapshot {
	if f.LastFour == "" {
		return nil
	}
	return &cardSnapshot{f.BIN, f.LastFour, string(f.Brand), f.Expiry}
}

func adjustmentOf(a pasarela.Adjustment) *adjustmentSnapshot {
	if a.Left == 0 {
		return nil
	}
	return &adjustmentSnapshot{a.Kind, a.Amount.Minor, a.Left}
}

// data is what an event carries. What is about a subscription carries it; a payment only names its own.
func (u *unit) data(c Change) ([]byte, error) {
	var d snapshot
	if p := c.Payment; p != nil {
		d.Payment = &paymentSnapshot{p.ID, p.Ticket, p.Dialect, p.Kind, p.State, p.Amount.Currency, p.Amount.Minor, p.Reauthorized,
			p.Captured, p.Refunded, p.ResponseCode, p.ApprovalCode, cardOf(p.Facts), p.Subscription, p.Period}
	}
	if o := c.Operation; o != nil {
		d.Operation = &operationSnapshot{o.ID, o.Ticket, o.Kind, o.State, o.Amount.Minor, o.ResponseCode}
	}
	if p := c.Period; p != nil {
		d.Period = &periodSnapshot{p.Date, p.State, p.Amount.Currency, p.Amount.Minor, p.Attempts, p.DueAt, p.Payment}
	}
	if c.Kind.About() == "subscription" {
		s, err := c.Subscription()
		if err != nil {
			return nil, err
		}
		d.Subscription = &subscriptionSnapshot{s.ID, s.Dialect, s.State, s.Plan, s.Periodicity, s.Amount.Currency, s.Amount.Minor,
			s.StartDate, s.EndDate, s.NextPeriod, adjustmentOf(s.Adjustment), cardOf(s.Facts)}
	}
	data, err := json.Marshal(d)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "event cannot be encoded")
	}
	return data, nil
}

// cutQuery is a URL up to its query or fragment.
func cutQuery(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}
