package gateway

import (
	"context"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// Capture takes what an authorization and its reauthorizations hold, up to 110 % of it. It answers the payment and
// the operation, which is approved, declined by the issuer, or reversed where no answer came in time or where
// another node took the capture back: then the authorization stands as before.
//
// It returns CodeMerchantDisabled, CodeNotFound, CodeCurrencyMismatch, CodeCaptureAmount,
// CodeWrongState, CodeAlreadyVoided, CodeBusy, CodeKeyReused, *Replay and CodeInternal.
func (g *Gateway) Capture(ctx context.Context, m pasarela.Merchant, r OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	return g.take(ctx, m, r, pasarela.OpCapture)
}

// Reauthorize asks the issuer to hold more of an authorization; with zero, or no amount, only longer. It answers as
// Capture does, and besides returns CodeInvalid for a sum that does not fit.
func (g *Gateway) Reauthorize(ctx context.Context, m pasarela.Merchant, r OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	return g.take(ctx, m, r, pasarela.OpReauthorize)
}

// taking is an operation that is undone where its answer does not come: what tells a capture from a
// reauthorization.
type taking struct {
	message, undo  pasarela.Message
	under, undoing pasarela.PaymentState
	done           func(p pasarela.Payment, amount pasarela.Money, now time.Time) (pasarela.Payment, error)
	postings       func(p pasarela.Payment, minor int64) []ledger.Posting
	failed         func(p pasarela.Payment, now time.Time) (pasarela.Payment, error)
	unknown        func(p pasarela.Payment, undo pasarela.Trace, now time.Time) (pasarela.Payment, error)
	undone         func(p pasarela.Payment, now time.Time) (pasarela.Payment, error)
	reopened       func(p pasarela.Payment, o pasarela.Operation, undo pasarela.Trace, now time.Time) (pasarela.Payment, error)
}

var takings = map[pasarela.OperationKind]taking{
	pasarela.OpCapture: {
		message: pasarela.MessageCapture, undo: pasarela.MessageReverseCapture,
		under: pasarela.StateCapturing, undoing: pasarela.StateUncapturing,
		done: pasarela.Payment.CaptureDone, failed: pasarela.Payment.CaptureFailed, unknown: pasarela.Payment.CaptureUnknown,
		undone: pasarela.Payment.CaptureReversed, reopened: pasarela.Payment.CaptureReopened,
		postings: func(p pasarela.Payment, _ int64) []ledger.Posting { return ledger.OnCaptured(p) },
	},
	pasarela.OpReauthorize: {
		message: pasarela.MessageReauthorize, undo: pasarela.MessageReverseReauthorize,
		under: pasarela.StateExtending, undoing: pasarela.StateUnextending,
		done: pasarela.Payment.Reauthorize, failed: pasarela.Payment.ReauthorizationFailed, unknown: pasarela.Payment.ReauthorizationUnknown,
		undone: pasarela.Payment.ReauthorizationReversed, reopened: pasarela.Payment.ReauthorizationReopened,
		postings: ledger.OnReauthorized,
	},
}

func (g *Gateway) take(ctx context.Context, m pasarela.Merchant, r OperationRequest, kind pasarela.OperationKind) (pasarela.Payment, pasarela.Operation, error) {
	if m.Disabled {
		return pasarela.Payment{}, pasarela.Operation{}, pasarela.Errorf(pasarela.CodeMerchantDisabled, "merchant is disabled")
	}
	promised := time.Now()
	p, o, err := g.begin(ctx, m, r, kind, &promised)
	if err != nil {
		g.countError(string(kind), err)
		return p, o, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	p, o, err = g.seeTakingThrough(ctx, m, promised, p, o, r)
	if err == nil && p.State == takings[kind].undoing {
		g.reverseSoon(m.ID, p.ID)
	}
	return p, o, err
}

// seeTakingThrough sends what was promised and commits what came of it.
func (g *Gateway) seeTakingThrough(ctx context.Context, m pasarela.Merchant, promised time.Time, p pasarela.Payment, o pasarela.Operation, r OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	defer g.underWay.end(string(p.ID))
	answer := g.sendPromised(ctx, promised, followUp(takings[o.Kind].message, m, p, o.Amount))
	ctx, cancel := afterwards(ctx)
	defer cancel()
	p, o, err := g.endTaking(ctx, m, o, answer, r)
	if err != nil && g.stored(ctx, p) {
		err = nil
	}
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "outcome of a "+string(o.Kind)+" was not stored; it will be reversed",
			slog.String("merchant", string(m.ID)), slog.String("operation", string(o.ID)), slog.Any("error", err))
		g.countError(string(o.Kind), err)
		return p, o, pasarela.Wrap(pasarela.CodeInternal, err, "outcome was not stored")
	}
	g.Observer.Outcome(string(o.Kind), string(answer.Outcome), o.ResponseCode)
	return p, o, nil
}

// endTaking is the third step of a capture or a reauthorization.
func (g *Gateway) endTaking(ctx context.Context, m pasarela.Merchant, o pasarela.Operation, a pasarela.NetworkAnswer, r OperationRequest) (p pasarela.Payment, ended pasarela.Operation, err error) {
	var waits bool
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		p, ended, waits = pasarela.Payment{}, o, false
		q, err := tx.Payment(o.Payment)
		if err != nil {
			return err
		}
		if q.Operation == o.ID && q.State == takings[o.Kind].under {
			q, ended, err = g.takingOutcome(tx, q, o, a)
		} else {
			q, ended, waits, err = g.takenOver(tx, q, o, a)
		}
		if err != nil {
			return err
		}
		if err := g.endOperation(tx, q, ended, r); err != nil {
			return err
		}
		p = q
		return nil
	})
	if err == nil && waits {
		g.keepLate(pasarela.LateApproval{Message: takings[o.Kind].message, Merchant: m.ID, Reference: o.Payment, Operation: o.ID, Trace: o.Trace})
	}
	return p, ended, err
}

// takingOutcome moves payment and operation by the answer, and posts.
func (g *Gateway) takingOutcome(tx store.Tx, p pasarela.Payment, o pasarela.Operation, a pasarela.NetworkAnswer) (_ pasarela.Payment, _ pasarela.Operation, err error) {
	now, t := g.now(), takings[o.Kind]
	switch a.Outcome {
	case pasarela.OutcomeApproved:
		o = o.Ended(pasarela.OpApproved, a, now)
		if p, err = t.done(p, o.Amount, now); err == nil {
			err = g.post(tx, t.postings(p, o.Amount.Minor))
		}
	case pasarela.OutcomeDeclined, pasarela.OutcomeNotSent:
		o = o.Ended(pasarela.OpDeclined, refusal(a), now)
		p, err = t.failed(p, now)
	default:
		o = o.Ended(pasarela.OpReversed, pasarela.NetworkAnswer{ResponseCode: pasarela.ResponseNoAnswer}, now)
		p, err = t.unknown(p, g.Acquirer.NextTrace(), now)
	}
	return p, o, err
}

// takenOver is takingOutcome for an operation that another node took for abandoned and has taken back, or is about
// to. It stays reversed, and is reversed anew where the issuer may have approved it after that: waits says that this
// cannot be owed before something else about the payment has ended.
func (g *Gateway) takenOver(tx store.Tx, p pasarela.Payment, o pasarela.Operation, a pasarela.NetworkAnswer) (_ pasarela.Payment, _ pasarela.Operation, waits bool, err error) {
	o, err = tx.Operation(o.ID)
	if err == nil && (a.Outcome == pasarela.OutcomeApproved || a.Outcome == pasarela.OutcomeUnknown) {
		q, why := g.retaken(p, o, g.now())
		switch {
		case why == nil:
			p = q
		case pasarela.CodeOf(why) == pasarela.CodeBusy:
			waits = true
		default:
			err = pasarela.Wrap(pasarela.CodeOf(why), why, string(o.Kind)+" was taken back and may have been approved after that")
		}
	}
	return p, o, waits, err
}

// undo takes operation o back: the one under way, or a capture besides the one that stands.
func undo(m pasarela.Merchant, p pasarela.Payment, o pasarela.Operation) pasarela.NetworkRequest {
	t := takings[o.Kind]
	r := followUp(t.undo, m, p, o.Amount)
	r.Original, r.Of = o.Trace, t.message
	return r
}
