package pasarela

import "time"

// OperationKind is what a merchant does to a payment after it was approved.
type OperationKind string

// The kinds.
const (
	OpCapture     OperationKind = "capture"
	OpVoid        OperationKind = "void"        // of a sale, a capture, an authorization or a reauthorization
	OpRefund      OperationKind = "refund"      // all or part
	OpReauthorize OperationKind = "reauthorize" // hold more, or longer
)

// OperationState is where an operation stands.
type OperationState string

// The states.
const (
	OpPending  OperationState = "pending"
	OpApproved OperationState = "approved"
	OpDeclined OperationState = "declined" // by the issuer, or never sent
	OpReversed OperationState = "reversed" // a capture or reauthorization whose outcome was unknown, taken back
	OpVoided   OperationState = "voided"   // a reauthorization that the merchant gave back
)

// Operation is one capture, reauthorization, void or refund of a payment. While it is pending the payment's state says so,
// which is what keeps a second one out.
type Operation struct {
	Merchant     MerchantID
	ID           OperationID
	Payment      PaymentID
	Of           OperationID // reauthorization that a void gives back, "" for the payment itself
	Ticket       Ticket
	Kind         OperationKind
	State        OperationState
	Amount       Money
	Trace        Trace
	ResponseCode string
	ApprovalCode string
	Order        []byte // JSON of the dialect
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Ended records the outcome.
func (o Operation) Ended(s OperationState, a NetworkAnswer, now time.Time) Operation {
	o.State, o.ResponseCode, o.ApprovalCode, o.UpdatedAt = s, a.ResponseCode, a.ApprovalCode, now
	return o
}

// CaptureCeiling is the most that may be captured: 110 % of what is held, rounded down (Kushki, "Capture").
func (p Payment) CaptureCeiling() Money { return p.Held().Percent(captureCeilingPercent) }

// Remaining is what of the captured amount was not given back yet.
func (p Payment) Remaining() Money {
	return Money{Minor: p.Captured - p.Refunded, Currency: p.Amount.Currency}
}

// BeginCapture reserves the payment for a capture of amount. Besides the state errors it returns
// CodeCurrencyMismatch and CodeCaptureAmount.
func (p Payment) BeginCapture(o Operation, due, now time.Time) (Payment, error) {
	if p.State == StateCaptured {
		return p, Errorf(CodeWrongState, "payment is captured: an authorization is captured once")
	}
	q, err := p.begin(StateCapturing, o, due, now)
	switch {
	case err != nil:
		return p, err
	case o.Amount.Currency != p.Amount.Currency:
		return p, Errorf(CodeCurrencyMismatch, "capture in %s of an authorization in %s", o.Amount.Currency, p.Amount.Currency)
	case o.Amount.Minor <= 0 || o.Amount.Minor > p.CaptureCeiling().Minor:
		return p, Errorf(CodeCaptureAmount, "capture must be above zero and at most %s", p.CaptureCeiling())
	case !now.Before(p.ExpiresAt):
		return p, Errorf(CodeAlreadyVoided, "authorization has expired")
	}
	return q, nil
}

// CaptureDone records the capture of amount.
func (p Payment) CaptureDone(amount Money, now time.Time) (Payment, error) {
	q, err := p.to(StateCaptured, now)
	if err != nil {
		return p, err
	}
	q.Captured, q.CaptureTrace = amount.Minor, p.Follow
	return q.settled(), nil
}

// CaptureFailed puts the authorization back: the issuer refused the capture, or it never left.
func (p Payment) CaptureFailed(now time.Time) (Payment, error) { return p.heldAgain(now) }

// CaptureUnknown owes a reversal of the capture from now on. Its original is what Follow named so far.
func (p Payment) CaptureUnknown(reversal Trace, now time.Time) (Payment, error) {
	q, err := p.to(StateUncapturing, now)
	if err != nil {
		return p, err
	}
	q.CaptureTrace, q.Follow, q.Attempts, q.DueAt = p.Follow, reversal, 0, now
	return q, nil
}

// CaptureReversed records that the capture's reversal was acknowledged: the hold stands again, or the other
// capture that was made meanwhile.
func (p Payment) CaptureReversed(now time.Time) (Payment, error) {
	if p.Captured == 0 {
		return p.heldAgain(now)
	}
	q, err := p.to(StateCaptured, now)
	if err != nil {
		return p, err
	}
	return q.settled(), nil
}

// CaptureReopened owes the reversal of capture o anew: an approval came although the issuer has said, or is about
// to say, that there was nothing to reverse. A capture that was made meanwhile stands; only o is reversed.
func (p Payment) CaptureReopened(o Operation, reversal Trace, now time.Time) (Payment, error) {
	switch {
	case p.State == StateAuthorized, p.State == StateCaptured:
	case p.State == StateUncapturing && p.Operation == o.ID:
	default:
		return p, p.refuse()
	}
	p.State, p.UpdatedAt, p.Operation = StateUncapturing, now, o.ID
	if p.Captured == 0 {
		p.CaptureTrace = o.Trace
	}
	p.Follow, p.Attempts, p.DueAt = reversal, 0, now
	return p, nil
}

func (p Payment) heldAgain(now time.Time) (Payment, error) {
	q, err := p.to(StateAuthorized, now)
	if err != nil {
		return p, err
	}
	q = q.settled()
	q.CaptureTrace, q.DueAt = Trace{}, p.ExpiresAt
	return q, nil
}

// BeginVoid reserves the payment for a void: of its hold, or of all that was captured. A void once begun
// is repeated until the issuer acknowledges it.
func (p Payment) BeginVoid(o Operation, due, now time.Time) (Payment, error) {
	if p.State == StateAuthorized {
		return p.begin(StateReleasing, o, due, now)
	}
	if p.State == StateCaptured && p.Refunded > 0 {
		return p, Errorf(CodeAlreadyRefunded, "a refunded payment can't be voided: refund what remains")
	}
	return p.begin(StateVoiding, o, due, now)
}

// BeginExpiry starts to release a hold that ran out.
func (p Payment) BeginExpiry(release Trace, now time.Time) (Payment, error) {
	if p.State == StateAuthorized && now.Before(p.ExpiresAt) {
		return p, Errorf(CodeWrongState, "authorization has not expired yet")
	}
	q, err := p.begin(StateReleasing, Operation{Trace: release}, now, now)
	if err != nil {
		return p, err
	}
	q.Attempts = 0 // whoever claims the payment counts the first
	return q, nil
}

// Released records that the hold is gone: voided where the merchant asked, expired where nobody did.
func (p Payment) Released(now time.Time) (Payment, error) {
	next := StateReleased
	if p.Operation == "" {
		next = StateExpired
	}
	q, err := p.to(next, now)
	if err != nil {
		return p, err
	}
	return q.settled(), nil
}

// Voided records the acknowledgement of a void of captured money.
func (p Payment) Voided(now time.Time) (Payment, error) {
	q, err := p.to(StateVoided, now)
	if err != nil {
		return p, err
	}
	q.Refunded = p.Captured
	return q.settled(), nil
}

// BeginRefund reserves the payment for a refund. Besides the state errors it returns CodeCurrencyMismatch
// and CodeVoidAmount. A refund once begun is repeated until the issuer answers.
func (p Payment) BeginRefund(o Operation, due, now time.Time) (Payment, error) {
	q, err := p.begin(StateRefunding, o, due, now)
	switch {
	case err != nil:
		return p, err
	case o.Amount.Currency != p.Amount.Currency:
		return p, Errorf(CodeCurrencyMismatch, "refund in %s of a payment in %s", o.Amount.Currency, p.Amount.Currency)
	case o.Amount.Minor <= 0 || o.Amount.Minor > p.Remaining().Minor:
		return p, Errorf(CodeVoidAmount, "refund must be above zero and at most %s", p.Remaining())
	}
	return q, nil
}

// RefundDone records that amount was given back.
func (p Payment) RefundDone(amount Money, now time.Time) (Payment, error) {
	next := StateCaptured
	if amount.Minor == p.Remaining().Minor {
		next = StateRefunded
	}
	q, err := p.to(next, now)
	if err != nil {
		return p, err
	}
	q.Refunded += amount.Minor
	return q.settled(), nil
}

// GiveBackDeclined records that the issuer refused a void or a refund: the money stays taken.
func (p Payment) GiveBackDeclined(now time.Time) (Payment, error) {
	q, err := p.to(StateCaptured, now)
	if err != nil {
		return p, err
	}
	return q.settled(), nil
}

// begin counts the message that follows as an attempt: should the process die, it may have left.
func (p Payment) begin(next PaymentState, o Operation, due, now time.Time) (Payment, error) {
	q, err := p.to(next, now)
	if err != nil {
		return p, err
	}
	q.Operation, q.Follow, q.Attempts, q.DueAt = o.ID, o.Trace, 1, due
	return q, nil
}
