package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"pasarela"
	"pasarela/store"
)

const (
	sweepBatch     = 256             // payments of a merchant's turn
	sweepMerchants = 4               // merchants that have their turn at once
	sweepWorkers   = 16              // messages of a turn under way at once: of a sweep, so many for each merchant
	backoffFirst   = time.Second     // before the first repetition
	backoffMost    = 5 * time.Minute // between two repetitions
	// recoverAhead bounds how far in the future a pending payment of a dead process can fall due.
	recoverAhead = 2 * backoffMost
	recoverBatch = 10_000
	merchantPage = 1000
)

// backoff is how long to wait after an attempt that was not acknowledged.
func backoff(attempt int) time.Duration {
	return min(backoffFirst<<min(attempt-1, 20), backoffMost)
}

// Sweep does what has fallen due at every merchant: it reverses what a crash or a time-out left pending,
// repeats what was not acknowledged, and releases authorizations that ran out. It returns how many payments
// it moved. What fails stays due and is logged; several nodes may sweep at once. While a merchant has more due than
// one batch, what falls due at the others meanwhile is done too.
func (g *Gateway) Sweep(ctx context.Context) (int, error) {
	defer g.lookAgain()
	return g.sweep(ctx, &turns{list: g.Store.MerchantsDue, until: g.now, batch: sweepBatch, again: true})
}

// sweep hands out turns, a few at once, until nobody wants another.
func (g *Gateway) sweep(ctx context.Context, t *turns) (total int, failed error) {
	g.sweeping.Lock()
	defer g.sweeping.Unlock()
	results := make(chan result)
	for running := 0; ; running-- {
		for running < sweepMerchants {
			next, ok := t.next(ctx)
			if !ok {
				break
			}
			running++
			go func() { results <- g.sweepTurn(ctx, next, t.batch) }()
		}
		if running == 0 {
			return total, errors.Join(t.failed, ctx.Err())
		}
		r := <-results
		total += r.moved
		t.ended(r)
	}
}

// sweepTurn does a batch of what has fallen due at a merchant.
func (g *Gateway) sweepTurn(ctx context.Context, t turn, batch int) result {
	moved, more, err := g.sweepOnce(ctx, t.merchant, t.until, batch)
	rejected, subscriptionsErr := g.sweepSubscriptions(ctx, t.merchant, t.until)
	return result{turn: t, moved: moved, more: more || rejected == sweepBatch, err: errors.Join(err, subscriptionsErr)}
}

// eachMerchant calls visit for every merchant of a list; such lists are the one thing that crosses merchants. A
// merchant whose visit fails does not keep the next from theirs.
func eachMerchant(ctx context.Context, list merchantList, visit func(pasarela.MerchantID) error) error {
	after := pasarela.MerchantID("")
	var failed error
	for {
		page, err := list(ctx, after, merchantPage)
		if err != nil || len(page) == 0 {
			return errors.Join(failed, err)
		}
		for _, m := range page {
			if err := visit(m); err != nil {
				failed = errors.Join(failed, fmt.Errorf("merchant %s: %w", m, err))
			}
			if ctx.Err() != nil {
				return errors.Join(failed, ctx.Err())
			}
		}
		after = page[len(page)-1]
	}
}

// merchantList is a page of merchants, in order, above after.
type merchantList func(ctx context.Context, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error)

// sweepOnce does what one batch of payments owes. It says how many it claimed, and whether there may be more.
func (g *Gateway) sweepOnce(ctx context.Context, id pasarela.MerchantID, until time.Time, batch int) (moved int, more bool, err error) {
	due, err := g.Store.Due(ctx, id, until, batch)
	if err != nil || len(due) == 0 {
		return 0, false, err
	}
	m, err := g.Merchant(ctx, id)
	if err != nil {
		return 0, false, err
	}
	var claimed atomic.Int64
	var group errgroup.Group
	group.SetLimit(sweepWorkers)
	for _, payment := range due {
		group.Go(func() error {
			if ctx.Err() == nil && g.pay(ctx, m, payment, until) {
				claimed.Add(1)
			}
			return ctx.Err()
		})
	}
	err = group.Wait()
	moved = int(claimed.Load())
	return moved, len(due) == batch && moved > 0, err
}

// claimDue moves a due payment to the state in which it owes a message, and counts the attempt. It returns the
// operation under way too, and the zero payment when there is nothing to do.
func (g *Gateway) claimDue(ctx context.Context, m pasarela.MerchantID, id pasarela.PaymentID, until time.Time) (p pasarela.Payment, o pasarela.Operation, err error) {
	err = g.update(ctx, m, func(tx store.Tx) error {
		p, o = pasarela.Payment{}, pasarela.Operation{}
		q, err := tx.Payment(id)
		now := g.now()
		if err != nil || !isDue(q, until, now) {
			return err
		}
		if q.Operation != "" {
			if o, err = tx.Operation(q.Operation); err != nil {
				return err
			}
			if q.State == pasarela.StateCapturing || q.State == pasarela.StateExtending {
				o = o.Ended(pasarela.OpReversed, pasarela.NetworkAnswer{ResponseCode: pasarela.ResponseNoAnswer}, now)
				if err := tx.PutOperation(o); err != nil {
					return err
				}
			}
		}
		if q, err = g.takeOver(q, now); err != nil {
			return err
		}
		p = q.Attempted(g.deadline(now).Add(backoff(q.Attempts+1)), now)
		return tx.PutPayment(p)
	})
	return p, o, err
}

func isDue(p pasarela.Payment, until, now time.Time) bool {
	if p.DueAt.IsZero() || p.DueAt.After(until) {
		return false
	}
	return p.State.Pending() || !p.DueAt.After(now)
}

// takeOver turns a message that somebody gave up, or a hold that ran out, into what is owed now.
func (g *Gateway) takeOver(p pasarela.Payment, now time.Time) (pasarela.Payment, error) {
	switch p.State {
	case pasarela.StateAuthorizing:
		return p.Unknown(g.Acquirer.NextTrace(), now)
	case pasarela.StateCapturing:
		return p.CaptureUnknown(g.Acquirer.NextTrace(), now)
	case pasarela.StateExtending:
		return p.ReauthorizationUnknown(g.Acquirer.NextTrace(), now)
	case pasarela.StateAuthorized:
		return p.BeginExpiry(g.Acquirer.NextTrace(), now)
	case pasarela.StateUnextending: // for as long as the hold lasts; with it goes what may have been held besides
		if !now.Before(p.ExpiresAt) {
			return p.BeginExpiry(g.Acquirer.NextTrace(), now)
		}
	}
	return p, nil
}

// repeat sends what a claimed payment owes and commits what came of it.
func (g *Gateway) repeat(ctx context.Context, m pasarela.Merchant, p pasarela.Payment, o pasarela.Operation) error {
	message, err := owed(m, p, o)
	if err != nil {
		return err
	}
	a := g.send(ctx, message)
	rest := g.originalRest(message)
	switch {
	case a.ResponseCode == codeNotLocated && rest > 0:
		a.Outcome = pasarela.OutcomeUnknown
	case p.Attempts > 1: // an earlier copy may have been carried out
		a = ofRepeat(a)
	}
	g.Observer.Outcome("sweep_"+string(p.State), string(a.Outcome), a.ResponseCode)
	decided := decides(p.State, a)
	if !decided && a.ResponseCode == codeNotLocated && g.hurry.Load() > 0 {
		g.pause(rest) // sent again at once, it would be answered the same
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	switch {
	case !decided:
		return g.postpone(ctx, m.ID, p, a)
	case p.State == pasarela.StateReversing || p.State == pasarela.StateUncapturing || p.State == pasarela.StateUnextending:
		return g.endReversal(ctx, m.ID, p)
	default:
		_, _, err := g.endGiveBack(ctx, m, p.ID, p.Operation, a, nil)
		return err
	}
}

// decides says whether an answer ends what a payment in that state owes.
func decides(s pasarela.PaymentState, a pasarela.NetworkAnswer) bool {
	switch s {
	case pasarela.StateReducing:
		return acknowledged(a) || a.Outcome == pasarela.OutcomeDeclined
	case pasarela.StateVoiding, pasarela.StateRefunding:
		return a.Outcome == pasarela.OutcomeApproved || a.Outcome == pasarela.OutcomeDeclined
	case pasarela.StateReleasing:
		return acknowledged(a)
	default:
		return a.Outcome == pasarela.OutcomeApproved
	}
}

// ofRepeat reads the answer to a message of which an earlier copy may have been carried out. All copies have one
// trace, so an issuer that calls it a duplicate (94) has done what it asks, and one that finds nothing to do it to
// (25) has done so too: what it gives back it approved itself. One that could not look (06, 19, 68, 91, 92, 96)
// has decided nothing.
func ofRepeat(a pasarela.NetworkAnswer) pasarela.NetworkAnswer {
	if a.Outcome != pasarela.OutcomeDeclined {
		return a
	}
	switch a.ResponseCode {
	case "94", codeNotLocated:
		a.Outcome = pasarela.OutcomeApproved
	case "06", "19", "68", "91", "92", "96":
		a.Outcome = pasarela.OutcomeUnknown
	}
	return a
}

// codeNotLocated is an issuer's "unable to locate the record".
const codeNotLocated = "25"

// originalRest is for how long what is to be reversed may still reach the issuer, in real time: until then that the issuer
// has not located it means nothing.
func (g *Gateway) originalRest(r pasarela.NetworkRequest) time.Duration {
	switch r.Message {
	case pasarela.MessageReverse, pasarela.MessageReverseCapture, pasarela.MessageReverseReauthorize:
		return min(r.Original.SentAt.Add(g.AcquirerTimeout).Sub(g.now()), g.AcquirerTimeout)
	default:
		return 0
	}
}

// endReversal commits the acknowledgement of the reversal that was claimed.
func (g *Gateway) endReversal(ctx context.Context, m pasarela.MerchantID, claimed pasarela.Payment) error {
	return g.update(ctx, m, func(tx store.Tx) error {
		p, err := tx.Payment(claimed.ID)
		if err != nil {
			return err
		}
		if !sameMessage(p.Follow, claimed.Follow) {
			return nil // an approval came meanwhile: another reversal is owed
		}
		switch p.State {
		case pasarela.StateReversing:
			p, err = p.Reversed(g.now())
		case pasarela.StateUncapturing:
			p, err = p.CaptureReversed(g.now())
		case pasarela.StateUnextending:
			p, err = p.ReauthorizationReversed(g.now())
		default:
			return nil // another node has ended it
		}
		if err != nil {
			return err
		}
		if err := tx.PutPayment(p); err != nil {
			return err
		}
		return endAttempt(tx, p, g.now())
	})
}

func sameMessage(a, b pasarela.Trace) bool { return a.STAN == b.STAN && a.RRN == b.RRN }

// postpone gives up the claim of an attempt that was not acknowledged, until its back-off has passed or somebody is in a hurry.
func (g *Gateway) postpone(ctx context.Context, m pasarela.MerchantID, claimed pasarela.Payment, a pasarela.NetworkAnswer) error {
	var due time.Time
	err := g.update(ctx, m, func(tx store.Tx) error {
		due = time.Time{}
		p, err := tx.Payment(claimed.ID)
		if err != nil || p.State != claimed.State || p.Attempts != claimed.Attempts || !sameMessage(p.Follow, claimed.Follow) {
			return err
		}
		if a.Outcome == pasarela.OutcomeNotSent {
			p = p.Unsent(backoffFirst, backoffMost, g.now())
		} else {
			p.DueAt = g.now().Add(backoff(p.Attempts))
		}
		due = p.DueAt
		return tx.PutPayment(p)
	})
	if err == nil && !due.IsZero() && g.hurry.Load() > 0 {
		g.inVain.keep(repetition{m, claimed.ID, due})
	}
	return err
}

// sweepSubscriptions rejects subscriptions whose verification nobody ended, and those whose buyer gave no card in time:
// nothing is held for them. It does at most one batch and says how many.
func (g *Gateway) sweepSubscriptions(ctx context.Context, m pasarela.MerchantID, until time.Time) (rejected int, err error) {
	due, err := g.Store.DueSubscriptions(ctx, m, until, sweepBatch)
	if err != nil {
		return 0, err
	}
	for _, id := range due {
		if g.underWay.has(string(id)) {
			continue
		}
		given := false
		err := g.update(ctx, m, func(tx store.Tx) error {
			given = false
			s, err := tx.Subscription(id)
			now := g.now()
			if err != nil || !awaitsNobody(s, until, now) {
				return err
			}
			if s, err = s.GivenUp(now); err != nil {
				return err
			}
			given = true
			return tx.PutSubscription(s)
		})
		if err != nil {
			return rejected, err
		}
		if given {
			rejected++
		}
	}
	return rejected, nil
}

// awaitsNobody says whether nobody looks after a subscription that has no card or no verification yet. Only a
// verification can be known to be dead before its time; a buyer has all of it.
func awaitsNobody(s pasarela.Subscription, until, now time.Time) bool {
	switch s.State {
	case pasarela.SubscriptionVerifying:
		return !s.DueAt.After(until)
	case pasarela.SubscriptionPending:
		return !s.DueAt.After(now)
	default:
		return false
	}
}
