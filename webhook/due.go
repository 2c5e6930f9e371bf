package webhook

import (
	"context"
	"errors"
	"sync"
	"time"

	"pasarela/store"
)

const (
	endpointsAtOnce = 64                   // of RunDue
	dueBatch        = maxWidth * dueRounds // claimed at once of an endpoint
	dueRounds       = 4                    // sent one after the other, so that all have begun well within their lease
)

// quick is how fast an endpoint has to fail for RunDue to try again at once what had fallen due more than once.
const quick = time.Second

// RunDue attempts everything that has fallen due by now, and returns when all of it has ended: what is under way already,
// what is due, what waited behind that, and the repetitions that fell due in the time a clock was moved over. It is what a
// sandbox calls after moving its clock, so it leaves nobody alone for having failed.
func (d *Dispatcher) RunDue(ctx context.Context) error {
	d.catchingUp.Add(1)
	defer d.catchingUp.Add(-1)
	until, seen := d.now(), map[flightKey]bool{}
	for {
		moved, err := d.drainAll(ctx, until)
		if err != nil {
			return err
		}
		awaited, err := d.awaitAloft(ctx, until, seen) // after it: what was not due any more somebody has claimed
		if err != nil || awaited == 0 && moved == 0 {
			return err
		}
	}
}

// awaitAloft waits for what Run has under way and waited at that time already, for each delivery once.
func (d *Dispatcher) awaitAloft(ctx context.Context, until time.Time, seen map[flightKey]bool) (awaited int, _ error) {
	d.claims.Lock() // what was claimed before is known now
	aloft := d.lanes.aloft(until)
	d.claims.Unlock()
	for _, f := range aloft {
		delivery := flightKey{merchant: f.delivery.Merchant, id: f.delivery.ID}
		if seen[delivery] {
			continue
		}
		seen[delivery] = true
		awaited++
		if await(ctx, []*flight{f}) > 0 {
			return awaited, ctx.Err()
		}
	}
	return awaited, nil
}

// drainAll attempts what is due at all endpoints, many at once, and returns how much it was.
func (d *Dispatcher) drainAll(ctx context.Context, until time.Time) (moved int, err error) {
	endpoints, err := d.due(ctx, until)
	if err != nil {
		return 0, err
	}
	var (
		all    sync.WaitGroup
		places = make(chan struct{}, endpointsAtOnce)
		mu     sync.Mutex
	)
	for _, e := range endpoints {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			n, drainErr := d.drain(ctx, e, until)
			mu.Lock()
			defer mu.Unlock()
			moved, err = moved+n, errors.Join(err, drainErr)
		})
	}
	all.Wait()
	return moved, err
}

// drain attempts what is due at one endpoint.
func (d *Dispatcher) drain(ctx context.Context, e store.Endpoint, until time.Time) (moved int, _ error) {
	n := d.lanes.of(e, time.Now())
	for {
		flights, more, err := d.claim(ctx, n, until, dueBatch)
		if err != nil || len(flights) == 0 && !more {
			return moved, err
		}
		moved += len(flights)
		var all sync.WaitGroup
		places := make(chan struct{}, maxWidth)
		for _, f := range flights {
			places <- struct{}{}
			all.Go(func() {
				defer func() { <-places }()
				d.lanes.learn(n, d.attempt(f), time.Now())
			})
		}
		all.Wait()
		if await(ctx, flights) > 0 {
			return moved, ctx.Err()
		}
	}
}
