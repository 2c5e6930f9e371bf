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
	rrn  int64  // last one: days since 1970 times rrnPerDay, plus the eight digits; guarded by mu
}

// newTracer starts at a random trace number, so that a restart does not repeat those just used.
func newTracer() *tracer { return &tracer{stan: rand.Uint32N(maxSTAN)} }

// next is the following trace at now, its STAN none that inFlight says is under way. Retrieval reference
// numbers only rise: should a day's numbers run out, or the clock stand still or go back, they run ahead of it.
func (t *tracer) next(now time.Time, inFlight func(uint32) bool) pasarela.Trace {
	now = now.UTC()
	midnight := now.Truncate(24 * time.Hour)
	at := midnight.Unix()/86400*rrnPerDay + now.Sub(midnight).Milliseconds()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rrn = max(t.rrn+1, at)
	for {
		t.stan = t.stan%maxSTAN + 1
		if !inFlight(t.stan) {
			break
		}
	}
	return pasarela.Trace{STAN: t.stan, RRN: formatRRN(t.rrn), SentAt: now.Truncate(time.Second)}
}

// formatRRN writes the last digit of the year, the day of the year and eight digits.
func formatRRN(n int64) string {
	day := time.Unix(n/rrnPerDay*86400, 0).UTC()
	return iso.Pad((int64(day.Year()%10)*1000+int64(day.YearDay()))*rrnPerDay+n%rrnPerDay, 12)
}
