package gateway

import (
	"context"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// Void cancels a hold, a sale or a capture, or one reauthorization where the ticket is that one's. Once the promise is committed it will be carried out: where no
// answer comes in time the operation stays pending and the sweeper repeats the message until the issuer
// acknowledges it. Only an issuer that refuses to cancel captured money makes it declined.
//
// It returns CodeNotFound, CodeAlreadyVoided, CodeAlreadyRefunded, CodeWrongState, CodeBusy, CodeKeyReused,
// *Replay and CodeInternal.
func (g *Gateway) Void(ctx context.Context, m pasarela.Merchant, r OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	return g.giveBack(ctx, m, r, pasarela.OpVoid)
}

// Refund gives back all or part of what was captured. It is carried out as Void is, and besides returns
// CodeCurrencyMismatch and CodeVoidAmount.
func (g *Gateway) Refund(ctx context.Context, m pasarela.Merchant, r OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	return g.giveBack(ctx, m, r, pasarela.OpRefund)
}

func (g *Gateway) giveBack(ctx context.Context, m pasarela.Merchant, r OperationRequest, kind pasarela.OperationKind) (pasarela.Payment, pasarela.Operation, error) {
	var promised time.Time // of no matter here: what is given back is repeated until it is acknowledged
	p, o, err := g.begin(ctx, m, r, kind, &promised)
	if err != nil {
		g.countError(string(kind), err)
		return p, o, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	defer g.underWay.end(string(p.ID))
	message, err := owed(m, p, o)
	if err != nil {
		return p, o, err
	}
	answer := g.send(ctx, message)
	ctx, cancel := afterwards(ctx)
	defer cancel()
	q, ended, err := g.endGiveBack(ctx, m, p.ID, o.ID, answer, &r)
	if err != nil && g.stored(ctx, q) {
		err = nil
	}
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "outcome was not stored; the message will be repeated",
			slog.String("merchant", string(m.ID)), slog.String("operation", string(o.ID)), slog.Any("error", err))
		g.countError(string(kind), err)
		return p, o, pasarela.Wrap(pasarela.CodeInternal, err, "outcome was not stored")
	}
	g.Observer.Outcome(string(kind), string(answer.Outcome), ended.ResponseCode)
	return q, ended, nil
}

// owed is the message that a pending payment has to send, from the state that it is in and the operation under way. It returns
// CodeInternal for a state that owes none.
func owed(m pasarela.Merchant, p pasarela.Payment, o pasarela.Operation) (pasarela.NetworkRequest, error) {
	switch p.State {
	case pasarela.StateReversing:
		return followUp(pasarela.MessageReverse, m, p, p.Amount), nil
	case pasarela.StateUncapturing, pasarela.StateUnextending:
		return undo(m, p, o), nil
	case pasarela.StateReducing:
		r := followUp(pasarela.MessageReduce, m, p, o.Amount)
		r.Of = pasarela.MessageReauthorize
		return r, nil
	case pasarela.StateReleasing:
		return followUp(pasarela.MessageRelease, m, p, p.Held()), nil
	case pasarela.StateVoiding:
		return followUp(pasarela.MessageVoid, m, p, p.Remaining()), nil
	case pasarela.StateRefunding:
		return followUp(pasarela.MessageRefund, m, p, o.Amount), nil
	default:
		return pasarela.NetworkRequest{}, pasarela.Errorf(pasarela.CodeInternal, "a payment that is %s owes no message", p.State)
	}
}

// acknowledged says whether an issuer has taken note of a release: it did as told (00), or it has nothing that
// could be given back (25, unable to locate the record). Any other answer leaves it owed. Of captured money the first
// 25 means that it can't be voided any more, and of a reversal it means nothing yet: the original may be under way.
func acknowledged(a pasarela.NetworkAnswer) bool {
	return a.Outcome == pasarela.OutcomeApproved || a.ResponseCode == codeNotLocated
}

// endGiveBack commits what came of a void, release or refund. r is nil when the sweeper asks.
func (g *Gateway) endGiveBack(ctx context.Context, m pasarela.Merchant, id pasarela.PaymentID, op pasarela.OperationID, a pasarela.NetworkAnswer, r *OperationRequest) (p pasarela.Payment, o pasarela.Operation, err error) {
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		p = pasarela.Payment{}
		q, err := tx.Payment(id)
		if err != nil {
			return err
		}
		if op != "" {
			if o, err = tx.Operation(op); err != nil {
				return err
			}
		}
		if q.Operation == op && q.State.Pending() { // else another node has ended it
			if q, o, err = g.putGiveBack(tx, q, o, a, r); err != nil {
				return err
			}
		}
		p = q
		return nil
	})
	return p, o, err
}

func (g *Gateway) putGiveBack(tx store.Tx, p pasarela.Payment, o pasarela.Operation, a pasarela.NetworkAnswer, r *OperationRequest) (pasarela.Payment, pasarela.Operation, error) {
	p, o, err := g.applyGiveBack(tx, p, o, a)
	switch {
	case err != nil:
	case o.ID == "": // a hold that ran out
		err = tx.PutPayment(p)
	case r == nil:
		err = g.endOperation(tx, p, o, OperationRequest{})
	default:
		err = g.endOperation(tx, p, o, *r)
	}
	return p, o, err
}

// applyGiveBack moves payment and operation by one answer, and posts. Without an answer both stay pending.
func (g *Gateway) applyGiveBack(tx store.Tx, p pasarela.Payment, o pasarela.Operation, a pasarela.NetworkAnswer) (_ pasarela.Payment, _ pasarela.Operation, err error) {
	now := g.now()
	minor := o.Amount.Minor
	if p.Attempts > 1 { // a sweeper has sent it too, perhaps before this answer's message
		a = ofRepeat(a)
	}
	switch {
	case p.State == pasarela.StateReleasing && acknowledged(a):
		o = o.Ended(pasarela.OpApproved, a, now)
		if p, err = p.Released(now); err == nil {
			err = g.post(tx, ledger.OnReleased(p))
		}
	case p.State == pasarela.StateVoiding && a.Outcome == pasarela.OutcomeApproved:
		o = o.Ended(pasarela.OpApproved, a, now)
		if p, err = p.Voided(now); err == nil {
			err = g.post(tx, ledger.OnVoided(p))
		}
	case p.State == pasarela.StateRefunding && a.Outcome == pasarela.OutcomeApproved:
		o = o.Ended(pasarela.OpApproved, a, now)
		if p, err = p.RefundDone(o.Amount, now); err == nil {
			err = g.post(tx, ledger.OnRefunded(p, minor))
		}
	case p.State == pasarela.StateReducing && acknowledged(a):
		o = o.Ended(pasarela.OpApproved, a, now)
		p, err = g.reduced(tx, p, o)
	case p.State == pasarela.StateReducing && a.Outcome == pasarela.OutcomeDeclined:
		o = o.Ended(pasarela.OpDeclined, a, now)
		p, err = p.ReductionDeclined(now)
	case p.State != pasarela.StateReleasing && a.Outcome == pasarela.OutcomeDeclined:
		o = o.Ended(pasarela.OpDeclined, a, now)
		p, err = p.GiveBackDeclined(now)
	case p.Attempts > 1: // the sweeper that claimed the payment says when to try again
	case a.Outcome == pasarela.OutcomeNotSent:
		p = p.Unsent(backoffFirst, backoffMost, now)
	default:
		p.DueAt, p.UpdatedAt = now.Add(backoff(1)), now
	}
	return p, o, err
}

// reduced ends the void of one reauthorization, and marks it.
func (g *Gateway) reduced(tx store.Tx, p pasarela.Payment, o pasarela.Operation) (pasarela.Payment, error) {
	target, err := tx.Operation(o.Of)
	if err != nil {
		return p, err
	}
	target.State, target.UpdatedAt = pasarela.OpVoided, o.UpdatedAt
	if err := tx.PutOperation(target); err != nil {
		return p, err
	}
	if p, err = p.Reduced(o.Amount, o.UpdatedAt); err != nil {
		return p, err
	}
	return p, g.post(tx, ledger.OnReduced(p, o.Amount.Minor))
}
