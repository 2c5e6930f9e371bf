package simulation

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/vault"
	"pasarela/store"
)

// world is one run: the issuer and the database last, gateways come and go.
type world struct {
	seed      uint64
	ctx       context.Context
	dir       string
	issuerDir string
	bug       bug
	nodes     int  // gateways on the one database
	onFile    bool // which is a real one
	clock     *clock
	kek       vault.KEK
	cards     *cards.Table
	wallet    []string // card numbers that players use
	shops     []*shop
	byNumber  map[string]*shop // by field 42
	book      *book
	strangers strangers
	scheme    http.Handler // directory server and issuers of 3-D Secure
	database  store.Store
	opened    string // file of the database, where it is one
	lives     atomic.Int64
	payments  atomic.Int64 // promised
	requests  atomic.Int64 // of any kind

	mu         sync.Mutex
	issuer     *simulator.Simulator            // guarded by mu
	up         []*process                      // by node, nil while there is none; guarded by mu
	news       chan struct{}                   // closed when the next process is there; guarded by mu
	promised   int                             // payments that have a number; guarded by mu
	names      map[pasarela.PaymentID]string   // guarded by mu
	numbers    map[pasarela.SubscriptionID]int // guarded by mu
	attempts   map[string]int                  // by subscription and period; guarded by mu
	digest     uint64                          // of all events; guarded by mu
	violations []string                        // guarded by mu
}

// result is what came of a run.
type result struct {
	violations []string
	digest     uint64 // the same for every run of the seed
	payments   int64
	requests   int64
	lives      int64
	pairs      int // runs with two gateways
}

// testCard is one that the run adds to the published ones.
type testCard struct {
	number    string
	behaviour cards.Behaviour
}

// size is how much a run plays.
type size struct{ shops, players, turns int }

// A share of the worlds has two gateways on the one database, and a few have a real database.
const (
	twoNodesOneIn = 3
	onFileOneIn   = 32
)

// run plays one seed in a bubble of its own.
func run(t *testing.T, seed uint64, s size, b bug) (r result) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{seed: seed, ctx: t.Context(), dir: dir, issuerDir: filepath.Join(dir, "issuer"), bug: b, nodes: 1,
			clock: newClock(), byNumber: map[string]*shop{}, book: newBook(), strangers: strangers{why: map[pasarela.TokenID]string{}}, news: make(chan struct{}), names: map[pasarela.PaymentID]string{}, numbers: map[pasarela.SubscriptionID]int{}, attempts: map[string]int{}}
		kind := w.random("world", 0)
		if kind.IntN(twoNodesOneIn) == 0 {
			w.nodes = 2
		}
		w.onFile = kind.IntN(onFileOneIn) == 0
		if err := w.play(s); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		r = result{w.violations, w.digest, w.payments.Load(), w.requests.Load(), w.lives.Load(), w.nodes - 1}
	})
	return r
}

// play opens everything, lets the players and the trouble loose, and settles.
func (w *world) play(s size) error {
	if err := w.open(); err != nil {
		return err
	}
	if err := w.openShops(s.shops); err != nil {
		return err
	}
	over := make(chan struct{})
	var beside, players sync.WaitGroup
	var failed error
	for node := range w.nodes {
		beside.Go(func() { w.keepSweeping(over, node) })
	}
	beside.Go(func() { failed = w.disturb(over) })
	for i := range s.players {
		players.Go(func() { w.newPlayer(i).play(s.turns) })
	}
	players.Wait()
	close(over)
	beside.Wait()
	if failed != nil {
		return failed
	}
	w.settle()
	for _, p := range w.up {
		p.bury()
	}
	return errors.Join(w.database.Close(), w.bank().Close())
}

func (w *world) open() (err error) {
	if err := os.Mkdir(w.issuerDir, 0o700); err != nil {
		return err
	}
	w.cards = cards.Reference()
	if err := w.fillWallet(); err != nil {
		return err
	}
	if w.kek, err = vault.FileKEK(filepath.Join(w.dir, "kek"), true); err != nil {
		return err
	}
	w.openScheme()
	if err := errors.Join(w.openBank(), w.openDatabase()); err != nil {
		return err
	}
	w.up = make([]*process, w.nodes)
	for node := range w.nodes {
		p, err := w.boot(node)
		if err != nil {
			return err
		}
		w.enthrone(p)
	}
	return nil
}

// openBank opens the issuer on its books.
func (w *world) openBank() error {
	bank, err := simulator.Open(simulator.Config{Dir: w.issuerDir, Cards: w.cards, Clock: w.clock,
		GatewayTimeout: acquirerTimeout, Rand: w.source("bank", int(w.lives.Load()))})
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

// fillWallet chooses cards: most approve, some decline, one is short of funds, one answers slowly, and one
// only after the gateway gave up.
func (w *world) fillWallet() error {
	w.wallet = []string{"5451951574925480", "5451951574925480", "4111111111111111", "4051885600446623",
		"4051884239937763", "4058400000000005", "4349003000047015", "4349001210846432"}
	balance := int64(200_000)
	further := []testCard{
		{"4000000000000010", cards.Behaviour{BalanceMinor: &balance}},
		{"4000000000000028", cards.Behaviour{Delay: 2 * time.Second}},
		{"4000000000000036", cards.Behaviour{Delay: acquirerTimeout + 2*time.Second}},
	}
	for _, c := range further {
		w.wallet = append(w.wallet, c.number)
	}
	for _, c := range append(further, asking...) {
		n, err := vault.ParseNumber(c.number)
		if err != nil {
			return err
		}
		profile := pasarela.CardProfile{Brand: pasarela.BrandVisa, Type: pasarela.CardDebit, KnownTestNumber: true, SkipLuhn: true, AsksOTP: c.behaviour.OTP}
		c.behaviour.ThreeDS = cmp.Or(c.behaviour.ThreeDS, cards.ThreeDSNone)
		if err := w.cards.Add(cards.TestCard{Number: n, Profile: profile, Behaviour: c.behaviour}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) openShops(n int) error {
	countries := []string{"EC", "PE", "CL", "HR"}
	for i := range n {
		m, err := w.nodeUp(0).gateway.CreateMerchant(w.ctx, pasarela.Merchant{
			Name: "shop " + strconv.Itoa(i), Country: countries[i%len(countries)]})
		if err != nil {
			return err
		}
		s := &shop{merchant: m}
		w.shops = append(w.shops, s)
		w.byNumber[string(m.ID)[len(m.ID)-15:]] = s
	}
	return nil
}

// enthrone makes p the gateway that players find.
func (w *world) enthrone(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up[p.node] = p
	close(w.news)
	w.news = make(chan struct{})
}

func (w *world) dethrone(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up[p.node] = nil
}

// nodeUp is the gateway of a node, nil while there is none.
func (w *world) nodeUp(node int) *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.up[node]
}

// anyNode is some node, for trouble: when it strikes all are up.
func (w *world) anyNode(r *rand.Rand) *process { return w.nodeUp(r.IntN(w.nodes)) }

// anyDazed says that some node that is up was frozen until a moment ago.
func (w *world) anyDazed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.up, func(p *process) bool { return p != nil && p.dazed() })
}

// find is a gateway that is up, chosen at random, or what tells of the next one.
func (w *world) find(r *rand.Rand) (*process, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := r.IntN(w.nodes)
	for i := range w.nodes {
		if p := w.up[(first+i)%w.nodes]; p != nil {
			return p, nil
		}
	}
	return nil, w.news
}

// name gives a payment a name of its own, unless it has one: a number, or for the charge of a period which attempt it is.
// Several periods are charged at one instant, so which of them comes first is not the seed's choice.
func (w *world) name(p pasarela.Payment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.names[p.ID] != "":
	case p.Period != "":
		period := fmt.Sprintf("%d/%s", w.numbers[p.Subscription], p.Period)
		w.attempts[period]++
		w.names[p.ID] = fmt.Sprintf("%s/%d", period, w.attempts[period])
	default:
		w.promised++
		w.names[p.ID] = strconv.Itoa(w.promised)
	}
}

// nameOf is a payment's name; what is no payment has none.
func (w *world) nameOf(id pasarela.PaymentID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.names[id]
}

// number gives a subscription the next number.
func (w *world) number(id pasarela.SubscriptionID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.numbers[id] == 0 {
		w.numbers[id] = len(w.numbers) + 1
	}
}

func (w *world) numberOf(id pasarela.SubscriptionID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.numbers[id]
}

// note puts an event into the digest, with its time. In which order events of the same instant are noted does not
// matter.
func (w *world) note(format string, args ...any) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d ", time.Now().UnixNano())
	fmt.Fprintf(h, format, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.digest += h.Sum64()
}

func (w *world) violation(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// source is the seed's randomness for one purpose.
func (w *world) source(purpose string, n int) *rand.ChaCha8 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", purpose, n)
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], w.seed)
	binary.BigEndian.PutUint64(seed[8:], h.Sum64())
	return rand.NewChaCha8(seed)
}

func (w *world) stream(purpose string, n int) io.Reader  { return w.source(purpose, n) }
func (w *world) random(purpose string, n int) *rand.Rand { return rand.New(w.source(purpose, n)) }

// actor is someone on a lane.
func (w *world) actor(l lane, purpose string, n int) actor { return actor{l, w.random(purpose, n)} }
