package simulation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"pasarela/cde/acquirer/simulator"
)

// keepSweeping is the job that every node runs once a second.
func (w *world) keepSweeping(over <-chan struct{}) {
	for pause(over, time.Second) {
		if p := w.current(); !p.dead() {
			p.sweep()
		}
	}
}

func pause(over <-chan struct{}, d time.Duration) bool {
	select {
	case <-over:
		return false
	case <-time.After(d):
		return true
	}
}

// disturb makes trouble until the players are through.
func (w *world) disturb(over <-chan struct{}) error {
	r := w.random("trouble", 0)
	for pause(over, time.Duration(r.Int64N(int64(2*time.Second)))) {
		switch n := r.IntN(100); {
		case n < 55:
			if err := w.bank().AddFault(randomFault(r)); err != nil {
				return err
			}
		case n < 70:
			w.bank().ClearFaults()
		case n < 78:
			w.clock.jump(randomJump(r))
			w.current().runDue()
		case n < 84:
			w.current().due(w.rollUp)
		case n < 88:
			w.current().cut()
		default:
			if err := w.crash(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) rollUp(ctx context.Context) error { return w.current().gateway.RollUp(ctx) }

func randomFault(r *rand.Rand) simulator.Fault {
	kinds := []simulator.FaultKind{simulator.FaultNoResponse, simulator.FaultLateResponse, simulator.FaultDropConnection,
		simulator.FaultDuplicateResponse, simulator.FaultGarbage, simulator.FaultDecline, simulator.FaultRefuseConnection}
	on := []simulator.FaultOn{simulator.OnAuthorization, simulator.OnCapture, simulator.OnReversal, simulator.OnRefund, simulator.OnAny}
	f := simulator.Fault{Kind: kinds[r.IntN(len(kinds))], On: on[r.IntN(len(on))], Count: 1 + r.IntN(4)}
	switch f.Kind {
	case simulator.FaultDecline:
		f.ResponseCode = []string{"05", "51", "91", "96"}[r.IntN(4)]
	case simulator.FaultLateResponse:
		f.DelayMS = []int64{0, 20, 3000, 24_999, 60_000}[r.IntN(5)]
	}
	return f
}

// randomJump is over nothing, a time-out, a token's life, a key's, or a hold's.
func randomJump(r *rand.Rand) time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{time.Second, time.Minute, 31 * time.Minute, 5 * time.Hour, 25 * time.Hour, 8 * day, 29 * day}[r.IntN(7)]
}

// crash kills the gateway and starts another one from what is on disk. Now and then the issuer dies too.
func (w *world) crash(r *rand.Rand) error {
	w.mu.Lock()
	p := w.process
	w.process, w.up = nil, make(chan struct{})
	w.mu.Unlock()
	p.kill()
	if r.IntN(4) == 0 {
		if err := w.restartBank(); err != nil {
			return err
		}
	}
	file := w.databaseFile()
	if err := copyDatabase(p.file, file); err != nil {
		return err
	}
	if err := p.bury(); err != nil {
		return err
	}
	time.Sleep(100*time.Millisecond + time.Duration(r.Int64N(int64(3*time.Second))))
	next, err := w.boot(file)
	if err != nil {
		return err
	}
	w.enthrone(next)
	next.recover()
	return nil
}

func (w *world) restartBank() error {
	if err := w.bank().Close(); err != nil {
		return err
	}
	return w.openBank()
}

// copyDatabase takes the file and its write-ahead log as a kill leaves them: not closed, not checkpointed.
func copyDatabase(from, to string) error {
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			continue
		}
		if err != nil {
			return fmt.Errorf("copy the database: %w", err)
		}
		if err := os.WriteFile(to+suffix, content, 0o600); err != nil {
			return fmt.Errorf("copy the database: %w", err)
		}
	}
	return nil
}
