package gateway

import (
	"context"
	"sync/atomic"
	"time"
)

// paceBehind is how much a pace may make up for, in real time, after it was held up.
const paceBehind = 50 * time.Millisecond

// pace lets so many things begin in a second of real time. One goroutine owns it.
type pace struct {
	rate int // a second; 0 for as many as come
	next time.Time
}

// wait returns when the next may begin, at once where hurry is positive. It says false when ctx has ended.
func (p *pace) wait(ctx context.Context, hurry *atomic.Int32) bool {
	if p.rate <= 0 || hurry.Load() > 0 {
		return ctx.Err() == nil
	}
	now := time.Now()
	if behind := now.Add(-paceBehind); p.next.Before(behind) {
		p.next = behind
	}
	ahead := p.next.Sub(now)
	p.next = p.next.Add(time.Second / time.Duration(p.rate))
	if ahead <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(ahead)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
