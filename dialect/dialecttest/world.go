package dialecttest

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/threeds"
	"pasarela/cde/vault"
	"pasarela/front"
	"pasarela/gateway"
	"pasarela/store"
	"pasarela/store/memory"
	"pasarela/store/sqlite"
)

// Start is what the clock of a world shows at first: a Monday, ten in the morning in Lima.
var Start = time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)

// Options change a world. The zero value is what most tests want.
type Options struct {
	// Mount adds what is to be tested to the world's handler.
	Mount func(w *World, mux *http.ServeMux)
	// Store opens the books; by default SQLite in a folder of the test's. InMemory is another.
	Store func(t testing.TB) store.Store
	// AcquirerTimeout is how long the gateway waits for the issuer, in real time; by default three seconds.
	AcquirerTimeout time.Duration
	// NoLinks has issuers' pages opened by forms only, as outside a sandbox.
	NoLinks bool
	// Tellers makes those who tell merchants of what happens; nil for none. The world has its vault by then.
	Tellers func(w *World) []gateway.Teller
	// Billers say what periods cost; nil for nobody.
	Billers map[string]gateway.Biller
	// OnExchange is told of every exchange of a script, for checks against a description of the API.
	OnExchange func(Exchange)
	// OnDelivery is told of every delivery that a script expects, likewise.
	OnDelivery func(pasarela.Delivery)
}

// World is a gateway and all that it talks to. Everything ends with the test.
type World struct {
	http.Handler // what Mount made
	Gateway      *gateway.Gateway
	Vault        *vault.Vault
	ThreeDS      *threeds.Server
	Bank         *simulator.Simulator
	Clock        *Clock
	Cards        *cards.Table
	Log          *LogBuffer
	Traffic      *acquirer.Recorder // newest messages between gateway and issuer, as the traffic log may have them
	// Merchants by country: EC is an aggregator's, the others an acquirer's. Their Kushki credentials are the
	// country in lower case and "-public" or "-private".
	Merchants map[string]pasarela.Merchant

	onExchange func(Exchange)
	onDelivery func(pasarela.Delivery)
	heard      map[pasarela.MerchantID]pasarela.DeliveryID // last one that Told has answered
}

// New builds a world.
func New(t testing.TB, o Options) *World {
	t.Helper()
	if o.Store == nil {
		o.Store = onDisk
	}
	if o.AcquirerTimeout == 0 {
		o.AcquirerTimeout = 3 * time.Second
	}
	w := &World{Clock: &Clock{now: Start}, Cards: cards.Reference(), Log: &LogBuffer{}, Traffic: acquirer.NewRecorder(100), onExchange: o.OnExchange,
		onDelivery: o.OnDelivery, Merchants: map[string]pasarela.Merchant{}, heard: map[pasarela.MerchantID]pasarela.DeliveryID{}}
	log := slog.New(slog.NewTextHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	books := o.Store(t)
	w.openVault(t, books)
	w.openThreeDS(t, o, log)
	w.startGateway(t, books, w.startBank(t, log, o.AcquirerTimeout), log, o)
	w.addMerchants(t)
	mux := http.NewServeMux()
	if o.Mount != nil {
		o.Mount(w, mux)
	}
	w.mountThreeDS(mux, log)
	w.Handler = front.ExactPaths(mux)
	w.RefreshCards(t)
	return w
}

// onDisk opens SQLite as production has it, but for waiting for the disk: these tests pull no plug.
func onDisk(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "books.db"), sqlite.Options{Synchronous: "OFF"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// InMemory keeps the books in memory, for fuzzing.
func InMemory(testing.TB) store.Store { return memory.Open() }

func (w *World) openVault(t testing.TB, books store.Store) {
	t.Helper()
	kek, err := vault.FileKEK(filepath.Join(t.TempDir(), "kek"), true)
	if err != nil {
		t.Fatal(err)
	}
	w.Vault, err = vault.Open(t.Context(), vault.Config{Keysets: books, KEK: kek, Cards: w.Cards})
	if err != nil {
		t.Fatal(err)
	}
}

// startBank serves the issuer on a port of its own and links to it.
func (w *World) startBank(t testing.TB, log *slog.Logger, timeout time.Duration) *acquirer.Client {
	t.Helper()
	var err error
	w.Bank, err = simulator.Open(simulator.Config{Dir: t.TempDir(), Cards: w.Cards, Clock: w.Clock, Log: log,
		GatewayTimeout: timeout, Rand: rand.NewPCG(1, 2)})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.Bank.Serve(ctx, ln) }()
	link := acquirer.New(acquirer.Config{
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
		},
		Opener: w.Vault, Clock: w.Clock, Log: log, OnUnsent: w.Bank.ConsumeRefusal, DialWait: timeout / 2,
		Observer: acquirer.Observer{Message: w.Traffic.Record},
	})
	link.Start(ctx)
	t.Cleanup(func() {
		link.Close()
		stop()
		if err := <-served; err != nil {
			t.Errorf("the issuer ended: %v", err)
		}
		if err := w.Bank.Close(); err != nil {
			t.Errorf("the issuer's books: %v", err)
		}
	})
	return link
}

func (w *World) startGateway(t testing.TB, books store.Store, link *acquirer.Client, log *slog.Logger, o Options) {
	t.Helper()
	var tellers []gateway.Teller
	if o.Tellers != nil {
		tellers = o.Tellers(w)
	}
	w.Gateway = gateway.New(gateway.Config{Store: books, Vault: w.Vault, Acquirer: link, Clock: w.Clock,
		IDs: pasarela.NewIDs(rand.NewChaCha8([32]byte{})), Log: log, AcquirerTimeout: o.AcquirerTimeout,
		Authenticator: w.ThreeDS, Tellers: tellers, Billers: o.Billers})
	t.Cleanup(func() {
		w.Gateway.Close()
		if err := books.Close(); err != nil {
			t.Errorf("books: %v", err)
		}
	})
}

func (w *World) addMerchants(t testing.TB) {
	t.Helper()
	for _, country := range []string{"EC", "CO", "MX", "PE", "CL"} {
		name := strings.ToLower(country)
		model := pasarela.ModelAcquirer
		if country == "EC" {
			model = pasarela.ModelAggregator
		}
		w.AddMerchant(t, country, pasarela.Merchant{Name: "Merchant " + country, Country: country, Model: model,
			ThreeDS: pasarela.ThreeDSOff,
			Kushki:  pasarela.KushkiCredentials{PublicID: name + "-public", PrivateID: name + "-private"}})
	}
}

// AddMerchant adds a merchant under a name.
func (w *World) AddMerchant(t testing.TB, name string, m pasarela.Merchant) {
	t.Helper()
	created, err := w.Gateway.CreateMerchant(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	w.Merchants[name] = created
}

// Sweep does what has fallen due, once what is being reversed already has ended.
func (w *World) Sweep(t testing.TB) {
	t.Helper()
	if err := w.Gateway.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// manyDeliveries is more than a test brings about.
const manyDeliveries = 10_000

// Told are the deliveries that were written since the last call, by merchant and in order.
func (w *World) Told(t testing.TB) []pasarela.Delivery {
	t.Helper()
	var all []pasarela.Delivery
	for _, name := range slices.Sorted(maps.Keys(w.Merchants)) {
		m := w.Merchants[name].ID
		more, err := w.Gateway.Store.Deliveries(t.Context(), m, store.DeliveryFilter{}, w.heard[m], manyDeliveries)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range more {
			w.heard[m] = d.ID
		}
		all = append(all, more...)
	}
	return all
}

// Clock stands until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

// Now implements pasarela.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// LogBuffer keeps a log, for tests that look into it.
type LogBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (b *LogBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is all that was logged.
func (b *LogBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
