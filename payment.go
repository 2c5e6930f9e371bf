package pasarela

import (
	"slices"
	"time"
)

// PaymentKind says whether money is taken at once.
type PaymentKind string

// The kinds.
const (
	KindSale          PaymentKind = "sale"
	KindAuthorization PaymentKind = "authorization"
)

// PaymentState is where a payment stands. States ending in "ing" are promises: the row was committed
// before its message was sent, and whoever finds it past DueAt has to finish what it says.
type PaymentState string

// The states; docs/states.md draws them and a test holds the drawing against Transitions.
const (
	StateAuthorizing PaymentState = "authorizing" // 0100 or 0200 may be under way
	StateReversing   PaymentState = "reversing"   // outcome unknown, reversal not yet acknowledged
	StateAuthorized  PaymentState = "authorized"  // held; falls due at its expiry
	StateCapturing   PaymentState = "capturing"   // 0220 may be under way
	StateUncapturing PaymentState = "uncapturing" // capture's outcome unknown or too late, its reversal not yet acknowledged
	StateExtending   PaymentState = "extending"   // reauthorization may be under way
	StateUnextending PaymentState = "unextending" // reauthorization's outcome unknown, its reversal not yet acknowledged
	StateReducing    PaymentState = "reducing"    // a reauthorization is being given back
	StateReleasing   PaymentState = "releasing"   // hold is being given back: void of an authorization, or expiry
	StateCaptured    PaymentState = "captured"    // money taken: a sale, or a captured authorization
	StateVoiding     PaymentState = "voiding"     // sale or capture is being cancelled
	StateRefunding   PaymentState = "refunding"   // part or all is being given back

	StateDeclined PaymentState = "declined" // by the issuer, or never sent
	StateReversed PaymentState = "reversed" // acknowledged: nothing is held
	StateReleased PaymentState = "released" // hold voided by the merchant
	StateExpired  PaymentState = "expired"  // hold released because it ran out
	StateVoided   PaymentState = "voided"   // sale or capture cancelled
	StateRefunded PaymentState = "refunded" // all of it given back
)

// Transitions is the whole state machine: from, then where it may go.
var Transitions = map[PaymentState][]PaymentState{
	StateAuthorizing: {StateAuthorized, StateCaptured, StateDeclined, StateReversing},
	StateReversing:   {StateReversed},
	StateReversed:    {StateReversing},
	StateAuthorized:  {StateCapturing, StateReleasing, StateExtending, StateReducing, StateUncapturing, StateUnextending},
	StateExtending:   {StateAuthorized, StateUnextending},
	StateUnextending: {StateAuthorized, StateReleasing},
	StateReducing:    {StateAuthorized},
	StateCapturing:   {StateCaptured, StateAuthorized, StateUncapturing},
	StateUncapturing: {StateAuthorized, StateCaptured},
	StateReleasing:   {StateReleased, StateExpired},
	StateCaptured:    {StateVoiding, StateRefunding, StateUncapturing},
	StateVoiding:     {StateVoided, StateCaptured},
	StateRefunding:   {StateRefunded, StateCaptured},
}

// Pending says that a message may be under way or still owed.
func (s PaymentState) Pending() bool {
	switch s {
	case StateAuthorizing, StateReversing, StateCapturing, StateUncapturing, StateReleasing, StateVoiding, StateRefunding,
		StateExtending, StateUnextending, StateReducing:
		return true
	default:
		return false
	}
}

// Final says that nothing more is expected of the payment, so its card data can go. What is reversed may be
// owed a reversal once more; that message is found by its reference and needs no card.
func (s PaymentState) Final() bool { return len(Transitions[s]) == 0 || s == StateReversed }

// How long an authorization holds (Kushki, "Authorize payments": 28 days for credit, 7 for debit cards).
const (
	HoldCredit = 28 * 24 * time.Hour
	HoldDebit  = 7 * 24 * time.Hour
)

// captureCeilingPercent is how much of what was authorized may be captured (Kushki, "Capture": 110 %).
const captureCeilingPercent = 110

// Payment is one authorization or sale and all that became of it. It is a value: each method returns the
// payment after one transition, or an error with CodeWrongState, CodeBusy, CodeAlreadyVoided,
// CodeAlreadyRefunded or a code of its own, and leaves its receiver as it was.
type Payment struct {
	Merchant       MerchantID
	ID             PaymentID
	Ticket         Ticket
	Kind           PaymentKind
	State          PaymentState
	Amount         Money // requested, and approved where it was approved
	Reauthorized   int64 // minor units held besides Amount
	Captured       int64 // minor units taken so far
	Refunded       int64 // minor units given back so far
	Token          TokenID
	Recurrence     Recurrence
	Authentication AuthenticationID // that the token's charge rests on, "" for none
	Subscription   SubscriptionID
	Period         Date   // of the subscription, "" for what was charged on demand
	Card           Sealed // gone once the state is final
	Facts          CardFacts
	Trace          Trace       // of the authorization
	Follow         Trace       // of the capture, reauthorization, void, refund or reversal under way
	CaptureTrace   Trace       // of the capture that succeeded, for its void; of what is being reversed or given back
	Operation      OperationID // capture, reauthorization, void or refund under way, "" when none
	Attempts       int         // how often the message now owed may have been sent
	DueAt          time.Time   // when the sweeper must look at it; zero when nothing is owed
	ExpiresAt      time.Time   // of an authorization's hold; set before the approval where it is to be shorter than usual
	ResponseCode   string
	ApprovalCode   string
	Advice         string // scheme's advice code, as it came with the answer; "" for none
	Dialect        string
	Order          []byte // JSON of the dialect: amounts by tax, contact, metadata
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// to moves the payment along one edge of Transitions.
func (p Payment) to(next PaymentState, now time.Time) (Payment, error) {
	if !slices.Contains(Transitions[p.State], next) {
		return p, p.refuse()
	}
	p.State, p.UpdatedAt = next, now
	return p, nil
}

// refuse names why the payment can't do what was asked, from the state that it is in.
func (p Payment) refuse() error {
	switch p.State {
	case StateReleased, StateVoided, StateExpired, StateReversed, StateReversing, StateReleasing, StateVoiding:
		return Errorf(CodeAlreadyVoided, "payment is %s", p.State)
	case StateRefunded:
		return Errorf(CodeAlreadyRefunded, "payment is refunded")
	case StateCapturing, StateUncapturing, StateRefunding, StateAuthorizing, StateExtending, StateUnextending, StateReducing:
		return Errorf(CodeBusy, "payment is %s: ask again once that has ended", p.State)
	default:
		return Errorf(CodeWrongState, "payment is %s", p.State)
	}
}

// Approved records the issuer's yes: a hold that falls due at its expiry, or a sale.
func (p Payment) Approved(a NetworkAnswer, now time.Time) (Payment, error) {
	next := StateCaptured
	if p.Kind == KindAuthorization {
		next = StateAuthorized
	}
	q, err := p.to(next, now)
	if err != nil {
		return p, err
	}
	q.ResponseCode, q.ApprovalCode, q.Advice = a.ResponseCode, a.ApprovalCode, a.Advice
	q.Attempts, q.DueAt = 0, time.Time{}
	if p.Kind == KindSale {
		q.Captured = p.Amount.Minor
		return q, nil
	}
	if q.ExpiresAt.IsZero() {
		q.ExpiresAt = p.CreatedAt.Add(holdOf(p.Facts.Type))
	}
	q.DueAt = q.ExpiresAt
	return q, nil
}

// Declined records the issuer's no, or that the message never left.
func (p Payment) Declined(a NetworkAnswer, now time.Time) (Payment, error) {
	q, err := p.to(StateDeclined, now)
	if err != nil {
		return p, err
	}
	q.ResponseCode, q.Advice = a.ResponseCode, a.Advice
	return q.settled(), nil
}

// Unknown records that nobody can say whether the issuer approved: a reversal is owed from now on.
func (p Payment) Unknown(reversal Trace, now time.Time) (Payment, error) {
	if p.State != StateAuthorizing {
		return p, p.refuse()
	}
	q, err := p.to(StateReversing, now)
	if err != nil {
		return p, err
	}
	q.ResponseCode, q.Follow, q.Attempts, q.DueAt = ResponseNoAnswer, reversal, 0, now
	return q, nil
}

// Reversed records the acknowledgement of the reversal.
func (p Payment) Reversed(now time.Time) (Payment, error) {
	q, err := p.to(StateReversed, now)
	if err != nil {
		return p, err
	}
	return q.settled(), nil
}

// Reopened owes the reversal anew: an approval came although the issuer has said, or is about to say, that
// there was nothing to reverse. What is acknowledged to an earlier reversal does not end this one.
func (p Payment) Reopened(reversal Trace, now time.Time) (Payment, error) {
	if p.State != StateReversed && p.State != StateReversing {
		return p, Errorf(CodeWrongState, "payment is %s", p.State)
	}
	p.State, p.UpdatedAt = StateReversing, now
	p.Follow, p.Attempts, p.DueAt = reversal, 0, now
	return p, nil
}

// Attempted records that what is owed is about to be sent once more, and when to try again.
func (p Payment) Attempted(again, now time.Time) Payment {
	p.Attempts++
	p.DueAt, p.UpdatedAt = again, now
	return p
}

// Unsent takes back an attempt that certainly never left, and says when to try again: after as long as the
// message has been owed by now, within the bounds.
func (p Payment) Unsent(least, most time.Duration, now time.Time) Payment {
	p.Attempts = max(p.Attempts-1, 0)
	p.DueAt, p.UpdatedAt = now.Add(min(max(now.Sub(p.Follow.SentAt), least), most)), now
	return p
}

// settled clears what no longer falls due, and the card where nothing can happen any more.
func (p Payment) settled() Payment {
	p.Operation, p.Attempts, p.DueAt = "", 0, time.Time{}
	if p.State.Final() {
		p.Card = Sealed{}
	}
	return p
}
