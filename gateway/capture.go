package gateway

import (
	"context"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// OperationRequest asks for a capture, void or refund of the payment that a ticket names.
type OperationRequest struct {
	Ticket   pasarela.Ticket
	Amount   *pasarela.Money // nil for all of it
	Order    []byte          // JSON of the dialect, kept with the operation
	Remember Remember
	Answer   func(pasarela.Payment, pasarela.Operation) Answer
}

// Capture takes what an authorization holds, up to 110 % of it. It answers the payment and the operation,
// which is approved, declined by the issuer, or reversed where no answer came in time or where another node
// took the capture back: then the authorization stands as before.
//
// It returns CodeNotFound, CodeCurrencyMismatch, CodeCaptureAmount, CodeWrongState, CodeAlreadyVoided,
// CodeBusy, CodeKeyReused, *Replay and CodeInternal.
func (g *Gateway) Capture(ctx context.Context, m pasarela.Merchant, r OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	promised := time.Now()
	p, o, err := g.begin(ctx, m, r, pasarela.OpCapture, &promised)
	if err != nil {
		g.countError("capture", err)
		return p, o, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	p, o, err = g.seeCaptureThrough(ctx, m, promised, p, o, r)
	if err == nil && p.State == pasarela.StateUncapturing {
		g.reverseSoon(m.ID, p.ID)
	}
	return p, o, err
}

// seeCaptureThrough sends what was promised and commits what came of it.
func (g *Gateway) seeCaptureThrough(ctx context.Context, m pasarela.Merchant, promised time.Time, p pasarela.Payment, o pasarela.Operation, r OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	defer g.underWay.end(string(p.ID))
	answer := g.sendPromised(ctx, promised, followUp(pasarela.MessageCapture, m, p, o.Amount))
	ctx, cancel := afterwards(ctx)
	defer cancel()
	p, o, err := g.endCapture(ctx, m, o, answer, r)
	if err != nil && g.stored(ctx, p) {
		err = nil
	}
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "outcome of a capture was not stored; it will be reversed",
			slog.String("merchant", string(m.ID)), slog.String("operation", string(o.ID)), slog.Any("error", err))
		g.countError("capture", err)
		return p, o, pasarela.Wrap(pasarela.CodeInternal, err, "outcome was not stored")
	}
	g.Observer.Outcome("capture", string(answer.Outcome), o.ResponseCode)
	return p, o, nil
}

// begin is the first step of an operation: it reserves the payment and commits the promise. The payment is
// under way unless an error is returned. promised becomes the time at which the promise was begun.
func (g *Gateway) begin(ctx context.Context, m pasarela.Merchant, r OperationRequest, kind pasarela.OperationKind, promised *time.Time) (p pasarela.Payment, o pasarela.Operation, err error) {
	found, err := g.PaymentByTicket(ctx, m.ID, r.Ticket)
	if err != nil {
		return p, o, err
	}
	id := found.ID
	err = g.once(ctx, m.ID, r.Remember, g.endedOperation(m.ID, r), func() (err error) {
		*promised = time.Now()
		g.underWay.begin(string(id))
		defer func() {
			if err != nil {
				g.underWay.end(string(id))
			}
		}()
		now := g.now()
		o = pasarela.Operation{Merchant: m.ID, ID: g.IDs.Operation(), Payment: id, Ticket: g.IDs.Ticket(now), Kind: kind,
			State: pasarela.OpPending, Trace: g.Acquirer.NextTrace(), Order: r.Order, CreatedAt: now, UpdatedAt: now}
		return g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
			if err := r.Remember.claim(tx, string(o.ID), now); err != nil {
				return err
			}
			p, err = tx.Payment(id)
			if err != nil {
				return err
			}
			o.Amount = whole(p, kind)
			if r.Amount != nil {
				o.Amount = *r.Amount
			}
			if p, err = reserve(p, o, g.deadline(now), now); err != nil {
				return err
			}
			if err := tx.InsertOperation(o); err != nil {
				return err
			}
			return tx.PutPayment(p)
		})
	})
	return p, o, err
}

// endedOperation judges a key whose holder is an operation.
func (g *Gateway) endedOperation(m pasarela.MerchantID, r OperationRequest) judge {
	return func(ctx context.Context, holder string) (verdict, error) {
		o, err := g.Store.Operation(ctx, m, pasarela.OperationID(holder))
		if err != nil || o.State != pasarela.OpApproved {
			return verdict{ended: err == nil && o.State != pasarela.OpPending}, err
		}
		p, err := g.Store.Payment(ctx, m, o.Payment)
		if err != nil {
			return verdict{}, err
		}
		answer := r.Answer(p, o)
		return verdict{ended: true, answer: &answer}, nil
	}
}

// PaymentByTicket finds the payment that a ticket names: its own, or that of an operation on it. It returns
// CodeNotFound.
func (g *Gateway) PaymentByTicket(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.Payment, error) {
	p, err := g.Store.PaymentByTicket(ctx, m, t)
	if err == nil || pasarela.CodeOf(err) != pasarela.CodeNotFound {
		return p, err
	}
	o, err := g.Store.OperationByTicket(ctx, m, t)
	if err != nil {
		return p, err
	}
	return g.Store.Payment(ctx, m, o.Payment)
}

// whole is what an operation is about when no amount is named.
func whole(p pasarela.Payment, kind pasarela.OperationKind) pasarela.Money {
	if kind == pasarela.OpCapture || p.State == pasarela.StateAuthorized {
		return p.Amount
	}
	return p.Remaining()
}

func reserve(p pasarela.Payment, o pasarela.Operation, due, now time.Time) (pasarela.Payment, error) {
	switch o.Kind {
	case pasarela.OpCapture:
		return p.BeginCapture(o, due, now)
	case pasarela.OpVoid:
		return p.BeginVoid(o, due, now)
	case pasarela.OpRefund:
		return p.BeginRefund(o, due, now)
	default:
		return p, pasarela.Errorf(pasarela.CodeInternal, "unknown operation %s", o.Kind)
	}
}

// endCapture is the third step of a capture.
func (g *Gateway) endCapture(ctx context.Context, m pasarela.Merchant, o pasarela.Operation, a pasarela.NetworkAnswer, r OperationRequest) (p pasarela.Payment, ended pasarela.Operation, err error) {
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		p, ended = pasarela.Payment{}, o
		q, err := tx.Payment(o.Payment)
		if err != nil {
			return err
		}
		if q.Operation == o.ID && q.State == pasarela.StateCapturing {
			q, ended, err = g.captureOutcome(tx, q, o, a)
		} else {
			q, ended, err = g.captureTaken(tx, q, o, a)
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
	return p, ended, err
}

// captureOutcome moves payment and operation by the answer, and posts.
func (g *Gateway) captureOutcome(tx store.Tx, p pasarela.Payment, o pasarela.Operation, a pasarela.NetworkAnswer) (_ pasarela.Payment, _ pasarela.Operation, err error) {
	now := g.now()
	switch a.Outcome {
	case pasarela.OutcomeApproved:
		o = o.Ended(pasarela.OpApproved, a, now)
		if p, err = p.CaptureDone(o.Amount, now); err == nil {
			err = g.post(tx, ledger.OnCaptured(p))
		}
	case pasarela.OutcomeDeclined, pasarela.OutcomeNotSent:
		o = o.Ended(pasarela.OpDeclined, refusal(a), now)
		p, err = p.CaptureFailed(now)
	default:
		o = o.Ended(pasarela.OpReversed, pasarela.NetworkAnswer{ResponseCode: pasarela.ResponseNoAnswer}, now)
		p, err = p.CaptureUnknown(g.Acquirer.NextTrace(), now)
	}
	return p, o, err
}

// captureTaken is captureOutcome for a capture that another node took for abandoned and has taken back, or is about
// to. It stays reversed, and is reversed anew where the issuer may have approved it after that.
func (g *Gateway) captureTaken(tx store.Tx, p pasarela.Payment, o pasarela.Operation, a pasarela.NetworkAnswer) (pasarela.Payment, pasarela.Operation, error) {
	o, err := tx.Operation(o.ID)
	if err == nil && (a.Outcome == pasarela.OutcomeApproved || a.Outcome == pasarela.OutcomeUnknown) {
		if p, err = g.recaptured(p, o, g.now()); err != nil {
			err = pasarela.Wrap(pasarela.CodeOf(err), err, "capture was taken back and may have been approved after that")
		}
	}
	return p, o, err
}

// refusal gives a message that never left a response code of its own.
func refusal(a pasarela.NetworkAnswer) pasarela.NetworkAnswer {
	if a.Outcome == pasarela.OutcomeNotSent {
		a.ResponseCode = pasarela.ResponseUnreachable
	}
	return a
}

// endOperation stores both rows and remembers the answer of an operation that reached an outcome.
func (g *Gateway) endOperation(tx store.Tx, p pasarela.Payment, o pasarela.Operation, r OperationRequest) error {
	if err := tx.PutPayment(p); err != nil {
		return err
	}
	if err := tx.PutOperation(o); err != nil {
		return err
	}
	if r.Remember.Name == "" {
		return nil
	}
	if o.State == pasarela.OpReversed || o.ResponseCode == pasarela.ResponseUnreachable {
		return r.Remember.release(tx, string(o.ID))
	}
	return r.Remember.settle(tx, string(o.ID), r.Answer(p, o))
}

// reverseCapture takes capture o back: the one under way, or one besides the capture that stands.
func reverseCapture(m pasarela.Merchant, p pasarela.Payment, o pasarela.Operation) pasarela.NetworkRequest {
	r := followUp(pasarela.MessageReverseCapture, m, p, o.Amount)
	r.Original, r.Of = o.Trace, pasarela.MessageCapture
	return r
}

// followUp is a message about what an earlier one authorized.
func followUp(kind pasarela.Message, m pasarela.Merchant, p pasarela.Payment, amount pasarela.Money) pasarela.NetworkRequest {
	r := request(kind, m, p)
	r.Trace, r.Original, r.Amount, r.Attempt, r.Operation = p.Follow, p.Trace, amount, max(p.Attempts, 1), p.Operation
	switch {
	case p.CaptureTrace.RRN != "":
		r.Original, r.Of = p.CaptureTrace, pasarela.MessageCapture
	case p.Kind == pasarela.KindSale:
		r.Of = pasarela.MessageSale
	default:
		r.Of = pasarela.MessageAuthorize
	}
	return r
}
