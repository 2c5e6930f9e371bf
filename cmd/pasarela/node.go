package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/api"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/threeds"
	"pasarela/cde/vault"
	"pasarela/dialect/events"
	"pasarela/dialect/kushki"
	"pasarela/dialect/monri"
	"pasarela/front"
	"pasarela/gateway"
	"pasarela/pages"
	"pasarela/sandbox"
	"pasarela/store"
	"pasarela/telemetry"
	"pasarela/webhook"
)

// settings say what kind of node to build.
type settings struct {
	keyed
	process
	network
	simulator string    // where the built-in simulator listens
	sandbox   bool      // controls, and a clock that can be moved
	testCards bool      // refuse every number that is no known test card
	createKEK bool      // make the data folder's key-encryption key where it is missing
	startTime time.Time // of a new sandbox clock
}

// node is one gateway process: everything that dev and serve have in common.
type node struct {
	settings
	log     *slog.Logger
	metrics *telemetry.Metrics
	live    atomic.Bool
	// recovering is what the last process left; nothing is added once the node is live.
	recovering sync.WaitGroup

	store     store.Store
	vault     *vault.Vault
	cards     *cards.Table // outside a sandbox without test cards
	clock     pasarela.Clock
	sandClock *sandbox.Clock // nil in production
	recorder  *acquirer.Recorder
	simulator *simulator.Simulator // nil where the acquirer is elsewhere
	link      *acquirer.Client
	threeDS   *threeds.Server // nil where no card takes part in 3-D Secure
	webhooks  *webhook.Dispatcher
	gateway   *gateway.Gateway
	mux       *http.ServeMux
	server    *front.Server

	binVersion int // of the card ranges in use; of the opening, then of keepTelling

	closers []func() error // in the order of opening
}

// openNode builds a node; nothing of it runs on after an error.
func openNode(ctx context.Context, s settings, log *slog.Logger) (_ *node, err error) {
	n := &node{settings: s, log: log, metrics: telemetry.New(), clock: pasarela.SystemClock{}, mux: http.NewServeMux()}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	for _, step := range []func(context.Context) error{
		n.openFolder, n.openClock, n.openCards, n.openVault, n.refreshBINs, n.openAcquirer, n.openThreeDS, n.openWebhooks, n.openGateway, n.openServer,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *node) onClose(f func() error) { n.closers = append(n.closers, f) }

// close undoes the opening, last first.
func (n *node) close() error {
	var err error
	for i := len(n.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, n.closers[i]())
	}
	n.closers = nil
	return err
}

func (n *node) openFolder(context.Context) error {
	if err := n.check(); err != nil {
		return err
	}
	if n.onPostgres() && !n.sandbox {
		return nil // nothing of this node is kept outside PostgreSQL
	}
	if err := n.makeFolder(); err != nil {
		return err
	}
	lock, err := n.lockFolder()
	if err == nil {
		n.onClose(lock.Close)
	}
	return err
}

func (n *node) openClock(context.Context) error {
	if !n.sandbox {
		return nil
	}
	c, err := sandbox.OpenClock(n.Data, n.engine(), n.startTime)
	if err != nil {
		return err
	}
	n.clock, n.sandClock = c, c
	n.onClose(c.Close)
	return nil
}

func (n *node) openCards(context.Context) (err error) {
	if !n.sandbox {
		n.cards = cards.Bare()
		return nil
	}
	if err := os.MkdirAll(n.issuer(), 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	n.cards, err = cards.Open(n.issuer())
	return err
}

func (n *node) openVault(ctx context.Context) (err error) {
	if n.store, err = n.openStore(ctx, n.metrics.Commit); err != nil {
		return err
	}
	n.onClose(n.store.Close)
	_, err = n.store.Keyset(ctx, string(vault.KindCard))
	fresh := pasarela.CodeOf(err) == pasarela.CodeNotFound
	if err != nil && !fresh {
		return err
	}
	kek, err := n.kek(n.createKEK && fresh) // a new key would not open what another has sealed
	if err != nil {
		return err
	}
	n.vault, err = vault.Open(ctx, vault.Config{Keysets: n.store, KEK: kek, Cards: n.cards, TestNumbersOnly: n.testCards})
	return err
}

func (n *node) openAcquirer(ctx context.Context) error {
	if n.Acquirer == "" {
		if err := n.openSimulator(ctx); err != nil {
			return err
		}
	}
	dial, err := n.dialer(n.Acquirer)
	if err != nil {
		return err
	}
	if err := acquirer.CheckTerminal(n.TerminalID); err != nil {
		return fmt.Errorf("--terminal-id: %w", err)
	}
	observer := acquirer.Observer{
		RoundTrip: n.metrics.RoundTrip, Link: n.metrics.Link,
		Stray: func(s acquirer.Stray) { n.metrics.Stray(string(s)) },
	}
	if n.sandbox {
		n.recorder = acquirer.NewRecorder(0)
		observer.Message = n.recorder.Record
	}
	conf := acquirer.Config{Dial: dial, Opener: n.vault, Clock: n.clock, Log: n.log, Observer: observer, TerminalID: n.TerminalID}
	if n.simulator != nil {
		conf.OnUnsent = n.simulator.ConsumeRefusal
	}
	n.link = acquirer.New(conf)
	n.link.Start(context.WithoutCancel(ctx)) // payments under way need it after the process was asked to end
	n.onClose(func() error { n.link.Close(); return nil })
	return nil
}

// openSimulator starts the built-in acquirer and points the link at it.
func (n *node) openSimulator(ctx context.Context) (err error) {
	n.simulator, err = simulator.Open(simulator.Config{Dir: n.issuer(), Cards: n.cards, Clock: n.clock, Log: n.log, GatewayTimeout: n.AcquirerTimeout})
	if err != nil {
		return err
	}
	n.onClose(n.simulator.Close)
	l, err := listen("--simulator-listen", n.settings.simulator)
	if err != nil {
		return err
	}
	n.Acquirer = l.Addr().String()
	serving := make(chan error, 1)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() { serving <- n.simulator.Serve(ctx, l) }()
	n.onClose(func() error { stop(); return <-serving })
	return nil
}

func (n *node) openGateway(context.Context) error {
	conf := gateway.Config{
		Store: n.store, Vault: n.vault, Acquirer: n.link, Clock: n.clock, IDs: pasarela.NewIDs(rand.Reader),
		Log: n.log, Observer: n.metrics, Wake: n.webhooks.Wake, AcquirerTimeout: n.AcquirerTimeout, BillingRate: n.BillingRate,
		Tellers: []gateway.Teller{n.kushkiTeller(), events.Teller{}}, Billers: map[string]gateway.Biller{"kushki": kushki.Pricing{}},
	}
	if n.threeDS != nil {
		conf.Authenticator = n.threeDS
	}
	n.gateway = gateway.New(conf)
	n.onClose(func() error { n.gateway.Close(); return nil })
	return nil
}

func (n *node) openServer(context.Context) error {
	mux := n.mux
	n.kushkiDialect().Mount(mux)
	pages.Mount(mux)
	monri.New(n.gateway, monri.Options{Log: n.log, Mask: n.vault.MaskBytes, Digest: n.vault.Digest}).Mount(mux)
	events.New(n.gateway, n.log).Mount(mux)
	api.Mount(mux)
	mux.Handle("GET /metrics", n.metrics.Handler())
	if n.sandbox {
		inboxes, err := sandbox.OpenInboxes(n.inboxes())
		if err != nil {
			return err
		}
		sandbox.New(sandbox.Config{Gateway: n.gateway, Clock: n.sandClock, Recorder: n.recorder, Simulator: n.simulator,
			Cards: n.cards, Inboxes: inboxes, CardsChanged: n.refreshRanges, RunDue: n.runDue, Reset: n.resetStore, Log: n.log}).Mount(mux)
	}
	n.server = front.New(front.Config{Handler: mux, Log: n.log, Recorder: n.metrics, AcquirerTimeout: n.AcquirerTimeout,
		MaxConcurrent: n.MaxConcurrent, Ready: n.ready, Live: n.live.Load, Traces: telemetry.TracesConfigured()})
	return nil
}

// resetStore empties a sandbox's database and puts the demo merchants back.
func (n *node) resetStore(ctx context.Context) error {
	r, ok := n.store.(store.Resetter)
	if !ok {
		return errors.New("this store cannot be reset")
	}
	if err := r.Reset(ctx); err != nil {
		return err
	}
	n.gateway.ForgetMerchants()
	_, err := n.demoMerchants(ctx)
	return err
}

// ready says what keeps payments from being taken.
func (n *node) ready(ctx context.Context) error {
	if !n.link.Up() {
		return errors.New("the link to the acquirer is down")
	}
	if err := n.store.Ping(ctx); err != nil {
		n.log.LogAttrs(ctx, slog.LevelError, "the store does not answer", slog.Any("error", err))
		return errors.New("the store does not answer")
	}
	return nil
}

// run serves until ctx ends.
func (n *node) run(ctx context.Context, l net.Listener, certificate, key string) error {
	if telemetry.TracesConfigured() {
		stop, err := telemetry.StartTraces(ctx, version())
		if err != nil {
			return err
		}
		n.onClose(func() error { return stop(context.WithoutCancel(ctx)) })
	}
	asked := ctx
	ctx, end := context.WithCancel(ctx)
	defer end()
	serving := make(chan error, 1)
	go func() {
		defer end() // after its error can be read: a server that failed ends a start that still waits
		if certificate != "" {
			serving <- n.server.ServeTLS(l, certificate, key)
			return
		}
		serving <- n.server.Serve(l)
	}()
	stopJobs, err := n.start(ctx)
	if err == nil {
		<-ctx.Done()
	}
	switch { // what a start says that was broken off is not what went wrong
	case asked.Err() != nil:
		err = nil
	case ctx.Err() != nil:
		err = <-serving
	}
	return errors.Join(err, n.shutdown(ctx, stopJobs))
}

// start brings the node to where it can take payments, and then does what recurs.
func (n *node) start(ctx context.Context) (stop func(context.Context) error, err error) {
	runner, err := n.startJobs(ctx, n.work(ctx), n.log)
	if err != nil {
		return nil, err
	}
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		var telling sync.WaitGroup
		telling.Go(func() { n.keepRanges(background) })
		n.keepTelling(background)
		telling.Wait()
	}()
	delivering := make(chan struct{})
	go func() {
		defer close(delivering)
		n.webhooks.Run(ctx) // ends with running, so that what is under way to an inbox of this node still finds it
	}()
	stop = func(ctx context.Context) error { cancel(); <-done; <-delivering; return runner.Stop(ctx) }
	if !await(ctx, n.link.Up) {
		return stop, nil
	}
	if !n.onPostgres() { // the folder's lock says that no other process uses this database
		n.recovering.Go(func() { n.recover(background) })
	}
	n.live.Store(await(ctx, n.rangesKnown))
	return stop, nil
}

// await says whether something came true before ctx ended: false is a start that was asked to end.
func await(ctx context.Context, there func() bool) bool {
	for !there() {
		if pause(ctx, 5*time.Millisecond) != nil {
			return false
		}
	}
	return true
}

func (n *node) recover(ctx context.Context) {
	moved, err := n.gateway.Recover(ctx)
	if err != nil && ctx.Err() == nil {
		n.log.LogAttrs(ctx, slog.LevelError, "recovery did not finish; the sweeper goes on with it", slog.Any("error", err))
	}
	if moved > 0 {
		n.log.LogAttrs(ctx, slog.LevelInfo, "finished what the last process left pending", slog.Int("payments", moved))
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shutdown lets requests under way end, then the jobs.
func (n *node) shutdown(ctx context.Context, stopJobs func(context.Context) error) error {
	n.live.Store(false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.AcquirerTimeout+5*time.Second)
	defer cancel()
	err := n.server.Shutdown(ctx)
	if stopJobs != nil {
		err = errors.Join(err, stopJobs(ctx))
	}
	return errors.Join(err, n.close())
}
