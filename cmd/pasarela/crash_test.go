package main_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The measure of the crash test.
const (
	crashLives   = 8
	crashCallers = 24
	// crashTimeout is dev's --acquirer-timeout, short so that faults do not take the whole test.
	crashTimeout = "400ms"
	// crashPatience is how long a caller waits for one answer before it calls it lost.
	crashPatience = 1500 * time.Millisecond
)

// Whatever moment a process dies at, under load and while the network fails: what a caller was told stays
// true, nothing is charged twice, and once all that is owed was done the books agree.
// PASARELA_CRASH_SEED plays a seed again; when the kills hit is the machine's.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PASARELA_CRASH_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	onBoth(t, func(t *testing.T, w *world) {
		t.Logf("seed %d", seed)
		c := newCrash(w, seed)
		for life := range crashLives {
			c.live(life)
		}
		c.settle()
		c.holdAgainstIssuer()
		c.tickets()
	}, "--acquirer-timeout", crashTimeout)
}

// crash is a world with callers in it.
type crash struct {
	*world
	mx     shop
	random *rand.Rand // of the one that kills
	seed   uint64

	mu      sync.Mutex
	minor   int64             // the last amount used; guarded by mu
	intents []*intent         // guarded by mu
	tokens  map[string]string // by the Idempotency-Key they were got with; guarded by mu
}

func newCrash(w *world, seed uint64) *crash {
	return &crash{world: w, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), minor: 1000, tokens: map[string]string{}}
}

// live starts the gateway, loads it, and kills it at some moment.
func (c *crash) live(life int) {
	c.t.Helper()
	c.start()
	c.mx = c.shop("MX")
	ctx, cancel := context.WithCancel(c.t.Context())
	var all sync.WaitGroup
	for i := range crashCallers {
		caller := &caller{crash: c, ctx: ctx, random: rand.New(rand.NewPCG(c.seed, uint64(1+life*1000+i)))}
		all.Go(caller.shop)
	}
	all.Go(func() { c.trouble(ctx, rand.New(rand.NewPCG(c.seed, uint64(1_000_000+life)))) })
	moment := time.NewTimer(200*time.Millisecond + time.Duration(c.random.Int64N(int64(1300*time.Millisecond))))
	select {
	case <-moment.C:
	case <-c.running().ended:
		c.t.Fatalf("dev ended by itself:\n%s", c.running().err)
	}
	c.kill()
	cancel()
	all.Wait()
}

// trouble arms a fault now and then.
func (c *crash) trouble(ctx context.Context, random *rand.Rand) {
	kinds := []string{"no_response", "late_response", "drop_connection", "refuse_connection", "duplicate_response", "garbage", "decline"}
	on := []string{"authorization", "capture", "reversal", "any"}
	again := time.NewTicker(60 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
		f := map[string]any{"kind": kinds[random.IntN(len(kinds))], "on": on[random.IntN(len(on))], "count": 1 + random.IntN(3)}
		if f["kind"] == "decline" { // of what is asked anew: an issuer may refuse a void that was promised, and then it is not carried out
			f["response_code"], f["on"] = "51", on[random.IntN(2)]
		}
		if f["kind"] == "late_response" && random.IntN(2) == 0 {
			f["delay_ms"] = 50
		}
		_, _ = c.try("POST", "/sandbox/v1/network/faults", f) // the gateway may be dead by now
	}
}

// settle starts the gateway once more, takes the faults that are left away, and lets it do all that it owes.
func (c *crash) settle() {
	c.t.Helper()
	c.start()
	c.call("DELETE", "/sandbox/v1/network/faults", nil).must(c.t, 200)
	until(c.t, "nothing pending", func() bool {
		c.advance(time.Minute)
		_, report := c.reconcile()
		return report.Pending == 0
	})
	c.balanced()
}

// intent is something that a shop wants once: a payment of an amount that no other intent has, and perhaps
// one thing done to it.
type intent struct {
	minor  int64
	path   string // charges or preauthorizations
	orders []*order
	follow *order // capture or void; nil where nothing more was wanted
}

// order is a request under an Idempotency-Key and what a caller was answered.
type order struct {
	method, path, key string
	body              []byte
	told              answer // the first answer that promises something: 201; zero where there was none
}

// send makes the request and notes what it was told. The caller's own giving up is an error like any other.
func (c *crash) send(ctx context.Context, o *order) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, crashPatience)
	defer cancel()
	c.world.mu.RLock()
	base := c.base
	c.world.mu.RUnlock()
	a, err := request(ctx, c.client, o.method, base+o.path, o.body, "Private-Merchant-Id", c.mx.private, "Idempotency-Key", o.key)
	if err == nil && a.status == 201 {
		c.told(o, a)
	}
	return a, err
}

// told requires that the same key is told the same.
func (c *crash) told(o *order, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.told.status == 0 {
		o.told = a
	} else if string(o.told.body) != string(a.body) {
		c.t.Errorf("key %s of %s was told %s and then %s", o.key, o.path, o.told.body, a.body)
	}
}
