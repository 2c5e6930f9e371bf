package simulation

import (
	"sync/atomic"
	"time"
)

// clock is the bubble's time, in this century, plus the jumps.
type clock struct{ ahead atomic.Int64 }

// century brings the bubble's year 2000 to one in which tickets have their eighteen digits, and to a moment before the
// daily run, so that one comes while everybody is at it, without a jump.
const century = 26*365*24*time.Hour + 10*time.Hour + 59*time.Minute + 55*time.Second

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
