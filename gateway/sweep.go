package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"pasarela"
	"pasarela/store"
)

const (
	sweepBatch   = 256             // payments read at a time
	sweepWorkers = 16              // messages of a sweep under way at once
	backoffFirst = time.Second     // before the first repetition
	backoffMost  = 5 * time.Minute // between two repetitions
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
// it moved. What fails stays due and is logged; several nodes may sweep at once.
func (g *Gateway) Sweep(ctx context.Context) (int, error) {
	until := g.now()
	return g.sweep(ctx, until, func(m pasarela.MerchantID) (total int, err error) {
		for {
			n, err := g.sweepOnce(ctx, m, until, sweepBatch)
			total += n
			if err != nil || n == 0 {
				return total, err
			}
		}
	})
}

// RunDue does everything that has fallen due by now, and returns when it is done: what this process is
// already reversing, then a sweep, then a purge. It is what a sandbox calls after moving its clock.
func (g *Gateway) RunDue(ctx context.Context) error {
	g.background.wait()
	_, swept := g.Sweep(ctx)
	_, purged := g.Purge(ctx)
	return errors.Join(swept, purged)
}

// Recover sweeps what a process that is certainly dead left pending, without waiting for it to fall due.
// Only the sole user of a database may call it, when it starts.
func (g *Gateway) Recover(ctx context.Context) (int, error) {
	until := g.now().Add(recoverAhead + g.AcquirerTimeout)
	return g.sweep(ctx, until, func(m pasarela.MerchantID) (int, error) {
		return g.sweepOnce(ctx, m, until, recoverBatch) // once: what fails now falls due by itself
	})
}

func (g *Gateway) sweep(ctx context.Context, until time.Time, payments func(pasarela.MerchantID) (int, error)) (int, error) {
	g.sweeping.Lock()
	defer g.sweeping.Unlock()
	total := 0
	due := func(ctx context.Context, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
		return g.Store.MerchantsDue(ctx, until, after, limit)
	}
	err := g.eachMerchant(ctx, due, func(m pasarela.MerchantID) error {
		n, err := payments(m)
		total += n
		return errors.Join(err, g.sweepSubscriptions(ctx, m, until))
	})
	return total, err
}

// eachMerchant calls visit for every merchant of a list; such lists are the one thing that crosses merchants. A
// merchant whose visit fails does not keep the next from theirs.
func (g *Gateway) eachMerchant(ctx context.Context, list merchantList, visit func(pasarela.MerchantID) error) error {
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

// sweepOnce does what one batch of payments owes and says how many it claimed.
func (g *Gateway) sweepOnce(ctx context.Context, id pasarela.MerchantID, until time.Time, batch int) (int, error) {
	due, err := g.Store.Due(ctx, id, until, batch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	m, err := g.Merchant(ctx, id)
	if err != nil {
		return 0, err
	}
	var claimed atomic.Int64
	var group errgroup.Group
	group.SetLimit(sweepWorkers)
	for _, payment := range due {
		group.Go(func() error {
			if g.pay(ctx, m, payment, until) {
				claimed.Add(1)
			}
			return ctx.Err()
		})
	}
	err = group.Wait()
	return int(claimed.Load()), err
}

// reverseSoon sends a reversal at once, beside the requests, when there is room; else the sweeper does.
func (g *Gateway) reverseSoon(id pasarela.MerchantID, payment pasarela.PaymentID) {
	g.background.start(func() {
		m, err := g.Merchant(g.stopping, id)
		if err != nil {
			return // the sweeper will find the payment and report what is wrong
		}
		g.pay(g.stopping, m, payment, g.now())
	})
}

// backgroundReversals is how many reversals run beside the requests; the sweeper does the rest.
const backgroundReversals = 32

// background runs a bounded number of tasks that can be waited for.
type background struct {
	mu      sync.Mutex
	running int             // guarded by mu
	waiting []chan struct{} // closed when running falls to zero; guarded by mu
}

func (b *background) start(task func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running == backgroundReversals {
		return
	}
	b.running++
	go func() {
		defer b.end()
		task()
	}()
}

func (b *background) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running--; b.running > 0 {
		return
	}
	for _, w := range b.waiting {
		close(w)
	}
	b.waiting = nil
}

// wait returns once no task runs.
func (b *background) wait() {
	b.mu.Lock()
	if b.running == 0 {
		b.mu.Unlock()
		return
	}
	w := make(chan struct{})
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	<-w
}

// pay does what a payment owes and says whether it claimed it. The claim, committed before the message is
// sent, keeps other nodes away until the attempt has had its time.
func (g *Gateway) pay(ctx context.Context, m pasarela.Merchant, id pasarela.PaymentID, until time.Time) bool {
	if !g.underWay.beginAlone(string(id)) {
		return false
	}
	defer g.underWay.end(string(id))
	p, amount, err := g.claimDue(ctx, m.ID, id, until)
	if err == nil && p.State.Pending() {
		err = g.repeat(ctx, m, p, amount)
	}
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "what a payment owes could not be done; it stays due",
			slog.String("merchant", string(m.ID)), slog.String("payment", string(id)), slog.Any("error", err))
		return false
	}
	return p.State.Pending()
}

// claimDue moves a due payment to the state in which it owes a message, and counts the attempt. It returns
// the zero payment when there is nothing to do.
func (g *Gateway) claimDue(ctx context.Context, m pasarela.MerchantID, id pasarela.PaymentID, until time.Time) (p pasarela.Payment, amount pasarela.Money, err error) {
	err = g.Store.Update(ctx, m, func(tx store.Tx) error {
		p, amount = pasarela.Payment{}, pasarela.Money{}
		q, err := tx.Payment(id)
		now := g.now()
		if err != nil || !isDue(q, until, now) {
			return err
		}
		if q.Operation != "" {
			o, err := tx.Operation(q.Operation)
			if err != nil {
				return err
			}
			amount = o.Amount
			if q.State == pasarela.StateCapturing {
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
	return p, amount, err
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
	case pasarela.StateAuthorized:
		return p.BeginExpiry(g.Acquirer.NextTrace(), now)
	default:
		return p, nil
	}
}

// repeat sends what a claimed payment owes and commits what came of it.
func (g *Gateway) repeat(ctx context.Context, m pasarela.Merchant, p pasarela.Payment, amount pasarela.Money) error {
	message, err := owed(m, p, amount)
	if err != nil {
		return err
	}
	a := g.send(ctx, message)
	if p.Attempts > 1 || (p.State != pasarela.StateReversing && p.State != pasarela.StateUncapturing) {
		a = ofRepeat(a) // all but the first reversal may have been carried out before
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	g.Observer.Outcome("sweep_"+string(p.State), string(a.Outcome), a.ResponseCode)
	decided := acknowledged(a)
	if p.State == pasarela.StateVoiding || p.State == pasarela.StateRefunding {
		decided = decided || a.Outcome == pasarela.OutcomeDeclined
	}
	switch {
	case !decided:
		return g.postpone(ctx, m.ID, p)
	case p.State == pasarela.StateReversing || p.State == pasarela.StateUncapturing:
		return g.endReversal(ctx, m.ID, p)
	default:
		_, _, err := g.endGiveBack(ctx, m, p.ID, p.Operation, a, nil)
		return err
	}
}

// ofRepeat reads the answer to a message that may have been carried out before. An issuer that calls it a
// duplicate (94) has done what it asks; one that could not look (06, 19, 68, 91, 92, 96) has decided nothing.
func ofRepeat(a pasarela.NetworkAnswer) pasarela.NetworkAnswer {
	if a.Outcome != pasarela.OutcomeDeclined {
		return a
	}
	switch a.ResponseCode {
	case "94":
		a.Outcome = pasarela.OutcomeApproved
	case "06", "19", "68", "91", "92", "96":
		a.Outcome = pasarela.OutcomeUnknown
	}
	return a
}

// endReversal commits the acknowledgement of the reversal that was claimed.
func (g *Gateway) endReversal(ctx context.Context, m pasarela.MerchantID, claimed pasarela.Payment) error {
	return g.Store.Update(ctx, m, func(tx store.Tx) error {
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
		default:
			return nil // another node has ended it
		}
		if err != nil {
			return err
		}
		return tx.PutPayment(p)
	})
}

func sameMessage(a, b pasarela.Trace) bool { return a.STAN == b.STAN && a.RRN == b.RRN }

// postpone gives up the claim of an attempt that was not acknowledged, until its back-off has passed.
func (g *Gateway) postpone(ctx context.Context, m pasarela.MerchantID, claimed pasarela.Payment) error {
	return g.Store.Update(ctx, m, func(tx store.Tx) error {
		p, err := tx.Payment(claimed.ID)
		if err != nil || p.State != claimed.State || p.Attempts != claimed.Attempts || !sameMessage(p.Follow, claimed.Follow) {
			return err
		}
		p.DueAt = g.now().Add(backoff(p.Attempts))
		return tx.PutPayment(p)
	})
}

// sweepSubscriptions rejects subscriptions whose verification nobody ended: nothing is held for them.
func (g *Gateway) sweepSubscriptions(ctx context.Context, m pasarela.MerchantID, until time.Time) error {
	due, err := g.Store.DueSubscriptions(ctx, m, until, sweepBatch)
	if err != nil {
		return err
	}
	for _, id := range due {
		if g.underWay.has(string(id)) {
			continue
		}
		err := g.Store.Update(ctx, m, func(tx store.Tx) error {
			s, err := tx.Subscription(id)
			if err != nil || s.State != pasarela.SubscriptionVerifying {
				return err
			}
			if s, err = s.Verified(false, g.now()); err != nil {
				return err
			}
			return tx.PutSubscription(s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
