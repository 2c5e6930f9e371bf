package acquirer

import (
	"sync"
	"sync/atomic"

	"pasarela"
	"pasarela/cde/acquirer/iso"
)

// pending is a request that waits for its answer. Its stage decides what may be said of it when no answer
// comes: the writer and whoever gives up race for it with one compare-and-swap.
type pending struct {
	trace  pasarela.Trace
	expect string           // message type of the answer; "" where none is waited for
	frame  []byte           // packed message; the writer's once it is queued
	stage  atomic.Int32     // queued, then written or withdrawn
	answer chan iso.Message // receives at most one
	next   *pending         // same STAN, other RRN; guarded by flights.mu
}

const (
	queued int32 = iota
	written
	withdrawn
)

// withdraw takes the request back from the writer's queue. It says false where the writer was first.
func (p *pending) withdraw() bool {
	return p.stage.CompareAndSwap(queued, withdrawn) || p.stage.Load() == withdrawn
}

// flights holds the requests that wait for their answer on one link.
type flights struct {
	mu     sync.Mutex
	bySTAN map[uint32]*pending // guarded by mu; nil once the link broke
}

func newFlights() *flights { return &flights{bySTAN: make(map[uint32]*pending, 64)} }

// add says false where the link broke, or where the same message is under way already.
func (f *flights) add(p *pending) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bySTAN == nil {
		return false
	}
	first := f.bySTAN[p.trace.STAN]
	for q := first; q != nil; q = q.next {
		if q.trace.RRN == p.trace.RRN && q.expect == p.expect {
			return false
		}
	}
	p.next = first
	f.bySTAN[p.trace.STAN] = p
	return true
}

// take removes the request with that trace and answer type, and returns nil where there is none.
func (f *flights) take(stan uint32, rrn, expect string) *pending {
	f.mu.Lock()
	defer f.mu.Unlock()
	var before *pending
	for p := f.bySTAN[stan]; p != nil; before, p = p, p.next {
		if p.trace.RRN != rrn || p.expect != expect {
			continue
		}
		switch {
		case before != nil:
			before.next = p.next
		case p.next != nil:
			f.bySTAN[stan] = p.next
		default:
			delete(f.bySTAN, stan)
		}
		return p
	}
	return nil
}

func (f *flights) has(stan uint32) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bySTAN[stan] != nil
}

// shut lets no request in any more and forgets those there are.
func (f *flights) shut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bySTAN = nil
}

// past remembers the last requests that ended, over all links, by trace number.
type past struct {
	mu    sync.Mutex
	ended [1 << 14]ending // guarded by mu
}

type ending struct {
	stan     uint32
	rrn      string
	expect   string
	answered bool
}

func (h *past) remember(p *pending, answered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended[p.trace.STAN%uint32(len(h.ended))] = ending{p.trace.STAN, p.trace.RRN, p.expect, answered}
}

// stray names an answer that no request waits for. A late answer counts as late once, then as a duplicate.
func (h *past) stray(stan uint32, rrn, expect string) Stray {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := &h.ended[stan%uint32(len(h.ended))]
	switch {
	case e.stan != stan || e.rrn != rrn || e.expect != expect:
		return StrayUnmatched
	case e.answered:
		return StrayDuplicate
	}
	e.answered = true
	return StrayLate
}
