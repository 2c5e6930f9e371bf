package simulation

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"pasarela/cde/acquirer/simulator"
)

// keepSweeping is what every node does once a second.
func (w *world) keepSweeping(over <-chan struct{}, node int) {
	for pause(over, laneSweepers+lane(node), time.Second) {
		if p := w.nodeUp(node); p != nil {
			p.sweep()
			p.bill()
		}
	}
}

// pause says whether there is more to do.
func pause(over <-chan struct{}, l lane, d time.Duration) bool {
	l.sleep(d)
	select {
	case <-over:
		return false
	default:
		return true
	}
}

// disturb makes trouble until the players are through.
func (w *world) disturb(over <-chan struct{}) error {
	r := w.random("trouble", 0)
	var thaws sync.WaitGroup
	defer thaws.Wait()
	for pause(over, laneTrouble, time.Duration(r.Int64N(int64(2*time.Second)))) {
		switch n := r.IntN(100); {
		case n < 55:
			f := randomFault(r)
			w.note("fault %v", f)
			if err := w.bank().AddFault(f); err != nil {
				return err
			}
		case n < 70:
			w.bank().ClearFaults()
		case n < 84:
			w.moveTime(r)
		case n < 88:
			w.anyNode(r).cut()
		case n < 92 && w.nodes == 2:
			p, d := w.anyNode(r), time.Duration(r.Int64N(int64(time.Minute)))
			w.note("node %d freezes", p.node)
			p.freeze()
			thaws.Go(func() {
				(laneThaw + lane(p.node)).sleep(d)
				p.thaw()
			})
		default:
			if err := w.crash(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// moveTime lets something fall due. With two nodes the clock goes its natural way while messages are under way,
// because a jump would make one take over what the other is just doing.
func (w *world) moveTime(r *rand.Rand) {
	p := w.anyNode(r)
	if n := r.IntN(14); n < 8 && w.nodes == 1 {
		w.clock.jump(randomJump(r))
		p.runDue()
	} else {
		p.due(func(ctx context.Context) error { return p.gateway.RollUp(ctx) })
	}
}

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
	case simulator.FaultRefuseConnection:
		f.On = simulator.OnAny // messages that fail at the same instant use refusals up in any order
	}
	return f
}

// randomJump is over nothing, a time-out, a token's life, a key's, or a hold's.
func randomJump(r *rand.Rand) time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{time.Second, time.Minute, 31 * time.Minute, 5 * time.Hour, 25 * time.Hour, 8 * day, 29 * day}[r.IntN(7)]
}

// crash kills a gateway and starts another one on what is left: the database. Now and then the issuer dies too.
func (w *world) crash(r *rand.Rand) error {
	p := w.anyNode(r)
	w.note("node %d dies", p.node)
	w.dethrone(p)
	p.kill()
	if r.IntN(4) == 0 {
		if err := w.restartBank(); err != nil {
			return err
		}
	}
	p.bury()
	if err := w.reopen(); err != nil {
		return err
	}
	laneTrouble.sleep(100*time.Millisecond + time.Duration(r.Int64N(int64(3*time.Second))))
	next, err := w.boot(p.node)
	if err != nil {
		return err
	}
	w.enthrone(next)
	if w.nodes == 1 { // only the sole user of a database may take everything over at once
		next.recover()
	}
	return nil
}

func (w *world) restartBank() error {
	if err := w.bank().Close(); err != nil {
		return err
	}
	return w.openBank()
}
