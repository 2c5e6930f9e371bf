package simulation

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/threeds"
	"pasarela/cde/vault"
	"pasarela/gateway"
	"pasarela/store"
)

// acquirerTimeout is how long, in the bubble's time, a message waits for its answer.
const acquirerTimeout = 25 * time.Second

// process is one life of a gateway: everything that a kill takes away.
type process struct {
	world   *world
	node    int
	life    int
	disk    store.Store // as the watcher reads it, dead or alive
	link    *acquirer.Client
	gateway *gateway.Gateway
	threeDS *threeds.Server
	turn    chan struct{} // has room for the one sweep: a mutex would stop the bubble's time
	killed  atomic.Bool

	mu       sync.Mutex
	lines    []*line        // guarded by mu
	dials    int            // guarded by mu
	failures int            // dials in a row that came to nothing; guarded by mu
	ended    time.Time      // when the last connection did, zero before the first; guarded by mu
	works    map[string]int // how often the gateway did something by itself; guarded by mu
	frozen   chan struct{}  // closed by the thaw; nil while it runs; guarded by mu
	thawed   time.Time      // last; guarded by mu
}

// boot starts a gateway of a node on what is left of the one before.
func (w *world) boot(node int) (*process, error) {
	life := int(w.lives.Add(1))
	p := &process{world: w, node: node, life: life, disk: w.database, turn: make(chan struct{}, 1), works: map[string]int{}}
	v, err := vault.Open(w.ctx, vault.Config{Keysets: w.database, KEK: w.kek, Cards: w.cards})
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	p.link = acquirer.New(acquirer.Config{
		Dial: p.dial, Opener: v, Clock: w.clock, Log: log, TerminalID: fmt.Sprintf("NODE%04d", node),
		Observer: acquirer.Observer{Message: p.onWire, Link: p.onLink},
		OnUnsent: p.onUnsent,
	})
	if err := p.openThreeDS(v.Digest); err != nil {
		return nil, err
	}
	p.gateway = gateway.New(gateway.Config{
		Store: mortal{w.bug.aroundStore(w.database), p}, Vault: v, Acquirer: sender{w.bug.aroundAcquirer(p.link), p}, Clock: w.clock, Log: log,
		IDs: pasarela.NewIDs(w.stream("ids", life)), AcquirerTimeout: acquirerTimeout, Authenticator: p.threeDS,
		Billers: map[string]gateway.Biller{"kushki": flat{}},
	})
	p.link.Start(w.ctx)
	return p, nil
}

func (p *process) dead() bool { return p.killed.Load() }

// sender gives messages their own instants, and waits for a link that is down.
type sender struct {
	gateway.Acquirer
	process *process
}

// Send implements gateway.Acquirer.
func (s sender) Send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	a, known := actorOf(ctx)
	if !known {
		a = s.process.worker(string(r.Message), s.process.world.nameOf(r.Reference))
	}
	a.wait()
	s.process.passGate(a)
	for range 20 {
		if s.process.dead() {
			break
		}
		if s.process.link.Up() {
			return s.Acquirer.Send(ctx, r)
		}
		a.lane.sleep(100 * time.Millisecond)
	}
	s.process.onUnsent(r.Message)
	return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeNotSent}
}

// worker is who does what the gateway does by itself: each piece of work is an actor of its own.
func (p *process) worker(about, name string) actor {
	p.mu.Lock()
	defer p.mu.Unlock()
	what := about + " " + name
	p.works[what]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %d %s", p.world.seed, p.node, p.life, what)
	r := rand.New(rand.NewPCG(h.Sum64(), uint64(p.works[what])))
	return actor{laneWork + lane(r.IntN(int(lanes-laneWork))), r}
}

// lastPause is how long, at most, the link pauses before it dials: half as long again as acquirer says.
const lastPause = 4500 * time.Millisecond

// dial connects to the issuer. How long the link pauses before is its own chance; here the pause becomes as long as
// it may be, so that the seed alone decides what happens meanwhile.
func (p *process) dial(ctx context.Context) (net.Conn, error) {
	if p.dead() {
		return nil, errDead
	}
	w := p.world
	p.mu.Lock()
	p.dials++
	n := p.dials
	near := w.actor(laneLines+lane((2*n+20*p.node)%lineLanes), fmt.Sprintf("near %d", p.life), n)
	far := w.actor(laneLines+lane((2*n+20*p.node+1)%lineLanes), fmt.Sprintf("far %d", p.life), n)
	ready := p.ended.Add(min(300*time.Millisecond<<min(p.failures, 10), lastPause))
	p.failures++
	p.mu.Unlock()
	select {
	case <-time.After(near.lane.until(max(0, time.Until(ready)))):
	case <-ctx.Done():
	}
	p.passGate(near)
	if p.dead() || ctx.Err() != nil {
		p.lineEnded()
		return nil, errDead
	}
	gatewayEnd, issuerEnd := newLine(near, far, p.gate, p.lineEnded)
	p.mu.Lock()
	p.lines = append(p.lines, gatewayEnd.line)
	p.mu.Unlock()
	go w.bank().ServeConn(issuerEnd)
	return gatewayEnd, nil
}

func (p *process) lineEnded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = time.Now()
}

func (p *process) onUnsent(m pasarela.Message) {
	if !p.dead() {
		p.world.bank().ConsumeRefusal(m)
	}
}

func (p *process) onLink(up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if up {
		p.failures = 0
	}
}

// kill ends the process between two instructions: from one moment on nothing is committed or sent. What its
// goroutines still do is talk to nobody.
func (p *process) kill() {
	p.killed.Store(true)
	p.thaw()
	p.cut()
}

func (p *process) cut() {
	p.mu.Lock()
	lines := p.lines
	p.lines = nil
	p.mu.Unlock()
	for _, l := range lines {
		l.cut()
	}
}

// bury waits until nothing of the process runs any more.
func (p *process) bury() {
	p.gateway.Close()
	p.link.Close()
}

// freeze stops everything that the process commits, sends and hears until it is thawed.
func (p *process) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen == nil {
		p.frozen = make(chan struct{})
	}
}

func (p *process) thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen != nil {
		close(p.frozen)
		p.frozen, p.thawed = nil, time.Now()
	}
}

// gate waits while the process is frozen, and says whether it was.
func (p *process) gate() bool {
	p.mu.Lock()
	frozen := p.frozen
	p.mu.Unlock()
	if frozen == nil {
		return false
	}
	<-frozen
	return true
}

func (p *process) passGate(a actor) {
	for p.gate() {
		a.lane.sleep(0)
	}
}

// dazed says that the process does not know how long it was frozen: it may send what another node took over.
func (p *process) dazed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen != nil || time.Since(p.thawed) < time.Minute
}

// due does what has fallen due, alone.
func (p *process) due(work func(context.Context) error) {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	if err := work(p.world.ctx); err != nil && !p.dead() && !p.dazed() {
		p.world.violation("work that fell due failed: %v", err)
	}
}

func (p *process) runDue() { p.due(p.gateway.RunDue) }

func (p *process) recover() {
	p.due(func(ctx context.Context) error { _, err := p.gateway.Recover(ctx); return err })
}

func (p *process) sweep() {
	p.due(func(ctx context.Context) error { _, err := p.gateway.Sweep(ctx); return err })
}

func (p *process) bill() {
	p.due(func(ctx context.Context) error { _, err := p.gateway.Bill(ctx); return err })
}
