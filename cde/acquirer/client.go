package acquirer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
)

// Pauses between attempts to dial. A Send that finds the link down cuts the pause short.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 3 * time.Second
)

// signOffWait is how long Close waits for the acquirer's goodbye.
const signOffWait = time.Second

// Client sends messages to one acquirer over one link. It is safe for concurrent use.
type Client struct {
	cfg    Config
	tracer *tracer
	past   *past
	wake   chan struct{} // has room for one: dial now
	late   atomic.Pointer[func(pasarela.LateApproval)]

	mu      sync.Mutex
	link    *link         // nil while there is none; guarded by mu
	attempt chan struct{} // closed when the next attempt to dial has ended; guarded by mu
	stop    context.CancelFunc
	stopped chan struct{} // closed when everything that Start began has ended; nil before Start
}

// New makes a client; Start brings up its link.
func New(cfg Config) *Client {
	return &Client{cfg: cfg.withDefaults(), tracer: newTracer(), past: newPast(), wake: make(chan struct{}, 1),
		attempt: make(chan struct{})}
}

// Start brings the link up in the background and keeps it up until ctx ends or Close is called. It may be
// called once.
func (c *Client) Start(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	c.stop, c.stopped = cancel, make(chan struct{})
	c.mu.Unlock()
	go func() {
		defer close(c.stopped)
		c.keepUp(ctx)
	}()
}

// OnLate has hear called with each authorization, sale or capture that was given up and then approved: once for
// each, on the goroutine that reads the link, so hear must not block. The client knows the last 65,536 that it gave
// up since it was made, whichever link they went out on. A later call replaces hear.
func (c *Client) OnLate(hear func(pasarela.LateApproval)) { c.late.Store(&hear) }

// approvedLate hands an answer to a message that was given up to who listens, unless it is a refusal.
func (c *Client) approvedLate(a pasarela.LateApproval, m iso.Message) {
	if outcome(a.Message, m).Outcome == pasarela.OutcomeDeclined {
		return
	}
	c.cfg.Log.Warn("approval came after its message was given up", "message", a.Message, "reference", a.Reference,
		"code", m.ResponseCode)
	if hear := c.late.Load(); hear != nil {
		(*hear)(a)
	}
}

// Close signs off and returns when all goroutines of the client have ended. Requests under way end as
// unknown; later ones as not sent.
func (c *Client) Close() {
	c.mu.Lock()
	stop, stopped := c.stop, c.stopped
	c.mu.Unlock()
	if stop == nil {
		return
	}
	stop()
	<-stopped
}

// Up says whether messages can be sent at once.
func (c *Client) Up() bool { return c.current() != nil }

// NextTrace names a message that is to be sent. It never repeats a trace number that is under way.
func (c *Client) NextTrace() pasarela.Trace {
	return c.tracer.next(c.cfg.Clock.Now(), func(stan uint32) bool {
		l := c.current()
		return l != nil && l.flights.has(stan)
	})
}

func (c *Client) current() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil || c.link.broken() {
		return nil
	}
	return c.link
}

// keepUp dials, waits for the link to end and dials again, until ctx ends.
func (c *Client) keepUp(ctx context.Context) {
	pause := firstPause
	for {
		l, err := c.connect(ctx)
		c.attempted(l)
		if err == nil {
			pause = firstPause
			c.cfg.Observer.link(true)
			c.serve(ctx, l)
			c.cfg.Observer.link(false)
		} else if ctx.Err() == nil {
			c.cfg.Log.Warn("acquirer can't be reached: will try again", "error", err, "pause", pause)
		}
		if !c.rest(ctx, pause/2+rand.N(pause)) {
			return
		}
		pause = min(2*pause, lastPause)
	}
}

// connect dials and signs on.
func (c *Client) connect(ctx context.Context) (*link, error) {
	within, cancel := context.WithTimeout(ctx, c.cfg.AnswerAfter)
	defer cancel()
	conn, err := c.cfg.Dial(within)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	l := c.newLink(conn)
	if err := l.manage(ctx, iso.SignOn, c.cfg.AnswerAfter); err != nil {
		l.fail(err)
		l.wg.Wait()
		return nil, fmt.Errorf("sign on: %w", err)
	}
	return l, nil
}

// serve waits for the link's end. At the client's own end it signs off first.
func (c *Client) serve(ctx context.Context, l *link) {
	select {
	case <-l.done:
		c.cfg.Log.Warn("link to the acquirer broke", "error", l.cause)
	case <-ctx.Done():
		c.mu.Lock()
		c.link = nil
		c.mu.Unlock()
		within := min(signOffWait, c.cfg.AnswerAfter)
		if err := l.manage(context.Background(), iso.SignOff, within); err != nil {
			c.cfg.Log.Warn("acquirer did not take the sign-off", "error", err)
		}
		l.fail(errClosed)
	}
	l.wg.Wait()
}

// attempted publishes what an attempt to dial came to, nil for a failure, and wakes who waits for it.
func (c *Client) attempted(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = l
	close(c.attempt)
	c.attempt = make(chan struct{})
}

// rest pauses, or less when a Send wants the link. It says false when ctx ended.
func (c *Client) rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.wake:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// linkFor is the link, after waiting for one attempt to dial where there is none. It is nil where that
// attempt failed or took too long.
func (c *Client) linkFor(ctx context.Context) *link {
	c.mu.Lock()
	l, attempt, stopped := c.link, c.attempt, c.stopped
	c.mu.Unlock()
	if l != nil && !l.broken() {
		return l
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	timer := time.NewTimer(c.cfg.DialWait)
	defer timer.Stop()
	select {
	case <-attempt:
	case <-stopped:
	case <-timer.C:
	case <-ctx.Done():
	}
	return c.current()
}
