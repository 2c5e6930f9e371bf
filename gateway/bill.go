package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/store"
)

// Biller says what a period costs, in the words of the dialect that the subscription was made in. It is asked in units
// of work: it only computes.
type Biller interface {
	// Price is the amount of the period that is about to be opened, its adjustment taken into account, and the order
	// that its payments keep. An amount of zero is not charged.
	Price(s pasarela.Subscription) (pasarela.Money, []byte, error)
}

const (
	billBatch   = 64              // subscriptions of a merchant's turn; more than billShare, so that a turn finds work
	billWorkers = 32              // payments of a run under way at once
	billShare   = 16              // of them, those of one merchant
	billLook    = 5 * time.Second // how often others are looked for, in real time, while merchants wait for their own payments
)

// Bill charges what has fallen due of subscriptions at every merchant, and returns how many payments it made or periods
// it skipped. It makes at most Config.BillingRate payments a second, a few at once, so that it does not starve others, and fewer of one merchant,
// so that no silent issuer holds up the others' charges.
// Everything that it does is a row, so it may be broken off at any time; several nodes may bill at once. What fails is
// logged and tried again later. Where the acquirer cannot be reached it ends early.
func (g *Gateway) Bill(ctx context.Context) (int, error) { return g.bill(ctx, g.now, g.BillingRate) }

func (g *Gateway) bill(ctx context.Context, until func() time.Time, rate int) (int, error) {
	select {
	case g.billing <- struct{}{}:
		defer func() { <-g.billing }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	r := &billingRun{Gateway: g, pace: pace{rate: rate}, slots: make(chan struct{}, billWorkers), freed: make(chan struct{}, 1),
		at: map[billed]bool{}, busy: map[pasarela.MerchantID]int{}}
	for before := int64(-1); before < r.moved.Load() && !r.stopped.Load() && ctx.Err() == nil; {
		before = r.moved.Load()
		r.round(ctx, &turns{list: g.Store.MerchantsBilling, until: until, batch: billBatch, again: true})
		r.underWay.Wait() // what has ended may be due again: another attempt, or the next period
	}
	return int(r.moved.Load()), errors.Join(r.failed, ctx.Err())
}

// billingRun is one run. One goroutine hands out what is due, so that a payment that waits for its answer holds up
// nothing but its own subscription.
type billingRun struct {
	*Gateway
	pace     pace
	slots    chan struct{} // filled by payments under way
	freed    chan struct{} // filled when one has ended
	underWay sync.WaitGroup
	moved    atomic.Int64
	stopped  atomic.Bool // the acquirer cannot be reached

	// Of the goroutine that hands out.
	failed error
	aside  []*batch  // of merchants that had their share
	looked time.Time // when it was asked last who has something due, while there were such

	mu   sync.Mutex
	at   map[billed]bool             // at which it is, or which have failed; guarded by mu
	busy map[pasarela.MerchantID]int // payments under way; guarded by mu
}

type billed struct {
	merchant     pasarela.MerchantID
	subscription pasarela.SubscriptionID
}

// batch is what is left of a merchant's turn.
type batch struct {
	turn
	due   []pasarela.SubscriptionID
	more  bool // than were in it at first
	begun int
}

// round gives every merchant its turns, until nothing is left that can be begun now. Whoever has a share of the slots
// under way stands aside, and nobody waits for those payments: the issuer may be silent.
func (r *billingRun) round(ctx context.Context, t *turns) {
	for !r.stopped.Load() {
		b := r.ready()
		if b == nil {
			next, ok := t.next(ctx)
			switch {
			case ok:
				b = r.turn(ctx, next, t)
			case len(r.aside) == 0 || ctx.Err() != nil:
				r.failed = errors.Join(r.failed, t.failed)
				return
			default:
				r.rest(ctx, t)
			}
		}
		if b != nil && r.begin(ctx, b) {
			t.ended(result{turn: b.turn, moved: b.begun, more: b.more && b.begun > 0})
		}
	}
	r.failed = errors.Join(r.failed, t.failed)
}

// turn lists what has fallen due at a merchant; nil where that fails.
func (r *billingRun) turn(ctx context.Context, next turn, t *turns) *batch {
	due, err := r.Store.BillableSubscriptions(ctx, next.merchant, next.until, t.batch)
	if err == nil && len(due) > 0 {
		_, err = r.merchantNow(ctx, next.merchant) // one that cannot be read fails once, not with each of them
	}
	if err != nil {
		t.ended(result{turn: next, err: err})
		return nil
	}
	return &batch{turn: next, due: due, more: len(due) == t.batch}
}

// begin begins what there is room for, and says whether the batch is through. What is not stands aside.
func (r *billingRun) begin(ctx context.Context, b *batch) bool {
	for ; len(b.due) > 0; b.due = b.due[1:] {
		if r.hasItsShare(b.merchant) {
			r.aside = append(r.aside, b)
			return false
		}
		id := billed{b.merchant, b.due[0]}
		if !r.take(id) {
			continue
		}
		if !r.slot(ctx) {
			return true
		}
		b.begun++
		r.occupy(id.merchant, 1)
		r.underWay.Go(func() {
			if r.one(ctx, id, b.until) {
				r.leave(id)
			}
			r.occupy(id.merchant, -1)
			<-r.slots
			select {
			case r.freed <- struct{}{}:
			default: // somebody will look already
			}
		})
	}
	return true
}

// ready is a batch that stood aside and has room again, nil for none.
func (r *billingRun) ready() *batch {
	i := slices.IndexFunc(r.aside, func(b *batch) bool { return !r.hasItsShare(b.merchant) })
	if i < 0 {
		return nil
	}
	b := r.aside[i]
	r.aside = slices.Delete(r.aside, i, i+1)
	return b
}

// rest waits for a payment to end, or for the time to ask who else has something due by now.
func (r *billingRun) rest(ctx context.Context, t *turns) {
	if r.looked.IsZero() {
		r.looked = time.Now()
	}
	look := time.NewTimer(time.Until(r.looked.Add(billLook)))
	defer look.Stop()
	select {
	case <-r.freed:
	case <-look.C:
		r.looked = time.Now()
		t.listAgain()
	case <-ctx.Done():
	}
}

func (r *billingRun) hasItsShare(m pasarela.MerchantID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busy[m] >= billShare
}

func (r *billingRun) occupy(m pasarela.MerchantID, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[m] += n; r.busy[m] == 0 {
		delete(r.busy, m)
	}
}

// slot waits until another payment may be made. While the acquirer could not be reached, the first goes alone.
func (r *billingRun) slot(ctx context.Context) bool {
	if r.unreachable.Load() {
		r.underWay.Wait()
	}
	if !r.pace.wait(ctx, &r.hurry) {
		return false
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if r.stopped.Load() {
		<-r.slots
		return false
	}
	return true
}

func (r *billingRun) take(b billed) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at[b] {
		return false
	}
	r.at[b] = true
	return true
}

func (r *billingRun) leave(b billed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.at, b)
}

// one does what fell due first of a subscription, and says whether the run may look at it again.
func (r *billingRun) one(ctx context.Context, b billed, until time.Time) bool {
	p, err := r.chargePeriod(ctx, b.merchant, b.subscription, until)
	switch {
	case errors.Is(err, errNothingDue):
		return true
	case errors.Is(err, errSkipped):
		r.Observer.Outcome("bill", "skipped", "")
	case err != nil:
		r.Observer.Outcome("bill", "error", string(pasarela.CodeOf(err)))
		r.Log.LogAttrs(ctx, slog.LevelError, "a subscription could not be charged; it is tried again later",
			slog.String("merchant", string(b.merchant)), slog.String("subscription", string(b.subscription)), slog.Any("error", err))
		return false
	default:
		unsent := p.ResponseCode == pasarela.ResponseUnreachable
		r.unreachable.Store(unsent)
		if unsent {
			r.stopped.Store(true)
		}
		r.Observer.Outcome("bill", string(p.State), p.ResponseCode)
	}
	r.moved.Add(1)
	return true
}

// chargePeriod makes the payment that is due first of a subscription. It returns errNothingDue and errSkipped where
// there is none to make. The end of a run does not break it off.
//
// The merchant is read anew: it may have been disabled, or enabled, on another node, and a period that is skipped stays so.
func (g *Gateway) chargePeriod(ctx context.Context, merchant pasarela.MerchantID, id pasarela.SubscriptionID, until time.Time) (p pasarela.Payment, err error) {
	r := AuthorizeRequest{Kind: pasarela.KindSale, Subscription: id, scheduled: until}
	promised := time.Now()
	promising, cancel := afterwards(ctx)
	var out outgoing
	m, err := g.merchantNow(promising, merchant)
	if err == nil {
		p, out, err = g.promise(promising, m, r)
	}
	cancel()
	switch {
	case errors.Is(err, errNothingDue), errors.Is(err, errSkipped):
		return p, err
	case err != nil:
		return p, errors.Join(err, g.postponeBilling(ctx, merchant, id, until))
	}
	p, err = g.seeThrough(ctx, m, promised, p, out, r)
	if err == nil && p.State == pasarela.StateReversing {
		g.reverseSoon(m.ID, p.ID)
	}
	return p, err
}

// postponeBilling keeps a subscription whose charge cannot even be promised from standing in others' way.
func (g *Gateway) postponeBilling(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, until time.Time) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	err := g.update(ctx, m, func(tx store.Tx) error {
		s, err := tx.Subscription(id)
		if err != nil || s.DueAt.IsZero() || s.DueAt.After(until) {
			return err
		}
		s.DueAt = g.now().Add(billAgain)
		return tx.PutSubscription(s)
	})
	if err != nil {
		return fmt.Errorf("and it stays due: %w", err)
	}
	return nil
}

// BillingProgress adds up how far the charges of all merchants are that begin on a day.
func BillingProgress(ctx context.Context, s store.Store, begins pasarela.Date, now time.Time) (sum store.BillingCounts, err error) {
	err = eachMerchant(ctx, s.MerchantIDs, func(m pasarela.MerchantID) error {
		c, err := s.Billing(ctx, m, begins, now)
		sum.Due, sum.Charging, sum.Retrying = sum.Due+c.Due, sum.Charging+c.Charging, sum.Retrying+c.Retrying
		sum.Paid, sum.Failed, sum.Skipped = sum.Paid+c.Paid, sum.Failed+c.Failed, sum.Skipped+c.Skipped
		return err
	})
	return sum, err
}
