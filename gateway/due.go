package gateway

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
)

const (
	hurriedRounds = 8                             // of RunDue in which nothing is charged
	hurriedAtOnce = sweepMerchants * sweepWorkers // messages that a round repeats before their time: one time-out long
)

// RunDue does everything that has fallen due by now, and what falls due because of it, and returns when it is done: what
// this process is already reversing, then sweeps and charges of subscriptions in turn until no more is to be charged, then
// a purge. What is not acknowledged meanwhile is sent again without waiting for its back-off, some seven times, so that
// only an acquirer that stays silent leaves something owed. It is what a sandbox calls after moving its clock.
func (g *Gateway) RunDue(ctx context.Context) error {
	g.hurry.Add(1)
	defer func() {
		if g.hurry.Add(-1) == 0 {
			g.inVain.take(0)
		}
	}()
	due := g.now()
	var failed error
	for left := hurriedRounds; left > 0 && ctx.Err() == nil; left-- {
		moved, billed, err := g.runRound(ctx, due)
		failed = errors.Join(failed, err)
		if moved+billed == 0 {
			break
		}
		if billed > 0 {
			left = hurriedRounds
		}
	}
	_, purged := g.Purge(ctx)
	return errors.Join(failed, purged)
}

// runRound ends what runs beside the requests, does what is owed by then, and charges what was due: a reversal that was
// acknowledged just now may have been all that a charge waited for.
func (g *Gateway) runRound(ctx context.Context, due time.Time) (moved, billed int, failed error) {
	g.lookAgain()
	g.background.wait()
	until := g.now()
	swept, err := g.sweep(ctx, &turns{list: g.Store.MerchantsDue, until: func() time.Time { return until }, batch: sweepBatch, again: true})
	repeated := g.sendAgain(ctx)
	billed, failed = g.bill(ctx, func() time.Time { return due }, 0)
	return swept + repeated, billed, errors.Join(err, failed)
}

// sendAgain repeats what was not acknowledged, before its time.
func (g *Gateway) sendAgain(ctx context.Context) int {
	g.sweeping.Lock()
	defer g.sweeping.Unlock()
	var moved atomic.Int64
	var all sync.WaitGroup
	for _, r := range g.inVain.take(hurriedAtOnce) {
		all.Go(func() {
			m, err := g.Merchant(ctx, r.merchant)
			if err == nil && g.pay(ctx, m, r.payment, r.due) { // a sweep reports that a merchant cannot be read
				moved.Add(1)
			}
		})
	}
	all.Wait()
	return int(moved.Load())
}

// unacknowledged are the messages that were postponed while somebody was in a hurry.
type unacknowledged struct {
	mu   sync.Mutex
	kept []repetition // guarded by mu
}

// repetition is of what a payment owes. It is due later than that where another node has sent it since.
type repetition struct {
	merchant pasarela.MerchantID
	payment  pasarela.PaymentID
	due      time.Time
}

func (u *unacknowledged) keep(r repetition) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.kept = append(u.kept, r)
}

// take takes the first few, or all where most is 0.
func (u *unacknowledged) take(most int) []repetition {
	u.mu.Lock()
	defer u.mu.Unlock()
	if most == 0 || most >= len(u.kept) {
		taken := u.kept
		u.kept = nil
		return taken
	}
	taken := slices.Clone(u.kept[:most])
	u.kept = slices.Delete(u.kept, 0, most)
	return taken
}

// Recover sweeps what a process that is certainly dead left pending, without waiting for it to fall due.
// Only the sole user of a database may call it, when it starts.
func (g *Gateway) Recover(ctx context.Context) (int, error) {
	until := g.now().Add(recoverAhead + g.AcquirerTimeout)
	// One turn each: what fails now falls due by itself.
	return g.sweep(ctx, &turns{list: g.Store.MerchantsDue, until: func() time.Time { return until }, batch: recoverBatch})
}

// pay does what a payment owes and says whether it claimed it. The claim, committed before the message is
// sent, keeps other nodes away until the attempt has had its time.
func (g *Gateway) pay(ctx context.Context, m pasarela.Merchant, id pasarela.PaymentID, until time.Time) bool {
	if !g.underWay.beginAlone(string(id)) {
		return false
	}
	defer g.underWay.end(string(id))
	p, o, err := g.claimDue(ctx, m.ID, id, until)
	if err == nil && p.State.Pending() {
		err = g.repeat(ctx, m, p, o)
	}
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "what a payment owes could not be done; it stays due",
			slog.String("merchant", string(m.ID)), slog.String("payment", string(id)), slog.Any("error", err))
		return false
	}
	return p.State.Pending()
}
