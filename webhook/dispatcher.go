package webhook

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/store"
)

// Signer makes the headers that tell a receiver whose delivery it is. Each format has one.
type Signer interface {
	// Headers signs a delivery of a merchant that is sent at a time. It is called for each attempt.
	Headers(m pasarela.Merchant, d pasarela.Delivery, at time.Time) (http.Header, error)
}

// Store is what deliveries need of a database.
type Store interface {
	Update(ctx context.Context, m pasarela.MerchantID, unit func(tx store.Tx) error) error
	DueEndpoints(ctx context.Context, now time.Time, after store.Endpoint, limit int) ([]store.Endpoint, error)
}

// Observer is told what happens, for metrics. Its methods must not block.
type Observer interface {
	// Webhook counts an attempt.
	Webhook(outcome string, took time.Duration)
	// WebhookWaited tells how long after its creation the first attempt of a delivery began.
	WebhookWaited(d time.Duration)
	// WebhookParked counts a delivery that was given up.
	WebhookParked()
	// WebhooksDue tells to how many endpoints something is due.
	WebhooksDue(endpoints int)
}

// Config is what a Dispatcher works with. All of it is required but Observer and Jitter.
type Config struct {
	Store    Store
	Merchant func(ctx context.Context, id pasarela.MerchantID) (pasarela.Merchant, error)
	Signers  map[string]Signer // by format
	Sender   *Sender
	Clock    pasarela.Clock
	Log      *slog.Logger
	Observer Observer
	Jitter   func() float64 // 0 to 1; nil for math/rand's
	// Alone says that no other process uses the database: what a dead one had claimed is taken over at once.
	Alone bool
}

const (
	pollEvery   = time.Second           // for retries that fall due, and for what other processes wrote
	lookSpacing = 10 * time.Millisecond // between two looks: what is written meanwhile is found by one
	lookShare   = 24                    // a look is followed by a rest of so many times what it took
	longestRest = 5 * time.Second       // so that endpoints beyond counting make deliveries late, and payments not slow
	lookPage    = 1000
	forgetEvery = time.Minute

	claimsAtOnce   = 8 // units of work under way, so that payments find room beside them
	doubtsAtOnce   = 2
	doubtsRest     = 10 * time.Millisecond // after each of them: those of a thousand endpoints that hang do not come in one burst
	endingsAtOnce  = 8
	unitTimeout    = 10 * time.Second
	endingPatience = 10 * time.Second // of a stop: for requests under way, and to commit what became of them
)

// Dispatcher delivers. It is safe for concurrent use. Run it once.
type Dispatcher struct {
	Config
	lanes      *lanes
	wake       chan struct{}
	catchingUp atomic.Int32 // calls of RunDue under way

	claims sync.RWMutex // read-locked from a claim's begin until it is known to lanes

	claiming *crew[*lane]
	doubting *crew[*lane] // claims for endpoints that fail: they hold up no others
	ending   *crew[pasarela.MerchantID]
	results  results
}

// New returns a dispatcher that is ready to use.
func New(c Config) *Dispatcher {
	if c.Observer == nil {
		c.Observer = silent{}
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	d := &Dispatcher{Config: c, lanes: newLanes(), wake: make(chan struct{}, 1)}
	d.claiming = newCrew(claimsAtOnce, (*lane).merchant, d.claimSome)
	d.doubting = newCrew(doubtsAtOnce, (*lane).merchant, func(n *lane) { d.claimSome(n); time.Sleep(doubtsRest) })
	d.ending = newCrew(endingsAtOnce, func(m pasarela.MerchantID) pasarela.MerchantID { return m }, d.end)
	d.results.init()
	return d
}

// Wake says that something was written that is to be delivered. It does not block.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// now is the clock's time, as stores keep it.
func (d *Dispatcher) now() time.Time { return d.Clock.Now().UTC().Truncate(time.Microsecond) }

// Run delivers what is due and what falls due, until ctx ends. It returns when the requests under way have ended and what
// became of them is committed, after at most ten seconds; what it had claimed and not begun is due at once for others.
func (d *Dispatcher) Run(ctx context.Context) {
	l := look{dispatcher: d}
	if d.Alone {
		l.ahead = d.now().Add(leaseTime)
	}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for ctx.Err() == nil {
		began := time.Now()
		l.once(ctx)
		rest := time.NewTimer(restAfter(time.Since(began)))
		select {
		case <-rest.C:
		case <-ctx.Done():
		}
		rest.Stop()
		select {
		case <-d.wake:
		case <-poll.C:
		case <-ctx.Done():
		}
	}
	d.stop()
}

// stop gives back what was not begun and waits for the rest.
func (d *Dispatcher) stop() {
	back, _ := d.lanes.close()
	d.claims.Lock() // claims under way have ended: what they claimed is known
	_, under := d.lanes.close()
	d.claims.Unlock()
	d.giveBack(back)
	ctx, cancel := context.WithTimeout(context.Background(), endingPatience)
	defer cancel()
	if left := await(ctx, under); left > 0 {
		d.Log.LogAttrs(ctx, slog.LevelWarn, "deliveries were under way when the gateway stopped; they are made again", slog.Int("deliveries", left))
	}
}

// await waits until flights have landed, or ctx ends, and says how many have not.
func await(ctx context.Context, flights []*flight) (left int) {
	for i, f := range flights {
		select {
		case <-f.done:
		case <-ctx.Done():
			return len(flights) - i
		}
	}
	return 0
}

// due lists all the endpoints to which something is due.
func (d *Dispatcher) due(ctx context.Context, until time.Time) (all []store.Endpoint, _ error) {
	var after store.Endpoint
	for {
		page, err := d.Store.DueEndpoints(ctx, until, after, lookPage)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < lookPage {
			return all, nil
		}
		after = page[len(page)-1]
	}
}

// visit asks for a claim for an endpoint that has room; full says that others keep it from having any.
func (d *Dispatcher) visit(e store.Endpoint, ahead time.Time) (full bool) {
	now := time.Now()
	n := d.lanes.of(e, now)
	if !ahead.IsZero() {
		d.lanes.expect(n, ahead)
	}
	room, full := d.lanes.room(n, now)
	if room > 0 {
		d.askClaim(n)
	}
	return full
}

func (d *Dispatcher) askClaim(n *lane) {
	if d.lanes.doubts(n) {
		d.doubting.ask(n)
		return
	}
	d.claiming.ask(n)
}

type silent struct{}

func (silent) Webhook(string, time.Duration) {}
func (silent) WebhookWaited(time.Duration)   {}
func (silent) WebhookParked()                {}
func (silent) WebhooksDue(int)               {}
