package simulation

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// defaultFor is how long fresh seeds are played, in real time, unless PASARELA_SIM_FOR says otherwise.
const defaultFor = 30 * time.Second

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
	began, runs, payments, lives := time.Now(), 0, int64(0), 0
	for time.Since(began) < realTime(t) && !t.Failed() {
		r := playSeed(t, rand.Uint64())
		runs, payments, lives = runs+1, payments+r.payments, lives+r.lives
	}
	t.Logf("%d runs, %d lives of the gateway, %d payments: %.0f payments per second of real time",
		runs, lives, payments, float64(payments)/time.Since(began).Seconds())
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
		r = run(t, seed, size{shops: 4, players: 64, turns: 60}, bug{})
		for _, v := range r.violations[:min(shown, len(r.violations))] {
			t.Error(v)
		}
		if t.Failed() {
			t.Logf("%d violations; play it again: PASARELA_SIM_SEED=%d go test -run 'TestSimulation$' ./simulation", len(r.violations), seed)
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
				if r := run(t, seed, size{shops: 2, players: 8, turns: 60}, b); len(r.violations) > 0 {
					t.Logf("seed %d: %d violations, first: %s", seed, len(r.violations), r.violations[0])
					return
				}
			}
			t.Errorf("%d runs did not notice that %s", most, b.name)
		})
	}
}
