package gateway

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// OperationRequest asks for a capture, reauthorization, void or refund of the payment that a ticket names.
type OperationRequest struct {
	Ticket   pasarela.Ticket
	Amount   *pasarela.Money // nil for all of it
	Order    []byte          // JSON of the dialect, kept with the operation
	Remember Remember
	Answer   func(pasarela.Payment, pasarela.Operation) Answer
}

// begin is the first step of an operation: it reserves the payment and commits the promise. The payment is
// under way unless an error is returned. promised becomes the time at which the promise was begun.
func (g *Gateway) begin(ctx context.Context, m pasarela.Merchant, r OperationRequest, kind pasarela.OperationKind, promised *time.Time) (p pasarela.Payment, o pasarela.Operation, err error) {
	id, target, err := g.named(ctx, m.ID, r.Ticket)
	if err != nil {
		return p, o, err
	}
	err = g.once(ctx, m.ID, r.Remember, g.endedOperation(m.ID, r), func() (err error) {
		*promised = time.Now()
		g.underWay.begin(string(id))
		defer func() {
			if err != nil {
				g.underWay.end(string(id))
			}
		}()
		now := g.now()
		asked := pasarela.Operation{Merchant: m.ID, ID: g.IDs.Operation(), Payment: id, Kind: kind,
			State: pasarela.OpPending, Trace: g.Acquirer.NextTrace(), Order: r.Order, CreatedAt: now, UpdatedAt: now}
		return g.update(ctx, m.ID, func(tx store.Tx) error {
			o = asked
			o.Ticket = g.IDs.Ticket(now)
			if err := r.Remember.claim(tx, string(o.ID), now); err != nil {
				return err
			}
			p, o, err = reserve(tx, id, target, o, r.Amount, g.deadline(now))
			if err != nil {
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

// named is the payment that a ticket names, and the reauthorization where it is that one's own ticket.
func (g *Gateway) named(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.PaymentID, pasarela.OperationID, error) {
	p, err := g.Store.PaymentByTicket(ctx, m, t)
	if err == nil || pasarela.CodeOf(err) != pasarela.CodeNotFound {
		return p.ID, "", err
	}
	o, err := g.Store.OperationByTicket(ctx, m, t)
	if err != nil || o.Kind != pasarela.OpReauthorize {
		return o.Payment, "", err
	}
	return o.Payment, o.ID, nil
}

// reserve reads the payment, fixes what the operation is about, and keeps every other change away until it ends.
// target is the reauthorization that was named, "" for the payment itself.
func reserve(tx store.Tx, id pasarela.PaymentID, target pasarela.OperationID, o pasarela.Operation, amount *pasarela.Money, due time.Time) (pasarela.Payment, pasarela.Operation, error) {
	p, err := tx.Payment(id)
	if err != nil {
		return p, o, err
	}
	if target != "" {
		return reserveReduction(tx, p, target, o, amount, due)
	}
	o.Amount = whole(p, o.Kind)
	if amount != nil {
		o.Amount = *amount
	}
	now := o.CreatedAt
	switch o.Kind {
	case pasarela.OpCapture:
		p, err = p.BeginCapture(o, due, now)
	case pasarela.OpReauthorize:
		p, err = p.BeginReauthorization(o, due, now)
	case pasarela.OpVoid:
		p, err = p.BeginVoid(o, due, now)
	case pasarela.OpRefund:
		p, err = p.BeginRefund(o, due, now)
	default:
		err = pasarela.Errorf(pasarela.CodeInternal, "unknown operation %s", o.Kind)
	}
	return p, o, err
}

// reserveReduction reserves the payment for the void of one reauthorization, which is given back as a whole.
func reserveReduction(tx store.Tx, p pasarela.Payment, id pasarela.OperationID, o pasarela.Operation, amount *pasarela.Money, due time.Time) (pasarela.Payment, pasarela.Operation, error) {
	target, err := tx.Operation(id)
	switch {
	case err != nil:
		return p, o, err
	case o.Kind != pasarela.OpVoid:
		return p, o, pasarela.Errorf(pasarela.CodeWrongState, "ticket is a reauthorization's: send that of its authorization")
	case amount != nil && amount.Currency != target.Amount.Currency:
		return p, o, pasarela.Errorf(pasarela.CodeCurrencyMismatch, "void in %s of a reauthorization in %s", amount.Currency, target.Amount.Currency)
	case amount != nil && *amount != target.Amount:
		return p, o, pasarela.Errorf(pasarela.CodeVoidAmount, "a reauthorization is voided whole: %s", target.Amount)
	}
	o.Of, o.Amount = target.ID, target.Amount
	p, err = p.BeginReduction(o, target, due, o.CreatedAt)
	return p, o, err
}

// whole is what an operation is about when no amount is named.
func whole(p pasarela.Payment, kind pasarela.OperationKind) pasarela.Money {
	switch {
	case kind == pasarela.OpReauthorize:
		return pasarela.Money{Currency: p.Amount.Currency} // only longer
	case kind == pasarela.OpCapture, p.State == pasarela.StateAuthorized:
		return p.Held()
	default:
		return p.Remaining()
	}
}

// refusal gives a message that never left a response code of its own.
func refusal(a pasarela.NetworkAnswer) pasarela.NetworkAnswer {
	if a.Outcome == pasarela.OutcomeNotSent && a.ResponseCode == "" {
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
	if o.State == pasarela.OpReversed || pasarela.NeverSent(o.ResponseCode) {
		return r.Remember.release(tx, string(o.ID))
	}
	return r.Remember.settle(tx, string(o.ID), r.Answer(p, o))
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
