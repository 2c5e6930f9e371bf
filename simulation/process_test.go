package simulation

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/vault"
	"pasarela/gateway"
	"pasarela/store"
	"pasarela/store/sqlite"
)

// acquirerTimeout is how long, in the bubble's time, a message waits for its answer.
const acquirerTimeout = 25 * time.Second

// process is one life of the gateway: everything that a kill takes away.
type process struct {
	world   *world
	file    string
	disk    store.Store // as the watcher reads it, dead or alive
	store   *mortal
	link    *acquirer.Client
	gateway *gateway.Gateway
	turn    chan struct{} // has room for the one sweep: a mutex would stop the bubble's time

	mu    sync.Mutex
	conns []net.Conn // both ends of every pipe; guarded by mu
}

// boot starts a gateway on a database file.
func (w *world) boot(file string) (*process, error) {
	disk, err := sqlite.Open(w.ctx, file, sqlite.Options{Synchronous: "OFF"})
	if err != nil {
		return nil, err
	}
	w.lives++
	p := &process{world: w, file: file, disk: disk, store: newMortal(w.bug.aroundStore(disk)), turn: make(chan struct{}, 1)}
	v, err := vault.Open(w.ctx, vault.Config{Keysets: disk, KEK: w.kek, Cards: w.cards})
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	log := slog.New(slog.DiscardHandler)
	p.link = acquirer.New(acquirer.Config{
		Dial: p.dial, Opener: v, Clock: w.clock, Log: log, Observer: acquirer.Observer{Message: p.onWire},
		OnUnsent: func(m pasarela.Message) { w.bank().ConsumeRefusal(m) },
	})
	p.gateway = gateway.New(gateway.Config{
		Store: p.store, Vault: v, Acquirer: w.bug.aroundAcquirer(p.link), Clock: w.clock, Log: log,
		IDs: pasarela.NewIDs(w.stream("ids", w.lives)), AcquirerTimeout: acquirerTimeout,
	})
	p.link.Start(w.ctx)
	return p, nil
}

func (p *process) dead() bool { return p.store.isDead() }

// dial connects to the issuer through a pipe with some latency.
func (p *process) dial(context.Context) (net.Conn, error) {
	if p.dead() {
		return nil, errDead
	}
	near, far := net.Pipe()
	p.mu.Lock()
	p.conns = append(p.conns, near, far)
	p.mu.Unlock()
	go p.world.bank().ServeConn(far)
	return slow{near}, nil
}

// slow takes up to some milliseconds to send, so that things happen between a message and its answer; often
// nothing, so that they happen at the same instant.
type slow struct{ net.Conn }

func (c slow) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(max(0, rand.IntN(8)-3)) * time.Millisecond)
	return c.Conn.Write(b)
}

// kill ends the process between two instructions: from one moment on nothing is committed or sent. What its
// goroutines still do is talk to nobody.
func (p *process) kill() {
	p.store.kill()
	p.cut()
}

func (p *process) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close() // a pipe that is closed already is cut
	}
}

// bury waits until nothing of the process runs any more.
func (p *process) bury() error {
	p.gateway.Close()
	p.link.Close()
	return p.disk.Close()
}

// due does what has fallen due, alone.
func (p *process) due(work func(context.Context) error) {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	if err := work(p.world.ctx); err != nil && !p.dead() {
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

// openBank opens the issuer on its books.
func (w *world) openBank() error {
	bank, err := simulator.Open(simulator.Config{Dir: w.issuerDir, Cards: w.cards, Clock: w.clock,
		GatewayTimeout: acquirerTimeout, Rand: w.source("bank", w.lives)})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.issuer = bank
	return nil
}

func (w *world) bank() *simulator.Simulator {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.issuer
}
