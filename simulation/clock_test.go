package simulation

import (
	"sync/atomic"
	"time"
)

// clock is the bubble's time, in this century, plus the jumps.
type clock struct{ ahead atomic.Int64 }

// century brings the bubble's year 2000 to one in which tickets have their eighteen digits.
const century = 26 * 365 * 24 * time.Hour

func newClock() *clock {
	c := &clock{}
	c.jump(century)
	return c
}

// Now implements pasarela.Clock.
func (c *clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.ahead.Load())).UTC().Truncate(time.Microsecond)
}

func (c *clock) jump(d time.Duration) { c.ahead.Add(int64(d)) }
