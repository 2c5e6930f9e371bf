package gateway

import (
	"log/slog"
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

// LateReporter is an Acquirer that hears approvals of messages which it had given up. New asks it for them, so what
// one link hears goes to the gateway that was made last on it.
type LateReporter interface {
	// OnLate has hear called with each authorization, sale, capture or reauthorization that was approved after Send had said
	// that its outcome is unknown. hear does not block.
	OnLate(hear func(pasarela.LateApproval))
}

const (
	lateMost  = 1 << 14 // approvals looked into at once; those beyond are reported only
	lateTries = 5       // to store what follows from one
)

// hearLate looks into an approval beside the requests.
func (g *Gateway) hearLate(a pasarela.LateApproval) {
	if !g.background.start(lateMost, func() { g.lookInto(a) }) {
		g.reportLate(a, "approval came late and nobody can look into it: hold the books against the issuer's", nil)
	}
}

func (g *Gateway) reportLate(a pasarela.LateApproval, text string, err error) {
	g.Observer.Outcome("late_"+string(a.Message), "error", string(pasarela.CodeOf(err)))
	g.Log.LogAttrs(g.stopping, slog.LevelError, text, slog.String("message", string(a.Message)),
		slog.String("merchant", string(a.Merchant)), slog.String("payment", string(a.Reference)),
		slog.String("operation", string(a.Operation)), slog.Any("error", err))
}

// lookInto owes the reversal of what was approved late, and sends it. What this process is doing to the payment
// comes first, so no message that is about to leave is taken back from under it.
func (g *Gateway) lookInto(a pasarela.LateApproval) {
	owed, err := g.reopen(a)
	for try := 1; err != nil && pasarela.CodeOf(err) == pasarela.CodeInternal && try < lateTries && g.pause(backoff(try)); try++ {
		owed, err = g.reopen(a)
	}
	switch {
	case pasarela.CodeOf(err) == pasarela.CodeBusy && err != nil:
		g.keepLate(a)
	case err != nil:
		g.reportLate(a, "approval came late and its reversal could not be stored: hold the books against the issuer's", err)
	case owed:
		g.Observer.Outcome("late_"+string(a.Message), "reversed", "")
		g.reverseSoon(a.Merchant, a.Reference)
	default:
		g.Observer.Outcome("late_"+string(a.Message), "nothing owed", "")
	}
}

// reopen commits what follows from an approval and says whether a reversal is owed.
func (g *Gateway) reopen(a pasarela.LateApproval) (owed bool, err error) {
	g.underWay.beginNext(string(a.Reference))
	defer g.underWay.end(string(a.Reference))
	ctx, cancel := afterwards(g.stopping)
	defer cancel()
	err = g.update(ctx, a.Merchant, func(tx store.Tx) error {
		owed = false
		p, err := tx.Payment(a.Reference)
		if err != nil {
			return err
		}
		q, err := g.reopened(tx, p, a, g.now())
		if owed = err == nil && !sameMessage(q.Follow, p.Follow); !owed {
			return err
		}
		return tx.PutPayment(q)
	})
	return owed, err
}

// reopened is the payment after a late approval: as it was, where the approval is no news or where a reversal that
// is not sent yet will find what was approved.
func (g *Gateway) reopened(tx store.Tx, p pasarela.Payment, a pasarela.LateApproval, now time.Time) (pasarela.Payment, error) {
	if a.Message == pasarela.MessageCapture || a.Message == pasarela.MessageReauthorize {
		o, err := tx.Operation(a.Operation)
		if err != nil || o.Payment != p.ID || !sameMessage(o.Trace, a.Trace) {
			return p, err
		}
		return g.retaken(p, o, now)
	}
	if !sameMessage(p.Trace, a.Trace) {
		return p, nil
	}
	switch {
	case p.State == pasarela.StateReversed, p.State == pasarela.StateReversing && p.Attempts > 0:
		return p.Reopened(g.Acquirer.NextTrace(), now)
	default:
		return p, nil
	}
}

// retaken is the payment after an approval of capture or reauthorization o that may have come too late. It returns why the
// payment has no room for a reversal where it was released, voided or refunded meanwhile, or is about to be: what an
// issuer makes of a capture then, only holding the books against its own can tell.
func (g *Gateway) retaken(p pasarela.Payment, o pasarela.Operation, now time.Time) (pasarela.Payment, error) {
	t := takings[o.Kind]
	switch {
	case o.State != pasarela.OpReversed:
		return p, nil
	case p.State == t.undoing && p.Operation == o.ID && p.Attempts == 0:
		return p, nil
	default:
		return t.reopened(p, o, g.Acquirer.NextTrace(), now)
	}
}

// lateKept bounds the approvals that wait for another message about their payment to end.
const lateKept = 1 << 14

// lateApprovals are those that came while something else was owed about their payment. They are looked into again
// after each sweep. Like the link's memory of what it gave up, they end with the process.
type lateApprovals struct {
	mu   sync.Mutex
	kept []pasarela.LateApproval // guarded by mu
}

// keep says whether there was room.
func (l *lateApprovals) keep(a pasarela.LateApproval) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == lateKept {
		return false
	}
	l.kept = append(l.kept, a)
	return true
}

func (l *lateApprovals) take() []pasarela.LateApproval {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.kept
	l.kept = nil
	return kept
}

func (g *Gateway) keepLate(a pasarela.LateApproval) {
	if !g.late.keep(a) {
		g.reportLate(a, "approval came late and too many wait: hold the books against the issuer's", nil)
	}
}

// lookAgain looks into the approvals that had to wait.
func (g *Gateway) lookAgain() {
	for _, a := range g.late.take() {
		g.hearLate(a)
	}
}
