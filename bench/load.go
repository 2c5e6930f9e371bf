package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// worker is what one connection does again and again. It tells how long each part of a turn took.
type worker interface {
	turn(c *connection, took func(part int, d time.Duration)) error
}

// errSpent ends a measurement early and well: what it works on has run out.
var errSpent = errors.New("nothing left to work on")

// load is one measurement.
type load struct {
	address  string
	workers  []worker // one connection each
	parts    int      // that a turn tells of
	warmUp   time.Duration
	duration time.Duration
	meter    func() cpu // what the processes have used of the processors so far
}

// sample is what came of a load.
type sample struct {
	turns int
	lasts time.Duration     // of what was counted
	parts [][]time.Duration // latencies by part, sorted
	used  cpu               // from the beginning of the window to the end of the last turn
}

func (s sample) perSecond() float64 {
	if s.lasts <= 0 {
		return 0
	}
	return float64(s.turns) / s.lasts.Seconds()
}

// at is the latency of part below which a share q of the turns lies.
func (s sample) at(part int, q float64) time.Duration {
	sorted := s.parts[part]
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// run warms up, and then counts the turns that begin and end within the duration. The first turn that fails
// ends it.
func (l load) run(ctx context.Context) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	connections, err := l.connect(ctx)
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	window := &window{began: began, from: began.Add(l.warmUp), to: began.Add(l.warmUp + l.duration)}
	tallies := make([]tally, len(l.workers))
	var running sync.WaitGroup
	var before cpu
	running.Go(func() {
		if pause(ctx, l.warmUp) == nil {
			before = l.meter()
		}
	})
	for i, w := range l.workers {
		running.Go(func() {
			defer connections[i].close()
			tallies[i].parts, tallies[i].early.parts = make([][]time.Duration, l.parts), make([][]time.Duration, l.parts)
			if err := tallies[i].run(ctx, w, connections[i], window); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return sample{}, err
	}
	s := l.add(tallies, window)
	s.used = l.meter().since(before)
	return s, nil
}

// pause waits for d, or returns the error of a context that ends before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l load) connect(ctx context.Context) ([]*connection, error) {
	var all []*connection
	for range l.workers {
		c, err := dial(ctx, l.address)
		if err == nil {
			err = c.deadline(l.warmUp + l.duration + requestWithin)
		}
		if err != nil {
			for _, c := range all {
				c.close()
			}
			return nil, fmt.Errorf("connect to %s: %w", l.address, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (l load) add(tallies []tally, w *window) sample {
	s := sample{lasts: l.duration, parts: make([][]time.Duration, l.parts)}
	count := func(t tally) deeds { return t.deeds }
	if ended := w.ended.Load(); ended != 0 {
		s.lasts = time.Unix(0, ended).Sub(w.from)
		if s.lasts <= 0 { // all was done before the window opened: that is what there is to tell
			s.lasts = time.Unix(0, ended).Sub(w.began)
			count = func(t tally) deeds { return t.early }
		}
	}
	for _, t := range tallies {
		d := count(t)
		s.turns += d.turns
		for i, p := range d.parts {
			s.parts[i] = append(s.parts[i], p...)
		}
	}
	for _, p := range s.parts {
		slices.Sort(p)
	}
	return s
}

// window is when turns count.
type window struct {
	began, from, to time.Time
	ended           atomic.Int64 // nanoseconds since 1970 where the first worker had nothing left, else 0
}

// tally is what one worker did: within the window, and before it.
type tally struct {
	deeds
	early deeds
}

type deeds struct {
	turns int
	parts [][]time.Duration
}

func (t *tally) run(ctx context.Context, w worker, c *connection, win *window) error {
	counts := false
	took := func(part int, d time.Duration) {
		if counts {
			t.parts[part] = append(t.parts[part], d)
		} else {
			t.early.parts[part] = append(t.early.parts[part], d)
		}
	}
	for ctx.Err() == nil && win.ended.Load() == 0 {
		now := time.Now()
		if now.After(win.to) {
			return nil
		}
		counts = now.After(win.from)
		err := w.turn(c, took)
		if errors.Is(err, errSpent) {
			win.ended.CompareAndSwap(0, time.Now().UnixNano())
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case !counts:
			t.early.turns++
		case win.ended.Load() == 0 && !time.Now().After(win.to):
			t.turns++
		}
	}
	return nil
}
