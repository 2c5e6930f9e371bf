package simulation

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
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
)

// world is one run: the issuer and the database file last, gateways come and go.
type world struct {
	seed      uint64
	ctx       context.Context
	dir       string
	issuerDir string
	bug       bug
	clock     *clock
	kek       vault.KEK
	cards     *cards.Table
	wallet    []string // card numbers that players use
	shops     []*shop
	byNumber  map[string]*shop // by field 42
	book      *book
	lives     int
	payments  atomic.Int64 // promised
	requests  atomic.Int64 // of any kind

	mu         sync.Mutex
	issuer     *simulator.Simulator // guarded by mu
	process    *process             // guarded by mu; nil while there is none
	up         chan struct{}        // closed when the next process is there; guarded by mu
	violations []string             // guarded by mu
}

// result is what came of a run.
type result struct {
	violations []string
	payments   int64
	requests   int64
	lives      int
}

// size is how much a run plays.
type size struct{ shops, players, turns int }

// run plays one seed in a bubble of its own.
func run(t *testing.T, seed uint64, s size, b bug) (r result) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{seed: seed, ctx: t.Context(), dir: dir, issuerDir: filepath.Join(dir, "issuer"), bug: b,
			clock: newClock(), byNumber: map[string]*shop{}, book: newBook(), up: make(chan struct{})}
		if err := w.play(s); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		r = result{w.violations, w.payments.Load(), w.requests.Load(), w.lives}
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
	beside.Go(func() { w.keepSweeping(over) })
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
	p := w.current()
	if err := p.bury(); err != nil {
		return err
	}
	return w.bank().Close()
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
	if err := w.openBank(); err != nil {
		return err
	}
	p, err := w.boot(w.databaseFile())
	if err != nil {
		return err
	}
	w.enthrone(p)
	return nil
}

func (w *world) databaseFile() string {
	return filepath.Join(w.dir, fmt.Sprintf("life-%d.db", w.lives))
}

// fillWallet chooses cards: most approve, some decline, one is short of funds, one answers slowly, and one
// only after the gateway gave up.
func (w *world) fillWallet() error {
	w.wallet = []string{"5451951574925480", "5451951574925480", "4111111111111111", "4051885600446623",
		"4051884239937763", "6769064219992611", "4349003000047015", "4349001210846432"}
	balance := int64(200_000)
	for number, behaviour := range map[string]cards.Behaviour{
		"4000000000000010": {BalanceMinor: &balance},
		"4000000000000028": {Delay: 2 * time.Second},
		"4000000000000036": {Delay: acquirerTimeout + 2*time.Second},
	} {
		n, err := vault.ParseNumber(number)
		if err != nil {
			return err
		}
		profile := pasarela.CardProfile{Brand: pasarela.BrandVisa, Type: pasarela.CardDebit, KnownTestNumber: true, SkipLuhn: true}
		if err := w.cards.Add(cards.TestCard{Number: n, Profile: profile, Behaviour: behaviour}); err != nil {
			return err
		}
		w.wallet = append(w.wallet, number)
	}
	return nil
}

func (w *world) openShops(n int) error {
	countries := []string{"EC", "PE", "CL", "HR"}
	for i := range n {
		m, err := w.current().gateway.CreateMerchant(w.ctx, pasarela.Merchant{
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
	w.process = p
	close(w.up)
}

// current is the gateway there is, after waiting for it where there is none.
func (w *world) current() *process {
	for {
		w.mu.Lock()
		p, up := w.process, w.up
		w.mu.Unlock()
		if p != nil {
			return p
		}
		<-up
	}
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
