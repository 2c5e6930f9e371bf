package pasarela

import "time"

// Held is what is set aside with the issuer: the authorization and the reauthorizations that stand.
func (p Payment) Held() Money {
	return Money{Minor: p.Amount.Minor + p.Reauthorized, Currency: p.Amount.Currency}
}

// BeginReauthorization reserves an authorization for more, or with zero for a longer hold. Besides the state
// errors it returns CodeCurrencyMismatch and CodeInvalid for a sum that does not fit.
func (p Payment) BeginReauthorization(o Operation, due, now time.Time) (Payment, error) {
	if p.State == StateCaptured {
		return p, Errorf(CodeWrongState, "payment is captured")
	}
	q, err := p.begin(StateExtending, o, due, now)
	switch {
	case err != nil:
		return p, err
	case o.Amount.Currency != p.Amount.Currency:
		return p, Errorf(CodeCurrencyMismatch, "reauthorization in %s of an authorization in %s", o.Amount.Currency, p.Amount.Currency)
	case o.Amount.Minor < 0:
		return p, Errorf(CodeInvalid, "reauthorization must not be below zero")
	case !now.Before(p.ExpiresAt):
		return p, Errorf(CodeAlreadyVoided, "authorization has expired")
	}
	if _, err := p.Held().Add(o.Amount); err != nil {
		return p, Errorf(CodeInvalid, "reauthorization is too large")
	}
	return q, nil
}

// Reauthorize records the issuer's yes: amount is held besides, and the hold begins anew.
func (p Payment) Reauthorize(amount Money, now time.Time) (Payment, error) {
	q, err := p.to(StateAuthorized, now)
	if err != nil {
		return p, err
	}
	q = q.settled()
	q.Reauthorized += amount.Minor
	q.ExpiresAt = now.Add(holdOf(p.Facts.Type))
	q.DueAt = q.ExpiresAt
	return q, nil
}

// ReauthorizationFailed puts the authorization back as it was: the issuer refused, or the message never left.
func (p Payment) ReauthorizationFailed(now time.Time) (Payment, error) { return p.heldAgain(now) }

// ReauthorizationUnknown owes a reversal of the reauthorization from now on. Its original is what Follow named
// so far, which CaptureTrace keeps meanwhile.
func (p Payment) ReauthorizationUnknown(reversal Trace, now time.Time) (Payment, error) {
	q, err := p.to(StateUnextending, now)
	if err != nil {
		return p, err
	}
	q.CaptureTrace, q.Follow, q.Attempts, q.DueAt = p.Follow, reversal, 0, now
	return q, nil
}

// ReauthorizationReversed records that the reversal was acknowledged: the hold stands as before.
func (p Payment) ReauthorizationReversed(now time.Time) (Payment, error) { return p.heldAgain(now) }

// ReauthorizationReopened owes the reversal of reauthorization o anew: an approval came although the issuer has said,
// or is about to say, that there was nothing to reverse. Where the hold is gone or taken meanwhile nothing is owed:
// what was held besides went with it.
func (p Payment) ReauthorizationReopened(o Operation, reversal Trace, now time.Time) (Payment, error) {
	switch p.State {
	case StateAuthorized:
	case StateUnextending:
		if p.Operation != o.ID {
			return p, p.refuse()
		}
	case StateExtending, StateReducing, StateCapturing, StateUncapturing:
		return p, p.refuse()
	default:
		return p, nil
	}
	p.State, p.UpdatedAt, p.Operation, p.CaptureTrace = StateUnextending, now, o.ID, o.Trace
	p.Follow, p.Attempts, p.DueAt = reversal, 0, now
	return p, nil
}

// BeginReduction reserves the payment for the void of one reauthorization. A reduction once begun is repeated
// until the issuer acknowledges it. target is the reauthorization.
func (p Payment) BeginReduction(o, target Operation, due, now time.Time) (Payment, error) {
	if target.Kind != OpReauthorize || target.State != OpApproved {
		return p, Errorf(CodeAlreadyVoided, "reauthorization is %s", target.State)
	}
	if p.State == StateCaptured {
		return p, Errorf(CodeWrongState, "payment is captured: void the capture")
	}
	q, err := p.begin(StateReducing, o, due, now)
	if err != nil {
		return p, err
	}
	q.CaptureTrace = target.Trace
	return q, nil
}

// ReductionDeclined records that the issuer refused to give the reauthorization back: it stands.
func (p Payment) ReductionDeclined(now time.Time) (Payment, error) { return p.heldAgain(now) }

// Reduced records that the reauthorization's amount is no longer held.
func (p Payment) Reduced(amount Money, now time.Time) (Payment, error) {
	q, err := p.heldAgain(now)
	if err != nil {
		return p, err
	}
	q.Reauthorized -= amount.Minor
	return q, nil
}

// holdOf is how long an issuer holds for a card of this type.
func holdOf(t CardType) time.Duration {
	if t == CardDebit {
		return HoldDebit
	}
	return HoldCredit
}
