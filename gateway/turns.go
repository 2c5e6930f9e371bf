package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pasarela"
)

// turns shares a sweep out among the merchants: a batch each, in order, then a further one for those that have more
// due. Before those come the merchants at which something has fallen due meanwhile, so that a merchant whose issuer
// is silent, however much it has due, delays the others by no more than the batch it is at. One goroutine owns it.
type turns struct {
	list  func(ctx context.Context, until time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error)
	until func() time.Time // what is due by then, asked whenever merchants are listed
	batch int
	again bool // merchants with more due than a batch have further turns

	failed error

	begun   bool                         // the first listing has
	listing time.Time                    // what the listing at hand is of; zero when it is through
	after   pasarela.MerchantID          // where it stands
	fresh   []turn                       // listed, without a turn yet
	backlog []turn                       // had a turn and want another
	round   int                          // how many of backlog come before the next listing
	skip    map[pasarela.MerchantID]bool // have failed, are at it, or are in fresh or backlog
}

// turn is a merchant's batch of what is due by until.
type turn struct {
	merchant pasarela.MerchantID
	until    time.Time
}

// result is what came of a turn.
type result struct {
	turn
	moved int
	more  bool
	err   error
}

// next is whose turn it is; false when nobody's, as long as none that runs now wants another.
func (t *turns) next(ctx context.Context) (turn, bool) {
	if ctx.Err() != nil {
		return turn{}, false
	}
	if !t.begun {
		t.begun, t.listing, t.skip = true, t.until(), map[pasarela.MerchantID]bool{}
	}
	for {
		t.fill(ctx)
		switch {
		case len(t.fresh) > 0:
			return pop(&t.fresh), true
		case len(t.backlog) == 0:
			return turn{}, false
		case t.round > 0:
			t.round--
			return pop(&t.backlog), true
		}
		t.round = len(t.backlog)
		t.listAgain()
	}
}

// listAgain has next look for merchants at which something has fallen due meanwhile.
func (t *turns) listAgain() { t.listing, t.after = t.until(), "" }

func pop(queue *[]turn) turn {
	first := (*queue)[0]
	*queue = (*queue)[1:]
	return first
}

// fill lists on until somebody is fresh or the listing is through.
func (t *turns) fill(ctx context.Context) {
	for len(t.fresh) == 0 && !t.listing.IsZero() {
		page, err := t.list(ctx, t.listing, t.after, merchantPage)
		if err != nil {
			t.fail(fmt.Errorf("merchants with something due: %w", err))
		}
		for _, m := range page {
			t.after = m
			if !t.skip[m] {
				t.skip[m] = true
				t.fresh = append(t.fresh, turn{m, t.listing})
			}
		}
		if len(page) == 0 {
			t.listing = time.Time{}
		}
	}
}

// ended takes note of a turn's result.
func (t *turns) ended(r result) {
	switch {
	case r.err != nil: // stays skipped: what is wrong with it would be wrong again
		t.fail(fmt.Errorf("merchant %s: %w", r.merchant, r.err))
	case r.more && t.again:
		t.backlog = append(t.backlog, r.turn)
	default:
		delete(t.skip, r.merchant)
	}
}

func (t *turns) fail(err error) { t.failed = errors.Join(t.failed, err) }
