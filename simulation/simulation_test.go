package simulation

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// shown is how many violations of a run are printed.
const shown = 20

// Invariants 3 to 7 of design.md hold whatever fails, and whenever the gateway dies.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if text := os.Getenv("PASARELA_SIM_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("PASARELA_SIM_SEED=%s: give the number that a failing run printed", text)
		}
		playSeed(t, seed)
		return
	}
	began, d := time.Now(), realTime(t)
	var total result
	runs := 0
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for time.Since(began) < d && !t.Failed() {
				r := playSeed(t, rand.Uint64())
				mu.Lock()
				runs, total = runs+1, total.plus(r)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	took := time.Since(began).Seconds()
	t.Logf("%d runs, %d of them with two gateways, %d lives of a gateway; per second of real time %.0f payments and %.0f requests", runs, total.pairs, total.lives,
		float64(total.payments)/took, float64(total.requests)/took)
}

func (r result) plus(other result) result {
	return result{payments: r.payments + other.payments, requests: r.requests + other.requests, lives: r.lives + other.lives, pairs: r.pairs + other.pairs}
}

func realTime(t *testing.T) time.Duration {
	text := os.Getenv("PASARELA_SIM_FOR")
	if text == "" {
		return defaultFor
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("PASARELA_SIM_FOR=%s: give a duration such as 10m", text)
	}
	return d
}

// playSeed plays one seed in a test named after it, so that a crash of the whole process names it too.
func playSeed(t *testing.T, seed uint64) (r result) {
	t.Helper()
	t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
		r = run(t, seed, wholeRun, bug{})
		for _, v := range r.violations[:min(shown, len(r.violations))] {
			t.Error(v)
		}
		if t.Failed() {
			t.Logf("%d violations, digest %x; play it again: PASARELA_SIM_SEED=%d go test -run 'TestSimulation$' ./simulation",
				len(r.violations), r.digest, seed)
		}
	})
	return r
}

// A simulation that finds nothing proves nothing unless it finds what is there.
func TestSimulationFindsBugs(t *testing.T) {
	t.Parallel()
	const most = 10
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			for seed := range uint64(most) {
				if r := run(t, seed, bugRun, b); len(r.violations) > 0 {
					t.Logf("seed %d: %d violations, first: %s", seed, len(r.violations), r.violations[0])
					return
				}
			}
			t.Errorf("%d runs did not notice that %s", most, b.name)
		})
	}
}
