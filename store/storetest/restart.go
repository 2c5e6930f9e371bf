package storetest

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var restartScenarios = []scenario{
	{"a process that died after its promise finds the promise again", promiseFound},
	{"a process that died before its commit has promised nothing", nothingPromised},
	{"two processes compete for one token and one wins", processesCompete},
	{"a process that died while it delivered leaves its claim to the next one", claimFound},
	{"a schedule and the feed of events go on where they stood", scheduleGoesOn},
	{"a closed store refuses units", closedRefuses},
}

// promiseFound is a charge whose process died between its promise and the issuer's answer.
func promiseFound(t *testing.T, open Open) {
	first := open(t)
	insertTokens(t, first, freshToken("t"))
	promise := samplePayment("p")
	promise.Token, promise.Card = "t", freshToken("t").Card
	key := sampleKey("k", "p")
	key.Status, key.Answer = 0, nil
	update(t, first, shop, func(tx store.Tx) error {
		if _, err := tx.ClaimKey(key); err != nil {
			return err
		}
		if err := tx.SpendToken("t", noon); err != nil {
			return err
		}
		return tx.InsertPayment(promise)
	})
	closeStore(t, first)

	again := open(t)
	defer closeStore(t, again)
	same(t, "due", found(again.Due(t.Context(), shop, promise.DueAt, 10))(t), []pasarela.PaymentID{"p"})
	same(t, "promise", found(again.Payment(t.Context(), shop, "p"))(t), promise)
	same(t, "key", found(again.Key(t.Context(), shop, "k"))(t), key)
	k := found(again.Token(t.Context(), shop, "t"))(t)
	if !k.CVV.Empty() || !k.Card.Empty() || !k.SpentAt.Equal(noon) {
		t.Errorf("token after the restart: %+v, want spent and without card and CVV", k)
	}
	update(t, again, shop, func(tx store.Tx) error { return tx.PutPayment(promise.Attempted(later(time.Minute), noon)) })
}

// nothingPromised is a process that ends while its unit is under way, seen by one that runs beside it.
func nothingPromised(t *testing.T, open Open) {
	dying, witness := open(t), open(t)
	defer closeStore(t, witness)
	refused(t, dying, shop, errAbandoned, func(tx store.Tx) error {
		if err := writeAll(tx); err != nil {
			return err
		}
		nothingWritten(t, witness)
		return errAbandoned
	})
	closeStore(t, dying)
	nothingWritten(t, witness)
	update(t, witness, shop, writeAll)
}

func claimFound(t *testing.T, open Open) {
	first := open(t)
	insertDeliveries(t, first, freshDelivery("1", "a"), freshDelivery("2", "a"))
	claimed := claimAt(t, first, noon, 10)
	same(t, "claimed", deliveryIDs(claimed), []pasarela.DeliveryID{"1"})
	closeStore(t, first)

	again := open(t)
	defer closeStore(t, again)
	same(t, "delivery", deliveryOf(t, again, "1"), claimed[0])
	same(t, "endpoints before the lease is over", len(found(again.DueEndpoints(t.Context(), later(-time.Second), store.Endpoint{}, 10))(t)), 0)
	same(t, "claimed before the lease is over", len(claimAt(t, again, lease().Add(-time.Microsecond), 10)), 0)
	taken := claimAt(t, again, lease(), 10)
	same(t, "claimed after it", deliveryIDs(taken), []pasarela.DeliveryID{"1"})
	end(t, again, taken[0].Delivered(lease()), sampleAttempt("1", 2))
	same(t, "claimed next", deliveryIDs(claimAt(t, again, lease(), 10)), []pasarela.DeliveryID{"2"})
}

func scheduleGoesOn(t *testing.T, open Open) {
	first := open(t)
	sub := chargeable("s", noon)
	insertSubscriptions(t, first, sub)
	insertPeriods(t, first, samplePeriod("s", "2026-02-28"))
	insertEvents(t, first, sampleEvent("1"))
	same(t, "place", found(first.Events(t.Context(), shop, 0, 10))(t)[0].Place, int64(1))
	closeStore(t, first)

	again := open(t)
	defer closeStore(t, again)
	same(t, "billable", found(again.BillableSubscriptions(t.Context(), shop, noon, 10))(t), []pasarela.SubscriptionID{"s"})
	same(t, "subscription", found(again.Subscription(t.Context(), shop, "s"))(t), sub)
	refused(t, again, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertPeriod(samplePeriod("s", "2026-02-28")) })
	insertEvents(t, again, sampleEvent("2"))
	same(t, "next event", found(again.Events(t.Context(), shop, 1, 10))(t), []pasarela.Event{placed(sampleEvent("2"), 2)})
}

func processesCompete(t *testing.T, open Open) {
	stores := []store.Store{open(t), open(t)}
	defer closeStore(t, stores[0])
	defer closeStore(t, stores[1])
	insertTokens(t, stores[0], freshToken("t"))
	oneWins(t, together(func(i int) error { return spend(t.Context(), stores[i%2], "t") }), pasarela.CodeTokenSpent)
}

func closedRefuses(t *testing.T, open Open) {
	s := open(t)
	closeStore(t, s)
	err := s.Update(t.Context(), shop, func(tx store.Tx) error { return tx.InsertToken(sampleToken("t")) })
	if pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil {
		t.Errorf("update: got %v, want an internal error", err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers pings")
	}
}
