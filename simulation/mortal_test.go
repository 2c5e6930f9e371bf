package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pasarela"
	"pasarela/store"
	"pasarela/store/memory"
)

var errDead = errors.New("the process is dead")

// mortal is a store that dies with its process: after a kill nothing is committed any more, and whoever waited
// for a commit never learns of it. A commit takes its time, before and after it is made.
type mortal struct {
	store.Store
	process *process
}

// Update implements store.Store.
func (s mortal) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	a, known := actorOf(ctx)
	if !known {
		a = s.process.worker(string(m), unitName(s.process.world, unit))
	}
	s.process.passGate(a)
	a.wait()
	s.process.passGate(a)
	if s.process.dead() {
		return errDead
	}
	err := s.Store.Update(ctx, m, func(tx store.Tx) error { return unit(countingTx{tx, s.process.world}) })
	a.wait()
	if s.process.dead() {
		return errDead
	}
	return err
}

// countingTx names payments as they are promised, and numbers subscriptions, so that a run can speak of them without their
// random ids.
type countingTx struct {
	store.Tx
	world *world
}

func (t countingTx) InsertPayment(p pasarela.Payment) error {
	t.world.name(p)
	return t.Tx.InsertPayment(p)
}

func (t countingTx) InsertSubscription(s pasarela.Subscription) error {
	t.world.number(s.ID)
	return t.Tx.InsertSubscription(s)
}

var errLook = errors.New("only looking")

// unitName names a unit by the first row that it asks for. A unit may run more than once, says the contract; this
// time it finds an empty database and leaves it so.
func unitName(w *world, unit func(store.Tx) error) (name string) {
	_ = memory.Open().Update(w.ctx, "", func(tx store.Tx) error { // errLook
		l := &lookTx{Tx: tx, world: w}
		_ = unit(l) // errLook, in whatever way the unit puts it
		name = l.name
		return errLook
	})
	return name
}

// lookTx knows the first calls of the units that a gateway runs by itself.
type lookTx struct {
	store.Tx // of an empty database
	world    *world
	name     string
}

func (t *lookTx) Payment(id pasarela.PaymentID) (pasarela.Payment, error) {
	t.name = t.world.nameOf(id)
	return pasarela.Payment{}, errLook
}

func (t *lookTx) Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	t.name = fmt.Sprintf("subscription %d", t.world.numberOf(id))
	return pasarela.Subscription{}, errLook
}

func (t *lookTx) ForgetTokens(time.Time, time.Time, int) (int, error) {
	t.name = "purge"
	return 0, errLook
}
