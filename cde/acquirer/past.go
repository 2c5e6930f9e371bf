package acquirer

import (
	"sync"

	"pasarela"
)

// givenUpMost is how many messages without an answer are remembered for the approval that may come: those of a
// minute of silence at a thousand messages a second.
const givenUpMost = 1 << 16

// past remembers requests that ended, over all links: the last of all by trace number, to name strays, and
// those that were given up while an approval could still move money.
type past struct {
	mu      sync.Mutex
	ended   [1 << 14]ending                  // guarded by mu
	givenUp map[ending]pasarela.LateApproval // guarded by mu
	order   []ending                         // of givenUp, a ring once it is full; guarded by mu
	oldest  int                              // in order; guarded by mu
}

type ending struct {
	stan     uint32
	rrn      string
	expect   string
	answered bool
}

func newPast() *past { return &past{givenUp: map[ending]pasarela.LateApproval{}} }

func (h *past) remember(p *pending, answered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := ending{p.trace.STAN, p.trace.RRN, p.expect, answered}
	h.ended[e.stan%uint32(len(h.ended))] = e
	if !answered && p.late.Message != "" {
		h.await(e, p.late)
	}
}

// await keeps what an approval would mean. The caller holds mu.
func (h *past) await(e ending, late pasarela.LateApproval) {
	h.givenUp[e] = late
	if len(h.order) < givenUpMost {
		h.order = append(h.order, e)
		return
	}
	delete(h.givenUp, h.order[h.oldest])
	h.order[h.oldest] = e
	h.oldest = (h.oldest + 1) % givenUpMost
}

// stray names an answer that no request waits for, and says what it would mean as an approval; zero for nothing. A late answer
// counts as late once, then as a duplicate. An answer that names another payment than was asked about is none.
func (h *past) stray(stan uint32, rrn, expect, reference string) (_ Stray, late pasarela.LateApproval) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := ending{stan: stan, rrn: rrn, expect: expect}
	late, awaited := h.givenUp[key]
	if awaited && reference != "" && reference != string(late.Reference) {
		return StrayUnmatched, pasarela.LateApproval{}
	}
	delete(h.givenUp, key)
	e := &h.ended[stan%uint32(len(h.ended))]
	known := e.stan == stan && e.rrn == rrn && e.expect == expect
	switch {
	case !awaited && !known:
		return StrayUnmatched, late
	case !awaited && e.answered:
		return StrayDuplicate, late
	case known:
		e.answered = true
	}
	return StrayLate, late
}
