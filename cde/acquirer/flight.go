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
	expect string                // message type of the answer; "" where none is waited for
	frame  []byte                // packed message; the writer's once it is queued
	stage  atomic.Int32          // queued, then written or withdrawn
	answer chan iso.Message      // receives at most one
	late   pasarela.LateApproval // what an approval would mean after it was given up; zero for nothing
	next   *pending              // same STAN, other RRN; guarded by flights.mu
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
	return f.remove(stan, rrn, expect)
}

// remove is take for who holds mu.
func (f *flights) remove(stan uint32, rrn, expect string) *pending {
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

// giveUp removes p because nobody waits for it any more, and says false where its answer was taken first. It is
// remembered before it can be missed: its answer may come at any time.
func (f *flights) giveUp(p *pending, h *past) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.waits(p) {
		return false
	}
	h.remember(p, false)
	f.remove(p.trace.STAN, p.trace.RRN, p.expect)
	return true
}

// waits says whether p itself is in flight. The caller holds mu.
func (f *flights) waits(p *pending) bool {
	for q := f.bySTAN[p.trace.STAN]; q != nil; q = q.next {
		if q == p {
			return true
		}
	}
	return false
}

func (f *flights) has(stan uint32) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bySTAN[stan] != nil
}

// shut lets no request in any more and gives up those there are. Their answers may come over the next link.
func (f *flights) shut(h *past) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.bySTAN {
		for ; p != nil; p = p.next {
			h.remember(p, false)
		}
	}
	f.bySTAN = nil
}
