package storetest

import (
	"errors"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

// Deliveries to one endpoint about one subject stand in a line.
var lineScenarios = []scenario{
	on("deliveries about one subject come one after the other, and hold no other up", lineInOrder),
	on("deliveries behind one that failed wait with it", lineWaits),
	on("deliveries behind one that is under way wait for no lease", lineGoesOn),
	on("deliveries behind one that was parked are tried themselves", lineAfterParked),
	on("deliveries behind one that was sent once more go on after it", lineReplayed),
	on("deliveries behind one that was replayed and tried before keep their own times", lineTried),
}

// dueAt is when a delivery falls due.
func dueAt(t *testing.T, s store.Store, id pasarela.DeliveryID) time.Time {
	t.Helper()
	return deliveryOf(t, s, id).DueAt
}

func lineInOrder(t *testing.T, s store.Store) {
	earlier := freshDelivery("1", "a")
	earlier.DueAt = later(-time.Hour) // due before the one it stands behind
	elsewhere := freshDelivery("0", "a")
	elsewhere.Endpoint = "https://other.example"
	update(t, s, shop, func(tx store.Tx) error {
		return errors.Join(tx.InsertDelivery(freshDelivery("9", "a")), tx.InsertDelivery(earlier), tx.InsertDelivery(elsewhere), tx.InsertDelivery(freshDelivery("5", "b")))
	})
	first := claimAt(t, s, noon, 10)
	same(t, "claimed first", deliveryIDs(first), []pasarela.DeliveryID{"9", "5"})
	same(t, "claimed meanwhile", len(claimAt(t, s, noon, 10)), 0)
	end(t, s, first[0].Delivered(noon), sampleAttempt("9", 1))
	second := claimAt(t, s, noon, 10)
	same(t, "claimed second", deliveryIDs(second), []pasarela.DeliveryID{"1"})
	insertDeliveries(t, s, freshDelivery("3", "a"))
	same(t, "claimed behind the second", len(claimAt(t, s, noon, 10)), 0)
	end(t, s, second[0].Delivered(noon), sampleAttempt("1", 1))
	same(t, "claimed third", deliveryIDs(claimAt(t, s, noon, 10)), []pasarela.DeliveryID{"3"})
}

func lineWaits(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("1", "a"), freshDelivery("2", "a"), freshDelivery("other", "b"))
	claimed := claimAt(t, s, noon, 1)[0]
	failed := claimed.Failed(0.5, noon)
	end(t, s, failed, sampleAttempt("1", 1))
	same(t, "due behind it", dueAt(t, s, "2"), failed.DueAt)
	same(t, "due about another subject", dueAt(t, s, "other"), noon)
	insertDeliveries(t, s, freshDelivery("3", "a"))
	same(t, "due behind it, inserted later", dueAt(t, s, "3"), failed.DueAt)
	same(t, "claimed before it is due", deliveryIDs(claimAt(t, s, failed.DueAt.Add(-time.Microsecond), 10)), []pasarela.DeliveryID{"other"})

	again := claimAt(t, s, failed.DueAt, 10)
	same(t, "claimed when it is due", deliveryIDs(again), []pasarela.DeliveryID{"1"})
	failedAgain := again[0].Failed(0.5, failed.DueAt)
	end(t, s, failedAgain, sampleAttempt("1", 2))
	for _, id := range []pasarela.DeliveryID{"2", "3"} {
		same(t, "due behind it once more", dueAt(t, s, id), failedAgain.DueAt)
	}
	end(t, s, claimAt(t, s, failedAgain.DueAt, 10)[0].Delivered(failedAgain.DueAt), sampleAttempt("1", 3))
	same(t, "claimed after it", deliveryIDs(claimAt(t, s, failedAgain.DueAt, 10)), []pasarela.DeliveryID{"2"})
}

func lineGoesOn(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("1", "a"))
	first := claimAt(t, s, noon, 1)[0]
	insertDeliveries(t, s, freshDelivery("2", "a"))
	same(t, "due behind one that is under way", dueAt(t, s, "2"), noon)
	failed := first.Failed(0.5, noon)
	end(t, s, failed, sampleAttempt("1", 1))
	again := claimAt(t, s, failed.DueAt, 1)[0]
	insertDeliveries(t, s, freshDelivery("3", "a"))
	same(t, "due behind one that is under way again", dueAt(t, s, "3"), noon)
	end(t, s, again.Delivered(failed.DueAt), sampleAttempt("1", 2))
	for _, id := range []pasarela.DeliveryID{"2", "3"} {
		next := claimAt(t, s, failed.DueAt, 10)
		same(t, "claimed", deliveryIDs(next), []pasarela.DeliveryID{id})
		end(t, s, next[0].Delivered(failed.DueAt), sampleAttempt(id, 1))
	}
}

func lineAfterParked(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("1", "a"), freshDelivery("2", "a"))
	end(t, s, claimAt(t, s, noon, 1)[0].Failed(0.5, noon), sampleAttempt("1", 1))
	over := noon.Add(pasarela.DeliveryWindow)
	parked := claimAt(t, s, over, 1)[0].Failed(0.5, over)
	same(t, "state", parked.State, pasarela.DeliveryParked)
	end(t, s, parked, sampleAttempt("1", 2))
	same(t, "parked", deliveryOf(t, s, "1"), parked)
	same(t, "claimed after it", deliveryIDs(claimAt(t, s, over, 10)), []pasarela.DeliveryID{"2"})
}

func lineReplayed(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("1", "a"), freshDelivery("2", "a"), freshDelivery("3", "a"))
	failed := claimAt(t, s, noon, 1)[0].Failed(0.5, noon)
	end(t, s, failed, sampleAttempt("1", 1))
	soon := later(time.Second)
	update(t, s, shop, func(tx store.Tx) error { return tx.PutDelivery(failed.Replayed(soon)) })
	replayed := claimAt(t, s, soon, 10)
	same(t, "claimed", deliveryIDs(replayed), []pasarela.DeliveryID{"1"})
	end(t, s, replayed[0].Delivered(soon), sampleAttempt("1", 2))
	for _, id := range []pasarela.DeliveryID{"2", "3"} {
		next := claimAt(t, s, soon, 10)
		same(t, "claimed at once", deliveryIDs(next), []pasarela.DeliveryID{id})
		end(t, s, next[0].Delivered(soon), sampleAttempt(id, 1))
	}
}

func lineTried(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("1", "a"), freshDelivery("2", "a"))
	first := claimAt(t, s, noon, 1)[0].Delivered(noon)
	end(t, s, first, sampleAttempt("1", 1))
	second := claimAt(t, s, noon, 1)[0]
	failed := second.Failed(0.5, noon)
	end(t, s, failed, sampleAttempt("2", 1))
	update(t, s, shop, func(tx store.Tx) error { return tx.PutDelivery(first.Replayed(later(time.Second))) })
	replayed := claimAt(t, s, later(time.Second), 10)
	same(t, "claimed", deliveryIDs(replayed), []pasarela.DeliveryID{"1"})
	end(t, s, replayed[0].Delivered(later(time.Second)), sampleAttempt("1", 2))
	same(t, "behind it", deliveryOf(t, s, "2"), failed)
	same(t, "claimed before its time", len(claimAt(t, s, failed.DueAt.Add(-time.Microsecond), 10)), 0)
	same(t, "claimed in its time", deliveryIDs(claimAt(t, s, failed.DueAt, 10)), []pasarela.DeliveryID{"2"})
}
