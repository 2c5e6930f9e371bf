package acquirer

import (
	"math/rand/v2"
	"sync"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
)

const (
	maxSTAN   = 999_999
	rrnPerDay = 100_000_000 // the eight digits after year and day of year
)

// tracer hands out trace numbers and retrieval reference numbers.
type tracer struct {
	mu   sync.Mutex
	stan uint32 // last one handed out; guarded by mu
	rrn  int64  // last one's eight digits; guarded by mu
}

// newTracer starts at random numbers: neither a restart repeats those just used, nor do two nodes go through the same
// ones. An issuer takes a message about a payment for a repetition by these numbers.
func newTracer() *tracer {
	return &tracer{stan: rand.Uint32N(maxSTAN), rrn: rand.Int64N(rrnPerDay)}
}

// next is the following trace at now, its STAN none that inFlight says is under way. Its retrieval reference number
// is one that this process has not given out on that day, unless it has sent a hundred million messages since.
func (t *tracer) next(now time.Time, inFlight func(uint32) bool) pasarela.Trace {
	now = now.UTC()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rrn = (t.rrn + 1) % rrnPerDay
	for {
		t.stan = t.stan%maxSTAN + 1
		if !inFlight(t.stan) {
			break
		}
	}
	return pasarela.Trace{STAN: t.stan, RRN: formatRRN(now, t.rrn), SentAt: now.Truncate(time.Second)}
}

// formatRRN writes the last digit of the year, the day of the year and eight digits.
func formatRRN(day time.Time, n int64) string {
	return iso.Pad((int64(day.Year()%10)*1000+int64(day.YearDay()))*rrnPerDay+n, 12)
}
